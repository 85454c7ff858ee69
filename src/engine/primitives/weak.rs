//! `std::sync::Weak`: see [`arc`](super::arc).

use super::arc::{Arc, Weak, clones, deed, looks};
use super::counts::{Numbers, operates};
use crate::engine::execution::counts::Change;
use crate::engine::execution::trace::Tell;
use crate::engine::hash::word;
use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::Weak as StdWeak;

fn numbers<T: ?Sized>(value: &StdWeak<T>) -> Numbers {
    (value.strong_count(), value.weak_count())
}

impl<T> Weak<T> {
    /// Of no value: [`upgrade`](Self::upgrade) fails.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self {
            value: ManuallyDrop::new(StdWeak::new()),
            handle: None,
            at: Location::caller(),
        }
    }
}

impl<T: ?Sized> Weak<T> {
    /// An [`Arc`] of the value, if it still lives.
    #[inline(never)]
    #[track_caller]
    #[must_use]
    pub fn upgrade(&self) -> Option<Arc<T>> {
        let handle = self.handle.as_ref()?;
        let (at, numbers) = (Location::caller(), || numbers(&self.value));
        operates(handle, at, Change::Drop, numbers, |step, (strong, weak)| {
            let lives = strong > 0;
            if lives {
                // ORDERING: its Acquire pairs with the Release of `new_cyclic`.
                step.acquires(false);
            }
            let tell: Tell = |record, names| {
                let found = match record.values[0] {
                    0 => "dropped".to_owned(),
                    strong => strong.to_string(),
                };
                format!("upgrade {} → {found}", names.object_of(record))
            };
            let word = const { word("upgrade") };
            let after = strong + usize::from(lives);
            let changes = lives.then_some(Change::Reference);
            let observes = Some(Change::Drop);
            let told = (after, tell);
            (deed(word, observes, changes, (after, weak), told), ())
        });
        Some(Arc::of(self.value.upgrade()?, handle.another()))
    }

    /// How many `Arc`s hold the value; 0 if it was dropped.
    #[inline(never)]
    #[track_caller]
    #[must_use]
    pub fn strong_count(&self) -> usize {
        self.looks(Location::caller(), true).0
    }

    /// How many `Weak`s there are; 0 if the value was dropped.
    #[inline(never)]
    #[track_caller]
    #[must_use]
    pub fn weak_count(&self) -> usize {
        self.looks(Location::caller(), false).1
    }

    fn looks(&self, at: &'static Location<'static>, is_strong: bool) -> Numbers {
        let numbers = || numbers(&self.value);
        let handle = self.handle.as_ref();
        let seen = handle.and_then(|handle| looks(handle, at, is_strong, numbers));
        seen.unwrap_or_else(numbers)
    }

    /// Whether both are of the same value.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.value.ptr_eq(&other.value)
    }

    /// Where the value is, or was.
    #[must_use]
    pub fn as_ptr(&self) -> *const T {
        self.value.as_ptr()
    }
}

impl<T: ?Sized> Clone for Weak<T> {
    #[inline(never)]
    #[track_caller]
    fn clone(&self) -> Self {
        let at = Location::caller();
        let handle = self.handle.as_ref().map(|handle| {
            clones(handle, at, false, || numbers(&self.value));
            ManuallyDrop::new(handle.another())
        });
        let value = self.value.clone();
        Self { value, handle, at }
    }
}

impl<T: ?Sized> Drop for Weak<T> {
    #[inline(never)]
    fn drop(&mut self) {
        // SAFETY: it is not used after this drop.
        let value = unsafe { ManuallyDrop::take(&mut self.value) };
        let Some(handle) = self.handle.as_ref().filter(|handle| handle.is_here()) else {
            return;
        };
        let numbers = || numbers(&value);
        operates(
            handle,
            self.at,
            Change::Reference,
            numbers,
            |step, before| {
                let (views, counts) = step.views_and_state();
                counts.weak_released.join(&views.past);
                let tell: Tell = |record, names| {
                    let weak = record.values[0];
                    format!("drop {} → {weak} weak", names.object_of(record))
                };
                let word = const { word("drop weak") };
                // If the value was dropped, std no longer counts.
                let after = (before.0, before.1.saturating_sub(1));
                let changes = Some(Change::Reference);
                (deed(word, None, changes, after, (after.1, tell)), ())
            },
        );
    }
}

impl<T> Default for Weak<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ?Sized> fmt::Debug for Weak<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Weak)")
    }
}
