//! Producers and consumers in processes of their own, and a queue between them.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod right;
pub mod scenes;
pub mod wrong;

pub use lesson::{
    Config, Delivery, Exchange, Item, Produced, Report, Taken, Work, consume, left_in, produce,
};

use crate::explorer::report::Memory;
use crate::lessons::parts::{Fault, Lesson, Mistake, Tutorial, Version};
use crate::lessons::sources;
use scenes::{play, scenes};

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::KeepsUntilTaken;
    use wrong::{ClosesTooEarly, CountedConsumer, ForgetsTheDead, StartsOver};

    Lesson {
        name: "process_queue",
        title: "Producers and consumers in processes of their own, and a queue between them",
        story: "The parent holds a bounded queue. Producers send items to it, and it delivers them \
                to consumers, which confirm them. Producers and consumers are processes, and each \
                may die at any moment: with an item in hand, or with its confirmation on the way. \
                No item may be lost, and an item that may be taken twice must be marked.",
        tutorial: Tutorial {
            lesson: Some(5),
            faults: &[
                Fault {
                    what: "`if __name__ == '__main__'` lacks its colon: the program does not run",
                    shown_by: "process_queue::the_tutorials_day_comes_to_its_end",
                },
                Fault {
                    what: "passes `x` to the processes, although the queue is called `q`",
                    shown_by: "process_queue::the_tutorials_day_comes_to_its_end",
                },
                Fault {
                    what: "the consumer counts items: unless there is one of each, it waits for \
                           ever or leaves items",
                    shown_by: "process_queue::each_item_once_whatever_the_numbers",
                },
                Fault {
                    what: "loses the item of a consumer that dies",
                    shown_by: "process_queue::a_consumer_killed_with_an_item_in_hand",
                },
                Fault {
                    what: "does not notice that a process died: the other one waits for ever",
                    shown_by: "process_queue::a_producer_killed_is_replaced",
                },
                Fault {
                    what: "sets no limit for the queue: a fast producer fills the memory",
                    shown_by: "process_queue::a_full_pipe_holds_producers_back",
                },
            ],
        },
        wrong: sources::text("src/lessons/process_queue/wrong.rs"),
        memory: Memory::C11,
        versions: vec![
            Version::right::<KeepsUntilTaken>(
                "the parent keeps each item until a consumer confirms it, and replaces dead processes",
                scenes::<KeepsUntilTaken>(),
                play::<KeepsUntilTaken>,
            ),
            Version::wrong::<CountedConsumer>(
                "every consumer takes a fixed number of items (as the Python tutorial does)",
                scenes::<CountedConsumer>(),
                play::<CountedConsumer>,
                Mistake {
                    scene: "2 consumers, 1 item",
                    outcome: "deadlock",
                    preemptions: 0,
                    lines: &["fn producer_is_done(&self) {}", "for taken in 0..self.1 {"],
                    story: include_str!("stories/counted-consumer.txt"),
                },
            ),
            Version::wrong::<ForgetsTheDead>(
                "keeps no copy of an item: a consumer that dies takes its item with it",
                scenes::<ForgetsTheDead>(),
                play::<ForgetsTheDead>,
                Mistake {
                    scene: "1 consumer, 1 item",
                    outcome: "1 of 1 items lost",
                    preemptions: 0,
                    lines: &["process.send(Delivery::first(item))"],
                    story: include_str!("stories/forgets-the-dead.txt"),
                },
            ),
            Version::wrong::<ClosesTooEarly>(
                "the first producer to finish closes the queue",
                scenes::<ClosesTooEarly>(),
                play::<ClosesTooEarly>,
                Mistake {
                    scene: "2 producers, 1 item each",
                    outcome: "1 of 2 items not taken",
                    preemptions: 0,
                    lines: &["self.queue().close();"],
                    story: include_str!("stories/closes-too-early.txt"),
                },
            ),
            Version::wrong::<StartsOver>(
                "a process that replaces a producer begins with the first item",
                scenes::<StartsOver>(),
                play::<StartsOver>,
                Mistake {
                    scene: "1 producer, 2 items",
                    outcome: "item 1 of producer-1 taken twice, unmarked",
                    preemptions: 0,
                    lines: &["let mut whole = work.clone();"],
                    story: include_str!("stories/starts-over.txt"),
                },
            ),
        ],
        heeds: &["producers", "consumers", "items", "capacity"],
    }
}
