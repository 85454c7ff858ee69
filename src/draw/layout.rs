//! What a drawing is made of: parts and their meaning, no widths, no colours.

/// A drawing: blocks, one below the other.
#[derive(Debug, Clone, Default)]
pub struct Drawing {
    /// From top to bottom.
    pub blocks: Vec<Block>,
}

/// A part of a drawing.
#[derive(Debug, Clone)]
pub enum Block {
    /// Text that flows, broken where it must be.
    Text(Vec<Piece>),
    /// Columns of cells.
    Table(Table),
    /// Threads side by side, time downward.
    Lanes(Lanes),
    /// A word, and beside it lines about it.
    Labelled(&'static str, Vec<Piece>),
    /// An empty line.
    Gap,
}

/// Some text, said in one tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text: no control characters.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
}

impl Piece {
    /// `text` in that tone; control characters are shown, not obeyed.
    #[must_use]
    pub fn new(tone: Tone, text: impl AsRef<str>) -> Self {
        Self {
            text: shown(text.as_ref()),
            tone,
        }
    }
}

/// The meaning of some text. A medium may give each tone a colour, but the text must be
/// readable without colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// An operation or a number.
    Plain,
    /// A heading.
    Heading,
    /// A frame, or text in the background.
    Quiet,
    /// Words from [`narrate!`](crate::narrate).
    Spoken,
    /// Shared state that has changed.
    State,
    /// As promised.
    Good,
    /// Worth a look.
    Warning,
    /// What must never be.
    Bad,
}

/// Columns of cells under headings.
#[derive(Debug, Clone)]
pub struct Table {
    /// From left to right.
    pub columns: Vec<Column>,
    /// From top to bottom; each has a cell for every column.
    pub rows: Vec<Vec<Piece>>,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// What stands above it.
    pub heading: &'static str,
    /// Numbers stand to the right and are never broken.
    pub numbers: bool,
}

/// Threads side by side, time downward.
#[derive(Debug, Clone)]
pub struct Lanes {
    /// The threads' names.
    pub threads: Vec<String>,
    /// Names of the shared things shown beside them.
    pub watched: Vec<String>,
    /// In order of time.
    pub rows: Vec<Row>,
}

/// One moment.
#[derive(Debug, Clone)]
pub struct Row {
    /// The state of each thread.
    pub lanes: Vec<Lane>,
    /// The index in [`Lanes::threads`] of the thread of the event.
    pub thread: usize,
    /// The event at this moment.
    pub event: Event,
}

/// The state of a thread at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The thread has the processor.
    Runs,
    /// The thread is enabled, but another one has the processor.
    Enabled,
    /// The thread is blocked.
    Waits,
    /// The thread has not started, or has ended.
    Gone,
}

/// An event of one thread.
#[derive(Debug, Clone)]
pub enum Event {
    /// The beginning, with the value of each of [`Lanes::watched`].
    Start(Vec<String>),
    /// An operation or a narration.
    Step {
        /// The place in the source.
        place: String,
        /// The text of the operation or the narration.
        what: Piece,
        /// One entry for each of [`Lanes::watched`]: the new value if the step changed it.
        state: Vec<Option<String>>,
        /// Whether it is the decisive step.
        decisive: bool,
    },
    /// Steps that are left out.
    Folded(String),
    /// The thread gives up the processor, or loses it.
    Switch {
        /// The reason.
        why: String,
        /// Whether the thread could have continued.
        preempted: bool,
        /// The state of the thread from now on.
        then: Lane,
        /// The thread that runs next, if one can.
        to: Option<usize>,
    },
    /// Every thread that has not ended is blocked, and none can wake another.
    Deadlock,
}

/// `text` with its control characters shown, so that no name can break the
/// picture, or steer the terminal.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}
