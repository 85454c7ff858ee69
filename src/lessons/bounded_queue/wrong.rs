//! Seven wrong queues. Each is the [right one](super::right) except for the methods
//! written here.

use super::lesson::{ContainsQueue, Item, PutTimeoutError};
use super::right::Queue;
use crate::sync::Condvar;
use crossbeam_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use std::num::NonZeroUsize;
use std::time::Duration;

/// The two methods of a version that contains a right queue and nothing else.
macro_rules! contains_a_right_queue {
    () => {
        fn new(capacity: NonZeroUsize) -> Self {
            Self(Queue::new(capacity))
        }

        fn right(&self) -> &Queue<Item> {
            &self.0
        }
    };
}

/// Waits with `if` instead of `while`. A woken thread still has to lock the mutex, and a
/// faster thread may take the item or the room first.
pub struct IfInsteadOfWhile(Queue<Item>);

impl ContainsQueue for IfInsteadOfWhile {
    contains_a_right_queue!();

    fn put(&self, item: Item) -> Result<(), SendError<Item>> {
        let mut inside = self.0.buffer.lock().unwrap();
        if inside.makes_put_wait() {
            inside = self.0.not_full.wait(inside).unwrap();
        }
        if inside.closed {
            return Err(SendError(item));
        }
        inside.items.push_back(item);
        self.0.not_empty.notify_one();
        Ok(())
    }

    fn get(&self) -> Result<Item, RecvError> {
        let mut inside = self.0.buffer.lock().unwrap();
        if inside.makes_get_wait() {
            inside = self.0.not_empty.wait(inside).unwrap();
        }
        if inside.closed && inside.items.is_empty() {
            return Err(RecvError);
        }
        let item = inside.items.pop_front();
        let item = item.expect("woken up, but the queue was empty");
        self.0.not_full.notify_one();
        Ok(item)
    }
}

/// One condition variable for both conditions, and `notify_one`. A consumer can wake
/// another consumer, which finds the queue empty and sleeps again, while the producer that
/// could go on is never woken.
pub struct OneCondvarNotifyOne {
    queue: Queue<Item>,
    /// Used instead of `not_empty` and `not_full`.
    changed: Condvar,
    /// How many waiting threads each change notifies.
    times: usize,
}

impl OneCondvarNotifyOne {
    fn notify(&self) {
        (0..self.times).for_each(|_| self.changed.notify_one());
    }
}

impl ContainsQueue for OneCondvarNotifyOne {
    fn new(capacity: NonZeroUsize) -> Self {
        Self {
            queue: Queue::new(capacity),
            changed: Condvar::new(),
            times: 1,
        }
    }

    fn right(&self) -> &Queue<Item> {
        &self.queue
    }

    fn put(&self, item: Item) -> Result<(), SendError<Item>> {
        let inside = self.queue.buffer.lock().unwrap();
        let waited = (self.changed).wait_while(inside, |inside| inside.makes_put_wait());
        let mut inside = waited.unwrap();
        let put = inside.put(item);
        put.map_err(|refused| SendError(refused.into_inner()))?;
        self.notify();
        Ok(())
    }

    fn try_put(&self, item: Item) -> Result<(), TrySendError<Item>> {
        self.queue.buffer.lock().unwrap().put(item)?;
        self.notify();
        Ok(())
    }

    fn put_timeout(&self, item: Item, timeout: Duration) -> Result<(), PutTimeoutError> {
        let inside = self.queue.buffer.lock().unwrap();
        let waited =
            (self.changed).wait_timeout_while(inside, timeout, |inside| inside.makes_put_wait());
        let mut inside = waited.unwrap().0;
        let put = inside.put(item);
        put.map_err(|refused| timed_out(refused, Some))?;
        self.notify();
        Ok(())
    }

    fn get(&self) -> Result<Item, RecvError> {
        let inside = self.queue.buffer.lock().unwrap();
        let waited = (self.changed).wait_while(inside, |inside| inside.makes_get_wait());
        let mut inside = waited.unwrap();
        let item = inside.get().map_err(|_| RecvError)?;
        self.notify();
        Ok(item)
    }

    fn try_get(&self) -> Result<Item, TryRecvError> {
        let item = self.queue.buffer.lock().unwrap().get()?;
        self.notify();
        Ok(item)
    }

