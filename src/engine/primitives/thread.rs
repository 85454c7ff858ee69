//! `std::thread`: a scene has at most sixteen threads beside its own.

use super::result::{Slot, Started, once, run_into};
use crate::engine::coroutine::snapshot::snapshot;
use crate::engine::execution::loops::yields;
use crate::engine::execution::threads;
use std::io;
use std::panic::Location;
use std::sync::Arc;

pub use super::local::{AccessError, LocalKey};
pub use super::park::{Thread, current, park, park_timeout};
pub use super::scope::{Scope, ScopedJoinHandle, scope};
pub use std::thread::Result;

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

/// The model's `std::thread::Builder`.
#[derive(Debug, Default)]
pub struct Builder {
    name: Option<String>,
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
    let slot: Slot<T> = Arc::default();
    let body = run_into(slot.clone(), Box::new(once(body)));
    let thread = threads::spawn(name, body, Some(Location::caller()));
    threads::unwind_if_aborted(thread);
    let handle = Thread::of_started(thread);
    let started = Started {
        execution: handle.execution,
        thread,
        slot,
    };
    JoinHandle { handle, started }
}
