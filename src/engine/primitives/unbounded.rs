//! `std::sync::mpsc`: unbounded channels.

use super::channel::{Channel, Message, Part};
use crate::engine::access::Kind;
use crate::engine::coroutine::snapshot::snapshot;
use crate::engine::execution::abort::{is_aborted, unwinding};
use crate::engine::execution::budget::{MayEnd, begins_to_wait};
use crate::engine::execution::handle::Handle;
use crate::engine::execution::panics::{abort_after_panic, looks_while_unwinding};
use crate::engine::execution::schedule::wait;
use crate::engine::execution::trace::RecordKind;
use crate::engine::hash::word;
use crate::engine::ids::At;
use crate::sync::names::Named;
use std::collections::VecDeque;
use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError};

struct Shared<T> {
    /// It lives as long as either end: no thread can use it later.
    handle: ManuallyDrop<Handle<Channel>>,
    values: Mutex<VecDeque<T>>,
}

/// The model's `std::sync::mpsc::Sender`.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
    /// Where it was made: a drop does not know its own line.
    at: At,
    /// Whether it was made in the channel's execution, which counts its senders.
    is_counted: bool,
}

/// The model's `std::sync::mpsc::Receiver`.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    at: At,
    not_sync: std::marker::PhantomData<std::cell::Cell<()>>,
}

/// A channel without bounds.
#[must_use]
#[inline(never)]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let at = Location::caller();
    let shared = Arc::new(Shared {
        handle: ManuallyDrop::new(Handle::new("channel")),
        values: Mutex::default(),
    });
    let receiver = Receiver {
        shared: Arc::clone(&shared),
        at,
        not_sync: std::marker::PhantomData,
    };
    let sender = Sender {
        is_counted: shared.handle.is_here(),
        shared,
        at,
    };
    (sender, receiver)
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
        let is_sent = self.shared.handle.step_even_if_unwinding(at, |step| {
            let is_sent = step.state().has_receiver;
            let place = step.state().sent();
            let tail = (Part::Tail, Kind::Write);
            let message = (Part::Place(place), Kind::Write);
            let send = const { word("send") };
            match is_sent {
                true => step.uses(send, &[(Part::Receiver, Kind::Read), tail, message]),
                false => step.uses(send, &[(Part::Receiver, Kind::Read)]),
            }
            let by = step.trace.next();
            step.note(at, |record, names| {
                let gone = if record.values[0] == 1 {
                    ""
                } else {
                    " → no receiver"
                };
                format!("send on {}{gone}", names.half_of(record, 0))
            })
            .values = [is_sent.into(), 0];
            if is_sent {
                step.enables_receiver(by);
                let (views, channel) = step.views_and_state();
                channel.messages.push_back((views.past.clone(), by));
                step.is_new();
            } else {
                let (views, channel) = step.views_and_state();
                views.past.join(&channel.left);
            }
            is_sent
        });
        if is_sent != Some(true) {
            return Err(SendError(value));
        }
        self.shared.values().push_back(value);
        Ok(())
    }
}

impl<T> Receiver<T> {
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
        let at = Location::caller();
        if unwinding() {
            looks_while_unwinding();
        }
        let found = self.shared.handle.step_even_if_unwinding(at, |step| {
            if step.state().can_receive() {
                step.takes(Kind::TryAcquire, at);
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
        let handle = &self.shared.handle;
        if unwinding() {
            return self.try_recv().map_err(|why| match why {
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
                step.takes(Kind::Acquire, at);
                return false;
            }
            let place = step.state().received;
            let ended = step.wait_is_over();
            step.looks();
            step.uses(ended.operation(), &[(Part::Place(place), Kind::Write)]);
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
        self.shared.values().pop_front()
    }
}

impl<T> Shared<T> {
    fn values(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Sender<T> {
    #[inline(never)]
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

impl<T> Drop for Sender<T> {
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

impl<T> Drop for Receiver<T> {
    #[inline(never)]
    fn drop(&mut self) {
        let handle = &self.shared.handle;
        if handle.is_here() && !is_aborted() {
            handle.step_even_if_unwinding(self.at, |step| {
                step.uses(
                    const { word("drop receiver") },
                    &[(Part::Receiver, Kind::Write)],
                );
                let (views, channel) = step.views_and_state();
                channel.has_receiver = false;
                // It drops what it has not received.
                while let Some((past, _)) = channel.messages.pop_front() {
                    channel.received += 1;
                    views.past.join(&past);
                }
                channel.left.clone_from(&views.past);
                let id = step.id;
                step.changes(id);
                let record = step.note(self.at, |record, names| {
                    format!("drop {}, the receiver", names.half_of(record, 1))
                });
                record.kind = RecordKind::Disconnect;
            });
        }
        let values = std::mem::take(&mut *self.shared.values());
        drop(values);
    }
}

impl<T> Named for Sender<T> {
    fn named(self, name: &'static str) -> Self {
        self.shared.handle.name(name);
        self
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
