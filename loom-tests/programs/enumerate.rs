//! Every sequentially consistent interleaving of a program, by brute force:
//! neither the engine nor `racecourse::sync` has a part in it.
//!
//! A trace is written down as the steps of each thread, each with the objects it
//! accesses and how many writes of them came before, and what it chooses: so two interleavings that
//! differ in the order of independent steps alone are the same, and a trace that
//! has been seen need not be gone through again.

use super::program::{self, ATOMICS, CONDVAR, MUTEXES, Op, Pause, Program, THREADS};
use racecourse::explorer::report::Budget;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

type Thread = usize;
/// First those of a program, then where each thread parks, and what has been taken from
/// the budgets.
type Object = usize;
const SPURIOUS_WAKE_UPS: Object = CONDVAR + 1 + THREADS;
const EARLY_TIMEOUTS: Object = SPURIOUS_WAKE_UPS + 1;
const WEAK_FAILURES: Object = EARLY_TIMEOUTS + 1;
/// What writers do with the read-write lock, and what the readers of each thread do.
const LOCK: Object = WEAK_FAILURES + 1;
const READERS: Object = LOCK + 1;
const BARRIER: Object = READERS + THREADS;
/// The thread that runs the closure, and whether a closure has returned.
const ONCE: Object = BARRIER + 1;
const ONCE_END: Object = ONCE + 1;
const OBJECTS: usize = ONCE_END + 1;

fn mutex(m: usize) -> Object {
    ATOMICS + m
}

fn parker(thread: Thread) -> Object {
    CONDVAR + 1 + thread
}

/// What a step accesses, and how many writes of that came before.
type Access = (Object, u32);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Step {
    accesses: Vec<Access>,
    choice: usize,
}

/// Operations one after another.
enum Code {
    Do(Op),
    Lock(usize),
    /// If somebody holds it, goes on there.
    TryLock(usize, usize),
    Unlock(usize),
    Read,
    Write,
    /// If it would have to wait, goes on there.
    TryRead(usize),
    TryWrite(usize),
    EndRead,
    EndWrite,
    /// If the call has been made, goes on there.
    Call(usize),
    EndCall,
    Wait {
        with: usize,
        timed: bool,
        /// Whether it keeps how the wait ended.
        tells: bool,
    },
    /// One time of several: whether the value is there.
    Look {
        x: usize,
        to: u64,
        then: Attempt,
    },
    /// One time of several.
    Try {
        m: usize,
        then: Attempt,
    },
}

/// Where a thread goes on after one of several attempts.
#[derive(Clone, Copy)]
struct Attempt {
    succeeds: usize,
    /// With the next attempt, if it was not the last.
    fails: usize,
    is_last: bool,
    /// Whether the thread yields before the next attempt.
    yields: bool,
}

fn flatten(ops: &[Op], held: Option<usize>, code: &mut Vec<Code>) {
    for op in ops {
        match op {
            Op::Lock(m, body) => {
                code.push(Code::Lock(*m));
                flatten(body, Some(*m), code);
                code.push(Code::Unlock(*m));
            }
            Op::TryLock(m, body) => {
                let place = code.len();
                code.push(Code::TryLock(*m, 0));
                flatten(body, Some(*m), code);
                code.push(Code::Unlock(*m));
                code[place] = Code::TryLock(*m, code.len());
            }
            Op::Poll {
                x,
                to,
                times,
                pause,
                then,
            } => {
                let look = |then| Code::Look {
                    x: *x,
                    to: *to,
                    then,
                };
                attempts(*times, *pause, held, code, &look, &|code| {
                    flatten(then, held, code);
                });
            }
            Op::TryLockTimes(m, times, pause, body) => {
                let tries = |then| Code::Try { m: *m, then };
                attempts(*times, *pause, held, code, &tries, &|code| {
                    flatten(body, Some(*m), code);
                    code.push(Code::Unlock(*m));
                });
            }
            Op::Read(body) | Op::Write(body) => {
                let writes = matches!(op, Op::Write(_));
                code.push(if writes { Code::Write } else { Code::Read });
                flatten(body, held, code);
                code.push(if writes {
                    Code::EndWrite
                } else {
                    Code::EndRead
                });
            }
            Op::TryRead(body) => {
                let place = code.len();
                code.push(Code::TryRead(0));
                flatten(body, held, code);
                code.push(Code::EndRead);
                code[place] = Code::TryRead(code.len());
            }
            Op::TryWrite(body) => {
                let place = code.len();
                code.push(Code::TryWrite(0));
                flatten(body, held, code);
                code.push(Code::EndWrite);
                code[place] = Code::TryWrite(code.len());
            }
            Op::CallOnce(body) => {
                let place = code.len();
                code.push(Code::Call(0));
                flatten(body, held, code);
                code.push(Code::EndCall);
                code[place] = Code::Call(code.len());
            }
            Op::Wait { timed } => code.extend(held.map(|with| Code::Wait {
                with,
                timed: *timed,
                tells: *timed,
            })),
            op => code.push(Code::Do(op.clone())),
        }
    }
}

