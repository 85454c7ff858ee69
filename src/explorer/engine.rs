//! Runs a scene, execution after execution, and collects what its outcomes are.

use super::decisive::decide;
use super::found::{By, Found, Untold, lock};
use super::judge::judge_failure;
use super::options::{NotTheModel, Options, Progress};
use super::replay::{End, RUNS, Scene, ends_like, execute, is_replayed};
use super::report::{Exploration, Judged, Memory, Proved};
use super::two_searches::TwoSearches;
use crate::engine::execution::failure::{Aborted, Failure};
use crate::engine::execution::panics::{hears_panic, last_panic};
use crate::engine::execution::run::{Execution, Settings, Which};
use crate::engine::execution::runner::Runner;
use crate::engine::search::Reduction;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

const PROGRESS_EVERY: Duration = Duration::from_millis(100);
/// How many executions pass between two looks at the clock.
const LOOK_AT_CLOCK_EVERY: u64 = 64;

const TELLING: &str = "the scene did something else only while its story was told: what shows the value of a \
     mutex must take no step that others could notice, and must not panic";

/// The exploration of a scene.
struct Exploring {
    options: Options,
    started: Instant,
    last_progress: Instant,
    /// How the first execution has ended, and how many were run again to be compared.
    first: Option<(End, u64)>,
    replayed: u64,
    /// A scene did what must be explored with other settings.
    needs: Option<Settings>,
}

/// `found`: nothing, yet.
pub(super) fn explore(
    options: Options,
    scene: &Scene,
    found: &Mutex<Found>,
) -> Result<Exploration, NotTheModel> {
    silence_panics();
    let settings = settings(&options);
    let mut searches = TwoSearches::new(settings, &options);
    let mut exploring = Exploring {
        options,
        started: lock(found).started,
        last_progress: Instant::now(),
        first: None,
        replayed: 0,
        needs: None,
    };
    let (mut loops, mut is_whole) = (Vec::new(), false);
    let result = catch_unwind(AssertUnwindSafe(|| {
        loop {
            let by = searches.next();
            let is_stopped = exploring.run(found, searches.runner(by), by, scene);
            if is_stopped {
                break;
            }
            if let Some(needs) = exploring.needs.take() {
                lock(found).forget();
                exploring.first = None;
                exploring.replayed = 0;
                searches.start_again(by, needs);
                continue;
            }
            let (goes_on, proved) = searches.advance(by);
            if let Some(proved) = proved {
                lock(found).proves(proved);
            }
            if !goes_on {
                is_whole = by == By::All;
                break;
            }
        }
        loops = searches.bounded_loops();
        // With a bound on a loop, not all interleavings are known.
        let explains = exploring.options.explain && exploring.options.judge_blocked.is_none();
        if is_whole && loops.is_empty() && explains {
            let stops = || exploring.is_cancelled() || exploring.is_out_of_time();
            let allowed = &exploring.options.allowed;
            decide(found, || searches.once_more(), scene, allowed, stops);
        }
    }));
    let mut found = lock(found);
    if result.is_ok() {
        found.bounded = loops;
    } else {
        // A panic of the model itself: what was found stands, but nothing is proved.
        let why = format!("by a panic of the model ({})", last_panic());
        found.stop(&why);
        found.proves(Proved::Nothing);
        searches.leak();
    }
    Ok(found.report())
}

/// How the model plays, before it has found out more about the scene.
pub(super) fn settings(options: &Options) -> Settings {
    Settings {
        is_c11: options.memory == Memory::C11,
        releases_are_seen: false,
        ends_are_seen: false,
        reads_again: false,
        any_waiter: options.budget.any_waiter,
        spurious_wake_ups: options.budget.spurious_wake_ups,
        early_timeouts: options.budget.early_timeouts,
        weak_failures: options.budget.weak_failures,
        deaths: options.budget.deaths,
        iterations: options.budget.iterations,
        panics_are_handled: options.panics_are_handled,
        leaks: options.leaks,
        endless_loops: 0,
        seen_counts: 0,
        reduction: match options.all_orders {
            true => Reduction::None,
            false => Reduction::Full,
        },
    }
}

