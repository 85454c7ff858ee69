//! `std::sync::Once`.
//!
//! The thread that runs the closure holds the `Once` like a lock: others wait for the end,
//! or run their own if that was a panic. A call that comes later reads, and is independent
//! of other such calls. The end needs a schedule point only in scenes that can see, by
//! `is_completed` or `get`, that it has not come yet.

use super::lock::free_while_unwinding;
use super::once_progress::{
    COMPLETE, Ended, Idle, NEW, POISONED, Progress, RETURNED, RUNS, wait_for,
};
use crate::engine::access::Kind;
use crate::engine::execution::abort::{is_aborted, unwind, unwinding};
use crate::engine::execution::freed::must_live;
use crate::engine::execution::handle::Handle;
use crate::engine::execution::object::State;
use crate::engine::execution::panics::abort_after_panic;
use crate::engine::execution::run::with;
use crate::engine::execution::schedule::{abandon, try_point};
use crate::engine::execution::step::Step;
use crate::engine::execution::thread::Next;
use crate::engine::execution::trace::{Gate, Tell};
use crate::engine::hash::word;
use crate::engine::ids::At;
use crate::sync::names::Named;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The model's `std::sync::Once`.
pub struct Once {
    handle: Handle<Progress>,
    /// The same for threads that are not the execution's.
    status: AtomicU8,
}

/// What the closure of [`Once::call_once_force`] is told.
pub struct OnceState {
    poisoned: bool,
}

impl OnceState {
    /// Whether an earlier closure has panicked.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}

impl fmt::Debug for OnceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("OnceState");
        fields.field("poisoned", &self.poisoned).finish()
    }
}

/// Says that an earlier closure has panicked.
const IS_POISONED: &str = "Once instance has previously been poisoned";

impl Once {
    /// No closure has run.
    #[track_caller]
    #[must_use]
    pub const fn new() -> Self {
        Self::of("once")
    }

    /// A closure has returned before.
    pub(super) fn completed(mut self) -> Self {
        *self.status.get_mut() = COMPLETE;
        self
    }

    #[track_caller]
    pub(super) const fn of(kind: &'static str) -> Self {
        Self {
            handle: Handle::new(kind),
            status: AtomicU8::new(NEW),
        }
    }

    /// Runs the closure if no other has run. Waits for another one that runs now.
    ///
    /// # Panics
    /// If the closure panics, or an earlier one has.
    #[inline(never)]
    #[track_caller]
    pub fn call_once<F: FnOnce()>(&self, f: F) {
        self.here()
            .call(Some(IS_POISONED), Location::caller(), |_| f());
    }

    /// The same, but an earlier closure may have panicked.
    ///
    /// # Panics
    /// If the closure panics.
    #[inline(never)]
    #[track_caller]
    pub fn call_once_force<F: FnOnce(&OnceState)>(&self, f: F) {
        self.here().call(None, Location::caller(), f);
    }

    /// Whether a closure has returned.
    #[inline(never)]
    #[track_caller]
    #[must_use]
    pub fn is_completed(&self) -> bool {
        let tell: Tell = |record, names| {
            let not = ["not ", ""][record.values[0] as usize];
            format!("{} is {not}completed", names.object_of(record))
        };
        self.here().looks(tell, Location::caller())
    }

    /// Waits until a closure has returned.
    ///
    /// # Panics
    /// If a closure has panicked.
    #[inline(never)]
    #[track_caller]
    pub fn wait(&self) {
        self.here().wait_for(&Ended(true), Location::caller());
    }

    /// Waits until a closure has returned, even if one has panicked before.
    #[inline(never)]
    #[track_caller]
    pub fn wait_force(&self) {
        self.here().wait_for(&RETURNED, Location::caller());
    }

    /// This or, if it is a static, the execution's copy.
    fn here(&self) -> &Self {
        self.handle.here(self)
    }

