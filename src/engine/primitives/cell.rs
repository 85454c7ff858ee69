//! A cell whose accesses are checked: two accesses of which one writes must be ordered
//! by happens-before, whatever the interleaving.

use crate::engine::access::Kind;
use crate::engine::execution::abort::unwinding;
use crate::engine::execution::failure::Failure;
use crate::engine::execution::handle::{Handle, Step, with_living};
use crate::engine::execution::object::State;
use crate::engine::execution::run::with;
use crate::engine::execution::schedule::point;
use crate::engine::execution::thread::Next;
use crate::engine::ids::At;
use crate::engine::memory::cell::{CellAccess, Latest, Race};
use crate::sync::names::Named;
use std::panic::Location;

impl State for Latest {
    fn reset(&mut self) {
        self.clear();
    }
}

/// The model's `std::cell::UnsafeCell`, reached only inside closures.
#[derive(Debug)]
pub struct UnsafeCell<T> {
    handle: Handle<Latest>,
    value: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// A cell holding `value`.
    #[inline(never)]
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self {
            handle: Handle::new("cell"),
            value: std::cell::UnsafeCell::new(value),
        }
    }

    /// Reads through the pointer.
    #[track_caller]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        self.access(Kind::Read, Location::caller());
        read(self.value.get())
    }

    /// Writes through the pointer.
    #[track_caller]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        self.access(Kind::Write, Location::caller());
        write(self.value.get())
    }

    /// The value itself, once no other thread shares the cell.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// No schedule point: whether two accesses are ordered does not depend on which
    /// came first, so every interleaving of the rest shows it.
    #[inline(never)]
    fn access(&self, kind: Kind, at: At) {
        if unwinding() {
            return;
        }
        let id = self.handle.enter(at);
        if with(|x| x.is_starting()) {
            // What a thread does before its first schedule point is done when it starts,
            // but another could free the cell before that.
            point(Next::Runs);
        }
        with_living(id, at, |step: &mut Step<'_, Latest>| {
            step.can_tell_drops();
            let me = step.me();
            let (views, latest) = step.views_and_state();
            views.past.clock.tick(me);
            let clock = views.past.clock;
            let second = CellAccess {
                thread: me,
                kind,
                at,
                time: clock.of(me),
            };
            let first = latest.add(second, &clock);
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
                let cell = step.id;
                step.fails(Failure::DataRace(Race {
                    cell,
                    first,
                    second,
                }));
            }
        });
    }
}

impl<T> Named for UnsafeCell<T> {
    fn named(self, name: &'static str) -> Self {
        self.handle.name(name);
        self
    }
}
