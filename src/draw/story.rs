//! How an outcome comes about: from data to layout.

use super::files::Files;
use super::layout::{Block, Drawing, Piece, Tone};
use super::rows::lanes;
use crate::explorer::report::{Act, Because, Grade, Outcome, Promise, Step, Story};

/// So many of the promised outcomes are named.
const MOST: usize = 3;

/// The story of one outcome: a caption, a column for each thread, and for a forbidden
/// outcome what was promised, what it is instead, and why.
#[must_use]
pub fn story(outcome: &Outcome) -> Drawing {
    let story = &outcome.story;
    let files = Files::of(story);
    let grade = match outcome.grade {
        Grade::Promised => Tone::Good,
        Grade::Allowed => Tone::Warning,
        Grade::Forbidden => Tone::Bad,
    };
    let mut title = vec![Piece::new(
        grade,
        format!("{}: {}", outcome.grade, outcome.outcome),
    )];
    if outcome.grade != Grade::Forbidden {
        title.push(Piece::new(Tone::Plain, format!("({})", outcome.meaning)));
    }
    let mut blocks = vec![
        Block::Text(title),
        Block::Text(vec![Piece::new(
            Tone::Quiet,
            format!("{}{}", cost(story), files.caption()),
        )]),
    ];
    if !story.steps.is_empty() {
        blocks.push(Block::Gap);
        blocks.push(Block::Lanes(lanes(story, &files)));
    }
    let because = because(outcome, &files);
    if outcome.grade == Grade::Forbidden {
        blocks.push(Block::Gap);
        blocks.push(Block::Labelled(
            "promised",
            vec![Piece::new(Tone::Good, promised(outcome))],
        ));
        let got = format!("{}: {}", outcome.outcome, outcome.meaning);
        blocks.push(Block::Labelled("got", vec![Piece::new(Tone::Bad, got)]));
        if !because.is_empty() {
            blocks.push(Block::Labelled("because", because));
        }
    } else if !because.is_empty() {
        blocks.push(Block::Gap);
        blocks.extend(because.into_iter().map(|line| Block::Text(vec![line])));
    }
    Drawing { blocks }
}

/// What a wrong version does wrong.
#[derive(Debug)]
pub struct Mistake<'a> {
    /// In a line.
    pub what: &'a str,
    /// The lines that do it.
    pub lines: Vec<SourceLine<'a>>,
    /// Outcomes that are promised, even where the mistake leaves none of them.
    pub must_occur: &'a [&'a str],
}

/// A line of a source file.
#[derive(Debug)]
pub struct SourceLine<'a> {
    /// The file, as the compiler names it.
    pub file: String,
    /// The line in that file, from 1.
    pub line: u32,
    /// What it says.
    pub source: &'a str,
}

/// The story of a lesson's mistake, and the mistake.
///
/// [`Drawing::plain`] of it is what a committed story file contains.
#[must_use]
pub fn mistake(outcome: &Outcome, mistake: &Mistake<'_>) -> Drawing {
    let mut outcome = outcome.clone();
    outcome.story.promise(mistake.must_occur);
    let files = Files::of(&outcome.story);
    let lines = mistake.lines.iter().map(|it| {
        let place = files.full_place(&it.file, it.line);
        Piece::new(Tone::Quiet, format!("{place} │ {}", it.source))
    });
    let lines: Vec<Piece> = lines.collect();
    let mut drawing = story(&outcome);
    // Each line of the source is shown once.
    for block in &mut drawing.blocks {
        if let Block::Labelled("because", because) = block {
            because.retain(|line| !lines.contains(line));
        }
    }
    let mut text = vec![Piece::new(Tone::Warning, mistake.what)];
    text.extend(lines);
    drawing.blocks.push(Block::Labelled("mistake", text));
    drawing
}

/// `1 preemption, 2 stale reads`; `at most 1 preemption, …` if fewer may do
fn cost(story: &Story) -> String {
    let at_most = if story.minimal { "" } else { "at most " };
    let count = |number: usize, what| match number {
        0 => format!("no {what}s"),
        1 => format!("{at_most}1 {what}"),
        number => format!("{at_most}{number} {what}s"),
    };
    let preemptions = count(story.preemptions, "preemption");
    match story.stale_reads {
        0 => preemptions,
        stale_reads => format!("{preemptions}, {}", count(stale_reads, "stale read")),
    }
}

