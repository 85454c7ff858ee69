//! `std::sync::atomic`: the part that all atomics share. Values are `u64` inside.

use crate::engine::access::Kind;
use crate::engine::execution::abort::{chosen, unwinding};
use crate::engine::execution::handle::{Handle, with_living};
use crate::engine::execution::iteration::Seen;
use crate::engine::execution::panics::looks_while_unwinding;
use crate::engine::execution::run::with;
use crate::engine::execution::schedule::point;
use crate::engine::execution::step::Step;
use crate::engine::execution::thread::Next;
use crate::engine::execution::trace::{Names, Record, Shows};
use crate::engine::hash::word;
use crate::engine::ids::At;
use crate::engine::memory::Operation;
use crate::engine::memory::cell::CellAccess;
use crate::engine::memory::stores::{Stores, Writer};
use smallvec::SmallVec;
use std::panic::Location;
use std::sync::atomic::Ordering;

/// An atomic, whatever its type.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) handle: Handle<Stores>,
}

/// What a read-modify-write finds decides whether it writes, and what.
pub(super) type Change<'a> = &'a mut dyn FnMut(u64) -> Option<u64>;

impl Raw {
    #[track_caller]
    pub(super) const fn new() -> Self {
        Self {
            handle: Handle::new("atomic"),
        }
    }

    /// The value is that one: the thread that had exclusive access has written it, or it is
    /// the initial value. No step: all that other threads can do happens before that or
    /// after it.
    #[inline(never)]
    pub(super) fn set(&self, value: u64, show: Option<fn(u64) -> String>) {
        if self.handle.is_freed() || !self.handle.is_here() {
            return;
        }
        self.handle.with(|step| {
            let id = step.id;
            if !step.state().is_new() {
                return step.state().overwrite(value);
            }
            step.begins_atomic(id, value);
            step.objects[id].show = show;
            if step.is_told {
                step.objects[id].initially = Some(match (show, value) {
                    (Some(show), _) => show(value),
                    (None, 0) => "null".to_owned(),
                    (None, _) => "a pointer".to_owned(),
                });
            }
        });
    }

