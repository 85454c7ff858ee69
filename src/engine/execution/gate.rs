//! What holds a thread up before a step.

use crate::engine::access::Kind;
use crate::engine::ids::{ObjectId, ThreadId};

/// A record, by its place in the trace.
pub(crate) type RecordId = u32;

/// What holds a thread up before a step. A thread that is held up leaves the processor
/// by itself; one that is not is preempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    /// The lock must be free.
    Free(ObjectId),
    /// No thread may hold the lock alone.
    Shared(ObjectId),
    /// That step must have been taken.
    After(RecordId),
    /// All steps before it must have been taken: time passes only when no thread can
    /// go on.
    AfterAll,
    /// Nothing holds it up, but it waits: it is chance when it goes on.
    Chance,
    /// The thread must have ended.
    Ended(ThreadId),
    /// One of the objects of that loop must be written.
    Written(List),
}

impl Gate {
    /// What holds a thread up that takes a lock so.
    pub(crate) fn of_lock(lock: ObjectId, kind: Kind) -> Self {
        match kind.shares() {
            true => Self::Shared(lock),
            false => Self::Free(lock),
        }
    }
}

/// What a step does to its thread's hold of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Takes the lock alone.
    Takes,
    /// Takes it, as others may.
    Shares,
    /// Held it alone, and now shares it.
    Downgrades,
    Releases,
}

/// Threads or objects, by their place in the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct List {
    pub(super) first: u32,
    pub(super) length: u32,
}

impl List {
    /// As two values of a record, …
    pub(crate) fn values(self) -> [u64; 2] {
        [u64::from(self.first), u64::from(self.length)]
    }

    /// … and back.
    pub(crate) fn of_values([first, length]: [u64; 2]) -> Self {
        let [first, length] = [first as u32, length as u32];
        Self { first, length }
    }
}
