//! What happens to an exchange, with threads for processes.
//!
//! A process is a thread that shares nothing: it knows its [`Link`] alone, and it may
//! die. The same thread plays those who are started in its place, one after the other.
//! To keep some scenes small, a thread of the parent plays its child too: that child
//! never dies, and does nothing that others could notice.

use super::lesson::{
    Came, Day, Delivery, Exchange, Produce, Produced, Taken, consume, left_in, produce,
};
use crate::explorer::report::{Budget, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::processes::{Gone, Link, TimedOutOrGone, modelled};
use crate::sync::mpsc::{Receiver, channel};
use crate::sync::{Actors, Named};
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::time::Duration;

/// Who plays the children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Children {
    /// Threads that share nothing, and may die.
    Processes,
    /// The threads of the parent, themselves.
    InHouse,
}

/// Who is in a scene.
#[derive(Debug, Clone, Copy)]
pub struct Cast {
    day: Day,
    producers: Children,
    consumers: Children,
    /// Somebody closes the queue, at any moment.
    closes: bool,
    /// The item of that number kills whoever takes it.
    deadly: Option<usize>,
}

/// What an actor has come to.
struct Part {
    came: Came<Infallible>,
    /// Of a consumer: what it took, whether it could answer for it or not.
    took: Option<Vec<Delivery>>,
}

impl Part {
    fn parent(came: Came<Infallible>) -> Self {
        Self { came, took: None }
    }

    fn consumer(took: Vec<Delivery>) -> Self {
        Self {
            came: Came::nothing(),
            took: Some(took),
        }
    }
}

impl Cast {
    /// Everybody is a process of its own.
    #[must_use]
    pub fn all_in_processes(day: Day) -> Self {
        Self {
            day,
            producers: Children::Processes,
            consumers: Children::Processes,
            closes: false,
            deadly: None,
        }
    }

