//! Bakers and customers, and a queue of bread between them.
//!
//! # Story
//! Bakers bake and put their bread into a [bounded queue](super::bounded_queue),
//! customers take it out. Each baker knows when he has baked enough. But how
//! does a customer know that nothing more will come, and that it is time to go
//! home? To count does not help, since nobody knows how many the others buy; to
//! look does not help, since bread may come, or be sold, right after the look.
//!
//! The promises: every bread is bought exactly once, and everybody goes home,
//! whatever the numbers of bakers, customers and breads.
//!
//! # What the compiler already refuses
//! A bread sold twice. Whoever puts it into the queue gives it away, and so does
//! whoever hands it to a customer:
//! ```compile_fail
//! struct Bread;
//! let bread = Bread;
//! let sell = |_: Bread| {};
//! sell(bread);
//! sell(bread); // error: use of moved value: `bread`
//! ```
//! A bakery whose threads outlive it: the queue they borrow lives as long as the
//! scope that joins them, and not one thread longer.
//! ```compile_fail
//! let shelf = std::sync::Mutex::new(vec!["bread"]);
//! std::thread::spawn(|| shelf.lock().unwrap().pop()); // error: may outlive the borrowed `shelf`
//! ```

pub mod right;
pub mod wrong;

use super::bounded_queue::right::Queue;
use super::{Fault, Lesson, Mistake, Program, Scene, Seed, Version};
use crate::explorer::report::{Budget, Judged, Memory};
use crate::narrate;
use crate::sync::{Actors, rest};
use std::collections::HashSet;
use std::fmt;
use std::num::NonZeroUsize;

/// A bakery: how its people know that it is time to go home.
pub trait Bakery: Send + Sync {
    /// A bakery for that day.
    fn open(day: &Day) -> Self;

    /// Where bakers put their bread.
    fn queue(&self) -> &Queue<Bread>;

    /// A baker has baked all of his bread.
    fn go_home(&self);

    /// A customer who has bought that many so far buys one more; `None` when it
    /// is time to go home.
    fn buy(&self, bought: usize) -> Option<Bread>;
}

/// One bread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bread {
    /// Who baked it, from 1.
    pub baker: usize,
    /// Which of that baker's breads it is, from 1.
    pub number: usize,
}

impl fmt::Display for Bread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bread {} of baker-{}", self.number, self.baker)
    }
}

/// A day's numbers.
#[derive(Debug, Clone, Copy)]
pub struct Day {
    /// Bakers.
    pub bakers: usize,
    /// Customers.
    pub customers: usize,
    /// Breads that each baker bakes.
    pub breads: usize,
    /// How many breads the queue holds.
    pub capacity: NonZeroUsize,
}

impl Day {
    /// The bakery's day: what each customer bought until everybody was at home.
    ///
    /// Without a customer nobody makes room, and more bread than fits into the
    /// queue keeps its bakers for ever.
    #[must_use]
    pub fn at<B: Bakery>(&self) -> Vec<Vec<Bread>> {
        let bakery = B::open(self);
        let bakery = &bakery;
        let mut actors = Actors::new();
        for baker in 1..=self.bakers {
            actors = actors.enter(format!("baker-{baker}"), move || {
                for number in 1..=self.breads {
                    rest();
                    // Said before it is put, so that nobody is heard to buy it before.
                    narrate!("baked bread {number}");
                    if let Err(refused) = bakery.queue().put(Bread { baker, number }) {
                        narrate!("throws bread {number} away: {refused}");
                    }
                }
                bakery.go_home();
                narrate!("goes home");
                Vec::new()
            });
        }
        for customer in 1..=self.customers {
            actors = actors.enter(format!("customer-{customer}"), move || {
                let mut bought = Vec::new();
                while let Some(bread) = bakery.buy(bought.len()) {
                    narrate!("bought {bread}");
                    bought.push(bread);
                    rest();
                }
                narrate!("goes home");
                bought
            });
        }
        actors.run().split_off(self.bakers)
    }

    /// Holds what customers bought against the promise: every bread exactly
    /// once. (That everybody goes home shows in the day having an end.)
    #[must_use]
    pub fn judge(&self, bought: &[Vec<Bread>]) -> Judged {
        let baked = self.bakers * self.breads;
        let mut sold = HashSet::new();
        if let Some(twice) = bought.iter().flatten().find(|bread| !sold.insert(**bread)) {
            return Judged::forbidden(format!("{twice} sold twice"), "one bread, two owners");
        }
        if sold.len() != baked {
            return Judged::forbidden(
                format!("{} of {baked} breads sold", sold.len()),
                "everybody has gone home, and bread is left",
            );
        }
        let each: Vec<String> = bought.iter().map(|own| own.len().to_string()).collect();
        Judged::promised(
            format!("bought {}", each.join(" + ")),
            "each bread once, and everybody has gone home",
        )
    }
}

