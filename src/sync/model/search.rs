//! Which interleavings are still to be run.
//!
//! An execution is a row of *turns*: what a thread does from one point to the
//! next. Two executions that differ only in the order of turns that have nothing
//! to do with each other are the same interleaving (a Mazurkiewicz trace), and one
//! of them is enough. So the search runs one execution, looks which of its turns
//! were in a race (they touch the same, and nothing orders them but chance), and
//! for each race wants an execution in which it goes the other way round: dynamic
//! partial-order reduction with source sets. A turn that would only lead to what
//! has been seen, in another order, sleeps and is not taken: sleep sets. Both are
//! from Abdulla, Aronis, Jonsson, Sagonas: *Optimal Dynamic Partial Order
//! Reduction*, POPL 2014.
//!
//! What is chosen within a turn (which store a load reads, who is notified) is
//! simply tried one after another.

use super::clock::Clock;
use super::runtime::{ThreadId, hash64};
use std::collections::HashMap;

/// Names a store in all executions in which it is the same.
pub(super) type StoreKey = u64;
/// A turn, by its place in the execution.
type TurnId = usize;

/// What a turn does to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Reads one of several stores, put by that turn (`None`: it was there from
    /// the beginning). It has nothing to do with any other store: wherever such a
    /// store comes in the execution, the load could still read this one.
    Look(StoreKey, Option<TurnId>),
    /// Reads whatever is there: has to do with all changes.
    Read,
    /// Has to do with every other access.
    Change,
    /// The same; takes a lock, for which it would have waited.
    Acquire,
    /// The same; takes a lock, for which it would not have waited.
    TryAcquire,
}

impl Access {
    fn changes(self) -> bool {
        matches!(self, Self::Change | Self::Acquire | Self::TryAcquire)
    }

    fn conflicts(self, other: Self) -> bool {
        let looks = |access| matches!(access, Self::Look(..));
        (self.changes() || other.changes()) && !looks(self) && !looks(other)
    }
}

/// A thread that can take a turn now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ready {
    pub(super) thread: ThreadId,
    /// If all it will do is to read one of these stores, the newest first.
    pub(super) may_read: Option<Vec<StoreKey>>,
}

/// A scene that does not do the same again when all is the same again.
#[derive(Debug)]
pub(super) struct Differs;

/// The search: where it has come to, from one execution to the next.
#[derive(Default)]
pub(crate) struct Search {
    all_orders: bool,
    /// Races do not tell all that is to be tried: everything is, but who sleeps.
    wants_all: bool,
    /// The turns of the execution: those it shares with the one before, and from
    /// there on those that it adds.
    path: Vec<Node>,
    /// How many of them have begun, and how many it must take as they were.
    begun: usize,
    repeated: usize,
    /// What the turn in progress has touched.
    touches: Vec<(u64, Access)>,
    /// How often it has chosen.
    choices: usize,
    /// Threads that can go on because of what it does.
    lets_go_on: Vec<ThreadId>,
    /// Which turns each thread's next one cannot come before.
    threads: [Clock; loom::MAX_THREADS],
    objects: HashMap<u64, Accesses>,
    /// Names all that each thread may know: its turns, and what came before them.
    knows: [u64; loom::MAX_THREADS],
    /// What a thread has touched next that knew just that. One that knows the same
    /// does the same, unless it knows something that the model does not.
    does_next: HashMap<u64, u64>,
}

/// How many things threads do to keep in mind.
const MAX_KNOWN: usize = 100_000;

/// A place in the execution, and what has been and what is to be done from there.
struct Node {
    ready: Vec<Ready>,
    /// Who sleeps here.
    asleep: Vec<Sleeper>,
    /// Turns that have been taken from here, and all that can follow seen.
    done: Vec<Sleeper>,
    /// Whose turns are to be taken from here: a bit for each thread.
    wanted: u8,
    /// The turn that is being taken.
    thread: ThreadId,
    /// What it touches, whatever it chooses.
    touches: Vec<(u64, Access)>,
    /// What it touched the last time.
    touched: Vec<(u64, Access)>,
    choices: Vec<Choice>,
    /// Which stores it has had to choose from, and which it has read now.
    looked_at: Vec<StoreKey>,
    read: Option<StoreKey>,
    /// After it: which turns come before it in whatever order, and their names.
    clock: Clock,
    knows: u64,
}

