//! The parts of a drawing and their meaning, without widths and colours.

/// A drawing: blocks, one below the other.
#[derive(Debug, Clone, Default)]
pub struct Drawing {
    /// The blocks from top to bottom.
    pub blocks: Vec<Block>,
}

/// A part of a drawing.
#[derive(Debug, Clone)]
pub enum Block {
    /// Running text, which may be broken into lines.
    Text(Vec<Piece>),
    /// Columns of cells.
    Table(Table),
    /// Threads side by side, time downward.
    Lanes(Lanes),
    /// An empty line.
    Gap,
}

/// Some text in one tone.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The text, without control characters.
    pub text: String,
    /// The meaning of the text, which may become a colour.
    pub tone: Tone,
}

impl Piece {
    /// `text` in that tone. Control characters are escaped.
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
    /// A promised outcome.
    Good,
    /// A warning.
    Warning,
    /// A forbidden outcome.
    Bad,
}

/// Columns of cells under headings.
#[derive(Debug, Clone)]
pub struct Table {
    /// The columns from left to right.
    pub columns: Vec<Column>,
    /// The rows from top to bottom, each with a cell for every column.
    pub rows: Vec<Vec<Piece>>,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The text above the column.
    pub heading: &'static str,
    /// Whether the column has numbers, which are right-aligned and never broken.
    pub numbers: bool,
}

/// Threads side by side, time downward.
#[derive(Debug, Clone)]
pub struct Lanes {
    /// The threads' names.
    pub threads: Vec<String>,
    /// The names of the shared objects whose values are shown next to the threads.
    pub watched: Vec<String>,
    /// The rows in order of time.
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
    Ready,
    /// The thread is blocked.
    Waits,
    /// The thread has ended.
    Gone,
}

/// An event of one thread.
#[derive(Debug, Clone)]
pub enum Event {
    /// An operation or a narration.
    Step {
        /// The place in the source.
        place: String,
        /// The text of the operation or the narration.
        what: Piece,
        /// One entry for each of [`Lanes::watched`]: the new value if the step changed it.
        state: Vec<Option<String>>,
    },
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
    Stuck,
}

/// `text` with its control characters escaped, so that no name can break the picture or
/// control the terminal.
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
