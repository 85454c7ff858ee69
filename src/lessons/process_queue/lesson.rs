//! Producers and consumers in processes of their own, and a queue between them.
//!
//! # Story
//! The parent holds a [bounded queue](crate::lessons::bounded_queue) and has a thread for each
//! child. A producer sends its items, and its thread puts them into the queue; a
//! consumer's thread takes one out, sends it, and waits until the consumer has answered
//! for it. Any of the children may die, at any moment: with an item in hand, with its
//! answer on the way, in the middle of its work. Who has the item then? And who knows
//! whether it was used?
//!
//! The promises: while all live, every item is taken exactly once. If somebody dies,
//! another takes its place, nothing is lost, and an item that the dead may have used
//! already is *marked* when it is given to another: from outside nobody can know more.
//! An item that kills three in a row is given back. And everybody ends, whatever the
//! numbers of producers, consumers and items.
//!
//! Not promised: that a consumer which neither answers nor dies is noticed. It keeps
//! its item, and the parent waits.
//!
//! # What the compiler already refuses
//! To share the queue with a process. What goes to another process must be said:
//! ```compile_fail
//! # use serde::Serialize;
//! #[derive(Serialize)]
//! struct Order<'a> {
//!     queue: &'a std::sync::Condvar, // error: `Condvar` does not implement `Serialize`
//! }
//! ```
//! To go on with an item that was sent, unless a copy was kept on purpose:
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
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

/// What the parent does: each of its threads has one child at a time, and starts
/// another if that one dies.
pub trait Exchange: Send + Sync {
    /// An exchange for that day.
    fn open(day: &Day) -> Self;

    /// What is between producers and consumers. To close it ends the day early: what
    /// is in it is still taken, nothing more gets in.
    fn queue(&self) -> &Queue<Item>;

    /// Has a producer do that work, to its end.
    fn producer<L, E>(&self, work: Produce, start: impl FnMut() -> Result<L, E>) -> Came<E>
    where
        L: Link<Produce, Produced>;

    /// Gives items to a consumer, as long as there are or will be some.
    fn consumer<L, E>(&self, start: impl FnMut() -> Result<L, E>) -> Came<E>
    where
        L: Link<Delivery, Taken>;
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Whose it is, from 1.
    pub producer: usize,
    /// Which of that producer's items it is, from 1.
    pub number: usize,
    /// What makes it large.
    pub load: Vec<u8>,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {} of producer-{}", self.number, self.producer)
    }
}

/// What a producer is told: its work, or what of it is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Produce {
    /// As whom.
    pub producer: usize,
    /// From which item on.
    pub from: usize,
    /// Up to which.
    pub upto: usize,
    /// How many bytes each of them carries.
    pub load: usize,
}

impl Produce {
    pub(super) fn item(&self, number: usize) -> Item {
        Item {
            producer: self.producer,
            number,
            load: vec![0; self.load],
        }
    }
}

/// What a producer says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Produced {
    /// Here is the next.
    Item(Item),
    /// Those were all.
    All,
}

/// What a consumer is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Take this.
    pub item: Item,
    /// Somebody else has perhaps taken it before, and died of it or after it.
    pub redelivered: bool,
}

impl Delivery {
    /// Nobody else has had it.
    #[must_use]
    pub fn first(item: Item) -> Self {
        Self {
            item,
            redelivered: false,
        }
    }
}

/// What a consumer says: it has taken what it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken;

/// A producer's part.
pub fn produce(parent: &mut impl Link<Produced, Produce>) {
    let Ok(work) = parent.receive() else { return };
    for number in work.from..=work.upto {
        rest();
        let item = work.item(number);
        narrate!("produced {item}");
        if parent.send(Produced::Item(item)).is_err() {
            return;
        }
    }
    // Who is gone needs to know nothing.
    let _ = parent.send(Produced::All);
}

