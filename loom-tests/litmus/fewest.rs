//! How many stale reads, and then preemptions, each outcome of a program needs at least,
//! by brute force over all orders and all stores that a load may read: neither the engine
//! nor `racecourse::sync` has a part in it.
//!
//! For programs without fences and without `SeqCst`, on a machine with views: each thread
//! knows, for each location, the oldest store that it may still read. A store that releases
//! carries its thread's view to loads that acquire.

use super::program::{LOCATIONS, Op, Program, outcome};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Release};

type View = [usize; LOCATIONS];

/// Stale reads, then preemptions.
pub type Cost = (usize, usize);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    threads: Vec<Thread>,
    /// Of each location, in modification order: the value, and what a load that acquires
    /// learns.
    stores: [Vec<(u64, View)>; LOCATIONS],
    /// The thread that took the last step.
    last: Option<usize>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Thread {
    at: usize,
    view: View,
    seen: Vec<u64>,
}

pub fn fewest(program: &Program) -> BTreeMap<String, Cost> {
    let thread = Thread {
        at: 0,
        view: [0; LOCATIONS],
        seen: Vec::new(),
    };
    let first = State {
        threads: vec![thread; program.threads.len()],
        stores: std::array::from_fn(|_| vec![(0, [0; LOCATIONS])]),
        last: None,
    };
    let mut fewest = BTreeMap::new();
    let mut known = BTreeSet::new();
    let mut open = BinaryHeap::from([Reverse(((0, 0), first))]);
    while let Some(Reverse((cost, state))) = open.pop() {
        if !known.insert(state.clone()) {
            continue;
        }
        let next = state.successors(program);
        if next.is_empty() {
            fewest.entry(state.outcome()).or_insert(cost);
        }
        for ((stale, preemptions), state) in next {
            open.push(Reverse(((cost.0 + stale, cost.1 + preemptions), state)));
        }
    }
    fewest
}

fn acquires(ordering: Ordering) -> bool {
    matches!(ordering, Acquire | AcqRel)
}

fn releases(ordering: Ordering) -> bool {
    matches!(ordering, Release | AcqRel)
}

fn join(view: &mut View, other: &View) {
    for (mine, theirs) in view.iter_mut().zip(other) {
        *mine = (*mine).max(*theirs);
    }
}

impl State {
    fn outcome(&self) -> String {
        let seen = self.threads.iter().flat_map(|thread| thread.seen.clone());
        let newest = |stores: &Vec<(u64, View)>| stores[stores.len() - 1].0;
        outcome(seen, self.stores.each_ref().map(newest))
    }

    /// All that can be done next, with what it costs.
    fn successors(&self, program: &Program) -> Vec<(Cost, State)> {
        let mut next = Vec::new();
        for (me, ops) in program.threads.iter().enumerate() {
            let Some(&op) = ops.get(self.threads[me].at) else {
                continue;
            };
            let can_go_on = |last: usize| self.threads[last].at < program.threads[last].len();
            let is_preempted = self.last.is_some_and(|last| last != me && can_go_on(last));
            let mut begun = self.clone();
            begun.threads[me].at += 1;
            begun.last = Some(me);
            begun.takes(me, op, |stale, state| {
                next.push(((stale, usize::from(is_preempted)), state));
            });
        }
        next
    }

    /// The step in every way in which it can be taken, and whether it is a stale read.
    fn takes(&self, me: usize, op: Op, mut add: impl FnMut(usize, State)) {
        match op {
            Op::Load(x, o) => {
                for store in self.threads[me].view[x]..self.stores[x].len() {
                    let (stale, state) = self.reads(me, x, store, o);
                    add(stale, state);
                }
            }
            Op::Store(x, to, o) => add(0, self.writes(me, x, to, o, [0; LOCATIONS])),
            Op::FetchAdd(x, by, o) => add(0, self.updates(me, x, o, |old| old + by)),
            Op::CompareExchange(x, from, to, success, failure) => {
                let newest = self.stores[x].len() - 1;
                for store in self.threads[me].view[x]..=newest {
                    if self.stores[x][store].0 != from {
                        let (stale, state) = self.reads(me, x, store, failure);
                        add(stale, state);
                    } else if store == newest {
                        add(0, self.updates(me, x, success, |_| to));
                    }
                }
            }
            Op::Fence(_) => unreachable!("there are no fences"),
        }
    }

    fn reads(&self, me: usize, x: usize, store: usize, o: Ordering) -> (usize, State) {
        let mut next = self.clone();
        let (value, released) = &self.stores[x][store];
        let thread = &mut next.threads[me];
        thread.seen.push(*value);
        thread.view[x] = store;
        if acquires(o) {
            join(&mut thread.view, released);
        }
        let is_stale = store + 1 < self.stores[x].len();
        (usize::from(is_stale), next)
    }

    /// `carries`: what it passes on of the store that it read.
    fn writes(&self, me: usize, x: usize, to: u64, o: Ordering, carries: View) -> State {
        let mut next = self.clone();
        let thread = &mut next.threads[me];
        thread.view[x] = self.stores[x].len();
        let mut released = carries;
        if releases(o) {
            join(&mut released, &thread.view);
        }
        next.stores[x].push((to, released));
        next
    }

    fn updates(&self, me: usize, x: usize, o: Ordering, new: impl Fn(u64) -> u64) -> State {
        let newest = self.stores[x].len() - 1;
        let (old, carries) = self.stores[x][newest];
        let (_, read) = self.reads(me, x, newest, o);
        read.writes(me, x, new(old), o, carries)
    }
}
