//! Every state of a scene, as data: what [`graph`](super::graph()) finds.

use super::report::Grade;

/// Every state that a scene can reach, and what each thread can do there. A state is a
/// prefix of an interleaving: prefixes that differ only in the order of independent steps
/// are one state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Graph {
    /// The threads' names, in the order of a story's columns. What the scene does before and
    /// after its actors has a name of its own: `scene`.
    pub threads: Vec<String>,
    /// The objects of which a step shows the value, or whose lock it takes.
    pub objects: Vec<Shared>,
    /// Every different transition: what a thread does up to its next schedule point.
    pub transitions: Vec<Transition>,
    /// The outcomes, sorted by grade and name.
    pub outcomes: Vec<Ending>,
    /// The states. The first is the one in which nothing has been done.
    pub states: Vec<State>,
    /// Whether these are all states. If not, there were more than asked for, or the
    /// exploration stopped; then `states` is empty.
    pub is_whole: bool,
    /// How many executions it took.
    pub executions: u64,
}

/// A shared object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Shared {
    /// Its name.
    pub name: String,
    /// Its first value, if stories show its values.
    pub initially: Option<String>,
}

/// What a thread does from one schedule point to the next.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Transition {
    /// The thread, by its place in [`Graph::threads`].
    pub thread: usize,
    /// Its steps, in order. There may be none that a story tells.
    pub steps: Vec<Told>,
    /// What the thread waits for before, if it has to wait: ``waits to lock `tickets` ``.
    pub waits: Option<String>,
    /// What is decided by chance when a wait begins: that it ends by itself.
    pub chance: Option<String>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Told {
    /// The thread, by its place in [`Graph::threads`]: a thread that is started takes its
    /// first steps at once.
    pub thread: usize,
    /// The operation and its value, or the narration.
    pub what: String,
    /// Whether that is the lesson's own words: `narrate!`.
    pub is_narration: bool,
    /// The source file, as the compiler names it.
    pub file: String,
    /// The line in that file, from 1.
    pub line: u32,
    /// The object whose value it changes, by its place in [`Graph::objects`], and that value.
    pub shows: Option<(usize, String)>,
    /// The lock that it takes (`true`) or releases, by its place in [`Graph::objects`].
    pub lock: Option<(usize, bool)>,
}

/// A state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct State {
    /// What can be done here, by its place in [`Graph::transitions`], and the state that
    /// follows, by its place in [`Graph::states`].
    pub next: Vec<(usize, usize)>,
    /// If the interleaving ends here.
    pub end: Option<End>,
    /// How many different interleavings go through here, for each of [`Graph::outcomes`].
    pub interleavings: Vec<u64>,
}

/// How an interleaving ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct End {
    /// The outcome, by its place in [`Graph::outcomes`].
    pub outcome: usize,
    /// The immediate cause of a failure, line by line.
    pub because: Vec<String>,
}

/// An outcome.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ending {
    /// Whether the outcome is a bug.
    pub grade: Grade,
    /// A short name: see [`Judged::outcome`](super::report::Judged::outcome).
    pub outcome: String,
    /// A sentence that explains the outcome.
    pub meaning: String,
}