/// A thread whose turn would only lead to what has been seen.
#[derive(Debug, Clone)]
struct Sleeper {
    thread: ThreadId,
    touches: Vec<(u64, Access)>,
    /// If all that the turn does is to read a store: only from these.
    reads: Vec<StoreKey>,
}

struct Choice {
    taken: usize,
    of: usize,
}

/// Who has accessed an object so far.
#[derive(Default)]
struct Accesses {
    changed: Option<TurnId>,
    acquired: Option<TurnId>,
    /// Since then.
    read: Vec<TurnId>,
    looked_at: Vec<TurnId>,
}

fn bit(thread: ThreadId) -> u8 {
    1 << thread
}

fn reads(sleepers: &[Sleeper], thread: ThreadId) -> impl Iterator<Item = StoreKey> {
    let of_thread = move |sleeper: &&Sleeper| sleeper.thread == thread;
    let reads = sleepers.iter().filter(of_thread);
    reads.flat_map(|sleeper| sleeper.reads.iter().copied())
}

impl Node {
    fn new(ready: Vec<Ready>, asleep: Vec<Sleeper>, thread: ThreadId) -> Self {
        Self {
            ready,
            asleep,
            done: Vec::new(),
            wanted: 0,
            thread,
            touches: Vec::new(),
            touched: Vec::new(),
            choices: Vec::new(),
            looked_at: Vec::new(),
            read: None,
            clock: Clock::default(),
            knows: 0,
        }
    }

    fn is_ready(&self, thread: ThreadId) -> bool {
        self.ready.iter().any(|ready| ready.thread == thread)
    }

    /// Whether the thread's turn is not worth taking from here, if it is to read
    /// that store (if any).
    fn sleeps(&self, thread: ThreadId, read: Option<StoreKey>) -> bool {
        let sleeps = |sleeper: &Sleeper| sleeper.thread == thread;
        self.asleep.iter().any(sleeps)
            && match (read, self.may_read(thread)) {
                (Some(store), Some(_)) => reads(&self.asleep, thread).any(|read| read == store),
                (None, Some(stores)) => {
                    let mut stores = stores.iter();
                    stores.all(|&store| reads(&self.asleep, thread).any(|read| read == store))
                }
                (_, None) => true,
            }
    }

    fn may_read(&self, thread: ThreadId) -> Option<&[StoreKey]> {
        let ready = self.ready.iter().find(|ready| ready.thread == thread)?;
        ready.may_read.as_deref()
    }

    /// All that can follow upon the turn has been seen.
    fn falls_asleep(&mut self) -> Sleeper {
        let mut sleeper = Sleeper {
            thread: self.thread,
            touches: std::mem::take(&mut self.touches),
            reads: std::mem::take(&mut self.looked_at),
        };
        if self.may_read(self.thread).is_none() {
            // It was not known that it would only look: nor is it of the sleeper.
            sleeper.reads.clear();
            for (_, access) in &mut sleeper.touches {
                if matches!(access, Access::Look(..)) {
                    *access = Access::Read;
                }
            }
        }
        sleeper
    }

    /// Who sleeps after the turn.
    fn asleep_after(&self, touches: &[(u64, Access)]) -> Vec<Sleeper> {
        let sleeps = |sleeper: &&Sleeper| {
            let conflicts = |&(object, access): &(u64, Access)| {
                let mut touched = touches.iter();
                touched.any(|&(touched, by)| touched == object && access.conflicts(by))
            };
            sleeper.thread != self.thread && !sleeper.touches.iter().any(conflicts)
        };
        let all = self.asleep.iter().chain(&self.done);
        all.filter(sleeps).cloned().collect()
    }
}

impl Search {
    /// Begins an execution. `all_orders`: nothing is left out. `wants_all`: only
    /// what sleeps is.
    pub(super) fn begin(&mut self, all_orders: bool, wants_all: bool) {
        self.all_orders = all_orders;
        self.wants_all = wants_all || all_orders;
        self.begun = 0;
        self.repeated = self.path.len().saturating_sub(1);
        self.touches.clear();
        self.lets_go_on.clear();
        self.threads = Default::default();
        self.knows = Default::default();
        self.objects.clear();
    }

