//! Objects that are destroyed while threads may still use them.
//!
//! To destroy an object is a transition of its own, and it depends on every use of the
//! object: the search runs both orders. (As part of the transition before, it would
//! depend on what that has read whether the object is destroyed: then races do not tell
//! all that must be tried.) A thread that uses an object after it was destroyed goes no
//! further, before it touches the object's memory.

use super::abort::unwinding;
use super::failure::{Failure, Wrong};
pub(super) use super::object::Destroyed;
use super::object::{Entry, Spot};
use super::run::{Execution, try_with, with};
use super::schedule::{point, try_point};
use super::steps::How;
use super::thread::Next;
use super::trace::{Gate, RecordId, RecordKind, Tell};
use crate::engine::access::{Access, Kind, Location};
use crate::engine::hash::{mix, word};
use crate::engine::ids::{At, ObjectId, ThreadId};
use smallvec::SmallVec;

const USE_AFTER_FREE: How = (0, word("use after free"), 0);

/// No execution has used the object. Such a number is not likely to lie in memory by chance.
pub(super) const UNUSED: u64 = word("no execution has used it");

/// What an object's owner holds of it: the numbers of the execution and of the object.
type Words = [u64; 2];

/// The running thread uses an object that has been destroyed.
pub(crate) fn used_after_free(object: ObjectId, at: At) -> ! {
    with(|x| x.uses_freed(object, at));
    // The others go on, so that all that races is seen.
    point(Next::Never);
    unreachable!("no execution goes on after this")
}

/// The running thread goes on with an object that it began to use at that line.
pub(crate) fn must_live(object: ObjectId, at: At) {
    if with(|x| x.freed(object).is_some()) {
        used_after_free(object, at);
    }
}

/// The running thread uses both objects in one step.
pub(crate) fn must_both_live(objects: [ObjectId; 2], at: At) {
    let freed = with(|x| {
        let mut both = objects.into_iter();
        let freed = both.find(|&object| x.freed(object).is_some())?;
        // If the one had lived, the step would have changed the other: it must race with
        // what others do there.
        for object in objects {
            x.searches(x.objects[object].location, Kind::Write);
        }
        Some(freed)
    });
    if let Some(freed) = freed {
        used_after_free(freed, at);
    }
}

/// The running thread frees what is freed already, and goes no further.
fn freed_twice(object: ObjectId) {
    with(|x| x.frees_wrongly(Wrong::Twice, Some(object), None));
    if !unwinding() {
        point(Next::Never);
    }
}

/// The object at that address is destroyed; `None` if it is not the execution's.
pub(super) fn destroys(object: impl FnOnce(&mut Execution) -> Option<ObjectId>, address: usize) {
    let object = try_with(|x| {
        let object = object(x)?;
        x.lies_at(object, address);
        Some((object, x.can_be_seen()))
    });
    let Some((object, can_be_seen)) = object.flatten() else {
        return;
    };
    let can_be_seen = can_be_seen && (unwinding() || try_point(Next::Runs));
    let freed = try_with(|x| {
        let freed = x.freed(object).or_else(|| x.in_freed_block(address));
        if freed.is_none() {
            x.destroys(object, address, can_be_seen);
        }
        freed
    });
    if let Some(freed) = freed.flatten() {
        freed_twice(freed);
    }
}

impl Execution {
    /// The destroyed object at that address, if no other object lies there now: two words
    /// of it are the execution's number and the object's.
    #[inline]
    pub(super) fn freed_at(&mut self, address: usize) -> Option<ObjectId> {
        match self.freed.is_empty() && self.blocks.is_empty() {
            true => None,
            false => self.looks_freed(address),
        }
    }

    /// The object, or the block in which it lies, if that is freed.
    #[inline]
    pub(crate) fn freed(&self, object: ObjectId) -> Option<ObjectId> {
        let Entry {
            destroyed, block, ..
        } = &self.objects[object];
        match destroyed {
            Some(_) => Some(object),
            None => block.filter(|&block| self.objects[block].destroyed.is_some()),
        }
    }

