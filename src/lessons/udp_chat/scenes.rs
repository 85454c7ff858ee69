//! Scenes of a chat, with letterboxes instead of sockets.

use super::lesson::{Chat, Inbox, Log, Waker, judge};
use crate::explorer::report::{Budget, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Actors, Condvar, Mutex, Watched, rest};
use std::cmp::max_by_key;

/// The inbox of a scene.
pub struct Letterbox {
    inbox: Mutex<Letters>,
    changed: Condvar,
    /// How many messages wait. The receiver reads it without the lock, as a kernel does, so that
    /// this lock does not hide a missing ordering in the chat.
    waiting: AtomicUsize,
    holds: usize,
}

struct Letters {
    /// Every message that has arrived.
    arrived: Vec<&'static str>,
    taken: usize,
    woken: bool,
}

impl Letters {
    fn waiting(&self) -> usize {
        self.arrived.len() - self.taken
    }

    fn show(&self) -> String {
        let wake_up = if self.woken { " + wake-up" } else { "" };
        format!("{}{wake_up}", self.waiting())
    }
}

impl Letterbox {
    fn new(holds: usize, arrived: &[&'static str]) -> Self {
        let letters = Letters {
            arrived: arrived.to_vec(),
            taken: 0,
            woken: false,
        };
        Self {
            inbox: Mutex::new(letters).watched(Letters::show),
            changed: Condvar::new(),
            waiting: AtomicUsize::new(arrived.len()),
            holds,
        }
    }

    /// A message arrives. Without room it is lost, as in UDP.
    fn deliver(&self, message: &'static str) {
        let mut inside = self.inbox.lock().unwrap();
        if inside.waiting() < self.holds {
            inside.arrived.push(message);
            // ORDERING: Relaxed, so that only the chat's own orderings make a message visible.
            self.waiting.store(inside.waiting(), Ordering::Relaxed);
            self.changed.notify_one();
        }
    }

    /// How many messages have arrived until now.
    fn arrivals(&self) -> usize {
        self.inbox.lock().unwrap().arrived.len()
    }

    /// All messages that have arrived.
    fn into_arrived(self) -> Vec<&'static str> {
        self.inbox.into_inner().unwrap().arrived
    }
}

impl Inbox for &Letterbox {
    type Message = &'static str;

    fn take(&mut self) -> Option<&'static str> {
        // ORDERING: Relaxed, see `deliver`.
        if self.waiting.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut inside = self.inbox.lock().unwrap();
        let message = *inside.arrived.get(inside.taken)?;
        inside.taken += 1;
        // ORDERING: Relaxed, see `deliver`.
        self.waiting.store(inside.waiting(), Ordering::Relaxed);
        Some(message)
    }

    fn wait(&mut self) {
        let mut inside = self.inbox.lock().unwrap();
        // No loop: the wait for a socket may end for no reason too, such as a signal.
        if inside.waiting() == 0 && !inside.woken {
            inside = self.changed.wait(inside).unwrap();
        }
        inside.woken = false;
    }

    fn holds(&self) -> usize {
        self.holds
    }
}

impl Waker for Letterbox {
    fn wake(&self) {
        self.inbox.lock().unwrap().woken = true;
        self.changed.notify_one();
    }
}

/// The log of a scene: a file that several programs have open.
struct Page {
    log: Mutex<String>,
}

impl Page {
    fn new() -> Self {
        let show = |text: &String| text.replace('\n', "⏎");
        Self {
            log: Mutex::new(String::new()).watched(show),
        }
    }

    /// The text of the log.
    fn into_text(self) -> String {
        self.log.into_inner().unwrap()
    }
}

impl Log for &Page {
    fn append(&mut self, text: &str) {
        self.log.lock().unwrap().push_str(text);
    }
}

