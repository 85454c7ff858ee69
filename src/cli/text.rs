//! Headings and paragraphs.

use crate::draw::layout::{Block, Piece, Tone};
use crate::draw::{Drawing, WIDTH};
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
    Drawing { blocks: vec![text] }.coloured(width())
}

/// How wide to draw: as wide as the terminal, but no line so long that eyes lose it.
pub(super) fn width() -> usize {
    const WIDEST: usize = 120;
    let terminal = terminal_size::terminal_size_of(std::io::stdout());
    terminal.map_or(WIDTH, |(terminal_size::Width(width), _)| {
        usize::from(width).clamp(WIDTH, WIDEST)
    })
}
