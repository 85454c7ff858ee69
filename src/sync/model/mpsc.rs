//! `std::sync::mpsc`: unbounded channels, with who waits kept by the model.
//!
//! The messages of a channel have places, numbered as they are sent. To send and to
//! receive touch one place each, so that a message that is sent has nothing to do
//! with an earlier one that is received: many orders are one interleaving.

use super::clock::Known;
use super::events::What;
use super::objects::{Handle, State};
use super::runtime::{
    self, At, Execution, MayEnd, Next, ObjectId, ThreadId, Waiting, hash64, unwinding, with,
};
use super::search::Access;
use crate::sync::Named;
use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError};

/// What of a channel others can notice.
#[derive(Debug, Default)]
pub(super) struct Channel {
    /// What each message lets its receiver know, of those not yet received.
    messages: VecDeque<Known>,
    /// How many have been received.
    received: u64,
    senders: u64,
    /// How many senders have gone.
    hung_up: u64,
    has_receiver: bool,
    /// What those senders knew that are gone.
    released: Known,
    /// What the receiver knew when it went. That who finds it gone knows it too, std
    /// does and does not promise.
    left: Known,
}

impl Channel {
    fn sent(&self) -> u64 {
        self.received + self.messages.len() as u64
    }

    /// Whether who receives need not wait.
    fn lets_receive(&self) -> bool {
        !self.messages.is_empty() || self.senders == 0
    }
}

/// What about a channel a step has to do with.
#[derive(Hash)]
enum Part {
    /// The message of that number, or that there is none.
    Place(u64),
    /// Which place the next message gets.
    Tail,
    /// Which sender goes last.
    Senders,
    /// Whether anybody receives.
    Receiver,
}

struct Shared<T> {
    handle: Handle,
    values: Mutex<VecDeque<T>>,
}

/// The model's `std::sync::mpsc::Sender`.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
    /// Where it was made: a drop does not know its own line.
    at: At,
}

/// The model's `std::sync::mpsc::Receiver`.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    at: At,
    not_sync: std::marker::PhantomData<std::cell::Cell<()>>,
}

/// A channel without bounds.
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let at = Location::caller();
    let channel = Channel {
        senders: 1,
        has_receiver: true,
        ..Channel::default()
    };
    let shared = Arc::new(Shared {
        handle: Handle::new("channel", State::Channel(channel)),
        values: Mutex::default(),
    });
    let receiver = Receiver {
        shared: Arc::clone(&shared),
        at,
        not_sync: std::marker::PhantomData,
    };
    (Sender { shared, at }, receiver)
}

impl<T> Sender<T> {
    /// Sends, without waiting.
    ///
    /// # Errors
    /// The value, if the receiver is gone.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let at = Location::caller();
        let handle = &self.shared.handle;
        let Some(me) = runtime::point_even_if_unwinding(handle) else {
            return Err(SendError(value));
        };
        let id = handle.id();
        let is_sent = with(|x| {
            let is_sent = x.channel(id).has_receiver;
            let place = x.channel(id).sent();
            let mut touches = vec![(Part::Receiver, Access::Read)];
            if is_sent {
                touches.push((Part::Tail, Access::Change));
                touches.push((Part::Place(place), Access::Change));
            }
            x.uses_channel(me, id, "send", &touches);
            x.note(me, Some(id), What::Send { place, is_sent }, at);
            if is_sent {
                let known = x.threads[me].known.clone();
                x.comes_into(id);
                x.channel(id).messages.push_back(known);
                x.is_news(me, id);
            } else {
                let left = x.channel(id).left.clone();
                x.threads[me].known.join(&left);
            }
            is_sent
        });
        if !is_sent {
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
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.wait(false, Location::caller()).map_err(|_| RecvError)
    }

    /// Takes the oldest message, and waits for one no longer than `timeout`: the
    /// time is over when nothing else can run or, as often as the exploration's
    /// budget says, at any moment before.
    ///
    /// # Errors
    /// There is none: the time is over, or all senders are gone.
    #[track_caller]
    pub fn recv_timeout(&self, _timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.wait(true, Location::caller())
    }

