//! `std::sync::Condvar`.
//!
//! A timed wait times out when no other thread can run, and then past every deadline;
//! as often as the exploration's budget says, also at any moment before. As often as
//! that says, a wait ends although no thread has notified it.

use super::lock::lock_of;
use super::mutex::{CHANGED, MutexGuard};
use crate::engine::access::Kind;
use crate::engine::coroutine::snapshot::snapshot;
use crate::engine::execution::abort::{chosen, unwinding};
use crate::engine::execution::budget::{Ended, MayEnd, begins_to_wait};
use crate::engine::execution::freed::{must_both_live, must_live, used_after_free};
use crate::engine::execution::handle::Handle;
use crate::engine::execution::object::{Blocking, State, Wait};
use crate::engine::execution::panics::looks_while_unwinding;
use crate::engine::execution::run::with;
use crate::engine::execution::schedule::{point, wait};
use crate::engine::execution::step::Step;
use crate::engine::execution::thread::Next;
use crate::engine::execution::trace::{Hold, List, Names, Record, RecordKind};
use crate::engine::hash::word;
use crate::engine::ids::{At, ObjectId, ThreadId};
use crate::sync::names::Named;
use std::panic::Location;
use std::sync::{LockResult, PoisonError};
use std::time::Duration;

/// Which threads wait, and for which mutex afterwards; the longest waiter first.
#[derive(Default)]
struct Waiters(Vec<(ThreadId, ObjectId)>);

impl State for Waiters {
    fn reset(&mut self) {
        self.0.clear();
    }
}

/// Waits to be notified: then the thread waits for its mutex instead.
struct Notified;

impl Blocking for Notified {
    fn is_over(&self, _: &dyn State) -> bool {
        false
    }

    fn describe(&self, object: &str, timed: bool) -> String {
        let timed = if timed { ", with a timeout" } else { "" };
        format!("waits on `{object}`{timed}")
    }

    fn never(&self) -> &'static str {
        ": no thread will ever notify it"
    }
}

/// The model's `std::sync::Condvar`.
#[derive(Debug)]
pub struct Condvar {
    handle: Handle<Waiters>,
}

/// Whether a timed wait ended without a notification.
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
    /// A condition variable on which no thread waits.
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            handle: Handle::new("condvar"),
        }
    }

    /// Releases the lock, waits to be notified, takes the lock again.
    ///
    /// # Errors
    /// The guard all the same, if a thread panicked while it held the lock.
    #[inline(never)]
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.wait_for(guard, false, Location::caller(), None).0
    }

    /// Waits as long as `condition` holds.
    ///
    /// # Errors
    /// The guard all the same, if a thread panicked while it held the lock.
    #[inline(never)]
    #[track_caller]
    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        let at = Location::caller();
        // A thread that unwinds cannot wait.
        while condition(&mut guard) && !unwinding() {
            guard = self.wait_for(guard, false, at, None).0?;
        }
        Ok(guard)
    }

    /// Waits to be notified, or for the time to be over.
    ///
    /// # Errors
    /// The guard all the same, if a thread panicked while it held the lock.
    #[inline(always)]
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _timeout: Duration,
    ) -> LockResult<Timed<'a, T>> {
        self.wait_in_time(guard, Location::caller(), snapshot())
    }

    /// Waits as long as `condition` holds and the time is not over.
    ///
    /// # Errors
    /// The guard all the same, if a thread panicked while it held the lock.
    #[inline(always)]
    #[track_caller]
    pub fn wait_timeout_while<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _timeout: Duration,
        condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<Timed<'a, T>> {
        self.wait_in_time_while(guard, condition, Location::caller(), snapshot())
    }

    #[inline(never)]
    fn wait_in_time<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        at: At,
        stack: Option<u64>,
    ) -> LockResult<Timed<'a, T>> {
        let (guard, timed_out) = self.wait_for(guard, true, at, stack);
        with_result(guard, timed_out)
    }

    #[inline(never)]
    fn wait_in_time_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        at: At,
        stack: Option<u64>,
    ) -> LockResult<Timed<'a, T>> {
        let mut is_over = false;
        loop {
            if !condition(&mut guard) {
                return with_result(Ok(guard), false);
            }
            if is_over {
                return with_result(Ok(guard), true);
            }
            let (again, timed_out) = self.wait_for(guard, true, at, stack);
            is_over = timed_out;
            guard = match again {
                Ok(guard) => guard,
                Err(poisoned) => return with_result(Err(poisoned), is_over),
            };
        }
    }

    /// Wakes a thread that waits, if any does: the one that has waited longest or, if
    /// the exploration says so, any of them.
    #[inline(never)]
    #[track_caller]
    pub fn notify_one(&self) {
        let (at, handle) = (Location::caller(), &self.handle.here(self).handle);
        let place = handle.step_even_if_unwinding(at, |step| {
            let waiting = step.state().0.len();
            step.choose_waiter(waiting)
        });
        let Some(place) = place.map(chosen) else {
            return;
        };
        handle.with(|step| {
            // Which thread it wakes makes a difference even if that never runs again.
            let (id, found) = (step.id, place as u64);
            step.updates(id, Kind::Write, NOTIFY, found);
            let waiters = &mut step.state().0;
            let woken = (place < waiters.len()).then(|| waiters.remove(place));
            let record = step.note(at, tell_notify_one);
            record.values = [woken.map_or(u64::MAX, |(thread, _)| thread as u64), 0];
            match woken {
                Some(waiter) => wakes(step, waiter),
                None => record.kind = RecordKind::Vain,
            }
        });
    }

    /// Wakes all threads that wait.
    #[inline(never)]
    #[track_caller]
    pub fn notify_all(&self) {
        let (at, handle) = (Location::caller(), &self.handle.here(self).handle);
        handle.step_even_if_unwinding(at, |step| {
            step.writes_it(NOTIFY);
            let mut woken = std::mem::take(&mut step.state().0);
            let threads = step.trace.add_list(woken.iter().map(|&(thread, _)| thread));
            let record = step.note(at, tell_notify_all);
            record.values = threads.values();
            if woken.is_empty() {
                record.kind = RecordKind::Vain;
            }
            woken.drain(..).for_each(|waiter| wakes(step, waiter));
            step.state().0 = woken;
        });
    }

    /// The wait itself; whether it timed out.
    fn wait_for<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timed: bool,
        at: At,
        stack: Option<u64>,
    ) -> (LockResult<MutexGuard<'a, T>>, bool) {
        if unwinding() {
            // It may wait in a loop.
            looks_while_unwinding();
            return (Ok(guard), timed);
        }
        // Releasing the lock and beginning to wait are one step: a thread that is
        // notified from here on has been waiting.
        let handle = &self.handle.here(self).handle;
        let (id, mutex) = (handle.even_freed(), guard.even_freed());
        point(Next::Runs);
        must_both_live([id, mutex], at);
        if timed {
            with(|x| x.yields(at, stack));
        }
        let (shown, changed) = (guard.shown(), guard.was(CHANGED));
        let mutex = guard.into_mutex();
        handle.with(|step| {
            step.rewrites_it(const { word("wait") });
            let waiter = (step.me(), mutex.id());
            step.state().0.push(waiter);
            mutex.release_to_wait(step, changed);
            let record = step.note(at, tell_wait);
            record.lock = Some((mutex.id(), Hold::Releases));
            step.shows(mutex.id(), || shown);
        });
        begins_to_wait(MayEnd::like_a_condvar(timed));
        wait(notified(id, timed));
        let went_on = with(|x| goes_on(&mut Step::new(x, id), timed, at));
        let timed_out = went_on.unwrap_or_else(|| used_after_free(id, at));
        let guard = mutex.acquire_after_wait(at);
        // No step of its own: a thread that is notified goes on by taking the lock.
        must_live(id, at);
        with(|x| x.needs_living(id));
        (guard, timed_out)
    }
}

