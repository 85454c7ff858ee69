//! `std::thread::park`: each thread has a token, which `unpark` makes available.

use crate::engine::access::Kind;
use crate::engine::clock::Past;
use crate::engine::coroutine::snapshot::snapshot;
use crate::engine::execution::abort::unwinding;
use crate::engine::execution::budget::{Ended, MayEnd, begins_to_wait};
use crate::engine::execution::iteration::Seen;
use crate::engine::execution::object::{Blocking, Spot, State, Wait, of};
use crate::engine::execution::run::{Execution, try_with, with};
use crate::engine::execution::schedule::{point, wait};
use crate::engine::execution::step::Step;
use crate::engine::execution::thread::Next;
use crate::engine::execution::threads::must_be_here;
use crate::engine::execution::trace::{Gate, Record, RecordId};
use crate::engine::hash::word;
use crate::engine::ids::{At, ObjectId, ThreadId as Number};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// Where a thread parks.
#[derive(Default)]
struct Token {
    is_there: bool,
    released: Past,
    /// The record of the `unpark` that made it available, and whose that was.
    by: RecordId,
    by_thread: Number,
}

impl State for Token {
    fn reset(&mut self) {
        self.is_there = false;
        self.released.clear();
    }
}

/// Waits for the token.
struct Parked;

impl Blocking for Parked {
    fn is_over(&self, state: &dyn State) -> bool {
        of::<Token>(state).is_there
    }

    fn describe(&self, _: &str, timed: bool) -> String {
        let timed = if timed { ", with a timeout" } else { "" };
        format!("is parked{timed}")
    }

    fn never(&self) -> &'static str {
        ": no thread will ever unpark it"
    }
}

/// The model's `std::thread::Thread`.
#[derive(Clone)]
pub struct Thread {
    pub(super) execution: u64,
    thread: Number,
    key: u64,
    name: Option<Arc<str>>,
}

/// The model's `std::thread::ThreadId`. It does not depend on the order in which threads
/// start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThreadId(u64);

impl Thread {
    /// The thread that was started; the running one, if it ran to its end at once.
    pub(super) fn of_started(thread: Option<Number>) -> Self {
        let make = |x: &mut Execution| {
            let thread = thread.unwrap_or(x.current());
            Self {
                execution: x.number(),
                thread,
                key: x.threads[thread].key,
                name: x.threads[thread].name.as_deref().map(Arc::from),
            }
        };
        match unwinding() {
            // Of no execution.
            true => try_with(make).unwrap_or(Self {
                execution: 0,
                thread: 0,
                key: 0,
                name: None,
            }),
            false => with(make),
        }
    }

    /// What tells it from the other threads of the scene.
    // Not `must_use`, as in std: it is not in loom, whose tests deny warnings.
    pub fn id(&self) -> ThreadId {
        ThreadId(self.key)
    }

    /// The name it was given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Makes the thread's token available: the thread goes on if it is parked, or need
    /// not park the next time.
    #[inline(never)]
    #[track_caller]
    pub fn unpark(&self) {
        let at = Location::caller();
        if unwinding() {
            return;
        }
        must_be_here(self.execution);
        point(Next::Runs);
        with(|x| {
            let parker = x.parker(self.thread);
            let mut step = Step::<Token>::new(x, parker);
            // An `unpark` that finds the token there could have come later, after the
            // token had been taken; one that makes it available could not.
            let had_token = step.state().is_there;
            let kind = match had_token {
                true => Kind::TryAcquire,
                false => Kind::Write,
            };
            step.takes_it(kind, const { word("unpark") });
            step.objects[parker].version += 1;
            let (by, me) = (step.trace.next(), step.me());
            let (views, token) = step.views_and_state();
            token.is_there = true;
            token.released.join(&views.past);
            if !had_token {
                token.by = by;
                token.by_thread = me;
            }
            let thread = self.thread as u64;
            step.note(at, |record, names| {
                format!("unpark {}", names.thread(record.values[0] as Number))
            })
            .values = [thread, 0];
            if !had_token {
                x.ends_wait_of(self.thread, parker, None, by);
            }
        });
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("id", &self.id())
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// The running thread.
#[must_use]
pub fn current() -> Thread {
    Thread::of_started(None)
}

/// Waits for the thread's token and takes it; as often as the exploration's budget
/// says, it goes on without.
#[inline(always)]
#[track_caller]
pub fn park() {
    park_for(false, Location::caller(), snapshot());
}

/// The same, or until the time is over: when no other thread can run or, as often as
/// the exploration's budget says, at any moment before.
#[inline(always)]
#[track_caller]
pub fn park_timeout(_timeout: Duration) {
    park_for(true, Location::caller(), snapshot());
}

#[inline(never)]
fn park_for(timed: bool, at: At, stack: Option<u64>) {
    if unwinding() {
        return;
    }
    let may_end = MayEnd::like_a_condvar(timed);
    let (parker, has_budget) = with(|x| {
        let me = x.current();
        (x.parker(me), x.has_budget(may_end))
    });
    if has_budget {
        point(Next::Runs);
        let has_token = with(|x| {
            let seen = Seen::Version(parker, x.objects[parker].version);
            x.reads_unrecorded(parker, const { word("park") }, seen);
            let has_token = Step::<Token>::new(x, parker).state().is_there;
            if has_token {
                x.might_have_waited(may_end);
            }
            has_token
        });
        yields_to_others(parker, timed, at, stack);
        if !has_token {
            begins_to_wait(may_end);
        }
    } else {
        yields_to_others(parker, timed, at, stack);
    }
    let mut waited = Wait {
        object: parker,
        what: &Parked,
        timed,
    };
    wait(waited);
    with(|x| {
        let record = goes_on(Step::new(x, parker), at);
        waited.timed = record.values[0] == 1;
        record.waited = Some(waited);
    });
}

/// A thread that parks for some time looks again later; so does one that has unparked
/// itself.
fn yields_to_others(parker: ObjectId, timed: bool, at: At, stack: Option<u64>) {
    with(|x| {
        let me = x.current();
        let mut step = Step::<Token>::new(x, parker);
        let token = step.state();
        let is_own = token.is_there && token.by_thread == me;
        if timed || is_own {
            x.yields(at, stack);
        }
    });
}

/// A thread that was parked runs again.
fn goes_on<'x>(mut step: Step<'x, Token>, at: At) -> &'x mut Record {
    if step.state().is_there {
        step.takes_it(Kind::Acquire, const { word("unparked") });
        let id = step.id;
        step.objects[id].version += 1;
        let (views, token) = step.views_and_state();
        token.is_there = false;
        views.past.join(&token.released);
        let by = token.by;
        let record = step.into_note(at, |_, _| "park → unparked".to_owned());
        record.gate = Gate::After(by);
        record
    } else {
        let ended = step.wait_is_over();
        step.rewrites_it(ended.operation());
        let record = step.into_note(at, |record, _| {
            let how = match record.values[0] {
                0 => "spurious wake-up",
                _ => "timed out",
            };
            format!("park → {how}")
        });
        record.values = [(ended != Ended::Spuriously).into(), 0];
        record.gate = ended.gate();
        record
    }
}

impl Execution {
    /// Where the thread parks.
    fn parker(&mut self, thread: Number) -> ObjectId {
        if let Some(parker) = self.threads[thread].parker {
            return parker;
        }
        let location = crate::engine::hash::mix(self.threads[thread].key, const { word("parker") });
        let (parker, _) = self.objects.add::<Token>("parker", Spot::at(location));
        self.threads[thread].parker = Some(parker);
        parker
    }
}
