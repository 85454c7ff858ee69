//! What the running thread's steps access.

use super::difference::Begun;
use super::failure::Failure;
use super::iteration::Seen;
use super::object::Spot;
use super::run::Execution;
use super::trace::{Gate, Record, Tell};
use crate::engine::access::{Access, Kind, Location, StoreName};
use crate::engine::hash::{mix, name, word};
use crate::engine::ids::{At, ObjectId};
use crate::engine::memory::cell::{CellAccess, Race};
use crate::engine::search::Differs;

/// What a step does, so that steps that differ have different names: what it found,
/// which operation it is, and what else makes a difference.
pub(crate) type How = (u64, u64, u64);

impl Execution {
    /// A step that reads the object; it is independent of other reads. `found`: what
    /// makes a difference of what it has read; `seen`: the version that it has seen.
    #[inline]
    pub(crate) fn reads(&mut self, object: ObjectId, operation: u64, found: u64, seen: Seen) {
        self.sees(seen);
        let writes = self.objects[object].writes;
        self.step(object, Kind::Read, (writes, operation, found));
    }

    /// The same for a step that no record tells of.
    #[inline]
    pub(crate) fn reads_unrecorded(&mut self, object: ObjectId, operation: u64, seen: Seen) {
        self.sees(seen);
        self.begins_step();
        let entry = &self.objects[object];
        let (spot, writes) = (entry.spot(), entry.writes);
        self.accesses_unrecorded(spot, Kind::Read, (writes, operation, writes));
    }

    /// A step that writes the object; it depends on every other access.
    #[inline]
    pub(crate) fn writes(&mut self, object: ObjectId, operation: u64) {
        self.updates(object, Kind::Write, operation, 0);
    }

    /// The same for a step that also reads the object.
    #[inline]
    pub(crate) fn updates(&mut self, object: ObjectId, kind: Kind, operation: u64, found: u64) {
        self.rewrites(object, kind, operation, found);
        self.changes(object);
    }

    /// A write after which nothing is different for a thread that looks for changes.
    #[inline]
    pub(crate) fn rewrites(&mut self, object: ObjectId, kind: Kind, operation: u64, found: u64) {
        let writes = self.objects[object].writes;
        self.step(object, kind, (writes, operation, found));
        self.objects[object].writes += 1;
    }

    /// A step that accesses the object.
    #[inline]
    pub(crate) fn step(&mut self, object: ObjectId, kind: Kind, how: How) {
        self.begins_step();
        self.iterates(object, how.1);
        self.accesses(self.objects[object].spot(), kind, how);
    }

    /// What the running thread does, if it is in a loop.
    #[inline]
    pub(crate) fn iterates(&mut self, object: ObjectId, operation: u64) {
        self.threads[self.current].loops.accesses(object, operation);
    }

    /// The running thread takes a step.
    #[inline]
    pub(crate) fn begins_step(&mut self) {
        let thread = &mut self.threads[self.current];
        thread.steps += 1;
        thread.views.past.clock.tick(self.current);
        if !thread.unacquired.is_empty() {
            self.tells_drops();
        }
    }

    /// The present step accesses that as well.
    #[inline]
    pub(crate) fn accesses(&mut self, spot: Spot, kind: Kind, how: How) {
        let location = spot.location;
        self.trace.access(Access { location, kind });
        self.accesses_unrecorded(spot, kind, how);
    }

    /// The same for an access that no record tells of.
    #[inline]
    pub(crate) fn accesses_unrecorded(&mut self, spot: Spot, kind: Kind, how: How) {
        if self.aborted.is_some() {
            return;
        }
        self.names_step(spot.class, how);
        self.searches(spot.location, kind);
    }

    /// An access that makes no difference to the interleaving that it is part of.
    #[inline]
    pub(crate) fn searches(&mut self, location: Location, kind: Kind) {
        if let Some(knew) = self.search.access(Access { location, kind }) {
            let record = self.trace.records().len();
            self.begun = Some(Begun { knew, record });
        }
    }

    #[inline]
    pub(super) fn names_step(&mut self, class: u64, (found, operation, extra): How) {
        if self.search.is_repeating() {
            return; // the names after each of these transitions are known
        }
        let thread = &self.threads[self.current];
        let who = mix(thread.key, thread.steps);
        let step = name([who, class, mix(operation, extra), found]);
        self.name = self.name.wrapping_add(step);
    }

    /// Something happened to the object, by the accesses made just now.
    pub(crate) fn notes(&mut self, object: Option<ObjectId>, at: At, tell: Tell) -> &mut Record {
        if let Some(object) = object {
            self.uses_block_of(object, at);
        }
        let thread = &mut self.threads[self.current];
        let is_first = !std::mem::replace(&mut thread.has_records, true);
        let gate = thread.gate.take();
        let yields = std::mem::take(&mut thread.has_yielded);
        let key = thread.key;
        if is_first {
            // A thread begins after it was started.
            self.trace.access(Access {
                location: start_of(key),
                kind: Kind::Read,
            });
        }
        let record = self.trace.record(self.current, object, at, tell);
        record.gate = gate.unwrap_or(Gate::Open);
        record.yields = yields;
        record
    }

    /// An access of the running thread's that is not atomic, as its last step.
    pub(crate) fn access_now(&self, kind: Kind, at: At) -> CellAccess {
        let thread = self.current;
        let time = self.threads[thread].views.past.clock.of(thread);
        CellAccess {
            thread,
            kind,
            at,
            time,
        }
    }

    /// Nothing orders the two accesses.
    pub(crate) fn races(&mut self, cell: ObjectId, first: CellAccess, second: CellAccess) {
        self.fails(Failure::DataRace(Race {
            cell,
            first,
            second,
        }));
    }

    /// Names the present step of the running thread, in all executions.
    #[inline]
    pub(crate) fn step_name(&self) -> u64 {
        let thread = &self.threads[self.current];
        mix(thread.key, thread.steps)
    }

    /// The transition in progress.
    #[inline]
    pub(crate) fn transition(&self) -> u32 {
        self.search.transition()
    }

    /// One of so many things; all are tried.
    pub(crate) fn chooses(&mut self, of: usize) -> Result<usize, Differs> {
        self.search.choose(of)
    }

    /// One of these stores.
    pub(crate) fn chooses_store(&mut self, stores: &[StoreName]) -> Result<usize, Differs> {
        self.search.choose_store(stores)
    }

    /// What `SeqCst` operations and fences access.
    #[inline]
    pub(super) fn fences(&self) -> Option<ObjectId> {
        self.fences
    }
}

/// Where a thread is started, for the order of a story.
pub(super) fn start_of(key: u64) -> Location {
    mix(key, const { word("start") })
}
