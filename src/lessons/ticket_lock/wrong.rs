//! Six wrong ticket locks, and the counter in them.
//!
//! Three of them are unsound on purpose: they let two threads in at once. Explore them, and use
//! them for nothing else. With real threads a data race may do anything, but here it will
//! probably only miscount or wait for ever.

use super::lesson::{FairLock, Lock, Turn};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::hint::spin_loop;
use crate::sync::{Condvar, Mutex, Watched};

/// A lock around a plain number, which only the holder may read and write.
///
/// It is sound only if the lock is right.
pub struct Counted<L> {
    lock: L,
    turns: UnsafeCell<u64>,
}

// SAFETY: a right lock lets in one thread at a time. A wrong lock is only explored, and the
// model finds that two threads are in it before either does harm.
unsafe impl<L: Lock> Sync for Counted<L> {}

impl<L> Counted<L> {
    /// The critical section.
    fn count(&self, number: u64) -> Turn {
        // SAFETY: the thread holds the lock, as far as that keeps other threads out.
        let place = self.turns.with(|turns| unsafe { *turns });
        // SAFETY: as above.
        self.turns.with_mut(|turns| unsafe { *turns = place + 1 });
        Turn { number, place }
    }
}

impl<L: Lock> FairLock for Counted<L> {
    fn open() -> Self {
        Self {
            lock: L::open(),
            turns: UnsafeCell::new(0),
        }
    }

    fn turn_with(&self, inside: impl FnOnce()) -> Turn {
        let number = self.lock.lock();
        inside();
        let turn = self.count(number);
        self.lock.unlock(number);
        turn
    }

    fn try_turn(&self) -> Option<Turn> {
        let number = self.lock.try_lock()?;
        let turn = self.count(number);
        self.lock.unlock(number);
        Some(turn)
    }
}

/// The numbers, and the steps that a lock puts together.
struct Counters {
    next: AtomicU64,
    serving: AtomicU64,
}

impl Counters {
    fn new() -> Self {
        Self {
            next: AtomicU64::new(0),
            serving: AtomicU64::new(0),
        }
    }

    /// Draws a number.
    #[track_caller]
    fn draw(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits until `number` is called.
    #[track_caller]
    fn wait(&self, number: u64, ordering: Ordering) {
        while self.serving.load(ordering) != number {
            spin_loop();
        }
    }

    /// Draws the number that is being served, if it is still free.
    #[track_caller]
    fn draw_if_served(&self, ordering: Ordering) -> Option<u64> {
        let serving = self.serving.load(ordering);
        self.next
            .compare_exchange(serving, serving + 1, Ordering::Relaxed, Ordering::Relaxed)
            .ok()
    }

    /// Calls the number after `number`.
    #[track_caller]
    fn call_after(&self, number: u64, ordering: Ordering) {
        self.serving.store(number + 1, ordering);
    }
}

/// Calls the next number without `Release`: the next holder need not see what this one
/// wrote.
pub struct RelaxedUnlock(Counters);

impl Lock for RelaxedUnlock {
    fn open() -> Self {
        Self(Counters::new())
    }

    fn lock(&self) -> u64 {
        let number = self.0.draw();
        self.0.wait(number, Ordering::Acquire);
        number
    }

    fn try_lock(&self) -> Option<u64> {
        self.0.draw_if_served(Ordering::Acquire)
    }

    fn unlock(&self, number: u64) {
        // ORDERING: Relaxed is the mistake: the Acquire in `wait` has nothing to pair with.
        self.0.call_after(number, Ordering::Relaxed);
    }
}

/// Waits for its number without `Acquire`: this holder need not see what the one before it
/// wrote.
pub struct RelaxedWait(Counters);

impl Lock for RelaxedWait {
    fn open() -> Self {
        Self(Counters::new())
    }

    fn lock(&self) -> u64 {
        let number = self.0.draw();
        // ORDERING: Relaxed is the mistake: the Release in `call_after` has nothing to pair
        // with.
        self.0.wait(number, Ordering::Relaxed);
        number
    }

