//! Vector clocks: what happens before what.

/// How far each thread's steps are known, by thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Clock([u32; loom::MAX_THREADS]);

impl Clock {
    /// Knows all that `other` knows as well.
    pub(super) fn join(&mut self, other: &Clock) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = (*mine).max(theirs);
        }
    }

    /// The thread takes a step.
    pub(super) fn tick(&mut self, thread: usize) {
        self.0[thread] += 1;
    }

    /// When it is for the thread itself.
    pub(super) fn now(&self, thread: usize) -> u32 {
        self.0[thread]
    }

    /// Whether the step that `thread` took at `time` happens before.
    pub(super) fn knows(&self, thread: usize, time: u32) -> bool {
        time <= self.0[thread]
    }
}
