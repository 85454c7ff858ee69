//! What an order costs: where the processor changes hands, and which reads are stale.

use super::{Handover, Script, Search, StepId};
use crate::engine::ids::MAX_THREADS;
use std::collections::HashSet;

/// For each step of the order: why the processor changed hands after it, where it
/// did.
pub(in crate::explorer) fn handovers(
    script: &Script<'_>,
    order: &[StepId],
) -> Vec<Option<Handover>> {
    let search = Search::new(script);
    let mut taken = [0; MAX_THREADS];
    let mut handovers = Vec::new();
    for (place, &step) in order.iter().enumerate() {
        let thread = script.steps[step].thread;
        taken[thread] += 1;
        let next = order[place + 1..]
            .iter()
            .find(|&&next| !script.steps[next].is_setup);
        let changes = next.is_some_and(|&next| script.steps[next].thread != thread);
        handovers.push(changes.then(|| search.handover(&taken, thread)));
    }
    handovers
}

/// Which steps of the order read a store although there is a newer one.
pub(in crate::explorer) fn stale_reads(script: &Script<'_>, order: &[StepId]) -> HashSet<StepId> {
    let search = Search::new(script);
    let mut taken = [0; MAX_THREADS];
    let mut stale = HashSet::new();
    for &step in order {
        if search.is_stale(&taken, step) {
            stale.insert(step);
        }
        taken[script.steps[step].thread] += 1;
    }
    stale
}
