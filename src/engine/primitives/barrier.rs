//! `std::sync::Barrier`.
//!
//! As in std's implementation, the last thread to arrive is the leader. Std promises
//! only that there is one.

use crate::engine::clock::Past;
use crate::engine::execution::abort::unwinding;
use crate::engine::execution::freed::must_live;
use crate::engine::execution::handle::Handle;
use crate::engine::execution::object::{Blocking, State};
use crate::engine::execution::panics::abort_after_panic;
use crate::engine::execution::schedule::wait;
use crate::engine::execution::step::Step;
use crate::engine::execution::thread::Next;
use crate::engine::hash::word;
use crate::engine::ids::{At, ThreadId};
use crate::sync::names::Named;
use std::panic::Location;

/// The threads that have arrived since the barrier opened last.
#[derive(Default)]
struct Arrivals {
    waiting: Vec<ThreadId>,
    /// What happens before the barrier opens.
    past: Past,
}

impl State for Arrivals {
    fn reset(&mut self) {
        self.waiting.clear();
        self.past.clear();
    }
}

/// Waits for the last thread to arrive, which ends the wait.
struct Gathering;

impl Blocking for Gathering {
    fn is_over(&self, _: &dyn State) -> bool {
        false
    }

    fn describe(&self, object: &str, _timed: bool) -> String {
        format!("waits at `{object}`")
    }

    fn never(&self) -> &'static str {
        ": too few threads will ever arrive"
    }
}

/// The model's `std::sync::Barrier`.
#[derive(Debug)]
pub struct Barrier {
    handle: Handle<Arrivals>,
    size: usize,
}

/// Whether a thread was the leader.
#[derive(Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether this thread was the one that opened the barrier.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier that opens when `n` threads wait; with 0 as with 1.
    #[track_caller]
    #[must_use]
    pub const fn new(n: usize) -> Self {
        Self {
            handle: Handle::new("barrier"),
            size: if n == 0 { 1 } else { n },
        }
    }

    /// Waits until as many threads as the barrier was made for have called this.
    #[inline(never)]
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let at = Location::caller();
        let this = self.handle.here(self);
        let arrived = this
            .handle
            .step_even_if_unwinding(at, |step| this.arrives(step, at));
        if arrived == Some(false) {
            if unwinding() {
                // The thread cannot wait.
                abort_after_panic();
            } else {
                this.gathers(at);
            }
        }
        BarrierWaitResult(arrived == Some(true))
    }

    /// The running thread arrives; whether it is the last.
    fn arrives(&self, step: &mut Step<'_, Arrivals>, at: At) -> bool {
        step.writes_it(const { word("arrive") });
        let me = step.me();
        let (views, arrivals) = step.views_and_state();
        arrivals.past.join(&views.past);
        let arrived = arrivals.waiting.len() + 1;
        let is_last = arrived == self.size;
        step.note(at, |record, names| {
            let [arrived, size] = record.values;
            format!("arrive at {}: {arrived} of {size}", names.object_of(record))
        })
        .values = [arrived as u64, self.size as u64];
        match is_last {
            true => opens(step),
            false => step.state().waiting.push(me),
        }
        is_last
    }

    /// Waits for the others.
    fn gathers(&self, at: At) {
        let waited = self.handle.wait(&Gathering, false);
        wait(waited);
        // As in std's implementation, the thread must still take a lock before it passes.
        must_live(waited.object, at);
        self.handle.with(|step| {
            step.needs_living(waited.object);
            let gate = step.enabled_by();
            let record = step.note(at, |record, names| {
                format!("pass {}", names.object_of(record))
            });
            record.gate = gate;
            record.waited = Some(waited);
        });
    }
}

/// The last thread has arrived: what all have done before happens before what each does
/// from now on.
fn opens(step: &mut Step<'_, Arrivals>) {
    let (views, arrivals) = step.views_and_state();
    views.past.join(&arrivals.past);
    let past = std::mem::take(&mut arrivals.past);
    let mut waiting = std::mem::take(&mut arrivals.waiting);
    let (barrier, by) = (step.id, step.trace.next() - 1);
    for thread in waiting.drain(..) {
        step.threads[thread].views.past.join(&past);
        step.ends_wait_of(thread, barrier, Some(Next::Runs), by);
    }
    step.state().waiting = waiting;
}

impl Named for Barrier {
    fn named(mut self, name: &'static str) -> Self {
        self.handle.name(name);
        self
    }
}
