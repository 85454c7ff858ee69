// expect: refused: try_lock fails
// exercise: ticket_lock/forgets-to-serve
use racecourse::lessons::ticket_lock::Lock;
use racecourse::sync::atomic::{AtomicU64, Ordering};
use racecourse::sync::hint::spin_loop;

/// The numbers, and the steps that a lock puts together.
struct Counters {
    next: AtomicU64,
    serving: AtomicU64,
}

impl Counters {
    fn new() -> Self {
        Self {
            next: AtomicU64::new(0),
            serving: AtomicU64::new(0),
        }
    }

    /// Draws a number.
    #[track_caller]
    fn draw(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits until `number` is called.
    #[track_caller]
    fn wait(&self, number: u64, ordering: Ordering) {
        while self.serving.load(ordering) != number {
            spin_loop();
        }
    }

    /// Draws the number that is being served, if it is still free.
    #[track_caller]
    fn draw_if_served(&self, ordering: Ordering) -> Option<u64> {
        let serving = self.serving.load(ordering);
        self.next
            .compare_exchange(serving, serving + 1, Ordering::Relaxed, Ordering::Relaxed)
            .ok()
    }

    /// Calls the number after `number`.
    #[track_caller]
    fn call_after(&self, number: u64, ordering: Ordering) {
        self.serving.store(number + 1, ordering);
    }
}

pub struct Answer(Counters);

impl Lock for Answer {
    fn open() -> Self {
        Self(Counters::new())
    }

    fn lock(&self) -> u64 {
        let number = self.0.draw();
        self.0.wait(number, Ordering::Acquire);
        number
    }

    fn try_lock(&self) -> Option<u64> {
        if self.0.next.load(Ordering::Relaxed) == 0 {
            self.0.draw_if_served(Ordering::Acquire)
        } else {
            None
        }
    }

    fn unlock(&self, number: u64) {
        self.0.call_after(number, Ordering::Release);
    }
}
