//! Scenes: how many processes add one to n, and how many of them may die.

use super::lesson::Globals;
use crate::explorer::report::{Budget, Judged};
use crate::lessons::parts::{Program, Scene};

/// The seed's program.
pub(super) fn play<G: Globals>(_: &Program) -> Judged {
    G::come_to(2).judge()
}

pub(super) fn scenes<G: Globals + 'static>() -> Vec<Scene> {
    let scene = |name, adders| Scene::new(name, move || G::come_to(adders).judge());
    let may_die = Budget {
        deaths: 1,
        ..Budget::NONE
    };
    vec![
        scene("2 add", 2).must_occur(&["said 101 + 101; sum 202; the parent has 100"]),
        scene("2 add, one may die", 2)
            .budget(may_die)
            .must_occur(&[
                "said 101 + 101; sum 202; the parent has 100",
                "said nothing + 101; no sum; the parent has 100",
                "said 101 + nothing; no sum; the parent has 100",
            ])
            .proof(),
        scene("3 add, one may die", 3)
            .budget(may_die)
            .must_occur(&[
                "said 101 + 101 + 101; sum 303; the parent has 100",
                "said 101 + 101 + nothing; no sum; the parent has 100",
            ])
            .proof(),
    ]
}
