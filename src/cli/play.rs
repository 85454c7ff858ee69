//! Plays a lesson with real threads.

use super::args::PlayArgs;
use super::chosen::{find, full_name};
use super::repeat::repeat;
use crate::draw::layout::Tone;
use crate::explorer::CAN_EXPLORE;
use crate::explorer::report::Grade;
use crate::lessons::{Lesson, Program};
use crate::programs::Stop;
use crate::sync;
use std::io::Write;

/// The model plays nothing.
pub(super) fn refuse_in_the_model(what: &str) -> Result<(), Stop> {
    match CAN_EXPLORE {
        false => Ok(()),
        true => Err(Stop::usage(format!(
            "this is the model build, which cannot play with real threads; type \
             `cargo run -- play {what}`, without `--cfg loom` in RUSTFLAGS"
        ))),
    }
}

/// Plays, and says what it came to; whether that is within the promise.
pub(super) fn play(lessons: &[Lesson], args: &PlayArgs, out: &mut dyn Write) -> Result<bool, Stop> {
    let found = find(lessons, &args.target)?;
    let right_first = found.iter().find(|(_, version)| version.is_right());
    let Some((lesson, version)) = right_first.or(found.first()) else {
        return Err(Stop::usage(format!(
            "{} has no version to play",
            args.target
        )));
    };
    let program = program(lesson, args)?;
    refuse_in_the_model(&args.target.to_string())?;
    if let Some(times) = args.repeat {
        return repeat(lesson, version, times, out);
    }

    let heading = Tone::Heading.style();
    writeln!(
        out,
        "{heading}{}{heading:#}: {}",
        full_name(lesson, version),
        version.about
    )?;
    if !version.is_right() {
        let warning = Tone::Warning.style();
        writeln!(
            out,
            "{warning}This version is wrong: it may go wrong, or never end (then press Ctrl-C).{warning:#}"
        )?;
    }
    out.flush()?;
    sync::tell(true);
    sync::set_pace(args.pace);
    let judged = (version.play)(&program);

    let tone = match judged.grade {
        Grade::Promised => Tone::Good,
        Grade::Allowed => Tone::Warning,
        Grade::Forbidden => Tone::Bad,
    };
    let style = tone.style();
    let grade = match judged.grade {
        Grade::Promised => String::new(),
        grade => format!("{grade}: "),
    };
    writeln!(
        out,
        "{style}{grade}{}: {}{style:#}",
        judged.meaning, judged.outcome
    )?;
    if !version.is_right() && judged.grade != Grade::Forbidden {
        let warning = Tone::Warning.style();
        let name = full_name(lesson, version);
        writeln!(
            out,
            "{warning}It went well this time, which proves nothing. To see how it goes wrong, type `cargo run -- show {name}`; how often, `cargo run -- play {name} --repeat 10000`.{warning:#}"
        )?;
    }
    Ok(judged.grade != Grade::Forbidden)
}

/// The tutorial's numbers but for those given; only what the lesson heeds may be.
fn program(lesson: &Lesson, args: &PlayArgs) -> Result<Program, Stop> {
    let mut program = Program::default();
    let numbers = [
        ("tickets", args.tickets, &mut program.tickets),
        ("clerks", args.clerks, &mut program.clerks),
        ("bakers", args.bakers, &mut program.bakers),
        ("customers", args.customers, &mut program.customers),
        ("breads", args.breads, &mut program.breads),
        ("capacity", args.capacity, &mut program.capacity),
        ("producers", args.producers, &mut program.producers),
        ("consumers", args.consumers, &mut program.consumers),
        ("items", args.items, &mut program.items),
    ];
    for (name, given, number) in numbers {
        let Some(given) = given else { continue };
        if !lesson.heeds.contains(&name) {
            let heeded: Vec<_> = lesson
                .heeds
                .iter()
                .map(|name| format!("--{name}"))
                .collect();
            let heeded = match heeded.is_empty() {
                true => "none of these numbers".to_owned(),
                false => format!("only {}", heeded.join(", ")),
            };
            return Err(Stop::usage(format!(
                "{} has no --{name}; it takes {heeded}",
                lesson.name
            )));
        }
        *number = given as usize;
    }
    Ok(program)
}
