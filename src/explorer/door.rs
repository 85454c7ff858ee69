//! The door to the engine. A scene that blocks where the model cannot see it
//! would block the whole exploration: so that runs on a thread of its own, and is
//! left there if it does not go on.

use super::engine::{self, Scene};
use super::report::count;
use super::{Exploration, Judged, NotTheModel, Options};
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
    let ended = Arc::new(AtomicU64::new(0));
    let counts = Arc::clone(&ended);
    let scene: Scene = Arc::new(move || {
        watch::beat(None);
        scene()
    });
    let stopped = |stuck: Stuck| {
        // ORDERING: a number for a message.
        let executions = ended.load(Relaxed);
        let why = format!(
            "after {} because the scene blocks outside of the model: no step \
             {stuck} (it waits for something that does not go through racecourse::sync: a lock or \
             channel of std's, a system call, a loop without an end?)",
            count(executions, "execution")
        );
        Ok(Exploration {
            memory,
            budget,
            stopped: Some(why),
            executions,
            different: 0,
            took: started.elapsed(),
            outcomes: Vec::new(),
        })
    };
    watch(patience, move || engine::explore(options, &scene, &counts)).unwrap_or_else(stopped)
}
