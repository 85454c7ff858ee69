//! Stops a watched thread in the middle of what it does.
//!
//! Its watcher interrupts it, and the signal handler calls [`hold`]. There the thread may be
//! in the middle of an allocation or of printing, with a lock that all other threads need
//! as well. So a third thread tries whether they can do without. If it does not get
//! through, the interrupted thread executes one more instruction and calls [`hold`] again.

use super::pulse::{Interrupt, Pulse, State, lock, with_pulse};
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use Ordering::{Acquire, Relaxed, Release};

/// How often it is tried, at most. Nearly always the first time that it is tried after the
/// thread has let go of its locks is enough.
const TRIALS: usize = 1000;
/// How much smaller a block becomes with each trial.
const BYTES: usize = 64;
/// Longer names are not told: to copy one must allocate nothing.
const LONGEST_NAME: usize = 256;
/// How long a thread sleeps before it looks again: in fact some 50 µs, as Linux iterations up.
const MOMENT: Duration = Duration::from_micros(1);
/// For so many moments the watcher waits until the thread is held: some seconds.
const LONG: usize = 50_000;
/// For so many moments a trial that meets no lock may take.
const SHORT: usize = 50;

/// The calling thread, if it is watched, can be interrupted by `send`: that has the
/// thread call [`hold`], wherever it is. It is called only while the thread lives.
pub(crate) fn interrupts_by(send: impl Fn() + Send + 'static) {
    with_pulse(|pulse| {
        *lock(&pulse.interrupt) = Some(Interrupt {
            send: Box::new(send),
            block: Vec::with_capacity((TRIALS + 1) * BYTES),
        });
    });
}

/// Never returns if other threads can do without what the calling thread holds. If not,
/// returns `true`: the thread must execute one instruction and call this again. `false` if
/// the thread was not interrupted, or is not watched. `has_overflowed`: it has used up its
/// stack, which is as good as an interrupt.
///
/// A signal handler can call it: beside accesses to atomics it only sleeps, which is a
/// system call.
pub(crate) fn hold(name: Option<&str>, has_overflowed: bool) -> bool {
    let goes_on = with_pulse(|pulse| {
        let state = &pulse.hold;
        if has_overflowed {
            state.stops.store(true, Relaxed);
            state.has_overflowed.store(true, Relaxed);
        } else if !state.stops.load(Relaxed) {
            return false;
        }
        let mut begun = state.begun.load(Relaxed);
        let has_passed = |begun| state.passed.load(Relaxed) >= begun;
        // A trial that began before the last instruction says nothing.
        let is_new = has_passed(begun);
        if is_new {
            begun += 1;
            state.begun.store(begun, Relaxed);
        }
        let has_passed = comes_true(if is_new { SHORT } else { 1 }, || has_passed(begun));
        if (is_new && has_passed) || begun > TRIALS {
            let place = (&raw const name).cast_mut().cast();
            // ORDERING: Release, so that the watcher can read the name.
            state.held.store(place, Release);
            loop {
                thread::sleep(Duration::MAX);
            }
        }
        true
    });
    goes_on.unwrap_or(false)
}

impl State {
    pub(super) fn has_overflowed(&self) -> bool {
        self.has_overflowed.load(Relaxed)
    }

    fn is_held(&self) -> bool {
        !self.held.load(Relaxed).is_null()
    }

    /// Tries, as often as the thread asks, whether others can allocate and print.
    fn tries(&self, mut block: Vec<u8>) {
        for trial in 1..=TRIALS {
            while self.begun.load(Relaxed) < trial {
                if self.is_held() {
                    return;
                }
                thread::sleep(MOMENT);
            }
            block.shrink_to((TRIALS + 1 - trial) * BYTES);
            print!("");
            eprint!("");
            self.passed.store(trial, Relaxed);
        }
    }
}

impl Pulse {
    /// Stops the thread if that is possible, and returns the name of what ran.
    pub(super) fn stop(self: &Arc<Self>) -> Option<String> {
        // While the thread is held, nothing may be allocated.
        let mut name = String::with_capacity(LONGEST_NAME);
        let block = mem::take(&mut lock(&self.interrupt).as_mut()?.block);
        let tried = Arc::clone(self);
        thread::spawn(move || tried.hold.tries(block));
        self.hold.stops.store(true, Relaxed);
        if !self.hold.has_overflowed() {
            // If there is none, the thread has just ended.
            (lock(&self.interrupt).as_ref()?.send)();
        }
        comes_true(LONG, || self.hold.is_held());
        // ORDERING: Acquire, so that what the thread has written there can be read.
        let held = self.hold.held.load(Acquire);
        // SAFETY: it is null, or points into the frame of `hold`, which does not return any
        // more; nor is what the name belongs to dropped.
        let known = unsafe { held.as_ref() }.copied().flatten();
        name.push_str(known.filter(|known| known.len() <= LONGEST_NAME)?);
        Some(name)
    }
}

fn comes_true(moments: usize, what: impl Fn() -> bool) -> bool {
    (0..moments).any(|_| {
        thread::sleep(MOMENT);
        what()
    })
}
