//! A cell whose accesses are checked: two accesses of which one writes must be ordered
//! by happens-before, whatever the interleaving.

use crate::engine::access::Kind;
use crate::engine::execution::abort::unwinding;
use crate::engine::execution::handle::{Handle, with_living};
use crate::engine::execution::object::State;
use crate::engine::execution::run::{try_with, with};
use crate::engine::execution::schedule::point;
use crate::engine::execution::step::Step;
use crate::engine::execution::thread::Next;
use crate::engine::execution::threads::is_here;
use crate::engine::ids::{At, ObjectId};
use crate::engine::memory::cell::Latest;
use crate::sync::names::Named;
use std::panic::Location;

impl State for Latest {
    fn reset(&mut self) {
        self.clear();
    }
}

impl AsMut<Self> for Latest {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

/// The model's `std::cell::UnsafeCell`. It gives out its pointer in a closure, or as a value
/// that says how long the pointer is used.
#[derive(Debug)]
pub struct UnsafeCell<T: ?Sized> {
    handle: Handle<Latest>,
    value: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// A cell holding `value`.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            handle: Handle::new("cell"),
            value: std::cell::UnsafeCell::new(value),
        }
    }

    /// The value itself, once no other thread shares the cell.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Reads through the pointer.
    #[track_caller]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        let this = self.access(Kind::Read, Location::caller());
        read(this.value.get())
    }

    /// Writes through the pointer.
    #[track_caller]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        let this = self.access(Kind::Write, Location::caller());
        write(this.value.get())
    }

    /// The pointer, to read through it. The cell is read now, and once more when the result
    /// is dropped.
    #[track_caller]
    pub fn get(&self) -> ConstPtr<T> {
        let (this, until_dropped) = self.begins_use(Kind::Read, Location::caller());
        ConstPtr {
            pointer: this.value.get(),
            _until_dropped: until_dropped,
        }
    }

    /// The pointer, to write through it. The cell is written now, and once more when the
    /// result is dropped.
    #[track_caller]
    pub fn get_mut(&self) -> MutPtr<T> {
        let (this, until_dropped) = self.begins_use(Kind::Write, Location::caller());
        MutPtr {
            pointer: this.value.get(),
            _until_dropped: until_dropped,
        }
    }

    /// The cell or, if it is a static, the execution's copy.
    #[inline(never)]
    fn access(&self, kind: Kind, at: At) -> &Self {
        let this = self.handle.here(self);
        if !unwinding() {
            if this.handle.begins() {
                point(Next::Runs);
            }
            accesses::<Latest>(this.handle.enter(at), kind, at);
        }
        this
    }

    #[inline(never)]
    fn begins_use(&self, kind: Kind, at: At) -> (&Self, Use) {
        let this = self.access(kind, at);
        let is_here = this.handle.is_here();
        let used = Use {
            cell: is_here.then(|| this.handle.id()),
            execution: try_with(|x| x.number()),
            kind,
            at,
        };
        (this, used)
    }
}

/// No schedule point: whether two accesses are ordered does not depend on which came first,
/// so every interleaving of the rest shows it.
pub(super) fn accesses<S: State + AsMut<Latest>>(id: ObjectId, kind: Kind, at: At) {
    if with(|x| x.is_starting()) {
        // What a thread does before its first schedule point is done when it starts,
        // but another could free the cell before that.
        point(Next::Runs);
    }
    with_living(id, at, |step: &mut Step<'_, S>| {
        step.can_tell_drops();
        let me = step.me();
        step.threads[me].views.past.clock.tick(me);
        let second = step.access_now(kind, at);
        let (views, latest) = step.views_and_state();
        let first = latest.as_mut().add(second, &views.past.clock);
        step.records_access(kind);
        if kind.writes() {
            step.changes(id);
        }
        // For the destruction, which depends on every use.
        let location = step.objects[id].location;
        step.searches(location, Kind::Read);
        step.note(at, |record, names| {
            let verb = if record.values[0] == 1 {
                "write"
            } else {
                "read"
            };
            format!("{verb} {}", names.object_of(record))
        })
        .values = [kind.writes().into(), 0];
        if let Some(first) = first {
            step.races(id, first, second);
        }
    });
}

/// A pointer of a cell is in use.
#[derive(Debug)]
struct Use {
    cell: Option<ObjectId>,
    execution: Option<u64>,
    kind: Kind,
    at: At,
}

impl Drop for Use {
    #[inline(never)]
    fn drop(&mut self) {
        if let (Some(cell), Some(execution), false) = (self.cell, self.execution, unwinding())
            && is_here(execution)
            && !with(|x| x.has_freed(cell))
        {
            accesses::<Latest>(cell, self.kind, self.at);
        }
    }
}

/// A pointer to read what a cell holds. It is in use until it is dropped.
#[derive(Debug)]
pub struct ConstPtr<T: ?Sized> {
    pointer: *const T,
    _until_dropped: Use,
}

impl<T: ?Sized> ConstPtr<T> {
    /// What the cell holds.
    ///
    /// # Safety
    /// As for `&*` of the pointer: nothing writes while the reference lives.
    #[must_use]
    pub unsafe fn deref(&self) -> &T {
        // SAFETY: the caller keeps to it.
        unsafe { &*self.pointer }
    }

    /// Reads through the pointer.
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.pointer)
    }
}

/// A pointer to write what a cell holds. It is in use until it is dropped.
#[derive(Debug)]
pub struct MutPtr<T: ?Sized> {
    pointer: *mut T,
    _until_dropped: Use,
}

impl<T: ?Sized> MutPtr<T> {
    /// What the cell holds.
    ///
    /// # Safety
    /// As for `&mut *` of the pointer: nothing else reads or writes while the reference lives.
    #[must_use]
    #[allow(clippy::mut_from_ref, reason = "it stands for a raw pointer")]
    pub unsafe fn deref(&self) -> &mut T {
        // SAFETY: the caller keeps to it.
        unsafe { &mut *self.pointer }
    }

    /// Writes through the pointer.
    pub fn with<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.pointer)
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for UnsafeCell<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> Named for UnsafeCell<T> {
    fn named(mut self, name: &'static str) -> Self {
        self.handle.name(name);
        self
    }
}
