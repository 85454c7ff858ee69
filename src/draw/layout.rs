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

/// What some text is: a medium may give each tone a colour, but must be readable without.
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
    /// What each thread is doing.
    pub lanes: Vec<Lane>,
    /// The thread that it is about.
    pub thread: usize,
    /// What happens.
    pub event: Event,
}

/// What a thread is doing at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// It runs.
    Runs,
    /// It could run.
    Ready,
    /// It waits.
    Waits,
    /// It has not begun, or has ended.
    Gone,
}

/// What happens at one moment.
#[derive(Debug, Clone)]
pub enum Event {
    /// Nothing yet: the values of the shared objects, one for each of [`Lanes::watched`].
    Start(Vec<String>),
    /// The thread does or says something.
    Step {
        /// Where in the source.
        place: String,
        /// What it does or says.
        what: Piece,
        /// The shared objects that have changed: one for each of [`Lanes::watched`].
        state: Vec<Option<String>>,
        /// Whether it is the decisive step.
        decisive: bool,
    },
    /// Steps that are left out.
    Folded(String),
    /// Another thread runs, or the thread can run no more.
    Switch {
        /// Why.
        why: String,
        /// Whether the thread could have gone on.
        preempted: bool,
        /// What the thread is doing from now on.
        then: Lane,
        /// The thread that runs next.
        to: Option<usize>,
    },
    /// No thread can run any more, and those that have not ended wait.
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
