// expect: proved
// exercise: ticket_lock/wakes-the-wrong-one
use racecourse::lessons::ticket_lock::Lock;
use racecourse::sync::{Condvar, Mutex};

pub struct Answer {
    /// Drawn, and served.
    numbers: Mutex<(u64, u64)>,
    called: Condvar,
}

impl Lock for Answer {
    fn open() -> Self {
        Self { numbers: Mutex::new((0, 0)), called: Condvar::new() }
    }

    fn lock(&self) -> u64 {
        let mut numbers = self.numbers.lock().unwrap();
        let own = numbers.0;
        numbers.0 += 1;
        while numbers.1 != own {
            numbers = self.called.wait(numbers).unwrap();
        }
        own
    }

    fn try_lock(&self) -> Option<u64> {
        let mut numbers = self.numbers.lock().unwrap();
        (numbers.0 == numbers.1).then(|| {
            numbers.0 += 1;
            numbers.1
        })
    }

    fn unlock(&self, _number: u64) {
        self.numbers.lock().unwrap().1 += 1;
        self.called.notify_all();
    }
}
