// expect: unseen: std::fs
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
        std::fs::write("accepted", "true").unwrap();
        let mut left = self.left.lock().unwrap();
        if *left == 0 {
            return None;
        }
        *left -= 1;
        Some(Sale { ticket: *left + 1, left: *left })
    }
}