/// So many attempts with pauses in between, and what follows if one succeeds.
fn attempts(
    times: usize,
    kind: Pause,
    held: Option<usize>,
    code: &mut Vec<Code>,
    attempt: &dyn Fn(Attempt) -> Code,
    then: &dyn Fn(&mut Vec<Code>),
) {
    let pause = || match kind {
        Pause::Nothing | Pause::Yield | Pause::Spin => None,
        Pause::ParkTimeout => Some(Code::Do(Op::Park { timed: true })),
        Pause::WaitTimeout => held.map(|with| Code::Wait {
            with,
            timed: true,
            tells: false,
        }),
    };
    let yields = matches!(kind, Pause::Yield | Pause::Spin);
    let steps = 1 + usize::from(pause().is_some());
    let first = code.len();
    let succeeds = first + (times - 1) * steps + 1;
    let mut body: Vec<Code> = (0..succeeds).map(|_| Code::Unlock(0)).collect();
    then(&mut body);
    let end = body.len();
    for time in 1..=times {
        let is_last = time == times;
        let fails = if is_last { end } else { code.len() + 1 };
        code.push(attempt(Attempt {
            succeeds,
            fails,
            is_last,
            yields: yields && !is_last,
        }));
        if !is_last {
            code.extend(pause());
        }
    }
    code.extend(body.into_iter().skip(succeeds));
}

#[derive(Clone)]
struct State {
    threads: Vec<Doing>,
    atomics: [u64; ATOMICS],
    owners: [Option<Thread>; MUTEXES],
    /// How often each thread reads under the lock, and whether one writes.
    readers: [usize; THREADS],
    is_written: bool,
    /// The threads that wait at the barrier.
    gathered: Option<Thread>,
    once: Once,
    /// The threads that wait on the condition variable, longest first.
    waiters: Vec<Thread>,
    freed: [bool; program::OBJECTS],
    /// Whether an object was used after that.
    uses_freed: bool,
    /// The threads that have been unparked and have not parked since.
    tokens: [bool; THREADS],
    budget: Budget,
    writes: [u32; OBJECTS],
    /// The same without read-modify-writes that left the value as it was: what there
    /// is for who spins to see.
    changes: [u32; OBJECTS],
    trace: Vec<Vec<Step>>,
}

#[derive(Clone)]
struct Doing {
    at: usize,
    phase: Phase,
    seen: Vec<u64>,
    /// What it saw when it last looked, if it spins.
    looked: Option<Access>,
    /// Whether it has yielded since its last step.
    has_yielded: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Once {
    New,
    Called,
    Done,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    NotStarted,
    Running,
    /// Waits on the condition variable.
    Asleep(End),
    /// Waits for its token.
    Parked(End),
    /// Waits at the barrier.
    Gathering,
    /// Must lock again; whether it timed out.
    Awake(bool),
    /// Goes on once something it has looked at is written.
    Spinning,
}

/// How a wait ends if nobody ends it.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Never,
    /// Its time has come.
    Late,
    /// As was decided when it began: somewhen before that.
    Spurious,
    Early,
}

impl End {
    fn is_decided(self) -> bool {
        matches!(self, End::Spurious | End::Early)
    }
}

/// What there is of each outcome.
pub struct Outcomes(BTreeMap<String, Reached>);

