//! The same with processes of the operating system.
//!
//! # What is promised
//! - **A worker is killed, or dies of its job**: that job is answered `WorkerDied`,
//!   all others are done. Who dies between two jobs costs none.
//! - **A job panics**: its message is the answer, and its worker does the next.
//! - **A job prints**: that goes where the program's output goes, and disturbs nothing.
//! - **A job hangs past the time limit**: it is answered `TimedOut`, and its worker
//!   killed. The time counts from when the worker has been handed the job. (Not
//!   promised for a worker that is stopped, SIGSTOP, while it is handed a job larger
//!   than a pipe: the limit begins when it has it.)
//! - **The parent is killed**: its workers end too.
//! - **Arguments and answers are large**: up to 256 MiB each, both ways at once.
//!   Larger ones end the link, and count as the worker's death.
//! - **Standard input is closed**: nothing needs it.

use super::answers::{Answer, Terms};
use super::right::{Handle, Pool, work};
use crate::lessons::for_real::{Real, Stop, pace};
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

/// The name under which [`worker`] is spawned.
pub const ROLE: &str = "process_pool";

/// A job: a function by its name, and what it is called with. A function that
/// captures something could not be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Job {
    /// What the seed does: sleeps, at random, up to so long.
    SleepUpTo(Duration),
    /// Squares a number, if the square can be had.
    Square(i64),
    /// Says that back.
    Echo(String),
    /// Says so many letters.
    Recite(usize),
    /// Prints a line to standard output.
    Print(String),
    /// Says what there is on standard input.
    ReadInput,
    /// Adds a line to a file.
    Note {
        /// Which file.
        file: PathBuf,
        /// The line.
        line: String,
    },
    /// Panics with that message.
    Panic(String),
    /// Never ends.
    Hang,
    /// Ends its process.
    Exit(i32),
}

/// What a job has come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Its value.
    pub value: Value,
    /// In which process.
    pub process: u32,
    /// How long that took.
    pub took: Duration,
}

/// A job's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// There is none to speak of.
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
    // A hash that nobody can foresee is random enough.
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

/// The line is there whole, once, whenever the process is killed: it is one write.
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

/// A worker's part, in a process of its own.
///
/// # Errors
/// There is no parent to work for.
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
pub struct InProcesses {
    /// Worker processes
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..=100))]
    workers: u32,
    /// Jobs for them
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(..=1_000_000))]
    jobs: u32,
    /// How long a job takes, about: 50ms, 1s as in the seed, 0s for no time
    #[arg(long, default_value = "50ms", value_parser = pace)]
    pace: Duration,
    /// How long a job may take, before it is given up and its worker ended [default: for ever]
    #[arg(long, value_parser = pace)]
    timeout: Option<Duration>,
}

/// What is to be told of a job, by its number.
enum News {
    Begins(u32, u32),
    Done(u32, Duration),
}

/// A worker that tells of its jobs.
struct Told {
    child: Child<Job, Answer<Done>>,
    has: u32,
    tells: Sender<News>,
}

impl Told {
    fn told(&self, answer: &Answer<Done>) {
        if let Ok(done) = answer {
            // Nobody listens any more if nothing more can be printed.
            let _ = self.tells.send(News::Done(self.has, done.took));
        }
    }
}

impl Link<(u32, Job), Answer<Done>> for Told {
    fn send(&mut self, (number, job): (u32, Job)) -> Result<(), Gone<(u32, Job)>> {
        let sent = self.child.send(job);
        sent.map_err(|Gone(job)| Gone((number, job)))?;
        self.has = number;
        let _ = self.tells.send(News::Begins(number, self.child.id()));
        Ok(())
    }

    fn receive(&mut self) -> Result<Answer<Done>, Gone> {
        let answer = self.child.receive();
        answer.inspect(|answer| self.told(answer))
    }

    fn receive_timeout(&mut self, patience: Duration) -> Result<Answer<Done>, TimedOutOrGone> {
        let answer = self.child.receive_timeout(patience);
        answer.inspect(|answer| self.told(answer))
    }

    fn close(&mut self) {
        self.child.close();
    }
}

impl Real for InProcesses {
    /// The seed's program. Other than there it is the parent who prints, so that lines
    /// are whole; and what fails is said.
    fn run(self, out: &mut dyn Write) -> Result<bool, Stop> {
        let at_least_one = |number| NonZeroUsize::new(number as usize).unwrap_or(NonZeroUsize::MIN);
        let terms = Terms {
            workers: at_least_one(self.workers),
            // So that all can be submitted before the first is done, as in the seed.
            waiting: at_least_one(self.jobs),
            patience: self.timeout,
        };
        let (tells, news) = channel();
        let hiring = |_| {
            let tells = tells.clone();
            move || {
                let child = Child::spawn(this_program()?, ROLE)?;
                let tells = tells.clone();
                Ok(Told {
                    child,
                    has: 0,
                    tells,
                })
            }
        };
        let pool: Pool<(u32, Job), Done> = Pool::new(terms, hiring)
            .map_err(|error| Stop::System(format!("cannot start a thread: {error}")))?;
        drop(tells);
        let job = Job::SleepUpTo(self.pace.saturating_mul(2));
        let submit = |number| pool.submit((number, job.clone()));
        let submitted: Vec<_> = (0..self.jobs).map(submit).collect();
        writeln!(out, "----start----")?;
        pool.close();

        let bar =
            ProgressBar::with_draw_target(Some(u64::from(self.jobs)), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} jobs");
        bar.set_style(style.expect("the template is well formed"));
        for news in news.iter() {
            bar.suspend(|| match news {
                News::Begins(job, process) => writeln!(out, "{job} begins, process {process}"),
                News::Done(job, took) => {
                    writeln!(out, "{job} done, elapsed {:.2} s", took.as_secs_f64())
                }
            })?;
            if let News::Done(..) = news {
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
