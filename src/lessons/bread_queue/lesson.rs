//! Bakers and customers, and a queue of bread between them.
//!
//! # Story
//! Bakers put bread into a [bounded queue](crate::lessons::bounded_queue), and customers
//! buy it from there. A baker goes home after his last bread. But how does a customer find
//! out that no more bread will come? Counting does not help, because no customer knows how
//! much bread the others buy. Looking into the queue does not help, because bread may be
//! put there, or be sold, right after the look.
//!
//! The promises: every bread is sold exactly once, and everybody goes home, whatever the
//! numbers of bakers, customers and breads.
//!
//! # What the compiler already refuses
//! A bread sold twice. After a baker has put a bread into the queue, he no longer has it:
//! ```compile_fail
//! struct Bread;
//! let bread = Bread;
//! let sell = |_: Bread| {};
//! sell(bread);
//! sell(bread); // error: use of moved value: `bread`
//! ```
//! Threads that outlive the queue they borrow:
//! ```compile_fail
//! let shelf = std::sync::Mutex::new(vec!["bread"]);
//! std::thread::spawn(|| shelf.lock().unwrap().pop()); // error: may outlive the borrowed `shelf`
//! ```

use crate::explorer::report::Judged;
use crate::lessons::bounded_queue::right::Queue;
use std::collections::HashSet;
use std::fmt;
use std::num::NonZeroUsize;

/// A bakery: how customers find out that no more bread will come.
pub trait Bakery: Send + Sync {
    /// A bakery for that day.
    fn open(day: &Day) -> Self;

    /// The queue into which bakers put their bread.
    fn queue(&self) -> &Queue<Bread>;

    /// A baker goes home after his last bread.
    fn go_home(&self);

    /// A customer who has `bought` that many breads buys one more. `None`: the customer goes
    /// home.
    fn buy(&self, bought: usize) -> Option<Bread>;
}

/// One bread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bread {
    /// The baker who baked it, from 1.
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
    /// The capacity of the queue.
    pub capacity: NonZeroUsize,
}

impl Day {
    /// Judges what customers bought: every bread exactly once. (If somebody did not go home,
    /// the scene would not end.)
    #[must_use]
    pub fn judge(&self, bought: &[Vec<Bread>]) -> Judged {
        let baked = self.bakers * self.breads;
        let mut sold = HashSet::new();
        if let Some(twice) = bought.iter().flatten().find(|bread| !sold.insert(**bread)) {
            return Judged::forbidden(
                format!("{twice} sold twice"),
                "two customers have the same bread",
            );
        }
        if sold.len() != baked {
            return Judged::forbidden(
                format!("{} of {baked} breads sold", sold.len()),
                "everybody has gone home, and a bread is left",
            );
        }
        let each: Vec<String> = bought.iter().map(|own| own.len().to_string()).collect();
        Judged::promised(
            format!("bought {}", each.join(" + ")),
            "each bread was sold once, and everybody has gone home",
        )
    }
}
