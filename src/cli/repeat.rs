//! Plays a scene many times with real threads, and counts how often it goes wrong.
//!
//! A child process plays. A run that does not end is ended with its process, and the
//! next child plays the rest.

use super::chosen::full_name;
use super::text::width;
use crate::draw::Drawing;
use crate::draw::layout::{Block, Column, Piece, Table, Tone};
use crate::explorer::report::{Budget, Exploration, Grade, Judged};
use crate::lessons::{Lesson, Scene, Version};
use crate::processes::real::{Child, Parent, serve, this_program};
use crate::processes::{Link as _, TimedOutOrGone};
use crate::programs::Stop;
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// The name under which [`player`] is spawned.
pub(super) const ROLE: &str = "repeat";

/// A run that takes longer does not end. A scene takes a thousandth of it.
const LIMIT: Duration = Duration::from_secs(2);
/// After so many runs that did not end, no more are played: they take long.
const MOST_LOST: u64 = 5;

/// What real threads and the model are compared by: of all interleavings, how many go
/// wrong. A test of the model build writes the file.
const INTERLEAVINGS: &str = include_str!("interleavings.txt");

/// The scene that is played again and again: the one that shows the mistake, or the first.
#[must_use]
pub fn scene(version: &Version) -> Option<&Scene> {
    let mistake = version.mistake.map(|mistake| mistake.scene);
    let mut scenes = version.scenes.iter();
    scenes.find(|scene| mistake.is_none_or(|name| scene.name == name))
}

/// A line of the file of interleavings: `4 of 16 interleavings: LESSON/VERSION, SCENE`.
#[must_use]
pub fn line(lesson: &Lesson, version: &Version, scene: &Scene, found: &Exploration) -> String {
    let wrong: u64 = found.forbidden().map(|outcome| outcome.different).sum();
    format!(
        "{} of {} interleavings{}: {}, {}",
        grouped(wrong),
        grouped(found.different),
        found.proved.bound(),
        full_name(lesson, version),
        scene.name
    )
}

