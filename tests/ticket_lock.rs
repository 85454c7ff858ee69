//! The ticket lock, with real threads.

use proptest::prelude::*;
use racecourse::explorer::report::Grade;
use racecourse::lessons::ticket_lock::right::{Guard, TicketLock};
use racecourse::lessons::ticket_lock::{Turn, judge, judge_try, sell, turns};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn no_turn_is_lost(threads in 1..=4_usize, each in 0..=200_usize) {
        let lock = TicketLock::new(0);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..each).for_each(|_| *lock.lock() += 1));
            }
        });
        prop_assert_eq!(lock.into_inner(), threads * each);
    }

    #[test]
    fn never_two_at_once(threads in 1..=4_usize, each in 0..=200_usize) {
        let lock = TicketLock::new(());
        let occupied = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for trying in 0..threads {
                let (lock, occupied) = (&lock, &occupied);
                scope.spawn(move || {
                    for _ in 0..each {
                        // One of the threads takes what try_lock gives.
                        let guard = match trying {
                            0 => lock.try_lock(),
                            _ => Some(lock.lock()),
                        };
                        if let Some(_guard) = guard {
                            assert!(!occupied.swap(true, SeqCst));
                            assert!(occupied.swap(false, SeqCst));
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn first_come_first_served(threads in 1..=4_usize, each in 0..=200_usize) {
        let turns = turns::<TicketLock<u64>>(threads, each);
        let mut served: Vec<Turn> = turns.into_iter().flatten().collect();
        prop_assert_eq!(served.len(), threads * each);
        served.sort_unstable_by_key(|turn| turn.place);
        for (place, turn) in (0..).zip(served) {
            prop_assert_eq!(turn, Turn { number: place, place });
        }
    }

    #[test]
    fn clerks_sell_every_ticket(clerks in 1..=4_usize, tickets in 0..=200_u64) {
        let sold = sell::<TicketLock<u64>>(clerks, tickets);
        prop_assert_eq!(sold.iter().flatten().count() as u64, tickets);
        prop_assert_eq!(judge(&sold).grade, Grade::Promised);
    }
}

#[test]
fn try_lock_fails_while_somebody_holds_the_lock() {
    let lock = TicketLock::new(1);
    let guard = lock.lock();
    assert!(lock.try_lock().is_none());
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(lock.try_lock().is_none()));
    });
    drop(guard);
    let guard = lock.try_lock().expect("the lock is free");
    assert!(lock.try_lock().is_none(), "what try_lock took is held too");
    drop(guard);
    *lock.lock() += 1;
    assert_eq!(*lock.try_lock().expect("the lock is free again"), 2);
}

#[test]
fn a_panic_unlocks_and_does_not_poison() {
    let lock = TicketLock::new(1);
    let ended = std::thread::scope(|scope| {
        scope
            .spawn(|| {
                *lock.lock() += 1;
                let _guard = lock.lock();
                panic!("while holding the lock");
            })
            .join()
    });
    assert!(ended.is_err());
    assert_eq!(*lock.try_lock().expect("unwinding lets go of it"), 2);
}

#[test]
fn a_guard_may_be_dropped_by_another_thread() {
    let lock = TicketLock::new(1);
    std::thread::scope(|scope| {
        let mut guard = lock.lock();
        scope.spawn(move || *guard += 1);
    });
    assert_eq!(*lock.try_lock().expect("the lock is free"), 2);
}

/// That they are not for what must not be sent or shared is shown by the lesson's
/// examples that do not compile.
#[test]
fn lock_and_guard_are_send_and_sync() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    send::<TicketLock<u64>>();
    sync::<TicketLock<u64>>();
    // What may be sent but not shared: the lock makes up for that.
    sync::<TicketLock<std::cell::Cell<u64>>>();
    send::<Guard<'_, u64>>();
    sync::<Guard<'_, u64>>();
}

fn turn(number: u64, place: u64) -> Turn {
    Turn { number, place }
}

#[test]
fn the_judge_promises_good_turns() {
    let judged = judge(&[vec![turn(0, 0), turn(2, 2)], vec![turn(1, 1)]]);
    assert_eq!(judged.grade, Grade::Promised);
    assert_eq!(judged.outcome, "served 1 2 1");
    // A number may be drawn and not used: another clerk found all sold.
    assert_eq!(
        judge(&[vec![turn(0, 0)], vec![turn(3, 1)]]).grade,
        Grade::Promised
    );
}

#[test]
fn the_judge_forbids_bad_turns() {
    for (turns, outcome) in [
        (
            [vec![turn(0, 0)], vec![turn(1, 0)]],
            "two in the lock at once",
        ),
        (
            [vec![turn(0, 0)], vec![turn(1, 2)]],
            "two in the lock at once",
        ),
        ([vec![turn(0, 1)], vec![turn(1, 0)]], "served out of turn"),
        ([vec![turn(0, 0)], vec![turn(0, 1)]], "number 0 drawn twice"),
    ] {
        for judged in [judge(&turns), judge_try(&turns)] {
            assert_eq!(judged.grade, Grade::Forbidden, "{outcome}");
            assert_eq!(judged.outcome, outcome);
        }
    }
}

#[test]
fn the_judge_tells_whether_try_lock_worked() {
    let holder = vec![turn(0, 0), turn(1, 1)];
    assert_eq!(
        judge_try(&[holder.clone(), vec![]]).outcome,
        "try_lock fails"
    );
    assert_eq!(
        judge_try(&[holder, vec![turn(2, 2)]]).outcome,
        "try_lock succeeds"
    );
}
