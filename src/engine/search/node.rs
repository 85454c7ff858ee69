//! A place in an execution: which transition was taken from there, and which are
//! still to be taken.

use crate::engine::access::{Access, Kind, StoreName, dependent};
use crate::engine::clock::VectorClock;
use crate::engine::ids::{ThreadId, ThreadSet};
use smallvec::SmallVec;

/// Most transitions make no more accesses than this.
pub(super) type AccessList = SmallVec<[Access; 2]>;
pub(super) type Stores = SmallVec<[StoreName; 4]>;

#[derive(Default)]
pub(super) struct Node {
    pub(super) enabled: ThreadSet,
    /// Those of them whose transition is only a reads-from choice, …
    pub(super) loads: ThreadSet,
    /// … and which stores each could read, the newest first.
    pub(super) options: Vec<(ThreadId, StoreName)>,
    /// The sleep set: transitions that would only lead to what was explored.
    pub(super) sleep_set: Vec<SleepEntry>,
    /// Transitions from here that have been taken, with all that can follow.
    pub(super) explored: Vec<SleepEntry>,
    /// The backtrack set: the threads whose transitions are to be taken from here.
    pub(super) backtrack: ThreadSet,
    /// The thread whose transition is being taken.
    pub(super) thread: ThreadId,
    /// What its transition accesses, whatever it chooses.
    pub(super) accesses: AccessList,
    /// What it accessed the last time.
    pub(super) last: AccessList,
    /// What its thread was found to repeat, when it was run first.
    pub(super) found: SmallVec<[Option<usize>; 2]>,
    pub(super) choices: SmallVec<[Choice; 2]>,
    /// The stores it could choose from, and the one it reads now.
    pub(super) offered: Stores,
    pub(super) reads: Option<StoreName>,
    /// After it: which transitions must come before it.
    pub(super) clock: VectorClock,
    /// After it: names all that its thread can know.
    pub(super) knows: u64,
    /// How long the search's undo log was before it.
    pub(super) undo: usize,
    /// If there is a bound: the thread that could go on here, and how many were preempted
    /// before.
    pub(super) running: Option<ThreadId>,
    pub(super) preempted: usize,
    /// The name of the state here, and what the transition adds to it; and whether its
    /// thread could go on after it, if it is enabled.
    pub(super) state: u128,
    pub(super) leads: Option<(u128, bool)>,
    /// Whether what the transition accesses may have another location after other transitions.
    pub(super) moves: bool,
    /// Transitions from here of which it is known what they do.
    pub(super) known: Vec<SleepEntry>,
}

/// A transition that would only lead to what was explored.
#[derive(Debug, Clone)]
pub(super) struct SleepEntry {
    pub(super) thread: ThreadId,
    pub(super) accesses: AccessList,
    /// If it is only a reads-from choice: only if it reads one of these.
    pub(super) reads: Stores,
    /// If there is a bound, and it makes no choice: where it [leads](Node::leads).
    pub(super) leads: Option<(u128, bool)>,
}

#[derive(Clone, Copy)]
pub(super) struct Choice {
    pub(super) taken: usize,
    pub(super) of: usize,
}

/// The stores for which the thread's transition sleeps.
pub(super) fn reads(
    entries: &[SleepEntry],
    thread: ThreadId,
) -> impl Iterator<Item = StoreName> + Clone {
    let of_thread = move |entry: &&SleepEntry| entry.thread == thread;
    let entries = entries.iter().filter(of_thread);
    entries.flat_map(|entry| entry.reads.iter().copied())
}

impl Node {
    /// As new, with the buffers it has.
    pub(super) fn reset(&mut self, enabled: ThreadSet, loads: ThreadSet) {
        self.enabled = enabled;
        self.loads = loads;
        self.options.clear();
        self.sleep_set.clear();
        self.explored.clear();
        self.backtrack = ThreadSet::default();
        self.accesses.clear();
        self.last.clear();
        self.found.clear();
        self.choices.clear();
        self.offered.clear();
        self.reads = None;
        self.running = None;
        self.preempted = 0;
        self.leads = None;
        self.moves = false;
        self.known.clear();
    }

