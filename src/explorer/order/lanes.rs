//! What each thread is doing after each step of an order.

use super::handovers::handovers;
use super::{Handover, Script, Search, StepId};
use crate::engine::ids::{MAX_THREADS, ThreadId};
use crate::explorer::report::Lane;

/// What each of these threads is doing after each step of the order. `started_by`: the step
/// that starts a thread, if that is one of the scene's.
pub(crate) fn lanes(
    script: &Script<'_>,
    order: &[StepId],
    threads: usize,
    started_by: impl Fn(ThreadId) -> Option<StepId>,
) -> Vec<Vec<Lane>> {
    let search = Search::new(script);
    let handovers = handovers(script, order);
    let mut taken = [0; MAX_THREADS];
    // Whether the thread has come to where it waits.
    let mut waits = vec![false; threads];
    let started_by: Vec<Option<StepId>> = (0..threads).map(started_by).collect();
    let after = |(place, &step): (usize, &StepId)| {
        let current = script.steps[step].thread;
        taken[current] += 1;
        waits[current] = matches!(handovers[place], Some(Handover::Waits(..)));
        if place + 1 == order.len() {
            waits.fill(true);
        }
        let lane = |thread: ThreadId| {
            let begins = started_by[thread].filter(|_| taken[thread] == 0);
            let has_begun = begins.is_none_or(|begins| search.is_taken(&taken, begins));
            match has_begun {
                true => search.lane(&taken, thread, waits[thread]),
                false => Lane::NotStarted,
            }
        };
        (0..threads).map(lane).collect()
    };
    order.iter().enumerate().map(after).collect()
}

impl Search<'_> {
    fn lane(&self, taken: &[u16], thread: ThreadId, waits: bool) -> Lane {
        match self.gate(taken, thread) {
            None => Lane::Ended,
            Some(_) if taken[thread] > 0 && self.has_done_all(taken, thread) => Lane::Ended,
            Some(gate) if waits && !self.is_open(taken, gate) => Lane::Waits,
            Some(_) => Lane::Enabled,
        }
    }

    /// Whether the thread takes no step of the scene's any more.
    fn has_done_all(&self, taken: &[u16], thread: ThreadId) -> bool {
        let left = &self.threads[thread][usize::from(taken[thread])..];
        !left.is_empty() && left.iter().all(|&step| self.script.steps[step].is_setup)
    }
}
