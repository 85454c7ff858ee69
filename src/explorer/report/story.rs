//! A story, as data.

/// The simplest interleaving with some outcome: the fewest stale reads, among those the
/// fewest preemptions, and among those the fewest switches between threads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Story {
    /// The threads' names, in the order of the columns.
    pub threads: Vec<String>,
    /// The names of the shared objects whose values each step shows.
    pub watched: Vec<String>,
    /// The steps, in the order of execution.
    pub steps: Vec<Step>,
    /// Lines about the end: which thread waits for which, and which accesses raced.
    pub epilogue: Vec<String>,
    /// How often the processor was taken from a thread that could continue.
    pub preemptions: usize,
    /// How many loads read an older store although a newer one was there.
    pub stale_reads: usize,
    /// Whether no interleaving with this outcome is simpler, within the bounds that the
    /// verdict names. If `false`, a simpler story may exist: the exploration stopped early,
    /// or an interleaving has too many orders to compare them all.
    pub minimal: bool,
}

/// One step of one thread.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Step {
    /// The index of the thread in [`Story::threads`].
    pub thread: usize,
    /// The operation and its value, or the narration.
    pub what: String,
    /// Whether the text comes from [`narrate!`](crate::narrate) and is not an operation.
    pub narration: bool,
    /// The source file, as the compiler names it.
    pub file: String,
    /// The line in that file, from 1.
    pub line: u32,
    /// The values of the watched objects after the step, one for each name in
    /// [`Story::watched`].
    pub state: Vec<String>,
    /// The switch to another thread after this step, if there is one.
    pub switch: Option<Switch>,
}

/// Another thread runs from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Switch {
    /// Whether the previous thread could have continued.
    pub preempted: bool,
    /// The reason: `preempted`, ``waits for `tickets`, held by clerk-2 since line 31``,
    /// `ended`.
    pub why: String,
}
