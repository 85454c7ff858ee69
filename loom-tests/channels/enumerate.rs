//! All that a program with channels can come to, by a simple machine that knows nothing of
//! the engine: it follows the documentation of `std::sync::mpsc`, and takes every step in
//! every order. A sender that waits keeps its message until there is room.

use super::program::{Op, Program};
use racecourse::explorer::report::Budget;
use std::collections::{BTreeSet, HashSet, VecDeque};

/// One step of a thread, or one that it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Act {
    Send(usize, usize),
    /// It waits for the receiver to take its message.
    Offered(usize),
    TrySend(usize, usize),
    DropSender(usize),
    DropReceiver,
    Receive {
        timed: bool,
    },
    /// It waits for a sender, without capacity.
    Awaits {
        timed: bool,
    },
    TryReceive,
    Poll,
    MayDie,
    /// Ends an operation that has seen these words.
    Sees(&'static str),
}
use Act::*;

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Channel {
    queue: VecDeque<usize>,
    senders: usize,
    has_receiver: bool,
    /// Without capacity: the threads that wait to send, …
    offers: VecDeque<(usize, usize)>,
    /// … whether the receiver waits, and what it was given.
    is_awaited: bool,
    given: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Thread {
    ops: VecDeque<(usize, Op)>,
    todo: VecDeque<Act>,
    to: Vec<usize>,
    has_receiver: bool,
    seen: String,
    /// Whether its message was taken.
    taken: Option<bool>,
    timed_out: bool,
    has_ended: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Machine {
    channels: Vec<Channel>,
    threads: Vec<Thread>,
    early_timeouts: usize,
    deaths: usize,
    /// `None`: without a bound.
    capacity: Option<usize>,
}

/// How a thread can take its next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Goes,
    TimesOutEarly,
    Dies,
}

/// The names of all outcomes.
pub fn outcomes(program: &Program, capacity: Option<usize>, budget: Budget) -> BTreeSet<String> {
    let many = program.len();
    let threads = program.iter().enumerate().map(|(me, ops)| Thread {
        ops: ops.iter().copied().enumerate().collect(),
        to: (0..many).filter(|&other| other != me).collect(),
        has_receiver: true,
        ..Thread::default()
    });
    let channel = Channel {
        senders: many - 1,
        has_receiver: true,
        ..Channel::default()
    };
    let mut first = Machine {
        channels: vec![channel; many],
        threads: threads.collect(),
        early_timeouts: budget.early_timeouts,
        deaths: budget.deaths,
        capacity,
    };
    (0..many).for_each(|me| first.prepares(me));
    let (mut known, mut ahead) = (HashSet::from([first.clone()]), vec![first]);
    let mut outcomes = BTreeSet::new();
    while let Some(machine) = ahead.pop() {
        let mut next = machine.steps();
        let mut threads = 0..program.len();
        if !threads.any(|me| machine.ways(me).contains(&Way::Goes)) {
            match machine.time_passes() {
                Some(later) => next.push(later),
                None => _ = outcomes.insert(machine.outcome()),
            }
        }
        ahead.extend(next.into_iter().filter(|it| known.insert(it.clone())));
    }
    outcomes
}

impl Machine {
    fn outcome(&self) -> String {
        let mut left = self.threads.iter().filter(|it| !it.has_ended).peekable();
        if left.peek().is_none() {
            let seen: Vec<_> = self.threads.iter().map(|it| &*it.seen).collect();
            return seen.join(" ");
        }
        let polls = left.any(|it| it.todo.front() == Some(&Poll));
        if polls { "livelock" } else { "deadlock" }.to_owned()
    }

    /// The machine after each step that a thread can take.
    fn steps(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for me in 0..self.threads.len() {
            for way in self.ways(me) {
                let mut next = self.clone();
                next.step(me, way);
                next.prepares(me);
                all.push(next);
            }
        }
        all
    }

    fn can_take(&self, me: usize) -> bool {
        let channel = &self.channels[me];
        !channel.queue.is_empty() || !channel.offers.is_empty() || channel.senders == 0
    }

    fn has_room(&self, channel: usize) -> bool {
        let most = self.capacity.unwrap_or(usize::MAX);
        self.channels[channel].queue.len() < most
    }

    fn ways(&self, me: usize) -> Vec<Way> {
        let thread = &self.threads[me];
        let Some(act) = thread.todo.front() else {
            return Vec::new();
        };
        let goes = match *act {
            Send(to, _) if self.capacity != Some(0) => {
                self.has_room(to) || !self.channels[to].has_receiver
            }
            Offered(_) => thread.taken.is_some(),
            Receive { .. } if self.capacity != Some(0) => self.can_take(me) || thread.timed_out,
            Awaits { .. } => {
                let channel = &self.channels[me];
                channel.given.is_some() || channel.senders == 0 || thread.timed_out
            }
            Poll => self.can_take(me),
            MayDie if self.deaths > 0 => return vec![Way::Goes, Way::Dies],
            _ => true,
        };
        let is_early = self.early_timeouts > 0 && self.waits_timed(me);
        let early = is_early.then_some(Way::TimesOutEarly);
        goes.then_some(Way::Goes).into_iter().chain(early).collect()
    }

    /// Whether the thread waits until there is a message, or its time is over.
    fn waits_timed(&self, me: usize) -> bool {
        let is_waiting = match self.threads[me].todo.front() {
            Some(Receive { timed: true }) => self.capacity != Some(0),
            Some(Awaits { timed: true }) => self.channels[me].given.is_none(),
            _ => false,
        };
        is_waiting && !self.can_take(me)
    }

    fn time_passes(&self) -> Option<Self> {
        let timed = (0..self.threads.len()).filter(|&me| self.waits_timed(me));
        let timed: Vec<_> = timed.collect();
        let mut later = self.clone();
        for &me in &timed {
            later.threads[me].timed_out = true;
        }
        (!timed.is_empty()).then_some(later)
    }

    fn step(&mut self, me: usize, way: Way) {
        let Some(act) = self.threads[me].todo.pop_front() else {
            return;
        };
        match act {
            Send(to, _) | TrySend(to, _) if !self.channels[to].has_receiver => self.sees(me, "x"),
            Send(to, value) => {
                let channel = &mut self.channels[to];
                if self.capacity != Some(0) {
                    channel.queue.push_back(value);
                    self.sees(me, "s");
                } else if channel.is_awaited {
                    self.gives(to, value);
                    self.sees(me, "s");
                } else {
                    channel.offers.push_back((me, value));
                    self.threads[me].taken = None;
                    self.threads[me].todo.push_front(Offered(to));
                }
            }
            Offered(_) => {
                let is_taken = self.threads[me].taken == Some(true);
                self.sees(me, if is_taken { "s" } else { "x" });
            }
            TrySend(to, value) => {
                if self.capacity != Some(0) && self.has_room(to) {
                    self.channels[to].queue.push_back(value);
                    self.sees(me, "s");
                } else if self.capacity == Some(0) && self.channels[to].is_awaited {
                    self.gives(to, value);
                    self.sees(me, "s");
                } else {
                    self.sees(me, "f");
                }
            }
            DropSender(to) => self.channels[to].senders -= 1,
            DropReceiver => {
                let channel = &mut self.channels[me];
                channel.has_receiver = false;
                channel.queue.clear();
                for (sender, _) in std::mem::take(&mut channel.offers) {
                    self.threads[sender].taken = Some(false);
                }
            }
            Receive { timed } => match self.take(me) {
                Some(value) => self.sees(me, &format!("Ok({value})")),
                None if self.channels[me].senders == 0 => self.hears_the_end(me, timed),
                None if self.capacity == Some(0) => {
                    self.channels[me].is_awaited = true;
                    self.threads[me].todo.push_front(Awaits { timed });
                }
                None => self.times_out(me, way),
            },
            Awaits { timed } => {
                let channel = &mut self.channels[me];
                channel.is_awaited = false;
                match channel.given.take() {
                    Some(value) => self.sees(me, &format!("Ok({value})")),
                    None if channel.senders == 0 => self.hears_the_end(me, timed),
                    None => self.times_out(me, way),
                }
            }
            TryReceive | Poll => match self.take(me) {
                Some(value) => self.sees(me, &format!("Ok({value})")),
                None if self.channels[me].senders == 0 => self.sees(me, "Err(Disconnected)"),
                None => self.sees(me, "Err(Empty)"),
            },
            MayDie if way == Way::Dies => {
                self.deaths -= 1;
                self.sees(me, "+");
                self.threads[me].ops.clear();
                self.threads[me].todo.clear();
                self.leaves(me);
            }
            MayDie => {}
            Sees(what) => self.sees(me, what),
        }
        self.threads[me].timed_out = false;
    }

    fn sees(&mut self, me: usize, what: &str) {
        self.threads[me].seen += what;
    }

    fn hears_the_end(&mut self, me: usize, timed: bool) {
        let error = if timed { "Disconnected" } else { "RecvError" };
        self.sees(me, &format!("Err({error})"));
    }

    fn times_out(&mut self, me: usize, way: Way) {
        if way == Way::TimesOutEarly {
            self.early_timeouts -= 1;
        }
        self.sees(me, "Err(Timeout)");
    }

    fn gives(&mut self, to: usize, value: usize) {
        self.channels[to].is_awaited = false;
        self.channels[to].given = Some(value);
    }

    fn take(&mut self, me: usize) -> Option<usize> {
        let channel = &mut self.channels[me];
        if let Some((sender, value)) = channel.offers.pop_front() {
            self.threads[sender].taken = Some(true);
            return Some(value);
        }
        channel.queue.pop_front()
    }

    /// Drops both ends, as a thread does that returns.
    fn leaves(&mut self, me: usize) {
        let thread = &mut self.threads[me];
        if std::mem::take(&mut thread.has_receiver) {
            thread.todo.push_back(DropReceiver);
        }
        let to = std::mem::take(&mut thread.to);
        thread.todo.extend(to.into_iter().map(DropSender));
    }

    /// If the thread has nothing to do: on to its next operation, or to its end.
    fn prepares(&mut self, me: usize) {
        while self.threads[me].todo.is_empty() && !self.threads[me].has_ended {
            let Some((place, op)) = self.threads[me].ops.pop_front() else {
                self.leaves(me);
                self.threads[me].has_ended = self.threads[me].todo.is_empty();
                continue;
            };
            let thread = &mut self.threads[me];
            let to = thread.to.clone().into_iter();
            let receives = |act| thread.has_receiver.then_some(act);
            let value = 10 * me + place;
            let acts: Vec<Act> = match op {
                Op::Send => to.map(|to| Send(to, value)).collect(),
                Op::SendByClone => to.map(|to| Send(to, me)).collect(),
                Op::TrySend => to.map(|to| TrySend(to, value)).collect(),
                Op::HangUp => std::mem::take(&mut thread.to)
                    .into_iter()
                    .map(DropSender)
                    .collect(),
                Op::Leave => std::mem::take(&mut thread.has_receiver)
                    .then_some(DropReceiver)
                    .into_iter()
                    .collect(),
                Op::Recv => receives(Receive { timed: false }).into_iter().collect(),
                Op::RecvTimeout => receives(Receive { timed: true }).into_iter().collect(),
                Op::TryRecv => receives(TryReceive).into_iter().collect(),
                Op::Poll => receives(Poll).into_iter().collect(),
                Op::MayDie => vec![MayDie],
            };
            thread.todo.extend(acts);
            thread.todo.push_back(Sees(","));
        }
    }
}
