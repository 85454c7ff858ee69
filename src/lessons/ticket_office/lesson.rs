//! Clerks sell the tickets of one office.
//!
//! # Story
//! An office has some tickets, numbered by how many are left, and several
//! clerks. Each clerk sells until the office is empty, and announces after every
//! sale how many are left. Between looking whether there is a ticket and taking
//! it, another clerk can be faster.
//!
//! # What the compiler already refuses
//! The seed's global counter, changed by two threads, does not compile in safe
//! Rust:
//! ```compile_fail
//! let mut left = 20;
//! std::thread::scope(|office| {
//!     office.spawn(|| left -= 1);
//!     office.spawn(|| left -= 1); // error: cannot borrow `left` as mutable more than once
//! });
//! ```
//! and what a mutex protects cannot be read after letting go of it, which is how
//! the seed announces a remainder that may be wrong:
//! ```compile_fail
//! let left = std::sync::Mutex::new(20);
//! let mut guard = left.lock().unwrap();
//! *guard -= 1;
//! drop(guard);
//! println!("{} left", *guard); // error: borrow of moved value: `guard`
//! ```

/// An office that sells tickets.
pub trait TicketOffice: Send + Sync {
    /// An office with that many tickets, for that many clerks.
    fn open(tickets: i64, clerks: usize) -> Self;

    /// Clerk number `clerk` (from 0) sells a ticket; `None` once the office is
    /// empty.
    fn sell(&self, clerk: usize) -> Option<Sale>;
}

/// One ticket sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale {
    /// The ticket's number: how many were left, this one included.
    pub ticket: i64,
    /// How many are left after this sale, as the clerk announces it.
    pub left: i64,
}
