//! Six wrong ticket locks.
//!
//! Three of them are unsound on purpose: explore them, and use them for nothing.
//! What they protect is a plain number, so that with real threads, where a data race may do
//! anything, it is likely to do no worse than miscount (or wait for ever).

use super::lesson::{FairLock, Turn};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Condvar, Mutex, Named, Watched};
use crate::sync::{cell::UnsafeCell, hint::spin_loop};

/// What all have in common, in steps that each version puts together its own way,
/// with the orderings of the right lock except where the mistake lies there.
struct Counters {
    next: AtomicU64,
    serving: AtomicU64,
    turns: UnsafeCell<u64>,
}

// SAFETY: none, in three of six: who holds the lock is for the versions to see to.
unsafe impl Sync for Counters {}

impl Counters {
    fn new() -> Self {
        Self {
            next: AtomicU64::new(0).named("next"),
            serving: AtomicU64::new(0).named("serving"),
            turns: UnsafeCell::new(0).named("turns"),
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

    /// Draws the number being served, if nobody has yet.
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
        // SAFETY: none. If the version is wrong enough, somebody else is here too.
        let place = self.turns.with(|turns| unsafe { *turns });
        // SAFETY: none, as above.
        self.turns.with_mut(|turns| unsafe { *turns = place + 1 });
        Turn { number, place }
    }

    /// Calls the number after `number`.
    #[track_caller]
    fn call_after(&self, number: u64, ordering: Ordering) {
        self.serving.store(number + 1, ordering);
    }
}

/// Calls the next number without `Release`: the next one enters, and need not see
/// what was written in the lock.
pub struct RelaxedUnlock(Counters);

impl FairLock for RelaxedUnlock {
    fn open() -> Self {
        Self(Counters::new())
    }

    fn turn(&self) -> Turn {
        let number = self.0.draw();
        self.0.wait(number, Ordering::Acquire);
        let turn = self.0.count(number);
        // ORDERING: Relaxed, the mistake: the Acquire in `wait` has nothing to
        // pair with.
        self.0.call_after(number, Ordering::Relaxed);
        turn
    }

    fn try_turn(&self) -> Option<Turn> {
        let number = self.0.draw_if_served(Ordering::Acquire)?;
        let turn = self.0.count(number);
        // ORDERING: Relaxed, the mistake again.
        self.0.call_after(number, Ordering::Relaxed);
        Some(turn)
    }
}

/// Sees its number called without `Acquire`: the mirror image.
pub struct RelaxedWait(Counters);

impl FairLock for RelaxedWait {
    fn open() -> Self {
        Self(Counters::new())
    }

    fn turn(&self) -> Turn {
        let number = self.0.draw();
        // ORDERING: Relaxed, the mistake: the Release in `call_after` has nothing
        // to pair with.
        self.0.wait(number, Ordering::Relaxed);
        let turn = self.0.count(number);
        self.0.call_after(number, Ordering::Release);
        turn
    }

    fn try_turn(&self) -> Option<Turn> {
        // ORDERING: Relaxed, the mistake again.
        let number = self.0.draw_if_served(Ordering::Relaxed)?;
        let turn = self.0.count(number);
        self.0.call_after(number, Ordering::Release);
        Some(turn)
    }
}

/// Draws a number by a load and a store: who comes between the two draws the same
/// number. Both enter when it is called, or one waits for a number long past.
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
        let number = self.0.draw_if_served(Ordering::Acquire)?;
        let turn = self.0.count(number);
        self.0.call_after(number, Ordering::Release);
        Some(turn)
    }
}

/// Tries by drawing a number and leaves if it is not the one being served. When
/// that number is called nobody comes, and nobody calls the next.
pub struct ForgetsToServe(Counters);

impl FairLock for ForgetsToServe {
    fn open() -> Self {
        Self(Counters::new())
    }

    fn turn(&self) -> Turn {
        let number = self.0.draw();
        self.0.wait(number, Ordering::Acquire);
        let turn = self.0.count(number);
        self.0.call_after(number, Ordering::Release);
        turn
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

/// Hands out numbers and does not look at them: whoever finds the lock free takes
/// it. As a lock it is right; fair it is not, and somebody may wait for ever.
pub struct BargesIn {
    counters: Counters,
    held: AtomicBool,
}

impl BargesIn {
    #[track_caller]
    fn take(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `count_and_leave`; a failure
        // learns nothing, so Relaxed.
        self.held
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[track_caller]
    fn count_and_leave(&self, number: u64) -> Turn {
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
            held: AtomicBool::new(false).named("held"),
        }
    }

    fn turn(&self) -> Turn {
        let number = self.counters.draw();
        while !self.take() {
            spin_loop();
        }
        self.count_and_leave(number)
    }

    fn try_turn(&self) -> Option<Turn> {
        self.take()
            .then(|| self.count_and_leave(self.counters.draw()))
    }
}

/// Waits on a condition variable instead of spinning, and calls the next number
/// with `notify_one`. Whoever has waited longest is the next, and std wakes
/// *somebody*: if it is another, that one finds that it is not its turn and sleeps
/// on, and the next is never woken.
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
            numbers: Mutex::new(numbers).watched("numbers", |numbers| {
                format!("{} drawn, {} served", numbers.next, numbers.serving)
            }),
            called: Condvar::new().named("called"),
            turns: Mutex::new(0).named("turns"),
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
