//! Runs a scene, execution after execution, and collects what its outcomes are.

use super::judge::judge_failure;
use super::options::{NotTheModel, Options, Progress};
use super::order::Order;
use super::replay::{End, RUNS, Scene, ends_like, execute, is_replayed};
use super::report::{BoundedLoop, Exploration, Grade, Judged, Memory, Outcome, count};
use super::story::{self, Cost};
use crate::engine::execution::failure::{Aborted, Failure};
use crate::engine::execution::panics::{hears_panic, last_panic};
use crate::engine::execution::run::{Execution, Runner, Settings, Which};
use crate::engine::hash::HashedSet;
use crate::engine::search::Reduction;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How many places the search for an outcome's simplest story may look at in all (some
/// tenths of a second). An outcome with more is told by the best found then.
const PLACES: usize = 300_000;
const PROGRESS_EVERY: Duration = Duration::from_millis(100);
/// How many executions pass between two looks at the clock.
const LOOK_AT_CLOCK_EVERY: u64 = 64;

const TELLING: &str = "the scene did something else only while its story was told: what shows the value of a \
     mutex must take no step that others could notice, and must not panic";

/// What has been found so far.
struct Collection {
    options: Options,
    started: Instant,
    last_progress: Instant,
    executions: u64,
    /// How many of them were different interleavings, …
    different: u64,
    /// … and the names of those that could come twice.
    interleavings: HashedSet<u128>,
    /// By outcome and grade.
    rows: HashMap<(String, Grade), Row>,
    stopped: Option<String>,
    /// Loops of which only some iterations were explored.
    bounded: Vec<BoundedLoop>,
    /// How the first execution has ended, and how many were run again to be compared.
    first: Option<(End, u64)>,
    replayed: u64,
    /// A scene did what must be explored with other settings.
    needs: Option<Settings>,
}

struct Row {
    outcome: Outcome,
    cost: Cost,
    /// What may still be spent on a better story.
    places: usize,
}

/// A story that is not yet told: the execution is run once more for it.
struct Untold {
    row: (String, Grade),
    cost: Cost,
    order: Order,
}

/// `executions`: how many have ended, for the thread that watches this one.
pub(super) fn explore(
    options: Options,
    scene: &Scene,
    executions: &AtomicU64,
) -> Result<Exploration, NotTheModel> {
    silence_panics();
    let settings = Settings {
        is_c11: options.memory == Memory::C11,
        releases_are_seen: false,
        any_waiter: options.budget.any_waiter,
        spurious_wake_ups: options.budget.spurious_wake_ups,
        early_timeouts: options.budget.early_timeouts,
        weak_failures: options.budget.weak_failures,
        deaths: options.budget.deaths,
        rounds: options.budget.rounds,
        panics_are_handled: options.panics_are_handled,
        endless_loops: 0,
        reduction: match options.all_orders {
            true => Reduction::None,
            false => Reduction::Full,
        },
    };
    let runner = Runner::new(settings, options.stack_size);
    let mut collection = Collection::new(options);
    let result = catch_unwind(AssertUnwindSafe(|| {
        loop {
            collection.run(&runner, scene);
            // ORDERING: a number for a message.
            executions.store(collection.executions, Relaxed);
            if let Some(needs) = collection.start_again() {
                runner.start_again(needs);
            } else if collection.stopped.is_some() || !runner.advance() {
                break;
            }
        }
    }));
    if result.is_ok() {
        let x = runner.execution();
        let bounded = x.bounded_loops.iter().map(|at| BoundedLoop {
            file: at.file().to_owned(),
            line: at.line(),
            rounds: x.settings.rounds,
        });
        collection.bounded = bounded.collect();
        collection.bounded.sort();
    } else {
        // A panic of the model itself: what was found stands, but nothing is proved.
        let why = format!("by a panic of the model ({})", last_panic());
        collection.stop(&why);
        runner.leak();
    }
    Ok(collection.report())
}

/// Panics of scenes are outcomes: they are noted, not printed.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !hears_panic(info) {
                usual(info);
            }
        }));
    });
}

impl Collection {
    fn new(options: Options) -> Self {
        let started = Instant::now();
        Self {
            options,
            started,
            last_progress: started,
            executions: 0,
            different: 0,
            interleavings: HashedSet::default(),
            rows: HashMap::new(),
            stopped: None,
            bounded: Vec::new(),
            first: None,
            replayed: 0,
            needs: None,
        }
    }

    /// With what settings everything must be explored again, if so.
    fn start_again(&mut self) -> Option<Settings> {
        let needs = self.needs.take().filter(|_| self.stopped.is_none())?;
        self.executions = 0;
        self.different = 0;
        self.first = None;
        self.replayed = 0;
        self.interleavings.clear();
        self.rows.clear();
        Some(needs)
    }

    /// Runs an execution, and runs it once more if its story is the best so far.
    fn run(&mut self, runner: &Runner, scene: &Scene) {
        let judged = execute(runner, scene, Which::Next);
        let end = End::of(&runner.execution(), judged.as_ref());
        let is_blocked = matches!(runner.execution().failure, Some(Failure::Blocked { .. }));
        let judged = match &self.options.judge_stuck {
            // What others have written may look at what it likes.
            Some(judge) if is_blocked => Some(judge()),
            _ => judged,
        };
        let untold = self.collect(&runner.execution(), judged);
        let can_run_again = runner.can_run_again();
        let seen = {
            let x = runner.execution();
            let is_redundant = x.aborted() == Some(Aborted::Redundant);
            (!is_redundant).then(|| (end.after_any(), x.alone))
        };
        if let Some(Untold { row, cost, order }) = untold.filter(|_| can_run_again) {
            if ends_like(end, runner, scene, Which::Told) {
                if let Some(row) = self.rows.get_mut(&row) {
                    row.cost = cost;
                    row.outcome.story = story::tell(&runner.execution(), &order);
                }
            } else {
                let mut replays = 0..RUNS;
                if replays.all(|number| is_replayed(end, runner, scene, number)) {
                    runner.execution().failure = Some(Failure::Misuse(TELLING));
                }
                self.differs(&runner.execution());
            }
        }
        if can_run_again && self.stopped.is_none() && self.needs.is_none() {
            self.replay(runner, scene, end, seen);
        }
        self.look_at_limits();
    }

