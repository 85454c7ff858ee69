//! The stores of one atomic.
//!
//! In C11 mode every store stays, and every thread has a *view*: for each atomic the
//! oldest store that it may still read. Views travel by whatever synchronises, as in
//! the promising semantics of Kang, Hur, Lahav, Vafeiadis, Dreyer (POPL 2017), of which
//! this is the part without promises and with stores that take effect in the order in
//! which they are executed.

use super::cell::Latest;
use super::{Operation, Origin, Views, acquires, releases};
use crate::engine::access::{Kind, StoreName};
use crate::engine::clock::{Past, VectorClock, View};
use crate::engine::ids::ThreadId;
use crate::engine::reused::Reused;
use std::sync::atomic::Ordering;

/// All stores to one atomic in modification order, which is the order of execution.
#[derive(Debug, Default)]
pub(crate) struct Stores {
    list: Reused<Store>,
    /// Its number among the atomics of the execution: its place in views.
    number: usize,
    /// How often `SeqCst` operations have changed what later ones may read.
    pub(crate) sequential: u64,
    /// Reads that are not atomic.
    pub(crate) unsynchronized: Latest,
}

#[derive(Debug)]
struct Store {
    name: StoreName,
    /// Which transition wrote it; the first store was there before.
    transition: Option<u32>,
    record: Option<u32>,
    value: u64,
    /// How often the value had been written by then, without those read-modify-writes
    /// that left it as it was.
    version: u64,
    by: ThreadId,
    /// The storing thread's own time.
    time: u32,
    ordering: Ordering,
    /// What a load that acquires synchronises with.
    releases: Past,
}

/// Where a store comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) thread: ThreadId,
    pub(crate) name: StoreName,
    pub(crate) transition: u32,
    pub(crate) record: u32,
}

