//! The ticket lock, with real threads.

use proptest::prelude::*;
use racecourse::explorer::report::Grade;
use racecourse::lessons::ticket_lock::right::{Guard, TicketLock};
use racecourse::lessons::ticket_lock::{FairLock, Turn, judge, judge_try, sell};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::yield_now;

/// So many threads, none of which begins before all are there: short parts would
/// otherwise be played one after another.
pub fn together<R: Send>(threads: usize, part: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let missing = AtomicUsize::new(threads);
    let (missing, part) = (&missing, &part);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    missing.fetch_sub(1, SeqCst);
                    while missing.load(SeqCst) > 0 {
                        yield_now();
                    }
                    part(thread)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn is_first_come_first_served(threads: usize, each: usize) {
    let lock = TicketLock::open();
    let turns = together(threads, |_| {
        (0..each).map(|_| lock.turn()).collect::<Vec<_>>()
    });
    let mut served: Vec<Turn> = turns.into_iter().flatten().collect();
    assert_eq!(served.len(), threads * each);
    served.sort_unstable_by_key(|turn| turn.place);
    for (place, turn) in (0..).zip(served) {
        let number = place;
        assert_eq!(turn, Turn { number, place });
    }
}

#[test]
fn first_come_first_served_for_long() {
    is_first_come_first_served(3, 10_000);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn no_turn_is_lost(threads in 1..=4_usize, each in 0..=200_usize) {
        let lock = TicketLock::new(0);
        together(threads, |_| {
            for _ in 0..each {
                let mut turns = lock.lock();
                let before = *turns;
                yield_now(); // an open door for anybody whom the lock lets through
                *turns = before + 1;
            }
        });
        prop_assert_eq!(*lock.lock(), threads * each);
    }

    #[test]
    fn never_two_at_once(threads in 1..=4_usize, each in 0..=200_usize) {
        let lock = TicketLock::new(());
        let occupied = AtomicBool::new(false);
        together(threads, |thread| {
            for _ in 0..each {
                // One of the threads takes what try_lock gives.
                let guard = match thread {
                    0 => lock.try_lock(),
                    _ => Some(lock.lock()),
                };
                if let Some(_guard) = guard {
                    assert!(!occupied.swap(true, SeqCst));
                    yield_now();
                    assert!(occupied.swap(false, SeqCst));
                }
            }
        });
    }

    #[test]
    fn first_come_first_served(threads in 1..=4_usize, each in 0..=200_usize) {
        is_first_come_first_served(threads, each);
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
