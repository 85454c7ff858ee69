//! What the threads of a scene share of a mutex: which of them owns it. And what all
//! locks have in common.

use crate::engine::access::Kind;
use crate::engine::clock::{Past, VectorClock};
use crate::engine::execution::abort::is_aborted;
use crate::engine::execution::handle::Handle;
use crate::engine::execution::iteration::Seen;
use crate::engine::execution::object::{Blocking, State, Wait, of};
use crate::engine::execution::panics::abort_after_panic;
use crate::engine::execution::run::{Execution, with};
use crate::engine::execution::schedule::{abandon, unwind_first};
use crate::engine::execution::step::Step;
use crate::engine::execution::trace::{Gate, Hold, Names, Record, RecordKind};
use crate::engine::hash::word;
use crate::engine::ids::{At, ObjectId, ThreadId};
use std::sync::{LockResult, PoisonError};

#[derive(Default)]
pub(super) struct Lock {
    pub(super) owner: Option<(ThreadId, At)>,
    released: Past,
}

impl State for Lock {
    fn reset(&mut self) {
        self.owner = None;
        self.released.clear();
    }

    fn is_held_by(&self, thread: ThreadId) -> bool {
        self.owner.is_some_and(|(owner, _)| owner == thread)
    }

    fn is_released_beside(&self, clock: &VectorClock) -> bool {
        !clock.includes_all(&self.released.clock)
    }
}

/// Waits until the mutex is free.
pub(super) struct Free;

impl Blocking for Free {
    fn is_over(&self, state: &dyn State) -> bool {
        of::<Lock>(state).owner.is_none()
    }

    fn holders(&self, state: &dyn State) -> Vec<(ThreadId, At)> {
        of::<Lock>(state).owner.into_iter().collect()
    }

    fn describe(&self, object: &str, _timed: bool) -> String {
        format!("waits to lock `{object}`")
    }

    fn takes(&self) -> Option<Kind> {
        Some(Kind::Acquire)
    }
}

impl Step<'_, Lock> {
    /// The running thread takes the lock, which is free.
    pub(super) fn takes_lock(&mut self, at: At, kind: Kind) {
        let me = self.me();
        let (views, lock) = self.views_and_state();
        lock.owner = Some((me, at));
        views.past.join(&lock.released);
        let id = self.id;
        self.rewrites(id, kind, const { word("lock") }, 0);
        let version = self.objects[id].version;
        self.sees(Seen::Version(id, version));
    }

    /// It releases the lock; `changed`: what the mutex protects.
    pub(super) fn releases_lock(&mut self, changed: bool) {
        let id = self.id;
        self.rewrites(id, Kind::Write, const { word("unlock") }, 0);
        if changed {
            self.makes_news();
        }
        let (views, lock) = self.views_and_state();
        lock.owner = None;
        lock.released.clone_from(&views.past);
    }

    pub(super) fn notes_lock(&mut self, at: At, poisoned: bool) {
        let id = self.id;
        let record = self.note(at, |record, names| {
            let poisoned = if record.values[0] == 1 {
                " → poisoned"
            } else {
                ""
            };
            format!("lock {}{poisoned}", names.object_of(record))
        });
        record.values = [poisoned.into(), 0];
        record.gate = Gate::Free(id);
        record.waited = Some(lock_of(id));
        record.lock = Some((id, Hold::Takes));
        record.kind = RecordKind::Locks(true);
    }

    pub(super) fn notes_try_lock(&mut self, at: At, locked: bool, poisoned: bool) {
        let id = self.id;
        let record = self.note(at, tell_try_lock);
        record.values = [locked.into(), poisoned.into()];
        record.lock = locked.then_some((id, Hold::Takes));
    }
}

impl<S: State> Step<'_, S> {
    /// What the lock protects is different.
    pub(super) fn makes_news(&mut self) {
        let id = self.id;
        self.objects[id].version += 1;
        self.changes(id);
    }

    pub(super) fn notes_cleared_poison(&mut self, at: At) {
        self.needs.releases_are_seen = true;
        // It can come before a lock at a moment when another thread holds the lock.
        self.needs_all_orders();
        self.note(at, |record, names| {
            format!("clear_poison {}", names.object_of(record))
        });
    }

    pub(super) fn notes_poison(&mut self, at: At, poisoned: bool) {
        let record = self.note(at, |record, names| {
            let not = if record.values[0] == 1 { "" } else { "not " };
            format!("{} is {not}poisoned", names.object_of(record))
        });
        record.values = [poisoned.into(), 0];
    }

    pub(super) fn notes_unlock(&mut self, at: At, poisons: bool) {
        let id = self.id;
        let record = self.note(at, |record, names| {
            let poisons = if record.values[0] == 1 {
                ": poisoned"
            } else {
                ""
            };
            format!("unlock {}{poisons}", names.object_of(record))
        });
        record.values = [poisons.into(), 0];
        record.lock = Some((id, Hold::Releases));
        if !poisons {
            record.kind = RecordKind::Locks(false);
        }
    }
}

/// Waits until the lock is free for a thread that unwinds. No schedule point is passed
/// while a thread unwinds, so the thread cannot wait for another to run on. If another
/// thread holds the lock, the execution is aborted, and that thread unwinds first.
pub(super) fn free_while_unwinding<S: State + Default>(
    handle: &Handle<S>,
    holder: fn(&S) -> Option<ThreadId>,
) {
    let id = handle.id();
    loop {
        let holds = move |x: &mut Execution| holder(Step::<S>::new(x, id).state());
        match with(holds) {
            None => return,
            Some(_) if !is_aborted() => abort_after_panic(),
            Some(thread) => {
                if with(|x| x.has_ended(thread)) {
                    // It has leaked its guard, which may be in use elsewhere: as under
                    // std, the lock is never free again.
                    abandon();
                }
                unwind_first(thread, |x| holds(x) != Some(thread) || x.has_ended(thread));
            }
        }
    }
}

/// What std says of a value whose lock is poisoned, or is not.
pub(super) fn result<R>(poisoned: bool, value: R) -> LockResult<R> {
    match poisoned {
        true => Err(PoisonError::new(value)),
        false => Ok(value),
    }
}

/// A wait for that mutex to be free.
pub(super) fn lock_of(mutex: ObjectId) -> Wait {
    Wait {
        object: mutex,
        what: &Free,
        timed: false,
    }
}

fn tell_try_lock(record: &Record, names: &dyn Names) -> String {
    let found = match record.values {
        [0, _] => "held by another",
        [_, 0] => "succeeds",
        _ => "poisoned",
    };
    format!("try_lock {} → {found}", names.object_of(record))
}
