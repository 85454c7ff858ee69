//! The result of an exploration, as data. This module knows no engine, no lesson and no
//! drawing. The feature `serde` makes most types serializable.

mod story;

pub use story::{Act, Because, Kind, Lane, Promise, Step, Story, Switch};

use std::fmt;
use std::time::Duration;

#[doc = include_str!("memory.md")]
#[doc = include_str!("litmus.md")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Memory {
    /// Sequential consistency: every load reads the newest store.
    Sc,
    /// The model of C++20 and Rust, except for the outcomes listed above.
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

#[doc = include_str!("budget.md")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Budget {
    /// Whether `notify_one` wakes any waiting thread. If `false`, it wakes the thread that
    /// has waited longest.
    pub any_waiter: bool,
    /// How many waits (of a condition variable, or of `park`) end although no thread
    /// notified them.
    pub spurious_wake_ups: usize,
    /// How many timed waits time out although other threads are enabled. Every other timed
    /// wait times out only when no thread is enabled.
    pub early_timeouts: usize,
    /// How many `compare_exchange_weak` fail although the value is the expected one.
    pub weak_failures: usize,
    /// How many processes die: see [`may_die`](crate::sync::may_die).
    pub deaths: usize,
    /// How many iterations of a loop are explored that may never end although its
    /// iterations differ. The module [`explorer`](crate::explorer#loops) explains such loops.
    pub iterations: usize,
}

impl Budget {
    /// The default of [`Budget::iterations`].
    pub const ITERATIONS: usize = 4;

    /// Allows none of these events: threads only run in any order.
    pub const NONE: Self = Self {
        any_waiter: false,
        spurious_wake_ups: 0,
        early_timeouts: 0,
        weak_failures: 0,
        deaths: 0,
        iterations: Self::ITERATIONS,
    };
}

impl Default for Budget {
    /// Any waiter, one spurious wake-up, one early timeout. Weak failures are left out because
    /// they need too many executions, and deaths because only processes die.
    fn default() -> Self {
        Self {
            any_waiter: true,
            spurious_wake_ups: 1,
            early_timeouts: 1,
            ..Self::NONE
        }
    }
}

/// `any waiter, up to 1 spurious wake-up, no early timeouts, weak failures or deaths`. The
/// text names the events that are not allowed, too.
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

/// How a scene judges an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Grade {
    /// The outcome that the code promises.
    Promised,
    /// Not the hoped-for outcome, but no broken promise.
    Allowed,
    /// A bug.
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

/// The outcome of one execution of a scene, with its grade.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Judged {
    /// A short name, which is also the row's name in the outcome table. Executions with the
    /// same name count as one outcome.
    pub outcome: String,
    /// Whether the outcome is a bug.
    pub grade: Grade,
    /// A sentence that explains the outcome.
    pub meaning: String,
}

impl Judged {
    /// An outcome that the code promises.
    pub fn promised(outcome: impl Into<String>, meaning: impl Into<String>) -> Self {
        Self::new(Grade::Promised, outcome, meaning)
    }

    /// An outcome that breaks no promise.
    pub fn allowed(outcome: impl Into<String>, meaning: impl Into<String>) -> Self {
        Self::new(Grade::Allowed, outcome, meaning)
    }

    /// An outcome that is a bug.
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

/// The result of exploring one scene.
#[derive(Debug, Clone)]
pub struct Exploration {
    /// The memory model.
    pub memory: Memory,
    /// The rare events that were allowed.
    pub budget: Budget,
    /// Why the exploration stopped early; `None` if it did not.
    pub stopped: Option<String>,
    /// The set of interleavings that was explored without gaps.
    pub proved: Proved,
    /// Loops of which only some iterations were explored.
    pub bounded: Vec<BoundedLoop>,
    /// The number of executions.
    pub executions: u64,
    /// The number of different interleavings among the executions. Executions that differ
    /// only in the order of independent steps are one interleaving (a Mazurkiewicz trace).
    pub different: u64,
    /// The wall-clock time of the exploration.
    pub took: Duration,
    /// Every outcome, sorted by grade (promised first, forbidden last) and then by name.
    pub outcomes: Vec<Outcome>,
}

/// A set of interleavings that was explored without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Proved {
    /// No such set is known.
    Nothing,
    /// Every interleaving with at most this number of preemptions. A preemption takes the
    /// processor from a thread that could continue.
    Preemptions(usize),
    /// Every interleaving.
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

/// A loop of which only some iterations were explored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BoundedLoop {
    /// The source file, as the compiler names it.
    pub file: String,
    /// The line in that file, from 1.
    pub line: u32,
    /// The number of iterations that were explored.
    pub iterations: usize,
}

impl Exploration {
    /// Whether every interleaving was run, within the budget and the bounds of the
    /// [`bounded`](Self::bounded) loops.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stopped.is_none() && self.proved == Proved::All
    }

    /// Whether only some iterations of a loop were explored.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        !self.bounded.is_empty()
    }

    /// `COMPLETE: 162 different interleavings, 232 executions, SC (any waiter, no …)`,
    /// `COMPLETE up to 2 preemptions: …`, `COMPLETE, loop at src/lib.rs:12 up to 4 iterations: …`,
    /// `STOPPED after 100000 executions: proved for up to 2 preemptions` or
    /// `STOPPED after 100000 executions: not a proof`. The module
    /// [`explorer`](crate::explorer) explains each of these lines.
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

    /// `, loops at a.rs:1, b.rs:2 up to 4 iterations`; nothing if no loop is bounded.
    fn bounds(&self) -> String {
        let Some(first) = self.bounded.first() else {
            return String::new();
        };
        let places = self.bounded.iter();
        let places: Vec<_> = places
            .map(|at| format!("{}:{}", at.file, at.line))
            .collect();
        let plural = if places.len() == 1 { "" } else { "s" };
        let iterations = count(first.iterations as u64, "iteration");
        format!(", loop{plural} at {} up to {iterations}", places.join(", "))
    }

    /// The forbidden outcomes.
    pub fn forbidden(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes
            .iter()
            .filter(|outcome| outcome.grade == Grade::Forbidden)
    }

    /// The forbidden outcome with the simplest story.
    #[must_use]
    pub fn simplest_forbidden(&self) -> Option<&Outcome> {
        self.forbidden().min_by_key(|outcome| outcome.story.cost())
    }

    /// The outcomes of `must_occur` that were not found. Empty if the exploration stopped
    /// early, since they could still have been found.
    #[must_use]
    pub fn missing<'a>(&self, must_occur: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let must_occur = must_occur.into_iter();
        must_occur
            .filter(|outcome| self.stopped.is_none() && self.outcome(outcome).is_none())
            .collect()
    }

    /// Why the scene is not proved, one line for each reason: the exploration stopped early,
    /// an outcome is forbidden, or an outcome that must occur was not found. If there is no
    /// line, the scene is proved (up to the bound on preemptions, if there is one).
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

    /// The outcome with this name.
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

/// One outcome of a scene, with its story.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Outcome {
    /// A short name: see [`Judged::outcome`].
    pub outcome: String,
    /// Whether the outcome is a bug.
    pub grade: Grade,
    /// A sentence that explains the outcome.
    pub meaning: String,
    /// How many different interleavings have this outcome.
    pub different: u64,
    /// How many executions have this outcome.
    pub executions: u64,
    /// The simplest interleaving with this outcome.
    pub story: Story,
}

#[cfg(test)]
mod tests;
