//! Why an item did not get in, or why none came out. Whoever could not put an
//! item has it back.

use std::error::Error;
use std::fmt;

/// [`put`](super::right::Queue::put) was refused: the queue is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutError<T>(pub T);

/// [`try_put`](super::right::Queue::try_put) was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// There is no room now.
    Full(T),
    /// Nothing more is let in.
    Closed(T),
}

/// [`put_timeout`](super::right::Queue::put_timeout) was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutTimeoutError<T> {
    /// There was no room in time.
    TimedOut(T),
    /// Nothing more is let in.
    Closed(T),
}

/// [`get`](super::right::Queue::get) has nothing: the queue is empty and closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetError;

/// [`try_get`](super::right::Queue::try_get) has nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryGetError {
    /// There is nothing inside now.
    Empty,
    /// There is nothing inside and nothing more will come.
    Closed,
}

/// [`get_timeout`](super::right::Queue::get_timeout) has nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GetTimeoutError {
    /// Nothing came in time.
    TimedOut,
    /// There is nothing inside and nothing more will come.
    Closed,
}

impl<T> PutError<T> {
    /// The item that did not get in.
    pub fn into_item(self) -> T {
        self.0
    }
}

impl<T> TryPutError<T> {
    /// The item that did not get in.
    pub fn into_item(self) -> T {
        match self {
            Self::Full(item) | Self::Closed(item) => item,
        }
    }

    /// The same about something else.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> TryPutError<U> {
        match self {
            Self::Full(item) => TryPutError::Full(change(item)),
            Self::Closed(item) => TryPutError::Closed(change(item)),
        }
    }
}

impl<T> PutTimeoutError<T> {
    /// The item that did not get in.
    pub fn into_item(self) -> T {
        match self {
            Self::TimedOut(item) | Self::Closed(item) => item,
        }
    }
}

// What keeps an item out at this moment, to somebody who has waited: for ever,
// so that only a closed queue is left, or until the time was up.

impl<T> From<TryPutError<T>> for PutError<T> {
    fn from(refused: TryPutError<T>) -> Self {
        Self(refused.into_item())
    }
}

impl<T> From<TryPutError<T>> for PutTimeoutError<T> {
    fn from(refused: TryPutError<T>) -> Self {
        match refused {
            TryPutError::Full(item) => Self::TimedOut(item),
            TryPutError::Closed(item) => Self::Closed(item),
        }
    }
}

impl From<TryGetError> for GetError {
    fn from(_: TryGetError) -> Self {
        Self
    }
}

impl From<TryGetError> for GetTimeoutError {
    fn from(nothing: TryGetError) -> Self {
        match nothing {
            TryGetError::Empty => Self::TimedOut,
            TryGetError::Closed => Self::Closed,
        }
    }
}

const CLOSED: &str = "the queue is closed";
const CLOSED_AND_EMPTY: &str = "the queue is closed and empty";

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CLOSED)
    }
}

impl<T> fmt::Display for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the queue is full",
            Self::Closed(_) => CLOSED,
        })
    }
}

impl<T> fmt::Display for PutTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut(_) => "the queue was still full when the time was up",
            Self::Closed(_) => CLOSED,
        })
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CLOSED_AND_EMPTY)
    }
}

impl fmt::Display for TryGetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the queue is empty",
            Self::Closed => CLOSED_AND_EMPTY,
        })
    }
}

impl fmt::Display for GetTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "the queue was still empty when the time was up",
            Self::Closed => CLOSED_AND_EMPTY,
        })
    }
}

impl<T: fmt::Debug> Error for PutError<T> {}
impl<T: fmt::Debug> Error for TryPutError<T> {}
impl<T: fmt::Debug> Error for PutTimeoutError<T> {}
impl Error for GetError {}
impl Error for TryGetError {}
impl Error for GetTimeoutError {}
