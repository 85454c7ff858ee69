//! `std::thread`: at most five threads, the scene's own among them.

use super::runtime::{self, ThreadId, with};
use crate::sync::stage::Actor;
use std::any::Any;
use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

pub use super::park::{Thread, current, park, park_timeout};
pub use std::thread::Result;

/// Where a thread leaves what it came to.
type Slot<T> = Arc<Mutex<Option<Result<T>>>>;

/// The model's `std::thread::JoinHandle`.
pub struct JoinHandle<T> {
    thread: ThreadId,
    handle: Thread,
    slot: Slot<T>,
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
    #[track_caller]
    pub fn join(self) -> Result<T> {
        if !runtime::unwinding() {
            runtime::must_be_of_this_execution(self.handle.execution);
        }
        join(self.thread, &self.slot)
    }
}

/// Starts a thread.
#[track_caller]
pub fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    start(None, body)
}

/// Lets others go first: like a spin, it goes on once something it has looked at
/// is written.
#[track_caller]
pub fn yield_now() {
    runtime::give_way(Location::caller());
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
    #[track_caller]
    pub fn spawn_scoped<'scope, T: Send + 'scope>(
        self,
        scope: &'scope Scope<'scope, '_>,
        body: impl FnOnce() -> T + Send + 'scope,
    ) -> io::Result<ScopedJoinHandle<'scope, T>> {
        Ok(scope.start(self.name, body))
    }
}

/// The model's `std::thread::Scope`.
pub struct Scope<'scope, 'env: 'scope> {
    threads: Mutex<Vec<(ThreadId, Arc<AtomicBool>)>>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// The model's `std::thread::ScopedJoinHandle`.
pub struct ScopedJoinHandle<'scope, T> {
    thread: ThreadId,
    handle: Thread,
    slot: Slot<T>,
    /// It has panicked, and nobody has joined it.
    panicked: Arc<AtomicBool>,
    scope: PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// The thread, to unpark it.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        &self.handle
    }

    /// Waits for the thread to end.
    ///
    /// # Errors
    /// The thread's panic.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        let result = join(self.thread, &self.slot);
        self.panicked.store(false, Relaxed);
        result
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread that may borrow what outlives the scope.
    #[track_caller]
    pub fn spawn<T: Send + 'scope>(
        &'scope self,
        body: impl FnOnce() -> T + Send + 'scope,
    ) -> ScopedJoinHandle<'scope, T> {
        self.start(None, body)
    }

    #[track_caller]
    fn start<T: Send + 'scope>(
        &self,
        name: Option<String>,
        body: impl FnOnce() -> T + Send + 'scope,
    ) -> ScopedJoinHandle<'scope, T> {
        let slot: Slot<T> = Arc::default();
        let panicked = Arc::<AtomicBool>::default();
        let tells = Arc::clone(&panicked);
        let body = run_into(slot.clone(), move || {
            let result = catch_unwind(AssertUnwindSafe(body));
            let has_panicked = |panic: &Box<dyn Any + Send>| !runtime::is_tear_down(&**panic);
            tells.store(result.as_ref().is_err_and(has_panicked), Relaxed);
            result.unwrap_or_else(|panic| resume_unwind(panic))
        });
        // SAFETY: `scope` does not return, not even by unwinding, before the
        // thread has ended: nothing that `body` borrows ends before it.
        let body = unsafe { forget_lifetime(body) };
        let thread = runtime::spawn(name, body, Some(Location::caller()));
        lock(&self.threads).push((thread, Arc::clone(&panicked)));
        ScopedJoinHandle {
            thread,
            handle: with(|x| x.handle(thread)),
            slot,
            panicked,
            scope: PhantomData,
        }
    }
}

