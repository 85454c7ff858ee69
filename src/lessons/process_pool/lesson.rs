//! A pool of worker processes, and the answers to the jobs it is given.
//!
//! # Story
//! A pool has a number of worker processes, and gives each of them one job at a time. A job can
//! fail, panic or hang. Its worker can die of it, or for no reason at all. Meanwhile the program
//! that submitted the job has gone on. How does it learn what happened to the job?
//!
//! The promises:
//! - Every accepted job gets exactly one answer: its value, its error, the message of its panic,
//!   that its worker died, or that it took too long.
//! - No job is done twice. A job of a worker that died is not given to another worker, because
//!   it may have had its effect.
//! - There are never more processes than places.
//! - After `close` a job is refused and given back. `join` waits for all other jobs.
//!
//! # Modelled and real processes
//! In the model a process is a thread that shares nothing, and may die before each operation of
//! its link. The supervisor threads of the pool use a process only through its [`Link`]. So the
//! code that is explored is the code that [the program](crate::programs::process_pool) runs with
//! real processes.
//!
//! # What the compiler already refuses
//! Asking a handle for a second answer:
//! ```compile_fail
//! use racecourse::lessons::process_pool::Handle;
//! fn twice(handle: Handle<u8>) {
//!     let _ = handle.wait();
//!     let _ = handle.wait(); // error: use of moved value: `handle`
//! }
//! ```
//! Submitting a job to a pool that is being joined:
//! ```compile_fail
//! use racecourse::lessons::process_pool::{Executor as _, right::Pool};
//! fn too_late(pool: Pool<u8, u8>) {
//!     pool.join();
//!     let _ = pool.submit(1); // error: borrow of moved value: `pool`
//! }
//! ```
//! Sending a closure, whose captured variables another process does not have: jobs are
//! [data](crate::programs::process_pool::Job).

use crate::explorer::report::Judged;
use crate::processes::{Gone, Link, TimedOutOrGone};
use crate::sync::mpsc::Receiver;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// A pool of worker processes, for jobs `J` with values `A`.
pub trait Executor<J, A>: Sync + Sized {
    /// A pool with a supervisor thread for each worker. `spawner` returns for each place, from
    /// 1, how to spawn the worker there; that happens when the worker gets its first job.
    ///
    /// # Errors
    /// The operating system cannot start the threads.
    fn new<S: Spawn<J, A>>(config: Config, spawner: impl FnMut(usize) -> S) -> io::Result<Self>;

    /// Accepts a job, and waits while the queue of jobs is full.
    ///
    /// # Errors
    /// The pool is closed, or was closed during the wait.
    fn submit(&self, job: J) -> Result<Handle<A>, Refused<J>>;

    /// From now on the pool accepts no job. Jobs accepted before are still done. Closing a closed
    /// pool changes nothing.
    fn close(&self);

    /// Closes the pool, and waits until every accepted job has its answer and every worker has
    /// exited.
    ///
    /// # Panics
    /// A supervisor thread has panicked.
    fn join(self);
}

/// Spawns the worker of one place, and its replacements.
pub trait Spawn<J, A>: Send + 'static {
    /// The link to a worker.
    type Worker: Link<J, Answer<A>>;

    /// Spawns a worker.
    ///
    /// # Errors
    /// The operating system cannot start the process.
    fn spawn(&mut self) -> io::Result<Self::Worker>;
}

impl<J, A, F, W> Spawn<J, A> for F
where
    F: FnMut() -> io::Result<W> + Send + 'static,
    W: Link<J, Answer<A>>,
{
    type Worker = W;

    fn spawn(&mut self) -> io::Result<W> {
        self()
    }
}

/// The size and the timeout of a pool.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// The largest number of worker processes.
    pub workers: NonZeroUsize,
    /// The largest number of jobs that wait for a worker.
    pub waiting: NonZeroUsize,
    /// How long a worker may take for a job.
    pub timeout: Option<Duration>,
}

impl Config {
    /// Waits for the answer of a worker, up to the timeout.
    #[track_caller]
    pub(super) fn receive<J, A>(
        &self,
        worker: &mut impl Link<J, Answer<A>>,
    ) -> Result<Answer<A>, Failure> {
        Ok(match self.timeout {
            None => worker.receive()?,
            Some(timeout) => worker.receive_timeout(timeout)?,
        })
    }
}

/// The right to one answer. Dropping it does not stop the job.
pub struct Handle<A>(pub(super) Receiver<Answer<A>>);

impl<A> Handle<A> {
    /// Waits for the answer.
    ///
    /// # Errors
    /// Why the job has no value.
    pub fn wait(self) -> Answer<A> {
        let no_supervisor = || Failure::NoWorker("the supervisor thread panicked".to_owned());
        self.0.recv().unwrap_or_else(|_| Err(no_supervisor()))
    }

    /// The answer, if there is one now.
    ///
    /// # Errors
    /// There is none yet: gives the handle back.
    pub fn try_wait(self) -> Result<Answer<A>, Self> {
        self.0.try_recv().map_err(|_| self)
    }
}

/// The answer to a job.
pub type Answer<A> = Result<A, Failure>;

/// Why a job has no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Failure {
    /// The job failed, with this error.
    #[error("{0}")]
    Error(String),
    /// The job panicked, with this message.
    #[error("it panicked: {0}")]
    Panicked(String),
    /// The worker died. The job may have been done, or begun.
    #[error("its worker died")]
    WorkerDied,
    /// The worker did not answer in time, and was killed. The job may have been done, or begun.
    #[error("it took too long")]
    TimedOut,
    /// No worker could be spawned. The job was not done.
    #[error("no worker could be started: {0}")]
    NoWorker(String),
}

