//! Six wrong queues. Each is the [right one](super::right) but for the methods
//! written here.

use super::errors::{GetError, GetTimeoutError, PutError, TryGetError, TryPutError};
use super::lesson::{BoundedQueue, Item, PutTimeoutRefusal};
use super::right::Queue;
use crate::sync::{Condvar, Named};
use std::num::NonZeroUsize;
use std::time::Duration;

/// Waits with `if` where it takes a `while`: whoever is woken still has to get
/// the lock, and somebody faster may have taken what he was woken for.
pub struct IfInsteadOfWhile {
    queue: Queue<Item>,
}

impl BoundedQueue for IfInsteadOfWhile {
    fn new(capacity: NonZeroUsize) -> Self {
        let queue = Queue::new(capacity);
        Self { queue }
    }

    fn right(&self) -> &Queue<Item> {
        &self.queue
    }

    fn put(&self, item: Item) -> Result<(), PutError<Item>> {
        let mut inside = self.queue.inside.lock().unwrap();
        if inside.makes_put_wait() {
            inside = self.queue.not_full.wait(inside).unwrap();
        }
        if inside.closed {
            return Err(PutError(item));
        }
        inside.items.push_back(item);
        self.queue.not_empty.notify_one();
        Ok(())
    }

    fn get(&self) -> Result<Item, GetError> {
        let mut inside = self.queue.inside.lock().unwrap();
        if inside.makes_get_wait() {
            inside = self.queue.not_empty.wait(inside).unwrap();
        }
        if inside.closed && inside.items.is_empty() {
            return Err(GetError);
        }
        let item = inside
            .items
            .pop_front()
            .expect("whoever is woken finds an item");
        self.queue.not_full.notify_one();
        Ok(item)
    }
}

/// One condition variable for both conditions, and `notify_one`: a consumer can
/// wake another consumer, who finds nothing and sleeps on, while the producer
/// who was meant is never woken.
pub struct OneCondvarNotifyOne {
    queue: Queue<Item>,
    /// Instead of the queue's own `not_empty` and `not_full`.
    changed: Condvar,
    /// How often it notifies when something has changed.
    times: usize,
}

impl OneCondvarNotifyOne {
    fn notify(&self) {
        (0..self.times).for_each(|_| self.changed.notify_one());
    }
}

impl BoundedQueue for OneCondvarNotifyOne {
    fn new(capacity: NonZeroUsize) -> Self {
        Self {
            queue: Queue::new(capacity),
            changed: Condvar::new().named("changed"),
            times: 1,
        }
    }

    fn right(&self) -> &Queue<Item> {
        &self.queue
    }

    fn put(&self, item: Item) -> Result<(), PutError<Item>> {
        let inside = self.queue.inside.lock().unwrap();
        let mut inside = self
            .changed
            .wait_while(inside, |inside| inside.makes_put_wait())
            .unwrap();
        inside.put(item)?;
        self.notify();
        Ok(())
    }

    fn try_put(&self, item: Item) -> Result<(), TryPutError<Item>> {
        self.queue.inside.lock().unwrap().put(item)?;
        self.notify();
        Ok(())
    }

    fn put_timeout(&self, item: Item, timeout: Duration) -> Result<(), PutTimeoutRefusal> {
        let inside = self.queue.inside.lock().unwrap();
        let (mut inside, _) = self
            .changed
            .wait_timeout_while(inside, timeout, |inside| inside.makes_put_wait())
            .unwrap();
        // What is refused comes back; that it might not is for the version below
        // which loses it.
        inside.put(item).map_err(|refused| refused.map(Some))?;
        self.notify();
        Ok(())
    }

    fn get(&self) -> Result<Item, GetError> {
        let inside = self.queue.inside.lock().unwrap();
        let mut inside = self
            .changed
            .wait_while(inside, |inside| inside.makes_get_wait())
            .unwrap();
        let item = inside.get()?;
        self.notify();
        Ok(item)
    }

    fn try_get(&self) -> Result<Item, TryGetError> {
        let item = self.queue.inside.lock().unwrap().get()?;
        self.notify();
        Ok(item)
    }

    fn get_timeout(&self, timeout: Duration) -> Result<Item, GetTimeoutError> {
        let inside = self.queue.inside.lock().unwrap();
        let (mut inside, _) = self
            .changed
            .wait_timeout_while(inside, timeout, |inside| inside.makes_get_wait())
            .unwrap();
        let item = inside.get()?;
        self.notify();
        Ok(item)
    }

    fn close(&self) {
        self.queue.inside.lock().unwrap().closed = true;
        self.changed.notify_all();
    }
}

