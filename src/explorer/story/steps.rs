//! The words of an execution's transitions, for a graph of all states.

use super::columns::is_scene;
use super::words::Teller;
use crate::engine::access::Location;
use crate::engine::execution::run::Execution;
use crate::engine::execution::thread::Fate;
use crate::engine::execution::trace::{Gate, Hold, Names, Record, RecordKind};
use crate::engine::execution::transitions::Transition;
use crate::engine::ids::{ObjectId, ThreadId};
use crate::explorer::order::handovers::stale_reads;
use crate::explorer::script;
use crate::explorer::states::{Shared, Told, Transition as Telling};
use std::collections::HashSet;

/// A thread of a graph: the same in every execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::explorer) struct Column {
    key: u64,
    /// Its place among the columns, the first of which is the scene's.
    pub(in crate::explorer) place: usize,
    pub(in crate::explorer) name: String,
}

/// The threads and objects of a graph, as they are found.
#[derive(Default)]
pub(in crate::explorer) struct Headings {
    pub(in crate::explorer) columns: Vec<Column>,
    objects: Vec<Location>,
    pub(in crate::explorer) shared: Vec<Shared>,
}

/// Tells the transitions of one execution.
pub(in crate::explorer) struct Transitions<'x> {
    x: &'x Execution,
    teller: Teller<'x>,
    stale: HashSet<usize>,
}

impl<'x> Transitions<'x> {
    pub(in crate::explorer) fn of(x: &'x Execution) -> Self {
        let stale = match x.settings.is_c11 {
            true => {
                let script = script::of(x);
                let all: Vec<usize> = (0..script.steps.len()).collect();
                stale_reads(&script, &all)
            }
            false => HashSet::new(),
        };
        let teller = Teller::of(x);
        Self { x, teller, stale }
    }

    pub(in crate::explorer) fn tell(
        &mut self,
        of: &Transition,
        headings: &mut Headings,
    ) -> Telling {
        let records = &self.x.trace.records()[of.records.clone()];
        let mut steps = Vec::new();
        for (id, record) in of.records.clone().zip(records) {
            if !matches!(record.kind, RecordKind::Setup | RecordKind::Destruction) {
                steps.push(self.step(id, record, headings));
            }
        }
        let own = of.records.clone().find(|&id| {
            let record = &self.x.trace.records()[id];
            record.thread == of.thread && record.kind != RecordKind::Setup
        });
        Telling {
            thread: self.column(of.thread, own.unwrap_or(of.records.start), headings),
            steps,
            waits: records.first().and_then(|first| self.waits(first)),
            chance: of.fate.map(|fate| match fate {
                Fate::Spurious => "will wake up although no thread notifies it".to_owned(),
                Fate::Early => "will time out early".to_owned(),
            }),
        }
    }

    /// The immediate cause of a failure.
    pub(in crate::explorer) fn because(&self) -> Vec<String> {
        let failure = self.x.failure.as_ref();
        failure.map_or_else(Vec::new, |failure| self.teller.epilogue(failure))
    }

    fn step(&mut self, id: usize, record: &Record, headings: &mut Headings) -> Told {
        let (file, line) = match record.kind {
            RecordKind::Panic => {
                let panic = self.x.trace.panic(record.values[0]);
                (panic.file.clone(), panic.line)
            }
            _ => {
                let at = self.x.line_of(id);
                (at.file().to_owned(), at.line())
            }
        };
        self.teller.names.is_stale = self.stale.contains(&id);
        let change = self.teller.change(record);
        let change = change.filter(|&(object, _)| self.x.objects[object].initially.is_some());
        Told {
            thread: self.column(record.thread, id, headings),
            what: (record.tell)(record, &self.teller.names),
            is_narration: record.kind == RecordKind::Narration,
            file,
            line,
            shows: change.map(|(object, value)| (self.object(object, headings), value)),
            lock: record.lock.and_then(|(object, hold)| {
                let takes = match hold {
                    Hold::Takes | Hold::Shares => true,
                    Hold::Releases => false,
                    Hold::Downgrades => return None,
                };
                Some((self.object(object, headings), takes))
            }),
        }
    }

    /// What the thread of that record has to wait for, if it comes too early.
    fn waits(&self, record: &Record) -> Option<String> {
        let names = &self.teller.names;
        match (record.waited, record.gate) {
            (Some(wait), _) => Some(names.waits(&wait)),
            (None, Gate::Ended(thread)) => {
                Some(format!("waits for {} to end", names.thread(thread)))
            }
            (None, Gate::Written(list)) => Some(names.spins(names.list(list))),
            (None, Gate::Free(lock) | Gate::Shared(lock)) => {
                Some(format!("waits to lock `{}`", names.object(lock)))
            }
            _ => None,
        }
    }

    fn column(&self, thread: ThreadId, id: usize, headings: &mut Headings) -> usize {
        let is_scene = is_scene(self.x, thread, id);
        let of = &self.x.threads[thread];
        let (key, place) = match is_scene {
            true => (0, 0),
            false => (
                of.key,
                1 + self
                    .x
                    .in_order()
                    .iter()
                    .position(|&it| it == thread)
                    .unwrap_or(0),
            ),
        };
        if let Some(known) = headings.columns.iter().position(|it| it.key == key) {
            return known;
        }
        let name = match is_scene {
            true => super::columns::SCENE.to_owned(),
            false => self.teller.names.thread(thread),
        };
        headings.columns.push(Column { key, place, name });
        headings.columns.len() - 1
    }

    fn object(&self, id: ObjectId, headings: &mut Headings) -> usize {
        let location = self.x.objects[id].location;
        if let Some(known) = headings.objects.iter().position(|&it| it == location) {
            return known;
        }
        headings.objects.push(location);
        headings.shared.push(Shared {
            name: self.teller.names.object(id),
            initially: self.x.objects[id].initially.clone(),
        });
        headings.objects.len() - 1
    }
}
