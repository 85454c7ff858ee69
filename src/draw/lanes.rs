//! Threads side by side, as text.

use super::layout::{Event, Lane, Lanes, Row, Tone};
use super::line::{Line, WIDTH, Width, shrink, width, wrap};

/// Between two columns.
const GAP: usize = 2;
/// A lane's line, and the blank after it.
const LANE: usize = 2;
/// The reason of a switch does not make its column wider than this, …
const WHY: usize = 26;
/// … it is broken into that many lines at the most, or else stands across columns.
const WHY_LINES: usize = 2;
/// No column is made narrower, even where the whole becomes too wide; names are
/// not broken as long as they are no longer than `NAME`.
const LEAST: usize = 6;
const NAME: usize = 12;

pub(super) fn lines(lanes: &Lanes) -> Vec<Line> {
    let columns = Columns::of(lanes);
    let mut lines = columns.headings(lanes);
    for row in &lanes.rows {
        lines.extend(columns.row(row));
    }
    lines
}

/// Where everything stands: the places, a column a thread, the shared state.
struct Columns {
    place: usize,
    threads: Vec<Column>,
    states: Vec<Column>,
}

#[derive(Clone, Copy)]
struct Column {
    at: usize,
    width: usize,
}

impl Columns {
    fn of(lanes: &Lanes) -> Self {
        let mut place = 0;
        let mut threads: Vec<usize> = lanes.threads.iter().map(|name| width(name)).collect();
        let mut states: Vec<usize> = lanes.watched.iter().map(|name| width(name)).collect();
        for row in &lanes.rows {
            let column = &mut threads[row.thread];
            match &row.event {
                Event::Step {
                    place: where_,
                    what,
                    state,
                } => {
                    place = place.max(width(where_));
                    *column = width(&what.text).max(*column);
                    for (column, state) in states.iter_mut().zip(state) {
                        *column = width(state.as_deref().unwrap_or("")).max(*column);
                    }
                }
                Event::Switch { why, .. } => *column = width(why).min(WHY).max(*column),
                Event::Stuck => {}
            }
        }
        let fixed = place + threads.len() * (GAP + LANE) + states.len() * (GAP + LANE);
        let names = lanes.threads.iter().chain(&lanes.watched);
        let columns = threads.iter_mut().chain(&mut states).zip(names);
        let columns = columns.map(|(column, name)| Width {
            width: column,
            least: width(name).clamp(LEAST, NAME),
        });
        shrink(columns.collect(), WIDTH.saturating_sub(fixed));

        let mut at = place;
        let mut columns = |widths: Vec<usize>| {
            let column = |width| {
                let column = Column {
                    at: at + GAP,
                    width,
                };
                at += GAP + LANE + width;
                column
            };
            widths.into_iter().map(column).collect()
        };
        Self {
            place,
            threads: columns(threads),
            states: columns(states),
        }
    }

    fn headings(&self, lanes: &Lanes) -> Vec<Line> {
        let columns = || self.threads.iter().chain(&self.states);
        let names: Vec<Vec<String>> = columns()
            .zip(lanes.threads.iter().chain(&lanes.watched))
            .map(|(column, name)| wrap(name, column.width))
            .collect();
        let height = names.iter().map(Vec::len).max().unwrap_or(0);
        let mut lines: Vec<Line> = (0..height)
            .map(|row| {
                let mut line = Line::default();
                for (column, name) in columns().zip(&names) {
                    if let Some(name) = name.get(row) {
                        line.put(column.at + LANE, Tone::Heading, name);
                    }
                }
                line
            })
            .collect();
        let mut rule = Line::default();
        rule.put(0, Tone::Quiet, &"─".repeat(self.end()));
        lines.push(rule);
        lines
    }

    fn row(&self, row: &Row) -> Vec<Line> {
        match &row.event {
            Event::Step { place, what, state } => {
                let what_lines = wrap(&what.text, self.threads[row.thread].width);
                let state_lines: Vec<Vec<String>> = self
                    .states
                    .iter()
                    .zip(state)
                    .map(|(column, state)| match state {
                        Some(state) => wrap(state, column.width),
                        None => Vec::new(),
                    })
                    .collect();
                let height = state_lines
                    .iter()
                    .map(Vec::len)
                    .fold(what_lines.len(), Ord::max);
                let mut lines = self.background(row, height);
                lines[0].put(self.place - width(place), Tone::Quiet, place);
                for (line, text) in lines.iter_mut().zip(&what_lines) {
                    line.put(self.threads[row.thread].at + LANE, what.tone, text);
                }
                for (column, state) in self.states.iter().zip(&state_lines) {
                    for (line, text) in lines.iter_mut().zip(state) {
                        line.put(column.at + LANE, Tone::State, text);
                    }
                }
                lines
            }
            Event::Switch {
                why,
                preempted,
                then,
                to,
            } => self.switch(row, why, *preempted, *then, *to),
            Event::Stuck => {
                let mut lines = self.background(row, 1);
                for (column, lane) in self.threads.iter().zip(&row.lanes) {
                    if *lane == Lane::Waits {
                        lines[0].put(column.at, Tone::Bad, "╳");
                    }
                }
                lines
            }
        }
    }

