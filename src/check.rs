//! Your own code: a scene as a plain `#[test]`.
//!
//! Write your code with [`crate::sync`] instead of `std::sync` and `std::thread`. In the
//! std build, which is the build without `--cfg loom`, it *is* std. A *scene* is a
//! closure that makes the objects it needs, runs some threads that use them, and returns
//! its outcome:
//!
//! ```
//! use racecourse::check;
//! use racecourse::sync::atomic::{AtomicUsize, Ordering::Relaxed};
//! use racecourse::sync::{Actors, Named};
//!
//! # fn main() { // stands for: #[test]
//! check::scene(|| {
//!     let hits = AtomicUsize::new(0).named("hits");
//!     let hit = || hits.fetch_add(1, Relaxed);
//!     Actors::new().enter("ann", hit).enter("bob", hit).run();
//!     hits.load(Relaxed)
//! })
//! .forbid(|&hits| (hits != 2).then_some("a hit was lost"))
//! .must_occur("2")
//! .check();
//! # }
//! ```
//!
//! The same test means two things:
//!
//! - `cargo test` *plays* the scene [some times](Check::plays) with real threads.
//!   It fails if a forbidden outcome turns up. That none did proves nothing, and
//!   nothing *must* occur.
//! - `RUSTFLAGS="--cfg loom" cargo test` *proves* it: the model build explores every
//!   interleaving, within the bounds that the README states. The test fails if a
//!   forbidden outcome is possible, if one that must occur is not, or if the
//!   exploration had to stop.
//!   The message of the failure is the table of outcomes, the verdict, and the
//!   simplest story of each forbidden outcome. (`-- --nocapture` shows the table
//!   of a success too.)
//!
//! # What counts
//! Each different value that the closure returns is an outcome; its `Debug` text
//! is the outcome's name. Deadlock, livelock, panic (so a failed `assert!` too) and
//! data race are outcomes that are forbidden without your saying so. Say with
//! [`forbid`](Check::forbid) what else must never be, and with
//! [`must_occur`](Check::must_occur) what must, so that a scene in which nothing
//! happens cannot pass.
//!
//! # What is checked by default
//! Threads run in any order, under the memory model C11. In each execution, std's other
//! liberties are checked too: `notify_one` may wake any waiter, one wait may end
//! spuriously, and one timed wait may end early. So code that relies on luck is refused,
//! such as a `Condvar::wait` without a loop. The verdict names what was allowed and what
//! was not. [`Check::budget`] allows more, such as `compare_exchange_weak` that fails
//! spuriously, or less: `.budget(Budget::NONE)` allows none of it, and is faster.
//!
//! # What the model asks of a scene
//! - It makes its locks and atomics itself: an object belongs to one execution.
//! - It has at most 16 threads beside its own, actors or spawned.
//! - Each of its threads has a stack of 2 MiB. [`Check::stack_size`] changes that. A
//!   thread that overflows its stack stops the exploration (elsewhere than on Linux with
//!   an x86-64 processor: it ends the process).
//! - It does the same each time, but for the order of its threads: no clock, no
//!   random numbers, no `HashMap`'s order, no state kept in a static.
//! - It waits only at objects of [`crate::sync`]. A lock or channel of std's that blocks
//!   stops the exploration after some [patience](Check::patience), and so does a loop
//!   without an end. On Linux a thread that allocates a gigabyte without a step stops
//!   the exploration at once. Accesses through std's atomics are invisible to the model:
//!   they are part of no interleaving, and a bug in their use is *not found*. A thread of
//!   `std::thread` does not belong to the scene: the model's objects panic there, and
//!   say why.
//!
//! If racecourse notices that a scene breaks one of these rules, the test fails with an
//! explanation.
//! The explanation names the lines of the scene's source files that use `std::sync`,
//! `std::thread` or `std::hint`, as the likely cause.
//!
//! A scene that calls [`std::process::exit`] fails its test: on Unix, the process ends with
//! exit code 101 and a message, in both builds. C's `_exit` and `exec` are not noticed. A
//! script that does not trust the code under test should require the line
//! `test result: ok` as well as the exit code.
//!
//! A scene that depends on chance is noticed because it is run again: every execution
//! begins like the one before, and a scene with few interleavings is repeated until it
//! has run 24 times. Each step must then have the same thread, object, operation,
//! ordering, line and value. If it has not, the failure names both lines. Values of
//! 2^32 and more are not compared: they may be addresses, which differ from one
//! execution to the next. Each time the heap is shuffled, up to blocks of 264 bytes: what
//! depends on the order of the addresses of larger ones can pass unnoticed. A scene with
//! a single interleaving in which a coin is tossed passes unnoticed once in 2^23 times.