pub struct Reached {
    /// How many different interleavings come to it.
    pub different: u64,
    /// The fewest preemptions of all their orders.
    pub preemptions: usize,
}

impl Outcomes {
    pub fn get(&self, outcome: &str) -> Option<&Reached> {
        self.0.get(outcome)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &Reached)> {
        self.0.iter()
    }

    /// Those that need no more preemptions than that.
    pub fn within(&self, preemptions: usize) -> BTreeSet<&str> {
        let all = self.iter();
        let within = all.filter(|(_, reached)| reached.preemptions <= preemptions);
        within.map(|(outcome, _)| outcome.as_str()).collect()
    }
}

/// What a program has come to after some steps, whatever their order was.
#[derive(Default)]
struct Node {
    /// The threads that could go on, as things are.
    can_go_on: Vec<bool>,
    /// Which thread can take a step, and where that leads.
    next: Vec<(Thread, usize)>,
    outcome: Option<String>,
}

/// What the program can come to; `None` if there are more states than so many.
pub fn enumerate(program: &Program, limit: usize) -> Option<Outcomes> {
    let codes: Vec<Vec<Code>> = program
        .threads
        .iter()
        .map(|ops| {
            let mut code = Vec::new();
            flatten(ops, None, &mut code);
            code
        })
        .collect();
    let mut first = State::new(codes.len(), program.budget);
    for code in &codes[0] {
        if let Code::Do(Op::Start(thread)) = code {
            first.threads[*thread].phase = Phase::NotStarted;
        }
    }
    for thread in (1..codes.len()).chain([0]) {
        first.ends_step(&codes, thread);
    }
    let mut nodes = vec![Node::default()];
    let mut known = HashMap::new();
    let mut open = vec![(0, first)];
    while let Some((id, mut state)) = open.pop() {
        let threads = 0..codes.len();
        nodes[id].can_go_on = threads
            .map(|thread| state.can_go_on(&codes, thread))
            .collect();
        let mut next = state.successors(&codes);
        if next.is_empty() && !state.uses_freed && state.time_passes(&codes) {
            next = state.successors(&codes);
        }
        if next.is_empty() {
            nodes[id].outcome = Some(state.outcome(&codes));
        }
        for (thread, state) in next {
            let to = match known.entry(state.trace.clone()) {
                Entry::Occupied(to) => *to.get(),
                Entry::Vacant(new) => {
                    nodes.push(Node::default());
                    open.push((nodes.len() - 1, state));
                    *new.insert(nodes.len() - 1)
                }
            };
            nodes[id].next.push((thread, to));
        }
        if known.len() > limit {
            return None;
        }
    }
    // If the program starts its threads itself, its first thread runs in the beginning.
    let starts = program.any(|op| matches!(op, Op::Start(_) | Op::Join(_)));
    Some(outcomes(&nodes, starts.then_some(0)))
}

/// Goes through all orders, those with the fewest preemptions first. `running`: the thread
/// that runs in the beginning, if one does.
fn outcomes(nodes: &[Node], running: Option<Thread>) -> Outcomes {
    let mut outcomes: BTreeMap<String, Reached> = BTreeMap::new();
    let mut fewest = HashMap::from([((0, running), 0)]);
    let mut open = VecDeque::from([(0, 0, running)]);
    while let Some((preemptions, id, running)) = open.pop_front() {
        if fewest[&(id, running)] < preemptions {
            continue;
        }
        let node = &nodes[id];
        if let Some(outcome) = &node.outcome {
            outcomes.entry(outcome.clone()).or_insert(Reached {
                different: 0,
                preemptions,
            });
        }
        for &(thread, to) in &node.next {
            let others = running.filter(|&running| running != thread);
            let is_preempted = others.is_some_and(|running| node.can_go_on[running]);
            let preemptions = preemptions + usize::from(is_preempted);
            let known = fewest.get(&(to, Some(thread)));
            if known.is_none_or(|&known| preemptions < known) {
                fewest.insert((to, Some(thread)), preemptions);
                match is_preempted {
                    true => open.push_back((preemptions, to, Some(thread))),
                    false => open.push_front((preemptions, to, Some(thread))),
                }
            }
        }
    }
    for outcome in nodes.iter().filter_map(|node| node.outcome.as_ref()) {
        let reached = outcomes.get_mut(outcome);
        reached.expect("every node is reached").different += 1;
    }
    Outcomes(outcomes)
}

