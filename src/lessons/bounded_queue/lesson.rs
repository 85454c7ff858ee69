//! A bounded queue between producers and consumers.
//!
//! # Story
//! Producers put items into a queue that holds a limited number, and consumers get them. A
//! producer waits while the queue is full, a consumer while it is empty, some of them only
//! up to a timeout, and in the end somebody closes the queue. Before a woken thread has
//! the lock again, another thread may have changed everything. A thread that nobody wakes
//! sleeps for ever.
//!
//! The promises: never more items than the capacity, no item lost, no item twice, first
//! in, first out, and no thread sleeps for ever that could go on.
//!
//! # What the compiler already refuses
//! An item that was put belongs to the queue, and nobody else can change it:
//! ```compile_fail
//! use racecourse::lessons::bounded_queue::right::Queue;
//! let queue = Queue::new(std::num::NonZeroUsize::MIN);
//! let mut item = String::from("hello");
//! queue.put(item).unwrap();
//! item.push('!'); // error: borrow of moved value: `item`
//! ```
//! The data in a mutex is out of reach without the lock:
//! ```compile_fail
//! use std::{collections::VecDeque, sync::Mutex};
//! let inside = Mutex::new(VecDeque::new());
//! inside.push_back("hello"); // error: no method named `push_back` found
//! ```
//! A queue for 0 items, which could never pass an item on, does not exist. (In Python, 0
//! means a queue without a limit.)
//! ```compile_fail
//! use racecourse::lessons::bounded_queue::right::Queue;
//! let queue = Queue::<String>::new(0); // error: expected `NonZero<usize>`
//! ```

use super::right::Queue;
use crate::explorer::report::{Grade, Judged};
use crossbeam_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use std::collections::HashSet;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

/// What the scenes put into queues: `a2` is the second item of producer a.
pub type Item = &'static str;

/// The timeout in scenes. The tutorial has 3 seconds; this is long enough to be noticed.
pub const TIMEOUT: Duration = Duration::from_millis(300);

/// Why [`put_timeout`](BoundedQueue::put_timeout) failed, with the item unless it is lost.
/// The error of the right queue always has the item: its type makes the loss impossible.
pub type PutTimeoutError = SendTimeoutError<Option<Item>>;

/// A bounded queue.
pub trait BoundedQueue: Send + Sync {
    /// An empty queue that holds up to `capacity` items.
    fn new(capacity: NonZeroUsize) -> Self;

    /// See [`Queue::put`].
    fn put(&self, item: Item) -> Result<(), SendError<Item>>;

    /// See [`Queue::try_put`].
    fn try_put(&self, item: Item) -> Result<(), TrySendError<Item>>;

    /// See [`Queue::put_timeout`].
    fn put_timeout(&self, item: Item, timeout: Duration) -> Result<(), PutTimeoutError>;

    /// See [`Queue::get`].
    fn get(&self) -> Result<Item, RecvError>;

    /// See [`Queue::try_get`].
    fn try_get(&self) -> Result<Item, TryRecvError>;

    /// See [`Queue::get_timeout`].
    fn get_timeout(&self, timeout: Duration) -> Result<Item, RecvTimeoutError>;

    /// See [`Queue::close`].
    fn close(&self);

    /// See [`Queue::len`].
    fn len(&self) -> usize;

    /// See [`Queue::is_empty`].
    fn is_empty(&self) -> bool;

    /// See [`Queue::is_full`].
    fn is_full(&self) -> bool;
}

/// A bounded queue that contains a right one. It writes the methods that it does in its own
/// way, and the right queue does the others.
pub trait ContainsQueue: Send + Sync {
    /// An empty queue that holds up to `capacity` items.
    fn new(capacity: NonZeroUsize) -> Self;

    /// The right queue that it contains.
    fn right(&self) -> &Queue<Item>;

    /// See [`Queue::put`].
    fn put(&self, item: Item) -> Result<(), SendError<Item>> {
        self.right().put(item)
    }

    /// See [`Queue::try_put`].
    fn try_put(&self, item: Item) -> Result<(), TrySendError<Item>> {
        self.right().try_put(item)
    }

    /// See [`Queue::put_timeout`].
    fn put_timeout(&self, item: Item, timeout: Duration) -> Result<(), PutTimeoutError> {
        let put = self.right().put_timeout(item, timeout);
        put.map_err(|refused| match refused {
            SendTimeoutError::Timeout(item) => SendTimeoutError::Timeout(Some(item)),
            SendTimeoutError::Disconnected(item) => SendTimeoutError::Disconnected(Some(item)),
        })
    }

    /// See [`Queue::get`].
    fn get(&self) -> Result<Item, RecvError> {
        self.right().get()
    }

    /// See [`Queue::try_get`].
    fn try_get(&self) -> Result<Item, TryRecvError> {
        self.right().try_get()
    }

    /// See [`Queue::get_timeout`].
    fn get_timeout(&self, timeout: Duration) -> Result<Item, RecvTimeoutError> {
        self.right().get_timeout(timeout)
    }

    /// See [`Queue::close`].
    fn close(&self) {
        self.right().close();
    }

