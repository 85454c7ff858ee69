//! The constraints on the order of an execution's steps.

use super::order::{Gate, Script, Step};
use crate::engine::execution::failure::{Failure, WaitsFor};
use crate::engine::execution::object::Wait;
use crate::engine::execution::run::Execution;
use crate::engine::execution::trace::{self, Record, RecordKind};
use crate::engine::ids::ThreadId;

/// The constraints on the order of the execution's records.
pub(super) fn of(x: &Execution) -> Script<'_> {
    let records = happened(x);
    let steps = records.iter().enumerate().map(|(id, record)| Step {
        thread: record.thread,
        accesses: x.trace.accesses(id),
        locks: record.lock,
        gate: gate(x, records, id),
        yields: record.yields,
        loads: loads(x, record),
        is_setup: record.kind == RecordKind::Setup,
    });
    let unended = x.unended.iter().map(|thread| {
        let mut blocked = x.blocked().iter();
        let blocked = blocked.find(|blocked| blocked.thread == thread);
        let gate = match x.threads[thread].enabled_by {
            // It was notified, and waits for the lock; before, it waited to be notified.
            Some(by) => Gate::After(by as usize),
            None => blocked.map_or(Gate::Open, |blocked| last_gate(x, &blocked.waits)),
        };
        (thread, gate, has_yielded(x, thread))
    });
    let is_decided = matches!(
        x.failure,
        Some(
            Failure::Panic { .. }
                | Failure::DataRace(_)
                | Failure::UseAfterFree { .. }
                | Failure::WrongFree(_)
        )
    );
    Script {
        steps: steps.collect(),
        unended: unended.collect(),
        decisive: match is_decided {
            true => decisive(x, x.failed_after.saturating_sub(1)),
            false => Vec::new(),
        },
    }
}

/// The steps that decide an execution which fails by the step `fails`. If that frees what
/// another thread waits for, the other must have come so far, then or later.
fn decisive(x: &Execution, fails: usize) -> Vec<usize> {
    let comes = waiting_user(x).and_then(|user| {
        let mut before = x.trace.records()[..fails].iter();
        before.rposition(|record| match record.kind {
            // It begins.
            RecordKind::Spawn | RecordKind::Setup if record.values[0] == user as u64 => true,
            _ => record.thread == user,
        })
    });
    comes.into_iter().chain([fails]).collect()
}

/// The thread that waited for an object when another one freed it.
fn waiting_user(x: &Execution) -> Option<ThreadId> {
    match x.failure {
        Some(Failure::UseAfterFree { user, waits, .. }) => Some(user).filter(|_| waits),
        _ => None,
    }
}

/// The step in which a thread uses an object that another one has freed. There is one if, in
/// this order, the object is freed before that thread begins to wait for it.
pub(super) fn late_use(x: &Execution, order: &[usize]) -> Option<usize> {
    let user = waiting_user(x)?;
    let freed = x.failed_after.checked_sub(1)?;
    let mut later = freed + 1..happened(x).len();
    later
        .find(|&id| x.trace.records()[id].thread == user)
        .filter(|_| order.last() != Some(&freed))
}

/// The records up to the point where the execution was aborted. Later records are of threads
/// that unwind.
pub(super) fn happened(x: &Execution) -> &[Record] {
    let records = x.trace.records();
    &records[..x.aborted_after.min(records.len())]
}

/// Whether a thread that has not ended yielded just before its next step.
fn has_yielded(x: &Execution, thread: ThreadId) -> bool {
    let mut unwinds = x.trace.records()[happened(x).len()..].iter();
    let next = unwinds.find(|record| record.thread == thread);
    next.map_or(x.threads[thread].has_yielded, |record| record.yields)
}

fn gate(x: &Execution, records: &[Record], id: usize) -> Gate {
    match records[id].gate {
        trace::Gate::Open => Gate::Open,
        trace::Gate::Free(lock) => Gate::Free(lock),
        trace::Gate::Shared(lock) => Gate::Shared(lock),
        trace::Gate::After(record) => Gate::After(record as usize),
        trace::Gate::AfterAll => Gate::AfterAll(standstill(records, id)),
        trace::Gate::Chance => Gate::Chance,
        trace::Gate::Ended(thread) => Gate::Ended(thread),
        trace::Gate::Written(list) => Gate::Written(x.trace.list(list).to_vec()),
    }
}

/// The number of records when no thread was enabled, before the timed wait of record `late`
/// timed out. Several timed waits can time out at the same moment, and another thread may
/// have run first.
fn standstill(records: &[Record], late: usize) -> usize {
    let thread = records[late].thread;
    let mut before = records[..late].iter();
    let waits_since = before.rposition(|record| record.thread == thread);
    let later = waits_since.map_or(0, |record| record + 1)..late;
    let is_late = |&id: &usize| records[id].gate == trace::Gate::AfterAll;
    let mut others = later.clone().filter(is_late);
    let standstill = others.find_map(|id| {
        let standstill = standstill(records, id);
        later.contains(&standstill).then_some(standstill)
    });
    standstill.unwrap_or(late)
}

/// The constraint that still blocks a thread at the end of the execution.
fn last_gate(x: &Execution, waits: &WaitsFor) -> Gate {
    match waits {
        WaitsFor::Object(Wait { object, what, .. }) => match what.takes() {
            Some(kind) if kind.shares() => Gate::Shared(*object),
            Some(_) => Gate::Free(*object),
            None => Gate::Never,
        },
        WaitsFor::End(other) => Gate::Ended(*other),
        WaitsFor::Written(list) => Gate::Written(x.trace.list(*list).to_vec()),
    }
}

/// If the record is of a load that could have read another store, the location and the
/// record of the store that it reads.
fn loads(x: &Execution, record: &Record) -> Option<(u64, Option<usize>)> {
    let operation = x.trace.operation(record).filter(|_| x.settings.is_c11)?;
    let from = operation.from.filter(|_| operation.written.is_none())?;
    let location = x.objects[record.object?].location;
    Some((location, from.record.map(|store| store as usize)))
}
