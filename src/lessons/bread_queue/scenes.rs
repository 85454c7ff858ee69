//! Scenes of a bakery.

use super::lesson::{Bakery, Bread, Day};
use crate::explorer::report::{Budget, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::sync::{Actors, rest};
use std::num::NonZeroUsize;

impl Day {
    /// What each customer bought before everybody went home.
    ///
    /// Without a customer, bakers wait for ever if they bake more than fits into the queue.
    #[must_use]
    pub fn at<B: Bakery>(&self) -> Vec<Vec<Bread>> {
        let bakery = B::open(self);
        let bakery = &bakery;
        let mut actors = Actors::new();
        for baker in 1..=self.bakers {
            actors = actors.enter(format!("baker-{baker}"), move || {
                for number in 1..=self.breads {
                    rest();
                    // Before the put, because a customer may buy the bread at once.
                    narrate!("baked bread {number}");
                    if bakery.queue().put(Bread { baker, number }).is_err() {
                        narrate!("bread {number} was not put: the queue is closed");
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
}

/// The tutorial's program, with other numbers.
pub(super) fn play<B: Bakery>(program: &Program) -> Judged {
    let Some(capacity) = NonZeroUsize::new(program.capacity) else {
        return Judged::forbidden("no queue", "a queue for 0 breads cannot pass a bread on");
    };
    if program.customers == 0 {
        return Judged::forbidden("no customers", "no customer would buy the bread");
    }
    let day = Day {
        bakers: program.bakers,
        customers: program.customers,
        breads: program.breads,
        capacity,
    };
    day.judge(&day.at::<B>())
}

/// The scenes of the lesson, with that version.
#[must_use]
pub fn scenes<B: Bakery + 'static>() -> Vec<Scene> {
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
        scene(
            "2 bakers, 1 customer, 1 bread each, any waiter wakes",
            2,
            1,
            1,
        )
        .must_occur(&["bought 2"])
        .budget(Budget {
            any_waiter: true,
            spurious_wake_ups: 1,
            ..Budget::NONE
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
