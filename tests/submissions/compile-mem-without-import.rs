// expect: compile: line 18: cannot find module or crate `mem`
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
        let mut left = self.left.load(Ordering::Acquire);
        mem::swap(&mut left, &mut 0);
        None
    }
}
