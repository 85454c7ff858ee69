//! The student's commands: a file to start from, a check at each save, a list.

use super::chosen::{self, full_name};
use super::exercise_args::ExerciseCommand;
use super::grade;
use crate::draw::layout::Tone;
use crate::exercises::{
    self, Done, EXERCISES, Exercise, Grader, Limits, State, Verdict, exercise_of, file,
};
use crate::explorer::report::count;
use crate::lessons::Lesson;
use crate::programs::Stop;
use notify::{RecursiveMode, Watcher as _};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// An editor may save a file in several steps.
const SETTLED: Duration = Duration::from_millis(50);
/// How often the flag of Ctrl-C is checked.
const CANCEL_CHECKED_EVERY: Duration = Duration::from_millis(200);

pub(super) fn obey(
    command: &ExerciseCommand,
    lessons: &[Lesson],
    cancel: &AtomicBool,
    out: &mut dyn Write,
) -> Result<bool, Stop> {
    match command {
        ExerciseCommand::Start { exercise, folder } => {
            start(chosen::exercise(exercise)?, folder, lessons, out).map(|()| true)
        }
        ExerciseCommand::Exercises { folder } => list(folder, out).map(|()| true),
        ExerciseCommand::Watch { file, hints } => watch(file, *hints, lessons, cancel, out),
        ExerciseCommand::Grade(args) => grade::grade(args, cancel, out),
    }
}

/// The file to start from.
fn text_of(exercise: &Exercise, lessons: &[Lesson]) -> String {
    let lesson = lessons.iter().find(|lesson| lesson.name == exercise.lesson);
    file(exercise, lesson.map_or("", |lesson| lesson.story))
}

fn start(
    exercise: &Exercise,
    folder: &Path,
    lessons: &[Lesson],
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let path = folder.join(exercise.file());
    let cannot = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Stop::usage(format!(
            "{} is there already, and is not overwritten: delete it to start again",
            path.display()
        )),
        _ => Stop::System(format!("cannot write {}: {error}", path.display())),
    };
    fs::create_dir_all(folder).map_err(cannot)?;
    let mut new = File::create_new(&path).map_err(cannot)?;
    new.write_all(text_of(exercise, lessons).as_bytes())
        .map_err(cannot)?;
    let path = path.display();
    writeln!(out, "wrote {path}: {}", exercise.task)?;
    writeln!(
        out,
        "Open it in your editor. This command checks it whenever you save:"
    )?;
    Ok(writeln!(out, "    cargo race watch {path}")?)
}

fn list(folder: &Path, out: &mut dyn Write) -> Result<(), Stop> {
    let cannot = |error| Stop::usage(format!("cannot read {}: {error}", folder.display()));
    let answers = exercises::answers(folder).map_err(cannot)?;
    let done = Done::read(folder);
    let state = |exercise: &Exercise| {
        let own = answers
            .iter()
            .filter(|(of, ..)| of.name() == exercise.name());
        done.state(own.map(|(.., text)| text.as_str()))
    };
    let wide = EXERCISES
        .iter()
        .map(|it| it.name().len())
        .max()
        .unwrap_or(0);
    let mut proved = 0;
    let mut next = None;
    for exercise in EXERCISES {
        let state = state(exercise);
        let (tone, mark) = match state {
            State::Proved => (Tone::Good, "✓ proved"),
            State::NotProved => (Tone::Bad, "✗ not proved"),
            State::NotGraded => (Tone::Warning, "· not checked yet"),
            State::NotStarted => (Tone::Plain, ""),
        };
        proved += usize::from(state == State::Proved);
        if state != State::Proved && next.is_none() {
            next = Some((exercise, state));
        }
        let (style, name) = (tone.style(), exercise.name());
        writeln!(
            out,
            "{style}{mark:17}{style:#}  {name:wide$}  {}",
            exercise.task
        )?;
    }
    writeln!(
        out,
        "\n{proved} of {} proved in {}",
        EXERCISES.len(),
        folder.display()
    )?;
    match next {
        None => Ok(writeln!(out, "You have done them all.")?),
        Some((exercise, State::NotStarted)) => {
            Ok(writeln!(out, "{}", how_to_start(exercise, folder))?)
        }
        Some((exercise, _)) => {
            let own = answers.iter().find(|(of, ..)| of.name() == exercise.name());
            let file = own.map_or(String::new(), |(_, path, _)| path.display().to_string());
            Ok(writeln!(out, "Next: cargo race watch {file}")?)
        }
    }
}

fn how_to_start(exercise: &Exercise, folder: &Path) -> String {
    let name = exercise.name();
    match folder == Path::new(".") {
        true => format!("Next: cargo race start {name}"),
        false => format!("Next: cargo race start {name} {}", folder.display()),
    }
}

