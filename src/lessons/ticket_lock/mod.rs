//! A lock that serves whoever waits in the order of arrival.
//!
//! # Story
//! Everybody who wants the lock draws a number and waits until it is called; who
//! is done calls the next. Two counters do it: `next`, the number that the next
//! to come will draw, and `serving`, the number that may enter now. What the
//! holder has written must be there for the next one to see: calling a number
//! hands over the memory too, and that is what the orderings are for.
//!
//! Promised: never two in the lock at once, first come first served (where
//! drawing a number is coming), no data race, and everybody gets a turn.
//!
//! # What the compiler already refuses
//! What may not go to another thread is not shared by putting a lock around it:
//! ```compile_fail
//! use racecourse::lessons::ticket_lock::right::TicketLock;
//! let lock = TicketLock::new(std::rc::Rc::new(20));
//! std::thread::scope(|office| {
//!     office.spawn(|| drop(lock.lock())); // error: `Rc<i32>` cannot be sent between threads safely
//! });
//! ```
//! (with an `Arc`, the same compiles)
//! ```
//! use racecourse::lessons::ticket_lock::right::TicketLock;
//! # if !racecourse::explorer::CAN_EXPLORE { // the model wants a scene
//! let lock = TicketLock::new(std::sync::Arc::new(20));
//! std::thread::scope(|office| {
//!     office.spawn(|| drop(lock.lock()));
//! });
//! # }
//! ```
//! and a guard may be shown to another thread only if what it guards may be:
//! ```compile_fail
//! use racecourse::lessons::ticket_lock::right::TicketLock;
//! let lock = TicketLock::new(std::cell::Cell::new(20));
//! let guard = lock.lock();
//! std::thread::scope(|office| {
//!     office.spawn(|| guard.set(19)); // error: `Cell<i32>` cannot be shared between threads safely
//! });
//! ```

pub mod right;
pub mod wrong;

use super::{Lesson, Mistake, Program, Scene, Seed, Version};
use crate::explorer::report::{Budget, Grade, Judged, Memory};
use crate::narrate;
use crate::sync::{Actors, rest};
use std::cmp::Ordering;

/// A fair lock around the number of turns taken so far.
pub trait FairLock: Send + Sync {
    /// Nobody holds it, and no turn has been taken.
    fn open() -> Self;

    /// Waits to be served and takes a turn.
    fn turn(&self) -> Turn;

    /// Takes a turn if it can be had at once.
    fn try_turn(&self) -> Option<Turn>;
}

/// One turn in the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The number drawn, from 0: the place in the order of coming.
    pub number: u64,
    /// How many turns the lock's counter had counted before this one: the place
    /// in the order of service.
    pub place: u64,
}

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
fn play<Lock: FairLock>(program: &Program) -> Judged {
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

fn scenes<Lock: FairLock + 'static>() -> Vec<Scene> {
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
                ..Budget::default()
            })
            .proof(),
    ]
}

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::TicketLock;
    use wrong::{
        BargesIn, ForgetsToServe, RelaxedUnlock, RelaxedWait, TornTicket, WakesTheWrongOne,
    };

    Lesson {
        name: "ticket_lock",
        title: "A lock that serves in the order of arrival",
        story: "Whoever wants the lock draws a number and waits until it is called. \
                The lock that lesson 1 takes from the library, opened up: \
                whoever calls the next number must also hand over what was written in the lock.",
        seed: Seed {
            lesson: None,
            faults: &[],
        },
        memory: Memory::C11,
        versions: vec![
            Version::right::<TicketLock<u64>>(
                "draws, waits, and hands over with release and acquire",
                scenes::<TicketLock<u64>>(),
                play::<TicketLock<u64>>,
            ),
            Version::wrong::<RelaxedUnlock>(
                "calls the next number without releasing what was written",
                scenes::<RelaxedUnlock>(),
                play::<RelaxedUnlock>,
                Mistake {
                    scene: "2 threads, 1 turn",
                    outcome: "data race",
                    preemptions: 0,
                    story: include_str!("stories/relaxed-unlock.txt"),
                },
            ),
            Version::wrong::<RelaxedWait>(
                "sees its number called without acquiring what was written",
                scenes::<RelaxedWait>(),
                play::<RelaxedWait>,
                Mistake {
                    scene: "2 threads, 1 turn",
                    outcome: "data race",
                    preemptions: 0,
                    story: include_str!("stories/relaxed-wait.txt"),
                },
            ),
            Version::wrong::<TornTicket>(
                "draws a number by a load and a store: two draw the same",
                scenes::<TornTicket>(),
                play::<TornTicket>,
                Mistake {
                    scene: "2 threads, 1 turn",
                    outcome: "data race",
                    preemptions: 2,
                    story: include_str!("stories/torn-ticket.txt"),
                },
            ),
            Version::wrong::<ForgetsToServe>(
                "tries by drawing a number, and leaves without calling the next",
                scenes::<ForgetsToServe>(),
                play::<ForgetsToServe>,
                Mistake {
                    scene: "a holder and a try_lock",
                    outcome: "livelock",
                    preemptions: 1,
                    story: include_str!("stories/forgets-to-serve.txt"),
                },
            ),
            Version::wrong::<BargesIn>(
                "draws a number, but whoever is fastest enters",
                scenes::<BargesIn>(),
                play::<BargesIn>,
                Mistake {
                    scene: "2 threads, 1 turn",
                    outcome: "served out of turn",
                    preemptions: 1,
                    story: include_str!("stories/barges-in.txt"),
                },
            ),
            Version::wrong::<WakesTheWrongOne>(
                "calls the next number with `notify_one`, which may wake another",
                // It takes three to see it.
                scenes::<WakesTheWrongOne>()
                    .into_iter()
                    .map(|scene| Scene {
                        proof: false,
                        ..scene
                    })
                    .collect(),
                play::<WakesTheWrongOne>,
                Mistake {
                    scene: "3 threads, 1 turn",
                    outcome: "deadlock",
                    preemptions: 1,
                    story: include_str!("stories/wakes-the-wrong-one.txt"),
                },
            ),
        ],
        heeds: &["clerks", "tickets"],
        for_real: None,
    }
}
