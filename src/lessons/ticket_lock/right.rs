//! The ticket lock.

use super::lesson::{FairLock, Turn};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::{Backoff, Named};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Invariant: numbers below `serving` are done with, the number `serving` holds
/// the lock if it has been drawn, numbers from there to `next` wait. At a number
/// a nanosecond the counters last for centuries.
pub struct TicketLock<T> {
    next: AtomicU64,
    serving: AtomicU64,
    value: UnsafeCell<T>,
}

// SAFETY: a shared lock hands out the value to one thread after another (by
// `&mut`, and `replace` could carry it off): what `T: Send` allows. Never to two
// at once, so `T: Sync` is not needed.
unsafe impl<T: Send> Sync for TicketLock<T> {}

impl<T> TicketLock<T> {
    /// A lock that nobody holds.
    pub fn new(value: T) -> Self {
        Self {
            next: AtomicU64::new(0).named("next"),
            serving: AtomicU64::new(0).named("serving"),
            value: UnsafeCell::new(value).named("value"),
        }
    }

    /// Draws a number and waits until it is called.
    pub fn lock(&self) -> Guard<'_, T> {
        // ORDERING: Relaxed is enough. That no two draw the same number is the
        // doing of the read-modify-write; what the lock protects comes with
        // `serving`.
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let backoff = Backoff::new();
        loop {
            // ORDERING: Acquire pairs with the Release in `Guard::drop`: all that
            // the holders before have written is visible from here on.
            let serving = self.serving.load(Ordering::Acquire);
            if serving == number {
                return Guard::new(self, number);
            }
            // Not for long on the processor: with more threads than processors it may be
            // the holder who needs it.
            backoff.snooze();
        }
    }

    /// Takes the lock if it can be had at once: draws a number only if that is
    /// the one being served. `None` means that somebody held the lock at one moment
    /// of the call (whoever waits holds it as soon as the one before lets go), or
    /// let go of it without this call happening after that.
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        // ORDERING: Acquire, as in `lock`. The number may be called by the time
        // it is looked for, or be drawn by somebody else: then `next` has moved on.
        let serving = self.serving.load(Ordering::Acquire);
        // ORDERING: Relaxed, as in `lock`.
        self.next
            .compare_exchange(serving, serving + 1, Ordering::Relaxed, Ordering::Relaxed)
            .ok()
            .map(|number| Guard::new(self, number))
    }

    /// The value itself, once nobody shares the lock any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

/// The lock is held; dropping the guard calls the next number. So does unwinding:
/// the lock is not poisoned, as a half-changed value is the value's own affair.
///
/// A guard may go to another thread and be dropped there (std's may not): the
/// lock knows who holds it by number, not by thread, and handing the guard over
/// already orders what both threads do.
pub struct Guard<'a, T> {
    lock: &'a TicketLock<T>,
    number: u64,
    // A guard is as good as the `&mut T` it stands for: to be sent if `T: Send`,
    // but shared only if `T: Sync`, which the lock's reference alone would not ask.
    _exclusive: PhantomData<&'a mut T>,
}

impl<'a, T> Guard<'a, T> {
    fn new(lock: &'a TicketLock<T>, number: u64) -> Self {
        Self {
            lock,
            number,
            _exclusive: PhantomData,
        }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: while this guard lives its number is being served, and no other
        // guard has that number: references to the value come from this guard
        // alone, where the borrow checker sees them.
        self.lock.value.with(|value| unsafe { &*value })
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and this guard is borrowed exclusively.
        self.lock.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        // ORDERING: Release pairs with the Acquire in `lock` and `try_lock`: all
        // that this holder has written goes to the next. A store will do, as
        // nobody but the holder writes `serving`.
        self.lock.serving.store(self.number + 1, Ordering::Release);
    }
}

impl FairLock for TicketLock<u64> {
    fn open() -> Self {
        Self::new(0)
    }

    fn turn(&self) -> Turn {
        count(self.lock())
    }

    fn try_turn(&self) -> Option<Turn> {
        self.try_lock().map(count)
    }
}

fn count(mut turns: Guard<'_, u64>) -> Turn {
    let place = *turns;
    *turns = place + 1;
    Turn {
        number: turns.number,
        place,
    }
}
