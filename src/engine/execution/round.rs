//! What a thread does from one time it yields to the next.

use crate::engine::ids::ObjectId;

/// What a thread does between yielding and yielding again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) seen: Vec<Seen>,
    pub(super) changed: bool,
    /// It wrote what was there already.
    pub(super) writes: bool,
}

/// What a thread has seen of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// How often it had been written.
    Writes(ObjectId, u64),
    /// Which version there was of what it holds. To lock and unlock a mutex is no
    /// change of what it protects.
    Version(ObjectId, u64),
}

impl Seen {
    pub(super) fn object(self) -> ObjectId {
        match self {
            Self::Writes(object, _) | Self::Version(object, _) => object,
        }
    }
}

impl Round {
    pub(super) fn clear(&mut self) {
        self.seen.clear();
        self.changed = false;
        self.writes = false;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty() && !self.changed && !self.writes
    }
}

/// How things stood when only threads were left that wait in loops.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standstill {
    /// How many iterations the waiting loops have been allowed since.
    pub(super) rounds: usize,
    pub(super) records: usize,
    pub(super) name: u128,
}