fn watch(
    path: &Path,
    hints: bool,
    lessons: &[Lesson],
    cancel: &AtomicBool,
    out: &mut dyn Write,
) -> Result<bool, Stop> {
    grade::refuse_in_the_std_build("watch")?;
    let cannot_read = |error| Stop::usage(format!("cannot read {}: {error}", path.display()));
    let mut text = fs::read_to_string(path).map_err(cannot_read)?;
    let exercise =
        exercise_of(&text).map_err(|why| Stop::usage(format!("{}: {why}", path.display())))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let (sender, saves) = mpsc::channel();
    let cannot_watch = |error| Stop::System(format!("cannot watch {}: {error}", folder.display()));
    let on_event = move |event: notify::Result<notify::Event>| {
        // Reading the file is no change. After an error, the file is read again to be sure.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            let _ = sender.send(());
        }
    };
    // An editor may put another file in this one's place, so the folder is watched.
    let mut watcher = notify::recommended_watcher(on_event).map_err(cannot_watch)?;
    watcher
        .watch(folder, RecursiveMode::NonRecursive)
        .map_err(cannot_watch)?;
    let grader = Grader::new(Limits::default())?;
    let mut done = Done::read(folder);
    let mut tries = 0;
    let untouched = text_of(exercise, lessons);
    loop {
        let begun = Instant::now();
        let verdict = grader.grade(path, &text, exercise)?;
        let remembered = done.remember(&text, verdict.is_proved());
        remembered
            .map_err(|error| Stop::System(format!("cannot remember the verdict: {error}")))?;
        tell(&verdict, exercise, begun.elapsed(), out)?;
        if verdict.is_proved() {
            last_word(exercise, verdict.preemptions(), folder, lessons, out)?;
            return Ok(true);
        }
        // A hint is about what the answer does, so it needs an answer that does something.
        if hints && verdict.is_about_outcomes() && text != untouched {
            let most = exercise.hints.len();
            match exercise.hints.get(tries) {
                Some(hint) => writeln!(out, "hint {} of {most}: {hint}", tries + 1)?,
                None if tries == most => writeln!(out, "no more hints")?,
                None => {}
            }
            tries += 1;
        }
        let more = if hints { "" } else { ", --hints gives hints" };
        let path_shown = path.display();
        writeln!(
            out,
            "waiting for the next save of {path_shown} (Ctrl-C ends{more})\n"
        )?;
        out.flush()?;
        let before = text;
        text = loop {
            // ORDERING: the flag publishes nothing.
            if cancel.load(Relaxed) {
                return Err(Stop::Interrupted);
            }
            match saves.recv_timeout(CANCEL_CHECKED_EVERY) {
                Ok(()) => while saves.recv_timeout(SETTLED).is_ok() {},
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Stop::System("the folder is no longer watched".to_owned()));
                }
            }
            // While an editor replaces the file, there may be none.
            match fs::read_to_string(path) {
                Ok(text) if text != before => break text,
                _ => {}
            }
        };
    }
}

fn tell(
    verdict: &Verdict,
    exercise: &Exercise,
    took: Duration,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let (tone, mark) = match verdict.is_proved() {
        true => (Tone::Good, "✓"),
        false => (Tone::Bad, "✗"),
    };
    let (style, seconds) = (tone.style(), took.as_secs_f64());
    let (name, title, reason) = (exercise.name(), verdict.title(), verdict.reason());
    writeln!(
        out,
        "{style}{mark} {name}: {title}{style:#}: {reason} ({seconds:.1} s)"
    )?;
    grade::details(verdict, out)
}

/// What the proof means, and what comes next.
fn last_word(
    exercise: &Exercise,
    bound: Option<usize>,
    folder: &Path,
    lessons: &[Lesson],
    out: &mut dyn Write,
) -> Result<(), Stop> {
    match bound {
        None => writeln!(
            out,
            "No interleaving of any scene breaks a promise of the lesson."
        )?,
        Some(most) => writeln!(
            out,
            "No interleaving that was explored breaks a promise of the lesson; one scene was \
             explored only up to {}.",
            count(most as u64, "preemption")
        )?,
    }
    let lesson = lessons.iter().find(|lesson| lesson.name == exercise.lesson);
    let version = lesson.and_then(|it| it.versions.iter().find(|it| it.name == exercise.version));
    if let (Some(lesson), Some(version)) = (lesson, version) {
        writeln!(out, "What you have repaired: {}.", version.about)?;
        writeln!(
            out,
            "Its story in the course: cargo run -- show {}",
            full_name(lesson, version)
        )?;
    }
    let after = EXERCISES
        .iter()
        .skip_while(|it| it.name() != exercise.name())
        .nth(1);
    match after {
        Some(next) => Ok(writeln!(out, "{}", how_to_start(next, folder))?),
        None => Ok(writeln!(out, "That was the last exercise.")?),
    }
}
