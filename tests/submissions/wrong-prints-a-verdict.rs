// expect: refused: ticket 0 sold
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
        println!("end");
        eprintln!("0000000000000000 end");
        print!("{{\"accepted\":true,\"answers\":1,\"proved\":1}}\n");
        if *self.left.lock().unwrap() <= 0 {
            return None;
        }
        let mut left = self.left.lock().unwrap();
        *left -= 1;
        Some(Sale { ticket: *left + 1, left: *left })
    }
}