    /// The reason stands in the thread's own column where it is short, else
    /// across others; an arrow goes from it to the thread that goes on.
    fn switch(
        &self,
        row: &Row,
        why: &str,
        preempted: bool,
        then: Lane,
        to: Option<usize>,
    ) -> Vec<Line> {
        let arrow = Arrow {
            preempted,
            row,
            threads: &self.threads,
        };
        let from = self.threads[row.thread].at;
        let to = to.map(|to| self.threads[to].at);
        let room = self.room_for(row.thread, why);
        let text = wrap(why, room.width);

        let mut lines = self.background(row, text.len());
        for line in &mut lines[1..] {
            put_lane(line, from, then);
        }
        for (line, text) in lines.iter_mut().zip(&text) {
            let blank = if room.at < from {
                room.width - width(text)
            } else {
                0
            };
            line.put(room.at + blank, arrow.tone(), text);
        }
        arrow.corner(
            &mut lines[0],
            from,
            room.at < from || to.is_some_and(|to| to < from),
        );

        let last = &text[text.len() - 1];
        let end = match width(last) {
            0 => from + 1,
            width => room.at + width + 1,
        };
        match to {
            None => {}
            Some(to) if to < from && room.at > from => {
                arrow.left(&mut lines[0], to, from);
            }
            Some(to) if to > from && room.at > from && end < to => {
                arrow.right(&mut lines[text.len() - 1], end, to);
            }
            // The reason is in its way: it has a line of its own.
            Some(to) => {
                let mut line = self.background(row, 1).remove(0);
                put_lane(&mut line, from, then);
                match to < from {
                    true => arrow.left(&mut line, to, from - 1),
                    false => arrow.right(&mut line, from + LANE, to),
                }
                lines.push(line);
            }
        }
        lines
    }

    /// Where the reason of a switch has room: in the thread's column, or to the
    /// right of its lane as far as the picture goes, or to the left of it.
    fn room_for(&self, thread: usize, why: &str) -> Column {
        let own = self.threads[thread];
        let own = Column {
            at: own.at + LANE,
            width: own.width,
        };
        if wrap(why, own.width).len() <= WHY_LINES {
            return own;
        }
        let right = Column {
            at: own.at,
            width: self.end().saturating_sub(own.at),
        };
        let start = self.place + GAP;
        let left = Column {
            at: start,
            width: (own.at - LANE).saturating_sub(start + 1),
        };
        if right.width >= left.width {
            right
        } else {
            left
        }
    }

    /// Where the last column ends.
    fn end(&self) -> usize {
        let last = self.threads.iter().chain(&self.states).last();
        last.map_or(0, |column| column.at + LANE + column.width)
    }

    /// Lines with nothing on them but what each thread is about.
    fn background(&self, row: &Row, height: usize) -> Vec<Line> {
        let background = || {
            let mut line = Line::default();
            for (column, lane) in self.threads.iter().zip(&row.lanes) {
                put_lane(&mut line, column.at, *lane);
            }
            line
        };
        std::iter::repeat_with(background).take(height).collect()
    }
}

fn put_lane(line: &mut Line, at: usize, lane: Lane) {
    match lane {
        Lane::Runs => line.put(at, Tone::Heading, "┃"),
        Lane::Ready => line.put(at, Tone::Quiet, "│"),
        Lane::Waits => line.put(at, Tone::Quiet, "┊"),
        Lane::Gone => line.put(at, Tone::Plain, " "),
    }
}

/// From the thread that gives up the processor to the one that gets it: heavy
/// where it was taken away.
struct Arrow<'a> {
    preempted: bool,
    row: &'a Row,
    threads: &'a [Column],
}

impl Arrow<'_> {
    fn tone(&self) -> Tone {
        if self.preempted {
            Tone::Warning
        } else {
            Tone::Quiet
        }
    }

    fn corner(&self, line: &mut Line, at: usize, to_the_left: bool) {
        let corner = match (self.preempted, to_the_left) {
            (true, true) => "┛",
            (true, false) => "┗",
            (false, true) => "┘",
            (false, false) => "└",
        };
        line.put(at, self.tone(), corner);
    }

    fn right(&self, line: &mut Line, start: usize, head: usize) {
        self.shaft(line, start..head);
        line.put(head, self.tone(), "▶");
    }

    fn left(&self, line: &mut Line, head: usize, end: usize) {
        self.shaft(line, head + 1..end);
        line.put(head, self.tone(), "◀");
    }

    fn shaft(&self, line: &mut Line, cells: std::ops::Range<usize>) {
        for at in cells {
            let lane = self.threads.iter().position(|thread| thread.at == at);
            let crosses = lane.is_some_and(|lane| self.row.lanes[lane] != Lane::Gone);
            let piece = match (self.preempted, crosses) {
                (true, true) => "┿",
                (true, false) => "━",
                (false, true) => "┼",
                (false, false) => "─",
            };
            line.put(at, self.tone(), piece);
        }
    }
}
