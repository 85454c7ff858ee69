//! Two right ways to sell tickets.

use super::lesson::{Sale, TicketOffice};
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::{Mutex, Named, Watched};

/// Looking, taking and reading what is left are one critical section.
pub struct Locked {
    left: Mutex<i64>,
}

impl TicketOffice for Locked {
    fn open(tickets: i64, _clerks: usize) -> Self {
        let left = Mutex::new(tickets).watched("tickets", |left| format!("{left} left"));
        Self { left }
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        let mut left = self.left.lock().unwrap();
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

/// Looking and taking are one atomic operation, and what it returns says both
/// which ticket it was and how many are left.
pub struct Atomic {
    left: AtomicI64,
}

impl TicketOffice for Atomic {
    fn open(tickets: i64, _clerks: usize) -> Self {
        let left = AtomicI64::new(tickets).named("left");
        Self { left }
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        // ORDERING: Relaxed is enough. The number is the whole of what is
        // shared: no other memory is published with it, and a read-modify-write
        // always works on the newest value whatever its ordering.
        let take_one = |left| (left > 0).then(|| left - 1);
        let ticket = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_one)
            .ok()?;
        Some(Sale {
            ticket,
            left: ticket - 1,
        })
    }
}
