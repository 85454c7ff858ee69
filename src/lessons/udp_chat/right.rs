//! The right chat: the sender sets a flag and then wakes the receiver, which logs the messages
//! that have arrived, and ends.

use super::lesson::{Chat, Inbox, Log, Waker};
use crate::sync::atomic::{AtomicBool, Ordering};

/// The receiver checks before each wait whether the chat is over, and empties the inbox when
/// it is.
pub struct DrainsThenStops {
    over: AtomicBool,
}

impl Chat for DrainsThenStops {
    fn open() -> Self {
        Self {
            over: AtomicBool::new(false),
        }
    }

    fn stop(&self, receiver: &impl Waker) {
        // ORDERING: Release pairs with the Acquire in `receive`: the receiver sees every message
        // that arrived before this store.
        self.over.store(true, Ordering::Release);
        receiver.wake();
    }

    fn receive<I: Inbox>(&self, mut inbox: I, mut log: impl Log) {
        let mut log = |message: I::Message| log.append(&format!("{message}\n"));

        // ORDERING: Acquire pairs with the Release in `stop`.
        while !self.over.load(Ordering::Acquire) {
            match inbox.take() {
                Some(message) => log(message),
                None => inbox.wait(),
            }
        }

        // No more messages than can have arrived before the end: a peer that never stops sending
        // does not keep the chat from ending.
        for _ in 0..inbox.holds() {
            match inbox.take() {
                Some(message) => log(message),
                None => break,
            }
        }
    }
}
