//! What the threads of a scene share of a `Once`: how far it has come.

use crate::engine::access::Kind;
use crate::engine::clock::{Past, VectorClock};
use crate::engine::execution::iteration::Seen;
use crate::engine::execution::object::{Blocking, Spot, State, Wait, of};
use crate::engine::execution::step::Step;
use crate::engine::execution::trace::{Gate, Hold, RecordId};
use crate::engine::hash::word;
use crate::engine::ids::{At, ObjectId, ThreadId};

pub(super) const NEW: u8 = 0;
pub(super) const RUNS: u8 = 1;
pub(super) const POISONED: u8 = 2;
pub(super) const COMPLETE: u8 = 3;

#[derive(Default)]
pub(super) struct Progress {
    pub(super) runner: Option<(ThreadId, At)>,
    is_poisoned: bool,
    is_complete: bool,
    /// What happens before the end is seen, and the record that tells of the end.
    pub(super) past: Past,
    pub(super) ended: Option<RecordId>,
}

impl State for Progress {
    fn reset(&mut self) {
        self.runner = None;
        (self.is_poisoned, self.is_complete) = (false, false);
        self.past.clear();
        self.ended = None;
    }

    fn is_held_by(&self, thread: ThreadId) -> bool {
        self.runner.is_some_and(|(runner, _)| runner == thread)
    }

    fn is_released_beside(&self, clock: &VectorClock) -> bool {
        !clock.includes_all(&self.past.clock)
    }
}

/// Waits until no thread runs its closure.
pub(super) struct Idle;

impl Blocking for Idle {
    fn is_over(&self, state: &dyn State) -> bool {
        of::<Progress>(state).runner.is_none()
    }

    fn holders(&self, state: &dyn State) -> Vec<(ThreadId, At)> {
        of::<Progress>(state).runner.into_iter().collect()
    }

    fn describe(&self, object: &str, _timed: bool) -> String {
        format!("waits for `{object}`")
    }

    fn held(&self) -> &'static str {
        "which is being initialized by"
    }

    fn takes(&self) -> Option<Kind> {
        Some(Kind::Acquire)
    }
}

/// Waits until a closure has returned; `true`: or has panicked.
pub(super) struct Ended(pub(super) bool);

/// Waits until a closure has returned.
pub(super) static RETURNED: Ended = Ended(false);

impl Blocking for Ended {
    fn is_over(&self, state: &dyn State) -> bool {
        let progress = of::<Progress>(state);
        progress.is_complete || (self.0 && progress.is_poisoned)
    }

    fn holders(&self, state: &dyn State) -> Vec<(ThreadId, At)> {
        Idle.holders(state)
    }

    fn describe(&self, object: &str, timed: bool) -> String {
        Idle.describe(object, timed)
    }

    fn held(&self) -> &'static str {
        Idle.held()
    }

    fn never(&self) -> &'static str {
        ": no thread will ever initialize it"
    }
}

pub(super) fn wait_for(object: ObjectId, what: &'static dyn Blocking) -> Wait {
    let timed = false;
    Wait {
        object,
        what,
        timed,
    }
}

impl Step<'_, Progress> {
    pub(super) fn notes_call(&mut self, found: u8, runs: bool, at: At) {
        let id = self.id;
        let record = self.note(at, |record, names| {
            let found = match record.values[0] as u8 {
                COMPLETE => " → initialized",
                POISONED => " → poisoned",
                _ => "",
            };
            let verb = ["call", "initialize"][record.values[1] as usize];
            format!("{verb} {}{found}", names.object_of(record))
        });
        record.values = [found.into(), runs.into()];
        record.gate = Gate::Free(id);
        record.waited = Some(wait_for(id, &Idle));
        record.lock = runs.then_some((id, Hold::Takes));
    }

    /// The closure of the running thread has ended.
    pub(super) fn ends_closure(&mut self, returned: bool, is_step: bool, at: At) {
        let id = self.id;
        let progress = self.state();
        progress.runner = None;
        (progress.is_complete, progress.is_poisoned) = (returned, !returned);
        if !is_step {
            return self.has_unwound();
        }
        self.writes_it(const { word("end") });
        let place = self.end();
        let writes = self.objects[id].writes;
        self.accesses(place, Kind::Write, (writes, const { word("end") }, 0));
        self.objects[id].version += 1;
        let next = self.trace.next();
        let (views, progress) = self.views_and_state();
        progress.past.clone_from(&views.past);
        progress.ended = Some(next);
        let record = self.note(at, |record, names| {
            let how = ["is poisoned by a panic", "is initialized"][record.values[0] as usize];
            format!("{} {how}", names.object_of(record))
        });
        record.values = [returned.into(), 0];
        record.lock = Some((id, Hold::Releases));
    }

    /// The running thread sees whether a closure has ended, and not whether one runs.
    pub(super) fn sees_end(&mut self, operation: u64) {
        let (id, place) = (self.id, self.end());
        let version = self.objects[id].version;
        self.sees(Seen::Version(id, version));
        self.begins_step();
        self.iterates(id, operation);
        self.accesses(place, Kind::Read, (version, operation, 0));
        let (views, progress) = self.views_and_state();
        views.past.join(&progress.past);
    }

    /// Where it is read whether a closure has ended.
    fn end(&self) -> Spot {
        self.objects[self.id].spot().part(const { word("end") })
    }
}
