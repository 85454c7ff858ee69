//! How to explore, and how far an exploration has come.

use super::report::{Budget, Judged, Memory};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// As large as the stacks of `std::thread`: what fits there fits here.
const STACK_SIZE: usize = 2 * 1024 * 1024;

/// How to explore: [`Options::new`], and then what should be otherwise.
#[non_exhaustive]
pub struct Options {
    /// The memory model to run under.
    pub memory: Memory,
    /// What the threads may do beside running in any order: at first, what std allows.
    pub budget: Budget,
    /// A thread's panic is no outcome by itself: the scene handles it, where it joins
    /// the thread. Otherwise (and if the scene passes it on) every panic is.
    pub panics_are_handled: bool,
    /// Run all orders, also those that differ only in the order of steps which have
    /// nothing to do with each other. Finds nothing more and takes very long: it is
    /// there to hold the explorer against.
    pub all_orders: bool,
    /// Explore only interleavings with at most so many preemptions. A preemption takes the
    /// processor from a thread that could have gone on. Most bugs need no more than two. The
    /// proof covers only these interleavings. With a bound, `all_orders` makes no difference.
    pub preemptions: Option<usize>,
    /// Find the decisive step of each forbidden outcome's story. For that, a scene with up to
    /// 20,000 executions is run through all of them once more.
    pub explain: bool,
    /// Stop, unfinished, after that many executions.
    pub max_executions: Option<u64>,
    /// Stop, unfinished, after that time.
    pub max_time: Option<Duration>,
    /// Stop, unfinished, as soon as this is set: after the execution in progress, or,
    /// if the scene takes no step, after a second.
    pub cancel: Option<Arc<AtomicBool>>,
    /// Stop, unfinished, when the scene has taken no step for that long: it waits for
    /// something that the model cannot see, or computes without an end. On Linux with
    /// an x86-64 processor its thread is stopped, and the exploration stops earlier if the
    /// process's memory has grown, since its last step, by a GiB or by a quarter of what is
    /// available. Elsewhere the thread runs on until its next step.
    pub patience: Duration,
    /// The size of the stack of each of the scene's threads, in bytes. [`Options::new`]
    /// sets 2 MiB, the size that `std::thread` uses too. On Linux
    /// with an x86-64 processor the exploration stops when a thread overflows its stack;
    /// elsewhere the process ends.
    pub stack_size: usize,
    /// Called every now and then (at most ten times a second) while it runs, on
    /// another thread.
    pub progress: Option<Box<dyn FnMut(Progress) + Send>>,
    /// Judges an execution in which nobody can go on, instead of calling it a
    /// deadlock or a livelock: for scenes in which to wait for ever can be right.
    /// Called when all threads have unwound; what it judges, the scene has noted
    /// outside of the model.
    pub judge_stuck: Option<Box<dyn Fn() -> Judged + Send>>,
    /// Where the scene is written, if that is known: for messages.
    pub(crate) written_at: Option<&'static Location<'static>>,
}

impl Options {
    /// To the end, however long it takes; with a patience of eight seconds.
    #[must_use]
    pub fn new(memory: Memory) -> Self {
        Self {
            memory,
            budget: Budget::default(),
            panics_are_handled: false,
            all_orders: false,
            preemptions: None,
            explain: true,
            max_executions: None,
            max_time: None,
            cancel: None,
            patience: Duration::from_secs(8),
            stack_size: STACK_SIZE,
            progress: None,
            judge_stuck: None,
            written_at: None,
        }
    }
}

/// How far an exploration has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Executions run so far.
    pub executions: u64,
    /// Different interleavings among them.
    pub different: u64,
    /// Time since the start.
    pub elapsed: Duration,
}

/// The std build was asked to explore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTheModel;

impl fmt::Display for NotTheModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is the std build, which runs std's threads and locks: only the model build, with `--cfg loom`, can explore")
    }
}

impl std::error::Error for NotTheModel {}
