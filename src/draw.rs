//! Draws what an exploration found: the table of outcomes, and the story of one.
//!
//! Invariant: sees nothing but data, [`crate::explorer::report`]. A drawing comes
//! about in two steps, so that another medium can share the first: data becomes
//! a [`layout`] that knows what belongs together but no widths, and a layout
//! becomes text.

mod files;
mod lanes;
pub mod layout;
mod line;
mod picture;
mod rows;
mod story;
mod table;
mod text;

pub use layout::Drawing;
pub use line::WIDTH;
pub use picture::picture;
pub use story::{Mistake, SourceLine, mistake, story};
pub use table::outcomes;

use crate::explorer::report::{Exploration, Grade};
use layout::{Block, Piece, Tone};

/// All that an exploration found: the outcomes, the verdict, what was `missing` of
/// that which must occur, and the story of every forbidden outcome, or of every
/// outcome.
#[must_use]
pub fn exploration(found: &Exploration, missing: &[&str], every_story: bool) -> Drawing {
    let mut drawing = outcomes(found);
    for missing in missing {
        let line = format!("✗ `{missing}` must occur, and did not");
        let line = Piece::new(Tone::Bad, line);
        drawing.blocks.push(Block::Text(vec![line]));
    }
    for outcome in &found.outcomes {
        if every_story || outcome.grade == Grade::Forbidden {
            drawing.blocks.push(Block::Gap);
            drawing.blocks.extend(story(outcome).blocks);
        }
    }
    drawing
}
