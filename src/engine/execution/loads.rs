//! Which stores a thread may read: the reads-from choices of C11.

use super::iteration::Seen;
use super::object::{Objects, State, of};
use super::run::Execution;
use super::thread::Thread;
use crate::engine::access::{Kind, StoreName};
use crate::engine::clock::View;
use crate::engine::hash::word;
use crate::engine::ids::ObjectId;
use crate::engine::memory::stores::Stores;
use std::sync::atomic::Ordering;

impl State for Stores {
    fn reset(&mut self) {
        self.clear();
    }
}

/// The stores that the thread may read, the newest first. In a loop it reads no older
/// store twice.
pub(super) fn readable<'x>(
    objects: &'x Objects,
    thread: &'x Thread,
    sequential: &'x View,
    atomic: ObjectId,
    ordering: Ordering,
) -> impl Iterator<Item = usize> + use<'x> {
    let stores: &Stores = of(&*objects[atomic].state);
    let newest = stores.newest();
    stores
        .readable(&thread.views, sequential, ordering)
        .filter(move |&store| {
            let seen = Seen::Version(atomic, stores.version(store));
            store == newest || !Execution::has_read(thread, seen)
        })
}

/// The names of those stores.
pub(super) fn options(
    objects: &Objects,
    thread: &Thread,
    sequential: &View,
    (atomic, ordering): (ObjectId, Ordering),
    add: &mut dyn FnMut(StoreName),
) {
    let stores: &Stores = of(&*objects[atomic].state);
    readable(objects, thread, sequential, atomic, ordering)
        .for_each(|store| add(stores.name(store)));
}

impl Execution {
    /// The stores that the running thread may read.
    pub(crate) fn readable(
        &self,
        atomic: ObjectId,
        ordering: Ordering,
    ) -> impl Iterator<Item = usize> + '_ {
        let thread = &self.threads[self.current];
        readable(&self.objects, thread, &self.sequential, atomic, ordering)
    }

    /// The running thread loads. Just after a join that belongs to the transition of the
    /// join, of which the search did not know that it would only load: while it sleeps,
    /// it wakes for stores that it need not read, and so may repeat itself. Unless all
    /// other threads were joined: then there are no such stores.
    pub(crate) fn loads_after_join(&mut self) {
        let me = &self.threads[self.current];
        if me.joined_at != Some(me.steps) {
            return;
        }
        let mine = &me.views.past.clock;
        let mut threads = self.threads.iter().enumerate();
        self.has_choices |= !threads.all(|(id, other)| {
            let is_over = other.has_ended() && mine.includes(id, other.views.past.clock.of(id));
            id == self.current || is_over
        });
    }

    /// `SeqCst` operations take effect in one order, that of the execution: later ones
    /// read nothing older.
    pub(crate) fn keeps_sequence(&mut self, atomic: ObjectId, store: usize, ordering: Ordering) {
        let Some(fences) = self.fences().filter(|_| ordering == Ordering::SeqCst) else {
            return;
        };
        let operation = const { word("SeqCst") };
        let stores: &mut Stores = self.objects.state(atomic);
        let before = stores.sequential;
        let kind = match stores.keep_sequence(store, &mut self.sequential) {
            true => Kind::Write,
            false => Kind::Read,
        };
        let spot = self.objects[atomic].spot().part(operation);
        self.accesses(spot, kind, (before, operation, 0));
        let fences = &self.objects[fences];
        let (spot, before) = (fences.spot(), fences.writes);
        self.accesses(spot, Kind::Read, (before, operation, 0));
    }

    /// An atomic that has had that value from the beginning. To read it synchronises with
    /// nothing.
    pub(crate) fn begins_atomic(&mut self, atomic: ObjectId, value: u64) {
        let number = self.atomics;
        self.atomics += 1;
        let stores: &mut Stores = self.objects.state(atomic);
        stores.begin(number, value);
    }

    /// A `SeqCst` fence, or a weaker one.
    pub(crate) fn fences_memory(&mut self, ordering: Ordering) {
        self.threads[self.current]
            .views
            .fence(ordering, &mut self.sequential);
    }

    /// Whether such a fence would let the running thread, or others, know anything new. If not,
    /// a loop that repeats the fence makes no progress by it.
    pub(crate) fn fence_changes(&self) -> bool {
        let views = &self.threads[self.current].views;
        let (past, read) = (&views.past, &views.unacquired);
        let knows = past.clock.includes_all(&read.clock)
            && past.view.includes_all(&read.view)
            && past.view.includes_all(&self.sequential);
        !knows || !self.sequential.includes_all(&past.view)
    }

    /// What `SeqCst` fences access: C11 only.
    pub(crate) fn fence_object(&self, ordering: Ordering) -> Option<ObjectId> {
        self.fences().filter(|_| ordering == Ordering::SeqCst)
    }
}
