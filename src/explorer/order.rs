//! The same happenings in a better order: of all the orders in which an
//! execution's steps could have come without changing what they do, one with the
//! fewest preemptions.
//!
//! Steps of different threads that touch different things can change places
//! (the execution is one of a whole Mazurkiewicz trace). Mostly one order of each
//! trace is run; the simplest story may be another one.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

/// An index into [`Script::steps`].
type StepId = usize;

/// A step of an execution, reduced to what bears on its order.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) thread: usize,
    /// What it touches; whether it changes it. Two steps that touch the same, of
    /// which one changes it, keep their order.
    pub(super) touches: Vec<(usize, bool)>,
    /// Whether it locks (`true`) or unlocks a mutex.
    pub(super) locks: Option<(usize, bool)>,
    /// What it has to wait for.
    pub(super) gate: Gate,
    /// If it is a load that could have read another store: what it loads, and by
    /// which step the store that it reads was put. It may come before a store that
    /// is newer, or after it: then it is stale.
    pub(super) looks: Option<(usize, Option<StepId>)>,
    /// Nothing that the scene does: starts an actor, or learns that one has left.
    pub(super) off_stage: bool,
}

/// What holds a thread up before a step. Who is held up gives the processor away
/// for nothing; who is not is preempted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// The mutex must be free.
    Free(usize),
    /// That step must have been taken.
    After(StepId),
    /// All steps before it must have been taken: time only passes when nobody
    /// can go on.
    AfterAll,
    /// Nothing holds it up, but it waits: it is chance when it goes on.
    Chance,
    /// The thread must have ended.
    Ended(usize),
    /// One of these must be changed (any at all, if there are none) by a step
    /// later than that one.
    Changed(Vec<usize>, StepId),
    /// It never opens.
    Never,
}

/// An execution's steps in the order in which they were taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    pub(super) steps: Vec<Step>,
    /// What each thread waits for at the end, if it has not ended.
    pub(super) stuck: HashMap<usize, Gate>,
    /// The step that decides the outcome; what others do later does not matter.
    /// Without one, all steps do.
    pub(super) decisive: Option<StepId>,
}

/// An order of a script's steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) stale_reads: usize,
    pub(super) preemptions: usize,
    pub(super) steps: Vec<StepId>,
}

/// How far each thread has come, and who ran last.
type Place = (Vec<u16>, Option<usize>);
/// Stale reads, then preemptions, then changes of the processor, then steps.
type Cost = (usize, usize, usize, usize);

/// An order with the fewest stale reads and, of those, the fewest preemptions, if
/// it has fewer (of the one, or as many and fewer of the other) than given. The
/// search looks at no more than `places` places and takes those it has looked at
/// away from them; when there are none left, it gives up.
pub(super) fn fewest_preemptions(
    script: &Script,
    fewer_than: (usize, usize),
    places: &mut usize,
) -> Option<Order> {
    let search = Search::new(script);
    let start: Place = (vec![0; search.threads.len()], None);
    let mut open = BinaryHeap::from([Reverse(((0, 0, 0, 0), start.clone()))]);
    let mut came_from: HashMap<Place, (Cost, Option<(Place, StepId)>)> = HashMap::new();
    came_from.insert(start, ((0, 0, 0, 0), None));
    let mut closed: HashSet<Place> = HashSet::new();
    while let Some(Reverse((cost, place))) = open.pop() {
        if !closed.insert(place.clone()) {
            continue;
        }
        *places = places.checked_sub(1)?;
        if search.is_done(&place.0) {
            let mut steps = Vec::new();
            let mut at = &place;
            while let (_, Some((before, step))) = &came_from[at] {
                steps.push(*step);
                at = before;
            }
            steps.reverse();
            return Some(Order {
                stale_reads: cost.0,
                preemptions: cost.1,
                steps,
            });
        }
        let (taken, last) = &place;
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
                preemptions += usize::from(search.could_go_on(taken, last));
            }
            if (stale_reads, preemptions) >= fewer_than {
                continue;
            }
            let mut taken = taken.clone();
            taken[thread] += 1;
            let on_stage = !script.steps[step].off_stage;
            let next: Place = (taken, on_stage.then_some(thread));
            let cost = (stale_reads, preemptions, changes, steps + 1);
            if came_from.get(&next).is_none_or(|(known, _)| cost < *known) {
                came_from.insert(next.clone(), (cost, Some((place.clone(), step))));
                open.push(Reverse((cost, next)));
            }
        }
    }
    None
}

