//! `std::sync::OnceLock`.

use super::once::Once;
use super::once_progress::RETURNED;
use crate::engine::execution::trace::Tell;
use crate::sync::names::Named;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};

/// The model's `std::sync::OnceLock`.
pub struct OnceLock<T> {
    once: Once,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: one thread writes the value while `once` runs its closure, and others read it
// only after that.
unsafe impl<T: Send + Sync> Sync for OnceLock<T> {}

impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// No value yet.
    #[track_caller]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            once: Once::of("once lock"),
            value: UnsafeCell::new(None),
        }
    }

    /// The value, if it is there.
    #[inline(never)]
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        let tell: Tell = |record, names| {
            let found = ["not initialized", "initialized"][record.values[0] as usize];
            format!("get {} → {found}", names.object_of(record))
        };
        let this = self.once.owner_here(self);
        // SAFETY: the closure has returned, and no other will run.
        { this.once.looks(tell, Location::caller()) }.then(|| unsafe { this.there() })
    }

    /// The value, if it is there: no other thread can reach it.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut().as_mut()
    }

    /// Waits for the value.
    #[inline(never)]
    #[track_caller]
    pub fn wait(&self) -> &T {
        let this = self.once.owner_here(self);
        this.once.wait_for(&RETURNED, Location::caller());
        // SAFETY: the closure has returned, and no other will run.
        unsafe { this.there() }
    }

    /// Sets the value, if it is not there. Waits for a thread that initializes it now.
    ///
    /// # Errors
    /// The new value, if there is one already.
    #[inline(never)]
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        let (at, this) = (Location::caller(), self.once.owner_here(self));
        this.once.call(None, at, |_| {
            // SAFETY: one closure runs at a time, and none after one has returned.
            unsafe { *this.value.get() = value.take() };
        });
        value.map_or(Ok(()), Err)
    }

    /// The value, which `f` makes if it is not there. Waits for a thread that makes it now.
    ///
    /// # Panics
    /// With the panic of `f`. Then there still is no value.
    #[inline(never)]
    #[track_caller]
    pub fn get_or_init<F: FnOnce() -> T>(&self, f: F) -> &T {
        let this = self.once.owner_here(self);
        this.once.call(None, Location::caller(), |_| {
            let value = f();
            // SAFETY: one closure runs at a time, and none after one has returned.
            unsafe { *this.value.get() = Some(value) };
        });
        // SAFETY: a closure has returned, and no other will run.
        unsafe { this.there() }
    }

    /// The value itself, if it is there.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Takes the value out: it can be initialized again.
    #[inline(never)]
    #[track_caller]
    pub fn take(&mut self) -> Option<T> {
        let taken = self.value.get_mut().take();
        if taken.is_some() {
            self.once.begins_again();
        }
        taken
    }

    /// # Safety
    /// A closure has returned.
    unsafe fn there(&self) -> &T {
        // SAFETY: as the caller says, nothing writes it any more.
        let value = unsafe { &*self.value.get() };
        value.as_ref().expect("the closure has set it")
    }
}

impl<T> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self {
            once: Once::of("once lock").completed(),
            value: UnsafeCell::new(Some(value)),
        }
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[inline(never)]
    #[track_caller]
    fn clone(&self) -> Self {
        self.get().cloned().map_or_else(Self::new, Self::from)
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    #[inline(never)]
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T> Named for OnceLock<T> {
    fn named(mut self, name: &'static str) -> Self {
        self.once = self.once.named(name);
        self
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("OnceLock");
        match self.get() {
            Some(value) => tuple.field(value),
            None => tuple.field(&format_args!("<uninit>")),
        };
        tuple.finish()
    }
}
