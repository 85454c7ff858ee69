//! How a primitive reaches its state and takes its steps.

use super::abort::{is_aborted, unwinding};
use super::copies::copy_of;
use super::freed::{UNUSED, destroys, used_after_free};
use super::object::{Blocking, Spot, State, Wait};
use super::run::{Execution, try_with, with};
use super::schedule::{point, wait};
use super::statics::is_static;
use super::step::Step;
use super::thread::Next;
use super::threads::{is_elsewhere, is_here};
use crate::engine::hash::{mix, word};
use crate::engine::ids::{At, ObjectId};
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};

/// An object of the execution with state `S`, as its owner holds it. A handle can be a
/// constant. The execution has no such object before a thread reaches the schedule point
/// before its first use.
#[repr(C)]
pub(crate) struct Handle<S: State + Default> {
    /// The execution's number, [`UNUSED`], or [`GONE`].
    execution: AtomicU64,
    id: AtomicUsize,
    kind: &'static str,
    made_at: At,
    name: Option<&'static str>,
    state: PhantomData<fn() -> S>,
}

/// The object is destroyed, or belongs to no execution.
const GONE: u64 = 0;

impl<S: State + Default> Drop for Handle<S> {
    fn drop(&mut self) {
        let address = self.address();
        destroys(
            |x| match self.execution() {
                // Another thread may use it yet.
                UNUSED => Some(self.registers(x)),
                here => (here == x.number).then(|| self.known_id()),
            },
            address,
        );
        if self.execution() == UNUSED {
            let execution = self.execution.get_mut();
            // SAFETY: it is a reference. What lies in freed memory must not pass for an object.
            unsafe { std::ptr::from_mut(execution).write_volatile(GONE) };
        }
    }
}

// ORDERING (everywhere in this file): the threads of an execution run on one thread of the
// system, and no other uses its objects.
impl<S: State + Default> Handle<S> {
    /// An object that no thread has used.
    #[track_caller]
    pub(crate) const fn new(kind: &'static str) -> Self {
        Self {
            execution: AtomicU64::new(UNUSED),
            id: AtomicUsize::new(0),
            kind,
            made_at: Location::caller(),
            name: None,
            state: PhantomData,
        }
    }

    #[inline]
    fn execution(&self) -> u64 {
        self.execution.load(Relaxed)
    }

    #[inline]
    fn known_id(&self) -> ObjectId {
        self.id.load(Relaxed)
    }

