//! The words of a story.

use crate::engine::access::{Kind as Access, Location};
use crate::engine::execution::blocks::ALLOCATION;
use crate::engine::execution::difference::Difference;
use crate::engine::execution::failure::{BlockedThread, Failure, WaitsFor, Wrong, WrongFree};
use crate::engine::execution::run::Execution;
use crate::engine::execution::telling::Telling;
use crate::engine::execution::trace::{Names, Record, RecordKind, Shows};
use crate::engine::ids::{At, ObjectId, ThreadId};
use crate::engine::memory::cell::{CellAccess, Race};
use crate::engine::source;
use crate::explorer::order::{Gate, Handover};
use crate::explorer::report::{Act, Kind, Switch};
use crate::explorer::script;
use std::alloc::Layout;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

pub(in crate::explorer) struct Teller<'x> {
    x: &'x Execution,
    pub(super) names: Telling<'x>,
}

/// A step of a story, as another execution can be compared with it.
pub(in crate::explorer) struct Known {
    /// Its thread, by a key that is the same in every execution.
    pub(in crate::explorer) thread: u64,
    object: Option<Location>,
    at: At,
    line: At,
    /// Whether its thread has yielded before: another interleaving may have fewer iterations
    /// of that loop, and yet be the same.
    pub(in crate::explorer) yields: bool,
    /// What it says; nothing for a narration, whose text is made only for a story.
    what: String,
    /// Its place among the story's steps, or that of the one before.
    pub(in crate::explorer) place: usize,
}

fn place(at: Option<At>) -> String {
    at.map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()))
}

fn act(thread: String, what: String, at: At) -> Act {
    Act {
        thread,
        what,
        file: at.file().to_owned(),
        line: at.line(),
        source: source::line(at.file(), at.line()),
    }
}

impl<'x> Teller<'x> {
    pub(in crate::explorer) fn of(x: &'x Execution) -> Self {
        let names = Telling::of(x);
        Self { x, names }
    }

    pub(super) fn known(&self, id: usize, place: usize) -> Known {
        let record = &self.x.trace.records()[id];
        Known {
            thread: self.x.threads[record.thread].key,
            object: record.object.map(|id| self.x.objects[id].class),
            at: record.at,
            line: self.x.line_of(id),
            yields: record.yields,
            what: self.what(record),
            place,
        }
    }

    /// Whether the record is that step of a story.
    pub(in crate::explorer) fn is_known(&self, record: &Record, known: &Known) -> bool {
        std::ptr::eq(record.at, known.at)
            && record.object.map(|id| self.x.objects[id].class) == known.object
            && self.what(record) == known.what
    }

    /// What the record says, and where.
    pub(in crate::explorer) fn act(&self, id: usize) -> Act {
        let record = &self.x.trace.records()[id];
        act(
            self.names.thread(record.thread),
            self.what(record),
            self.x.line_of(id),
        )
    }

    /// What that step of a story says.
    pub(in crate::explorer) fn act_of(&self, known: &Known) -> Act {
        let mut threads = 0..self.x.threads.len();
        let thread = threads.find(|&thread| self.x.threads[thread].key == known.thread);
        let thread = thread.map_or_else(String::new, |thread| self.names.thread(thread));
        act(thread, known.what.clone(), known.line)
    }

    fn what(&self, record: &Record) -> String {
        match record.kind {
            RecordKind::Narration => String::new(),
            _ => (record.tell)(record, &self.names),
        }
    }

    /// What kind of step the record is, given the records that come after it.
    pub(super) fn kind(&self, record: &Record, later: &[usize]) -> Kind {
        let mut later = later.iter().map(|&id| &self.x.trace.records()[id]);
        let is_used = |object: ObjectId| {
            let mut blocked = self.x.blocked().iter();
            blocked.any(|it| matches!(it.waits, WaitsFor::Object(wait) if wait.object == object))
        };
        match (record.kind, record.object) {
            (RecordKind::Narration, _) => Kind::Narration,
            (RecordKind::Panic, _) => Kind::Panic,
            (RecordKind::Locks(true), _) => Kind::Locks,
            (RecordKind::Locks(false), _) => Kind::Unlocks,
            (RecordKind::Vain, Some(object)) if !is_used(object) => Kind::Aside,
            (RecordKind::Disconnect, Some(object))
                if !is_used(object)
                    && !later.any(|it| {
                        it.object == Some(object) && it.kind != RecordKind::Disconnect
                    }) =>
            {
                Kind::Aside
            }
            _ => Kind::Operation,
        }
    }

