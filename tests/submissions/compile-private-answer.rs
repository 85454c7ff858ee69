// expect: compile: the answer is a type named `Answer`: keep `pub struct Answer`
// exercise: ticket_office/lost-update

use racecourse::lessons::ticket_office::{Sale, TicketOffice};
use racecourse::sync::atomic::{AtomicI64, Ordering};

struct Answer {
    left: AtomicI64,
}

impl TicketOffice for Answer {
    fn open(tickets: i64, _clerks: usize) -> Self {
        Self { left: AtomicI64::new(tickets) }
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        None
    }
}
