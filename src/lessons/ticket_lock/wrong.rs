//! Six wrong ticket locks.
//!
//! Three of them are unsound on purpose: explore them, and use them for nothing else. They
//! protect a plain number. With real threads a data race may do anything, but here it will
//! probably only miscount or wait for ever.

use super::lesson::{FairLock, Turn};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Condvar, Mutex, Watched};
use crate::sync::{cell::UnsafeCell, hint::spin_loop};

/// The steps of the right lock. Each version puts them together, with one mistake.
struct Counters {
    next: AtomicU64,
    serving: AtomicU64,
    turns: UnsafeCell<u64>,
}

// SAFETY: none in three of the six versions: they let two threads into the lock.
unsafe impl Sync for Counters {}

impl Counters {
    fn new() -> Self {
        Self {
            next: AtomicU64::new(0),
            serving: AtomicU64::new(0),
            turns: UnsafeCell::new(0),
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

    /// The critical section.
    #[track_caller]
    fn count(&self, number: u64) -> Turn {
        // SAFETY: none. In some versions another thread can be here at the same time.
        let place = self.turns.with(|turns| unsafe { *turns });
        // SAFETY: none, as above.
        self.turns.with_mut(|turns| unsafe { *turns = place + 1 });
        Turn { number, place }
    }

    /// A turn in the right way.
    fn turn(&self) -> Turn {
        let number = self.draw();
        self.wait(number, Ordering::Acquire);
        let turn = self.count(number);
        self.call_after(number, Ordering::Release);
        turn
    }

    /// An attempt in the right way.
    fn try_turn(&self) -> Option<Turn> {
        let number = self.draw_if_served(Ordering::Acquire)?;
        let turn = self.count(number);
        self.call_after(number, Ordering::Release);
        Some(turn)
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

impl FairLock for RelaxedUnlock {
    fn open() -> Self {
        Self(Counters::new())
    }

    fn turn(&self) -> Turn {
        let number = self.0.draw();
        self.0.wait(number, Ordering::Acquire);
        let turn = self.0.count(number);
        // ORDERING: Relaxed is the mistake: the Acquire in `wait` has nothing to pair with.
        self.0.call_after(number, Ordering::Relaxed);
        turn
    }

    fn try_turn(&self) -> Option<Turn> {
        let number = self.0.draw_if_served(Ordering::Acquire)?;
        let turn = self.0.count(number);
        // ORDERING: Relaxed is the mistake again.
        self.0.call_after(number, Ordering::Relaxed);
        Some(turn)
    }
}

/// Waits for its number without `Acquire`: this holder need not see what the one before it
/// wrote.
pub struct RelaxedWait(Counters);

impl FairLock for RelaxedWait {
    fn open() -> Self {
        Self(Counters::new())
    }

    fn turn(&self) -> Turn {
        let number = self.0.draw();
        // ORDERING: Relaxed is the mistake: the Release in `call_after` has nothing to pair
        // with.
        self.0.wait(number, Ordering::Relaxed);
        let turn = self.0.count(number);
        self.0.call_after(number, Ordering::Release);
        turn
    }

    fn try_turn(&self) -> Option<Turn> {
        // ORDERING: Relaxed is the mistake again.
        let number = self.0.draw_if_served(Ordering::Relaxed)?;
        let turn = self.0.count(number);
        self.0.call_after(number, Ordering::Release);
        Some(turn)
    }
}

/// Draws a number by a load and a store: a thread that draws between the two gets the same
/// number. Both threads enter when it is called, or one waits for a number that is over.
pub struct TornTicket(Counters);

impl FairLock for TornTicket {
    fn open() -> Self {
        Self(Counters::new())
    }

    fn turn(&self) -> Turn {
        let number = self.0.next.load(Ordering::Relaxed);
        self.0.next.store(number + 1, Ordering::Relaxed);
        self.0.wait(number, Ordering::Acquire);
        let turn = self.0.count(number);
        self.0.call_after(number, Ordering::Release);
        turn
    }

    fn try_turn(&self) -> Option<Turn> {
        self.0.try_turn()
    }
}

/// `try_turn` draws a number, and gives up if that number is not being served. When it is
/// called no thread takes it, and so no thread calls the next.
pub struct ForgetsToServe(Counters);

impl FairLock for ForgetsToServe {
    fn open() -> Self {
        Self(Counters::new())
    }

    fn turn(&self) -> Turn {
        self.0.turn()
    }

    fn try_turn(&self) -> Option<Turn> {
        let number = self.0.draw();
        if self.0.serving.load(Ordering::Acquire) != number {
            return None;
        }
        let turn = self.0.count(number);
        self.0.call_after(number, Ordering::Release);
        Some(turn)
    }
}

/// Hands out numbers and does not use them: the first thread that finds the lock free takes
/// it. It is a correct lock, but not fair: a thread may wait for ever.
pub struct BargesIn {
    counters: Counters,
    held: AtomicBool,
}

impl BargesIn {
    #[track_caller]
    fn take(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `count_and_unlock`. A failure reads
        // nothing that was written in the lock, so it is Relaxed.
        self.held
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[track_caller]
    fn count_and_unlock(&self, number: u64) -> Turn {
        let turn = self.counters.count(number);
        // ORDERING: Release pairs with the Acquire in `take`.
        self.held.store(false, Ordering::Release);
        turn
    }
}

impl FairLock for BargesIn {
    fn open() -> Self {
        Self {
            counters: Counters::new(),
            held: AtomicBool::new(false),
        }
    }

    fn turn(&self) -> Turn {
        let number = self.counters.draw();
        while !self.take() {
            spin_loop();
        }
        self.count_and_unlock(number)
    }

    fn try_turn(&self) -> Option<Turn> {
        self.take()
            .then(|| self.count_and_unlock(self.counters.draw()))
    }
}

/// Waits on a condition variable instead of spinning, and calls the next number with
/// `notify_one`. std wakes *any* waiting thread. If it is not the next one, it finds that
/// another number is called and sleeps again, and the next thread is never woken.
pub struct WakesTheWrongOne {
    numbers: Mutex<Numbers>,
    called: Condvar,
    turns: Mutex<u64>,
}

struct Numbers {
    next: u64,
    serving: u64,
}

impl WakesTheWrongOne {
    fn count_and_call_next(&self, number: u64) -> Turn {
        let mut turns = self.turns.lock().unwrap();
        let place = *turns;
        *turns += 1;
        drop(turns);
        self.numbers.lock().unwrap().serving += 1;
        self.called.notify_one();
        Turn { number, place }
    }
}

impl FairLock for WakesTheWrongOne {
    fn open() -> Self {
        let numbers = Numbers {
            next: 0,
            serving: 0,
        };
        Self {
            numbers: Mutex::new(numbers)
                .watched(|numbers| format!("{} drawn, {} served", numbers.next, numbers.serving)),
            called: Condvar::new(),
            turns: Mutex::new(0),
        }
    }

    fn turn(&self) -> Turn {
        let mut numbers = self.numbers.lock().unwrap();
        let number = numbers.next;
        numbers.next += 1;
        let not_called = |numbers: &mut Numbers| numbers.serving != number;
        drop(self.called.wait_while(numbers, not_called).unwrap());
        self.count_and_call_next(number)
    }

    fn try_turn(&self) -> Option<Turn> {
        let mut numbers = self.numbers.lock().unwrap();
        let number = numbers.next;
        if numbers.serving != number {
            return None;
        }
        numbers.next += 1;
        drop(numbers);
        Some(self.count_and_call_next(number))
    }
}
