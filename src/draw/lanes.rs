//! Threads side by side, as text. Where there are too many for the width, only those that
//! do something stand side by side, in one section after the other.

use super::layout::{Event, Lane, Lanes, Row, Tone};
use super::line::{Line, Width, shrink, width, wrap};
use std::collections::BTreeSet;
use std::ops::Range;

/// Between two columns.
const GAP: usize = 2;
/// A lane's line, and the blank after it.
const LANE: usize = 2;
/// A place is broken if it is wider.
const PLACE: usize = 24;
/// The mark of the decisive step, and the blank after it.
const MARK: usize = 2;
/// The reason of a switch does not make its column wider than this.
const WHY: usize = 20;
/// No column is made narrower, even where the whole becomes too wide; names are
/// not broken as long as they are no longer than `NAME`.
const LEAST: usize = 6;
const NAME: usize = 16;
/// A column of this width can be read, though its text is broken. …
const LEGIBLE: usize = 14;
/// … So many always stand side by side, and one more if all can be read.
const ABREAST: usize = 2;

pub(super) fn lines(lanes: &Lanes, room: usize) -> Vec<Line> {
    let all: Vec<usize> = (0..lanes.threads.len()).collect();
    let whole = Columns::of(lanes, 0..lanes.rows.len(), all, room);
    if whole.is_legible() || whole.threads.len() <= ABREAST {
        return whole.lines();
    }
    let columns = |abreast: usize| -> Vec<Columns<'_>> {
        let sections = sections(lanes, abreast).into_iter();
        let columns = sections.map(|(rows, threads)| Columns::of(lanes, rows, threads, room));
        columns.collect()
    };
    let three = columns(ABREAST + 1);
    let sections = match three.iter().all(Columns::is_legible) {
        true => three,
        false => columns(ABREAST),
    };
    let mut lines = Vec::new();
    for section in sections {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(section.others(room));
        lines.extend(section.lines());
    }
    lines
}

/// Rows in each of which no more than so many threads do something, and these threads.
fn sections(lanes: &Lanes, abreast: usize) -> Vec<(Range<usize>, Vec<usize>)> {
    let mut sections: Vec<(Range<usize>, BTreeSet<usize>)> = Vec::new();
    for (place, row) in lanes.rows.iter().enumerate() {
        let is_event = !matches!(row.event, Event::Start(_) | Event::Deadlock);
        match sections.last_mut() {
            Some((rows, threads))
                if !is_event || threads.contains(&row.thread) || threads.len() < abreast =>
            {
                rows.end = place + 1;
                if is_event {
                    threads.insert(row.thread);
                }
            }
            _ => {
                let threads = is_event.then_some(row.thread);
                sections.push((place..place + 1, threads.into_iter().collect()));
            }
        }
    }
    let sections = sections.into_iter();
    sections
        .map(|(rows, threads)| (rows, threads.into_iter().collect()))
        .collect()
}

/// Where everything stands: the places, a column a thread, the shared state.
struct Columns<'a> {
    lanes: &'a Lanes,
    rows: Range<usize>,
    place: usize,
    /// The column of each thread, if it has one.
    of_thread: Vec<Option<usize>>,
    threads: Vec<(usize, Column)>,
    states: Vec<Column>,
}

#[derive(Clone, Copy)]
struct Column {
    at: usize,
    width: usize,
    /// How wide it would be with nothing broken.
    natural: usize,
}

