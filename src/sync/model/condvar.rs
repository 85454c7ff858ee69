//! `std::sync::Condvar`, with the waiters kept by the model.

use super::events::What;
use super::mutex::{MutexGuard, hand_in, hand_out};
use super::objects::{Handle, State};
use super::runtime::{self, At, MayEnd, ThreadId, Waiting, unwinding, with};
use super::search::Access;
use crate::sync::{LockResult, Named, PoisonError};
use std::panic::Location;
use std::time::Duration;

/// The model's `std::sync::Condvar`.
///
/// A timed wait expires when nothing else can run and then past every deadline;
/// as often as the exploration's budget says, also at any moment before. As often
/// as that says, a wait ends although nobody has notified it.
#[derive(Debug)]
pub struct Condvar {
    handle: Handle,
}

/// Whether a timed wait came to its end unnotified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was over.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

type Timed<'a, T> = (MutexGuard<'a, T>, WaitTimeoutResult);

impl Condvar {
    /// A condition variable that nobody waits on.
    pub fn new() -> Self {
        let waiters = Vec::new();
        Self {
            handle: Handle::new("condvar", State::Condvar { waiters }),
        }
    }

    /// Lets go of the lock, waits to be notified, takes the lock again.
    ///
    /// # Errors
    /// The guard all the same, if a thread panicked while it held the lock.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.wait_for(guard, false, Location::caller()).0
    }

    /// Waits as long as `condition` holds.
    ///
    /// # Errors
    /// The guard all the same, if a thread panicked while it held the lock.
    #[track_caller]
    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        let at = Location::caller();
        // Who unwinds cannot wait.
        while condition(&mut guard) && !unwinding() {
            guard = self.wait_for(guard, false, at).0?;
        }
        Ok(guard)
    }

    /// Waits to be notified, or for the time to be over.
    ///
    /// # Errors
    /// The guard all the same, if a thread panicked while it held the lock.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _timeout: Duration,
    ) -> LockResult<Timed<'a, T>> {
        let (guard, timed_out) = self.wait_for(guard, true, Location::caller());
        with_result(guard, timed_out)
    }

    /// Waits as long as `condition` holds and the time is not over.
    ///
    /// # Errors
    /// The guard all the same, if a thread panicked while it held the lock.
    #[track_caller]
    pub fn wait_timeout_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        _timeout: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<Timed<'a, T>> {
        let at = Location::caller();
        let mut over = false;
        loop {
            if !condition(&mut guard) {
                return with_result(Ok(guard), false);
            }
            if over {
                return with_result(Ok(guard), true);
            }
            let (again, timed_out) = self.wait_for(guard, true, at);
            over = timed_out;
            guard = match again {
                Ok(guard) => guard,
                Err(poisoned) => return with_result(Err(poisoned), over),
            };
        }
    }

    /// Wakes a thread that waits, if any does: the one that has waited longest or,
    /// if the exploration says so, any of them.
    #[track_caller]
    pub fn notify_one(&self) {
        let at = Location::caller();
        let Some(me) = runtime::point_even_if_unwinding(&self.handle) else {
            return;
        };
        let choice = with(|x| {
            let waiting = self.waiters(x).len();
            x.choose_waiter(waiting)
        });
        let place = runtime::chosen(choice);
        with(|x| {
            // Whom it wakes makes a difference even if that thread never runs again.
            let (id, whom) = (self.handle.id(), place as u64);
            x.updates(me, id, Access::Change, "notify", whom);
            let waiters = self.waiters(x);
            let woken = (place < waiters.len()).then(|| waiters.remove(place));
            x.note(me, Some(self.handle.id()), What::NotifyOne { woken }, at);
            if let Some(thread) = woken {
                x.notified(thread);
            }
        });
    }

    /// Wakes all threads that wait.
    #[track_caller]
    pub fn notify_all(&self) {
        let at = Location::caller();
        let Some(me) = runtime::point_even_if_unwinding(&self.handle) else {
            return;
        };
        with(|x| {
            x.writes(me, self.handle.id(), "notify");
            let woken = std::mem::take(self.waiters(x));
            for &thread in &woken {
                x.notified(thread);
            }
            x.note(me, Some(self.handle.id()), What::NotifyAll { woken }, at);
        });
    }

    /// The wait itself; whether it timed out.
    fn wait_for<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timed: bool,
        at: At,
    ) -> (LockResult<MutexGuard<'a, T>>, bool) {
        if unwinding() {
            return (Ok(guard), timed);
        }
        // Letting go of the lock and beginning to wait are one step: who is
        // notified from here on has been waiting.
        let condvar = self.handle.id();
        let me = self.handle.point();
        let mutex = hand_in(guard);
        with(|x| {
            x.writes(me, condvar, "wait");
            self.waiters(x).push(me);
            x.note(me, Some(condvar), What::Wait { mutex: mutex.id() }, at);
        });
        mutex.release_to_wait(me);
        runtime::begins_to_wait(me, MayEnd::like_a_condvar(timed));
        let waiting = Waiting::Notified {
            condvar,
            mutex: mutex.id(),
            timed,
        };
        runtime::wait(me, waiting);
        let woken = with(|x| self.wakes(x, me));
        with(|x| x.note(me, Some(condvar), woken.clone(), at));
        mutex.acquire_after_wait(at);
        (hand_out(mutex, at), matches!(woken, What::TimedOut { .. }))
    }

    /// A waiter runs again: by whom or what it was woken.
    fn wakes(&self, x: &mut runtime::Execution, me: ThreadId) -> What {
        let waiters = self.waiters(x);
        let Some(place) = waiters.iter().position(|&waiter| waiter == me) else {
            return What::Woken;
        };
        waiters.remove(place);
        x.ends_wait(me, self.handle.id())
    }

    fn waiters<'x>(&self, x: &'x mut runtime::Execution) -> &'x mut Vec<ThreadId> {
        match &mut x.objects[self.handle.id()].state {
            State::Condvar { waiters } => waiters,
            _ => unreachable!("a condition variable stays one"),
        }
    }
}

fn with_result<'a, T>(
    guard: LockResult<MutexGuard<'a, T>>,
    timed_out: bool,
) -> LockResult<Timed<'a, T>> {
    let result = WaitTimeoutResult(timed_out);
    match guard {
        Ok(guard) => Ok((guard, result)),
        Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), result))),
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl Named for Condvar {
    fn named(self, name: &'static str) -> Self {
        self.handle.name(name);
        self
    }
}
