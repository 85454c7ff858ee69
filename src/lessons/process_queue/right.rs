//! The right way: the parent keeps an item until a consumer has confirmed it.
//!
//! It is longer than other right versions because producers and consumers can both die, and
//! are replaced in different ways.

use super::lesson::{Config, Delivery, Exchange, Item, Produced, Report, Taken, Work};
use crate::lessons::bounded_queue::right::Queue;
use crate::narrate;
use crate::processes::{Gone, Link};
use crate::sync::atomic::{AtomicUsize, Ordering};
use std::io;

/// An item that has killed that many consumers in a row is given back, and a producer is
/// not replaced after that many processes in a row that died before they sent an item.
/// Otherwise an item that kills its consumer would be delivered for ever.
pub const TRIES: usize = 3;

/// The parent keeps an item until a consumer has confirmed it. If the consumer dies first,
/// another consumer gets the item, marked as redelivered. If a producer dies, a new process
/// goes on with the next item. The last producer to finish closes the queue.
pub struct KeepsUntilTaken {
    queue: Queue<Item>,
    producing: AtomicUsize,
}

impl Exchange for KeepsUntilTaken {
    fn open(config: &Config) -> Self {
        let queue = Queue::new(config.capacity);
        if config.producers == 0 {
            queue.close();
        }
        let producing = AtomicUsize::new(config.producers);
        Self { queue, producing }
    }

    fn queue(&self) -> &Queue<Item> {
        &self.queue
    }

    fn producer<L: Link<Work, Produced>>(
        &self,
        mut work: Work,
        mut start: impl FnMut() -> io::Result<L>,
    ) -> Report {
        let mut report = Report::default();
        let mut in_vain = 0;
        while in_vain < TRIES
            && let Some(mut producer) = report.started(start())
        {
            let next = work.next;
            if put_all(&self.queue, &mut producer, &mut work, &mut report.back).is_ok() {
                break;
            }
            report.died += 1;
            in_vain = if work.next > next { 0 } else { in_vain + 1 };
            narrate!("the producer died; item {} is next", work.next);
        }
        report.unmade = (work.next..=work.last).count();
        report
    }

    fn producer_is_done(&self) {
        // ORDERING: Relaxed is enough. The count publishes no other memory, and the queue's
        // lock orders it with the puts: see `bread_queue`.
        if self.producing.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.queue.close();
        }
    }

    fn consumer<L: Link<Delivery, Taken>>(
        &self,
        mut start: impl FnMut() -> io::Result<L>,
    ) -> Report {
        let mut report = Report::default();
        let mut consumer = None;
        while report.trouble.is_none()
            && let Ok(item) = self.queue.get()
        {
            deliver(item, &mut consumer, &mut start, &mut report);
        }
        if report.trouble.is_some() {
            // There may be no other consumer: producers must not wait for room.
            self.queue.close();
        }
        report
    }
}

/// Puts what one process sends into the queue, until it is done or the queue is closed.
pub(super) fn put_all(
    queue: &Queue<Item>,
    producer: &mut impl Link<Work, Produced>,
    work: &mut Work,
    back: &mut Vec<Item>,
) -> Result<(), Gone> {
    producer.send(work.clone()).map_err(|_| Gone(()))?;
    while let Produced::Item(item) = producer.receive()? {
        work.next = item.number + 1;
        if let Err(refused) = queue.put(item) {
            back.push(refused.0);
            break;
        }
    }
    Ok(())
}

/// Delivers an item to one consumer after another, until one has confirmed it.
pub(super) fn deliver<L: Link<Delivery, Taken>>(
    item: Item,
    consumer: &mut Option<L>,
    mut start: impl FnMut() -> io::Result<L>,
    report: &mut Report,
) {
    let mut delivery = Delivery::first(item);
    for _ in 0..TRIES {
        let idle = consumer.take();
        let Some(mut process) = idle.or_else(|| report.started(start())) else {
            break;
        };
        // A successful send proves nothing: only the answer does.
        if process.send(delivery.clone()).is_ok() && process.receive().is_ok() {
            *consumer = Some(process);
            return report.taken.push(delivery);
        }
        report.died += 1;
        delivery.redelivered = true;
        narrate!("the consumer died; {} is redelivered", delivery.item);
    }
    report.back.push(delivery.item);
}
