//! How an execution fails.

use super::gate::List;
use super::object::Wait;
use super::trace::Panicked;
use crate::engine::ids::{At, ObjectId, ThreadId};
use crate::engine::memory::cell::Race;
use std::alloc::Layout;

pub(crate) const NOT_DETERMINISTIC: &str = "the scene is not deterministic: run again in the same order, it did something else. \
     It may depend on a clock, on chance, on the order of a HashMap, on what an earlier \
     execution has left behind, or on which thread is the last to drop one of std's Arcs";

/// Why an execution was aborted before its threads ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aborted {
    /// It failed: see [`Failure`].
    Failed,
    /// It is redundant: all that could be done next sleeps. (An execution can also turn
    /// out to be redundant when it has ended.)
    Redundant,
}

/// How an execution failed.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// No thread can go on.
    Blocked {
        in_loops: bool,
        waits: Vec<BlockedThread>,
    },
    DataRace(Race),
    /// The thread uses an object that was destroyed. `waits`: it waited for the object when
    /// that was destroyed.
    UseAfterFree {
        object: ObjectId,
        user: ThreadId,
        waits: bool,
    },
    Panic {
        thread: ThreadId,
        panic: Panicked,
    },
    WrongFree(WrongFree),
    /// The object is left when all threads have ended.
    Leak(ObjectId),
    /// More transitions than the model follows.
    Endless,
    /// The scene did something that the model cannot follow.
    Misuse(&'static str),
}

/// A thread frees what it must not free, or not so.
#[derive(Debug, Clone)]
pub(crate) struct WrongFree {
    pub(crate) how: Wrong,
    pub(crate) object: Option<ObjectId>,
    pub(crate) by: ThreadId,
    pub(crate) at: At,
    /// By a call there, or in a destructor after its step there.
    pub(crate) is_call: bool,
}

/// What is wrong with that.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wrong {
    Twice,
    Unallocated,
    Layout { allocated: Layout, freed: Layout },
}

/// A thread that waits at the end.
#[derive(Debug, Clone)]
pub(crate) struct BlockedThread {
    pub(crate) thread: ThreadId,
    pub(crate) waits: WaitsFor,
    /// The threads that hold what it waits for, and since where.
    pub(crate) holders: Vec<(ThreadId, At)>,
}

/// What it waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WaitsFor {
    Object(Wait),
    End(ThreadId),
    /// One of these to be written.
    Written(List),
}

impl WaitsFor {
    /// How a story says that threads hold it.
    pub(crate) fn held(&self) -> &'static str {
        match self {
            Self::Object(wait) => wait.what.held(),
            _ => "",
        }
    }
}
