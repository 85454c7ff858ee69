//! The graph of all states of a scene: its ends are the interleavings that an exploration
//! finds, and what can be done in a state is what can be done there.

use racecourse::explorer::report::{Budget, Exploration, Grade, Judged, Memory};
use racecourse::explorer::states::Graph;
use racecourse::explorer::{Options, explore, graph};
use racecourse::lessons::{self, Scene};
use racecourse::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use racecourse::sync::{Actors, Condvar, Mutex};
use std::collections::BTreeMap;
use std::sync::Arc;

const MOST_STATES: usize = 4_000;

/// How many different interleavings have each outcome.
type Counts = BTreeMap<String, u64>;

fn counts_of(found: &Exploration) -> Counts {
    let rows = found.outcomes.iter();
    rows.map(|row| (row.outcome.clone(), row.different))
        .collect()
}

fn counts_in(graph: &Graph, state: usize) -> Counts {
    let names = graph.outcomes.iter().map(|it| it.outcome.clone());
    let counts = names.zip(graph.states[state].interleavings.iter().copied());
    counts.filter(|&(_, count)| count > 0).collect()
}

fn of(memory: Memory, budget: Budget, scene: fn() -> String) -> Graph {
    let mut options = Options::new(memory);
    options.budget = budget;
    let scene = move || Judged::promised(scene(), "");
    let graph = graph(options, MOST_STATES, Arc::new(scene)).unwrap();
    assert!(graph.is_whole);
    graph
}

/// The words of what a thread can do in a state, and the states that follow.
fn choices(graph: &Graph, state: usize, thread: &str) -> BTreeMap<String, usize> {
    let own = |&&(transition, _): &&(usize, usize)| {
        graph.threads[graph.transitions[transition].thread] == thread
    };
    let words = |&(transition, to): &(usize, usize)| {
        let steps = graph.transitions[transition].steps.iter();
        let words: Vec<&str> = steps.map(|step| step.what.as_str()).collect();
        (words.join("; "), to)
    };
    graph.states[state]
        .next
        .iter()
        .filter(own)
        .map(words)
        .collect()
}

/// The state in which these threads have run, one after the other, if each had one choice.
fn after(graph: &Graph, threads: &[&str]) -> usize {
    let begin = follow(graph, 0);
    threads.iter().fold(begin, |state, thread| {
        let choices = choices(graph, state, thread);
        assert_eq!(choices.len(), 1, "{thread}: {choices:?}");
        *choices.values().next().unwrap()
    })
}

/// Past what tells nothing and is all that can be done.
fn follow(graph: &Graph, state: usize) -> usize {
    match graph.states[state].next.as_slice() {
        &[(transition, to)] if graph.transitions[transition].steps.is_empty() => follow(graph, to),
        _ => state,
    }
}

#[test]
fn independent_steps_in_two_orders_lead_to_one_state() {
    let graph = of(Memory::Sc, Budget::NONE, || {
        let [a, b] = [0, 0].map(AtomicUsize::new);
        let stores = |atomic: &AtomicUsize| atomic.store(1, Relaxed);
        Actors::new()
            .enter("ann", || stores(&a))
            .enter("bob", || stores(&b))
            .run();
        "done".to_owned()
    });
    assert_eq!(counts_in(&graph, 0), [("done".to_owned(), 1)].into());
    let [one, other] = [["ann", "bob"], ["bob", "ann"]].map(|order| after(&graph, &order));
    assert_eq!(one, other);
    assert_ne!(after(&graph, &["ann"]), after(&graph, &["bob"]));
}

/// 2 orders of the two additions; within the lock no other thread can run.
#[test]
fn a_lock_is_one_transition_if_nothing_can_come_in_between() {
    let graph = of(Memory::Sc, Budget::NONE, || {
        let till = Mutex::new(0);
        let pay = || *till.lock().unwrap() += 1;
        Actors::new().enter("ann", pay).enter("bob", pay).run();
        till.into_inner().unwrap().to_string()
    });
    assert_eq!(counts_in(&graph, 0), [("2".to_owned(), 2)].into());
    let [one, other] = [["ann", "bob"], ["bob", "ann"]].map(|order| after(&graph, &order));
    assert_ne!(
        one, other,
        "the order of dependent steps makes a difference"
    );
    let first = choices(&graph, follow(&graph, 0), "ann");
    assert_eq!(first.keys().collect::<Vec<_>>(), ["lock till; unlock till"]);
}

/// In C11 the last of the two loads can read the newer or the older store, and says so.
#[test]
fn a_load_of_an_older_store_is_a_choice() {
    let graph = of(Memory::C11, Budget::NONE, || {
        let [x, y] = [0, 0].map(AtomicUsize::new);
        let seen = Actors::new()
            .enter("ann", || {
                x.store(1, Relaxed);
                y.load(Relaxed)
            })
            .enter("bob", || {
                y.store(1, Relaxed);
                x.load(Relaxed)
            })
            .run();
        format!("{seen:?}")
    });
    let all = ["[0, 0]", "[0, 1]", "[1, 0]", "[1, 1]"];
    assert_eq!(
        counts_in(&graph, 0),
        all.map(|it| (it.to_owned(), 1)).into()
    );
    let both = after(&graph, &["ann", "bob"]);
    let loads = choices(&graph, both, "ann");
    let words: Vec<&String> = loads.keys().collect();
    assert_eq!(words.len(), 2, "{words:?}");
    assert!(
        words[0].contains("0 (stale)") && words[1].contains('1'),
        "{words:?}"
    );
    let newest = loads
        .iter()
        .find(|(words, _)| !words.contains("stale"))
        .unwrap()
        .1;
    assert_eq!(
        counts_in(&graph, *newest).len(),
        2,
        "bob's load is still open"
    );
}

