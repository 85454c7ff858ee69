//! The only switch between the two builds. In the std build these are std's threads and
//! locks. In the model build, which is the build with `--cfg loom`, they are the
//! engine's.
//!
//! Use this module instead of `std::sync` and `std::thread` in code that you want to
//! explore; the lessons do. In the std build nearly everything here *is* std's type and
//! costs nothing. In the model build the same names stand for a model, which runs its
//! threads itself and explores every interleaving. (The flag only has the usual name of
//! such a flag: no thread runs under the crate loom.)
//!
//! What there is: [`Mutex`], [`Condvar`], [`Barrier`], [`atomic`]'s integers, `bool` and
//! [`fence`](atomic::fence), [`mpsc`]'s unbounded channels, [`thread`]'s `spawn`,
//! `scope`, `Builder`, `yield_now`, `current`, `park` and `unpark`,
//! [`hint::spin_loop`], and [`cell::UnsafeCell`] with checked access. They have std's
//! names and meanings. ([`Arc`] is std's in both builds.) In the model nothing is
//! `const`: an object belongs to the execution that made it, and cannot be a `static`.
//!
//! Five things are not in std. Three exist so that an exploration can be read:
//! names ([`Named`], [`Watched`]), actors ([`Actors`]) and narration
//! ([`narrate!`](crate::narrate)). The fourth lets a thread stand for a process:
//! [`may_die`]. The fifth is a [`Backoff`] for loops that wait: in the std build it is that
//! of crossbeam; in the model it has no counter, so that a loop with it needs no bound.

pub(crate) mod actor;
pub(crate) mod names;
#[cfg(not(loom))]
mod ordinary;
mod pace;
mod stage;

#[cfg(loom)]
use crate::engine::primitives as world;
#[cfg(not(loom))]
use ordinary as world;

pub use names::{Named, Watched};
pub use pace::{set_pace, tell};
pub use stage::Actors;
pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult};
pub use world::{
    Backoff, Barrier, BarrierWaitResult, Condvar, Mutex, MutexGuard, WaitTimeoutResult,
};
pub use world::{atomic, cell, hint, mpsc, thread};

/// Says what the running thread does: printed when a lesson is played, a step of
/// the story when it is explored, nothing otherwise.
#[macro_export]
macro_rules! narrate {
    ($($what:tt)+) => {
        $crate::sync::narrate(::core::format_args!($($what)+))
    };
}

/// What [`narrate!`](crate::narrate) calls.
#[track_caller]
pub fn narrate(what: std::fmt::Arguments<'_>) {
    world::narrate(what);
}

/// Does what the seed's `time.sleep` stands for: work that takes a while. Takes the
/// pace's time when a lesson is played, none when it is tested or explored.
pub fn rest() {
    world::rest();
}

/// A place at which a process may die, for a thread that stands for a process. Whether
/// it does, there and then: in the model, as often as the exploration's budget
/// ([`Budget::deaths`](crate::explorer::report::Budget::deaths)) says, at any such
/// place; otherwise never. A process that has died does nothing more but disconnect,
/// which the operating system does for it: the thread drops what it holds and returns.
///
/// A real process dies at any moment, but nobody can tell where between two steps that
/// others notice: a place before each of them, and one at the end, are all.
#[must_use]
#[track_caller]
pub fn may_die() -> bool {
    world::may_die()
}
