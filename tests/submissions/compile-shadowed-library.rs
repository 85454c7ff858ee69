// expect: compile: cannot be shared between threads
// exercise: ticket_office/check-then-act
use ::racecourse::lessons::ticket_office::{Sale, TicketOffice};
use self::racecourse::sync::Mutex;


/// A lock that the model would not see.
mod racecourse {
    pub mod sync {
        pub struct Mutex<T>(std::cell::RefCell<T>);

        impl<T> Mutex<T> {
            pub fn new(value: T) -> Self {
                Self(std::cell::RefCell::new(value))
            }

            pub fn lock(&self) -> Result<std::cell::RefMut<'_, T>, ()> {
                Ok(self.0.borrow_mut())
            }
        }
    }
}

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
