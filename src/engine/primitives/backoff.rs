//! A back-off. In the model no time passes, so that it has no state: a loop that waits with
//! it is the same in each iteration, and needs no bound.

use crate::engine::coroutine::snapshot::snapshot;
use crate::engine::execution::loops::yields;
use std::panic::Location;

/// Waits before a loop looks again.
#[derive(Debug, Default)]
pub struct Backoff(());

impl Backoff {
    /// A wait that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }

    /// Waits for another thread to do something.
    #[inline(always)]
    #[track_caller]
    pub fn snooze(&self) {
        yields(Location::caller(), snapshot());
    }

    /// Waits before an operation is tried again that another thread has got in the way
    /// of.
    #[inline(always)]
    #[track_caller]
    pub fn spin(&self) {
        yields(Location::caller(), snapshot());
    }

    /// Begins again with short waits.
    pub fn reset(&self) {}
}
