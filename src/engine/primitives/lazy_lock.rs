//! `std::sync::LazyLock`.

use super::once::Once;
use crate::engine::execution::trace::Tell;
use crate::engine::ids::At;
use crate::sync::names::Named;
use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};

enum Data<T, F> {
    Not(F),
    There(T),
    /// The closure runs, or has panicked.
    Poisoned,
}

/// The model's `std::sync::LazyLock`.
pub struct LazyLock<T, F = fn() -> T> {
    once: Once,
    data: UnsafeCell<Data<T, F>>,
}

// SAFETY: one thread takes the closure and writes the value while `once` runs, and others
// read the value only after that.
unsafe impl<T: Send + Sync, F: Send> Sync for LazyLock<T, F> {}

impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}

const IS_POISONED: &str = "LazyLock instance has previously been poisoned";

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// A value that `f` makes when it is used first.
    #[track_caller]
    pub const fn new(f: F) -> Self {
        Self {
            once: Once::of("lazy lock"),
            data: UnsafeCell::new(Data::Not(f)),
        }
    }

    /// The value, which the closure makes if it is not there. Waits for a thread that
    /// makes it now.
    ///
    /// # Panics
    /// If the closure panics, or has panicked.
    #[inline(never)]
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        this.forces(Location::caller())
    }

    /// The same, if no other thread can reach the value.
    ///
    /// # Panics
    /// If the closure panics, or has panicked.
    #[inline(never)]
    #[track_caller]
    pub fn force_mut(this: &mut Self) -> &mut T {
        this.forces(Location::caller());
        this.value_mut().expect("the closure has made it")
    }

    fn forces(&self, at: At) -> &T {
        let this = self.once.owner_here(self);
        this.once.call(Some(IS_POISONED), at, |_| {
            // SAFETY: one closure runs at a time, and none after this one.
            let data = unsafe { &mut *this.data.get() };
            if let Data::Not(f) = std::mem::replace(data, Data::Poisoned) {
                let value = f();
                // SAFETY: the same; `f` cannot come here again.
                unsafe { *this.data.get() = Data::There(value) };
            }
        });
        // SAFETY: the closure has returned, and no other will run.
        unsafe { this.there() }.expect("the closure has made it")
    }
}

impl<T, F> LazyLock<T, F> {
    /// The value, if it is there.
    #[inline(never)]
    #[track_caller]
    pub fn get(this: &Self) -> Option<&T> {
        this.gets(Location::caller())
    }

    /// The value, if it is there: no other thread can reach it.
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        this.value_mut()
    }

    fn gets(&self, at: At) -> Option<&T> {
        let tell: Tell = |record, names| {
            let found = ["not initialized", "initialized"][record.values[0] as usize];
            format!("get {} → {found}", names.object_of(record))
        };
        let this = self.once.owner_here(self);
        // SAFETY: the closure has returned, and no other will run.
        { this.once.looks(tell, at) }.then(|| unsafe { this.there() })?
    }

    fn value_mut(&mut self) -> Option<&mut T> {
        match self.data.get_mut() {
            Data::There(value) => Some(value),
            _ => None,
        }
    }

    /// # Safety
    /// The closure has returned.
    unsafe fn there(&self) -> Option<&T> {
        // SAFETY: as the caller says, nothing writes it any more.
        match unsafe { &*self.data.get() } {
            Data::There(value) => Some(value),
            _ => None,
        }
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[inline(never)]
    #[track_caller]
    fn deref(&self) -> &T {
        self.forces(Location::caller())
    }
}

impl<T, F: FnOnce() -> T> DerefMut for LazyLock<T, F> {
    #[inline(never)]
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        Self::force_mut(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T, F> Named for LazyLock<T, F> {
    fn named(mut self, name: &'static str) -> Self {
        self.once = self.once.named(name);
        self
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("LazyLock");
        match self.gets(Location::caller()) {
            Some(value) => tuple.field(value),
            None => tuple.field(&format_args!("<uninit>")),
        };
        tuple.finish()
    }
}
