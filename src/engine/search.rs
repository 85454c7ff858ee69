//! Which interleavings are still to be run.
//!
//! An execution is a sequence of *transitions*: what a thread does from one schedule
//! point to the next. Two executions that differ only in the order of independent
//! transitions are the same interleaving (a Mazurkiewicz trace), and one of them is
//! enough. The search runs an execution, looks for its reversible races (two
//! dependent transitions that nothing else orders), and for each race runs an
//! execution in which the two come the other way round: dynamic partial-order
//! reduction with source sets. A transition that would only lead to what was explored
//! before sleeps and is not taken: sleep sets. Both are from Abdulla, Aronis,
//! Jonsson, Sagonas: *Optimal Dynamic Partial Order Reduction*, POPL 2014.
//!
//! Choices within a transition (a load's store, a waiter) are tried one after another.
//!
//! With a bound on preemptions, other orders are left out: see [`bounded`].
//!
//! The search knows threads, transitions and accesses. It knows no coroutine and no
//! primitive.

mod bounded;
mod choices;
mod deeds;
mod node;
mod races;
mod states;
#[cfg(test)]
mod tests;

use super::access::{Access, Accesses, Kind, Location, Mark, StoreName};
use super::clock::VectorClock;
use super::hash::{Hashed, mix};
use super::ids::{MAX_THREADS, ThreadId, ThreadSet};
pub(crate) use bounded::Place;
use bounded::Reached;
use deeds::Deeds;
use node::Node;

/// The scene did something else than before, although all was the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Differs;

/// What the search leaves out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Reduction {
    /// All that only repeats what was explored.
    #[default]
    Full,
    /// Only what sleeps: races do not tell everything that must be tried.
    SleepSets,
    /// Nothing: every order is run.
    None,
    /// Orders with more preemptions than this, and what was reached before.
    Preemptions(usize),
    /// What follows a state that was reached before.
    States,
}

impl Reduction {
    /// Whether there is a bound on preemptions, or each state is explored once.
    pub(crate) fn is_bounded(self) -> bool {
        matches!(self, Self::Preemptions(_) | Self::States)
    }
}

/// The threads that can take a transition now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Enabled {
    pub(crate) threads: ThreadSet,
    /// Those of them whose transition is only a reads-from choice.
    pub(crate) loads: ThreadSet,
}

/// The search, from one execution to the next.
#[derive(Default)]
pub(crate) struct Search {
    reduction: Reduction,
    /// The transitions of the execution: those that it shares with the one before, and
    /// from there on those that it adds. Behind `length` are nodes to use again.
    path: Vec<Node>,
    length: usize,
    /// How many of them have begun, and how many it must take as they were.
    begun: usize,
    repeated: usize,
    /// It is the execution before once more, and takes no other transition.
    again: bool,
    /// It ended because all that could be done next slept.
    slept: bool,
    /// How many accesses the transition in progress has made, and how many choices.
    accessed: usize,
    chosen: usize,
    found: usize,
    /// It has accessed something else than the last time.
    differs: bool,
    /// The threads that the transition in progress has enabled.
    enables: ThreadSet,
    /// Which transitions must come before each thread's next one.
    clocks: [VectorClock; MAX_THREADS],
    /// Names all that each thread can know: its transitions, and what they saw.
    knows: [u64; MAX_THREADS],
    /// What threads did next.
    pub(crate) deeds: Deeds,
    /// What was reached within the bound.
    reached: Reached,
    /// The accesses to each location by transitions that are over.
    places: Hashed<Location, u32>,
    accesses: Vec<Accesses>,
    /// How to take the latest of them back.
    undo: Vec<(u32, Mark)>,
    /// Buffers to use again.
    racing: Vec<u32>,
    without: Vec<u32>,
    located: Vec<u32>,
}

impl Search {
    /// Begins an execution.
    pub(crate) fn begin(&mut self, reduction: Reduction) {
        self.reduction = reduction;
        self.begun = 0;
        self.repeated = self.length.saturating_sub(1);
        (self.again, self.slept) = (false, false);
        self.accessed = 0;
        self.enables = ThreadSet::default();
        self.clocks = Default::default();
        self.knows = Default::default();
    }

    /// The same execution is run once more.
    pub(crate) fn repeat(&mut self) {
        if !self.again {
            self.length = self.begun;
        }
        let slept = self.slept;
        self.begin(self.reduction);
        self.repeated = self.length;
        (self.again, self.slept) = (true, slept);
    }

