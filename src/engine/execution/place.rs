//! Where an execution is between two transitions, for a search with a bound on preemptions.

use super::thread::{Next, Thread, Threads};
use super::trace::{RecordKind, Trace};
use crate::engine::hash::name;
use crate::engine::ids::{ThreadId, ThreadSet};
use crate::engine::search::Place;

/// `interleaving`: its name so far. `last`: the thread that ran last.
pub(super) fn place(
    interleaving: u128,
    threads: &Threads,
    last: ThreadId,
    trace: &Trace,
    enabled: ThreadSet,
) -> Place {
    // An object's destruction is part of no interleaving's name.
    let taken = threads.iter().map(|t| name([t.key, t.transitions, 0, 0]));
    let state = taken.fold(interleaving, u128::wrapping_add);
    // To start actors is no step of the scene: another thread can go on for nothing.
    let record = trace.records().last();
    let begins = record.is_none_or(|record| record.kind == RecordKind::Setup);
    let goes_on = !begins && !has_left(&threads[last]);
    let leaves = |&thread: &ThreadId| {
        let thread = &threads[thread];
        matches!(thread.next, Next::Leaves(Some(_))) && thread.leaves_more
    };
    Place {
        state,
        goes_on,
        leaves: enabled.iter().find(leaves),
    }
}

/// Whether the thread, which is enabled, has left the processor by itself.
fn has_left(thread: &Thread) -> bool {
    match thread.next {
        Next::Leaves(_) => true,
        Next::Waits(_) if thread.timed_out || thread.fate.is_some() => true,
        _ => thread.has_left,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_waits_for_all_others_has_left() {
        let thread = |next| Thread {
            next,
            ..Thread::default()
        };
        assert!(!has_left(&thread(Next::Runs)));
        assert!(has_left(&thread(Next::Leaves(None))));
        assert!(has_left(&thread(Next::Leaves(Some(1)))));
    }
}
