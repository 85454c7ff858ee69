//! Tells an execution's records as a story.

use super::order::{self, Gate, Handover, Order};
use super::report::{Step, Story, Switch};
use super::script;
use crate::engine::execution::difference::Difference;
use crate::engine::execution::failure::{BlockedThread, Failure, WaitsFor};
use crate::engine::execution::run::Execution;
use crate::engine::execution::telling::Telling;
use crate::engine::execution::trace::{Names, Record, RecordKind, Shows};
use crate::engine::ids::{At, ObjectId, ThreadId};
use crate::engine::memory::cell::{CellAccess, Race};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// What makes one story worse than another of the same outcome: first stale reads, then
/// preemptions, then length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    stale_reads: usize,
    preemptions: usize,
    steps: usize,
}

impl Cost {
    /// Whether no story with at least so many stale reads and preemptions has fewer.
    pub(super) fn is_within(self, at_least: (usize, usize)) -> bool {
        (self.stale_reads, self.preemptions) <= at_least
    }

    pub(super) fn of(order: &Order) -> Self {
        Self {
            stale_reads: order.stale_reads,
            preemptions: order.preemptions,
            steps: order.steps.len(),
        }
    }
}

/// The order of the execution's simplest story, if that is better than `known`: the one
/// that needs the fewest preemptions.
///
/// # Errors
/// How many stale reads and preemptions that story has at least, if the execution has too
/// many orders to look at.
pub(super) fn better_than(
    known: Option<Cost>,
    x: &Execution,
    places: &mut usize,
) -> Result<Option<(Cost, Order)>, (usize, usize)> {
    // Of two with as many stale reads and preemptions the shorter is the better.
    let fewer_than = match known {
        Some(known) if x.trace.records().len() < known.steps => {
            (known.stale_reads, known.preemptions + 1)
        }
        Some(known) => (known.stale_reads, known.preemptions),
        None => (usize::MAX, usize::MAX),
    };
    if fewer_than == (0, 0) {
        return Ok(None);
    }
    if *places == 0 {
        return Err((0, 0));
    }
    let order = order::fewest_preemptions(&script::of(x), fewer_than, places)?;
    let better = order.map(|order| (Cost::of(&order), order));
    Ok(better.filter(|&(cost, _)| known.is_none_or(|known| cost < known)))
}

/// The order in which the execution was run: for one that has too many orders to look at.
pub(super) fn as_it_ran(x: &Execution) -> (Cost, Order) {
    let script = script::of(x);
    let end = script.decisive.map_or(script.steps.len(), |step| step + 1);
    let steps: Vec<usize> = (0..end).collect();
    let preempted = |handover: &&Option<Handover>| **handover == Some(Handover::Preempted);
    let handovers = order::handovers(&script, &steps);
    let order = Order {
        stale_reads: order::stale_reads(&script, &steps).len(),
        preemptions: handovers.iter().filter(preempted).count(),
        steps,
    };
    (Cost::of(&order), order)
}

/// The story of an execution, in that order.
pub(super) fn tell(x: &Execution, order: &Order) -> Story {
    let script = &script::of(x);
    let shows = |&id: &ObjectId| x.objects[id].name.is_some() && x.objects[id].initially.is_some();
    let watched: Vec<ObjectId> = (0..x.objects.len()).filter(shows).collect();
    let initially = watched.iter().map(|&id| x.objects[id].initially.clone());
    let mut state: Vec<String> = initially.map(Option::unwrap_or_default).collect();
    let mut teller = Teller {
        x,
        names: Telling::of(x),
    };
    let columns = x.in_order();
    let mut column = vec![0; columns.len()];
    for (place, &id) in columns.iter().enumerate() {
        column[id] = place;
    }
    let mut steps: Vec<Step> = Vec::new();
    let handovers = order::handovers(script, &order.steps);
    let stale = order::stale_reads(script, &order.steps);
    for (&id, handover) in order.steps.iter().zip(handovers) {
        let record = &x.trace.records()[id];
        let switch = handover.map(|handover| teller.switch(&handover, id));
        match (record.kind, steps.last_mut()) {
            (RecordKind::Setup, _) => continue,
            (
                RecordKind::Destruction,
                Some(Step {
                    thread,
                    switch: last,
                    ..
                }),
            ) if *thread == column[record.thread] && last.is_none() => {
                *last = switch;
                continue;
            }
            _ => {}
        }
        if let Some((object, text)) = teller.change(record)
            && let Some(place) = watched.iter().position(|&id| id == object)
        {
            state[place] = text;
        }
        let (file, line) = match record.kind {
            RecordKind::Panic => {
                let panic = x.trace.panic(record.values[0]);
                (panic.file.clone(), panic.line)
            }
            _ => (record.at.file().to_owned(), record.at.line()),
        };
        teller.names.is_stale = stale.contains(&id);
        steps.push(Step {
            thread: column[record.thread],
            what: (record.tell)(record, &teller.names),
            narration: record.kind == RecordKind::Narration,
            file,
            line,
            state: state.clone(),
            switch,
        });
    }
    let names = &teller.names;
    let epilogue = x.failure.as_ref().map(|failure| teller.epilogue(failure));
    Story {
        threads: columns.iter().map(|&id| names.thread(id)).collect(),
        watched: watched.iter().map(|&id| names.object(id)).collect(),
        steps,
        epilogue: epilogue.unwrap_or_default(),
        preemptions: order.preemptions,
        stale_reads: order.stale_reads,
        minimal: false, // That is known at the end of the exploration.
    }
}

struct Teller<'x> {
    x: &'x Execution,
    names: Telling<'x>,
}