/// It is decided when a wait begins whether it ends by itself.
#[test]
fn a_spurious_wake_up_is_a_choice() {
    let budget = Budget {
        spurious_wake_ups: 1,
        ..Budget::NONE
    };
    let graph = of(Memory::Sc, budget, || {
        let (is_open, opened) = (Mutex::new(false), Condvar::new());
        let waits = || *opened.wait(is_open.lock().unwrap()).unwrap();
        let opens = || {
            *is_open.lock().unwrap() = true;
            opened.notify_one();
            true
        };
        let seen = Actors::new()
            .enter("waits", waits)
            .enter("opens", opens)
            .run();
        format!("{}", seen[0])
    });
    let waits = graph.transitions.iter().filter(|it| it.chance.is_some());
    let waits: Vec<_> = waits.collect();
    assert!(!waits.is_empty());
    for wait in waits {
        assert_eq!(graph.threads[wait.thread], "waits");
        assert_eq!(
            wait.chance.as_deref(),
            Some("will wake up although no thread notifies it")
        );
    }
    let outcomes: Vec<_> = counts_in(&graph, 0).into_keys().collect();
    assert_eq!(outcomes, ["deadlock", "false", "true"]);
    let deadlock = { graph.states.iter() }.filter_map(|state| state.end.as_ref());
    let mut deadlock = deadlock.filter(|end| graph.outcomes[end.outcome].grade == Grade::Forbidden);
    let because = &deadlock.next().unwrap().because;
    assert!(because[0].contains("waits on `opened`"), "{because:?}");
}

#[test]
fn a_scene_with_too_many_states_has_no_graph() {
    let scene = || {
        let till = Mutex::new(0);
        let pay = || *till.lock().unwrap() += 1;
        Actors::new().enter("ann", pay).enter("bob", pay).run();
        Judged::promised("paid", "")
    };
    let states = |most| graph(Options::new(Memory::Sc), most, Arc::new(scene)).unwrap();
    let all = states(MOST_STATES).states.len();
    assert!(states(all).is_whole);
    let none = states(all - 1);
    assert!(!none.is_whole && none.states.is_empty());
}

fn graph_of(scene: &Scene, options: Options) -> Graph {
    let graph = graph(options, MOST_STATES, Arc::clone(&scene.run)).unwrap();
    for state in &graph.states {
        assert_eq!(state.next.is_empty(), state.end.is_some());
    }
    graph
}

/// The ends of a graph are the interleavings, by outcome, that an exploration counts.
#[test]
fn the_ends_are_the_interleavings_of_an_exploration() {
    let mut compared = 0;
    for lesson in lessons::all() {
        for version in &lesson.versions {
            for scene in version.explored() {
                let options = || {
                    let mut options = version.options(scene, lesson.memory);
                    options.explain = false;
                    options.preemptions = None;
                    options
                };
                let graph = graph_of(scene, options());
                if !graph.is_whole {
                    continue;
                }
                let found = explore(options(), Arc::clone(&scene.run)).unwrap();
                let name = format!("{}/{}, {}", lesson.name, version.name, scene.name);
                assert_eq!(counts_in(&graph, 0), counts_of(&found), "{name}");
                compared += 1;
            }
        }
    }
    assert!(compared > 150, "{compared}");
}

/// How many ways lead from the state to an end.
fn ways(graph: &Graph, state: usize) -> u64 {
    let next = graph.states[state].next.iter();
    let ways: u64 = next.map(|&(_, next)| ways(graph, next)).sum();
    ways + u64::from(graph.states[state].end.is_some())
}

/// With two clerks no end of an actor can come before another's, so that the ways through
/// the graph are all orders of transitions: one execution each without partial-order
/// reduction.
#[test]
fn the_ways_through_a_graph_are_all_orders() {
    let lesson = lessons::all().swap_remove(0);
    let mut orders = Vec::new();
    for version in &lesson.versions {
        for scene in version
            .explored()
            .filter(|it| it.name.starts_with("2 clerks"))
        {
            let graph = graph_of(scene, version.options(scene, lesson.memory));
            let mut options = version.options(scene, lesson.memory);
            options.all_orders = true;
            let all = explore(options, Arc::clone(&scene.run)).unwrap();
            assert_eq!(
                ways(&graph, 0),
                all.executions,
                "{}, {}",
                version.name,
                scene.name
            );
            orders.push(all.executions);
        }
    }
    assert_eq!(orders.len(), 18);
    assert_eq!(orders.iter().max(), Some(&6510));
}
