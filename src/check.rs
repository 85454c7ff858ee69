//! Checks your own code: a scene as a plain `#[test]`.
//!
//! Write your code with [`crate::sync`] in place of `std::sync` and `std::thread`. In the std
//! build, which is the build without `--cfg loom`, nearly all types of [`crate::sync`] *are*
//! std's. A *scene* is a closure that makes some objects, runs threads that use them, and returns its
//! outcome:
//!
//! ```
//! use racecourse::check;
//! use racecourse::sync::atomic::{AtomicUsize, Ordering::Relaxed};
//! use racecourse::sync::Actors;
//!
//! # fn main() { // stands for: #[test]
//! check::scene(|| {
//!     let hits = AtomicUsize::new(0);
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
//! The same test does different things in the two builds:
//!
//! - `cargo test` *plays* the scene with real threads, as often as [`Check::plays`] says. The
//!   test fails if a forbidden outcome turns up. A test that passes proves nothing, and
//!   `must_occur` has no effect.
//! - `RUSTFLAGS="--cfg loom" cargo test` *proves* the scene: the model build explores every
//!   interleaving. The test fails if an outcome is forbidden, if an outcome that must occur
//!   is not found, or if the exploration stopped early. [`crate::explorer`] explains what a
//!   proof means, and what it does not cover.
//!
//! If a proof fails, the message has the table of outcomes, the verdict, and the simplest story
//! of each forbidden outcome. (With `-- --nocapture` you also see the table of a test that
//! passes.) This is the end of such a message, from the crate in `tests/stranger`:
#![doc = concat!("\n```text\n", include_str!("check/story.txt"), "```\n")]
//! # What is forbidden
//! Each different value that the closure returns is an outcome, and its `Debug` text is the
//! outcome's name. Deadlock, livelock, panic (so a failed `assert!` too), data race and use
//! after free are outcomes that are forbidden by default. Name other forbidden values with
//! [`forbid`](Check::forbid). Name outcomes that must be possible with
//! [`must_occur`](Check::must_occur), so that a scene in which nothing happens cannot pass.
//!
//! # What is explored by default
//! Threads run in any order, under the memory model [`C11`](Memory::C11). In each execution,
//! `notify_one` may wake any waiter, one wait may end spuriously, and one timed wait may time
//! out early. So code that relies on luck is refused, such as a `Condvar::wait` without a loop.
//! The verdict names what was allowed and what was not. [`Check::budget`] allows more, such as
//! a `compare_exchange_weak` that fails spuriously, or less.
//!
//! # Rules for a scene
//! - A scene makes its locks and atomics itself: an object belongs to one execution.
//! - A scene has at most 16 threads besides its main thread.
//! - Each of its threads has a stack of 2 MiB ([`Check::stack_size`]). A thread that overflows
//!   its stack stops the exploration on Linux with an x86-64 processor; elsewhere it ends the
//!   process.
//! - A scene does the same in each execution, apart from the order of its threads: no clock,
//!   no random numbers, no iteration over a `HashMap`, no state in a `static`.
//! - A scene waits only for objects of [`crate::sync`]. A std lock or channel that blocks, or
//!   an endless loop, stops the exploration after a [time limit](Check::step_timeout). On Linux a
//!   thread that allocates a gigabyte without a step stops the exploration at once.
//! - A scene uses the threads of [`crate::sync::thread`]. A thread of `std::thread` does not
//!   belong to the scene: the model's objects panic there, and the message says why.
//!
//! If racecourse notices that a scene breaks one of these rules, the test fails with an
//! explanation. It names the lines of the scene's source files that use `std::sync`,
//! `std::thread` or `std::hint`, as the likely cause.
//!
//! Limitation: accesses through `std::sync::atomic` are invisible to the model. They are part
//! of no interleaving, and a bug in their use is not found.
//!
//! # Code that ends the process
//! A scene that calls [`std::process::exit`] fails its test: on Unix, the process ends with
//! exit code 101 and a message, in both builds. C's `_exit` and `exec` are not noticed. So a
//! script that does not trust the tested code should require the line `test result: ok` as
//! well as the exit code.
//!
//! # How a scene that depends on chance is noticed
//! Every execution begins with the steps of an earlier one, and a scene with few interleavings
//! is repeated until it has run 24 times. Each repeated step must have the same thread,
//! object, operation, ordering, line and value. If one differs, the failure names both lines.
//!
//! Limitation: values of 2^32 and more are not compared, since they may be addresses, which
//! change from one execution to the next. The heap is shuffled for each execution, but only
//! blocks of up to 264 bytes. A scene that depends on the order of larger blocks' addresses
//! can pass. A scene with a single interleaving that tosses one coin passes once in 2^23 runs.
//!
//! # Without the lessons
//! The library does not need the feature `course`, which adds the lessons, the command line
//! and most dependencies. An optimised model explores an order of magnitude faster, even in a
//! debug build:
//!
//! ```toml
//! [dependencies]
//! racecourse = { path = "…", default-features = false }
//!
//! [profile.dev.package."*"]
//! opt-level = 3
//! ```

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

/// Outcomes that nothing can allow.
const UNDEFINED: [&str; 5] = [
    "data race",
    "use after free",
    "double free",
    "invalid free",
    "wrong layout",
];

/// Begins a check of `scene`, a closure that the check calls once for each execution. See
/// [the module](self) for the rules that a scene keeps.
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

/// The result of an exploration as text, as [`Check::check`] prints it: every outcome, the
/// verdict, and the story of each forbidden outcome.
///
/// [`draw`] has each part alone, and colours.
#[must_use]
pub fn report(found: &Exploration) -> String {
    draw::exploration(found, &[], false).plain()
}