pub use crate::explorer::NotTheModel;
pub use crate::explorer::report::{Budget, Exploration, Grade, Judged, Memory, Proved};

use crate::explorer::{CAN_EXPLORE, Options, explore};
use crate::watch::{self, watch};
use crate::{draw, explorer::report::count};
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// A scene to check: see [the module](self).
#[track_caller]
pub fn scene<T: Debug + 'static>(scene: impl Fn() -> T + Send + Sync + 'static) -> Check<T> {
    let mut options = Options::new(Memory::C11);
    options.written_at = Some(Location::caller());
    Check {
        scene: Box::new(scene),
        grade: Box::new(|value| Judged::promised(format!("{value:?}"), "")),
        allowed: Vec::new(),
        must_occur: Vec::new(),
        options,
        plays: 100,
    }
}

/// The tables and stories of an exploration, as [`Check::check`] shows them: every
/// outcome, the verdict, the story of each forbidden outcome.
///
/// [`draw`] has the parts, and colours.
#[must_use]
pub fn report(found: &Exploration) -> String {
    draw::exploration(found, &[], false).plain()
}

type Grader<T> = Box<dyn Fn(&T) -> Judged + Send + Sync>;

/// A scene, what it may come to, and how to find out: see [the module](self).
#[must_use = "nothing is checked before `check` or `explore`"]
pub struct Check<T> {
    scene: Box<dyn Fn() -> T + Send + Sync>,
    grade: Grader<T>,
    allowed: Vec<String>,
    must_occur: Vec<String>,
    options: Options,
    plays: u32,
}

