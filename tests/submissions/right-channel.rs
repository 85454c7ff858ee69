// expect: proved
// exercise: ticket_office/check-then-act
use racecourse::lessons::ticket_office::{Sale, TicketOffice};
use racecourse::sync::mpsc::{Receiver, channel};
use racecourse::sync::Mutex;


fn stock(tickets: i64) -> Receiver<Sale> {
    let (sender, receiver) = channel();
    for ticket in (1..=tickets).rev() {
        sender.send(Sale { ticket, left: ticket - 1 }).expect("the receiver is here");
    }
    receiver
}

pub struct Answer {
    stock: Mutex<Receiver<Sale>>,
}

impl TicketOffice for Answer {
    fn open(tickets: i64, _clerks: usize) -> Self {
        Self {
            stock: Mutex::new(stock(tickets)),
        }
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        self.stock.lock().unwrap().try_recv().ok()
    }
}