    /// Whose turn it is, of those who can go on; `None` if whatever could be done
    /// now has been done before. `current` is who has just been running.
    pub(super) fn next(
        &mut self,
        ready: Vec<Ready>,
        current: ThreadId,
    ) -> Result<Option<ThreadId>, Differs> {
        if let Some(node) = self.path.get(self.begun) {
            if node.ready != ready {
                return Err(Differs);
            }
        } else {
            let asleep = match self.path.last() {
                Some(last) if !self.all_orders => last.asleep_after(&self.touches),
                _ => Vec::new(),
            };
            let mut node = Node::new(ready, asleep, current);
            let awake = |thread: &ThreadId| !node.sleeps(*thread, None);
            let goes_on =
                Some(current).filter(|&current| node.is_ready(current) && awake(&current));
            let mut threads = node.ready.iter().map(|ready| ready.thread);
            let Some(thread) = goes_on.or_else(|| threads.find(awake)) else {
                return Ok(None);
            };
            node.thread = thread;
            node.wanted = match self.wants_all {
                true => node.ready.iter().map(|ready| bit(ready.thread)).sum(),
                false => bit(thread),
            };
            self.path.push(node);
        }
        self.touches.clear();
        self.choices = 0;
        let thread = self.path[self.begun].thread;
        self.begun += 1;
        self.threads[thread].tick(thread);
        Ok(Some(thread))
    }

    /// Whether nobody is concerned by what the turn in progress has done so far.
    pub(super) fn is_fresh(&self) -> bool {
        self.touches.is_empty() && self.lets_go_on.is_empty()
    }

    /// The turn in progress.
    pub(super) fn turn(&self) -> TurnId {
        self.begun - 1
    }

    /// How many turns have begun.
    pub(super) fn turns(&self) -> usize {
        self.begun
    }

    /// The turn touches that.
    pub(super) fn touch(&mut self, object: u64, access: Access) -> Result<(), Differs> {
        let touch = (object, access);
        let node = &mut self.path[self.begun - 1];
        if !node.touches.contains(&touch) {
            node.touches.push(touch);
        }
        let is_first = self.touches.is_empty();
        self.touches.push(touch);
        if is_first && self.does_next.len() < MAX_KNOWN {
            let chosen: Vec<usize> = node.choices.iter().map(|choice| choice.taken).collect();
            let knows = hash64((node.thread, self.knows[node.thread], chosen));
            if *self.does_next.entry(knows).or_insert(object) != object {
                return Err(Differs);
            }
        }
        Ok(())
    }

    /// One of so many things; all are tried, this one first.
    pub(super) fn choose(&mut self, of: usize) -> Result<usize, Differs> {
        if of == 1 {
            return Ok(0);
        }
        let choices = &mut self.path[self.begun - 1].choices;
        let place = self.choices;
        self.choices += 1;
        match choices.get(place) {
            Some(choice) if choice.of != of => Err(Differs),
            Some(choice) => Ok(choice.taken),
            None => {
                choices.push(Choice { taken: 0, of });
                Ok(0)
            }
        }
    }

    /// Which of these stores to read: those that would only lead to what has been
    /// seen are passed over.
    pub(super) fn choose_store(&mut self, stores: &[StoreKey]) -> Result<usize, Differs> {
        let node = &mut self.path[self.begun - 1];
        let mut seen: Vec<StoreKey> = reads(&node.asleep, node.thread).collect();
        let new: Vec<usize> = (0..stores.len())
            .filter(|&store| !seen.contains(&stores[store]))
            .collect();
        seen.extend(stores);
        node.looked_at = seen;
        // None is new only if the turn has been seen to be more than a look.
        let new = if new.is_empty() {
            (0..stores.len()).collect()
        } else {
            new
        };
        let store = new[self.choose(new.len())?];
        self.path[self.begun - 1].read = Some(stores[store]);
        Ok(store)
    }

    /// What the thread will do cannot come before the turn in progress.
    pub(super) fn lets_go_on(&mut self, thread: ThreadId) {
        self.lets_go_on.push(thread);
    }

    /// What the thread does from now on cannot come before the other has ended.
    pub(super) fn joins(&mut self, thread: ThreadId, other: ThreadId) {
        let theirs = self.threads[other];
        self.threads[thread].join(&theirs);
        self.knows[thread] = hash64((self.knows[thread], self.knows[other]));
    }

