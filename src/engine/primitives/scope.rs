//! Threads that borrow: `std::thread::scope`, and the actors of a scene.

use super::park::Thread;
use super::result::{self, Started, lock, take};
use crate::engine::execution::abort::{is_abort, unwinding};
use crate::engine::execution::threads::{
    becomes_actor, ends_part, must_have_room_for, note_if_panic, unwind_if_aborted, wait_for_end,
};
use crate::engine::ids::ThreadId;
use crate::sync::actor::Actor;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::Result;

/// The model's `std::thread::Scope`.
pub struct Scope<'scope, 'env: 'scope> {
    /// `None`: it ran to its end at once, while the thread that started it unwound.
    threads: Mutex<Vec<(Option<ThreadId>, Arc<AtomicBool>)>>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// The model's `std::thread::ScopedJoinHandle`.
pub struct ScopedJoinHandle<'scope, T> {
    handle: Thread,
    started: Started<T>,
    /// It has panicked, and no thread has joined it.
    panicked: Arc<AtomicBool>,
    scope: PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
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
        let result = self.started.join();
        self.panicked.store(false, Relaxed);
        result
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

impl Scope<'_, '_> {
    fn waits_for_all(&self) {
        // A thread of the scope can start others until it ends, so the list may grow.
        let started = |place: usize| lock(&self.threads).get(place).map(|&(thread, _)| thread);
        for thread in (0..).map_while(started).flatten() {
            wait_for_end(thread, false);
        }
    }

    /// Whether a thread has panicked that no thread has joined.
    fn has_panicked(&self) -> bool {
        let threads = lock(&self.threads);
        threads.iter().any(|(_, panicked)| panicked.load(Relaxed))
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread that may borrow what outlives the scope.
    #[inline(never)]
    #[track_caller]
    pub fn spawn<T: Send + 'scope>(
        &'scope self,
        body: impl FnOnce() -> T + Send + 'scope,
    ) -> ScopedJoinHandle<'scope, T> {
        self.start(None, body)
    }

    #[inline(never)]
    #[track_caller]
    pub(super) fn start<T: Send + 'scope>(
        &self,
        name: Option<String>,
        body: impl FnOnce() -> T + Send + 'scope,
    ) -> ScopedJoinHandle<'scope, T> {
        let panicked = Arc::<AtomicBool>::default();
        let tells = Arc::clone(&panicked);
        let body = move || {
            let result = catch_unwind(AssertUnwindSafe(body));
            let has_panicked = |panic: &Box<dyn Any + Send>| !is_abort(&**panic);
            // ORDERING: all threads of a scene run on one thread of the system.
            tells.store(result.as_ref().is_err_and(has_panicked), Relaxed);
            result.unwrap_or_else(|panic| resume_unwind(panic))
        };
        // SAFETY: `scope` does not return, and does not unwind, before the thread has
        // ended or can never run again: nothing that `body` borrows ends before it.
        let (thread, slot) = unsafe { result::start(name, body, Some(Location::caller())) };
        lock(&self.threads).push((thread, Arc::clone(&panicked)));
        unwind_if_aborted(thread);
        let handle = Thread::of_started(thread);
        let started = Started {
            execution: handle.execution,
            thread,
            slot,
        };
        ScopedJoinHandle {
            handle,
            started,
            panicked,
            scope: PhantomData,
        }
    }
}

/// Starts threads that may borrow, and waits for all of them.
///
/// # Panics
/// With the panic of `body`, if it panics; or if a thread has panicked that no thread
/// joins.
#[inline(never)]
#[track_caller]
pub fn scope<'env, F, T>(body: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope {
        threads: Mutex::default(),
        scope: PhantomData,
        env: PhantomData,
    };
    let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    scope.waits_for_all();
    match result {
        Ok(_) if scope.has_panicked() => {
            panic!("a scoped thread panicked")
        }
        Ok(value) => value,
        Err(panic) => resume_unwind(panic),
    }
}

/// Every actor but the last on a thread of its own; the calling thread plays the last
/// part. (It is compiled for each type that actors return: loops are less code there than
/// chains of iterators.)
pub(crate) fn run_actors<R: Send>(mut actors: Vec<Actor<'_, R>>) -> Vec<R> {
    if unwinding() {
        // No other thread can run now: one part after the other, as one step.
        let mut results = Vec::with_capacity(actors.len());
        for mut actor in actors {
            results.push(actor.part.play());
        }
        return results;
    }
    // The last actor counts too, so that as many actors fit as spawned threads. And
    // before anything is borrowed.
    must_have_room_for(actors.len());
    let Some(mut last) = actors.pop() else {
        return Vec::new();
    };
    let mut slots = Vec::with_capacity(actors.len());
    let mut threads = Vec::with_capacity(actors.len());
    let started = catch_unwind(AssertUnwindSafe(|| {
        for mut actor in actors {
            // SAFETY: this function does not return, and does not unwind, before all
            // threads that were started have ended or can never run again.
            let (thread, slot) =
                unsafe { result::start(Some(actor.name), move || actor.part.play(), None) };
            threads.extend(thread);
            slots.push(slot);
            unwind_if_aborted(thread);
        }
        becomes_actor(last.name);
        last.part.play()
    }));
    note_if_panic(&started);
    ends_part();
    let last = threads.last().copied();
    for thread in threads {
        wait_for_end(thread, Some(thread) != last);
    }
    let mut results = Vec::with_capacity(slots.len() + 1);
    for slot in slots {
        results.push(returned(take(slot)));
    }
    results.push(returned(started));
    results
}

fn returned<R>(result: Result<R>) -> R {
    match result {
        Ok(value) => value,
        Err(panic) => resume_unwind(panic),
    }
}
