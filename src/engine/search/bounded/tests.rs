//! Toy programs, in all orders with so many preemptions.

use super::super::node::Choice;
use super::super::{Enabled, Search};
use super::*;
use crate::engine::access::{Access, Kind, Location, dependent};
use crate::engine::search::Reduction;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

#[derive(Debug, Clone, Copy)]
enum Op {
    Read(Location),
    Write(Location),
    /// Is enabled while nobody holds the lock.
    Lock(Location),
    Unlock(Location),
    /// The thread leaves the processor by itself, after a write.
    Yield(Location),
}

type Toy = Vec<Vec<Op>>;
/// Which thread took a transition, and how many of its own it had taken before.
type Order = Vec<(ThreadId, usize)>;
/// All pairs of dependent transitions, in their order.
type Trace = BTreeSet<[(ThreadId, usize); 2]>;

impl Op {
    fn access(self) -> Access {
        let (location, kind) = match self {
            Self::Read(location) => (location, Kind::Read),
            Self::Write(location) | Self::Yield(location) => (location, Kind::Write),
            Self::Lock(lock) => (10 + lock, Kind::Acquire),
            Self::Unlock(lock) => (10 + lock, Kind::Write),
        };
        Access { location, kind }
    }
}

fn trace(toy: &Toy, order: &Order) -> Trace {
    let access = |&(thread, place): &(usize, usize)| toy[thread][place].access();
    let mut trace: Trace = order.iter().map(|&first| [first, first]).collect();
    for (place, second) in order.iter().enumerate() {
        for first in &order[..place] {
            if first.0 == second.0 || dependent(access(first), access(second)) {
                trace.insert([*first, *second]);
            }
        }
    }
    trace
}

/// Those that can take a transition after the order.
fn enabled(toy: &Toy, order: &Order) -> ThreadSet {
    let done = |thread: ThreadId| order.iter().filter(|(by, _)| *by == thread).count();
    let is_held = |lock: Location| {
        let ops = order
            .iter()
            .rev()
            .map(|&(thread, place)| toy[thread][place]);
        let mut of_lock = ops.filter_map(|op| match op {
            Op::Lock(of) if of == lock => Some(true),
            Op::Unlock(of) if of == lock => Some(false),
            _ => None,
        });
        of_lock.next().unwrap_or(false)
    };
    let can = |&thread: &ThreadId| match toy[thread].get(done(thread)) {
        None => false,
        Some(Op::Lock(lock)) => !is_held(*lock),
        Some(_) => true,
    };
    (0..toy.len()).filter(can).collect()
}

fn has_left(toy: &Toy, order: &Order) -> bool {
    let last = order.last();
    last.is_none_or(|&(thread, place)| matches!(toy[thread][place], Op::Yield(_)))
}

fn take(toy: &Toy, order: &mut Order, thread: ThreadId) -> Op {
    let place = order.iter().filter(|(by, _)| *by == thread).count();
    order.push((thread, place));
    toy[thread][place]
}

/// Every order, one after another.
fn all_orders(toy: &Toy, most: usize, order: &mut Order, found: &mut BTreeSet<Trace>) {
    let enabled = enabled(toy, order);
    if enabled.is_empty() {
        found.insert(trace(toy, order));
    }
    let last = order.last().map(|&(thread, _)| thread);
    let running = last.filter(|&last| enabled.contains(last) && !has_left(toy, order));
    for thread in enabled.iter() {
        let preempts = running.is_some_and(|running| running != thread);
        if let Some(most) = most.checked_sub(preempts.into()) {
            take(toy, order, thread);
            all_orders(toy, most, order, found);
            order.pop();
        }
    }
}

