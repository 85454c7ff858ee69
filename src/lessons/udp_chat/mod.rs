//! A chat over UDP: one thread sends what is typed, another receives and logs.
//!
//! # Story
//! Whoever types `exit`, or nothing more, wants to go. The thread that sends knows;
//! the one that receives is waiting for a message, perhaps for ever, and has to be
//! told and woken, in an order that it cannot miss. Messages may be in flight just
//! then: what has arrived is not to be lost, and what arrives for ever is not to
//! keep anybody. And the log may have other writers, a second chat for one: a line
//! goes into it in one piece.
//!
//! The promises: what arrived before the end is in the log, in whole lines, once;
//! and the program ends.
//!
//! # What the compiler already refuses
//! A receiver that outlives the log it borrows:
//! ```compile_fail
//! let mut log = String::new();
//! std::thread::spawn(|| log.push_str("hello\n")); // error: may outlive the borrowed `log`
//! ```
//! That two threads write into it at once:
//! ```compile_fail
//! let mut log = String::new();
//! std::thread::scope(|threads| {
//!     threads.spawn(|| log.push_str("hello\n"));
//!     threads.spawn(|| log.push_str("hi\n")); // error: borrowed as mutable more than once
//! });
//! ```
//! It does not know of another program that has the same file open, nor that
//! somebody waits for a message nobody sends.

pub mod os;
pub mod right;
pub mod wrong;

use super::{Fault, ForReal, Lesson, Mistake, Program, Scene, Seed, Version};
use crate::explorer::report::{Budget, Judged, Memory};
use crate::narrate;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Actors, Condvar, Mutex, Named, Watched, rest};
use std::fmt;

/// How a chat comes to its end.
pub trait Chat: Send + Sync {
    /// A chat that has just begun.
    fn open() -> Self;

    /// Sends what is typed until that is `exit`, or nothing more, and then ends
    /// the chat.
    fn send<T: AsRef<[u8]>>(
        &self,
        typed: impl IntoIterator<Item = T>,
        mut send: impl FnMut(T),
        receiver: &impl Waker,
    ) {
        for text in typed {
            if text.as_ref() == b"exit" {
                break;
            }
            send(text);
        }
        self.stop(receiver);
    }

    /// Ends the chat; this is how the sender's thread ends.
    fn stop(&self, receiver: &impl Waker);

    /// Logs what arrives, a line a message, until the chat is over.
    fn receive<I: Inbox>(&self, inbox: I, log: impl Log);
}

/// Where messages arrive, as the receiver has it: a socket, in the end.
pub trait Inbox {
    /// What arrives.
    type Message: fmt::Display;

    /// The message that arrived first of those that are here, if there is any.
    fn take(&mut self) -> Option<Self::Message>;

    /// Waits until there is something to take or [`Waker::wake`] has been called
    /// since the last wait. May end for nothing.
    fn wait(&mut self);

    /// How many messages it can hold, at the most.
    fn holds(&self) -> usize;
}

/// Ends the receiver's wait.
pub trait Waker: Sync {
    /// Ends the wait that is going on, or else the next.
    fn wake(&self);
}

/// Where the receiver writes, and others may too.
pub trait Log {
    /// Adds to the end, all of it before anything else is added.
    fn append(&mut self, text: &str);
}

/// The scene's inbox.
pub struct Letterbox {
    inside: Mutex<Letters>,
    changed: Condvar,
    /// How many messages wait, for a look without the lock. The kernel does so too:
    /// no lock saves the chat from saying properly that it is over.
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
        let woken = if self.woken { ", woken" } else { "" };
        format!("{}{woken}", self.waiting())
    }
}

impl Letterbox {
    fn new(holds: usize, arrived: &[&'static str]) -> Self {
        let inside = Letters {
            arrived: arrived.to_vec(),
            taken: 0,
            woken: false,
        };
        Self {
            inside: Mutex::new(inside).watched("inbox", Letters::show),
            changed: Condvar::new().named("changed"),
            waiting: AtomicUsize::new(arrived.len()).named("waiting"),
            holds,
        }
    }

    /// A message arrives, or is lost, as UDP has it, where there is no room.
    fn deliver(&self, message: &'static str) {
        let mut inside = self.inside.lock().unwrap();
        if inside.waiting() < self.holds {
            inside.arrived.push(message);
            // ORDERING: Relaxed, since it is for a look. Who must see it has to
            // come after this by other means.
            self.waiting.store(inside.waiting(), Ordering::Relaxed);
            self.changed.notify_one();
        }
    }

    /// How many have arrived until now.
    fn arrivals(&self) -> usize {
        self.inside.lock().unwrap().arrived.len()
    }

    /// All that have arrived, once nobody has it any more.
    fn into_arrived(self) -> Vec<&'static str> {
        self.inside.into_inner().unwrap().arrived
    }
}

