//! Four wrong chats.

use super::lesson::{Chat, Inbox, Log, Waker};
use crate::narrate;
use crate::sync::atomic::{AtomicBool, Ordering};

/// What the tutorial does: `exit` ends only the thread that sends. The thread that receives
/// waits for the next message for ever.
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

/// The receiver ends as soon as it sees that the chat is over. Messages that have arrived
/// since it took the last one are lost.
pub struct LosesTheLastMessages {
    over: AtomicBool,
}

impl Chat for LosesTheLastMessages {
    fn open() -> Self {
        Self {
            over: AtomicBool::new(false),
        }
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

/// Writes the message, and then the end of its line, as an unbuffered `print` does. Another
/// writer of the same log can write in between.
pub struct TornLines {
    over: AtomicBool,
}

impl Chat for TornLines {
    fn open() -> Self {
        Self {
            over: AtomicBool::new(false),
        }
    }

    fn stop(&self, receiver: &impl Waker) {
        self.over.store(true, Ordering::SeqCst);
        receiver.wake();
    }

    fn receive<I: Inbox>(&self, mut inbox: I, mut log: impl Log) {
        let mut log = |message: I::Message| {
            log.append(&message.to_string());
            narrate!("ends the line");
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

/// Wakes the receiver before it sets the flag. In between, the receiver sees that the chat is
/// not over, and waits again. Nobody wakes it a second time.
pub struct WakesTooEarly {
    over: AtomicBool,
}

impl Chat for WakesTooEarly {
    fn open() -> Self {
        Self {
            over: AtomicBool::new(false),
        }
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
