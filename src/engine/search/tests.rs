//! Toy transition systems, with known numbers of traces.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A transition that makes these accesses. One that begins with [`Kind::Acquire`] is
/// enabled while nobody holds the lock, one that ends with a write of it releases it.
type Transition = Vec<Access>;
type Toy = Vec<Vec<Transition>>;

fn access(location: Location, kind: Kind) -> Access {
    Access { location, kind }
}

fn one(location: Location, kind: Kind) -> Transition {
    vec![access(location, kind)]
}

fn lock_and_unlock(location: Location) -> Transition {
    vec![
        access(location, Kind::Acquire),
        access(location, Kind::Write),
    ]
}

/// Which of two dependent transitions came first, for all pairs: names the trace.
type Trace = BTreeSet<((usize, usize), (usize, usize))>;

fn trace(toy: &Toy, order: &[(usize, usize)]) -> Trace {
    let mut trace = Trace::new();
    for (place, &second) in order.iter().enumerate() {
        for &first in &order[..place] {
            let of = |(thread, place): (usize, usize)| &toy[thread][place];
            let mut pairs = of(first)
                .iter()
                .flat_map(|&a| of(second).iter().map(move |&b| (a, b)));
            if first.0 == second.0 || pairs.any(|(a, b)| dependent(a, b)) {
                trace.insert((first, second));
            }
        }
    }
    trace
}

use super::super::access::dependent;

/// Threads in the order of their numbers.
const FIRST: fn(ThreadId) -> (usize, ThreadId) = |thread| (0, thread);

/// Asked only if there is a bound.
fn nowhere() -> Place {
    unreachable!("there is no bound")
}

/// How many executions were run, and which traces were among them.
fn explored(toy: &Toy, reduction: Reduction) -> (usize, BTreeSet<Trace>) {
    let mut search = Search::default();
    let (mut executions, mut traces) = (0, BTreeSet::new());
    loop {
        search.begin(reduction);
        let mut taken = vec![0; toy.len()];
        let (mut order, mut current) = (Vec::new(), 0);
        loop {
            let is_left = |&thread: &usize| taken[thread] < toy[thread].len();
            let threads: ThreadSet = (0..toy.len()).filter(is_left).collect();
            let enabled = Enabled {
                threads,
                loads: ThreadSet::default(),
            };
            if threads.is_empty() {
                executions += 1;
                traces.insert(trace(toy, &order));
                break;
            }
            let rank = |thread: usize| (usize::from(thread != current), thread);
            let Some(thread) = search.next(enabled, rank, |_, _| (), nowhere).unwrap() else {
                executions += 1;
                break;
            };
            for &access in &toy[thread][taken[thread]] {
                search.access(access);
            }
            search.end_transition().unwrap();
            order.push((thread, taken[thread]));
            taken[thread] += 1;
            current = thread;
        }
        if !search.advance() {
            return (executions, traces);
        }
    }
}

#[track_caller]
fn has_traces(toy: Toy, expected: usize) {
    let (executions, traces) = explored(&toy, Reduction::Full);
    assert_eq!((executions, traces.len()), (expected, expected));
}

#[test]
fn writes_to_one_location_come_in_every_order() {
    for (threads, traces) in [(1, 1), (2, 2), (3, 6), (4, 24), (5, 120), (6, 720)] {
        has_traces(vec![vec![one(1, Kind::Write)]; threads], traces);
    }
}

#[test]
fn independent_writes_have_one_trace() {
    has_traces(
        (1..=8)
            .map(|location| vec![one(location, Kind::Write); 3])
            .collect(),
        1,
    );
}

#[test]
fn each_read_comes_before_or_after_a_write() {
    for (readers, traces) in [(1, 2), (2, 4), (3, 8), (4, 16)] {
        let mut toy = vec![vec![one(1, Kind::Read)]; readers];
        toy.push(vec![one(1, Kind::Write)]);
        has_traces(toy, traces);
    }
}

/// The read comes first when it is run first: then it must race with the lock, since
/// the unlock is covered by the lock.
#[test]
fn a_read_comes_before_or_after_a_critical_section() {
    has_traces(vec![vec![one(1, Kind::Read)], vec![lock_and_unlock(1)]], 2);
}

