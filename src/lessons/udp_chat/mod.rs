//! A chat over UDP: one thread sends what is typed, another receives and logs.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod right;
mod scenes;
pub mod wrong;

pub use lesson::{Chat, Inbox, Log, Sent, Waker, judge};

use crate::explorer::report::Memory;
use crate::lessons::parts::{Fault, Lesson, Mistake, Tutorial, Version};
use crate::lessons::sources;
use scenes::{play, scenes};

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::DrainsThenStops;
    use wrong::{LosesTheLastMessages, NeverStops, TornLines, WakesTooEarly};

    Lesson {
        name: "udp_chat",
        title: "One thread sends, one receives, and both have to end",
        story: "A chat over UDP: one thread sends what is typed, another logs what arrives. `exit` \
                ends the first thread, but the second is waiting for a message, and messages \
                are in flight. How does it learn that the chat is over, and are they logged?",
        tutorial: Tutorial {
            lesson: Some(2),
            faults: &[
                Fault {
                    what: "spells `input` as `imput`: the sender crashes before anything is typed",
                    shown_by: "udp_chat::two_copies_talk",
                },
                Fault {
                    what: "`exit` ends only the sender: the receiver, and so the program, never ends",
                    shown_by: "udp_chat::exit_ends_both",
                },
                Fault {
                    what: "the end of input crashes the sender, and the receiver never ends",
                    shown_by: "udp_chat::the_end_of_input_ends_both",
                },
                Fault {
                    what: "cuts every message off at 1,024 bytes without a warning",
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
                    what: "leaves it to the garbage collector to write messages into the log",
                    shown_by: "udp_chat::what_is_received_is_in_the_log_at_once",
                },
                Fault {
                    what: "binds an address of its author's network: elsewhere it crashes at once",
                    shown_by: "udp_chat::loopback_unless_told_otherwise",
                },
            ],
        },
        // Under C11 the receiver may see the end of the chat before the last messages.
        wrong: sources::text("src/lessons/udp_chat/wrong.rs"),
        memory: Memory::C11,
        versions: vec![
            Version::right::<DrainsThenStops>(
                "sets a flag, then wakes the receiver, which logs what has arrived",
                scenes::<DrainsThenStops>(),
                play::<DrainsThenStops>,
            ),
            Version::wrong::<NeverStops>(
                "ends the sender, and never the receiver (as the Python tutorial does)",
                scenes::<NeverStops>(),
                play::<NeverStops>,
                Mistake {
                    scene: "exit, nothing in flight",
                    outcome: "deadlock",
                    preemptions: 0,
                    lines: &["fn stop(", "loop {"],
                    story: include_str!("stories/never-stops.txt"),
                },
            ),
            Version::wrong::<LosesTheLastMessages>(
                "the receiver ends at once, and messages that have arrived are lost",
                scenes::<LosesTheLastMessages>(),
                play::<LosesTheLastMessages>,
                Mistake {
                    scene: "exit, 1 message in flight",
                    outcome: "the last messages lost",
                    preemptions: 0,
                    lines: &["while !self.over.load("],
                    story: include_str!("stories/loses-the-last-messages.txt"),
                },
            ),
            Version::wrong::<TornLines>(
                "writes a message, and then the end of its line",
                scenes::<TornLines>(),
                play::<TornLines>,
                Mistake {
                    scene: "2 writers, 1 log",
                    outcome: "a torn line",
                    preemptions: 1,
                    lines: &["log.append(&message.to_string());", "log.append(\"\\n\");"],
                    story: include_str!("stories/torn-lines.txt"),
                },
            ),
            Version::wrong::<WakesTooEarly>(
                "wakes the receiver, and only then sets the flag",
                scenes::<WakesTooEarly>(),
                play::<WakesTooEarly>,
                Mistake {
                    scene: "exit, nothing in flight",
                    outcome: "deadlock",
                    preemptions: 1,
                    lines: &["receiver.wake();", "self.over.store("],
                    story: include_str!("stories/wakes-too-early.txt"),
                },
            ),
        ],
        heeds: &[],
    }
}
