//! A pool of worker processes.
//!
//! # What is promised
//! - **A worker is killed, or dies of its job**: the answer to that job is `WorkerDied`, and all
//!   other jobs are done. A worker that dies between two jobs costs no job.
//! - **A job panics**: the answer is the message of the panic, and the worker does the next job.
//! - **A job prints**: the text goes to the output of the program, and disturbs nothing.
//! - **A job takes longer than the timeout**: the answer is `TimedOut`, and the worker is killed.
//!   The time begins when the worker has been sent the job. (Not promised for a worker that is
//!   stopped, by SIGSTOP, while it receives a job larger than a pipe: sending it takes until the
//!   worker goes on.)
//! - **The parent is killed**: its workers exit too.
//! - **Arguments and answers are large**: up to 256 MiB each, both ways at once. A larger one
//!   closes the link, and counts as the death of the worker.
//! - **Standard input is closed**: the pool does not need it.

use super::program::{Run, Stop, pace};
use crate::lessons::process_pool::right::Pool;
use crate::lessons::process_pool::{Answer, Config, Executor as _, Handle, work};
use crate::processes::real::{Child, serve, this_program};
use crate::processes::{Gone, Link, TimedOutOrGone};
use crate::sync::mpsc::{Sender, channel};
use crate::sync::{self, rest, thread};
use clap::value_parser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::{Deserialize, Serialize};
use std::collections::hash_map::RandomState;
use std::fs::OpenOptions;
use std::hash::BuildHasher as _;
use std::io::{self, Read as _, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process;
use std::time::{Duration, Instant};

/// The role of [`worker`].
pub const ROLE: &str = "process_pool";

/// A job: the name of a function, and its arguments. (A closure cannot be sent.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Job {
    /// What the tutorial does: sleeps for a random time, up to this one.
    SleepUpTo(Duration),
    /// Squares a number, unless the square is too large.
    Square(i64),
    /// Returns the text.
    Echo(String),
    /// Returns that many letters.
    Recite(usize),
    /// Prints a line to standard output.
    Print(String),
    /// Returns the text of standard input.
    ReadInput,
    /// Appends a line to a file.
    Note {
        /// The file.
        file: PathBuf,
        /// The line.
        line: String,
    },
    /// Panics with this message.
    Panic(String),
    /// Never ends.
    Hang,
    /// Exits with this code.
    Exit(i32),
}

/// The result of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Its value.
    pub value: Value,
    /// The process that did the job.
    pub process: u32,
    /// How long the job took.
    pub took: Duration,
}

/// A job's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// No value.
    Nothing,
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl Job {
    fn call(self) -> Result<Value, String> {
        match self {
            Job::SleepUpTo(longest) => sleep_up_to(longest),
            Job::Square(number) => square(number),
            Job::Echo(text) => Ok(Value::Text(text)),
            Job::Recite(letters) => Ok(Value::Text("a".repeat(letters))),
            Job::Print(line) => print(&line),
            Job::ReadInput => read_input(),
            Job::Note { file, line } => note(&file, line),
            Job::Panic(message) => panic!("{message}"),
            Job::Hang => hang(),
            Job::Exit(code) => process::exit(code),
        }
    }
}

fn sleep_up_to(longest: Duration) -> Result<Value, String> {
    // The hash of a random state is random enough.
    let random = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
    sync::set_pace(longest.mul_f64(random));
    rest();
    Ok(Value::Nothing)
}

fn square(number: i64) -> Result<Value, String> {
    let square = number.checked_mul(number);
    let square = square.ok_or_else(|| format!("the square of {number} is too large"));
    square.map(Value::Number)
}

fn print(line: &str) -> Result<Value, String> {
    let printed = writeln!(io::stdout(), "{line}");
    printed.map_err(|error| format!("cannot print: {error}"))?;
    Ok(Value::Nothing)
}

fn read_input() -> Result<Value, String> {
    let mut text = String::new();
    let read = io::stdin().read_to_string(&mut text);
    read.map_err(|error| format!("cannot read: {error}"))?;
    Ok(Value::Text(text))
}

/// Appends the line by one write: even if the process is killed, there is no part of a line.
fn note(file: &PathBuf, line: String) -> Result<Value, String> {
    let opened = OpenOptions::new().append(true).create(true).open(file);
    let noted = opened.and_then(|mut file| file.write_all((line + "\n").as_bytes()));
    noted.map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(Value::Nothing)
}

fn hang() -> ! {
    loop {
        thread::park();
    }
}

