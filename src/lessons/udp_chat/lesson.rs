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
