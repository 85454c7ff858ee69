//! Bakers and customers, and a queue of bread between them.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod right;
mod scenes;
pub mod wrong;

pub use lesson::{Bakery, Bread, Day};
pub use scenes::scenes;

use crate::explorer::report::Memory;
use crate::lessons::parts::{Fault, Lesson, Mistake, Tutorial, Version};
use crate::lessons::sources;
use scenes::play;

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::ClosesWhenBaked;
    use wrong::{ClosesTooEarly, CountedCustomers, LooksThenTakes};

    Lesson {
        name: "bread_queue",
        title: "Bakers, customers, and a queue of bread between them",
        story: "Bakers put bread into a bounded queue, and customers buy it from there. A baker \
                goes home after his last bread. How does a customer find out that no more bread \
                will come? Neither counting nor looking into the queue helps.",
        tutorial: Tutorial {
            lesson: Some(3),
            faults: &[
                Fault {
                    what: "does not import `time`: all four threads crash at their first sleep",
                    shown_by: "bread_queue::the_tutorials_day_comes_to_its_end",
                },
                Fault {
                    what: "hangs when customers want more bread than there is",
                    shown_by: "bread_queue::more_customers_than_breads_go_home_too",
                },
                Fault {
                    what: "leaves bread unsold when they want less",
                    shown_by: "bread_queue::one_customer_buys_all_there_is",
                },
                Fault {
                    what: "sets no limit for the queue: fast bakers fill the memory",
                    shown_by: "bounded_queue::never_over_capacity",
                },
            ],
        },
        wrong: sources::text("src/lessons/bread_queue/wrong.rs"),
        memory: Memory::Sc,
        versions: vec![
            Version::right::<ClosesWhenBaked>(
                "the last baker closes the queue, customers buy until it is closed and empty",
                scenes::<ClosesWhenBaked>(),
                play::<ClosesWhenBaked>,
            ),
            Version::wrong::<CountedCustomers>(
                "every customer buys a fixed number of breads (as the Python tutorial does)",
                scenes::<CountedCustomers>(),
                play::<CountedCustomers>,
                Mistake {
                    scene: "1 baker, 2 customers, 1 bread",
                    outcome: "deadlock",
                    preemptions: 0,
                    lines: &["fn go_home(&self) {}", "if bought == self.each"],
                    story: include_str!("stories/counted-customers.txt"),
                },
            ),
            Version::wrong::<LooksThenTakes>(
                "checks that bread is there or will come, then waits for it",
                scenes::<LooksThenTakes>(),
                play::<LooksThenTakes>,
                Mistake {
                    scene: "1 baker, 2 customers, 1 bread",
                    outcome: "deadlock",
                    preemptions: 0,
                    lines: &[
                        "self.baking.fetch_sub(",
                        "self.queue.is_empty()",
                        "self.queue.get()",
                    ],
                    story: include_str!("stories/looks-then-takes.txt"),
                },
            ),
            Version::wrong::<ClosesTooEarly>(
                "the first baker to go home closes the queue",
                scenes::<ClosesTooEarly>(),
                play::<ClosesTooEarly>,
                Mistake {
                    scene: "2 bakers, 1 customer, 1 bread each",
                    outcome: "1 of 2 breads sold",
                    preemptions: 0,
                    lines: &["self.queue.close();"],
                    story: include_str!("stories/closes-too-early.txt"),
                },
            ),
        ],
        heeds: &["bakers", "customers", "breads", "capacity"],
    }
}
