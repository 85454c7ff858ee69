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

/// For each atomic, by its id, the oldest of its stores that may still be read.
#[derive(Debug, Clone, Default)]
pub(super) struct View(Vec<usize>);

impl View {
    /// The oldest store of that atomic.
    pub(super) fn oldest(&self, atomic: usize) -> usize {
        self.0.get(atomic).copied().unwrap_or(0)
    }

    /// Nothing older than that store any more.
    pub(super) fn raise(&mut self, atomic: usize, store: usize) {
        if self.0.len() <= atomic {
            self.0.resize(atomic + 1, 0);
        }
        self.0[atomic] = self.0[atomic].max(store);
    }

    /// Nothing older than in either.
    pub(super) fn join(&mut self, other: &View) {
        for (atomic, &store) in other.0.iter().enumerate() {
            self.raise(atomic, store);
        }
    }
}

/// What a thread knows, or what it lets others know.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) clock: Clock,
    pub(super) view: View,
}

impl Known {
    /// Knows all that `other` knows as well.
    pub(super) fn join(&mut self, other: &Known) {
        self.clock.join(&other.clock);
        self.view.join(&other.view);
    }
}
