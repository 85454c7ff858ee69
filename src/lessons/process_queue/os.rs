//! The same with processes of the operating system.

use super::lesson::{
    Came, Day, Delivery, Exchange, Produce, Produced, Taken, consume, left_in, produce,
};
use super::right::KeepsUntilTaken;
use crate::explorer::report::Grade;
use crate::lessons::for_real::{Real, Stop, pace};
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

/// The name under which [`producer`] is spawned.
pub const PRODUCER: &str = "process_queue_producer";

/// The name under which [`consumer`] is spawned.
pub const CONSUMER: &str = "process_queue_consumer";

/// The environment variable that tells children how long each piece of their work
/// takes: what `--pace` takes.
pub const PACE: &str = "RACECOURSE_PACE";

/// A process that makes items.
pub type Producer = Child<Produce, Produced>;

/// A process that takes items.
pub type Consumer = Child<Delivery, Taken>;

/// Producers and consumers in processes of their own, and a queue between them
#[derive(Debug, clap::Args)]
pub struct InProcesses {
    /// Processes that make items
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(..=100))]
    producers: u32,
    /// Processes that take them
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(1..=100))]
    consumers: u32,
    /// Items that each producer makes
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(..=1_000_000))]
    items: u32,
    /// How many items the queue holds at the most
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=1_000_000))]
    capacity: u32,
    /// How long each piece of work takes: 50ms, 1s, 0s for none
    #[arg(long, default_value = "50ms", value_parser = pace)]
    pace: Duration,
}

impl Real for InProcesses {
    fn run(self, out: &mut dyn Write) -> Result<bool, Stop> {
        let day = Day {
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
        // What the parent has to say of its children, too.
        sync::tell(true);
        let (took, came) = pass(
            &day,
            |_| Producer::spawn(program()?, PRODUCER),
            |_| Consumer::spawn(program()?, CONSUMER),
        );
        if let Some(trouble) = &came.trouble {
            return Err(Stop::System(format!("cannot start a process: {trouble}")));
        }
        let judged = day.judge(&took, &came, true);
        writeln!(out, "{}: {}", judged.meaning, judged.outcome)?;
        for item in &came.back {
            writeln!(out, "{item} is back: whoever was given it died")?;
        }
        Ok(judged.grade == Grade::Promised && came.back.is_empty() && came.unmade == 0)
    }
}

/// The day, with processes that are started so, each for a producer or a consumer of
/// that number: what each consumer has answered for, and what it all came to.
pub fn pass<P, C, E>(
    day: &Day,
    start_producer: impl Fn(usize) -> Result<P, E> + Sync,
    start_consumer: impl Fn(usize) -> Result<C, E> + Sync,
) -> (Vec<Vec<Delivery>>, Came<E>)
where
    P: Link<Produce, Produced>,
    C: Link<Delivery, Taken>,
    E: Send,
{
    let exchange = KeepsUntilTaken::open(day);
    let (exchange, start_producer, start_consumer) = (&exchange, &start_producer, &start_consumer);
    let mut actors = Actors::new();
    for producer in 1..=day.producers {
        let work = day.work(producer);
        actors = actors.enter(format!("for producer-{producer}"), move || {
            exchange.producer(work, || start_producer(producer))
        });
    }
    for consumer in 1..=day.consumers {
        actors = actors.enter(format!("for consumer-{consumer}"), move || {
            exchange.consumer(|| start_consumer(consumer))
        });
    }
    let all = actors.run();
    let consumers = all.iter().skip(day.producers);
    let took = consumers.map(|came| came.taken.clone()).collect();
    let mut came = all.into_iter().fold(Came::nothing(), Came::and);
    came.back.extend(left_in(exchange.queue()));
    (took, came)
}

/// What a process does that makes items.
///
/// # Errors
/// There is no parent to send them to.
pub fn producer() -> io::Result<()> {
    serve(|parent: &mut Parent<Produced, Produce>| aloud(|| produce(parent)))
}

/// What a process does that takes items.
///
/// # Errors
/// There is no parent to be given them by.
pub fn consumer() -> io::Result<()> {
    let goes_on = |_| ControlFlow::Continue(());
    serve(|parent: &mut Parent<Taken, Delivery>| aloud(|| consume(parent, goes_on)))
}

/// Plays a part at the pace that the parent has set, and tells of it.
fn aloud(part: impl FnOnce() + Send) {
    let told = env::var(PACE).ok().and_then(|told| pace(&told).ok());
    sync::set_pace(told.unwrap_or_default());
    sync::tell(true);
    Actors::new().enter(process::id().to_string(), part).run();
}