impl<T> From<Gone<T>> for Failure {
    fn from(_: Gone<T>) -> Self {
        Self::WorkerDied
    }
}

impl From<TimedOutOrGone> for Failure {
    fn from(why: TimedOutOrGone) -> Self {
        match why {
            TimedOutOrGone::TimedOut => Self::TimedOut,
            TimedOutOrGone::Gone => Self::WorkerDied,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::NoWorker(error.to_string())
    }
}

/// A job that was not accepted, because the pool is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pool is closed")]
pub struct Refused<J>(pub J);

/// What a worker does: one job after another, until its parent has closed the link or died. The
/// worker survives a job that panics.
pub fn work<J, A>(
    parent: &mut impl Link<Answer<A>, J>,
    mut does: impl FnMut(J) -> Result<A, String>,
) {
    while let Ok(job) = parent.receive() {
        let answer = match catch_unwind(AssertUnwindSafe(|| does(job))) {
            Ok(answer) => answer.map_err(Failure::Error),
            Err(panic) => Err(Failure::Panicked(match panic.downcast::<String>() {
                Ok(message) => *message,
                Err(panic) => match panic.downcast_ref::<&str>() {
                    Some(message) => (*message).to_owned(),
                    None => "without a message".to_owned(),
                },
            })),
        };
        if parent.send(answer).is_err() {
            return;
        }
    }
}

/// A job of a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Its number, from 1.
    pub number: usize,
    /// How it ends.
    pub ends: Ends,
}

/// How a job of a scene ends, if its worker does not die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// With a value, ten times its number.
    Well,
    /// With an error.
    InError,
    /// With a panic.
    InPanic,
    /// Never.
    Never,
}

impl Job {
    pub(super) fn value(self) -> usize {
        10 * self.number
    }

    pub(super) fn message(self) -> String {
        format!("job {} fails", self.number)
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {}", self.number)
    }
}

/// What the user of a pool learns of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The pool did not accept the job.
    Refused,
    /// The pool accepted the job. `None`: there is no answer.
    Accepted(Option<Answer<usize>>),
    /// The pool accepted the job, and nobody waits for the answer.
    Forgotten,
}

/// The pool, the jobs and the user of a scene.
#[derive(Debug, Clone)]
pub struct Setup {
    /// How many workers.
    pub workers: usize,
    /// How the jobs end, in the order in which they are submitted.
    pub jobs: &'static [Ends],
    /// What the user of the pool does.
    pub user: User,
    /// Whether there is a timeout.
    pub timeout: bool,
    /// How many workers may die.
    pub deaths: usize,
}

/// What the user of a pool does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// Waits for each answer, then closes and joins the pool.
    Waits,
    /// Closes and joins the pool, then looks at the answers.
    Joins,
    /// Joins the pool without closing it, then looks at the answers.
    JustJoins,
    /// Drops the handles, then closes and joins the pool.
    Forgets,
    /// Submits jobs while another thread closes the pool, then joins it and looks at the answers.
    IsInterrupted,
}

/// What was observed.
#[derive(Debug)]
pub struct Observed {
    /// What the user learned of each job.
    pub fates: Vec<Fate>,
    /// The jobs that workers have done or begun, by number.
    pub done: Vec<usize>,
}

impl Setup {
    pub(super) fn jobs(&self) -> impl Iterator<Item = Job> {
        let numbered = self.jobs.iter().zip(1..);
        numbered.map(|(&ends, number)| Job { number, ends })
    }

    /// Judges what was observed. (If a thread did not end, the scene would not end.)
    #[must_use]
    pub fn judge(&self, observed: &Observed) -> Judged {
        let mut names = Vec::new();
        for (job, fate) in self.jobs().zip(&observed.fates) {
            let done = observed.done.iter().filter(|&&it| it == job.number).count();
            if done > 1 {
                return Judged::forbidden(
                    format!("{job} done {done} times"),
                    "a job that a worker may have done must not be done again",
                );
            }
            let (name, dones) = match fate {
                Fate::Refused => ("refused", 0..=0),
                Fate::Forgotten => ("accepted", 0..=1),
                Fate::Accepted(None) => {
                    return Judged::forbidden(
                        format!("{job} without an answer"),
                        "the pool accepted the job, and never answers",
                    );
                }
                Fate::Accepted(Some(answer)) => match (answer, job.ends) {
                    (Ok(value), Ends::Well) if *value == job.value() => ("value", 1..=1),
                    (Err(Failure::Error(said)), Ends::InError) if *said == job.message() => {
                        ("error", 1..=1)
                    }
                    (Err(Failure::Panicked(said)), Ends::InPanic) if *said == job.message() => {
                        ("panic", 1..=1)
                    }
                    (Err(Failure::WorkerDied), _) => ("died", 0..=1),
                    (Err(Failure::TimedOut), _) if self.timeout => ("timed out", 0..=1),
                    _ => {
                        return Judged::forbidden(
                            format!("{job} answered {answer:?}"),
                            "the answer is wrong",
                        );
                    }
                },
            };
            if !dones.contains(&done) {
                return Judged::forbidden(
                    format!("{job} {name}, done {done} times"),
                    "the answer is wrong",
                );
            }
            names.push(name);
        }
        let died = names.iter().filter(|&&name| name == "died").count();
        if names.len() != self.jobs.len() || died > self.deaths {
            let names = names.join(", ");
            return Judged::forbidden(names, "more jobs were lost than workers died");
        }
        Judged::promised(
            names.join(", "),
            "each accepted job has one answer, a value or an error",
        )
    }
}
