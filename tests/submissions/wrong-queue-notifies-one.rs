// expect: refused: deadlock
// exercise: bounded_queue/one-condvar-notify-two
use racecourse::lessons::bounded_queue::{
    BoundedQueue, Item, PutTimeoutError, RecvError, RecvTimeoutError, SendError, SendTimeoutError,
    TryRecvError, TrySendError,
};
use racecourse::sync::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::Duration;

pub struct Answer {
    inside: Mutex<Inside>,
    changed: Condvar,
}

struct Inside {
    items: VecDeque<Item>,
    capacity: usize,
    closed: bool,
}

impl Inside {
    fn full(&self) -> bool {
        self.items.len() == self.capacity
    }
}

impl Answer {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    fn add(&self, mut inside: MutexGuard<'_, Inside>, item: Item) -> Result<(), TrySendError<Item>> {
        if inside.closed {
            return Err(TrySendError::Disconnected(item));
        }
        if inside.full() {
            return Err(TrySendError::Full(item));
        }
        inside.items.push_back(item);
        self.changed.notify_one();
        Ok(())
    }

    fn remove(&self, mut inside: MutexGuard<'_, Inside>) -> Result<Item, TryRecvError> {
        match inside.items.pop_front() {
            Some(item) => {
                self.changed.notify_one();
                Ok(item)
            }
            None if inside.closed => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }
}

impl BoundedQueue for Answer {
    fn new(capacity: NonZeroUsize) -> Self {
        let inside = Inside { items: VecDeque::new(), capacity: capacity.get(), closed: false };
        Self { inside: Mutex::new(inside), changed: Condvar::new() }
    }

    fn put(&self, item: Item) -> Result<(), SendError<Item>> {
        let waited = self.changed.wait_while(self.lock(), |it| it.full() && !it.closed);
        self.add(waited.unwrap(), item).map_err(|refused| SendError(refused.into_inner()))
    }

    fn try_put(&self, item: Item) -> Result<(), TrySendError<Item>> {
        self.add(self.lock(), item)
    }

    fn put_timeout(&self, item: Item, timeout: Duration) -> Result<(), PutTimeoutError> {
        let full = |it: &mut Inside| it.full() && !it.closed;
        let waited = self.changed.wait_timeout_while(self.lock(), timeout, full);
        self.add(waited.unwrap().0, item).map_err(|refused| match refused {
            TrySendError::Full(item) => SendTimeoutError::Timeout(Some(item)),
            TrySendError::Disconnected(item) => SendTimeoutError::Disconnected(Some(item)),
        })
    }

    fn get(&self) -> Result<Item, RecvError> {
        let waited = self.changed.wait_while(self.lock(), |it| it.items.is_empty() && !it.closed);
        self.remove(waited.unwrap()).map_err(|_| RecvError)
    }

    fn try_get(&self) -> Result<Item, TryRecvError> {
        self.remove(self.lock())
    }

    fn get_timeout(&self, timeout: Duration) -> Result<Item, RecvTimeoutError> {
        let empty = |it: &mut Inside| it.items.is_empty() && !it.closed;
        let waited = self.changed.wait_timeout_while(self.lock(), timeout, empty);
        self.remove(waited.unwrap().0).map_err(|nothing| match nothing {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        })
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn len(&self) -> usize {
        self.lock().items.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn is_full(&self) -> bool {
        self.lock().full()
    }
}
