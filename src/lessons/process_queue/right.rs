//! The right way: an item is the parent's until a consumer has answered for it.

use super::lesson::{Came, Day, Delivery, Exchange, Item, Produce, Produced, Taken};
use crate::lessons::bounded_queue::right::Queue;
use crate::narrate;
use crate::processes::{Gone, Link};
use crate::sync::Named;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// So many processes in a row may die of an item, or without having sent one; then it
/// is given up. An item that kills whoever gets it would go round for ever.
pub const TRIES: usize = 3;

/// The parent keeps an item until it is answered for: if its consumer dies before, it
/// is given to another, and marked. A producer that dies is replaced by one that goes
/// on where the items have come to. The last producer to be done closes the queue.
pub struct KeepsUntilTaken {
    pub(super) queue: Queue<Item>,
    producing: AtomicUsize,
}

impl Exchange for KeepsUntilTaken {
    fn open(day: &Day) -> Self {
        let queue = Queue::new(day.capacity);
        if day.producers == 0 {
            queue.close();
        }
        let producing = AtomicUsize::new(day.producers).named("producing");
        Self { queue, producing }
    }

    fn queue(&self) -> &Queue<Item> {
        &self.queue
    }

    fn producer<L, E>(&self, work: Produce, start: impl FnMut() -> Result<L, E>) -> Came<E>
    where
        L: Link<Produce, Produced>,
    {
        let came = self.take_in(work, start);
        self.one_is_done();
        came
    }

    fn consumer<L, E>(&self, mut start: impl FnMut() -> Result<L, E>) -> Came<E>
    where
        L: Link<Delivery, Taken>,
    {
        let mut came = Came::nothing();
        let mut consumer = None;
        while let Ok(item) = self.queue.get() {
            let delivered = deliver(item, &mut consumer, &mut start, &mut came);
            if let Err(trouble) = delivered {
                // Perhaps nobody else takes anything: producers must not wait for room.
                self.queue.close();
                came.trouble = Some(trouble);
                break;
            }
        }
        came
    }
}

impl KeepsUntilTaken {
    /// One producer less; none: nothing more will come.
    pub(super) fn one_is_done(&self) {
        // ORDERING: Relaxed is enough. The count publishes nothing but itself, and
        // the queue's lock orders it against the puts: see `bread_queue`.
        if self.producing.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.queue.close();
        }
    }

    /// Puts into the queue what a producer sends, and what those send that are started
    /// in its place.
    pub(super) fn take_in<L, E>(
        &self,
        mut work: Produce,
        mut start: impl FnMut() -> Result<L, E>,
    ) -> Came<E>
    where
        L: Link<Produce, Produced>,
    {
        let mut came = Came::nothing();
        let mut tries = TRIES;
        while tries > 0 {
            let mut producer = match start() {
                Ok(producer) => producer,
                Err(trouble) => {
                    came.trouble = Some(trouble);
                    break;
                }
            };
            let from = work.from;
            match self.hear_out(&mut producer, &mut work, &mut came.back) {
                Ok(()) => break,
                Err(Gone(())) => {
                    came.died += 1;
                    tries = if work.from > from { TRIES } else { tries - 1 };
                    narrate!("the producer is gone; item {} is next", work.from);
                }
            }
        }
        came.unmade = (work.from..=work.upto).count();
        came
    }

    /// Puts into the queue what one process sends: until it has sent all there is to
    /// be, or the queue is closed. Its work goes on from the item after the last.
    pub(super) fn hear_out(
        &self,
        producer: &mut impl Link<Produce, Produced>,
        work: &mut Produce,
        back: &mut Vec<Item>,
    ) -> Result<(), Gone> {
        producer.send(work.clone()).map_err(|_| Gone(()))?;
        while let Produced::Item(item) = producer.receive()? {
            work.from = item.number + 1;
            if let Err(refused) = self.queue.put(item) {
                back.push(refused.into_item());
                break;
            }
        }
        Ok(())
    }
}

/// Gives an item to a consumer until one has answered for it.
pub(super) fn deliver<L, E>(
    item: Item,
    consumer: &mut Option<L>,
    mut start: impl FnMut() -> Result<L, E>,
    came: &mut Came<E>,
) -> Result<(), E>
where
    L: Link<Delivery, Taken>,
{
    let mut delivery = Delivery::first(item);
    for _ in 0..TRIES {
        let started = consumer.take().map_or_else(&mut start, Ok);
        let mut process = match started {
            Ok(process) => process,
            Err(trouble) => {
                came.back.push(delivery.item);
                return Err(trouble);
            }
        };
        // That it could be sent says nothing: only the answer does.
        if process.send(delivery.clone()).is_ok() && process.receive().is_ok() {
            *consumer = Some(process);
            came.taken.push(delivery);
            return Ok(());
        }
        came.died += 1;
        delivery.redelivered = true;
        narrate!("the consumer is gone; {} is back", delivery.item);
    }
    narrate!("gives up {}", delivery.item);
    came.back.push(delivery.item);
    Ok(())
}
