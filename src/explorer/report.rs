//! What an exploration found, as data: no engine, no lesson, no drawing. With the
//! feature `serde` it can be serialized.

mod story;

pub use story::{Act, Because, Kind, Lane, Promise, Step, Story, Switch};

use std::fmt;
use std::time::Duration;

/// The memory model that an exploration runs under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Memory {
    /// Sequential consistency: every load reads the newest store, every atomic
    /// operation is `SeqCst`.
    Sc,
    /// C++20's, which is Rust's, as far as executions in order go: a load may read
    /// an older store wherever its ordering and the happens-before relation let it.
    C11,
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Memory::Sc => "SC",
            Memory::C11 => "C11",
        })
    }
}

/// What real threads may do beside running in any order, and how often at most in
/// one execution. The default is what std allows its threads; less of it needs fewer
/// executions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Budget {
    /// `notify_one` wakes any waiter. Otherwise: the one that has waited longest.
    pub any_waiter: bool,
    /// So many waits (on a condition variable, or parked) end although nobody has
    /// notified them.
    pub spurious_wake_ups: usize,
    /// So many timed waits time out although others can still run. All others time
    /// out late: when nothing else can run.
    pub early_timeouts: usize,
    /// So many `compare_exchange_weak` fail although the value was the expected one.
    pub weak_failures: usize,
    /// So many processes die: see [`may_die`](crate::sync::may_die).
    pub deaths: usize,
    /// Loops whose iterations differ without end are explored up to so many iterations.
    pub rounds: usize,
}

impl Budget {
    /// How many iterations of an endless loop are explored by default.
    pub const ROUNDS: usize = 4;

    /// Nothing but running in any order.
    pub const NONE: Self = Self {
        any_waiter: false,
        spurious_wake_ups: 0,
        early_timeouts: 0,
        weak_failures: 0,
        deaths: 0,
        rounds: Self::ROUNDS,
    };
}

impl Default for Budget {
    /// What std allows: any waiter, one spurious wake-up, one early timeout. Weak
    /// failures cost too much for a default, and only processes die.
    fn default() -> Self {
        Self {
            any_waiter: true,
            spurious_wake_ups: 1,
            early_timeouts: 1,
            ..Self::NONE
        }
    }
}

/// `any waiter, up to 1 spurious wake-up, no early timeouts, weak failures or deaths`:
/// whatever is not allowed is named too.
impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.any_waiter {
            true => "any waiter",
            false => "oldest waiter first",
        })?;
        let (none, some): (Vec<_>, Vec<_>) = [
            (self.spurious_wake_ups, "spurious wake-up"),
            (self.early_timeouts, "early timeout"),
            (self.weak_failures, "weak failure"),
            (self.deaths, "death"),
        ]
        .into_iter()
        .partition(|&(many, _)| many == 0);
        for (place, &(many, what)) in some.iter().enumerate() {
            let up_to = if place == 0 { "up to " } else { "" };
            write!(f, ", {up_to}{}", count(many as u64, what))?;
        }
        for (place, (_, what)) in none.iter().enumerate() {
            let before = match place {
                0 => ", no ",
                _ if place + 1 == none.len() => " or ",
                _ => ", ",
            };
            write!(f, "{before}{what}s")?;
        }
        Ok(())
    }
}

/// What an outcome means to the lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Grade {
    /// What the lesson promises.
    Promised,
    /// Not what one would hope for, but within the promise.
    Allowed,
    /// What must never be.
    Forbidden,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Grade::Promised => "promised",
            Grade::Allowed => "allowed",
            Grade::Forbidden => "FORBIDDEN",
        })
    }
}

/// What one run of a scene came to, judged beside the code.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Judged {
    /// What happened, short: the row's name in the outcome table.
    pub outcome: String,
    /// What it means to the lesson.
    pub grade: Grade,
    /// The same in words.
    pub meaning: String,
}

impl Judged {
    /// An outcome as promised.
    pub fn promised(outcome: impl Into<String>, meaning: impl Into<String>) -> Self {
        Self::new(Grade::Promised, outcome, meaning)
    }

    /// An outcome within the promise.
    pub fn allowed(outcome: impl Into<String>, meaning: impl Into<String>) -> Self {
        Self::new(Grade::Allowed, outcome, meaning)
    }

    /// An outcome that must never be.
    pub fn forbidden(outcome: impl Into<String>, meaning: impl Into<String>) -> Self {
        Self::new(Grade::Forbidden, outcome, meaning)
    }

    fn new(grade: Grade, outcome: impl Into<String>, meaning: impl Into<String>) -> Self {
        Self {
            outcome: outcome.into(),
            grade,
            meaning: meaning.into(),
        }
    }
}

/// All that an exploration of one scene found.
#[derive(Debug, Clone)]
pub struct Exploration {
    /// The memory model it ran under.
    pub memory: Memory,
    /// What else the threads were allowed to do.
    pub budget: Budget,
    /// Why it stopped before the end, if it did.
    pub stopped: Option<String>,
    /// Which interleavings were all explored.
    pub proved: Proved,
    /// Loops that were explored only up to some number of iterations.
    pub bounded: Vec<BoundedLoop>,
    /// How many executions were run.
    pub executions: u64,
    /// How many different interleavings were among them: executions that differ
    /// only in the order of independent steps are one (a Mazurkiewicz trace).
    pub different: u64,
    /// How long it took.
    pub took: Duration,
    /// Every outcome: the promised first, the forbidden last, each grade by name.
    pub outcomes: Vec<Outcome>,
}

