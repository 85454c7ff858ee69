//! Which search runs, and with which settings.

use super::*;
use crate::engine::execution::run::Which;
use crate::explorer::replay::{Scene, execute};
use crate::explorer::report::{Judged, Memory};
use crate::sync::Actors;
use crate::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::panic::Location;
use std::sync::Arc;

/// So many executions of the first search come before any of the second.
const FIRST: u64 = 2 * IN_A_ROW * SHARE;

fn searches(preemptions: Option<usize>, all_orders: bool) -> TwoSearches {
    let mut options = Options::new(Memory::Sc);
    options.preemptions = preemptions;
    options.all_orders = all_orders;
    let mut searches = TwoSearches::new(Settings::default(), &options);
    searches.alone = FIRST;
    searches
}

/// How many executions the first search has before the second begins.
fn before_few(searches: &mut TwoSearches) -> usize {
    (0..10_000).find(|_| searches.next() == By::Few).unwrap()
}

fn settings(searches: &TwoSearches, by: By) -> Settings {
    searches.runner(by).execution().settings
}

#[test]
fn the_second_search_has_its_share_once_the_first_has_had_its_executions() {
    let mut searches = searches(None, false);
    assert!((0..FIRST).all(|_| searches.next() == By::All));
    // It catches up first. Later searches come one at a time.
    let mut takes = |by, many| assert!((0..many).all(|_| searches.next() == by), "{by:?} {many}");
    takes(By::Few, 2 * IN_A_ROW);
    for _ in 0..3 {
        takes(By::All, IN_A_ROW * SHARE);
        takes(By::Few, IN_A_ROW);
    }
    assert_eq!(searches.next(), By::All);
    assert_eq!(searches.runner(By::All).bound(), None);
    assert_eq!(searches.runner(By::Few).bound(), Some(0));
}

#[test]
fn with_a_bound_or_in_all_orders_there_is_one_search() {
    let mut bounded = searches(Some(2), false);
    assert!((0..2 * FIRST).all(|_| bounded.next() == By::Few));
    assert_eq!(bounded.runner(By::Few).bound(), Some(0));
    drop(bounded);
    let mut all_orders = searches(None, true);
    assert!((0..2 * FIRST).all(|_| all_orders.next() == By::All));
}

#[test]
fn what_one_search_needs_the_other_is_given() {
    let mut searches = searches(None, false);
    before_few(&mut searches);
    let needed = Settings {
        endless_loops: 1,
        ..settings(&searches, By::Few)
    };
    searches.start_again(By::Few, needed);
    let all = Settings {
        reduction: Reduction::Full,
        // Only the second search needs that in any case.
        releases_are_seen: false,
        ..needed
    };
    assert_eq!(settings(&searches, By::All), all);
    // The first is alone again, and then the second starts with what was needed.
    assert_eq!(before_few(&mut searches) as u64, FIRST);
    assert_eq!(settings(&searches, By::Few), needed);

    // No less is left out than before, whatever the other search finds.
    let sleeps = Settings {
        reduction: Reduction::SleepSets,
        ..all
    };
    searches.start_again(By::All, sleeps);
    before_few(&mut searches);
    assert_eq!(settings(&searches, By::Few), needed);
    searches.start_again(By::Few, needed);
    assert_eq!(settings(&searches, By::All), sleeps);
}

#[test]
fn a_loop_without_an_end_that_one_search_has_found_is_known_to_the_other() {
    let mut searches = searches(None, false);
    before_few(&mut searches);
    let at = Location::caller();
    searches.runner(By::Few).execution().endless_loops.push(at);
    let needs = Settings {
        endless_loops: 1,
        ..settings(&searches, By::Few)
    };
    searches.start_again(By::Few, needs);
    assert_eq!(searches.runner(By::All).learned().endless_loops, [at]);
    before_few(&mut searches);
    assert_eq!(searches.runner(By::Few).learned().endless_loops, [at]);
}

#[test]
fn a_search_that_starts_again_starts_without_preemptions() {
    let mut searches = searches(Some(2), false);
    searches.next();
    searches.runner(By::Few).raise_bound();
    assert_eq!(searches.runner(By::Few).bound(), Some(1));
    let needs = Settings {
        releases_are_seen: true,
        ..settings(&searches, By::Few)
    };
    searches.start_again(By::Few, needs);
    let again = Settings {
        reduction: Reduction::Preemptions(0),
        ..needs
    };
    assert_eq!(settings(&searches, By::Few), again);
}

/// Two threads load and store in two steps each: at most both are preempted.
fn adds() -> Judged {
    let number = AtomicUsize::new(0);
    let adds = || number.store(number.load(SeqCst) + 1, SeqCst);
    Actors::new().enter("a", adds).enter("b", adds).run();
    Judged::promised(number.into_inner().to_string(), "")
}

/// What is proved, one after another, within so many executions.
fn proved(preemptions: usize) -> Vec<Proved> {
    let scene: Scene = Arc::new(adds);
    let mut searches = searches(Some(preemptions), false);
    let mut proved = Vec::new();
    for _ in 0..100 {
        let by = searches.next();
        execute(searches.runner(by), &scene, Which::Next);
        let (goes_on, now) = searches.advance(by);
        proved.extend(now);
        if !goes_on {
            break;
        }
    }
    proved
}

#[test]
fn the_bound_is_raised_up_to_the_one_that_was_chosen() {
    let [none, one] = [0, 1].map(Proved::Preemptions);
    assert_eq!(proved(0), [none]);
    assert_eq!(proved(1), [none, one]);
    assert_eq!(proved(2), [none, one, Proved::All]);
    assert_eq!(proved(9), [none, one, Proved::All]);
}
