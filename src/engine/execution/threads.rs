//! Threads that start, end and are joined.

use super::abort::{is_abort, is_aborted, misuse, unwind, unwinding};
use super::code::Code;
use super::ends::comes_to_end;
use super::failure::Failure;
use super::panics::{abort_after_panic, note_panic};
use super::run::{Execution, try_with, with};
use super::schedule::{point, suspend_here, unwind_first};
use super::steps::start_of;
use super::thread::{Next, Thread};
use super::trace::{Gate, Names, Record, RecordId, RecordKind, Shows};
use crate::engine::access::{Access, Kind};
use crate::engine::coroutine::Suspend;
use crate::engine::hash::mix;
use crate::engine::ids::{At, MAX_SPAWNED, MAX_THREADS, ThreadId};
use crate::watch;
use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::ptr::NonNull;

const TOO_MANY: &str = "too many threads: a scene has at most 16 beside its own, actors or spawned";
const NO_STACK: &str = "the operating system has no memory for the stack of another thread";

/// So many threads more can be started, beside the scene's own.
pub(crate) fn must_have_room_for(more: usize) {
    const { assert!(MAX_SPAWNED == 16, "as `TOO_MANY` says") };
    if with(|x| x.threads.len() + more > MAX_THREADS) {
        misuse(TOO_MANY);
    }
}

/// A thread that `code` will run on. What it does happens after this. It runs up to its
/// first schedule point at once: until then no other thread can notice anything. `at`:
/// none for actors, whose start is no step of the scene. `None`: while a thread unwinds
/// no other can run, so `code` ran to its end, as part of the step in progress. If the
/// execution is aborted first, the code is never run, and stays where it is.
///
/// # Safety
/// Nothing uses the option that `code` was made of before this returns or unwinds. All that
/// the code borrows lives until the thread has ended or can never run again.
pub(crate) unsafe fn spawn(name: Option<String>, code: Code, at: Option<At>) -> Option<ThreadId> {
    if unwinding() {
        // SAFETY: the caller sees to it.
        unsafe { code.run() };
        return None;
    }
    must_have_room_for(1);
    if !with(Execution::has_stack) {
        misuse(NO_STACK);
    }
    let started = with(|x| {
        let id = x.starts(name, at);
        // SAFETY: the option is still there when the code is taken: this thread goes on only
        // after that, or in an execution that is aborted; then the code is not run. The caller
        // sees to the rest.
        x.starts_coroutine(id, move || unsafe { code.run() });
        id
    });
    suspend_here();
    Some(started)
}

/// Unwinds if the execution was aborted while a thread was started.
pub(crate) fn unwind_if_aborted(started: Option<ThreadId>) {
    if started.is_some() && is_aborted() {
        unwind();
    }
}

/// Waits for another thread to end; what it did happens before.
pub(crate) fn join(execution: u64, thread: ThreadId, at: At) {
    if unwinding() {
        if is_here(execution) && !with(|x| x.is_aborted() || x.joins_at_once(thread)) {
            abort_after_panic();
        }
        return;
    }
    must_be_here(execution);
    joins(thread, Next::Joins(thread));
    with(|x| {
        let tell = |record: &Record, names: &dyn Names| {
            format!("join {}", names.thread(record.values[0] as ThreadId))
        };
        let record = x.notes(None, at, tell);
        record.values = [thread as u64, 0];
        record.gate = Gate::Ended(thread);
    });
}

/// Waits for a thread to end, even while the execution is aborted, and without
/// unwinding. `more`: the next thing that this one does is to wait for another.
pub(crate) fn wait_for_end(thread: ThreadId, more: bool) {
    with(|x| x.threads[x.current].leaves_more = more);
    if !is_aborted() && !unwinding() {
        let _ = catch_unwind(|| joins(thread, Next::Leaves(Some(thread))));
    }
    if !with(|x| x.has_ended(thread)) {
        if !is_aborted() {
            // This one unwinds, and cannot wait.
            with(|x| x.aborts_after_panic());
        }
        unwind_first(thread, |x| x.has_ended(thread));
    }
    with(|x| {
        let tell = |record: &Record, names: &dyn Names| {
            format!("{} has ended", names.thread(record.values[0] as ThreadId))
        };
        let record = x.notes(None, Location::caller(), tell);
        record.values = [thread as u64, 0];
        record.gate = Gate::Ended(thread);
        record.kind = RecordKind::Setup;
        let is_mine = |r: &&Record| r.thread == x.current && r.kind != RecordKind::Setup;
        let mine = x.trace.records().iter().rev().find(is_mine);
        watch::is_at(mine.map(|record| record.at));
    });
}

