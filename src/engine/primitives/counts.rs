//! The counts of an [`Arc`](super::arc::Arc): std's hold the numbers, this what happens
//! before what.
//!
//! # Why most clones and drops are no steps
//! An operation on the counts either changes them or observes them, and some do both. Two
//! operations of two threads make a difference only if one observes what the other
//! changes, and if their order is open: then neither happens before the other. Each
//! operation compares vector clocks, as the detection of data races does. If the order of a
//! pair is open, the exploration starts again, and all such operations on the `Arc`s of
//! that line are schedule points and depend on each other. Otherwise every interleaving
//! with the same steps has the same order of all such pairs, so that none observes
//! anything else.
//!
//! The last drop observes the others in two ways. It runs the value's destructor: if that
//! takes a step, other threads can tell which thread ran it. (That it frees objects is no
//! step: see `freed.rs`.) And it acquires what the other drops have released. Without
//! steps that reaches only the destructor. If the thread does anything afterwards, or a
//! thread that joins it does, before it knows of the other drops in another way, then that
//! is an observation too.

use crate::engine::access::Kind;
use crate::engine::clock::{Past, VectorClock};
use crate::engine::execution::abort::{is_aborted, unwinding};
use crate::engine::execution::counts::{ARC, Change};
use crate::engine::execution::handle::Handle;
use crate::engine::execution::iteration::Seen;
use crate::engine::execution::object::State;
use crate::engine::execution::run::Execution;
use crate::engine::execution::schedule::point;
use crate::engine::execution::step::Step;
use crate::engine::execution::thread::Next;
use crate::engine::execution::trace::Tell;
use crate::engine::hash::word;
use crate::engine::ids::{At, ObjectId};
use std::any::Any;

/// What the threads of an execution share of the counts.
#[derive(Default)]
pub(super) struct Counts {
    /// When each thread made its last change of each kind, and its last observation.
    changed: [VectorClock; 3],
    observed: [VectorClock; 3],
    /// What the drops of an `Arc`, and of a `Weak`, have released.
    pub(super) released: Past,
    pub(super) weak_released: Past,
    /// The value was dropped, or has not begun.
    is_over: bool,
    /// Where the value is, if that was asked.
    pub(super) address: usize,
}

impl State for Counts {
    fn reset(&mut self) {
        self.changed = Default::default();
        self.observed = Default::default();
        self.released.clear();
        self.weak_released.clear();
        self.is_over = false;
        self.address = 0;
    }

    fn is_leaked(&self) -> bool {
        !self.is_over
    }

    fn lies_in_one_place(&self) -> bool {
        false
    }
}

/// How many `Arc`s there are, and how many `Weak`s.
pub(super) type Numbers = (usize, usize);

/// What an operation does to the counts.
pub(super) struct Deed {
    pub(super) word: u64,
    /// The least change that it can tell.
    pub(super) observes: Option<Change>,
    pub(super) changes: Option<Change>,
    /// The counts after it.
    pub(super) after: Numbers,
    /// For the story: a value that `tell` knows.
    pub(super) value: usize,
    pub(super) tell: Tell,
}

