//! Four wrong ways to sell tickets.

use super::lesson::{Sale, TicketOffice};
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::{Mutex, Watched};

/// Checks in one critical section that a ticket is left, and takes it in the next. Between
/// the two, another clerk can take that ticket.
pub struct CheckThenAct {
    tickets: Mutex<i64>,
}

impl TicketOffice for CheckThenAct {
    fn open(tickets: i64, _clerks: usize) -> Self {
        Self {
            tickets: Mutex::new(tickets).watched(|left| format!("{left} left")),
        }
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        if *self.tickets.lock().unwrap() <= 0 {
            return None;
        }
        let mut left = self.tickets.lock().unwrap();
        let ticket = *left;
        *left -= 1;
        Some(Sale {
            ticket,
            left: *left,
        })
    }
}

/// Loads the number, computes, stores: the store overwrites a sale made since the load.
/// Each operation is atomic, but the three together are not.
pub struct LostUpdate {
    left: AtomicI64,
}

impl TicketOffice for LostUpdate {
    fn open(tickets: i64, _clerks: usize) -> Self {
        Self {
            left: AtomicI64::new(tickets),
        }
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        let ticket = self.left.load(Ordering::SeqCst);
        if ticket == 0 {
            return None;
        }
        self.left.store(ticket - 1, Ordering::SeqCst);
        Some(Sale {
            ticket,
            left: ticket - 1,
        })
    }
}

/// What the tutorial does: sells a ticket, unlocks, and only then reads how many are left.
/// Another clerk can sell a ticket in between.
pub struct AnnouncesAfterUnlock {
    tickets: Mutex<i64>,
}

impl TicketOffice for AnnouncesAfterUnlock {
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
        drop(left);
        let left = *self.tickets.lock().unwrap();
        Some(Sale { ticket, left })
    }
}

/// Every clerk has a lock of his own, which is always free and keeps no other clerk out. (In
/// safe Rust the number of tickets cannot be inside such a lock.)
pub struct LockEach {
    locks: Vec<Mutex<()>>,
    left: AtomicI64,
}

impl TicketOffice for LockEach {
    fn open(tickets: i64, clerks: usize) -> Self {
        let mut locks = Vec::new();
        for _ in 0..clerks {
            locks.push(Mutex::new(()));
        }
        Self {
            locks,
            left: AtomicI64::new(tickets),
        }
    }

    fn sell(&self, clerk: usize) -> Option<Sale> {
        let _own = self.locks[clerk].lock().unwrap();
        let ticket = self.left.load(Ordering::SeqCst);
        if ticket == 0 {
            return None;
        }
        self.left.store(ticket - 1, Ordering::SeqCst);
        Some(Sale {
            ticket,
            left: ticket - 1,
        })
    }
}
