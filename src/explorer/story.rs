//! Tells an execution's records as a story.

mod columns;
mod steps;
mod words;

use super::order::handovers::{handovers, stale_reads};
use super::order::{self, Handover, Order};
use super::report::{Step, Story};
use super::script;
use crate::engine::execution::run::Execution;
use crate::engine::execution::trace::{Names, RecordKind, Shows};
use crate::engine::ids::ObjectId;
use columns::Columns;

pub(super) use steps::{Headings, Transitions};
pub(super) use words::{Known, Teller};

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
    let better = order.map(|mut order| {
        order.steps.extend(script::late_use(x, &order.steps));
        (Cost::of(&order), order)
    });
    Ok(better.filter(|&(cost, _)| known.is_none_or(|known| cost < known)))
}

/// The order in which the execution was run: for one that has too many orders to look at.
pub(super) fn as_it_ran(x: &Execution) -> (Cost, Order) {
    let script = script::of(x);
    let last = script.decisive.iter().max();
    let end = last.map_or(script.steps.len(), |step| step + 1);
    let steps: Vec<usize> = (0..end).collect();
    let preempted = |handover: &&Option<Handover>| **handover == Some(Handover::Preempted);
    let handovers = handovers(&script, &steps);
    let order = Order {
        stale_reads: stale_reads(&script, &steps).len(),
        preemptions: handovers.iter().filter(preempted).count(),
        steps,
    };
    (Cost::of(&order), order)
}

/// The story of an execution, in that order, and what it consists of.
pub(super) fn tell(x: &Execution, order: &Order) -> (Story, Vec<Known>) {
    let script = &script::of(x);
    let mut teller = Teller::of(x);
    let columns = Columns::of(x, &order.steps);
    let watched = watched(x, &order.steps);
    let initially = watched.iter().map(|&id| x.objects[id].initially.clone());
    let initially: Vec<String> = initially.map(Option::unwrap_or_default).collect();
    let mut state = initially.clone();
    let mut steps: Vec<Step> = Vec::new();
    let mut known = Vec::new();
    let handovers = handovers(script, &order.steps);
    let stale = stale_reads(script, &order.steps);
    let lanes = columns.lanes(script, &order.steps);
    let ids = panics_first(x, &order.steps);
    for (place, ((&id, handover), lanes)) in ids.iter().zip(handovers).zip(lanes).enumerate() {
        let record = &x.trace.records()[id];
        let thread = columns.of_record(record.thread, id);
        let switch = handover.map(|handover| teller.switch(&handover, order.steps[place]));
        known.push(teller.known(id, steps.len().saturating_sub(1)));
        let is_told = match (record.kind, steps.last_mut()) {
            (RecordKind::Setup, last) => {
                if let Some(last) = last {
                    last.lanes = lanes.clone();
                }
                false
            }
            (RecordKind::Destruction, Some(last))
                if last.thread == thread && last.switch.is_none() =>
            {
                last.switch.clone_from(&switch);
                last.lanes.clone_from(&lanes);
                false
            }
            _ => true,
        };
        if !is_told {
            continue;
        }
        if let Some(known) = known.last_mut() {
            known.place = steps.len();
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
            _ => {
                let at = x.line_of(id);
                (at.file().to_owned(), at.line())
            }
        };
        teller.names.is_stale = stale.contains(&id);
        steps.push(Step {
            thread,
            what: (record.tell)(record, &teller.names),
            kind: teller.kind(record, &ids[place + 1..]),
            object: record.object.map(|id| teller.names.object(id)),
            file,
            line,
            state: state.clone(),
            lanes,
            switch,
        });
    }
    let epilogue = x.failure.as_ref().map(|failure| teller.epilogue(failure));
    let story = Story {
        threads: columns.names,
        watched: watched.iter().map(|&id| teller.names.object(id)).collect(),
        initially,
        steps,
        epilogue: epilogue.unwrap_or_default(),
        preemptions: order.preemptions,
        stale_reads: order.stale_reads,
        // The rest is known at the end of the exploration.
        ..Story::default()
    };
    (story, known)
}

/// The same order, but a panic comes before what destructors did while the thread unwound:
/// it is recorded when it has been caught.
fn panics_first(x: &Execution, order: &[usize]) -> Vec<usize> {
    let mut ids: Vec<usize> = Vec::new();
    for &id in order {
        let record = &x.trace.records()[id];
        let from = match record.kind {
            RecordKind::Panic => x.trace.panic(record.values[0]).unwinds_from,
            _ => None,
        };
        let unwinds = |before: &&usize| {
            let is_own = x.trace.records()[**before].thread == record.thread;
            is_own && from.is_some_and(|from| **before >= from as usize)
        };
        let unwinds = ids.iter().rev().take_while(unwinds).count();
        ids.insert(ids.len() - unwinds, id);
    }
    ids
}

/// The objects whose values the story shows beside the threads: those that the scene
/// watches, and atomics, if they change.
fn watched(x: &Execution, order: &[usize]) -> Vec<ObjectId> {
    const MOST: usize = 4;
    let changes = |id: ObjectId| {
        let mut records = order.iter().map(|&record| &x.trace.records()[record]);
        records.any(|record| match record.shows {
            Shows::Nothing => false,
            Shows::Value(object, _) | Shows::Text(object, _) => object == id,
        })
    };
    let shows = |&id: &ObjectId| x.objects[id].initially.is_some() && changes(id);
    let mut watched: Vec<ObjectId> = (0..x.objects.len()).filter(shows).collect();
    if watched.len() > MOST {
        // Values of atomics stand in the steps too.
        watched.retain(|&id| x.objects[id].show.is_none());
    }
    watched
}
