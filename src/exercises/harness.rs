//! What runs in the process that explores a submission. The submission is linked to it, so
//! it gives its verdict through a channel that the submission cannot find.

use super::process;
use crate::explorer::explore;
use crate::explorer::report::{BoundedLoop, Memory, Outcome};
use crate::lessons::Scene;
use serde::{Deserialize, Serialize};
use std::io::{self, Read as _, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the grader writes to the process.
#[derive(Debug, Serialize, Deserialize)]
pub struct Orders {
    /// Begins each line of the answer. It is a secret from the submission.
    pub nonce: String,
    /// How long to explore at the most.
    pub time: Duration,
    /// How long the submission may run without a step.
    pub step_timeout: Duration,
    /// How much memory it may use, in bytes.
    pub memory: u64,
    /// A scene that is explored only up to a number of preemptions.
    pub bounded: Option<(String, usize)>,
}

/// What exploring a scene found.
#[derive(Debug, Serialize, Deserialize)]
pub struct Explored {
    /// The scene.
    pub scene: String,
    /// Why the exploration stopped early.
    pub stopped: Option<String>,
    /// Up to how many preemptions it was explored, if that is bounded.
    pub preemptions: Option<usize>,
    /// Loops of which only some iterations were explored.
    pub bounded: Vec<BoundedLoop>,
    /// Outcomes that must occur, and did not.
    pub missing: Vec<String>,
    /// The forbidden outcome with the simplest story.
    pub forbidden: Option<Outcome>,
    /// How many outcomes there are.
    pub outcomes: usize,
    /// The most threads that ran, with the scene's own.
    pub threads: usize,
    /// How many different interleavings there are.
    pub different: u64,
}

/// The last line of a complete answer.
pub(super) const END: &str = "end";

/// Explores the scenes under that memory model, as the grader orders on standard input.
///
/// The large scenes come last. They are left out if another one has failed.
pub fn run(memory: Memory, scenes: fn() -> Vec<Scene>) -> ExitCode {
    match try_run(memory, scenes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "the grader's process failed: {error}");
            ExitCode::from(74)
        }
    }
}

fn try_run(memory: Memory, scenes: fn() -> Vec<Scene>) -> io::Result<()> {
    let mut channel = process::channel_to_grader()?;
    let mut orders = String::new();
    io::stdin().read_to_string(&mut orders)?;
    let orders: Orders = serde_json::from_str(&orders)?;
    process::limit_itself(orders.memory)?;
    let deadline = Instant::now() + orders.time;
    let mut send = |line: &str| channel.write_all(format!("{} {line}\n", orders.nonce).as_bytes());

    let is_bounded = |scene: &Scene| {
        let bounded = orders.bounded.as_ref();
        bounded.is_some_and(|(name, _)| name == scene.name)
    };
    let mut scenes = scenes();
    scenes.sort_by_key(|scene| (scene.proof, is_bounded(scene)));
    let (mut all_well, mut left) = (true, scenes.len());
    for scene in &scenes {
        if scene.proof && !all_well {
            break;
        }
        // A scene leaves time for the others, in which a mistake may be found.
        let share = if left > 1 { 2 } else { 1 };
        let time = deadline.saturating_duration_since(Instant::now()) / share;
        let explored = one(scene, memory, &orders, time);
        send(&serde_json::to_string(&explored)?)?;
        if explored.never_goes_on() {
            break;
        }
        all_well &= explored.is_well();
        left -= 1;
    }
    send(END)
}

fn one(scene: &Scene, memory: Memory, orders: &Orders, time: Duration) -> Explored {
    let mut options = scene.options(memory);
    options.max_time = Some(time);
    options.step_timeout = orders.step_timeout;
    let bounded = orders.bounded.as_ref();
    options.preemptions = bounded
        .filter(|(name, _)| name == scene.name)
        .map(|it| it.1);
    let preemptions = options.preemptions;
    let found = explore(options, Arc::clone(&scene.run)).expect("the grader is the model build");
    let missing = found.missing(scene.must_occur.iter().copied());
    let mut forbidden = found.simplest_forbidden().cloned();
    if let Some(outcome) = &mut forbidden {
        outcome.story.promise(scene.must_occur);
    }
    Explored {
        scene: scene.name.to_owned(),
        preemptions,
        missing: missing.into_iter().map(String::from).collect(),
        forbidden,
        outcomes: found.outcomes.len(),
        threads: found
            .outcomes
            .iter()
            .map(|outcome| outcome.story.threads.len())
            .max()
            .unwrap_or(0),
        different: found.different,
        stopped: found.stopped,
        bounded: found.bounded,
    }
}

impl Explored {
    /// Whether it stopped for a reason other than the time limit. Every other scene would stop
    /// for this reason too.
    fn never_goes_on(&self) -> bool {
        let stopped = self.stopped.as_ref();
        stopped.is_some_and(|why| why.contains(" because "))
    }

    fn is_well(&self) -> bool {
        self.stopped.is_none() && self.forbidden.is_none() && self.missing.is_empty()
    }
}
