//! loom's types under the names of `racecourse::sync`, as far as the two lessons use them.

use std::time::Duration;

pub use loom::sync::{LockResult, Mutex, MutexGuard};

/// What is watched is shown in stories, and loom tells none.
pub trait Watched<T>: Sized {
    fn watched(self, _: fn(&T) -> String) -> Self {
        self
    }
}

impl<T> Watched<T> for Mutex<T> {}

pub mod atomic {
    use super::waiting;
    use std::sync::atomic::Ordering::Relaxed;

    pub use std::sync::atomic::Ordering;

    /// loom's atomic, with two additions. Threads that wait in a [`Backoff`](super::Backoff)
    /// hear of every write. And a thread that unwinds stores nothing: loom would switch to
    /// another thread in the middle of a panic. loom ends the exploration at the first
    /// panic, and never resumes the other threads.
    macro_rules! atomic {
        ($name:ident, $value:ty) => {
            pub struct $name {
                looms: loom::sync::atomic::$name,
                newest: std::sync::atomic::$name,
            }

            impl $name {
                pub fn new(value: $value) -> Self {
                    Self {
                        looms: loom::sync::atomic::$name::new(value),
                        newest: std::sync::atomic::$name::new(value),
                    }
                }

                pub fn store(&self, value: $value, ordering: Ordering) {
                    if !std::thread::panicking() {
                        self.looms.store(value, ordering);
                        self.has_written(value);
                    }
                }

                pub fn compare_exchange(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    let result = self.looms.compare_exchange(current, new, success, failure);
                    if result.is_ok() {
                        self.has_written(new);
                    }
                    result
                }

                fn has_written(&self, value: $value) {
                    self.newest.store(value, Relaxed);
                    waiting::has_written();
                }
            }
        };
    }
    atomic!(AtomicBool, bool);
    atomic!(AtomicU64, u64);

    impl AtomicU64 {
        pub fn load(&self, ordering: Ordering) -> u64 {
            let value = self.looms.load(ordering);
            waiting::has_read(value == self.newest.load(Relaxed));
            value
        }

        pub fn fetch_add(&self, by: u64, ordering: Ordering) -> u64 {
            let before = self.looms.fetch_add(by, ordering);
            self.has_written(before + by);
            before
        }
    }
}

/// The threads of an execution that wait for a write. loom's threads take turns on one
/// thread of the operating system, and loom switches only inside its own operations.
pub mod waiting {
    use loom::thread::{Thread, current, park, yield_now};
    use std::cell::{Cell, RefCell};

    thread_local! {
        static MAY_PARK: Cell<bool> = const { Cell::new(false) };
        /// Whether the last load of an atomic has read its newest value.
        static NEWEST: Cell<bool> = const { Cell::new(false) };
        static PARKED: RefCell<Vec<Thread>> = const { RefCell::new(Vec::new()) };
    }

    /// An execution begins. The one before may have failed.
    pub fn begin(may_park: bool) {
        MAY_PARK.set(may_park);
        NEWEST.set(false);
        PARKED.take();
    }

    pub(super) fn has_read(newest: bool) {
        NEWEST.set(newest);
    }

    pub(super) fn has_written() {
        PARKED.take().iter().for_each(Thread::unpark);
    }

    /// Called after a load whose value makes the thread wait.
    pub(super) fn wait() {
        if MAY_PARK.get() && NEWEST.get() {
            PARKED.with_borrow_mut(|parked| parked.push(current()));
            park();
        } else {
            yield_now();
        }
    }
}

pub mod cell {
    pub use loom::cell::UnsafeCell;
}

/// loom never ends if a loop only looks again and again: the loop must yield.
pub mod hint {
    pub use loom::thread::yield_now as spin_loop;
}

/// Yields. But two threads that only yield may yield to each other for ever in loom: so in
/// scenes of three threads it parks the thread until an atomic is written, if the thread has
/// read the newest value. The write that ends the wait then happens before what follows,
/// whatever its ordering, and loom sees a wrong ordering only in executions in which the
/// thread did not park.
pub struct Backoff;

impl Backoff {
    pub fn new() -> Self {
        Self
    }

    pub fn snooze(&self) {
        waiting::wait();
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
