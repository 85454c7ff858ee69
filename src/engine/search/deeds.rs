//! What threads did next that knew just that. A thread that knows the same does the
//! same, unless it knows something that the model does not.

use crate::engine::hash::Hashed;
use crate::engine::ids::At;

/// What a thread does next: a name for it, and the line, unless it ends.
pub(crate) type Deed = (u64, Option<At>);

/// How many deeds to keep in mind.
const MOST: usize = 4_000;

#[derive(Default)]
pub(crate) struct Deeds {
    /// A part of each deed's name, and the place of its line: a larger map is slower.
    known: Hashed<u64, (u32, u32)>,
    lines: Vec<Option<At>>,
}

impl Deeds {
    /// Whether no more of them are kept in mind.
    pub(crate) fn is_full(&self) -> bool {
        self.lines.len() >= MOST
    }

    /// A thread that knew that has done this. What else one did that knew the same.
    pub(crate) fn does(&mut self, knew: u64, (what, at): Deed) -> Option<Deed> {
        let what = what as u32;
        let new = self.lines.len() as u32;
        let (before, line) = *self.known.entry(knew).or_insert((what, new));
        if line == new {
            self.lines.push(at);
        }
        (before != what).then(|| (before.into(), self.lines[line as usize]))
    }
}
