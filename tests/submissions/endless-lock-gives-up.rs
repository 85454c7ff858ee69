// expect: endless: differs in each iteration
// exercise: ticket_lock/torn-ticket
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
        let mut tries = 0;
        while self.serving.load(Ordering::Acquire) != number {
            tries += 1;
            if tries == 1_000_000 {
                break;
            }
            spin_loop();
        }
        number
    }

    fn try_lock(&self) -> Option<u64> {
        let serving = self.serving.load(Ordering::Acquire);
        let drawn = self.next.compare_exchange(serving, serving + 1, Ordering::Relaxed, Ordering::Relaxed);
        drawn.ok()
    }

    fn unlock(&self, number: u64) {
        self.serving.store(number + 1, Ordering::Release);
    }
}
