//! What the threads of a scene share of a channel.
//!
//! The messages of a channel have places, numbered as they are sent. To send and to
//! receive accesses one place each, so that sending a message is independent of
//! receiving an earlier one: many orders are one interleaving.
//!
//! A bounded channel takes every message at once, too, as long as there is a receiver;
//! but a `send` returns only when there is room for its message: with capacity `c`, when
//! the message `c` places before it is received. If the receiver is dropped before that,
//! the sender gets its message back. No thread can tell this from a message that its
//! sender keeps while it waits, which another sender could overtake: that is another
//! order of the same two calls. So to send depends on no earlier receive, and the search
//! sees which threads compete for room without knowing which of them wait.

use crate::engine::access::Kind;
use crate::engine::clock::Past;
use crate::engine::execution::object::{Blocking, Spot, State, Wait, of};
use crate::engine::execution::step::Step;
use crate::engine::execution::trace::{Gate, RecordId};
use crate::engine::hash::{mix, word};
use crate::engine::ids::{At, ThreadId};
use std::collections::VecDeque;

/// What others can notice of a channel.
#[derive(Default)]
pub(super) struct Channel {
    /// For each message that was not yet received: what happens before it is received,
    /// and the record of its sending.
    pub(super) messages: VecDeque<(Past, RecordId)>,
    /// How many have been received.
    pub(super) received: u64,
    pub(super) senders: u64,
    /// How many senders have disconnected.
    pub(super) disconnected: u64,
    pub(super) has_receiver: bool,
    /// What happens before the senders disconnected, and the record of the last one.
    pub(super) released: (Past, RecordId),
    /// What happens before the receiver disconnected. (std does not say whether a sender that
    /// finds it disconnected synchronises with that.)
    pub(super) left: Past,
    /// If it is bounded: what happens before each message was received, in their order, …
    pub(super) taken: Vec<Past>,
    /// … and the places for which senders wait to have room.
    pub(super) waiting: Vec<(u64, ThreadId)>,
    /// If it has no capacity: what happens before the receiver came to wait for a message,
    /// while it waits.
    pub(super) awaited: Option<Past>,
    /// How often something has changed that a `try_send` can find.
    pub(super) heads: u64,
}

impl State for Channel {
    fn reset(&mut self) {
        self.messages.clear();
        self.received = 0;
        self.senders = 1;
        self.disconnected = 0;
        self.has_receiver = true;
        self.released.0.clear();
        self.left.clear();
        self.taken.clear();
        self.waiting.clear();
        self.awaited = None;
        self.heads = 0;
    }
}

impl Channel {
    pub(super) fn sent(&self) -> u64 {
        self.received + self.messages.len() as u64
    }

    /// Whether the message of that place is in the channel for good: it has room, or was
    /// received.
    pub(super) fn is_accepted(&self, place: u64, capacity: u64) -> bool {
        place < self.received + if self.has_receiver { capacity } else { 0 }
    }

    /// Whether a message that is sent now need not wait.
    pub(super) fn has_room(&self, capacity: u64) -> bool {
        match capacity {
            0 => self.awaited.is_some() && self.messages.is_empty(),
            _ => self.is_accepted(self.sent(), capacity),
        }
    }

    /// Whether a thread that receives need not wait.
    pub(super) fn can_receive(&self) -> bool {
        !self.messages.is_empty() || self.senders == 0
    }
}

/// Waits for a message, or for the last sender to disconnect.
pub(super) struct Message;

impl Blocking for Message {
    fn is_over(&self, state: &dyn State) -> bool {
        of::<Channel>(state).can_receive()
    }

    fn describe(&self, object: &str, timed: bool) -> String {
        let timed = if timed { ", with a timeout" } else { "" };
        format!("waits on `{object}`{timed}")
    }

    fn never(&self) -> &'static str {
        ": no thread will ever send a message"
    }
}

/// The part of a channel that a step accesses.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// The message of that number, or that there is none.
    Place(u64),
    /// Which place the next message gets.
    Tail,
    /// Which sender disconnects last.
    Senders,
    /// Whether there is a receiver.
    Receiver,
    /// Whether there is room for the message of that number.
    Room(u64),
    /// All that has been received, or waited for.
    Head,
}