/// The seed's day, with the program's numbers.
fn play<B: Bakery>(program: &Program) -> Judged {
    let Some(capacity) = NonZeroUsize::new(program.capacity) else {
        return Judged::forbidden("no queue", "a queue for 0 breads passes nothing on");
    };
    if program.customers == 0 {
        return Judged::forbidden("no customers", "nobody would buy what is baked");
    }
    let day = Day {
        bakers: program.bakers,
        customers: program.customers,
        breads: program.breads,
        capacity,
    };
    day.judge(&day.at::<B>())
}

fn scenes<B: Bakery + 'static>() -> Vec<Scene> {
    let scene = |name, bakers, customers, breads| {
        let day = Day {
            bakers,
            customers,
            breads,
            capacity: NonZeroUsize::MIN,
        };
        Scene::new(name, move || day.judge(&day.at::<B>()))
    };
    vec![
        scene("1 baker, 1 customer, 2 breads", 1, 1, 2).must_occur(&["bought 2"]),
        scene("1 baker, 2 customers, 1 bread", 1, 2, 1)
            .must_occur(&["bought 1 + 0", "bought 0 + 1"]),
        scene("2 bakers, 1 customer, 1 bread each", 2, 1, 1).must_occur(&["bought 2"]),
        scene("1 baker, 2 customers, 2 breads", 1, 2, 2)
            .must_occur(&["bought 2 + 0", "bought 1 + 1", "bought 0 + 2"])
            .proof(),
        scene("2 bakers, 1 customer, 1 bread each, anybody wakes", 2, 1, 1)
            .must_occur(&["bought 2"])
            .budget(Budget {
                any_waiter: true,
                spurious_wake_ups: 1,
                ..Budget::default()
            })
            .proof(),
        scene("1 baker, 3 customers, 1 bread", 1, 3, 1)
            .must_occur(&["bought 1 + 0 + 0", "bought 0 + 1 + 0", "bought 0 + 0 + 1"])
            .proof(),
        scene("2 bakers, 2 customers, 1 bread each", 2, 2, 1)
            .must_occur(&["bought 2 + 0", "bought 1 + 1", "bought 0 + 2"])
            .proof(),
    ]
}

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::ClosesWhenBaked;
    use wrong::{ClosesTooEarly, CountedCustomers, LooksThenTakes};

    Lesson {
        name: "bread_queue",
        title: "Bakers, customers, and a queue of bread between them",
        story: "Bakers put bread into a bounded queue, customers take it out. Each baker knows \
                when he has baked enough; how does a customer know that nothing more will come? \
                Neither counting nor looking tells.",
        seed: Seed {
            lesson: Some(3),
            faults: &[
                Fault {
                    what: "does not import `time`: all four threads crash at their first sleep",
                    shown_by: "bread_queue::the_seeds_day_comes_to_its_end",
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
                    what: "sets the queue no limit: bakers who are faster fill the memory",
                    shown_by: "bounded_queue::never_over_capacity",
                },
            ],
        },
        memory: Memory::Sc,
        versions: vec![
            Version::right::<ClosesWhenBaked>(
                "the last baker closes the queue, customers take until it is closed and empty",
                scenes::<ClosesWhenBaked>(),
                play::<ClosesWhenBaked>,
            ),
            Version::wrong::<CountedCustomers>(
                "every customer buys a fixed number (the seed's way)",
                scenes::<CountedCustomers>(),
                play::<CountedCustomers>,
                Mistake {
                    scene: "1 baker, 2 customers, 1 bread",
                    outcome: "deadlock",
                    preemptions: 0,
                    story: include_str!("stories/counted-customers.txt"),
                },
            ),
            Version::wrong::<LooksThenTakes>(
                "looks whether there is bread or will be, then waits for it",
                scenes::<LooksThenTakes>(),
                play::<LooksThenTakes>,
                Mistake {
                    scene: "1 baker, 2 customers, 1 bread",
                    outcome: "deadlock",
                    preemptions: 0,
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
                    story: include_str!("stories/closes-too-early.txt"),
                },
            ),
        ],
        heeds: &["bakers", "customers", "breads", "capacity"],
        for_real: None,
    }
}