/// Types the lines and `exit`. Returns how many messages had arrived before `exit`.
fn type_and_exit<C: Chat>(
    chat: &C,
    lines: &[&'static str],
    send: impl FnMut(&'static str),
    own: &Letterbox,
) -> usize {
    let mut in_time = 0;
    let typed = lines.iter().copied().chain(["exit"]).inspect(|&text| {
        rest();
        narrate!("types {text}");
        if text == "exit" {
            in_time = own.arrivals();
        }
    });
    chat.send(typed, send, own);
    in_time
}

/// Receives until the end. Returns 0: only the sender counts messages.
fn log<C: Chat>(chat: &C, inbox: &Letterbox, page: &Page) -> usize {
    chat.receive(inbox, page);
    narrate!("has ended");
    0
}

/// Messages are in flight when `exit` is typed. The inbox holds up to `holds` of them.
fn in_flight<C: Chat>(messages: &[&'static str], holds: usize) -> Judged {
    let (chat, page, inbox) = (C::open(), Page::new(), Letterbox::new(holds, &[]));
    let mut actors = Actors::new()
        .enter("sender", || type_and_exit(&chat, &[], drop, &inbox))
        .enter("receiver", || log(&chat, &inbox, &page));
    if !messages.is_empty() {
        actors = actors.enter("peer", || {
            for message in messages {
                inbox.deliver(message);
            }
            0
        });
    }
    let in_time = actors.run()[0];
    judge(&page.into_text(), &[(inbox.into_arrived(), in_time)])
}

/// A chat that is over has one more message to log, and another program writes into the same
/// log.
fn one_log<C: Chat>() -> Judged {
    let (chat, page, inbox) = (C::open(), Page::new(), Letterbox::new(1, &["hello"]));
    Actors::new()
        .enter("receiver", || {
            chat.stop(&inbox);
            log(&chat, &inbox, &page)
        })
        .enter("other writer", || {
            (&page).append("hi\n");
            0
        })
        .run();
    let sent = [(inbox.into_arrived(), 1), (vec!["hi"], 1)];
    judge(&page.into_text(), &sent)
}

/// Ann and Bob talk to each other, each with a log.
fn talk<C: Chat>(ann_types: &[&'static str], bob_types: &[&'static str]) -> Judged {
    let (ann, bob) = (C::open(), C::open());
    let to_ann = Letterbox::new(bob_types.len(), &[]);
    let to_bob = Letterbox::new(ann_types.len(), &[]);
    let (anns, bobs) = (Page::new(), Page::new());
    let in_time = Actors::new()
        .enter("ann", || {
            type_and_exit(&ann, ann_types, |text| to_bob.deliver(text), &to_ann)
        })
        .enter("ann's log", || log(&ann, &to_ann, &anns))
        .enter("bob", || {
            type_and_exit(&bob, bob_types, |text| to_ann.deliver(text), &to_bob)
        })
        .enter("bob's log", || log(&bob, &to_bob, &bobs))
        .run();
    let anns = judge(&anns.into_text(), &[(to_ann.into_arrived(), in_time[0])]);
    let bobs = judge(&bobs.into_text(), &[(to_bob.into_arrived(), in_time[2])]);
    let outcome = format!("ann {}, bob {}", anns.outcome, bobs.outcome);
    // The worse one: Ann's, if both are the same.
    let judged = max_by_key(bobs, anns, |judged| judged.grade);
    Judged { outcome, ..judged }
}

pub(super) fn scenes<C: Chat + 'static>() -> Vec<Scene> {
    vec![
        Scene::new("exit, nothing in flight", || in_flight::<C>(&[], 0)).must_occur(&["logged 0"]),
        Scene::new("exit, 1 message in flight", || {
            in_flight::<C>(&["hello"], 1)
        })
        .must_occur(&["logged 0", "logged 1"]),
        Scene::new("2 writers, 1 log", one_log::<C>).must_occur(&["logged 2"]),
        Scene::new("exit, 1 message in flight, spurious wake-ups", || {
            in_flight::<C>(&["hello"], 1)
        })
        .must_occur(&["logged 0", "logged 1"])
        .budget(Budget {
            spurious_wake_ups: 2,
            ..Budget::NONE
        })
        .proof(),
        Scene::new("exit, 2 messages in flight, room for 1", || {
            in_flight::<C>(&["hello", "again"], 1)
        })
        .must_occur(&["logged 0", "logged 1", "logged 2"])
        .proof(),
        Scene::new("exit, 2 messages in flight", || {
            in_flight::<C>(&["hello", "again"], 2)
        })
        .must_occur(&["logged 0", "logged 1", "logged 2"])
        .proof(),
        Scene::new("ann says hello to bob", || talk::<C>(&["hello"], &[]))
            .must_occur(&["ann logged 0, bob logged 0", "ann logged 0, bob logged 1"])
            .proof(),
    ]
}

/// A conversation through letterboxes. `play udp_chat` has one through sockets.
pub(super) fn play<C: Chat>(_: &Program) -> Judged {
    talk::<C>(
        &["hello", "how are you?", "goodbye"],
        &["hi", "fine, thanks", "see you"],
    )
}
