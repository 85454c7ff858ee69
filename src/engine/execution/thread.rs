//! A thread of the execution, and what it does next.

use super::gate::{Gate, RecordId};
use super::object::Wait;
use super::round::Round;
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
    pub(super) enabled_by: Option<RecordId>,
    /// What holds up its next record, if nothing else does.
    pub(super) gate: Option<Gate>,
    /// The same whatever the order in which threads start.
    pub(crate) key: u64,
    pub(super) has_records: bool,
    pub(crate) steps: u64,
    /// How many steps it had taken when it last joined another thread.
    pub(super) joined_at: Option<u64>,
    pub(super) children: u64,
    /// Where it waits to be unparked.
    pub(crate) parker: Option<ObjectId>,
    /// It yields in a loop, and does not go on before there is a new write.
    pub(super) waits_in_loop: bool,
    /// What it has done since it last yielded, and between the two times before.
    pub(super) round: Round,
    pub(super) last_round: Round,
    /// The last two were the same.
    pub(super) is_loop: bool,
    /// How often it has yielded without having done anything at all.
    pub(super) idle: usize,
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
        self.key = key;
        self.has_records = false;
        self.steps = 0;
        self.joined_at = None;
        self.children = 0;
        self.parker = None;
        self.waits_in_loop = false;
        self.round.clear();
        self.last_round.clear();
        self.is_loop = false;
        self.idle = 0;
    }

    /// Most often it had the same name in the execution before.
    pub(super) fn rename(&mut self, name: Option<String>) {
        if self.name.as_deref() != name.as_deref() {
            self.name = name.map(Rc::from);
        }
    }

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
        used.joined_at = Some(1);
        (used.parker, used.idle) = (Some(1), 1);
        (used.waits_in_loop, used.is_loop) = (true, true);
        threads.clear();
        let new = threads.add(Thread::default);
        new.reset(None, 2, 1);
        assert!(matches!(new.next, Next::Runs));
        assert_eq!((new.name.as_deref(), new.key, new.place), (None, 2, 1));
        assert_eq!(new.views.past.clock.of(0), 0);
        assert_eq!((new.timed_out, new.fate), (false, None));
        assert_eq!((new.enabled_by, new.gate), (None, None));
        let counts = (new.has_records, new.steps, new.children);
        assert_eq!((counts, new.joined_at), ((false, 0, 0), None));
        assert_eq!((new.parker, new.idle), (None, 0));
        assert!(!new.waits_in_loop && !new.is_loop);
    }
}