    /// What these threads will do cannot come before anything that has been done.
    pub(super) fn after_all(&mut self, threads: impl Iterator<Item = ThreadId>) {
        let mut all = Clock::default();
        self.threads.iter().for_each(|clock| all.join(clock));
        for thread in threads {
            self.threads[thread].join(&all);
        }
    }

    /// The thread could have gone on by itself before the turn in progress, which
    /// now does for it what makes that impossible.
    pub(super) fn comes_too_late(&mut self, thread: ThreadId) {
        let node = &mut self.path[self.begun - 1];
        if node.is_ready(thread) && !node.sleeps(thread, None) {
            node.wanted |= bit(thread);
        }
    }

    /// The turn in progress is over: its races.
    pub(super) fn end_turn(&mut self) -> Result<(), Differs> {
        let Some(turn) = self.begun.checked_sub(1) else {
            return Ok(());
        };
        let thread = self.path[turn].thread;
        let before = self.threads[thread];
        let touches = std::mem::take(&mut self.touches);
        if turn < self.repeated && self.path[turn].touched != touches {
            return Err(Differs);
        }
        let mut rivals = Vec::new();
        for (place, &(object, access)) in touches.iter().enumerate() {
            // What it has locked it may unlock as well: that races with nothing.
            if !touches[..place].iter().any(|&(other, _)| other == object) {
                self.rivals(object, access, &mut rivals);
            }
            self.comes_after_others(thread, object, access);
        }
        let clock = self.threads[thread];
        let told = self.turn_is_told(turn, &touches);
        let knows = hash64((thread, self.knows[thread], told));
        self.knows[thread] = knows;
        self.path[turn].clock = clock;
        self.path[turn].knows = knows;
        for &(object, access) in &touches {
            let accesses = self.objects.entry(object).or_default();
            match access {
                Access::Look(..) => accesses.looked_at.push(turn),
                Access::Read => accesses.read.push(turn),
                Access::Change | Access::Acquire | Access::TryAcquire => {
                    accesses.changed = Some(turn);
                    accesses.read.clear();
                    if access != Access::Change {
                        accesses.acquired = Some(turn);
                    }
                }
            }
        }
        for woken in std::mem::take(&mut self.lets_go_on) {
            self.threads[woken].join(&clock);
            self.knows[woken] = hash64((self.knows[woken], knows));
        }
        self.race(thread, (before, clock), rivals, turn);
        self.path[turn].touched.clone_from(&touches);
        self.touches = touches;
        Ok(())
    }

    /// The thread is left waiting for a lock that it might have had first.
    pub(super) fn waits_for_ever(&mut self, thread: ThreadId, object: u64) {
        let accesses = self.objects.get(&object);
        let rivals = accesses.and_then(|accesses| accesses.acquired);
        let rivals = rivals.into_iter().collect();
        let clock = self.threads[thread];
        self.race(thread, (clock, clock), rivals, self.begun);
    }

    /// The turns that an access races with, if nothing else orders them.
    fn rivals(&self, object: u64, access: Access, rivals: &mut Vec<TurnId>) {
        let Some(accesses) = self.objects.get(&object) else {
            return;
        };
        match access {
            Access::Look(..) => {}
            Access::Read => rivals.extend(accesses.changed),
            Access::Change | Access::TryAcquire => {
                rivals.extend(accesses.changed);
                rivals.extend(&accesses.read);
                rivals.extend(&accesses.looked_at);
            }
            // Between the other's lock and this one is its unlock, which cannot
            // come later: it is the lock that could.
            Access::Acquire => {
                rivals.extend(accesses.acquired);
                rivals.extend(&accesses.read);
            }
        }
    }

    /// What the turn's thread may get to know by it.
    fn turn_is_told(&self, turn: TurnId, touches: &[(u64, Access)]) -> u64 {
        let told = touches.iter().map(|&(object, access)| {
            let knows = |turn: TurnId| self.path[turn].knows;
            let accesses = self.objects.get(&object);
            let changed = accesses.and_then(|accesses| accesses.changed);
            let last = match access {
                Access::Look(store, by) => (Some(store), by.map(knows)),
                _ => (None, changed.map(knows)),
            };
            (object, last)
        });
        let chosen = self.path[turn].choices.iter().map(|choice| choice.taken);
        hash64((told.collect::<Vec<_>>(), chosen.collect::<Vec<_>>()))
    }

