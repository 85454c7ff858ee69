//! Producers and consumers in processes of their own, and a queue between them.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod os;
pub mod right;
pub mod scenes;
pub mod wrong;

pub use lesson::{Came, Day, Delivery, Exchange, Item, Produce, Produced, Taken, consume, produce};

use crate::explorer::report::Memory;
use crate::lessons::for_real::ForReal;
use crate::lessons::parts::{Fault, Lesson, Mistake, Seed, Version};
use scenes::{play, scenes};

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::KeepsUntilTaken;
    use wrong::{ClosesTooEarly, CountedConsumer, ForgetsTheDead, StartsOver};

    Lesson {
        name: "process_queue",
        title: "Producers and consumers in processes of their own, and a queue between them",
        story: "The parent holds a bounded queue. Producers send it items, consumers are sent \
                them and answer. Each is a process, and any of them may die at any moment: with \
                an item in hand, or with its answer on the way. Nothing is lost, and what may be \
                doubled by that is marked.",
        seed: Seed {
            lesson: Some(5),
            faults: &[
                Fault {
                    what: "`if __name__ == '__main__'` lacks its colon: nothing runs at all",
                    shown_by: "process_queue::the_seeds_day_comes_to_its_end",
                },
                Fault {
                    what: "hands the processes `x`, where the queue is called `q`",
                    shown_by: "process_queue::the_seeds_day_comes_to_its_end",
                },
                Fault {
                    what: "the consumer counts: with others than one of each it waits for ever, \
                           or leaves items",
                    shown_by: "process_queue::each_item_once_whatever_the_numbers",
                },
                Fault {
                    what: "an item is lost with the consumer that dies holding it",
                    shown_by: "process_queue::a_consumer_killed_with_an_item_in_hand",
                },
                Fault {
                    what: "a process that dies is missed by nobody: the other waits for ever",
                    shown_by: "process_queue::a_producer_killed_is_replaced",
                },
                Fault {
                    what: "sets the queue no limit: a producer that is faster fills the memory",
                    shown_by: "process_queue::a_full_pipe_holds_producers_back",
                },
            ],
        },
        memory: Memory::C11,
        versions: vec![
            Version::right::<KeepsUntilTaken>(
                "the parent keeps each item until it is answered for, and replaces the dead",
                scenes::<KeepsUntilTaken>(),
                play::<KeepsUntilTaken>,
            ),
            Version::wrong::<CountedConsumer>(
                "every consumer takes a fixed number (the seed's way)",
                scenes::<CountedConsumer>(),
                play::<CountedConsumer>,
                Mistake {
                    scene: "2 consumers, 1 item",
                    outcome: "deadlock",
                    preemptions: 0,
                    story: include_str!("stories/counted-consumer.txt"),
                },
            ),
            Version::wrong::<ForgetsTheDead>(
                "an item that was sent is gone, and so is its consumer",
                scenes::<ForgetsTheDead>(),
                play::<ForgetsTheDead>,
                Mistake {
                    scene: "1 consumer, 1 item",
                    outcome: "1 of 1 items lost",
                    preemptions: 0,
                    story: include_str!("stories/forgets-the-dead.txt"),
                },
            ),
            Version::wrong::<ClosesTooEarly>(
                "the first producer to be done closes the queue",
                scenes::<ClosesTooEarly>(),
                play::<ClosesTooEarly>,
                Mistake {
                    scene: "2 producers, 1 item each",
                    outcome: "1 of 2 items not taken",
                    preemptions: 0,
                    story: include_str!("stories/closes-too-early.txt"),
                },
            ),
            Version::wrong::<StartsOver>(
                "whoever replaces a producer begins with the first item",
                scenes::<StartsOver>(),
                play::<StartsOver>,
                Mistake {
                    scene: "1 producer, 2 items",
                    outcome: "item 1 of producer-1 taken twice, unmarked",
                    preemptions: 0,
                    story: include_str!("stories/starts-over.txt"),
                },
            ),
        ],
        heeds: &["producers", "consumers", "items", "capacity"],
        for_real: Some(ForReal::of::<os::InProcesses>()),
    }
}
