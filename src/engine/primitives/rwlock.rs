//! `std::sync::RwLock`.
//!
//! The execution keeps who holds it. To unlock needs a schedule point only in scenes that
//! can see a lock being held, as with a mutex.

use super::lock::result;
use super::rwlock_core::Core;
use super::shared_lock::Mode;
use crate::engine::execution::abort::unwinding;
use crate::engine::execution::run::try_with;
use crate::engine::ids::At;
use crate::sync::names::{Named, Watched};
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::{LockResult, TryLockError, TryLockResult};

/// The model's `std::sync::RwLock`.
///
/// Std does not say whether a reader may enter while a writer waits. Here it may. A thread
/// that reads already, and reads again while a writer waits, may also wait for the writer,
/// which is a deadlock: the model explores both.
pub struct RwLock<T> {
    core: Core,
    show: Option<fn(&T) -> String>,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through guards, and a guard that writes is the only one:
// see `Core::held`.
unsafe impl<T: Send + Sync> Sync for RwLock<T> {}

/// The lock, held by a thread that reads.
pub struct RwLockReadGuard<'a, T> {
    lock: &'a RwLock<T>,
    /// Where it was locked: a drop does not know its own line.
    at: At,
    /// Like std's, it stays on the thread that has locked.
    not_send: PhantomData<*mut ()>,
}

/// The lock, held by a thread that writes.
pub struct RwLockWriteGuard<'a, T> {
    lock: &'a RwLock<T>,
    at: At,
    /// `UNWINDING`, `CHANGED`: a word, since stacks are compared, and padding differs.
    was: usize,
    not_send: PhantomData<*mut ()>,
}

/// The thread was unwinding when it locked: then it does not poison.
const UNWINDING: usize = 1;
/// The value may have been changed.
const CHANGED: usize = 2;

// SAFETY: through a shared guard only `&T` is reached.
unsafe impl<T: Sync> Sync for RwLockReadGuard<'_, T> {}
// SAFETY: the same.
unsafe impl<T: Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<T> RwLock<T> {
    /// A lock that protects `value`.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            core: Core::new(),
            show: None,
            value: UnsafeCell::new(value),
        }
    }

    /// Waits until no thread writes, and then reads, as other threads may.
    ///
    /// # Errors
    /// The guard all the same, if a thread panicked while it held the lock to write.
    #[inline(never)]
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let at = Location::caller();
        let this = self.here();
        this.core.acquire(Mode::Read, at);
        this.read_guard(at)
    }

    /// Waits until no other thread reads or writes, and then writes.
    ///
    /// # Errors
    /// The guard all the same, if a thread panicked while it held the lock to write.
    #[inline(never)]
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let at = Location::caller();
        let this = self.here();
        this.core.acquire(Mode::Write, at);
        this.write_guard(at)
    }

    /// Reads if no thread writes.
    ///
    /// # Errors
    /// Another thread writes, or a thread panicked while it held the lock to write.
    #[inline(never)]
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let at = Location::caller();
        let this = self.here();
        match this.core.try_acquire(Mode::Read, at) {
            true => Ok(this.read_guard(at)?),
            false => Err(TryLockError::WouldBlock),
        }
    }

    /// Writes if no thread reads or writes.
    ///
    /// # Errors
    /// Another thread reads or writes, or a thread panicked while it held the lock to
    /// write.
    #[inline(never)]
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let at = Location::caller();
        let this = self.here();
        match this.core.try_acquire(Mode::Write, at) {
            true => Ok(this.write_guard(at)?),
            false => Err(TryLockError::WouldBlock),
        }
    }

    /// Whether a thread panicked while it held the lock to write.
    #[inline(never)]
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        self.here().core.is_poisoned(Location::caller())
    }

    /// From now on the lock is not poisoned, until a thread poisons it again.
    #[inline(never)]
    #[track_caller]
    pub fn clear_poison(&self) {
        self.here().core.clear_poison(Location::caller());
    }

    /// The value, which no other thread can reach.
    ///
    /// # Errors
    /// The value all the same, if a thread panicked while it held the lock to write.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.core.has_poison();
        result(poisoned, self.value.get_mut())
    }

    /// The value itself.
    ///
    /// # Errors
    /// As those of [`get_mut`](Self::get_mut).
    pub fn into_inner(self) -> LockResult<T> {
        result(self.core.has_poison(), self.value.into_inner())
    }

    /// The lock or, if it is a static, the execution's copy; the execution knows it.
    fn here(&self) -> &Self {
        if !self.core.handle.is_unused() {
            return self;
        }
        let this = self.core.handle.here(self);
        // SAFETY: no thread has locked it.
        let shown = || this.show.map(|show| show(unsafe { &*this.value.get() }));
        this.core.handle.begins_with(shown);
        this
    }

    /// The guard, for the thread that has just taken the lock.
    fn read_guard(&self, at: At) -> LockResult<RwLockReadGuard<'_, T>> {
        let guard = RwLockReadGuard {
            lock: self,
            at,
            not_send: PhantomData,
        };
        result(self.core.has_poison(), guard)
    }

    fn write_guard(&self, at: At) -> LockResult<RwLockWriteGuard<'_, T>> {
        let guard = RwLockWriteGuard {
            lock: self,
            at,
            was: if unwinding() { UNWINDING } else { 0 },
            not_send: PhantomData,
        };
        result(self.core.has_poison(), guard)
    }
}

impl<T> Drop for RwLockReadGuard<'_, T> {
    #[inline(never)]
    fn drop(&mut self) {
        self.lock
            .core
            .release(Mode::Read, self.at, [false; 2], None);
    }
}

impl<T> Drop for RwLockWriteGuard<'_, T> {
    #[inline(never)]
    fn drop(&mut self) {
        // A panic in the critical section: std poisons the lock and unlocks it. This is
        // part of the transition that panicked.
        let poisons = unwinding() && !self.was(UNWINDING);
        let changed = unwinding() || self.was(CHANGED);
        let shown = self.shown();
        self.lock
            .core
            .release(Mode::Write, self.at, [changed, poisons], shown);
    }
}

impl<'a, T> RwLockWriteGuard<'a, T> {
    /// Goes on reading: other readers may enter, and no writer may in between.
    #[inline(never)]
    #[track_caller]
    pub fn downgrade(s: Self) -> RwLockReadGuard<'a, T> {
        let at = Location::caller();
        let lock = s.lock;
        lock.core.begins_downgrade(at);
        let (changed, shown) = (s.was(CHANGED), s.shown());
        std::mem::forget(s);
        lock.core.downgrades(at, changed, shown);
        RwLockReadGuard {
            lock,
            at,
            not_send: PhantomData,
        }
    }

    /// What the lock protects, as the story shows it, if one is told.
    fn shown(&self) -> Option<String> {
        let show = self.lock.show?;
        let is_told = try_with(|x| x.is_told).unwrap_or(false);
        (is_told && !unwinding()).then(|| show(self))
    }

    fn was(&self, what: usize) -> bool {
        self.was & what != 0
    }
}

impl<T> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: while there is a guard that reads, there is none that writes.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this is the only guard, and it is borrowed.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.was |= CHANGED;
        // SAFETY: this is the only guard, and it is borrowed mutably.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> Named for RwLock<T> {
    fn named(mut self, name: &'static str) -> Self {
        self.core.handle.name(name);
        self
    }
}

impl<T> Watched<T> for RwLock<T> {
    fn watched(mut self, show: fn(&T) -> String) -> Self {
        self.show = Some(show);
        self
    }
}

impl<T> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
