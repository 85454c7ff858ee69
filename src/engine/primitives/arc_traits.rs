//! What else an `Arc` can do, as std's does it: raw pointers, copies on write, conversions
//! and traits.

use super::arc::{Arc, deed, numbers};
use super::counts::{at_address, operates};
use crate::engine::execution::counts::{ARC, Change};
use crate::engine::execution::handle::Handle;
use crate::engine::execution::trace::Tell;
use crate::engine::hash::word;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::sync::Arc as StdArc;

impl<T: Clone> Arc<T> {
    /// The value, to be changed. If there is another `Arc`, this one gets a clone of the value;
    /// if there are only [`Weak`](super::arc::Weak)s, they lose it.
    #[inline(never)]
    #[track_caller]
    pub fn make_mut(this: &mut Self) -> &mut T {
        let at = Location::caller();
        let numbers = || numbers(&this.value);
        let before = operates(&this.handle, at, Change::Drop, numbers, |step, before| {
            let is_only = before.0 == 1;
            if is_only {
                step.acquires(false);
            }
            let loses = is_only && before.1 > 0;
            let tell: Tell = |record, names| {
                let found = ["shared", "the only one"][record.values[0] as usize];
                format!("make_mut {} → {found}", names.object_of(record))
            };
            let word = const { word("make_mut") };
            let after = (before.0 - usize::from(loses), before.1);
            let observes = Some(Change::Reference);
            let changes = loses.then_some(Change::Drop);
            let told = (usize::from(is_only), tell);
            (deed(word, observes, changes, after, told), before)
        });
        let (strong, weak) = before.unwrap_or_else(|| super::arc::numbers(&this.value));
        if strong > 1 {
            *this = Self::new(T::clone(this));
        } else if weak > 0 {
            this.handle = ManuallyDrop::new(Handle::of_execution(ARC));
        }
        StdArc::make_mut(&mut this.value)
    }
}

impl<T: ?Sized> Arc<T> {
    /// Where the value is.
    #[must_use]
    pub fn as_ptr(this: &Self) -> *const T {
        let value = StdArc::as_ptr(&this.value);
        if this.handle.is_here() {
            this.handle.with(|step| step.state().address = value.addr());
        }
        value
    }

    /// Where the value is. The `Arc` is not dropped: [`from_raw`](Self::from_raw) makes it an
    /// `Arc` again.
    #[must_use]
    pub fn into_raw(this: Self) -> *const T {
        let value = Self::as_ptr(&this);
        std::mem::forget(this);
        value
    }

    /// The `Arc` that was made a pointer.
    ///
    /// # Safety
    /// As that of `std::sync::Arc::from_raw`.
    #[inline(never)]
    #[track_caller]
    pub unsafe fn from_raw(value: *const T) -> Self {
        let handle = at_address(value.addr()).unwrap_or_else(|| Handle::of_execution(ARC));
        // SAFETY: the caller says so: `into_raw` has returned the pointer of a std `Arc`.
        Self::of(unsafe { StdArc::from_raw(value) }, handle)
    }

    /// One `Arc` more, as by `clone`.
    ///
    /// # Safety
    /// As that of `std::sync::Arc::increment_strong_count`.
    #[inline(never)]
    #[track_caller]
    pub unsafe fn increment_strong_count(value: *const T) {
        // SAFETY: the caller says so. This one is not dropped.
        let this = ManuallyDrop::new(unsafe { Self::from_raw(value) });
        std::mem::forget(Self::clone(&this));
    }

    /// One `Arc` less, as by a drop.
    ///
    /// # Safety
    /// As that of `std::sync::Arc::decrement_strong_count`.
    #[inline(never)]
    #[track_caller]
    pub unsafe fn decrement_strong_count(value: *const T) {
        // SAFETY: the caller says so.
        drop(unsafe { Self::from_raw(value) });
    }
}

impl<T> From<T> for Arc<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// # Panics
/// If there is another std `Arc`, or a `Weak`, of the value: the model could not count it.
impl<T: ?Sized> From<StdArc<T>> for Arc<T> {
    #[track_caller]
    fn from(mut value: StdArc<T>) -> Self {
        assert!(
            StdArc::get_mut(&mut value).is_some(),
            "the model cannot count references that std's `Arc` has made: make it the model's first"
        );
        Self::of(value, Handle::of_execution(ARC))
    }
}

macro_rules! from {
    ($(($($bound:tt)*) $from:ty => $to:ty),+ $(,)?) => {
        $(impl<$($bound)*> From<$from> for Arc<$to> {
            #[track_caller]
            fn from(value: $from) -> Self {
                Self::of(StdArc::from(value), Handle::of_execution(ARC))
            }
        })+
    };
}
from!(
    (T: ?Sized) Box<T> => T,
    (T) Vec<T> => [T],
    () &str => str,
    () String => str,
);

impl<T> FromIterator<T> for Arc<[T]> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self::from(Vec::from_iter(values))
    }
}

impl<T: Default> Default for Arc<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized> AsRef<T> for Arc<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized> Borrow<T> for Arc<T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: ?Sized + PartialEq> PartialEq for Arc<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: ?Sized + Eq> Eq for Arc<T> {}

impl<T: ?Sized + PartialOrd> PartialOrd for Arc<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<T: ?Sized + Ord> Ord for Arc<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl<T: ?Sized + Hash> Hash for Arc<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: ?Sized + std::error::Error> std::error::Error for Arc<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        (**self).source()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Pointer for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place: *const T = &raw const **self;
        fmt::Pointer::fmt(&place, f)
    }
}
