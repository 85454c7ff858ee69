//! Who gives way in a loop: when that is waiting, and for what.

use super::super::events::What;
use super::super::objects::State;
use super::super::search::Access;
use super::panics::looks_while_unwinding;
use super::{
    At, Execution, Failure, MAX_TURNS, ObjectId, Thread, ThreadId, current, is_torn_down, unwind,
    unwinding, with,
};

/// How often spinning threads may go round when nobody else can run: some loops
/// give up after a number of rounds. One that does not is a livelock.
const MAX_ROUNDS: usize = 100;

/// The same for spinning threads that race with each other in each round: all orders
/// are run, so that a loop without an end is not told from one that is long.
const MAX_RACING_ROUNDS: usize = 8;

/// How things stood when nobody could go on any more but threads that spin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standstill {
    /// How often the spinning threads have been let go round since.
    rounds: usize,
    events: usize,
    trace: u128,
}

/// What a thread does between giving way and giving way again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Round {
    /// What it has read, and how often that had been written by then.
    looked_at: Vec<(Looked, u64)>,
    changed: bool,
    /// What was there already.
    writes: bool,
}

/// What a thread looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    At(ObjectId),
    /// What the mutex protects: to lock and unlock it is no change of that.
    Inside(ObjectId),
}

/// Gives way to others. A thread that comes here again, has seen just the same
/// since the last time and has changed nothing, is in a loop that waits: it does
/// not pass its next point until something it has looked at is written.
pub(in crate::sync::model) fn give_way(at: At) {
    if unwinding() {
        looks_while_unwinding();
        return;
    }
    let me = current();
    with(|x| {
        let round = std::mem::take(&mut x.threads[me].round);
        if round == Round::default() {
            // It looks at nothing: a delay, not a wait. Unless it never ends.
            x.threads[me].idle += 1;
            if x.threads[me].idle > MAX_TURNS {
                x.fail(Failure::Endless);
            }
            return;
        }
        let is_loop = round == x.threads[me].last_round && !round.changed;
        let waits = is_loop && !x.has_news(&round);
        let thread = &mut x.threads[me];
        thread.idle = 0;
        thread.is_loop = is_loop;
        thread.last_round = round.clone();
        if waits {
            let objects = round.objects();
            thread.spins_on = Some(round);
            x.note(me, None, What::Spins(objects), at);
        }
    });
    if is_torn_down() {
        unwind();
    }
}

impl Round {
    pub(super) fn looks_at(&mut self, what: Looked, version: u64) {
        self.looked_at.push((what, version));
    }

    pub(super) fn objects(&self) -> Vec<ObjectId> {
        let object = |&(looked, _): &(Looked, u64)| match looked {
            Looked::At(object) | Looked::Inside(object) => object,
        };
        let mut objects: Vec<ObjectId> = self.looked_at.iter().map(object).collect();
        objects.sort_unstable();
        objects.dedup();
        objects
    }
}

impl Execution {
    /// The thread has changed something, so it does not only wait.
    pub(in crate::sync::model) fn has_changed(&mut self, me: ThreadId) {
        self.threads[me].round.changed = true;
        self.standstill = None;
    }

    /// A read-modify-write that leaves the value as it was: as far as others go, it
    /// changes the object; who does nothing else waits.
    pub(in crate::sync::model) fn updates_nothing(
        &mut self,
        me: ThreadId,
        object: ObjectId,
        kind: &'static str,
        version: u64,
    ) {
        self.looks_at(me, object, version);
        self.threads[me].round.writes = true;
        self.rewrites(me, object, Access::Change, kind, version);
    }

    /// The thread looks at the object as it was when it had been written `writes`
    /// times.
    pub(in crate::sync::model) fn looks_at(&mut self, me: ThreadId, object: ObjectId, writes: u64) {
        let version = self.seen(object, writes);
        self.threads[me].round.looks_at(Looked::At(object), version);
    }

    /// What is there to be seen, then, and now: it is news when it is another.
    fn seen(&self, object: ObjectId, writes: u64) -> u64 {
        match &self.objects[object].state {
            State::Atomic(history) => history.version(writes as usize),
            _ => writes,
        }
    }

    fn version(&self, object: ObjectId) -> u64 {
        let object = &self.objects[object];
        match &object.state {
            State::Atomic(history) => history.newest_version(),
            _ => object.writes,
        }
    }

    pub(super) fn changes_inside(&self, mutex: ObjectId) -> u64 {
        match self.objects[mutex].state {
            State::Mutex { changes, .. } => changes,
            _ => 0,
        }
    }

    /// Whether anything that was read in that round has been written since.
    pub(super) fn has_news(&self, round: &Round) -> bool {
        let is_new = |&(looked, version): &(Looked, u64)| match looked {
            Looked::At(object) => self.version(object) != version,
            Looked::Inside(mutex) => self.changes_inside(mutex) != version,
        };
        round.looked_at.iter().any(is_new)
    }

    /// Lets threads that spin go round once more, in case that they give up. If
    /// they have done so often enough, what happened since the standstill is
    /// forgotten: it is nothing.
    pub(super) fn spinners_go_round(&mut self) -> bool {
        if self.threads.iter().all(|thread| thread.spins_on.is_none()) {
            return false;
        }
        let (events, trace) = (self.events.len(), self.trace);
        let standstill = self.standstill.get_or_insert(Standstill {
            rounds: 0,
            events,
            trace,
        });
        standstill.rounds += 1;
        let Standstill {
            rounds,
            events,
            trace,
        } = *standstill;
        // Those that write what was there already race with each other, round after
        // round, and all orders of that are run.
        let writes = |thread: &&Thread| thread.last_round.writes && thread.spins_on.is_some();
        if rounds > MAX_RACING_ROUNDS && self.threads.iter().filter(writes).count() > 1 {
            self.fail(Failure::Endless);
            return true;
        }
        if rounds > MAX_ROUNDS {
            if self.failure.is_none() {
                self.events.truncate(events);
            }
            self.trace = trace;
            return false;
        }
        self.let_go(
            |thread| thread.spins_on.is_some(),
            |thread| thread.spins_on = None,
        )
    }

    /// The thread would read a store of an atomic although there is a newer one:
    /// whether it is in a loop in which it does nothing else.
    pub(in crate::sync::model) fn repeats(
        &self,
        me: ThreadId,
        object: ObjectId,
        store: usize,
    ) -> bool {
        let thread = &self.threads[me];
        let looked = (Looked::At(object), self.seen(object, store as u64));
        thread.is_loop && thread.last_round.looked_at.contains(&looked)
    }
}
