//! Processes that share nothing and talk by messages.
//!
//! A [`Link`] is one end of a connection to another process. What two processes
//! say to each other is written against it, and so runs over both kinds there are:
//! real child processes ([`real`]), and the model's ([`modelled`]), where a process is
//! a thread that shares nothing, a pipe is a queue, and a crash is one more thing that
//! the scheduler may do.
//!
//! # Invariants
//! - Messages arrive in order, each whole or not at all, each at most once.
//! - What was sent before its sender died can still be received. Only then is the
//!   sender [`Gone`], and once gone it stays so.
//! - A message for which `send` says `Ok` may be lost only if its receiver dies.
//! - Nobody waits for the dead: every operation on a link to a dead process ends.

pub mod drill;
pub mod modelled;
pub mod real;

use std::fmt;
use std::time::Duration;

/// One end of a connection to another process: `Out` is said, `In` is heard.
pub trait Link<Out, In> {
    /// Sends a message; waits while the other end takes in nothing more.
    ///
    /// # Errors
    /// Gives the message back if the other end is gone. It may also go while the
    /// message is on its way: only an answer says that it was heard.
    #[track_caller]
    fn send(&mut self, message: Out) -> Result<(), Gone<Out>>;

    /// The next message; waits for it.
    ///
    /// # Errors
    /// The other end is gone, or will say nothing more.
    #[track_caller]
    fn receive(&mut self) -> Result<In, Gone>;

    /// The next message, if it is there before patience ends.
    ///
    /// # Errors
    /// It is not; nothing is lost by that, and one can ask again. Or the other end
    /// is gone.
    #[track_caller]
    fn receive_timeout(&mut self, patience: Duration) -> Result<In, TimedOutOrGone>;

    /// Nothing more will be sent: once the other end has heard what there was, it
    /// finds this one gone. What it has to say can still be received. (A parent ends
    /// a child that has closed its link.)
    #[track_caller]
    fn close(&mut self);
}

/// The other process has ended, died, or closed its end; what it was to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone<T = ()>(pub T);

impl<T> fmt::Display for Gone<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the other process is gone")
    }
}

impl<T: fmt::Debug> std::error::Error for Gone<T> {}

/// Why there is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimedOutOrGone {
    /// None came in time.
    TimedOut,
    /// None will come.
    Gone,
}

impl fmt::Display for TimedOutOrGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TimedOutOrGone::TimedOut => f.write_str("nothing was said in time"),
            TimedOutOrGone::Gone => Gone(()).fmt(f),
        }
    }
}

impl std::error::Error for TimedOutOrGone {}
