//! What is kept to tell whether a scene does the same again, and how it differs.

use std::fmt;

/// How the execution stood when a transition had ended.
pub(super) struct After {
    /// What the interleaving was called by then.
    pub(super) name: u128,
    /// How many records there were.
    pub(super) records: usize,
}

/// The first access of a transition that no execution before has taken.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    /// What its thread knew.
    pub(super) knew: u64,
    /// The record that tells of it, if there is one.
    pub(super) record: usize,
}

/// What the scene did the last time, and what it did instead.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    pub(super) now: String,
    pub(super) before: String,
}

impl Difference {
    pub(crate) fn lines(&self) -> [String; 2] {
        [
            format!("Now: {}", self.now),
            format!("Before: {}", self.before),
        ]
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join(". "))
    }
}