    fn get_timeout(&self, timeout: Duration) -> Result<Item, RecvTimeoutError> {
        let inside = self.queue.buffer.lock().unwrap();
        let waited =
            (self.changed).wait_timeout_while(inside, timeout, |inside| inside.makes_get_wait());
        let mut inside = waited.unwrap().0;
        let item = inside.get().map_err(nothing_in_time)?;
        self.notify();
        Ok(item)
    }

    fn close(&self) {
        self.queue.buffer.lock().unwrap().closed = true;
        self.changed.notify_all();
    }
}

/// The error of a put that has waited, with what `back` makes of the item.
fn timed_out(refused: TrySendError<Item>, back: fn(Item) -> Option<Item>) -> PutTimeoutError {
    match refused {
        TrySendError::Full(item) => SendTimeoutError::Timeout(back(item)),
        TrySendError::Disconnected(item) => SendTimeoutError::Disconnected(back(item)),
    }
}

/// The error of a get that has waited.
fn nothing_in_time(nothing: TryRecvError) -> RecvTimeoutError {
    match nothing {
        TryRecvError::Empty => RecvTimeoutError::Timeout,
        TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
    }
}

/// Tries to repair [`OneCondvarNotifyOne`] by notifying two waiting threads. That is enough
/// for two consumers. With four, both woken threads can be consumers, and the waiting
/// producer is not woken.
pub struct OneCondvarNotifyTwo(OneCondvarNotifyOne);

impl ContainsQueue for OneCondvarNotifyTwo {
    fn new(capacity: NonZeroUsize) -> Self {
        Self(OneCondvarNotifyOne {
            times: 2,
            ..ContainsQueue::new(capacity)
        })
    }

    fn right(&self) -> &Queue<Item> {
        self.0.right()
    }

    fn put(&self, item: Item) -> Result<(), SendError<Item>> {
        self.0.put(item)
    }

    fn try_put(&self, item: Item) -> Result<(), TrySendError<Item>> {
        self.0.try_put(item)
    }

    fn put_timeout(&self, item: Item, timeout: Duration) -> Result<(), PutTimeoutError> {
        self.0.put_timeout(item, timeout)
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
}

/// Closes the queue without waking anybody: a thread that waits at that moment sleeps for
/// ever.
pub struct SilentClose(Queue<Item>);

impl ContainsQueue for SilentClose {
    contains_a_right_queue!();

    fn close(&self) {
        self.0.buffer.lock().unwrap().closed = true;
    }
}

/// Asks `is_full()`, and then puts the item in a second critical section: two producers
/// that both saw room for one item both put theirs.
pub struct FullThenPut(Queue<Item>);

impl ContainsQueue for FullThenPut {
    contains_a_right_queue!();

    fn try_put(&self, item: Item) -> Result<(), TrySendError<Item>> {
        if self.0.is_full() {
            return Err(TrySendError::Full(item));
        }
        let mut inside = self.0.buffer.lock().unwrap();
        if inside.closed {
            return Err(TrySendError::Disconnected(item));
        }
        inside.items.push_back(item);
        self.0.not_empty.notify_one();
        Ok(())
    }
}

/// Reports the timeout without giving the item back: the item is lost, as with Python's
/// `queue.Full`.
pub struct DropsOnTimeout(Queue<Item>);

impl ContainsQueue for DropsOnTimeout {
    contains_a_right_queue!();

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
}

/// Gets an item, and only then checks whether the wait has timed out. An item that came
/// between the timeout and the lock is taken out of the queue, and no consumer has it.
pub struct TimesOutYetTakes(Queue<Item>);

impl ContainsQueue for TimesOutYetTakes {
    contains_a_right_queue!();

    fn get_timeout(&self, timeout: Duration) -> Result<Item, RecvTimeoutError> {
        let mut inside = self.0.buffer.lock().unwrap();
        let mut timed_out = false;
        while inside.makes_get_wait() && !timed_out {
            let waited = self.0.not_empty.wait_timeout(inside, timeout).unwrap();
            (inside, timed_out) = (waited.0, waited.1.timed_out());
        }
        let item = inside.get();
        if timed_out {
            return Err(RecvTimeoutError::Timeout);
        }
        self.0.not_full.notify_one();
        item.map_err(nothing_in_time)
    }
}
