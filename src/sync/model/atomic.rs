//! `std::sync::atomic`: the value is kept by the model; in C11 mode loom says
//! which store a load reads.

use super::clock::Clock;
use super::runtime::{
    self, At, Execution, Handle, ObjectId, State, ThreadId, TornDown, What, unwinding, with,
};
use crate::sync::Named;
use loom::sync::atomic::AtomicUsize as LoomAtomic;
use std::panic::Location;

pub use std::sync::atomic::Ordering;

/// All stores to one atomic, in the order in which they were executed.
pub(in crate::sync) struct History {
    stores: Vec<Store>,
    /// Every store is ordered after the one before it, by happens-before or by
    /// reading it: then a read-modify-write can only read the last.
    ordered: bool,
    /// The number of the next one.
    next: usize,
    show: fn(u64) -> String,
}

#[derive(Clone, Copy)]
struct Store {
    /// What loom knows it by. Numbers are given out before loom may switch, so
    /// they are not in order.
    number: usize,
    value: u64,
    by: ThreadId,
    /// The storing thread's own time.
    time: u32,
    ordering: Ordering,
    /// What a load that acquires gets to know.
    releases: Clock,
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
    /// There was a newer store to read.
    pub(crate) stale: bool,
}

/// The store that a load has read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) by: ThreadId,
    /// The storing thread's own time.
    pub(crate) time: u32,
    pub(crate) ordering: Ordering,
}

/// The part that all atomics share: values are `u64` inside.
#[derive(Debug)]
struct Raw {
    handle: Handle,
    /// C11 mode: holds the number of a store.
    loom: Option<LoomAtomic>,
}

impl History {
    /// Whether every store is ordered after the one before it.
    pub(super) fn is_ordered(&self) -> bool {
        self.ordered
    }

    pub(crate) fn shown(&self, value: u64) -> String {
        (self.show)(value)
    }

