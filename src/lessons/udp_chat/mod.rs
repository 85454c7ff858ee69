//! A chat over UDP: one thread sends what is typed, another receives and logs.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod os;
pub mod right;
mod scenes;
pub mod wrong;

pub use lesson::{Chat, Inbox, Log, Waker};
pub use scenes::{Sent, judge};

use crate::explorer::report::Memory;
use crate::lessons::for_real::ForReal;
use crate::lessons::parts::{Fault, Lesson, Mistake, Seed, Version};
use scenes::{play, scenes};

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
