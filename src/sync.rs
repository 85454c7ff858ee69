//! The only switch between the two builds: std's threads and locks in the std build, the
//! engine's in the model build (the build with `--cfg loom`).
//!
//! Use this module in place of `std::sync` and `std::thread` in code that you want to explore.
//! In the std build nearly every type here *is* std's type and costs nothing. In the model
//! build, types with the same names stand for a model, which runs their threads itself and
//! explores every interleaving.
//!
//! They have std's names and meanings:
//!
#![doc = include_str!("sync/types.md")]
//!
//! Not in std are:
//!
//! - [`Named`] and [`Watched`] name objects, and [`narrate!`](crate::narrate) adds words, so
//!   that you can read a story.
//! - [`Actors`] runs the threads of a scene.
//! - [`may_die`] lets a thread stand for a process.
//! - [`Backoff`] is for loops that wait. In the std build it is crossbeam's. In the model build
//!   it has no counter, so a loop that uses it needs no bound.
//! - [`Notify`] is loom's.
//! - [`rest`], [`set_pace`] and [`tell`] are for lessons that are played with real threads.

pub(crate) mod actor;
mod actors;
pub mod future;
#[doc(hidden)]
pub mod lazy_static;
pub(crate) mod names;
mod notify;
#[cfg(not(any(loom, feature = "model")))]
mod ordinary;
mod pace;

#[cfg(any(loom, feature = "model"))]
use crate::engine::primitives as world;
#[cfg(not(any(loom, feature = "model")))]
use ordinary as world;

pub use actors::Actors;
pub use names::{Named, Watched};
pub use notify::Notify;
pub use pace::{set_pace, tell};
pub use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
#[doc(hidden)]
pub use world::loom_thread;
pub use world::{
    Arc, Backoff, Barrier, BarrierWaitResult, Condvar, LazyLock, Mutex, MutexGuard, Once, OnceLock,
    OnceState, RwLock, RwLockReadGuard, RwLockWriteGuard, WaitTimeoutResult, Weak,
};
pub use world::{alloc, atomic, cell, hint, mpsc, thread};

/// Says in words what the running thread does. The text is a step of the story in the model
/// build. In the std build it is printed if [`tell`] is on.
#[macro_export]
macro_rules! narrate {
    ($($what:tt)+) => {
        $crate::sync::narrate(::core::format_args!($($what)+))
    };
}

/// The function behind [`narrate!`](crate::narrate).
#[track_caller]
pub fn narrate(what: std::fmt::Arguments<'_>) {
    world::narrate(what);
}

/// Stands for work that takes time, as `time.sleep` does in the Python tutorial. Sleeps for
/// the time that [`set_pace`] sets. Takes no time in the model build.
pub fn rest() {
    world::rest();
}

/// A place at which a process may die. Call it in a thread that stands for a process. If it
/// returns `true`, the process died: the thread must drop everything it owns and return, as
/// the operating system disconnects a process that dies.
///
/// The model explores a death at every such place, as often in one execution as
/// [`Budget::deaths`](crate::explorer::report::Budget::deaths) allows. In the std build the
/// result is always `false`.
///
/// A real process can die at any moment. Between two steps that other processes can observe,
/// the exact moment makes no difference. So call `may_die` before each such step, and once at
/// the end.
#[must_use]
#[track_caller]
pub fn may_die() -> bool {
    world::may_die()
}
