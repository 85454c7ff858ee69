//! Two right ways to sell tickets.

use super::lesson::{Sale, TicketOffice};
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::{Mutex, Watched};

/// One critical section checks that a ticket is left, takes it, and reads how many are left.
pub struct Locked {
    tickets: Mutex<i64>,
}

impl TicketOffice for Locked {
    fn open(tickets: i64, _clerks: usize) -> Self {
        Self {
            tickets: Mutex::new(tickets).watched(|left| format!("{left} left")),
        }
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        let mut left = self.tickets.lock().unwrap();
        if *left == 0 {
            return None;
        }
        let ticket = *left;
        *left -= 1;
        Some(Sale {
            ticket,
            left: *left,
        })
    }
}

/// One atomic operation checks that a ticket is left and takes it. Its result says which
/// ticket it was, and so how many are left.
pub struct Atomic {
    left: AtomicI64,
}

impl TicketOffice for Atomic {
    fn open(tickets: i64, _clerks: usize) -> Self {
        Self {
            left: AtomicI64::new(tickets),
        }
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        // ORDERING: Relaxed is enough. The clerks share nothing but this number, and a
        // read-modify-write reads the newest value whatever its ordering.
        let take_one = |left| (left > 0).then(|| left - 1);
        let taken = (self.left).fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_one);
        let ticket = taken.ok()?;
        Some(Sale {
            ticket,
            left: ticket - 1,
        })
    }
}