    #[inline]
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// The owner of this handle or, if that lies in a static, the execution's copy of it.
    #[inline]
    pub(crate) fn here<'o, O: ?Sized>(&self, owner: &'o O) -> &'o O {
        self.living(owner).unwrap_or(owner)
    }

    /// The same; `None` if it is freed. Memory that is freed is not touched.
    #[inline]
    pub(crate) fn living<'o, O: ?Sized>(&self, owner: &'o O) -> Option<&'o O> {
        (!self.is_freed()).then(|| match self.execution() {
            UNUSED if is_static(self.address()) => copy_of(owner),
            _ => owner,
        })
    }

    /// Whether no thread has used the object. Memory that is freed is not touched.
    #[inline]
    pub(crate) fn is_unused(&self) -> bool {
        !self.is_freed() && self.execution() == UNUSED
    }

    /// The object becomes the execution's.
    #[inline(never)]
    fn registers(&self, x: &mut Execution) -> ObjectId {
        let spot = x.new_spot(mix(
            std::ptr::from_ref(self.made_at) as u64,
            word(self.kind),
        ));
        let (id, _) = x.objects.add::<S>(self.kind, spot);
        x.objects[id].made_at = Some(self.made_at);
        x.objects[id].name = self.name;
        self.execution.store(x.number, Relaxed);
        self.id.store(id, Relaxed);
        id
    }

    /// Whether what lay here is destroyed, and nothing else lies here now.
    #[inline]
    pub(crate) fn is_freed(&self) -> bool {
        let address = self.address();
        try_with(|x| x.freed_at(address).is_some()).unwrap_or(false)
    }

    /// Another handle of the same object.
    pub(crate) fn another(&self) -> Self {
        Self {
            execution: AtomicU64::new(self.execution()),
            id: AtomicUsize::new(self.known_id()),
            kind: self.kind,
            made_at: self.made_at,
            name: self.name,
            state: PhantomData,
        }
    }

    /// A handle of an object of the execution in progress, if there is one.
    #[track_caller]
    pub(crate) fn find_by(
        kind: &'static str,
        find: impl FnOnce(&mut Execution) -> Option<ObjectId>,
    ) -> Option<Self> {
        let handle = Self::new(kind);
        let found = try_with(|x| {
            handle.id.store(find(x)?, Relaxed);
            Some(x.number)
        });
        handle
            .execution
            .store(found.flatten().unwrap_or(GONE), Relaxed);
        found.flatten().map(|_| handle)
    }

    /// Whether it belongs to the execution in progress, or to none so far.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        match self.execution() {
            UNUSED => try_with(|_| ()).is_some(),
            execution => is_here(execution),
        }
    }

    pub(crate) fn name(&mut self, name: &'static str) {
        self.name = Some(name);
        self.is_called(name);
    }

    /// The same, if the execution knows the object.
    pub(crate) fn is_called(&self, name: &'static str) {
        if self.execution() != UNUSED && self.is_here() {
            with(|x| x.objects[self.known_id()].name = Some(name));
        }
    }

    /// An object that is the execution's at once.
    #[track_caller]
    pub(crate) fn of_execution(kind: &'static str) -> Self {
        let handle = Self::new(kind);
        let begin = |x: &mut Execution| {
            let location = x.new_location(word(kind));
            let (id, _) = x.objects.add::<S>(kind, Spot::at(location));
            x.objects[id].made_at = Some(handle.made_at);
            handle.execution.store(x.number, Relaxed);
            handle.id.store(id, Relaxed);
        };
        match unwinding() {
            true if try_with(begin).is_none() => handle.execution.store(GONE, Relaxed),
            true => {}
            false => with(begin),
        }
        handle
    }

    /// If no thread has used the object, it becomes the execution's. Returns whether it did.
    /// A schedule point must come between this and the use.
    #[inline]
    pub(crate) fn begins(&self) -> bool {
        // Outside of an execution a thread that unwinds must not panic.
        let is_new = self.is_unused() && (!unwinding() || self.is_here());
        if is_new {
            self.id();
        }
        is_new
    }

    /// The same; `show`: what the column of shared state shows at the beginning.
    #[inline]
    pub(crate) fn begins_with(&self, show: impl FnOnce() -> Option<String>) {
        if self.begins() {
            let shown = with(|x| x.is_told).then(show).flatten();
            let id = self.known_id();
            with(|x| x.objects[id].initially = shown);
        }
    }

    /// The object in the execution.
    #[inline]
    fn id_in(&self, x: &mut Execution) -> ObjectId {
        match self.execution() {
            UNUSED => self.registers(x),
            _ => self.known_id(),
        }
    }

    pub(crate) fn id(&self) -> ObjectId {
        match self.execution() {
            UNUSED => with(|x| self.registers(x)),
            _ => self.known_id(),
        }
    }

    /// The object, which the running thread begins to use at that line.
    #[inline]
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
        self.known().map_or_else(|| self.find_unknown(), Ok)
    }

    #[inline(never)]
    fn find_unknown(&self) -> Result<ObjectId, ObjectId> {
        let address = self.address();
        if let Some(freed) = with(|x| x.freed_at(address)) {
            return Err(freed);
        }
        if self.execution() != UNUSED {
            is_elsewhere();
        }
        let id = self.id();
        with(|x| x.lies_at(id, address));
        Ok(id)
    }

    /// The object, which the running thread begins to use, if the execution knows it and it
    /// is not freed.
    #[inline]
    pub(crate) fn known(&self) -> Option<ObjectId> {
        let address = self.address();
        self.with_known(|step| {
            let id = step.id;
            step.lies_at(id, address);
            id
        })
    }

    /// Does something that is part of the step in progress, if the execution knows the object
    /// and it is not freed.
    #[inline]
    pub(crate) fn with_known<R>(&self, f: impl FnOnce(&mut Step<'_, S>) -> R) -> Option<R> {
        let address = self.address();
        try_with(|x| {
            let is_known = x.freed_at(address).is_none() && self.execution() == x.number;
            is_known.then(|| f(&mut Step::new(x, self.known_id())))
        })
        .flatten()
    }

    /// Does something that is no step, or part of the step in progress.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Step<'_, S>) -> R) -> R {
        with(|x| {
            let id = self.id_in(x);
            f(&mut Step::new(x, id))
        })
    }

    /// A schedule point, and then a step.
    #[inline]
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
        what: &'static dyn Blocking,
        at: At,
        f: impl FnOnce(&mut Step<'_, S>) -> R,
    ) -> R {
        step_after(self.enter(at), what, at, f)
    }

    /// A wait at this object.
    #[inline]
    pub(crate) fn wait(&self, what: &'static dyn Blocking, timed: bool) -> Wait {
        Wait {
            object: self.id(),
            what,
            timed,
        }
    }
}

/// A step on the object that is enabled when the wait is over.
pub(crate) fn step_after<S: State, R>(
    object: ObjectId,
    what: &'static dyn Blocking,
    at: At,
    f: impl FnOnce(&mut Step<'_, S>) -> R,
) -> R {
    let timed = false;
    wait(Wait {
        object,
        what,
        timed,
    });
    with_living(object, at, f)
}

/// Does something with an object that may have been destroyed since the thread began to
/// use it at that line.
#[inline]
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

impl<S: State + Default> std::fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
