//! The command line: lists the lessons, plays them, explores them, shows stories, and
//! helps a shell to complete what is typed.
//!
//! Usage errors are one line on standard error and exit code 2. Exit code 1 means
//! that something was found which should not be: [`verdict`] says what.

mod args;
mod child;
mod chosen;
mod exercise;
mod exercise_args;
mod explore;
mod grade;
mod html;
pub mod json;
mod play;
mod pool;
mod progress;
pub mod repeat;
mod target;
mod text;
pub mod verdict;

use crate::explorer::report::{Budget, Memory};
use crate::lessons::{Lesson, Scene};
use crate::programs::{self, Stop};
use args::{Args, Command, ExploreArgs};
use chosen::{find, full_name, versions_of};
use clap::FromArgMatches as _;
use clap_complete::Shell;
use colorchoice_clap::Color;
use signal_hook::consts::SIGINT;
use signal_hook::flag;
use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use target::Target;
use text::{heading, paragraph};

/// The exit code after Ctrl-C: what a shell reports of a program that SIGINT ended.
const INTERRUPTED: u8 = 130;

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    match run(std::env::args_os()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Stop::Usage(why)) => {
            // Nobody may be listening here either.
            let _ = writeln!(anstream::stderr(), "error: {why}");
            ExitCode::from(2)
        }
        Err(Stop::System(why)) => {
            let _ = writeln!(anstream::stderr(), "error: {why}");
            ExitCode::from(74)
        }
        Err(Stop::Interrupted) => ExitCode::from(INTERRUPTED),
        // The reader of a pipe has seen enough: what SIGPIPE's exit code would be.
        Err(Stop::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(141),
        Err(Stop::Output(error)) => {
            let _ = writeln!(anstream::stderr(), "error: cannot write: {error}");
            ExitCode::from(74)
        }
    }
}

/// Does what the arguments say; whether all was as it should be.
fn run(args: impl Iterator<Item = OsString>) -> Result<bool, Stop> {
    let mut lessons = crate::lessons::all();
    let programs = programs::all();
    let given = match args::command(&programs).try_get_matches_from(args) {
        Ok(given) => given,
        Err(error) if error.use_stderr() => return Err(Stop::usage(one_line(&error))),
        Err(help) => {
            let mut out = anstream::stdout();
            write!(out, "{}", help.render().ansi())?;
            out.flush()?;
            return Ok(true);
        }
    };
    if let Ok(color) = Color::from_arg_matches(&given) {
        color.write_global();
    }
    // Colours are taken away where `--color`, the environment or the stream wants none.
    let mut out = anstream::stdout();
    let passed = if let Some((program, given)) = args::program(&programs, &given) {
        play::refuse_in_the_model(program.lesson)?;
        (program.run)(given, &mut out)?
    } else {
        let args = Args::from_arg_matches(&given);
        let args = args.map_err(|error| Stop::usage(one_line(&error)))?;
        if matches!(&args.command, Command::Explore(explore) if explore.as_right) {
            for version in lessons.iter_mut().flat_map(|lesson| &mut lesson.versions) {
                version.mistake = None;
            }
        }
        obey(&args.command, &lessons, &mut out)?
    };
    out.flush()?;
    Ok(passed)
}

fn obey(command: &Command, lessons: &[Lesson], out: &mut dyn Write) -> Result<bool, Stop> {
    match command {
        Command::List { lesson } => list(lessons, lesson.as_ref(), out).map(|()| true),
        Command::Explore(args) => match &args.exercise {
            Some(command) => exercise::obey(command, lessons, &*cancelled_by_ctrl_c()?, out),
            None => explore(lessons, args, out),
        },
        Command::Play(args) => play::play(lessons, args, out),
        Command::Child { role } => child::play(role).map(|()| true),
        Command::Show { version } => show(lessons, version, out).map(|()| true),
        Command::Completions { shell } => complete(*shell, lessons, out).map(|()| true),
    }
}