/// What is promised, in the place of a forbidden outcome.
fn promised(outcome: &Outcome) -> String {
    let kind = outcome.outcome.as_str();
    let goes_on = matches!(kind, "deadlock" | "livelock" | "does not end");
    match (names(&outcome.story.promised), kind) {
        (Some(names), _) if goes_on => format!("every thread ends, and the outcome is {names}"),
        (Some(names), _) => names,
        (None, _) if goes_on => "every thread ends".to_owned(),
        (
            None,
            "panic" | "data race" | "use after free" | "double free" | "invalid free"
            | "wrong layout" | "leak",
        ) => format!("no {kind}"),
        (None, _) => "any other outcome".to_owned(),
    }
}

/// The first of the promised outcomes, and what they mean.
fn names(promised: &[Promise]) -> Option<String> {
    let first = promised.first()?;
    let one_meaning = promised.iter().all(|it| it.meaning == first.meaning);
    let name = |it: &Promise| match one_meaning || it.meaning.is_empty() {
        true => format!("`{}`", it.outcome),
        false => format!("`{}` ({})", it.outcome, it.meaning),
    };
    let names: Vec<String> = promised.iter().take(MOST).map(name).collect();
    let more = match promised.len().saturating_sub(MOST) {
        0 => String::new(),
        1 => " or another outcome".to_owned(),
        more => format!(" or {more} other outcomes"),
    };
    let meaning = match one_meaning {
        true if !first.meaning.is_empty() => format!(": {}", first.meaning),
        _ => String::new(),
    };
    Some(format!("{}{more}{meaning}", names.join(" or ")))
}

/// Why the outcome is what it is.
fn because(outcome: &Outcome, files: &Files<'_>) -> Vec<Piece> {
    let story = &outcome.story;
    let epilogue = story.epilogue.iter().map(|line| files.shorten(line));
    let mut lines: Vec<Piece> = epilogue
        .map(|line| Piece::new(Tone::Warning, line))
        .collect();
    if let Some(because) = &story.because {
        lines.extend(decisive(because, story, files));
    } else if story.always {
        let text = "Every interleaving of this scene has a forbidden outcome.";
        lines.push(Piece::new(Tone::Warning, text));
    } else if outcome.grade == Grade::Forbidden && !lines.is_empty() {
        let text = "No step is known after which every interleaving has a forbidden outcome.";
        lines.push(Piece::new(Tone::Warning, text));
    }
    lines
}

fn decisive(because: &Because, story: &Story, files: &Files<'_>) -> Vec<Piece> {
    // A step that a thread has taken before is meant the next time.
    let earlier = &story.steps[..story.decisive.unwrap_or(0)];
    let next = |act: &Act| {
        let is_it = |step: &Step| {
            (step.what.replace('`', ""), &step.file, step.line)
                == (act.what.replace('`', ""), &act.file, act.line)
                && story.threads.get(step.thread) == Some(&act.thread)
        };
        if earlier.iter().any(is_it) {
            "the next "
        } else {
            ""
        }
    };
    let tell = |act: &Act| match act.what.as_str() {
        "" => format!("what {} says at {}", act.thread, files.place_of(act)),
        what => {
            let what = what.replace('`', "");
            format!("`{what}` by {} at {}", act.thread, files.place_of(act))
        }
    };
    let Because {
        act,
        before,
        instead,
        outcome,
    } = because;
    let otherwise = match (before, instead) {
        (Some(before), _) => format!("If {}{} comes before it", next(before), tell(before)),
        (None, Some(instead)) if instead.what != act.what => {
            format!("If `{}` comes instead", instead.what.replace('`', ""))
        }
        _ => "Before it".to_owned(),
    };
    let text = format!(
        "The decisive step (!) is {}. {otherwise}, the outcome can be `{outcome}`.",
        tell(act)
    );
    let sources = [Some(act), before.as_ref()].into_iter().flatten();
    let sources = sources.filter_map(|act| {
        let text = format!("{} │ {}", files.place_of(act), act.source.as_ref()?);
        Some(Piece::new(Tone::Quiet, text))
    });
    let mut lines = vec![Piece::new(Tone::Warning, text)];
    lines.extend(sources);
    lines.dedup();
    lines
}
