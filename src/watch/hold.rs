//! Stops a watched thread in the middle of what it does.
//!
//! Its watcher interrupts it, and what the interrupt runs on it calls [`hold`]. There it
//! may be in the middle of an allocation or of printing, with a lock that all other
//! threads need as well. So a third thread tries whether they can do without: if not, the
//! thread goes on for a moment and is interrupted again.

use super::{Pulse, Why, with_pulse};
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use Ordering::{Acquire, Relaxed, Release};

/// How often a thread is interrupted before it is left running. A thread that does
/// nothing but print or allocate has let go of the lock one time in twenty.
const ATTEMPTS: usize = 1000;
/// Longer names are not told: to copy one must allocate nothing.
const LONGEST_NAME: usize = 256;
/// For how long it is interrupted, at most.
const LONG: Duration = Duration::from_secs(1);
/// How long it may take to go on in between.
const SHORT: Duration = Duration::from_millis(50);
/// How long an interrupted thread sleeps at first before it looks whether to go on.
const MOMENT: Duration = Duration::from_micros(20);
/// How much smaller a block becomes with each attempt.
const BYTES: usize = 64;

/// How to interrupt a thread.
pub(super) struct Interrupt {
    send: Box<dyn Fn() + Send>,
    /// Allocated by that thread: to make it smaller takes the lock that the thread takes
    /// to allocate.
    block: Vec<u8>,
}

/// What a thread and its watcher say to each other about holding it.
#[derive(Default)]
pub(super) struct State {
    /// An interrupt is on its way.
    is_sent: AtomicBool,
    /// Whether the thread stays in [`hold`].
    stays: AtomicBool,
    /// Null unless the thread is in [`hold`].
    held: AtomicPtr<Held<'static>>,
}

struct Held<'a> {
    name: Option<&'a str>,
    has_overflowed: bool,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The calling thread, if it is watched, can be interrupted by `send`: that has the
/// thread call [`hold`], wherever it is. It is called only while the thread lives.
pub(crate) fn interrupts_by(send: impl Fn() + Send + 'static) {
    with_pulse(|pulse| {
        *lock(&pulse.interrupt) = Some(Interrupt {
            send: Box::new(send),
            block: Vec::with_capacity((ATTEMPTS + 1) * BYTES),
        });
    });
}

/// Stays here, for ever or until other threads need what the calling thread holds, and
/// returns `true`; `false` at once if the thread was not interrupted, or is not watched.
/// `has_overflowed`: it has used up its stack, which is as good as an interrupt.
///
/// A signal handler can call it: beside accesses to atomics it only sleeps, which is a
/// system call.
pub(crate) fn hold(name: Option<&str>, has_overflowed: bool) -> bool {
    let held = Held {
        name,
        has_overflowed,
    };
    let is_held = with_pulse(|pulse| {
        let state = &pulse.hold;
        // ORDERING: the interrupt itself, a system call, comes between this and the store.
        if has_overflowed {
            state.stays.store(true, Relaxed);
        } else if !state.is_sent.swap(false, Relaxed) {
            return false;
        }
        let place = ptr::from_ref(&held).cast_mut().cast();
        // ORDERING: Release, so that the watcher can read what is in `held`.
        state.held.store(place, Release);
        let mut pause = MOMENT;
        // ORDERING: it says only whether to go on, which may be seen late.
        while state.stays.load(Relaxed) {
            thread::sleep(pause);
            // It looks ever more seldom, so that it costs nothing in the long run.
            pause += pause / 10;
        }
        // ORDERING: the watcher reads nothing that this thread does before it.
        state.held.store(ptr::null_mut(), Relaxed);
        true
    });
    is_held.unwrap_or(false)
}

impl State {
    pub(super) fn has_overflowed(&self) -> bool {
        self.held().is_some_and(|held| held.has_overflowed)
    }

    /// Only for the watcher.
    fn held(&self) -> Option<&Held<'_>> {
        // ORDERING: Acquire, so that what the thread has written there can be read.
        let held = self.held.load(Acquire);
        // SAFETY: it is null, or points into the frame of `hold`, which does not return
        // before the watcher, which this is, has cleared `stays`.
        unsafe { held.as_ref() }
    }
}

/// What the watcher and the thread that tries it say to each other.
#[derive(Default)]
struct Trial {
    wanted: AtomicUsize,
    passed: AtomicUsize,
}

impl Pulse {
    /// Stops the thread if that is possible, and returns the name of what ran.
    pub(super) fn stop(&self, why: Why) -> Option<String> {
        let mut block = mem::take(&mut lock(&self.interrupt).as_mut()?.block);
        // While the thread is held, nothing may be allocated.
        let mut name = String::with_capacity(LONGEST_NAME);
        let trial = Arc::new(Trial::default());
        let tries = Arc::clone(&trial);
        // ORDERING: of all accesses to `Trial`: numbers, by which nothing is handed over.
        thread::spawn(move || {
            for attempt in 1..=ATTEMPTS {
                while tries.wanted.load(Relaxed) < attempt {
                    thread::yield_now();
                }
                block.shrink_to((ATTEMPTS + 1 - attempt) * BYTES);
                print!("");
                eprint!("");
                tries.passed.store(attempt, Relaxed);
            }
        });
        self.hold_where_possible(why, &trial, &mut name);
        trial.wanted.store(ATTEMPTS, Relaxed);
        Some(name).filter(|name| !name.is_empty())
    }

    fn hold_where_possible(&self, why: Why, trial: &Trial, name: &mut String) {
        let state = &self.hold;
        let began = Instant::now();
        for attempt in 1..=ATTEMPTS {
            if state.held().is_none() {
                state.stays.store(true, Relaxed);
                state.is_sent.store(true, Relaxed);
                match &*lock(&self.interrupt) {
                    Some(interrupt) => (interrupt.send)(),
                    None => return, // it has just ended
                }
            }
            if !comes_true(LONG, || state.held().is_some()) {
                return; // it is held as soon as it is interrupted
            }
            let Some(held) = state.held() else { return };
            if let Some(known) = held.name.filter(|known| known.len() <= LONGEST_NAME) {
                name.clear();
                name.push_str(known);
            }
            let is_last = held.has_overflowed || attempt == ATTEMPTS || began.elapsed() > LONG;
            // To give up would end the process if it has overflowed. Otherwise: longer and
            // longer, in case that the machine is busy.
            let wait = match held.has_overflowed {
                true => LONG,
                false => Duration::from_micros(100 + attempt as u64),
            };
            trial.wanted.store(attempt, Relaxed);
            let passes = || trial.passed.load(Relaxed) >= attempt;
            let goes_on_allocating = matches!(why, Why::Allocates(_)) && is_last;
            if comes_true(wait, passes) || goes_on_allocating {
                return;
            }
            state.stays.store(false, Relaxed);
            if is_last {
                return;
            }
            comes_true(SHORT, || state.held().is_none() && passes());
        }
    }
}

fn comes_true(within: Duration, what: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while !what() {
        if began.elapsed() > within {
            return false;
        }
        thread::yield_now();
    }
    true
}
