//! A chat over UDP: one thread sends what is typed, another receives and logs.
//!
//! # Story
//! `exit`, or the end of input, ends the chat. The thread that sends learns of it first. The
//! thread that receives is waiting for a message, perhaps for ever: it has to be woken, and
//! told that the chat is over, in an order in which it cannot miss that. Messages may be in
//! flight at that moment. Those that have arrived must be logged, and a peer that never stops
//! sending must not keep the chat from ending. Another program, such as a second chat, may
//! write into the same log: a line must be written in one piece.
//!
//! The promises: every message that arrived before the end is in the log once, as a whole
//! line, and the program ends.
//!
//! # What the compiler already refuses
//! A receiver that outlives the log it borrows:
//! ```compile_fail
//! let mut log = String::new();
//! std::thread::spawn(|| log.push_str("hello\n")); // error: may outlive the borrowed `log`
//! ```
//! Two threads that write into the log at once:
//! ```compile_fail
//! let mut log = String::new();
//! std::thread::scope(|threads| {
//!     threads.spawn(|| log.push_str("hello\n"));
//!     threads.spawn(|| log.push_str("hi\n")); // error: borrowed as mutable more than once
//! });
//! ```
//! It does not notice another program that has the same file open, nor a thread that waits
//! for a message that nobody sends.

use crate::explorer::report::Judged;
use std::fmt;

/// A chat: how it ends.
pub trait Chat: Send + Sync {
    /// A chat before its first message.
    fn open() -> Self;

    /// Sends what is typed until `exit` or the end of input, and then ends the chat.
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

    /// Ends the chat. The sender's thread calls this last.
    fn stop(&self, receiver: &impl Waker);

    /// Logs every message that arrives, as a line, until the chat is over.
    fn receive<I: Inbox>(&self, inbox: I, log: impl Log);
}

/// Where messages arrive: a socket in the program, a letterbox in the scenes.
pub trait Inbox {
    /// A message.
    type Message: fmt::Display;

    /// Takes the oldest message, if there is one.
    fn take(&mut self) -> Option<Self::Message>;

    /// Waits until there is a message, or until [`Waker::wake`] has been called since the
    /// last wait. The wait may also end for no reason.
    fn wait(&mut self);

    /// The largest number of messages that it can hold.
    fn holds(&self) -> usize;
}

/// Wakes the receiver.
pub trait Waker: Sync {
    /// Ends the current wait, or the next one if there is none.
    fn wake(&self);
}

/// A log, which may have several writers.
pub trait Log {
    /// Appends the text in one piece.
    fn append(&mut self, text: &str);
}

/// The messages that one writer of the log received, and how many of them had arrived before
/// the end.
pub type Sent<'a> = (Vec<&'a str>, usize);

/// Judges a log. (If a thread did not end, the scene would not end.)
#[must_use]
pub fn judge(log: &str, sent: &[Sent]) -> Judged {
    let lines: Vec<&str> = log.split_terminator('\n').collect();
    let known = |line: &&str| sent.iter().any(|(arrived, _)| arrived.contains(line));
    if !(log.is_empty() || log.ends_with('\n')) || !lines.iter().all(known) {
        return Judged::forbidden("a torn line", "the log has a line that no message has");
    }
    for (arrived, in_time) in sent {
        let mine = lines.iter().filter(|line| arrived.contains(line));
        let mine: Vec<&str> = mine.copied().collect();
        if mine.len() < *in_time {
            return Judged::forbidden(
                "the last messages lost",
                "they arrived before the end, and are not in the log",
            );
        }
        if !arrived.starts_with(&mine) {
            return Judged::forbidden(
                "not what arrived",
                "a message is in the log twice, or out of order",
            );
        }
    }
    Judged::promised(
        format!("logged {}", lines.len()),
        "every message that arrived before the end is in the log once, as a whole line",
    )
}
