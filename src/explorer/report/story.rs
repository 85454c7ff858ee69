//! A story, as data.

/// How an outcome comes about at its simplest: of all interleavings that lead to
/// it, one with the fewest stale reads, then the fewest preemptions, then the fewest
/// changes of the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Story {
    /// The threads' names, in the order of the columns.
    pub threads: Vec<String>,
    /// Names of the shared things whose value each step shows.
    pub watched: Vec<String>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// What there is to say at the end: who waits for whom, what raced.
    pub epilogue: Vec<String>,
    /// How often the processor was taken from a thread that could have gone on.
    pub preemptions: usize,
    /// How many loads read an older store although a newer one was there.
    pub stale_reads: usize,
    /// `true`: no interleaving with this outcome has fewer stale reads, or as many and fewer
    /// preemptions, within the bounds that the verdict names. `false`: there may be a
    /// simpler story, since the exploration stopped, or some interleavings have too many
    /// orders to look at them all.
    pub minimal: bool,
}

/// One step of one thread.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Step {
    /// Which of the story's threads.
    pub thread: usize,
    /// The operation and its value, or the narration.
    pub what: String,
    /// Whether the lesson's own words (`narrate!`) rather than an operation.
    pub narration: bool,
    /// The source file, as the compiler names it.
    pub file: String,
    /// The line in that file, from 1.
    pub line: u32,
    /// The watched things after the step, one for each name in
    /// [`Story::watched`].
    pub state: Vec<String>,
    /// Why the processor changes hands after this step, where it does.
    pub switch: Option<Switch>,
}

/// The processor changes hands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Switch {
    /// Whether it was taken from a thread that could have gone on.
    pub preempted: bool,
    /// `preempted`, ``waits for `tickets`, held by clerk-2 since line 31``, `ended`.
    pub why: String,
}
