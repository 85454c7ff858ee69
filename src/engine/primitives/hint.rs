//! Hints to the processor.

use crate::engine::coroutine::snapshot::snapshot;
use crate::engine::execution::loops::yields;
use std::panic::Location;

/// The model's `std::hint::spin_loop`: a thread that waits in a loop goes on once
/// something that it has read is written; if nothing ever is, it is a livelock.
#[inline(always)]
#[track_caller]
pub fn spin_loop() {
    yields(Location::caller(), snapshot());
}
