//! A scene does the same whenever its threads run in the same order. Here it is checked:
//! transitions that the execution before took too must leave the same records, and a
//! thread that knows the same must do the same next.
//!
//! The values of atomics are compared below 2^32 only: a greater one may be an address,
//! which differs from one execution to the next although the scene does the same.

use super::difference::{After, Difference};
use super::failure::{Aborted, Failure, WaitsFor};
use super::run::Execution;
use super::telling::Telling;
use super::thread::Next;
use super::trace::{Names, Record, RecordKind, Trace};
use crate::engine::hash::{mix, word};
use crate::engine::ids::ThreadId;

impl Execution {
    /// The transition in progress is over.
    pub(super) fn end_transition(&mut self) {
        if self.search.transitions() == 0 {
            return;
        }
        let place = self.search.transition() as usize;
        let is_same = self.search.end_transition().is_ok();
        if self.search.is_repeating() {
            let Some(&After { name, records }) = self.after.get(place) else {
                return self.differs(self.before.records().len());
            };
            // All records at once, at the end: that is faster.
            let is_last = self.search.has_repeated_all();
            if !is_same || self.trace.records().len() != records || (is_last && !self.repeats()) {
                return self.differs(records);
            }
            self.name = name;
        } else {
            self.after.truncate(place);
            self.after.push(After {
                name: self.name,
                records: self.trace.records().len(),
            });
            if self.failure.is_none() && self.search.is_learning() {
                self.does_as_it_knows();
            }
        }
    }

    /// The execution is over, and was the same as the last one: if so, that ended like
    /// this.
    pub(super) fn ends_again(&mut self) {
        let records = self.before.records().len();
        let is_same = self.search.has_repeated_all()
            && self.trace.records().len() == records
            && self.repeats();
        if !is_same && !matches!(self.failure, Some(Failure::Misuse(_))) {
            self.differs(records);
        }
    }

    /// The execution has ended among the transitions that it was to repeat.
    #[cold]
    pub(super) fn ends_early(&mut self) {
        if !self.repeats() && !matches!(self.failure, Some(Failure::Misuse(_))) {
            self.differs(self.trace.records().len());
        }
    }

    /// Whether the records are those of the execution before, or of its beginning.
    fn repeats(&self) -> bool {
        // What waiting loops did in vain was forgotten at the end of that execution.
        let mut both = self.trace.records().iter().zip(self.before.original());
        both.all(|(now, before)| self.is_same(now, before))
    }

    #[inline(always)]
    fn is_same(&self, now: &Record, before: &Record) -> bool {
        let address = |record: &Record| std::ptr::from_ref(record.at).addr();
        let object = |record: &Record| record.object.map_or(0, |id| id + 1);
        // One branch for all: that is faster.
        let differ = (now.thread ^ before.thread)
            | (address(now) ^ address(before))
            | (now.tell as usize ^ before.tell as usize)
            | (object(now) ^ object(before));
        let values = (now.values[0] ^ before.values[0]) | (now.values[1] ^ before.values[1]);
        let is_plain = now.operation.is_none() && before.operation.is_none();
        differ == 0
            // The text of a narration is made only for a story.
            && (values == 0 || now.kind == RecordKind::Narration)
            && (is_plain || self.is_same_operation(now, before))
    }

    #[inline(never)]
    fn is_same_operation(&self, now: &Record, before: &Record) -> bool {
        let (now, before) = (self.trace.operation(now), self.before.operation(before));
        now.zip(before).is_some_and(|(now, before)| {
            // The same line calls it by the same text.
            std::ptr::eq(now.name, before.name)
                && now.ordering == before.ordering
                && now.read.map(small) == before.read.map(small)
                && now.written.map(small) == before.written.map(small)
        })
    }

    /// Whether the thread has begun the transition, and goes on after it, like one
    /// before that knew the same. (After a data race a thread knows more.)
    #[inline(never)]
    fn does_as_it_knows(&mut self) {
        let begun = self.begun.take().and_then(|begun| {
            let record = self.trace.records().get(begun.record);
            let what = record.map_or(0, |record| self.attempt(record));
            let mut others = self.threads.iter().skip(1);
            if self.current == 0 && others.all(|thread| thread.has_ended()) {
                self.alone = mix(self.alone, what);
            }
            let did = (what, record.map(|record| record.at));
            let other = self.search.deeds.does(begun.knew, did)?;
            let now = record.map(|_| self.words(&self.trace, begun.record));
            Some((now.unwrap_or_else(|| self.thread_words("goes on")), other))
        });
        let me = self.current;
        let ended = matches!(self.threads[me].next, Next::Ended).then(|| {
            let knew = self.search.knows(me);
            let other = self
                .search
                .deeds
                .does(knew, (const { word("ends") }, None))?;
            Some((self.thread_words("ends"), other))
        });
        if let Some((now, (_, at))) = begun.or(ended.flatten()) {
            let before = match at {
                Some(at) => format!("something else at {}:{}", at.file(), at.line()),
                None => "nothing more".to_owned(),
            };
            self.did_something_else(
                now,
                format!("{before}, when other threads ran in another order"),
            );
        }
    }

