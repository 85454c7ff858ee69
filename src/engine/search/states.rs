//! Search for all states: every prefix of an interleaving, each once, whatever the order of
//! its independent transitions. Every thread that is enabled in a state is tried there.

use super::Search;
use super::bounded::{Place, Reached};
use super::node::Node;
use crate::engine::access::Access;
use crate::engine::ids::{ThreadId, ThreadSet};

/// A transition that was taken.
pub(crate) struct Taken<'s> {
    pub(crate) thread: ThreadId,
    /// Names the state before it.
    pub(crate) from: u128,
    /// What it has accessed.
    pub(crate) accesses: &'s [Access],
}

impl Reached {
    /// The threads that can take a transition from the new node. None if its state was
    /// reached before.
    #[inline(never)]
    pub(super) fn arrives(&mut self, place: Place, node: &mut Node) -> ThreadSet {
        node.state = place.state;
        self.last = place.state;
        match (self.all.insert(place.state), place.leaves) {
            (false, _) => ThreadSet::default(),
            // Nobody can notice when it comes.
            (true, Some(thread)) => ThreadSet::only(thread),
            (true, None) => node.enabled,
        }
    }
}

impl Search {
    /// The transitions of the execution, which has ended, in order.
    pub(crate) fn taken(&self) -> impl Iterator<Item = Taken<'_>> {
        self.path[..self.begun].iter().map(|node| Taken {
            thread: node.thread,
            from: node.state,
            accesses: &node.last,
        })
    }

    /// The state in which the execution was ended, since it was reached before.
    pub(crate) fn arrived(&self) -> Option<u128> {
        self.slept.then_some(self.reached.last)
    }
}
