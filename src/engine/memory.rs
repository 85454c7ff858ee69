//! What threads read and write: atomics with their stores, cells with their accesses,
//! and what each thread may read of them.
//!
//! Knows neither schedules nor primitives.

pub(crate) mod cell;
pub(crate) mod stores;

use super::clock::{Past, View};
use super::ids::ThreadId;
use std::sync::atomic::Ordering;

/// What happens before a thread's next step, and what its fences have to do with that.
#[derive(Debug, Default)]
pub(crate) struct Views {
    pub(crate) past: Past,
    /// What its release fences have published.
    pub(crate) released: Past,
    /// What its relaxed loads have read, for an acquire fence to take up.
    pub(crate) unacquired: Past,
}

impl Views {
    pub(crate) fn clear(&mut self) {
        self.past.clear();
        self.released.clear();
        self.unacquired.clear();
    }

    /// `std::sync::atomic::fence`. `sequential`: what `SeqCst` operations have let each
    /// other see.
    pub(crate) fn fence(&mut self, ordering: Ordering, sequential: &mut View) {
        if acquires(ordering) {
            self.past.join(&self.unacquired);
        }
        if ordering == Ordering::SeqCst {
            // It orders what others may read, but nothing happens before by it.
            self.past.view.join(sequential);
            sequential.clone_from(&self.past.view);
        }
        if releases(ordering) {
            self.released.clone_from(&self.past);
        }
    }
}

pub(crate) fn acquires(ordering: Ordering) -> bool {
    use Ordering::{AcqRel, Acquire, SeqCst};
    matches!(ordering, Acquire | AcqRel | SeqCst)
}

pub(crate) fn releases(ordering: Ordering) -> bool {
    use Ordering::{AcqRel, Release, SeqCst};
    matches!(ordering, Release | AcqRel | SeqCst)
}

/// What was done to an atomic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// `load`, `store`, `fetch_add`, …
    pub(crate) name: &'static str,
    pub(crate) ordering: Ordering,
    /// The value read, unless it is a store.
    pub(crate) read: Option<u64>,
    /// The value written, unless it is a load or failed.
    pub(crate) written: Option<u64>,
    /// The store that was read.
    pub(crate) from: Option<Origin>,
}

/// The store that a load has read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) by: ThreadId,
    /// The storing thread's own time.
    pub(crate) time: u32,
    pub(crate) ordering: Ordering,
    /// The record of the store; none for the value that was there from the beginning.
    pub(crate) record: Option<u32>,
}