    /// What the column of shared state shows after the record, if it changes.
    pub(super) fn change(&self, record: &Record) -> Option<(ObjectId, String)> {
        match record.shows {
            Shows::Nothing => None,
            Shows::Value(object, value) => Some((object, self.names.value(object, value))),
            Shows::Text(object, text) => Some((object, self.names.text(text).to_owned())),
        }
    }

    /// Why the processor changed hands after the record.
    pub(super) fn switch(&self, handover: &Handover, id: usize) -> Switch {
        let why = match handover {
            Handover::Preempted => "preempted".to_owned(),
            Handover::Yields => "yields".to_owned(),
            Handover::Ended if self.goes_on(id) => "waits for the threads that it runs".to_owned(),
            Handover::Ended => "ended".to_owned(),
            Handover::Waits(gate, holder) => {
                let holder = holder.map(|step| {
                    let record = &self.x.trace.records()[step];
                    (record.thread, record.at)
                });
                let (waits, held) = self.waits_after(gate, id);
                waits + &self.held_by(held, holder.as_slice())
            }
        };
        Switch {
            preempted: *handover == Handover::Preempted,
            why,
        }
    }

    /// Whether the thread of that record takes another step of the scene's.
    fn goes_on(&self, id: usize) -> bool {
        let records = script::happened(self.x);
        let thread = records[id].thread;
        let is_part = |id: &usize| {
            let mut parts = self.x.parts.iter();
            parts.any(|&(_, from, to)| (from as usize..to as usize).contains(id))
        };
        let mut later = (id + 1..records.len()).filter(|&id| records[id].thread == thread);
        is_part(&id) && later.any(|id| records[id].kind != RecordKind::Setup && is_part(&id))
    }

    /// What the thread of that record waits for after it.
    fn waits_after(&self, gate: &Gate, id: usize) -> (String, &'static str) {
        match gate {
            Gate::Ended(thread) => return (self.names.waits_for(&WaitsFor::End(*thread)), ""),
            Gate::Written(objects) => return (self.names.spins(objects), ""),
            _ => {}
        }
        let records = script::happened(self.x);
        let thread = records[id].thread;
        let mut later = records[id + 1..].iter();
        let next = later.find(|record| record.thread == thread);
        let mut blocked = self.x.blocked().iter();
        let last = blocked.find(|blocked| blocked.thread == thread);
        match (next, last) {
            (Some(Record { waited, .. }), _) => waited.map_or_else(Default::default, |wait| {
                (self.names.waits(&wait), wait.what.held())
            }),
            (None, Some(last)) => match gate {
                Gate::After(by) => {
                    let object = self.names.object_of(&records[*by]);
                    (format!("waits on `{object}`"), "")
                }
                _ => (self.names.waits_for(&last.waits), last.waits.held()),
            },
            (None, None) => Default::default(),
        }
    }

    fn held_by(&self, held: &str, holders: &[(ThreadId, At)]) -> String {
        let holder = |&(thread, at): &(ThreadId, At)| {
            format!("{} since line {}", self.names.thread(thread), at.line())
        };
        let holders: Vec<String> = holders.iter().map(holder).collect();
        match holders.is_empty() {
            true => String::new(),
            false => format!(", {held} {}", holders.join(" and ")),
        }
    }

    pub(super) fn epilogue(&self, failure: &Failure) -> Vec<String> {
        match failure {
            Failure::Blocked { waits, .. } => {
                waits.iter().map(|blocked| self.blocked(blocked)).collect()
            }
            Failure::DataRace(race) => {
                let frees = race.second.kind == Access::Destroy;
                let access = |access: &CellAccess| {
                    format!(
                        "{} {} {} at {}:{}",
                        self.names.thread(access.thread),
                        match access.kind {
                            Access::Destroy => "frees",
                            _ if frees => "uses",
                            kind if kind.writes() => "writes",
                            _ => "reads",
                        },
                        self.names.object(race.cell),
                        access.at.file(),
                        access.at.line()
                    )
                };
                let mut lines = vec![format!(
                    "{}, {}, and nothing orders the two accesses",
                    access(&race.first),
                    access(&race.second)
                )];
                lines.extend(self.missing_edge(race));
                lines
            }
            Failure::UseAfterFree { object, user, .. } => self.use_after_free(*object, *user),
            Failure::Panic { thread, panic } => vec![format!(
                "{} panics at {}:{}: {}",
                self.names.thread(*thread),
                panic.file,
                panic.line,
                panic.message
            )],
            Failure::WrongFree(free) => self.wrong_free(free),
            Failure::Leak(object) => {
                let (made, dropped) = match self.x.objects[*object].kind {
                    ALLOCATION => ("allocated", "freed"),
                    _ => ("made", "dropped"),
                };
                let name = self.names.object(*object);
                let at = place(self.x.objects[*object].made_at);
                vec![format!("`{name}`, {made} at {at}, is never {dropped}")]
            }
            Failure::Endless => vec!["no end is in sight".to_owned()],
            Failure::Misuse(what) => {
                let difference = self.x.difference.iter();
                let difference = difference.flat_map(Difference::lines);
                [(*what).to_owned()].into_iter().chain(difference).collect()
            }
        }
    }

