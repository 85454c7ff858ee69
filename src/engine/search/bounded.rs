//! Search with a bound: every order with at most so many preemptions. A preemption takes
//! the processor from a thread that could have gone on.
//!
//! Races do not tell what must be tried here: an order cannot stand for an equivalent one
//! that needs fewer preemptions. So every thread is tried wherever the bound lets it run,
//! unless the same interleaving was reached before, and the thread went on from there with
//! no more preemptions. (Musuvathi, Qadeer: *Partial-Order Reduction for Context-Bounded
//! State Exploration*, Microsoft Research, 2007.)

use super::node::Node;
use crate::engine::hash::{Hashed, HashedSet};
use crate::engine::ids::{ThreadId, ThreadSet};
use std::cmp::Ordering;
use std::collections::hash_map::Entry;

/// At most so many states are remembered, in about 140 MB for each scene in progress. What
/// is reached after that may be explored more than once.
const MOST: usize = 3_600_000;

/// Where an execution is, as far as preemptions are concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Names the interleaving so far, and by that all that the threads can do next.
    pub(crate) state: u128,
    /// Whether the thread that ran last has not left the processor by itself. If it is
    /// enabled, another is run by preempting it.
    pub(crate) goes_on: bool,
    /// An enabled thread whose next transition is nothing that others could notice.
    pub(crate) leaves: Option<ThreadId>,
}

/// A state that was reached.
struct State {
    enabled: ThreadSet,
    /// With how many preemptions, at least.
    fewest: u32,
    /// The threads that have gone on with no more than these; all others have preempted
    /// one of them.
    first: ThreadSet,
}

impl State {
    /// With how many preemptions, at least, the thread has gone on.
    fn fewest(&self, thread: ThreadId) -> usize {
        self.fewest as usize + usize::from(!self.first.contains(thread))
    }

    /// It was reached with so many preemptions, and then these threads need not preempt.
    fn is_reached(&mut self, preemptions: usize, first: ThreadSet) {
        match preemptions.cmp(&(self.fewest as usize)) {
            Ordering::Less => (self.fewest, self.first) = (preemptions as u32, first),
            Ordering::Equal => first.iter().for_each(|thread| self.first.insert(thread)),
            Ordering::Greater => {}
        }
    }
}

#[derive(Default)]
pub(super) struct Reached {
    /// By their names.
    states: Hashed<u128, State>,
    /// Whether the bound has kept a thread from running.
    pub(super) has_left_out: bool,
    /// Without a bound: all that were reached, and the last of them.
    pub(super) all: HashedSet<u128>,
    pub(super) last: u128,
}

/// How many preemptions there are if a thread goes on, after so many before.
fn preemptions(before: usize, running: Option<ThreadId>, thread: ThreadId) -> usize {
    before + usize::from(running.is_some_and(|running| running != thread))
}

impl Reached {
    /// The threads that are to take the next transition from the new node. None if all
    /// that can follow was explored before.
    #[inline(never)]
    pub(super) fn within(
        &mut self,
        most: usize,
        Place {
            state,
            goes_on,
            leaves,
        }: Place,
        before: Option<&mut Node>,
        node: &mut Node,
    ) -> ThreadSet {
        let mut enabled = node.enabled;
        node.state = state;
        if let Some(before) = before {
            before.leads = before
                .has_no_choice()
                .then(|| (state.wrapping_sub(before.state), goes_on));
            let is_running = goes_on && enabled.contains(before.thread);
            node.running = is_running.then_some(before.thread);
            node.preempted = preemptions(before.preempted, before.running, before.thread);
            before.known_after(&mut node.known);
        }
        if let (None, Some(thread)) = (node.running, leaves) {
            // It preempts nobody here, and nobody can notice when it comes.
            enabled = ThreadSet::only(thread);
        }
        let mut threads = ThreadSet::default();
        for thread in enabled.iter() {
            let preemptions = preemptions(node.preempted, node.running, thread);
            if preemptions > most {
                self.has_left_out = true;
            } else if !self.is_explored(node, thread, preemptions, most) {
                threads.insert(thread);
            }
        }
        let has_room = self.states.len() < MOST;
        let known = match self.states.entry(state) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(place) => has_room.then(|| {
                place.insert(State {
                    enabled,
                    fewest: u32::MAX,
                    first: ThreadSet::default(),
                })
            }),
        };
        let Some(known) = known.filter(|known| known.enabled == enabled) else {
            return threads;
        };
        let is_new = |&thread: &ThreadId| {
            preemptions(node.preempted, node.running, thread) < known.fewest(thread)
        };
        let new = threads.iter().filter(is_new).collect();
        known.is_reached(
            node.preempted,
            node.running.map_or(enabled, ThreadSet::only),
        );
        new
    }

    /// Whether all that can follow the thread's transition was explored in another order:
    /// the transition is known, and so is the state it leads to.
    fn is_explored(&self, node: &Node, thread: ThreadId, before: usize, most: usize) -> bool {
        let mut known = node.known.iter();
        let Some((more, goes_on)) = known
            .find(|known| known.thread == thread)
            .and_then(|known| known.leads)
        else {
            return false;
        };
        let Some(state) = self.states.get(&node.state.wrapping_add(more)) else {
            return false;
        };
        let is_running = goes_on && state.enabled.contains(thread);
        let running = is_running.then_some(thread);
        state.enabled.iter().all(|next| {
            let preemptions = preemptions(before, running, next);
            preemptions > most || state.fewest(next) <= preemptions
        })
    }
}

#[cfg(test)]
mod tests;
