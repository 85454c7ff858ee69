//! A thread's yields, and what it does in between: its iterations, if it is in a loop.

use crate::engine::ids::{At, ObjectId, ThreadId};
use smallvec::SmallVec;

/// How many yields of a thread are compared with the next one.
const MAX_YIELDS: usize = 64;

/// What a thread has done, as far as it can tell whether the thread is in a loop.
#[derive(Debug, Default)]
pub(super) struct Loops {
    /// What the thread has read since it last changed something.
    seen: Vec<Seen>,
    /// How often it has changed something.
    changes: u64,
    /// When it yielded.
    yields: Vec<Yield>,
    /// What it has accessed since it last yielded, and between the two times before.
    accessed: Vec<(ObjectId, u64)>,
    accessed_before: Vec<(ObjectId, u64)>,
    /// Whether it has done since its last yield just what it did before that.
    is_same_so_far: bool,
    /// Whether its loop has had all iterations that are explored.
    is_bounded: bool,
    /// How many iterations in a row began with the same stack and accessed the same.
    alike: usize,
    /// Which part of `seen` was read in an iteration that will be repeated, until
    /// something of it is written.
    waits_for: Option<(usize, usize)>,
    /// For each line that yields: how many iterations were not proved to be waiting.
    iterations: SmallVec<[(At, usize); 2]>,
    /// How often it has yielded without having done anything at all.
    idle: usize,
}

#[derive(Debug, Clone, Copy)]
struct Yield {
    /// The hash of the thread's stack, if it is known.
    stack: Option<u64>,
    /// How long `seen` was, and how often it had changed something.
    seen: usize,
    changes: u64,
}

/// What a thread has seen of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// How often it had been written.
    Writes(ObjectId, u64),
    /// Which version there was of what it holds. To lock and unlock a mutex is no
    /// change of what it protects.
    Version(ObjectId, u64),
}

impl Seen {
    pub(super) fn object(self) -> ObjectId {
        match self {
            Self::Writes(object, _) | Self::Version(object, _) => object,
        }
    }
}

/// What an iteration was that ends with a yield.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Iteration {
    /// Nothing at all, so often in a row.
    Idle(usize),
    /// The thread has changed nothing since its stack was the same as now: it will do
    /// the same until something that it has read is written.
    Waits,
    /// So many iterations in a row looked alike, and so many at this line could not be
    /// told to be waiting.
    Differs { alike: usize, all: usize },
}

impl Loops {
    pub(super) fn clear(&mut self) {
        if !self.has_yielded() {
            return; // it has kept nothing
        }
        self.seen.clear();
        self.changes = 0;
        self.yields.clear();
        self.accessed.clear();
        self.accessed_before.clear();
        self.is_same_so_far = false;
        self.is_bounded = false;
        self.alike = 0;
        self.waits_for = None;
        self.iterations.clear();
        self.idle = 0;
    }

    /// What a thread does before it yields is no iteration of a loop of interest.
    #[inline]
    fn has_yielded(&self) -> bool {
        !self.yields.is_empty()
    }

    #[inline]
    pub(super) fn sees(&mut self, seen: Seen) {
        if self.has_yielded() {
            self.seen.push(seen);
        }
    }

    /// The thread has changed something that others can see.
    #[inline]
    pub(super) fn changes(&mut self) {
        if self.has_yielded() {
            self.changes += 1;
            self.seen.clear();
            self.waits_for = None;
        }
    }

    /// The thread accesses that.
    #[inline]
    pub(super) fn accesses(&mut self, object: ObjectId, operation: u64) {
        if !self.has_yielded() {
            return;
        }
        let access = (object, operation);
        let expected = self.accessed_before.get(self.accessed.len());
        self.is_same_so_far &= expected == Some(&access);
        self.accessed.push(access);
    }

    /// No more iterations of the loop are explored.
    pub(super) fn ends_exploring(&mut self) {
        self.is_bounded = true;
    }

    /// Whether it is in a loop, doing again what it did before, of which no more
    /// iterations are explored.
    pub(super) fn is_beyond_bound(&self) -> bool {
        self.is_bounded && self.is_same_so_far
    }

    /// Whether the thread does again what it has done in iterations that came to nothing.
    #[inline]
    pub(super) fn is_alike(&self) -> bool {
        self.alike > 0 && self.is_same_so_far
    }

    /// At which of the earlier yields the stack was the same.
    pub(super) fn same_as(&self, stack: Option<u64>) -> Option<usize> {
        let is_same = |then: &Yield| then.stack.is_some() && then.stack == stack;
        self.yields.iter().rposition(is_same)
    }

    /// The thread yields at that line, with that stack, which was the `same` before.
    pub(super) fn yields(&mut self, at: At, stack: Option<u64>, same: Option<usize>) -> Iteration {
        let now = Yield {
            stack,
            seen: self.seen.len(),
            changes: self.changes,
        };
        let is_idle = |last: &Yield| (last.seen, last.changes) == (now.seen, now.changes);
        if self.yields.last().is_some_and(is_idle) {
            self.idle += 1;
            return Iteration::Idle(self.idle);
        }
        self.idle = 0;
        let same_then = same.map(|place| self.yields.remove(place));
        if self.yields.len() == MAX_YIELDS {
            self.yields.remove(0);
        }
        self.yields.push(now);
        let is_known = stack.is_none() || same_then.is_some();
        let is_alike = is_known && self.accessed == self.accessed_before;
        std::mem::swap(&mut self.accessed, &mut self.accessed_before);
        self.accessed.clear();
        self.is_same_so_far = true;
        self.is_bounded = false;
        if let Some(then) = same_then.filter(|then| then.changes == now.changes) {
            self.waits_for = Some((then.seen, now.seen));
            return Iteration::Waits;
        }
        self.waits_for = None;
        self.alike = if is_alike { self.alike + 1 } else { 0 };
        let all = self.iterations.iter_mut().find(|(line, _)| *line == at);
        let all = match all {
            Some((_, all)) => all,
            None => {
                self.iterations.push((at, 0));
                let last = self.iterations.len() - 1;
                &mut self.iterations[last].1
            }
        };
        *all += 1;
        Iteration::Differs {
            alike: self.alike,
            all: *all,
        }
    }

    /// What was read in the last iteration, if the thread is in a loop that waits.
    pub(super) fn waits_for(&self) -> &[Seen] {
        self.waits_for
            .map_or(&[], |(from, to)| &self.seen[from..to])
    }

    /// The objects that were accessed in the last iteration.
    pub(super) fn accessed_before(&self) -> impl Iterator<Item = ObjectId> {
        self.accessed_before.iter().map(|&(object, _)| object)
    }
}

/// How things stood when only threads were left that are held in loops.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standstill {
    /// How many iterations the loops have been allowed since, and whose was the last.
    pub(super) iterations: usize,
    pub(super) last: ThreadId,
    pub(super) records: usize,
    pub(super) name: u128,
}

/// Whether a thread goes on after it has yielded.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    #[default]
    No,
    /// It waits: it goes on when something that it has read is written.
    Waits,
    /// Its loop has had all the iterations that the exploration allows: it goes on when
    /// another thread changes something that it accesses. There had been so many such
    /// changes.
    Bounded(u64),
}
