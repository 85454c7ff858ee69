//! One thread computes, the other waits for it and reads.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod right;
mod scenes;
pub mod wrong;

pub use lesson::Sum;
pub use scenes::judge;

use crate::explorer::report::Memory;
use crate::lessons::parts::{Fault, Lesson, Mistake, Seed, Version};
use scenes::{play, scenes};

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::JoinsThenReads;
    use wrong::{PoisonedAndStuck, ReadsBeforeJoin, TrustsTheWakeUp};

    Lesson {
        name: "join",
        title: "One thread computes, the other waits for it and reads",
        story: "x is 10, a thread sets it to 1 + 1, and the main thread prints it. \
                Whether it waits for the thread before it reads is all that decides between 2 and 10.",
        seed: Seed {
            lesson: Some(8),
            faults: &[
                Fault {
                    what: "one line, the join, makes it right: without it the same program prints 10",
                    shown_by: "join::x_is_2_always",
                },
                Fault {
                    what: "x is a global: two such sums at a time would overwrite each other",
                    shown_by: "join::sums_do_not_disturb_each_other",
                },
                Fault {
                    what: "if the thread fails, its join says nothing and 10 is printed",
                    shown_by: "join::an_adder_that_fails_is_heard",
                },
            ],
        },
        // SC would show the mistake; C11 shows besides that a Relaxed read after
        // the join is never stale.
        memory: Memory::C11,
        versions: vec![
            Version::right::<JoinsThenReads>(
                "waits for the thread, then reads",
                scenes::<JoinsThenReads>(),
                play::<JoinsThenReads>,
            ),
            Version::wrong::<ReadsBeforeJoin>(
                "reads, then waits for the thread",
                scenes::<ReadsBeforeJoin>(),
                play::<ReadsBeforeJoin>,
                Mistake {
                    scene: "x = 1 + 1 in a thread",
                    outcome: "x is 10",
                    preemptions: 0,
                    story: include_str!("stories/reads-before-join.txt"),
                },
            ),
            Version::wrong::<TrustsTheWakeUp>(
                "waits to be notified, and does not look whether it was",
                scenes::<TrustsTheWakeUp>(),
                play::<TrustsTheWakeUp>,
                Mistake {
                    scene: "x = 1 + 1 in a thread",
                    outcome: "x is 10",
                    preemptions: 0,
                    story: include_str!("stories/trusts-the-wake-up.txt"),
                },
            ),
            Version::wrong::<PoisonedAndStuck>(
                "takes a poisoned lock for one that is held",
                scenes::<PoisonedAndStuck>(),
                play::<PoisonedAndStuck>,
                Mistake {
                    scene: "a sum that does not fit",
                    outcome: "livelock",
                    preemptions: 0,
                    story: include_str!("stories/poisoned-and-stuck.txt"),
                },
            ),
        ],
        heeds: &[],
        for_real: None,
    }
}