fn joins(thread: ThreadId, next: Next) {
    point(next);
    with(|x| {
        x.comes_after(thread);
        let me = &mut x.threads[x.current];
        me.joined_at = Some(me.steps);
        x.search.joins(x.current, thread);
        x.alone = 0;
    });
}

/// Waits for all other threads, after the scene has returned or unwound.
pub(crate) fn finish() {
    if !is_aborted() {
        // If those that are left deadlock, this unwinds.
        let _ = catch_unwind(|| point(Next::Leaves(None)));
    }
    while let Some(value) = with(|x| x.statics.pop()) {
        drops(value);
    }
    with(|x| {
        if !x.is_aborted() {
            x.end_transition();
            x.finds_leak();
        }
    });
}

/// The scene's own words.
#[track_caller]
pub(crate) fn narrate(what: fmt::Arguments<'_>) {
    if unwinding() {
        return;
    }
    let at = Location::caller();
    // Only a story needs the text. But what it names is the scene's, and may take steps:
    // the same in every execution.
    let text = match with(|x| x.is_told) {
        true => Some(what.to_string()),
        false => {
            let made = Nowhere.write_fmt(what);
            made.expect("a Display implementation returned an error");
            None
        }
    };
    with(|x| {
        let text = text.map_or(0, |text| x.trace.add_text(text));
        let record = x.notes(None, at, |record, names| {
            names.text(record.values[0] as u32).to_owned()
        });
        record.values = [u64::from(text), 0];
        record.kind = RecordKind::Narration;
    });
}

/// Text that is made and not kept.
struct Nowhere;

impl fmt::Write for Nowhere {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}

/// What the running thread does next is an actor's part.
pub(crate) fn becomes_actor(name: String) {
    with(|x| x.becomes_actor(name));
    // It is resumed at once, by its new name.
    suspend_here();
}

/// The part that [`becomes_actor`] has begun is over.
pub(crate) fn ends_part() {
    destroys_locals();
    with(Execution::ends_part);
}

/// Notes a panic, if it is one of the scene's own.
pub(crate) fn note_if_panic<T>(result: &std::thread::Result<T>) {
    if let Err(payload) = result
        && !is_abort(payload.as_ref())
    {
        note_panic();
    }
}

/// Drops what a thread leaves behind. That is the scene's code too: it may take steps,
/// and panic.
pub(crate) fn drops<T>(left: T) {
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(left)));
    note_if_panic(&dropped);
    // What a second panic carries could panic again.
    std::mem::forget(dropped);
}

/// Destroys the running thread's thread-local values. Destructors are the scene's code:
/// they may take steps, and make other values.
pub(crate) fn destroys_locals() {
    while let Some(value) = with(|x| x.threads[x.current].locals.take()) {
        drops(value);
    }
}

fn ends(thread: ThreadId) {
    with(|x| {
        x.threads[thread].next = Next::Ended;
        x.has_unwound();
        if x.aborted.is_some() || thread == 0 {
            return;
        }
        if x.starting.last().is_some_and(|&(last, _)| last == thread) {
            x.has_started();
        } else {
            x.hand_over();
        }
    });
}

impl Execution {
    /// Whether there is a stack for one more thread.
    fn has_stack(&mut self) -> bool {
        self.stacks.reserve().is_ok()
    }

    /// The execution's first thread runs `code`, if there is a stack for it.
    pub(super) fn starts_first(&mut self, code: impl FnOnce() + 'static) {
        match self.has_stack() {
            true => self.starts_coroutine(0, code),
            false => {
                self.threads[0].next = Next::Ended;
                self.fail(Failure::Misuse(NO_STACK));
            }
        }
    }

