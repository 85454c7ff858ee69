//! A notification for one thread, as loom has it.

#[cfg(not(any(loom, feature = "model")))]
use super::ordinary::{Condvar, Mutex};
#[cfg(any(loom, feature = "model"))]
use crate::engine::primitives::{Condvar, Mutex};

/// A notification that one thread waits for. It stays until a wait takes it, so none is lost.
#[derive(Debug)]
pub struct Notify {
    notified: Mutex<bool>,
    changed: Condvar,
}

impl Default for Notify {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl Notify {
    /// There is no notification yet.
    #[track_caller]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            notified: Mutex::new(false),
            changed: Condvar::new(),
        }
    }

    /// Notifies the thread that waits, or the next one that will.
    #[track_caller]
    pub fn notify(&self) {
        *self.notified.lock().unwrap() = true;
        self.changed.notify_one();
    }

    /// Waits for a notification, and takes it. A thread may wait once more only when its
    /// wait has ended; two may not wait at the same time.
    #[track_caller]
    pub fn wait(&self) {
        let notified = self.notified.lock().unwrap();
        let waited = self.changed.wait_while(notified, |notified| !*notified);
        *waited.unwrap() = false;
    }
}
