//! `std::sync::mpsc::channel`: channels without a bound.

use super::receiver::Receiver;
use super::sending_end::{SendingEnd, Shared};
use crate::sync::names::Named;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::mpsc::SendError;

/// The model's `std::sync::mpsc::Sender`.
pub struct Sender<T>(SendingEnd<T>);

/// A channel without bounds.
#[must_use]
#[inline(never)]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Shared::new(None);
    let receiver = Receiver::new(Arc::clone(&shared));
    (Sender(SendingEnd::new(shared)), receiver)
}

impl<T> Sender<T> {
    /// Sends, without waiting.
    ///
    /// # Errors
    /// The value, if the receiver is gone.
    #[inline(never)]
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let at = Location::caller();
        let sent = self.0.sends(value, at, |step| step.sends(None, at));
        sent.map(|_| ()).map_err(|(value, _)| SendError(value))
    }
}

impl<T> Clone for Sender<T> {
    #[inline(never)]
    #[track_caller]
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Named for Sender<T> {
    fn named(self, name: &'static str) -> Self {
        self.0.shared.handle.is_called(name);
        self
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
