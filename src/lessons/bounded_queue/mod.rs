//! A bounded queue between producers and consumers.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod right;
pub mod scenes;
pub mod wrong;

pub use lesson::{BoundedQueue, ContainsQueue, Item, PutTimeoutError, Run, Setup, TIMEOUT};

pub use crossbeam_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};

use crate::explorer::report::Memory;
use crate::lessons::parts::{Fault, Lesson, Mistake, Tutorial, Version};
use crate::lessons::sources;
use right::Queue;
use scenes::play;
pub use scenes::scenes;

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use wrong::{
        DropsOnTimeout, FullThenPut, IfInsteadOfWhile, OneCondvarNotifyOne, OneCondvarNotifyTwo,
        SilentClose, TimesOutYetTakes,
    };

    Lesson {
        name: "bounded_queue",
        title: "A bounded queue between producers and consumers",
        story: "Producers wait while the queue is full, consumers while it is empty, some only \
                up to a timeout, and in the end somebody closes the queue. Before a woken thread \
                has the lock again, another thread may have changed everything. A thread that \
                nobody wakes sleeps for ever.",
        tutorial: Tutorial {
            lesson: Some(6),
            faults: &[
                Fault {
                    what: "crashes with `queue.Full` at its sixth put, after 3 seconds",
                    shown_by: "bounded_queue::the_tutorials_program_comes_to_its_end",
                },
                Fault {
                    what: "loses the item that was not put: `queue.Full` does not contain it",
                    shown_by: "bounded_queue::what_does_not_get_in_in_time_comes_back",
                },
                Fault {
                    what: "never reaches `put_nowait`, which would raise as well, nor `get`",
                    shown_by: "bounded_queue::the_tutorials_program_comes_to_its_end",
                },
                Fault {
                    what: "cannot close the queue: a consumer that gets one item more \
                           waits for ever",
                    shown_by: "bounded_queue::close_wakes_every_waiting_consumer",
                },
            ],
        },
        wrong: sources::text("src/lessons/bounded_queue/wrong.rs"),
        memory: Memory::Sc,
        versions: vec![
            Version::right::<Queue<Item>>(
                "one lock, one condition variable for each condition, `while` around each wait",
                scenes::<Queue<Item>>(),
                play::<Queue<Item>>,
            ),
            Version::wrong::<IfInsteadOfWhile>(
                "does not check the condition again when it is woken",
                scenes::<IfInsteadOfWhile>(),
                play::<IfInsteadOfWhile>,
                Mistake {
                    scene: "1 producer, 2 consumers, 2 items, capacity 1",
                    outcome: "panic",
                    preemptions: 0,
                    lines: &[
                        "if inside.makes_put_wait() {",
                        "if inside.makes_get_wait() {",
                    ],
                    story: include_str!("stories/if-instead-of-while.txt"),
                },
            ),
            Version::wrong::<OneCondvarNotifyOne>(
                "one condition variable for both conditions: `notify_one` wakes the wrong thread",
                scenes::<OneCondvarNotifyOne>(),
                play::<OneCondvarNotifyOne>,
                Mistake {
                    scene: "1 producer, 2 consumers, 2 items, capacity 1",
                    outcome: "deadlock",
                    preemptions: 0,
                    lines: &["changed: Condvar,", "self.changed.notify_one()"],
                    story: include_str!("stories/one-condvar-notify-one.txt"),
                },
            ),
            Version::wrong::<OneCondvarNotifyTwo>(
                "one condition variable for both conditions: two calls of `notify_one` wake two wrong threads",
                scenes::<OneCondvarNotifyTwo>(),
                play::<OneCondvarNotifyTwo>,
                Mistake {
                    scene: "1 producer, 4 consumers, 4 items, capacity 1",
                    outcome: "deadlock",
                    preemptions: 0,
                    lines: &["changed: Condvar,", "times: 2,"],
                    story: include_str!("stories/one-condvar-notify-two.txt"),
                },
            ),
            Version::wrong::<SilentClose>(
                "closes the queue without waking anybody",
                scenes::<SilentClose>(),
                play::<SilentClose>,
                Mistake {
                    scene: "close and drain: 1 producer, 1 consumer, 2 items, capacity 1",
                    outcome: "deadlock",
                    preemptions: 1,
                    lines: &["closed = true;"],
                    story: include_str!("stories/silent-close.txt"),
                },
            ),
            Version::wrong::<FullThenPut>(
                "asks whether the queue is full in one critical section, puts in the next",
                scenes::<FullThenPut>(),
                play::<FullThenPut>,
                Mistake {
                    scene: "2 producers try, no consumer, capacity 1",
                    outcome: "2 inside",
                    preemptions: 1,
                    lines: &[
                        "if self.0.is_full() {",
                        "let mut inside = self.0.buffer.lock()",
                    ],
                    story: include_str!("stories/full-then-put.txt"),
                },
            ),
            Version::wrong::<DropsOnTimeout>(
                "reports a timeout and does not give the item back (as the Python tutorial does)",
                scenes::<DropsOnTimeout>(),
                play::<DropsOnTimeout>,
                Mistake {
                    scene: "1 producer with a timeout, no consumer, capacity 1",
                    outcome: "a2 lost",
                    preemptions: 0,
                    lines: &["|_lost| None"],
                    story: include_str!("stories/drops-on-timeout.txt"),
                },
            ),
            Version::wrong::<TimesOutYetTakes>(
                "gets an item, and then reports a timeout",
                scenes::<TimesOutYetTakes>(),
                play::<TimesOutYetTakes>,
                Mistake {
                    scene: "1 producer, 1 consumer, 2 items, early timeouts, capacity 1",
                    outcome: "a1 lost",
                    preemptions: 1,
                    lines: &["let item = inside.get();", "if timed_out {"],
                    story: include_str!("stories/times-out-yet-takes.txt"),
                },
            ),
        ],
        heeds: &["capacity"],
    }
}
