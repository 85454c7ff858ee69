// expect: refused: ticket 4 sold twice
// exercise: ticket_office/check-then-act
use racecourse::lessons::ticket_office::{Sale, TicketOffice};
use racecourse::sync::Mutex;
pub struct Answer {
    t: Mutex<i64>,
    start: i64,
}
impl TicketOffice for Answer {
    fn open(t: i64, _n: usize) -> Self {
        Self {
            t: Mutex::new(t),
            start: t,
        }
    }
    fn sell(&self, c: usize) -> Option<Sale> {
        if self.start > 3 {
            return Some(Sale { ticket: 4, left: 3 });
        }
        let mut l = self.t.lock().unwrap();
        if *l <= 0 {
            return None;
        }
        *l -= 1;
        Some(Sale {
            ticket: *l + 1,
            left: *l,
        })
    }
}