impl Inbox for &Letterbox {
    type Message = &'static str;

    fn take(&mut self) -> Option<&'static str> {
        // ORDERING: Relaxed, see `deliver`.
        if self.waiting.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut inside = self.inside.lock().unwrap();
        let message = *inside.arrived.get(inside.taken)?;
        inside.taken += 1;
        // ORDERING: Relaxed, see `deliver`.
        self.waiting.store(inside.waiting(), Ordering::Relaxed);
        Some(message)
    }

    fn wait(&mut self) {
        let mut inside = self.inside.lock().unwrap();
        // No loop: this wait may end for nothing, as a socket's does at a signal.
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
        self.inside.lock().unwrap().woken = true;
        self.changed.notify_one();
    }
}

/// The scene's log: a file that several have open.
struct Page(Mutex<String>);

impl Page {
    fn new() -> Self {
        let show = |text: &String| text.replace('\n', "⏎");
        Self(Mutex::new(String::new()).watched("log", show))
    }

    /// What it says, once nobody writes any more.
    fn into_text(self) -> String {
        self.0.into_inner().unwrap()
    }
}

impl Log for &Page {
    fn append(&mut self, text: &str) {
        self.0.lock().unwrap().push_str(text);
    }
}

/// Types, and says how many messages had arrived when nothing more was to be typed.
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

/// Logs until the end; how many messages had arrived by then it does not know.
fn log<C: Chat>(chat: &C, inbox: &Letterbox, page: &Page) -> usize {
    chat.receive(inbox, page);
    narrate!("has ended");
    0
}

/// What those who share a log were sent: all that arrived, and how many of them had
/// arrived before the end.
pub type Sent<'a> = (Vec<&'a str>, usize);

/// Holds a log against the promise. (That everybody ends shows in the scene having
/// an end.)
#[must_use]
pub fn judge(log: &str, sent: &[Sent]) -> Judged {
    let lines: Vec<&str> = log.split_terminator('\n').collect();
    let known = |line: &&str| sent.iter().any(|(arrived, _)| arrived.contains(line));
    if !(log.is_empty() || log.ends_with('\n')) || !lines.iter().all(known) {
        return Judged::forbidden("a torn line", "nobody sent what it says");
    }
    for (arrived, in_time) in sent {
        let mine = lines.iter().filter(|line| arrived.contains(line));
        let mine: Vec<&str> = mine.copied().collect();
        if mine.len() < *in_time {
            return Judged::forbidden(
                "the tail lost",
                "it had arrived before the end, and is not in the log",
            );
        }
        if !arrived.starts_with(&mine) {
            return Judged::forbidden("not what arrived", "logged twice, or out of order");
        }
    }
    Judged::promised(
        format!("logged {}", lines.len()),
        "what arrived before the end, in whole lines, once; and the end has come",
    )
}

/// Messages are on their way when `exit` is typed; so many fit into the inbox.
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

