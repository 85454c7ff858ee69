//! The std build: std's types, under the names that the model has too.

use super::actor::Actor;
use super::names::{Named, Watched};
use super::pace::{is_telling, pace};
use std::fmt;
use std::io::{self, Write};

pub use std::sync::{
    Arc, Barrier, BarrierWaitResult, Condvar, LazyLock, Mutex, MutexGuard, Once, OnceLock,
    OnceState, RwLock, RwLockReadGuard, RwLockWriteGuard, WaitTimeoutResult, Weak,
};

/// A wait inside a loop, a little longer in each iteration: first with a hint to the
/// processor, then by yielding to the operating system.
#[derive(Debug, Default)]
pub struct Backoff(crossbeam_utils::Backoff);

impl Backoff {
    /// Begins with short waits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until the next iteration of a loop that waits for another thread.
    pub fn snooze(&self) {
        self.0.snooze();
    }

    /// Waits before you retry an operation that failed because another thread was faster,
    /// such as a `compare_exchange`.
    pub fn spin(&self) {
        self.0.spin();
    }

    /// Begins again with short waits.
    pub fn reset(&self) {
        self.0.reset();
    }
}

#[doc = include_str!("alloc.md")]
pub mod alloc {
    pub use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error};

    /// A value that must be dropped: in the model it is a leak if it never is.
    #[derive(Debug)]
    #[repr(transparent)]
    pub struct Track<T>(T);

    impl<T> Track<T> {
        /// Tracks `value`.
        #[inline(always)]
        pub const fn new(value: T) -> Self {
            Self(value)
        }

        /// The value, to read it.
        #[inline(always)]
        pub const fn get_ref(&self) -> &T {
            &self.0
        }

        /// The value, to change it.
        #[inline(always)]
        pub const fn get_mut(&mut self) -> &mut T {
            &mut self.0
        }

        /// The value, which is not tracked any more.
        #[inline(always)]
        pub fn into_inner(self) -> T {
            self.0
        }
    }
}

/// `std::sync::atomic`.
pub mod atomic {
    pub use std::sync::atomic::{
        AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8,
        AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence,
    };
}

/// `std::thread_local!`. In the model each thread of a scene has a value of its own, in every
/// execution a new one, which is destroyed when the thread ends.
#[macro_export]
macro_rules! thread_local {
    ($($declarations:tt)*) => {
        ::std::thread_local! { $($declarations)* }
    };
}

/// `loom::thread`.
pub mod loom_thread {
    pub use super::thread::*;
}

/// Hints to the processor.
pub mod hint {
    pub use std::hint::spin_loop;
}

/// `std::sync::mpsc`.
pub mod mpsc {
    pub use std::sync::mpsc::{
        IntoIter, Iter, Receiver, RecvError, RecvTimeoutError, SendError, Sender, SyncSender,
        TryIter, TryRecvError, TrySendError, channel, sync_channel,
    };
}

/// `std::thread`.
pub mod thread {
    pub use std::thread::{
        AccessError, Builder, JoinHandle, LocalKey, Result, Scope, ScopedJoinHandle, Thread,
        ThreadId, available_parallelism, current, panicking, park, park_timeout, scope, sleep,
        spawn, yield_now,
    };
}

/// A cell whose accesses the model checks for data races.
pub mod cell {
    pub use std::cell::Cell;