/// How many executions the search needs, which traces it finds, and whether it has left
/// out anything.
fn explored(toy: &Toy, most: usize) -> (usize, BTreeSet<Trace>, bool) {
    let mut search = Search::default();
    let (mut executions, mut found) = (0, BTreeSet::new());
    loop {
        search.begin(Reduction::Preemptions(most));
        let mut order = Order::new();
        executions += 1;
        loop {
            let threads = enabled(toy, &order);
            if threads.is_empty() {
                found.insert(trace(toy, &order));
                break;
            }
            let enabled = Enabled {
                threads,
                loads: ThreadSet::default(),
            };
            let last = order.last().map_or(0, |&(thread, _)| thread);
            let rank = |thread: ThreadId| (usize::from(thread != last), thread);
            let place = || Place {
                // As an execution's name: a sum, whatever the order of its terms.
                state: trace(toy, &order).iter().fold(0, |sum: u128, pair| {
                    let mut hasher = DefaultHasher::new();
                    pair.hash(&mut hasher);
                    sum.wrapping_add(u128::from(hasher.finish()) << 32)
                }),
                goes_on: !has_left(toy, &order),
                leaves: None,
            };
            let Some(thread) = search.next(enabled, rank, |_, _| (), place).unwrap() else {
                break;
            };
            search.access(take(toy, &mut order, thread).access());
            search.end_transition().unwrap();
        }
        if !search.advance() {
            return (executions, found, search.has_left_out());
        }
    }
}

fn toys() -> impl Strategy<Value = Toy> {
    let location = || 1..3_u64;
    let simple = prop_oneof![
        3 => location().prop_map(Op::Read),
        3 => location().prop_map(Op::Write),
        1 => location().prop_map(Op::Yield),
    ];
    let section = (location(), simple.clone())
        .prop_map(|(lock, op)| vec![Op::Lock(lock), op, Op::Unlock(lock)]);
    let part = prop_oneof![
        3 => simple.prop_map(|op| vec![op]),
        1 => section,
        1 => location().prop_map(|lock| vec![Op::Lock(lock)]),
    ];
    let thread = prop::collection::vec(part, 1..=3).prop_map(|parts| {
        let mut ops = parts.concat();
        ops.truncate(4);
        ops
    });
    prop::collection::vec(thread, 2..=3)
}

proptest! {
    /// Locks that are never released too: the last transition of a deadlock counts.
    #[test]
    fn no_trace_within_the_bound_is_lost(toy in toys(), most in 0..4_usize) {
        let mut all = BTreeSet::new();
        all_orders(&toy, most, &mut Order::new(), &mut all);
        let (executions, found, has_left_out) = explored(&toy, most);
        prop_assert_eq!(&found, &all);
        prop_assert!(executions >= found.len());
        if !has_left_out {
            let mut more = BTreeSet::new();
            all_orders(&toy, most + 1, &mut Order::new(), &mut more);
            prop_assert_eq!(more, all);
        }
    }
}

#[test]
fn what_is_known_is_not_run_again() {
    let writes = |location| vec![Op::Write(location); 2];
    // Of 6 orders of the same trace.
    assert_eq!(explored(&vec![writes(1), writes(2)], 4).0, 4);
    // All of these 90 orders are the same trace: 6 preempt no thread.
    let toy = vec![writes(1), writes(2), writes(3)];
    let executions = [0, 1, 2, 3].map(|most| explored(&toy, most).0);
    assert_eq!(executions, [6, 15, 18, 18]);
    // One order of each trace: 2 preempt nobody, 2 one thread, and 2 more than one.
    let toy = vec![writes(1), writes(1)];
    let explored = [0, 1, 2, 3].map(|most| explored(&toy, most));
    let executions = explored.each_ref().map(|explored| explored.0);
    let traces = explored.map(|explored| explored.1.len());
    assert_eq!((executions, traces), ([2, 4, 6, 6], [2, 4, 6, 6]));
}

#[test]
fn only_a_transition_without_a_choice_leads_to_one_state() {
    let (mut chooses, mut reads) = (Node::default(), Node::default());
    assert!(chooses.has_no_choice());
    chooses.choices.push(Choice { taken: 1, of: 2 });
    let kind = Kind::Read;
    reads.last.push(Access { location: 1, kind });
    assert!(!chooses.has_no_choice() && reads.has_no_choice());
}