    fn try_lock(&self) -> Option<u64> {
        // ORDERING: Relaxed is the mistake again.
        self.0.draw_if_served(Ordering::Relaxed)
    }

    fn unlock(&self, number: u64) {
        self.0.call_after(number, Ordering::Release);
    }
}

/// Draws a number by a load and a store: a thread that draws between the two gets the same
/// number. Both threads enter when it is called, or one waits for a number that is over.
pub struct TornTicket(Counters);

impl Lock for TornTicket {
    fn open() -> Self {
        Self(Counters::new())
    }

    fn lock(&self) -> u64 {
        let number = self.0.next.load(Ordering::Relaxed);
        self.0.next.store(number + 1, Ordering::Relaxed);
        self.0.wait(number, Ordering::Acquire);
        number
    }

    fn try_lock(&self) -> Option<u64> {
        self.0.draw_if_served(Ordering::Acquire)
    }

    fn unlock(&self, number: u64) {
        self.0.call_after(number, Ordering::Release);
    }
}

/// `try_lock` draws a number, and gives up if that number is not being served. When it is
/// called no thread takes it, and so no thread calls the next.
pub struct ForgetsToServe(Counters);

impl Lock for ForgetsToServe {
    fn open() -> Self {
        Self(Counters::new())
    }

    fn lock(&self) -> u64 {
        let number = self.0.draw();
        self.0.wait(number, Ordering::Acquire);
        number
    }

    fn try_lock(&self) -> Option<u64> {
        let number = self.0.draw();
        (self.0.serving.load(Ordering::Acquire) == number).then_some(number)
    }

    fn unlock(&self, number: u64) {
        self.0.call_after(number, Ordering::Release);
    }
}

/// Hands out numbers and does not use them: the first thread that finds the lock free takes
/// it. It is a correct lock, but not fair: a thread may wait for ever.
pub struct BargesIn {
    next: AtomicU64,
    held: AtomicBool,
}

impl BargesIn {
    #[track_caller]
    fn take(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `unlock`. A failure reads nothing that
        // was written in the lock, so it is Relaxed.
        self.held
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }
}

impl Lock for BargesIn {
    fn open() -> Self {
        Self {
            next: AtomicU64::new(0),
            held: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        while !self.take() {
            spin_loop();
        }
        number
    }

    fn try_lock(&self) -> Option<u64> {
        self.take()
            .then(|| self.next.fetch_add(1, Ordering::Relaxed))
    }

    fn unlock(&self, _number: u64) {
        // ORDERING: Release pairs with the Acquire in `take`.
        self.held.store(false, Ordering::Release);
    }
}

/// Waits on a condition variable instead of spinning, and calls the next number with
/// `notify_one`. std wakes *any* waiting thread. If it is not the next one, it finds that
/// another number is called and sleeps again, and the next thread is never woken.
pub struct WakesTheWrongOne {
    numbers: Mutex<Numbers>,
    called: Condvar,
}

struct Numbers {
    next: u64,
    serving: u64,
}

impl Lock for WakesTheWrongOne {
    fn open() -> Self {
        let numbers = Numbers {
            next: 0,
            serving: 0,
        };
        Self {
            numbers: Mutex::new(numbers)
                .watched(|numbers| format!("{} drawn, {} served", numbers.next, numbers.serving)),
            called: Condvar::new(),
        }
    }

    fn lock(&self) -> u64 {
        let mut numbers = self.numbers.lock().unwrap();
        let number = numbers.next;
        numbers.next += 1;
        let not_called = |numbers: &mut Numbers| numbers.serving != number;
        drop(self.called.wait_while(numbers, not_called).unwrap());
        number
    }

    fn try_lock(&self) -> Option<u64> {
        let mut numbers = self.numbers.lock().unwrap();
        let number = numbers.next;
        if numbers.serving != number {
            return None;
        }
        numbers.next += 1;
        Some(number)
    }

    fn unlock(&self, _number: u64) {
        self.numbers.lock().unwrap().serving += 1;
        self.called.notify_one();
    }
}
