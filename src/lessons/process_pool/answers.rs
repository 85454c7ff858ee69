//! The answers to a pool's jobs, and the numbers of a pool.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

/// What becomes of a job.
pub type Answer<A> = Result<A, Failure>;

/// Why a job has no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The job failed, and says why.
    Error(String),
    /// The job panicked, with that message.
    Panicked(String),
    /// The worker died. How far it had got with the job is not known.
    WorkerDied,
    /// The worker did not answer in time, and was ended. How far it had got with the
    /// job is not known.
    TimedOut,
    /// No worker could be started. The job was not done.
    NoWorker(String),
}

impl Failure {
    /// Who was to answer has panicked.
    pub(super) fn no_keeper() -> Self {
        Self::NoWorker("who starts them panicked".to_owned())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => write!(f, "{error}"),
            Self::Panicked(message) => write!(f, "it panicked: {message}"),
            Self::WorkerDied => write!(f, "its worker died"),
            Self::TimedOut => write!(f, "it took too long"),
            Self::NoWorker(why) => write!(f, "there is no worker: {why}"),
        }
    }
}

impl std::error::Error for Failure {}

/// A job that was not accepted, since the pool is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused<J>(pub J);

impl<J> fmt::Display for Refused<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is closed")
    }
}

impl<J: fmt::Debug> std::error::Error for Refused<J> {}

/// A pool's numbers.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Processes, at the most.
    pub workers: NonZeroUsize,
    /// Jobs that wait for a worker, at the most.
    pub waiting: NonZeroUsize,
    /// How long a worker may take for a job.
    pub patience: Option<Duration>,
}
