// expect: vacuous: `try_lock succeeds` must occur, and did not. No interleaving has this outcome, so
// exercise: ticket_lock/forgets-to-serve
use racecourse::lessons::ticket_lock::Lock;
use racecourse::sync::atomic::{AtomicU64, Ordering};
use racecourse::sync::hint::spin_loop;

pub struct Answer {
    next: AtomicU64,
    serving: AtomicU64,
}

impl Lock for Answer {
    fn open() -> Self {
        Self { next: AtomicU64::new(0), serving: AtomicU64::new(0) }
    }

    fn lock(&self) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        while self.serving.load(Ordering::Acquire) != number {
            spin_loop();
        }
        number
    }

    fn try_lock(&self) -> Option<u64> {
        None
    }

    fn unlock(&self, number: u64) {
        self.serving.store(number + 1, Ordering::Release);
    }
}
