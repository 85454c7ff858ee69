//! The door to the engine. A scene that does not go on, for a reason that the model cannot
//! see, would hold up the whole exploration: so that runs on a thread of its own, which is
//! abandoned then.

use super::engine;
use super::found::Found;
use super::options::{NotTheModel, Options};
use super::replay::Scene;
use super::report::{Exploration, Judged};
use crate::watch::{self, Stuck, Why, watch};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, TryLockError};

pub(super) fn explore(
    options: Options,
    scene: Arc<dyn Fn() -> Judged + Send + Sync>,
) -> Result<Exploration, NotTheModel> {
    let (patience, stack_size) = (options.patience, options.stack_size);
    let cancel = options.cancel.clone();
    let scene: Scene = Arc::new(move || {
        watch::is_at(None);
        watch::beat();
        scene()
    });
    let found = Arc::new(Mutex::new(Found::nothing(&options)));
    let nothing = Found::nothing(&options);
    let finds = Arc::clone(&found);
    let explore = move || engine::explore(options, &scene, &finds);
    watch(patience, cancel.as_deref(), explore).unwrap_or_else(|stuck| {
        // ORDERING: as in `watch`: the flag publishes nothing else.
        let is_cancelled = cancel.is_some_and(|cancel| cancel.load(Relaxed));
        let why = told(&stuck, is_cancelled, stack_size);
        let report = |found: &mut Found| {
            found.stop(&why);
            found.report()
        };
        Ok(match found.try_lock() {
            Ok(mut found) => report(&mut found),
            Err(TryLockError::Poisoned(found)) => report(&mut found.into_inner()),
            // It was counting, and not in the scene at all: what it has is half done.
            Err(TryLockError::WouldBlock) => report(&mut { nothing }),
        })
    })
}

/// Why the exploration stopped, and what to do.
fn told(stuck: &Stuck, is_cancelled: bool, stack_size: usize) -> String {
    let thread = match &stuck.name {
        Some(name) => format!("thread `{name}`"),
        None => "a thread".to_owned(),
    };
    let mut since = String::new();
    // The engine's own lines are no steps of the scene's.
    let src = Path::new(file!()).ancestors().nth(2);
    let engine = src.unwrap_or(Path::new("")).join("engine");
    if let Some(at) = stuck
        .at
        .filter(|at| !Path::new(at.file()).starts_with(engine))
    {
        let _ = write!(since, " since {at}");
    }
    match stuck.why {
        Why::Silent(silent) if is_cancelled => {
            format!("because it was interrupted (no step for {silent:?}{since} in {thread})")
        }
        Why::Silent(silent) => format!(
            "because the scene does not go on: no step for {silent:?}{since} in {thread}. It \
             loops without end, or waits outside of the model: for a lock or channel of \
             std's, or in a system call"
        ),
        Why::Overflow => format!(
            "because {thread} has overflowed its stack of {} KiB, with no step{since}. Look for \
             an endless recursion, or give the scene's threads larger stacks: \
             `Options::stack_size`, `Check::stack_size`",
            stack_size / 1024
        ),
        Why::Allocates(bytes) => format!(
            "because {thread} has allocated {} MiB without a step{since}. Look for an endless \
             loop that allocates",
            bytes >> 20
        ),
    }
}
