//! Scenes of a lock.

use super::lesson::{FairLock, Turn, judge, judge_tries, judge_try};
use crate::explorer::report::{Budget, Grade, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::sync::{Actors, rest};

/// Each of the clerks takes that many turns.
pub fn turns<Lock: FairLock>(clerks: usize, turns: usize) -> Vec<Vec<Turn>> {
    let lock = Lock::open();
    let lock = &lock;
    let mut actors = Actors::new();
    for clerk in 1..=clerks {
        actors = actors.enter(format!("clerk-{clerk}"), move || {
            let mut taken = Vec::new();
            for _ in 0..turns {
                taken.push(lock.turn());
            }
            taken
        });
    }
    actors.run()
}

/// A holder takes two turns, and another thread tries once to take one.
pub fn holder_and_try<Lock: FairLock>() -> Vec<Vec<Turn>> {
    let lock = Lock::open();
    Actors::new()
        .enter("holder", || {
            let first = lock.turn();
            narrate!("locks again");
            vec![first, lock.turn()]
        })
        .enter("trier", || {
            let turn = lock.try_turn();
            if turn.is_none() {
                narrate!("try_lock has failed");
            }
            turn.into_iter().collect()
        })
        .run()
}

/// Clerks sell numbered tickets, counted in the lock, until all are sold.
pub fn sell<Lock: FairLock>(clerks: usize, tickets: u64) -> Vec<Vec<Turn>> {
    let lock = Lock::open();
    let lock = &lock;
    let mut actors = Actors::new();
    for clerk in 1..=clerks {
        actors = actors.enter(format!("clerk-{clerk}"), move || {
            let mut sold = Vec::new();
            loop {
                let turn = lock.turn();
                if turn.place >= tickets {
                    narrate!("number {} is served: sold out", turn.number);
                    return sold;
                }
                narrate!(
                    "number {} is served: sells ticket {}",
                    turn.number,
                    turn.place + 1
                );
                sold.push(turn);
                rest();
            }
        });
    }
    actors.run()
}

/// A thread tries to take a turn while it holds the lock, and twice when it does not.
fn tries<Lock: FairLock>() -> [Option<Turn>; 3] {
    let lock = Lock::open();
    let tries = || {
        let mut held = None;
        let _ = lock.turn_with(|| held = lock.try_turn());
        [held, lock.try_turn(), lock.try_turn()]
    };
    Actors::new().enter("trier", tries).run()[0]
}

/// The ticket office, with its tickets counted in this lock.
pub(super) fn play<Lock: FairLock>(program: &Program) -> Judged {
    let tickets = program.tickets as u64;
    let sold = sell::<Lock>(program.clerks, tickets);
    let judged = judge(&sold);
    let each: Vec<String> = sold.iter().map(|sold| sold.len().to_string()).collect();
    let outcome = format!("sold {}", each.join(" + "));
    if judged.grade == Grade::Forbidden {
        judged
    } else if sold.iter().flatten().count() as u64 == tickets {
        Judged::promised(outcome, judged.meaning)
    } else {
        Judged::forbidden(outcome, format!("there were {tickets} tickets"))
    }
}

/// The scenes of the lesson, with that version.
#[must_use]
pub fn scenes<Lock: FairLock + 'static>() -> Vec<Scene> {
    let scene = |name, clerks, each| Scene::new(name, move || judge(&turns::<Lock>(clerks, each)));
    vec![
        scene("2 threads, 1 turn", 2, 1).must_occur(&["served 1 2", "served 2 1"]),
        Scene::new("a holder and a try_lock", || {
            judge_try(&holder_and_try::<Lock>())
        })
        .must_occur(&["try_lock fails", "try_lock succeeds"]),
        Scene::new("1 thread, tries a held lock, then a free one", || {
            judge_tries(&tries::<Lock>())
        })
        .must_occur(&["try_lock fails, then succeeds"])
        .proof(),
        scene("2 threads, 2 turns", 2, 2)
            .must_occur(&["served 1 2 1 2", "served 1 1 2 2", "served 2 1 1 2"])
            .proof(),
        scene("3 threads, 1 turn", 3, 1)
            .must_occur(&["served 1 2 3", "served 3 2 1"])
            .budget(Budget {
                any_waiter: true,
                ..Budget::NONE
            })
            .proof(),
    ]
}
