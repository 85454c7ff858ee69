//! Runs a scene under loom, execution after execution, and collects what it
//! comes to.

use super::report::{Exploration, Grade, Judged, Memory, Outcome, count};
use super::story::{self, Cost};
use super::{NotTheModel, Options, Progress};
use crate::sync::model::events::Failure;
use crate::sync::model::runtime::{self, Execution, Settings, TornDown};
use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

/// Branches that loom may take in one execution. Ours end earlier: see
/// [`Failure::Endless`].
const MAX_BRANCHES: usize = 40_000;
/// How many places the search for an outcome's simplest story may look at in all
/// (some tenths of a second). An outcome with more is told by the best found then.
const PLACES: usize = 300_000;
const PROGRESS_EVERY: Duration = Duration::from_millis(100);
/// How many executions pass between two looks at the clock.
const LOOK_AT_CLOCK_EVERY: u64 = 64;

/// What has been found so far.
struct Collection {
    options: Options,
    started: Instant,
    last_progress: Instant,
    executions: u64,
    traces: HashSet<u128>,
    /// By outcome and grade.
    rows: HashMap<(String, Grade), Row>,
    stopped: Option<String>,
    /// A scene did what must be explored with other settings.
    needs: Option<Settings>,
}

struct Row {
    outcome: Outcome,
    cost: Cost,
    /// What may still be spent on a better story.
    places: usize,
}

thread_local! {
    /// loom wants a closure that can be shared between threads, and runs it on
    /// this one: what it collects stays here.
    static COLLECTION: RefCell<Option<Rc<RefCell<Collection>>>> = const { RefCell::new(None) };
}

pub(super) fn explore(
    options: Options,
    scene: Arc<dyn Fn() -> Judged + Send + Sync>,
) -> Result<Exploration, NotTheModel> {
    silence_panics();
    let settings = Settings {
        c11: options.memory == Memory::C11,
        locks_are_tried: false,
        any_waiter: options.budget.any_waiter,
        spurious_wake_ups: options.budget.spurious_wake_ups,
        early_timeouts: options.budget.early_timeouts,
        deaths: options.budget.deaths,
        panics_are_handled: options.panics_are_handled,
        unwinding_is_watched: false,
        all_orders: options.all_orders,
    };
    let collection = Rc::new(RefCell::new(Collection::new(options)));
    let mut settings = Some(settings);
    while let Some(now) = settings {
        run(&collection, now, scene.clone());
        settings = collection.borrow_mut().start_again();
    }
    // loom may not have dropped all that it ran.
    let report = collection.borrow_mut().report();
    Ok(report)
}

fn run(
    collection: &Rc<RefCell<Collection>>,
    settings: Settings,
    scene: Arc<dyn Fn() -> Judged + Send + Sync>,
) {
    runtime::open(settings);
    COLLECTION.set(Some(collection.clone()));
    let loom = loom();
    let result = catch_unwind(AssertUnwindSafe(|| {
        loop {
            let scene = scene.clone();
            loom.check(move || execute(&*scene));
            if collection.borrow().is_over() || !runtime::advance() {
                break;
            }
        }
    }));
    runtime::close(result.is_err());
    COLLECTION.set(None);
    if result.is_err() {
        // A panic of loom's own, or of the model: what was found stands, but
        // nothing is proved.
        let what = runtime::last_panic();
        let why = format!("by a panic of the model ({what})");
        collection.borrow_mut().stop(&why);
    }
}

/// loom runs one execution: where only one thread is not parked, there is nothing
/// that it could choose. No limits of its own, whatever the environment says.
fn loom() -> loom::model::Builder {
    let mut loom = loom::model::Builder::new();
    loom.max_threads = loom::MAX_THREADS;
    loom.max_branches = MAX_BRANCHES;
    loom.max_permutations = None;
    loom.max_duration = None;
    loom.preemption_bound = None;
    loom.checkpoint_file = None;
    loom.expect_explicit_explore = false;
    loom.location = false;
    loom.log = false;
    loom
}

/// Panics of scenes are outcomes: they are noted, not printed.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !runtime::hears_panic(info) {
                usual(info);
            }
        }));
    });
}

/// One execution.
fn execute(scene: &(dyn Fn() -> Judged + Send + Sync)) {
    let collection = COLLECTION
        .with_borrow(Clone::clone)
        .expect("loom runs the scene on the thread that explores");
    runtime::begin();
    let judged = catch_unwind(AssertUnwindSafe(scene));
    if let Err(payload) = &judged
        && !runtime::is_tear_down(payload.as_ref())
    {
        runtime::scene_has_panicked();
    }
    let torn_down = runtime::finish();
    let is_stuck = runtime::with(|x| matches!(x.failure, Some(Failure::Stuck { .. })));
    // What others have written may look at what it likes.
    let judged = match &collection.borrow().options.judge_stuck {
        Some(judge) if is_stuck => Some(judge()),
        _ => judged.ok(),
    };
    runtime::with(|x| collection.borrow_mut().collect(x, judged, torn_down));
}

