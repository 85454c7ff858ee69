//! `std::cell::Cell`, whose accesses are checked for data races.

use super::unsafe_cell::UnsafeCell;

/// The model's `std::cell::Cell`.
#[derive(Debug)]
pub struct Cell<T> {
    value: UnsafeCell<T>,
}

impl<T> Cell<T> {
    /// A cell holding `value`.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self {
            value: UnsafeCell::new(value),
        }
    }

    /// Replaces the value.
    #[track_caller]
    pub fn set(&self, value: T) {
        drop(self.replace(value));
    }

    /// Exchanges the values of two cells.
    #[track_caller]
    pub fn swap(&self, other: &Self) {
        if !std::ptr::eq(self, other) {
            self.value.with_mut(|mine| {
                other.value.with_mut(|theirs| {
                    // SAFETY: the cells are different, and no reference to what they hold
                    // is ever given out.
                    unsafe { std::ptr::swap(mine, theirs) }
                });
            });
        }
    }

    /// Replaces the value, and returns the one that was there.
    #[track_caller]
    pub fn replace(&self, value: T) -> T {
        self.value.with_mut(|place| {
            // SAFETY: no reference to what the cell holds is ever given out.
            unsafe { std::ptr::replace(place, value) }
        })
    }

    /// A copy of the value.
    #[track_caller]
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        // SAFETY: no reference to what the cell holds is ever given out.
        self.value.with(|place| unsafe { *place })
    }

    /// The value; its default is left.
    #[track_caller]
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }

    /// The value itself.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: Default> Default for Cell<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Cell<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Copy> Clone for Cell<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        Self::new(self.get())
    }
}
