//! Three bakeries that forget bread or customers.

use super::lesson::{Bakery, Bread, Day};
use crate::lessons::bounded_queue::right::Queue;
use crate::sync::Named;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// What the seed does: every customer buys as many breads as every baker bakes.
/// With as many customers as bakers that comes out even. With more, some wait
/// for bread that nobody bakes; with fewer, bread is left, or bakers wait for
/// room that nobody makes.
pub struct CountedCustomers {
    queue: Queue<Bread>,
    each: usize,
}

impl Bakery for CountedCustomers {
    fn open(day: &Day) -> Self {
        Self {
            queue: Queue::new(day.capacity),
            each: day.breads,
        }
    }

    fn queue(&self) -> &Queue<Bread> {
        &self.queue
    }

    fn go_home(&self) {}

    fn buy(&self, bought: usize) -> Option<Bread> {
        if bought == self.each {
            return None;
        }
        self.queue.get().ok()
    }
}

/// Nobody closes the queue: a customer looks whether there is bread or somebody
/// who still bakes, and only then waits for one. What he saw is stale by then:
/// the bread is sold to another, the baker has gone home, and nobody wakes him.
pub struct LooksThenTakes {
    queue: Queue<Bread>,
    baking: AtomicUsize,
}

impl Bakery for LooksThenTakes {
    fn open(day: &Day) -> Self {
        Self {
            queue: Queue::new(day.capacity),
            baking: AtomicUsize::new(day.bakers).named("baking"),
        }
    }

    fn queue(&self) -> &Queue<Bread> {
        &self.queue
    }

    fn go_home(&self) {
        self.baking.fetch_sub(1, Ordering::SeqCst);
    }

    fn buy(&self, _bought: usize) -> Option<Bread> {
        if self.baking.load(Ordering::SeqCst) == 0 && self.queue.is_empty() {
            return None;
        }
        self.queue.get().ok()
    }
}

/// The first baker to go home closes the queue, as if there were no other. Bread
/// that another still bakes is refused.
pub struct ClosesTooEarly {
    queue: Queue<Bread>,
}

impl Bakery for ClosesTooEarly {
    fn open(day: &Day) -> Self {
        let queue = Queue::new(day.capacity);
        Self { queue }
    }

    fn queue(&self) -> &Queue<Bread> {
        &self.queue
    }

    fn go_home(&self) {
        self.queue.close();
    }

    fn buy(&self, _bought: usize) -> Option<Bread> {
        self.queue.get().ok()
    }
}
