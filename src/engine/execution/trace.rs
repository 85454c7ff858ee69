//! What happened in an execution: a flat list of records.
//!
//! A primitive says what it did by a [`Tell`] and two values; text is made only when a
//! story is told. Stories and their order read the records and nothing else.

pub(crate) use super::gate::{Gate, Hold, List, RecordId};
use super::object::Wait;
use crate::engine::access::Access;
use crate::engine::ids::{At, ObjectId, ThreadId};
use crate::engine::memory::Operation;
use crate::watch;

/// The words for a record: an operation and its values.
pub(crate) type Tell = fn(&Record, &dyn Names) -> String;

/// What the words of a record can name.
pub(crate) trait Names {
    fn thread(&self, id: ThreadId) -> String;
    fn object(&self, id: ObjectId) -> String;
    /// A value of the object, as stories show it.
    fn value(&self, object: ObjectId, value: u64) -> String;
    fn operation(&self, record: &Record) -> Option<&Operation>;
    fn list(&self, list: List) -> &[usize];
    fn text(&self, place: u32) -> &str;
    fn panic(&self, place: u64) -> &Panicked;
    /// Whether memory orderings make a difference.
    fn is_c11(&self) -> bool;
    /// What is said behind a value that is not the newest.
    fn stale(&self) -> &'static str;

    /// The object of a record that has one.
    fn object_of(&self, record: &Record) -> String {
        record.object.map_or_else(String::new, |id| self.object(id))
    }

    /// The end of a channel that a step uses: 0 sends, 1 receives.
    fn half_of(&self, record: &Record, half: usize) -> String {
        let name = record.object.map(|id| self.half(id, half));
        let name = name.unwrap_or_default();
        match name.contains(' ') {
            true => format!("`{name}`"),
            false => name,
        }
    }

    /// If the source has a name for each end of a channel: the one of that end.
    fn half(&self, id: ObjectId, half: usize) -> String {
        let name = self.object(id);
        match name.split_once(", ") {
            Some((first, second)) => [first, second][half].to_owned(),
            None => name,
        }
    }

    /// `spins on `a`, `b``
    fn spins(&self, objects: &[ObjectId]) -> String {
        let name = |&id: &ObjectId| format!("`{}`", self.object(id));
        let names: Vec<String> = objects.iter().map(name).collect();
        match names.is_empty() {
            true => "spins".to_owned(),
            false => format!("spins on {}", names.join(", ")),
        }
    }
}

/// One thing that happened.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    pub(crate) thread: ThreadId,
    pub(crate) at: At,
    pub(crate) object: Option<ObjectId>,
    pub(crate) tell: Tell,
    /// What they mean only `tell` knows.
    pub(crate) values: [u64; 2],
    /// What held the thread up before.
    pub(crate) gate: Gate,
    /// Whether the thread yielded before.
    pub(crate) yields: bool,
    /// What it was waiting for before, if it was.
    pub(crate) waited: Option<Wait>,
    /// Whether it takes or releases a lock, and which.
    pub(crate) lock: Option<(ObjectId, Hold)>,
    /// What it does to an atomic, by its place in the trace.
    pub(crate) operation: Option<u32>,
    /// What the object shows from now on in the column of shared state.
    pub(crate) shows: Shows,
    pub(crate) kind: RecordKind,
    /// The first of its accesses in the trace; the next record's first ends them.
    first_access: u32,
}

/// What a story does with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    /// An operation: a step of the story.
    Operation,
    /// An operation that starts the thread `values[0]`.
    Spawn,
    /// An operation that takes (`true`) or releases a lock, as nearly all do.
    Locks(bool),
    /// An operation that no thread notices: it notifies, and none waits.
    Vain,
    /// An end of a channel is dropped: of interest if another thread finds out.
    Disconnect,
    /// The scene's own words.
    Narration,
    /// A panic: its line is in the trace's panics, by `values[0]`.
    Panic,
    /// An object is destroyed: a step of the story only where another thread takes the
    /// processor just before or after it, or if the object is used later.
    Destruction,
    /// Nothing that the scene does: an actor's part begins, or is known to be over.
    Setup,
}

/// What a record changes in the column of shared state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    Nothing,
    /// The value of an atomic.
    Value(ObjectId, u64),
    /// What a lock protects: a text of the trace.
    Text(ObjectId, u32),
}

/// A panic of the scene's own code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Panicked {
    pub(crate) message: String,
    pub(crate) file: String,
    pub(crate) line: u32,
    /// The first record of the destructors that ran while the thread unwound.
    pub(crate) unwinds_from: Option<RecordId>,
}

#[derive(Default)]
pub(crate) struct Trace {
    records: Vec<Record>,
    accesses: Vec<Access>,
    operations: Vec<Operation>,
    lists: Vec<usize>,
    panics: Vec<Panicked>,
    texts: Vec<String>,
    /// The accesses that no record has claimed yet begin here.
    unclaimed: u32,
    /// If records were taken away: those before are as they were made.
    whole: usize,
}

impl Trace {
    pub(crate) fn clear(&mut self) {
        self.records.clear();
        self.accesses.clear();
        self.operations.clear();
        self.lists.clear();
        self.panics.clear();
        self.texts.clear();
        self.unclaimed = 0;
        self.whole = usize::MAX;
    }

