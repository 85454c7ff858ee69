//! The ticket lock.

use super::lesson::{FairLock, Turn};
use crate::sync::Backoff;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Invariant: the threads with numbers below `serving` have unlocked, the thread with the
/// number `serving` holds the lock, and the threads with the numbers up to `next` wait. At
/// a number a nanosecond the counters last for centuries.
pub struct TicketLock<T> {
    next: AtomicU64,
    serving: AtomicU64,
    value: UnsafeCell<T>,
}

// SAFETY: a shared lock gives one thread after another `&mut T`, and a thread can move the
// value out with `mem::replace`: this needs `T: Send`. No two threads have the value at
// once, so `T: Sync` is not needed.
unsafe impl<T: Send> Sync for TicketLock<T> {}

impl<T> TicketLock<T> {
    /// A lock that no thread holds.
    pub fn new(value: T) -> Self {
        Self {
            next: AtomicU64::new(0),
            serving: AtomicU64::new(0),
            value: UnsafeCell::new(value),
        }
    }

    /// Draws a number and waits until it is called.
    pub fn lock(&self) -> Guard<'_, T> {
        // ORDERING: Relaxed is enough. A read-modify-write gives no two threads the same
        // number, and `serving` hands over what the lock protects.
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let backoff = Backoff::new();
        // ORDERING: Acquire pairs with the Release in `Guard::drop`: everything that the
        // holders before this one wrote is visible after the load.
        while self.serving.load(Ordering::Acquire) != number {
            // A spinning thread could keep the holder from its processor.
            backoff.snooze();
        }
        self.guard(number)
    }

    /// Takes the lock if it is free: draws a number only if that number is being served.
    /// `None` means that another thread held the lock at one moment of the call, or that
    /// the call does not happen after that thread's unlock.
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        // ORDERING: Acquire, as in `lock`. If another thread draws the number `serving`
        // after this load, `next` is larger and the exchange fails.
        let serving = self.serving.load(Ordering::Acquire);
        // ORDERING: Relaxed, as in `lock`.
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        (self.next)
            .compare_exchange(serving, serving + 1, success, failure)
            .ok()
            .map(|number| self.guard(number))
    }

    fn guard(&self, number: u64) -> Guard<'_, T> {
        Guard {
            lock: self,
            number,
            exclusive: PhantomData,
        }
    }
}

/// The thread with this guard holds the lock. Dropping the guard calls the next number,
/// also when the thread unwinds: the lock is not poisoned.
///
/// Another thread may drop the guard, unlike std's: the lock identifies its holder by the
/// number, not by the thread.
pub struct Guard<'a, T> {
    lock: &'a TicketLock<T>,
    number: u64,
    // Makes the guard `Sync` only if `T: Sync`, like the `&mut T` that it stands for.
    exclusive: PhantomData<&'a mut T>,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: while this guard lives, its number is being served, and no other guard
        // has that number. All references to the value borrow from this guard.
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
        // ORDERING: Release pairs with the Acquire in `lock` and `try_lock`: the next holder
        // sees everything that this holder wrote. A store is enough, because only the holder
        // writes `serving`.
        self.lock.serving.store(self.number + 1, Ordering::Release);
    }
}

impl FairLock for TicketLock<u64> {
    fn open() -> Self {
        Self::new(0)
    }

    fn turn_with(&self, inside: impl FnOnce()) -> Turn {
        let guard = self.lock();
        inside();
        count(guard)
    }

    fn try_turn(&self) -> Option<Turn> {
        self.try_lock().map(count)
    }
}

fn count(mut turns: Guard<'_, u64>) -> Turn {
    let (number, place) = (turns.number, *turns);
    *turns = place + 1;
    Turn { number, place }
}
