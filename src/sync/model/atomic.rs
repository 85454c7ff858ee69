//! `std::sync::atomic`.
//!
//! In C11 mode every store stays, and every thread has a *view*: for each atomic
//! the oldest store that it may still read. Views travel by whatever
//! synchronises, as in the promising semantics of Kang, Hur, Lahav, Vafeiadis,
//! Dreyer (POPL 2017), of which this is the part without promises and with stores
//! that take effect in the order in which they are executed.

use super::clock::Known;
use super::events::What;
use super::objects::{Handle, State};
use super::runtime::{self, At, Execution, Next, ObjectId, ThreadId, unwinding, with};
use super::search::{Access, StoreKey};
use crate::sync::Named;
use std::panic::Location;

pub use std::sync::atomic::Ordering;

/// All stores to one atomic, in its modification order: that in which they were
/// executed.
pub(in crate::sync) struct History {
    stores: Vec<Store>,
    /// How often `SeqCst` operations have changed what later ones may read.
    sequential: u64,
    show: fn(u64) -> String,
}

#[derive(Clone)]
struct Store {
    key: StoreKey,
    /// The turn in which it was put; the first store was there before.
    turn: Option<usize>,
    value: u64,
    /// How often the value had been written by then, not counting those
    /// read-modify-writes that left it as it was.
    version: u64,
    by: ThreadId,
    /// The storing thread's own time.
    time: u32,
    ordering: Ordering,
    /// What a load that acquires gets to know.
    releases: Known,
}

/// What was done to an atomic, for the story.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    /// `load`, `store`, `fetch_add`, …
    pub(crate) name: &'static str,
    pub(crate) ordering: Ordering,
    /// The value read, unless it is a store.
    pub(crate) read: Option<u64>,
    /// The value written, unless it is a load or failed.
    pub(crate) written: Option<u64>,
    /// Where the value read comes from.
    pub(crate) from: Option<Origin>,
}

/// The store that a load has read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    /// Its place among all stores to the atomic.
    pub(crate) store: usize,
    pub(crate) by: ThreadId,
    /// The storing thread's own time.
    pub(crate) time: u32,
    pub(crate) ordering: Ordering,
}

/// The part that all atomics share: values are `u64` inside.
#[derive(Debug)]
struct Raw {
    handle: Handle,
}

impl History {
    pub(crate) fn shown(&self, value: u64) -> String {
        (self.show)(value)
    }

    fn newest(&self) -> usize {
        self.stores.len() - 1
    }

    /// Which version of the value that store is.
    pub(super) fn version(&self, store: usize) -> u64 {
        self.stores[store].version
    }

    pub(super) fn newest_version(&self) -> u64 {
        self.version(self.newest())
    }
}

fn acquires(ordering: Ordering) -> bool {
    use Ordering::{AcqRel, Acquire, SeqCst};
    matches!(ordering, Acquire | AcqRel | SeqCst)
}

fn releases(ordering: Ordering) -> bool {
    use Ordering::{AcqRel, Release, SeqCst};
    matches!(ordering, Release | AcqRel | SeqCst)
}

/// What a read-modify-write finds decides whether it writes.
type Change<'a> = &'a mut dyn FnMut(u64) -> Option<u64>;

impl Raw {
    fn new(value: u64, show: fn(u64) -> String) -> Self {
        let known = |x: &mut Execution| {
            let me = x.current();
            (me, x.threads[me].known.clone())
        };
        let (by, releases) = match unwinding() {
            true => runtime::with_any(known).unwrap_or_default(),
            false => with(known),
        };
        let first = Store {
            key: 0,
            turn: None,
            value,
            version: 0,
            by,
            time: releases.clock.now(by),
            ordering: Ordering::Relaxed,
            releases,
        };
        let history = History {
            stores: vec![first],
            sequential: 0,
            show,
        };
        let handle = Handle::new("atomic", State::Atomic(history));
        handle.shows(show(value));
        Self { handle }
    }

