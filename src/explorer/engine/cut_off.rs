//! Stories that may not be the simplest: their order was not searched to the end, or the
//! exploration stopped.

use super::*;
use crate::sync::Actors;
use crate::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Two threads add 1. To lose one of the two takes a preemption.
fn adds() -> String {
    let number = AtomicUsize::new(0);
    let adds = || number.store(number.load(SeqCst) + 1, SeqCst);
    Actors::new().enter("a", adds).enter("b", adds).run();
    number.into_inner().to_string()
}

/// Reads between two stores: only one interleaving does.
fn reads_between() -> String {
    let number = AtomicUsize::new(0);
    let stores = || {
        number.store(1, SeqCst);
        number.store(2, SeqCst);
        0
    };
    let reads = || number.load(SeqCst);
    let seen = Actors::new()
        .enter("stores", stores)
        .enter("reads", reads)
        .run();
    seen[1].to_string()
}

/// By outcome: the preemptions of the story, and whether that is minimal.
fn told(scene: fn() -> String, options: Options, places: usize) -> BTreeMap<String, (usize, bool)> {
    let scene: Scene = Arc::new(move || Judged::promised(scene(), ""));
    let mut found = Found::nothing(&options);
    found.places = places;
    let found = explore(options, &scene, &Mutex::new(found)).unwrap();
    let outcomes = found.outcomes.into_iter();
    outcomes
        .map(|row| (row.outcome, (row.story.preemptions, row.story.minimal)))
        .collect()
}

#[test]
fn a_story_is_minimal_as_far_as_orders_were_searched() {
    let told = |scene, places| told(scene, Options::new(Memory::Sc), places);
    for scene in [adds, reads_between] {
        let told: Vec<_> = (0..100).map(|places| told(scene, places)["1"]).collect();
        // At first no order is searched, in the end all are.
        assert!(!told[0].1);
        assert_eq!(told[99], (1, true));
        assert!(told.is_sorted_by_key(|told| told.1), "{told:?}");
    }
    // So many places it takes for the one interleaving that reads between, and so many
    // for the two together that lose one.
    let enough = |scene| (0..100).find(|&places| told(scene, places)["1"].1);
    assert_eq!([reads_between, adds].map(enough), [Some(6), Some(13)]);
    // Nothing is better than no preemption, searched or not.
    assert_eq!(told(adds, 0)["2"], (0, true));
}

#[test]
fn when_the_exploration_stops_only_a_story_without_preemptions_is_minimal() {
    let told = |executions| {
        let mut options = Options::new(Memory::Sc);
        options.max_executions = Some(executions);
        told(adds, options, 1_000)
    };
    let expected = [("1".to_owned(), (1, false)), ("2".to_owned(), (0, true))];
    let both = (1..).map(told).find(|told| told.len() == 2);
    assert_eq!(both, Some(BTreeMap::from(expected)));
}