/// For each step of the order: why the processor changed hands after it, where it
/// did.
pub(super) fn handovers(script: &Script, order: &[StepId]) -> Vec<Option<Handover>> {
    let search = Search::new(script);
    let mut taken = vec![0; search.threads.len()];
    let mut handovers = Vec::new();
    for (place, &step) in order.iter().enumerate() {
        let thread = script.steps[step].thread;
        taken[thread] += 1;
        let next = order[place + 1..]
            .iter()
            .find(|&&next| !script.steps[next].off_stage);
        let changes = next.is_some_and(|&next| script.steps[next].thread != thread);
        handovers.push(changes.then(|| search.handover(&taken, thread)));
    }
    handovers
}

/// Which steps of the order read a store although there is a newer one.
pub(super) fn stale_reads(script: &Script, order: &[StepId]) -> HashSet<StepId> {
    let search = Search::new(script);
    let mut taken = vec![0; search.threads.len()];
    let mut stale = HashSet::new();
    for &step in order {
        if search.is_stale(&taken, step) {
            stale.insert(step);
        }
        taken[script.steps[step].thread] += 1;
    }
    stale
}

/// Why the processor changed hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Handover {
    Preempted,
    /// For what, and by which step the lock that it waits for was taken.
    Waits(Gate, Option<StepId>),
    Ended,
}

struct Search<'a> {
    script: &'a Script,
    /// Each thread's steps.
    threads: Vec<Vec<StepId>>,
    /// Each step's place among its thread's.
    place: Vec<u16>,
    /// For each step: how far every other thread must have come.
    needs: Vec<Vec<(usize, u16)>>,
    /// Each mutex's locks and unlocks.
    locks: HashMap<usize, Vec<StepId>>,
    /// Each thing's changes.
    changes: HashMap<usize, Vec<StepId>>,
}

impl<'a> Search<'a> {
    fn new(script: &'a Script) -> Self {
        let count = script.steps.iter().map(|step| step.thread + 1).max();
        let stuck = script.stuck.keys().map(|thread| thread + 1).max();
        let mut threads = vec![Vec::new(); count.max(stuck).unwrap_or(0)];
        let mut place = Vec::new();
        let mut needs = Vec::new();
        let mut locks: HashMap<usize, Vec<StepId>> = HashMap::new();
        let mut changes: HashMap<usize, Vec<StepId>> = HashMap::new();
        let mut looks_since: HashMap<usize, Vec<StepId>> = HashMap::new();
        for (id, step) in script.steps.iter().enumerate() {
            place.push(threads[step.thread].len() as u16);
            threads[step.thread].push(id);
            let mut after: Vec<StepId> = Vec::new();
            after.extend(step.looks.and_then(|(_, store)| store));
            for &(thing, does_change) in &step.touches {
                let changes = changes.entry(thing).or_default();
                after.extend(changes.last());
                if does_change {
                    after.extend(looks_since.remove(&thing).unwrap_or_default());
                    changes.push(id);
                } else {
                    looks_since.entry(thing).or_default().push(id);
                }
            }
            match step.gate {
                Gate::After(other) => after.push(other),
                Gate::AfterAll => after.extend(0..id),
                Gate::Ended(thread) => after.extend(threads.get(thread).and_then(|t| t.last())),
                _ => {}
            }
            let need = |&other: &StepId| (script.steps[other].thread, place[other] + 1);
            needs.push(after.iter().map(need).collect());
            if let Some((mutex, _)) = step.locks {
                locks.entry(mutex).or_default().push(id);
            }
        }
        Self {
            script,
            threads,
            place,
            needs,
            locks,
            changes,
        }
    }