    /// See [`Queue::len`].
    fn len(&self) -> usize {
        self.right().len()
    }

    /// See [`Queue::is_empty`].
    fn is_empty(&self) -> bool {
        self.right().is_empty()
    }

    /// See [`Queue::is_full`].
    fn is_full(&self) -> bool {
        self.right().is_full()
    }
}

impl ContainsQueue for Queue<Item> {
    fn new(capacity: NonZeroUsize) -> Self {
        Queue::new(capacity)
    }

    fn right(&self) -> &Queue<Item> {
        self
    }
}

impl<Q: ContainsQueue> BoundedQueue for Q {
    fn new(capacity: NonZeroUsize) -> Self {
        ContainsQueue::new(capacity)
    }

    fn put(&self, item: Item) -> Result<(), SendError<Item>> {
        ContainsQueue::put(self, item)
    }

    fn try_put(&self, item: Item) -> Result<(), TrySendError<Item>> {
        ContainsQueue::try_put(self, item)
    }

    fn put_timeout(&self, item: Item, timeout: Duration) -> Result<(), PutTimeoutError> {
        ContainsQueue::put_timeout(self, item, timeout)
    }

    fn get(&self) -> Result<Item, RecvError> {
        ContainsQueue::get(self)
    }

    fn try_get(&self) -> Result<Item, TryRecvError> {
        ContainsQueue::try_get(self)
    }

    fn get_timeout(&self, timeout: Duration) -> Result<Item, RecvTimeoutError> {
        ContainsQueue::get_timeout(self, timeout)
    }

    fn close(&self) {
        ContainsQueue::close(self);
    }

    fn len(&self) -> usize {
        ContainsQueue::len(self)
    }

    fn is_empty(&self) -> bool {
        ContainsQueue::is_empty(self)
    }

    fn is_full(&self) -> bool {
        ContainsQueue::is_full(self)
    }
}

/// The queue and the threads of a scene.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// The capacity of the queue.
    pub capacity: NonZeroUsize,
    /// The items that each producer puts.
    pub producers: &'static [&'static [Item]],
    /// The number of consumers.
    pub consumers: usize,
}

/// Where every item ended up.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// The items that each producer got back.
    pub handed_back: Vec<Vec<Item>>,
    /// The items that each consumer got.
    pub got: Vec<Vec<Item>>,
    /// The items in the queue at the end.
    pub left: Vec<Item>,
    /// The largest number of items that any thread saw in the queue.
    pub longest: usize,
}

impl Setup {
    /// Judges a run with timeouts in which some thread could always go on. In the model a
    /// wait times out only when no thread can go on. So a thread that gave up did not wait,
    /// or did not wait again after it was woken for nothing.
    #[must_use]
    pub fn judge_in_time(&self, run: &Run) -> Judged {
        let judged = self.judge(run);
        let gave_up = !run.left.is_empty() || !run.handed_back.concat().is_empty();
        match judged.grade {
            Grade::Promised if gave_up => Judged::forbidden(
                judged.outcome,
                "a thread gave up although the others went on",
            ),
            _ => judged,
        }
    }

    /// Judges a run: never more items than the capacity, no item twice, no item lost, the
    /// items of each producer in the order in which they were put.
    #[must_use]
    pub fn judge(&self, run: &Run) -> Judged {
        if run.longest > self.capacity.get() {
            return Judged::forbidden(
                format!("{} inside", run.longest),
                format!("more items than the capacity, {}", self.capacity),
            );
        }
        let everywhere = run.handed_back.iter().chain(&run.got).chain([&run.left]);
        let mut seen = HashSet::new();
        for item in everywhere.flatten() {
            if !seen.insert(item) {
                return Judged::forbidden(format!("{item} twice"), "two owners have the same item");
            }
        }
        for item in self.producers.iter().copied().flatten() {
            if !seen.contains(item) {
                return Judged::forbidden(
                    format!("{item} lost"),
                    "no consumer got it, it is not in the queue, and it did not come back",
                );
            }
        }
        for items in self.producers {
            let place = |item: &Item| items.iter().position(|put| put == item);
            for got in run.got.iter().chain([&run.left]) {
                let places: Vec<usize> = got.iter().filter_map(place).collect();
                if !places.is_sorted() {
                    return Judged::forbidden(
                        format!("out of order: {}", got.join(" ")),
                        "a later item of the same producer came out first",
                    );
                }
            }
        }
        Judged::promised(run.to_string(), "no item lost, no item twice, in order")
    }
}

/// `a1 | b1, inside: a2, back: b2`: what each consumer got, what is in the queue at the
/// end, what came back.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.got.is_empty() {
            let each = self.got.iter().map(|got| match got[..] {
                [] => "nothing".to_owned(),
                _ => got.join(" "),
            });
            parts.push(each.collect::<Vec<_>>().join(" | "));
        }
        if !self.left.is_empty() {
            parts.push(format!("inside: {}", self.left.join(" ")));
        }
        let back = self.handed_back.concat();
        if !back.is_empty() {
            parts.push(format!("back: {}", back.join(" ")));
        }
        f.write_str(&parts.join(", "))
    }
}
