//! The model: the same names as the ordinary world, played out under loom.
//!
//! # How it works
//! loom runs the threads: as coroutines, one at a time, all but one parked. Who
//! goes next, and what is read or woken where there is a choice, is for [`search`]
//! to say; who owns which mutex, who waits for what, and so who can go on at all,
//! [`runtime`] knows. So a deadlock is not a panic in loom's scheduler but
//! something the model knows, says and records, and after which exploration goes
//! on. (loom's own search compares a store with the last access of an atomic only,
//! and so loses interleavings: tokio-rs/loom#166.)
//!
//! # Invariants
//! - Before a thread does anything that others could notice, it passes a *point*,
//!   and then it says what it *touches*, and whether it changes that: two steps
//!   that touch nothing in common, or only read it, have nothing to do with each
//!   other. Whether a thread can go on from its point depends on what others have
//!   touched, and on nothing else.
//! - A turn, from one point to the next, does the same whenever all is the same
//!   that it could know. A scene for which that is not so is found out and refused.
//! - While a thread unwinds nothing switches and nothing panics: a panic in a
//!   panic ends the process. What a destructor does then is part of the step that
//!   panicked; if it needs another thread, the execution is given up.
//! - All threads of an execution are coroutines on one thread of the operating
//!   system; a thread knows itself only because [`runtime`] notes who runs.

pub mod atomic;
pub mod cell;
mod clock;
mod condvar;
pub(crate) mod events;
pub mod hint;
pub mod mpsc;
mod mutex;
pub(crate) mod objects;
mod park;
pub(crate) mod runtime;
mod search;
pub mod thread;

pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{Mutex, MutexGuard};

pub(super) use thread::run_actors;

use std::fmt;

#[track_caller]
pub(super) fn narrate(what: fmt::Arguments<'_>) {
    runtime::narrate(what.to_string());
}

#[track_caller]
pub(super) fn may_die() -> bool {
    runtime::may_die(std::panic::Location::caller())
}

/// No time passes in the model.
pub(super) fn rest() {}
