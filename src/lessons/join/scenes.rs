//! Scenes of a sum, and the judge of their outcomes.

use super::lesson::Sum;
use crate::explorer::report::{Budget, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use std::panic::catch_unwind;

/// Holds `x` against the promise.
#[must_use]
pub fn judge(x: i64) -> Judged {
    let outcome = format!("x is {x}");
    match x {
        2 => Judged::promised(outcome, "the sum"),
        10 => Judged::forbidden(outcome, "read before the sum was there"),
        _ => Judged::forbidden(outcome, "neither before nor after"),
    }
}

/// The seed's program, whole: there is nothing to make larger or smaller.
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
        Err(_) => Judged::promised("the failure is heard", "there is no sum, and no x is read"),
        Ok(x) => Judged::forbidden(format!("x is {x}"), "there is no such sum"),
    }
}

pub(super) fn scenes<Way: Sum + 'static>() -> Vec<Scene> {
    vec![
        Scene::new("x = 1 + 1 in a thread", one_plus_one::<Way>)
            .must_occur(&["x is 2"])
            .budget(Budget {
                spurious_wake_ups: 1,
                ..Budget::NONE
            }),
        Scene::new("a sum that does not fit", too_large::<Way>)
            .must_occur(&["the failure is heard"])
            .handles_panics(),
    ]
}
