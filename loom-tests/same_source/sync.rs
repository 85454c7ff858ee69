//! loom's types under the names of `racecourse::sync`, as far as the two lessons use them.

use std::time::Duration;

pub use loom::sync::{LockResult, Mutex, MutexGuard};

/// Names are for stories, and loom tells none.
pub trait Named: Sized {
    fn named(self, _: &'static str) -> Self {
        self
    }
}

impl<T> Named for T {}

pub trait Watched<T>: Sized {
    fn watched(self, _: &'static str, _: fn(&T) -> String) -> Self {
        self
    }
}

impl<T> Watched<T> for Mutex<T> {}

pub mod atomic {
    pub use std::sync::atomic::Ordering;

    /// loom's atomic, but a thread that unwinds stores nothing: loom would switch to
    /// another thread in the middle of a panic. loom ends the exploration at the first
    /// panic, and never resumes the other threads.
    macro_rules! atomic {
        ($name:ident, $value:ty) => {
            pub struct $name(loom::sync::atomic::$name);

            impl $name {
                pub fn new(value: $value) -> Self {
                    Self(loom::sync::atomic::$name::new(value))
                }

                pub fn store(&self, value: $value, ordering: Ordering) {
                    if !std::thread::panicking() {
                        self.0.store(value, ordering);
                    }
                }
            }

            impl std::ops::Deref for $name {
                type Target = loom::sync::atomic::$name;

                fn deref(&self) -> &Self::Target {
                    &self.0
                }
            }
        };
    }
    atomic!(AtomicBool, bool);
    atomic!(AtomicU64, u64);
}

pub mod cell {
    pub use loom::cell::UnsafeCell;
}

/// loom never ends if a loop only looks again and again: the loop must yield.
pub mod hint {
    pub use loom::thread::yield_now as spin_loop;
}

/// See [`hint`].
pub struct Backoff;

impl Backoff {
    pub fn new() -> Self {
        Self
    }

    pub fn snooze(&self) {
        loom::thread::yield_now();
    }
}

/// loom's, with std's loops around its waits. loom's timed waits never time out.
pub struct Condvar(loom::sync::Condvar);

pub struct WaitTimeoutResult;

impl WaitTimeoutResult {
    pub fn timed_out(&self) -> bool {
        false
    }
}

type Timed<'a, T> = LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>;

impl Condvar {
    pub fn new() -> Self {
        Self(loom::sync::Condvar::new())
    }

    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.0.wait(guard)
    }

    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut waits: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while waits(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    pub fn wait_timeout<'a, T>(&self, guard: MutexGuard<'a, T>, _: Duration) -> Timed<'a, T> {
        Ok((self.wait(guard).unwrap(), WaitTimeoutResult))
    }

    pub fn wait_timeout_while<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _: Duration,
        waits: impl FnMut(&mut T) -> bool,
    ) -> Timed<'a, T> {
        Ok((self.wait_while(guard, waits).unwrap(), WaitTimeoutResult))
    }

    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}
