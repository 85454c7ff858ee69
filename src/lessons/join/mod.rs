//! One thread computes, the other waits for it and reads.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod right;
mod scenes;
pub mod wrong;

pub use lesson::{Sum, judge};
pub use scenes::scenes;

use crate::explorer::report::Memory;
use crate::lessons::parts::{Fault, Lesson, Mistake, Tutorial, Version};
use crate::lessons::sources;
use scenes::play;

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::JoinsThenReads;
    use wrong::{PoisonedAndStuck, ReadsBeforeJoin, TrustsTheWakeUp};

    Lesson {
        name: "join",
        title: "One thread computes, the other waits for it and reads",
        story: "x is 10. A thread sets it to 1 + 1, and the main thread prints it. The answer is 2 \
                only if the main thread joins the other thread before it reads x.",
        tutorial: Tutorial {
            lesson: Some(8),
            faults: &[
                Fault {
                    what: "is right by one line, the join: without that line it can print 10",
                    shown_by: "join::x_is_2_always",
                },
                Fault {
                    what: "x is a global: two sums at the same time would overwrite each other",
                    shown_by: "join::sums_do_not_disturb_each_other",
                },
                Fault {
                    what: "ignores a failure of the thread, and prints 10",
                    shown_by: "join::an_adder_that_fails_is_heard",
                },
            ],
        },
        // SC would show the mistakes too. C11 also proves that a Relaxed load after the join is
        // never stale.
        wrong: sources::text("src/lessons/join/wrong.rs"),
        memory: Memory::C11,
        versions: vec![
            Version::right::<JoinsThenReads>(
                "waits for the thread, then reads x",
                scenes::<JoinsThenReads>(),
                play::<JoinsThenReads>,
            ),
            Version::wrong::<ReadsBeforeJoin>(
                "reads x, then waits for the thread",
                scenes::<ReadsBeforeJoin>(),
                play::<ReadsBeforeJoin>,
                Mistake {
                    scene: "x = 1 + 1 in a thread",
                    outcome: "x is 10",
                    preemptions: 0,
                    lines: &["let read = x.load("],
                    story: include_str!("stories/reads-before-join.txt"),
                },
            ),
            Version::wrong::<TrustsTheWakeUp>(
                "waits for a notification, and does not check that there was one",
                scenes::<TrustsTheWakeUp>(),
                play::<TrustsTheWakeUp>,
                Mistake {
                    scene: "x = 1 + 1 in a thread",
                    outcome: "x is 10",
                    preemptions: 0,
                    lines: &["if !*done {"],
                    story: include_str!("stories/trusts-the-wake-up.txt"),
                },
            ),
            Version::wrong::<PoisonedAndStuck>(
                "treats a poisoned lock as one that is held",
                scenes::<PoisonedAndStuck>(),
                play::<PoisonedAndStuck>,
                Mistake {
                    scene: "a sum that does not fit",
                    outcome: "livelock",
                    preemptions: 0,
                    lines: &["if let Ok(x) = x.try_lock()"],
                    story: include_str!("stories/poisoned-and-stuck.txt"),
                },
            ),
        ],
        heeds: &[],
    }
}
