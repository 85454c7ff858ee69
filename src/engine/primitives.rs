//! The primitives, under std's names: one file each.
//!
//! A primitive says when its operations are enabled ([`Blocking`]), what they access,
//! what they change, and in what words a story tells it. To add one you change its file,
//! this list, the names in `src/sync.rs` and `src/sync/ordinary.rs`, and the tests:
//! CONTRIBUTING lists the steps.
//!
//! [`Blocking`]: super::execution::object::Blocking

pub mod alloc;
mod arc;
mod arc_traits;
mod atomic_core;
mod atomic_types;
mod atomic_value;
mod backoff;
mod barrier;
mod bounded;
mod channel;
mod checked_cell;
mod condvar;
mod counts;
mod fence;
pub mod hint;
mod lazy_lock;
mod local;
mod lock;
mod loom_atomics;
pub mod loom_thread;
mod messages;
mod mutex;
mod mutex_traits;
mod once;
mod once_lock;
mod once_progress;
mod park;
mod process;
mod receiver;
mod result;
mod rwlock;
mod rwlock_core;
mod scope;
mod sending;
mod sending_end;
mod shared_lock;
pub mod thread;
mod unbounded;
mod unsafe_cell;
mod weak;

pub use arc::{Arc, Weak};
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
    pub use super::bounded::{SyncSender, sync_channel};
    pub use super::messages::{IntoIter, Iter, TryIter};
    pub use super::receiver::Receiver;
    pub use super::unbounded::{Sender, channel};
    pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};
}

/// `std::cell`, as far as threads can share it.
pub mod cell {
    pub use super::checked_cell::Cell;
    pub use super::unsafe_cell::{ConstPtr, MutPtr, UnsafeCell};
}

/// `std::sync::atomic`.
pub mod atomic {
    pub use super::atomic_types::*;
}

/// No time passes in the model.
pub(crate) fn rest() {}
