//! The atomic types, under std's names.
//!
//! Limitation: `from_ptr`, `as_ptr` and what else reaches the value by a pointer is not
//! there, since the value is in the engine: it has many at a time.

use super::atomic_core::Raw;
use super::atomic_value::{Taken, Value};
use crate::engine::hash::word;
use crate::engine::ids::At;
use crate::sync::names::Named;
use std::fmt;
use std::panic::Location;

pub use super::fence::{compiler_fence, fence};
pub use std::sync::atomic::Ordering;

/// An operation's name, and the word for it.
macro_rules! operation {
    ($name:expr) => {
        ($name, const { word($name) })
    };
}

macro_rules! atomics {
    ($($name:ident $(<$t:ident>)?: $value:ty;)+) => {$(
        #[doc = concat!("The model's `std::sync::atomic::", stringify!($name), "`.")]
        pub struct $name $(<$t>)? {
            raw: Raw,
            taken: Taken<$value>,
        }

        impl $(<$t>)? $name $(<$t>)? {
            /// An atomic with that value.
            #[track_caller]
            pub const fn new(value: $value) -> Self {
                Self {
                    raw: Raw::new(),
                    taken: Taken::new(value),
                }
            }

            /// Reads.
            #[track_caller]
            pub fn load(&self, ordering: Ordering) -> $value {
                <$value>::decode(self.raw().load(ordering, Location::caller()))
            }

            /// Writes.
            #[track_caller]
            pub fn store(&self, value: $value, ordering: Ordering) {
                self.raw().store(value.encode(), ordering, Location::caller());
            }

            /// Writes, and returns what was there.
            #[track_caller]
            pub fn swap(&self, value: $value, ordering: Ordering) -> $value {
                self.change(operation!("swap"), ordering, Location::caller(), |_| value)
            }

            /// Writes `new` if `current` is there, and returns what was there.
            ///
            /// # Errors
            /// What was there, if it was not `current`.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let operation = operation!("compare_exchange");
                self.exchange(operation, false, (current, new), (success, failure), Location::caller())
            }

            /// The same, but it may fail although `current` is there: in the model as
            /// often as the exploration's budget says.
            ///
            /// # Errors
            /// What was there.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let operation = operation!("compare_exchange_weak");
                self.exchange(operation, true, (current, new), (success, failure), Location::caller())
            }

            fn exchange(
                &self,
                operation: (&'static str, u64),
                is_weak: bool,
                (current, new): ($value, $value),
                (success, failure): (Ordering, Ordering),
                at: At,
            ) -> Result<$value, $value> {
                let change = &mut |value| (value == current.encode()).then(|| new.encode());
                self.raw()
                    .update(operation, success, Some(failure), is_weak, change, at)
                    .map(<$value>::decode)
                    .map_err(<$value>::decode)
            }

            /// Loads, then exchanges until no other thread has come in between, as std does.
            ///
            /// # Errors
            /// What was there when `update` refused.
            #[track_caller]
            pub fn fetch_update(
                &self,
                success: Ordering,
                failure: Ordering,
                mut update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut seen = self.load(failure);
                while let Some(new) = update(seen) {
                    match self.compare_exchange_weak(seen, new, success, failure) {
                        Ok(seen) => return Ok(seen),
                        Err(newer) => seen = newer,
                    }
                }
                Err(seen)
            }

            /// The same as [`fetch_update`](Self::fetch_update).
            ///
            /// # Errors
            /// What was there when `update` refused.
            #[track_caller]
            pub fn try_update(
                &self,
                success: Ordering,
                failure: Ordering,
                update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                self.fetch_update(success, failure, update)
            }

            /// The same, with an `update` that never refuses. Returns what was there.
            #[track_caller]
            pub fn update(
                &self,
                success: Ordering,
                failure: Ordering,
                mut update: impl FnMut($value) -> $value,
            ) -> $value {
                match self.fetch_update(success, failure, |value| Some(update(value))) {
                    Ok(seen) | Err(seen) => seen,
                }
            }

            /// The value, which no other thread can reach.
            #[inline(never)]
            #[track_caller]
            pub fn get_mut(&mut self) -> &mut $value {
                let value = self.newest();
                self.taken.begin(value)
            }

            /// The value itself.
            #[track_caller]
            pub fn into_inner(self) -> $value {
                self.newest()
            }

            pub(super) fn newest(&self) -> $value {
                let this = self.raw.handle.here(self);
                match this.raw.handle.is_freed() {
                    false if let Some(value) = this.taken.get() => value,
                    _ => <$value>::decode(this.raw.newest()),
                }
            }

            pub(super) fn unsync(&self, at: At) -> $value {
                let is_new = self.raw.handle.here(self).taken.is_begun();
                <$value>::decode(self.raw().unsync_load(is_new, at))
            }

            /// With the initial value, or what has been written by `get_mut`. The memory of
            /// an atomic that is freed is not touched: the operation that follows tells of it.
            fn raw(&self) -> &Raw {
                let Some(this) = self.raw.handle.living(self) else {
                    return &self.raw;
                };
                if let Some(value) = this.taken.get() {
                    this.raw.set(value.encode(), <$value>::SHOW);
                    this.taken.end();
                }
                &this.raw
            }

            fn change(
                &self,
                operation: (&'static str, u64),
                ordering: Ordering,
                at: At,
                change: impl Fn($value) -> $value,
            ) -> $value {
                let change = &mut |value| Some(change(<$value>::decode(value)).encode());
                match self.raw().update(operation, ordering, None, false, change, at) {
                    Ok(value) | Err(value) => <$value>::decode(value),
                }
            }
        }

        impl $(<$t>)? Named for $name $(<$t>)? {
            fn named(mut self, name: &'static str) -> Self {
                self.raw.handle.name(name);
                self
            }
        }

        impl $(<$t>)? From<$value> for $name $(<$t>)? {
            #[track_caller]
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }

        impl $(<$t>)? fmt::Debug for $name $(<$t>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.load(Ordering::Relaxed), f)
            }
        }
    )+};
}

