//! What loom's atomics have beside std's methods.

use super::atomic_types::*;
use std::panic::Location;

/// The ordering of a failed exchange, as std's `compare_and_swap` chose it.
fn failure(ordering: Ordering) -> Ordering {
    match ordering {
        Ordering::Release => Ordering::Relaxed,
        Ordering::AcqRel => Ordering::Acquire,
        other => other,
    }
}

macro_rules! as_loom {
    ($($name:ty $(, $generic:ident)? => $value:ty;)+) => {$(
        impl$(<$generic>)? $name {
            /// Calls `f` with the value, which no other thread can reach.
            #[track_caller]
            pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut $value) -> R) -> R {
                f(self.get_mut())
            }

            /// The value, without synchronization.
            ///
            /// # Safety
            /// No other thread writes at the same time. In the model that is a data race.
            #[track_caller]
            pub unsafe fn unsync_load(&self) -> $value {
                self.unsync(Location::caller())
            }

            /// As [`compare_exchange`](Self::compare_exchange), but returns what was there in
            /// either case.
            #[track_caller]
            pub fn compare_and_swap(&self, current: $value, new: $value, order: Ordering) -> $value {
                let found = self.compare_exchange(current, new, order, failure(order));
                found.unwrap_or_else(|other| other)
            }
        }
    )+};
}

as_loom! {
    AtomicBool => bool;
    AtomicI8 => i8;
    AtomicI16 => i16;
    AtomicI32 => i32;
    AtomicI64 => i64;
    AtomicIsize => isize;
    AtomicU8 => u8;
    AtomicU16 => u16;
    AtomicU32 => u32;
    AtomicU64 => u64;
    AtomicUsize => usize;
    AtomicPtr<T>, T => *mut T;
}
