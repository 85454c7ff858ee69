//! A program with channels.

/// What a thread does to its channel, or to that of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    Send,
    /// Sends by a new sender, and drops it.
    SendByClone,
    /// As `Send`, if there is no bound.
    TrySend,
    HangUp,
    Leave,
    Recv,
    TryRecv,
    /// Looks again and again.
    Poll,
    RecvTimeout,
    MayDie,
}

/// What each thread does.
pub type Program = Vec<Vec<Op>>;