/// Panics of scenes are outcomes: they are noted, not printed.
pub(super) fn silence_panics() {
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

impl Exploring {
    /// Runs an execution, and runs it once more if its story is the best so far. Whether
    /// that was the last, since something stops the exploration.
    fn run(&mut self, found: &Mutex<Found>, runner: &Runner, by: By, scene: &Scene) -> bool {
        let judged = execute(runner, scene, Which::Next);
        let end = End::of(&runner.execution(), judged.as_ref());
        let is_blocked = matches!(runner.execution().failure, Some(Failure::Blocked { .. }));
        let judged = match &self.options.judge_blocked {
            // What others have written may look at what it likes.
            Some(judge) if is_blocked => Some(judge()),
            _ => judged,
        };
        let mut locked = lock(found);
        let untold = self.collect(&mut locked, &runner.execution(), by, judged);
        let can_run_again = runner.can_run_again();
        let seen = {
            let x = runner.execution();
            let is_redundant = x.aborted() == Some(Aborted::Redundant);
            (!is_redundant).then(|| (end.after_any(), x.alone))
        };
        if let Some(untold) = untold.filter(|_| can_run_again) {
            drop(locked);
            let is_same = ends_like(end, runner, scene, Which::Told);
            if !is_same && (0..RUNS).all(|number| is_replayed(end, runner, scene, number)) {
                runner.execution().failure = Some(Failure::Misuse(TELLING));
            }
            locked = lock(found);
            match is_same {
                true => locked.told(untold, &runner.execution()),
                false => self.differs(&mut locked, &runner.execution(), by),
            }
        }
        if can_run_again && self.needs.is_none() && !locked.is_stopped() {
            let replays = self.replays(locked.executions, runner, seen);
            if replays > 0 {
                drop(locked);
                let all = self.replayed + replays;
                let is_same = (0..replays).all(|_| self.replay(runner, scene, end));
                locked = lock(found);
                if !is_same {
                    self.differs(&mut locked, &runner.execution(), by);
                } else if self.replayed < all {
                    locked.stop("");
                }
            }
        }
        let progress = self.look_at_limits(&mut locked);
        let is_stopped = locked.is_stopped();
        drop(locked);
        if let (Some(report), Some(progress)) = (&mut self.options.progress, progress) {
            report(progress);
        }
        is_stopped
    }

    /// How often the execution must be run once more: if it has ended in another way than
    /// the first, since that may be chance. And the last one as often as there were too few.
    fn replays(&mut self, executions: u64, runner: &Runner, seen: Option<(End, u64)>) -> u64 {
        let is_like_first = seen.is_none_or(|seen| *self.first.get_or_insert(seen) == seen);
        match executions < RUNS && runner.is_last() {
            true => RUNS.saturating_sub(executions + self.replayed),
            false => u64::from(!is_like_first && self.replayed < RUNS),
        }
    }

    /// Whether it does the same again, if there is time to run it.
    fn replay(&mut self, runner: &Runner, scene: &Scene, end: End) -> bool {
        if self.is_cancelled() || self.is_out_of_time() {
            return true;
        }
        let is_same = is_replayed(end, runner, scene, self.replayed);
        self.replayed += u64::from(is_same);
        is_same
    }

    fn collect(
        &mut self,
        found: &mut Found,
        x: &Execution,
        by: By,
        judged: Option<Judged>,
    ) -> Option<Untold> {
        found.executions += 1;
        self.needs = Some(x.needs).filter(|&needs| needs != x.settings);
        let is_endless = x.needs.endless_loops != x.settings.endless_loops;
        if x.aborted() == Some(Aborted::Redundant) || is_endless {
            return None;
        }
        let judged = match &x.failure {
            Some(Failure::Blocked { .. }) if self.options.judge_blocked.is_some() => judged,
            Some(failure) => Some(judge_failure(x, failure)),
            None => judged,
        };
        match x.failure {
            Some(Failure::Endless) => found.stop("because an execution did not end"),
            Some(Failure::Misuse(_)) => {
                found.stop("because the model cannot follow the scene");
                found.proves(Proved::Nothing);
            }
            _ => {}
        }
        match judged {
            Some(judged) => found.count(x, by, judged),
            None => {
                found.stop("because a scene unwound without a panic");
                None
            }
        }
    }

    /// Run once more, the scene did something else.
    fn differs(&mut self, found: &mut Found, x: &Execution, by: By) {
        found.executions -= 1;
        self.collect(found, x, by, None);
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

    /// How far it is, if it is time to tell.
    fn look_at_limits(&mut self, found: &mut Found) -> Option<Progress> {
        if self.options.max_executions == Some(found.executions) {
            found.stop("");
        }
        if self.is_cancelled() {
            found.stop("because it was interrupted");
        }
        if !found.executions.is_multiple_of(LOOK_AT_CLOCK_EVERY) {
            return None;
        }
        if self.is_out_of_time() {
            found.stop("");
        }
        let now = Instant::now();
        if now - self.last_progress < PROGRESS_EVERY {
            return None;
        }
        self.last_progress = now;
        Some(Progress {
            executions: found.executions,
            different: found.different(),
            elapsed: now - self.started,
        })
    }
}

#[cfg(test)]
mod cut_off;

/// Where stacks cannot be read (other processors than x86-64, Windows), as if this were
/// such a machine.
#[cfg(test)]
mod without_snapshots {
    use super::*;
    use crate::engine::execution::loops::yields;
    use crate::explorer::report::Budget;
    use crate::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use crate::sync::{Actors, thread};
    use std::panic::Location;
    use std::sync::Arc;

    const ITERATIONS: usize = 3;

    fn explored(scene: impl Fn() -> String + Send + Sync + 'static) -> Exploration {
        let mut options = Options::new(Memory::Sc);
        options.budget = Budget {
            iterations: ITERATIONS,
            ..Budget::NONE
        };
        let found = Mutex::new(Found::nothing(&options));
        let scene: Scene = Arc::new(move || Judged::promised(scene(), "as it is"));
        explore(options, &scene, &found).unwrap()
    }

    fn names(found: &Exploration) -> Vec<&str> {
        let outcomes = found.outcomes.iter();
        outcomes.map(|outcome| outcome.outcome.as_str()).collect()
    }

    #[test]
    fn a_loop_that_waits_is_explored_up_to_the_bound_and_named() {
        let found = explored(|| {
            let ready = AtomicBool::new(false);
            let waits = || {
                while !ready.load(SeqCst) {
                    yields(Location::caller(), None);
                }
            };
            let sets = || ready.store(true, SeqCst);
            Actors::new()
                .enter("waits", waits)
                .enter("sets", sets)
                .run();
            "ready".to_owned()
        });
        assert_eq!(names(&found), ["ready"]);
        let loops: Vec<_> = found.bounded.iter().map(|at| at.iterations).collect();
        assert_eq!(loops, [ITERATIONS]);
        assert!(
            found
                .verdict()
                .starts_with("COMPLETE, loop at src/explorer/engine.rs:")
        );
        // The store comes at once, or after one iteration, and so on.
        assert!(found.different > ITERATIONS as u64, "{}", found.different);
    }

    #[test]
    fn a_loop_that_gives_up_does_so_at_any_moment() {
        let found = explored(|| {
            let ready = AtomicBool::new(false);
            let mut looked = 0;
            let polls = || {
                while looked < ITERATIONS && !ready.load(SeqCst) {
                    looked += 1;
                    yields(Location::caller(), None);
                }
            };
            let sets = || ready.store(true, SeqCst);
            Actors::new()
                .enter("polls", polls)
                .enter("sets", sets)
                .run();
            looked.to_string()
        });
        assert_eq!(names(&found), ["0", "1", "2", "3"]);
    }

    #[test]
    fn a_loop_that_waits_for_nothing_is_a_livelock() {
        let found = explored(|| {
            let ready = AtomicBool::new(false);
            let waits = thread::spawn(move || {
                while !ready.load(SeqCst) {
                    yields(Location::caller(), None);
                }
            });
            waits.join().unwrap();
            "ready".to_owned()
        });
        assert_eq!(names(&found), ["livelock"]);
    }
}
