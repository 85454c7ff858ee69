//! Clerks sell the tickets of one office.
//!
//! # Story
//! An office has some tickets, numbered by how many are left, and several clerks. Each
//! clerk sells tickets until none is left, and announces after every sale how many are
//! left. After a clerk has seen that a ticket is left, and before he takes it, another
//! clerk can take it.
//!
//! The promises: each ticket is sold once, and each announced remainder is right.
//!
//! # What the compiler already refuses
//! The tutorial's global counter, changed by two threads, does not compile in safe Rust:
//! ```compile_fail
//! let mut left = 20;
//! std::thread::scope(|office| {
//!     office.spawn(|| left -= 1);
//!     office.spawn(|| left -= 1); // error: cannot borrow `left` as mutable more than once
//! });
//! ```
//! The data in a mutex cannot be read after the unlock. The tutorial does so, and announces
//! wrong remainders:
//! ```compile_fail
//! let left = std::sync::Mutex::new(20);
//! let mut guard = left.lock().unwrap();
//! *guard -= 1;
//! drop(guard);
//! println!("{} left", *guard); // error: borrow of moved value: `guard`
//! ```

use crate::explorer::report::Judged;
use std::collections::HashSet;

/// An office that sells tickets.
pub trait TicketOffice: Send + Sync {
    /// An office with that many tickets, for that many clerks.
    fn open(tickets: i64, clerks: usize) -> Self;

    /// Clerk number `clerk` (from 0) sells a ticket. `None`: the office is sold out.
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

/// Judges what each clerk sold: every ticket, no ticket twice, with the right remainders
/// announced.
#[must_use]
pub fn judge(tickets: i64, day: &[Vec<Sale>]) -> Judged {
    let sales: Vec<Sale> = day.iter().flatten().copied().collect();
    let mut numbers = HashSet::new();
    if let Some(twice) = sales.iter().find(|sale| !numbers.insert(sale.ticket)) {
        return Judged::forbidden(
            format!("ticket {} sold twice", twice.ticket),
            "two customers hold the same ticket",
        );
    }
    if let Some(sale) = sales
        .iter()
        .find(|sale| !(1..=tickets).contains(&sale.ticket))
    {
        return Judged::forbidden(
            format!("ticket {} sold", sale.ticket),
            "the office had no such ticket: one more was sold than there were",
        );
    }
    if sales.len() as i64 != tickets {
        return Judged::forbidden(
            format!("{} of {tickets} sold", sales.len()),
            "the clerks have finished, and tickets are left",
        );
    }
    if sales.iter().any(|sale| sale.left != sale.ticket - 1) {
        return Judged::forbidden(
            "a wrong remainder announced",
            "another number of tickets was left after the sale",
        );
    }
    let each: Vec<String> = day.iter().map(|sold| sold.len().to_string()).collect();
    Judged::promised(
        format!("sold {}", each.join(" + ")),
        "each ticket was sold once, and each remainder was right",
    )
}
