//! Scenes of an exchange, with threads instead of processes.
//!
//! A process is a thread that shares nothing: it has only its [`Link`], and it may die. The
//! same thread then runs the process that replaces it. In some scenes a thread of the parent does
//! the work of its child too, to keep the scene small. Such a child never dies.

use super::lesson::{
    Config, Delivery, Exchange, Produced, Report, Taken, Work, consume, left_in, produce,
};
use crate::explorer::report::{Budget, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::processes::{Gone, Link, TimedOutOrGone, modelled};
use crate::sync::mpsc::{Receiver, channel};
use crate::sync::{Actors, Named};
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::time::Duration;

/// Where the work of the children is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Children {
    /// In threads that share nothing and may die.
    Processes,
    /// In the parent's threads.
    InParent,
}

/// The threads of a scene.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    config: Config,
    producers: Children,
    consumers: Children,
    /// Another thread closes the queue, at any moment.
    closes: bool,
    /// The item with that number kills its consumer.
    deadly: Option<usize>,
}

/// The result of a thread.
#[derive(Default)]
struct Part {
    report: Report,
    /// What a consumer took, confirmed or not.
    took: Option<Vec<Delivery>>,
}

impl Part {
    fn parent(report: Report) -> Self {
        Self { report, took: None }
    }

    fn consumer(took: Vec<Delivery>) -> Self {
        Self {
            report: Report::default(),
            took: Some(took),
        }
    }
}

impl Setup {
    /// Every producer and every consumer is a process.
    #[must_use]
    pub fn all_in_processes(config: Config) -> Self {
        Self {
            config,
            producers: Children::Processes,
            consumers: Children::Processes,
            closes: false,
            deadly: None,
        }
    }

    /// Runs the scene with the exchange `X`.
    #[must_use]
    pub fn run<X: Exchange>(&self) -> Judged {
        let exchange = X::open(&self.config);
        let exchange = &exchange;
        let mut actors = Actors::new();
        for producer in 1..=self.config.producers {
            let work = self.config.work(producer);
            let name = format!("producer-{producer}");
            if self.producers == Children::InParent {
                actors = actors.enter(name, move || {
                    Part::parent(produced(exchange, work, || Ok(InParent::default())))
                });
                continue;
            }
            let (start, processes) = process(PRODUCERS, producer);
            let parent = format!("parent of {name}");
            actors = actors
                .enter(name, move || {
                    while let Ok(mut parent) = processes.recv() {
                        produce(&mut parent);
                    }
                    Part::default()
                })
                .enter(parent, move || {
                    Part::parent(produced(exchange, work, start))
                });
        }
        for consumer in 1..=self.config.consumers {
            let name = format!("consumer-{consumer}");
            if self.consumers == Children::InParent {
                actors = actors.enter(name, move || {
                    let report = exchange.consumer(|| Ok(InParent::default()));
                    Part {
                        took: Some(report.taken.clone()),
                        report,
                    }
                });
                continue;
            }
            let (start, processes) = process(CONSUMERS, consumer);
            let parent = format!("parent of {name}");
            actors = actors
                .enter(name, move || {
                    let mut took = Vec::new();
                    while let Ok(mut parent) = processes.recv() {
                        consume(&mut parent, |delivery| {
                            let kills = self.deadly == Some(delivery.item.number);
                            took.push(delivery);
                            if kills {
                                narrate!("the item kills it");
                                return ControlFlow::Break(());
                            }
                            ControlFlow::Continue(())
                        });
                    }
                    Part::consumer(took)
                })
                .enter(parent, move || Part::parent(exchange.consumer(start)));
        }
        if self.closes {
            actors = actors.enter("closer", move || {
                narrate!("closes the queue");
                exchange.queue().close();
                Part::default()
            });
        }

        let mut took = Vec::new();
        let mut report = Report::default();
        for part in actors.run() {
            took.extend(part.took);
            report = report.and(part.report);
        }
        report.back.extend(left_in(exchange.queue()));
        let may_return = self.closes || self.deadly.is_some();
        self.config.judge(&took, &report, may_return)
    }
}

/// What the thread of one producer does.
fn produced<X: Exchange, L: Link<Work, Produced>>(
    exchange: &X,
    work: Work,
    start: impl FnMut() -> io::Result<L>,
) -> Report {
    let report = exchange.producer(work, start);
    exchange.producer_is_done();
    report
}