impl Teller<'_> {
    /// What the column of shared state shows after the record, if it changes.
    fn change(&self, record: &Record) -> Option<(ObjectId, String)> {
        match record.shows {
            Shows::Nothing => None,
            Shows::Value(object, value) => Some((object, self.names.value(object, value))),
            Shows::Text(object, text) => Some((object, self.names.text(text).to_owned())),
        }
    }

    /// Why the processor changed hands after the record.
    fn switch(&self, handover: &Handover, id: usize) -> Switch {
        let why = match handover {
            Handover::Preempted => "preempted".to_owned(),
            Handover::Yields => "yields".to_owned(),
            Handover::Ended => "ended".to_owned(),
            Handover::Waits(gate, holder) => {
                let holder = holder.map(|step| {
                    let record = &self.x.trace.records()[step];
                    (record.thread, record.at)
                });
                self.waits_after(gate, id) + &self.held_by(holder)
            }
        };
        Switch {
            preempted: *handover == Handover::Preempted,
            why,
        }
    }

    /// What the thread of that record waits for after it.
    fn waits_after(&self, gate: &Gate, id: usize) -> String {
        match gate {
            Gate::Ended(thread) => return self.names.waits_for(&WaitsFor::End(*thread)),
            Gate::Written(objects) => return self.names.spins(objects),
            _ => {}
        }
        let records = script::happened(self.x);
        let thread = records[id].thread;
        let mut later = records[id + 1..].iter();
        let next = later.find(|record| record.thread == thread);
        let mut blocked = self.x.blocked().iter();
        let last = blocked.find(|blocked| blocked.thread == thread);
        match (next, last) {
            (Some(Record { waited, .. }), _) => {
                waited.map_or_else(String::new, |wait| self.names.waits(&wait))
            }
            (None, Some(last)) => match gate {
                Gate::After(by) => format!("sleeps on `{}`", self.names.object_of(&records[*by])),
                _ => self.names.waits_for(&last.waits),
            },
            (None, None) => String::new(),
        }
    }

    fn held_by(&self, holder: Option<(ThreadId, At)>) -> String {
        holder.map_or_else(String::new, |(thread, at)| {
            format!(
                ", held by {} since line {}",
                self.names.thread(thread),
                at.line()
            )
        })
    }

    fn epilogue(&self, failure: &Failure) -> Vec<String> {
        match failure {
            Failure::Blocked { waits, .. } => {
                waits.iter().map(|blocked| self.blocked(blocked)).collect()
            }
            Failure::DataRace(race) => {
                let access = |access: &CellAccess| {
                    format!(
                        "{} {} {} at {}:{}",
                        self.names.thread(access.thread),
                        if access.kind.writes() {
                            "writes"
                        } else {
                            "reads"
                        },
                        self.names.object(race.cell),
                        access.at.file(),
                        access.at.line()
                    )
                };
                let mut lines = vec![
                    format!("{}, and", access(&race.first)),
                    format!("{}:", access(&race.second)),
                    "nothing makes the first happen before the second".to_owned(),
                ];
                lines.extend(self.missing_edge(race));
                lines
            }
            Failure::UseAfterFree { object, user, at } => self.use_after_free(*object, *user, *at),
            Failure::Panic { thread, panic } => vec![format!(
                "{} panics at {}:{}: {}",
                self.names.thread(*thread),
                panic.file,
                panic.line,
                panic.message
            )],
            Failure::Endless => vec!["no end is in sight".to_owned()],
            Failure::Misuse(what) => {
                let difference = self.x.difference.iter();
                let difference = difference.flat_map(Difference::lines);
                [(*what).to_owned()].into_iter().chain(difference).collect()
            }
        }
    }

    fn use_after_free(&self, object: ObjectId, user: ThreadId, at: Option<At>) -> Vec<String> {
        let place = |at: Option<At>| {
            at.map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()))
        };
        let (name, user) = (self.names.object(object), self.names.thread(user));
        let mut lines = Vec::new();
        if let Some(destroyed) = self.x.objects[object].destroyed {
            let by = self.names.thread(destroyed.by);
            let after = place(destroyed.after);
            lines.push(format!("{by} frees `{name}` after {after}, and"));
        }
        lines.push(format!("{user} still uses it at {}", place(at)));
        lines
    }

    fn blocked(&self, blocked: &BlockedThread) -> String {
        let never = match &blocked.waits {
            WaitsFor::Object(wait) => wait.what.never(),
            WaitsFor::Written(..) => ": nobody is left to change that",
            WaitsFor::End(_) => "",
        };
        let (thread, waits) = (
            self.names.thread(blocked.thread),
            self.names.waits_for(&blocked.waits),
        );
        format!("{thread} {waits}{}{never}", self.held_by(blocked.holder))
    }

    /// What could have ordered the two accesses: before the second, its thread read
    /// something that the first's thread had written after the first, but one of the
    /// two was too weak. The latest such is the one meant for it.
    fn missing_edge(&self, race: &Race) -> Option<String> {
        let before = &self.x.trace.records()[..self.x.failed_after];
        before.iter().rev().find_map(|record| {
            let operation = self.x.trace.operation(record)?;
            let from = operation.from?;
            let later = from.by == race.first.thread && from.time >= race.first.time;
            if record.thread != race.second.thread || !later {
                return None;
            }
            let what = format!(
                "{} reads {} at line {}",
                self.names.thread(record.thread),
                self.names.object(record.object?),
                record.at.line()
            );
            match (from.ordering, operation.ordering) {
                (Relaxed | Acquire, _) => Some(format!(
                    "{what}, but it was stored {:?}: only a store that releases publishes what \
                     was done before it",
                    from.ordering
                )),
                (_, Relaxed | Release) => Some(format!(
                    "{what}, but {:?}: only a load that acquires sees what was done before the \
                     store",
                    operation.ordering
                )),
                _ => None,
            }
        })
    }
}
