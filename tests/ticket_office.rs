//! The ticket office, with real threads.

use crate::ticket_lock::together;
use proptest::prelude::*;
use racecourse::explorer::report::Grade;
use racecourse::lessons::ticket_office::right::{Atomic, Locked};
use racecourse::lessons::ticket_office::{Sale, TicketOffice, day, judge};

/// As [`day`], but no clerk sells before all are there.
fn busy_day<Office: TicketOffice>(clerks: usize, tickets: i64) -> Vec<Vec<Sale>> {
    let office = Office::open(tickets, clerks);
    together(clerks, |clerk| {
        std::iter::from_fn(|| office.sell(clerk)).collect()
    })
}

fn each_ticket_is_sold_once<Office: TicketOffice>(clerks: usize, tickets: i64) {
    let mut sold: Vec<i64> = busy_day::<Office>(clerks, tickets)
        .iter()
        .flatten()
        .map(|sale| sale.ticket)
        .collect();
    sold.sort_unstable();
    assert!(sold.into_iter().eq(1..=tickets));
}

fn every_remainder_is_right<Office: TicketOffice>(clerks: usize, tickets: i64) {
    for sale in busy_day::<Office>(clerks, tickets).iter().flatten() {
        assert_eq!(sale.left, sale.ticket - 1, "after ticket {}", sale.ticket);
    }
}

fn each_clerk_sees_numbers_fall<Office: TicketOffice>(clerks: usize, tickets: i64) {
    for sold in busy_day::<Office>(clerks, tickets) {
        assert!(sold.is_sorted_by(|before, after| before.ticket > after.ticket));
    }
}

fn an_empty_office_sells_nothing<Office: TicketOffice>(clerks: usize, tickets: i64) {
    let office = Office::open(tickets, clerks);
    while office.sell(0).is_some() {}
    together(clerks, |clerk| assert_eq!(office.sell(clerk), None));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn every_ticket_is_sold_once(clerks in 1..=8_usize, tickets in 0..=500_i64) {
        each_ticket_is_sold_once::<Locked>(clerks, tickets);
        each_ticket_is_sold_once::<Atomic>(clerks, tickets);
    }

    #[test]
    fn every_announced_remainder_is_right(clerks in 1..=8_usize, tickets in 0..=500_i64) {
        every_remainder_is_right::<Locked>(clerks, tickets);
        every_remainder_is_right::<Atomic>(clerks, tickets);
    }

    #[test]
    fn nobody_sells_a_number_above_the_last(clerks in 1..=8_usize, tickets in 0..=500_i64) {
        each_clerk_sees_numbers_fall::<Locked>(clerks, tickets);
        each_clerk_sees_numbers_fall::<Atomic>(clerks, tickets);
    }

    #[test]
    fn an_empty_office_says_so_to_everybody(clerks in 1..=8_usize, tickets in 0..=20_i64) {
        an_empty_office_sells_nothing::<Locked>(clerks, tickets);
        an_empty_office_sells_nothing::<Atomic>(clerks, tickets);
    }

    #[test]
    fn the_judge_finds_nothing_wrong(clerks in 1..=8_usize, tickets in 0..=500_i64) {
        for day in [day::<Locked>(clerks, tickets), day::<Atomic>(clerks, tickets)] {
            prop_assert_eq!(judge(tickets, &day).grade, Grade::Promised);
        }
    }
}

/// Long enough for the clerks to get in each other's way, with some luck: that they
/// may in every way there is, is for the explorer to see.
#[test]
fn a_long_day_is_right() {
    each_ticket_is_sold_once::<Locked>(2, 1_000_000);
    each_ticket_is_sold_once::<Atomic>(2, 1_000_000);
    every_remainder_is_right::<Locked>(2, 1_000_000);
    every_remainder_is_right::<Atomic>(2, 1_000_000);
}

/// A sale with its remainder right.
fn sale(ticket: i64) -> Sale {
    Sale {
        ticket,
        left: ticket - 1,
    }
}

#[test]
fn the_judge_promises_good_days() {
    assert_eq!(
        judge(3, &[vec![sale(3), sale(1)], vec![sale(2)]]).outcome,
        "sold 2 + 1"
    );
    assert_eq!(judge(0, &[vec![], vec![]]).grade, Grade::Promised);
}

#[test]
fn the_judge_forbids_bad_days() {
    let wrong_remainder = Sale { ticket: 2, left: 0 };
    for (tickets, day, outcome) in [
        (1, [vec![sale(1)], vec![sale(0)]], "ticket 0 sold"),
        (1, [vec![sale(1)], vec![sale(2)]], "ticket 2 sold"),
        (1, [vec![sale(1)], vec![sale(1)]], "ticket 1 sold twice"),
        (2, [vec![sale(2)], vec![]], "1 of 2 sold"),
        (
            2,
            [vec![wrong_remainder], vec![sale(1)]],
            "a wrong remainder announced",
        ),
    ] {
        let judged = judge(tickets, &day);
        assert_eq!(judged.grade, Grade::Forbidden, "{outcome}");
        assert_eq!(judged.outcome, outcome);
    }
}
