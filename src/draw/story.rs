//! How an outcome comes about: from data to layout.

use super::layout::{Block, Drawing, Event, Lane, Lanes, Piece, Row, Tone};
use crate::explorer::report::{Grade, Outcome, Story};
use std::path::Path;

/// The story of one outcome: a caption, a column for each thread, the epilogue.
///
/// [`Drawing::plain`] of it is what a committed story file contains.
#[must_use]
pub fn story(outcome: &Outcome) -> Drawing {
    let story = &outcome.story;
    let files = Files::of(story);
    let grade = match outcome.grade {
        Grade::Promised => Tone::Good,
        Grade::Allowed => Tone::Warning,
        Grade::Forbidden => Tone::Bad,
    };
    let mut blocks = vec![
        Block::Text(vec![
            Piece::new(grade, format!("{}: {}", outcome.grade, outcome.outcome)),
            Piece::new(Tone::Plain, format!("({})", outcome.meaning)),
        ]),
        Block::Text(vec![Piece::new(
            Tone::Quiet,
            format!("{}{}", cost(story), files.caption()),
        )]),
    ];
    if !story.steps.is_empty() {
        blocks.push(Block::Gap);
        blocks.push(Block::Lanes(lanes(story, &files)));
    }
    if !story.epilogue.is_empty() {
        blocks.push(Block::Gap);
    }
    for line in &story.epilogue {
        blocks.push(Block::Text(vec![Piece::new(Tone::Warning, line)]));
    }
    Drawing { blocks }
}

/// `1 preemption, no stale reads`; `at most 1 preemption, …` if fewer may do
fn cost(story: &Story) -> String {
    let at_most = if story.minimal { "" } else { "at most " };
    let count = |number: usize, what| match number {
        0 => format!("no {what}s"),
        1 => format!("{at_most}1 {what}"),
        number => format!("{at_most}{number} {what}s"),
    };
    format!(
        "{}, {}",
        count(story.preemptions, "preemption"),
        count(story.stale_reads, "stale read")
    )
}

fn lanes(story: &Story, files: &Files) -> Lanes {
    let mut now = vec![Lane::Ready; story.threads.len()];
    let mut state: Vec<&str> = vec![""; story.watched.len()];
    let mut rows = Vec::new();
    for (index, step) in story.steps.iter().enumerate() {
        now[step.thread] = Lane::Runs;
        let changed = state.iter_mut().zip(&step.state).map(|(before, after)| {
            let changed = *before != after;
            *before = after;
            changed.then(|| Piece::new(Tone::State, after).text)
        });
        rows.push(Row {
            lanes: now.clone(),
            thread: step.thread,
            event: Event::Step {
                place: files.place(&step.file, step.line),
                what: match step.narration {
                    true => Piece::new(Tone::Spoken, format!("“{}”", step.what)),
                    false => Piece::new(Tone::Plain, &step.what),
                },
                state: changed.collect(),
            },
        });

        let next = story.steps.get(index + 1).map(|next| next.thread);
        let moves_on = next.is_some_and(|next| next != step.thread);
        if step.switch.is_none() && !moves_on {
            continue;
        }
        let (why, preempted) = step.switch.as_ref().map_or(("", false), |switch| {
            (switch.why.as_str(), switch.preempted)
        });
        let then = match why {
            "ended" => Lane::Gone,
            "" | "yields" => Lane::Ready,
            _ if preempted => Lane::Ready,
            _ => Lane::Waits,
        };
        rows.push(Row {
            lanes: now.clone(),
            thread: step.thread,
            event: Event::Switch {
                why: Piece::new(Tone::Plain, why).text,
                preempted,
                then,
                to: next.filter(|&next| next != step.thread),
            },
        });
        now[step.thread] = then;
    }

    let all_wait = now
        .iter()
        .all(|lane| matches!(lane, Lane::Waits | Lane::Gone));
    if all_wait && let Some(thread) = now.iter().position(|&lane| lane == Lane::Waits) {
        rows.push(Row {
            lanes: now,
            thread,
            event: Event::Stuck,
        });
    }
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

/// The source files of a story, in order of appearance.
struct Files<'a>(Vec<&'a str>);

impl<'a> Files<'a> {
    fn of(story: &'a Story) -> Self {
        let mut files: Vec<&str> = Vec::new();
        for step in &story.steps {
            if !files.contains(&step.file.as_str()) {
                files.push(&step.file);
            }
        }
        Self(files)
    }

    /// Which files the places are in: `; src/lessons/join/wrong.rs`.
    fn caption(&self) -> String {
        match self.0.as_slice() {
            [] => String::new(),
            files => format!("; {}", files.join(", ")),
        }
    }

    /// `:31` in a story of one file, else the file's name, or as much of its path
    /// as tells it from the others.
    fn place(&self, file: &str, line: u32) -> String {
        if self.0.len() == 1 {
            return format!(":{line}");
        }
        let parts: Vec<_> = Path::new(file).iter().collect();
        let distinct = (1..=parts.len())
            .map(|length| {
                parts[parts.len() - length..]
                    .iter()
                    .collect::<std::path::PathBuf>()
            })
            .find(|end| {
                self.0
                    .iter()
                    .filter(|other| Path::new(other).ends_with(end))
                    .count()
                    <= 1
            });
        match distinct {
            Some(end) => Piece::new(Tone::Quiet, format!("{}:{line}", end.display())).text,
            None => Piece::new(Tone::Quiet, format!("{file}:{line}")).text,
        }
    }
}
