//! From the steps of a story to rows: what belongs together becomes one row, and what tells
//! nothing is left out.

use super::files::Files;
use super::layout::{Event, Lane, Lanes, Piece, Row, Tone};
use crate::explorer::report::{self, Kind, Step, Story};

/// Repeated rows are folded if they are repeated so often at least, …
const REPEATED: usize = 4;
/// … and if there are no more of them.
const PERIOD: usize = 8;
/// Operations with which threads end.
const TEARDOWN: [&str; 4] = ["drop ", "join ", "notify_", "frees "];
/// So many last rows that tell nothing are folded.
const REST: usize = 2;

/// A row of one or two steps.
#[derive(Clone)]
struct Shown<'a> {
    step: &'a Step,
    /// The place of the last of its steps.
    last: usize,
    what: Piece,
    is_decisive: bool,
    /// How many times the rows up to this one are repeated.
    repeats: (usize, usize),
}

pub(super) fn lanes(story: &Story, files: &Files<'_>) -> Lanes {
    let mut shown = shown(story);
    let rest = cut_rest(story, &mut shown);
    fold(&mut shown);
    let mut rows = Vec::new();
    let mut before = first_lanes(story);
    if !story.watched.is_empty() {
        let state = story
            .initially
            .iter()
            .map(|value| Piece::new(Tone::State, value).text);
        rows.push(Row {
            lanes: before.iter().map(|&lane| lane_of(lane)).collect(),
            thread: 0,
            event: Event::Start(state.collect()),
        });
    }
    let mut state: Vec<&str> = story.initially.iter().map(String::as_str).collect();
    state.resize(story.watched.len(), "");
    for (place, row) in shown.iter().enumerate() {
        let (step, last) = (row.step, &story.steps[row.last]);
        let mut lanes: Vec<Lane> = before.iter().map(|&lane| lane_of(lane)).collect();
        lanes[step.thread] = Lane::Runs;
        let changed = state.iter_mut().zip(&last.state).map(|(before, after)| {
            let changed = *before != after;
            *before = after;
            changed.then(|| Piece::new(Tone::State, after).text)
        });
        rows.push(Row {
            lanes: lanes.clone(),
            thread: step.thread,
            event: Event::Step {
                place: files.place(&step.file, step.line),
                what: row.what.clone(),
                state: changed.collect(),
                decisive: row.is_decisive,
            },
        });
        before.clone_from(&last.lanes);
        before.resize(story.threads.len(), report::Lane::Enabled);
        let mut lanes: Vec<Lane> = before.iter().map(|&lane| lane_of(lane)).collect();
        let then = std::mem::replace(&mut lanes[step.thread], Lane::Runs);
        if row.repeats.0 > 0 {
            let (times, period) = row.repeats;
            let what = match period {
                1 => format!("… {times} more times"),
                _ => format!("… {times} more times these {period} rows"),
            };
            rows.push(Row {
                lanes: lanes.clone(),
                thread: step.thread,
                event: Event::Folded(what),
            });
        }
        let next = shown.get(place + 1).map(|next| next.step.thread);
        let moves_on = next.is_some_and(|next| next != step.thread);
        let is_over = next.is_none() && rest == 0;
        if moves_on || is_over && last.switch.is_some() {
            let (why, preempted) = last.switch.as_ref().map_or(("", false), |switch| {
                (switch.why.as_str(), switch.preempted)
            });
            // The row says that already.
            let object = last.object.as_deref().unwrap_or_default();
            let is_said = last.what.ends_with(&format!("wait on {object}"))
                && why == format!("waits on `{object}`");
            let why = if is_said { "" } else { why };
            rows.push(Row {
                lanes,
                thread: step.thread,
                event: Event::Switch {
                    why: Piece::new(Tone::Plain, why).text,
                    preempted,
                    then,
                    to: next.filter(|&next| next != step.thread),
                },
            });
        }
    }
    ending(&mut rows, &before, rest);
    let names = |names: &[String]| {
        let shown = names
            .iter()
            .map(|name| Piece::new(Tone::Heading, name).text);
        shown.collect()
    };
    Lanes {
        threads: names(&story.threads),
        watched: names(&story.watched),
        rows,
    }
}

fn lane_of(lane: report::Lane) -> Lane {
    match lane {
        report::Lane::Enabled => Lane::Enabled,
        report::Lane::Waits => Lane::Waits,
        report::Lane::NotStarted | report::Lane::Ended => Lane::Gone,
    }
}

/// What the threads are doing before the first step.
fn first_lanes(story: &Story) -> Vec<report::Lane> {
    let first = story.steps.first();
    let mut lanes = first.map_or_else(Vec::new, |step| step.lanes.clone());
    lanes.resize(story.threads.len(), report::Lane::Enabled);
    for (thread, lane) in lanes.iter_mut().enumerate() {
        if *lane == report::Lane::Waits || first.is_some_and(|it| it.thread == thread) {
            *lane = report::Lane::Enabled;
        }
    }
    lanes
}

