//! What has happened in an execution, and how it failed.

use super::atomic::Operation;
use super::cell::Race;
use super::runtime::{At, ObjectId, ThreadId, Waiting};
use std::sync::atomic::Ordering;

/// One thing that happened.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) thread: ThreadId,
    pub(crate) object: Option<ObjectId>,
    pub(crate) what: What,
    pub(crate) at: At,
    /// What the object shows from now on in the column of shared state.
    pub(crate) shows: Option<(ObjectId, String)>,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    /// `poisoned`: a thread has panicked while it held it.
    Lock {
        poisoned: bool,
    },
    TryLock {
        locked: bool,
        poisoned: bool,
    },
    IsPoisoned(bool),
    Unlock {
        poisons: bool,
    },
    /// Gives way in a loop until one of these is written (any, if there are none).
    Spins(Vec<ObjectId>),
    /// Lets go of that mutex and begins to wait.
    Wait {
        mutex: ObjectId,
    },
    Woken,
    WokenSpuriously,
    /// When nothing else could run, or before.
    TimedOut {
        early: bool,
    },
    NotifyOne {
        woken: Option<ThreadId>,
    },
    NotifyAll {
        woken: Vec<ThreadId>,
    },
    Atomic(Operation),
    Fence(Ordering),
    Read,
    Write,
    Spawn(ThreadId),
    Join(ThreadId),
    /// Has the token, or waited for it.
    Park,
    Unpark(ThreadId),
    /// The message of that number, or it would be, if anybody received it.
    Send {
        place: u64,
        is_sent: bool,
    },
    /// If it is not there, all senders have gone before they sent it.
    Receive {
        place: u64,
        is_there: bool,
    },
    /// Did not find the message of that number.
    IsEmpty {
        place: u64,
    },
    /// A sender goes: if it is the last, instead of sending the message of that
    /// number.
    HangUp {
        place: Option<u64>,
    },
    /// The receiver goes.
    Leave,
    /// The process that the thread stands for dies.
    Dies,
    /// Off stage: an actor's part begins, …
    Begins(ThreadId),
    /// … and is known to be over.
    Ends(ThreadId),
    Narration(String),
    Panic(Panicked),
}

/// A panic of the scene's own code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Panicked {
    pub(crate) message: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

/// Who waits at the end, for what, and who holds it since where.
#[derive(Debug, Clone)]
pub(crate) struct Wait {
    pub(crate) thread: ThreadId,
    pub(crate) waiting: Waiting,
    pub(crate) holder: Option<(ThreadId, At)>,
}

/// How an execution failed.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// Nobody can go on.
    Stuck {
        spinning: bool,
        waits: Vec<Wait>,
    },
    DataRace(Race),
    Panic {
        thread: ThreadId,
        panic: Panicked,
    },
    /// More turns than the model follows.
    Endless,
    /// The scene did something that the model cannot follow.
    Misuse(&'static str),
}