    fn looks_freed(&mut self, address: usize) -> Option<ObjectId> {
        if let Some(block) = self.in_freed_block(address) {
            return Some(block);
        }
        let place = self.freed.iter().position(|&(freed, _)| freed == address)?;
        let (_, object) = self.freed[place];
        if let Some([execution, other]) = memory::read(address) {
            let here = self
                .objects
                .get(other as ObjectId)
                .filter(|_| execution == self.number);
            if execution == UNUSED || here.is_some_and(|other| other.destroyed.is_none()) {
                self.freed.swap_remove(place);
                return None;
            }
        }
        Some(object)
    }

    /// Whether the running thread has freed the object itself.
    pub(crate) fn has_freed(&self, object: ObjectId) -> bool {
        let freed = self.freed(object).and_then(|it| self.objects[it].destroyed);
        freed.is_some_and(|destroyed| destroyed.by == self.current)
    }

    /// Whether other threads can notice what the running thread destroys.
    pub(super) fn can_be_seen(&self) -> bool {
        let me = self.current;
        // The first thread knows all that threads have done that it has joined.
        let is_alone = me == 0 && self.unjoined.is_empty();
        self.aborted.is_none() && !is_alone && !self.threads[me].has_ended()
    }

    fn destroys(&mut self, object: ObjectId, address: usize, can_be_seen: bool) {
        let by = self.current;
        self.freed.push((address, object));
        let last = can_be_seen.then(|| self.trace.last_of(by)).flatten();
        let destroyed = Destroyed {
            by,
            at: last.map(|record| record.at),
            is_call: false,
            record: self.trace.next(),
        };
        self.ends_life(object, destroyed, can_be_seen);
    }

    /// The object is destroyed, and with it all objects that lie in it.
    pub(super) fn ends_life(&mut self, object: ObjectId, destroyed: Destroyed, can_be_seen: bool) {
        let Destroyed { by, at, record, .. } = destroyed;
        self.objects[object].destroyed = Some(destroyed);
        if !can_be_seen {
            return;
        }
        if unwinding() {
            self.steps_while_unwinding();
        }
        let mut parts: SmallVec<[ObjectId; 4]> = SmallVec::new();
        parts.push(object);
        if !self.blocks.is_empty() {
            let lies_in_it = |&part: &ObjectId| self.objects[part].block == Some(object);
            parts.extend((0..self.objects.len()).filter(lies_in_it));
        }
        for &part in &parts {
            self.ends_uses(part);
        }
        let here = at.unwrap_or(std::panic::Location::caller());
        self.notes(Some(object), here, |record, names| {
            format!("frees {}", names.object_of(record))
        })
        .kind = RecordKind::Destruction;
        for thread in &mut *self.threads {
            if let Next::Waits(wait) = thread.next
                && parts.contains(&wait.object)
            {
                // Of the record that tells of its use, if there will be one.
                let lock = wait.what.takes();
                let gate = |kind| Gate::of_lock(wait.object, kind);
                thread.gate = Some(lock.map_or(Gate::Chance, gate));
            }
        }
        let others = (0..self.threads.len()).filter(|&thread| thread != by);
        let is_held_by = |thread| {
            let mut parts = parts.iter();
            parts.any(|&part| self.objects[part].state.is_held_by(thread))
        };
        let uses = |&thread: &ThreadId| match self.threads[thread].next {
            Next::Ended => false,
            Next::Waits(wait) if parts.contains(&wait.object) => true,
            _ => is_held_by(thread),
        };
        if let Some(user) = { others }.find(uses) {
            let waits = !is_held_by(user);
            self.names_step(self.objects[object].class, USE_AFTER_FREE);
            self.tells_of_destruction(record);
            self.fails(Failure::UseAfterFree {
                object,
                user,
                waits,
            });
        }
    }

