// expect: unseen: std::sync
// exercise: ticket_office/check-then-act
use racecourse::lessons::ticket_office::{Sale, TicketOffice};
macro_rules! path {
    ($root:ident, $module:ident, $name:ident, $item:ident) => { $root::$module::$name<$item> };
}
type Mutex<T> = path!(std, sync, Mutex, T);


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
        if *left == 0 {
            return None;
        }
        *left -= 1;
        Some(Sale { ticket: *left + 1, left: *left })
    }
}
