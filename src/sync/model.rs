//! The model: the same names as the ordinary world, played out under loom.
//!
//! # How it works
//! *Block by ourselves, let loom schedule.* loom decides who runs and, in C11
//! mode, which store a load reads; everything else is ours: who owns which
//! mutex, who waits for what, and so who can go on at all. So a deadlock is not
//! a panic in loom's scheduler but something the model knows, says and records,
//! and after which exploration goes on.
//!
//! # Invariants
//! - Before a thread does anything that others could notice, it passes a
//!   *point* on the object it touches: an operation on a loom object of our own
//!   which conflicts with itself, so that loom tries both orders of every two
//!   accesses. (loom's own atomics compare a store with the last access only,
//!   and so lose interleavings: tokio-rs/loom#166.)
//! - A turn that would only repeat what has been seen is not taken: sleep sets, in
//!   [`runtime`]. What loom opens nevertheless is run and counted as an execution.
//! - While a thread unwinds nothing switches and nothing panics: a panic in a
//!   panic ends the process. What a destructor does then is part of the step that
//!   panicked; if it needs another thread, the execution is given up.
//! - All threads of an execution are coroutines on one thread of the operating
//!   system; a thread knows itself only because [`runtime`] notes who runs
//!   before every point and restores it after.

pub mod atomic;
pub mod cell;
mod clock;
mod condvar;
pub(crate) mod events;
pub mod hint;
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

/// No time passes in the model.
pub(super) fn rest() {}