    /// A `std::cell::UnsafeCell` that gives out its pointer only inside a closure, so that
    /// the model can check every access for data races.
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// A cell that contains `value`.
        pub const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        /// Runs `read` with the pointer. The model counts this as a read.
        #[inline(always)]
        pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
            read(self.0.get())
        }

        /// Runs `write` with the pointer. The model counts this as a write.
        #[inline(always)]
        pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
            write(self.0.get())
        }

        /// The pointer, to read through it.
        #[inline(always)]
        pub fn get(&self) -> ConstPtr<T> {
            ConstPtr(self.0.get())
        }

        /// The pointer, to write through it.
        #[inline(always)]
        pub fn get_mut(&self) -> MutPtr<T> {
            MutPtr(self.0.get())
        }

        /// Returns the value.
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    /// A pointer to read what a cell holds.
    #[derive(Debug)]
    #[repr(transparent)]
    pub struct ConstPtr<T>(*const T);

    impl<T> ConstPtr<T> {
        /// What the cell holds.
        ///
        /// # Safety
        /// As for `&*` of the pointer: nothing writes while the reference lives.
        #[must_use]
        #[inline(always)]
        pub unsafe fn deref(&self) -> &T {
            // SAFETY: the caller keeps to it.
            unsafe { &*self.0 }
        }

        /// Reads through the pointer.
        #[inline(always)]
        pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
            read(self.0)
        }
    }

    /// A pointer to write what a cell holds.
    #[derive(Debug)]
    #[repr(transparent)]
    pub struct MutPtr<T>(*mut T);

    impl<T> MutPtr<T> {
        /// What the cell holds.
        ///
        /// # Safety
        /// As for `&mut *` of the pointer: nothing else reads or writes while the reference
        /// lives.
        #[must_use]
        #[inline(always)]
        #[allow(clippy::mut_from_ref, reason = "it stands for a raw pointer")]
        pub unsafe fn deref(&self) -> &mut T {
            // SAFETY: the caller keeps to it.
            unsafe { &mut *self.0 }
        }

        /// Writes through the pointer.
        #[inline(always)]
        pub fn with<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
            write(self.0)
        }
    }
}

macro_rules! forget_their_names {
    ($($name:ty),+) => {
        $(impl Named for $name {
            #[inline(always)]
            fn named(self, _: &'static str) -> Self {
                self
            }
        })+
    };
}
forget_their_names!(
    Barrier,
    Condvar,
    Once,
    atomic::AtomicBool,
    atomic::AtomicI8,
    atomic::AtomicI16,
    atomic::AtomicI32,
    atomic::AtomicI64,
    atomic::AtomicIsize,
    atomic::AtomicU8,
    atomic::AtomicU16,
    atomic::AtomicU32,
    atomic::AtomicU64,
    atomic::AtomicUsize
);

impl<T> Named for Mutex<T> {
    #[inline(always)]
    fn named(self, _: &'static str) -> Self {
        self
    }
}

impl<T> Named for atomic::AtomicPtr<T> {
    #[inline(always)]
    fn named(self, _: &'static str) -> Self {
        self
    }
}

impl<T> Named for OnceLock<T> {
    #[inline(always)]
    fn named(self, _: &'static str) -> Self {
        self
    }
}

impl<T, F> Named for LazyLock<T, F> {
    #[inline(always)]
    fn named(self, _: &'static str) -> Self {
        self
    }
}

impl<T> Named for RwLock<T> {
    #[inline(always)]
    fn named(self, _: &'static str) -> Self {
        self
    }
}

impl<T> Named for mpsc::Sender<T> {
    #[inline(always)]
    fn named(self, _: &'static str) -> Self {
        self
    }
}

impl<T> Named for mpsc::SyncSender<T> {
    #[inline(always)]
    fn named(self, _: &'static str) -> Self {
        self
    }
}

impl<T> Named for cell::UnsafeCell<T> {
    #[inline(always)]
    fn named(self, _: &'static str) -> Self {
        self
    }
}

impl<T> Watched<T> for Mutex<T> {
    #[inline(always)]
    fn watched(self, _: fn(&T) -> String) -> Self {
        self
    }
}

impl<T> Watched<T> for RwLock<T> {
    #[inline(always)]
    fn watched(self, _: fn(&T) -> String) -> Self {
        self
    }
}

/// Runs each actor on a thread with the actor's name.
///
/// # Panics
/// With the first actor's panic, after all threads have ended.
pub(super) fn run_actors<R: Send>(actors: Vec<Actor<'_, R>>) -> Vec<R> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = actors
            .into_iter()
            .map(|mut actor| {
                std::thread::Builder::new()
                    .name(actor.name)
                    .spawn_scoped(scope, move || actor.part.play())
                    .expect("the operating system can start a thread for each actor")
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

pub(super) fn narrate(what: fmt::Arguments<'_>) {
    if is_telling() {
        let thread = std::thread::current();
        // A closed pipe is no reason to panic in the middle of a scene.
        let _ = writeln!(io::stdout(), "{}: {what}", thread.name().unwrap_or("?"));
    }
}

/// A thread never dies.
pub(super) fn may_die() -> bool {
    false
}

pub(super) fn rest() {
    if let Some(pace) = pace() {
        std::thread::sleep(pace);
    }
}