    /// Takes the oldest message, if there is one now.
    ///
    /// # Errors
    /// There is none: for now, or for ever because all senders are gone.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let at = Location::caller();
        let handle = &self.shared.handle;
        let Some(me) = runtime::point_even_if_unwinding(handle) else {
            return Err(TryRecvError::Disconnected);
        };
        let id = handle.id();
        if with(|x| x.lets_receive(id)) {
            return self
                .takes(me, Access::TryAcquire, at)
                .ok_or(TryRecvError::Disconnected);
        }
        with(|x| {
            let place = x.channel(id).sent();
            let version = x.objects[id].writes;
            x.uses_channel(me, id, "is empty", &[(Part::Place(place), Access::Read)]);
            x.looks_at(me, id, version);
            x.note(me, Some(id), What::IsEmpty { place }, at);
        });
        Err(TryRecvError::Empty)
    }

    /// Messages, as long as there are senders.
    #[track_caller]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            receiver: self,
            at: Location::caller(),
        }
    }

    fn wait(&self, timed: bool, at: At) -> Result<T, RecvTimeoutError> {
        let handle = &self.shared.handle;
        if unwinding() {
            return self.try_recv().map_err(|why| match why {
                TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                TryRecvError::Empty if timed => RecvTimeoutError::Timeout,
                TryRecvError::Empty => {
                    // Nobody else can run now.
                    runtime::give_up_after_panic();
                    RecvTimeoutError::Disconnected
                }
            });
        }
        let channel = handle.checked_id();
        if timed && with(|x| x.has_budget(MayEnd::EARLY)) {
            let me = handle.point();
            let waits = with(|x| {
                let place = x.channel(channel).received;
                x.uses_channel(me, channel, "waits", &[(Part::Place(place), Access::Read)]);
                !x.lets_receive(channel)
            });
            if waits {
                runtime::begins_to_wait(me, MayEnd::EARLY);
            } else {
                with(|x| x.might_have_waited(MayEnd::EARLY));
            }
        }
        let me = runtime::point(Next::Waits(Waiting::Message { channel, timed }));
        if with(|x| x.lets_receive(channel)) {
            return self
                .takes(me, Access::Acquire, at)
                .ok_or(RecvTimeoutError::Disconnected);
        }
        with(|x| {
            let place = x.channel(channel).received;
            let (what, kind) = x.wait_is_over(me);
            let version = x.objects[channel].writes;
            x.looks_at(me, channel, version);
            x.uses_channel(me, channel, kind, &[(Part::Place(place), Access::Change)]);
            x.note(me, Some(channel), what, at);
        });
        Err(RecvTimeoutError::Timeout)
    }

    /// The oldest message; `None` if there will be none any more.
    fn takes(&self, me: ThreadId, access: Access, at: At) -> Option<T> {
        let id = self.shared.handle.id();
        with(|x| {
            let place = x.channel(id).received;
            x.uses_channel(me, id, "receive", &[(Part::Place(place), access)]);
            let channel = x.channel(id);
            let message = channel.messages.pop_front();
            let is_there = message.is_some();
            let known = message.unwrap_or_else(|| channel.released.clone());
            if is_there {
                channel.received += 1;
                x.is_news(me, id);
            } else {
                let version = x.objects[id].writes;
                x.looks_at(me, id, version);
            }
            x.threads[me].known.join(&known);
            x.note(me, Some(id), What::Receive { place, is_there }, at);
        });
        self.shared.values().pop_front()
    }
}

/// The model's `std::sync::mpsc::Iter`.
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
    at: At,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.wait(false, self.at).ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    #[track_caller]
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// The model's `std::sync::mpsc::IntoIter`.
#[derive(Debug)]
pub struct IntoIter<T> {
    receiver: Receiver<T>,
    at: At,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.wait(false, self.at).ok()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    #[track_caller]
    fn into_iter(self) -> IntoIter<T> {
        IntoIter {
            at: Location::caller(),
            receiver: self,
        }
    }
}

impl<T> Shared<T> {
    fn values(&self) -> std::sync::MutexGuard<'_, VecDeque<T>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Sender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        // No step: who has a sender sees to it that the channel stays.
        if self.shared.handle.is_here() {
            with(|x| x.channel(self.shared.handle.id()).senders += 1);
        }
        Self {
            shared: Arc::clone(&self.shared),
            at: Location::caller(),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let handle = &self.shared.handle;
        if !handle.is_here() || runtime::is_torn_down() {
            return;
        }
        let Some(me) = runtime::point_even_if_unwinding(handle) else {
            return;
        };
        let id = handle.id();
        with(|x| {
            let place = x.channel(id).sent();
            let is_last = x.channel(id).senders == 1;
            let mut touches = vec![(Part::Senders, Access::Change)];
            if is_last {
                touches.push((Part::Place(place), Access::Change));
            }
            x.uses_channel(me, id, "hang up", &touches);
            let known = x.threads[me].known.clone();
            if is_last {
                x.comes_into(id);
            }
            x.channel(id).senders -= 1;
            x.channel(id).hung_up += 1;
            x.channel(id).released.join(&known);
            let place = is_last.then_some(place);
            x.note(me, Some(id), What::HangUp { place }, self.at);
            // Who looks for messages cannot tell that one sender less is left.
            match is_last {
                true => x.is_news(me, id),
                false => x.has_changed(me),
            }
        });
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let handle = &self.shared.handle;
        let is_here = handle.is_here() && !runtime::is_torn_down();
        if is_here && let Some(me) = runtime::point_even_if_unwinding(handle) {
            let id = handle.id();
            with(|x| {
                x.uses_channel(me, id, "leave", &[(Part::Receiver, Access::Change)]);
                x.channel(id).has_receiver = false;
                // It drops what it has not received.
                for known in std::mem::take(&mut x.channel(id).messages) {
                    x.channel(id).received += 1;
                    x.threads[me].known.join(&known);
                }
                let known = x.threads[me].known.clone();
                x.channel(id).left = known;
                x.has_changed(me);
                x.note(me, Some(id), What::Leave, self.at);
            });
        }
        let values = std::mem::take(&mut *self.shared.values());
        drop(values);
    }
}

impl Execution {
    pub(super) fn lets_receive(&self, id: ObjectId) -> bool {
        matches!(&self.objects[id].state, State::Channel(channel) if channel.lets_receive())
    }

    fn channel(&mut self, id: ObjectId) -> &mut Channel {
        match &mut self.objects[id].state {
            State::Channel(channel) => channel,
            _ => unreachable!("a channel stays a channel"),
        }
    }

    fn uses_channel(
        &mut self,
        me: ThreadId,
        id: ObjectId,
        kind: &'static str,
        touches: &[(Part, Access)],
    ) {
        self.counts_step(me);
        let key = self.objects[id].key;
        for (part, access) in touches {
            let channel = self.channel(id);
            let version = match part {
                Part::Place(place) => *place,
                Part::Tail => channel.sent(),
                Part::Senders => channel.hung_up,
                Part::Receiver => u64::from(channel.has_receiver),
            };
            self.touches(me, hash64((key, part)), *access, (version, kind, 0));
        }
    }

    /// What comes is news for who has looked for it: it has to do with the place at
    /// which they looked.
    fn is_news(&mut self, me: ThreadId, id: ObjectId) {
        self.objects[id].writes += 1;
        self.has_changed(me);
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
