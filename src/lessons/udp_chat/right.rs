//! The right chat: whoever ends it says so first and wakes the receiver then, who
//! logs what has arrived by then, and ends.

use super::lesson::{Chat, Inbox, Log, Waker};
use crate::sync::Named;
use crate::sync::atomic::{AtomicBool, Ordering};

/// The receiver looks whether the chat is over each time before it waits, and
/// once it is, empties the inbox.
pub struct DrainsThenStops {
    over: AtomicBool,
}

impl Chat for DrainsThenStops {
    fn open() -> Self {
        Self {
            over: AtomicBool::new(false).named("over"),
        }
    }

    fn stop(&self, receiver: &impl Waker) {
        // ORDERING: Release, for the receiver's Acquire: what had arrived before
        // this is there to be taken after that.
        self.over.store(true, Ordering::Release);
        receiver.wake();
    }

    fn receive<I: Inbox>(&self, mut inbox: I, mut log: impl Log) {
        let mut log = |message: I::Message| log.append(&format!("{message}\n"));

        // ORDERING: Acquire, see `stop`.
        while !self.over.load(Ordering::Acquire) {
            match inbox.take() {
                Some(message) => log(message),
                None => inbox.wait(),
            }
        }

        // As many as can have arrived before the end; a peer who goes on sending
        // does not keep us here.
        for _ in 0..inbox.holds() {
            match inbox.take() {
                Some(message) => log(message),
                None => break,
            }
        }
    }
}
