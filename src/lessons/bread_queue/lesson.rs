//! Bakers and customers, and a queue of bread between them.
//!
//! # Story
//! Bakers bake and put their bread into a [bounded queue](crate::lessons::bounded_queue),
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

use crate::lessons::bounded_queue::right::Queue;
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