/// An operation on the counts: a step if other threads can tell. `may`: the least change
/// that it makes, or `Drop` if it observes any. `None` while an aborted execution unwinds.
pub(super) fn operates<R>(
    handle: &Handle<Counts>,
    at: At,
    may: Change,
    numbers: impl Fn() -> Numbers,
    f: impl FnOnce(&mut Step<'_, Counts>, Numbers) -> (Deed, R),
) -> Option<R> {
    let unwinds = unwinding();
    if unwinds && (!handle.is_here() || is_aborted()) {
        return None;
    }
    if !unwinds {
        handle.enter(at);
    }
    let (is_step, waits) = handle.with(|step| {
        let is_step = step.counts_are_seen(step.id, may);
        (is_step, step.waits_in_loop())
    });
    if (is_step || waits) && !unwinds {
        point(Next::Runs);
    }
    Some(handle.with(|step| {
        if is_step && unwinds {
            step.steps_while_unwinding();
        }
        let me = step.me();
        let knows = step.threads[me].views.past.clock;
        let seen = step.has(numbers());
        let (deed, result) = f(step, numbers());
        if deed.observes.is_some() {
            step.sees(seen);
        }
        step.does(&deed, &knows, is_step.then_some(at));
        result
    }))
}

impl Step<'_, Counts> {
    /// The counts are these: a thread that waits looks again when they differ.
    fn has(&mut self, (strong, weak): Numbers) -> Seen {
        let (id, version) = (self.id, ((strong as u64) << 32) | weak as u64);
        self.objects[id].version = version;
        self.state().is_over = strong == 0;
        Seen::Version(id, version)
    }

    fn does(&mut self, deed: &Deed, knows: &VectorClock, step_at: Option<At>) {
        let (id, me) = (self.id, self.me());
        match (step_at, deed.changes) {
            (None, _) => self.threads[me].views.past.clock.tick(me),
            (Some(_), Some(_)) => {
                self.rewrites(id, Kind::Write, deed.word, 0);
                self.changes_for_others(id);
            }
            (Some(_), None) => {
                let writes = self.objects[id].writes;
                self.step(id, Kind::Read, (writes, deed.word, 0));
            }
        }
        self.has(deed.after);
        self.compares(deed, knows);
        if let Some(at) = step_at {
            self.note(at, deed.tell).values = [deed.value as u64, 0];
        }
    }

    /// Finds operations of other threads that the running thread did not know of before this
    /// one, and that this one can tell, or that can tell this one.
    fn compares(&mut self, deed: &Deed, knows: &VectorClock) {
        let (id, me) = (self.id, self.me());
        let (views, counts) = self.views_and_state();
        let time = views.past.clock.of(me);
        let mut seen = Vec::new();
        for change in Change::ALL {
            let (observed, changed) = (&mut counts.observed, &counts.changed[change as usize]);
            let tells = deed.observes.is_some_and(|it| it <= change);
            let is_told = deed.changes == Some(change)
                && !observed[..=change as usize]
                    .iter()
                    .all(|observed| knows.includes_all(observed));
            if is_told || (tells && !knows.includes_all(changed)) {
                seen.push(change);
            }
        }
        if let Some(change) = deed.changes {
            counts.changed[change as usize].raise(me, time);
        }
        if let Some(observes) = deed.observes {
            counts.observed[observes as usize].raise(me, time);
        }
        seen.into_iter()
            .for_each(|change| self.must_see_counts(id, change));
    }

    /// It has found that its reference is the only one, or makes another of a `Weak`.
    pub(super) fn acquires(&mut self, weak_too: bool) {
        let (views, counts) = self.views_and_state();
        views.past.join(&counts.released);
        if weak_too {
            views.past.join(&counts.weak_released);
        }
    }

    /// It gives its reference up.
    pub(super) fn releases(&mut self) {
        let (views, counts) = self.views_and_state();
        counts.released.join(&views.past);
    }
}

/// The running thread drops an `Arc`. If that is the last one: the destructor of the value
/// runs as long as what this returns.
pub(super) fn drops<'h>(
    handle: &'h Handle<Counts>,
    at: At,
    numbers: impl Fn() -> Numbers,
) -> Option<Destructor<'h>> {
    let is_last = operates(handle, at, Change::Drop, numbers, |step, (strong, weak)| {
        step.releases();
        let after = (strong - 1, weak);
        let deed = Deed {
            word: const { word("drop") },
            observes: None,
            changes: Some(Change::Drop),
            after,
            value: after.0,
            tell: |record, names| {
                format!("drop {} → {}", names.object_of(record), record.values[0])
            },
        };
        (deed, after.0 == 0)
    });
    match is_last {
        Some(true) => handle.with(|step| Destructor::begins(step, handle)),
        _ => None,
    }
}

/// The destructor of a value whose last drop is no step, and comes after drops that the
/// thread does not know of.
pub(super) struct Destructor<'h> {
    handle: &'h Handle<Counts>,
    /// What the thread knew before, and had done.
    knew: Past,
    deeds: (u64, usize),
    dropped: VectorClock,
    unwinds: bool,
}

impl<'h> Destructor<'h> {
    fn begins(step: &mut Step<'_, Counts>, handle: &'h Handle<Counts>) -> Option<Self> {
        let is_step = step.counts_are_seen(step.id, Change::Drop);
        let deeds = step.deeds_of_current();
        let (views, counts) = step.views_and_state();
        let dropped = counts.changed[Change::Drop as usize];
        let is_known = views.past.clock.includes_all(&dropped);
        let knew = views.past.clone();
        views.past.join(&counts.released);
        (!is_step && !is_known).then(|| Self {
            handle,
            knew,
            deeds,
            dropped,
            unwinds: unwinding(),
        })
    }
}

impl Drop for Destructor<'_> {
    fn drop(&mut self) {
        if !self.handle.is_here() || is_aborted() {
            return;
        }
        let panics = unwinding() && !self.unwinds;
        self.handle.with(|step| {
            let (id, me) = (step.id, step.me());
            if panics || step.deeds_of_current() != self.deeds {
                return step.must_see_counts(id, Change::Drop);
            }
            // As if another thread had dropped the last: that is the same.
            let past = &mut step.threads[me].views.past;
            let time = past.clock.of(me);
            *past = std::mem::take(&mut self.knew);
            past.clock.raise(me, time);
            step.leaves_unacquired(id, self.dropped);
        });
    }
}

/// The object of the `Arc` whose value is there.
pub(super) fn at_address(address: usize) -> Option<Handle<Counts>> {
    Handle::find_by(ARC, |x: &mut Execution| {
        let is_there = |&id: &ObjectId| {
            let state: &dyn Any = &*x.objects[id].state;
            let counts = state.downcast_ref::<Counts>();
            counts.is_some_and(|counts| counts.address == address)
        };
        (0..x.objects.len()).rev().find(is_there)
    })
}
