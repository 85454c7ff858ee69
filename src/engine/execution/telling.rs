//! Names for what happened, once the execution is over.

use super::blocks::ALLOCATION;
use super::counts::ARC;
use super::failure::WaitsFor;
use super::object::{Entry, Wait};
use super::run::Execution;
use super::trace::{List, Names, Panicked, Record, RecordKind, Trace};
use crate::engine::ids::{At, ObjectId, ThreadId};
use crate::engine::memory::Operation;
use crate::engine::source;

impl Execution {
    /// The scene's line of that record. If the scene has passed on a function of the engine's,
    /// that is the line of the thread's step before, or where the thread was started. If there
    /// is none: where the object was made.
    pub(crate) fn line_of(&self, id: usize) -> At {
        let record = &self.trace.records()[id];
        let made_at = || self.objects[record.object?].made_at;
        match source::is_own(record.at) {
            true => { self.line_before(id, record.thread).or_else(made_at) }.unwrap_or(record.at),
            false => record.at,
        }
    }

    /// The scene's line of the thread's last step before that record, or of its start.
    pub(crate) fn line_before(&self, id: usize, thread: ThreadId) -> Option<At> {
        let records = self.trace.records().iter().take(id).rev();
        let before = records.filter(|it| match it.kind {
            RecordKind::Spawn => it.thread == thread || it.values[0] == thread as u64,
            kind => it.thread == thread && kind != RecordKind::Setup,
        });
        before.map(|it| it.at).find(|at| !source::is_own(at))
    }
}

/// The names of an execution.
pub(crate) struct Telling<'x> {
    x: &'x Execution,
    trace: &'x Trace,
    /// Whether the record reads a store although there is a newer one.
    pub(crate) is_stale: bool,
}

impl<'x> Telling<'x> {
    pub(crate) fn of(x: &'x Execution) -> Self {
        Self::with(x, &x.trace)
    }

    /// For the records of another trace, in which there may be threads and objects that
    /// the execution does not have.
    pub(super) fn with(x: &'x Execution, trace: &'x Trace) -> Self {
        let is_stale = false;
        Self { x, trace, is_stale }
    }

    pub(crate) fn waits(&self, wait: &Wait) -> String {
        let name = self.half(wait.object, wait.what.half());
        wait.what.describe(&name, wait.timed)
    }

    pub(crate) fn waits_for(&self, what: &WaitsFor) -> String {
        match what {
            WaitsFor::Object(wait) => self.waits(wait),
            WaitsFor::End(thread) => format!("waits for {} to end", self.thread(*thread)),
            WaitsFor::Written(list) => self.spins(self.list(*list)),
        }
    }
}

impl Telling<'_> {
    /// Which of the pointers it is that atomics have held: an address can differ from one
    /// execution to the next.
    fn pointer(&self, address: u64) -> usize {
        let mut pointers = Vec::new();
        for record in self.trace.records() {
            let object = record.object.and_then(|id| self.x.objects.get(id));
            let operation = self.trace.operation(record);
            let operation = operation.filter(|_| object.is_some_and(|it| it.show.is_none()));
            let values = operation.map(|it| [it.read, it.written]);
            let values = values.into_iter().flatten().flatten();
            values.filter(|&value| value != 0).for_each(|value| {
                if !pointers.contains(&value) {
                    pointers.push(value)
                }
            });
        }
        let place = pointers.iter().position(|&it| it == address);
        1 + place.unwrap_or(pointers.len())
    }
}

impl Names for Telling<'_> {
    fn thread(&self, id: ThreadId) -> String {
        match self
            .x
            .threads
            .get(id)
            .and_then(|thread| thread.name.as_ref())
        {
            Some(name) => name.to_string(),
            None if id == 0 => "main".to_owned(),
            None => format!("thread-{id}"),
        }
    }

    /// The object's name; objects of the same name, or without one, are numbered.
    fn object(&self, id: ObjectId) -> String {
        let Some(object) = self.x.objects.get(id) else {
            return format!("object {id}");
        };
        let name = |object: &Entry| object.name.or_else(|| source::name(object.made_at?));
        let own = name(object);
        let is_alike = |&other: &ObjectId| {
            let other = &self.x.objects[other];
            // An `Arc`, or memory, is called what its value is called.
            let holds = |object: &Entry| [ARC, ALLOCATION].contains(&object.kind);
            let is_like = match own.is_some() {
                true => holds(other) == holds(object),
                false => other.kind == object.kind,
            };
            name(other) == own && is_like
        };
        let number = (0..=id).filter(is_alike).count();
        let alike = (0..self.x.objects.len()).filter(is_alike).count();
        match own {
            Some(name) if alike == 1 => name.to_owned(),
            // Each end of a channel.
            Some(name) => name
                .split(", ")
                .map(|name| format!("{name}#{number}"))
                .collect::<Vec<_>>()
                .join(", "),
            None => format!("{} {number}", object.kind),
        }
    }

    fn value(&self, object: ObjectId, value: u64) -> String {
        match self.x.objects.get(object).and_then(|object| object.show) {
            Some(show) => show(value),
            None if value == 0 => "null".to_owned(),
            None => format!("pointer {}", self.pointer(value)),
        }
    }

    fn operation(&self, record: &Record) -> Option<&Operation> {
        self.trace.operation(record)
    }

    fn list(&self, list: List) -> &[usize] {
        self.trace.list(list)
    }

    fn text(&self, place: u32) -> &str {
        self.trace.text(place)
    }

    fn panic(&self, place: u64) -> &Panicked {
        self.trace.panic(place)
    }

    fn is_c11(&self) -> bool {
        self.x.settings.is_c11
    }

    fn stale(&self) -> &'static str {
        match self.is_stale {
            true => " (stale)",
            false => "",
        }
    }
}
