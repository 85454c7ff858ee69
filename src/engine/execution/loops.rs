//! Threads that yield in a loop: when that is waiting, and for what.

use super::abort::{unwind, unwinding};
use super::failure::Failure;
use super::panics::looks_while_unwinding;
use super::round::{Seen, Standstill};
use super::run::{Execution, with};
use super::schedule::MAX_TRANSITIONS;
use super::thread::Thread;
use super::trace::{Gate, List, Names, Record};
use crate::engine::access::Kind;
use crate::engine::ids::{At, ObjectId, ThreadId, ThreadSet};

/// How many iterations waiting loops may make when no other thread can run: some loops
/// give up after a number of iterations. One that does not is a livelock.
const MAX_ROUNDS: usize = 100;

/// The same for loops that race with each other in each iteration: all orders are run,
/// so that a loop without an end is not told from a long one.
const MAX_RACING_ROUNDS: usize = 8;

/// Yields to other threads. A thread that comes here again, has seen the same as the
/// last time and has changed nothing, is in a loop that waits: it does not pass its next
/// schedule point until something that it has read is written.
pub(crate) fn yields(at: At) {
    if unwinding() {
        looks_while_unwinding();
        return;
    }
    let is_aborted = with(|x| {
        x.yields(at);
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
    fn yields(&mut self, at: At) {
        let me = self.current;
        let thread = &mut self.threads[me];
        if thread.round.is_empty() {
            // It reads nothing: a delay, not a wait. Unless it never ends.
            thread.idle += 1;
            if thread.idle > MAX_TRANSITIONS {
                self.fail(Failure::Endless);
            }
            return;
        }
        let is_loop = thread.round == thread.last_round && !thread.round.changed;
        thread.idle = 0;
        thread.is_loop = is_loop;
        std::mem::swap(&mut thread.round, &mut thread.last_round);
        thread.round.clear();
        if is_loop && !self.has_new_write(me) {
            self.threads[me].waits_in_loop = true;
            let objects = self.objects_of_loop(me);
            let since = self.trace.next();
            self.notes(None, at, tell).values = objects.values();
            self.threads[me].gate = Some(Gate::Written(objects, since));
        }
    }

    /// The objects that the thread reads in its loop.
    pub(super) fn objects_of_loop(&mut self, thread: ThreadId) -> List {
        let seen = self.threads[thread].last_round.seen.iter();
        let objects = self.trace.add_list(seen.map(|seen| seen.object()));
        self.trace.sort_list(objects)
    }

    /// The running thread has changed something, so it does not only wait.
    pub(crate) fn has_changed_something(&mut self) {
        self.threads[self.current].round.changed = true;
        self.standstill = None;
    }

    /// The running thread sees that.
    pub(crate) fn sees(&mut self, seen: Seen) {
        self.threads[self.current].round.seen.push(seen);
    }

    /// How often the object has been written.
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
        self.threads[self.current].round.writes = true;
        self.rewrites(object, Kind::Write, operation, found);
    }

    /// Whether anything that the thread read in its last iteration has been written since.
    pub(super) fn has_new_write(&self, thread: ThreadId) -> bool {
        let is_new = |seen: &Seen| match *seen {
            Seen::Writes(object, writes) => self.objects[object].writes != writes,
            Seen::Version(object, version) => self.objects[object].version != version,
        };
        self.threads[thread].last_round.seen.iter().any(is_new)
    }

    /// Allows waiting loops another iteration, in case that they give up. If they have
    /// had enough of them, what happened since the standstill is forgotten: it is
    /// nothing.
    pub(super) fn loops_go_on(&mut self) -> bool {
        let waits = |thread: &Thread| thread.waits_in_loop;
        if !self.threads.iter().any(waits) {
            return false;
        }
        let standstill = self.standstill.get_or_insert(Standstill {
            rounds: 0,
            records: self.trace.records().len(),
            name: self.name,
        });
        standstill.rounds += 1;
        let Standstill {
            rounds,
            records,
            name,
        } = *standstill;
        // Loops that write what was there already race with each other in every
        // iteration, and all orders of that are run.
        let races = |thread: &&Thread| thread.last_round.writes && waits(thread);
        if rounds > MAX_RACING_ROUNDS && self.threads.iter().filter(races).count() > 1 {
            self.fail(Failure::Endless);
            return true;
        }
        if rounds > MAX_ROUNDS {
            if self.failure.is_none() {
                self.trace.truncate(records);
            }
            self.name = name;
            self.has_forgotten = true;
            return false;
        }
        let waiting: ThreadSet = (0..self.threads.len())
            .filter(|&thread| waits(&self.threads[thread]))
            .collect();
        for thread in waiting.iter() {
            self.threads[thread].waits_in_loop = false;
        }
        self.search.after_all(waiting);
        true
    }

    /// Whether the thread is in a loop in which it has read just that.
    pub(super) fn has_read(thread: &Thread, seen: Seen) -> bool {
        thread.is_loop && thread.last_round.seen.contains(&seen)
    }
}