impl State {
    fn new(threads: usize, budget: Budget) -> Self {
        let doing = Doing {
            at: 0,
            phase: Phase::Running,
            seen: Vec::new(),
            looked: None,
            has_yielded: false,
        };
        Self {
            threads: vec![doing; threads],
            atomics: [0; ATOMICS],
            owners: [None; MUTEXES],
            readers: [0; THREADS],
            is_written: false,
            gathered: None,
            once: Once::New,
            waiters: Vec::new(),
            freed: [false; program::OBJECTS],
            uses_freed: false,
            tokens: [false; THREADS],
            budget,
            writes: [0; OBJECTS],
            changes: [0; OBJECTS],
            trace: vec![Vec::new(); threads],
        }
    }

    fn has_ended(&self, codes: &[Vec<Code>], thread: Thread) -> bool {
        let doing = &self.threads[thread];
        doing.phase == Phase::Running && doing.at == codes[thread].len()
    }

    /// What belongs to the thread's last step, or to its start.
    fn ends_step(&mut self, codes: &[Vec<Code>], me: Thread) {
        while self.threads[me].phase == Phase::Running
            && let Some(&Code::Do(Op::Start(thread))) = codes[me].get(self.threads[me].at)
        {
            self.threads[thread].phase = Phase::Running;
            self.ends_step(codes, thread);
            self.threads[me].at += 1;
        }
    }

    fn frees(&mut self, me: Thread, object: Object) {
        self.writes(me, object);
        self.freed[object] = true;
        if object < ATOMICS {
            self.atomics[object] = 0;
        }
        let mut owners = self.owners.iter().enumerate();
        let is_held = owners.any(|(m, owner)| mutex(m) == object && owner.is_some_and(|o| o != me));
        // One that was notified uses it later: see `freed_object_of`.
        let waits = |doing: &Doing| matches!(doing.phase, Phase::Asleep(_));
        self.uses_freed |= is_held || (object == CONDVAR && self.threads.iter().any(waits));
    }

    /// Nobody can go on: then time passes for all who wait with a timeout.
    fn time_passes(&mut self, codes: &[Vec<Code>]) -> bool {
        let mut passes = false;
        for (doing, code) in self.threads.iter_mut().zip(codes) {
            doing.phase = match (doing.phase, code.get(doing.at)) {
                (Phase::Asleep(_), Some(Code::Wait { timed: true, .. })) => {
                    Phase::Asleep(End::Late)
                }
                (Phase::Running | Phase::Parked(_), Some(Code::Do(Op::Park { timed: true }))) => {
                    Phase::Parked(End::Late)
                }
                _ => continue,
            };
            passes = true;
        }
        passes
    }

    fn outcome(&self, codes: &[Vec<Code>]) -> String {
        if self.uses_freed {
            program::USE_AFTER_FREE.to_owned()
        } else if (0..codes.len()).all(|thread| self.has_ended(codes, thread)) {
            let seen: Vec<_> = self.threads.iter().map(|t| t.seen.clone()).collect();
            program::outcome(&seen, self.atomics)
        } else if self.threads.iter().any(|t| t.phase == Phase::Spinning) {
            "livelock".to_owned()
        } else {
            "deadlock".to_owned()
        }
    }

    /// Whether the thread has neither ended nor yielded, and need not wait before its next
    /// step. One that waits and could be woken at once has left the processor all the same.
    fn can_go_on(&self, codes: &[Vec<Code>], me: Thread) -> bool {
        let doing = &self.threads[me];
        let Some(code) = codes[me].get(doing.at) else {
            return false;
        };
        let is_free = |m: usize| self.owners[m].is_none();
        match (doing.phase, code) {
            _ if doing.has_yielded => false,
            (Phase::NotStarted | Phase::Asleep(_) | Phase::Spinning | Phase::Gathering, _) => false,
            (_, Code::Read | Code::Write | Code::Call(_) | Code::Do(Op::WaitOnce)) => {
                self.need_not_wait(code)
            }
            (Phase::Parked(_), _) => self.tokens[me],
            (Phase::Awake(_), &Code::Wait { with, .. }) => is_free(with),
            (_, &Code::Lock(m)) => is_free(m),
            (_, &Code::Do(Op::Join(other))) => self.has_ended(codes, other),
            (_, &Code::Do(Op::Park { timed })) => {
                self.tokens[me] || !self.budgets(timed).is_empty()
            }
            _ => true,
        }
    }

