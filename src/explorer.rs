//! Explores scenes: every interleaving, every outcome, the simplest story of each.
//!
//! Knows no lesson: a scene is a closure that plays once and judges what it came
//! to. The ordinary build can read and draw what was found, but not explore.

#[cfg(loom)]
mod order;
pub mod report;
#[cfg(loom)]
mod story;

#[cfg(loom)]
#[path = "explorer/engine.rs"]
mod door;
#[cfg(not(loom))]
#[path = "explorer/shut.rs"]
mod door;

use report::{Exploration, Judged, Memory};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Whether this build can explore. If it can, it cannot play: its threads and
/// locks are the model's.
pub const CAN_EXPLORE: bool = cfg!(loom);

/// How to explore.
pub struct Options {
    /// The memory model to run under.
    pub memory: Memory,
    /// Stop, unfinished, after that many executions.
    pub max_executions: Option<u64>,
    /// Stop, unfinished, after that time.
    pub max_time: Option<Duration>,
    /// Called every now and then (at most ten times a second) while it runs.
    pub progress: Option<Box<dyn FnMut(Progress)>>,
    /// Judges an execution in which nobody can go on, instead of calling it a
    /// deadlock or a livelock: for scenes in which to wait for ever can be right.
    /// Called when all threads have unwound; what it judges, the scene has noted
    /// outside of the model.
    pub judge_stuck: Option<Box<dyn Fn() -> Judged>>,
}

impl Options {
    /// To the end, however long it takes.
    #[must_use]
    pub fn new(memory: Memory) -> Self {
        Self {
            memory,
            max_executions: None,
            max_time: None,
            progress: None,
            judge_stuck: None,
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

/// An ordinary build was asked to explore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTheModel;

impl fmt::Display for NotTheModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is the ordinary build, made of std's threads and locks: only a build with `--cfg loom` can explore")
    }
}

impl std::error::Error for NotTheModel {}

/// Runs every interleaving of `scene` and returns all that was found.
///
/// # Errors
/// [`NotTheModel`] in the ordinary build.
pub fn explore(
    options: Options,
    scene: Arc<dyn Fn() -> Judged + Send + Sync>,
) -> Result<Exploration, NotTheModel> {
    door::explore(options, scene)
}
