//! The transitions of an execution, for a search through all states.

use super::budget;
use super::failure::Aborted;
use super::run::Execution;
use super::thread::Fate;
use crate::engine::ids::ThreadId;
use std::ops::Range;

/// What a thread did from one schedule point to the next.
#[derive(Debug, Clone)]
pub(crate) struct Transition {
    pub(crate) thread: ThreadId,
    /// Names the state before it.
    pub(crate) from: u128,
    /// What was recorded of it.
    pub(crate) records: Range<usize>,
    /// How the wait that it has begun will end by itself.
    pub(crate) fate: Option<Fate>,
}

/// Where an execution has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// In that state, which was reached before.
    Before(u128),
    /// Its last transition has notified a thread whose wait was to end by itself: that
    /// thread must run first.
    Redundant,
    /// At the end of the interleaving that has this name.
    Ended(u128),
}

impl Execution {
    /// The transitions of the execution, which has ended.
    pub(crate) fn transitions(&self) -> Vec<Transition> {
        let happened = self.aborted_after.min(self.trace.records().len());
        let mut begins = 0;
        let mut transitions: Vec<Transition> = Vec::new();
        for (place, taken) in self.search.taken().enumerate() {
            let is_last = place + 1 == self.search.transitions();
            let ends = match self.after.get(place).filter(|_| !is_last) {
                Some(after) => after.records.min(happened),
                None => happened,
            };
            transitions.push(Transition {
                thread: taken.thread,
                from: taken.from,
                records: begins..ends,
                fate: taken
                    .accesses
                    .iter()
                    .find_map(|&access| budget::fate(access)),
            });
            begins = ends;
        }
        transitions
    }

    /// Where the execution has ended.
    pub(crate) fn arrived(&self) -> Arrived {
        match self.search.arrived() {
            Some(state) => Arrived::Before(state),
            None if self.aborted() == Some(Aborted::Redundant) => Arrived::Redundant,
            None => Arrived::Ended(self.name()),
        }
    }
}
