//! How an execution fails, and how it is aborted: every thread unwinds.

use super::failure::{Aborted, BlockedThread, Failure};
use super::run::{Execution, with};
use super::thread::Next;
use crate::engine::access::Access;
use crate::engine::ids::ThreadId;
use crate::engine::search::{Differs, Reduction};
use std::panic::resume_unwind;

const ABANDONED: &str = "a destructor that runs while its thread unwinds waits for ever: it locks a mutex whose guard \
     was leaked or is held by a thread that waits for the destructor, it waits for such a \
     thread to end, or it loops until another thread does something";

/// The payload with which threads of an aborted execution unwind.
struct Abort;

/// Whether the thread unwinds: then no schedule point is passed.
#[inline]
pub(crate) fn unwinding() -> bool {
    std::thread::panicking()
}

/// Unwinds out of an execution that is aborted.
pub(crate) fn unwind() -> ! {
    resume_unwind(abort_payload())
}

pub(crate) fn abort_payload() -> Box<dyn std::any::Any + Send> {
    Box::new(Abort)
}

/// Whether a panic's payload is only that of an aborted execution.
pub(crate) fn is_abort(payload: &(dyn std::any::Any + Send)) -> bool {
    payload.is::<Abort>()
}

/// The scene does something that the model cannot follow.
pub(crate) fn misuse(what: &'static str) -> ! {
    with(|x| x.fail(Failure::Misuse(what)));
    unwind()
}

/// What the search has chosen. A scene that does something else than it did when all
/// was the same cannot be explored.
pub(crate) fn chosen<T>(choice: Result<T, Differs>) -> T {
    choice.unwrap_or_else(|Differs| {
        with(|x| x.thread_differs(x.current));
        unwind()
    })
}

/// Whether the execution has been aborted.
#[inline]
pub(crate) fn is_aborted() -> bool {
    with(|x| x.is_aborted())
}

impl Execution {
    #[inline]
    pub(crate) fn is_aborted(&self) -> bool {
        self.aborted.is_some()
    }

    pub(crate) fn aborted(&self) -> Option<Aborted> {
        match self.failure {
            Some(Failure::Misuse(_) | Failure::Endless) => self.aborted,
            _ if self.is_redundant => Some(Aborted::Redundant),
            _ => self.aborted,
        }
    }

    /// A thread has ended, or has released a lock: others may go on.
    pub(crate) fn has_unwound(&mut self) {
        self.unwound += 1;
    }

    #[inline]
    pub(crate) fn has_ended(&self, thread: ThreadId) -> bool {
        self.threads[thread].has_ended()
    }

    /// It failed; what happens from now on changes nothing.
    pub(crate) fn fails(&mut self, failure: Failure) {
        match (&self.failure, failure) {
            (None, failure) => {
                self.failure = Some(failure);
                self.failed_after = self.trace.records().len();
            }
            (Some(_), Failure::Blocked { waits, .. }) => self.blocked = waits,
            _ => {}
        }
    }

    /// The threads that wait for ever.
    pub(crate) fn blocked(&self) -> &[BlockedThread] {
        match &self.failure {
            Some(Failure::Blocked { waits, .. }) => waits,
            _ => &self.blocked,
        }
    }

    /// It failed, and no thread can sensibly go on.
    pub(crate) fn fail(&mut self, failure: Failure) {
        self.fails(failure);
        self.abort(Aborted::Failed);
    }

    pub(super) fn abort(&mut self, why: Aborted) {
        if self.aborted.is_some() {
            return;
        }
        self.aborted = Some(why);
        self.aborted_after = self.trace.records().len();
        for thread in 0..self.threads.len() {
            if !matches!(
                self.threads[thread].next,
                Next::Leaves(_) | Next::Never | Next::Ended
            ) {
                self.unended.insert(thread);
            }
            if let Next::Waits(wait) = self.threads[thread].next
                && let Some(kind) = wait.what.takes()
            {
                let location = self.objects[wait.object].location;
                self.search
                    .waits_for_ever(thread, Access { location, kind });
            }
        }
    }

    /// A thread that unwinds needs another to go on: the execution ends here. That it
    /// panicked is its outcome.
    pub(crate) fn aborts_after_panic(&mut self) {
        // What others would have done is not seen: no order stands for another.
        if !self.needs.reduction.is_bounded() {
            self.needs.reduction = Reduction::None;
        }
        self.abort(Aborted::Failed);
    }

    /// No thread of the execution can be resumed any more.
    pub(super) fn abandon(&mut self) {
        self.failure = Some(Failure::Misuse(ABANDONED));
        self.failed_after = self.trace.records().len();
        // Even if the execution is redundant: no other can be run after it.
        self.aborted = Some(Aborted::Failed);
        self.is_abandoned = true;
    }

    /// Whether its threads are left in the middle of what they do, for ever.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_abandoned
    }
}
