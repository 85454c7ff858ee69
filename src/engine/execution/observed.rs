//! Which changes of the counts of an `Arc` other threads can tell.

use super::counts::Change;
use super::failure::Failure;
use super::iteration::Held;
use super::run::Execution;
use super::trace::RecordKind::{Destruction, Narration};
use crate::engine::clock::VectorClock;
use crate::engine::ids::ObjectId;

impl Execution {
    /// Whether a change of the counts of that `Arc` is a step of its own.
    pub(crate) fn counts_are_seen(&self, arc: ObjectId, change: Change) -> bool {
        let known = &self.seen_counts[..self.settings.seen_counts];
        let made_at = self.objects[arc].made_at;
        known
            .iter()
            .any(|&(at, seen)| Some(at) == made_at && seen <= change)
    }

    /// Another thread can tell such a change of the counts of that `Arc`: if it is no step,
    /// the exploration starts again.
    pub(crate) fn must_see_counts(&mut self, arc: ObjectId, change: Change) {
        let Some(at) = self.objects[arc].made_at else {
            return;
        };
        if self.counts_are_seen(arc, change) {
            return;
        }
        if !self.seen_counts.contains(&(at, change)) {
            self.seen_counts.push((at, change));
        }
        self.needs.seen_counts = self.seen_counts.len();
    }

    /// The running thread has dropped the last of an `Arc` that other threads have dropped
    /// before, and knows nothing of that so far.
    pub(crate) fn leaves_unacquired(&mut self, arc: ObjectId, dropped: VectorClock) {
        self.threads[self.current].unacquired.push((arc, dropped));
    }

    /// The running thread does something. If it has dropped the last of an `Arc`, it could
    /// know what others did before they dropped theirs.
    #[inline]
    pub(crate) fn can_tell_drops(&mut self) {
        if !self.threads[self.current].unacquired.is_empty() {
            self.tells_drops();
        }
    }

    #[cold]
    pub(super) fn tells_drops(&mut self) {
        let me = &mut self.threads[self.current];
        let knows = me.views.past.clock;
        for (arc, dropped) in std::mem::take(&mut me.unacquired) {
            if !knows.includes_all(&dropped) {
                self.must_see_counts(arc, Change::Drop);
            }
        }
    }

    /// All threads have ended.
    pub(super) fn finds_leak(&mut self) {
        let is_leaked = |&object: &ObjectId| {
            let entry = &self.objects[object];
            entry.destroyed.is_none() && entry.state.is_leaked()
        };
        if self.settings.leaks
            && self.failure.is_none()
            && let Some(object) = (0..self.objects.len()).find(is_leaked)
        {
            self.fails(Failure::Leak(object));
        }
    }

    /// Whether the running thread has found that it only waits: others run first.
    pub(crate) fn waits_in_loop(&self) -> bool {
        self.threads[self.current].held != Held::No
    }

    /// How many steps and records the running thread has to show so far. A destruction is
    /// none: it depends on every use of its object, so the search runs both orders.
    pub(crate) fn deeds_of_current(&self) -> (u64, usize) {
        let me = self.current;
        let records = self.trace.records().iter();
        let shows = records.filter(|record| {
            record.thread == me && !matches!(record.kind, Destruction | Narration)
        });
        (self.threads[me].steps, shows.count())
    }
}
