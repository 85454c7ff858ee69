//! Futures that wait for other threads: an executor for one future, and a place for its waker.

use super::Mutex;
use super::thread::{Thread, current, park};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Wakes a task by unparking the thread that runs it.
struct Unparks(Thread);

impl Wake for Unparks {
    #[track_caller]
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    #[track_caller]
    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs the future on the calling thread, and returns its result. While the future is pending,
/// the thread is [parked](park): its waker unparks it. A lost wake-up is a deadlock.
///
/// ```
/// use racecourse::sync::future::block_on;
/// # if racecourse::explorer::CAN_EXPLORE { return; } // the model wants a scene
/// assert_eq!(block_on(async { 40 + 2 }), 42);
/// ```
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unparks(current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        park();
    }
}

/// A place for the waker of one task, from which other threads wake it.
///
/// The task calls [`register`](Self::register), and then checks its condition. The other thread
/// makes the condition true, and then calls [`wake`](Self::wake). In any other order a wake-up
/// can be lost.
#[derive(Debug)]
pub struct AtomicWaker {
    waker: Mutex<Option<Waker>>,
}

impl Default for AtomicWaker {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl AtomicWaker {
    /// A place without a waker.
    #[track_caller]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            waker: Mutex::new(None),
        }
    }

    /// Puts the waker there, in place of an earlier one.
    #[track_caller]
    pub fn register(&self, waker: Waker) {
        let earlier = self.replace(Some(waker));
        drop(earlier);
    }

    /// The same, with a clone of the waker.
    #[track_caller]
    pub fn register_by_ref(&self, waker: &Waker) {
        self.register(waker.clone());
    }

    /// Takes the waker, if there is one, and wakes its task.
    #[track_caller]
    pub fn wake(&self) {
        if let Some(waker) = self.take_waker() {
            waker.wake();
        }
    }

    /// Takes the waker, if there is one.
    #[track_caller]
    #[must_use]
    pub fn take_waker(&self) -> Option<Waker> {
        self.replace(None)
    }

    #[track_caller]
    fn replace(&self, new: Option<Waker>) -> Option<Waker> {
        // A waker's code, which may panic, runs outside of the lock.
        let mut waker = self
            .waker
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        std::mem::replace(&mut *waker, new)
    }
}
