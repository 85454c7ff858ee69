//! The execution in progress: one run of a scene.
//!
//! # How it works
//! Threads are coroutines on one thread of the operating system. One of them runs, up
//! to its next *schedule point*; there [`schedule`] ends the transition, and the search
//! says which of the enabled threads takes the next one. So a deadlock is something
//! the execution knows, records and names, and exploration goes on after it.
//!
//! # Invariants
//! - Before a thread does anything that others could notice it passes a schedule point,
//!   and then it says what it accesses. Whether a thread is enabled depends on what
//!   others have accessed, and on nothing else.
//! - A transition does the same whenever everything is the same that its thread could
//!   know. A scene for which that is not so is found out and refused.
//! - While a thread unwinds no schedule point is passed and nothing panics: a panic
//!   in a panic ends the process. What a destructor does then is part of the transition
//!   that panicked; if it needs another thread, the execution is aborted.
//! - An object gets its location when a thread reaches the schedule point before its first
//!   use. So an object has its location before a transition uses it. The order of the threads
//!   decides which of several objects of one line is first. That is why the name of an
//!   interleaving has the object's line, and not its location.
//! - The execution is reached by [`run::with`] alone, and no thread is suspended inside it.

pub(crate) mod abort;
pub(crate) mod allocations;
pub(crate) mod blocks;
pub(crate) mod budget;
pub(crate) mod code;
mod copies;
pub(crate) mod counts;
pub(crate) mod difference;
mod ends;
pub(crate) mod failure;
pub(crate) mod freed;
mod gate;
pub(crate) mod handle;
pub(crate) mod iteration;
mod loads;
pub(crate) mod locals;
pub(crate) mod loops;
pub(crate) mod object;
mod observed;
pub(crate) mod panics;
mod place;
mod repeat;
pub(crate) mod run;
pub(crate) mod runner;
pub(crate) mod schedule;
mod spots;
mod statics;
pub(crate) mod step;
mod steps;
pub(crate) mod telling;
pub(crate) mod thread;
pub(crate) mod threads;
pub(crate) mod trace;
pub(crate) mod transitions;
