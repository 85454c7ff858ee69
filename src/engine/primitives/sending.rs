//! The steps of a channel's senders.

use super::channel::{Channel, Part};
use crate::engine::access::{Access, Kind};
use crate::engine::execution::iteration::Seen;
use crate::engine::execution::object::{Blocking, State, Wait};
use crate::engine::execution::step::Step;
use crate::engine::execution::thread::Next;
use crate::engine::execution::trace::{Names, Record, RecordKind};
use crate::engine::hash::word;
use crate::engine::ids::At;

/// Waits for room in a channel.
pub(super) struct Room;

/// Waits for the receiver of a channel without capacity.
pub(super) struct Rendezvous;

impl Blocking for Room {
    fn is_over(&self, _: &dyn State) -> bool {
        false
    }

    fn describe(&self, object: &str, _timed: bool) -> String {
        format!("waits for room in `{object}`")
    }

    fn never(&self) -> &'static str {
        ": no thread will ever receive a message"
    }

    fn half(&self) -> usize {
        0
    }
}

impl Blocking for Rendezvous {
    fn is_over(&self, _: &dyn State) -> bool {
        false
    }

    fn describe(&self, object: &str, _timed: bool) -> String {
        format!("waits until its message on `{object}` is received")
    }

    fn never(&self) -> &'static str {
        ": no thread will ever receive it"
    }

    fn half(&self) -> usize {
        0
    }
}

/// What a thread waits for that sends on a channel with that capacity.
pub(super) fn room(capacity: u64) -> &'static dyn Blocking {
    match capacity {
        0 => &Rendezvous,
        _ => &Room,
    }
}

/// What a thread finds that sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// There is no receiver.
    Disconnected,
    /// There is no room: it would have to wait.
    Full,
    /// The message has that place.
    At(u64),
}

/// What a story says of a send that finds the channel like this.
const FOUND: [&str; 5] = [
    "",
    " → no receiver",
    " → full",
    " → no receiver waits",
    " → waits",
];

fn tell_send(record: &Record, names: &dyn Names) -> String {
    let found = FOUND[record.values[0] as usize];
    format!("send on {}{found}", names.half_of(record, 0))
}

fn tell_try_send(record: &Record, names: &dyn Names) -> String {
    "try_".to_owned() + &tell_send(record, names)
}

impl Step<'_, Channel> {
    /// Sends a message, and does not wait if there is no room for it.
    pub(super) fn sends(&mut self, capacity: Option<u64>, at: At) -> Sent {
        let place = self.state().sent();
        if !self.state().has_receiver {
            self.uses(const { word("send") }, &[(Part::Receiver, Kind::Read)]);
            self.finds_no_receiver();
            self.note(at, tell_send).values = [1, 0];
            return Sent::Disconnected;
        }
        self.uses(
            const { word("send") },
            &[
                (Part::Receiver, Kind::Read),
                (Part::Tail, Kind::Write),
                (Part::Place(place), Kind::Write),
            ],
        );
        let mut found = 0;
        if let Some(capacity) = capacity.filter(|&capacity| place >= capacity) {
            if self.state().is_accepted(place, capacity) {
                // It need not wait, but comes after the receive that made room.
                self.records_room(place);
            } else {
                let me = self.me();
                self.state().waiting.push((place, me));
                found = if capacity == 0 { 4 } else { 2 };
            }
        }
        self.adds_message();
        self.note(at, tell_send).values = [found, 0];
        Sent::At(place)
    }

    /// Sends a message if it need not wait.
    pub(super) fn tries_to_send(&mut self, capacity: u64, at: At) -> Sent {
        let try_send = const { word("try_send") };
        let place = self.state().sent();
        let mut parts = [
            (Part::Receiver, Kind::Read),
            (Part::Head, Kind::Read),
            (Part::Tail, Kind::Read),
            (Part::Place(place), Kind::Write),
        ];
        let (found, sent) = if !self.state().has_receiver {
            self.uses(try_send, &parts[..1]);
            self.finds_no_receiver();
            (1, Sent::Disconnected)
        } else if self.state().has_room(capacity) {
            parts[2].1 = Kind::Write;
            self.uses(try_send, &parts);
            let (views, channel) = self.views_and_state();
            let waits = channel.awaited.as_ref();
            let freed = place.checked_sub(capacity);
            let freed = freed.and_then(|place| channel.taken.get(place as usize));
            waits
                .into_iter()
                .chain(freed)
                .for_each(|past| views.past.join(past));
            self.adds_message();
            (0, Sent::At(place))
        } else {
            self.uses(try_send, &parts[..3]);
            let seen = Seen::Version(self.id, self.objects[self.id].version);
            self.sees(seen);
            (if capacity == 0 { 3 } else { 2 }, Sent::Full)
        };
        self.note(at, tell_try_send).values = [found, 0];
        sent
    }

    /// The message of that place has room, or never will. `waited`: its sender has waited
    /// for it. Returns whether the message stays.
    pub(super) fn ends_send(
        &mut self,
        place: u64,
        capacity: u64,
        waited: Option<Wait>,
        at: At,
    ) -> bool {
        let sent = const { word("sent") };
        let room = (Part::Room(place), Kind::Acquire);
        match waited {
            Some(_) => self.uses(sent, &[room]),
            None => self.uses_unrecorded(sent, room),
        }
        let stays = self.state().is_accepted(place, capacity);
        let (views, channel) = self.views_and_state();
        match channel.taken.get((place - capacity) as usize) {
            Some(past) if stays => views.past.join(past),
            _ => views.past.join(&channel.left),
        }
        if waited.is_some() {
            let gate = self.enabled_by();
            let record = self.note(at, |record, names| {
                let how = ["no receiver", "sent", "received"][record.values[0] as usize];
                format!("send on {} → {how}", names.half_of(record, 0))
            });
            let received = if capacity == 0 { 2 } else { 1 };
            record.values = [if stays { received } else { 0 }, 0];
            record.gate = gate;
            record.waited = waited;
        }
        stays
    }

    /// The message of that place has room, or never will: its sender goes on.
    pub(super) fn makes_room(&mut self, place: u64) {
        let by = self.trace.next();
        let waiting = &mut self.state().waiting;
        let waits = waiting.iter().position(|&(waits, _)| waits == place);
        if let Some((_, thread)) = waits.map(|waits| waiting.swap_remove(waits)) {
            let id = self.id;
            self.ends_wait_of(thread, id, Some(Next::Runs), by);
        }
    }

    /// The receiver begins to wait for a message.
    pub(super) fn awaits(&mut self, at: At) {
        self.uses(const { word("awaits") }, &[(Part::Head, Kind::Write)]);
        let (views, channel) = self.views_and_state();
        channel.awaited = Some(views.past.clone());
        // Only for senders: a receiver that waits again and again changes nothing.
        let id = self.id;
        self.objects[id].version += 1;
        let record = self.note(at, |record, names| {
            format!("receive on {} → waits", names.half_of(record, 1))
        });
        record.kind = RecordKind::Vain;
    }

    fn adds_message(&mut self) {
        let by = self.trace.next();
        self.enables_receiver(by);
        let (views, channel) = self.views_and_state();
        channel.messages.push_back((views.past.clone(), by));
        self.is_new();
    }

    fn finds_no_receiver(&mut self) {
        let (views, channel) = self.views_and_state();
        views.past.join(&channel.left);
    }

    fn records_room(&mut self, place: u64) {
        let (location, _) = self.part(Part::Room(place));
        let kind = Kind::Acquire;
        self.trace.access(Access { location, kind });
    }
}
