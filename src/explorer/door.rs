//! The door to the engine. A scene that blocks where the model cannot see it
//! would block the whole exploration: so that runs on a thread of its own, and is
//! left there if it does not go on.

use super::engine::{self};
use super::options::{NotTheModel, Options};
use super::replay::Scene;
use super::report::count;
use super::report::{Exploration, Judged};
use crate::watch::{self, Stuck, watch};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

pub(super) fn explore(
    options: Options,
    scene: Arc<dyn Fn() -> Judged + Send + Sync>,
) -> Result<Exploration, NotTheModel> {
    let started = Instant::now();
    let Options {
        memory,
        budget,
        patience,
        ..
    } = options;
    let cancel = options.cancel.clone();
    let ended = Arc::new(AtomicU64::new(0));
    let counts = Arc::clone(&ended);
    let scene: Scene = Arc::new(move || {
        watch::beat(None);
        scene()
    });
    let stopped = |stuck: Stuck| {
        // ORDERING: a number for a message.
        let executions = ended.load(Relaxed);
        let after = count(executions, "execution");
        // ORDERING: as in `watch`: the flag publishes nothing else.
        let cancelled = cancel.as_ref().is_some_and(|cancel| cancel.load(Relaxed));
        let why = if cancelled {
            format!("after {after} because it was interrupted (no step {stuck})")
        } else {
            format!(
                "after {after} because the scene blocks outside of the model: no step \
                 {stuck} (it waits for something that does not go through racecourse::sync: a lock or \
                 channel of std's, a system call, a loop without an end?)"
            )
        };
        Ok(Exploration {
            memory,
            budget,
            stopped: Some(why),
            bounded: Vec::new(),
            executions,
            different: 0,
            took: started.elapsed(),
            outcomes: Vec::new(),
        })
    };
    let explore = move || engine::explore(options, &scene, &counts);
    watch(patience, cancel.as_deref(), explore).unwrap_or_else(stopped)
}
