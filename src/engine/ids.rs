//! Names for threads, objects and places in the source.

use std::panic::Location;

/// A place in the source.
pub(crate) type At = &'static Location<'static>;
/// A thread of the execution, numbered as threads are started.
pub(crate) type ThreadId = usize;
/// An object of the execution, numbered as objects are created.
pub(crate) type ObjectId = usize;

/// How many threads a scene can have beside its own, actors or spawned.
pub(crate) const MAX_SPAWNED: usize = 16;
/// The same with the scene's own.
pub(crate) const MAX_THREADS: usize = MAX_SPAWNED + 1;

/// A set of threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ThreadSet(u32);

impl ThreadSet {
    #[inline]
    pub(crate) fn only(thread: ThreadId) -> Self {
        Self(1 << thread)
    }

    #[inline]
    pub(crate) fn insert(&mut self, thread: ThreadId) {
        self.0 |= 1 << thread;
    }

    #[inline]
    pub(crate) fn remove(&mut self, thread: ThreadId) {
        self.0 &= !(1 << thread);
    }

    #[inline]
    pub(crate) fn contains(self, thread: ThreadId) -> bool {
        self.0 & (1 << thread) != 0
    }

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The thread with the lowest number.
    #[inline]
    pub(crate) fn first(self) -> Option<ThreadId> {
        (self.0 != 0).then(|| self.0.trailing_zeros() as ThreadId)
    }

    /// In the order of their numbers.
    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = ThreadId> {
        let mut left = self;
        std::iter::from_fn(move || {
            let thread = left.first()?;
            left.0 &= left.0 - 1;
            Some(thread)
        })
    }
}

impl FromIterator<ThreadId> for ThreadSet {
    #[inline]
    fn from_iter<T: IntoIterator<Item = ThreadId>>(threads: T) -> Self {
        let mut set = Self::default();
        threads.into_iter().for_each(|thread| set.insert(thread));
        set
    }
}