/// Tries to mend [`OneCondvarNotifyOne`] by notifying two waiters. That is enough for two
/// consumers. With four, both waiters can be consumers, and the producer that waits is not
/// woken.
pub struct OneCondvarNotifyTwo(OneCondvarNotifyOne);

impl BoundedQueue for OneCondvarNotifyTwo {
    fn new(capacity: NonZeroUsize) -> Self {
        Self(OneCondvarNotifyOne {
            times: 2,
            ..BoundedQueue::new(capacity)
        })
    }

    fn right(&self) -> &Queue<Item> {
        self.0.right()
    }

    fn put(&self, item: Item) -> Result<(), PutError<Item>> {
        self.0.put(item)
    }

    fn try_put(&self, item: Item) -> Result<(), TryPutError<Item>> {
        self.0.try_put(item)
    }

    fn put_timeout(&self, item: Item, timeout: Duration) -> Result<(), PutTimeoutRefusal> {
        self.0.put_timeout(item, timeout)
    }

    fn get(&self) -> Result<Item, GetError> {
        self.0.get()
    }

    fn try_get(&self) -> Result<Item, TryGetError> {
        self.0.try_get()
    }

    fn get_timeout(&self, timeout: Duration) -> Result<Item, GetTimeoutError> {
        self.0.get_timeout(timeout)
    }

    fn close(&self) {
        self.0.close();
    }
}

/// Closes and tells nobody: whoever sleeps at that moment sleeps for ever.
pub struct SilentClose {
    queue: Queue<Item>,
}

impl BoundedQueue for SilentClose {
    fn new(capacity: NonZeroUsize) -> Self {
        let queue = Queue::new(capacity);
        Self { queue }
    }

    fn right(&self) -> &Queue<Item> {
        &self.queue
    }

    fn close(&self) {
        self.queue.inside.lock().unwrap().closed = true;
    }
}

/// Asks `is_full()`, and then puts the item in, in a critical section of its
/// own: two who have seen the same last room both go in.
pub struct FullThenPut {
    queue: Queue<Item>,
}

impl BoundedQueue for FullThenPut {
    fn new(capacity: NonZeroUsize) -> Self {
        let queue = Queue::new(capacity);
        Self { queue }
    }

    fn right(&self) -> &Queue<Item> {
        &self.queue
    }

    fn try_put(&self, item: Item) -> Result<(), TryPutError<Item>> {
        if self.queue.is_full() {
            return Err(TryPutError::Full(item));
        }
        let mut inside = self.queue.inside.lock().unwrap();
        if inside.closed {
            return Err(TryPutError::Closed(item));
        }
        inside.items.push_back(item);
        self.queue.not_empty.notify_one();
        Ok(())
    }
}

/// Says that the time was up, but does not give the item back: it is gone, as
/// with Python's `queue.Full`.
pub struct DropsOnTimeout {
    queue: Queue<Item>,
}

impl BoundedQueue for DropsOnTimeout {
    fn new(capacity: NonZeroUsize) -> Self {
        let queue = Queue::new(capacity);
        Self { queue }
    }

    fn right(&self) -> &Queue<Item> {
        &self.queue
    }

    fn put_timeout(&self, item: Item, timeout: Duration) -> Result<(), PutTimeoutRefusal> {
        let inside = self.queue.inside.lock().unwrap();
        let (mut inside, _) = self
            .queue
            .not_full
            .wait_timeout_while(inside, timeout, |inside| inside.makes_put_wait())
            .unwrap();
        inside.put(item).map_err(|refused| refused.map(|_| None))?;
        self.queue.not_empty.notify_one();
        Ok(())
    }
}

/// Takes what there is, and then looks whether the time was up: an item that came
/// between the end of the time and the lock is taken, and nobody gets it.
pub struct TimesOutYetTakes {
    queue: Queue<Item>,
}

impl BoundedQueue for TimesOutYetTakes {
    fn new(capacity: NonZeroUsize) -> Self {
        let queue = Queue::new(capacity);
        Self { queue }
    }

    fn right(&self) -> &Queue<Item> {
        &self.queue
    }

    fn get_timeout(&self, timeout: Duration) -> Result<Item, GetTimeoutError> {
        let mut inside = self.queue.inside.lock().unwrap();
        let mut timed_out = false;
        while inside.makes_get_wait() && !timed_out {
            let waited = self.queue.not_empty.wait_timeout(inside, timeout).unwrap();
            (inside, timed_out) = (waited.0, waited.1.timed_out());
        }
        let item = inside.get();
        if timed_out {
            return Err(GetTimeoutError::TimedOut);
        }
        self.queue.not_full.notify_one();
        Ok(item?)
    }
}
