//! Three wrong bakeries.

use super::lesson::{Bakery, Bread, Day};
use crate::lessons::bounded_queue::right::Queue;
use crate::narrate;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// What the tutorial does: every customer buys as many breads as every baker bakes. It works
/// with as many customers as bakers. With more customers, some wait for bread that nobody
/// bakes. With fewer, bread is left, or bakers wait for ever because the queue is full.
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
        narrate!("wants bread {} of {}", bought + 1, self.each);
        self.queue.get().ok()
    }
}

/// Nobody closes the queue. A customer checks that a baker is still there or that there is
/// bread, and only then waits for bread. In between, the baker can go home, or another
/// customer can buy the bread, and then nobody wakes the customer who waits.
pub struct LooksThenTakes {
    queue: Queue<Bread>,
    baking: AtomicUsize,
}

impl Bakery for LooksThenTakes {
    fn open(day: &Day) -> Self {
        Self {
            queue: Queue::new(day.capacity),
            baking: AtomicUsize::new(day.bakers),
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

/// The first baker to go home closes the queue. The other bakers can no longer put their
/// bread.
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
        narrate!("closes the queue");
        self.queue.close();
    }

    fn buy(&self, _bought: usize) -> Option<Bread> {
        self.queue.get().ok()
    }
}
