//! How a primitive reaches its state and takes its steps.

use super::abort::{is_aborted, unwinding};
use super::freed::{destroys, used_after_free};
use super::iteration::Seen;
use super::object::{State, Wait};
use super::run::{Execution, try_with, with};
use super::schedule::{point, wait};
use super::thread::Next;
use super::threads::{is_elsewhere, is_here};
use super::trace::{Record, Tell};
use crate::engine::access::{Access, Kind};
use crate::engine::hash::word;
use crate::engine::ids::{At, ObjectId, ThreadId};
use crate::engine::memory::Views;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

/// An object of the execution with state `S`, as its owner holds it.
#[repr(C)]
pub(crate) struct Handle<S> {
    execution: u64,
    id: ObjectId,
    state: PhantomData<fn() -> S>,
}

/// A step of the running thread on an object.
pub(crate) struct Step<'x, S> {
    x: &'x mut Execution,
    pub(crate) id: ObjectId,
    state: PhantomData<fn() -> S>,
}

impl<S> Drop for Handle<S> {
    fn drop(&mut self) {
        destroys([self.execution, self.id as u64], self.address());
    }
}

impl<S> Handle<S> {
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Whether what lay here is destroyed, and nothing else lies here now.
    pub(crate) fn is_freed(&self) -> bool {
        let address = self.address();
        try_with(|x| x.freed_at(address).is_some()).unwrap_or(false)
    }

    /// Another handle of the same object.
    pub(crate) fn another(&self) -> Self {
        let Self { execution, id, .. } = *self;
        let state = PhantomData;
        Self {
            execution,
            id,
            state,
        }
    }

    /// A handle of an object of the execution in progress, if there is one.
    pub(crate) fn find_by(find: impl FnOnce(&mut Execution) -> Option<ObjectId>) -> Option<Self> {
        try_with(|x| {
            let (id, execution, state) = (find(x)?, x.number, PhantomData);
            Some(Self {
                execution,
                id,
                state,
            })
        })?
    }

    /// The object, which the running thread begins to use at that line.
    pub(crate) fn enter(&self, at: At) -> ObjectId {
        self.find().unwrap_or_else(|freed| {
            point(Next::Runs);
            used_after_free(freed, at)
        })
    }

    /// The object, freed or not.
    pub(crate) fn even_freed(&self) -> ObjectId {
        self.find().unwrap_or_else(|freed| freed)
    }

    /// The object, or the one that lay here and is freed.
    #[inline]
    fn find(&self) -> Result<ObjectId, ObjectId> {
        let address = self.address();
        let (freed, is_here) = with(|x| {
            let (freed, is_here) = (x.freed_at(address), self.execution == x.number);
            if is_here && freed.is_none() {
                x.lies_at(self.id, address);
            }
            (freed, is_here)
        });
        match freed {
            Some(freed) => Err(freed),
            None if !is_here => is_elsewhere(),
            None => Ok(self.id),
        }
    }
}

impl<S: State + Default> Handle<S> {
    #[track_caller]
    pub(crate) fn new(kind: &'static str) -> Self {
        Self::new_with(kind, |_| ())
    }

    /// A new object, made ready by `begin`.
    #[track_caller]
    pub(crate) fn new_with(kind: &'static str, begin: impl FnOnce(&mut Step<'_, S>)) -> Self {
        let at = Location::caller();
        let make = |x: &mut Execution| {
            let location = x.new_location(word(kind));
            let (id, _) = x.objects.add::<S>(kind, location);
            x.objects[id].made_at = Some(at);
            begin(&mut Step::new(x, id));
            Self {
                execution: x.number,
                id,
                state: PhantomData,
            }
        };
        match unwinding() {
            // Of no execution.
            true => try_with(make).unwrap_or(Self {
                execution: 0,
                id: 0,
                state: PhantomData,
            }),
            false => with(make),
        }
    }

    pub(crate) fn id(&self) -> ObjectId {
        self.id
    }

    /// Whether it belongs to the execution in progress.
    pub(crate) fn is_here(&self) -> bool {
        is_here(self.execution)
    }

    /// Does something that is no step, or part of the step in progress.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Step<'_, S>) -> R) -> R {
        with(|x| f(&mut Step::new(x, self.id)))
    }

    /// A schedule point, and then a step.
    pub(crate) fn step<R>(&self, at: At, f: impl FnOnce(&mut Step<'_, S>) -> R) -> R {
        let id = self.enter(at);
        point(Next::Runs);
        with_living(id, at, f)
    }

    /// The same for a step that a destructor may take while its thread unwinds: then it
    /// is part of the transition that panicked. `None` if it makes no difference, or
    /// would be in no execution.
    pub(crate) fn step_even_if_unwinding<R>(
        &self,
        at: At,
        f: impl FnOnce(&mut Step<'_, S>) -> R,
    ) -> Option<R> {
        if !unwinding() {
            return Some(self.step(at, f));
        }
        (!self.is_freed() && self.is_here() && !is_aborted()).then(|| {
            self.with(|step| {
                step.steps_while_unwinding();
                f(step)
            })
        })
    }

    /// A step that is enabled when the wait is over.
    pub(crate) fn step_after<R>(
        &self,
        what: &'static dyn super::object::Blocking,
        at: At,
        f: impl FnOnce(&mut Step<'_, S>) -> R,
    ) -> R {
        let id = self.enter(at);
        wait(self.wait(what, false));
        with_living(id, at, f)
    }

    /// A wait at this object.
    pub(crate) fn wait(&self, what: &'static dyn super::object::Blocking, timed: bool) -> Wait {
        Wait {
            object: self.id,
            what,
            timed,
        }
    }

    pub(crate) fn name(&self, name: &'static str) {
        if self.is_here() {
            self.with(|step| step.x.objects[step.id].name = Some(name));
        }
    }

    /// What the column of shared state shows at the beginning.
    pub(crate) fn shows_at_first(&self, text: impl FnOnce() -> String) {
        if self.is_here() && with(|x| x.is_told) {
            let text = text();
            self.with(|step| step.x.objects[step.id].initially = Some(text));
        }
    }
}

/// Does something with an object that may have been destroyed since the thread began to
/// use it at that line.
pub(crate) fn with_living<S: State, R>(
    id: ObjectId,
    at: At,
    f: impl FnOnce(&mut Step<'_, S>) -> R,
) -> R {
    let done = with(|x| match x.freed(id) {
        None => Some(f(&mut Step::new(x, id))),
        Some(_) => None,
    });
    done.unwrap_or_else(|| used_after_free(id, at))
}

impl<'x, S: State> Step<'x, S> {
    pub(crate) fn new(x: &'x mut Execution, id: ObjectId) -> Self {
        let state = PhantomData;
        Self { x, id, state }
    }

    pub(crate) fn state(&mut self) -> &mut S {
        self.x.objects.state(self.id)
    }

    /// The running thread.
    pub(crate) fn me(&self) -> ThreadId {
        self.x.current
    }

    /// The running thread's views, and the state.
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

    fn deref(&self) -> &Execution {
        self.x
    }
}

impl<S> DerefMut for Step<'_, S> {
    fn deref_mut(&mut self) -> &mut Execution {
        self.x
    }
}

impl<S> std::fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
