//! What a program is to the command line.

use clap::{ArgMatches, Command};
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

/// A program's arguments, and what the program does with them. Their help is the
/// program's help.
pub trait Run: clap::Args {
    /// Runs the program. `false`: something was not as promised.
    ///
    /// # Errors
    /// The program cannot start, or cannot go on.
    fn run(self, out: &mut dyn Write) -> Result<bool, Stop>;
}

/// The program of a lesson.
pub struct Program {
    /// The lesson, by its name on the command line.
    pub lesson: &'static str,
    /// Adds the program's arguments to a command.
    pub arguments: fn(Command) -> Command,
    /// Runs the program with the arguments that were given.
    pub run: fn(&ArgMatches, &mut dyn Write) -> Result<bool, Stop>,
}

impl Program {
    /// The program `P` of that lesson.
    #[must_use]
    pub fn new<P: Run>(lesson: &'static str) -> Self {
        Self {
            lesson,
            arguments: P::augment_args,
            run: |given, out| P::from_arg_matches(given).map_err(Stop::usage)?.run(out),
        }
    }
}

/// Why a command ends before its work is done.
#[derive(Debug)]
pub enum Stop {
    /// The command cannot do what was asked, for the reason in this line. Exit code 2.
    Usage(String),
    /// The operating system refused something, for the reason in this line. Exit code 74.
    System(String),
    /// Ctrl-C. The command has printed what it found until then. Exit code 130.
    Interrupted,
    /// The output cannot be written. Exit code 74, or 141 if its reader has closed it.
    Output(io::Error),
}

impl Stop {
    /// See [`Stop::Usage`].
    pub fn usage(why: impl fmt::Display) -> Self {
        Stop::Usage(why.to_string())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Output(error)
    }
}

/// Reads the value of `--pace`: how long each piece of work takes.
pub(crate) fn pace(text: &str) -> Result<Duration, String> {
    let pace = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    match pace <= Duration::from_secs(3600) {
        true => Ok(pace),
        false => Err("the maximum is 1h".to_owned()),
    }
}
