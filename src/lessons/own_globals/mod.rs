//! Processes that each have an n of their own.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod right;
mod scenes;
pub mod wrong;

pub use lesson::{Globals, Observed, Processes, START};

use crate::explorer::report::Memory;
use crate::lessons::parts::{Fault, Lesson, Mistake, Tutorial, Version};
use crate::lessons::sources;
use scenes::{play, scenes};

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::SendsBack;
    use wrong::{ExpectsParentToSee, SharesByThread};

    Lesson {
        name: "own_globals",
        title: "Processes that each have an n of their own",
        story: "n is 100, and two child processes add one to it. Each child has an n of its own, \
                and sends 101. The parent's n is still 100. Threads share one n, and so an \
                addition can be lost.",
        tutorial: Tutorial {
            lesson: Some(4),
            faults: &[
                Fault {
                    what: "writes `foramt`: both processes crash before they print anything",
                    shown_by: "own_globals::every_process_says_101_and_the_parent_has_100",
                },
                Fault {
                    what: "sends nothing back: the results are lost with the processes",
                    shown_by: "own_globals::what_is_sent_adds_up",
                },
                Fault {
                    what: "never waits for the processes and ignores their exit codes: nobody notices a crash",
                    shown_by: "own_globals::a_process_that_is_killed_is_missed",
                },
            ],
        },
        wrong: sources::text("src/lessons/own_globals/wrong.rs"),
        memory: Memory::Sc,
        versions: vec![
            Version::right::<SendsBack>(
                "every process sends its n, and the parent adds up what it receives",
                scenes::<SendsBack>(),
                play::<SendsBack>,
            ),
            Version::wrong::<ExpectsParentToSee>(
                "the parent waits for the processes, then reads its own n",
                scenes::<ExpectsParentToSee>(),
                play::<ExpectsParentToSee>,
                Mistake {
                    scene: "2 adders",
                    outcome: "adders 101 + 101; sum 200; parent 100",
                    preemptions: 0,
                    lines: &["sum += n;"],
                    story: include_str!("stories/expects-parent-to-see.txt"),
                },
            ),
            Version::wrong::<SharesByThread>(
                "threads instead of processes: they share one n, and an addition is lost",
                scenes::<SharesByThread>(),
                play::<SharesByThread>,
                Mistake {
                    scene: "2 adders",
                    outcome: "adders 101 + 101; sum 202; parent 101",
                    preemptions: 1,
                    lines: &["in_threads(adders"],
                    story: include_str!("stories/shares-by-thread.txt"),
                },
            ),
        ],
        heeds: &[],
    }
}