    /// The owner or, if that is a static, the execution's copy.
    pub(super) fn owner_here<'o, O>(&self, owner: &'o O) -> &'o O {
        self.handle.here(owner)
    }

    /// Runs the closure, unless another has returned. `poisoned`: what to say if another
    /// has panicked, unless that does not matter.
    pub(super) fn call(&self, poisoned: Option<&'static str>, at: At, f: impl FnOnce(&OnceState)) {
        let found = match unwinding() {
            true => self.begins_while_unwinding(poisoned.is_some(), at),
            false => self.handle.step_after(&Idle, at, |step| {
                let found = self.begins(step, poisoned.is_some(), Kind::Acquire, at);
                let runs = step.state().runner.is_some();
                step.notes_call(found, runs, at);
                found
            }),
        };
        match (found, poisoned) {
            (COMPLETE, _) => {}
            (POISONED, Some(words)) => panic!("{words}"),
            _ => {
                let runs = Runs { once: self, at };
                f(&OnceState {
                    poisoned: found == POISONED,
                });
                std::mem::forget(runs);
                self.ends(COMPLETE, at);
            }
        }
    }

    /// What there is. If a closure is to run, no other can from now on.
    fn takes(&self, stops: bool) -> u8 {
        loop {
            // ORDERING: Acquire pairs with the Release in `ends`.
            let found = self.status.load(Acquire);
            let runs = found == NEW || (found == POISONED && !stops);
            let swap = || self.status.compare_exchange(found, RUNS, Acquire, Relaxed);
            // Else a thread of another execution runs its closure.
            if (found != RUNS && !runs) || (runs && swap().is_ok()) {
                return found;
            }
            std::thread::yield_now();
        }
    }

    fn has_returned(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `ends`.
        self.status.load(Acquire) == COMPLETE
    }

    /// The running thread calls; what it finds.
    fn begins(&self, step: &mut Step<'_, Progress>, stops: bool, kind: Kind, at: At) -> u8 {
        let (me, found) = (step.me(), self.takes(stops));
        let runs = found == NEW || (found == POISONED && !stops);
        let (views, progress) = step.views_and_state();
        views.past.join(&progress.past);
        if runs {
            progress.runner = Some((me, at));
            step.takes_it(kind, const { word("call") });
        } else {
            step.shares_it(Kind::Share, const { word("call") });
        }
        found
    }

    fn begins_while_unwinding(&self, stops: bool, at: At) -> u8 {
        let runner = |progress: &Progress| progress.runner.map(|(runner, _)| runner);
        if self.handle.is_freed() || !self.handle.is_here() {
            return self.takes(stops);
        }
        free_while_unwinding(&self.handle, runner);
        self.handle.with(|step| {
            if !step.is_aborted() {
                step.steps_while_unwinding();
            }
            self.begins(step, stops, Kind::TryAcquire, at)
        })
    }

    /// The closure has ended.
    fn ends(&self, how: u8, at: At) {
        if !self.handle.is_here() || self.handle.is_freed() {
            self.status.store(how, Release);
            if self.handle.is_freed() && !unwinding() {
                self.handle.enter(at);
            }
            return;
        }
        let is_seen = with(|x| x.settings.releases_are_seen);
        let mut is_step = !(unwinding() && is_aborted());
        if is_seen && is_step && !unwinding() {
            is_step = try_point(Next::Runs);
            if is_step {
                must_live(self.handle.id(), at);
            }
        }
        self.status.store(how, Release);
        self.handle.with(|step| {
            if is_step && is_seen && unwinding() {
                step.steps_while_unwinding();
            }
            step.ends_closure(how == COMPLETE, is_step, at);
        });
        if !is_step && !unwinding() {
            unwind();
        }
    }

    /// Whether a closure has returned.
    pub(super) fn looks(&self, tell: Tell, at: At) -> bool {
        let seen = self.handle.step_even_if_unwinding(at, |step| {
            step.needs.releases_are_seen = true;
            step.sees_end(const { word("look") });
            let is_complete = self.has_returned();
            step.note(at, tell).values = [is_complete.into(), 0];
            let id = step.id;
            step.needs_living(id);
            is_complete
        });
        seen.unwrap_or_else(|| self.has_returned())
    }

    pub(super) fn wait_for(&self, what: &'static Ended, at: At) {
        if unwinding() {
            if !self.has_returned() {
                // The thread cannot wait.
                abort_after_panic();
                abandon();
            }
            return;
        }
        let sees = |step: &mut Step<'_, Progress>| {
            step.sees_end(const { word("wait") });
            let (id, ended) = (step.id, step.state().ended);
            let record = step.note(at, |record, names| {
                format!("wait for {}", names.object_of(record))
            });
            record.gate = ended.map_or(Gate::Open, Gate::After);
            record.waited = Some(wait_for(id, what));
            step.needs_living(id);
            self.has_returned()
        };
        let has_returned = match self.has_returned() {
            true => self.handle.step(at, sees),
            false => self.handle.step_after(what, at, sees),
        };
        assert!(has_returned, "{IS_POISONED}");
    }

    /// As new, for the only thread that can reach this.
    pub(super) fn begins_again(&mut self) {
        self.status = AtomicU8::new(NEW);
        if self.handle.is_here() {
            self.handle.with(|step| step.state().reset());
        }
    }
}

/// A closure runs. If it panics, this is dropped.
struct Runs<'a> {
    once: &'a Once,
    at: At,
}

impl Drop for Runs<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        self.once.ends(POISONED, self.at);
    }
}

impl Default for Once {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl Named for Once {
    fn named(mut self, name: &'static str) -> Self {
        self.handle.name(name);
        self
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}
