//! Scenes of a sum.

use super::lesson::{Sum, judge};
use crate::explorer::report::{Budget, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use std::panic::catch_unwind;

/// The tutorial's program.
fn one_plus_one<Way: Sum>() -> Judged {
    let x = Way::x(1, 1);
    narrate!("x is {x}");
    judge(x)
}

pub(super) fn play<Way: Sum>(_: &Program) -> Judged {
    one_plus_one::<Way>()
}

/// A sum that the thread fails to compute.
fn too_large<Way: Sum>() -> Judged {
    match catch_unwind(|| Way::x(i64::MAX, 1)) {
        Err(_) => Judged::promised(
            "the failure is reported",
            "there is no sum, and x is not read",
        ),
        Ok(x) => Judged::forbidden(
            format!("x is {x}"),
            "the thread failed, and there is no sum",
        ),
    }
}

/// The scenes of the lesson, with that version.
#[must_use]
pub fn scenes<Way: Sum + 'static>() -> Vec<Scene> {
    vec![
        Scene::new("x = 1 + 1 in a thread", one_plus_one::<Way>)
            .must_occur(&["x is 2"])
            .budget(Budget {
                spurious_wake_ups: 1,
                ..Budget::NONE
            }),
        Scene::new("a sum that does not fit", too_large::<Way>)
            .must_occur(&["the failure is reported"])
            .handles_panics(),
    ]
}
