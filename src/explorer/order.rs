//! The same happenings in a better order: of all the orders in which an
//! execution's steps could have come without changing what they do, one with the
//! fewest preemptions.
//!
//! Independent steps of different threads can change places
//! (the execution is one of a whole Mazurkiewicz trace). Mostly one order of each
//! trace is run; the simplest story may be another one.

use crate::engine::access::{Access, Accesses, Kind, Location};
use crate::engine::execution::trace::Hold;
use crate::engine::hash::Hashed;
use crate::engine::ids::{MAX_THREADS, ObjectId, ThreadId};
use place::Place;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::hash_map::Entry;

/// An index into [`Script::steps`].
type StepId = usize;

/// A step of an execution, reduced to what bears on its order.
#[derive(Debug, Clone)]
pub(super) struct Step<'x> {
    pub(super) thread: ThreadId,
    /// Two steps with dependent accesses keep their order.
    pub(super) accesses: &'x [Access],
    /// Whether it takes or releases a lock, and which.
    pub(super) locks: Option<(ObjectId, Hold)>,
    /// What it has to wait for.
    pub(super) gate: Gate,
    /// Whether its thread yields before it.
    pub(super) yields: bool,
    /// If it is a load that could have read another store: the location, and the step
    /// that wrote the store it reads. The load may come before a newer store, or after
    /// it: then it is stale.
    pub(super) loads: Option<(Location, Option<StepId>)>,
    /// Nothing that the scene does: starts an actor, or learns that one has ended.
    pub(super) is_setup: bool,
}

/// What holds a thread up before a step. A thread that is held up leaves the processor
/// by itself; one that is not is preempted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// The lock must be free.
    Free(ObjectId),
    /// No thread may hold the lock alone.
    Shared(ObjectId),
    /// That step must have been taken.
    After(StepId),
    /// All steps before that one must have been taken: time passes only when no thread can
    /// go on.
    AfterAll(StepId),
    /// Nothing holds it up, but it waits: it is chance when it goes on.
    Chance,
    /// The thread must have ended.
    Ended(ThreadId),
    /// It loops until one of these is written.
    Written(Vec<ObjectId>),
    /// It never opens.
    Never,
}

/// An execution's steps in the order in which they were taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Script<'x> {
    pub(super) steps: Vec<Step<'x>>,
    /// What each thread that has not ended at the end waits for, and whether it yields
    /// before.
    pub(super) unended: Vec<(ThreadId, Gate, bool)>,
    /// The outcome is decided when these steps have been taken, in whatever order; what
    /// others do later does not matter. Without any, all steps do.
    pub(super) decisive: Vec<StepId>,
}

/// An order of a script's steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) stale_reads: usize,
    pub(super) preemptions: usize,
    pub(super) steps: Vec<StepId>,
}

/// The best way so far to a place.
struct Reached {
    cost: Cost,
    /// By which step, and from where.
    by: Option<(Place, StepId)>,
    /// There is no better way.
    is_final: bool,
}

/// Stale reads, then preemptions, then changes of the processor, then steps.
type Cost = (usize, usize, usize, usize);

/// An order with the fewest stale reads and, of those, the fewest preemptions, if
/// it has fewer (of the one, or as many and fewer of the other) than given. The
/// search looks at no more than `places` places and takes those it has looked at
/// away from them; when there are none left, it gives up.
///
/// # Errors
/// How many stale reads and preemptions every order has at least, if it gave up.
pub(super) fn fewest_preemptions(
    script: &Script<'_>,
    fewer_than: (usize, usize),
    places: &mut usize,
) -> Result<Option<Order>, (usize, usize)> {
    let search = Search::new(script);
    let start = Reached {
        cost: (0, 0, 0, 0),
        by: None,
        is_final: false,
    };
    let mut open = BinaryHeap::from([Reverse((start.cost, Place::START))]);
    let mut reached: Hashed<Place, Reached> = [(Place::START, start)].into_iter().collect();
    while let Some(Reverse((cost, place))) = open.pop() {
        if let Some(here) = reached.get_mut(&place)
            && std::mem::replace(&mut here.is_final, true)
        {
            continue;
        }
        *places = places.checked_sub(1).ok_or((cost.0, cost.1))?;
        if search.is_done(&place.taken) {
            let mut steps = Vec::new();
            let mut at = &place;
            while let Some((before, step)) = &reached[at].by {
                steps.push(*step);
                at = before;
            }
            steps.reverse();
            return Ok(Some(Order {
                stale_reads: cost.0,
                preemptions: cost.1,
                steps,
            }));
        }
        let Place { taken, last, .. } = &place;
        for thread in 0..search.threads.len() {
            let Some(step) = search.next(taken, thread) else {
                continue;
            };
            if !search.may_come(taken, step) {
                continue;
            }
            let (mut stale_reads, mut preemptions, mut changes, steps) = cost;
            stale_reads += usize::from(search.is_stale(taken, step));
            if let Some(last) = last.filter(|&last| last != thread) {
                changes += 1;
                preemptions += usize::from(search.handover(taken, last) == Handover::Preempted);
            }
            if (stale_reads, preemptions) >= fewer_than {
                continue;
            }
            let is_setup = script.steps[step].is_setup;
            let next = place.after(thread, (!is_setup).then_some(thread));
            let cost = (stale_reads, preemptions, changes, steps + 1);
            let new = Reached {
                cost,
                by: Some((place, step)),
                is_final: false,
            };
            match reached.entry(next) {
                Entry::Vacant(entry) => _ = entry.insert(new),
                Entry::Occupied(mut known) if cost < known.get().cost => _ = known.insert(new),
                Entry::Occupied(_) => continue,
            }
            open.push(Reverse((cost, next)));
        }
    }
    Ok(None)
}

