//! The sending end of a channel, of either kind.

use super::channel::{Channel, Part};
use super::sending::Sent;
use crate::engine::access::Kind;
use crate::engine::execution::abort::is_aborted;
use crate::engine::execution::handle::Handle;
use crate::engine::execution::step::Step;
use crate::engine::execution::trace::RecordKind;
use crate::engine::hash::word;
use crate::engine::ids::At;
use std::collections::VecDeque;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the ends of a channel share.
pub(super) struct Shared<T> {
    /// It lives as long as either end: no thread can use it later.
    pub(super) handle: ManuallyDrop<Handle<Channel>>,
    /// How many messages there is room for, if it is bounded.
    pub(super) capacity: Option<u64>,
    /// With their places, in that order.
    values: Mutex<VecDeque<(u64, T)>>,
}

impl<T> Shared<T> {
    #[track_caller]
    pub(super) fn new(capacity: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            handle: ManuallyDrop::new(Handle::of_execution("channel")),
            capacity,
            values: Mutex::default(),
        })
    }

    pub(super) fn values(&self) -> MutexGuard<'_, VecDeque<(u64, T)>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct SendingEnd<T> {
    pub(super) shared: Arc<Shared<T>>,
    /// Where it was made: a drop does not know its own line.
    at: At,
    /// Whether it was made in the channel's execution, which counts its senders.
    is_counted: bool,
}

impl<T> SendingEnd<T> {
    /// The first one of a new channel.
    #[track_caller]
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        Self {
            is_counted: shared.handle.is_here(),
            shared,
            at: Location::caller(),
        }
    }

    /// A step that may send. `None`: it makes no difference, since the thread unwinds out
    /// of an execution that is aborted, or is of another one.
    pub(super) fn sends(
        &self,
        value: T,
        at: At,
        send: impl FnOnce(&mut Step<'_, Channel>) -> Sent,
    ) -> Result<u64, (T, Option<Sent>)> {
        match self.shared.handle.step_even_if_unwinding(at, send) {
            Some(Sent::At(place)) => {
                self.shared.values().push_back((place, value));
                Ok(place)
            }
            found => Err((value, found)),
        }
    }
}

impl<T> Clone for SendingEnd<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        // No step: as long as there is this sender, the channel stays.
        let is_counted = self.is_counted && self.shared.handle.is_here();
        if is_counted {
            self.shared.handle.with(|step| step.state().senders += 1);
        }
        Self {
            shared: Arc::clone(&self.shared),
            at: Location::caller(),
            is_counted,
        }
    }
}

impl<T> Drop for SendingEnd<T> {
    #[inline(never)]
    fn drop(&mut self) {
        let handle = &self.shared.handle;
        if !self.is_counted || !handle.is_here() || is_aborted() {
            return;
        }
        handle.step_even_if_unwinding(self.at, |step| {
            let place = step.state().sent();
            let is_last = step.state().senders == 1;
            let parts = [
                (Part::Senders, Kind::Write),
                (Part::Place(place), Kind::Write),
            ];
            let parts = &parts[..1 + usize::from(is_last)];
            step.uses(const { word("drop sender") }, parts);
            let by = step.trace.next();
            let record = step.note(self.at, |record, names| {
                let last = ["a sender", "the last sender"][record.values[0] as usize];
                format!("drop {}, {last}", names.half_of(record, 0))
            });
            record.values = [is_last.into(), 0];
            record.kind = RecordKind::Disconnect;
            if is_last {
                step.enables_receiver(by);
            }
            let id = step.id;
            let (views, channel) = step.views_and_state();
            channel.senders -= 1;
            channel.disconnected += 1;
            channel.released.0.join(&views.past);
            channel.released.1 = by;
            // A thread that looks for messages cannot tell that one sender is gone.
            match is_last {
                true => step.is_new(),
                false => step.changes(id),
            }
        });
    }
}
