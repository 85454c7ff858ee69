//! A cell whose accesses are checked: two accesses of which one writes must be
//! ordered by happens-before, whatever the interleaving.

use super::events::{Failure, What};
use super::objects::{Handle, State};
use super::runtime::{self, At, ObjectId, ThreadId, unwinding, with};
use crate::sync::Named;
use std::panic::Location;

/// The latest accesses to one cell.
#[derive(Default)]
pub(in crate::sync) struct Accesses {
    write: Option<Access>,
    reads: [Option<Access>; loom::MAX_THREADS],
}

/// One access to a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    pub(crate) thread: ThreadId,
    pub(crate) writes: bool,
    pub(crate) at: At,
    /// The thread's own time.
    pub(crate) time: u32,
}

/// Two accesses that nothing orders.
#[derive(Debug, Clone)]
pub(crate) struct Race {
    pub(crate) cell: ObjectId,
    pub(crate) first: Access,
    pub(crate) second: Access,
}

/// The model's `std::cell::UnsafeCell`, reached only inside closures.
#[derive(Debug)]
pub struct UnsafeCell<T> {
    handle: Handle,
    value: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// A cell holding `value`.
    pub fn new(value: T) -> Self {
        Self {
            handle: Handle::new("cell", State::Cell(Accesses::default())),
            value: std::cell::UnsafeCell::new(value),
        }
    }

    /// Reads through the pointer.
    #[track_caller]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        self.access(false, Location::caller());
        read(self.value.get())
    }

    /// Writes through the pointer.
    #[track_caller]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        self.access(true, Location::caller());
        write(self.value.get())
    }

    /// The value itself, once nobody shares the cell any more.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// No point: whether two accesses are ordered does not depend on which came
    /// first, so every interleaving of the rest shows it.
    fn access(&self, writes: bool, at: At) {
        if unwinding() {
            return;
        }
        let me = runtime::current();
        let cell = self.handle.checked_id();
        with(|x| {
            x.threads[me].known.clock.tick(me);
            let clock = x.threads[me].known.clock;
            let second = Access {
                thread: me,
                writes,
                at,
                time: clock.now(me),
            };
            let State::Cell(accesses) = &mut x.objects[cell].state else {
                unreachable!("a cell stays a cell");
            };
            let against = accesses
                .reads
                .iter()
                .filter(|_| writes)
                .chain([&accesses.write]);
            let first = against
                .flatten()
                .find(|first| !clock.knows(first.thread, first.time))
                .copied();
            if writes {
                accesses.write = Some(second);
            } else {
                accesses.reads[me] = Some(second);
            }
            let what = if writes { What::Write } else { What::Read };
            x.note(me, Some(cell), what, at);
            if let Some(first) = first {
                x.fails(Failure::DataRace(Race {
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