    #[inline(never)]
    pub(super) fn load(&self, ordering: Ordering, at: At) -> u64 {
        assert!(
            !matches!(ordering, Ordering::Release | Ordering::AcqRel),
            "there is no such thing as a {ordering:?} load"
        );
        if unwinding() {
            looks_while_unwinding();
        }
        if unwinding() || !with(|x| x.settings.is_c11) {
            let value = self.handle.step_even_if_unwinding(at, |step| {
                let newest = step.state().newest();
                reads(step, const { word("load") }, newest);
                step.loads(newest, ordering, at)
            });
            return value.unwrap_or_else(|| self.newest());
        }
        let id = self.handle.enter(at);
        point(Next::Loads(id, ordering));
        let choice = with_living(id, at, |step: &mut Step<'_, Stores>| {
            step.loads_after_join();
            let id = step.id;
            let stores: SmallVec<[usize; 8]> = step.readable(id, ordering).collect();
            let names: SmallVec<[u64; 8]> = stores
                .iter()
                .map(|&store| step.state().name(store))
                .collect();
            step.chooses_store(&names).map(|choice| stores[choice])
        });
        let store = chosen(choice);
        self.handle.with(|step| {
            let id = step.id;
            let (kind, name) = (step.state().choice(store), step.state().name(store));
            let seen = Seen::Version(id, step.state().version(store));
            step.sees(seen);
            step.step(id, kind, (name, const { word("load") }, 0));
            step.keeps_sequence(id, store, ordering);
            step.loads(store, ordering, at)
        })
    }

    #[inline(never)]
    pub(super) fn store(&self, value: u64, ordering: Ordering, at: At) {
        assert!(
            !matches!(ordering, Ordering::Acquire | Ordering::AcqRel),
            "there is no such thing as a {ordering:?} store"
        );
        self.handle.step_even_if_unwinding(at, |step| {
            step.writes_it(const { word("store") });
            step.stores(value, ordering, None);
            let operation = Operation {
                name: "store",
                ordering,
                read: None,
                written: Some(value),
                from: None,
            };
            step.tells(operation, at);
            step.races_with_reads(at);
        });
    }

    /// Reads the newest value and, if `change` says so, writes another; without an
    /// ordering for failure it always does. If it is weak, it may fail to. Returns what
    /// was read, and whether something was written.
    #[inline(never)]
    pub(super) fn update(
        &self,
        (name, operation): (&'static str, u64),
        success: Ordering,
        failure: Option<Ordering>,
        is_weak: bool,
        change: Change<'_>,
        at: At,
    ) -> Result<u64, u64> {
        if let Some(failure @ (Ordering::Release | Ordering::AcqRel)) = failure {
            panic!("there is no such thing as a {failure:?} failure ordering");
        }
        if unwinding() {
            looks_while_unwinding();
        }
        let is_weak = is_weak && !unwinding();
        // The stores that can be read, with their values and what is written instead; …
        let mut stores: SmallVec<[(usize, u64, Option<u64>); 4]> = SmallVec::new();
        // … and which of them let it write, although it may fail spuriously.
        let mut expected: SmallVec<[(usize, u64, Option<u64>); 4]> = SmallVec::new();
        let choice = self.handle.step_even_if_unwinding(at, |step| {
            // To write it must read the newest store; if it only reads, it may read an
            // older one.
            let (id, newest) = (step.id, step.state().newest());
            let mut tries = |step: &mut Step<'_, Stores>, store| {
                let read = step.state().value(store);
                let written = change(read);
                if store == newest || written.is_none() {
                    stores.push((store, read, written));
                }
                if is_weak && written.is_some() {
                    expected.push((store, read, None));
                }
            };
            tries(step, newest);
            if let Some(failure) = failure
                && step.settings.is_c11
                && !unwinding()
            {
                let older: SmallVec<[usize; 8]> = step.readable(id, failure).skip(1).collect();
                older.into_iter().for_each(|store| tries(step, store));
            }
            let spuriously = match is_weak && step.may_fail_spuriously() {
                true => expected.len(),
                false => 0,
            };
            let choices = stores.len() + spuriously;
            step.has_choices |= choices > 1;
            step.chooses(choices)
        });
        let Some(choice) = choice else {
            let value = self.newest();
            return change(value).map(|_| value).ok_or(value);
        };
        let choice = chosen(choice);
        let is_spurious = choice >= stores.len();
        let (store, read, written) = match is_spurious {
            true => expected[choice - stores.len()],
            false => stores[choice],
        };
        self.handle.with(|step| {
            let id = step.id;
            let ordering = failure.filter(|_| written.is_none()).unwrap_or(success);
            if written == Some(read) {
                // Like the `swap` of a lock that is held: it has waited.
                let seen = Seen::Version(id, step.state().version(store));
                step.updates_nothing(id, operation, store as u64, seen);
            } else if written.is_some() {
                step.updates(id, Kind::Write, operation, store as u64);
            } else {
                reads(step, operation, store);
                step.keeps_sequence(id, store, ordering);
            }
            if is_weak {
                step.exchanges_weakly(!expected.is_empty(), is_spurious);
            }
            let is_c11 = step.settings.is_c11;
            let (views, state) = step.views_and_state();
            let mut operation = state.read(store, (name, ordering), is_c11, views);
            if let Some(new) = written {
                step.stores(new, ordering, Some(store));
            }
            operation.written = written;
            step.tells(operation, at).values = [is_spurious.into(), 0];
            if written.is_some() {
                step.races_with_reads(at);
            }
            written.map(|_| read).ok_or(read)
        })
    }

    /// The newest value, read as that of a cell is: as there, the order of two accesses makes
    /// no difference to whether they race. `is_new`: no thread has used the atomic before.
    #[inline(never)]
    pub(super) fn unsync_load(&self, is_new: bool, at: At) -> u64 {
        if unwinding() {
            return self.newest();
        }
        let id = self.handle.enter(at);
        // A thread begins to use an object at a schedule point.
        if is_new || with(|x| x.is_starting()) {
            point(Next::Runs);
        }
        with_living(id, at, |step: &mut Step<'_, Stores>| {
            step.can_tell_drops();
            let me = step.me();
            step.threads[me].views.past.clock.tick(me);
            let second = step.access_now(Kind::Read, at);
            let (views, stores) = step.views_and_state();
            let clock = &views.past.clock;
            stores.unsynchronized.add(second, clock);
            let unordered = stores.unordered(clock);
            let value = stores.value(stores.newest());
            step.records_access(Kind::Read);
            let location = step.objects[id].location;
            step.searches(location, Kind::Read);
            step.note(at, |record, names| {
                let value = names.value(record.object.unwrap_or_default(), record.values[0]);
                format!("unsync_load {} → {value}", names.object_of(record))
            })
            .values = [value, 0];
            if let Some((thread, time, record)) = unordered {
                let at = step.trace.records()[record as usize].at;
                let kind = Kind::Write;
                let first = CellAccess {
                    thread,
                    kind,
                    at,
                    time,
                };
                step.races(id, first, second);
            }
            value
        })
    }

    /// The newest value, for the thread that alone can reach the atomic.
    #[inline(never)]
    pub(super) fn newest(&self) -> u64 {
        if unwinding() && !self.handle.is_here() {
            return 0;
        }
        if !unwinding() {
            self.handle.enter(Location::caller());
        }
        self.handle.with(|step| {
            let stores = step.state();
            stores.value(stores.newest())
        })
    }
}

