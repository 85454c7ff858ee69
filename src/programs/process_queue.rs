//! Producers and consumers in processes of their own, and a queue between them.

use super::program::{Run, Stop, pace};
use crate::explorer::report::Grade;
use crate::lessons::process_queue::right::KeepsUntilTaken;
use crate::lessons::process_queue::{
    Config, Delivery, Exchange, Produced, Report, Taken, Work, consume, left_in, produce,
};
use crate::processes::Link;
use crate::processes::real::{Child, Parent, serve, this_program};
use crate::sync::{self, Actors};
use clap::value_parser;
use std::env;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::process::{self, Command};
use std::time::Duration;

/// The role of [`producer`].
pub const PRODUCER: &str = "process_queue_producer";

/// The role of [`consumer`].
pub const CONSUMER: &str = "process_queue_consumer";

/// The environment variable that tells children how long each piece of their work takes, in the
/// format of `--pace`.
pub const PACE: &str = "RACECOURSE_PACE";

/// A process that makes items.
pub type Producer = Child<Work, Produced>;

/// A process that takes items.
pub type Consumer = Child<Delivery, Taken>;

/// Producers and consumers in processes of their own, and a queue between them
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Processes that make items
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(..=100))]
    producers: u32,
    /// Processes that take them
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(1..=100))]
    consumers: u32,
    /// Items that each producer makes
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(..=1_000_000))]
    items: u32,
    /// The capacity of the queue
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=1_000_000))]
    capacity: u32,
    /// How long each piece of work takes: 50ms, 1s, 0s for none
    #[arg(long, default_value = "50ms", value_parser = pace)]
    pace: Duration,
}

impl Run for Arguments {
    fn run(self, out: &mut dyn Write) -> Result<bool, Stop> {
        let config = Config {
            producers: self.producers as usize,
            consumers: self.consumers as usize,
            items: self.items as usize,
            capacity: NonZeroUsize::new(self.capacity as usize).unwrap_or(NonZeroUsize::MIN),
            load: 0,
        };
        let program = || -> io::Result<Command> {
            let mut program = this_program()?;
            program.env(PACE, format!("{}us", self.pace.as_micros()));
            Ok(program)
        };
        // The parent narrates deaths, too.
        sync::tell(true);
        let (took, report) = pass(
            &config,
            |_| Producer::spawn(program()?, PRODUCER),
            |_| Consumer::spawn(program()?, CONSUMER),
        );
        if let Some(trouble) = &report.trouble {
            return Err(Stop::System(format!("cannot start a process: {trouble}")));
        }
        let judged = config.judge(&took, &report, true);
        writeln!(out, "{}: {}", judged.meaning, judged.outcome)?;
        for item in &report.back {
            writeln!(out, "{item} was given back: no consumer confirmed it")?;
        }
        Ok(judged.grade == Grade::Promised && report.back.is_empty() && report.unmade == 0)
    }
}

/// Runs an exchange of that size. The functions start a process for the producer or consumer of
/// that number. Returns what each consumer has confirmed, and the report of the parent.
pub fn pass<P, C>(
    config: &Config,
    start_producer: impl Fn(usize) -> io::Result<P> + Sync,
    start_consumer: impl Fn(usize) -> io::Result<C> + Sync,
) -> (Vec<Vec<Delivery>>, Report)
where
    P: Link<Work, Produced>,
    C: Link<Delivery, Taken>,
{
    let exchange = KeepsUntilTaken::open(config);
    let (exchange, start_producer, start_consumer) = (&exchange, &start_producer, &start_consumer);
    let mut actors = Actors::new();
    for producer in 1..=config.producers {
        let work = config.work(producer);
        actors = actors.enter(format!("parent of producer-{producer}"), move || {
            let report = exchange.producer(work, || start_producer(producer));
            exchange.producer_is_done();
            report
        });
    }
    for consumer in 1..=config.consumers {
        actors = actors.enter(format!("parent of consumer-{consumer}"), move || {
            exchange.consumer(|| start_consumer(consumer))
        });
    }
    let reports = actors.run();
    let of_consumers = reports.iter().skip(config.producers);
    let took = of_consumers.map(|report| report.taken.clone()).collect();
    let mut report = reports.into_iter().fold(Report::default(), Report::and);
    report.back.extend(left_in(exchange.queue()));
    (took, report)
}

/// What a producer does.
///
/// # Errors
/// The process has no parent.
pub fn producer() -> io::Result<()> {
    serve(|parent: &mut Parent<Produced, Work>| narrated(|| produce(parent)))
}

/// What a consumer does.
///
/// # Errors
/// The process has no parent.
pub fn consumer() -> io::Result<()> {
    let goes_on = |_| ControlFlow::Continue(());
    serve(|parent: &mut Parent<Taken, Delivery>| narrated(|| consume(parent, goes_on)))
}

/// Runs a role at the pace that the parent has set, and narrates it.
fn narrated(role: impl FnOnce() + Send) {
    let given = env::var(PACE).ok().and_then(|given| pace(&given).ok());
    sync::set_pace(given.unwrap_or_default());
    sync::tell(true);
    Actors::new().enter(process::id().to_string(), role).run();
}
