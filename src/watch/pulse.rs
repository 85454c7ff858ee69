//! What a watched thread and its watcher say to each other.

use std::cell::Cell;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The signs of life that a watched thread gives. Only the watched thread writes
/// `beats` and `at`, only its watcher sets `abandoned`.
///
/// ORDERING: all accesses to these three are Relaxed. None says anything about another:
/// the watcher compares `beats` with the number it read before, `at` is for a message,
/// and a thread that sees `abandoned` late takes a step that nobody reads.
#[derive(Default)]
pub(super) struct Pulse {
    pub(super) beats: AtomicU64,
    /// Where the thread took its last step; null if there was none.
    pub(super) at: AtomicPtr<Location<'static>>,
    /// Nobody waits for it any more.
    pub(super) abandoned: AtomicBool,
    /// How to interrupt the thread, if that is possible: not any more when it ends.
    pub(super) interrupt: Mutex<Option<Interrupt>>,
    pub(super) hold: State,
}

impl Pulse {
    pub(super) fn at(&self) -> Option<&'static Location<'static>> {
        let at = self.at.load(Relaxed);
        // SAFETY: it is null, or `is_at` was given it as a `&'static Location`. What that
        // refers to is never written, so it needs no ordering to be read.
        unsafe { at.as_ref() }
    }
}

thread_local! {
    /// The pulse of the calling thread, or null if the thread is not watched. It has no
    /// destructor, so a signal handler can read it.
    pub(super) static PULSE: Cell<*const Pulse> = const { Cell::new(ptr::null()) };
}

/// Does something with the calling thread's pulse, if it is watched.
#[inline]
pub(super) fn with_pulse<R>(f: impl FnOnce(&Pulse) -> R) -> Option<R> {
    // SAFETY: it is null, or the thread's `Watched` owns what it points to, and sets it
    // to null before that goes.
    // (Not by `LocalKey::get`, which is not inlined into other codegen units.)
    let pulse = PULSE.try_with(|pulse| unsafe { pulse.get().as_ref() });
    pulse.ok().flatten().map(f)
}

/// How to interrupt a thread.
pub(super) struct Interrupt {
    pub(super) send: Box<dyn Fn() + Send>,
    /// Allocated by that thread: to make it smaller takes the lock that the thread takes
    /// to allocate.
    pub(super) block: Vec<u8>,
}

/// What a thread, its watcher and the thread that tries say to each other.
///
/// ORDERING: all accesses are Relaxed, but for those to `held`. They are flags and numbers
/// by which nothing is handed over. What was tried holds for a thread that has executed
/// nothing meanwhile: that thread sleeps until it sees `passed`.
#[derive(Default)]
pub(super) struct State {
    /// The thread was interrupted, or has overflowed its stack.
    pub(super) stops: AtomicBool,
    pub(super) has_overflowed: AtomicBool,
    /// How many trials the thread has asked for, and how many have ended.
    pub(super) begun: AtomicUsize,
    pub(super) passed: AtomicUsize,
    /// Where the name of what runs is, once the thread goes no further.
    pub(super) held: AtomicPtr<Option<&'static str>>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the calling thread is watched.
pub(crate) fn is_watched() -> bool {
    !PULSE.get().is_null()
}