/// A step that reads that store, and could have read no other.
fn reads(step: &mut Step<'_, Stores>, operation: u64, store: usize) {
    let id = step.id;
    let seen = Seen::Version(id, step.state().version(store));
    step.reads(id, operation, store as u64, seen);
}

impl Step<'_, Stores> {
    fn loads(&mut self, store: usize, ordering: Ordering, at: At) -> u64 {
        let is_c11 = self.settings.is_c11;
        let (views, state) = self.views_and_state();
        let operation = state.read(store, ("load", ordering), is_c11, views);
        self.tells(operation, at);
        operation.read.unwrap_or_default()
    }

    fn stores(&mut self, value: u64, ordering: Ordering, continues: Option<usize>) {
        let id = self.id;
        let writer = Writer {
            thread: self.me(),
            name: self.step_name(),
            transition: self.transition(),
            record: self.trace.next(),
        };
        let is_c11 = self.settings.is_c11;
        let (views, state) = self.views_and_state();
        state.write(value, ordering, is_c11, writer, views, continues);
        let store = state.newest();
        let version = state.version(store);
        self.objects[id].version = version;
        self.keeps_sequence(id, store, ordering);
    }

    /// The running thread has stored: reads that are not atomic must happen before.
    fn races_with_reads(&mut self, at: At) {
        let (views, stores) = self.views_and_state();
        if let Some(first) = stores.unsynchronized.unordered_read(&views.past.clock) {
            let second = self.access_now(Kind::Write, at);
            let id = self.id;
            self.races(id, first, second);
        }
    }

    fn tells(&mut self, operation: Operation, at: At) -> &mut Record {
        let id = self.id;
        let place = self.trace.add_operation(operation);
        let record = self.note(at, tell);
        record.operation = Some(place);
        if let Some(value) = operation.written {
            record.shows = Shows::Value(id, value);
        }
        record
    }
}

fn tell(record: &Record, names: &dyn Names) -> String {
    let (Some(operation), Some(object)) = (names.operation(record), record.object) else {
        return String::new();
    };
    let show = |value| names.value(object, value);
    let (name, atomic) = (operation.name, names.object(object));
    let stale = names.stale();
    let ordering = match names.is_c11() {
        true => format!(" ({:?})", operation.ordering),
        false => String::new(),
    };
    match (operation.read, operation.written) {
        (None, Some(new)) => format!("store {atomic} ← {}{ordering}", show(new)),
        (Some(old), None) if name == "load" => {
            format!("load {atomic} → {}{stale}{ordering}", show(old))
        }
        (Some(old), Some(new)) => {
            format!("{name} {atomic}: {} → {}{ordering}", show(old), show(new))
        }
        (Some(old), None) => {
            let how = ["", " spuriously"][record.values[0] as usize];
            format!(
                "{name} {atomic} fails{how}: it is {}{stale}{ordering}",
                show(old)
            )
        }
        (None, None) => name.to_owned(),
    }
}
