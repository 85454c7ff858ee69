//! Four chats that do not end, or whose log is not what arrived.

use super::lesson::{Chat, Inbox, Log, Waker};
use crate::sync::Named;
use crate::sync::atomic::{AtomicBool, Ordering};

/// Whether the chat is over, as all of them have it.
fn not_over() -> AtomicBool {
    AtomicBool::new(false).named("over")
}

/// What the seed does: `exit` ends the thread that sends. Nobody tells the one
/// that receives, and it waits for a next message for ever.
pub struct NeverStops;

impl Chat for NeverStops {
    fn open() -> Self {
        Self
    }

    fn stop(&self, _receiver: &impl Waker) {}

    fn receive<I: Inbox>(&self, mut inbox: I, mut log: impl Log) {
        loop {
            match inbox.take() {
                Some(message) => log.append(&format!("{message}\n")),
                None => inbox.wait(),
            }
        }
    }
}

/// Ends as soon as it sees that the chat is over, whatever has arrived since it
/// took the last message: the peer's last words, as a rule.
pub struct LosesTheTail {
    over: AtomicBool,
}

impl Chat for LosesTheTail {
    fn open() -> Self {
        Self { over: not_over() }
    }

    fn stop(&self, receiver: &impl Waker) {
        self.over.store(true, Ordering::SeqCst);
        receiver.wake();
    }

    fn receive<I: Inbox>(&self, mut inbox: I, mut log: impl Log) {
        while !self.over.load(Ordering::SeqCst) {
            match inbox.take() {
                Some(message) => log.append(&format!("{message}\n")),
                None => inbox.wait(),
            }
        }
    }
}

/// Writes the message, then the end of its line, as `print` does where nothing
/// buffers. Another writer of the same log, a second chat for one, gets in between.
pub struct TornLines {
    over: AtomicBool,
}

impl Chat for TornLines {
    fn open() -> Self {
        Self { over: not_over() }
    }

    fn stop(&self, receiver: &impl Waker) {
        self.over.store(true, Ordering::SeqCst);
        receiver.wake();
    }

    fn receive<I: Inbox>(&self, mut inbox: I, mut log: impl Log) {
        let mut log = |message: I::Message| {
            log.append(&message.to_string());
            log.append("\n");
        };
        while !self.over.load(Ordering::SeqCst) {
            match inbox.take() {
                Some(message) => log(message),
                None => inbox.wait(),
            }
        }
        for _ in 0..inbox.holds() {
            match inbox.take() {
                Some(message) => log(message),
                None => break,
            }
        }
    }
}

/// Wakes the receiver, and says only then that the chat is over. In between the
/// receiver looks, is told that it is not, and waits again; nobody wakes it twice.
pub struct WakesTooEarly {
    over: AtomicBool,
}

impl Chat for WakesTooEarly {
    fn open() -> Self {
        Self { over: not_over() }
    }

    fn stop(&self, receiver: &impl Waker) {
        receiver.wake();
        self.over.store(true, Ordering::SeqCst);
    }

    fn receive<I: Inbox>(&self, mut inbox: I, mut log: impl Log) {
        while !self.over.load(Ordering::SeqCst) {
            match inbox.take() {
                Some(message) => log.append(&format!("{message}\n")),
                None => inbox.wait(),
            }
        }
        for _ in 0..inbox.holds() {
            match inbox.take() {
                Some(message) => log.append(&format!("{message}\n")),
                None => break,
            }
        }
    }
}