/// Prints a shell's script.
fn complete(shell: Shell, lessons: &[Lesson], out: &mut dyn Write) -> Result<(), Stop> {
    // clap_complete panics where it cannot write.
    let mut script = Vec::new();
    let mut command = args::completable(lessons);
    clap_complete::generate(shell, &mut command, "racecourse", &mut script);
    Ok(out.write_all(&script)?)
}

/// clap's message, which takes several lines, as one.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let message = text.lines().take_while(|line| !line.trim().is_empty());
    let tips = text.lines().filter(|line| line.trim().starts_with("tip: "));
    let message: Vec<&str> = message.map(str::trim).collect();
    let tips: String = tips.map(|tip| format!("; {}", tip.trim())).collect();
    let help = match text.contains("'--help'") {
        true => "; for help, add --help",
        false => "",
    };
    message.join(" ") + &tips + help
}

fn list(lessons: &[Lesson], one: Option<&Target>, out: &mut dyn Write) -> Result<(), Stop> {
    let lessons: Vec<&Lesson> = match one {
        None => lessons.iter().collect(),
        Some(target) if target.version.is_some() => {
            return Err(Stop::usage(format!(
                "list takes a lesson, not a version: type {}",
                target.lesson
            )));
        }
        Some(target) => find(lessons, target)?
            .first()
            .map(|(lesson, _)| *lesson)
            .into_iter()
            .collect(),
    };
    let names = lessons.iter().flat_map(|lesson| &lesson.versions);
    let wide = names.map(|version| version.name.len()).max().unwrap_or(0);
    for lesson in lessons {
        heading(out, lesson)?;
        if one.is_some() {
            write!(out, "{}", paragraph(lesson.story))?;
        }
        for version in &lesson.versions {
            let kind = match version.is_right() {
                true => "correct",
                false => "wrong",
            };
            writeln!(out, "  {kind:7}  {:wide$}  {}", version.name, version.about)?;
        }
        if one.is_some() {
            details(out, lesson)?;
        }
    }
    Ok(())
}

/// A lesson's scenes, and what the tutorial got wrong.
fn details(out: &mut dyn Write, lesson: &Lesson) -> Result<(), Stop> {
    writeln!(out, "scenes, explored under {}:", lesson.memory)?;
    let scenes = lesson.versions.iter().flat_map(|version| &version.scenes);
    let mut named = HashSet::new();
    for scene in scenes.filter(|scene| named.insert(scene.name)) {
        let proof = if scene.proof {
            " (to prove correct versions)"
        } else {
            ""
        };
        writeln!(out, "  {}{proof}", scene.name)?;
    }
    let Some(number) = lesson.tutorial.lesson else {
        return Ok(());
    };
    writeln!(out, "what lesson {number} of the tutorial gets wrong:")?;
    for fault in lesson.tutorial.faults {
        let fault = format!("- {} (not here: test {})", fault.what, fault.shown_by);
        write!(out, "{}", paragraph(&fault))?;
    }
    Ok(())
}

fn explore(lessons: &[Lesson], args: &ExploreArgs, out: &mut dyn Write) -> Result<bool, Stop> {
    let chosen = match &args.target {
        None => lessons.iter().flat_map(versions_of).collect(),
        Some(target) => find(lessons, target)?,
    };
    let pages = html::Pages::open(args)?;
    let engine = |options, run: Arc<_>| {
        let found = crate::explorer::explore(options, Arc::clone(&run)).map_err(|error| {
            let variables = std::env::vars_os();
            Stop::usage(format!("{error}; {}", how_to_explore(args, variables)))
        });
        found.inspect(|found| pages.keep(&run, found))
    };
    let cancel = cancelled_by_ctrl_c()?;
    let complaints = explore::explore(&chosen, args, engine, &cancel, out)?;
    pages.write(&chosen, args, &complaints, &cancel, out)?;
    if args.json {
        for complaint in &complaints {
            writeln!(anstream::stderr(), "{complaint}")?;
        }
    }
    // ORDERING: the flag publishes nothing.
    match cancel.load(Relaxed) {
        true => Err(Stop::Interrupted),
        false => Ok(complaints.is_empty()),
    }
}

