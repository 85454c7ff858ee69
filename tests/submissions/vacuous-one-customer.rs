// expect: vacuous: `bought 1 + 1` must occur, and did not
// exercise: bread_queue/counted-customers
use racecourse::lessons::bounded_queue::right::Queue;
use racecourse::lessons::bread_queue::{Bakery, Bread, Day};
use racecourse::sync::atomic::{AtomicUsize, Ordering};

pub struct Answer {
    queue: Queue<Bread>,
    baking: AtomicUsize,
    served: AtomicUsize,
}

impl Bakery for Answer {
    fn open(day: &Day) -> Self {
        Self {
            queue: Queue::new(day.capacity),
            baking: AtomicUsize::new(day.bakers),
            served: AtomicUsize::new(0),
        }
    }

    fn queue(&self) -> &Queue<Bread> {
        &self.queue
    }

    fn go_home(&self) {
        if self.baking.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.queue.close();
        }
    }

    fn buy(&self, bought: usize) -> Option<Bread> {
        let _ = bought;
        if bought == 0 && self.served.fetch_add(1, Ordering::Relaxed) > 0 {
            return None;
        }
        self.queue.get().ok()
    }
}
