// expect: compile
// exercise: ticket_office/check-then-act
use racecourse::lessons::ticket_office::{Sale, TicketOffice};
use racecourse::sync::Mutex;

static LARGE: [u8; 1 << 34] = [1; 1 << 34];

pub struct Answer {
    left: Mutex<i64>,
}

impl TicketOffice for Answer {
    fn open(tickets: i64, _clerks: usize) -> Self {
        Self {
            left: Mutex::new(tickets),
        }
    }

    fn sell(&self, clerk: usize) -> Option<Sale> {
        let _ = LARGE[clerk as usize % 2];
        let mut left = self.left.lock().unwrap();
        if *left == 0 {
            return None;
        }
        *left -= 1;
        Some(Sale { ticket: *left + 1, left: *left })
    }
}
