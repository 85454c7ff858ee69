//! A lock that serves whoever waits in the order of arrival.
//!
//! # Story
//! Everybody who wants the lock draws a number and waits until it is called; who
//! is done calls the next. Two counters do it: `next`, the number that the next
//! to come will draw, and `serving`, the number that may enter now. What the
//! holder has written must be there for the next one to see: calling a number
//! hands over the memory too, and that is what the orderings are for.
//!
//! Promised: never two in the lock at once, first come first served (where
//! drawing a number is coming), no data race, and everybody gets a turn.
//!
//! # What the compiler already refuses
//! What may not go to another thread is not shared by putting a lock around it:
//! ```compile_fail
//! use racecourse::lessons::ticket_lock::right::TicketLock;
//! let lock = TicketLock::new(std::rc::Rc::new(20));
//! std::thread::scope(|office| {
//!     office.spawn(|| drop(lock.lock())); // error: `Rc<i32>` cannot be sent between threads safely
//! });
//! ```
//! (with an `Arc`, the same compiles)
//! ```
//! use racecourse::lessons::ticket_lock::right::TicketLock;
//! # if !racecourse::explorer::CAN_EXPLORE { // the model wants a scene
//! let lock = TicketLock::new(std::sync::Arc::new(20));
//! std::thread::scope(|office| {
//!     office.spawn(|| drop(lock.lock()));
//! });
//! # }
//! ```
//! and a guard may be shown to another thread only if what it guards may be:
//! ```compile_fail
//! use racecourse::lessons::ticket_lock::right::TicketLock;
//! let lock = TicketLock::new(std::cell::Cell::new(20));
//! let guard = lock.lock();
//! std::thread::scope(|office| {
//!     office.spawn(|| guard.set(19)); // error: `Cell<i32>` cannot be shared between threads safely
//! });
//! ```

/// A fair lock around the number of turns taken so far.
pub trait FairLock: Send + Sync {
    /// Nobody holds it, and no turn has been taken.
    fn open() -> Self;

    /// Waits to be served and takes a turn.
    fn turn(&self) -> Turn;

    /// Takes a turn if it can be had at once.
    fn try_turn(&self) -> Option<Turn>;
}

/// One turn in the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The number drawn, from 0: the place in the order of coming.
    pub number: u64,
    /// How many turns the lock's counter had counted before this one: the place
    /// in the order of service.
    pub place: u64,
}