impl<T: Debug + 'static> Check<T> {
    /// Values that must never be: says why, if this is one.
    pub fn forbid<W: Into<String>>(
        mut self,
        why: impl Fn(&T) -> Option<W> + Send + Sync + 'static,
    ) -> Self {
        let grade = self.grade;
        self.grade = Box::new(move |value| {
            let judged = grade(value);
            match why(value) {
                Some(why) if judged.grade != Grade::Forbidden => {
                    Judged::forbidden(judged.outcome, why)
                }
                _ => judged,
            }
        });
        self
    }

    /// Judges every value, with a name and in words of your own; instead of
    /// [`forbid`](Self::forbid), which goes by `Debug`.
    ///
    /// ```
    /// use racecourse::check::{self, Judged};
    ///
    /// check::scene(|| 40 + 2)
    ///     .grade(|sum| match sum {
    ///         42 => Judged::promised("answered", "as it should be"),
    ///         _ => Judged::forbidden("wrong", format!("{sum}, not 42")),
    ///     })
    ///     .must_occur("answered")
    ///     .check();
    /// ```
    pub fn grade(mut self, grade: impl Fn(&T) -> Judged + Send + Sync + 'static) -> Self {
        self.grade = Box::new(grade);
        self
    }

    /// Lets an outcome of that name be although it is forbidden: `deadlock`,
    /// `livelock`, `panic`.
    ///
    /// ```
    /// use racecourse::check;
    /// use racecourse::sync::{Mutex, thread};
    ///
    /// // It is the panic that poisons the lock.
    /// check::scene(|| {
    ///     let lock = Mutex::new(());
    ///     thread::scope(|scope| {
    ///         let dies = scope.spawn(|| {
    ///             let _held = lock.lock();
    ///             panic!("on purpose");
    ///         });
    ///         dies.join().is_err() && lock.is_poisoned()
    ///     })
    /// })
    /// .allow("panic")
    /// .check();
    /// ```
    ///
    /// # Panics
    /// If it is a data race or a use after free: that is undefined behaviour, which
    /// nothing can allow.
    pub fn allow(mut self, outcome: impl Into<String>) -> Self {
        let outcome = outcome.into();
        assert!(
            !["data race", "use after free"].contains(&&*outcome),
            "a {outcome} is undefined behaviour: nothing can allow it"
        );
        self.allowed.push(outcome);
        self
    }

    /// An outcome that must be possible. Without one a scene in which nothing
    /// happens would pass too.
    pub fn must_occur(mut self, outcome: impl Into<String>) -> Self {
        self.must_occur.push(outcome.into());
        self
    }

    /// The memory model to explore under: [`Memory::C11`], the stricter, if nothing
    /// is said.
    pub fn memory(mut self, memory: Memory) -> Self {
        self.options.memory = memory;
        self
    }

    /// What the threads may do when explored, beside running in any order. The default,
    /// [`Budget::default`], is any waiter for `notify_one`, one spurious wake-up and one
    /// early timeout. [`Budget::NONE`] allows nothing: say it where a scene takes too
    /// long, and know that the proof then relies on it.
    ///
    /// ```
    /// use racecourse::check::{self, Budget};
    /// use racecourse::sync::{Actors, Condvar, Mutex};
    ///
    /// let wait_once = || {
    ///     let (ready, changed) = (Mutex::new(false), Condvar::new());
    ///     let wait = || {
    ///         let mut guard = ready.lock().unwrap();
    ///         if !*guard { // should be a loop: the wait may end spuriously
    ///             guard = changed.wait(guard).unwrap();
    ///         }
    ///         *guard
    ///     };
    ///     let tell = || {
    ///         *ready.lock().unwrap() = true;
    ///         changed.notify_one();
    ///         true
    ///     };
    ///     Actors::new().enter("ann", wait).enter("bob", tell).run()
    /// };
    /// let goes_on_too_soon = |budget| {
    ///     let found = check::scene(wait_once).budget(budget).explore();
    ///     found.map(|found| found.outcome("[false, true]").is_some())
    /// };
    /// if racecourse::explorer::CAN_EXPLORE { // not the std build
    ///     assert_eq!(goes_on_too_soon(Budget::default()), Ok(true));
    ///     assert_eq!(goes_on_too_soon(Budget::NONE), Ok(false));
    /// }
    /// ```
    pub fn budget(mut self, budget: Budget) -> Self {
        self.options.budget = budget;
        self
    }

    /// Explores only interleavings with at most so many preemptions. A preemption takes the
    /// processor from a thread that could have gone on. For a scene with too many
    /// interleavings: most bugs need no more than two preemptions. The verdict names the
    /// bound, and the proof covers only these interleavings.
    ///
    /// ```
    /// use racecourse::check::{self, Proved};
    /// use racecourse::sync::Actors;
    /// use racecourse::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    ///
    /// let lost_update = || {
    ///     let hits = AtomicUsize::new(0);
    ///     let hit = || hits.store(hits.load(SeqCst) + 1, SeqCst);
    ///     Actors::new().enter("ann", hit).enter("bob", hit).run();
    ///     hits.into_inner()
    /// };
    /// let explored = |most| check::scene(lost_update).preemptions(most).explore();
    /// if let (Ok(none), Ok(one)) = (explored(0), explored(1)) { // not the std build
    ///     assert_eq!(none.proved, Proved::Preemptions(0));
    ///     assert!(none.outcome("1").is_none() && one.outcome("1").is_some());
    /// }
    /// ```
    pub fn preemptions(mut self, most: usize) -> Self {
        self.options.preemptions = Some(most);
        self
    }

    /// Give up exploring after that many executions; the check fails then.
    pub fn max_executions(mut self, executions: u64) -> Self {
        self.options.max_executions = Some(executions);
        self
    }

    /// Give up exploring after that time; the check fails then.
    pub fn max_time(mut self, time: Duration) -> Self {
        self.options.max_time = Some(time);
        self
    }

    /// How long a scene may take no step (explored), or not end (played), before it
    /// is taken to block for ever: eight seconds if nothing is said.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.options.patience = patience;
        self
    }

    /// The size of the stack of each of the scene's threads when it is explored, in
    /// bytes: 2 MiB if nothing is said. The std build ignores this: its threads have the
    /// stacks that `std::thread` gives them.
    ///
    /// On Linux with an x86-64 processor a thread that overflows its stack stops the
    /// exploration, with a message that names the thread; elsewhere it ends the process.
    /// Larger stacks cost little: a page of a stack takes memory only once a thread has
    /// used it.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.options.stack_size = bytes;
        self
    }

    /// How often the std build plays the scene with real threads: a hundred times if
    /// nothing is said. Do not play a scene that has a data race, not even once.
    pub fn plays(mut self, plays: u32) -> Self {
        self.plays = plays;
        self
    }

    /// Proves the scene in the model build, plays it in the std build.
    ///
    /// # Panics
    /// If it is not as it should be. The message, which shows how that comes about, is
    /// printed to standard error and is what the panic carries. No panic hook runs: a
    /// backtrace would show only how racecourse was called.
    #[track_caller]
    pub fn check(self) {
        let at = Location::caller();
        let result = match CAN_EXPLORE {
            true => self.prove(),
            false => self.play(),
        };
        match result {
            Ok(report) => println!("{report}"),
            Err(report) => {
                eprintln!("check failed at {at}:\n{report}");
                resume_unwind(Box::new(report));
            }
        }
    }

    /// Explores every interleaving and returns all that was found, for a verdict of
    /// your own. What must occur is not looked at.
    ///
    /// ```
    /// use racecourse::check;
    /// use racecourse::sync::Actors;
    ///
    /// let found = check::scene(|| Actors::new().enter("ann", || 1).run()).explore();
    /// if let Ok(found) = found { // not the std build
    ///     assert!(found.is_complete());
    ///     assert_eq!(found.outcomes[0].outcome, "[1]");
    ///     println!("{}", check::report(&found));
    /// }
    /// ```
    ///
    /// # Errors
    /// [`NotTheModel`] in the std build.
    pub fn explore(self) -> Result<Exploration, NotTheModel> {
        let (scene, grade) = (self.scene, self.grade);
        let mut found = explore(self.options, Arc::new(move || grade(&scene())))?;
        for row in &mut found.outcomes {
            if self.allowed.contains(&row.outcome) {
                row.grade = row.grade.min(Grade::Allowed);
            }
        }
        found
            .outcomes
            .sort_by(|a, b| (a.grade, &a.outcome).cmp(&(b.grade, &b.outcome)));
        Ok(found)
    }

    /// All that was found; an error if it is not as it should be.
    fn prove(mut self) -> Result<String, String> {
        let must_occur = std::mem::take(&mut self.must_occur);
        let must_occur = || must_occur.iter().map(String::as_str);
        let found = self.explore().map_err(|error| error.to_string())?;
        let drawing = draw::exploration(&found, &found.missing(must_occur()), false).plain();
        let complaints = found.complaints(must_occur());
        let drawing = drawing.trim_end();
        match complaints.is_empty() {
            true => Ok(drawing.to_owned()),
            false => Err(format!("{}\n\n{drawing}", complaints.join("\n"))),
        }
    }

    /// What playing it came to; an error if that is forbidden.
    fn play(self) -> Result<String, String> {
        let Self {
            scene,
            grade,
            allowed,
            plays,
            options,
            ..
        } = self;
        let (sender, played) = mpsc::channel();
        let forbidden = move |judged: &Judged| {
            judged.grade == Grade::Forbidden && !allowed.contains(&judged.outcome)
        };
        let is_bad = forbidden.clone();
        let ended = watch(options.patience, None, move || {
            for _ in 0..plays {
                watch::beat();
                let judged = catch_unwind(AssertUnwindSafe(|| grade(&scene())));
                let judged =
                    judged.unwrap_or_else(|panic| Judged::forbidden("panic", said(&*panic)));
                let is_bad = is_bad(&judged);
                if sender.send(judged).is_err() || is_bad {
                    return;
                }
            }
        });
        let mut judged: Vec<Judged> = played.try_iter().collect();
        if ended.is_err() {
            let never = ["deadlock", "livelock"].map(|name| {
                Judged::forbidden(
                    name,
                    format!("a deadlock or livelock: no end for {:?}", options.patience),
                )
            });
            // Nobody can tell which of the two it is: if one is allowed, it is that.
            let allowed = never.iter().position(|judged| !forbidden(judged));
            judged.extend(never.into_iter().nth(allowed.unwrap_or(0)));
        }
        let mut times = BTreeMap::<&str, usize>::new();
        for judged in &judged {
            *times.entry(&judged.outcome).or_default() += 1;
        }
        let times: Vec<_> = times
            .iter()
            .map(|(outcome, times)| format!("{outcome}: {times}"))
            .collect();
        let summary = format!(
            "played {} with real threads: {}",
            count(judged.len() as u64, "time"),
            times.join(", ")
        );
        match judged.last().filter(|last| forbidden(last)) {
            None => Ok(summary),
            Some(Judged {
                outcome, meaning, ..
            }) => Err(format!(
                "FORBIDDEN: {outcome} ({meaning})\n{summary}\nhow it comes about: \
                 RUSTFLAGS=\"--cfg loom\" cargo test"
            )),
        }
    }
}

/// The message of a panic.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "(no message)".to_owned())
}
