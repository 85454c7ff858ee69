//! What an atomic holds, as a word of the engine.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// The type of an atomic's value.
pub(super) trait Value: Copy {
    /// How a story shows it; `None` for pointers, which it numbers.
    const SHOW: Option<fn(u64) -> String>;

    fn encode(self) -> u64;
    fn decode(word: u64) -> Self;
}

macro_rules! integers {
    ($($value:ty),+) => {$(
        impl Value for $value {
            const SHOW: Option<fn(u64) -> String> = Some(|word| Self::decode(word).to_string());

            fn encode(self) -> u64 {
                self as u64
            }

            fn decode(word: u64) -> Self {
                word as Self
            }
        }
    )+};
}

integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl Value for bool {
    const SHOW: Option<fn(u64) -> String> = Some(|word| Self::decode(word).to_string());

    fn encode(self) -> u64 {
        self.into()
    }

    fn decode(word: u64) -> Self {
        word != 0
    }
}

/// The engine keeps the address only, so the pointer's provenance is exposed: what comes
/// back may be used as the pointer that was stored, under Miri too.
impl<T> Value for *mut T {
    const SHOW: Option<fn(u64) -> String> = None;

    fn encode(self) -> u64 {
        self.expose_provenance() as u64
    }

    fn decode(word: u64) -> Self {
        std::ptr::with_exposed_provenance_mut(word as usize)
    }
}

/// A value that the engine does not know: the initial one, or one that a thread with
/// exclusive access may change, after `get_mut`. In words: the padding of an atomic on a
/// stack could differ, and stacks are compared.
pub(super) struct Taken<V: Copy> {
    value: Word<V>,
    /// Whether the engine does not know the value yet.
    is_begun: AtomicUsize,
}

#[derive(Clone, Copy)]
union Word<V: Copy> {
    word: u64,
    value: V,
}

// SAFETY: the value is changed through an exclusive reference only, and is otherwise
// copied, as any thread may copy an atomic's value.
unsafe impl<V: Copy> Send for Taken<V> {}
// SAFETY: as above.
unsafe impl<V: Copy> Sync for Taken<V> {}

impl<V: Copy> Taken<V> {
    pub(super) const fn new(value: V) -> Self {
        let mut word = Word { word: 0 };
        word.value = value;
        Self {
            value: word,
            is_begun: AtomicUsize::new(1),
        }
    }

    pub(super) fn begin(&mut self, value: V) -> &mut V {
        *self.is_begun.get_mut() = 1;
        self.value.value = value;
        // SAFETY: it was just written.
        unsafe { &mut self.value.value }
    }

    // ORDERING: the threads of an execution run on one thread of the system.
    pub(super) fn is_begun(&self) -> bool {
        self.is_begun.load(Relaxed) != 0
    }

    /// The value, if the engine does not know it.
    pub(super) fn get(&self) -> Option<V> {
        // SAFETY: `new` and `begin` write the value.
        let value = unsafe { self.value.value };
        self.is_begun().then_some(value)
    }

    /// The engine knows the value.
    pub(super) fn end(&self) {
        self.is_begun.store(0, Relaxed);
    }
}
