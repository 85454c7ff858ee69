//! An execution's records as a script: what bears on the order of its steps.

use super::order::{Gate, Script, Step};
use crate::engine::execution::failure::{Failure, WaitsFor};
use crate::engine::execution::object::Wait;
use crate::engine::execution::run::Execution;
use crate::engine::execution::trace::{self, List, Record, RecordKind};
use std::collections::HashMap;

/// What bears on the order of the execution's records.
pub(super) fn of(x: &Execution) -> Script<'_> {
    let records = happened(x);
    let steps = records.iter().enumerate().map(|(id, record)| Step {
        thread: record.thread,
        object: record.object,
        accesses: x.trace.accesses(id),
        locks: record.lock,
        gate: gate(x, record.gate),
        loads: loads(x, record),
        is_setup: record.kind == RecordKind::Setup,
    });
    let blocked = match &x.failure {
        Some(Failure::Blocked { waits, .. }) => waits
            .iter()
            .map(|blocked| (blocked.thread, last_gate(x, &blocked.waits)))
            .collect(),
        _ => HashMap::new(),
    };
    let is_decided = matches!(
        x.failure,
        Some(Failure::Panic { .. } | Failure::DataRace(_) | Failure::UseAfterFree { .. })
    );
    Script {
        steps: steps.collect(),
        blocked,
        decisive: is_decided.then(|| x.failed_after.saturating_sub(1)),
    }
}

/// Blocked threads do nothing more: what is recorded later is how they unwind.
pub(super) fn happened(x: &Execution) -> &[Record] {
    match &x.failure {
        Some(Failure::Blocked { .. }) => &x.trace.records()[..x.failed_after],
        _ => x.trace.records(),
    }
}

fn gate(x: &Execution, gate: trace::Gate) -> Gate {
    match gate {
        trace::Gate::Open => Gate::Open,
        trace::Gate::Free(lock) => Gate::Free(lock),
        trace::Gate::After(record) => Gate::After(record as usize),
        trace::Gate::AfterAll => Gate::AfterAll,
        trace::Gate::Chance => Gate::Chance,
        trace::Gate::Ended(thread) => Gate::Ended(thread),
        trace::Gate::Written(list, since) => written(x, list, since as usize),
    }
}

fn written(x: &Execution, list: List, since: usize) -> Gate {
    let objects = x.trace.list(list).iter();
    Gate::Written(
        objects.map(|&id| (id, x.objects[id].location)).collect(),
        since,
    )
}

/// What holds up a thread that waits at the end.
fn last_gate(x: &Execution, waits: &WaitsFor) -> Gate {
    match waits {
        WaitsFor::Object(Wait { object, what, .. }) if what.is_lock() => Gate::Free(*object),
        WaitsFor::Object(_) => Gate::Never,
        WaitsFor::End(other) => Gate::Ended(*other),
        WaitsFor::Written(list, since) => {
            since.map_or(Gate::Never, |since| written(x, *list, since as usize))
        }
    }
}

/// If the record is of a load that could have read another store: the location, and the
/// record of the store that it reads.
fn loads(x: &Execution, record: &Record) -> Option<(u64, Option<usize>)> {
    let operation = x.trace.operation(record).filter(|_| x.settings.is_c11)?;
    let from = operation.from.filter(|_| operation.written.is_none())?;
    let location = x.objects[record.object?].location;
    Some((location, from.record.map(|store| store as usize)))
}