/// Small toys in which a search that is only a little less careful runs one execution
/// too many.
#[test]
fn no_trace_is_run_twice() {
    let read = |location| one(location, Kind::Read);
    let write = |location| one(location, Kind::Write);
    // The first thread is in the backtrack set already when the race is found.
    let reads = vec![access(2, Kind::Read), access(1, Kind::Read)];
    has_traces(
        vec![
            vec![read(1), write(2)],
            vec![write(3), write(2)],
            vec![reads],
        ],
        6,
    );
    // A race that another race between the two transitions implies.
    has_traces(
        vec![
            vec![write(2)],
            vec![write(2), write(3), read(2)],
            vec![write(3)],
        ],
        6,
    );
}

/// (N × M)! / M!ᴺ ways to distribute the critical sections among the threads.
#[test]
fn critical_sections_come_in_every_order() {
    for (threads, sections, traces) in [(2, 2, 6), (2, 6, 924), (3, 2, 90), (3, 3, 1_680)] {
        has_traces(vec![vec![lock_and_unlock(1); sections]; threads], traces);
    }
}

#[test]
fn a_transition_that_an_earlier_one_enables_does_not_race_with_it() {
    let mut search = Search::default();
    search.begin(Reduction::Full);
    let only = |thread| Enabled {
        threads: ThreadSet::only(thread),
        loads: ThreadSet::default(),
    };
    assert_eq!(search.next(only(0), FIRST, |_, _| (), nowhere), Ok(Some(0)));
    search.access(access(1, Kind::Write));
    search.enables(1);
    search.end_transition().unwrap();
    assert_eq!(search.next(only(1), FIRST, |_, _| (), nowhere), Ok(Some(1)));
    search.access(access(1, Kind::Write));
    search.end_transition().unwrap();
    assert!(!search.advance());
}

/// What is read in all executions of a store of 1 beside a load that may read 1 once it
/// is stored, or 0. `is_known`: whether the search is told that the load only loads.
fn reads_beside_a_store(loader: ThreadId, is_known: bool) -> Vec<StoreName> {
    let mut search = Search::default();
    let mut reads = Vec::new();
    loop {
        search.begin(Reduction::Full);
        let (mut stored, mut loaded) = (None, false);
        while stored.is_none() || !loaded {
            let is_left = |&thread: &ThreadId| match thread == loader {
                true => !loaded,
                false => stored.is_none(),
            };
            let threads: ThreadSet = (0..2).filter(is_left).collect();
            let is_load = |&thread: &ThreadId| is_known && thread == loader;
            let enabled = Enabled {
                threads,
                loads: threads.iter().filter(is_load).collect(),
            };
            let stores: Vec<StoreName> = stored.map(|_| 1).into_iter().chain([0]).collect();
            let options = |_, option: &mut dyn FnMut(StoreName)| {
                stores.iter().for_each(|&store| option(store));
            };
            let rank = |thread: usize| (0, thread);
            let Some(thread) = search.next(enabled, rank, options, nowhere).unwrap() else {
                break;
            };
            if thread == loader {
                let store = stores[search.choose_store(&stores).unwrap()];
                let by = stored.filter(|_| store == 1);
                search.access(access(1, Kind::ReadsFrom(store, by)));
                reads.push(store);
                loaded = true;
            } else {
                search.access(access(1, Kind::Write));
                stored = Some(search.transition());
            }
            search.end_transition().unwrap();
        }
        if !search.advance() {
            break;
        }
    }
    reads.sort_unstable();
    reads
}

#[test]
fn a_load_reads_each_store_once() {
    for loader in 0..2 {
        assert_eq!(reads_beside_a_store(loader, true), [0, 1]);
    }
}

/// A transition that begins as something else (a join, say) and then only loads.
#[test]
fn a_load_that_was_not_expected_reads_each_store() {
    for loader in 0..2 {
        let mut reads = reads_beside_a_store(loader, false);
        reads.dedup();
        assert_eq!(reads, [0, 1]);
    }
}

#[test]
fn every_choice_is_tried() {
    let mut search = Search::default();
    let mut made = Vec::new();
    loop {
        search.begin(Reduction::Full);
        let enabled = Enabled {
            threads: ThreadSet::only(0),
            loads: ThreadSet::default(),
        };
        search.next(enabled, FIRST, |_, _| (), nowhere).unwrap();
        let first = search.choose(2).unwrap();
        made.push((first, search.choose(first + 1).unwrap()));
        search.end_transition().unwrap();
        if !search.advance() {
            break;
        }
    }
    assert_eq!(made, [(0, 0), (1, 0), (1, 1)]);
}

