//! `std::sync::Arc` and `std::sync::Weak`.
//!
//! A std `Arc` holds the value and the numbers: all threads of an execution run on one
//! thread of the system. [`counts`](super::counts) says which operations are steps, and
//! what happens before what.
//!
//! Operations read the newest counts, and synchronise as std's implementation does: a drop
//! releases; the last drop, and whatever finds that its reference is the only one, acquires;
//! so does `upgrade`. A clone does neither, nor does a look at the numbers.
//!
//! # Limits
//! Stable Rust lets only std's `Arc` become an `Arc<dyn Trait>` or `Arc<[T]>` by itself, and be
//! the type of `self`. `Arc::from(Box<dyn Trait>)` works in both builds, and so does
//! `Arc::from(std::sync::Arc<dyn Trait>)`.

use super::counts::{Counts, Deed, Numbers, drops, operates};
use crate::engine::execution::counts::{ARC, Change};
use crate::engine::execution::handle::Handle;
use crate::engine::execution::trace::Tell;
use crate::engine::hash::word;
use crate::engine::ids::At;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc as StdArc, Weak as StdWeak};

/// The model's `std::sync::Arc`.
pub struct Arc<T: ?Sized> {
    pub(super) value: ManuallyDrop<StdArc<T>>,
    /// No object of its own: each of these names the one that the first was made with.
    pub(super) handle: ManuallyDrop<Handle<Counts>>,
    /// Where it was made: a drop does not know its own line.
    pub(super) at: At,
}

/// The model's `std::sync::Weak`.
pub struct Weak<T: ?Sized> {
    pub(super) value: ManuallyDrop<StdWeak<T>>,
    /// None if it never had a value.
    pub(super) handle: Option<ManuallyDrop<Handle<Counts>>>,
    pub(super) at: At,
}

pub(super) fn numbers<T: ?Sized>(value: &StdArc<T>) -> Numbers {
    (StdArc::strong_count(value), StdArc::weak_count(value))
}

/// An operation that only changes the counts, or only looks.
pub(super) fn deed(
    word: u64,
    observes: Option<Change>,
    changes: Option<Change>,
    after: Numbers,
    (value, tell): (usize, Tell),
) -> Deed {
    Deed {
        word,
        observes,
        changes,
        after,
        value,
        tell,
    }
}

/// `get_mut senders → shared`
fn found(value: u64) -> &'static str {
    match value {
        1 => "the only one",
        _ => "shared",
    }
}