    /// A number for a store to come.
    fn number(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    /// The place of the store of that number.
    fn numbered(&self, number: usize) -> usize {
        let place = self.stores.iter().position(|store| store.number == number);
        place.expect("loom reads what was stored")
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
        let (by, releases) = with(|x| {
            let me = x.current();
            (me, x.threads[me].clock)
        });
        let first = Store {
            number: 0,
            value,
            by,
            time: releases.now(by),
            ordering: Ordering::Relaxed,
            releases,
        };
        let history = History {
            stores: vec![first],
            ordered: true,
            next: 1,
            show,
        };
        let handle = Handle::new("atomic", State::Atomic(history));
        handle.shows(show(value));
        Self {
            handle,
            loom: runtime::is_c11().then(|| LoomAtomic::new(0)),
        }
    }

    #[track_caller]
    fn load(&self, ordering: Ordering, at: At) -> u64 {
        assert!(
            !matches!(ordering, Ordering::Release | Ordering::AcqRel),
            "there is no such thing as a {ordering:?} load"
        );
        if unwinding() {
            runtime::looks_while_unwinding();
            return self.newest();
        }
        let id = self.handle.checked_id();
        let (me, store) = match &self.loom {
            None => (
                self.handle.point_of_load(),
                with(|x| history(x, id).stores.len() - 1),
            ),
            // loom's own operation is the point; ours comes behind it, since loom
            // forgets a thread's load as soon as another thread loads.
            Some(loom) => {
                let number = runtime::at_loom(|| loom.load(ordering));
                self.handle.loads();
                let store = with(|x| history(x, id).numbered(number));
                (runtime::current(), store)
            }
        };
        let (value, stutters) = with(|x| {
            x.reads(me, id, "load", store as u64);
            let operation = x.read_store(me, id, store, ordering, "load");
            let value = operation.read.unwrap_or_default();
            let stutters = operation.stale && x.repeats(me, id, store);
            x.note(me, Some(id), What::Atomic(operation), at);
            (value, stutters)
        });
        if stutters {
            runtime::tear_down(TornDown::Repeats);
        }
        value
    }

    #[track_caller]
    fn store(&self, value: u64, ordering: Ordering, at: At) {
        assert!(
            !matches!(ordering, Ordering::Acquire | Ordering::AcqRel),
            "there is no such thing as a {ordering:?} store"
        );
        if unwinding() {
            return;
        }
        let id = self.handle.checked_id();
        let me = self.handle.comes();
        let number = with(|x| history(x, id).number());
        if let Some(loom) = &self.loom {
            runtime::quietly(|| loom.store(number, ordering));
        }
        self.handle.touches();
        with(|x| {
            x.writes(me, id, "store");
            x.write_store(me, id, number, value, ordering, None);
            let operation = Operation {
                name: "store",
                ordering,
                read: None,
                written: Some(value),
                from: None,
                stale: false,
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
            let value = self.newest();
            return change(value).map(|_| value).ok_or(value);
        }
        let id = self.handle.checked_id();
        let one_to_read = |x: &mut Execution| !x.is_c11() || history(x, id).ordered;
        let me = if with(one_to_read) {
            self.handle.comes()
        } else {
            runtime::current()
        };
        let number = with(|x| history(x, id).number());
        let store = match &self.loom {
            None => with(|x| history(x, id).stores.len() - 1),
            Some(loom) => self.loom_update(loom, number, success, failure, change),
        };
        self.handle.touches();
        with(|x| {
            let value = history(x, id).stores[store].value;
            let written = change(value);
            let ordering = failure.filter(|_| written.is_none()).unwrap_or(success);
            if written.is_some() {
                x.updates(me, id, name, store as u64);
            } else {
                x.reads(me, id, name, store as u64);
            }
            let mut operation = x.read_store(me, id, store, ordering, name);
            if let Some(new) = written {
                x.write_store(me, id, number, new, ordering, Some(store));
            }
            operation.written = written;
            x.note(me, Some(id), What::Atomic(operation), at);
            written.map(|_| value).ok_or(value)
        })
    }

    /// Lets loom do the read-modify-write and returns the store it read.
    fn loom_update(
        &self,
        loom: &LoomAtomic,
        number: usize,
        success: Ordering,
        failure: Option<Ordering>,
        change: Change<'_>,
    ) -> usize {
        let id = self.handle.id();
        let find = |number| with(|x| history(x, id).numbered(number));
        let ordered = with(|x| history(x, id).ordered);
        // loom may read any store that has no later one known: it must be free to
        // choose, and so it may also switch here. If there is only one, the point
        // that has been passed is enough.
        let at_loom = |update: &mut dyn FnMut() -> usize| {
            if ordered {
                runtime::quietly(update)
            } else {
                runtime::at_loom(update)
            }
        };
        let Some(failure) = failure else {
            return find(at_loom(&mut || loom.swap(number, success)));
        };
        // loom compares numbers of stores where we compare values. A store that we
        // did not guess is one that `change` refuses, or we must guess again.
        let mut accepts = |store: &Store| change(store.value).is_some();
        let stores = with(|x| history(x, id).stores.clone());
        let guess = if ordered {
            stores.last().filter(|store| accepts(store))
        } else {
            stores.iter().rev().find(|store| accepts(store))
        };
        let guess = guess.map_or(usize::MAX, |store| store.number);
        let exchange = |guess| loom.compare_exchange(guess, number, success, failure);
        let found = at_loom(&mut || exchange(guess).unwrap_or_else(|other| other));
        let store = find(found);
        if found == guess || !accepts(&with(|x| history(x, id).stores[store])) {
            return store;
        }
        runtime::must_not_sleep();
        match runtime::at_loom(|| exchange(found)) {
            Ok(_) => store,
            // Had it read that store at once, it would be the same.
            Err(_) => runtime::tear_down(TornDown::Repeats),
        }
    }

    fn newest(&self) -> u64 {
        with(|x| {
            history(x, self.handle.id())
                .stores
                .last()
                .map_or(0, |store| store.value)
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
        let stale = store + 1 < history.stores.len();
        let Store {
            value,
            by,
            time,
            ordering: stored,
            releases,
            ..
        } = history.stores[store];
        self.stale_reads += usize::from(stale);
        let thread = &mut self.threads[me];
        if acquires(ordering) || !c11 {
            thread.clock.join(&releases);
        } else {
            thread.unacquired.join(&releases);
        }
        Operation {
            name,
            ordering,
            read: Some(value),
            written: None,
            from: Some(Origin {
                by,
                time,
                ordering: stored,
            }),
            stale,
        }
    }

    /// The thread stores: what it lets others know by it. A read-modify-write
    /// goes on with the release sequence of the store it read.
    fn write_store(
        &mut self,
        me: ThreadId,
        id: ObjectId,
        number: usize,
        value: u64,
        ordering: Ordering,
        continues: Option<usize>,
    ) {
        let c11 = self.is_c11();
        let thread = &self.threads[me];
        let mut known = if releases(ordering) || !c11 {
            thread.clock
        } else {
            thread.released
        };
        let clock = thread.clock;
        let history = history(self, id);
        if let Some(read) = continues {
            known.join(&history.stores[read].releases);
        }
        let last = history.stores.len() - 1;
        let Store { by, time, .. } = history.stores[last];
        history.ordered &= continues == Some(last) || clock.knows(by, time);
        history.stores.push(Store {
            number,
            value,
            by: me,
            time: clock.now(me),
            ordering,
            releases: known,
        });
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
    if runtime::is_c11() {
        loom::sync::atomic::fence(ordering);
    }
    with(|x| {
        let thread = &mut x.threads[me];
        if acquires(ordering) {
            let unacquired = thread.unacquired;
            thread.clock.join(&unacquired);
        }
        if releases(ordering) {
            thread.released = thread.clock;
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