/// A row for each step, but one for a lock that is released at once, and none for a step
/// that changes nothing.
fn shown(story: &Story) -> Vec<Shown<'_>> {
    let is_shown = |(place, step): &(usize, &Step)| {
        step.kind != Kind::Aside || story.decisive == Some(*place) || step.switch.is_some()
    };
    let mut rows: Vec<Shown> = Vec::new();
    for (place, step) in story.steps.iter().enumerate().filter(is_shown) {
        let is_decisive = story.decisive == Some(place);
        let before = place
            .checked_sub(1)
            .map_or(&story.initially, |before| &story.steps[before].state);
        let watched = story
            .watched
            .iter()
            .position(|name| step.object.as_ref() == Some(name));
        let was = watched.and_then(|watched| before.get(watched));
        let is = watched.and_then(|watched| step.state.get(watched));
        if let Some(row) = rows.last_mut()
            && row.step.thread == step.thread
            && story.steps[row.last].switch.is_none()
            && let Some(what) = joined(row, step, was, is)
        {
            row.what = Piece::new(Tone::Plain, what);
            row.last = place;
            row.is_decisive |= is_decisive;
            continue;
        }
        let text = match step.kind {
            Kind::Narration => format!("“{}”", step.what),
            Kind::Locks => step.what.clone() + &change(was, None),
            Kind::Unlocks if was != is => step.what.clone() + &change(was, is),
            _ => step.what.clone(),
        };
        let tone = match step.kind {
            Kind::Narration => Tone::Spoken,
            Kind::Panic => Tone::Bad,
            _ => Tone::Plain,
        };
        rows.push(Shown {
            step,
            last: place,
            what: Piece::new(tone, text),
            is_decisive,
            repeats: (0, 0),
        });
    }
    rows
}

/// What a row says that is about a step and the next one of the same thread, if they belong
/// together: a lock is released at once, or a thread that is notified takes the lock. `was`:
/// the value of what the lock protects.
fn joined(
    row: &Shown<'_>,
    next: &Step,
    was: Option<&String>,
    is: Option<&String>,
) -> Option<String> {
    let object = next.object.as_ref()?;
    let was = change(was, is);
    match (row.step.kind, next.kind) {
        (Kind::Locks, Kind::Unlocks) if row.step.object == next.object => {
            Some(format!("lock, unlock {object}{was}"))
        }
        (Kind::Operation, Kind::Locks) if row.step.what.starts_with("notified on") => {
            Some(format!("{}, {}{was}", row.step.what, next.what))
        }
        _ => None,
    }
}

/// `: 1 left → 0 left`, or `: 1 left` if that does not change.
fn change(was: Option<&String>, is: Option<&String>) -> String {
    match (was, is) {
        (Some(was), Some(is)) if was != is => format!(": {was} → {is}"),
        (Some(was), _) => format!(": {was}"),
        _ => String::new(),
    }
}

/// Takes away the last rows, if they neither change nor say anything; how many those are. At
/// the end of a failure every row counts.
fn cut_rest(story: &Story, rows: &mut Vec<Shown<'_>>) -> usize {
    if !story.epilogue.is_empty() {
        return 0;
    }
    let tells = |row: &Shown<'_>| {
        let before = row
            .last
            .checked_sub(1)
            .map_or(&story.initially, |before| &story.steps[before].state);
        let state = &story.steps[row.last].state;
        let tells = match row.step.kind {
            Kind::Narration | Kind::Panic => true,
            Kind::Operation => !TEARDOWN.iter().any(|it| row.step.what.starts_with(it)),
            Kind::Locks | Kind::Unlocks | Kind::Aside => false,
        };
        row.is_decisive || tells || state != before
    };
    let kept = rows.iter().rposition(tells).map_or(0, |last| last + 1);
    match rows.len() - kept {
        rest if rest > REST && kept > 0 => {
            rows.truncate(kept);
            rest
        }
        _ => 0,
    }
}

/// Of rows that are repeated again and again only the first are kept.
fn fold(rows: &mut Vec<Shown<'_>>) {
    let is_same = |one: &Shown<'_>, other: &Shown<'_>| {
        let key = |row: &Shown<'_>| (row.step.thread, row.step.line, row.step.file.clone());
        one.what.text == other.what.text
            && key(one) == key(other)
            && !one.is_decisive
            && !other.is_decisive
    };
    let mut at = 0;
    while at < rows.len() {
        let times = |period: &usize| {
            let again = rows[at..].iter().zip(&rows[at + period..]);
            again.take_while(|(one, other)| is_same(one, other)).count() / period
        };
        let periods = 1..=PERIOD.min(rows.len() - at - 1);
        if let Some(period) = { periods }.find(|period| times(period) + 1 >= REPEATED) {
            let more = times(&period);
            let last = rows[at + period * (more + 1) - 1].last;
            let kept = at + period - 1;
            rows.drain(at + period..at + period * (more + 1));
            rows[kept].repeats = (more, period);
            rows[kept].last = last;
            at += period;
        } else {
            at += 1;
        }
    }
}

/// What comes after the last row.
fn ending(rows: &mut Vec<Row>, lanes: &[report::Lane], rest: usize) {
    let lanes: Vec<Lane> = lanes.iter().map(|&lane| lane_of(lane)).collect();
    if rest > 0 {
        let thread = rows.last().map_or(0, |row| row.thread);
        rows.push(Row {
            lanes: vec![Lane::Gone; lanes.len()],
            thread,
            event: Event::Folded(format!("… {rest} more steps, and all threads end")),
        });
        return;
    }
    let all_wait = lanes
        .iter()
        .all(|lane| matches!(lane, Lane::Waits | Lane::Gone));
    if all_wait && let Some(thread) = lanes.iter().position(|&lane| lane == Lane::Waits) {
        if let Some(last) = rows.last().map(|row| row.thread)
            && lanes[last] == Lane::Gone
        {
            let mut before = lanes.clone();
            before[last] = Lane::Runs;
            rows.push(Row {
                lanes: before,
                thread: last,
                event: Event::Switch {
                    why: "ended".to_owned(),
                    preempted: false,
                    then: Lane::Gone,
                    to: None,
                },
            });
        }
        rows.push(Row {
            lanes,
            thread,
            event: Event::Deadlock,
        });
    }
}