    #[track_caller]
    fn load(&self, ordering: Ordering, at: At) -> u64 {
        assert!(
            !matches!(ordering, Ordering::Release | Ordering::AcqRel),
            "there is no such thing as a {ordering:?} load"
        );
        if unwinding() {
            runtime::looks_while_unwinding();
        }
        if unwinding() || !runtime::is_c11() {
            let Some(me) = runtime::point_even_if_unwinding(&self.handle) else {
                return self.newest();
            };
            let id = self.handle.id();
            return with(|x| {
                let newest = history(x, id).newest();
                x.reads(me, id, "load", newest as u64);
                x.loads(me, id, newest, ordering, at)
            });
        }
        let id = self.handle.checked_id();
        let me = runtime::point(Next::Looks(id, ordering));
        let choice = with(|x| {
            let stores = x.readable(me, id, ordering);
            let keys = x.keys(id, &stores);
            x.search
                .choose_store(&keys)
                .map(|choice| (stores[choice], keys[choice]))
        });
        let (store, key) = runtime::chosen(choice);
        with(|x| {
            let access = Access::Look(key, history(x, id).stores[store].turn);
            x.looks(me, id, store as u64, access);
            x.keeps_sequence(me, id, store, ordering, false);
            x.loads(me, id, store, ordering, at)
        })
    }

    #[track_caller]
    fn store(&self, value: u64, ordering: Ordering, at: At) {
        assert!(
            !matches!(ordering, Ordering::Acquire | Ordering::AcqRel),
            "there is no such thing as a {ordering:?} store"
        );
        let Some(me) = runtime::point_even_if_unwinding(&self.handle) else {
            return;
        };
        let id = self.handle.id();
        with(|x| {
            x.writes(me, id, "store");
            x.write_store(me, id, value, ordering, None);
            let operation = Operation {
                name: "store",
                ordering,
                read: None,
                written: Some(value),
                from: None,
            };
            x.note(me, Some(id), What::Atomic(operation), at);
        });
    }

    /// Reads the newest value and, if `change` says so, writes another; without an
    /// ordering for failure it always does. Returns what was read, and whether it
    /// was written.
    fn update(
        &self,
        name: &'static str,
        success: Ordering,
        failure: Option<Ordering>,
        change: Change<'_>,
        at: At,
    ) -> Result<u64, u64> {
        if let Some(failure @ (Ordering::Release | Ordering::AcqRel)) = failure {
            panic!("there is no such thing as a {failure:?} failure ordering");
        }
        if unwinding() {
            runtime::looks_while_unwinding();
        }
        let Some(me) = runtime::point_even_if_unwinding(&self.handle) else {
            let value = self.newest();
            return change(value).map(|_| value).ok_or(value);
        };
        let id = self.handle.id();
        let mut value = |x: &mut Execution, store: usize| {
            let value = history(x, id).stores[store].value;
            (value, change(value))
        };
        let stores = with(|x| {
            // To write it must read the newest store; if it only reads, it may
            // read an older one.
            let mut stores = vec![history(x, id).newest()];
            if let Some(failure) = failure.filter(|_| x.is_c11() && !unwinding()) {
                let older = x.readable(me, id, failure);
                stores.extend(
                    older
                        .into_iter()
                        .skip(1)
                        .filter(|&store| value(x, store).1.is_none()),
                );
            }
            stores
        });
        let choice = with(|x| x.search.choose(stores.len()));
        let store = stores[runtime::chosen(choice)];
        with(|x| {
            let (read, written) = value(x, store);
            let ordering = failure.filter(|_| written.is_none()).unwrap_or(success);
            if written == Some(read) {
                // Like the `swap` of a lock that is held: it has waited.
                x.updates_nothing(me, id, name, store as u64);
            } else if written.is_some() {
                x.updates(me, id, Access::Change, name, store as u64);
            } else {
                x.reads(me, id, name, store as u64);
                x.keeps_sequence(me, id, store, ordering, false);
            }
            let mut operation = x.read_store(me, id, store, ordering, name);
            if let Some(new) = written {
                x.write_store(me, id, new, ordering, Some(store));
            }
            operation.written = written;
            x.note(me, Some(id), What::Atomic(operation), at);
            written.map(|_| read).ok_or(read)
        })
    }