    /// Whether the step, taken now, reads a store although there is a newer one.
    fn is_stale(&self, taken: &[u16], step: StepId) -> bool {
        let Some((thing, store)) = self.script.steps[step].looks else {
            return false;
        };
        let newer = |&&change: &&StepId| store.is_none_or(|store| change > store);
        let mut changes = self.changes.get(&thing).into_iter().flatten();
        changes.any(|change| newer(&change) && self.is_taken(taken, *change))
    }

    fn is_taken(&self, taken: &[u16], step: StepId) -> bool {
        self.place[step] < taken[self.script.steps[step].thread]
    }

    fn is_done(&self, taken: &[u16]) -> bool {
        match self.script.decisive {
            Some(step) => self.is_taken(taken, step),
            None => (0..self.threads.len()).all(|thread| self.next(taken, thread).is_none()),
        }
    }

    fn next(&self, taken: &[u16], thread: usize) -> Option<StepId> {
        self.threads[thread]
            .get(usize::from(taken[thread]))
            .copied()
    }

    /// Whether the step may come now without changing what any step does.
    fn may_come(&self, taken: &[u16], step: StepId) -> bool {
        self.needs[step]
            .iter()
            .all(|&(thread, far)| taken[thread] >= far)
    }

    /// What holds the thread up; `None` if it has ended.
    fn gate(&self, taken: &[u16], thread: usize) -> Option<&Gate> {
        match self.next(taken, thread) {
            Some(step) => Some(&self.script.steps[step].gate),
            None => self.script.stuck.get(&thread),
        }
    }

    /// Why the thread gives the processor away.
    fn handover(&self, taken: &[u16], thread: usize) -> Handover {
        let leaves = |step: StepId| self.script.steps[step].off_stage;
        match self.gate(taken, thread) {
            None => Handover::Ended,
            Some(_) if self.next(taken, thread).is_some_and(leaves) => Handover::Ended,
            Some(gate) if self.is_open(taken, thread, gate) => Handover::Preempted,
            Some(gate) => Handover::Waits(gate.clone(), self.holder(taken, gate)),
        }
    }

    fn could_go_on(&self, taken: &[u16], thread: usize) -> bool {
        self.gate(taken, thread)
            .is_some_and(|gate| self.is_open(taken, thread, gate))
    }

    fn is_open(&self, taken: &[u16], thread: usize, gate: &Gate) -> bool {
        match gate {
            Gate::Open => true,
            Gate::Never | Gate::Chance => false,
            Gate::Free(_) => self.holder(taken, gate).is_none(),
            Gate::After(step) => self.is_taken(taken, *step),
            Gate::AfterAll => match self.next(taken, thread) {
                Some(step) => self.may_come(taken, step),
                None => false,
            },
            Gate::Ended(other) => {
                self.next(taken, *other).is_none() && !self.script.stuck.contains_key(other)
            }
            Gate::Changed(things, since) => self.script.steps[*since + 1..]
                .iter()
                .zip(*since + 1..)
                .any(|(step, id)| {
                    let changes = |&(thing, changes): &(usize, bool)| {
                        changes && (things.is_empty() || things.contains(&thing))
                    };
                    step.touches.iter().any(changes) && self.is_taken(taken, id)
                }),
        }
    }

