//! Scenes of a bakery, and the judge of their outcomes.

use super::lesson::{Bakery, Bread, Day};
use crate::explorer::report::{Budget, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::sync::{Actors, rest};
use std::collections::HashSet;
use std::num::NonZeroUsize;

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
pub(super) fn play<B: Bakery>(program: &Program) -> Judged {
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

pub(super) fn scenes<B: Bakery + 'static>() -> Vec<Scene> {
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