/// A flag that the first Ctrl-C sets. The second ends the process at once.
fn cancelled_by_ctrl_c() -> Result<Arc<AtomicBool>, Stop> {
    let cancel = Arc::new(AtomicBool::new(false));
    let listen = || {
        // Signal actions run in this order: the first Ctrl-C finds the flag unset.
        let exit_code = i32::from(INTERRUPTED);
        flag::register_conditional_shutdown(SIGINT, exit_code, Arc::clone(&cancel))?;
        flag::register(SIGINT, Arc::clone(&cancel))
    };
    match listen() {
        Ok(_) => Ok(cancel),
        Err(error) => Err(Stop::System(format!("cannot handle Ctrl-C: {error}"))),
    }
}

/// What to type instead, and which environment variable stands in the way.
fn how_to_explore(
    args: &ExploreArgs,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> String {
    let target = args
        .target
        .as_ref()
        .map_or(String::new(), |target| format!(" {target}"));
    let html = args.html.as_ref();
    let html = html.map_or(String::new(), |path| format!(" --html {}", path.display()));
    let mut how = format!("type `cargo race{target}{html}`");
    for (name, value) in variables {
        let name = name.to_string_lossy();
        // The encoded variable separates its flags by a control character.
        let flags = value.to_string_lossy().replace('\u{1f}', " ");
        // All other ways to set flags give way to `--config`, or are joined to it.
        let overrides = matches!(&*name, "RUSTFLAGS" | "CARGO_ENCODED_RUSTFLAGS");
        let has_cfg = flags.contains("--cfg loom") || flags.contains("--cfg=loom");
        if overrides && !has_cfg {
            how += &format!(
                "; the environment variable {name} is set without `--cfg loom` and overrides what \
                 `cargo race` sets: unset it, or add `--cfg loom` to it"
            );
        }
    }
    how
}

fn show(lessons: &[Lesson], target: &Target, out: &mut dyn Write) -> Result<(), Stop> {
    let found = find(lessons, target)?;
    let [(lesson, version)] = found.as_slice() else {
        let wrong = found.iter().filter(|(_, version)| !version.is_right());
        let wrong: Vec<String> = wrong
            .map(|(lesson, version)| full_name(lesson, version))
            .collect();
        return Err(Stop::usage(format!(
            "{target} is a lesson; show takes a version: {}",
            wrong.join(", ")
        )));
    };
    match &version.mistake {
        Some(mistake) => Ok(write!(out, "{}", mistake.story)?),
        None => Err(Stop::usage(format!(
            "{} is a correct version, so it has no story of a mistake; `list {}` names the wrong \
             versions",
            full_name(lesson, version),
            lesson.name
        ))),
    }
}

impl ExploreArgs {
    fn memory_for(&self, lesson: &Lesson) -> Memory {
        self.memory.map_or(lesson.memory, Memory::from)
    }

    fn budget_for(&self, scene: &Scene) -> Budget {
        let or = |asked: Option<u8>, usual| asked.map_or(usual, usize::from);
        Budget {
            any_waiter: self.any_waiter.unwrap_or(scene.budget.any_waiter),
            spurious_wake_ups: or(self.spurious_wake_ups, scene.budget.spurious_wake_ups),
            early_timeouts: or(self.early_timeouts, scene.budget.early_timeouts),
            weak_failures: or(self.weak_failures, scene.budget.weak_failures),
            deaths: or(self.deaths, scene.budget.deaths),
            iterations: self.iterations.map_or(scene.budget.iterations, usize::from),
        }
    }

    /// How many scenes to explore at the same time.
    fn jobs(&self) -> usize {
        let cores = || thread::available_parallelism().map_or(1, NonZero::get);
        self.jobs.map_or_else(cores, usize::from)
    }
}

#[cfg(test)]
mod tests;