    fn newest(&self) -> u64 {
        if unwinding() && !self.handle.is_here() {
            return 0;
        }
        let id = match unwinding() {
            true => self.handle.id(),
            false => self.handle.checked_id(),
        };
        with(|x| {
            let stores = &history(x, id).stores;
            stores.last().map_or(0, |store| store.value)
        })
    }
}

fn history(x: &mut Execution, id: ObjectId) -> &mut History {
    match &mut x.objects[id].state {
        State::Atomic(history) => history,
        _ => unreachable!("an atomic stays an atomic"),
    }
}

impl Execution {
    /// The stores that the thread may read now, the newest first.
    fn readable(&mut self, me: ThreadId, id: ObjectId, ordering: Ordering) -> Vec<usize> {
        let mut oldest = self.threads[me].known.view.oldest(id);
        if ordering == Ordering::SeqCst {
            oldest = oldest.max(self.sequential.view.oldest(id));
        }
        let newest = history(self, id).newest();
        (oldest..=newest)
            .rev()
            .filter(|&store| store == newest || !self.repeats(me, id, store))
            .collect()
    }

    fn keys(&mut self, id: ObjectId, stores: &[usize]) -> Vec<StoreKey> {
        let history = history(self, id);
        stores
            .iter()
            .map(|&store| history.stores[store].key)
            .collect()
    }

    /// The names of those that it may read.
    pub(super) fn may_read(
        &mut self,
        me: ThreadId,
        id: ObjectId,
        ordering: Ordering,
    ) -> Vec<StoreKey> {
        let stores = self.readable(me, id, ordering);
        self.keys(id, &stores)
    }

    fn loads(
        &mut self,
        me: ThreadId,
        id: ObjectId,
        store: usize,
        ordering: Ordering,
        at: At,
    ) -> u64 {
        let operation = self.read_store(me, id, store, ordering, "load");
        let value = operation.read.unwrap_or_default();
        self.note(me, Some(id), What::Atomic(operation), at);
        value
    }

    /// The thread reads that store: what it gets to know by it.
    fn read_store(
        &mut self,
        me: ThreadId,
        id: ObjectId,
        store: usize,
        ordering: Ordering,
        name: &'static str,
    ) -> Operation {
        let c11 = self.is_c11();
        let history = history(self, id);
        let Store {
            value,
            by,
            time,
            ordering: stored,
            releases,
            ..
        } = history.stores[store].clone();
        let thread = &mut self.threads[me];
        thread.known.view.raise(id, store);
        if acquires(ordering) || !c11 {
            thread.known.join(&releases);
        } else {
            thread.unacquired.join(&releases);
        }
        Operation {
            name,
            ordering,
            read: Some(value),
            written: None,
            from: Some(Origin {
                store,
                by,
                time,
                ordering: stored,
            }),
        }
    }

    /// The thread stores: what it lets others know by it. A read-modify-write
    /// goes on with the release sequence of the store it read.
    fn write_store(
        &mut self,
        me: ThreadId,
        id: ObjectId,
        value: u64,
        ordering: Ordering,
        continues: Option<usize>,
    ) {
        let store = history(self, id).stores.len();
        self.threads[me].known.view.raise(id, store);
        self.keeps_sequence(me, id, store, ordering, true);
        let thread = &self.threads[me];
        let mut known = if releases(ordering) || !self.is_c11() {
            thread.known.clone()
        } else {
            thread.released.clone()
        };
        known.view.raise(id, store);
        let time = thread.known.clock.now(me);
        let key = runtime::hash64((thread.key, thread.steps));
        let turn = Some(self.search.turn());
        let history = history(self, id);
        let mut version = history.newest_version() + 1;
        if let Some(read) = continues {
            let read = &history.stores[read];
            known.join(&read.releases);
            if read.value == value {
                version = read.version;
            }
        }
        history.stores.push(Store {
            key,
            turn,
            value,
            version,
            by: me,
            time,
            ordering,
            releases: known,
        });
    }

