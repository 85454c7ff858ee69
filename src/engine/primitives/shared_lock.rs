//! What the threads of a scene share of a read-write lock: which of them hold it.
//!
//! Std does not say which thread is next. Here, any thread is that need not wait: a reader
//! does not wait for a writer that waits, unless it reads already. Then it may, and both
//! wait for ever.

use crate::engine::access::Kind;
use crate::engine::clock::{Past, VectorClock};
use crate::engine::execution::iteration::Seen;
use crate::engine::execution::object::{Blocking, State, Wait, of};
use crate::engine::execution::step::Step;
use crate::engine::execution::trace::{Gate, Hold, RecordKind};
use crate::engine::hash::{mix, word};
use crate::engine::ids::{At, ThreadId};
use crate::engine::search::Differs;

#[derive(Default)]
pub(super) struct SharedLock {
    pub(super) writer: Option<(ThreadId, At)>,
    pub(super) readers: Vec<(ThreadId, At)>,
    /// The threads that wait to write, and how often a thread began to.
    asking: Vec<ThreadId>,
    asked: u64,
    /// What happens before a reader holds it, and what more before a writer does. Std
    /// does not promise that a reader knows what another has done.
    written: Past,
    read: Past,
    /// How often it was taken, released or tried as writers do.
    writes: u64,
    /// Names all steps of readers, in any order.
    reads: u64,
}

impl State for SharedLock {
    fn reset(&mut self) {
        self.writer = None;
        self.readers.clear();
        self.asking.clear();
        self.asked = 0;
        self.written.clear();
        self.read.clear();
        (self.writes, self.reads) = (0, 0);
    }

    fn is_held_by(&self, thread: ThreadId) -> bool {
        self.holders().any(|(holder, _)| holder == thread)
    }

    fn is_released_beside(&self, clock: &VectorClock) -> bool {
        let mut released = [&self.written, &self.read].into_iter();
        released.any(|released| !clock.includes_all(&released.clock))
    }
}

impl SharedLock {
    fn holders(&self) -> impl Iterator<Item = (ThreadId, At)> {
        self.writer.iter().chain(&self.readers).copied()
    }

    pub(super) fn takes(&mut self, mode: Mode, holder: (ThreadId, At)) {
        match mode {
            Mode::Read => self.readers.push(holder),
            Mode::Write => {
                self.asking.retain(|&thread| thread != holder.0);
                self.writer = Some(holder);
            }
        }
    }

    pub(super) fn releases(&mut self, mode: Mode, thread: ThreadId) {
        let mut readers = self.readers.iter();
        match mode {
            Mode::Write => self.writer = None,
            Mode::Read => {
                if let Some(place) = readers.rposition(|&(reader, _)| reader == thread) {
                    self.readers.remove(place);
                }
            }
        }
    }
}

/// How a thread holds the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Read,
    Write,
}

impl Mode {
    /// The thread, if there is one, for which a thread must wait that takes the lock so.
    pub(super) fn holder(self) -> fn(&SharedLock) -> Option<ThreadId> {
        match self {
            Self::Read => |lock| lock.writer.map(|(thread, _)| thread),
            Self::Write => |lock| lock.holders().next().map(|(thread, _)| thread),
        }
    }

    /// A wait until a thread can take the lock so.
    pub(super) fn wait(self) -> &'static dyn Blocking {
        match self {
            Self::Read => &Readable,
            Self::Write => &Writable,
        }
    }

    fn hold(self) -> Hold {
        match self {
            Self::Read => Hold::Shares,
            Self::Write => Hold::Takes,
        }
    }
}

/// Waits until no thread writes.
struct Readable;

impl Blocking for Readable {
    fn is_over(&self, state: &dyn State) -> bool {
        of::<SharedLock>(state).writer.is_none()
    }

    fn holders(&self, state: &dyn State) -> Vec<(ThreadId, At)> {
        of::<SharedLock>(state).writer.into_iter().collect()
    }

    fn describe(&self, object: &str, _timed: bool) -> String {
        format!("waits to read-lock `{object}`")
    }

