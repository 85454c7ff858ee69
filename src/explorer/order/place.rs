//! A place in the search for an order.

use crate::engine::hash::mix;
use crate::engine::ids::{MAX_THREADS, ThreadId};
use std::hash::{Hash, Hasher};

/// How far each thread has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// How many steps.
    pub(super) taken: [u16; MAX_THREADS],
    /// The thread that ran last.
    pub(super) last: Option<ThreadId>,
    /// A hash of `taken`.
    hash: u64,
}

impl Place {
    pub(super) const START: Self = Self {
        taken: [0; MAX_THREADS],
        last: None,
        hash: 0,
    };

    /// After one more step of that thread. `last`: what counts as the thread that ran last.
    pub(super) fn after(mut self, thread: ThreadId, last: Option<ThreadId>) -> Self {
        let place = &mut self.taken[thread];
        *place += 1;
        let step = mix(thread as u64, u64::from(*place));
        self.hash = self.hash.wrapping_add(step);
        Self { last, ..self }
    }
}

impl Hash for Place {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let last = self.last.map_or(0, |thread| thread as u64 + 1);
        hasher.write_u64(mix(self.hash, last));
    }
}