    /// The day, at that exchange.
    #[must_use]
    pub fn play<X: Exchange>(&self) -> Judged {
        let exchange = X::open(&self.day);
        let exchange = &exchange;
        let mut actors = Actors::new();
        for producer in 1..=self.day.producers {
            let work = self.day.work(producer);
            let name = format!("producer-{producer}");
            if self.producers == Children::InHouse {
                actors = actors.enter(name, move || {
                    let start = || Ok(InHouse::default());
                    Part::parent(exchange.producer(work, start))
                });
                continue;
            }
            let (start, lives) = process(PRODUCERS, producer);
            let parent = format!("for {name}");
            actors = actors
                .enter(name, move || {
                    while let Ok(mut parent) = lives.recv() {
                        produce(&mut parent);
                    }
                    Part::parent(Came::nothing())
                })
                .enter(parent, move || Part::parent(exchange.producer(work, start)));
        }
        for consumer in 1..=self.day.consumers {
            let name = format!("consumer-{consumer}");
            if self.consumers == Children::InHouse {
                actors = actors.enter(name, move || {
                    let came = exchange.consumer(|| Ok(InHouse::default()));
                    Part {
                        took: Some(came.taken.clone()),
                        came,
                    }
                });
                continue;
            }
            let (start, lives) = process(CONSUMERS, consumer);
            let parent = format!("for {name}");
            actors = actors
                .enter(name, move || {
                    let mut took = Vec::new();
                    while let Ok(mut parent) = lives.recv() {
                        consume(&mut parent, |delivery| {
                            let kills = self.deadly == Some(delivery.item.number);
                            took.push(delivery);
                            if kills {
                                narrate!("dies of it");
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
                narrate!("closes");
                exchange.queue().close();
                Part::parent(Came::nothing())
            });
        }

        let mut took = Vec::new();
        let mut came = Came::nothing();
        for part in actors.run() {
            took.extend(part.took);
            came = came.and(part.came);
        }
        came.back.extend(left_in(exchange.queue()));
        let may_return = self.closes || self.deadly.is_some();
        self.day.judge(&took, &came, may_return)
    }
}

/// What links are called in stories; the model has no more of them.
type Names = [&'static str; 3];
const PRODUCERS: [Names; 2] = [
    ["life of producer-1", "to producer-1", "from producer-1"],
    ["life of producer-2", "to producer-2", "from producer-2"],
];
const CONSUMERS: [Names; 2] = [
    ["life of consumer-1", "to consumer-1", "from consumer-1"],
    ["life of consumer-2", "to consumer-2", "from consumer-2"],
];

type Started<Down, Up> = Result<modelled::Immortal<Down, Up>, Infallible>;
type Lives<Down, Up> = Receiver<modelled::Mortal<Up, Down>>;

/// A process that can be started, and started anew: by the parent, what it gets; by
/// the thread that plays it, each of its lives.
fn process<Down, Up>(
    names: [Names; 2],
    which: usize,
) -> (impl FnMut() -> Started<Down, Up>, Lives<Down, Up>) {
    let [life, to, from] = names[(which - 1) % names.len()];
    let (starter, lives) = channel();
    let starter = starter.named(life);
    let start = move || {
        let (parent, child) = modelled::pair(to, from);
        // The thread waits for it as long as there is somebody to start it.
        let _ = starter.send(child);
        Ok(parent)
    };
    (start, lives)
}

/// A child that its parent plays itself.
#[derive(Default)]
struct InHouse {
    work: Option<Produce>,
}

impl Link<Produce, Produced> for InHouse {
    fn send(&mut self, work: Produce) -> Result<(), Gone<Produce>> {
        self.work = Some(work);
        Ok(())
    }

    fn receive(&mut self) -> Result<Produced, Gone> {
        let work = self.work.as_mut().ok_or(Gone(()))?;
        if work.from > work.upto {
            return Ok(Produced::All);
        }
        let item = work.item(work.from);
        work.from += 1;
        narrate!("produced {item}");
        Ok(Produced::Item(item))
    }

    fn receive_timeout(&mut self, _: Duration) -> Result<Produced, TimedOutOrGone> {
        Link::<Produce, Produced>::receive(self).map_err(|Gone(())| TimedOutOrGone::Gone)
    }

    fn close(&mut self) {}
}

impl Link<Delivery, Taken> for InHouse {
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

/// All scenes, for that exchange.
pub(super) fn scenes<X: Exchange + 'static>() -> Vec<Scene> {
    let cast = |producers, consumers, items| {
        Cast::all_in_processes(Day {
            producers,
            consumers,
            items,
            capacity: NonZeroUsize::MIN,
            load: 0,
        })
    };
    let scene = |name, cast: Cast| Scene::new(name, move || cast.play::<X>());
    let deaths = |deaths| Budget {
        deaths,
        ..Budget::NONE
    };
    let only_consumers_die = |consumers, items| Cast {
        producers: Children::InHouse,
        ..cast(1, consumers, items)
    };
    let only_producers_die = |producers, items| Cast {
        consumers: Children::InHouse,
        ..cast(producers, 1, items)
    };
    vec![
        scene("1 producer, 2 items", only_producers_die(1, 2))
            .budget(deaths(1))
            .must_occur(&["took 2"]),
        scene("1 consumer, 1 item", only_consumers_die(1, 1))
            .budget(deaths(1))
            .must_occur(&["took 1", "took 1, 1 marked", "took 2, 1 marked, 1 twice"]),
        scene("1 producer, 1 consumer, 2 items", cast(1, 1, 2))
            .budget(deaths(1))
            .must_occur(&["took 2", "took 2, 1 marked", "took 3, 1 marked, 1 twice"]),
        scene("2 consumers, 1 item", only_consumers_die(2, 1))
            .budget(deaths(1))
            .must_occur(&["took 1 + 0", "took 2 + 0, 1 marked, 1 twice"]),
        scene("2 producers, 1 item each", only_producers_die(2, 1))
            .budget(deaths(1))
            .must_occur(&["took 2"]),
        scene(
            "1 consumer, 2 items, the first kills",
            Cast {
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
            Cast {
                closes: true,
                ..cast(1, 1, 1)
            },
        )
        .budget(deaths(1))
        .must_occur(&["took 1", "took 2, 1 marked, 1 twice", "took 0, 1 back"])
        .proof(),
        scene("1 producer, 1 consumer, 1 item, two die", cast(1, 1, 1))
            .budget(deaths(2))
            .must_occur(&["took 1", "took 3, 2 marked, 1 twice"])
            .proof(),
        scene(
            "1 producer, 2 items, anybody wakes",
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

/// The day with the program's numbers, and threads for processes.
pub(super) fn play<X: Exchange>(program: &Program) -> Judged {
    let Some(capacity) = NonZeroUsize::new(program.capacity) else {
        return Judged::forbidden("no queue", "a queue for 0 items passes nothing on");
    };
    let day = Day {
        producers: program.producers,
        consumers: program.consumers,
        items: program.items,
        capacity,
        load: 0,
    };
    if day.consumers == 0 {
        return Judged::forbidden("no consumers", "nobody would take what is made");
    }
    Cast::all_in_processes(day).play::<X>()
}
