//! Four wrong ways to sell tickets.

use super::lesson::{Sale, TicketOffice};
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::{Mutex, Named, Watched};

/// Looks in one critical section and takes in the next: every access is locked,
/// and yet between the two another clerk can sell what was seen.
pub struct CheckThenAct {
    left: Mutex<i64>,
}

impl TicketOffice for CheckThenAct {
    fn open(tickets: i64, _clerks: usize) -> Self {
        let left = Mutex::new(tickets).watched("tickets", |left| format!("{left} left"));
        Self { left }
    }

    fn sell(&self, _clerk: usize) -> Option<Sale> {
        if *self.left.lock().unwrap() <= 0 {
            return None;
        }
        let mut left = self.left.lock().unwrap();
        let ticket = *left;
        *left -= 1;
        Some(Sale {
            ticket,
            left: *left,
        })
    }
}

/// Loads, computes, stores: a sale made between the load and the store is
/// overwritten. Each operation is atomic; the three together are not.
pub struct LostUpdate {
    left: AtomicI64,
}

impl TicketOffice for LostUpdate {
    fn open(tickets: i64, _clerks: usize) -> Self {
        let left = AtomicI64::new(tickets).named("left");
        Self { left }
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

/// What the seed does: sells under the lock, lets go of it, and only then looks
/// up what is left to announce it. By then somebody else may have sold.
pub struct AnnouncesAfterUnlock {
    left: Mutex<i64>,
}

impl TicketOffice for AnnouncesAfterUnlock {
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
        drop(left);
        let left = *self.left.lock().unwrap();
        Some(Sale { ticket, left })
    }
}

/// Every clerk has a lock of his own: always free, it keeps nobody out. In safe
/// Rust the tickets must then stand beside the locks, not inside one.
pub struct LockEach {
    locks: Vec<Mutex<()>>,
    left: AtomicI64,
}

impl TicketOffice for LockEach {
    fn open(tickets: i64, clerks: usize) -> Self {
        Self {
            locks: (0..clerks)
                .map(|_| Mutex::new(()).named("own lock"))
                .collect(),
            left: AtomicI64::new(tickets).named("left"),
        }
    }

    fn sell(&self, clerk: usize) -> Option<Sale> {
        let _mine = self.locks[clerk].lock().unwrap();
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
