//! How an outcome comes about: from data to layout.

use super::files::Files;
use super::layout::{Block, Drawing, Piece, Tone};
use super::rows::lanes;
use crate::explorer::report::{Act, Because, Grade, Outcome, Promise, Story};

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
    let because = because(story, &files);
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

/// The story of a lesson's mistake, which it names. `must_occur`: outcomes that are promised,
/// even where the mistake leaves none of them.
///
/// [`Drawing::plain`] of it is what a committed story file contains.
#[must_use]
pub fn mistake(outcome: &Outcome, mistake: &str, must_occur: &[&str]) -> Drawing {
    let mut outcome = outcome.clone();
    let promised = &mut outcome.story.promised;
    if promised.is_empty() {
        promised.extend(must_occur.iter().map(|outcome| Promise {
            outcome: (*outcome).to_owned(),
            meaning: String::new(),
        }));
    }
    let mut drawing = story(&outcome);
    let mistake = vec![Piece::new(Tone::Warning, mistake)];
    drawing.blocks.push(Block::Labelled("mistake", mistake));
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
    let promised = &outcome.story.promised;
    let Some(first) = promised.first() else {
        return match outcome.outcome.as_str() {
            "deadlock" | "livelock" | "does not end" => "every thread ends".to_owned(),
            failure @ ("panic" | "data race" | "use after free" | "double free"
            | "invalid free" | "wrong layout" | "leak") => format!("no {failure}"),
            _ => "any other outcome".to_owned(),
        };
    };
    let one_meaning = promised.iter().all(|it| it.meaning == first.meaning);
    let name = |it: &Promise| match one_meaning {
        true => it.outcome.clone(),
        false => format!("{} ({})", it.outcome, it.meaning),
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
    format!("{}{more}{meaning}", names.join(" or "))
}

/// Why the outcome is what it is.
fn because(story: &Story, files: &Files<'_>) -> Vec<Piece> {
    let epilogue = story.epilogue.iter().map(|line| files.shorten(line));
    let mut lines: Vec<Piece> = epilogue
        .map(|line| Piece::new(Tone::Warning, line))
        .collect();
    if let Some(because) = &story.because {
        lines.extend(decisive(because, files));
    } else if story.always {
        let text = "Every interleaving of this scene has a forbidden outcome.";
        lines.push(Piece::new(Tone::Warning, text));
    }
    lines
}

fn decisive(because: &Because, files: &Files<'_>) -> Vec<Piece> {
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
        (Some(before), _) => format!("If {} comes before it", tell(before)),
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
    lines
}
