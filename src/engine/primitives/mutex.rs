//! `std::sync::Mutex`.
//!
//! The execution keeps who owns it. To unlock needs a schedule point only in scenes
//! that can see a lock being held, by `try_lock` or `is_poisoned`, or by freeing it: for
//! all others what comes between the last step under the lock and its release makes no
//! difference.

use super::lock::{Free, Lock, free_while_unwinding, result};
use crate::engine::access::Kind;
use crate::engine::execution::abort::{is_aborted, unwind, unwinding};
use crate::engine::execution::freed::must_live;
use crate::engine::execution::handle::{Handle, step_after};
use crate::engine::execution::run::{Execution, with};
use crate::engine::execution::schedule::try_point;
use crate::engine::execution::step::Step;
use crate::engine::execution::thread::Next;
use crate::engine::hash::word;
use crate::engine::ids::{At, ObjectId};
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::{LockResult, TryLockError, TryLockResult};

/// The model's `std::sync::Mutex`.
pub struct Mutex<T> {
    pub(super) handle: Handle<Lock>,
    poisoned: AtomicBool,
    /// The same as that it has an owner, for threads that are not the execution's.
    held: AtomicBool,
    pub(super) show: Option<fn(&T) -> String>,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through a guard, and there is at most one guard at a
// time: a thread gets one only after `held` was false and is true by its doing, and
// `held` is false again only after the guard is gone. A thread that needs the lock
// while it unwinds waits for `held` too, or lets the owner unwind first.
unsafe impl<T: Send> Sync for Mutex<T> {}

/// The lock, held.
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// Where it was locked: a drop does not know its own line.
    at: At,
    /// `UNWINDING`, `CHANGED`: a word, since stacks are compared, and padding differs.
    was: usize,
    /// Like std's, it stays on the thread that has locked.
    not_send: PhantomData<*mut ()>,
}

/// The thread was unwinding when it locked: then it does not poison.
const UNWINDING: usize = 1;
/// The value may have been changed.
pub(super) const CHANGED: usize = 2;

// SAFETY: through a shared guard only `&T` is reached.
unsafe impl<T: Sync> Sync for MutexGuard<'_, T> {}

