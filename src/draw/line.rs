//! A line of the screen, and what fits into it.

use super::layout::Tone;
use anstyle::Style;
use unicode_width::UnicodeWidthChar;

/// The width of a drawing, if nothing else is said: that of the narrowest terminals.
pub const WIDTH: usize = 80;

/// A line of the screen, cell by cell.
#[derive(Default)]
pub(super) struct Line {
    /// What stands in each cell; nothing in the second cell of a wide letter.
    cells: Vec<(String, Tone)>,
}

impl Line {
    /// Puts `text` at `at`, over what was there.
    pub(super) fn put(&mut self, at: usize, tone: Tone, text: &str) {
        let mut at = at;
        for letter in text.chars() {
            match width_of(letter) {
                // An accent belongs to the letter before it.
                0 => match at
                    .checked_sub(1)
                    .and_then(|before| self.cells.get_mut(before))
                {
                    Some((cell, _)) => cell.push(letter),
                    None => continue,
                },
                width => {
                    let blank = (" ".to_owned(), Tone::Plain);
                    if self.cells.len() < at + width {
                        self.cells.resize(at + width, blank);
                    }
                    self.cells[at] = (letter.into(), tone);
                    for cell in &mut self.cells[at + 1..at + width] {
                        *cell = (String::new(), tone);
                    }
                    at += width;
                }
            }
        }
    }

    pub(super) fn write(&self, style: &impl Fn(Tone) -> Style, text: &mut String) {
        use std::fmt::Write as _;
        let end = self.cells.iter().rposition(|(cell, _)| cell != " ");
        let cells = &self.cells[..end.map_or(0, |end| end + 1)];
        for run in cells.chunk_by(|(_, one), (_, other)| one == other) {
            let style = style(run[0].1);
            let run: String = run.iter().map(|(cell, _)| cell.as_str()).collect();
            let _ = write!(text, "{style}{run}{style:#}");
        }
    }
}

/// How many cells `text` takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

fn width_of(letter: char) -> usize {
    letter.width().unwrap_or(0)
}

/// Breaks `text` into lines of at most `room` cells: between words, and inside a
/// word only where it alone is too long.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && width(line) + 1 + width(word) <= room {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(String::new());
        }
        let mut rest = word;
        while width(rest) > room {
            let (head, tail) = rest.split_at(cut(rest, room));
            let line = lines.last_mut().expect("there is always a line");
            line.push_str(head);
            lines.push(String::new());
            rest = tail;
        }
        let line = lines.last_mut().expect("there is always a line");
        line.push_str(rest);
    }
    lines
}

/// Where to cut a word that is wider than `room`: behind a mark that separates
/// its parts, or else where the room ends; at least one letter.
fn cut(word: &str, room: usize) -> usize {
    let mut wide = 0;
    let mut behind_mark = 0;
    for (at, letter) in word.char_indices() {
        wide += width_of(letter);
        if wide > room && at > 0 {
            return if behind_mark > 0 { behind_mark } else { at };
        }
        if matches!(letter, '_' | '-' | ':' | '/' | '.' | ',') {
            behind_mark = at + letter.len_utf8();
        }
    }
    word.len()
}

/// A column's width, and how narrow it may become.
pub(super) struct Width<'a> {
    pub(super) width: &'a mut usize,
    pub(super) least: usize,
}

/// Takes cells from the widest columns until all fit into `room`, or none may
/// become narrower.
pub(super) fn shrink(mut widths: Vec<Width>, room: usize) {
    while widths.iter().map(|column| *column.width).sum::<usize>() > room {
        let shrinkable = widths
            .iter_mut()
            .filter(|column| *column.width > column.least);
        let Some(widest) = shrinkable.max_by_key(|column| *column.width) else {
            return;
        };
        *widest.width -= 1;
    }
}