/// What a worker does.
///
/// # Errors
/// The process has no parent.
pub fn worker() -> io::Result<()> {
    serve(|parent| {
        work(parent, |job: Job| {
            let start = Instant::now();
            let value = job.call()?;
            let process = process::id();
            let took = start.elapsed();
            Ok(Done {
                value,
                process,
                took,
            })
        });
    })
}

/// A pool of worker processes
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Worker processes
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..=100))]
    workers: u32,
    /// Jobs for them
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(..=1_000_000))]
    jobs: u32,
    /// How long a job takes on average: 50ms, 1s as in the tutorial, 0s for no time
    #[arg(long, default_value = "50ms", value_parser = pace)]
    pace: Duration,
    /// How long a job may take, before its worker is killed [default: for ever]
    #[arg(long, value_parser = pace)]
    timeout: Option<Duration>,
}

/// What happened to a job, by its number.
enum Event {
    Begins(u32, u32),
    Done(u32, Duration),
}

/// A worker that reports the events of its jobs.
struct Reporting {
    child: Child<Job, Answer<Done>>,
    job: u32,
    events: Sender<Event>,
}

impl Reporting {
    fn report(&self, answer: &Answer<Done>) {
        if let Ok(done) = answer {
            // The receiver is gone if the output cannot be written.
            let _ = self.events.send(Event::Done(self.job, done.took));
        }
    }
}

impl Link<(u32, Job), Answer<Done>> for Reporting {
    fn send(&mut self, (number, job): (u32, Job)) -> Result<(), Gone<(u32, Job)>> {
        let sent = self.child.send(job);
        sent.map_err(|Gone(job)| Gone((number, job)))?;
        self.job = number;
        let _ = self.events.send(Event::Begins(number, self.child.id()));
        Ok(())
    }

    fn receive(&mut self) -> Result<Answer<Done>, Gone> {
        let answer = self.child.receive();
        answer.inspect(|answer| self.report(answer))
    }

    fn receive_timeout(&mut self, timeout: Duration) -> Result<Answer<Done>, TimedOutOrGone> {
        let answer = self.child.receive_timeout(timeout);
        answer.inspect(|answer| self.report(answer))
    }

    fn close(&mut self) {
        self.child.close();
    }
}

impl Run for Arguments {
    /// The tutorial's program. But the parent prints, so that no line is torn, and it also prints
    /// which jobs failed.
    fn run(self, out: &mut dyn Write) -> Result<bool, Stop> {
        let at_least_one = |number| NonZeroUsize::new(number as usize).unwrap_or(NonZeroUsize::MIN);
        let config = Config {
            workers: at_least_one(self.workers),
            // All jobs can be submitted before the first is done, as in the tutorial.
            waiting: at_least_one(self.jobs),
            timeout: self.timeout,
        };
        let (sender, events) = channel();
        let spawner = |_| {
            let events = sender.clone();
            move || {
                let child = Child::spawn(this_program()?, ROLE)?;
                let events = events.clone();
                Ok(Reporting {
                    child,
                    job: 0,
                    events,
                })
            }
        };
        let pool: Pool<(u32, Job), Done> = Pool::new(config, spawner)
            .map_err(|error| Stop::System(format!("cannot start a thread: {error}")))?;
        drop(sender);
        let job = Job::SleepUpTo(self.pace.saturating_mul(2));
        let submit = |number| pool.submit((number, job.clone()));
        let submitted: Vec<_> = (0..self.jobs).map(submit).collect();
        writeln!(out, "----start----")?;
        pool.close();

        let bar =
            ProgressBar::with_draw_target(Some(u64::from(self.jobs)), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} jobs");
        bar.set_style(style.expect("the template is well formed"));
        for event in events.iter() {
            bar.suspend(|| match event {
                Event::Begins(job, process) => writeln!(out, "{job} begins, process {process}"),
                Event::Done(job, took) => {
                    writeln!(out, "{job} done, elapsed {:.2} s", took.as_secs_f64())
                }
            })?;
            if let Event::Done(..) = event {
                bar.inc(1);
            }
        }
        pool.join();
        bar.finish_and_clear();

        let answers = submitted.into_iter().map(|handle| handle.map(Handle::wait));
        let mut all_done = true;
        for (job, answer) in answers.enumerate() {
            let why = match answer {
                Ok(Ok(_)) => continue,
                Ok(Err(failure)) => failure.to_string(),
                Err(refused) => refused.to_string(),
            };
            all_done = false;
            writeln!(out, "{job} failed: {why}")?;
        }
        writeln!(out, "-----end-----")?;
        Ok(all_done)
    }
}
