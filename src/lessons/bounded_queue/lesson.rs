//! A bounded queue between producers and consumers.
//!
//! # Story
//! Producers put items into a queue that holds only so many, consumers take
//! them out. A producer who finds it full waits for room, a consumer who finds
//! it empty waits for an item, some of them only for a while; and at the end
//! somebody closes the queue. Between being woken and having the lock, everything
//! may have changed; and whoever is not woken sleeps for ever.
//!
//! The promises: never over capacity; nothing lost; nothing twice; first in,
//! first out; nobody sleeps for ever who could go on.
//!
//! # What the compiler already refuses
//! An item that was put is the queue's, and nobody changes it from outside:
//! ```compile_fail
//! use racecourse::lessons::bounded_queue::right::Queue;
//! let queue = Queue::new(std::num::NonZeroUsize::MIN);
//! let mut item = String::from("hello");
//! queue.put(item).unwrap();
//! item.push('!'); // error: borrow of moved value: `item`
//! ```
//! What a mutex protects is out of reach without the lock:
//! ```compile_fail
//! use std::{collections::VecDeque, sync::Mutex};
//! let inside = Mutex::new(VecDeque::new());
//! inside.push_back("hello"); // error: no method named `push_back` found
//! ```
//! A queue for no items, which could never pass anything on (and which to Python
//! means one without a limit), cannot be asked for:
//! ```compile_fail
//! use racecourse::lessons::bounded_queue::right::Queue;
//! let queue = Queue::<String>::new(0); // error: expected `NonZero<usize>`
//! ```

use super::errors::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError,
};
use super::right::Queue;
use std::num::NonZeroUsize;
use std::time::Duration;

/// What the scenes put into queues: `a2` is the second item of producer a.
pub type Item = &'static str;

/// How long a producer or a consumer in a hurry waits. The seed waits 3 seconds;
/// this is long enough to be noticed.
pub const PATIENCE: Duration = Duration::from_millis(300);

/// Why [`put_timeout`](BoundedQueue::put_timeout) refused, and what comes back.
/// The right queue's error always has the item, so that its type already refuses
/// to lose it.
pub type PutTimeoutRefusal = PutTimeoutError<Option<Item>>;

/// A bounded queue. What a version does not do in its own way, it leaves to the
/// right queue that it is made of.
pub trait BoundedQueue: Send + Sync {
    /// An empty queue that holds up to `capacity` items.
    fn new(capacity: NonZeroUsize) -> Self;

    /// The right queue that it is made of.
    fn right(&self) -> &Queue<Item>;

    /// See [`Queue::put`].
    fn put(&self, item: Item) -> Result<(), PutError<Item>> {
        self.right().put(item)
    }

    /// See [`Queue::try_put`].
    fn try_put(&self, item: Item) -> Result<(), TryPutError<Item>> {
        self.right().try_put(item)
    }

    /// See [`Queue::put_timeout`].
    fn put_timeout(&self, item: Item, timeout: Duration) -> Result<(), PutTimeoutRefusal> {
        let put = self.right().put_timeout(item, timeout);
        put.map_err(|refused| match refused {
            PutTimeoutError::TimedOut(item) => PutTimeoutError::TimedOut(Some(item)),
            PutTimeoutError::Closed(item) => PutTimeoutError::Closed(Some(item)),
        })
    }

    /// See [`Queue::get`].
    fn get(&self) -> Result<Item, GetError> {
        self.right().get()
    }

    /// See [`Queue::try_get`].
    fn try_get(&self) -> Result<Item, TryGetError> {
        self.right().try_get()
    }

    /// See [`Queue::get_timeout`].
    fn get_timeout(&self, timeout: Duration) -> Result<Item, GetTimeoutError> {
        self.right().get_timeout(timeout)
    }

    /// See [`Queue::close`].
    fn close(&self) {
        self.right().close();
    }

    /// See [`Queue::len`], also for what the answer is worth: it, and those of
    /// [`is_empty`](Self::is_empty) and [`is_full`](Self::is_full), are
    /// linearizable. Each was true at one moment between the call and its return,
    /// and may be stale by the time the caller looks at it.
    fn len(&self) -> usize {
        self.right().len()
    }

    /// See [`len`](Self::len).
    fn is_empty(&self) -> bool {
        self.right().is_empty()
    }

    /// See [`len`](Self::len).
    fn is_full(&self) -> bool {
        self.right().is_full()
    }
}

impl BoundedQueue for Queue<Item> {
    fn new(capacity: NonZeroUsize) -> Self {
        Queue::new(capacity)
    }

    fn right(&self) -> &Queue<Item> {
        self
    }
}