impl<T> Mutex<T> {
    /// A mutex that protects `value`.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            handle: Handle::new("mutex"),
            poisoned: AtomicBool::new(false),
            held: AtomicBool::new(false),
            show: None,
            value: UnsafeCell::new(value),
        }
    }

    /// Waits for the lock.
    ///
    /// # Errors
    /// The guard all the same, if a thread panicked while it held the lock.
    #[inline(never)]
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let at = Location::caller();
        if !unwinding()
            && let Some(id) = self.handle.known()
        {
            self.acquire(id, at);
            return self.guard(at);
        }
        let this = self.here();
        match unwinding() {
            true => this.acquire_while_unwinding(at),
            false => this.acquire(this.handle.enter(at), at),
        }
        this.guard(at)
    }

    /// Takes the lock if no thread holds it.
    ///
    /// # Errors
    /// Another thread holds it, or a thread panicked while it held it.
    #[inline(never)]
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let at = Location::caller();
        let this = self.here();
        if unwinding() {
            this.acquire_while_unwinding(at);
            return Ok(this.guard(at)?);
        }
        let locked = this.handle.step(at, |step| {
            step.needs.releases_are_seen = true;
            let locked = step.state().owner.is_none();
            match locked {
                true => this.take(step, at, Kind::TryAcquire),
                false => step.reads_it(const { word("try_lock") }),
            }
            let poisoned = this.has_poison();
            step.notes_try_lock(at, locked, poisoned);
            locked
        });
        match locked {
            true => Ok(this.guard(at)?),
            false => Err(TryLockError::WouldBlock),
        }
    }

    /// Whether a thread panicked while it held the lock.
    #[inline(never)]
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        let at = Location::caller();
        let this = self.here();
        let seen = this.handle.step_even_if_unwinding(at, |step| {
            // A thread that looks at a lock without waiting for it can see a release.
            step.needs.releases_are_seen = true;
            step.reads_it(const { word("is_poisoned") });
            let poisoned = this.has_poison();
            step.notes_poison(at, poisoned);
            poisoned
        });
        seen.unwrap_or_else(|| this.has_poison())
    }

    /// From now on the mutex is not poisoned, until a thread poisons it again.
    #[inline(never)]
    #[track_caller]
    pub fn clear_poison(&self) {
        let at = Location::caller();
        let this = self.here();
        this.handle.step_even_if_unwinding(at, |step| {
            step.rewrites_it(const { word("clear_poison") });
            step.makes_news();
            step.notes_cleared_poison(at);
            this.poisoned.store(false, Relaxed);
        });
    }

    /// The mutex or, if it is a static, the execution's copy; the execution knows it.
    fn here(&self) -> &Self {
        if !self.handle.is_unused() {
            return self;
        }
        let this = self.handle.here(self);
        // SAFETY: no thread has locked it.
        let shown = || this.show.map(|show| show(unsafe { &*this.value.get() }));
        this.handle.begins_with(shown);
        this
    }

    fn has_poison(&self) -> bool {
        // ORDERING: the threads of an execution run on one thread of the system.
        self.poisoned.load(Relaxed)
    }

    /// The value, which no other thread can reach.
    ///
    /// # Errors
    /// The value all the same, if a thread panicked while it held the lock.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.has_poison();
        result(poisoned, self.value.get_mut())
    }

    /// The value itself.
    ///
    /// # Errors
    /// As those of [`get_mut`](Self::get_mut).
    pub fn into_inner(self) -> LockResult<T> {
        result(self.has_poison(), self.value.into_inner())
    }

    /// The guard, for the thread that has just taken the lock.
    fn guard(&self, at: At) -> LockResult<MutexGuard<'_, T>> {
        let guard = MutexGuard {
            mutex: self,
            at,
            was: if unwinding() { UNWINDING } else { 0 },
            not_send: PhantomData,
        };
        result(self.has_poison(), guard)
    }

    fn acquire(&self, id: ObjectId, at: At) {
        step_after(id, &Free, at, |step| {
            self.take(step, at, Kind::Acquire);
            step.notes_lock(at, self.has_poison());
        });
    }

    /// Takes the lock, which is free.
    fn take(&self, step: &mut Step<'_, Lock>, at: At, kind: Kind) {
        self.hold();
        step.takes_lock(at, kind);
    }

    /// Waits until no thread of another execution, or of std, holds it any more.
    fn hold(&self) {
        // ORDERING: Acquire pairs with the Release in `release_hold`.
        while self.held.swap(true, Acquire) {
            std::thread::yield_now();
        }
    }

    fn release_hold(&self) {
        self.held.store(false, Release);
    }

    /// Takes the lock without a schedule point.
    fn acquire_while_unwinding(&self, at: At) {
        if self.handle.is_freed() {
            return;
        }
        if !self.handle.is_here() {
            return self.hold();
        }
        free_while_unwinding(&self.handle, |lock: &Lock| {
            lock.owner.map(|(owner, _)| owner)
        });
        if is_aborted() {
            self.hold();
            self.handle
                .with(|step| step.state().owner = Some((step.me(), at)));
        } else {
            self.handle.with(|step| {
                step.steps_while_unwinding();
                self.take(step, at, Kind::TryAcquire);
            });
        }
    }

    /// Releases the lock as part of a step.
    fn release(&self, step: &mut Step<'_, Lock>, changed: bool) {
        self.release_hold();
        step.releases_lock(changed);
    }

    /// Releases the lock in an execution that is aborted.
    fn quietly_release(&self) {
        self.release_hold();
        self.handle.with(|step| {
            step.state().owner = None;
            step.has_unwound();
        });
    }

    pub(super) fn id(&self) -> ObjectId {
        self.handle.id()
    }

    /// Unlocks on behalf of a wait on a condition variable, as part of the same step.
    pub(super) fn release_to_wait(&self, x: &mut Execution, changed: bool) {
        self.release(&mut Step::new(x, self.handle.id()), changed);
    }

    pub(super) fn acquire_after_wait(&self, at: At) -> LockResult<MutexGuard<'_, T>> {
        self.acquire(self.handle.enter(at), at);
        self.guard(at)
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    #[inline(never)]
    fn drop(&mut self) {
        let mutex = self.mutex;
        let release = |step: &mut Step<'_, Lock>| {
            mutex.release(step, self.was(CHANGED));
            step.notes_unlock(self.at, false);
        };
        // Most often nothing can be seen of it, and no story is told.
        let is_released = mutex.handle.with_known(|step| {
            let is_plain = !step.settings.releases_are_seen && !step.is_told && !unwinding();
            is_plain.then(|| release(step)).is_some()
        });
        if is_released == Some(true) {
            return;
        }
        if mutex.handle.is_freed() {
            if !unwinding() {
                mutex.handle.enter(self.at);
            }
            return;
        }
        if !mutex.handle.is_here() {
            return mutex.release_hold();
        }
        if unwinding() {
            return self.drop_while_unwinding();
        }
        let id = mutex.handle.id();
        if with(|x| x.settings.releases_are_seen) {
            if !try_point(Next::Runs) {
                if !mutex.handle.is_freed() {
                    mutex.quietly_release();
                }
                unwind();
            }
            must_live(id, self.at);
        }
        let shown = self.shown();
        mutex.handle.with(|step| {
            release(step);
            let id = step.id;
            step.shows(id, || shown);
        });
    }
}

impl<T> MutexGuard<'_, T> {
    /// A panic in the critical section: std poisons the mutex and unlocks it. This is
    /// part of the transition that panicked.
    fn drop_while_unwinding(&self) {
        if is_aborted() {
            return self.mutex.quietly_release();
        }
        if !self.was(UNWINDING) {
            self.mutex.poisoned.store(true, Relaxed);
        }
        self.mutex.handle.with(|step| {
            // A thread that waits for the lock cannot tell when it is released; one that
            // tries it can.
            if step.settings.releases_are_seen {
                step.steps_while_unwinding();
            }
            self.mutex.release(step, true);
            step.notes_unlock(self.at, !self.was(UNWINDING));
        });
    }
}

impl<'a, T> MutexGuard<'a, T> {
    /// What the lock protects, as the story shows it, if one is told.
    pub(super) fn shown(&self) -> Option<String> {
        let show = self.mutex.show?;
        let is_told = self.mutex.handle.with(|step| step.is_told);
        is_told.then(|| show(self))
    }

    pub(super) fn was(&self, what: usize) -> bool {
        self.was & what != 0
    }

    pub(super) fn even_freed(&self) -> ObjectId {
        self.mutex.handle.even_freed()
    }

    /// Gives the guard up in order to wait: the mutex stays locked.
    pub(super) fn into_mutex(self) -> &'a Mutex<T> {
        let mutex = self.mutex;
        std::mem::forget(self);
        mutex
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this is the only guard, and it is borrowed.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.was |= CHANGED;
        // SAFETY: this is the only guard, and it is borrowed mutably.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