impl Step<'_, Channel> {
    /// The oldest message is taken, or that there will be none any more is found out.
    pub(super) fn takes(&mut self, kind: Kind, capacity: Option<u64>, at: At) {
        let place = self.state().received;
        // Whose message has room afterwards.
        let room = capacity
            .map(|capacity| place + capacity)
            .filter(|_| !self.state().messages.is_empty());
        let parts = [
            (Part::Place(place), kind),
            (Part::Room(room.unwrap_or(0)), Kind::Write),
            (Part::Head, Kind::Write),
        ];
        let parts = &parts[..if room.is_some() { 3 } else { 1 }];
        self.uses(const { word("receive") }, parts);
        let (views, channel) = self.views_and_state();
        let (is_there, by) = match channel.messages.pop_front() {
            Some((past, by)) => {
                channel.received += 1;
                views.past.join(&past);
                (true, by)
            }
            None => {
                views.past.join(&channel.released.0);
                (false, channel.released.1)
            }
        };
        channel.awaited = None;
        if let Some(room) = room {
            channel.taken.push(views.past.clone());
            self.makes_room(room);
        }
        match is_there {
            true => self.is_new(),
            false => self.looks(),
        }
        let waited = Wait {
            object: self.id,
            what: &Message,
            timed: false,
        };
        let record = self.note(at, |record, names| {
            let gone = if record.values[0] == 1 {
                ""
            } else {
                " → disconnected"
            };
            format!("receive on {}{gone}", names.half_of(record, 1))
        });
        record.values = [is_there.into(), 0];
        if kind == Kind::Acquire {
            record.gate = Gate::After(by);
            record.waited = Some(waited);
        }
    }

    pub(super) fn uses(&mut self, operation: u64, parts: &[(Part, Kind)]) {
        self.begins_step();
        let id = self.id;
        self.iterates(id, operation);
        for &(part, kind) in parts {
            let (location, found) = self.part(part);
            self.accesses(Spot::at(location), kind, (found, operation, 0));
            if matches!((part, kind), (Part::Head, Kind::Write)) {
                self.state().heads += 1;
            }
        }
    }

    pub(super) fn uses_unrecorded(&mut self, operation: u64, (part, kind): (Part, Kind)) {
        self.begins_step();
        let (location, found) = self.part(part);
        self.accesses_unrecorded(Spot::at(location), kind, (found, operation, 0));
    }

    /// The part's location, and what is found there.
    pub(super) fn part(&mut self, part: Part) -> (u64, u64) {
        let location = self.objects[self.id].location;
        let channel = self.state();
        let (which, found) = match part {
            Part::Place(place) => (place, place),
            Part::Tail => (const { word("tail") }, channel.sent()),
            Part::Senders => (const { word("senders") }, channel.disconnected),
            Part::Receiver => (const { word("receiver") }, channel.has_receiver.into()),
            Part::Room(place) => (mix(const { word("room") }, place), place),
            Part::Head => (const { word("head") }, channel.heads),
        };
        (mix(location, which), found)
    }

    /// The thread has looked for messages.
    pub(super) fn looks(&mut self) {
        let seen = self.sees_writes(self.id);
        self.sees(seen);
    }

    /// What comes is new for a thread that has looked for it: the step depends on the
    /// access to the place at which that thread looked. Receivers look at what was
    /// written, senders at the version.
    pub(super) fn is_new(&mut self) {
        let id = self.id;
        self.objects[id].writes += 1;
        self.objects[id].version += 1;
        self.changes(id);
    }

    /// Something comes into the channel: a message, or its end. A thread that waits for
    /// it goes on, but not because of what comes after.
    pub(super) fn enables_receiver(&mut self, by: RecordId) {
        if !self.state().can_receive()
            && let Some(thread) = self.waiter_at(self.id)
        {
            let id = self.id;
            self.ends_wait_of(thread, id, None, by);
        }
    }
}