/// Starts threads that may borrow, and waits for all of them.
///
/// # Panics
/// With the panic of `body`, if it panics; or if a thread has that nobody joins.
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
    let threads = std::mem::take(&mut *lock(&scope.threads));
    let ids: Vec<ThreadId> = threads.iter().map(|(thread, _)| *thread).collect();
    if !runtime::unwinding() {
        wait_for_all(&ids);
    }
    match result {
        Ok(_) if threads.iter().any(|(_, panicked)| panicked.load(Relaxed)) => {
            panic!("a scoped thread panicked")
        }
        Ok(value) => value,
        Err(panic) => resume_unwind(panic),
    }
}

/// Every actor but the last on a thread of its own; the last part is played by
/// the calling thread, so that there may be one more.
pub(in crate::sync) fn run_actors<R: Send>(mut cast: Vec<Actor<'_, R>>) -> Vec<R> {
    if runtime::unwinding() {
        // Nobody else can run now: one part after the other, as one step.
        return cast.into_iter().map(|actor| (actor.part)()).collect();
    }
    // Before anybody borrows anything.
    runtime::must_have_room_for(cast.len().saturating_sub(1));
    let Some(last) = cast.pop() else {
        return Vec::new();
    };
    let mut slots = Vec::new();
    let mut threads = Vec::new();
    for actor in cast {
        let slot: Slot<R> = Arc::default();
        let body = run_into(slot.clone(), actor.part);
        // SAFETY: `wait_for_all` below is passed before this function returns or
        // unwinds: there is room for all threads, so that starting them does not
        // unwind, and the last part's panic is caught.
        let body = unsafe { forget_lifetime(body) };
        threads.push(runtime::spawn(Some(actor.name), body, None));
        slots.push(slot);
    }
    with(|x| x.enters(last.name));
    let mine = catch_unwind(AssertUnwindSafe(last.part));
    note_if_panic(&mine);
    wait_for_all(&threads);
    let results = slots.iter().map(take).chain([mine]);
    results
        .map(|result| result.unwrap_or_else(|panic| resume_unwind(panic)))
        .collect()
}

#[track_caller]
fn start<T: Send + 'static>(
    name: Option<String>,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let slot: Slot<T> = Arc::default();
    let body = run_into(slot.clone(), body);
    let thread = runtime::spawn(name, body, Some(Location::caller()));
    let handle = with(|x| x.handle(thread));
    JoinHandle {
        thread,
        handle,
        slot,
    }
}

fn run_into<'a, T: 'a>(slot: Slot<T>, body: impl FnOnce() -> T + 'a) -> Box<dyn FnOnce() + 'a> {
    Box::new(move || {
        let result = catch_unwind(AssertUnwindSafe(body));
        note_if_panic(&result);
        *lock(&slot) = Some(result);
    })
}

/// # Safety
/// The closure must have been run and dropped before anything it borrows ends.
unsafe fn forget_lifetime<'a>(body: Box<dyn FnOnce() + 'a>) -> Box<dyn FnOnce() + 'static> {
    // SAFETY: only the lifetime changes; the caller sees to it.
    unsafe { std::mem::transmute::<Box<dyn FnOnce() + 'a>, Box<dyn FnOnce() + 'static>>(body) }
}

#[track_caller]
fn join<T>(thread: ThreadId, slot: &Slot<T>) -> Result<T> {
    runtime::join(thread, Location::caller());
    take(slot)
}

/// What the thread came to. It came to nothing only if the execution is given up:
/// then this thread goes too.
fn take<T>(slot: &Slot<T>) -> Result<T> {
    match lock(slot).take() {
        Some(result) => result,
        None if runtime::unwinding() => Err(Box::new("the execution is given up")),
        None => runtime::unwind(),
    }
}

/// Notes a panic, if it is one of the scene's own.
fn note_if_panic<T>(result: &Result<T>) {
    if let Err(payload) = result
        && !runtime::is_tear_down(payload.as_ref())
    {
        runtime::note_panic();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Waits for threads to end, even while the execution is given up.
fn wait_for_all(threads: &[ThreadId]) {
    for &thread in threads {
        runtime::wait_for_end(thread);
    }
}