/// The names of the links in stories, for up to two producers and two consumers.
type Names = [&'static str; 3];
const PRODUCERS: [Names; 2] = [
    [
        "start producer-1",
        "pipe to producer-1",
        "pipe from producer-1",
    ],
    [
        "start producer-2",
        "pipe to producer-2",
        "pipe from producer-2",
    ],
];
const CONSUMERS: [Names; 2] = [
    [
        "start consumer-1",
        "pipe to consumer-1",
        "pipe from consumer-1",
    ],
    [
        "start consumer-2",
        "pipe to consumer-2",
        "pipe from consumer-2",
    ],
];

type Started<Down, Up> = io::Result<modelled::Immortal<Down, Up>>;
type Processes<Down, Up> = Receiver<modelled::Mortal<Up, Down>>;

/// A process that can be started, and started again. The parent calls the function, and the
/// thread that runs the process receives the child's end of each link.
fn process<Down, Up>(
    names: [Names; 2],
    which: usize,
) -> (impl FnMut() -> Started<Down, Up>, Processes<Down, Up>) {
    let [start, to, from] = names[(which - 1) % names.len()];
    let (starts, processes) = channel();
    let starts = starts.named(start);
    let start = move || {
        let (parent, child) = modelled::pair(to, from);
        // The thread receives as long as `starts` exists.
        let _ = starts.send(child);
        Ok(parent)
    };
    (start, processes)
}

/// A child whose work the parent does.
#[derive(Default)]
struct InParent {
    work: Option<Work>,
}

impl Link<Work, Produced> for InParent {
    fn send(&mut self, work: Work) -> Result<(), Gone<Work>> {
        self.work = Some(work);
        Ok(())
    }

    fn receive(&mut self) -> Result<Produced, Gone> {
        let work = self.work.as_mut().ok_or(Gone(()))?;
        if work.next > work.last {
            return Ok(Produced::Done);
        }
        let item = work.item(work.next);
        work.next += 1;
        narrate!("produced {item}");
        Ok(Produced::Item(item))
    }

    fn receive_timeout(&mut self, _: Duration) -> Result<Produced, TimedOutOrGone> {
        Link::<Work, Produced>::receive(self).map_err(|Gone(())| TimedOutOrGone::Gone)
    }

    fn close(&mut self) {}
}

impl Link<Delivery, Taken> for InParent {
    fn send(&mut self, delivery: Delivery) -> Result<(), Gone<Delivery>> {
        narrate!("bought {}", delivery.item);
        Ok(())
    }

    fn receive(&mut self) -> Result<Taken, Gone> {
        Ok(Taken)
    }

    fn receive_timeout(&mut self, _: Duration) -> Result<Taken, TimedOutOrGone> {
        Ok(Taken)
    }

    fn close(&mut self) {}
}

/// The scenes with the exchange `X`.
pub(super) fn scenes<X: Exchange + 'static>() -> Vec<Scene> {
    let setup = |producers, consumers, items| {
        Setup::all_in_processes(Config {
            producers,
            consumers,
            items,
            capacity: NonZeroUsize::MIN,
            load: 0,
        })
    };
    let scene = |name, setup: Setup| Scene::new(name, move || setup.run::<X>());
    let deaths = |deaths| Budget {
        deaths,
        ..Budget::NONE
    };
    let only_consumers_die = |consumers, items| Setup {
        producers: Children::InParent,
        ..setup(1, consumers, items)
    };
    let only_producers_die = |producers, items| Setup {
        consumers: Children::InParent,
        ..setup(producers, 1, items)
    };
    vec![
        scene("1 producer, 2 items", only_producers_die(1, 2))
            .budget(deaths(1))
            .must_occur(&["took 2"]),
        scene("2 producers, 1 item each", only_producers_die(2, 1))
            .budget(deaths(1))
            .must_occur(&["took 2"]),
        scene("1 consumer, 1 item", only_consumers_die(1, 1))
            .budget(deaths(1))
            .must_occur(&["took 1", "took 1, 1 marked", "took 2, 1 marked, 1 twice"]),
        scene("1 producer, 1 consumer, 2 items", setup(1, 1, 2))
            .budget(deaths(1))
            .must_occur(&["took 2", "took 2, 1 marked", "took 3, 1 marked, 1 twice"]),
        scene("2 consumers, 1 item", only_consumers_die(2, 1))
            .budget(deaths(1))
            .must_occur(&["took 1 + 0", "took 2 + 0, 1 marked, 1 twice"]),
        scene(
            "1 consumer, 2 items, the first kills its consumer",
            Setup {
                deadly: Some(1),
                ..only_consumers_die(1, 2)
            },
        )
        .must_occur(&["took 4, 2 marked, 1 twice, 1 back"]),
        scene(
            "2 consumers, 2 items, nobody dies",
            only_consumers_die(2, 2),
        )
        .must_occur(&["took 2 + 0", "took 1 + 1", "took 0 + 2"])
        .proof(),
        scene(
            "1 producer, 1 consumer, 1 item, closed at any moment",
            Setup {
                closes: true,
                ..setup(1, 1, 1)
            },
        )
        .budget(deaths(1))
        .must_occur(&["took 1", "took 2, 1 marked, 1 twice", "took 0, 1 back"])
        .proof(),
        scene("1 producer, 1 consumer, 1 item, two deaths", setup(1, 1, 1))
            .budget(deaths(2))
            .must_occur(&["took 1", "took 3, 2 marked, 1 twice"])
            .proof(),
        scene(
            "1 producer, 2 items, any waiter wakes",
            only_producers_die(1, 2),
        )
        .budget(Budget {
            any_waiter: true,
            spurious_wake_ups: 1,
            ..deaths(1)
        })
        .must_occur(&["took 2"])
        .proof(),
    ]
}

/// The tutorial's program with other numbers, and threads instead of processes.
pub(super) fn play<X: Exchange>(program: &Program) -> Judged {
    let Some(capacity) = NonZeroUsize::new(program.capacity) else {
        return Judged::forbidden("no queue", "a queue for 0 items cannot pass an item on");
    };
    let config = Config {
        producers: program.producers,
        consumers: program.consumers,
        items: program.items,
        capacity,
        load: 0,
    };
    if config.consumers == 0 {
        return Judged::forbidden("no consumers", "no consumer would take the items");
    }
    Setup::all_in_processes(config).run::<X>()
}
