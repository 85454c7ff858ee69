//! Vector clocks and views: what happens before what.

use super::ids::{MAX_THREADS, ThreadId};
use smallvec::SmallVec;

/// A multiple of four, so that clocks are joined four entries at a time.
const LANES: usize = MAX_THREADS.next_multiple_of(4);

/// A vector clock: how many steps of each thread happen before. Signed, since the vector
/// instructions that every x86-64 has compare nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct VectorClock([i32; LANES]);

impl VectorClock {
    /// Includes all that `other` includes.
    #[inline]
    pub(crate) fn join(&mut self, other: &Self) {
        for lane in 0..LANES {
            self.0[lane] = self.0[lane].max(other.0[lane]);
        }
    }

    /// The thread takes a step.
    #[inline]
    pub(crate) fn tick(&mut self, thread: ThreadId) {
        self.0[thread] += 1;
    }

    /// Includes the step that `thread` took at `time`.
    #[inline]
    pub(crate) fn raise(&mut self, thread: ThreadId, time: u32) {
        self.0[thread] = self.0[thread].max(time as i32);
    }

    /// How many steps of that thread it includes.
    #[inline]
    pub(crate) fn of(&self, thread: ThreadId) -> u32 {
        self.0[thread] as u32
    }

    /// Whether it includes all that `other` includes.
    #[inline]
    pub(crate) fn includes_all(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(other.0)
            .all(|(mine, theirs)| *mine >= theirs)
    }

    /// Whether it includes the step that `thread` took at `time`.
    #[inline]
    pub(crate) fn includes(&self, thread: ThreadId, time: u32) -> bool {
        time <= self.of(thread)
    }
}

/// For each atomic, by its number, the oldest of its stores that may still be read.
#[derive(Debug, Default)]
pub(crate) struct View(SmallVec<[u32; 8]>);

impl Clone for View {
    fn clone(&self) -> Self {
        Self(SmallVec::from_slice(&self.0))
    }

    /// Into the buffer that it has.
    #[inline]
    fn clone_from(&mut self, other: &Self) {
        if self.0.len() != other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, &theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = theirs;
        }
    }
}

impl View {
    /// The oldest store of that atomic.
    #[inline]
    pub(crate) fn oldest(&self, atomic: usize) -> usize {
        self.0.get(atomic).map_or(0, |&store| store as usize)
    }

    /// Nothing older than that store any more.
    #[inline]
    pub(crate) fn raise(&mut self, atomic: usize, store: usize) {
        if self.0.len() <= atomic {
            self.0.resize(atomic + 1, 0);
        }
        self.0[atomic] = self.0[atomic].max(store as u32);
    }

    /// Whether the other leaves nothing out that this does not.
    pub(crate) fn includes_all(&self, other: &Self) -> bool {
        let theirs = other.0.iter().enumerate();
        { theirs }.all(|(atomic, &oldest)| oldest as usize <= self.oldest(atomic))
    }

    /// Nothing older than in either.
    #[inline]
    pub(crate) fn join(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, &theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(theirs);
        }
    }
}

/// What happens before a point in a thread: the steps, and for each atomic the
/// stores that are too old to be read.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) clock: VectorClock,
    pub(crate) view: View,
}

impl Clone for Past {
    fn clone(&self) -> Self {
        Self {
            clock: self.clock,
            view: self.view.clone(),
        }
    }

    #[inline]
    fn clone_from(&mut self, other: &Self) {
        self.clock = other.clock;
        self.view.clone_from(&other.view);
    }
}

impl Past {
    /// What happens before `other` happens before this too.
    #[inline]
    pub(crate) fn join(&mut self, other: &Self) {
        self.clock.join(&other.clock);
        self.view.join(&other.view);
    }

    /// Nothing.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.clock = VectorClock::default();
        self.view.0.clear();
    }
}