    /// Which of the enabled threads takes the next transition; `None` if all that could
    /// be done now was explored before. Of the threads that are not in the sleep set it is the one
    /// with the least rank. `options` adds the stores that a thread could read, the newest first.
    /// `place` is asked only if there is a bound.
    pub(crate) fn next(
        &mut self,
        enabled: Enabled,
        rank: impl Fn(ThreadId) -> (usize, ThreadId),
        mut options: impl FnMut(ThreadId, &mut dyn FnMut(StoreName)),
        place: impl FnOnce() -> Place,
    ) -> Result<Option<ThreadId>, Differs> {
        if self.begun < self.length {
            let node = &mut self.path[self.begun];
            if (node.enabled, node.loads) != (enabled.threads, enabled.loads) {
                return Err(Differs);
            }
            if self.begun >= self.repeated {
                node.last.clear();
                node.found.clear();
                node.moves = false;
            }
        } else if self.again {
            return self.slept.then_some(None).ok_or(Differs);
        } else {
            if self.path.len() == self.length {
                self.path.push(Node::default());
            }
            let (before, new) = self.path.split_at_mut(self.length);
            let node = &mut new[0];
            node.reset(enabled.threads, enabled.loads);
            for thread in enabled.loads.iter() {
                options(thread, &mut |store| node.options.push((thread, store)));
            }
            let bounded = match self.reduction {
                Reduction::Preemptions(most) => {
                    Some(self.reached.within(most, place(), before.last_mut(), node))
                }
                Reduction::States => Some(self.reached.arrives(place(), node)),
                _ => None,
            };
            if bounded.is_some_and(ThreadSet::is_empty) {
                self.slept = true;
                return Ok(None);
            }
            if let (Some(last), Reduction::Full | Reduction::SleepSets) =
                (before.last(), self.reduction)
            {
                last.sleep_set_after(&mut node.sleep_set);
            }
            let threads = || bounded.unwrap_or(enabled.threads).iter();
            let awake = |thread: &ThreadId| !node.sleeps(*thread, None);
            let goes_on = threads().find(|&thread| rank(thread) == (0, 0));
            let least = || threads().filter(awake).min_by_key(|&thread| rank(thread));
            let Some(thread) = goes_on.filter(awake).or_else(least) else {
                self.slept = true;
                return Ok(None);
            };
            node.thread = thread;
            node.backtrack = match self.reduction {
                Reduction::Full => ThreadSet::only(thread),
                _ => bounded.unwrap_or(enabled.threads),
            };
            node.undo = self.undo.len();
            self.length += 1;
        }
        let thread = self.path[self.begun].thread;
        self.takes_next(thread);
        Ok(Some(thread))
    }

    /// Which thread takes the next transition, if the execution before took it too and
    /// this one is not run only to be compared.
    pub(crate) fn repeats_next(&self) -> Option<ThreadId> {
        let is_on_the_way = !self.again && self.begun < self.repeated;
        is_on_the_way.then(|| self.path[self.begun].thread)
    }

    /// The thread takes the next transition.
    pub(crate) fn takes_next(&mut self, thread: ThreadId) {
        self.accessed = 0;
        self.chosen = 0;
        self.found = 0;
        self.differs = false;
        self.begun += 1;
        self.clocks[thread].tick(thread);
    }

    /// Whether the transition in progress is one that the execution before took too.
    pub(crate) fn is_repeating(&self) -> bool {
        self.begun <= self.repeated
    }

    /// Whether the transition in progress has done nothing so far on which another
    /// transition could depend.
    pub(crate) fn is_fresh(&self) -> bool {
        self.accessed == 0 && self.enables.is_empty()
    }

    /// The transition in progress.
    pub(crate) fn transition(&self) -> u32 {
        self.begun as u32 - 1
    }

    /// How many transitions have begun.
    pub(crate) fn transitions(&self) -> usize {
        self.begun
    }

    /// Whether the execution has taken all the transitions that it repeats.
    pub(crate) fn has_repeated_all(&self) -> bool {
        self.begun >= self.repeated
    }

    /// A thread that could take the next transition the last time, or what it does there,
    /// and not now; or the other way round.
    pub(crate) fn differs_in(&self, enabled: Enabled) -> Option<ThreadId> {
        let node = self.path[..self.length].get(self.begun)?;
        let in_one = |a: ThreadSet, b: ThreadSet| a.iter().find(|&thread| !b.contains(thread));
        let (threads, loads) = (enabled.threads, enabled.loads);
        let in_either = |a, b| in_one(a, b).or_else(|| in_one(b, a));
        in_either(node.enabled, threads).or_else(|| in_either(node.loads, loads))
    }

