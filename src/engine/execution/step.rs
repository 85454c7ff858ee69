//! The steps of the running thread on an object.

use super::iteration::Seen;
use super::object::State;
use super::run::Execution;
use super::trace::{Record, Tell};
use crate::engine::access::{Access, Kind};
use crate::engine::ids::{At, ObjectId, ThreadId};
use crate::engine::memory::Views;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// A step of the running thread on an object.
pub(crate) struct Step<'x, S> {
    x: &'x mut Execution,
    pub(crate) id: ObjectId,
    state: PhantomData<fn() -> S>,
}

impl<'x, S: State> Step<'x, S> {
    #[inline]
    pub(crate) fn new(x: &'x mut Execution, id: ObjectId) -> Self {
        let state = PhantomData;
        Self { x, id, state }
    }

    #[inline]
    pub(crate) fn state(&mut self) -> &mut S {
        self.x.objects.state(self.id)
    }

    /// The running thread.
    #[inline]
    pub(crate) fn me(&self) -> ThreadId {
        self.x.current
    }

    /// The running thread's views, and the state.
    #[inline]
    pub(crate) fn views_and_state(&mut self) -> (&mut Views, &mut S) {
        let views = &mut self.x.threads[self.x.current].views;
        (views, self.x.objects.state(self.id))
    }

    /// A step that only reads: an independent one if others only read too.
    pub(crate) fn reads_it(&mut self, operation: u64) {
        let seen = self.x.sees_writes(self.id);
        let Seen::Writes(_, writes) = seen else {
            return;
        };
        self.x.reads(self.id, operation, writes, seen);
    }

    /// A step that reads what only writes change, or takes a lock that others can share.
    pub(crate) fn shares_it(&mut self, kind: Kind, operation: u64) {
        let writes = self.x.objects[self.id].writes;
        self.x.sees(Seen::Writes(self.id, writes));
        self.x.step(self.id, kind, (writes, operation, 0));
    }

    /// A step that writes.
    pub(crate) fn writes_it(&mut self, operation: u64) {
        self.x.writes(self.id, operation);
    }

    /// A step that writes, and after which nothing is different for others.
    pub(crate) fn rewrites_it(&mut self, operation: u64) {
        self.x.rewrites(self.id, Kind::Write, operation, 0);
    }

    /// A step that takes what others could have taken.
    pub(crate) fn takes_it(&mut self, kind: Kind, operation: u64) {
        self.x.updates(self.id, kind, operation, 0);
    }

    /// An access that happens-before orders, and no schedule: only stories need it.
    pub(crate) fn records_access(&mut self, kind: Kind) {
        let location = self.x.objects[self.id].location;
        self.x.trace.access(Access { location, kind });
    }

    pub(crate) fn note(&mut self, at: At, tell: Tell) -> &mut Record {
        self.x.notes(Some(self.id), at, tell)
    }

    /// The same, as the last thing of the step.
    pub(crate) fn into_note(self, at: At, tell: Tell) -> &'x mut Record {
        self.x.notes(Some(self.id), at, tell)
    }
}

impl<S> Deref for Step<'_, S> {
    type Target = Execution;

    #[inline]
    fn deref(&self) -> &Execution {
        self.x
    }
}

impl<S> DerefMut for Step<'_, S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Execution {
        self.x
    }
}
