// expect: compile: line 17: cannot find function `spin_loop`
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
        spin_loop();
        None
    }
}
