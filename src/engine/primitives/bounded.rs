//! `std::sync::mpsc::sync_channel`: channels with a bound.

use super::receiver::Receiver;
use super::sending::{Sent, room};
use super::sending_end::{SendingEnd, Shared};
use crate::engine::execution::abort::unwinding;
use crate::engine::execution::panics::{abort_after_panic, looks_while_unwinding};
use crate::engine::execution::schedule::{point, wait};
use crate::engine::execution::thread::Next;
use crate::engine::ids::At;
use crate::sync::names::Named;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::mpsc::{SendError, TrySendError};

/// The model's `std::sync::mpsc::SyncSender`.
pub struct SyncSender<T> {
    end: SendingEnd<T>,
    capacity: u64,
}

/// A channel with room for `bound` messages. If `bound` is 0, each send waits until its
/// message is received.
#[must_use]
#[inline(never)]
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    let capacity = bound as u64;
    let shared = Shared::new(Some(capacity));
    let receiver = Receiver::new(Arc::clone(&shared));
    let end = SendingEnd::new(shared);
    (SyncSender { end, capacity }, receiver)
}

impl<T> SyncSender<T> {
    /// Sends, and waits until there is room for the message; if the channel has no
    /// capacity, until the message is received. Which of several threads that wait sends
    /// first is open: all orders are explored.
    ///
    /// # Errors
    /// The value, if the receiver is gone, or goes before there is room.
    #[inline(never)]
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let at = Location::caller();
        if unwinding() {
            return self.send_while_unwinding(value, at);
        }
        let capacity = self.capacity;
        let mut waits = false;
        let sent = self.end.sends(value, at, |step| {
            let sent = step.sends(Some(capacity), at);
            let is_mine = |&(place, _): &(u64, _)| sent == Sent::At(place);
            waits = step.state().waiting.iter().any(is_mine);
            sent
        });
        let place = sent.map_err(|(value, _)| SendError(value))?;
        if place < capacity {
            return Ok(());
        }
        // Also if there is room: then the order of the send and of the receive that made
        // room makes no difference, up to here.
        let handle = &self.end.shared.handle;
        let waited = waits.then(|| handle.wait(room(capacity), false));
        match waited {
            Some(waited) => wait(waited),
            None => point(Next::Runs),
        }
        match handle.with(|step| step.ends_send(place, capacity, waited, at)) {
            true => Ok(()),
            false => {
                let mut values = self.end.shared.values();
                let found = values.iter().position(|&(other, _)| other == place);
                let value = found.and_then(|found| values.remove(found));
                let (_, value) = value.expect("the receiver leaves it there");
                Err(SendError(value))
            }
        }
    }

    /// Sends if there is room; if the channel has no capacity, if the receiver waits for a
    /// message.
    ///
    /// # Errors
    /// The value, if there is no room, or the receiver is gone.
    #[inline(never)]
    #[track_caller]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.try_send_at(value, Location::caller())
    }

    fn try_send_at(&self, value: T, at: At) -> Result<(), TrySendError<T>> {
        if unwinding() {
            looks_while_unwinding();
        }
        let capacity = self.capacity;
        let sent = self
            .end
            .sends(value, at, |step| step.tries_to_send(capacity, at));
        sent.map(|_| ()).map_err(|(value, found)| match found {
            Some(Sent::Full) => TrySendError::Full(value),
            _ => TrySendError::Disconnected(value),
        })
    }

    /// No other thread can run now.
    fn send_while_unwinding(&self, value: T, at: At) -> Result<(), SendError<T>> {
        self.try_send_at(value, at).map_err(|error| match error {
            TrySendError::Disconnected(value) => SendError(value),
            TrySendError::Full(value) => {
                abort_after_panic();
                SendError(value)
            }
        })
    }
}

impl<T> Clone for SyncSender<T> {
    #[inline(never)]
    #[track_caller]
    fn clone(&self) -> Self {
        Self {
            end: self.end.clone(),
            capacity: self.capacity,
        }
    }
}

impl<T> Named for SyncSender<T> {
    fn named(self, name: &'static str) -> Self {
        self.end.shared.handle.is_called(name);
        self
    }
}

impl<T> fmt::Debug for SyncSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSender").finish_non_exhaustive()
    }
}
