//! Hints to the processor.

use super::runtime;
use std::panic::Location;

/// The model's `std::hint::spin_loop`: a thread that spins goes on once
/// something it has looked at is written; if nothing ever is, it is a livelock.
#[track_caller]
pub fn spin_loop() {
    runtime::give_way(Location::caller());
}