    /// There must be a stack for it.
    fn starts_coroutine(&mut self, id: ThreadId, code: impl FnOnce() + 'static) {
        let body = move |suspend: &Suspend| {
            let is_aborted = with(|x| {
                x.threads[id].suspend = Some(NonNull::from(suspend));
                x.is_aborted()
            });
            let result = catch_unwind(AssertUnwindSafe(|| match is_aborted {
                true => drop(code),
                false => code(),
            }));
            note_if_panic(&result);
            drops(result);
            if id != 0 {
                destroys_locals();
            }
            comes_to_end(id);
            ends(id);
        };
        self.threads[id].coroutine = Some(self.stacks.start(body));
    }

    /// One thread more, which has no code yet.
    fn starts(&mut self, name: Option<String>, at: Option<At>) -> ThreadId {
        self.can_tell_drops();
        let me = self.current;
        let parent = &mut self.threads[me];
        parent.children += 1;
        let key = mix(parent.key, parent.children);
        let id = self.threads.len();
        self.threads.add(Thread::default).reset(name, key, id);
        if let Ok([parent, child]) = self.threads.get_disjoint_mut([me, id]) {
            child.views.past.clone_from(&parent.views.past);
            parent.views.past.clock.tick(me);
            child.views.past.clock.tick(id);
        }
        self.may_go_on_otherwise();
        self.unjoined.insert(id);
        self.search.enables(id);
        self.starting.push((id, me));
        self.running = id;
        self.trace.access(Access {
            location: start_of(key),
            kind: Kind::Write,
        });
        match at {
            Some(at) => {
                let record = self.notes(None, at, |record, names| {
                    format!("spawn {}", names.thread(record.values[0] as ThreadId))
                });
                record.values = [id as u64, 0];
                record.kind = RecordKind::Spawn;
            }
            None => {
                let record = self.notes(None, Location::caller(), |record, names| {
                    format!("{} begins", names.thread(record.values[0] as ThreadId))
                });
                record.values = [id as u64, 0];
                record.kind = RecordKind::Setup;
            }
        }
        id
    }

    /// Whether the running thread has passed no schedule point yet.
    pub(crate) fn is_starting(&self) -> bool {
        let last = self.starting.last();
        last.is_some_and(|&(thread, _)| thread == self.current)
    }

    /// What the running thread does next happens after all that the other has done.
    fn comes_after(&mut self, other: ThreadId) {
        self.unjoined.remove(other);
        if let Ok([mine, theirs]) = self.threads.get_disjoint_mut([self.current, other]) {
            mine.views.past.join(&theirs.views.past);
            mine.unacquired.append(&mut theirs.unacquired);
        }
    }

    /// The running thread unwinds, and joins another without waiting for it. Whether the
    /// other has ended.
    fn joins_at_once(&mut self, other: ThreadId) -> bool {
        let has_ended = self.has_ended(other);
        if has_ended {
            self.comes_after(other);
        }
        has_ended
    }

    fn becomes_actor(&mut self, name: String) {
        let place = self.threads.len();
        let me = &mut self.threads[self.current];
        me.rename(Some(name));
        me.place = place;
        me.locals.begin_part();
        let begins = self.trace.next();
        self.parts.push((self.current, begins, RecordId::MAX));
    }

    /// The part of the actor that the running thread plays is over.
    fn ends_part(&mut self) {
        self.threads[self.current].locals.end_part();
        if let Some((_, _, end)) = self.parts.last_mut() {
            *end = self.trace.next();
        }
    }

    /// What the last record leaves the object showing, in the words of `text`.
    pub(crate) fn shows(&mut self, object: usize, text: impl FnOnce() -> Option<String>) {
        if !self.is_told {
            return;
        }
        let Some(text) = text() else { return };
        let text = self.trace.add_text(text);
        if let Some(record) = self.trace.last_mut() {
            record.shows = Shows::Text(object, text);
        }
    }

    /// The number of the execution.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

/// Whether that is the execution in progress.
#[inline]
pub(crate) fn is_here(execution: u64) -> bool {
    try_with(|x| x.number == execution).unwrap_or(false)
}

/// An object or a thread belongs to one execution.
pub(crate) fn must_be_here(execution: u64) {
    if with(|x| x.number != execution) {
        is_elsewhere();
    }
}

/// An object or a thread of another execution was used.
pub(super) fn is_elsewhere() -> ! {
    misuse(
        "an object was used in another execution than the one that made it: make it inside the scene",
    )
}
