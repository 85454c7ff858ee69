//! Four wrong exchanges. Each is the [right one](super::right) except for the methods written
//! here.

use super::lesson::{Config, Delivery, Exchange, Item, Produced, Report, Taken, Work};
use super::right::{KeepsUntilTaken, TRIES, deliver, put_all};
use crate::lessons::bounded_queue::right::Queue;
use crate::narrate;
use crate::processes::Link;
use std::io;

/// Methods that a version leaves to the right one.
macro_rules! as_the_right_one {
    ($($method:ident)*) => {
        $(as_the_right_one!(@ $method);)*
    };
    (@ open) => {
        fn open(config: &Config) -> Self {
            Self(KeepsUntilTaken::open(config))
        }
    };
    (@ queue) => {
        fn queue(&self) -> &Queue<Item> {
            self.0.queue()
        }
    };
    (@ producer) => {
        fn producer<L: Link<Work, Produced>>(
            &self,
            work: Work,
            start: impl FnMut() -> io::Result<L>,
        ) -> Report {
            self.0.producer(work, start)
        }
    };
    (@ producer_is_done) => {
        fn producer_is_done(&self) {
            self.0.producer_is_done();
        }
    };
    (@ consumer) => {
        fn consumer<L: Link<Delivery, Taken>>(
            &self,
            start: impl FnMut() -> io::Result<L>,
        ) -> Report {
            self.0.consumer(start)
        }
    };
}

/// What the tutorial does: every consumer takes as many items as every producer makes. It works
/// with as many consumers as producers. With more consumers, some wait for items that nobody
/// makes. With fewer, items are left, or producers wait for ever because the queue is full.
pub struct CountedConsumer(KeepsUntilTaken, usize);

impl Exchange for CountedConsumer {
    as_the_right_one!(queue producer);

    fn open(config: &Config) -> Self {
        Self(KeepsUntilTaken::open(config), config.items)
    }

    fn producer_is_done(&self) {}

    fn consumer<L: Link<Delivery, Taken>>(
        &self,
        mut start: impl FnMut() -> io::Result<L>,
    ) -> Report {
        let mut report = Report::default();
        let mut consumer = None;
        for taken in 0..self.1 {
            narrate!("wants item {} of {}", taken + 1, self.1);
            let Ok(item) = self.queue().get() else { break };
            deliver(item, &mut consumer, &mut start, &mut report);
        }
        report
    }
}

/// Gets an item from the queue and sends it, without keeping a copy. If the consumer dies,
/// nobody has the item. A new consumer is started, and waits for the next one.
pub struct ForgetsTheDead(KeepsUntilTaken);

impl Exchange for ForgetsTheDead {
    as_the_right_one!(open queue producer producer_is_done);

    fn consumer<L: Link<Delivery, Taken>>(
        &self,
        mut start: impl FnMut() -> io::Result<L>,
    ) -> Report {
        let mut report = Report::default();
        let mut consumer = None;
        while let Ok(item) = self.queue().get() {
            let idle = consumer.take();
            let Some(mut process) = idle.or_else(|| report.started(start())) else {
                break;
            };
            let sent = process.send(Delivery::first(item)).is_ok();
            if sent && process.receive().is_ok() {
                consumer = Some(process);
            } else {
                report.died += 1;
            }
        }
        report
    }
}

/// The first producer to finish closes the queue. The other producers can no longer put their
/// items.
pub struct ClosesTooEarly(KeepsUntilTaken);

impl Exchange for ClosesTooEarly {
    as_the_right_one!(open queue producer consumer);

    fn producer_is_done(&self) {
        narrate!("closes the queue");
        self.queue().close();
    }
}

/// A process that replaces a dead producer gets the whole work again. It makes items that are
/// in the queue already, and nobody can see that they are the same.
pub struct StartsOver(KeepsUntilTaken);

impl Exchange for StartsOver {
    as_the_right_one!(open queue producer_is_done consumer);

    fn producer<L: Link<Work, Produced>>(
        &self,
        work: Work,
        mut start: impl FnMut() -> io::Result<L>,
    ) -> Report {
        let mut report = Report::default();
        for _ in 0..TRIES {
            let Some(mut producer) = report.started(start()) else {
                break;
            };
            let mut whole = work.clone();
            let put = put_all(self.queue(), &mut producer, &mut whole, &mut report.back);
            report.unmade = (whole.next..=whole.last).count();
            if put.is_ok() {
                break;
            }
            report.died += 1;
        }
        report
    }
}
