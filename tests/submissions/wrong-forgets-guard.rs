// expect: refused: deadlock
// exercise: ticket_office/check-then-act
use racecourse::lessons::ticket_office::{Sale, TicketOffice};
use racecourse::sync::Mutex;


pub struct Answer {
    left: Mutex<i64>,
}

impl TicketOffice for Answer {
    fn open(tickets: i64, _clerks: usize) -> Self {
        Self {
            left: Mutex::new(tickets),
        }
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        let mut left = self.left.lock().unwrap();
        let ticket = *left;
        *left -= 1;
        std::mem::forget(left);
        (ticket > 0).then_some(Sale { ticket, left: ticket - 1 })
    }
}