    /// Names what a record's thread does, whatever comes of it.
    fn attempt(&self, record: &Record) -> u64 {
        let object = record.object.map_or(0, |id| self.objects[id].class);
        let at = mix(std::ptr::from_ref(record.at) as u64, object);
        let Some(operation) = self.trace.operation(record) else {
            return at;
        };
        let name = operation.name;
        let at = mix(at, name.as_ptr() as u64);
        match (operation.read, operation.written) {
            (None, Some(value)) => mix(mix(at, operation.ordering as u64), small(value)),
            (Some(_), None) if name == "load" => mix(at, operation.ordering as u64),
            // The ordering may be that of a success or of a failure.
            _ => at,
        }
    }

    /// The transition in progress is another than before. When it ended, there were so
    /// many records.
    #[cold]
    fn differs(&mut self, end: usize) {
        let (now, before) = (self.trace.records(), self.before.original());
        let is_other = |&place: &usize| match (now.get(place), before.get(place)) {
            (Some(now), Some(before)) if place < end => !self.is_same(now, before),
            // What was there is not known any more.
            (Some(_), None) if place < end => false,
            _ => true,
        };
        let last = now.len().max(end.min(before.len()));
        match (0..last).find(is_other) {
            None => self.goes_on_otherwise(self.current),
            Some(place) => {
                let words = |trace: &Trace, is_there: bool| match is_there {
                    true => self.words(trace, place),
                    false => "nothing more".to_owned(),
                };
                let now = words(&self.trace, place < now.len());
                let before = words(&self.before, place < end.min(before.len()));
                self.did_something_else(now, before);
            }
        }
    }

    /// At its next schedule point, or choice, the thread is about to do something else;
    /// unless something was different before.
    #[cold]
    pub(super) fn thread_differs(&mut self, thread: ThreadId) {
        match self.repeats() {
            true => self.goes_on_otherwise(thread),
            false => self.differs(self.trace.records().len()),
        }
    }

    fn goes_on_otherwise(&mut self, thread: ThreadId) {
        let names = Telling::of(self);
        let next = match self.threads[thread].next {
            Next::Waits(wait) => names.waits(&wait),
            Next::Joins(other) => names.waits_for(&WaitsFor::End(other)),
            Next::Ended => "ends".to_owned(),
            _ => "goes on".to_owned(),
        };
        let (is_its, now) = (
            |record: &Record| record.thread == thread,
            self.trace.records(),
        );
        let after = now
            .iter()
            .rfind(|record| is_its(record))
            .map_or_else(String::new, |last| {
                format!(" after {}:{}", last.at.file(), last.at.line())
            });
        let now = format!("{} {next}{after}", names.thread(thread));
        let later = self.before.original().get(now.len()..).unwrap_or_default();
        let before = match later.iter().position(is_its) {
            Some(place) => self.words(&self.before, now.len() + place),
            None => "something else".to_owned(),
        };
        self.did_something_else(now, before);
    }

    /// Of what it did before it is known that much.
    pub(crate) fn did_something_else(&mut self, now: String, before: String) {
        self.difference = Some(Difference { now, before });
        // However it has failed: it would not fail like that each time.
        self.failure = None;
        self.aborted = self.aborted.map(|_| Aborted::Failed);
        self.is_not_deterministic();
    }

    fn thread_words(&self, does: &str) -> String {
        format!("{} {does}", Telling::of(self).thread(self.current))
    }

    /// What a record tells, and where.
    fn words(&self, trace: &Trace, place: usize) -> String {
        let names = Telling::with(self, trace);
        let record = &trace.records()[place];
        let what = (record.tell)(record, &names);
        let thread = names.thread(record.thread);
        let (file, line) = match record.kind {
            RecordKind::Panic => place_of_panic(trace, record),
            _ => (record.at.file(), record.at.line()),
        };
        format!("{thread}: `{what}` at {file}:{line}")
    }
}

fn place_of_panic<'t>(trace: &'t Trace, record: &Record) -> (&'t str, u32) {
    let panic = trace.panic(record.values[0]);
    (&panic.file, panic.line)
}

/// A value that may be an address is like any other: see [the module](self).
fn small(value: u64) -> u64 {
    value.min(1 << 32)
}
