//! From layout to text, plain or coloured.

use super::lanes;
use super::layout::{Block, Drawing, Piece, Table, Tone};
use super::line::{Line, WIDTH, Width, shrink, width, wrap};
use anstyle::{AnsiColor, Style};

impl Drawing {
    /// As text without colours, [`WIDTH`] columns wide: a committed story, a snapshot.
    #[must_use]
    pub fn plain(&self) -> String {
        self.text(WIDTH, |_| Style::new())
    }

    /// As text with ANSI colours, so many columns wide; for a stream that takes the colours
    /// away where they are not wanted, such as anstream's.
    #[must_use]
    pub fn coloured(&self, width: usize) -> String {
        self.text(width, Tone::style)
    }

    fn text(&self, width: usize, style: impl Fn(Tone) -> Style) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            let lines = match block {
                Block::Text(pieces) => flow(pieces, width),
                Block::Table(table) => rows_of(table, width),
                Block::Lanes(lanes) => lanes::lines(lanes, width),
                Block::Labelled(label, pieces) => labelled(label, pieces, width),
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

/// Pieces one after the other, broken between words.
fn flow(pieces: &[Piece], room: usize) -> Vec<Line> {
    const INDENT: usize = 2;
    let mut lines = vec![Line::default()];
    let mut at = 0;
    for piece in pieces {
        for word in wrap_words(&piece.text, room.saturating_sub(INDENT)) {
            let wide = width(&word);
            let gap = usize::from(at > 0);
            if at + gap + wide > room && at > 0 {
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

/// A word, and lines beside it.
fn labelled(label: &str, pieces: &[Piece], room: usize) -> Vec<Line> {
    const LABEL: usize = 10;
    const INDENT: usize = 2;
    let mut lines = Vec::new();
    for piece in pieces {
        let text = wrap(&piece.text, room.saturating_sub(LABEL + INDENT));
        for (place, text) in text.iter().enumerate() {
            let mut line = Line::default();
            if lines.is_empty() {
                line.put(0, Tone::Heading, label);
            }
            let indent = if place == 0 { 0 } else { INDENT };
            line.put(LABEL + indent, piece.tone, text);
            lines.push(line);
        }
    }
    lines
}

/// The words of `text`, the over-long ones broken.
fn wrap_words(text: &str, room: usize) -> impl Iterator<Item = String> {
    text.split_whitespace()
        .flat_map(move |word| wrap(word, room))
}

fn rows_of(table: &Table, room: usize) -> Vec<Line> {
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
    shrink(columns.collect(), room.saturating_sub(gaps));

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
