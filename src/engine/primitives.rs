//! The primitives, under std's names: one file each.
//!
//! A primitive says when its operations are enabled ([`Blocking`]), what they access,
//! what they change, and in what words a story tells it. To add one you change its file,
//! this list, the names in `src/sync.rs` and `src/sync/ordinary.rs`, and the tests:
//! CONTRIBUTING lists the steps.
//!
//! [`Blocking`]: super::execution::object::Blocking

mod atomic_core;
mod atomic_types;
mod backoff;
mod barrier;
pub mod cell;
mod channel;
mod condvar;
mod fence;
pub mod hint;
mod lazy_lock;
mod lock;
mod messages;
mod mutex;
mod once;
mod once_lock;
mod once_progress;
mod park;
mod process;
mod result;
mod rwlock;
mod rwlock_core;
mod scope;
mod shared_lock;
pub mod thread;
mod unbounded;

pub use backoff::Backoff;
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy_lock::LazyLock;
pub use mutex::{Mutex, MutexGuard};
pub use once::{Once, OnceState};
pub use once_lock::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(crate) use super::execution::threads::narrate;
pub(crate) use process::may_die;
pub(crate) use scope::run_actors;

/// `std::sync::mpsc`.
pub mod mpsc {
    pub use super::messages::{IntoIter, Iter};
    pub use super::unbounded::*;
}

/// `std::sync::atomic`.
pub mod atomic {
    pub use super::atomic_types::*;
}

/// No time passes in the model.
pub(crate) fn rest() {}
