//! What can be typed.

use super::exercise_args::ExerciseCommand;
use super::target::Target;
use crate::explorer::report::Memory;
use crate::lessons::{Lesson, Version};
use crate::programs::{self, Program, pace};
use clap::builder::PossibleValuesParser;
use clap::{ArgMatches, CommandFactory as _, Parser, Subcommand, ValueEnum, value_parser};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A course on race conditions: every lesson played with real threads, and every
/// interleaving of it explored.
#[derive(Debug, Parser)]
#[command(
    version,
    disable_help_subcommand = true,
    arg_required_else_help = false
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    color: colorchoice_clap::Color,
}

const COMPLETIONS: &str = "\
All shells complete commands and options; bash and zsh also lessons and versions.
For bash, type once: racecourse completions bash >~/.local/share/bash-completion/completions/racecourse
For another shell, see where it looks for completions.";

/// Everything that can be typed, with the names of all lessons and versions: for scripts
/// that complete them.
pub(super) fn completable(lessons: &[Lesson]) -> clap::Command {
    let names = |such: &dyn Fn(&Version) -> bool, with_lessons: bool| {
        let names = lessons.iter().flat_map(|lesson| {
            let versions = lesson.versions.iter().filter(|version| such(version));
            let versions = versions.map(|version| format!("{}/{}", lesson.name, version.name));
            let lesson = with_lessons.then(|| lesson.name.to_owned());
            lesson.into_iter().chain(versions).collect::<Vec<_>>()
        });
        PossibleValuesParser::new(names.collect::<Vec<_>>())
    };
    let complete = |command: clap::Command, argument: &'static str, names| {
        command.mut_arg(argument, |argument| argument.value_parser(names))
    };
    let only_lessons = names(&|_| false, true);
    let all = names(&|_| true, true);
    let wrong = names(&|version| !version.is_right(), false);
    command(&programs::all())
        .mut_subcommand("list", |it| complete(it, "lesson", only_lessons))
        .mut_subcommand("play", |it| complete(it, "target", all.clone()))
        .mut_subcommand("explore", |it| complete(it, "target", all))
        .mut_subcommand("show", |it| complete(it, "version", wrong))
}

/// Everything that can be typed: `play LESSON` takes the arguments of the lesson's program,
/// if there is one.
pub(super) fn command(programs: &[Program]) -> clap::Command {
    let add_programs = |play: clap::Command| {
        let mut play = play
            .subcommand_negates_reqs(true)
            .args_conflicts_with_subcommands(true)
            .disable_help_subcommand(true)
            .subcommand_help_heading("Lessons for real, with arguments of their own")
            .subcommand_value_name("LESSON");
        for program in programs {
            play = play.subcommand((program.arguments)(clap::Command::new(program.lesson)));
        }
        play
    };
    Args::command()
        .mut_arg("color", |color| {
            color.help("When to use colours").display_order(1000)
        })
        .mut_subcommand("play", add_programs)
}

/// The program that was asked for, and the arguments that it was given.
pub(super) fn program<'a>(
    programs: &'a [Program],
    given: &'a ArgMatches,
) -> Option<(&'a Program, &'a ArgMatches)> {
    let (name, given) = given.subcommand_matches("play")?.subcommand()?;
    let program = programs.iter().find(|program| program.lesson == name)?;
    Some((program, given))
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists the lessons and their versions, correct and wrong
    List {
        /// Only this lesson, with its story, its scenes, and what the tutorial got wrong
        #[arg(value_name = "LESSON")]
        lesson: Option<Target>,
    },
    /// Plays a lesson with real threads
    Play(PlayArgs),
    /// Shows how a wrong version goes wrong (the committed story)
    Show {
        /// Which: ticket_office/check-then-act
        #[arg(value_name = "LESSON/VERSION")]
        version: Target,
    },
    /// Explores every interleaving; `cargo race …` is short for it
    #[command(
        after_long_help = super::json::DESCRIPTION,
        args_conflicts_with_subcommands = true,
        disable_help_subcommand = true,
        subcommand_help_heading = "Exercises"
    )]
    Explore(ExploreArgs),
    /// Prints a script that completes what you type in a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// A part played in a process of its own: for parents to start, not to be typed
    #[command(hide = true)]
    Child {
        /// Which
        role: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct ExploreArgs {
    #[command(subcommand)]
    pub(super) exercise: Option<ExerciseCommand>,
    /// A version, told at length, or a lesson, a line for each version [default: all lessons]
    #[arg(value_name = "LESSON[/VERSION]")]
    pub(super) target: Option<Target>,
    /// Explore under this memory model, not the lesson's own
    #[arg(long)]
    pub(super) memory: Option<MemoryArg>,
    /// Stop exploring each scene after N executions
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(super) max_executions: Option<u64>,
    /// Stop exploring each scene after S seconds
    #[arg(long, value_name = "S", value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub(super) max_seconds: Option<u64>,
    /// Explore only interleavings with at most N preemptions
    #[arg(long, value_name = "N", value_parser = value_parser!(u8))]
    pub(super) preemptions: Option<u8>,
    /// Explore up to N scenes at the same time [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// Explore only the K-th of N shares of the scenes, to use N machines: 2/4
    #[arg(long, value_name = "K/N")]
    pub(super) partition: Option<Partition>,
    /// Explore the larger scenes of wrong versions too
    #[arg(long)]
    pub(super) full: bool,
    /// Print every table of outcomes and every story, not only the scene that matters
    #[arg(long, conflicts_with_all = ["json", "stats"])]
    pub(super) all: bool,
    /// Let up to N waits end although no thread has notified them [default: as the scene says]
    #[arg(long, value_name = "N", value_parser = value_parser!(u8).range(..=9))]
    pub(super) spurious_wake_ups: Option<u8>,
    /// Let up to N timed waits time out while other threads can still run [default: as the scene says]
    #[arg(long, value_name = "N", value_parser = value_parser!(u8).range(..=9))]
    pub(super) early_timeouts: Option<u8>,
    /// Let up to N `compare_exchange_weak` fail although the value is the expected one [default: as the scene says]
    #[arg(long, value_name = "N", value_parser = value_parser!(u8).range(..=9))]
    pub(super) weak_failures: Option<u8>,
    /// Let up to N processes die, each at any of its steps [default: as the scene says]
    #[arg(long, value_name = "N", value_parser = value_parser!(u8).range(..=9))]
    pub(super) deaths: Option<u8>,
    /// Let `notify_one` wake any waiter, not only the one that has waited longest [default: as the scene says]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) any_waiter: Option<bool>,
    /// Explore up to N iterations of a loop whose iterations differ without end [default: as the scene says]
    #[arg(long, value_name = "N", value_parser = value_parser!(u8).range(1..))]
    pub(super) iterations: Option<u8>,
    /// Print a line per scene: executions, different interleavings, their ratio, executions per second
    #[arg(long, conflicts_with = "json")]
    pub(super) stats: bool,
    /// Judge a wrong version as a correct one, through all scenes: use it when you have fixed one
    #[arg(long, requires = "target")]
    pub(super) as_right: bool,
    /// Write HTML pages into a new folder: all versions, their stories step by step, and you
    /// as the scheduler. Open index.html there
    #[arg(long, value_name = "DIR", conflicts_with_all = ["json", "partition"])]
    pub(super) html: Option<PathBuf>,
    /// Write the story of a wrong version as a picture, for slides
    #[arg(
        long,
        value_name = "FILE",
        requires = "target",
        conflicts_with = "partition"
    )]
    pub(super) svg: Option<PathBuf>,
    /// Print a JSON object per scene, then one with the verdict (--help describes them)
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum MemoryArg {
    /// Sequential consistency
    Sc,
    /// C11: loads may read older stores
    C11,
}

