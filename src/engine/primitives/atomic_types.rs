//! The atomic types, under std's names.

use super::atomic_core::Raw;
use crate::engine::hash::word;
use crate::engine::ids::At;
use crate::sync::names::Named;
use std::panic::Location;

pub use super::fence::fence;
pub use std::sync::atomic::Ordering;

/// An operation's name, and the word for it.
macro_rules! operation {
    ($name:literal) => {
        ($name, const { word($name) })
    };
}

macro_rules! atomics {
    ($($name:ident: $value:ty, $encode:expr, $decode:expr;)+) => {$(
        #[doc = concat!("The model's `std::sync::atomic::", stringify!($name), "`.")]
        #[derive(Debug)]
        pub struct $name(Raw);

        impl $name {
            /// An atomic with that value.
            #[track_caller]
            pub fn new(value: $value) -> Self {
                Self(Raw::new($encode(value), |value| format!("{:?}", $decode(value))))
            }

            /// Reads.
            #[track_caller]
            pub fn load(&self, ordering: Ordering) -> $value {
                $decode(self.0.load(ordering, Location::caller()))
            }

            /// Writes.
            #[track_caller]
            pub fn store(&self, value: $value, ordering: Ordering) {
                self.0.store($encode(value), ordering, Location::caller());
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
                let change = &mut |value| (value == $encode(current)).then(|| $encode(new));
                self.0
                    .update(operation, success, Some(failure), is_weak, change, at)
                    .map($decode)
                    .map_err($decode)
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

            /// The value itself.
            pub fn into_inner(self) -> $value {
                $decode(self.0.newest())
            }

            fn change(
                &self,
                operation: (&'static str, u64),
                ordering: Ordering,
                at: At,
                change: impl Fn($value) -> $value,
            ) -> $value {
                let change = &mut |value| Some($encode(change($decode(value))));
                match self.0.update(operation, ordering, None, false, change, at) {
                    Ok(value) | Err(value) => $decode(value),
                }
            }
        }

        impl Named for $name {
            fn named(self, name: &'static str) -> Self {
                self.0.handle.name(name);
                self
            }
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(<$value>::default())
            }
        }
    )+};
}

atomics! {
    AtomicBool: bool, u64::from, |value: u64| value != 0;
    AtomicI32: i32, |value: i32| value as u64, |value: u64| value as i32;
    AtomicI64: i64, |value: i64| value as u64, |value: u64| value as i64;
    AtomicU32: u32, u64::from, |value: u64| value as u32;
    AtomicU64: u64, |value: u64| value, |value: u64| value;
    AtomicUsize: usize, |value: usize| value as u64, |value: u64| value as usize;
}

macro_rules! integers {
    ($($name:ident: $value:ty;)+) => {$(
        impl $name {
            /// Adds, wrapping around, and returns what was there.
            #[track_caller]
            pub fn fetch_add(&self, value: $value, ordering: Ordering) -> $value {
                self.change(operation!("fetch_add"), ordering, Location::caller(), |old| old.wrapping_add(value))
            }

            /// Subtracts, wrapping around, and returns what was there.
            #[track_caller]
            pub fn fetch_sub(&self, value: $value, ordering: Ordering) -> $value {
                self.change(operation!("fetch_sub"), ordering, Location::caller(), |old| old.wrapping_sub(value))
            }

            /// Writes the larger, and returns what was there.
            #[track_caller]
            pub fn fetch_max(&self, value: $value, ordering: Ordering) -> $value {
                self.change(operation!("fetch_max"), ordering, Location::caller(), |old| old.max(value))
            }

            /// Writes the smaller, and returns what was there.
            #[track_caller]
            pub fn fetch_min(&self, value: $value, ordering: Ordering) -> $value {
                self.change(operation!("fetch_min"), ordering, Location::caller(), |old| old.min(value))
            }

            /// Writes the bits that both have, and returns what was there.
            #[track_caller]
            pub fn fetch_and(&self, value: $value, ordering: Ordering) -> $value {
                self.change(operation!("fetch_and"), ordering, Location::caller(), |old| old & value)
            }

            /// Writes the bits that either has, and returns what was there.
            #[track_caller]
            pub fn fetch_or(&self, value: $value, ordering: Ordering) -> $value {
                self.change(operation!("fetch_or"), ordering, Location::caller(), |old| old | value)
            }

            /// Writes the bits that only one has, and returns what was there.
            #[track_caller]
            pub fn fetch_xor(&self, value: $value, ordering: Ordering) -> $value {
                self.change(operation!("fetch_xor"), ordering, Location::caller(), |old| old ^ value)
            }
        }
    )+};
}

integers! {
    AtomicI32: i32;
    AtomicI64: i64;
    AtomicU32: u32;
    AtomicU64: u64;
    AtomicUsize: usize;
}

impl AtomicBool {
    /// Writes whether both are true, and returns what was there.
    #[track_caller]
    pub fn fetch_and(&self, value: bool, ordering: Ordering) -> bool {
        self.change(
            operation!("fetch_and"),
            ordering,
            Location::caller(),
            |old| old & value,
        )
    }

    /// Writes whether either is true, and returns what was there.
    #[track_caller]
    pub fn fetch_or(&self, value: bool, ordering: Ordering) -> bool {
        self.change(
            operation!("fetch_or"),
            ordering,
            Location::caller(),
            |old| old | value,
        )
    }

    /// Writes whether only one is true, and returns what was there.
    #[track_caller]
    pub fn fetch_xor(&self, value: bool, ordering: Ordering) -> bool {
        self.change(
            operation!("fetch_xor"),
            ordering,
            Location::caller(),
            |old| old ^ value,
        )
    }
}
