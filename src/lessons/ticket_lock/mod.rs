//! A lock that serves threads in the order of arrival.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod right;
mod scenes;
pub mod wrong;

pub use lesson::{FairLock, Lock, Turn, judge, judge_try};
pub use scenes::{holder_and_try, scenes, sell, turns};
pub use wrong::Counted;

use crate::explorer::report::Memory;
use crate::lessons::parts::{Lesson, Mistake, Scene, Tutorial, Version};
use crate::lessons::sources;
use scenes::play;

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::TicketLock;
    use wrong::{
        BargesIn, ForgetsToServe, RelaxedUnlock, RelaxedWait, TornTicket, WakesTheWrongOne,
    };

    Lesson {
        name: "ticket_lock",
        title: "A lock that serves threads in the order of arrival",
        story: "A thread that needs the lock draws a number and waits until that number is \
                called. The thread that unlocks calls the next number, and must also hand over \
                everything that it wrote while it had the lock.",
        tutorial: Tutorial {
            lesson: None,
            faults: &[],
        },
        wrong: sources::text("src/lessons/ticket_lock/wrong.rs"),
        memory: Memory::C11,
        versions: vec![
            Version::right::<TicketLock<u64>>(
                "draws a number, waits for it, and hands over with release and acquire",
                scenes::<TicketLock<u64>>(),
                play::<TicketLock<u64>>,
            ),
            Version::wrong::<RelaxedUnlock>(
                "calls the next number without `Release`",
                scenes::<Counted<RelaxedUnlock>>(),
                play::<Counted<RelaxedUnlock>>,
                Mistake {
                    scene: "2 threads, 1 turn",
                    outcome: "data race",
                    preemptions: 0,
                    lines: &["call_after(number, Ordering::Relaxed)"],
                    story: include_str!("stories/relaxed-unlock.txt"),
                },
            ),
            Version::wrong::<RelaxedWait>(
                "waits for its number without `Acquire`",
                scenes::<Counted<RelaxedWait>>(),
                play::<Counted<RelaxedWait>>,
                Mistake {
                    scene: "2 threads, 1 turn",
                    outcome: "data race",
                    preemptions: 0,
                    lines: &["wait(number, Ordering::Relaxed)"],
                    story: include_str!("stories/relaxed-wait.txt"),
                },
            ),
            Version::wrong::<TornTicket>(
                "draws a number by a load and a store: two threads draw the same one",
                scenes::<Counted<TornTicket>>(),
                play::<Counted<TornTicket>>,
                Mistake {
                    scene: "2 threads, 1 turn",
                    outcome: "data race",
                    preemptions: 2,
                    lines: &["self.0.next.load(", "self.0.next.store("],
                    story: include_str!("stories/torn-ticket.txt"),
                },
            ),
            Version::wrong::<ForgetsToServe>(
                "`try_lock` draws a number, gives up, and never calls the next",
                scenes::<Counted<ForgetsToServe>>(),
                play::<Counted<ForgetsToServe>>,
                Mistake {
                    scene: "a holder and a try_lock",
                    outcome: "livelock",
                    preemptions: 1,
                    lines: &["fn try_lock(", "self.0.draw();", "then_some(number)"],
                    story: include_str!("stories/forgets-to-serve.txt"),
                },
            ),
            Version::wrong::<BargesIn>(
                "draws a number, and enters before that number is called",
                scenes::<Counted<BargesIn>>(),
                play::<Counted<BargesIn>>,
                Mistake {
                    scene: "2 threads, 1 turn",
                    outcome: "served out of turn",
                    preemptions: 1,
                    lines: &["while !self.take()"],
                    story: include_str!("stories/barges-in.txt"),
                },
            ),
            Version::wrong::<WakesTheWrongOne>(
                "calls the next number with `notify_one`, which may wake another thread",
                // Only three threads show the mistake.
                scenes::<Counted<WakesTheWrongOne>>()
                    .into_iter()
                    .map(|scene| Scene {
                        proof: false,
                        ..scene
                    })
                    .collect(),
                play::<Counted<WakesTheWrongOne>>,
                Mistake {
                    scene: "3 threads, 1 turn",
                    outcome: "deadlock",
                    preemptions: 1,
                    lines: &["self.called.notify_one();"],
                    story: include_str!("stories/wakes-the-wrong-one.txt"),
                },
            ),
        ],
        heeds: &["clerks", "tickets"],
    }
}