    #[inline]
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The records at whose places there never was another.
    pub(crate) fn original(&self) -> &[Record] {
        &self.records[..self.records.len().min(self.whole)]
    }

    /// Only the records before that one happened.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.whole = self.whole.min(length);
        if let Some(record) = self.records.get(length) {
            self.accesses.truncate(record.first_access as usize);
        }
        self.records.truncate(length);
        self.unclaimed = self.accesses.len() as u32;
    }

    /// An access that the next record makes.
    #[inline]
    pub(crate) fn access(&mut self, access: Access) {
        self.accesses.push(access);
    }

    /// An access that the last record makes as well.
    #[inline]
    pub(crate) fn also_accesses(&mut self, access: Access) {
        self.accesses.push(access);
        self.unclaimed = self.accesses.len() as u32;
    }

    /// The place of the thread's last record.
    #[inline]
    pub(crate) fn last_id_of(&self, thread: ThreadId) -> Option<usize> {
        self.records
            .iter()
            .rposition(|record| record.thread == thread)
    }

    /// The thread's last record.
    #[inline]
    pub(crate) fn last_of(&self, thread: ThreadId) -> Option<&Record> {
        self.records
            .iter()
            .rev()
            .find(|record| record.thread == thread)
    }

    /// Something happened; the accesses since the last record are its own.
    pub(crate) fn record(
        &mut self,
        thread: ThreadId,
        object: Option<ObjectId>,
        at: At,
        tell: Tell,
    ) -> &mut Record {
        watch::is_at(Some(at));
        let first_access = self.unclaimed;
        self.unclaimed = self.accesses.len() as u32;
        self.records.push(Record {
            thread,
            at,
            object,
            tell,
            values: [0; 2],
            gate: Gate::Open,
            yields: false,
            waited: None,
            lock: None,
            operation: None,
            shows: Shows::Nothing,
            kind: RecordKind::Operation,
            first_access,
        });
        let last = self.records.len() - 1;
        &mut self.records[last]
    }

    #[inline]
    pub(crate) fn last_mut(&mut self) -> Option<&mut Record> {
        self.records.last_mut()
    }

    pub(super) fn record_mut(&mut self, record: RecordId) -> Option<&mut Record> {
        self.records.get_mut(record as usize)
    }

    /// The record that comes next.
    #[inline]
    pub(crate) fn next(&self) -> RecordId {
        self.records.len() as RecordId
    }

    #[inline]
    pub(crate) fn accesses(&self, record: usize) -> &[Access] {
        let first = self.records[record].first_access as usize;
        let end = self.records.get(record + 1);
        let end = end.map_or(self.unclaimed, |next| next.first_access);
        &self.accesses[first..end as usize]
    }

    pub(crate) fn add_operation(&mut self, operation: Operation) -> u32 {
        self.operations.push(operation);
        self.operations.len() as u32 - 1
    }

    #[inline]
    pub(crate) fn operation(&self, record: &Record) -> Option<&Operation> {
        record
            .operation
            .map(|place| &self.operations[place as usize])
    }

    /// Threads or objects, to be named in words.
    pub(crate) fn add_list(&mut self, all: impl Iterator<Item = usize>) -> List {
        let first = self.lists.len() as u32;
        self.lists.extend(all);
        let length = self.lists.len() as u32 - first;
        List { first, length }
    }

    /// Each only once, in the order of their numbers.
    pub(crate) fn sort_list(&mut self, list: List) -> List {
        let List { first, length } = list;
        let all = &mut self.lists[first as usize..][..length as usize];
        all.sort_unstable();
        let mut kept = 0;
        for at in 0..all.len() {
            if at == 0 || all[at] != all[kept - 1] {
                all[kept] = all[at];
                kept += 1;
            }
        }
        let length = kept as u32;
        List { first, length }
    }

    pub(crate) fn list(&self, list: List) -> &[usize] {
        &self.lists[list.first as usize..][..list.length as usize]
    }

    pub(crate) fn add_panic(&mut self, panic: Panicked) -> u64 {
        self.panics.push(panic);
        self.panics.len() as u64 - 1
    }

    pub(crate) fn panic(&self, place: u64) -> &Panicked {
        &self.panics[place as usize]
    }

    pub(crate) fn add_text(&mut self, text: String) -> u32 {
        self.texts.push(text);
        self.texts.len() as u32 - 1
    }

    pub(crate) fn text(&self, place: u32) -> &str {
        self.texts.get(place as usize).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::access::Kind;
    use std::panic::Location;

    #[test]
    fn truncated_records_leave_no_accesses_behind() {
        let mut trace = Trace::default();
        trace.clear();
        let access = |location| Access {
            location,
            kind: Kind::Write,
        };
        for location in 1..=3 {
            trace.access(access(location));
            trace.record(0, None, Location::caller(), |_, _| String::new());
        }
        trace.truncate(1);
        assert_eq!(trace.accesses(0), [access(1)]);
        trace.access(access(4));
        trace.record(0, None, Location::caller(), |_, _| String::new());
        assert_eq!((trace.records().len(), trace.original().len()), (2, 1));
        assert_eq!(trace.accesses(1), [access(4)]);
    }
}
