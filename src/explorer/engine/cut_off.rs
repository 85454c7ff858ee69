//! Stories that may not be the simplest: their order was not searched to the end, or the
//! exploration stopped.

use super::*;
use crate::sync::Actors;
use crate::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Two threads add 1. To lose one of the two takes a preemption. By outcome: the
/// preemptions of the story, and whether that is minimal.
fn lost_update(options: Options, places: usize) -> BTreeMap<String, (usize, bool)> {
    let scene: Scene = Arc::new(|| {
        let number = AtomicUsize::new(0);
        let adds = || number.store(number.load(SeqCst) + 1, SeqCst);
        Actors::new().enter("a", adds).enter("b", adds).run();
        Judged::promised(number.into_inner().to_string(), "")
    });
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
    let options = || Options::new(Memory::Sc);
    let told: Vec<_> = (0..100)
        .map(|places| lost_update(options(), places)["1"])
        .collect();
    // At first no order is searched, in the end all are. In between those without a
    // preemption are: then no other can be better.
    assert_eq!(told[0], (1, false));
    assert_eq!(told[99], (1, true));
    assert!(told.is_sorted(), "{told:?}");
    // Nothing is better than no preemption, searched or not.
    assert_eq!(lost_update(options(), 0)["2"], (0, true));
}

#[test]
fn when_the_exploration_stops_only_a_story_without_preemptions_is_minimal() {
    let told = |executions| {
        let mut options = Options::new(Memory::Sc);
        options.max_executions = Some(executions);
        lost_update(options, 1_000)
    };
    let expected = [("1".to_owned(), (1, false)), ("2".to_owned(), (0, true))];
    let both = (1..).map(told).find(|told| told.len() == 2);
    assert_eq!(both, Some(BTreeMap::from(expected)));
}
