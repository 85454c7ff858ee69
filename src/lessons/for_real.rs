//! A lesson's program for real, with sockets or processes.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

/// A lesson's program for real, with sockets or processes: `play LESSON` with
/// arguments of its own. (`play LESSON/VERSION` plays with threads as elsewhere.)
///
/// What the arguments derive as their help is the program's.
pub trait Real: clap::Args {
    /// Runs; whether all was as promised.
    ///
    /// # Errors
    /// If it cannot be run, or not be run on.
    fn run(self, out: &mut dyn Write) -> Result<bool, Stop>;
}

/// A [`Real`] program, whichever it is.
pub struct ForReal {
    /// Teaches a command the program's arguments.
    pub arguments: fn(clap::Command) -> clap::Command,
    /// Runs it with what was given.
    pub run: fn(&clap::ArgMatches, &mut dyn Write) -> Result<bool, Stop>,
}

impl ForReal {
    /// This program.
    #[must_use]
    pub fn of<P: Real>() -> Self {
        Self {
            arguments: P::augment_args,
            run: |given, out| P::from_arg_matches(given).map_err(Stop::usage)?.run(out),
        }
    }
}

/// Why nothing more is done.
#[derive(Debug)]
pub enum Stop {
    /// What was asked cannot be done; said in one line. Exit code 2.
    Usage(String),
    /// What was asked could be done, but the system does not let us; said in one
    /// line. Exit code 74.
    System(String),
    /// Ctrl-C. What was known has been said. Exit code 130.
    Interrupted,
    /// What was to be said cannot be written. Exit code 74, or 141 when the
    /// reader has gone away.
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

/// What `--pace` is given: how long each piece of work takes.
pub(crate) fn pace(text: &str) -> Result<Duration, String> {
    let pace = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    match pace <= Duration::from_secs(3600) {
        true => Ok(pace),
        false => Err("an hour, 1h, is the most".to_owned()),
    }
}