/// Why the processor changed hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Handover {
    Preempted,
    Yields,
    /// For what, and by which step the lock that it waits for was taken.
    Waits(Gate, Option<StepId>),
    Ended,
}

struct Search<'a> {
    script: &'a Script<'a>,
    /// Each thread's steps.
    threads: Vec<Vec<StepId>>,
    /// Each step's place among its thread's.
    place: Vec<u16>,
    /// How far other threads must have come: one step after the other.
    needs: Vec<(ThreadId, u16)>,
    /// Where those of each step begin.
    first_need: Vec<u32>,
    /// Each lock's acquisitions and releases.
    locks: Vec<Vec<StepId>>,
    /// Each location's writes, if there are loads that could have read another store.
    writes: Hashed<Location, Vec<StepId>>,
}

impl<'a> Search<'a> {
    fn new(script: &'a Script<'a>) -> Self {
        let count = script.steps.iter().map(|step| step.thread + 1).max();
        let unended = script.unended.iter().map(|(thread, ..)| thread + 1).max();
        let mut threads = vec![Vec::new(); count.max(unended).unwrap_or(0)];
        let mut place = Vec::with_capacity(script.steps.len());
        let mut needs = Vec::new();
        let mut first_need = Vec::with_capacity(script.steps.len() + 1);
        let locked = script.steps.iter().filter_map(|step| step.locks);
        let locks = locked.map(|(lock, _)| lock + 1).max().unwrap_or(0);
        let mut locks = vec![Vec::new(); locks];
        let may_be_stale = script.steps.iter().any(|step| step.loads.is_some());
        let mut writes: Hashed<Location, Vec<StepId>> = Hashed::default();
        let mut so_far: Hashed<Location, Accesses> = Hashed::default();
        so_far.reserve(script.steps.len());
        let mut after: Vec<StepId> = Vec::new();
        for (id, step) in script.steps.iter().enumerate() {
            place.push(threads[step.thread].len() as u16);
            threads[step.thread].push(id);
            after.clear();
            after.extend(step.loads.and_then(|(_, store)| store));
            for &Access { location, kind } in step.accesses {
                let earlier = so_far.entry(location).or_default();
                // A load that chooses comes after the store that it reads, as above.
                if !matches!(kind, Kind::ReadsFrom(..)) {
                    after.extend(earlier.before(kind).map(|step| step as StepId));
                }
                if kind == Kind::Destroy {
                    after.extend(earlier.before_destruction().map(|step| step as StepId));
                }
                earlier.add(kind, id as u32);
                if may_be_stale && kind.writes() {
                    writes.entry(location).or_default().push(id);
                }
            }
            match step.gate {
                Gate::After(other) => after.push(other),
                Gate::AfterAll(end) => after.extend(0..end),
                Gate::Ended(thread) => after.extend(threads.get(thread).and_then(|t| t.last())),
                _ => {}
            }
            // Its own earlier accesses do not hold it up.
            after.retain(|&other| other != id);
            let need = |&other: &StepId| (script.steps[other].thread, place[other] + 1);
            first_need.push(needs.len() as u32);
            needs.extend(after.iter().map(need));
            if let Some((lock, _)) = step.locks {
                locks[lock].push(id);
            }
        }
        first_need.push(needs.len() as u32);
        Self {
            script,
            threads,
            place,
            needs,
            first_need,
            locks,
            writes,
        }
    }

    /// Whether the step, taken now, reads a store although there is a newer one.
    fn is_stale(&self, taken: &[u16], step: StepId) -> bool {
        let Some((location, store)) = self.script.steps[step].loads else {
            return false;
        };
        let newer = |&&write: &&StepId| store.is_none_or(|store| write > store);
        let mut writes = self.writes.get(&location).into_iter().flatten();
        writes.any(|write| newer(&write) && self.is_taken(taken, *write))
    }

