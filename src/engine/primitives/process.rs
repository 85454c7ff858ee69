//! Threads that stand for processes: they may die.

use crate::engine::execution::budget;
use crate::engine::execution::run::with;
use std::panic::Location;

#[inline(never)]
#[track_caller]
pub(crate) fn may_die() -> bool {
    let at = Location::caller();
    let dies = budget::may_die();
    if dies {
        with(|x| x.dies(at));
    }
    dies
}
