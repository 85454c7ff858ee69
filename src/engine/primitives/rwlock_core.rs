//! What a read-write lock does, whatever it protects.

use super::lock::free_while_unwinding;
use super::shared_lock::{BehindWriter, Found, Mode, SharedLock};
use crate::engine::execution::abort::{chosen, is_aborted, unwind, unwinding};
use crate::engine::execution::freed::must_live;
use crate::engine::execution::handle::Handle;
use crate::engine::execution::run::with;
use crate::engine::execution::schedule::{point, try_point, wait};
use crate::engine::execution::step::Step;
use crate::engine::execution::thread::Next;
use crate::engine::ids::At;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicUsize};

pub(super) struct Core {
    pub(super) handle: Handle<SharedLock>,
    poisoned: AtomicBool,
    /// How many guards read, or [`WRITES`]: for threads that are not the execution's. A
    /// thread gets a guard only after it has changed this, from 0 to `WRITES` or from any
    /// other number to the next, and this is changed back only after the guard is gone.
    held: AtomicUsize,
}

/// A guard writes.
const WRITES: usize = usize::MAX;

impl Core {
    #[track_caller]
    pub(super) const fn new() -> Self {
        Self {
            handle: Handle::new("rwlock"),
            poisoned: AtomicBool::new(false),
            held: AtomicUsize::new(0),
        }
    }

    pub(super) fn is_poisoned(&self, at: At) -> bool {
        let seen = self.handle.step_even_if_unwinding(at, |step| {
            step.needs.releases_are_seen = true;
            step.sees_poison();
            let poisoned = self.has_poison();
            step.notes_poison(at, poisoned);
            poisoned
        });
        seen.unwrap_or_else(|| self.has_poison())
    }

    pub(super) fn clear_poison(&self, at: At) {
        self.handle.step_even_if_unwinding(at, |step| {
            step.clears_shared_poison();
            step.notes_cleared_poison(at);
            self.poisoned.store(false, Relaxed);
        });
    }

    pub(super) fn has_poison(&self) -> bool {
        // ORDERING: the threads of an execution run on one thread of the system.
        self.poisoned.load(Relaxed)
    }

    pub(super) fn acquire(&self, mode: Mode, at: At) {
        if unwinding() {
            return self.acquire_while_unwinding(mode, at);
        }
        if mode == Mode::Write && with(|x| x.settings.reads_again) {
            self.handle.step(at, |step| step.asks_to_write(at));
        }
        let waits = self.handle.step_after(mode.wait(), at, |step| {
            let waits = mode == Mode::Read && step.waits_behind_writer(at)?;
            if !waits {
                self.take(step, mode, at, true);
                step.notes_shared_lock(mode, at, self.has_poison());
            }
            Ok(waits)
        });
        if chosen(waits) {
            wait(self.handle.wait(&BehindWriter, false));
            unreachable!("the writer waits for this thread");
        }
    }

    /// Whether it has taken the lock.
    pub(super) fn try_acquire(&self, mode: Mode, at: At) -> bool {
        if unwinding() {
            self.acquire_while_unwinding(mode, at);
            return true;
        }
        self.handle.step(at, |step| {
            step.needs.releases_are_seen = true;
            let holder = mode.holder();
            let found = match holder(step.state()) {
                Some(_) => Found::Held,
                None if self.has_poison() => Found::Poisoned,
                None => Found::Free,
            };
            match found {
                Found::Held => step.fails_to_lock(mode),
                _ => self.take(step, mode, at, false),
            }
            step.notes_try(mode, at, found);
            found != Found::Held
        })
    }

    /// Takes the lock, which is free for that.
    fn take(&self, step: &mut Step<'_, SharedLock>, mode: Mode, at: At, waits: bool) {
        self.hold(mode);
        step.takes_shared_lock(mode, at, waits);
    }

    /// Waits until no thread of another execution, or of std, holds it any more.
    fn hold(&self, mode: Mode) {
        let next = |held: usize| match mode {
            Mode::Read => held.checked_add(1).filter(|&held| held < WRITES),
            Mode::Write => (held == 0).then_some(WRITES),
        };
        // ORDERING: Acquire pairs with the Release in `release_hold`.
        while self.held.fetch_update(Acquire, Relaxed, next).is_err() {
            std::thread::yield_now();
        }
    }

    fn release_hold(&self, mode: Mode) {
        match mode {
            Mode::Read => drop(self.held.fetch_sub(1, Release)),
            Mode::Write => self.held.store(0, Release),
        }
    }

    /// Takes the lock without a schedule point.
    fn acquire_while_unwinding(&self, mode: Mode, at: At) {
        if self.handle.is_freed() {
            return;
        }
        if !self.handle.is_here() {
            return self.hold(mode);
        }
        free_while_unwinding(&self.handle, mode.holder());
        if is_aborted() {
            self.hold(mode);
            self.handle.with(|step| {
                let holder = (step.me(), at);
                step.state().takes(mode, holder);
            });
        } else {
            self.handle.with(|step| {
                step.steps_while_unwinding();
                self.take(step, mode, at, false);
            });
        }
    }

    /// Releases the lock in an execution that is aborted.
    fn quietly_release(&self, mode: Mode) {
        self.release_hold(mode);
        self.handle.with(|step| {
            let me = step.me();
            step.state().releases(mode, me);
            step.has_unwound();
        });
    }

    /// A guard that was made at that line is dropped. `changed`, `poisons`: what it does
    /// to the value and to the lock.
    pub(super) fn release(
        &self,
        mode: Mode,
        at: At,
        [changed, poisons]: [bool; 2],
        shown: Option<String>,
    ) {
        if self.handle.is_freed() {
            if !unwinding() {
                self.handle.enter(at);
            }
            return;
        }
        if !self.handle.is_here() {
            return self.release_hold(mode);
        }
        if unwinding() && is_aborted() {
            return self.quietly_release(mode);
        }
        let is_seen = with(|x| x.settings.releases_are_seen);
        if is_seen && !unwinding() {
            if !try_point(Next::Runs) {
                if !self.handle.is_freed() {
                    self.quietly_release(mode);
                }
                unwind();
            }
            must_live(self.handle.id(), at);
        }
        if poisons {
            self.poisoned.store(true, Relaxed);
        }
        self.release_hold(mode);
        self.handle.with(|step| {
            // A thread that waits for the lock cannot tell when it is released; one that
            // tries it can.
            if is_seen && unwinding() {
                step.steps_while_unwinding();
            }
            step.releases_shared_lock(mode, changed);
            step.notes_unlock(at, poisons);
            let id = step.id;
            step.shows(id, || shown);
        });
    }

    /// A schedule point, if other threads can see that the lock is downgraded.
    pub(super) fn begins_downgrade(&self, at: At) {
        if unwinding() {
            return;
        }
        let id = self.handle.enter(at);
        if with(|x| x.settings.releases_are_seen) {
            point(Next::Runs);
            must_live(id, at);
        }
    }

    /// The guard that writes is gone, and one that reads takes its place.
    pub(super) fn downgrades(&self, at: At, changed: bool, shown: Option<String>) {
        // ORDERING: Release pairs with the Acquire in `hold`.
        self.held.store(1, Release);
        if !self.handle.is_here() || self.handle.is_freed() {
            return;
        }
        self.handle.with(|step| {
            if step.is_aborted() {
                return step.quietly_downgrades(at);
            }
            if unwinding() && step.settings.releases_are_seen {
                step.steps_while_unwinding();
            }
            step.downgrades_lock(changed, at);
            let id = step.id;
            step.shows(id, || shown);
        });
    }
}