/// A consumer's part: it takes what it is given, and answers for it, unless it dies
/// of it.
pub fn consume(
    parent: &mut impl Link<Taken, Delivery>,
    mut take: impl FnMut(Delivery) -> ControlFlow<()>,
) {
    while let Ok(delivery) = parent.receive() {
        match delivery.redelivered {
            false => narrate!("bought {}", delivery.item),
            true => narrate!("bought {}, perhaps after another", delivery.item),
        }
        rest();
        if take(delivery).is_break() || parent.send(Taken).is_err() {
            return;
        }
    }
}

/// What one of the parent's threads has come to, or all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came<E> {
    /// What consumers have answered for.
    pub taken: Vec<Delivery>,
    /// What comes back: nobody has answered for it.
    pub back: Vec<Item>,
    /// How many items were not even made.
    pub unmade: usize,
    /// How many processes have died on it.
    pub died: usize,
    /// Why it could not go on: no process could be started.
    pub trouble: Option<E>,
}

impl<E> Came<E> {
    /// To begin with.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            taken: Vec::new(),
            back: Vec::new(),
            unmade: 0,
            died: 0,
            trouble: None,
        }
    }

    /// Both.
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

/// A day's numbers.
#[derive(Debug, Clone, Copy)]
pub struct Day {
    /// Producers.
    pub producers: usize,
    /// Consumers.
    pub consumers: usize,
    /// Items that each producer makes.
    pub items: usize,
    /// How many items the queue holds.
    pub capacity: NonZeroUsize,
    /// How many bytes each item carries.
    pub load: usize,
}

impl Day {
    /// A producer's work.
    #[must_use]
    pub fn work(&self, producer: usize) -> Produce {
        Produce {
            producer,
            from: 1,
            upto: self.items,
            load: self.load,
        }
    }

    /// Holds what each consumer took, whether it has answered for it or not, against
    /// the promises, and what the parent says of it. `may_return` says whether there
    /// is a reason to give items back. (That everybody ends shows in its having an
    /// end.)
    #[must_use]
    pub fn judge<E>(&self, took: &[Vec<Delivery>], came: &Came<E>, may_return: bool) -> Judged {
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
                    "who takes it the second time cannot know",
                );
            }
        }
        let never = |item: &&Item| !times.contains_key(&(item.producer, item.number));
        let (back, made) = (came.back.len(), self.producers * self.items);
        let accounted = times.len() + came.back.iter().filter(never).count() + came.unmade;
        if accounted < made {
            let lost = made - accounted;
            return Judged::forbidden(
                format!("{lost} of {made} items lost"),
                "nobody has taken it, nobody has it back",
            );
        }
        if !may_return && back + came.unmade > 0 {
            return Judged::forbidden(
                format!("{} of {made} items not taken", back + came.unmade),
                "somebody was there to take them",
            );
        }
        let marked: usize = times.values().map(|[_, marked]| marked).sum();
        if marked > 0 && came.died == 0 {
            return Judged::forbidden("marked, though nobody died", "a mark that means nothing");
        }

        let each: Vec<String> = took.iter().map(|own| own.len().to_string()).collect();
        let mut outcome = format!("took {}", each.join(" + "));
        let twice = times.values().filter(|times| times[0] + times[1] > 1);
        for (number, what) in [
            (marked, "marked"),
            (twice.count(), "twice"),
            (back, "back"),
            (came.unmade, "unmade"),
        ] {
            if number > 0 {
                outcome += &format!(", {number} {what}");
            }
        }
        let meaning = match (came.died, back + came.unmade) {
            (0, 0) => "each item once",
            (_, 0) => "nothing lost, and what may be doubled is marked",
            _ => "what is taken by nobody is given back",
        };
        Judged::promised(outcome, meaning)
    }
}

/// What nobody has taken out.
pub(super) fn left_in(queue: &Queue<Item>) -> Vec<Item> {
    std::iter::from_fn(|| queue.try_get().ok()).collect()
}
