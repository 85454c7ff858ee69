//! loom's names, for a suite of tests that was written for loom.
//!
//! With this line in `Cargo.toml`, in the place of loom, the suite compiles against racecourse:
//!
//! ```toml
//! [target.'cfg(loom)'.dependencies]
//! loom = { package = "racecourse", version = "0.1", default-features = false, features = ["model"] }
//! ```
//!
//! The feature `model` chooses the model build, as `--cfg loom` does. loom's modules stand at
//! the root of this crate: [`sync`](crate::sync), [`thread`](crate::thread),
//! [`alloc`](crate::alloc), [`cell`](crate::cell), [`future`](crate::future),
//! [`hint`](crate::hint), `lazy_static!`, `thread_local!`.
//!
//! # Differences from loom
//! - A failed model panics with the verdict and the story. As in loom, an `Arc`, a `Track` or
//!   memory of `alloc` that is leaked fails.
//! - An exploration that a limit stops has failed. With a bound on preemptions, the verdict
//!   names the bound.
//! - A scene has up to 16 threads beside its own, and no bound on branches. `max_threads`,
//!   `max_branches`, the checkpoint, `location` and `log` have no effect.
//! - Every interleaving is explored: `stop_exploring`, `explore` and `skip_branch` have no
//!   effect, so that more is explored than loom would.
//! - The rare events of a [`Budget`] do not happen, as in loom. Use
//!   [`check::scene`](crate::check::scene) for them.

use crate::check::{Budget, scene};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// loom's default for [`Builder::max_threads`], which has no effect.
pub const MAX_THREADS: usize = 5;

/// The settings of a model, with loom's fields and environment variables.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Builder {
    /// No effect: a scene has up to 16 threads beside its own.
    pub max_threads: usize,
    /// No effect: `LOOM_MAX_BRANCHES`.
    pub max_branches: usize,
    /// The most executions: `LOOM_MAX_PERMUTATIONS`. If there are more, the model fails.
    pub max_permutations: Option<usize>,
    /// The longest time: `LOOM_MAX_DURATION`, in seconds. If it takes longer, the model fails.
    pub max_duration: Option<Duration>,
    /// The most preemptions of an interleaving: `LOOM_MAX_PREEMPTIONS`. Others are not explored.
    pub preemption_bound: Option<usize>,
    /// No effect: nothing is stored.
    pub checkpoint_file: Option<PathBuf>,
    /// No effect.
    pub checkpoint_interval: usize,
    /// No effect: everything is explored.
    pub expect_explicit_explore: bool,
    /// No effect: a story always has the lines.
    pub location: bool,
    /// No effect: only a failure is told.
    pub log: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// loom's defaults, and what its environment variables say.
    ///
    /// # Panics
    /// If an environment variable is no number.
    #[must_use]
    pub fn new() -> Self {
        Self {
            max_threads: MAX_THREADS,
            max_branches: variable("LOOM_MAX_BRANCHES").unwrap_or(1_000),
            max_permutations: variable("LOOM_MAX_PERMUTATIONS"),
            max_duration: variable("LOOM_MAX_DURATION").map(Duration::from_secs),
            preemption_bound: variable("LOOM_MAX_PREEMPTIONS"),
            checkpoint_file: None,
            checkpoint_interval: 20_000,
            expect_explicit_explore: false,
            location: false,
            log: false,
        }
    }

    /// No effect: nothing is stored.
    pub fn checkpoint_file(&mut self, file: &str) -> &mut Self {
        self.checkpoint_file = Some(file.into());
        self
    }

    /// Explores every interleaving of `model`. In the std build, plays it with real threads.
    ///
    /// # Panics
    /// If the model fails, with the verdict and the story.
    #[track_caller]
    pub fn check(&self, model: impl Fn() + Send + Sync + 'static) {
        let mut check = scene(model).budget(Budget::NONE).leaks();
        if let Some(executions) = self.max_permutations {
            check = check.max_executions(executions as u64);
        }
        if let Some(time) = self.max_duration {
            check = check.max_time(time);
        }
        if let Some(most) = self.preemption_bound {
            check = check.preemptions(most);
        }
        check.check();
    }
}

/// The number in an environment variable.
fn variable<N: FromStr>(name: &str) -> Option<N> {
    let value = std::env::var(name).ok()?;
    let Ok(number) = value.parse() else {
        panic!("the environment variable {name} is {value:?}: set it to a number, or unset it");
    };
    Some(number)
}

/// Explores every interleaving of `model` with the [default settings](Builder::new).
///
/// # Panics
/// If the model fails, with the verdict and the story.
#[track_caller]
pub fn model(model: impl Fn() + Send + Sync + 'static) {
    Builder::new().check(model);
}

/// No effect: everything is explored.
pub fn explore() {}

/// No effect: everything is explored.
pub fn stop_exploring() {}

/// No effect: everything is explored.
pub fn skip_branch() {}