    /// `SeqCst` operations take effect in one order, that of the execution: who
    /// comes later reads nothing older.
    fn keeps_sequence(
        &mut self,
        me: ThreadId,
        id: ObjectId,
        store: usize,
        ordering: Ordering,
        writes: bool,
    ) {
        let Some(fences) = self.fences().filter(|_| ordering == Ordering::SeqCst) else {
            return;
        };
        let changes = writes || store > self.sequential.view.oldest(id);
        self.sequential.view.raise(id, store);
        let key = runtime::hash64((self.objects[id].key, "SeqCst"));
        let history = history(self, id);
        let before = history.sequential;
        history.sequential += u64::from(changes);
        let access = if changes {
            Access::Change
        } else {
            Access::Read
        };
        self.touches(me, key, access, (before, "SeqCst", 0));
        let fences = &self.objects[fences];
        let (key, before) = (fences.key, fences.writes);
        self.touches(me, key, Access::Read, (before, "SeqCst", 0));
    }
}

/// `std::sync::atomic::fence`.
///
/// # Panics
/// With [`Ordering::Relaxed`], as std's.
#[track_caller]
pub fn fence(ordering: Ordering) {
    assert!(
        ordering != Ordering::Relaxed,
        "there is no such thing as a relaxed fence"
    );
    if unwinding() {
        return;
    }
    let at = Location::caller();
    let me = runtime::point_of_fence(ordering);
    with(|x| {
        let (sequential, thread) = (&mut x.sequential, &mut x.threads[me]);
        if acquires(ordering) {
            let unacquired = thread.unacquired.clone();
            thread.known.join(&unacquired);
        }
        if ordering == Ordering::SeqCst {
            // It orders what others may read, but nothing happens before by it.
            thread.known.view.join(&sequential.view);
            sequential.view = thread.known.view.clone();
        }
        if releases(ordering) {
            thread.released = thread.known.clone();
        }
        x.note(me, None, What::Fence(ordering), at);
    });
}

macro_rules! atomics {
    ($($name:ident: $value:ty, $encode:expr, $decode:expr;)+) => {$(
        #[doc = concat!("The model's `std::sync::atomic::", stringify!($name), "`.")]
        #[derive(Debug)]
        pub struct $name(Raw);

        impl $name {
            /// An atomic with that value.
            pub fn new(value: $value) -> Self {
                Self(Raw::new($encode(value), |value| format!("{:?}", $decode(value))))
            }

            /// Reads.
            #[track_caller]
            pub fn load(&self, ordering: Ordering) -> $value {
                $decode(self.0.load(ordering, Location::caller()))
            }

            /// Writes.
            #[track_caller]
            pub fn store(&self, value: $value, ordering: Ordering) {
                self.0.store($encode(value), ordering, Location::caller());
            }

            /// Writes, and returns what was there.
            #[track_caller]
            pub fn swap(&self, value: $value, ordering: Ordering) -> $value {
                self.change("swap", ordering, Location::caller(), |_| value)
            }

            /// Writes `new` if `current` is there, and returns what was there.
            ///
            /// # Errors
            /// What was there, if it was not `current`.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let change = &mut |value| (value == $encode(current)).then(|| $encode(new));
                self.0
                    .update("compare_exchange", success, Some(failure), change, Location::caller())
                    .map($decode)
                    .map_err($decode)
            }

            /// The same: in the model it never fails spuriously.
            ///
            /// # Errors
            /// What was there, if it was not `current`.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }

            /// Loads, then exchanges until nobody has come in between, as std does.
            ///
            /// # Errors
            /// What was there when `update` refused.
            #[track_caller]
            pub fn fetch_update(
                &self,
                success: Ordering,
                failure: Ordering,
                mut update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut seen = self.load(failure);
                while let Some(new) = update(seen) {
                    match self.compare_exchange_weak(seen, new, success, failure) {
                        Ok(seen) => return Ok(seen),
                        Err(newer) => seen = newer,
                    }
                }
                Err(seen)
            }

            /// The value itself.
            pub fn into_inner(self) -> $value {
                $decode(self.0.newest())
            }

            fn change(
                &self,
                name: &'static str,
                ordering: Ordering,
                at: At,
                change: impl Fn($value) -> $value,
            ) -> $value {
                let change = &mut |value| Some($encode(change($decode(value))));
                match self.0.update(name, ordering, None, change, at) {
                    Ok(value) | Err(value) => $decode(value),
                }
            }
        }

        impl Named for $name {
            fn named(self, name: &'static str) -> Self {
                self.0.handle.name(name);
                self
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new(<$value>::default())
            }
        }
    )+};
}