    fn use_after_free(&self, object: ObjectId, user: ThreadId) -> Vec<String> {
        let at = self.was_at(user, self.x.failed_after);
        let (name, user) = (self.names.object(object), self.names.thread(user));
        let used = format!("{user} still uses `{name}`{at}");
        self.freed(object).into_iter().chain([used]).collect()
    }

    /// Which thread has freed the object.
    fn freed(&self, object: ObjectId) -> Option<String> {
        let freed = self.x.objects[object].destroyed?;
        let (by, name) = (self.names.thread(freed.by), self.names.object(object));
        let call = freed.at.filter(|_| freed.is_call);
        let at = self.frees_at(call, freed.by, freed.record as usize, Some(object));
        Some(format!("{by} frees `{name}`{at}"))
    }

    /// Where the thread frees an object: by a call at that line, or after its step before that
    /// record. If it has taken none: where the object was made.
    fn frees_at(
        &self,
        call: Option<At>,
        by: ThreadId,
        record: usize,
        object: Option<ObjectId>,
    ) -> String {
        let made_at = || self.x.objects[object?].made_at;
        let (how, at) = match (call, self.x.line_before(record, by)) {
            (Some(at), _) => (" at", Some(at)),
            (None, Some(at)) => (" after", Some(at)),
            (None, None) => (", made at", made_at()),
        };
        format!("{how} {}", place(at))
    }

    fn wrong_free(&self, free: &WrongFree) -> Vec<String> {
        let by = self.names.thread(free.by);
        let call = Some(free.at).filter(|_| free.is_call);
        let fails = self.x.failed_after.saturating_sub(1);
        let at = self.frees_at(call, free.by, fails, free.object);
        let Some(object) = free.object else {
            return vec![format!("{by} frees{at} what `alloc` has not returned")];
        };
        let name = self.names.object(object);
        match free.how {
            Wrong::Layout { allocated, freed } => {
                let made_at = place(self.x.objects[object].made_at);
                let layout = |layout: Layout| {
                    format!("{} bytes, aligned to {}", layout.size(), layout.align())
                };
                vec![
                    format!(
                        "`{name}`, allocated at {made_at}, has {}",
                        layout(allocated)
                    ),
                    format!("{by} frees it{at} as {}", layout(freed)),
                ]
            }
            _ => {
                let again = format!("{by} frees `{name}` again{at}");
                self.freed(object).into_iter().chain([again]).collect()
            }
        }
    }

    fn blocked(&self, blocked: &BlockedThread) -> String {
        let never = match &blocked.waits {
            WaitsFor::Object(wait) => wait.what.never(),
            WaitsFor::Written(..) => ": no thread will ever change it",
            WaitsFor::End(_) => "",
        };
        let (thread, waits) = (
            self.names.thread(blocked.thread),
            self.names.waits_for(&blocked.waits),
        );
        let place = self.was_at(blocked.thread, script::happened(self.x).len());
        format!(
            "{thread} {waits}{place}{}{never}",
            self.held_by(blocked.waits.held(), &blocked.holders)
        )
    }

    /// Where the thread's last step before that record was.
    fn was_at(&self, thread: ThreadId, before: usize) -> String {
        let mut records = self.x.trace.records()[..before].iter();
        let is_step = |it: &Record| it.thread == thread && it.kind != RecordKind::Setup;
        let last = records.rposition(is_step);
        last.map_or_else(String::new, |id| {
            format!(" at {}", place(Some(self.x.line_of(id))))
        })
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
            let (object, stored) = (self.names.object(record.object?), from.record?);
            let told = |thread: ThreadId, verb: &str, at: At, ordering, needs: &str| {
                format!(
                    "{} {verb} {object} at {}:{} with {ordering:?}: only {needs}",
                    self.names.thread(thread),
                    at.file(),
                    at.line()
                )
            };
            match (from.ordering, operation.ordering) {
                (Relaxed | Acquire, _) => Some(told(
                    race.first.thread,
                    "stores",
                    self.x.trace.records()[stored as usize].at,
                    from.ordering,
                    "a Release store publishes what its thread did before",
                )),
                (_, Relaxed | Release) => Some(told(
                    record.thread,
                    "loads",
                    record.at,
                    operation.ordering,
                    "an Acquire load sees what the other thread did before its store",
                )),
                _ => None,
            }
        })
    }
}
