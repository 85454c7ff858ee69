//! Clerks sell the tickets of one office.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod right;
mod scenes;
pub mod wrong;

pub use lesson::{Sale, TicketOffice, judge};
pub use scenes::{day, scenes};

use crate::explorer::report::Memory;
use crate::lessons::parts::{Fault, Lesson, Mistake, Scene, Tutorial, Version};
use crate::lessons::sources;
use scenes::play;

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
        story: "Each clerk sells tickets until none is left, and announces after every sale how \
                many are left. After a clerk has seen that a ticket is left, and before he takes \
                it, another clerk can take it.",
        tutorial: Tutorial {
            lesson: Some(1),
            faults: &[
                Fault {
                    what: "crashes at its first sale: two placeholders, one value",
                    shown_by: "cli::play_ticket_office_sells_every_ticket_once",
                },
                Fault {
                    what: "announces the remainder after it has unlocked",
                    shown_by: "ticket_office::every_announced_remainder_is_right",
                },
                Fault {
                    what: "sleeps while it holds the lock: the clerks work one after another",
                    shown_by: "house::rules::no_lesson_rests_in_a_version",
                },
            ],
        },
        wrong: sources::text("src/lessons/ticket_office/wrong.rs"),
        memory: Memory::Sc,
        versions: vec![
            Version::right::<Locked>(
                "checks, takes and counts in one critical section",
                locked,
                play::<Locked>,
            ),
            Version::right::<Atomic>(
                "checks and takes in one atomic operation",
                scenes::<Atomic>(),
                play::<Atomic>,
            ),
            Version::wrong::<CheckThenAct>(
                "checks in one critical section, takes in the next",
                scenes::<CheckThenAct>(),
                play::<CheckThenAct>,
                Mistake {
                    scene: "2 clerks, 1 ticket",
                    outcome: "ticket 0 sold",
                    preemptions: 1,
                    lines: &[
                        "*self.tickets.lock().unwrap() <= 0",
                        "let mut left = self.tickets.lock()",
                    ],
                    story: include_str!("stories/check-then-act.txt"),
                },
            ),
            Version::wrong::<LostUpdate>(
                "loads, then stores: overwrites a sale made in between",
                scenes::<LostUpdate>(),
                play::<LostUpdate>,
                Mistake {
                    scene: "2 clerks, 1 ticket",
                    outcome: "ticket 1 sold twice",
                    preemptions: 1,
                    lines: &["self.left.load(", "self.left.store("],
                    story: include_str!("stories/lost-update.txt"),
                },
            ),
            Version::wrong::<AnnouncesAfterUnlock>(
                "reads the remainder after it has unlocked (as the Python tutorial does)",
                scenes::<AnnouncesAfterUnlock>(),
                play::<AnnouncesAfterUnlock>,
                Mistake {
                    scene: "2 clerks, 2 tickets",
                    outcome: "a wrong remainder announced",
                    preemptions: 1,
                    lines: &["drop(left);", "let left = *self.tickets.lock()"],
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
                    lines: &["let _own = self.locks[clerk]"],
                    story: include_str!("stories/lock-each.txt"),
                },
            ),
        ],
        heeds: &["tickets", "clerks"],
    }
}
