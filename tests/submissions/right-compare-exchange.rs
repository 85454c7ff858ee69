// expect: proved
// exercise: ticket_office/lost-update
use racecourse::lessons::ticket_office::{Sale, TicketOffice};
use racecourse::sync::atomic::{AtomicI64, Ordering};


pub struct Answer {
    left: AtomicI64,
}

impl TicketOffice for Answer {
    fn open(tickets: i64, _clerks: usize) -> Self {
        Self {
            left: AtomicI64::new(tickets),
        }
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        let mut left = self.left.load(Ordering::SeqCst);
        while left > 0 {
            match self.left.compare_exchange_weak(left, left - 1, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(ticket) => return Some(Sale { ticket, left: ticket - 1 }),
                Err(now) => left = now,
            }
        }
        None
    }
}