    /// Whether the thread that does that goes on at once.
    fn need_not_wait(&self, code: &Code) -> bool {
        match code {
            Code::Read | Code::TryRead(_) => !self.is_written,
            Code::Write | Code::TryWrite(_) => !self.is_written && self.readers == [0; THREADS],
            Code::Call(_) => self.once != Once::Called,
            Code::Do(Op::WaitOnce) => self.once == Once::Done,
            _ => true,
        }
    }

    /// A step that readers take in any order.
    fn shares(&mut self, me: Thread) {
        self.access(me, Some(LOCK), &[READERS + me]);
    }

    /// A step that sees who reads.
    fn looks_for_readers(&mut self, me: Thread) {
        self.reads(me, LOCK);
        for readers in READERS..READERS + THREADS {
            let access = (readers, self.writes[readers]);
            self.last_step(me).accesses.push(access);
        }
    }

    fn successors(&self, codes: &[Vec<Code>]) -> Vec<(Thread, State)> {
        let mut next = Vec::new();
        if self.uses_freed {
            return next;
        }
        for (thread, code) in codes.iter().enumerate() {
            let Some(code) = code.get(self.threads[thread].at) else {
                continue;
            };
            if matches!(code, Code::Do(Op::Join(other)) if !self.has_ended(codes, *other)) {
                continue;
            }
            for choice in 0..self.choices(thread, code) {
                let mut state = self.clone();
                if state.step(thread, code, choice) {
                    state.ends_step(codes, thread);
                    next.push((thread, state));
                }
            }
        }
        next
    }

    fn access(&mut self, thread: Thread, reads: Option<Object>, writes: &[Object]) {
        let accessed = reads.iter().chain(writes);
        let accesses = accessed.map(|&object| (object, self.writes[object]));
        self.trace[thread].push(Step {
            accesses: accesses.collect(),
            choice: 0,
        });
        for &object in writes {
            self.writes[object] += 1;
            self.changes[object] += 1;
        }
    }

    /// Writes what was there already: no new write.
    fn rewrites(&mut self, thread: Thread, object: Object) {
        let changes = self.changes;
        self.writes(thread, object);
        self.changes = changes;
    }

    fn reads(&mut self, thread: Thread, object: Object) {
        self.access(thread, Some(object), &[]);
    }

    fn writes(&mut self, thread: Thread, object: Object) {
        self.access(thread, None, &[object]);
    }

    fn last_step(&mut self, thread: Thread) -> &mut Step {
        let steps = &mut self.trace[thread];
        steps.last_mut().expect("it has taken one")
    }

    /// Whether none of them was to wake by itself: that they would not is
    /// another choice, and the same otherwise.
    fn wake(&mut self, woken: Vec<Thread>) -> bool {
        let mut all = true;
        for thread in woken {
            let before = std::mem::replace(&mut self.threads[thread].phase, Phase::Awake(false));
            all &= !matches!(before, Phase::Asleep(end) if end.is_decided());
        }
        all
    }

    /// What a wait that begins may take from, at most how much.
    fn budgets(&self, timed: bool) -> Vec<(Object, usize, End)> {
        let Budget {
            spurious_wake_ups,
            early_timeouts,
            ..
        } = self.budget;
        let mut budgets = vec![(SPURIOUS_WAKE_UPS, spurious_wake_ups, End::Spurious)];
        if timed {
            budgets.push((EARLY_TIMEOUTS, early_timeouts, End::Early));
        }
        budgets.retain(|&(_, most, _)| most > 0);
        budgets
    }

    /// How a wait that begins may end by itself.
    fn ends(&self, timed: bool) -> Vec<End> {
        let mut budgets = self.budgets(timed);
        budgets.retain(|&(object, most, _)| (self.writes[object] as usize) < most);
        let ends = budgets.into_iter().map(|(_, _, end)| end);
        [End::Never].into_iter().chain(ends).collect()
    }

