//! Processes that share nothing and talk by messages.
//!
//! A [`Link`] is one end of a connection to another process. Code that is written against it
//! runs over both kinds of links: those of real child processes ([`real`]), and those of the
//! model ([`modelled`]), where a process is a thread that shares nothing, a pipe is a channel,
//! and a crash is one more choice of the scheduler.
//!
//! # Invariants
//! - Messages arrive in order, each whole or not at all, each at most once.
//! - Messages that were sent before the sender died can still be received. Only then is the
//!   sender [`Gone`], and it stays so.
//! - A message for which `send` returned `Ok` is lost only if its receiver dies.
//! - Every operation on a link to a dead process ends.

pub mod drill;
pub mod modelled;
pub mod real;

use std::time::Duration;

/// One end of a connection to another process: sends `Out`, receives `In`.
pub trait Link<Out, In> {
    /// Sends a message, and waits while the link is full.
    ///
    /// # Errors
    /// The other end is gone: gives the message back. The other end may also die while the
    /// message is on its way: only an answer proves that it was received.
    #[track_caller]
    fn send(&mut self, message: Out) -> Result<(), Gone<Out>>;

    /// Waits for the next message.
    ///
    /// # Errors
    /// The other end is gone, or has closed the link.
    #[track_caller]
    fn receive(&mut self) -> Result<In, Gone>;

    /// Waits for the next message, up to `timeout`.
    ///
    /// # Errors
    /// No message came in time (a later call can still receive it), or the other end is gone.
    #[track_caller]
    fn receive_timeout(&mut self, timeout: Duration) -> Result<In, TimedOutOrGone>;

    /// Sends no more messages: the other end receives those that were sent, and then finds this
    /// end gone. This end can still receive. (A parent kills a child that has closed its link.)
    #[track_caller]
    fn close(&mut self);
}

/// The other process has exited, died, or closed the link. Gives back the message that was not
/// sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other process has exited or closed the link")]
pub struct Gone<T = ()>(pub T);

/// Why no message was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimedOutOrGone {
    /// No message came in time.
    #[error("no message came in time")]
    TimedOut,
    /// The other process has exited or closed the link.
    #[error("{}", Gone(()))]
    Gone,
}