    fn takes(&self) -> Option<Kind> {
        Some(Kind::Share)
    }
}

/// Waits until no thread reads or writes.
struct Writable;

impl Blocking for Writable {
    fn is_over(&self, state: &dyn State) -> bool {
        of::<SharedLock>(state).holders().next().is_none()
    }

    fn holders(&self, state: &dyn State) -> Vec<(ThreadId, At)> {
        of::<SharedLock>(state).holders().collect()
    }

    fn describe(&self, object: &str, _timed: bool) -> String {
        format!("waits to write-lock `{object}`")
    }

    fn takes(&self) -> Option<Kind> {
        Some(Kind::Acquire)
    }
}

/// Waits for a writer that waits for this thread.
pub(super) struct BehindWriter;

impl Blocking for BehindWriter {
    fn is_over(&self, _: &dyn State) -> bool {
        false
    }

    fn describe(&self, object: &str, _timed: bool) -> String {
        format!("waits to read-lock `{object}` again")
    }

    fn never(&self) -> &'static str {
        ": a writer that waits may come first"
    }
}

impl Step<'_, SharedLock> {
    /// It begins to wait until it can write.
    pub(super) fn asks_to_write(&mut self, at: At) {
        self.accesses_asking(Kind::Write, 0);
        let me = self.me();
        self.state().asking.push(me);
        self.state().asked += 1;
        self.note(at, |record, names| {
            format!("ask to write-lock {}", names.object_of(record))
        });
    }

    /// Whether it waits for a writer, although it need not: both are tried.
    pub(super) fn waits_behind_writer(&mut self, at: At) -> Result<bool, Differs> {
        let me = self.me();
        let mut readers = self.state().readers.iter();
        if !readers.any(|&(reader, _)| reader == me) {
            return Ok(false);
        }
        self.needs.reads_again = true;
        let is_asked = !self.state().asking.is_empty();
        self.has_choices |= is_asked;
        let waits = is_asked && self.chooses(2)? == 1;
        if self.settings.reads_again {
            self.accesses_asking(Kind::Read, waits.into());
        }
        if waits {
            self.note(at, |record, names| {
                let lock = names.object_of(record);
                format!("read-lock {lock} → waits: a writer is waiting")
            });
        }
        Ok(waits)
    }

    fn accesses_asking(&mut self, kind: Kind, choice: u64) {
        let spot = self.objects[self.id].spot().part(const { word("asking") });
        let asked = self.state().asked;
        self.begins_step();
        self.accesses(spot, kind, (asked, const { word("ask") }, choice));
    }

    pub(super) fn clears_shared_poison(&mut self) {
        self.writes_lock(Kind::Write, const { word("clear_poison") });
        self.makes_news();
    }

    fn writes_lock(&mut self, kind: Kind, operation: u64) {
        let (id, writes) = (self.id, self.state().writes);
        self.step(id, kind, (writes, operation, 0));
        self.objects[id].writes += 1;
        self.state().writes += 1;
    }

    /// A step that is independent of the steps of other readers. Its name must not tell
    /// in which order they come.
    fn shares_lock(&mut self, kind: Kind, operation: u64) {
        let (id, writes) = (self.id, self.state().writes);
        self.step(id, kind, (writes, operation, 0));
    }

    /// The same for one that threads can see which try to write.
    fn is_reader(&mut self, kind: Kind, operation: u64) {
        self.shares_lock(kind, operation);
        let (id, step) = (self.id, self.step_name());
        self.objects[id].writes += 1;
        let reads = &mut self.state().reads;
        *reads = reads.wrapping_add(step);
    }

    fn sees_version(&mut self) {
        let id = self.id;
        let version = self.objects[id].version;
        self.sees(Seen::Version(id, version));
    }

    /// The running thread takes the lock, which is free for it.
    pub(super) fn takes_shared_lock(&mut self, mode: Mode, at: At, waits: bool) {
        let me = self.me();
        let (views, lock) = self.views_and_state();
        views.past.join(&lock.written);
        if mode == Mode::Write {
            views.past.join(&lock.read);
        }
        lock.takes(mode, (me, at));
        let kinds = match mode {
            Mode::Read => [Kind::TryShare, Kind::Share],
            Mode::Write => [Kind::TryAcquire, Kind::Acquire],
        };
        let kind = kinds[usize::from(waits)];
        match mode {
            Mode::Read => self.is_reader(kind, const { word("read-lock") }),
            Mode::Write => self.writes_lock(kind, const { word("write-lock") }),
        }
        self.sees_version();
    }

    /// It releases the lock; `changed`: what the lock protects.
    pub(super) fn releases_shared_lock(&mut self, mode: Mode, changed: bool) {
        let me = self.me();
        match mode {
            Mode::Read => self.is_reader(Kind::Unshare, const { word("unlock") }),
            Mode::Write => self.ends_writing(const { word("unlock") }, changed),
        }
        let (views, lock) = self.views_and_state();
        if mode == Mode::Read {
            lock.read.join(&views.past);
        }
        lock.releases(mode, me);
    }

    /// It no longer holds the lock alone, but still reads.
    pub(super) fn downgrades_lock(&mut self, changed: bool, at: At) {
        self.ends_writing(const { word("downgrade") }, changed);
        self.quietly_downgrades(at);
        let id = self.id;
        let record = self.note(at, |record, names| {
            format!("downgrade {} to a read lock", names.object_of(record))
        });
        record.lock = Some((id, Hold::Downgrades));
    }

    /// The same in an execution that is aborted.
    pub(super) fn quietly_downgrades(&mut self, at: At) {
        let holder = (self.me(), at);
        self.state().writer = None;
        self.state().takes(Mode::Read, holder);
    }

    fn ends_writing(&mut self, operation: u64, changed: bool) {
        self.writes_lock(Kind::Write, operation);
        if changed {
            self.makes_news();
        }
        let (views, lock) = self.views_and_state();
        lock.written.clone_from(&views.past);
        lock.read.clear();
    }

    /// It cannot take the lock now.
    pub(super) fn fails_to_lock(&mut self, mode: Mode) {
        let id = self.id;
        let seen = self.sees_writes(id);
        self.sees(seen);
        let operation = match mode {
            Mode::Read => const { word("try_read") },
            Mode::Write => const { word("try_write") },
        };
        let lock = self.state();
        let found = mix(lock.writes, lock.reads);
        self.step(id, Kind::Read, (found, operation, 0));
    }

    /// It sees whether the lock is poisoned.
    pub(super) fn sees_poison(&mut self) {
        let seen = self.sees_writes(self.id);
        self.sees(seen);
        self.shares_lock(Kind::TryShare, const { word("is_poisoned") });
    }

    pub(super) fn notes_shared_lock(&mut self, mode: Mode, at: At, poisoned: bool) {
        let id = self.id;
        let record = self.note(at, |record, names| {
            let poisoned = ["", " → poisoned"][record.values[1] as usize];
            let verb = ["read-lock", "write-lock"][record.values[0] as usize];
            format!("{verb} {}{poisoned}", names.object_of(record))
        });
        record.values = [mode as u64, poisoned.into()];
        record.gate = match mode {
            Mode::Read => Gate::Shared(id),
            Mode::Write => Gate::Free(id),
        };
        record.waited = Some(Wait {
            object: id,
            what: mode.wait(),
            timed: false,
        });
        record.lock = Some((id, mode.hold()));
        record.kind = RecordKind::Locks(true);
    }

    pub(super) fn notes_try(&mut self, mode: Mode, at: At, found: Found) {
        let id = self.id;
        let record = self.note(at, |record, names| {
            let verb = ["try_read", "try_write"][record.values[0] as usize];
            let found = ["succeeds", "poisoned", "held by another"][record.values[1] as usize];
            format!("{verb} {} → {found}", names.object_of(record))
        });
        record.values = [mode as u64, found as u64];
        record.lock = (found != Found::Held).then_some((id, mode.hold()));
    }
}

/// What a thread finds that tries to lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Free,
    Poisoned,
    Held,
}
