//! Clerks sell the tickets of one office.
//!
//! # Story
//! An office has some tickets, numbered by how many are left, and several
//! clerks. Each clerk sells until the office is empty, and announces after every
//! sale how many are left. Between looking whether there is a ticket and taking
//! it, another clerk can be faster.
//!
//! # What the compiler already refuses
//! The seed's global counter, changed by two threads, does not compile in safe
//! Rust:
//! ```compile_fail
//! let mut left = 20;
//! std::thread::scope(|office| {
//!     office.spawn(|| left -= 1);
//!     office.spawn(|| left -= 1); // error: cannot borrow `left` as mutable more than once
//! });
//! ```
//! and what a mutex protects cannot be read after letting go of it, which is how
//! the seed announces a remainder that may be wrong:
//! ```compile_fail
//! let left = std::sync::Mutex::new(20);
//! let mut guard = left.lock().unwrap();
//! *guard -= 1;
//! drop(guard);
//! println!("{} left", *guard); // error: borrow of moved value: `guard`
//! ```

pub mod right;
pub mod wrong;

use super::{Fault, Lesson, Mistake, Program, Scene, Seed, Version};
use crate::explorer::report::{Grade, Judged, Memory};
use crate::narrate;
use crate::sync::{Actors, rest};
use std::collections::HashSet;

/// An office that sells tickets.
pub trait TicketOffice: Send + Sync {
    /// An office with that many tickets, for that many clerks.
    fn open(tickets: i64, clerks: usize) -> Self;

    /// Clerk number `clerk` (from 0) sells a ticket; `None` once the office is
    /// empty.
    fn sell(&self, clerk: usize) -> Option<Sale>;
}

/// One ticket sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale {
    /// The ticket's number: how many were left, this one included.
    pub ticket: i64,
    /// How many are left after this sale, as the clerk announces it.
    pub left: i64,
}

/// The office's day: what each clerk sold, until the office said it was empty.
pub fn day<Office: TicketOffice>(clerks: usize, tickets: i64) -> Vec<Vec<Sale>> {
    sales::<Office>(clerks, tickets, usize::MAX)
}

/// What each clerk sold who was to make that many sales at the most.
fn sales<Office: TicketOffice>(clerks: usize, tickets: i64, most: usize) -> Vec<Vec<Sale>> {
    let office = Office::open(tickets, clerks);
    let office = &office;
    let mut actors = Actors::new();
    for clerk in 0..clerks {
        actors = actors.enter(format!("clerk-{}", clerk + 1), move || {
            let mut sold = Vec::new();
            while sold.len() < most {
                let Some(sale) = office.sell(clerk) else {
                    narrate!("sold out");
                    break;
                };
                narrate!("sold ticket {}, {} left", sale.ticket, sale.left);
                sold.push(sale);
                rest();
            }
            sold
        });
    }
    actors.run()
}

/// Holds a day against the promises: as many sold as there were, no number sold
/// twice, the announced remainders right.
#[must_use]
pub fn judge(tickets: i64, day: &[Vec<Sale>]) -> Judged {
    let sales: Vec<Sale> = day.iter().flatten().copied().collect();
    let mut numbers = HashSet::new();
    if let Some(twice) = sales.iter().find(|sale| !numbers.insert(sale.ticket)) {
        return Judged::forbidden(
            format!("ticket {} sold twice", twice.ticket),
            "two customers hold the same ticket",
        );
    }
    if let Some(sale) = sales
        .iter()
        .find(|sale| !(1..=tickets).contains(&sale.ticket))
    {
        return Judged::forbidden(
            format!("ticket {} sold", sale.ticket),
            "a ticket that was never there: oversold",
        );
    }
    if sales.len() as i64 != tickets {
        return Judged::forbidden(
            format!("{} of {tickets} sold", sales.len()),
            "everybody has gone home, and tickets are left",
        );
    }
    if sales.iter().any(|sale| sale.left != sale.ticket - 1) {
        return Judged::forbidden(
            "a wrong remainder announced",
            "not what was left after the sale",
        );
    }
    let each: Vec<String> = day.iter().map(|sold| sold.len().to_string()).collect();
    Judged::promised(
        format!("sold {}", each.join(" + ")),
        "each ticket once, each remainder right",
    )
}

/// The seed's day: as many clerks and tickets as the program says.
fn play<Office: TicketOffice>(program: &Program) -> Judged {
    let tickets = i64::try_from(program.tickets).expect("the command line lets no more through");
    judge(tickets, &day::<Office>(program.clerks, tickets))
}

