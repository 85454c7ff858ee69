//! The right queue: one lock, and a condition variable for each of the two
//! things that one can wait for.

use super::errors::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError,
};
use crate::sync::{Condvar, Mutex, Named, Watched};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::Duration;

/// A bounded first-in-first-out queue for many producers and many consumers.
///
/// An item that does not get in comes back inside the error. Items leave in the
/// order in which they were put; among threads that wait, there is no order.
///
/// ```
/// use racecourse::lessons::bounded_queue::{errors::TryPutError, right::Queue};
/// use std::num::NonZeroUsize;
/// # if !racecourse::explorer::CAN_EXPLORE { // the model wants a scene
/// let queue = Queue::new(NonZeroUsize::MIN);
/// queue.put("hello").unwrap();
/// assert_eq!(queue.try_put("ok"), Err(TryPutError::Full("ok")));
/// queue.close();
/// assert_eq!(queue.get(), Ok("hello"));
/// assert!(queue.get().is_err());
/// # }
/// ```
pub struct Queue<T> {
    capacity: NonZeroUsize,
    pub(super) inside: Mutex<Inside<T>>,
    pub(super) not_empty: Condvar,
    pub(super) not_full: Condvar,
}

impl<T> Queue<T> {
    /// An empty queue that holds up to `capacity` items.
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        let inside = Inside {
            items: VecDeque::new(),
            capacity,
            closed: false,
        };
        Self {
            capacity,
            inside: Mutex::new(inside).watched("queue", Inside::show),
            not_empty: Condvar::new().named("not_empty"),
            not_full: Condvar::new().named("not_full"),
        }
    }

    /// Puts an item in, and waits for room as long as it takes.
    ///
    /// # Errors
    /// With the item, if the queue is closed, or is closed during the wait.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        let inside = self.inside.lock().unwrap();
        let mut inside = self
            .not_full
            .wait_while(inside, |inside| inside.makes_put_wait())
            .unwrap();
        inside.put(item)?;
        self.not_empty.notify_one();
        Ok(())
    }

    /// Puts an item in if there is room now.
    ///
    /// # Errors
    /// With the item, if the queue is full or closed.
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        let mut inside = self.inside.lock().unwrap();
        inside.put(item)?;
        self.not_empty.notify_one();
        Ok(())
    }

    /// Puts an item in, and waits for room no longer than `timeout`.
    ///
    /// # Errors
    /// With the item, if the time is up, or if the queue is closed, or is closed
    /// during the wait.
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutTimeoutError<T>> {
        let inside = self.inside.lock().unwrap();
        // Whether the time is up does not matter, only whether there is room:
        // what was made at the last moment is used.
        let (mut inside, _) = self
            .not_full
            .wait_timeout_while(inside, timeout, |inside| inside.makes_put_wait())
            .unwrap();
        inside.put(item)?;
        self.not_empty.notify_one();
        Ok(())
    }

    /// Takes the oldest item, and waits for one as long as it takes.
    ///
    /// # Errors
    /// If the queue is empty and closed, or is closed during the wait.
    pub fn get(&self) -> Result<T, GetError> {
        let inside = self.inside.lock().unwrap();
        let mut inside = self
            .not_empty
            .wait_while(inside, |inside| inside.makes_get_wait())
            .unwrap();
        let item = inside.get()?;
        self.not_full.notify_one();
        Ok(item)
    }

    /// Takes the oldest item if there is one now.
    ///
    /// # Errors
    /// If the queue is empty: for now, or for ever because it is closed.
    pub fn try_get(&self) -> Result<T, TryGetError> {
        let mut inside = self.inside.lock().unwrap();
        let item = inside.get()?;
        self.not_full.notify_one();
        Ok(item)
    }

    /// Takes the oldest item, and waits for one no longer than `timeout`.
    ///
    /// # Errors
    /// If the time is up, or if the queue is empty and closed, or is closed
    /// during the wait.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetTimeoutError> {
        let inside = self.inside.lock().unwrap();
        let (mut inside, _) = self
            .not_empty
            .wait_timeout_while(inside, timeout, |inside| inside.makes_get_wait())
            .unwrap();
        let item = inside.get()?;
        self.not_full.notify_one();
        Ok(item)
    }

    /// Lets nothing more in and wakes everybody who waits. What is inside can
    /// still be taken. To close a closed queue does nothing.
    pub fn close(&self) {
        self.inside.lock().unwrap().closed = true;
        self.not_empty.notify_all();
        self.not_full.notify_all();
    }

    /// How many items are inside.
    ///
    /// As with [`is_empty`](Self::is_empty) and [`is_full`](Self::is_full), the
    /// answer was true at one moment during the call (it is linearizable), but may
    /// be stale before it is read: good for a display, not for a decision.
    pub fn len(&self) -> usize {
        self.inside.lock().unwrap().items.len()
    }

    /// Whether nothing was inside at some moment during the call: see
    /// [`len`](Self::len).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there was no room at some moment during the call: see
    /// [`len`](Self::len).
    pub fn is_full(&self) -> bool {
        self.inside.lock().unwrap().is_full()
    }

    /// How many items fit in.
    pub fn capacity(&self) -> NonZeroUsize {
        self.capacity
    }
}

/// What the lock protects: a queue that knows nothing of threads.
pub(super) struct Inside<T> {
    pub(super) items: VecDeque<T>,
    capacity: NonZeroUsize,
    pub(super) closed: bool,
}

impl<T> Inside<T> {
    pub(super) fn put(&mut self, item: T) -> Result<(), TryPutError<T>> {
        if self.closed {
            Err(TryPutError::Closed(item))
        } else if self.is_full() {
            Err(TryPutError::Full(item))
        } else {
            self.items.push_back(item);
            Ok(())
        }
    }

    pub(super) fn get(&mut self) -> Result<T, TryGetError> {
        match self.items.pop_front() {
            Some(item) => Ok(item),
            None if self.closed => Err(TryGetError::Closed),
            None => Err(TryGetError::Empty),
        }
    }

    pub(super) fn makes_put_wait(&self) -> bool {
        self.is_full() && !self.closed
    }

    pub(super) fn makes_get_wait(&self) -> bool {
        self.items.is_empty() && !self.closed
    }

    fn is_full(&self) -> bool {
        self.items.len() >= self.capacity.get()
    }

    fn show(&self) -> String {
        let closed = if self.closed { ", closed" } else { "" };
        format!("{} of {}{closed}", self.items.len(), self.capacity)
    }
}
