//! Explores a scene with loom or with racecourse, for some time or to the end.

use crate::build::memory::{self, Recorder};
use racecourse::explorer::report::{Budget, Judged, Memory};
use racecourse::explorer::{Options, explore};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

type Program = Arc<dyn Fn() -> usize + Send + Sync>;

pub enum Engine {
    Loom,
    Racecourse(Memory),
}

/// A program, and what is known about it: a fast wrong answer is worth nothing, so
/// every exploration is checked.
pub struct Scene {
    pub name: &'static str,
    engine: Engine,
    program: Program,
    /// What the program returns in every interleaving.
    result: usize,
    /// How many executions loom needs. How many different interleavings
    /// racecourse must find.
    pub known: u64,
}

/// One exploration.
struct Run {
    executions: u64,
    different: u64,
    stopped: Option<String>,
}

/// Some explorations, one after another.
pub struct Sample {
    pub explorations: u64,
    /// In all explorations together.
    pub executions: u64,
    /// In the last exploration.
    pub different: u64,
    took: Duration,
    complete: bool,
    /// Why the exploration ended before it was complete and before its time was up.
    pub refused: Option<String>,
}

impl Sample {
    pub fn per_second(&self) -> f64 {
        self.executions as f64 / self.took.as_secs_f64()
    }

    /// Seconds for one exploration, if it was complete.
    pub fn proof(&self) -> Option<f64> {
        let seconds = self.took.as_secs_f64() / self.explorations as f64;
        self.complete.then_some(seconds)
    }
}

impl Scene {
    pub fn new(
        name: &'static str,
        engine: Engine,
        program: impl Fn() -> usize + Send + Sync + 'static,
        result: usize,
        known: u64,
    ) -> Self {
        let program = Arc::new(program);
        Self {
            name,
            engine,
            program,
            result,
            known,
        }
    }

    /// Explores again and again until `at_least` has passed. An exploration that
    /// takes longer than `limit` is stopped, and is the last.
    pub fn sample(&self, at_least: Duration, limit: Option<Duration>) -> Sample {
        let started = Instant::now();
        let (mut explorations, mut executions) = (0, 0);
        loop {
            let run = self.explore(self.program.clone(), limit);
            explorations += 1;
            executions += run.executions;
            let took = started.elapsed();
            if took >= at_least || run.stopped.is_some() {
                let in_time = limit.is_none_or(|limit| took < limit);
                return Sample {
                    explorations,
                    executions,
                    different: run.different,
                    took,
                    complete: run.stopped.is_none(),
                    refused: run.stopped.filter(|_| in_time),
                };
            }
        }
    }

    /// Explores once and counts allocations. Nothing of this is timed.
    pub fn recorded(&self, limit: Option<Duration>) -> (Arc<Recorder>, memory::Sample) {
        let recorder = Arc::new(Recorder::start());
        let (counting, program) = (recorder.clone(), self.program.clone());
        let program = move || {
            counting.execution();
            program()
        };
        self.explore(Arc::new(program), limit);
        let end = recorder.stop();
        (recorder, end)
    }

    fn explore(&self, program: Program, limit: Option<Duration>) -> Run {
        match self.engine {
            Engine::Loom => self.explore_with_loom(program, limit),
            Engine::Racecourse(memory) => self.explore_with_racecourse(program, memory, limit),
        }
    }

    fn explore_with_racecourse(
        &self,
        program: Program,
        memory: Memory,
        limit: Option<Duration>,
    ) -> Run {
        let mut options = Options::new(memory);
        options.budget = Budget::NONE;
        options.max_time = limit;
        let result = self.result;
        let judged = move || match program() {
            number if number == result => Judged::promised(number.to_string(), ""),
            other => Judged::forbidden(other.to_string(), "a wrong result"),
        };
        let found = explore(options, Arc::new(judged)).expect("this is the model build");
        if found.is_complete() {
            assert_eq!(found.complaints([]), [""; 0], "{}", self.name);
            assert_eq!(
                found.different, self.known,
                "interleavings of {}",
                self.name
            );
        }
        Run {
            executions: found.executions,
            different: found.different,
            stopped: (!found.is_complete()).then(|| found.verdict()),
        }
    }

    fn explore_with_loom(&self, program: Program, limit: Option<Duration>) -> Run {
        let begun = Arc::new(AtomicU64::new(0));
        let (counting, result) = (begun.clone(), self.result);
        let mut loom = loom::model::Builder::new();
        // No bounds, whatever loom's environment variables say.
        loom.max_branches = 1_000;
        loom.max_permutations = None;
        loom.max_duration = limit;
        loom.preemption_bound = None;
        loom.checkpoint_file = None;
        // Loom looks at the clock once in so many executions.
        loom.checkpoint_interval = 100;
        loom.location = false;
        loom.log = false;
        loom.check(move || {
            counting.fetch_add(1, Relaxed);
            assert_eq!(program(), result);
        });
        let executions = begun.load(Relaxed);
        // Loom does not tell whether it has stopped early.
        let complete = executions == self.known;
        let may_stop = limit.is_some() && executions < self.known;
        assert!(
            complete || may_stop,
            "{executions} executions of {}",
            self.name
        );
        Run {
            executions,
            different: 0,
            stopped: (!complete).then(|| "out of time".into()),
        }
    }
}