    /// Takes from a budget, or leaves them, as part of the last step.
    fn begin_to_wait(&mut self, me: Thread, timed: bool, choice: usize) -> End {
        let chosen = self.ends(timed)[choice];
        self.last_step(me).choice = choice;
        for (object, _, end) in self.budgets(timed) {
            let access = (object, self.writes[object]);
            self.last_step(me).accesses.push(access);
            self.writes[object] += u32::from(end == chosen);
        }
        chosen
    }

    fn may_fail_weakly(&self) -> bool {
        (self.writes[WEAK_FAILURES] as usize) < self.budget.weak_failures
    }

    /// In how many ways the thread's next step can be taken, if it can.
    fn choices(&self, me: Thread, code: &Code) -> usize {
        match (self.threads[me].phase, code) {
            (Phase::Running, &Code::Wait { timed, .. }) => self.ends(timed).len(),
            (Phase::Running, &Code::Do(Op::Park { timed })) if !self.tokens[me] => {
                self.ends(timed).len()
            }
            (Phase::Running, Code::Do(Op::NotifyOne)) if self.budget.any_waiter => {
                self.waiters.len().max(1)
            }
            (Phase::Running, &Code::Do(Op::CompareExchangeWeak(x, from, ..)))
                if self.atomics[x] == from =>
            {
                1 + usize::from(self.may_fail_weakly())
            }
            _ => 1,
        }
    }

    /// What the thread's next step uses although it has been freed.
    fn freed_object_of(&self, me: Thread, code: &Code) -> Option<Object> {
        let used = match (self.threads[me].phase, code) {
            (Phase::NotStarted | Phase::Asleep(_) | Phase::Parked(_) | Phase::Gathering, _) => {
                return None;
            }
            // `wait` borrows the condition variable until it returns, and a waiter that was
            // notified returns by locking the mutex: that is the step that uses both. A
            // waiter that never gets the mutex never returns: its deadlock is the outcome.
            (Phase::Awake(_), &Code::Wait { with, .. }) => match self.owners[with] {
                Some(_) => [mutex(with); 2],
                None => [mutex(with), CONDVAR],
            },
            (_, Code::Do(op)) => match *op {
                Op::Load(x, ..)
                | Op::Store(x, ..)
                | Op::FetchAdd(x, ..)
                | Op::CompareExchange(x, ..)
                | Op::CompareExchangeWeak(x, ..)
                | Op::SpinUntil(x, ..) => [x; 2],
                Op::NotifyOne | Op::NotifyAll => [CONDVAR; 2],
                _ => return None,
            },
            (_, &Code::Look { x, .. }) => [x; 2],
            (_, &(Code::Lock(m) | Code::TryLock(m, _) | Code::Unlock(m) | Code::Try { m, .. })) => {
                [mutex(m); 2]
            }
            (_, &Code::Wait { with, .. }) => [CONDVAR, mutex(with)],
            _ => return None,
        };
        used.into_iter().find(|&object| self.freed[object])
    }

