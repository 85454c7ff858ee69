//! The right bakery: customers go home when nothing more will come.

use super::lesson::{Bakery, Bread, Day};
use crate::lessons::bounded_queue::right::Queue;
use crate::sync::Named;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// The last baker to go home closes the queue. Customers need to know neither
/// how much is baked nor how many they are: they take until it is closed and
/// empty.
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
        let baking = AtomicUsize::new(day.bakers).named("baking");
        Self { queue, baking }
    }

    fn queue(&self) -> &Queue<Bread> {
        &self.queue
    }

    fn go_home(&self) {
        // ORDERING: Relaxed is enough. The count publishes nothing but itself,
        // and whoever brings it to 0 comes after the other bakers in its own
        // order; their puts cannot then come after his close, since the queue's
        // lock would order them against the count.
        if self.baking.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.queue.close();
        }
    }

    fn buy(&self, _bought: usize) -> Option<Bread> {
        self.queue.get().ok()
    }
}