    /// The step that took the lock which the gate waits for, if it is held.
    fn holder(&self, taken: &[u16], gate: &Gate) -> Option<StepId> {
        let Gate::Free(mutex) = gate else {
            return None;
        };
        let last = self
            .locks
            .get(mutex)?
            .iter()
            .rev()
            .find(|&&step| self.is_taken(taken, step))?;
        matches!(self.script.steps[*last].locks, Some((_, true))).then_some(*last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(thread: usize, touches: &[(usize, bool)]) -> Step {
        Step {
            thread,
            touches: touches.to_vec(),
            locks: None,
            gate: Gate::Open,
            looks: None,
            off_stage: false,
        }
    }

    fn lock(thread: usize, mutex: usize, locks: bool) -> Step {
        Step {
            thread,
            touches: vec![(mutex, true)],
            locks: Some((mutex, locks)),
            gate: if locks { Gate::Free(mutex) } else { Gate::Open },
            looks: None,
            off_stage: false,
        }
    }

    fn script(steps: Vec<Step>) -> Script {
        Script {
            steps,
            ..Script::default()
        }
    }

    #[test]
    fn independent_steps_need_no_preemption_however_they_were_run() {
        let shuffled = script(vec![
            step(0, &[(0, true)]),
            step(1, &[(1, true)]),
            step(0, &[(0, true)]),
            step(1, &[(1, true)]),
        ]);
        let order = fewest_preemptions(&shuffled, (9, 9), &mut 1_000).unwrap();
        assert_eq!((order.preemptions, order.steps.len()), (0, 4));
    }

    #[test]
    fn a_lost_update_needs_one() {
        let lost = script(vec![
            step(0, &[(0, false)]),
            step(1, &[(0, false)]),
            step(0, &[(0, true)]),
            step(1, &[(0, true)]),
        ]);
        assert_eq!(
            fewest_preemptions(&lost, (9, 9), &mut 1_000)
                .unwrap()
                .preemptions,
            1
        );
        assert_eq!(fewest_preemptions(&lost, (0, 1), &mut 1_000), None);
    }

    #[test]
    fn a_search_ends_when_its_places_are_used_up() {
        let script = script(vec![step(0, &[(0, true)]), step(1, &[(0, true)])]);
        let mut places = 2;
        assert_eq!(fewest_preemptions(&script, (9, 9), &mut places), None);
        assert_eq!(places, 0);
    }

    #[test]
    fn who_waits_for_a_lock_is_not_preempted() {
        // A deadlock: a after b, b after a. One preemption, in whichever thread.
        let mut deadlock = script(vec![lock(0, 10, true), lock(1, 11, true)]);
        deadlock.stuck = HashMap::from([(0, Gate::Free(11)), (1, Gate::Free(10))]);
        let order = fewest_preemptions(&deadlock, (9, 9), &mut 1_000).unwrap();
        assert_eq!(order.preemptions, 1);
        let handovers = handovers(&deadlock, &order.steps);
        assert_eq!(handovers, [Some(Handover::Preempted), None]);
    }

    #[test]
    fn what_others_do_after_the_decisive_step_does_not_matter() {
        let mut early = script(vec![
            step(0, &[(0, true)]),
            step(1, &[(1, true)]),
            step(0, &[(0, true)]),
        ]);
        early.decisive = Some(1);
        let order = fewest_preemptions(&early, (9, 9), &mut 1_000).unwrap();
        assert_eq!((order.preemptions, order.steps), (0, vec![1]));
    }

    #[test]
    fn who_is_held_up_says_by_whom() {
        // Thread 0 is preempted in its critical section; thread 1 waits for it.
        let held = Script {
            steps: vec![
                lock(0, 10, true),
                step(0, &[(0, false)]),
                step(1, &[(0, true)]),
                step(0, &[(0, false)]),
                lock(0, 10, false),
                lock(1, 10, true),
                lock(1, 10, false),
            ],
            ..Script::default()
        };
        let order = fewest_preemptions(&held, (9, 9), &mut 1_000).unwrap();
        assert_eq!(order.preemptions, 1);
        assert_eq!(order.steps, [0, 1, 2, 3, 4, 5, 6]);
        let handovers = handovers(&held, &order.steps);
        assert_eq!(handovers[1], Some(Handover::Preempted));
        assert_eq!(handovers[2], Some(Handover::Waits(Gate::Free(10), Some(0))));
        assert_eq!(handovers[4], Some(Handover::Ended));
    }
}