impl Collection {
    fn new(options: Options) -> Self {
        let started = Instant::now();
        Self {
            options,
            started,
            last_progress: started,
            executions: 0,
            traces: HashSet::new(),
            rows: HashMap::new(),
            stopped: None,
            needs: None,
        }
    }

    /// Whether no more executions are to be run.
    fn is_over(&self) -> bool {
        self.stopped.is_some() || self.needs.is_some()
    }

    /// With what settings all must be explored again, if so.
    fn start_again(&mut self) -> Option<Settings> {
        let needs = self.needs.take().filter(|_| self.stopped.is_none())?;
        self.executions = 0;
        self.traces.clear();
        self.rows.clear();
        Some(needs)
    }

    fn collect(&mut self, x: &Execution, judged: Option<Judged>, torn_down: Option<TornDown>) {
        self.executions += 1;
        self.needs = Some(x.needs).filter(|&needs| needs != x.settings);
        if torn_down != Some(TornDown::Repeats) {
            let judged = match &x.failure {
                Some(Failure::Stuck { .. }) if self.options.judge_stuck.is_some() => judged,
                Some(failure) => Some(judge_failure(failure)),
                None => judged,
            };
            match judged {
                Some(judged) => self.count(x, judged),
                None => self.stop("because a scene unwound without a panic"),
            }
            match x.failure {
                Some(Failure::Endless) => self.stop("because an execution did not end"),
                Some(Failure::Misuse(_)) => self.stop("because the model cannot follow the scene"),
                _ => {}
            }
        }
        self.look_at_limits();
    }

    fn count(&mut self, x: &Execution, judged: Judged) {
        let is_new = self.traces.insert(x.trace);
        let name = (judged.outcome, judged.grade);
        let row = self.rows.get_mut(&name);
        // Another order of a trace already seen cannot have a better story: all
        // its orders were looked at then.
        let mut places = PLACES;
        let better = match row {
            None => story::better_than(None, x, &mut places),
            Some(row) if is_new => story::better_than(Some(row.cost), x, &mut row.places),
            Some(_) => None,
        };
        let better = better.map(|(cost, draft)| (cost, story::tell(x, &draft)));
        let outcome = match self.rows.entry(name) {
            Entry::Occupied(row) => {
                let row = row.into_mut();
                if let Some((cost, story)) = better {
                    row.cost = cost;
                    row.outcome.story = story;
                }
                &mut row.outcome
            }
            Entry::Vacant(place) => {
                let (outcome, grade) = place.key().clone();
                let (cost, story) = better.unwrap_or_else(|| story::as_it_ran(x));
                let outcome = Outcome {
                    outcome,
                    grade,
                    meaning: judged.meaning,
                    different: 0,
                    executions: 0,
                    story,
                };
                let row = Row {
                    outcome,
                    cost,
                    places,
                };
                &mut place.insert(row).outcome
            }
        };
        outcome.executions += 1;
        outcome.different += u64::from(is_new);
    }

    fn look_at_limits(&mut self) {
        if self.options.max_executions == Some(self.executions) {
            self.stop("");
        }
        let cancel = self.options.cancel.as_ref();
        // ORDERING: the flag publishes nothing else; to see it late costs an execution.
        if cancel.is_some_and(|cancel| cancel.load(Relaxed)) {
            self.stop("because it was interrupted");
        }
        if !self.executions.is_multiple_of(LOOK_AT_CLOCK_EVERY) {
            return;
        }
        let now = Instant::now();
        if self
            .options
            .max_time
            .is_some_and(|most| now - self.started >= most)
        {
            self.stop("");
        }
        if now - self.last_progress >= PROGRESS_EVERY {
            self.last_progress = now;
            let progress = Progress {
                executions: self.executions,
                different: self.traces.len() as u64,
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
            executions: self.executions,
            different: self.traces.len() as u64,
            took: self.started.elapsed(),
            outcomes,
        }
    }
}

/// What a failure is called in the outcome table.
fn judge_failure(failure: &Failure) -> Judged {
    let (outcome, meaning) = match failure {
        Failure::Stuck {
            spinning: false, ..
        } => ("deadlock", "whoever is left waits, and nobody can go on"),
        Failure::Stuck { spinning: true, .. } => (
            "livelock",
            "a thread spins for ever: nobody is left to let it go on",
        ),
        Failure::DataRace(_) => (
            "data race",
            "two accesses, one of them a write, that nothing orders: undefined behaviour",
        ),
        Failure::Panic { panic, .. } => ("panic", panic.message.as_str()),
        Failure::Endless => (
            "does not end",
            "an execution took more steps than the model follows",
        ),
        Failure::Misuse(what) => ("misuse", *what),
    };
    Judged {
        outcome: outcome.to_owned(),
        grade: Grade::Forbidden,
        meaning: meaning.to_owned(),
    }
}