/// Which scene a child plays, and how often.
#[derive(Serialize, Deserialize)]
struct Order {
    lesson: String,
    version: String,
    times: u64,
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Run {
    is_forbidden: bool,
    outcome: String,
}

/// The role: plays as ordered, and tells how each run ended.
///
/// # Errors
/// There is no parent to be told.
pub(super) fn player() -> io::Result<()> {
    serve(|parent: &mut Parent<Run, Order>| {
        let Ok(order) = parent.receive() else { return };
        let lessons = crate::lessons::all();
        let lesson = lessons.iter().find(|lesson| lesson.name == order.lesson);
        let mut versions = lesson.iter().flat_map(|lesson| &lesson.versions);
        let version = versions.find(|version| version.name == order.version);
        let Some(scene) = version.and_then(scene) else {
            return;
        };
        // A panic is an outcome here.
        std::panic::set_hook(Box::new(|_| ()));
        for _ in 0..order.times {
            let judged = catch_unwind(AssertUnwindSafe(|| (scene.run)()));
            let judged = judged.unwrap_or_else(|_| Judged::forbidden("panic", ""));
            let run = Run {
                outcome: judged.outcome,
                is_forbidden: judged.grade == Grade::Forbidden,
            };
            if parent.send(run).is_err() {
                return;
            }
        }
    })
}

/// Plays `times` times, and says how often it went wrong; whether it never did.
pub(super) fn repeat(
    lesson: &Lesson,
    version: &Version,
    times: u64,
    out: &mut dyn Write,
) -> Result<bool, Stop> {
    let name = full_name(lesson, version);
    if version
        .mistake
        .is_some_and(|mistake| mistake.outcome == "data race")
    {
        return Err(Stop::usage(format!(
            "{name} has a data race, which is undefined behaviour: real threads must not run it; \
             to see the race, type `cargo race {name}`"
        )));
    }
    let Some(scene) = scene(version) else {
        return Err(Stop::usage(format!("{name} has no scene to play")));
    };
    let heading = Tone::Heading.style();
    writeln!(out, "{heading}{name}{heading:#}: {}", version.about)?;
    writeln!(out, "scene `{}`, played with real threads:", scene.name)?;
    out.flush()?;

    let (runs, lost) = play(lesson, version, times)?;
    let played: u64 = runs.values().sum();
    let wrong = runs.iter().filter(|(run, _)| run.is_forbidden);
    let wrong: u64 = wrong.map(|(_, times)| times).sum();
    write!(out, "{}", table(&runs).coloured(width()))?;
    if played < times {
        let warning = Tone::Warning.style();
        writeln!(
            out,
            "{warning}stopped after {} of {} runs: {lost} runs did not end within {LIMIT:?} \
             each{warning:#}",
            grouped(played),
            grouped(times)
        )?;
    }
    let of = format!(": {name}, {}", scene.name);
    let model = INTERLEAVINGS
        .lines()
        .find_map(|line| line.strip_suffix(&of))
        .map_or(String::new(), |model| format!(", {model}"));
    let tone = match wrong {
        0 => Tone::Good,
        _ => Tone::Bad,
    };
    let style = tone.style();
    writeln!(
        out,
        "{style}went wrong: {} of {} runs{model}{style:#}",
        grouped(wrong),
        grouped(played)
    )?;
    if scene.budget != Budget::NONE {
        writeln!(
            out,
            "The model's threads may do more than run in any order: {}.",
            scene.budget
        )?;
    }
    Ok(wrong == 0)
}

/// How often the scene ended how, and how many runs did not end.
fn play(lesson: &Lesson, version: &Version, times: u64) -> Result<(BTreeMap<Run, u64>, u64), Stop> {
    let failed = |error: io::Error| Stop::System(format!("cannot start a process: {error}"));
    let mut runs = BTreeMap::new();
    // On a terminal only.
    let progress = ProgressBar::new(times).with_finish(ProgressFinish::AndClear);
    let style = ProgressStyle::with_template("{human_pos} of {human_len} runs, {eta} left");
    progress.set_style(style.expect("the template is well formed"));
    let (mut played, mut lost) = (0, 0);
    while played < times && lost < MOST_LOST {
        let program = this_program().map_err(failed)?;
        let mut child = Child::<Order, Run>::spawn(program, ROLE).map_err(failed)?;
        let order = Order {
            lesson: lesson.name.to_owned(),
            version: version.name.clone(),
            times: times - played,
        };
        // A child that is gone already is missed below.
        let _ = child.send(order);
        while played < times {
            let run = child.receive_timeout(LIMIT);
            let is_lost = run.is_err();
            let run = run.unwrap_or_else(|why| Run {
                outcome: match why {
                    TimedOutOrGone::TimedOut => "did not end",
                    TimedOutOrGone::Gone => "ended its process",
                }
                .to_owned(),
                is_forbidden: true,
            });
            *runs.entry(run).or_default() += 1;
            played += 1;
            progress.inc(1);
            if is_lost {
                lost += 1;
                break;
            }
        }
    }
    Ok((runs, lost))
}

fn table(runs: &BTreeMap<Run, u64>) -> Drawing {
    let column = |heading, numbers| Column { heading, numbers };
    let rows = runs.iter().map(|(run, times)| {
        let (tone, mark) = match run.is_forbidden {
            true => (Tone::Bad, "✗"),
            false => (Tone::Plain, "·"),
        };
        vec![
            Piece::new(tone, mark),
            Piece::new(tone, &run.outcome),
            Piece::new(Tone::Plain, grouped(*times)),
        ]
    });
    let table = Table {
        columns: vec![
            column("", false),
            column("outcome", false),
            column("runs", true),
        ],
        rows: rows.collect(),
    };
    Drawing {
        blocks: vec![Block::Table(table)],
    }
}

/// `10,000`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_grouped() {
        let numbers = [0, 999, 1000, 10_000, 1_234_567];
        let texts = ["0", "999", "1,000", "10,000", "1,234,567"];
        assert_eq!(numbers.map(grouped), texts);
    }
}