impl<'a> Columns<'a> {
    fn of(lanes: &'a Lanes, rows: Range<usize>, shown: Vec<usize>, room: usize) -> Self {
        let mut place = 0;
        let mut mark = 0;
        let mut of_thread = vec![None; lanes.threads.len()];
        for (column, &thread) in shown.iter().enumerate() {
            of_thread[thread] = Some(column);
        }
        let mut threads: Vec<usize> = shown.iter().map(|&it| width(&lanes.threads[it])).collect();
        let mut states: Vec<usize> = lanes.watched.iter().map(|name| width(name)).collect();
        for row in &lanes.rows[rows.clone()] {
            let text = match &row.event {
                Event::Step {
                    place: where_,
                    what,
                    state,
                    decisive,
                } => {
                    place = place.max(width(where_).min(PLACE));
                    mark = mark.max(if *decisive { MARK } else { 0 });
                    for (column, state) in states.iter_mut().zip(state) {
                        *column = width(state.as_deref().unwrap_or("")).max(*column);
                    }
                    width(&what.text)
                }
                Event::Start(state) => {
                    for (column, state) in states.iter_mut().zip(state) {
                        *column = width(state).max(*column);
                    }
                    0
                }
                Event::Folded(what) => width(what).min(WHY),
                Event::Switch { why, .. } => width(why).min(WHY),
                Event::Deadlock => 0,
            };
            if let Some(column) = of_thread[row.thread] {
                threads[column] = threads[column].max(text);
            }
        }
        place += mark;
        // What is shown beside the threads goes where there is no room: steps tell it too.
        let least = |name: &String| GAP + LANE + width(name).clamp(LEAST, NAME);
        let need = threads.iter().map(|&it| GAP + LANE + it.min(LEGIBLE));
        let threads_need: usize = need.sum();
        let mut left = room.saturating_sub(place + threads_need);
        let fits = lanes.watched.iter().take_while(|name| {
            let rest = left.checked_sub(least(name));
            left = rest.unwrap_or(0);
            rest.is_some()
        });
        states.truncate(fits.count());
        let natural = [&threads[..], &states[..]].concat();
        let fixed = place + threads.len() * (GAP + LANE) + states.len() * (GAP + LANE);
        let names = shown
            .iter()
            .map(|&it| &lanes.threads[it])
            .chain(&lanes.watched);
        let columns = threads.iter_mut().chain(&mut states).zip(names);
        let columns = columns.map(|(column, name)| Width {
            width: column,
            least: width(name).clamp(LEAST, NAME),
        });
        shrink(columns.collect(), room.saturating_sub(fixed));

        let mut at = place;
        let mut natural = natural.into_iter();
        let mut columns = |widths: Vec<usize>| -> Vec<Column> {
            let column = |(width, natural)| {
                let column = Column {
                    at: at + GAP,
                    width,
                    natural,
                };
                at += GAP + LANE + width;
                column
            };
            widths.into_iter().zip(&mut natural).map(column).collect()
        };
        let threads = columns(threads);
        Self {
            lanes,
            rows,
            place,
            of_thread,
            threads: shown.into_iter().zip(threads).collect(),
            states: columns(states),
        }
    }

    /// Whether no thread's text is broken into too many pieces, and nothing is left out.
    fn is_legible(&self) -> bool {
        if self.states.len() < self.lanes.watched.len() {
            return false;
        }
        let mut columns = self.threads.iter();
        columns.all(|(_, column)| column.width >= column.natural.min(LEGIBLE))
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = self.headings();
        for row in &self.lanes.rows[self.rows.clone()] {
            lines.extend(self.row(row));
        }
        lines
    }

    /// What the threads do that have no column.
    fn others(&self, room: usize) -> Vec<Line> {
        let row = &self.lanes.rows[self.rows.start];
        let names = |lane: Lane| {
            let threads = 0..self.of_thread.len();
            let is_it =
                |&thread: &usize| self.of_thread[thread].is_none() && row.lanes[thread] == lane;
            let names = threads
                .filter(is_it)
                .map(|thread| self.lanes.threads[thread].as_str());
            names.collect::<Vec<_>>()
        };
        let text: Vec<String> = match (&names(Lane::Waits)[..], &names(Lane::Enabled)[..]) {
            ([], []) => return Vec::new(),
            (waits, enabled) => {
                let verb = if waits.len() == 1 { "waits" } else { "wait" };
                [(waits, verb), (enabled, "could run")]
                    .into_iter()
                    .filter(|(names, _)| !names.is_empty())
                    .map(|(names, does)| format!("{}, which {does}", names.join(", ")))
                    .collect()
            }
        };
        let text = format!("(not shown here: {})", text.join("; "));
        let lines = wrap(&text, room).into_iter().map(|text| {
            let mut line = Line::default();
            line.put(0, Tone::Quiet, &text);
            line
        });
        lines.collect()
    }

