//! Where an execution is between two transitions, for a search with a bound on preemptions.

use super::thread::{Next, Thread};
use super::trace::{RecordKind, Trace};
use crate::engine::search::Place;

/// `interleaving`: its name so far. `thread`: the one that ran last.
pub(super) fn place(interleaving: u128, thread: &Thread, trace: &Trace) -> Place {
    // To start actors, and to begin at all, is no step of the scene.
    let record = trace.records().last();
    let begins = record.is_none_or(|record| record.kind == RecordKind::Setup);
    Place {
        state: interleaving,
        goes_on: !begins && !has_left(thread),
    }
}

/// Whether the thread, which is enabled, has left the processor by itself.
fn has_left(thread: &Thread) -> bool {
    match thread.next {
        Next::Leaves(_) => true,
        Next::Waits(_) if thread.timed_out || thread.fate.is_some() => true,
        _ => thread.yielded != 0,
    }
}
