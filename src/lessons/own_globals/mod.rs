//! Processes that each have an n of their own.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod os;
pub mod right;
mod scenes;
pub mod wrong;

pub use lesson::{Came, Globals, Processes, START};

use crate::explorer::report::Memory;
use crate::lessons::for_real::ForReal;
use crate::lessons::parts::{Fault, Lesson, Mistake, Seed, Version};
use scenes::{play, scenes};

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::SendsBack;
    use wrong::{ExpectsParentToSee, SharesByThread};

    Lesson {
        name: "own_globals",
        title: "Processes that each have an n of their own",
        story: "n is 100, and two processes add one to it. Each says 101, since each has its own; \
                the parent still has 100, and knows only what it is sent. With threads there is \
                one n for all, and additions can be lost.",
        seed: Seed {
            lesson: Some(4),
            faults: &[
                Fault {
                    what: "writes `foramt`: both processes crash before they say anything",
                    shown_by: "own_globals::every_process_says_101_and_the_parent_has_100",
                },
                Fault {
                    what: "nothing comes back: what the processes found out is lost with them",
                    shown_by: "own_globals::what_is_sent_adds_up",
                },
                Fault {
                    what: "nobody waits for the processes or looks how they ended: a crash goes unnoticed",
                    shown_by: "own_globals::a_process_that_is_killed_is_missed",
                },
            ],
        },
        memory: Memory::Sc,
        versions: vec![
            Version::right::<SendsBack>(
                "every process sends its n, and the parent adds up what it is sent",
                scenes::<SendsBack>(),
                play::<SendsBack>,
            ),
            Version::wrong::<ExpectsParentToSee>(
                "the parent waits for the processes, and reads its own n",
                scenes::<ExpectsParentToSee>(),
                play::<ExpectsParentToSee>,
                Mistake {
                    scene: "2 add",
                    outcome: "said 101 + 101; sum 200; the parent has 100",
                    preemptions: 0,
                    story: include_str!("stories/expects-parent-to-see.txt"),
                },
            ),
            Version::wrong::<SharesByThread>(
                "threads instead of processes: one n for all, and an addition is lost",
                scenes::<SharesByThread>(),
                play::<SharesByThread>,
                Mistake {
                    scene: "2 add",
                    outcome: "said 101 + 101; sum 202; the parent has 101",
                    preemptions: 1,
                    story: include_str!("stories/shares-by-thread.txt"),
                },
            ),
        ],
        heeds: &[],
        for_real: Some(ForReal::of::<os::InProcesses>()),
    }
}