impl<T> Arc<T> {
    /// An `Arc` that holds `value`.
    #[inline(never)]
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self::of(StdArc::new(value), Handle::of_execution(ARC))
    }

    /// A pinned `Arc` that holds `value`.
    #[inline(never)]
    #[track_caller]
    pub fn pin(value: T) -> Pin<Self> {
        // SAFETY: the value of an `Arc` is never moved as long as it is pinned: `get_mut`
        // and `try_unwrap` take an `Arc` that is not.
        unsafe { Pin::new_unchecked(Self::new(value)) }
    }

    /// An `Arc` whose value may hold a [`Weak`] of itself. Until `make` returns, that
    /// cannot be upgraded.
    #[inline(never)]
    #[track_caller]
    pub fn new_cyclic<F: FnOnce(&Weak<T>) -> T>(make: F) -> Self {
        let at = Location::caller();
        let handle = ManuallyDrop::new(Handle::<Counts>::of_execution(ARC));
        let value = StdArc::new_cyclic(|weak| {
            let weak = Lent(ManuallyDrop::new(Weak {
                value: ManuallyDrop::new(weak.clone()),
                handle: Some(ManuallyDrop::new(handle.another())),
                at,
            }));
            let value = make(&weak.0);
            // Before std's count says that the value lives: nothing comes in between.
            let numbers = || (0, weak.0.value.weak_count());
            operates(&handle, at, Change::Drop, numbers, |step, (_, weak)| {
                // ORDERING: its Release pairs with the Acquire of `upgrade`.
                step.releases();
                let tell: Tell = |record, names| format!("{} begins", names.object_of(record));
                let word = const { word("new_cyclic") };
                let changes = Some(Change::Drop);
                (deed(word, None, changes, (1, weak), (1, tell)), ())
            });
            value
        });
        Self::of(value, ManuallyDrop::into_inner(handle))
    }

    /// The value, if this is the only `Arc`.
    ///
    /// # Errors
    /// The `Arc` itself, if there is another. Two threads that call this at the same time
    /// may both fail, and then drop theirs: [`into_inner`](Self::into_inner) gives the value
    /// to one of them.
    #[inline(never)]
    #[track_caller]
    pub fn try_unwrap(this: Self) -> Result<T, Self> {
        let at = Location::caller();
        let numbers = || numbers(&this.value);
        let is_only = operates(&this.handle, at, Change::Drop, numbers, |step, before| {
            let is_only = before.0 == 1;
            if is_only {
                step.acquires(false);
            }
            let tell: Tell = |record, names| {
                let found = found(record.values[0]);
                format!("try_unwrap {} → {found}", names.object_of(record))
            };
            let word = const { word("try_unwrap") };
            let after = (before.0 - usize::from(is_only), before.1);
            let changes = is_only.then_some(Change::Drop);
            let observes = Some(Change::Reference);
            let told = (usize::from(is_only), tell);
            (deed(word, observes, changes, after, told), is_only)
        });
        if is_only.unwrap_or(StdArc::strong_count(&this.value) == 1) {
            let at = this.at;
            let handle = this.handle.another();
            return StdArc::try_unwrap(this.into_std()).map_err(|value| Self {
                value: ManuallyDrop::new(value),
                handle: ManuallyDrop::new(handle),
                at,
            });
        }
        Err(this)
    }

    /// Drops the `Arc`, and returns the value if it was the last. If every thread that has
    /// one calls this, exactly one of them gets the value.
    #[inline(never)]
    #[track_caller]
    #[must_use]
    pub fn into_inner(this: Self) -> Option<T> {
        let at = Location::caller();
        let numbers = || numbers(&this.value);
        operates(&this.handle, at, Change::Drop, numbers, |step, before| {
            let is_last = before.0 == 1;
            match is_last {
                true => step.acquires(false),
                false => step.releases(),
            }
            let tell: Tell = |record, names| {
                let last = ["", ", the last"][record.values[0] as usize];
                format!("into_inner {}{last}", names.object_of(record))
            };
            let word = const { word("into_inner") };
            let after = (before.0 - 1, before.1);
            let told = (usize::from(is_last), tell);
            let observes = Some(Change::Reference);
            (deed(word, observes, Some(Change::Drop), after, told), ())
        });
        StdArc::into_inner(this.into_std())
    }

    /// The value itself if this is the only `Arc`, otherwise a clone of it.
    #[inline(never)]
    #[track_caller]
    pub fn unwrap_or_clone(this: Self) -> T
    where
        T: Clone,
    {
        Self::try_unwrap(this).unwrap_or_else(|this| (*this).clone())
    }
}

impl<T: ?Sized> Arc<T> {
    #[track_caller]
    pub(super) fn of(value: StdArc<T>, handle: Handle<Counts>) -> Self {
        Self {
            value: ManuallyDrop::new(value),
            handle: ManuallyDrop::new(handle),
            at: Location::caller(),
        }
    }

    /// The std `Arc` with the value. What that means for the counts has been said before.
    fn into_std(self) -> StdArc<T> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is not used any more, and never dropped.
        unsafe { ManuallyDrop::take(&mut this.value) }
    }

    /// The value, if there is no other `Arc` and no [`Weak`].
    #[inline(never)]
    #[track_caller]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        let at = Location::caller();
        let numbers = || numbers(&this.value);
        operates(&this.handle, at, Change::Drop, numbers, |step, before| {
            let is_only = before == (1, 0);
            if is_only {
                step.acquires(true);
            }
            let tell: Tell = |record, names| {
                let found = found(record.values[0]);
                format!("get_mut {} → {found}", names.object_of(record))
            };
            let word = const { word("get_mut") };
            let told = (usize::from(is_only), tell);
            let observes = Some(Change::Reference);
            (deed(word, observes, None, before, told), ())
        });
        StdArc::get_mut(&mut this.value)
    }

    /// How many `Arc`s hold the value: in the model the newest number, and nothing happens
    /// before by it.
    #[inline(never)]
    #[track_caller]
    #[must_use]
    pub fn strong_count(this: &Self) -> usize {
        this.looks(Location::caller(), true).0
    }

    /// How many [`Weak`]s there are: as with [`strong_count`](Self::strong_count).
    #[inline(never)]
    #[track_caller]
    #[must_use]
    pub fn weak_count(this: &Self) -> usize {
        this.looks(Location::caller(), false).1
    }

    fn looks(&self, at: At, is_strong: bool) -> Numbers {
        let numbers = || numbers(&self.value);
        looks(&self.handle, at, is_strong, numbers).unwrap_or_else(numbers)
    }

    /// Another reference that does not keep the value alive.
    #[inline(never)]
    #[track_caller]
    #[must_use]
    pub fn downgrade(this: &Self) -> Weak<T> {
        let at = Location::caller();
        let numbers = || numbers(&this.value);
        operates(
            &this.handle,
            at,
            Change::Reference,
            numbers,
            |_, (strong, weak)| {
                let tell: Tell = |record, names| {
                    let weak = record.values[0];
                    format!("downgrade {} → {weak} weak", names.object_of(record))
                };
                let word = const { word("downgrade") };
                let changes = Some(Change::Reference);
                let told = (weak + 1, tell);
                (deed(word, None, changes, (strong, weak + 1), told), ())
            },
        );
        Weak {
            value: ManuallyDrop::new(StdArc::downgrade(&this.value)),
            handle: Some(ManuallyDrop::new(this.handle.another())),
            at,
        }
    }

    /// Whether both hold the same value, and not only an equal one.
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        StdArc::ptr_eq(&this.value, &other.value)
    }
}

