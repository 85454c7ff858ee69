//! The commands of `cargo race` that do not explore the lessons: exercises and their grading.

use super::target::Target;
use clap::{Subcommand, value_parser};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum ExerciseCommand {
    /// Writes an exercise into a folder: a wrong version, for you to repair
    #[command(override_usage = "cargo race start <EXERCISE> [FOLDER]")]
    Start {
        /// Which: ticket_office/check-then-act (`cargo race exercises` lists them)
        #[arg(value_name = "EXERCISE")]
        exercise: Target,
        /// Where to write the file
        #[arg(value_name = "FOLDER", default_value = ".")]
        folder: PathBuf,
    },
    /// Checks your answer whenever you save it, until it is proved
    #[command(override_usage = "cargo race watch [OPTIONS] <FILE>")]
    Watch {
        /// Your file, which `start` has written
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print one more hint after each try that is refused or vacuous
        #[arg(long)]
        hints: bool,
    },
    /// Lists the exercises from easy to hard, and which you have done
    ///
    /// An exercise is done if `watch` has proved your file as it is now. `grade` records nothing.
    #[command(override_usage = "cargo race exercises [FOLDER]")]
    Exercises {
        /// The folder of your answers
        #[arg(value_name = "FOLDER", default_value = ".")]
        folder: PathBuf,
    },
    /// Grades answers, each in a process of its own
    #[command(
        override_usage = "cargo race grade [OPTIONS] <FILE>...",
        after_long_help = GRADING
    )]
    Grade(GradeArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct GradeArgs {
    /// The answers
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Which exercise they answer, whatever their first lines say
    #[arg(long, value_name = "EXERCISE")]
    pub(super) exercise: Option<Target>,
    /// Print a JSON object per answer, then one with the totals (--help describes them)
    #[arg(long, conflicts_with = "junit")]
    pub(super) json: bool,
    /// Write a JUnit report, too
    #[arg(long, value_name = "OUT.xml")]
    pub(super) junit: Option<PathBuf>,
    /// Print the story of every refused answer, not only if there is one answer
    #[arg(long, conflicts_with = "json")]
    pub(super) all: bool,
    /// Grade up to N answers at the same time [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..))]
    pub(super) jobs: Option<u16>,
    /// Stop exploring each answer after S seconds
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = value_parser!(u16).range(1..=3600))]
    pub(super) max_seconds: u16,
    /// Let each answer use up to N MiB of memory
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = value_parser!(u32).range(64..=65536))]
    pub(super) max_memory: u32,
}

const GRADING: &str = "\
The first lines of an answer say which exercise it answers: `// exercise: ticket_office/check-then-act`.
An answer is one file with `pub struct Answer`, which implements the trait of the lesson. It is compiled
against parts of std and of racecourse, and explored in the lesson's scenes as a correct version.

Exit code: 0 if every answer is proved, 1 if not, 2 if the command is not valid, 74 if the compiler or the
operating system fails, 130 after Ctrl-C: the answers that were not yet begun are not graded.

Verdicts, and their names for programs:
  proved    no interleaving breaks a promise. One scene of bounded_queue has too many interleavings:
            there, only those without preemptions are explored
  refused   an interleaving ends in a forbidden outcome; its simplest story shows how
  vacuous   an outcome that must occur does not: the answer does not do its job
  unseen    it uses what the model cannot see, such as std::sync
  rule      it contains what no answer may contain: `unsafe`, `extern`, another crate, `core`, `include!`,
            `env!`, `asm!`, a module in another file, an attribute that reaches outside
  compile   the compiler refuses it
  endless   it does not end: it reached the limit of time or output, or loops
  crashed   it ended its process, overflowed its stack, or used too much memory
An answer that ends its process, prints a verdict or changes the judge is not proved: a verdict counts
only if it is complete and comes from the grader.

--json writes one object a line for each answer:
  file, exercise     their names (exercise: null if the file names none)
  verdict            one of the names above
  reason             why, in a line
  line               null, or the line of the answer that causes the verdict
  interleavings      null, or how many were explored: of an answer that is proved
  preemptions        null, or up to how many preemptions one of its scenes was explored, if not
                     completely: of an answer that is proved
  scene, outcome, meaning, story
                     null, or why an answer is refused; `cargo race --help` describes a story
  message            null, or what the compiler says
  seconds            how long it took
The last line is one more object:
  accepted           whether every answer is proved, so that the exit code is 0
  answers, proved    how many";
