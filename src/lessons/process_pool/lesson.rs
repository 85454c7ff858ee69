//! A pool of worker processes, and what becomes of the jobs it is given.
//!
//! # Story
//! A pool has so many processes and hands them jobs, one each at a time. A job can
//! fail, panic or hang, and its process can die of it, or for no reason at all. The
//! program that has submitted it has gone on meanwhile: who tells it?
//!
//! The promises:
//! - every job accepted gets exactly one answer: its value, its error, the message of
//!   its panic, that its worker died, or that it took too long;
//! - no job is done twice: what has been given to a worker who died is not given to
//!   another, since it may have had its effect;
//! - there are never more processes than places;
//! - `close` refuses, and the job refused comes back; `join` waits for all others.
//!
//! # In the model, and for real
//! A process of the model is a thread that shares nothing, and may die before each
//! operation of its link. The pool's keepers know processes by their
//! [`Link`] alone, so what is explored is what [`os`](super::os) plays
//! with real ones.
//!
//! # What the compiler already refuses
//! Asking a handle for its second answer:
//! ```compile_fail
//! use racecourse::lessons::process_pool::right::Handle;
//! fn twice(handle: Handle<u8>) {
//!     let _ = handle.wait();
//!     let _ = handle.wait(); // error: use of moved value: `handle`
//! }
//! ```
//! Submitting to a pool that somebody has begun to join:
//! ```compile_fail
//! use racecourse::lessons::process_pool::right::Pool;
//! fn late(pool: Pool<u8, u8>) {
//!     pool.join();
//!     let _ = pool.submit(1); // error: borrow of moved value: `pool`
//! }
//! ```
//! A job that is a closure, and so holds on to what another process does not have:
//! jobs are [data](super::os::Job).

use super::answers::{Answer, Refused, Terms};
use super::right::{Handle, Pool};
use crate::processes::Link;
use std::fmt;
use std::io;

/// A pool as its scenes use it.
pub trait Employer: Sync + Sized {
    /// A pool on these terms, for which workers are started so.
    fn open<H, W>(terms: Terms, hiring: impl FnMut(usize) -> H) -> Self
    where
        H: FnMut() -> io::Result<W> + Send + 'static,
        W: Link<Job, Answer<usize>> + 'static;

    /// Has a job done. Otherwise it comes back.
    fn submit(&self, job: Job) -> Result<Handle<usize>, Refused<Job>>;

    /// Takes no more jobs.
    fn close(&self);

    /// Waits until everything is done.
    fn join(self);
}

impl Employer for Pool<Job, usize> {
    fn open<H, W>(terms: Terms, hiring: impl FnMut(usize) -> H) -> Self
    where
        H: FnMut() -> io::Result<W> + Send + 'static,
        W: Link<Job, Answer<usize>> + 'static,
    {
        Self::new(terms, hiring).expect("the operating system can start a thread for each worker")
    }

    fn submit(&self, job: Job) -> Result<Handle<usize>, Refused<Job>> {
        self.submit(job)
    }

    fn close(&self) {
        self.close();
    }

    fn join(self) {
        self.join();
    }
}

/// A job of a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Which, from 1.
    pub number: usize,
    /// How it goes.
    pub goes: Goes,
}

/// How a job goes, if nothing comes between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// Its value is ten times its number.
    Well,
    /// It fails.
    Wrong,
    /// It panics.
    Mad,
    /// It never ends.
    On,
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
