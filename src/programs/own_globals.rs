//! Processes that each have an n of their own.

use super::program::{Run, Stop, pace};
use crate::lessons::own_globals::right::SendsBack;
use crate::lessons::own_globals::{Processes, START};
use crate::processes::real::{Child, Parent, serve, this_program};
use crate::processes::{Gone, Link};
use crate::sync::{self, Actors, rest};
use clap::value_parser;
use std::io::{self, Write};
use std::process;
use std::time::Duration;

/// The role of [`adder`].
pub const ROLE: &str = "own_globals";

/// An adder: the parent sends how long the addition takes, and receives the result.
pub type Adder = Child<Duration, i64>;

/// Processes of their own, each with an n of its own
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Processes that add one to n
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(1..=100))]
    processes: u32,
    /// How long each addition takes: 50ms, 1s, 0s for no time
    #[arg(long, default_value = "50ms", value_parser = pace)]
    pace: Duration,
}

impl Run for Arguments {
    fn run(self, out: &mut dyn Write) -> Result<bool, Stop> {
        let mut children = spawn(self.processes, self.pace)
            .map_err(|error| Stop::System(format!("cannot start a process: {error}")))?;
        let sum = SendsBack::sum(START, &mut children);
        let me = process::id();
        writeln!(out, "{me}: n is {START}")?;
        match sum {
            Some(sum) => writeln!(out, "{me}: the sum of what was sent is {sum}")?,
            None => writeln!(out, "{me}: there is no sum: {}", dead(&mut children))?,
        }
        Ok(sum.is_some())
    }
}

fn spawn(processes: u32, pace: Duration) -> io::Result<Vec<Adder>> {
    let spawn = |_| {
        let mut child = Adder::spawn(this_program()?, ROLE)?;
        // The parent notices a dead child when it receives.
        let _ = child.send(pace);
        Ok(child)
    };
    (0..processes).map(spawn).collect()
}

/// `process 4711 died (signal: 9 (SIGKILL))`
fn dead(children: &mut [Adder]) -> String {
    let died = children.iter_mut().filter_map(|child| match child.wait() {
        Ok(how) => (!how.success()).then(|| format!("process {} died ({how})", child.id())),
        Err(error) => Some(format!(
            "cannot tell whether process {} died: {error}",
            child.id()
        )),
    });
    died.collect::<Vec<_>>().join(", ")
}

/// What an adder does. It has an n of its own from its start.
///
/// # Errors
/// The process has no parent.
pub fn adder() -> io::Result<()> {
    serve(|parent: &mut Parent<i64, Duration>| {
        let Ok(pace) = parent.receive() else { return };
        sync::tell(true);
        sync::set_pace(pace);
        let mut n = START;
        let add = || {
            rest();
            SendsBack::add(&mut n, parent)
        };
        // If the parent is gone, there is nobody to tell.
        let _sent: Vec<Result<(), Gone<i64>>> =
            Actors::new().enter(process::id().to_string(), add).run();
    })
}