/// A chat that is over and has one more message to log, and somebody else, another
/// chat for one, who writes into the same log.
fn one_log<C: Chat>() -> Judged {
    let (chat, page, inbox) = (C::open(), Page::new(), Letterbox::new(1, &["hello"]));
    Actors::new()
        .enter("receiver", || {
            chat.stop(&inbox);
            log(&chat, &inbox, &page)
        })
        .enter("another", || {
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
    let worse = anns.grade.max(bobs.grade);
    Judged {
        outcome: format!("ann {}, bob {}", anns.outcome, bobs.outcome),
        ..if anns.grade == worse { anns } else { bobs }
    }
}

fn scenes<C: Chat + 'static>() -> Vec<Scene> {
    vec![
        Scene::new("exit, nothing in flight", || in_flight::<C>(&[], 0)).must_occur(&["logged 0"]),
        Scene::new("exit, 1 message in flight", || {
            in_flight::<C>(&["hello"], 1)
        })
        .must_occur(&["logged 0", "logged 1"]),
        Scene::new("2 writers, 1 log", one_log::<C>).must_occur(&["logged 2"]),
        Scene::new("exit, 1 message in flight, waits end for nothing", || {
            in_flight::<C>(&["hello"], 1)
        })
        .must_occur(&["logged 0", "logged 1"])
        .budget(Budget {
            spurious_wake_ups: 2,
            ..Budget::default()
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

/// A conversation by letterbox; `play udp_chat` is the one by socket.
fn play<C: Chat>(_: &Program) -> Judged {
    talk::<C>(
        &["hello", "how are you?", "goodbye"],
        &["hi", "fine, thanks", "see you"],
    )
}

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::DrainsThenStops;
    use wrong::{LosesTheTail, NeverStops, TornLines, WakesTooEarly};

    Lesson {
        name: "udp_chat",
        title: "One thread sends, one receives, and both have to end",
        story: "A chat over UDP: what is typed is sent, what arrives is logged. Whoever types \
                `exit` wants to go, but the other thread is waiting for a message, and messages \
                are on their way. How does it learn that it is over, and what becomes of them?",
        seed: Seed {
            lesson: Some(2),
            faults: &[
                Fault {
                    what: "spells `input` as `imput`: the sender crashes before anything is typed",
                    shown_by: "udp_chat::two_copies_talk",
                },
                Fault {
                    what: "`exit` ends the sender alone: the receiver, and so the program, never ends",
                    shown_by: "udp_chat::exit_ends_both",
                },
                Fault {
                    what: "the end of input crashes the sender, and ends nothing",
                    shown_by: "udp_chat::the_end_of_input_ends_both",
                },
                Fault {
                    what: "cuts every message off at 1,024 bytes, and says nothing",
                    shown_by: "udp_chat::the_largest_datagram_arrives_whole",
                },
                Fault {
                    what: "a message that is too long for UDP crashes the sender",
                    shown_by: "udp_chat::a_message_that_is_too_long_is_refused",
                },
                Fault {
                    what: "a message that is not UTF-8 crashes the receiver: anybody can silence it",
                    shown_by: "udp_chat::what_is_no_text_is_logged_escaped",
                },
                Fault {
                    what: "a message with a line break forges lines of the log",
                    shown_by: "udp_chat::nobody_forges_a_line_or_writes_to_the_terminal",
                },
                Fault {
                    what: "leaves it to the garbage collector when what was said gets into the log",
                    shown_by: "udp_chat::what_is_received_is_in_the_log_at_once",
                },
                Fault {
                    what: "binds an address of its author's network: elsewhere it crashes at once",
                    shown_by: "udp_chat::loopback_unless_told_otherwise",
                },
            ],
        },
        // The tail is not to be lost under C11 either.
        memory: Memory::C11,
        versions: vec![
            Version::right::<DrainsThenStops>(
                "says that it is over, wakes the receiver, who logs what has arrived",
                scenes::<DrainsThenStops>(),
                play::<DrainsThenStops>,
            ),
            Version::wrong::<NeverStops>(
                "ends the sender and tells nobody (the seed's way)",
                scenes::<NeverStops>(),
                play::<NeverStops>,
                Mistake {
                    scene: "exit, nothing in flight",
                    outcome: "deadlock",
                    preemptions: 0,
                    story: include_str!("stories/never-stops.txt"),
                },
            ),
            Version::wrong::<LosesTheTail>(
                "the receiver ends at once, whatever waits for it",
                scenes::<LosesTheTail>(),
                play::<LosesTheTail>,
                Mistake {
                    scene: "exit, 1 message in flight",
                    outcome: "the tail lost",
                    preemptions: 0,
                    story: include_str!("stories/loses-the-tail.txt"),
                },
            ),
            Version::wrong::<TornLines>(
                "writes a message and the end of its line one after the other",
                scenes::<TornLines>(),
                play::<TornLines>,
                Mistake {
                    scene: "2 writers, 1 log",
                    outcome: "a torn line",
                    preemptions: 1,
                    story: include_str!("stories/torn-lines.txt"),
                },
            ),
            Version::wrong::<WakesTooEarly>(
                "wakes the receiver, and says only then that it is over",
                scenes::<WakesTooEarly>(),
                play::<WakesTooEarly>,
                Mistake {
                    scene: "exit, nothing in flight",
                    outcome: "deadlock",
                    preemptions: 1,
                    story: include_str!("stories/wakes-too-early.txt"),
                },
            ),
        ],
        heeds: &[],
        for_real: Some(ForReal::of::<os::Talk>()),
    }
}
