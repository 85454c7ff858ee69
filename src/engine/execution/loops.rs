//! Threads that yield in a loop: when that is waiting, and for what.
//!
//! A thread waits if it would only repeat itself: its stack is the same as at an earlier
//! yield, it has changed nothing since, and what it has read is still as it was. It goes
//! on when something that it has read is written. All other iterations are explored
//! like any other code, those of a loop that may not end up to a bound.

use super::abort::{unwind, unwinding};
use super::failure::Failure;
use super::iteration::{Held, Iteration, Seen, Standstill};
use super::panics::looks_while_unwinding;
use super::run::{Execution, with};
use super::schedule::MAX_TRANSITIONS;
use super::thread::Thread;
use super::trace::{Gate, List, Names, Record};
use crate::engine::access::Kind;
use crate::engine::ids::{At, ObjectId, ThreadId};
use crate::engine::source;

/// A loop that makes more iterations than this, each with another stack, is taken for one
/// that may not end.
const LONG: usize = 300;

/// How many iterations loops may make when no other thread can run: some give up after a
/// number of iterations. Loops that do not are a livelock.
const MAX_ALONE: usize = 100;

/// Yields to other threads. `stack`: the caller's
/// [`snapshot`](crate::engine::coroutine::snapshot::snapshot).
#[inline(never)]
pub(crate) fn yields(at: At, stack: Option<u64>) {
    if unwinding() {
        looks_while_unwinding();
        return;
    }
    let is_aborted = with(|x| {
        x.yields(at, stack);
        let me = &mut x.threads[x.current];
        (me.has_yielded, me.has_left) = (true, true);
        x.is_aborted()
    });
    if is_aborted {
        unwind();
    }
}

fn tell(record: &Record, names: &dyn Names) -> String {
    names.spins(names.list(List::of_values(record.values)))
}

impl Execution {
    /// The running thread yields.
    pub(crate) fn yields(&mut self, at: At, stack: Option<u64>) {
        let me = self.current;
        let at = match source::is_own(at) {
            true => self.trace.last_id_of(me).map_or(at, |id| self.line_of(id)),
            false => at,
        };
        self.yields += 1;
        self.threads[me].yielded = self.yields;
        // Addresses on the stack can differ from one execution to the next.
        let same = self.threads[me].loops.same_as(stack);
        let same = self.search.finds(same);
        match self.threads[me].loops.yields(at, stack, same) {
            // A delay, not a wait. Unless it never ends.
            Iteration::Idle(many) if many > MAX_TRANSITIONS => self.fail(Failure::Endless),
            Iteration::Idle(_) => {}
            Iteration::Waits if self.has_new_write(me) => {}
            Iteration::Waits => self.holds(at, Held::Waits),
            Iteration::Differs { alike, all } => {
                let is_endless = self.endless_loops.contains(&at);
                let most = self.settings.iterations;
                if alike >= most.max(1) || (is_endless && all > most) {
                    if !self.bounded_loops.contains(&at) {
                        self.bounded_loops.push(at);
                    }
                    self.threads[me].loops.ends_exploring();
                    self.holds(at, Held::Bounded(self.changes_for(me)));
                } else if !is_endless && all > LONG {
                    self.endless_loops.push(at);
                    self.needs.endless_loops = self.endless_loops.len();
                    self.fail(Failure::Endless);
                }
            }
        }
    }

    /// The running thread goes on only when that is over.
    fn holds(&mut self, at: At, held: Held) {
        let me = self.current;
        self.threads[me].held = held;
        let objects = self.objects_of_loop(me);
        self.notes(None, at, tell).values = objects.values();
        self.threads[me].gate = Some(Gate::Written(objects));
    }

    /// The objects that the thread accesses in its loop.
    pub(super) fn objects_of_loop(&mut self, thread: ThreadId) -> List {
        let thread = &self.threads[thread];
        let objects = match thread.held {
            Held::Bounded(_) => self.trace.add_list(thread.loops.accessed_before()),
            _ => {
                let seen = thread.loops.waits_for().iter();
                self.trace.add_list(seen.map(|seen| seen.object()))
            }
        };
        self.trace.sort_list(objects)
    }