    /// The transition in progress accesses that. If it is the first access of a
    /// transition that is not repeated: what its thread knows.
    pub(crate) fn access(&mut self, access: Access) -> Option<u64> {
        let is_repeating = self.is_repeating();
        let node = &mut self.path[self.begun - 1];
        self.accessed += 1;
        if is_repeating {
            self.differs |= node.last.get(self.accessed - 1) != Some(&access);
            return None;
        }
        if !node.accesses.contains(&access) {
            node.accesses.push(access);
        }
        node.last.push(access);
        let node = &self.path[self.begun - 1];
        let choices = node.choices.iter();
        // What an `Arc` holds is destroyed by any thread that has it.
        let is_begun = self.accessed == 1 && access.kind != Kind::Destroy;
        (is_begun && self.is_learning()).then(|| {
            let knows = self.knows(node.thread);
            choices.fold(knows, |knows, choice| mix(knows, choice.taken as u64))
        })
    }

    /// Names all that the thread knows between two transitions.
    pub(crate) fn knows(&self, thread: ThreadId) -> u64 {
        mix(thread as u64, self.knows[thread])
    }

    /// The thread's next transition cannot come before the one in progress.
    pub(crate) fn enables(&mut self, thread: ThreadId) {
        self.enables.insert(thread);
    }

    /// What the thread does from now on cannot come before the other has ended.
    pub(crate) fn joins(&mut self, thread: ThreadId, other: ThreadId) {
        let theirs = self.clocks[other];
        self.clocks[thread].join(&theirs);
        self.knows[thread] = mix(self.knows[thread], self.knows[other]);
    }

    /// What these threads do from now on cannot come before anything done so far.
    pub(crate) fn after_all(&mut self, threads: ThreadSet) {
        let mut all = VectorClock::default();
        self.clocks.iter().for_each(|clock| all.join(clock));
        for thread in threads.iter() {
            self.clocks[thread].join(&all);
        }
    }

    /// The thread could have gone on by itself before the transition in progress, which
    /// makes that impossible from now on.
    pub(crate) fn comes_too_late(&mut self, thread: ThreadId) {
        if self.reduction.is_bounded() {
            return; // it goes on there as well
        }
        let node = &mut self.path[self.begun - 1];
        if node.enabled.contains(thread) && !node.sleeps(thread, None) {
            node.backtrack.insert(thread);
        }
    }

    /// The transition in progress is over.
    pub(crate) fn end_transition(&mut self) -> Result<(), Differs> {
        let Some(transition) = self.begun.checked_sub(1) else {
            return Ok(());
        };
        let node = &self.path[transition];
        if self.is_repeating() {
            if self.differs || self.accessed != node.last.len() {
                return Err(Differs);
            }
            self.clocks[node.thread] = node.clock;
            self.knows[node.thread] = node.knows;
        } else if !self.reduction.is_bounded() {
            self.look_for_races(transition);
        }
        let node = &self.path[transition];
        for enabled in std::mem::take(&mut self.enables).iter() {
            self.clocks[enabled].join(&node.clock);
            self.knows[enabled] = mix(self.knows[enabled], node.knows);
        }
        Ok(())
    }

    /// Whether it keeps in mind what threads do next. With a bound it knows too little of
    /// what they know.
    pub(crate) fn is_learning(&self) -> bool {
        !self.reduction.is_bounded() && !self.deeds.is_full()
    }

    /// Whether a bound has kept a thread from running.
    pub(crate) fn has_left_out(&self) -> bool {
        self.reached.has_left_out
    }

    /// Whether no execution comes after this one.
    pub(crate) fn is_last(&self) -> bool {
        !self.path[..self.begun].iter().any(Node::has_next)
    }

    /// On to the next execution, if there is one.
    pub(crate) fn advance(&mut self) -> bool {
        self.length = self.begun;
        while let Some(last) = self.length.checked_sub(1) {
            let node = &mut self.path[last];
            if node.advance() {
                let undo = node.undo;
                for (place, mark) in self.undo.drain(undo..).rev() {
                    self.accesses[place as usize].rewind(mark);
                }
                return true;
            }
            self.length = last;
        }
        false
    }

    /// Where the accesses to the location are kept.
    fn place(&mut self, location: Location) -> usize {
        let new = self.accesses.len() as u32;
        let place = *self.places.entry(location).or_insert(new);
        if place == new {
            self.accesses.push(Accesses::default());
        }
        place as usize
    }
}

/// What the thread of a transition can learn by an access.
fn learned(kind: Kind, last_write: Option<u64>, by: Option<u64>) -> u64 {
    match kind {
        Kind::ReadsFrom(store, _) => mix(store, by.unwrap_or(1)),
        _ => last_write.unwrap_or(0),
    }
}