    fn is_taken(&self, taken: &[u16], step: StepId) -> bool {
        self.place[step] < taken[self.script.steps[step].thread]
    }

    fn is_done(&self, taken: &[u16]) -> bool {
        match &self.script.decisive[..] {
            [] => (0..self.threads.len()).all(|thread| self.next(taken, thread).is_none()),
            steps => steps.iter().all(|&step| self.is_taken(taken, step)),
        }
    }

    fn next(&self, taken: &[u16], thread: usize) -> Option<StepId> {
        // A thread that has done nothing that is told has no steps.
        let steps = self.threads.get(thread)?;
        steps.get(usize::from(*taken.get(thread)?)).copied()
    }

    /// Whether the step may come now without changing what any step does.
    fn may_come(&self, taken: &[u16], step: StepId) -> bool {
        let mut needs = self.needs_of(step).iter();
        needs.all(|&(thread, far)| taken[thread] >= far)
    }

    /// How far other threads must have come before the step.
    fn needs_of(&self, step: StepId) -> &[(ThreadId, u16)] {
        let (first, end) = (self.first_need[step], self.first_need[step + 1]);
        &self.needs[first as usize..end as usize]
    }

    /// How the thread stands at the end, if it has not ended then.
    fn unended(&self, thread: ThreadId) -> Option<&(ThreadId, Gate, bool)> {
        let mut unended = self.script.unended.iter();
        unended.find(|(other, ..)| *other == thread)
    }

    /// What holds the thread up; `None` if it has ended.
    fn gate(&self, taken: &[u16], thread: usize) -> Option<&Gate> {
        match self.next(taken, thread) {
            Some(step) => Some(&self.script.steps[step].gate),
            None => self.unended(thread).map(|(_, gate, _)| gate),
        }
    }

    /// Why the thread gives the processor away.
    fn handover(&self, taken: &[u16], thread: usize) -> Handover {
        let leaves = |step: StepId| self.script.steps[step].is_setup;
        match self.gate(taken, thread) {
            None => Handover::Ended,
            Some(_) if self.next(taken, thread).is_some_and(leaves) => Handover::Ended,
            Some(gate) if !self.is_open(taken, gate) => {
                Handover::Waits(gate.clone(), self.holder(taken, gate))
            }
            Some(_) if self.yields(taken, thread) => Handover::Yields,
            Some(_) => Handover::Preempted,
        }
    }

    fn yields(&self, taken: &[u16], thread: usize) -> bool {
        match self.next(taken, thread) {
            Some(step) => self.script.steps[step].yields,
            None => self.unended(thread).is_some_and(|&(.., yields)| yields),
        }
    }

    /// Whether a thread that comes there now need not wait. One that waits has left the
    /// processor by itself, even if it could be woken at once.
    fn is_open(&self, taken: &[u16], gate: &Gate) -> bool {
        match gate {
            Gate::Open => true,
            Gate::Never | Gate::Chance | Gate::AfterAll(_) | Gate::Written(_) => false,
            Gate::Free(_) | Gate::Shared(_) => self.holder(taken, gate).is_none(),
            Gate::After(step) => self.is_taken(taken, *step),
            Gate::Ended(other) => {
                self.next(taken, *other).is_none() && self.unended(*other).is_none()
            }
        }
    }

    /// The last step that took the lock which the gate waits for, if it is held.
    fn holder(&self, taken: &[u16], gate: &Gate) -> Option<StepId> {
        let (lock, is_shared) = match gate {
            Gate::Free(lock) => (lock, false),
            Gate::Shared(lock) => (lock, true),
            _ => return None,
        };
        // A thread releases what it took last.
        let mut released = [0; MAX_THREADS];
        let steps = self.locks.get(*lock)?.iter().rev().copied();
        { steps.filter(|&step| self.is_taken(taken, step)) }.find(|&step| {
            let Step { thread, locks, .. } = self.script.steps[step];
            let released = &mut released[thread];
            match locks {
                Some((_, Hold::Releases)) => *released += 1,
                Some((_, Hold::Takes | Hold::Shares)) if *released > 0 => *released -= 1,
                Some((_, Hold::Takes)) => return true,
                Some((_, Hold::Shares)) => return !is_shared,
                Some((_, Hold::Downgrades)) if is_shared => *released += 1,
                _ => {}
            }
            false
        })
    }
}

pub(super) mod handovers;
pub(super) mod lanes;
pub(super) mod parting;
mod place;

#[cfg(test)]
mod tests;
