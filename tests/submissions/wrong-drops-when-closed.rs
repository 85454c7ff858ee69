// expect: refused: a1 lost
// exercise: bounded_queue/drops-on-timeout
use racecourse::lessons::bounded_queue::{
    BoundedQueue, Item, PutTimeoutError, RecvError, RecvTimeoutError, SendError, SendTimeoutError,
    TryRecvError, TrySendError,
};
use racecourse::sync::{Condvar, Mutex, MutexGuard, Watched};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::Duration;

pub struct Answer(Queue<Item>);

impl BoundedQueue for Answer {
    fn new(capacity: NonZeroUsize) -> Self {
        Self(Queue::new(capacity))
    }

    fn put_timeout(&self, item: Item, timeout: Duration) -> Result<(), PutTimeoutError> {
        let inside = self.0.buffer.lock().unwrap();
        let waited =
            (self.0.not_full).wait_timeout_while(inside, timeout, |inside| inside.makes_put_wait());
        let mut inside = waited.unwrap().0;
        let put = inside.put(item);
        put.map_err(|refused| timed_out(refused, |_lost| None))?;
        self.0.not_empty.notify_one();
        Ok(())
    }

    fn put(&self, item: Item) -> Result<(), SendError<Item>> {
        self.0.put(item)
    }

    fn try_put(&self, item: Item) -> Result<(), TrySendError<Item>> {
        self.0.try_put(item)
    }

    fn get(&self) -> Result<Item, RecvError> {
        self.0.get()
    }

    fn try_get(&self) -> Result<Item, TryRecvError> {
        self.0.try_get()
    }

    fn get_timeout(&self, timeout: Duration) -> Result<Item, RecvTimeoutError> {
        self.0.get_timeout(timeout)
    }

    fn close(&self) {
        self.0.close();
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn is_full(&self) -> bool {
        self.0.is_full()
    }
}

/// The error of a put that has waited, with what `back` makes of the item.
fn timed_out(refused: TrySendError<Item>, back: fn(Item) -> Option<Item>) -> PutTimeoutError {
    match refused {
        TrySendError::Full(item) => SendTimeoutError::Timeout(Some(item)),
        TrySendError::Disconnected(item) => SendTimeoutError::Disconnected(back(item)),
    }
}

pub struct Queue<T> {
    buffer: Mutex<Inside<T>>,
    not_empty: Condvar,
    not_full: Condvar,
}

/// What the lock protects.
struct Inside<T> {
    items: VecDeque<T>,
    capacity: NonZeroUsize,
    closed: bool,
}

type Guard<'a, T> = MutexGuard<'a, Inside<T>>;

impl<T> Queue<T> {
    /// An empty queue that holds up to `capacity` items.
    pub fn new(capacity: NonZeroUsize) -> Self {
        let inside = Inside {
            items: VecDeque::new(),
            capacity,
            closed: false,
        };
        Self {
            buffer: Mutex::new(inside).watched(Inside::show),
            not_empty: Condvar::new(),
            not_full: Condvar::new(),
        }
    }

    /// Puts an item, and waits while the queue is full.
    ///
    /// # Errors
    /// The queue is closed, or was closed during the wait.
    pub fn put(&self, item: T) -> Result<(), SendError<T>> {
        let inside = self.buffer.lock().unwrap();
        let waited = self.not_full.wait_while(inside, Inside::makes_put_wait);
        let put = self.put_now(waited.unwrap(), item);
        put.map_err(|refused| SendError(refused.into_inner()))
    }

    /// Puts an item if there is room now.
    ///
    /// # Errors
    /// The queue is full or closed.
    pub fn try_put(&self, item: T) -> Result<(), TrySendError<T>> {
        self.put_now(self.buffer.lock().unwrap(), item)
    }

    /// Gets the oldest item, and waits while the queue is empty.
    ///
    /// # Errors
    /// The queue is empty and closed, or was closed during the wait.
    pub fn get(&self) -> Result<T, RecvError> {
        let inside = self.buffer.lock().unwrap();
        let waited = self.not_empty.wait_while(inside, Inside::makes_get_wait);
        self.get_now(waited.unwrap()).map_err(|_| RecvError)
    }

    /// Gets the oldest item if there is one now.
    ///
    /// # Errors
    /// The queue is empty, or empty and closed.
    pub fn try_get(&self) -> Result<T, TryRecvError> {
        self.get_now(self.buffer.lock().unwrap())
    }

    /// Gets the oldest item, and waits up to `timeout` while the queue is empty.
    ///
    /// # Errors
    /// The queue was empty until the timeout, is empty and closed, or was closed during
    /// the wait.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let inside = self.buffer.lock().unwrap();
        let empty = Inside::makes_get_wait;
        let waited = self.not_empty.wait_timeout_while(inside, timeout, empty);
        let got = self.get_now(waited.unwrap().0);
        got.map_err(|nothing| match nothing {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        })
    }

    /// From now on no item can be put; those in the queue can still be got. Wakes every
    /// waiting thread. Closing a closed queue changes nothing.
    pub fn close(&self) {
        self.buffer.lock().unwrap().closed = true;
        self.not_empty.notify_all();
        self.not_full.notify_all();
    }

    /// How many items are in the queue.
    ///
    /// The answers of `len`, [`is_empty`](Self::is_empty) and [`is_full`](Self::is_full)
    /// were true at one moment during the call, and may be stale when the caller reads
    /// them: they are good for a display, and no basis for a decision.
    pub fn len(&self) -> usize {
        self.buffer.lock().unwrap().items.len()
    }

    /// Whether there is no item in the queue: see [`len`](Self::len).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room in the queue: see [`len`](Self::len).
    pub fn is_full(&self) -> bool {
        self.buffer.lock().unwrap().is_full()
    }

    fn put_now(&self, mut inside: Guard<'_, T>, item: T) -> Result<(), TrySendError<T>> {
        inside.put(item)?;
        self.not_empty.notify_one();
        Ok(())
    }

    fn get_now(&self, mut inside: Guard<'_, T>) -> Result<T, TryRecvError> {
        let item = inside.get()?;
        self.not_full.notify_one();
        Ok(item)
    }
}

impl<T> Inside<T> {
    fn put(&mut self, item: T) -> Result<(), TrySendError<T>> {
        if self.closed {
            return Err(TrySendError::Disconnected(item));
        }
        if self.is_full() {
            return Err(TrySendError::Full(item));
        }
        self.items.push_back(item);
        Ok(())
    }

    fn get(&mut self) -> Result<T, TryRecvError> {
        self.items.pop_front().ok_or(match self.closed {
            true => TryRecvError::Disconnected,
            false => TryRecvError::Empty,
        })
    }

    fn makes_put_wait(&mut self) -> bool {
        self.is_full() && !self.closed
    }

    fn makes_get_wait(&mut self) -> bool {
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
