//! The only switch between two worlds: std's threads and locks in the ordinary
//! build, the model under `--cfg loom`.
//!
//! Lessons, and strangers' code that wants to be explored, use this module
//! instead of `std::sync` and `std::thread`. In the ordinary build everything
//! here *is* std's type, so it costs nothing; under `--cfg loom` the same names
//! stand for a model in which every interleaving can be explored.
//!
//! What there is: [`Mutex`], [`Condvar`], [`atomic`]'s integers, `bool` and
//! [`fence`](atomic::fence), [`mpsc`]'s unbounded channels, [`thread`]'s `spawn`,
//! `scope`, `Builder`, `yield_now`, `current`, `park` and `unpark`,
//! [`hint::spin_loop`], and [`cell::UnsafeCell`] with checked access. They have std's
//! names and meanings. ([`Arc`] is std's in both worlds.) In the model nothing is `const`: an object
//! belongs to the execution that made it, and cannot be a `static`.
//!
//! Four things are not in std. Three exist so that an exploration can be read:
//! names ([`Named`], [`Watched`]), actors ([`Actors`]) and narration
//! ([`narrate!`](crate::narrate)). The fourth lets a thread stand for a process:
//! [`may_die`].

mod stage;

#[cfg(loom)]
pub(crate) mod model;
#[cfg(not(loom))]
mod ordinary;

#[cfg(loom)]
use model as world;
#[cfg(not(loom))]
use ordinary as world;

pub use stage::{Actors, may_die, narrate, rest, set_pace, tell};
pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult};
pub use world::{Condvar, Mutex, MutexGuard, WaitTimeoutResult, atomic, cell, hint, mpsc, thread};

/// Gives a lock, a condition variable, an atomic or a cell the name it has in
/// stories. In the ordinary build the name is forgotten at once.
pub trait Named: Sized {
    /// `Condvar::new().named("not_empty")`
    #[must_use]
    fn named(self, name: &'static str) -> Self;
}

/// Gives a mutex a name *and* shows what it protects in the story's column of
/// shared state, as `show` puts it, each time the lock is let go.
pub trait Watched<T>: Sized {
    /// `Mutex::new(20).watched("tickets", |left| format!("{left} left"))`
    #[must_use]
    fn watched(self, name: &'static str, show: fn(&T) -> String) -> Self;
}

/// Says what the running thread does: printed when a lesson is played, a step of
/// the story when it is explored, nothing otherwise.
#[macro_export]
macro_rules! narrate {
    ($($what:tt)+) => {
        $crate::sync::narrate(::core::format_args!($($what)+))
    };
}
