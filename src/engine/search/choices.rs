//! Choices within a transition, and what it finds: the same where it is repeated.

use super::node::{self, Choice, reads};
use super::{Differs, Search};
use crate::engine::access::StoreName;
use smallvec::SmallVec;

impl Search {
    /// The same as when the transition was run first, where it is repeated.
    pub(crate) fn finds(&mut self, same: Option<usize>) -> Option<usize> {
        let found = &mut self.path[self.begun - 1].found;
        let place = self.found;
        self.found += 1;
        match found.get(place) {
            Some(&found) => found,
            None => {
                found.push(same);
                same
            }
        }
    }

    /// The transition in progress accesses what has no location before it: after other
    /// transitions that may be another one.
    pub(crate) fn accesses_something_new(&mut self) {
        self.path[self.begun - 1].moves = true;
    }

    /// One of so many things; all are tried, this one first.
    pub(crate) fn choose(&mut self, of: usize) -> Result<usize, Differs> {
        if of == 1 {
            return Ok(0);
        }
        let choices = &mut self.path[self.begun - 1].choices;
        let place = self.chosen;
        self.chosen += 1;
        match choices.get(place) {
            Some(choice) if choice.of != of => Err(Differs),
            Some(choice) => Ok(choice.taken),
            None => {
                choices.push(Choice { taken: 0, of });
                Ok(0)
            }
        }
    }

    /// Which of these stores to read. Those that would only lead to what was explored
    /// are passed over.
    pub(crate) fn choose_store(&mut self, stores: &[StoreName]) -> Result<usize, Differs> {
        let node = &mut self.path[self.begun - 1];
        let mut offered: node::Stores = reads(&node.sleep_set, node.thread).collect();
        let is_new = |store: &usize| !offered.contains(&stores[*store]);
        let mut new: SmallVec<[usize; 8]> = (0..stores.len()).filter(is_new).collect();
        if new.is_empty() {
            // None is new only if it turned out that the transition does more than load.
            new = (0..stores.len()).collect();
        }
        offered.extend_from_slice(stores);
        node.offered = offered;
        let store = new[self.choose(new.len())?];
        self.path[self.begun - 1].reads = Some(stores[store]);
        Ok(store)
    }
}