#[test]
fn a_scene_that_does_something_else_is_found_out() {
    let enabled = |threads: &[usize]| Enabled {
        threads: threads.iter().copied().collect(),
        loads: ThreadSet::default(),
    };
    let begun = |search: &mut Search, location| {
        search.begin(Reduction::None);
        search
            .next(enabled(&[0, 1]), FIRST, |_, _| (), nowhere)
            .unwrap();
        search.access(access(location, Kind::Write));
    };
    let once = |search: &mut Search| {
        begun(search, 1);
        search.end_transition().unwrap();
        search
            .next(enabled(&[0, 1]), FIRST, |_, _| (), nowhere)
            .unwrap();
        search.access(access(1, Kind::Write));
        search.end_transition().unwrap();
    };
    let next = |search: &mut Search| {
        once(search);
        assert!(search.advance());
    };
    let mut search = Search::default();
    next(&mut search);
    begun(&mut search, 2);
    assert_eq!(search.end_transition(), Err(Differs), "another location");

    let mut search = Search::default();
    next(&mut search);
    begun(&mut search, 1);
    search.access(access(1, Kind::Write));
    assert_eq!(search.end_transition(), Err(Differs), "one access more");

    let mut search = Search::default();
    once(&mut search);
    search.repeat();
    assert!(!search.has_repeated_all());
    for _ in 0..2 {
        search
            .next(enabled(&[0, 1]), FIRST, |_, _| (), nowhere)
            .unwrap();
        search.access(access(1, Kind::Write));
        search.end_transition().unwrap();
    }
    assert!(search.has_repeated_all());
    let more = search.next(enabled(&[0, 1]), FIRST, |_, _| (), nowhere);
    assert_eq!(more, Err(Differs), "one transition more");

    let mut search = Search::default();
    next(&mut search);
    begun(&mut search, 1);
    search.end_transition().unwrap();
    assert_eq!(search.differs_in(enabled(&[0])), Some(1));
    assert_eq!(
        search.next(enabled(&[0]), FIRST, |_, _| (), nowhere),
        Err(Differs),
        "other threads enabled"
    );
}

#[test]
fn a_choice_among_another_number_of_things_is_found_out() {
    let mut search = Search::default();
    let mut chosen = |of| {
        search.begin(Reduction::Full);
        let enabled = Enabled {
            threads: ThreadSet::only(0),
            loads: ThreadSet::default(),
        };
        search.next(enabled, FIRST, |_, _| (), nowhere).unwrap();
        let chosen = search.choose(of);
        search.end_transition().unwrap();
        search.advance();
        chosen
    };
    assert_eq!(chosen(2), Ok(0));
    assert_eq!(chosen(3), Err(Differs));
}

/// The second execution begins with the other thread. That thread knows what it knew
/// in the first execution, so it must do what it did there.
#[test]
fn a_thread_that_knows_the_same_must_do_the_same() {
    let takes = |search: &mut Search, threads: &[ThreadId], does: u64| {
        let enabled = Enabled {
            threads: threads.iter().copied().collect(),
            loads: ThreadSet::default(),
        };
        let thread = search.next(enabled, FIRST, |_, _| (), nowhere).unwrap();
        let knew = search.access(access(1, Kind::Write)).unwrap();
        let other = search.deeds.does(knew, (does, None));
        search.end_transition().unwrap();
        (thread, other)
    };
    for (does, other) in [(1, None), (2, Some((1, None)))] {
        let mut search = Search::default();
        search.begin(Reduction::None);
        assert_eq!(takes(&mut search, &[0, 1], 1), (Some(0), None));
        assert_eq!(takes(&mut search, &[1], 1), (Some(1), None));
        assert!(search.advance());
        search.begin(Reduction::None);
        assert_eq!(takes(&mut search, &[0, 1], does), (Some(1), other));
    }
}

fn toys() -> impl Strategy<Value = Toy> {
    let kind = prop_oneof![Just(Kind::Read), Just(Kind::Write)];
    let access = (1..3_u64, kind).prop_map(|(location, kind)| access(location, kind));
    let transition = prop::collection::vec(access, 1..=2);
    let thread = prop::collection::vec(transition, 1..=3);
    prop::collection::vec(thread, 2..=3)
}

proptest! {
    /// All traces that there are, and none of them twice in vain too often.
    #[test]
    fn generated_toys_lose_no_trace(toy in toys()) {
        let (_, all) = explored(&toy, Reduction::None);
        let (executions, traces) = explored(&toy, Reduction::Full);
        prop_assert_eq!(&traces, &all);
        let (without_races, traces) = explored(&toy, Reduction::SleepSets);
        prop_assert_eq!(&traces, &all);
        prop_assert!(executions <= without_races);
    }
}
