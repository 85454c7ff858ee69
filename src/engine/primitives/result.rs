//! What a thread returns, for the thread that joins it.

use crate::engine::execution::abort::{abort_payload, unwind, unwinding};
use crate::engine::execution::code::Code;
use crate::engine::execution::panics::looks_while_unwinding;
use crate::engine::execution::run::with;
use crate::engine::execution::schedule::point;
use crate::engine::execution::thread::Next;
use crate::engine::execution::threads::{self, is_here, must_be_here, note_if_panic, spawn};
use crate::engine::ids::{At, ThreadId};
use crate::sync::actor::Part;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Result;

/// Where a thread leaves its result.
pub(super) type Slot<T> = Arc<Mutex<Option<Result<T>>>>;

/// Starts a thread that runs `body`, and where it leaves its result.
///
/// # Safety
/// All that `body` borrows lives until the thread has ended or can never run again.
#[inline]
pub(super) unsafe fn start<T>(
    name: Option<String>,
    body: impl FnOnce() -> T,
    at: Option<At>,
) -> (Option<ThreadId>, Slot<T>) {
    let slot = Slot::default();
    let theirs = Arc::clone(&slot);
    let mut code = Some(move || leaves_result(&theirs, &mut Some(body)));
    // SAFETY: `code` is used no more here; the caller sees to the rest.
    let thread = unsafe { spawn(name, Code::new(&mut code), at) };
    (thread, slot)
}

/// Runs `body` and leaves its result there.
#[inline(never)]
fn leaves_result<T>(slot: &Slot<T>, body: &mut dyn Part<T>) {
    let result = catch_unwind(AssertUnwindSafe(|| body.play()));
    note_if_panic(&result);
    *lock(slot) = Some(result);
}

/// A thread that was started, to be joined.
pub(super) struct Started<T> {
    pub(super) execution: u64,
    /// `None`: it ran to its end at once, while the thread that started it unwound.
    pub(super) thread: Option<ThreadId>,
    pub(super) slot: Slot<T>,
}

impl<T> Started<T> {
    #[inline(never)]
    #[track_caller]
    pub(super) fn join(self) -> Result<T> {
        if let Some(thread) = self.thread {
            threads::join(self.execution, thread, Location::caller());
        }
        take(self.slot)
    }

    /// Whether the thread has ended.
    #[inline(never)]
    #[track_caller]
    pub(super) fn is_finished(&self) -> bool {
        let Some(thread) = self.thread else {
            return true;
        };
        let at = Location::caller();
        if unwinding() {
            looks_while_unwinding();
            return !is_here(self.execution)
                || with(|x| {
                    if x.is_aborted() {
                        return x.has_ended(thread);
                    }
                    x.steps_while_unwinding();
                    x.sees_end(thread, at)
                });
        }
        must_be_here(self.execution);
        point(Next::Runs);
        with(|x| x.sees_end(thread, at))
    }
}

/// The result of a thread that has ended, and has dropped its own reference to the slot.
/// There is none only if the execution is aborted: then this thread unwinds too.
pub(super) fn take<T>(slot: Slot<T>) -> Result<T> {
    let left = Arc::into_inner(slot).map(Mutex::into_inner);
    match left.and_then(|left| left.unwrap_or_else(PoisonError::into_inner)) {
        Some(result) => result,
        None if unwinding() => Err(abort_payload()),
        None => unwind(),
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