/// Which interleavings were all explored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Proved {
    /// Nothing is proved.
    Nothing,
    /// All with at most so many preemptions. A preemption takes the processor from a thread
    /// that could have gone on.
    Preemptions(usize),
    /// All.
    All,
}

impl Proved {
    /// ` up to 2 preemptions`; nothing if that is no bound.
    pub(crate) fn bound(self) -> String {
        match self {
            Self::Preemptions(most) => format!(" up to {}", count(most as u64, "preemption")),
            Self::Nothing | Self::All => String::new(),
        }
    }
}

/// A loop that was explored only up to some number of iterations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BoundedLoop {
    /// The source file, as the compiler names it.
    pub file: String,
    /// The line in that file, from 1.
    pub line: u32,
    /// Up to how many iterations.
    pub rounds: usize,
}

impl Exploration {
    /// Whether every interleaving was seen, within the bounds of the scene, the budget
    /// and the [`bounded`](Self::bounded) loops.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stopped.is_none() && self.proved == Proved::All
    }

    /// Whether a loop was explored only up to some number of iterations.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        !self.bounded.is_empty()
    }

    /// `COMPLETE: 162 different interleavings, 232 executions, SC (any waiter, no …)`,
    /// `COMPLETE up to 2 preemptions: …`, `COMPLETE, loop at src/lib.rs:12 up to 4 rounds: …`,
    /// `STOPPED after 100000 executions: proved for up to 2 preemptions` or
    /// `STOPPED after 100000 executions: not a proof`.
    #[must_use]
    pub fn verdict(&self) -> String {
        let Some(why) = &self.stopped else {
            return format!(
                "COMPLETE{}{}: {}, {}, {} ({})",
                self.proved.bound(),
                self.bounds(),
                count(self.different, "different interleaving"),
                count(self.executions, "execution"),
                self.memory,
                self.budget
            );
        };
        match self.proved {
            Proved::Preemptions(_) if self.forbidden().next().is_some() => {
                format!("STOPPED {why}: explored{}", self.proved.bound())
            }
            Proved::Preemptions(_) => format!("STOPPED {why}: proved for{}", self.proved.bound()),
            Proved::Nothing | Proved::All => format!("STOPPED {why}: not a proof"),
        }
    }

    /// `, loops at a.rs:1, b.rs:2 up to 4 rounds`; nothing if no loop is bounded.
    fn bounds(&self) -> String {
        let Some(first) = self.bounded.first() else {
            return String::new();
        };
        let places = self.bounded.iter();
        let places: Vec<_> = places
            .map(|at| format!("{}:{}", at.file, at.line))
            .collect();
        let plural = if places.len() == 1 { "" } else { "s" };
        let rounds = count(first.rounds as u64, "round");
        format!(", loop{plural} at {} up to {rounds}", places.join(", "))
    }

    /// The outcomes that must never be.
    pub fn forbidden(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes
            .iter()
            .filter(|outcome| outcome.grade == Grade::Forbidden)
    }

    /// Those of the outcomes that must occur which did not: known only of an
    /// exploration that went to its end.
    #[must_use]
    pub fn missing<'a>(&self, must_occur: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let must_occur = must_occur.into_iter();
        must_occur
            .filter(|outcome| self.stopped.is_none() && self.outcome(outcome).is_none())
            .collect()
    }

    /// What is not as it should be, a line each: it has stopped, has a forbidden
    /// outcome, or one that must occur did not. If there is nothing, the scene is
    /// proved (with a bound on preemptions: within it).
    #[must_use]
    pub fn complaints<'a>(&self, must_occur: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let mut complaints = Vec::new();
        if self.stopped.is_some() {
            complaints.push(self.verdict());
        }
        for outcome in self.forbidden() {
            complaints.push(format!("{}: {}", outcome.grade, outcome.outcome));
        }
        if self.stopped.is_none() && self.outcomes.is_empty() {
            complaints.push("came to nothing at all".to_owned());
        }
        for missing in self.missing(must_occur) {
            let within = match self.proved {
                Proved::Preemptions(_) => " within the bound on preemptions",
                _ => "",
            };
            complaints.push(format!("`{missing}` must occur, and did not{within}"));
        }
        complaints
    }

    /// The outcome of that name.
    #[must_use]
    pub fn outcome(&self, name: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.outcome == name)
    }
}

/// `1 execution`, `2 executions`.
pub(crate) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// One outcome of a scene: a row of the table, and its story.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Outcome {
    /// What happened.
    pub outcome: String,
    /// What it means to the lesson.
    pub grade: Grade,
    /// The same in words.
    pub meaning: String,
    /// In how many different interleavings.
    pub different: u64,
    /// In how many executions.
    pub executions: u64,
    /// How it comes about, at its simplest.
    pub story: Story,
}

#[cfg(test)]
mod tests;
