//! The settings of an exploration, and its progress.

use super::report::{Budget, Judged, Memory};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The default of `std::thread`.
const STACK_SIZE: usize = 2 * 1024 * 1024;

/// The settings of an exploration. Begin with [`Options::new`], and change fields.
#[non_exhaustive]
pub struct Options {
    /// The memory model.
    pub memory: Memory,
    /// The rare events that can happen. [`Options::new`] sets [`Budget::default`].
    pub budget: Budget,
    /// If `true`, a panic is an outcome only if it reaches the scene's main thread, so the
    /// scene can handle a thread's panic where it joins the thread. If `false`, every panic
    /// is an outcome. The default is `false`.
    pub panics_are_handled: bool,
    /// If `true`, a [`sync::Arc`](crate::sync::Arc) that is never dropped is an outcome, `leak`:
    /// when all threads have ended and the scene has returned, one of its references is left,
    /// as in a cycle or after `std::mem::forget`. The default is `false`.
    pub leaks: bool,
    /// If `true`, partial-order reduction is off: the exploration also runs orders that
    /// differ only in independent steps. This finds no other outcome and takes much longer.
    /// Tests use it to check the reduction.
    pub all_orders: bool,
    /// If set, only interleavings with at most this number of preemptions are explored, and
    /// the proof covers only these. A preemption takes the processor from a thread that
    /// could continue. With this bound, `all_orders` has no effect.
    pub preemptions: Option<usize>,
    /// Find the decisive step of each forbidden outcome's story. For that, the explorer runs
    /// all executions once more, if there are at most 20,000.
    pub explain: bool,
    /// Stops the exploration early after this number of executions.
    pub max_executions: Option<u64>,
    /// Stops the exploration early after this time.
    pub max_time: Option<Duration>,
    /// Stops the exploration early once the flag is `true`: after the execution in progress,
    /// or after one second if the scene takes no step.
    pub cancel: Option<Arc<AtomicBool>>,
    /// Stops the exploration early if the scene takes no step for this time: the scene waits
    /// for something that the model cannot see, or loops without end. The default is eight
    /// seconds.
    ///
    /// On Linux with an x86-64 processor the scene's thread is stopped too. There the
    /// exploration also stops if, without a step, the process's memory grows by one GiB or
    /// by a quarter of the available memory. Elsewhere the thread runs on until its next step.
    pub step_timeout: Duration,
    /// The stack size of each of the scene's threads, in bytes. The default is 2 MiB, as for
    /// `std::thread`. If a thread overflows its stack, the exploration stops on Linux with
    /// an x86-64 processor; elsewhere the process ends.
    pub stack_size: usize,
    /// A callback for progress, at most ten times per second, on another thread.
    pub progress: Option<Box<dyn FnMut(Progress) + Send>>,
    /// If set, judges each execution that ends with blocked threads. If not, such an
    /// execution is a deadlock or a livelock. Use it for scenes in which a thread may rightly
    /// wait for ever.
    ///
    /// All threads have unwound when the closure is called. So the scene must record what the
    /// closure judges outside of the model's objects.
    pub judge_blocked: Option<Box<dyn Fn() -> Judged + Send>>,
    /// Outcomes that are allowed, whatever the scene or the explorer says of them.
    pub(crate) allowed: Vec<String>,
    /// The scene's place in the source, if it is known. Messages name it.
    pub(crate) written_at: Option<&'static Location<'static>>,
}

impl Options {
    /// The default settings: no bound on executions, preemptions or time.
    #[must_use]
    pub fn new(memory: Memory) -> Self {
        Self {
            memory,
            budget: Budget::default(),
            panics_are_handled: false,
            leaks: false,
            all_orders: false,
            preemptions: None,
            explain: true,
            max_executions: None,
            max_time: None,
            cancel: None,
            step_timeout: Duration::from_secs(8),
            stack_size: STACK_SIZE,
            progress: None,
            judge_blocked: None,
            allowed: Vec::new(),
            written_at: None,
        }
    }
}

/// The progress of an exploration.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The number of executions so far.
    pub executions: u64,
    /// The number of different interleavings among them.
    pub different: u64,
    /// The time since the start.
    pub elapsed: Duration,
}

/// The error of the std build, which cannot explore. Build with `--cfg loom`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTheModel;

impl fmt::Display for NotTheModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is the std build, which runs std's threads and locks: only the model build, with `--cfg loom`, can explore")
    }
}

impl std::error::Error for NotTheModel {}
