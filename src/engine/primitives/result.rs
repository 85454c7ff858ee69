//! What a thread returns, for the thread that joins it.

use crate::engine::execution::abort::{abort_payload, unwind, unwinding};
use crate::engine::execution::panics::looks_while_unwinding;
use crate::engine::execution::run::with;
use crate::engine::execution::schedule::point;
use crate::engine::execution::thread::Next;
use crate::engine::execution::threads::{self, is_here, must_be_here, note_if_panic};
use crate::engine::ids::ThreadId;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Result;

/// Where a thread leaves its result.
pub(super) type Slot<T> = Arc<Mutex<Option<Result<T>>>>;

/// Code that runs `body` and leaves its result there. It is not boxed as `FnOnce`: see
/// [`Actor`](crate::sync::actor::Actor).
#[inline]
pub(super) fn run_into<'a, T: 'a>(
    slot: Slot<T>,
    body: impl FnOnce() -> T + 'a,
) -> Box<dyn FnMut() + 'a> {
    let mut body = Some(body);
    Box::new(move || {
        let mut once = || body.take().expect("the code of a thread runs once")();
        leaves_result(&slot, &mut once);
    })
}

/// Runs `body` and leaves its result there.
#[inline(never)]
fn leaves_result<T>(slot: &Slot<T>, body: &mut dyn FnMut() -> T) {
    let result = catch_unwind(AssertUnwindSafe(body));
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
    pub(super) fn join(&self) -> Result<T> {
        if let Some(thread) = self.thread {
            threads::join(self.execution, thread, Location::caller());
        }
        take(&self.slot)
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

/// The thread's result. There is none only if the execution is aborted: then this
/// thread unwinds too.
pub(super) fn take<T>(slot: &Slot<T>) -> Result<T> {
    match lock(slot).take() {
        Some(result) => result,
        None if unwinding() => Err(abort_payload()),
        None => unwind(),
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
