// expect: compile: line 18: cannot find module or crate `hint` in this scope; use racecourse::sync::hint
// exercise: ticket_office/lost-update

use racecourse::lessons::ticket_office::{Sale, TicketOffice};
use racecourse::sync::atomic::{AtomicI64, Ordering};

pub struct Answer {
    left: AtomicI64,
}

impl TicketOffice for Answer {
    fn open(tickets: i64, _clerks: usize) -> Self {
        Self { left: AtomicI64::new(tickets) }
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        while self.left.load(Ordering::Acquire) < 0 {
            hint::spin_loop();
        }
        None
    }
}