type Grader<T> = Box<dyn Fn(&T) -> Judged + Send + Sync>;

/// A scene with the outcomes that it may have and the settings of its check: see
/// [the module](self).
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
    /// Forbids outcomes. The closure returns `Some(reason)` for a forbidden value.
    ///
    /// You can call this several times. The first reason wins.
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

    /// Judges every value, with a name and a meaning of your own. A later
    /// [`forbid`](Self::forbid) can still forbid a value; an earlier one is forgotten.
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

    /// Allows the outcome with this name although it is forbidden: for example `deadlock`,
    /// `livelock` or `panic`.
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
    /// If the name is that of undefined behaviour: `data race`, `use after free`,
    /// `double free`, `invalid free` or `wrong layout`.
    pub fn allow(mut self, outcome: impl Into<String>) -> Self {
        let outcome = outcome.into();
        assert!(
            !UNDEFINED.contains(&&*outcome),
            "a {outcome} is undefined behaviour: nothing can allow it"
        );
        self.allowed.push(outcome);
        self
    }

    /// Requires that the exploration finds the outcome with this name, which is the `Debug`
    /// text of the value, or the name that [`grade`](Self::grade) gives it. Without
    /// `must_occur`, a scene in which nothing happens would pass too.
    pub fn must_occur(mut self, outcome: impl Into<String>) -> Self {
        self.must_occur.push(outcome.into());
        self
    }

    /// Forbids leaks: an `Arc` or a [`Track`](crate::sync::alloc::Track) that is never dropped,
    /// as in a cycle or after `std::mem::forget`, or memory of
    /// [`sync::alloc`](crate::sync::alloc) that is never freed, is the outcome `leak`. Its
    /// story names the line that made it. This has no effect in the std build.
    ///
    /// ```
    /// use racecourse::check;
    /// use racecourse::sync::Arc;
    ///
    /// let forgets = || std::mem::forget(Arc::new(1));
    /// if let Ok(found) = check::scene(forgets).leaks().explore() { // not the std build
    ///     assert!(found.outcome("leak").is_some());
    /// }
    /// ```
    pub fn leaks(mut self) -> Self {
        self.options.leaks = true;
        self
    }

    /// Sets the memory model. The default is [`Memory::C11`], which allows more outcomes than
    /// [`Memory::Sc`].
    pub fn memory(mut self, memory: Memory) -> Self {
        self.options.memory = memory;
        self
    }

    /// Sets which rare events can happen in an execution. [`Budget::default`] allows any
    /// waiter for `notify_one`, one spurious wake-up and one early timeout. [`Budget::NONE`]
    /// allows none of them. It proves less and needs fewer executions, so use it for a scene
    /// that takes too long.
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

    /// Explores only interleavings with at most `most` preemptions. A preemption takes the
    /// processor from a thread that could continue. Use this bound for a scene with too many
    /// interleavings: in practice [most bugs](crate::explorer#executions-and-interleavings)
    /// need no more than two preemptions. The verdict names the bound, and the proof covers
    /// only these interleavings.
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

    /// Stops the exploration after this number of executions, so that the check fails.
    pub fn max_executions(mut self, executions: u64) -> Self {
        self.options.max_executions = Some(executions);
        self
    }

    /// Stops the exploration after this time, so that the check fails.
    pub fn max_time(mut self, time: Duration) -> Self {
        self.options.max_time = Some(time);
        self
    }

    /// Sets the time limit after which a scene counts as blocked for ever. In the model build,
    /// the limit is for the time without a step. In the std build, it is for each play. The
    /// default is eight seconds.
    pub fn step_timeout(mut self, step_timeout: Duration) -> Self {
        self.options.step_timeout = step_timeout;
        self
    }

    /// Sets the stack size of each of the scene's threads in the model build, in bytes. The
    /// default is 2 MiB. The std build ignores it: there `std::thread` chooses the size.
    ///
    /// A thread that overflows its stack stops the exploration on Linux with an x86-64
    /// processor, with a message that names the thread. Elsewhere it ends the process. Large
    /// stacks cost little, since a page takes memory only once a thread has used it.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.options.stack_size = bytes;
        self
    }

    /// Sets how often the std build plays the scene with real threads. The default is 100. Use
    /// 0 for a scene with a data race, which is undefined behaviour with real threads.
    pub fn plays(mut self, plays: u32) -> Self {
        self.plays = plays;
        self
    }

    /// Proves the scene in the model build, and plays it in the std build. Prints the result.
    ///
    /// # Panics
    /// In the model build, if the scene is not proved: the message has the reasons, the table
    /// of outcomes, and the story of each forbidden outcome. In the std build, if a forbidden
    /// outcome turns up. The message is printed to standard error, and the panic carries it.
    /// No panic hook runs, since a backtrace would show only how racecourse was called.
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

    /// Explores every interleaving and returns everything that was found, for a verdict of
    /// your own. [`must_occur`](Self::must_occur) has no effect here.
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
        let mut options = self.options;
        options.allowed.clone_from(&self.allowed);
        let mut found = explore(options, Arc::new(move || grade(&scene())))?;
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

    /// The table of outcomes. If the scene is not proved, an error with reasons and stories.
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

    /// How often each outcome turned up. If one is forbidden, an error.
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
        let ended = watch(options.step_timeout, None, move || {
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
                    format!(
                        "a deadlock or livelock: no end for {:?}",
                        options.step_timeout
                    ),
                )
            });
            // From outside, the two cannot be told apart. If one is allowed, it is that.
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