/// A look at the numbers.
pub(super) fn looks(
    handle: &Handle<Counts>,
    at: At,
    is_strong: bool,
    numbers: impl Fn() -> Numbers,
) -> Option<Numbers> {
    operates(handle, at, Change::Drop, numbers, |_, (strong, weak)| {
        let tell: [Tell; 2] = [
            |record, names| {
                let count = record.values[0];
                format!("weak_count {} → {count}", names.object_of(record))
            },
            |record, names| {
                let count = record.values[0];
                format!("strong_count {} → {count}", names.object_of(record))
            },
        ];
        let value = if is_strong { strong } else { weak };
        let words = const { [word("weak_count"), word("strong_count")] };
        let (word, tell) = (words[usize::from(is_strong)], tell[usize::from(is_strong)]);
        let both = (strong, weak);
        (
            deed(word, Some(Change::Clone), None, both, (value, tell)),
            both,
        )
    })
}

/// The clone of an `Arc` or a `Weak`.
pub(super) fn clones(
    handle: &Handle<Counts>,
    at: At,
    is_strong: bool,
    numbers: impl Fn() -> Numbers,
) {
    operates(handle, at, Change::Clone, numbers, |_, (strong, weak)| {
        let after = (
            strong + usize::from(is_strong),
            weak + usize::from(!is_strong),
        );
        let tell: [Tell; 2] = [
            |record, names| {
                let weak = record.values[0];
                format!("clone {} → {weak} weak", names.object_of(record))
            },
            |record, names| format!("clone {} → {}", names.object_of(record), record.values[0]),
        ];
        let words = const { [word("clone weak"), word("clone")] };
        let (word, tell) = (words[usize::from(is_strong)], tell[usize::from(is_strong)]);
        let value = if is_strong { after.0 } else { after.1 };
        let changes = Some(Change::Clone);
        (deed(word, None, changes, after, (value, tell)), ())
    });
}

impl<T: ?Sized> Clone for Arc<T> {
    #[inline(never)]
    #[track_caller]
    fn clone(&self) -> Self {
        clones(&self.handle, Location::caller(), true, || {
            numbers(&self.value)
        });
        Self::of(StdArc::clone(&self.value), self.handle.another())
    }
}

impl<T: ?Sized> Drop for Arc<T> {
    #[inline(never)]
    fn drop(&mut self) {
        // SAFETY: it is not used after this drop.
        let value = unsafe { ManuallyDrop::take(&mut self.value) };
        let destructor = match self.handle.is_here() {
            true => drops(&self.handle, self.at, || numbers(&value)),
            false => None,
        };
        // If the destructor panics, the thread unwinds when `destructor` is dropped.
        drop(value);
        drop(destructor);
    }
}

/// A `Weak` whose drop is no operation of the scene's.
struct Lent<T>(ManuallyDrop<Weak<T>>);

impl<T> Drop for Lent<T> {
    fn drop(&mut self) {
        // SAFETY: it is not used after this drop.
        drop(unsafe { ManuallyDrop::take(&mut self.0.value) });
    }
}

impl<T: ?Sized> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
