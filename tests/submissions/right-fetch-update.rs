// expect: proved
// exercise: ticket_office/lost-update
use racecourse::lessons::ticket_office::{Sale, TicketOffice};
use racecourse::sync::atomic::{AtomicI64, Ordering::Relaxed};


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
        let take = |left: i64| (left > 0).then(|| left - 1);
        let ticket = self.left.fetch_update(Relaxed, Relaxed, take).ok()?;
        Some(Sale { ticket, left: ticket - 1 })
    }
}
