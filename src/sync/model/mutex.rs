//! `std::sync::Mutex`, with the owner and the waiters kept by the model.

use super::clock::Known;
use super::events::What;
use super::objects::{Handle, State};
use super::runtime::{self, At, Execution, ObjectId, ThreadId, unwinding, with};
use super::search::Access;
use crate::sync::{LockResult, Named, PoisonError, TryLockError, TryLockResult, Watched};
use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// The model's `std::sync::Mutex`.
pub struct Mutex<T> {
    handle: Handle,
    poisoned: AtomicBool,
    /// The same as that it has an owner, for a thread that unwinds where the model
    /// is not.
    held: AtomicBool,
    show: Option<fn(&T) -> String>,
    value: UnsafeCell<T>,
}

// SAFETY: the value is only reached through a guard, and all threads of an
// execution are coroutines on one thread of the operating system: only one runs.
// While an execution is played the model hands out one guard at a time; `held` does
// the same for threads that unwind where the model is not (others panic there). There
// is one exception, known and told in README's limits: who needs a lock while it
// unwinds can neither wait nor fail, so it gets a guard although a thread that is
// given up has one too. Both are there at once; that thread does nothing more but
// unwind. To be harmed, its destructors must use a reference to what is inside that
// the other's destructor has made invalid.
unsafe impl<T: Send> Sync for Mutex<T> {}

/// The lock, held.
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// Where it was locked: a drop does not know its own line.
    at: At,
    /// Whether the thread was unwinding when it locked: then it does not poison.
    was_unwinding: bool,
    /// Whether the value may have been changed.
    changed: bool,
}

impl<T> Mutex<T> {
    /// A mutex that protects `value`.
    pub fn new(value: T) -> Self {
        let state = State::Mutex {
            owner: None,
            changes: 0,
            released: Known::default(),
        };
        Self {
            handle: Handle::new("mutex", state),
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
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let at = Location::caller();
        if unwinding() {
            self.acquire_while_unwinding(at);
        } else {
            self.acquire(at);
        }
        self.guard(at)
    }

    /// Takes the lock if nobody holds it.
    ///
    /// # Errors
    /// Somebody holds it, or a thread panicked while it held it.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let at = Location::caller();
        if unwinding() {
            self.acquire_while_unwinding(at);
        } else {
            let me = self.handle.point();
            let locked = self.take_if_free(me, at, Access::TryAcquire);
            with(|x| {
                x.needs.locks_are_tried = true;
                if !locked {
                    let version = x.objects[self.handle.id()].writes;
                    x.reads(me, self.handle.id(), "try_lock", version);
                }
                let poisoned = self.has_poison();
                let what = What::TryLock { locked, poisoned };
                x.note(me, Some(self.handle.id()), what, at);
            });
            if !locked {
                return Err(TryLockError::WouldBlock);
            }
        }
        Ok(self.guard(at)?)
    }

    /// Whether a thread panicked while it held the lock.
    #[track_caller]
    pub fn is_poisoned(&self) -> bool {
        let at = Location::caller();
        if let Some(me) = runtime::point_even_if_unwinding(&self.handle) {
            let (id, poisoned) = (self.handle.id(), self.has_poison());
            with(|x| {
                // Who looks at a lock without waiting for it can see when it is let go.
                x.needs.locks_are_tried = true;
                let version = x.objects[id].writes;
                x.reads(me, id, "is_poisoned", version);
                x.note(me, Some(id), What::IsPoisoned(poisoned), at);
            });
        }
        self.has_poison()
    }

    fn has_poison(&self) -> bool {
        self.poisoned.load(Relaxed)
    }

