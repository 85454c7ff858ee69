// expect: refused: deadlock in scene
// exercise: ticket_office/check-then-act
use racecourse::lessons::ticket_office::{Sale, TicketOffice};
use racecourse::sync::Mutex;


pub struct Answer {
    left: Mutex<i64>,
    till: Mutex<i64>,
}

impl TicketOffice for Answer {
    fn open(tickets: i64, _clerks: usize) -> Self {
        Self {
            left: Mutex::new(tickets),
            till: Mutex::new(0),
        }
    }

    fn sell(&self, clerk: usize) -> Option<Sale> {
        let (first, second) = match clerk % 2 {
            0 => (&self.left, &self.till),
            _ => (&self.till, &self.left),
        };
        let (mut first, mut second) = (first.lock().unwrap(), second.lock().unwrap());
        let left = if clerk % 2 == 0 { &mut *first } else { &mut *second };
        *left -= 1;
        (*left >= 0).then_some(Sale { ticket: *left + 1, left: *left })
    }
}