atomics! {
    AtomicBool: bool;
    AtomicI8: i8;
    AtomicI16: i16;
    AtomicI32: i32;
    AtomicI64: i64;
    AtomicIsize: isize;
    AtomicU8: u8;
    AtomicU16: u16;
    AtomicU32: u32;
    AtomicU64: u64;
    AtomicUsize: usize;
    AtomicPtr<T>: *mut T;
}

/// Operations by which any atomic but a pointer's is changed.
macro_rules! changes {
    ($($name:ident: $value:ty, { $($(#[$doc:meta])+ $change:ident: $new:expr;)+ })+) => {$(
        impl $name {
            $(
                $(#[$doc])+
                #[track_caller]
                pub fn $change(&self, value: $value, ordering: Ordering) -> $value {
                    let new: fn($value, $value) -> $value = $new;
                    let operation = operation!(stringify!($change));
                    self.change(operation, ordering, Location::caller(), |old| new(old, value))
                }
            )+
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(<$value>::default())
            }
        }
    )+};
}

macro_rules! integers {
    ($($name:ident: $value:ty;)+) => {
        changes! {$(
            $name: $value, {
                /// Adds, wrapping around, and returns what was there.
                fetch_add: |old, value| old.wrapping_add(value);
                /// Subtracts, wrapping around, and returns what was there.
                fetch_sub: |old, value| old.wrapping_sub(value);
                /// Writes the larger, and returns what was there.
                fetch_max: |old, value| old.max(value);
                /// Writes the smaller, and returns what was there.
                fetch_min: |old, value| old.min(value);
                /// Writes the bits that both have, and returns what was there.
                fetch_and: |old, value| old & value;
                /// Writes the bits that not both have, and returns what was there.
                fetch_nand: |old, value| !(old & value);
                /// Writes the bits that either has, and returns what was there.
                fetch_or: |old, value| old | value;
                /// Writes the bits that only one has, and returns what was there.
                fetch_xor: |old, value| old ^ value;
            }
        )+}
    };
}

integers! {
    AtomicI8: i8;
    AtomicI16: i16;
    AtomicI32: i32;
    AtomicI64: i64;
    AtomicIsize: isize;
    AtomicU8: u8;
    AtomicU16: u16;
    AtomicU32: u32;
    AtomicU64: u64;
    AtomicUsize: usize;
}

changes! {
    AtomicBool: bool, {
        /// Writes whether both are true, and returns what was there.
        fetch_and: |old, value| old & value;
        /// Writes whether not both are true, and returns what was there.
        fetch_nand: |old, value| !(old & value);
        /// Writes whether either is true, and returns what was there.
        fetch_or: |old, value| old | value;
        /// Writes whether only one is true, and returns what was there.
        fetch_xor: |old, value| old ^ value;
    }
}

impl AtomicBool {
    /// Writes the opposite, and returns what was there.
    #[track_caller]
    pub fn fetch_not(&self, ordering: Ordering) -> bool {
        let operation = operation!("fetch_not");
        self.change(operation, ordering, Location::caller(), |old| !old)
    }
}

/// Operations by which a pointer is changed.
macro_rules! pointers {
    ($($(#[$doc:meta])+ $change:ident: $new:expr;)+) => {
        impl<T> AtomicPtr<T> {$(
            $(#[$doc])+
            #[track_caller]
            pub fn $change(&self, value: usize, ordering: Ordering) -> *mut T {
                let new: fn(*mut T, usize) -> *mut T = $new;
                let operation = operation!(stringify!($change));
                self.change(operation, ordering, Location::caller(), |old| new(old, value))
            }
        )+}
    };
}

pointers! {
    /// Adds so many `T`s, wrapping around, and returns what was there.
    fetch_ptr_add: |old, value| old.wrapping_add(value);
    /// Subtracts so many `T`s, wrapping around, and returns what was there.
    fetch_ptr_sub: |old, value| old.wrapping_sub(value);
    /// Adds so many bytes, wrapping around, and returns what was there.
    fetch_byte_add: |old, value| old.wrapping_byte_add(value);
    /// Subtracts so many bytes, wrapping around, and returns what was there.
    fetch_byte_sub: |old, value| old.wrapping_byte_sub(value);
    /// Writes the address's bits that `value` has too, and returns what was there.
    fetch_and: |old, value| old.map_addr(|address| address & value);
    /// Sets the bits of `value` in the address, and returns what was there.
    fetch_or: |old, value| old.map_addr(|address| address | value);
    /// Flips the bits of `value` in the address, and returns what was there.
    fetch_xor: |old, value| old.map_addr(|address| address ^ value);
}

impl<T> Default for AtomicPtr<T> {
    /// The null pointer.
    #[track_caller]
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}

impl<T> fmt::Pointer for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.load(Ordering::Relaxed), f)
    }
}