    /// The value, which nobody else can reach.
    ///
    /// # Errors
    /// The value all the same, if a thread panicked while it held the lock.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.has_poison();
        let value = self.value.get_mut();
        if poisoned {
            Err(PoisonError::new(value))
        } else {
            Ok(value)
        }
    }

    /// The value itself.
    ///
    /// # Errors
    /// The value all the same, if a thread panicked while it held the lock.
    pub fn into_inner(self) -> LockResult<T> {
        let poisoned = self.has_poison();
        let value = self.value.into_inner();
        if poisoned {
            Err(PoisonError::new(value))
        } else {
            Ok(value)
        }
    }

    /// The guard, for a thread that owns the lock (or for one that unwinds out of
    /// an execution that is given up, where nobody owns anything any more).
    fn guard(&self, at: At) -> LockResult<MutexGuard<'_, T>> {
        let guard = MutexGuard {
            mutex: self,
            at,
            was_unwinding: unwinding(),
            changed: false,
        };
        if self.has_poison() {
            Err(PoisonError::new(guard))
        } else {
            Ok(guard)
        }
    }

    /// Takes the lock without a point: nothing may switch while a thread unwinds,
    /// and so it cannot wait. If somebody else holds the lock, the execution has
    /// come as far as it can be followed; that it panicked is known.
    fn acquire_while_unwinding(&self, at: At) {
        if !self.handle.is_here() {
            // ORDERING: Acquire pairs with the Release of who lets go.
            while self.held.swap(true, Acquire) {
                std::thread::yield_now();
            }
            return;
        }
        if runtime::is_torn_down() {
            return;
        }
        let me = runtime::step_while_unwinding();
        if !self.take_if_free(me, at, Access::TryAcquire) {
            runtime::give_up_after_panic();
        }
    }

    fn acquire(&self, at: At) {
        let me = self.handle.point_of_lock();
        let taken = self.take_if_free(me, at, Access::Acquire);
        debug_assert!(taken, "who waits for a lock goes on when it is free");
        let poisoned = self.has_poison();
        with(|x| x.note(me, Some(self.handle.id()), What::Lock { poisoned }, at));
    }

    fn take_if_free(&self, me: ThreadId, at: At, how: Access) -> bool {
        let id = self.handle.id();
        with(|x| {
            let State::Mutex {
                owner, released, ..
            } = &mut x.objects[id].state
            else {
                unreachable!("a mutex stays a mutex");
            };
            if owner.is_some() {
                return false;
            }
            *owner = Some((me, at));
            while self.held.swap(true, Acquire) {
                std::thread::yield_now();
            }
            let released = released.clone();
            x.threads[me].known.join(&released);
            x.locks(me, id, how);
            true
        })
    }

    /// Lets go of the lock, as part of a step whose point has been passed.
    fn let_go(&self, x: &mut Execution, me: ThreadId, changed: bool) {
        let id = self.handle.id();
        self.held.store(false, Release);
        x.unlocks(me, id, changed);
        let known = x.threads[me].known.clone();
        if let State::Mutex {
            owner, released, ..
        } = &mut x.objects[id].state
        {
            *owner = None;
            *released = known;
        }
    }

    pub(super) fn id(&self) -> ObjectId {
        self.handle.id()
    }

    /// Unlocks on behalf of a wait on a condition variable: the same step.
    pub(super) fn release_to_wait(&self, me: ThreadId) {
        let shown = self.shown();
        with(|x| {
            self.let_go(x, me, true);
            x.shows(self.handle.id(), shown);
        });
    }

    pub(super) fn acquire_after_wait(&self, at: At) {
        self.acquire(at);
    }

    /// What it protects, as the story shows it.
    pub(super) fn shown(&self) -> Option<String> {
        // SAFETY: called by the thread that holds the lock, which has no
        // reference to the value at that moment: its guard is being dropped or
        // has been handed in to wait.
        self.show.map(|show| show(unsafe { &*self.value.get() }))
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if unwinding() {
            self.drop_while_unwinding();
            return;
        }
        let me = self.mutex.handle.point_if_tried();
        let shown = self.mutex.shown();
        with(|x| {
            self.mutex.let_go(x, me, self.changed);
            x.note(
                me,
                Some(self.mutex.handle.id()),
                What::Unlock { poisons: false },
                self.at,
            );
            x.shows(self.mutex.handle.id(), shown);
        });
    }
}

impl<T> MutexGuard<'_, T> {
    /// A panic in the critical section: std poisons the mutex and lets go. No
    /// point: nothing may switch, so this is part of the step that panicked.
    fn drop_while_unwinding(&self) {
        if !self.mutex.handle.is_here() {
            self.mutex.held.store(false, Release);
            return;
        }
        if runtime::is_torn_down() {
            self.mutex.held.store(false, Release);
            return;
        }
        if !self.was_unwinding {
            self.mutex.poisoned.store(true, Relaxed);
        }
        // Who waits for the lock cannot tell when it is let go; who tries it can.
        let me = match with(|x| x.settings.locks_are_tried) {
            true => runtime::step_while_unwinding(),
            false => runtime::current(),
        };
        let what = What::Unlock {
            poisons: !self.was_unwinding,
        };
        with(|x| {
            self.mutex.let_go(x, me, true);
            x.note(me, Some(self.mutex.handle.id()), what, self.at);
        });
    }
}

/// The mutex of a guard whose lock is about to be let go to wait.
pub(super) fn hand_in<'a, T>(guard: MutexGuard<'a, T>) -> &'a Mutex<T> {
    let mutex = guard.mutex;
    std::mem::forget(guard);
    mutex
}

/// The guard again, after the wait.
pub(super) fn hand_out<T>(mutex: &Mutex<T>, at: At) -> LockResult<MutexGuard<'_, T>> {
    mutex.guard(at)
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard stands for the lock, and the model gives the lock to
        // one thread at a time.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.changed = true;
        // SAFETY: as in `deref`, and the guard is borrowed mutably.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Named for Mutex<T> {
    fn named(self, name: &'static str) -> Self {
        self.handle.name(name);
        self
    }
}

impl<T> Watched<T> for Mutex<T> {
    fn watched(mut self, name: &'static str, show: fn(&T) -> String) -> Self {
        self.handle.name(name);
        self.handle.shows(show(self.value.get_mut()));
        self.show = Some(show);
        self
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