    /// The running thread has changed the object, so it does not only wait.
    #[inline]
    pub(crate) fn changes(&mut self, object: ObjectId) {
        self.changes_for_others(object);
        self.threads[self.current].loops.changes();
    }

    /// The same for a change that a thread may make and take back while it only waits.
    #[inline]
    pub(crate) fn changes_for_others(&mut self, object: ObjectId) {
        // An iteration that came to nothing before is no reason for others to look again.
        if !self.threads[self.current].loops.is_alike() {
            self.objects[object].changes += 1;
            self.standstill = None;
        }
    }

    /// What the running thread has just found can be otherwise the next time although
    /// nothing was written.
    pub(crate) fn may_go_on_otherwise(&mut self) {
        self.threads[self.current].loops.changes();
    }

    /// The running thread sees that.
    #[inline]
    pub(crate) fn sees(&mut self, seen: Seen) {
        self.threads[self.current].loops.sees(seen);
    }

    /// How often the object has been written.
    #[inline]
    pub(crate) fn sees_writes(&self, object: ObjectId) -> Seen {
        Seen::Writes(object, self.objects[object].writes)
    }

    /// A read-modify-write that leaves the value as it was. For other threads it is a
    /// write; a thread that does nothing else waits.
    pub(crate) fn updates_nothing(
        &mut self,
        object: ObjectId,
        operation: u64,
        found: u64,
        seen: Seen,
    ) {
        self.sees(seen);
        self.rewrites(object, Kind::Write, operation, found);
    }

    /// How often something was changed that the thread accesses in its loop.
    fn changes_for(&self, thread: ThreadId) -> u64 {
        let objects = self.threads[thread].loops.accessed_before();
        objects.map(|object| self.objects[object].changes).sum()
    }

    /// Whether anything that the thread has read in its loop has been written since, or
    /// freed: then to read it again is a use after free.
    fn has_new_write(&self, thread: ThreadId) -> bool {
        let is_new = |seen: &Seen| match *seen {
            Seen::Writes(object, writes) => self.objects[object].writes != writes,
            Seen::Version(object, version) => self.objects[object].version != version,
        };
        let is_freed = |seen: &Seen| self.freed(seen.object()).is_some();
        let mut seen = self.threads[thread].loops.waits_for().iter();
        seen.any(|seen| is_new(seen) || is_freed(seen))
    }

    /// Whether the thread does not go on by itself after it has yielded.
    #[inline]
    pub(super) fn is_held(&self, thread: ThreadId) -> bool {
        match self.threads[thread].held {
            Held::No => false,
            Held::Waits => !self.has_new_write(thread),
            Held::Bounded(changes) => self.changes_for(thread) == changes,
        }
    }

    /// Allows a loop with a bound another iteration, in case that it gives up. If the
    /// loops have had enough of them, what happened since the standstill is forgotten:
    /// it is nothing.
    pub(super) fn loops_go_on(&mut self) -> bool {
        let count = self.threads.len();
        let standstill = self.standstill.get_or_insert(Standstill {
            iterations: 0,
            last: count - 1,
            records: self.trace.records().len(),
            name: self.name,
        });
        // One after the other, so that they do not race.
        let last = standstill.last;
        let mut in_turn = (1..=count).map(|next| (last + next) % count);
        let is_bounded = |&thread: &ThreadId| {
            let thread = &self.threads[thread];
            matches!(thread.held, Held::Bounded(_)) && !thread.has_ended()
        };
        let Some(next) = in_turn.find(is_bounded) else {
            return false;
        };
        if standstill.iterations == MAX_ALONE {
            let Standstill { records, name, .. } = *standstill;
            if self.failure.is_none() {
                self.trace.truncate(records);
            }
            self.name = name;
            self.has_forgotten = true;
            return false;
        }
        standstill.iterations += 1;
        standstill.last = next;
        self.threads[next].held = Held::No;
        self.search.after_all([next].into_iter().collect());
        true
    }

    /// Whether the thread is in a loop in which it has read just that, or does not read
    /// older stores any more.
    pub(super) fn has_read(thread: &Thread, seen: Seen) -> bool {
        thread.loops.is_beyond_bound() || thread.loops.waits_for().contains(&seen)
    }
}
