//! Producers and consumers in processes of their own, and a queue between them.
//!
//! # Story
//! The parent holds a [bounded queue](crate::lessons::bounded_queue) and has one thread for
//! each child. A producer sends items, and its thread puts them into the queue. A consumer's
//! thread gets an item, sends it to the consumer, and waits until the consumer confirms it.
//! Each child may die at any moment: with an item in hand, with its confirmation on the way,
//! in the middle of its work. Is the item lost then, or was it used before?
//!
//! The promises: while all children live, every item is taken exactly once. If a child dies,
//! another process replaces it, and no item is lost. An item that the dead consumer may have
//! used already is *marked* when another consumer gets it: from outside nobody can know more.
//! An item that kills three consumers in a row is given back. Everybody ends, whatever the
//! numbers of producers, consumers and items.
//!
//! Not promised: that the parent notices a consumer which neither confirms nor dies. That
//! consumer keeps its item, and the parent waits.
//!
//! # What the compiler already refuses
//! Sharing the queue with another process. What is sent there must be serialized:
//! ```compile_fail
//! # use serde::Serialize;
//! #[derive(Serialize)]
//! struct Order<'a> {
//!     queue: &'a std::sync::Condvar, // error: `Condvar` does not implement `Serialize`
//! }
//! ```
//! Using an item after it was sent, without a copy made on purpose:
//! ```compile_fail
//! struct Item;
//! fn send(_: Item) -> Result<(), Item> { Ok(()) }
//! let item = Item;
//! let _ = send(item);
//! let back = item; // error: use of moved value: `item`
//! ```

use crate::explorer::report::Judged;
use crate::lessons::bounded_queue::right::Queue;
use crate::narrate;
use crate::processes::Link;
use crate::sync::rest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

/// What the parent does. Each of its threads has one child at a time, and starts another one
/// if that child dies.
pub trait Exchange: Send + Sync {
    /// An exchange of that size.
    fn open(config: &Config) -> Self;

    /// The queue between producers and consumers. Closing it ends the work early: items in
    /// the queue are still taken, and other items are given back.
    fn queue(&self) -> &Queue<Item>;

    /// Puts the items of one producer into the queue. `start` starts a process.
    fn producer<L: Link<Work, Produced>>(
        &self,
        work: Work,
        start: impl FnMut() -> io::Result<L>,
    ) -> Report;

    /// The thread of one producer is done.
    fn producer_is_done(&self);

    /// Delivers items to one consumer while there are items or will be some. `start` starts a
    /// process.
    fn consumer<L: Link<Delivery, Taken>>(&self, start: impl FnMut() -> io::Result<L>) -> Report;
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its producer, from 1.
    pub producer: usize,
    /// Which of that producer's items it is, from 1.
    pub number: usize,
    /// Some bytes that make it large.
    pub load: Vec<u8>,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {} of producer-{}", self.number, self.producer)
    }
}

/// What the parent sends to a producer: its work, or the rest of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The producer, from 1.
    pub producer: usize,
    /// The next item.
    pub next: usize,
    /// The last item.
    pub last: usize,
    /// How many bytes each item carries.
    pub load: usize,
}

impl Work {
    pub(super) fn item(&self, number: usize) -> Item {
        Item {
            producer: self.producer,
            number,
            load: vec![0; self.load],
        }
    }
}

/// What a producer sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Produced {
    /// The next item.
    Item(Item),
    /// The producer has made all items.
    Done,
}

/// What the parent sends to a consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The item.
    pub item: Item,
    /// A consumer that died may have taken the item before.
    pub redelivered: bool,
}

impl Delivery {
    /// The first delivery of an item.
    #[must_use]
    pub fn first(item: Item) -> Self {
        Self {
            item,
            redelivered: false,
        }
    }
}

/// What a consumer sends: it has taken the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken;

/// What a producer does.
pub fn produce(parent: &mut impl Link<Produced, Work>) {
    let Ok(work) = parent.receive() else { return };
    for number in work.next..=work.last {
        rest();
        let item = work.item(number);
        narrate!("produced {item}");
        if parent.send(Produced::Item(item)).is_err() {
            return;
        }
    }
    // If the parent has died, there is nobody to tell.
    let _ = parent.send(Produced::Done);
}