/// A wait to be notified by that condition variable.
fn notified(condvar: ObjectId, timed: bool) -> Wait {
    Wait {
        object: condvar,
        what: &Notified,
        timed,
    }
}

/// A waiter runs again; whether it timed out. `None`: it has not been notified, and the
/// condition variable is freed. One that has been notified takes the lock before it uses
/// the condition variable: it may have to wait for the lock.
fn goes_on(step: &mut Step<'_, Waiters>, timed: bool, at: At) -> Option<bool> {
    let me = step.me();
    let waiters = &mut step.state().0;
    let place = waiters.iter().position(|&(waiter, _)| waiter == me);
    if let Some(place) = place {
        waiters.remove(place);
        if step.freed(step.id).is_some() {
            return None;
        }
    }
    let ended = place.map(|_| step.wait_is_over());
    match ended {
        None => {
            step.may_go_on_otherwise();
            let waited = notified(step.id, false);
            let gate = step.enabled_by();
            let record = step.note(at, |record, names| {
                format!("notified on {}", names.object_of(record))
            });
            record.gate = gate;
            record.waited = Some(waited);
            Some(false)
        }
        Some(ended) => {
            let waited = notified(step.id, timed && ended.timed_out());
            step.rewrites_it(ended.operation());
            let record = step.note(at, tell_ended);
            record.values = [ended as u64, 0];
            record.gate = ended.gate();
            record.waited = Some(waited);
            Some(ended.timed_out())
        }
    }
}

fn tell_wait(record: &Record, names: &dyn Names) -> String {
    let unlocks = record.lock.map(|(mutex, _)| names.object(mutex));
    let unlocks = unlocks.map_or_else(String::new, |mutex| format!("unlock {mutex}, "));
    format!("{unlocks}wait on {}", names.object_of(record))
}

const NOTIFY: u64 = word("notify");

/// A waiter is notified: it needs only the lock to go on.
fn wakes(step: &mut Step<'_, Waiters>, (thread, mutex): (ThreadId, ObjectId)) {
    let by = step.trace.next() - 1;
    let next = Next::Waits(lock_of(mutex));
    let condvar = step.id;
    step.ends_wait_of(thread, condvar, Some(next), by);
}

fn tell_notify_one(record: &Record, names: &dyn Names) -> String {
    let woken = match record.values[0] {
        u64::MAX => "no waiter".to_owned(),
        thread => names.thread(thread as ThreadId),
    };
    format!("notify_one on {} → {woken}", names.object_of(record))
}

fn tell_notify_all(record: &Record, names: &dyn Names) -> String {
    let woken = names.list(List::of_values(record.values)).iter();
    let woken: Vec<String> = woken.map(|&thread| names.thread(thread)).collect();
    let woken = match woken.is_empty() {
        true => "no waiter".to_owned(),
        false => woken.join(", "),
    };
    format!("notify_all on {} → {woken}", names.object_of(record))
}

fn tell_ended(record: &Record, names: &dyn Names) -> String {
    let how = match record.values[0] {
        0 => "spurious wake-up",
        _ => "timed out",
    };
    format!("wait on {} → {how}", names.object_of(record))
}

const _: () = assert!(Ended::Spuriously as u64 == 0 && Ended::Early as u64 == 1);

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
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl Named for Condvar {
    fn named(mut self, name: &'static str) -> Self {
        self.handle.name(name);
        self
    }
}