    /// The destruction depends on every use of the object.
    fn ends_uses(&mut self, object: ObjectId) {
        // Another thread may have released it just before, as part of an earlier step.
        let knows = &self.threads[self.current].views.past.clock;
        self.needs.releases_are_seen |= self.objects[object].state.is_released_beside(knows);
        let location = self.objects[object].location;
        for (location, kind) in [(location, Kind::Destroy), (life_of(location), Kind::Write)] {
            self.trace.access(Access { location, kind });
            self.searches(location, kind);
        }
    }

    /// The running thread's last step uses the object in a way on which only its
    /// destruction depends.
    pub(crate) fn needs_living(&mut self, object: ObjectId) {
        let location = life_of(self.objects[object].location);
        let kind = Kind::Read;
        self.trace.also_accesses(Access { location, kind });
        self.searches(location, kind);
    }

    /// A story shows where an object was freed that is used afterwards.
    fn tells_of_destruction(&mut self, record: RecordId) {
        if let Some(record) = self.trace.record_mut(record) {
            record.kind = RecordKind::Operation;
        }
    }

    fn uses_freed(&mut self, object: ObjectId, at: At) {
        let object = self.freed(object).unwrap_or(object);
        self.misuses_freed(Some(object), USE_AFTER_FREE.1, at, |record, names| {
            format!("uses {}, which is freed", names.object_of(record))
        });
        self.fails(Failure::UseAfterFree {
            object,
            user: self.current,
            waits: false,
        });
    }

    /// A step that is wrong because the object is freed, or because it never lived.
    pub(super) fn misuses_freed(
        &mut self,
        object: Option<ObjectId>,
        word: u64,
        at: At,
        tell: Tell,
    ) {
        let destroyed = object.and_then(|object| self.objects[object].destroyed);
        if let Some(destroyed) = destroyed {
            self.tells_of_destruction(destroyed.record);
        }
        self.begins_step();
        let Spot { location, class } =
            object.map_or(Spot::at(word), |object| self.objects[object].spot());
        self.trace.access(Access {
            location,
            kind: Kind::Read,
        });
        self.searches(location, Kind::Destroy);
        self.names_step(class, (0, word, 0));
        // If the object had lived, the use might have taken from the budgets, or been in
        // sequence with fences: to find that out it must race with what others do there.
        self.might_have_taken();
        if let Some(fences) = self.fences() {
            self.searches(self.objects[fences].location, Kind::Read);
        }
        self.notes(object, at, tell);
    }
}

/// What the destruction of an object writes beside the object.
fn life_of(object: Location) -> Location {
    mix(object, const { word("life") })
}

mod memory {
    use super::Words;

    /// What lies at that address, which may not be the program's any more: the kernel is
    /// asked for it, who refuses what is not mapped.
    #[cfg(unix)]
    pub(super) fn read(address: usize) -> Option<Words> {
        use std::cell::RefCell;
        use std::io::{PipeReader, PipeWriter, Read as _};
        use std::os::fd::AsRawFd as _;
        thread_local! {
            static PIPE: RefCell<Option<(PipeReader, PipeWriter)>> = const { RefCell::new(None) };
        }
        PIPE.with_borrow_mut(|pipe| {
            if pipe.is_none() {
                *pipe = std::io::pipe().ok();
            }
            let (reader, writer) = pipe.as_mut()?;
            // SAFETY: `write` only reads, and it fails if it may not.
            let written = unsafe { libc::write(writer.as_raw_fd(), address as *const _, 16) };
            let mut bytes = [[0; 8]; 2];
            if written != 16 || reader.read_exact(bytes.as_flattened_mut()).is_err() {
                return None;
            }
            Some(bytes.map(u64::from_ne_bytes))
        })
    }

    #[cfg(not(unix))]
    pub(super) fn read(address: usize) -> Option<Words> {
        let words = address as *const Words;
        // SAFETY: memory that was freed is still mapped, as a rule.
        Some(unsafe { words.read_volatile() })
    }
}