/// What a consumer does: takes each item and confirms it. `take` may say that the item kills
/// the consumer.
pub fn consume(
    parent: &mut impl Link<Taken, Delivery>,
    mut take: impl FnMut(Delivery) -> ControlFlow<()>,
) {
    while let Ok(delivery) = parent.receive() {
        match delivery.redelivered {
            false => narrate!("bought {}", delivery.item),
            true => narrate!("bought {} (redelivered)", delivery.item),
        }
        rest();
        if take(delivery).is_break() || parent.send(Taken).is_err() {
            return;
        }
    }
}

/// What one thread of the parent reports, or all of them together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The deliveries that consumers have confirmed.
    pub taken: Vec<Delivery>,
    /// The items that are given back: no consumer has confirmed them.
    pub back: Vec<Item>,
    /// How many items were never made.
    pub unmade: usize,
    /// How many processes have died.
    pub died: usize,
    /// Why no process could be started.
    pub trouble: Option<String>,
}

impl Report {
    /// The process, unless it could not be started.
    pub(super) fn started<L>(&mut self, started: io::Result<L>) -> Option<L> {
        let process = started.map_err(|error| self.trouble = Some(error.to_string()));
        process.ok()
    }

    /// Both reports together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.taken.extend(other.taken);
        self.back.extend(other.back);
        self.unmade += other.unmade;
        self.died += other.died;
        self.trouble = self.trouble.or(other.trouble);
        self
    }
}

/// The size of an exchange.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Producers.
    pub producers: usize,
    /// Consumers.
    pub consumers: usize,
    /// Items that each producer makes.
    pub items: usize,
    /// The capacity of the queue.
    pub capacity: NonZeroUsize,
    /// How many bytes each item carries.
    pub load: usize,
}

impl Config {
    /// The work of a producer.
    #[must_use]
    pub fn work(&self, producer: usize) -> Work {
        Work {
            producer,
            next: 1,
            last: self.items,
            load: self.load,
        }
    }

    /// Judges what each consumer took, confirmed or not, and what the parent reports.
    /// `may_return`: there is a reason to give items back. (If a thread did not end, the scene
    /// would not end.)
    #[must_use]
    pub fn judge(&self, took: &[Vec<Delivery>], report: &Report, may_return: bool) -> Judged {
        // How often without the mark, and how often with it. In order: an outcome that
        // names one of several doubled items must name the same one every time.
        let mut times: BTreeMap<(usize, usize), [usize; 2]> = BTreeMap::new();
        for Delivery { item, redelivered } in took.iter().flatten() {
            let times = times.entry((item.producer, item.number)).or_default();
            times[usize::from(*redelivered)] += 1;
        }
        for ((producer, number), [unmarked, _]) in &times {
            if *unmarked > 1 {
                return Judged::forbidden(
                    format!("item {number} of producer-{producer} taken twice, unmarked"),
                    "no mark says that the item may have been taken before",
                );
            }
        }
        let never = |item: &&Item| !times.contains_key(&(item.producer, item.number));
        let (back, made) = (report.back.len(), self.producers * self.items);
        let accounted = times.len() + report.back.iter().filter(never).count() + report.unmade;
        if accounted < made {
            let lost = made - accounted;
            return Judged::forbidden(
                format!("{lost} of {made} items lost"),
                "no consumer took it, and it was not given back",
            );
        }
        if !may_return && back + report.unmade > 0 {
            return Judged::forbidden(
                format!("{} of {made} items not taken", back + report.unmade),
                "there was a consumer to take them",
            );
        }
        let marked: usize = times.values().map(|[_, marked]| marked).sum();
        if marked > 0 && report.died == 0 {
            return Judged::forbidden("marked although nobody died", "the mark is wrong");
        }

        let each: Vec<String> = took.iter().map(|own| own.len().to_string()).collect();
        let mut outcome = format!("took {}", each.join(" + "));
        let twice = times.values().filter(|times| times[0] + times[1] > 1);
        for (number, what) in [
            (marked, "marked"),
            (twice.count(), "twice"),
            (back, "back"),
            (report.unmade, "unmade"),
        ] {
            if number > 0 {
                outcome += &format!(", {number} {what}");
            }
        }
        let meaning = match (report.died, back + report.unmade) {
            (0, 0) => "each item was taken once",
            (_, 0) => "no item is lost, and an item that may be taken twice is marked",
            _ => "items that nobody took are given back",
        };
        Judged::promised(outcome, meaning)
    }
}

/// Empties the queue.
pub fn left_in(queue: &Queue<Item>) -> Vec<Item> {
    std::iter::from_fn(|| queue.try_get().ok()).collect()
}
