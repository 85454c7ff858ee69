//! A story as a picture, for slides: SVG with generic fonts. Threads side by side, time
//! downward, as in the text.

use super::layout::{Block, Event, Lane, Lanes, Row, Tone};
use super::line::{width, wrap};
use super::story::{self, Mistake};
use crate::explorer::report::Outcome;
use std::fmt::{self, Write as _};

/// In pixels: a letter's width, a line's height, and what is left free at the edges.
const LETTER: usize = 8;
const LINE: usize = 19;
const EDGE: usize = 16;
/// In letters: the widest columns, what lies between two, and a lane's line.
const PLACE: usize = 24;
const THREAD: usize = 28;
const STATE: usize = 16;
const GAP: usize = 3;
const LANE: usize = 2;
/// In letters: the lines below the columns.
const TEXT: usize = 72;

const STYLE: &str = "\
text { font: 14px/1 monospace; fill: #1c1c1e; white-space: pre }
.heading, .bad, .mark { font-weight: bold } .bad, .mark { fill: #a3160f } .good { fill: #1a6b2f }
.warning { fill: #7a5200 } .quiet { fill: #5b5b62 } .spoken { fill: #0b5a66 } .state { fill: #0b57a4; font-weight: bold }
.runs { stroke: #1c1c1e; stroke-width: 4 } .enabled { stroke: #5b5b62; stroke-width: 1.5 }
.waits { stroke: #5b5b62; stroke-width: 2; stroke-dasharray: 3 4 } .switch { stroke: #5b5b62; stroke-width: 1.5 }
.preempted { stroke: #1c1c1e; stroke-width: 3 }
";

/// The story of a lesson's mistake as an SVG picture.
#[must_use]
pub fn picture(outcome: &Outcome, mistake: &Mistake<'_>) -> String {
    let drawing = story::mistake(outcome, mistake);
    let mut picture = Picture::default();
    for block in &drawing.blocks {
        match block {
            Block::Text(pieces) => {
                for piece in pieces {
                    picture.paragraph(0, piece.tone, &piece.text);
                }
            }
            Block::Lanes(lanes) => picture.lanes(lanes),
            Block::Labelled(label, pieces) => {
                picture.text(0, Tone::Heading, label);
                for piece in pieces {
                    picture.paragraph(10, piece.tone, &piece.text);
                }
            }
            Block::Gap => picture.line += 1,
            // A story has none.
            Block::Table(_) => {}
        }
    }
    picture.svg(&format!("{}: {}", outcome.grade, outcome.outcome))
}

/// The text as SVG shows it.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[derive(Default)]
struct Picture {
    svg: String,
    /// The line that comes next, and the widest so far in letters.
    line: usize,
    wide: usize,
}

impl Picture {
    fn x(at: usize) -> usize {
        EDGE + at * LETTER
    }

    /// The baseline of that line.
    fn y(line: usize) -> usize {
        EDGE + line * LINE + 14
    }

    fn add(&mut self, element: fmt::Arguments<'_>) {
        let _ = self.svg.write_fmt(element);
        self.svg.push('\n');
    }

    /// Text in the present line.
    fn text(&mut self, at: usize, tone: Tone, text: &str) {
        self.text_in(self.line, at, class(tone), text);
    }

    fn text_in(&mut self, line: usize, at: usize, class: &str, text: &str) {
        if !text.is_empty() {
            self.wide = self.wide.max(at + width(text));
            let (x, y, text) = (Self::x(at), Self::y(line), escaped(text));
            self.add(format_args!(
                "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{text}</text>"
            ));
        }
    }

    /// Lines of text.
    fn paragraph(&mut self, at: usize, tone: Tone, text: &str) {
        for line in wrap(text, TEXT) {
            self.text(at, tone, &line);
            self.line += 1;
        }
    }

    fn lanes(&mut self, lanes: &Lanes) {
        let columns = Columns::of(lanes);
        for (name, &(at, _)) in lanes.threads.iter().zip(&columns.threads) {
            self.text(at + LANE, Tone::Heading, name);
        }
        for (name, &(at, _)) in lanes.watched.iter().zip(&columns.states) {
            self.text(at, Tone::Heading, name);
        }
        self.line += 1;
        for row in &lanes.rows {
            self.row(row, &columns);
        }
    }

    fn row(&mut self, row: &Row, columns: &Columns) {
        let first = self.line;
        let (own, wide) = columns.threads[row.thread];
        let mut height = 1;
        let state = |picture: &mut Self, state: &mut dyn Iterator<Item = Option<&String>>| {
            let values = state.zip(&columns.states);
            let lines = values.map(|(value, &(at, wide))| {
                let lines = value.map_or_else(Vec::new, |value| wrap(value, wide));
                for (line, text) in lines.iter().enumerate() {
                    picture.text_in(first + line, at, class(Tone::State), text);
                }
                lines.len()
            });
            lines.max().unwrap_or(0)
        };
        match &row.event {
            Event::Start(values) => height = height.max(state(self, &mut values.iter().map(Some))),
            Event::Step {
                place,
                what,
                state: values,
                decisive,
            } => {
                if *decisive {
                    self.text_in(first, 0, "mark", "!");
                }
                let lines = wrap(place, PLACE);
                for (line, text) in lines.iter().enumerate() {
                    self.text_in(first + line, 2, class(Tone::Quiet), text);
                }
                let told = wrap(&what.text, wide);
                for (line, text) in told.iter().enumerate() {
                    self.text_in(first + line, own + LANE, class(what.tone), text);
                }
                let values = state(self, &mut values.iter().map(Option::as_ref));
                height = lines.len().max(told.len()).max(values);
            }
            Event::Folded(what) => self.text_in(first, own + LANE, class(Tone::Quiet), what),
            Event::Switch {
                why, preempted, to, ..
            } => {
                let lines = wrap(why, wide);
                for (line, text) in lines.iter().enumerate() {
                    self.text_in(first + line, own + LANE, class(Tone::Quiet), text);
                }
                height = lines.len();
                if let Some(to) = to.map(|to| columns.threads[to].0) {
                    // An arrow to the right begins behind the reason.
                    let last = lines.last().map_or(0, |last| width(last));
                    let (from, line) = match to < own || last == 0 {
                        true => (own, first),
                        false => (own + LANE + last + 1, first + height - 1),
                    };
                    let class = if *preempted { "preempted" } else { "switch" };
                    let (from, to, y) = (Self::x(from), Self::x(to), Self::y(line) - 5);
                    self.add(format_args!(
                        "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" class=\"{class}\" \
                         marker-end=\"url(#arrow)\"/>"
                    ));
                }
            }
            Event::Deadlock => self.text_in(first, own + LANE, class(Tone::Bad), "╳ all wait"),
        }
        let ends = first + height;
        for (lane, &(at, _)) in row.lanes.iter().zip(&columns.threads) {
            let class = match lane {
                Lane::Runs => "runs",
                Lane::Enabled => "enabled",
                Lane::Waits => "waits",
                Lane::Gone => continue,
            };
            let (x, top, bottom) = (Self::x(at), Self::y(first) - 14, Self::y(ends) - 14);
            self.add(format_args!(
                "<line x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{bottom}\" class=\"{class}\"/>"
            ));
        }
        self.line = ends;
    }

    fn svg(&self, title: &str) -> String {
        let wide = 2 * EDGE + self.wide * LETTER * 17 / 16;
        let high = 2 * EDGE + self.line * LINE;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" \
             height=\"{high}\" role=\"img\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n\
             <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"9\" \
             markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 0 8 4 0 8z\"/>\
             </marker></defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{}</svg>\n",
            escaped(title),
            self.svg
        )
    }
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Heading => "heading",
        Tone::Quiet => "quiet",
        Tone::Spoken => "spoken",
        Tone::State => "state",
        Tone::Good => "good",
        Tone::Warning => "warning",
        Tone::Bad => "bad",
    }
}

/// Where columns begin, and how wide they are, in letters.
struct Columns {
    threads: Vec<(usize, usize)>,
    states: Vec<(usize, usize)>,
}

impl Columns {
    fn of(lanes: &Lanes) -> Self {
        let mut threads: Vec<usize> = lanes.threads.iter().map(|it| width(it)).collect();
        let mut states: Vec<usize> = lanes.watched.iter().map(|it| width(it)).collect();
        let mut place = 0;
        for row in &lanes.rows {
            let text = match &row.event {
                Event::Step {
                    place: at,
                    what,
                    state,
                    ..
                } => {
                    place = place.max(width(at).min(PLACE));
                    for (wide, value) in states.iter_mut().zip(state) {
                        let value = value.as_ref().map_or(0, |value| width(value).min(STATE));
                        *wide = (*wide).max(value);
                    }
                    width(&what.text)
                }
                Event::Start(values) => {
                    for (wide, value) in states.iter_mut().zip(values) {
                        *wide = (*wide).max(width(value).min(STATE));
                    }
                    0
                }
                Event::Folded(what) => width(what),
                Event::Switch { why, .. } => width(why),
                Event::Deadlock => 10,
            };
            threads[row.thread] = threads[row.thread].max(text.min(THREAD));
        }
        let mut at = 2 + place + GAP;
        let mut begin = |wide: usize, lane: usize| {
            let begins = at;
            at += lane + wide + GAP;
            (begins, wide)
        };
        Self {
            threads: threads.into_iter().map(|wide| begin(wide, LANE)).collect(),
            states: states.into_iter().map(|wide| begin(wide, 0)).collect(),
        }
    }
}