impl From<MemoryArg> for Memory {
    fn from(memory: MemoryArg) -> Self {
        match memory {
            MemoryArg::Sc => Memory::Sc,
            MemoryArg::C11 => Memory::C11,
        }
    }
}

/// What a lesson may be played with, at full size.
const NUMBERS: [&str; 10] = [
    "tickets",
    "clerks",
    "bakers",
    "customers",
    "breads",
    "capacity",
    "producers",
    "consumers",
    "items",
    "pace",
];

#[derive(Debug, clap::Args)]
pub(super) struct PlayArgs {
    /// What to play [default version: the first correct one]
    #[arg(value_name = "LESSON[/VERSION]")]
    pub(super) target: Target,
    /// Tickets to sell [default: 20]
    #[arg(long, value_parser = value_parser!(u32).range(..=1_000_000))]
    pub(super) tickets: Option<u32>,
    /// Clerks who sell them [default: 2]
    #[arg(long, value_parser = value_parser!(u32).range(1..=100))]
    pub(super) clerks: Option<u32>,
    /// Bakers [default: 2]
    #[arg(long, value_parser = value_parser!(u32).range(1..=100))]
    pub(super) bakers: Option<u32>,
    /// Customers [default: 2]
    #[arg(long, value_parser = value_parser!(u32).range(1..=100))]
    pub(super) customers: Option<u32>,
    /// Breads that each baker bakes [default: 10]
    #[arg(long, value_parser = value_parser!(u32).range(..=1_000_000))]
    pub(super) breads: Option<u32>,
    /// How many items the queue holds at the most [default: 5]
    #[arg(long, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(super) capacity: Option<u32>,
    /// Producers [default: 2]
    #[arg(long, value_parser = value_parser!(u32).range(..=100))]
    pub(super) producers: Option<u32>,
    /// Consumers [default: 2]
    #[arg(long, value_parser = value_parser!(u32).range(1..=100))]
    pub(super) consumers: Option<u32>,
    /// Items that each producer makes [default: 10]
    #[arg(long, value_parser = value_parser!(u32).range(..=1_000_000))]
    pub(super) items: Option<u32>,
    /// How long each piece of work takes: 50ms, 1s as in the tutorial, 0s for none
    #[arg(long, default_value = "50ms", value_parser = pace)]
    pub(super) pace: Duration,
    /// Play one scene N times, and count how often it goes wrong, beside how many of its
    /// interleavings do
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=1_000_000_000), conflicts_with_all = NUMBERS)]
    pub(super) repeat: Option<u64>,
}

/// `2/4`: the second of four shares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Partition {
    number: usize,
    of: usize,
}

impl Partition {
    /// Whether the scene with that index, from 0, belongs to it.
    pub(super) fn has(self, index: usize) -> bool {
        index % self.of == self.number - 1
    }
}

impl FromStr for Partition {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').map(|(k, n)| (k.parse(), n.parse()));
        match numbers {
            Some((Ok(number), Ok(of))) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("it is K/N, with K from 1 to N, as in 2/4"),
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}
