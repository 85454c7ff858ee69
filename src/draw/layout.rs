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
    /// An empty line.
    Gap,
}

/// Some text, said in one tone.
#[derive(Debug, Clone)]
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

/// How some text is meant; a medium may give each a colour, but must be readable
/// without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// An operation, a number: nothing particular.
    Plain,
    /// What stands above.
    Heading,
    /// Frame and background.
    Quiet,
    /// What the lesson says in its own words.
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

/// What happens at one moment.
#[derive(Debug, Clone)]
pub struct Row {
    /// What each thread is about.
    pub lanes: Vec<Lane>,
    /// Which thread it concerns.
    pub thread: usize,
    /// What happens.
    pub event: Event,
}

/// What a thread is about at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// It has the processor.
    Runs,
    /// It could go on if it had.
    Ready,
    /// It waits for something.
    Waits,
    /// It has ended.
    Gone,
}

/// What happens at one moment.
#[derive(Debug, Clone)]
pub enum Event {
    /// The thread does or says something.
    Step {
        /// Where in the source.
        place: String,
        /// What it does or says.
        what: Piece,
        /// The shared things that have changed: one for each of [`Lanes::watched`].
        state: Vec<Option<String>>,
    },
    /// The thread gives up the processor, or has it taken away.
    Switch {
        /// Why.
        why: String,
        /// Whether it was taken from a thread that could have gone on.
        preempted: bool,
        /// What it is about from now on.
        then: Lane,
        /// Who goes on.
        to: Option<usize>,
    },
    /// All threads that have not ended wait, and none can wake another.
    Stuck,
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