    /// Runs the execution once more if it has ended in another way than the first: that
    /// may be chance. And the last one as often as there were too few.
    fn replay(&mut self, runner: &Runner, scene: &Scene, end: End, seen: Option<(End, u64)>) {
        let is_like_first = seen.is_none_or(|seen| *self.first.get_or_insert(seen) == seen);
        let mut replays = u64::from(!is_like_first && self.replayed < RUNS);
        if self.executions < RUNS && runner.is_last() {
            replays = RUNS.saturating_sub(self.executions + self.replayed);
        }
        for _ in 0..replays {
            if self.is_cancelled() || self.is_out_of_time() {
                return self.stop("");
            }
            if !is_replayed(end, runner, scene, self.replayed) {
                return self.differs(&runner.execution());
            }
            self.replayed += 1;
        }
    }

    fn collect(&mut self, x: &Execution, judged: Option<Judged>) -> Option<Untold> {
        self.executions += 1;
        self.needs = Some(x.needs).filter(|&needs| needs != x.settings);
        let is_endless = x.needs.endless_loops != x.settings.endless_loops;
        if x.aborted() == Some(Aborted::Redundant) || is_endless {
            return None;
        }
        let judged = match &x.failure {
            Some(Failure::Blocked { .. }) if self.options.judge_stuck.is_some() => judged,
            Some(failure) => Some(judge_failure(x, failure)),
            None => judged,
        };
        match x.failure {
            Some(Failure::Endless) => self.stop("because an execution did not end"),
            Some(Failure::Misuse(_)) => self.stop("because the model cannot follow the scene"),
            _ => {}
        }
        match judged {
            Some(judged) => self.count(x, judged),
            None => {
                self.stop("because a scene unwound without a panic");
                None
            }
        }
    }

    fn count(&mut self, x: &Execution, judged: Judged) -> Option<Untold> {
        let is_new = !x.may_repeat() || self.interleavings.insert(x.name());
        self.different += u64::from(is_new);
        let name = (judged.outcome, judged.grade);
        // Another order of an interleaving already seen cannot have a better story: all
        // its orders were looked at then.
        let (row, better) = match self.rows.get_mut(&name) {
            Some(row) => {
                let better = match is_new {
                    true => story::better_than(Some(row.cost), x, &mut row.places),
                    false => None,
                };
                (row, better)
            }
            None => {
                let mut places = PLACES;
                let better = story::better_than(None, x, &mut places);
                let (cost, order) = better.unwrap_or_else(|| story::as_it_ran(x));
                let outcome = Outcome {
                    outcome: name.0.clone(),
                    grade: name.1,
                    meaning: judged.meaning,
                    different: 0,
                    executions: 0,
                    // To be told.
                    story: story::tell(x, &order),
                };
                let row = Row {
                    outcome,
                    cost,
                    places,
                };
                (
                    self.rows.entry(name.clone()).or_insert(row),
                    Some((cost, order)),
                )
            }
        };
        row.outcome.executions += 1;
        row.outcome.different += u64::from(is_new);
        better.map(|(cost, order)| Untold {
            row: name,
            cost,
            order,
        })
    }

    /// Run once more, the scene did something else.
    fn differs(&mut self, x: &Execution) {
        self.executions -= 1;
        self.collect(x, None);
    }

    fn is_cancelled(&self) -> bool {
        let cancel = self.options.cancel.as_ref();
        // ORDERING: the flag publishes nothing else; to see it late costs an execution.
        cancel.is_some_and(|cancel| cancel.load(Relaxed))
    }

    fn is_out_of_time(&self) -> bool {
        let most = self.options.max_time;
        most.is_some_and(|most| self.started.elapsed() >= most)
    }

    fn look_at_limits(&mut self) {
        if self.options.max_executions == Some(self.executions) {
            self.stop("");
        }
        if self.is_cancelled() {
            self.stop("because it was interrupted");
        }
        if !self.executions.is_multiple_of(LOOK_AT_CLOCK_EVERY) {
            return;
        }
        if self.is_out_of_time() {
            self.stop("");
        }
        let now = Instant::now();
        if now - self.last_progress >= PROGRESS_EVERY {
            self.last_progress = now;
            let progress = Progress {
                executions: self.executions,
                different: self.different,
                elapsed: now - self.started,
            };
            if let Some(report) = &mut self.options.progress {
                report(progress);
            }
        }
    }

    fn stop(&mut self, why: &str) {
        let why = format!("after {} {why}", count(self.executions, "execution"));
        self.stopped.get_or_insert(why.trim_end().to_owned());
    }

    fn report(&mut self) -> Exploration {
        if self.stopped.is_none() && self.rows.is_empty() {
            self.stop("because nothing came to an end");
        }
        let mut outcomes: Vec<Outcome> = self.rows.drain().map(|(_, row)| row.outcome).collect();
        outcomes.sort_by(|a, b| (a.grade, &a.outcome).cmp(&(b.grade, &b.outcome)));
        Exploration {
            memory: self.options.memory,
            budget: self.options.budget,
            stopped: self.stopped.take(),
            bounded: std::mem::take(&mut self.bounded),
            executions: self.executions,
            different: self.different,
            took: self.started.elapsed(),
            outcomes,
        }
    }
}
