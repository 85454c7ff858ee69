//! `std::sync::mpsc::Receiver`.

use super::channel::{Message, Part};
use super::sending_end::Shared;
use crate::engine::access::Kind;
use crate::engine::coroutine::snapshot::snapshot;
use crate::engine::execution::abort::{is_aborted, unwinding};
use crate::engine::execution::budget::{MayEnd, begins_to_wait};
use crate::engine::execution::panics::{abort_after_panic, looks_while_unwinding};
use crate::engine::execution::schedule::wait;
use crate::engine::execution::trace::RecordKind;
use crate::engine::hash::word;
use crate::engine::ids::At;
use smallvec::SmallVec;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::mpsc::{RecvError, RecvTimeoutError, TryRecvError};
use std::time::Duration;

/// The model's `std::sync::mpsc::Receiver`.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    at: At,
    not_sync: std::marker::PhantomData<std::cell::Cell<()>>,
}

impl<T> Receiver<T> {
    #[track_caller]
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        Self {
            shared,
            at: Location::caller(),
            not_sync: std::marker::PhantomData,
        }
    }

    /// Takes the oldest message, and waits for one as long as it takes.
    ///
    /// # Errors
    /// There is none, and all senders are gone.
    #[inline(never)]
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.receive(false, Location::caller(), None)
            .map_err(|_| RecvError)
    }

    /// Takes the oldest message, and waits for one no longer than `timeout`: the time is
    /// over when no other thread can run or, as often as the exploration's budget says,
    /// at any moment before.
    ///
    /// # Errors
    /// There is none: the time is over, or all senders are gone.
    #[inline(always)]
    #[track_caller]
    pub fn recv_timeout(&self, _timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.receive(true, Location::caller(), snapshot())
    }

    /// Takes the oldest message, if there is one now.
    ///
    /// # Errors
    /// There is none: for now, or for ever because all senders are gone.
    #[inline(never)]
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.try_receive(Location::caller())
    }

    #[inline(never)]
    pub(super) fn try_receive(&self, at: At) -> Result<T, TryRecvError> {
        if unwinding() {
            looks_while_unwinding();
        }
        let capacity = self.shared.capacity;
        let found = self.shared.handle.step_even_if_unwinding(at, |step| {
            if step.state().can_receive() {
                step.takes(Kind::TryAcquire, capacity, at);
                return true;
            }
            let place = step.state().sent();
            step.uses(
                const { word("is empty") },
                &[(Part::Place(place), Kind::Read)],
            );
            step.looks();
            step.note(at, |record, names| {
                format!("receive on {} → empty", names.half_of(record, 1))
            });
            false
        });
        match found {
            Some(false) => Err(TryRecvError::Empty),
            Some(true) => self.taken().ok_or(TryRecvError::Disconnected),
            None => Err(TryRecvError::Disconnected),
        }
    }

    #[inline(never)]
    pub(super) fn receive(
        &self,
        timed: bool,
        at: At,
        stack: Option<u64>,
    ) -> Result<T, RecvTimeoutError> {
        let (handle, capacity) = (&self.shared.handle, self.shared.capacity);
        if unwinding() {
            return self.try_receive(at).map_err(|why| match why {
                TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                TryRecvError::Empty if timed => RecvTimeoutError::Timeout,
                TryRecvError::Empty => {
                    // No other thread can run now.
                    abort_after_panic();
                    RecvTimeoutError::Disconnected
                }
            });
        }
        handle.enter(at);
        if capacity == Some(0) {
            handle.step(at, |step| step.awaits(at));
        }
        let mut waits = false;
        if timed && handle.with(|step| step.has_budget(MayEnd::EARLY)) {
            waits = handle.step(at, |step| {
                let place = step.state().received;
                step.uses_unrecorded(const { word("waits") }, (Part::Place(place), Kind::Read));
                let waits = !step.state().can_receive();
                if !waits {
                    step.might_have_waited(MayEnd::EARLY);
                }
                waits
            });
        }
        if timed {
            handle.with(|step| step.yields(at, stack));
        }
        if waits {
            begins_to_wait(MayEnd::EARLY);
        }
        let waited = handle.wait(&Message, timed);
        wait(waited);
        let is_over = handle.with(|step| {
            if step.state().can_receive() {
                step.takes(Kind::Acquire, capacity, at);
                return false;
            }
            let place = step.state().received;
            let ended = step.wait_is_over();
            step.looks();
            let parts = [(Part::Place(place), Kind::Write), (Part::Head, Kind::Write)];
            let was_awaited = step.state().awaited.take().is_some();
            step.uses(ended.operation(), &parts[..1 + usize::from(was_awaited)]);
            let record = step.note(at, |record, names| {
                format!("receive on {} → timed out", names.half_of(record, 1))
            });
            record.values = [ended as u64, 0];
            record.gate = ended.gate();
            record.waited = Some(waited);
            true
        });
        match is_over {
            true => Err(RecvTimeoutError::Timeout),
            false => self.taken().ok_or(RecvTimeoutError::Disconnected),
        }
    }

    /// The value of the message that has just been taken, if it was one.
    fn taken(&self) -> Option<T> {
        self.shared.values().pop_front().map(|(_, value)| value)
    }
}

impl<T> Drop for Receiver<T> {
    #[inline(never)]
    fn drop(&mut self) {
        let handle = &self.shared.handle;
        let mut kept = u64::MAX;
        if handle.is_here() && !is_aborted() {
            let capacity = self.shared.capacity;
            handle.step_even_if_unwinding(self.at, |step| {
                let waiting = std::mem::take(&mut step.state().waiting);
                let mut parts: SmallVec<[_; 4]> = SmallVec::new();
                parts.push((Part::Receiver, Kind::Write));
                parts.extend(capacity.map(|_| (Part::Head, Kind::Write)));
                let places = waiting.iter().map(|&(place, _)| Part::Room(place));
                parts.extend(places.map(|room| (room, Kind::Write)));
                step.uses(const { word("drop receiver") }, &parts);
                let (views, channel) = step.views_and_state();
                // It drops what it has not received, …
                let most = capacity.map_or(usize::MAX, |capacity| capacity as usize);
                let dropped = channel.messages.len().min(most);
                for (past, _) in channel.messages.drain(..dropped) {
                    views.past.join(&past);
                }
                channel.received += dropped as u64;
                channel.has_receiver = false;
                channel.left.clone_from(&views.past);
                kept = channel.received;
                step.is_new();
                // … but not the messages that had no room.
                step.state().waiting = waiting;
                for place in kept..step.state().sent() {
                    step.makes_room(place);
                }
                let record = step.note(self.at, |record, names| {
                    format!("drop {}, the receiver", names.half_of(record, 1))
                });
                record.kind = RecordKind::Disconnect;
            });
        }
        let mut values = self.shared.values();
        let dropped = values.partition_point(|&(place, _)| place < kept);
        let kept = values.split_off(dropped);
        let dropped = std::mem::replace(&mut *values, kept);
        drop(values);
        drop(dropped);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
