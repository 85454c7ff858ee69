//! `std::thread`: a scene has at most sixteen threads beside its own.

use super::result::{self, Started};
use crate::engine::coroutine::snapshot::snapshot;
use crate::engine::execution::loops::yields;
use crate::engine::execution::threads;
use std::fmt;
use std::io;
use std::num::NonZero;
use std::panic::Location;
use std::time::Duration;

pub use super::local::{AccessError, LocalKey};
pub use super::park::{Thread, ThreadId, current, park, park_timeout};
pub use super::scope::{Scope, ScopedJoinHandle, scope};
pub use std::thread::{Result, panicking};

/// The model's `std::thread::JoinHandle`.
pub struct JoinHandle<T> {
    handle: Thread,
    started: Started<T>,
}

impl<T> JoinHandle<T> {
    /// The thread, to unpark it.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.handle
    }

    /// Whether the thread has ended. That publishes nothing of what it did: only
    /// [`join`](Self::join) does.
    #[inline(never)]
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        self.started.is_finished()
    }

    /// Waits for the thread to end.
    ///
    /// # Errors
    /// The thread's panic.
    #[inline(never)]
    #[track_caller]
    pub fn join(self) -> Result<T> {
        self.started.join()
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// Starts a thread.
#[inline(never)]
#[track_caller]
pub fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    start(None, body)
}

/// Lets other threads go first: a thread that does so in a loop goes on once something
/// that it has read is written.
#[inline(always)]
#[track_caller]
pub fn yield_now() {
    yields(Location::caller(), snapshot());
}

/// Sleeps. How long makes no difference: other threads may do nothing meanwhile, or as much
/// as they can, so that a sleep never puts anything in order. A loop that sleeps until another
/// thread does something waits as one that calls [`yield_now`].
#[inline(always)]
#[track_caller]
pub fn sleep(_time: Duration) {
    yields(Location::caller(), snapshot());
}

/// How many threads can run at the same time: 2 in the model, on every machine.
///
/// # Errors
/// Never, in the model.
pub fn available_parallelism() -> io::Result<NonZero<usize>> {
    const TWO: NonZero<usize> = NonZero::new(2).unwrap();
    Ok(TWO)
}

/// The model's `std::thread::Builder`.
#[derive(Debug, Default)]
pub struct Builder {
    name: Option<String>,
    stack_size: Option<usize>,
}

impl Builder {
    /// A thread without a name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the thread.
    #[must_use]
    pub fn name(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// Has no effect: all threads of a scene have stacks of the size that
    /// [`Options::stack_size`](crate::explorer::Options::stack_size) says.
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// Never, in the model.
    #[inline(never)]
    #[track_caller]
    pub fn spawn<T: Send + 'static>(
        self,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<JoinHandle<T>> {
        Ok(start(self.name, body))
    }

    /// Starts a thread that may borrow, and that nothing joins by itself.
    ///
    /// # Safety
    /// All that the thread borrows must live until it has ended.
    ///
    /// # Errors
    /// Never, in the model.
    #[inline(never)]
    #[track_caller]
    pub unsafe fn spawn_unchecked<T: Send>(
        self,
        body: impl FnOnce() -> T + Send,
    ) -> io::Result<JoinHandle<T>> {
        // SAFETY: the caller sees to it.
        Ok(unsafe { start_unchecked(self.name, body) })
    }

    /// Starts a thread that may borrow.
    ///
    /// # Errors
    /// Never, in the model.
    #[inline(never)]
    #[track_caller]
    pub fn spawn_scoped<'scope, T: Send + 'scope>(
        self,
        scope: &'scope Scope<'scope, '_>,
        body: impl FnOnce() -> T + Send + 'scope,
    ) -> io::Result<ScopedJoinHandle<'scope, T>> {
        Ok(scope.start(self.name, body))
    }
}

/// All threads of a scene run on one thread of the system: nothing need be `Send`.
#[inline(never)]
#[track_caller]
pub(super) fn start<T: 'static>(
    name: Option<String>,
    body: impl FnOnce() -> T + 'static,
) -> JoinHandle<T> {
    // SAFETY: it borrows nothing that ends.
    unsafe { start_unchecked(name, body) }
}

/// # Safety
/// As of [`Builder::spawn_unchecked`].
#[inline(never)]
#[track_caller]
unsafe fn start_unchecked<T>(name: Option<String>, body: impl FnOnce() -> T) -> JoinHandle<T> {
    // SAFETY: the caller sees to it.
    let (thread, slot) = unsafe { result::start(name, body, Some(Location::caller())) };
    threads::unwind_if_aborted(thread);
    let handle = Thread::of_started(thread);
    let started = Started {
        execution: handle.execution,
        thread,
        slot,
    };
    JoinHandle { handle, started }
}