    /// The turn in progress comes after those that it has to do with.
    fn comes_after_others(&mut self, thread: ThreadId, object: u64, access: Access) {
        let Some(accesses) = self.objects.get(&object) else {
            return;
        };
        let mut join = |turn: TurnId| self.threads[thread].join(&self.path[turn].clock);
        match access {
            Access::Look(_, by) => by.into_iter().for_each(&mut join),
            Access::Read => accesses.changed.into_iter().for_each(&mut join),
            Access::Change | Access::Acquire | Access::TryAcquire => {
                accesses.changed.into_iter().for_each(&mut join);
                accesses.read.iter().copied().for_each(&mut join);
            }
        }
    }

    /// Whether the one turn comes before the other in whatever order.
    fn comes_before(&self, turn: TurnId, clock: &Clock) -> bool {
        let Node {
            thread,
            clock: other,
            ..
        } = &self.path[turn];
        clock.knows(*thread, other.now(*thread))
    }

    /// A turn of that thread, before and after which its clock is as given, comes
    /// after all turns before `end` and races with its rivals: each race is to go
    /// the other way round too.
    fn race(
        &mut self,
        thread: ThreadId,
        (before, after): (Clock, Clock),
        mut rivals: Vec<TurnId>,
        end: TurnId,
    ) {
        rivals.retain(|&rival| {
            self.path[rival].thread != thread && !self.comes_before(rival, &before)
        });
        rivals.sort_unstable();
        rivals.dedup();
        for (place, &rival) in rivals.iter().enumerate() {
            let between = |&later: &TurnId| self.comes_before(rival, &self.path[later].clock);
            if !rivals[place + 1..].iter().any(between) {
                self.reverse(rival, thread, &after, end);
            }
        }
    }

    /// From where the rival's turn was taken, all that does not depend on it can
    /// be done without it, and then the thread's turn. One of those who can begin
    /// with that is wanted there.
    fn reverse(&mut self, rival: TurnId, thread: ThreadId, clock: &Clock, end: TurnId) {
        let node = &self.path[rival];
        let mut without: Vec<TurnId> = Vec::new();
        let mut first = 0;
        let mut is_covered = false;
        let mut begins = |who: ThreadId, read: Option<StoreKey>| {
            if node.is_ready(who) {
                first |= bit(who);
                is_covered |= node.wanted & bit(who) != 0 || node.sleeps(who, read);
            }
        };
        for turn in rival + 1..end {
            let other = &self.path[turn];
            let comes_after = |&turn: &TurnId| self.comes_before(turn, &other.clock);
            if comes_after(&rival) {
                continue;
            }
            if !without.iter().any(comes_after) {
                begins(other.thread, other.read);
            }
            without.push(turn);
        }
        if !without.iter().any(|&turn| self.comes_before(turn, clock)) {
            begins(thread, None);
        }
        // Nobody is ready if it was the rival that let the thread go on.
        if first != 0 && !is_covered {
            let whose = if first & bit(thread) != 0 {
                bit(thread)
            } else {
                first & first.wrapping_neg()
            };
            self.path[rival].wanted |= whose;
        }
    }

    /// On to the next execution, if there is one.
    pub(crate) fn advance(&mut self) -> bool {
        self.path.truncate(self.begun);
        while let Some(node) = self.path.last_mut() {
            while let Some(choice) = node.choices.last_mut() {
                choice.taken += 1;
                if choice.taken < choice.of {
                    return true;
                }
                node.choices.pop();
            }
            let sleeper = node.falls_asleep();
            node.done.push(sleeper);
            let is_new = |thread: &ThreadId| {
                node.wanted & bit(*thread) != 0
                    && !node.done.iter().any(|done| done.thread == *thread)
                    && !node.sleeps(*thread, None)
            };
            let mut threads = node.ready.iter().map(|ready| ready.thread);
            if let Some(thread) = threads.find(is_new) {
                node.thread = thread;
                node.read = None;
                return true;
            }
            self.path.pop();
        }
        false
    }
}
