//! Scenes: some processes add one to n, and some of them may die.

use super::lesson::Globals;
use crate::explorer::report::{Budget, Judged};
use crate::lessons::parts::{Program, Scene};

/// The tutorial's program.
pub(super) fn play<G: Globals>(_: &Program) -> Judged {
    G::run(2).judge()
}

pub(super) fn scenes<G: Globals + 'static>() -> Vec<Scene> {
    let scene = |name, adders| Scene::new(name, move || G::run(adders).judge());
    let may_die = Budget {
        deaths: 1,
        ..Budget::NONE
    };
    vec![
        scene("2 adders", 2).must_occur(&["adders 101 + 101; sum 202; parent 100"]),
        scene("2 adders, one may die", 2)
            .budget(may_die)
            .must_occur(&[
                "adders 101 + 101; sum 202; parent 100",
                "adders died + 101; no sum; parent 100",
                "adders 101 + died; no sum; parent 100",
            ])
            .proof(),
        scene("3 adders, one may die", 3)
            .budget(may_die)
            .must_occur(&[
                "adders 101 + 101 + 101; sum 303; parent 100",
                "adders 101 + 101 + died; no sum; parent 100",
            ])
            .proof(),
    ]
}