    fn headings(&self) -> Vec<Line> {
        let columns = || {
            self.threads
                .iter()
                .map(|(_, column)| column)
                .chain(&self.states)
        };
        let threads = self
            .threads
            .iter()
            .map(|&(thread, _)| &self.lanes.threads[thread]);
        let names: Vec<Vec<String>> = columns()
            .zip(threads.chain(&self.lanes.watched))
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
        let own = self.of_thread[row.thread].map(|column| self.threads[column].1);
        match (&row.event, own) {
            (Event::Start(state), _) => {
                let state: Vec<_> = state.iter().cloned().map(Some).collect();
                self.step(row, None, &state, 1)
            }
            (
                Event::Step {
                    what,
                    state,
                    place,
                    decisive,
                },
                Some(own),
            ) => {
                let place = wrap(place, PLACE);
                let mut lines =
                    self.step(row, Some((own, what.tone, &what.text)), state, place.len());
                for (line, place) in lines.iter_mut().zip(&place) {
                    line.put(self.place - width(place), Tone::Quiet, place);
                }
                if *decisive {
                    lines[0].put(0, Tone::Bad, "!");
                }
                lines
            }
            (Event::Folded(what), Some(_)) if row.lanes.iter().all(|it| *it == Lane::Gone) => {
                let mut line = Line::default();
                line.put(self.place + GAP, Tone::Quiet, what);
                vec![line]
            }
            (Event::Folded(what), Some(own)) => {
                self.step(row, Some((own, Tone::Quiet, what)), &[], 1)
            }
            (
                Event::Switch {
                    why,
                    preempted,
                    then,
                    to,
                },
                Some(own),
            ) => self.switch(row, own, why, *preempted, *then, *to),
            (Event::Deadlock, _) => {
                let mut lines = self.background(row, 1);
                for &(thread, column) in &self.threads {
                    if row.lanes[thread] == Lane::Waits {
                        lines[0].put(column.at, Tone::Bad, "╳");
                    }
                }
                lines
            }
            _ => Vec::new(),
        }
    }

    /// What a thread does or says, and the state that it leaves.
    fn step(
        &self,
        row: &Row,
        what: Option<(Column, Tone, &str)>,
        state: &[Option<String>],
        least: usize,
    ) -> Vec<Line> {
        let what_lines = what.map_or_else(Vec::new, |(own, _, text)| wrap(text, own.width));
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
        let mut lines = self.background(row, height.max(least));
        if let Some((own, tone, _)) = what {
            for (line, text) in lines.iter_mut().zip(&what_lines) {
                line.put(own.at + LANE, tone, text);
            }
        }
        for (column, state) in self.states.iter().zip(&state_lines) {
            for (line, text) in lines.iter_mut().zip(state) {
                line.put(column.at + LANE, Tone::State, text);
            }
        }
        lines
    }

    /// The reason stands in the thread's own column; an arrow goes from it to the thread
    /// that goes on.
    fn switch(
        &self,
        row: &Row,
        own: Column,
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
        let next = to
            .and_then(|to| self.of_thread[to])
            .map(|column| self.threads[column].1.at);
        // It has no column here: its section begins below.
        let why = match (to, next) {
            (Some(to), None) if why.is_empty() => format!("{} runs", self.lanes.threads[to]),
            (Some(to), None) => format!("{why}; {} runs", self.lanes.threads[to]),
            _ => why.to_owned(),
        };
        let text = wrap(&why, own.width);
        let mut lines = self.background(row, text.len());
        for line in &mut lines[1..] {
            put_lane(line, own.at, then);
        }
        for (line, text) in lines.iter_mut().zip(&text) {
            line.put(own.at + LANE, arrow.tone(), text);
        }
        arrow.corner(
            &mut lines[0],
            own.at,
            next.is_some_and(|next| next < own.at),
        );
        let last = &text[text.len() - 1];
        let end = match width(last) {
            0 => own.at + 1,
            width => own.at + LANE + width + 1,
        };
        match next {
            Some(next) if next < own.at => arrow.left(&mut lines[0], next, own.at),
            Some(next) => arrow.right(&mut lines[text.len() - 1], end, next),
            None => {}
        }
        lines
    }

    /// Where the last column ends.
    fn end(&self) -> usize {
        let threads = self.threads.iter().map(|(_, column)| column);
        let last = threads.chain(&self.states).last();
        last.map_or(0, |column| column.at + LANE + column.width)
    }

    /// Lines with nothing on them but what each thread is about.
    fn background(&self, row: &Row, height: usize) -> Vec<Line> {
        let background = || {
            let mut line = Line::default();
            for &(thread, column) in &self.threads {
                put_lane(&mut line, column.at, row.lanes[thread]);
            }
            line
        };
        std::iter::repeat_with(background).take(height).collect()
    }
}

fn put_lane(line: &mut Line, at: usize, lane: Lane) {
    match lane {
        Lane::Runs => line.put(at, Tone::Heading, "┃"),
        Lane::Enabled => line.put(at, Tone::Quiet, "│"),
        Lane::Waits => line.put(at, Tone::Quiet, "┊"),
        Lane::Gone => line.put(at, Tone::Plain, " "),
    }
}

/// From the thread that gives up the processor to the one that gets it: heavy
/// where it was taken away.
struct Arrow<'a> {
    preempted: bool,
    row: &'a Row,
    threads: &'a [(usize, Column)],
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
            let lane = self.threads.iter().find(|(_, column)| column.at == at);
            let crosses = lane.is_some_and(|&(thread, _)| self.row.lanes[thread] != Lane::Gone);
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