atomics! {
    AtomicBool: bool, u64::from, |value: u64| value != 0;
    AtomicI32: i32, |value: i32| value as u64, |value: u64| value as i32;
    AtomicI64: i64, |value: i64| value as u64, |value: u64| value as i64;
    AtomicU32: u32, u64::from, |value: u64| value as u32;
    AtomicU64: u64, |value: u64| value, |value: u64| value;
    AtomicUsize: usize, |value: usize| value as u64, |value: u64| value as usize;
}

macro_rules! integers {
    ($($name:ident: $value:ty;)+) => {$(
        impl $name {
            /// Adds, wrapping around, and returns what was there.
            #[track_caller]
            pub fn fetch_add(&self, value: $value, ordering: Ordering) -> $value {
                self.change("fetch_add", ordering, Location::caller(), |old| old.wrapping_add(value))
            }

            /// Subtracts, wrapping around, and returns what was there.
            #[track_caller]
            pub fn fetch_sub(&self, value: $value, ordering: Ordering) -> $value {
                self.change("fetch_sub", ordering, Location::caller(), |old| old.wrapping_sub(value))
            }

            /// Writes the larger, and returns what was there.
            #[track_caller]
            pub fn fetch_max(&self, value: $value, ordering: Ordering) -> $value {
                self.change("fetch_max", ordering, Location::caller(), |old| old.max(value))
            }

            /// Writes the smaller, and returns what was there.
            #[track_caller]
            pub fn fetch_min(&self, value: $value, ordering: Ordering) -> $value {
                self.change("fetch_min", ordering, Location::caller(), |old| old.min(value))
            }

            /// Writes the bits that both have, and returns what was there.
            #[track_caller]
            pub fn fetch_and(&self, value: $value, ordering: Ordering) -> $value {
                self.change("fetch_and", ordering, Location::caller(), |old| old & value)
            }

            /// Writes the bits that either has, and returns what was there.
            #[track_caller]
            pub fn fetch_or(&self, value: $value, ordering: Ordering) -> $value {
                self.change("fetch_or", ordering, Location::caller(), |old| old | value)
            }

            /// Writes the bits that only one has, and returns what was there.
            #[track_caller]
            pub fn fetch_xor(&self, value: $value, ordering: Ordering) -> $value {
                self.change("fetch_xor", ordering, Location::caller(), |old| old ^ value)
            }
        }
    )+};
}

integers! {
    AtomicI32: i32;
    AtomicI64: i64;
    AtomicU32: u32;
    AtomicU64: u64;
    AtomicUsize: usize;
}

impl AtomicBool {
    /// Writes whether both are true, and returns what was there.
    #[track_caller]
    pub fn fetch_and(&self, value: bool, ordering: Ordering) -> bool {
        self.change("fetch_and", ordering, Location::caller(), |old| old & value)
    }

    /// Writes whether either is true, and returns what was there.
    #[track_caller]
    pub fn fetch_or(&self, value: bool, ordering: Ordering) -> bool {
        self.change("fetch_or", ordering, Location::caller(), |old| old | value)
    }

    /// Writes whether only one is true, and returns what was there.
    #[track_caller]
    pub fn fetch_xor(&self, value: bool, ordering: Ordering) -> bool {
        self.change("fetch_xor", ordering, Location::caller(), |old| old ^ value)
    }
}