    /// The thread's next step; whether it can take it so, and it is not the same
    /// as another.
    fn step(&mut self, me: Thread, code: &Code, choice: usize) -> bool {
        if let Some(object) = self.freed_object_of(me, code) {
            self.writes(me, object);
            self.uses_freed = true;
            return true;
        }
        self.threads[me].has_yielded = false;
        match self.threads[me].phase {
            Phase::Running => {}
            Phase::Spinning => {
                let looked = self.threads[me].looked;
                if looked.is_some_and(|(object, changes)| self.changes[object] == changes) {
                    return false;
                }
                self.threads[me].phase = Phase::Running;
            }
            Phase::NotStarted | Phase::Asleep(End::Never) | Phase::Gathering => return false,
            Phase::Asleep(end) => {
                self.writes(me, CONDVAR);
                self.waiters.retain(|&thread| thread != me);
                self.threads[me].phase = Phase::Awake(end != End::Spurious);
                return true;
            }
            Phase::Parked(end) => return self.leaves_park(me, end),
            Phase::Awake(timed_out) => {
                let Code::Wait { with: m, tells, .. } = *code else {
                    unreachable!("only who waits is woken");
                };
                if self.owners[m].is_some() {
                    return false;
                }
                self.writes(me, mutex(m));
                self.owners[m] = Some(me);
                let doing = &mut self.threads[me];
                doing.seen.extend(tells.then_some(u64::from(timed_out)));
                doing.phase = Phase::Running;
                doing.at += 1;
                return true;
            }
        }
        let mut next = self.threads[me].at + 1;
        let need_not_wait = self.need_not_wait(code);
        match *code {
            Code::Read | Code::Write | Code::Call(_) | Code::Do(Op::WaitOnce) if !need_not_wait => {
                return false;
            }
            Code::Do(Op::WaitOnce) => self.reads(me, ONCE_END),
            Code::Do(Op::IsCompleted) => {
                self.reads(me, ONCE_END);
                let is_done = self.once == Once::Done;
                self.threads[me].seen.push(is_done.into());
            }
            Code::Do(Op::Meet) => {
                self.writes(me, BARRIER);
                let other = self.gathered.take();
                self.threads[me].seen.push(other.is_some().into());
                match other {
                    Some(other) => self.threads[other].phase = Phase::Running,
                    None => {
                        self.gathered = Some(me);
                        self.threads[me].phase = Phase::Gathering;
                    }
                }
            }
            Code::Read => {
                self.shares(me);
                self.readers[me] += 1;
            }
            Code::TryRead(otherwise) => {
                self.threads[me].seen.push(need_not_wait.into());
                if need_not_wait {
                    self.shares(me);
                    self.readers[me] += 1;
                } else {
                    self.looks_for_readers(me);
                    next = otherwise;
                }
            }
            Code::EndRead => {
                self.shares(me);
                self.readers[me] -= 1;
            }
            Code::Write => {
                self.writes(me, LOCK);
                self.is_written = true;
            }
            Code::TryWrite(otherwise) => {
                self.threads[me].seen.push(need_not_wait.into());
                if need_not_wait {
                    self.writes(me, LOCK);
                    self.is_written = true;
                } else {
                    self.looks_for_readers(me);
                    next = otherwise;
                }
            }
            Code::EndWrite => {
                self.writes(me, LOCK);
                self.is_written = false;
            }
            Code::Call(otherwise) => match self.once {
                Once::Done => {
                    self.reads(me, ONCE);
                    next = otherwise;
                }
                _ => {
                    self.writes(me, ONCE);
                    self.once = Once::Called;
                }
            },
            Code::EndCall => {
                self.access(me, None, &[ONCE, ONCE_END]);
                self.once = Once::Done;
            }
            Code::Do(Op::Load(x, _)) => {
                self.reads(me, x);
                self.threads[me].seen.push(self.atomics[x]);
            }
            Code::Do(Op::Store(x, to, _)) => {
                self.writes(me, x);
                self.atomics[x] = to;
            }
            Code::Do(Op::FetchAdd(x, by, _)) => {
                self.writes(me, x);
                self.threads[me].seen.push(self.atomics[x]);
                self.atomics[x] += by;
            }
            Code::Do(Op::CompareExchange(x, from, to, _)) => {
                self.threads[me].seen.push(self.atomics[x]);
                if self.atomics[x] != from {
                    self.reads(me, x);
                } else if from == to {
                    self.rewrites(me, x);
                } else {
                    self.writes(me, x);
                    self.atomics[x] = to;
                }
            }
            Code::Do(Op::CompareExchangeWeak(x, from, to, _)) => {
                let (found, fails) = (self.atomics[x], choice == 1);
                self.threads[me].seen.push(found);
                let succeeds = found == from && !fails;
                self.threads[me].seen.push(succeeds.into());
                if !succeeds {
                    self.reads(me, x);
                } else if from == to {
                    self.rewrites(me, x);
                } else {
                    self.writes(me, x);
                    self.atomics[x] = to;
                }
                if found == from && self.budget.weak_failures > 0 {
                    let access = (WEAK_FAILURES, self.writes[WEAK_FAILURES]);
                    let step = self.last_step(me);
                    step.choice = choice;
                    step.accesses.push(access);
                    self.writes[WEAK_FAILURES] += u32::from(fails);
                }
            }
            Code::Do(Op::SpinUntil(x, to, _)) => {
                self.reads(me, x);
                if self.atomics[x] != to {
                    self.threads[me].has_yielded = true;
                    // A second look would be followed by the same ones for ever.
                    let looked = self.threads[me].looked.replace((x, self.changes[x]));
                    if looked.is_some() {
                        self.threads[me].phase = Phase::Spinning;
                    }
                    return true;
                }
                self.threads[me].looked = None;
            }
            Code::Do(Op::NotifyOne) => {
                self.writes(me, CONDVAR);
                self.last_step(me).choice = choice;
                if !self.waiters.is_empty() {
                    let woken = self.waiters.remove(choice);
                    if !self.wake(vec![woken]) {
                        return false;
                    }
                }
            }
            Code::Do(Op::NotifyAll) => {
                self.writes(me, CONDVAR);
                let woken = std::mem::take(&mut self.waiters);
                if !self.wake(woken) {
                    return false;
                }
            }
            Code::Do(Op::Park { timed }) => {
                if self.budgets(timed).is_empty() {
                    return self.leaves_park(me, End::Never);
                }
                self.reads(me, parker(me));
                let end = match self.tokens[me] {
                    true => End::Never,
                    false => self.begin_to_wait(me, timed, choice),
                };
                self.threads[me].phase = Phase::Parked(end);
                return true;
            }
            Code::Do(Op::Unpark(thread)) => {
                self.writes(me, parker(thread));
                self.tokens[thread] = true;
                if let Phase::Parked(end) = &mut self.threads[thread].phase {
                    if end.is_decided() {
                        return false;
                    }
                    *end = End::Never;
                }
            }
            Code::Do(Op::Join(_)) => self.access(me, None, &[]),
            Code::Do(Op::Destroy(object)) => self.frees(me, object),
            Code::Do(_) => unreachable!("flattened, or no step"),
            Code::Lock(m) => {
                if self.owners[m].is_some() {
                    return false;
                }
                self.writes(me, mutex(m));
                self.owners[m] = Some(me);
            }
            Code::TryLock(m, otherwise) => {
                let free = self.owners[m].is_none();
                self.threads[me].seen.push(free.into());
                if free {
                    self.writes(me, mutex(m));
                    self.owners[m] = Some(me);
                } else {
                    self.reads(me, mutex(m));
                    next = otherwise;
                }
            }
            Code::Look { x, to, then } => {
                self.reads(me, x);
                next = self.attempted(me, self.atomics[x] == to, then);
            }
            Code::Try { m, then } => {
                let free = self.owners[m].is_none();
                if free {
                    self.writes(me, mutex(m));
                    self.owners[m] = Some(me);
                } else {
                    self.reads(me, mutex(m));
                }
                next = self.attempted(me, free, then);
            }
            Code::Unlock(m) => {
                self.writes(me, mutex(m));
                self.owners[m] = None;
            }
            Code::Wait { with: m, timed, .. } => {
                self.access(me, None, &[CONDVAR, mutex(m)]);
                let end = self.begin_to_wait(me, timed, choice);
                self.owners[m] = None;
                self.waiters.push(me);
                self.threads[me].phase = Phase::Asleep(end);
                return true;
            }
        }
        self.threads[me].at = next;
        true
    }

    /// Where the thread goes on. It keeps how the last attempt ended.
    fn attempted(&mut self, me: Thread, success: bool, then: Attempt) -> usize {
        if success || then.is_last {
            self.threads[me].seen.push(success.into());
        }
        self.threads[me].has_yielded = !success && then.yields;
        if success { then.succeeds } else { then.fails }
    }

    /// The thread takes its token; or leaves without, if its wait ends by itself.
    fn leaves_park(&mut self, me: Thread, end: End) -> bool {
        let has_token = std::mem::take(&mut self.tokens[me]);
        let leaves = has_token || end != End::Never;
        if leaves {
            self.writes(me, parker(me));
            self.threads[me].phase = Phase::Running;
            self.threads[me].at += 1;
        }
        leaves
    }
}