impl Stores {
    /// An atomic with that value; the execution has so many others.
    pub(crate) fn begin(&mut self, number: usize, value: u64) {
        self.number = number;
        self.list.clear();
        self.sequential = 0;
        self.unsynchronized.clear();
        let store = self.push();
        store.name = 0;
        store.transition = None;
        store.record = None;
        store.value = value;
        store.version = 0;
        (store.by, store.time) = (0, 0);
        store.ordering = Ordering::Relaxed;
        store.releases.clear();
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    /// Whether it has not begun.
    pub(crate) fn is_new(&self) -> bool {
        self.list.is_empty()
    }

    fn push(&mut self) -> &mut Store {
        self.list.add(|| Store {
            name: 0,
            transition: None,
            record: None,
            value: 0,
            version: 0,
            by: 0,
            time: 0,
            ordering: Ordering::Relaxed,
            releases: Past::default(),
        })
    }

    /// The newest store that a thread with that clock does not know of: its thread, when,
    /// and its record.
    pub(crate) fn unordered(&self, clock: &VectorClock) -> Option<(ThreadId, u32, u32)> {
        let unordered = |store: &&Store| !clock.includes(store.by, store.time);
        let store = self.list.iter().rev().find(unordered)?;
        Some((store.by, store.time, store.record?))
    }

    pub(crate) fn newest(&self) -> usize {
        self.list.len() - 1
    }

    pub(crate) fn value(&self, store: usize) -> u64 {
        self.list[store].value
    }

    /// The newest store has written that value instead.
    pub(crate) fn overwrite(&mut self, value: u64) {
        let newest = self.newest();
        self.list[newest].value = value;
    }

    pub(crate) fn name(&self, store: usize) -> StoreName {
        self.list[store].name
    }

    /// The version of the value that the store is.
    pub(crate) fn version(&self, store: usize) -> u64 {
        self.list[store].version
    }

    /// The access of a load that chooses this store.
    pub(crate) fn choice(&self, store: usize) -> Kind {
        let store = &self.list[store];
        Kind::ReadsFrom(store.name, store.transition)
    }

    /// The stores that a thread may read now, the newest first.
    pub(crate) fn readable(
        &self,
        views: &Views,
        sequential: &View,
        ordering: Ordering,
    ) -> impl Iterator<Item = usize> + use<> {
        let mut oldest = views.past.view.oldest(self.number);
        if ordering == Ordering::SeqCst {
            oldest = oldest.max(sequential.oldest(self.number));
        }
        (oldest..self.list.len()).rev()
    }

    /// A thread reads that store.
    pub(crate) fn read(
        &self,
        store: usize,
        (name, ordering): (&'static str, Ordering),
        is_c11: bool,
        views: &mut Views,
    ) -> Operation {
        let read = &self.list[store];
        if is_c11 {
            views.past.view.raise(self.number, store);
        }
        if acquires(ordering) || !is_c11 {
            views.past.join(&read.releases);
        } else {
            views.unacquired.join(&read.releases);
        }
        let from = Origin {
            by: read.by,
            time: read.time,
            ordering: read.ordering,
            record: read.record,
        };
        Operation {
            name,
            ordering,
            read: Some(read.value),
            written: None,
            from: Some(from),
        }
    }

    /// A thread stores. `continues`: the store that a read-modify-write has read, whose
    /// release sequence it continues.
    pub(crate) fn write(
        &mut self,
        value: u64,
        ordering: Ordering,
        is_c11: bool,
        writer: Writer,
        views: &mut Views,
        continues: Option<usize>,
    ) {
        let number = self.number;
        let mut version = self.version(self.newest()) + 1;
        let time = views.past.clock.of(writer.thread);
        if is_c11 {
            views.past.view.raise(number, self.list.len());
        }
        let past = match releases(ordering) || !is_c11 {
            true => &views.past,
            false => &views.released,
        };
        let store = self.list.len();
        self.push().releases.clone_from(past);
        let (earlier, new) = self.list.split_at_mut(store);
        let new = &mut new[0];
        if is_c11 {
            new.releases.view.raise(number, store);
        }
        if let Some(read) = continues {
            let read = &earlier[read];
            new.releases.join(&read.releases);
            if read.value == value {
                version = read.version;
            }
        }
        new.name = writer.name;
        new.transition = Some(writer.transition);
        new.record = Some(writer.record);
        new.value = value;
        new.version = version;
        new.by = writer.thread;
        new.time = time;
        new.ordering = ordering;
    }

    /// A `SeqCst` operation takes effect: later ones read nothing older. Returns whether
    /// that changes what they may read.
    pub(crate) fn keep_sequence(&mut self, store: usize, sequential: &mut View) -> bool {
        let changes = store > sequential.oldest(self.number);
        sequential.raise(self.number, store);
        self.sequential += u64::from(changes);
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordering::{Acquire, Relaxed, Release, SeqCst};

    fn atomic(number: usize) -> Stores {
        let mut stores = Stores::default();
        stores.begin(number, 0);
        stores
    }

    fn store(stores: &mut Stores, value: u64, ordering: Ordering, views: &mut Views) {
        let writer = Writer {
            thread: 1,
            name: value,
            transition: 0,
            record: 0,
        };
        stores.write(value, ordering, true, writer, views, None);
    }

    fn values(stores: &Stores, views: &Views, ordering: Ordering) -> Vec<u64> {
        let readable = stores.readable(views, &View::default(), ordering);
        readable.map(|store| stores.value(store)).collect()
    }

    /// Store 1 to x, then store 1 to y, which another thread loads.
    fn message(store_y: Ordering, load_y: Ordering) -> Vec<u64> {
        let (mut x, mut y) = (atomic(0), atomic(1));
        let (mut writer, mut reader) = (Views::default(), Views::default());
        store(&mut x, 1, Relaxed, &mut writer);
        store(&mut y, 1, store_y, &mut writer);
        assert_eq!(values(&y, &reader, load_y), [1, 0]);
        y.read(1, ("load", load_y), true, &mut reader);
        values(&x, &reader, Relaxed)
    }

    #[test]
    fn an_acquire_load_of_a_release_store_sees_what_was_stored_before() {
        assert_eq!(message(Release, Acquire), [1]);
        assert_eq!(message(Relaxed, Acquire), [1, 0]);
        assert_eq!(message(Release, Relaxed), [1, 0]);
    }

    #[test]
    fn a_thread_reads_nothing_older_than_it_has_read() {
        let mut x = atomic(0);
        let (mut writer, mut reader) = (Views::default(), Views::default());
        store(&mut x, 1, Relaxed, &mut writer);
        store(&mut x, 2, Relaxed, &mut writer);
        x.read(1, ("load", Relaxed), true, &mut reader);
        assert_eq!(values(&x, &reader, Relaxed), [2, 1]);
        assert_eq!(values(&x, &writer, Relaxed), [2]);
    }

    #[test]
    fn an_acquire_fence_takes_up_what_relaxed_loads_have_read() {
        let (mut x, mut y) = (atomic(0), atomic(1));
        let (mut writer, mut reader) = (Views::default(), Views::default());
        let mut sequential = View::default();
        store(&mut x, 1, Relaxed, &mut writer);
        writer.fence(Release, &mut sequential);
        store(&mut y, 1, Relaxed, &mut writer);
        y.read(1, ("load", Relaxed), true, &mut reader);
        assert_eq!(values(&x, &reader, Relaxed), [1, 0]);
        reader.fence(Acquire, &mut sequential);
        assert_eq!(values(&x, &reader, Relaxed), [1]);
    }

    /// A release store, a relaxed addition to it, and a load that acquires.
    #[test]
    fn a_read_modify_write_continues_the_release_sequence() {
        let (mut x, mut y) = (atomic(0), atomic(1));
        let [mut a, mut b, mut c] = [(); 3].map(|()| Views::default());
        store(&mut x, 1, Relaxed, &mut a);
        store(&mut y, 1, Release, &mut a);
        y.read(1, ("fetch_add", Relaxed), true, &mut b);
        let writer = Writer {
            thread: 2,
            name: 7,
            transition: 1,
            record: 1,
        };
        y.write(2, Relaxed, true, writer, &mut b, Some(1));
        y.read(2, ("load", Acquire), true, &mut c);
        assert_eq!(values(&x, &c, Relaxed), [1]);
        assert_eq!(y.version(2), 2);
    }

    #[test]
    fn a_sequentially_consistent_load_reads_nothing_older_than_the_last_one() {
        let mut x = atomic(0);
        let (mut writer, reader) = (Views::default(), Views::default());
        let mut sequential = View::default();
        store(&mut x, 1, SeqCst, &mut writer);
        assert!(x.keep_sequence(1, &mut sequential));
        let values = |ordering| {
            x.readable(&reader, &sequential, ordering)
                .collect::<Vec<_>>()
        };
        assert_eq!(values(SeqCst), [1]);
        assert_eq!(values(Acquire), [1, 0]);
    }
}
