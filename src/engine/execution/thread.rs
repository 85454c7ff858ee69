//! A thread of the execution, and what it does next.

use super::gate::{Gate, RecordId};
use super::iteration::{Held, Loops};
use super::locals::Locals;
use super::object::Wait;
use crate::engine::clock::VectorClock;
use crate::engine::coroutine::{Coroutine, Suspend};
use crate::engine::ids::{ObjectId, ThreadId};
use crate::engine::memory::Views;
use crate::engine::reused::Reused;
use std::rc::Rc;
use std::sync::atomic::Ordering;

/// What a thread does after the schedule point at which it is.
#[derive(Clone, Copy, Default)]
pub(crate) enum Next {
    /// Something that can be done at once.
    #[default]
    Runs,
    /// Reads one of the stores of that atomic: C11 only.
    Loads(ObjectId, Ordering),
    /// Goes on once the wait is over, or has timed out.
    Waits(Wait),
    /// Goes on once that thread has ended.
    Joins(ThreadId),
    /// Nothing of the scene's: its own part is over, but not yet that of this thread,
    /// or (if `None`) of all others.
    Leaves(Option<ThreadId>),
    /// Nothing: it has used what was freed.
    Never,
    Ended,
}

/// How a wait is to end, if no thread notifies before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The thread wakes by itself.
    Spurious,
    /// Its time is up before every other thread waits too.
    Early,
}

#[derive(Default)]
pub(crate) struct Thread {
    pub(crate) name: Option<Rc<str>>,
    /// Its place among the columns of a story: the first thread plays the last of the
    /// actors.
    pub(super) place: usize,
    pub(super) coroutine: Option<Coroutine>,
    /// How it gives control back; null before it has begun.
    pub(super) suspend: Option<std::ptr::NonNull<Suspend>>,
    pub(super) next: Next,
    pub(crate) views: Views,
    /// The time that it waits for has come.
    pub(super) timed_out: bool,
    /// What was decided when it began to wait.
    pub(super) fate: Option<Fate>,
    /// The record of the step that ended its wait.
    pub(crate) enabled_by: Option<RecordId>,
    /// What holds up its next record, if nothing else does.
    pub(super) gate: Option<Gate>,
    /// Whether it has yielded since its last record, …
    pub(crate) has_yielded: bool,
    /// … and since it took the processor: then it has left it by itself.
    pub(super) has_left: bool,
    /// The same whatever the order in which threads start.
    pub(crate) key: u64,
    pub(super) has_records: bool,
    pub(crate) steps: u64,
    /// It waits for the end of an actor, and then at once for another's.
    pub(super) leaves_more: bool,
    /// How many transitions it has taken.
    pub(super) transitions: u64,
    /// How many steps it had taken when it last joined another thread.
    pub(super) joined_at: Option<u64>,
    pub(super) children: u64,
    /// What it would know if the model had the last drops of an `Arc` acquire.
    pub(super) unacquired: Vec<(ObjectId, VectorClock)>,
    /// Where it waits to be unparked.
    pub(crate) parker: Option<ObjectId>,
    /// What other threads access that look whether it has ended.
    pub(super) end: Option<ObjectId>,
    pub(super) held: Held,
    pub(super) loops: Loops,
    pub(crate) locals: Locals,
    /// Which yield of the execution was its own and the last thing it did; 0 if none:
    /// other threads go first.
    pub(super) yielded: usize,
}

impl Thread {
    /// As new, with the buffers it has.
    pub(super) fn reset(&mut self, name: Option<String>, key: u64, place: usize) {
        self.rename(name);
        self.place = place;
        self.suspend = None;
        self.next = Next::Runs;
        self.views.clear();
        self.timed_out = false;
        self.fate = None;
        self.enabled_by = None;
        self.gate = None;
        self.has_yielded = false;
        self.has_left = false;
        self.key = key;
        self.has_records = false;
        self.steps = 0;
        self.transitions = 0;
        self.leaves_more = false;
        self.joined_at = None;
        self.children = 0;
        self.unacquired.clear();
        self.parker = None;
        self.end = None;
        self.held = Held::No;
        self.loops.clear();
        self.locals.forget();
        self.yielded = 0;
    }

    /// Most often it had the same name in the execution before.
    pub(super) fn rename(&mut self, name: Option<String>) {
        if self.name.as_deref() != name.as_deref() {
            self.name = name.map(Rc::from);
        }
    }

    /// Nothing holds it up any more.
    #[inline]
    pub(super) fn goes_on(&mut self) {
        self.next = Next::Runs;
        self.held = Held::No;
    }

    #[inline]
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.next, Next::Ended)
    }
}

/// The threads of the execution, by their numbers.
pub(crate) type Threads = Reused<Thread>;

#[cfg(test)]
mod tests {
    use super::*;

    /// The execution before may have been aborted at any moment.
    #[test]
    fn a_thread_that_is_used_again_is_as_new() {
        let mut threads = Threads::default();
        let used = threads.add(Thread::default);
        used.reset(Some("a".to_owned()), 1, 0);
        used.next = Next::Ended;
        used.views.past.clock.tick(0);
        (used.timed_out, used.fate) = (true, Some(Fate::Early));
        (used.enabled_by, used.gate) = (Some(1), Some(Gate::AfterAll));
        (used.has_records, used.steps, used.children) = (true, 1, 1);
        (used.parker, used.end) = (Some(1), Some(2));
        used.held = Held::Waits;
        used.yielded = 1;
        used.joined_at = Some(1);
        threads.clear();
        let new = threads.add(Thread::default);
        new.reset(None, 2, 1);
        assert!(matches!(new.next, Next::Runs));
        assert_eq!((new.name.as_deref(), new.key, new.place), (None, 2, 1));
        assert_eq!(new.views.past.clock.of(0), 0);
        assert_eq!((new.timed_out, new.fate), (false, None));
        assert_eq!((new.enabled_by, new.gate), (None, None));
        let counts = (new.has_records, new.steps, new.children);
        assert_eq!(counts, (false, 0, 0));
        assert_eq!((new.parker, new.end), (None, None));
        assert_eq!((new.held, new.yielded), (Held::No, 0));
        assert_eq!(new.joined_at, None);
    }
}
