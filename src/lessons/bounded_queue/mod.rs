//! A bounded queue between producers and consumers.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod errors;
pub mod lesson;
pub mod right;
pub mod scenes;
pub mod wrong;

pub use lesson::{BoundedQueue, Item, PATIENCE, PutTimeoutRefusal};

use crate::explorer::report::Memory;
use crate::lessons::parts::{Fault, Lesson, Mistake, Seed, Version};
use right::Queue;
use scenes::{play, scenes};

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
                for a while, until somebody closes it. Between being woken and having the lock \
                everything may have changed; and whoever is not woken sleeps for ever.",
        seed: Seed {
            lesson: Some(6),
            faults: &[
                Fault {
                    what: "dies of `queue.Full` at its sixth put, after 3 seconds",
                    shown_by: "bounded_queue::the_seeds_program_comes_to_its_end",
                },
                Fault {
                    what: "loses the item that did not get in: `queue.Full` does not carry it",
                    shown_by: "bounded_queue::what_does_not_get_in_in_time_comes_back",
                },
                Fault {
                    what: "never comes to `put_nowait`, which would raise as well, nor to `get`",
                    shown_by: "bounded_queue::the_seeds_program_comes_to_its_end",
                },
                Fault {
                    what: "cannot say that nothing more will come: whoever gets once more \
                           waits for ever",
                    shown_by: "bounded_queue::close_wakes_every_waiting_consumer",
                },
            ],
        },
        memory: Memory::Sc,
        versions: vec![
            Version::right::<Queue<Item>>(
                "one lock, a condition variable for each condition, `while` around each wait",
                scenes::<Queue<Item>>(),
                play::<Queue<Item>>,
            ),
            Version::wrong::<IfInsteadOfWhile>(
                "does not look again when it is woken",
                scenes::<IfInsteadOfWhile>(),
                play::<IfInsteadOfWhile>,
                Mistake {
                    scene: "1 producer, 2 consumers, 2 items, capacity 1",
                    outcome: "panic",
                    preemptions: 0,
                    story: include_str!("stories/if-instead-of-while.txt"),
                },
            ),
            Version::wrong::<OneCondvarNotifyOne>(
                "one condition variable for both conditions: wakes the wrong one",
                scenes::<OneCondvarNotifyOne>(),
                play::<OneCondvarNotifyOne>,
                Mistake {
                    scene: "1 producer, 2 consumers, 2 items, capacity 1",
                    outcome: "deadlock",
                    preemptions: 0,
                    story: include_str!("stories/one-condvar-notify-one.txt"),
                },
            ),
            Version::wrong::<OneCondvarNotifyTwo>(
                "one condition variable for both conditions: two may both be the wrong ones",
                scenes::<OneCondvarNotifyTwo>(),
                play::<OneCondvarNotifyTwo>,
                Mistake {
                    scene: "1 producer, 4 consumers, 4 items, capacity 1",
                    outcome: "deadlock",
                    preemptions: 0,
                    story: include_str!("stories/one-condvar-notify-two.txt"),
                },
            ),
            Version::wrong::<SilentClose>(
                "closes and wakes nobody",
                scenes::<SilentClose>(),
                play::<SilentClose>,
                Mistake {
                    scene: "close and drain: 1 producer, 1 consumer, 2 items, capacity 1",
                    outcome: "deadlock",
                    preemptions: 1,
                    story: include_str!("stories/silent-close.txt"),
                },
            ),
            Version::wrong::<FullThenPut>(
                "asks whether it is full in one critical section, puts in the next",
                scenes::<FullThenPut>(),
                play::<FullThenPut>,
                Mistake {
                    scene: "2 producers try, nobody takes, capacity 1",
                    outcome: "2 inside",
                    preemptions: 1,
                    story: include_str!("stories/full-then-put.txt"),
                },
            ),
            Version::wrong::<DropsOnTimeout>(
                "says that the time was up, and keeps the item (the seed's way)",
                scenes::<DropsOnTimeout>(),
                play::<DropsOnTimeout>,
                Mistake {
                    scene: "1 producer with a timeout, nobody takes, capacity 1",
                    outcome: "a2 lost",
                    preemptions: 0,
                    story: include_str!("stories/drops-on-timeout.txt"),
                },
            ),
            Version::wrong::<TimesOutYetTakes>(
                "takes an item, and then says that the time was up",
                scenes::<TimesOutYetTakes>(),
                play::<TimesOutYetTakes>,
                Mistake {
                    scene: "1 producer, 1 consumer, 2 items, early timeouts, capacity 1",
                    outcome: "a1 lost",
                    preemptions: 1,
                    story: include_str!("stories/times-out-yet-takes.txt"),
                },
            ),
        ],
        heeds: &["capacity"],
        for_real: None,
    }
}
