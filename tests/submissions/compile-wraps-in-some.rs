// expect: compile: line 18: mismatched types
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
        let left = self.left.load(Ordering::Acquire);
        Sale { ticket: left, left: left - 1 }
    }
}
