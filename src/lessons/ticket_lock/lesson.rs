//! A lock that serves threads in the order of arrival.
//!
//! # Story
//! A thread that needs the lock draws a number and waits until that number is called. The
//! thread that unlocks calls the next number. Two counters are enough: `next`, the number
//! that the next thread will draw, and `serving`, the number that may enter. The next
//! holder must see everything that the holder before it wrote: calling a number also hands
//! over the memory, and that is what the orderings are for.
//!
//! The promises: never two threads in the lock at once; first come, first served, where
//! drawing a number counts as arrival; no data race; no thread waits for ever.
//!
//! # What the compiler already refuses
//! A value that cannot be sent to another thread cannot be shared by a lock either:
//! ```compile_fail
//! use racecourse::lessons::ticket_lock::right::TicketLock;
//! let lock = TicketLock::new(std::rc::Rc::new(20));
//! std::thread::scope(|office| {
//!     office.spawn(|| drop(lock.lock())); // error: `Rc<i32>` cannot be sent between threads safely
//! });
//! ```
//! (With an `Arc` it compiles.)
//! ```
//! use racecourse::lessons::ticket_lock::right::TicketLock;
//! # if !racecourse::explorer::CAN_EXPLORE { // the model needs a scene
//! let lock = TicketLock::new(std::sync::Arc::new(20));
//! std::thread::scope(|office| {
//!     office.spawn(|| drop(lock.lock()));
//! });
//! # }
//! ```
//! A guard can be shared with another thread only if the value can be:
//! ```compile_fail
//! use racecourse::lessons::ticket_lock::right::TicketLock;
//! let lock = TicketLock::new(std::cell::Cell::new(20));
//! let guard = lock.lock();
//! std::thread::scope(|office| {
//!     office.spawn(|| guard.set(19)); // error: `Cell<i32>` cannot be shared between threads safely
//! });
//! ```

use crate::explorer::report::{Grade, Judged};
use std::cmp::Ordering;

/// A fair lock around a counter of the turns taken so far.
pub trait FairLock: Send + Sync {
    /// A lock that no thread holds, before the first turn.
    fn open() -> Self;

    /// Locks, runs `inside`, takes a turn, and unlocks.
    fn turn_with(&self, inside: impl FnOnce()) -> Turn;

    /// Locks, takes a turn, and unlocks.
    fn turn(&self) -> Turn {
        self.turn_with(|| ())
    }

    /// Takes a turn if the lock is free.
    fn try_turn(&self) -> Option<Turn>;
}

/// The operations of a fair lock. They protect nothing by themselves: a counter of turns
/// is put between them.
pub trait Lock: Send + Sync {
    /// A lock that no thread holds.
    fn open() -> Self;

    /// Draws a number, and waits until that number is called. From then on the thread holds
    /// the lock. Returns the number.
    fn lock(&self) -> u64;

    /// Takes the lock if it is free, and returns the number drawn.
    fn try_lock(&self) -> Option<u64>;

    /// Unlocks: calls the number after `number`, which is the holder's.
    fn unlock(&self, number: u64);
}

/// One turn in the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The number drawn, from 0: the place in the order of arrival.
    pub number: u64,
    /// How many turns the counter had counted before this one: the place in the order of
    /// service.
    pub place: u64,
}

/// Judges the turns of each thread: one thread at a time, in the order of the numbers drawn.
#[must_use]
pub fn judge(turns: &[Vec<Turn>]) -> Judged {
    let mut served: Vec<(Turn, usize)> = (1..)
        .zip(turns)
        .flat_map(|(actor, turns)| turns.iter().map(move |turn| (*turn, actor)))
        .collect();
    served.sort_by_key(|(turn, _)| turn.place);
    if (0..)
        .zip(&served)
        .any(|(place, (turn, _))| turn.place != place)
    {
        return Judged::forbidden(
            "two in the lock at once",
            "both read the same count, and one turn was lost",
        );
    }
    for pair in served.windows(2) {
        let (before, after) = (pair[0].0.number, pair[1].0.number);
        match before.cmp(&after) {
            Ordering::Less => {}
            Ordering::Equal => {
                return Judged::forbidden(
                    format!("number {after} drawn twice"),
                    "two threads can enter when it is called",
                );
            }
            Ordering::Greater => {
                return Judged::forbidden(
                    "served out of turn",
                    format!(
                        "thread {} with number {before} was served before thread {} with number {after}",
                        pair[0].1, pair[1].1
                    ),
                );
            }
        }
    }
    let order: Vec<String> = served.iter().map(|(_, actor)| actor.to_string()).collect();
    Judged::promised(
        format!("served {}", order.join(" ")),
        "one thread at a time, in the order in which they drew their numbers",
    )
}

/// Judges the turns of a holder and of a thread that tried once. The outcome says whether
/// the attempt succeeded.
#[must_use]
pub fn judge_try(turns: &[Vec<Turn>]) -> Judged {
    let judged = judge(turns);
    if judged.grade == Grade::Forbidden {
        return judged;
    }
    match turns[1].len() {
        0 => Judged::promised("try_lock fails", "another thread held the lock"),
        _ => Judged::promised("try_lock succeeds", "the lock was free"),
    }
}

/// Judges a try while the lock was held, and two when it was free.
#[must_use]
pub fn judge_tries([held, free @ ..]: &[Option<Turn>; 3]) -> Judged {
    if held.is_some() {
        return Judged::forbidden("try_lock succeeds", "the lock was held");
    }
    if free.contains(&None) {
        return Judged::forbidden("try_lock fails", "the lock was free");
    }
    Judged::promised(
        "try_lock fails, then succeeds",
        "the lock was held, then free",
    )
}