fn scenes<Office: TicketOffice + 'static>() -> Vec<Scene> {
    let scene = |name, clerks, tickets| {
        Scene::new(name, move || {
            judge(tickets, &day::<Office>(clerks, tickets))
        })
    };
    vec![
        scene("2 clerks, 1 ticket", 2, 1).must_occur(&["sold 1 + 0", "sold 0 + 1"]),
        scene("2 clerks, 2 tickets", 2, 2).must_occur(&["sold 2 + 0", "sold 1 + 1", "sold 0 + 2"]),
        Scene::new("2 clerks, 2 tickets, a sale each", || {
            let sales = sales::<Office>(2, 2, 1);
            match judge(2, &sales) {
                // The office was never empty: nobody may be told that it is.
                judged if judged.grade == Grade::Promised => match judged.outcome.as_str() {
                    "sold 1 + 1" => judged,
                    other => Judged::forbidden(other, "a clerk was sent away from a full office"),
                },
                judged => judged,
            }
        })
        .must_occur(&["sold 1 + 1"]),
        scene("3 clerks, 2 tickets", 3, 2)
            .must_occur(&["sold 1 + 1 + 0", "sold 0 + 0 + 2"])
            .proof(),
    ]
}

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::{Atomic, Locked};
    use wrong::{AnnouncesAfterUnlock, CheckThenAct, LockEach, LostUpdate};

    let mut locked = scenes::<Locked>();
    locked.push(
        Scene::new("3 clerks, 4 tickets", || judge(4, &day::<Locked>(3, 4)))
            .must_occur(&["sold 2 + 1 + 1"])
            .proof(),
    );
    Lesson {
        name: "ticket_office",
        title: "Clerks sell the tickets of one office",
        story: "Each clerk sells until the office is empty and announces what is left. \
                Between looking whether there is a ticket and taking it, another clerk can be faster.",
        seed: Seed {
            lesson: Some(1),
            faults: &[
                Fault {
                    what: "crashes at its first sale: two placeholders, one value",
                    shown_by: "cli::play_ticket_office_sells_every_ticket_once",
                },
                Fault {
                    what: "announces the remainder after letting go of the lock",
                    shown_by: "ticket_office::every_announced_remainder_is_right",
                },
                Fault {
                    what: "holds the lock while it sleeps, so that clerks work one after another",
                    shown_by: "house::rules::no_lesson_rests_in_a_version",
                },
            ],
        },
        memory: Memory::Sc,
        versions: vec![
            Version::right::<Locked>(
                "looks, takes and counts in one critical section",
                locked,
                play::<Locked>,
            ),
            Version::right::<Atomic>(
                "looks and takes in one atomic operation",
                scenes::<Atomic>(),
                play::<Atomic>,
            ),
            Version::wrong::<CheckThenAct>(
                "looks in one critical section, takes in the next",
                scenes::<CheckThenAct>(),
                play::<CheckThenAct>,
                Mistake {
                    scene: "2 clerks, 1 ticket",
                    outcome: "ticket 0 sold",
                    preemptions: 1,
                    story: include_str!("stories/check-then-act.txt"),
                },
            ),
            Version::wrong::<LostUpdate>(
                "loads, then stores: a sale in between is overwritten",
                scenes::<LostUpdate>(),
                play::<LostUpdate>,
                Mistake {
                    scene: "2 clerks, 1 ticket",
                    outcome: "ticket 1 sold twice",
                    preemptions: 1,
                    story: include_str!("stories/lost-update.txt"),
                },
            ),
            Version::wrong::<AnnouncesAfterUnlock>(
                "says what is left after letting go of the lock (the seed's way)",
                scenes::<AnnouncesAfterUnlock>(),
                play::<AnnouncesAfterUnlock>,
                Mistake {
                    scene: "2 clerks, 2 tickets",
                    outcome: "a wrong remainder announced",
                    preemptions: 1,
                    story: include_str!("stories/announces-after-unlock.txt"),
                },
            ),
            Version::wrong::<LockEach>(
                "gives every clerk a lock of his own",
                scenes::<LockEach>(),
                play::<LockEach>,
                Mistake {
                    scene: "2 clerks, 1 ticket",
                    outcome: "ticket 1 sold twice",
                    preemptions: 1,
                    story: include_str!("stories/lock-each.txt"),
                },
            ),
        ],
        heeds: &["tickets", "clerks"],
        for_real: None,
    }
}