    /// Whether the thread's transition is not worth taking from here if it reads that
    /// store (`None`: whatever it reads).
    #[inline]
    pub(super) fn sleeps(&self, thread: ThreadId, read: Option<StoreName>) -> bool {
        if !self.sleep_set.iter().any(|entry| entry.thread == thread) {
            return false;
        }
        if !self.loads.contains(thread) {
            return true;
        }
        let mut sleep_set = reads(&self.sleep_set, thread);
        match read {
            Some(store) => sleep_set.any(|read| read == store),
            None => {
                let options = self.options.iter().filter(|(of, _)| *of == thread);
                options
                    .map(|(_, store)| store)
                    .all(|store| sleep_set.clone().any(|read| read == *store))
            }
        }
    }

    /// Whether the transition, which has just been taken, does only this, whatever others
    /// have stored.
    #[inline]
    pub(super) fn has_no_choice(&self) -> bool {
        let mut accesses = self.last.iter();
        self.choices.is_empty()
            && !self.moves
            && !accesses.any(|a| matches!(a.kind, Kind::ReadsFrom(..)))
    }

    /// On to the next transition or choice from here, if there is one.
    pub(super) fn advance(&mut self) -> bool {
        while let Some(choice) = self.choices.last_mut() {
            choice.taken += 1;
            if choice.taken < choice.of {
                return true;
            }
            self.choices.pop();
        }
        let Some(thread) = self.next_thread() else {
            self.falls_asleep();
            return false;
        };
        self.falls_asleep();
        self.thread = thread;
        self.reads = None;
        true
    }

    /// Whether there is one.
    #[inline]
    pub(super) fn has_next(&self) -> bool {
        let mut choices = self.choices.iter();
        choices.any(|choice| choice.taken + 1 < choice.of) || self.next_thread().is_some()
    }

    #[inline]
    fn next_thread(&self) -> Option<ThreadId> {
        let is_new = |&thread: &ThreadId| {
            thread != self.thread
                && !self.explored.iter().any(|done| done.thread == thread)
                && !self.sleeps(thread, None)
        };
        self.backtrack.iter().find(is_new)
    }

    /// All that can follow the transition has been explored.
    #[inline]
    pub(super) fn falls_asleep(&mut self) {
        let mut entry = SleepEntry {
            thread: self.thread,
            accesses: std::mem::take(&mut self.accesses),
            reads: std::mem::take(&mut self.offered),
            leads: self.leads.take(),
        };
        if !self.loads.contains(self.thread) {
            // It was not known that it would only load: nor is that known of the entry.
            entry.reads.clear();
            for access in &mut entry.accesses {
                if matches!(access.kind, Kind::ReadsFrom(..)) {
                    access.kind = Kind::Read;
                }
            }
        }
        self.explored.push(entry);
    }

    /// What still sleeps after the transition, which has just been taken.
    pub(super) fn sleep_set_after(&self, sleep_set: &mut Vec<SleepEntry>) {
        let all = self.sleep_set.iter().chain(&self.explored);
        sleep_set.extend(all.filter(|entry| self.is_independent(entry)).cloned());
    }

    /// What is still known after the transition, which has just been taken.
    pub(super) fn known_after(&self, known: &mut Vec<SleepEntry>) {
        let all = self.known.iter().chain(&self.explored);
        let stays = |known: &&SleepEntry| known.leads.is_some() && self.is_independent(known);
        known.extend(all.filter(stays).cloned());
    }

    fn is_independent(&self, other: &SleepEntry) -> bool {
        let mut accesses = other.accesses.iter();
        other.thread != self.thread
            && !accesses.any(|&a| self.last.iter().any(|&b| dependent(a, b)))
    }
}
