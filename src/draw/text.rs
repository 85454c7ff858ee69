//! From layout to text, plain or coloured.

use super::WIDTH;
use super::layout::{Block, Drawing, Piece, Table, Tone};
use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthChar;

impl Drawing {
    /// As text without colours: a committed story, a snapshot.
    #[must_use]
    pub fn plain(&self) -> String {
        self.text(|_| Style::new())
    }

    /// As text with ANSI colours; for a stream that takes them away where they
    /// are not wanted, such as anstream's.
    #[must_use]
    pub fn coloured(&self) -> String {
        self.text(Tone::style)
    }

    fn text(&self, style: impl Fn(Tone) -> Style) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            let lines = match block {
                Block::Text(pieces) => flow(pieces),
                Block::Table(table) => rows_of(table),
                Block::Lanes(lanes) => super::lanes::lines(lanes),
                Block::Gap => vec![Line::default()],
            };
            for line in lines {
                line.write(&style, &mut text);
                text.push('\n');
            }
        }
        text
    }
}

impl Tone {
    /// The tone's colour on a terminal.
    #[must_use]
    pub fn style(self) -> Style {
        let colour = |colour: AnsiColor| colour.on_default();
        match self {
            Tone::Plain => Style::new(),
            Tone::Heading => Style::new().bold(),
            Tone::Quiet => Style::new().dimmed(),
            Tone::Spoken => colour(AnsiColor::Cyan),
            Tone::State => colour(AnsiColor::Blue).bold(),
            Tone::Good => colour(AnsiColor::Green),
            Tone::Warning => colour(AnsiColor::Yellow).bold(),
            Tone::Bad => colour(AnsiColor::Red).bold(),
        }
    }
}

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

    fn write(&self, style: &impl Fn(Tone) -> Style, text: &mut String) {
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

/// Pieces one after the other, broken between words.
fn flow(pieces: &[Piece]) -> Vec<Line> {
    const INDENT: usize = 2;
    let mut lines = vec![Line::default()];
    let mut at = 0;
    for piece in pieces {
        for word in wrap_words(&piece.text, WIDTH - INDENT) {
            let wide = width(&word);
            let gap = usize::from(at > 0);
            if at + gap + wide > WIDTH && at > 0 {
                lines.push(Line::default());
                at = INDENT;
            } else {
                at += gap;
            }
            let line = lines.last_mut().expect("there is always a line");
            // The blank before a word belongs to it, so that one tone stays one run.
            if gap == 1 && at > INDENT {
                line.put(at - 1, piece.tone, " ");
            }
            line.put(at, piece.tone, &word);
            at += wide;
        }
    }
    lines
}

/// The words of `text`, the over-long ones broken.
fn wrap_words(text: &str, room: usize) -> impl Iterator<Item = String> {
    text.split_whitespace()
        .flat_map(move |word| wrap(word, room))
}

fn rows_of(table: &Table) -> Vec<Line> {
    const GAP: usize = 2;
    let mut widths: Vec<usize> = (0..table.columns.len())
        .map(|column| {
            let cells = table.rows.iter().map(|row| width(&row[column].text));
            cells
                .max()
                .unwrap_or(0)
                .max(width(table.columns[column].heading))
        })
        .collect();
    let gaps = GAP * widths.len().saturating_sub(1);
    let columns = widths.iter_mut().zip(&table.columns);
    let columns = columns.map(|(width, column)| Width {
        least: if column.numbers { *width } else { 10 },
        width,
    });
    shrink(columns.collect(), WIDTH.saturating_sub(gaps));

    let mut lines = Vec::new();
    let mut put = |cells: Vec<(Tone, &str)>| {
        let broken: Vec<Vec<String>> = cells
            .iter()
            .zip(&widths)
            .map(|((_, text), width)| wrap(text, *width))
            .collect();
        let height = broken.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..height {
            let mut line = Line::default();
            let mut at = 0;
            for (column, lines) in broken.iter().enumerate() {
                if let Some(text) = lines.get(row) {
                    let blank = match table.columns[column].numbers {
                        true => widths[column] - width(text),
                        false => 0,
                    };
                    line.put(at + blank, cells[column].0, text);
                }
                at += widths[column] + GAP;
            }
            lines.push(line);
        }
    };
    put(table
        .columns
        .iter()
        .map(|column| (Tone::Heading, column.heading))
        .collect());
    for row in &table.rows {
        put(row
            .iter()
            .map(|cell| (cell.tone, cell.text.as_str()))
            .collect());
    }
    let mut rule = Line::default();
    rule.put(
        0,
        Tone::Quiet,
        &"─".repeat(widths.iter().sum::<usize>() + gaps),
    );
    let body = lines.split_off(1);
    lines.push(rule);
    lines.extend(body);
    lines
}
