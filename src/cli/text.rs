//! Headings and paragraphs.

use crate::draw::Drawing;
use crate::draw::layout::{Block, Piece, Tone};
use crate::lessons::Lesson;
use crate::programs::Stop;
use std::io::Write;

pub(super) fn heading(out: &mut dyn Write, lesson: &Lesson) -> Result<(), Stop> {
    let style = Tone::Heading.style();
    Ok(writeln!(
        out,
        "{style}{}{style:#}: {}",
        lesson.name, lesson.title
    )?)
}

/// Text wrapped to the width of a drawing.
pub(super) fn paragraph(text: &str) -> String {
    let text = Block::Text(vec![Piece::new(Tone::Plain, text)]);
    Drawing { blocks: vec![text] }.coloured(crate::draw::WIDTH)
}
