//! The right bakery: the last baker closes the queue.

use super::lesson::{Bakery, Bread, Day};
use crate::lessons::bounded_queue::right::Queue;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// The last baker to go home closes the queue. Customers buy bread until the queue is closed
/// and empty.
pub struct ClosesWhenBaked {
    queue: Queue<Bread>,
    baking: AtomicUsize,
}

impl Bakery for ClosesWhenBaked {
    fn open(day: &Day) -> Self {
        let queue = Queue::new(day.capacity);
        if day.bakers == 0 {
            queue.close();
        }
        let baking = AtomicUsize::new(day.bakers);
        Self { queue, baking }
    }

    fn queue(&self) -> &Queue<Bread> {
        &self.queue
    }

    fn go_home(&self) {
        // ORDERING: Relaxed is enough. The count publishes no other memory. In its
        // modification order the last baker comes after the others. None of their puts can
        // follow his close: the queue's lock would make his decrement happen before theirs.
        if self.baking.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.queue.close();
        }
    }

    fn buy(&self, _bought: usize) -> Option<Bread> {
        self.queue.get().ok()
    }
}
