//! Scenes of a lock, and the judge of their outcomes.

use super::lesson::{FairLock, Turn};
use crate::explorer::report::{Budget, Grade, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::sync::{Actors, rest};
use std::cmp::Ordering;

/// So many clerks take so many turns each.
pub fn turns<Lock: FairLock>(clerks: usize, turns: usize) -> Vec<Vec<Turn>> {
    let lock = Lock::open();
    let lock = &lock;
    let mut actors = Actors::new();
    for clerk in 1..=clerks {
        actors = actors.enter(format!("clerk-{clerk}"), move || {
            (0..turns).map(|_| lock.turn()).collect()
        });
    }
    actors.run()
}

/// A holder takes two turns, and another tries once to take one.
pub fn holder_and_try<Lock: FairLock>() -> Vec<Vec<Turn>> {
    let lock = Lock::open();
    Actors::new()
        .enter("holder", || vec![lock.turn(), lock.turn()])
        .enter("trier", || lock.try_turn().into_iter().collect())
        .run()
}

/// Clerks sell numbered tickets from a counter in the lock until all are sold.
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
                    narrate!("served with number {}: sold out", turn.number);
                    return sold;
                }
                narrate!(
                    "served with number {}: sells ticket {}",
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

/// Holds everybody's turns against the promises: one at a time, and in the order
/// of the numbers drawn.
#[must_use]
pub fn judge(turns: &[Vec<Turn>]) -> Judged {
    let mut served: Vec<(Turn, usize)> = (1..)
        .zip(turns)
        .flat_map(|(actor, turns)| turns.iter().map(move |turn| (*turn, actor)))
        .collect();
    served.sort_by_key(|(turn, _)| turn.place);
    if (0..)
        .zip(&served)
        .any(|(place, (turn, _))| turn.place != place)
    {
        return Judged::forbidden(
            "two in the lock at once",
            "both read the same count, and one turn was lost",
        );
    }
    for pair in served.windows(2) {
        let (before, after) = (pair[0].0.number, pair[1].0.number);
        match before.cmp(&after) {
            Ordering::Less => {}
            Ordering::Equal => {
                return Judged::forbidden(
                    format!("number {after} drawn twice"),
                    "two may enter when it is called",
                );
            }
            Ordering::Greater => {
                return Judged::forbidden(
                    "served out of turn",
                    format!("number {before} was served before number {after}"),
                );
            }
        }
    }
    let order: Vec<String> = served.iter().map(|(_, actor)| actor.to_string()).collect();
    Judged::promised(
        format!("served {}", order.join(" ")),
        "one at a time, in the order of coming",
    )
}

/// The holder's turns and the attempt: besides the promises, whether it worked.
#[must_use]
pub fn judge_try(turns: &[Vec<Turn>]) -> Judged {
    let judged = judge(turns);
    if judged.grade == Grade::Forbidden {
        return judged;
    }
    match turns[1].len() {
        0 => Judged::promised("try_lock fails", "somebody was there before"),
        _ => Judged::promised("try_lock succeeds", "nobody was there"),
    }
}

/// The ticket office, with its counter in this lock.
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

pub(super) fn scenes<Lock: FairLock + 'static>() -> Vec<Scene> {
    let scene = |name, clerks, each| Scene::new(name, move || judge(&turns::<Lock>(clerks, each)));
    vec![
        scene("2 threads, 1 turn", 2, 1).must_occur(&["served 1 2", "served 2 1"]),
        Scene::new("a holder and a try_lock", || {
            judge_try(&holder_and_try::<Lock>())
        })
        .must_occur(&["try_lock fails", "try_lock succeeds"]),
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
