//! Every bread is sold once and everybody goes home, whatever the numbers.

use crate::bounded_queue::{config, ends};
use proptest::prelude::*;
use racecourse::explorer::report::Grade;
use racecourse::lessons::bread_queue::right::ClosesWhenBaked;
use racecourse::lessons::bread_queue::{Bread, Day, lesson};
use racecourse::lessons::{Program, Version};
use std::num::NonZeroUsize;

fn day(bakers: usize, customers: usize, breads: usize, capacity: usize) -> Day {
    Day {
        bakers,
        customers,
        breads,
        capacity: NonZeroUsize::new(capacity).unwrap(),
    }
}

/// What each customer bought; fails if somebody does not go home.
fn bought(day: Day) -> Vec<Vec<Bread>> {
    ends(move || day.at::<ClosesWhenBaked>())
}

/// All breads of a day, in order.
fn baked(day: Day) -> Vec<Bread> {
    let of = |baker| (1..=day.breads).map(move |number| Bread { baker, number });
    (1..=day.bakers).flat_map(of).collect()
}

fn in_order(bought: &[Vec<Bread>]) -> Vec<Bread> {
    let mut all = bought.concat();
    all.sort_unstable_by_key(|bread| (bread.baker, bread.number));
    all
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn every_bread_is_sold_once_and_everybody_goes_home(
        bakers in 1..=4_usize,
        customers in 1..=4_usize,
        breads in 0..=20_usize,
        capacity in 1..=16_usize,
    ) {
        let day = day(bakers, customers, breads, capacity);
        let bought = bought(day);
        prop_assert_eq!(bought.len(), customers);
        prop_assert_eq!(in_order(&bought), baked(day));
        prop_assert_eq!(day.judge(&bought).grade, Grade::Promised);
    }
}

#[test]
fn more_customers_than_breads_go_home_too() {
    for breads in [0, 1] {
        let day = day(1, 4, breads, 1);
        assert_eq!(in_order(&bought(day)), baked(day));
    }
}

#[test]
fn one_customer_buys_all_there_is() {
    let day = day(4, 1, 20, 1);
    assert_eq!(in_order(&bought(day)), baked(day));
}

#[test]
fn without_a_baker_everybody_goes_home() {
    assert_eq!(bought(day(0, 2, 10, 1)), [[], []]);
}

fn right() -> Version {
    let right = lesson().versions.swap_remove(0);
    assert!(right.is_right());
    right
}

#[test]
fn the_tutorials_day_comes_to_its_end() {
    let judged = ends(|| (right().play)(&Program::default()));
    assert_eq!(judged.grade, Grade::Promised, "{judged:?}");
}

#[test]
fn a_play_that_could_not_end_is_refused() {
    let program = Program::default();
    let no_customers = Program {
        customers: 0,
        ..program.clone()
    };
    let no_queue = Program {
        capacity: 0,
        ..program
    };
    for program in [no_customers, no_queue] {
        let judged = ends(move || (right().play)(&program));
        assert_eq!(judged.grade, Grade::Forbidden);
    }
}

/// Every scene of the right bakery, once, with real threads.
#[test]
fn every_scene_ends_as_promised() {
    for scene in right().scenes {
        let judged = ends(move || (scene.run)());
        assert_eq!(judged.grade, Grade::Promised, "{}: {judged:?}", scene.name);
    }
}

#[test]
fn the_judge_sees_every_broken_promise() {
    let day = day(1, 2, 2, 1);
    let [one, two] = baked(day)[..] else {
        unreachable!("two breads")
    };
    let judged = |bought: [Vec<Bread>; 2]| {
        let judged = day.judge(&bought);
        (judged.grade, judged.outcome)
    };
    let forbidden = |outcome: &str| (Grade::Forbidden, outcome.to_owned());
    assert_eq!(
        judged([vec![one, two], vec![]]),
        (Grade::Promised, "bought 2 + 0".to_owned())
    );
    assert_eq!(judged([vec![one], vec![]]), forbidden("1 of 2 breads sold"));
    assert_eq!(
        judged([vec![one, two], vec![two]]),
        forbidden("bread 2 of baker-1 sold twice")
    );
}
