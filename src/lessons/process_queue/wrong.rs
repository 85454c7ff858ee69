//! Four exchanges that forget the dead, or the living.

use super::lesson::{Came, Day, Delivery, Exchange, Item, Produce, Produced, Taken};
use super::right::{KeepsUntilTaken, TRIES, deliver};
use crate::lessons::bounded_queue::right::Queue;
use crate::processes::Link;
use crate::sync::Named;
use crate::sync::atomic::{AtomicBool, Ordering};

/// What the seed does: every consumer takes as many items as every producer makes. It
/// comes out even with as many of each; with more consumers, some wait for what nobody
/// makes, with fewer, items are left, or producers wait for room that nobody makes.
pub struct CountedConsumer {
    right: KeepsUntilTaken,
    each: usize,
}

impl Exchange for CountedConsumer {
    fn open(day: &Day) -> Self {
        Self {
            right: KeepsUntilTaken::open(day),
            each: day.items,
        }
    }

    fn queue(&self) -> &Queue<Item> {
        self.right.queue()
    }

    fn producer<L, E>(&self, work: Produce, start: impl FnMut() -> Result<L, E>) -> Came<E>
    where
        L: Link<Produce, Produced>,
    {
        self.right.take_in(work, start)
    }

    fn consumer<L, E>(&self, mut start: impl FnMut() -> Result<L, E>) -> Came<E>
    where
        L: Link<Delivery, Taken>,
    {
        let mut came = Came::nothing();
        let mut consumer = None;
        for _ in 0..self.each {
            let Ok(item) = self.queue().get() else { break };
            came.trouble = deliver(item, &mut consumer, &mut start, &mut came).err();
        }
        came
    }
}

/// Takes an item out of the queue and sends it, and that is that: nobody else has it
/// when its consumer dies. A new consumer is started, and waits for the next.
pub struct ForgetsTheDead(KeepsUntilTaken);

impl Exchange for ForgetsTheDead {
    fn open(day: &Day) -> Self {
        Self(KeepsUntilTaken::open(day))
    }

    fn queue(&self) -> &Queue<Item> {
        self.0.queue()
    }

    fn producer<L, E>(&self, work: Produce, start: impl FnMut() -> Result<L, E>) -> Came<E>
    where
        L: Link<Produce, Produced>,
    {
        self.0.producer(work, start)
    }

    fn consumer<L, E>(&self, mut start: impl FnMut() -> Result<L, E>) -> Came<E>
    where
        L: Link<Delivery, Taken>,
    {
        let mut came = Came::nothing();
        let mut consumer = None;
        while let Ok(item) = self.queue().get() {
            let started = consumer.take().map_or_else(&mut start, Ok);
            let mut process = match started {
                Ok(process) => process,
                Err(trouble) => {
                    came.trouble = Some(trouble);
                    break;
                }
            };
            let sent = process.send(Delivery::first(item)).is_ok();
            if sent && process.receive().is_ok() {
                consumer = Some(process);
            } else {
                came.died += 1;
            }
        }
        came
    }
}

/// The first producer to be done closes the queue, as if there were no other. What
/// another still makes is refused.
pub struct ClosesTooEarly {
    right: KeepsUntilTaken,
    closed: AtomicBool,
}

impl Exchange for ClosesTooEarly {
    fn open(day: &Day) -> Self {
        Self {
            right: KeepsUntilTaken::open(day),
            closed: AtomicBool::new(false).named("closed"),
        }
    }

    fn queue(&self) -> &Queue<Item> {
        self.right.queue()
    }

    fn producer<L, E>(&self, work: Produce, start: impl FnMut() -> Result<L, E>) -> Came<E>
    where
        L: Link<Produce, Produced>,
    {
        let came = self.right.take_in(work, start);
        if !self.closed.swap(true, Ordering::SeqCst) {
            self.queue().close();
        }
        came
    }

    fn consumer<L, E>(&self, start: impl FnMut() -> Result<L, E>) -> Came<E>
    where
        L: Link<Delivery, Taken>,
    {
        self.right.consumer(start)
    }
}

/// A producer that dies is replaced by one that is told the same as it was: it makes
/// anew what is in the queue already, and nobody can know.
pub struct StartsOver(KeepsUntilTaken);

impl Exchange for StartsOver {
    fn open(day: &Day) -> Self {
        Self(KeepsUntilTaken::open(day))
    }

    fn queue(&self) -> &Queue<Item> {
        self.0.queue()
    }

    fn producer<L, E>(&self, work: Produce, mut start: impl FnMut() -> Result<L, E>) -> Came<E>
    where
        L: Link<Produce, Produced>,
    {
        let mut came = Came::nothing();
        for _ in 0..TRIES {
            let mut producer = match start() {
                Ok(producer) => producer,
                Err(trouble) => {
                    came.trouble = Some(trouble);
                    break;
                }
            };
            let mut same = work.clone();
            let heard = self.0.hear_out(&mut producer, &mut same, &mut came.back);
            came.unmade = (same.from..=same.upto).count();
            if heard.is_ok() {
                break;
            }
            came.died += 1;
        }
        self.0.one_is_done();
        came
    }

    fn consumer<L, E>(&self, start: impl FnMut() -> Result<L, E>) -> Came<E>
    where
        L: Link<Delivery, Taken>,
    {
        self.0.consumer(start)
    }
}
