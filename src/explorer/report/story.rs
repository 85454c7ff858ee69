//! A story, as data.

/// One interleaving that leads to an outcome, and why it does. No interleaving of the same
/// outcome has fewer stale reads, or as many and fewer preemptions, if the story is
/// [`minimal`](Self::minimal).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Story {
    /// The threads' names, in the order of the columns. What the scene itself does before
    /// and after its actors has a column of its own, the first: `scene`.
    pub threads: Vec<String>,
    /// Names of the shared objects whose value each step shows.
    pub watched: Vec<String>,
    /// Their values before the first step.
    pub initially: Vec<String>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// For a forbidden outcome: the outcomes of the same scene that are promised.
    pub promised: Vec<Promise>,
    /// The first step after which no interleaving ends as promised, by its place in `steps`.
    /// An interleaving that repeats the whole story, and then ends well because a waiting
    /// thread wakes up spuriously or times out, does not count. `None`: the step is not known,
    /// or there is none.
    pub decisive: Option<usize>,
    /// The immediate cause of a failure, line by line: what each thread waits for, or which
    /// accesses race.
    pub epilogue: Vec<String>,
    /// Why the decisive step decides.
    pub because: Option<Because>,
    /// Whether no interleaving of the scene ends as promised: then the mistake is not the
    /// order of steps.
    pub always: bool,
    /// The number of preemptions: of steps after which another thread runs although the
    /// thread could have gone on.
    pub preemptions: usize,
    /// The number of loads that read an older store although a newer one was there.
    pub stale_reads: usize,
    /// `true`: no interleaving with this outcome has fewer stale reads, or as many and fewer
    /// preemptions, within the bounds that the verdict names. `false`: there may be a
    /// simpler story, since the exploration stopped, or some interleavings have too many
    /// orders to look at them all.
    pub minimal: bool,
}

impl Story {
    /// A story with a lower cost is simpler: it has fewer stale reads, or as many and fewer
    /// preemptions, or as many of both and fewer steps.
    #[must_use]
    pub fn cost(&self) -> (usize, usize, usize) {
        (self.stale_reads, self.preemptions, self.steps.len())
    }

    /// Outcomes that must occur are promised, even if no interleaving has them.
    pub fn promise(&mut self, must_occur: &[&str]) {
        for &name in must_occur {
            if self.promised.iter().all(|it| it.outcome != name) {
                self.promised.push(Promise {
                    outcome: name.to_owned(),
                    meaning: String::new(),
                });
            }
        }
    }
}

/// An outcome that is promised.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Promise {
    /// Its name.
    pub outcome: String,
    /// What it means.
    pub meaning: String,
}

/// One step of one thread.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Step {
    /// The thread, by its place in [`Story::threads`].
    pub thread: usize,
    /// The operation and its value, or the narration.
    pub what: String,
    /// What kind of step it is.
    pub kind: Kind,
    /// The name of the object that it uses, if it uses one.
    pub object: Option<String>,
    /// The source file, as the compiler names it.
    pub file: String,
    /// The line in that file, from 1.
    pub line: u32,
    /// The watched values after the step, one for each name in [`Story::watched`].
    pub state: Vec<String>,
    /// What each of the story's threads is doing after the step.
    pub lanes: Vec<Lane>,
    /// Why another thread runs after this step, if one does.
    pub switch: Option<Switch>,
}

/// What kind of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Kind {
    /// An operation on a shared object.
    Operation,
    /// An operation that takes a lock.
    Locks,
    /// An operation that releases a lock.
    Unlocks,
    /// An operation that changes nothing for any other thread of the story.
    Aside,
    /// The lesson's own words: `narrate!`.
    Narration,
    /// A panic.
    Panic,
}

/// What a thread is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Lane {
    /// No thread has started it yet.
    NotStarted,
    /// It runs, or could run.
    Enabled,
    /// It waits.
    Waits,
    /// It has ended.
    Ended,
}

/// The decisive step of a story, and how an interleaving that ends as promised, and is the
/// same up to there, goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Because {
    /// The decisive step.
    pub act: Act,
    /// What another thread does first in that other interleaving.
    pub before: Option<Act>,
    /// What the same thread does instead, if nothing else must come first: a matter of
    /// chance, such as which waiter is woken.
    pub instead: Option<Act>,
    /// The outcome of that other interleaving.
    pub outcome: String,
}

/// What a thread does, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Act {
    /// The thread's name.
    pub thread: String,
    /// The operation and its value.
    pub what: String,
    /// The source file, as the compiler names it.
    pub file: String,
    /// The line in that file, from 1.
    pub line: u32,
    /// What the source says in that line, if it can be read.
    pub source: Option<String>,
}

/// Another thread runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Switch {
    /// Whether the thread before could have gone on.
    pub preempted: bool,
    /// `preempted`, ``waits to lock `tickets`, held by clerk-2 since line 31``, `ended`.
    pub why: String,
}
