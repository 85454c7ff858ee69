//! What may happen by itself, as often as the budget says: waits that end, waiters that
//! are chosen, weak exchanges that fail, processes that die.

use super::abort::{chosen, unwinding};
use super::failure::{Failure, NOT_DETERMINISTIC};
use super::iteration::Held;
use super::object::Spot;
use super::run::{Execution, Settings, with};
use super::thread::{Fate, Next, Thread};
use super::trace::{Gate, RecordId};
use crate::engine::access::{Access, Kind, Location};
use crate::engine::hash::{mix, word};
use crate::engine::ids::{At, ObjectId, ThreadId};
use crate::engine::search::Differs;
use smallvec::SmallVec;

/// What a weak exchange may take from so that it fails.
const WEAK_FAILURES: Location = word("budget of weak failures");

impl Fate {
    /// Names the budget that it is taken from.
    fn location(self) -> u64 {
        mix(const { word("budget") }, self as u64)
    }
}

/// How a wait ends by itself whose thread has made that access.
pub(super) fn fate(access: Access) -> Option<Fate> {
    let mut fates = [Fate::Spurious, Fate::Early].into_iter();
    fates.find(|fate| access.kind == Kind::Write && access.location == fate.location())
}

/// How a wait may end by itself, if the budget allows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MayEnd {
    spuriously: bool,
    early: bool,
}

impl MayEnd {
    pub(crate) const EARLY: Self = Self {
        spuriously: false,
        early: true,
    };

    /// Spuriously; if it is timed, early as well.
    pub(crate) fn like_a_condvar(timed: bool) -> Self {
        Self {
            spuriously: true,
            early: timed,
        }
    }
}

/// How a wait has ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Spuriously,
    Early,
    /// When no other thread could run.
    TimedOut,
}

impl Ended {
    pub(crate) fn timed_out(self) -> bool {
        self != Self::Spuriously
    }

    pub(crate) fn operation(self) -> u64 {
        match self {
            Self::Spuriously => const { word("wakes spuriously") },
            Self::Early => const { word("times out early") },
            Self::TimedOut => const { word("times out") },
        }
    }

    pub(crate) fn gate(self) -> Gate {
        match self {
            Self::Spuriously | Self::Early => Gate::Chance,
            Self::TimedOut => Gate::AfterAll,
        }
    }
}

/// The thread begins to wait: decides whether the wait may end by itself.
pub(crate) fn begins_to_wait(how: MayEnd) {
    chosen(with(|x| x.decide_fate(how)));
}

/// Whether the process dies here that the running thread stands for. It is no step: a
/// process that dies after a step dies before its next. A process that dies leaves less
/// of the budget to others, and is independent of them all the same: whichever of two
/// comes first, it is tried that the one dies, that the other does, and that neither.
pub(crate) fn may_die() -> bool {
    let none_dies = |x: &mut Execution| {
        x.has_choices |= x.settings.deaths > 0;
        x.is_aborted() || x.deaths == x.settings.deaths
    };
    if unwinding() || with(none_dies) {
        return false;
    }
    chosen(with(|x| x.search.choose(2))) == 1
}

/// What a wait may take from so that it ends by itself: how much there is, and how much
/// has been taken.
type Budgets = SmallVec<[(Fate, usize, usize); 2]>;

impl Execution {
    fn budgets(&mut self, how: MayEnd) -> Budgets {
        let Settings {
            spurious_wake_ups,
            early_timeouts,
            ..
        } = self.settings;
        let spurious = (Fate::Spurious, spurious_wake_ups, self.spurious_wake_ups);
        let early = (Fate::Early, early_timeouts, self.early_timeouts);
        let budgets = [(how.spuriously, spurious), (how.early, early)].into_iter();
        let budgets: Budgets = budgets
            .filter(|&(may, (_, most, _))| may && most > 0)
            .map(|(_, budget)| budget)
            .collect();
        self.has_choices |= !budgets.is_empty();
        budgets
    }

    /// Whether a wait may end by itself, by what the exploration allows.
    pub(crate) fn has_budget(&mut self, how: MayEnd) -> bool {
        !self.budgets(how).is_empty()
    }

    /// How a wait is to end that now begins, as far as the budget goes: all that can be
    /// is tried.
    fn decide_fate(&mut self, how: MayEnd) -> Result<(), Differs> {
        if self.threads[self.current].held != Held::No {
            return Ok(()); // it would only repeat itself
        }
        let budgets = self.budgets(how);
        let left = budgets.iter().filter(|(_, most, used)| used < most);
        let fates: SmallVec<[Option<Fate>; 4]> = [None]
            .into_iter()
            .chain(left.map(|&(fate, ..)| Some(fate)))
            .collect();
        let fate = fates[self.search.choose(fates.len())?];
        for (budget, _, used) in budgets {
            self.takes_or_leaves(budget.location(), used, fate == Some(budget));
        }
        match fate {
            Some(Fate::Spurious) => self.spurious_wake_ups += 1,
            Some(Fate::Early) => self.early_timeouts += 1,
            None => {}
        }
        self.threads[self.current].fate = fate;
        Ok(())
    }

    /// A step that takes from a budget leaves less to others.
    fn takes_or_leaves(&mut self, budget: Location, used: usize, takes: bool) {
        let (kind, operation) = match takes {
            true => (Kind::Write, const { word("takes") }),
            false => (Kind::Read, const { word("leaves") }),
        };
        self.accesses_unrecorded(Spot::at(budget), kind, (used as u64, operation, 0));
    }

    /// Whether a weak exchange may still fail that could succeed.
    pub(crate) fn may_fail_spuriously(&self) -> bool {
        self.weak_failures < self.settings.weak_failures
    }

    /// The present step is a weak exchange. It `could` have failed spuriously, if there
    /// was enough left, and perhaps it `fails` so.
    pub(crate) fn exchanges_weakly(&mut self, could: bool, fails: bool) {
        if self.settings.weak_failures == 0 {
            return;
        }
        self.has_choices = true;
        match could {
            true => self.takes_or_leaves(WEAK_FAILURES, self.weak_failures, fails),
            // As in `might_have_waited`.
            false => self.searches(WEAK_FAILURES, Kind::Write),
        }
        if fails {
            self.weak_failures += 1;
            // The next time it may succeed: it is not in a loop that waits.
            self.may_go_on_otherwise();
        }
    }

    /// The thread need not wait, as things are. If it had come before they were so, it
    /// might have taken from the budgets. Another wait that takes from them could then
    /// not have come in between, and to find that out it must race with this.
    pub(crate) fn might_have_waited(&mut self, how: MayEnd) {
        for (budget, ..) in self.budgets(how) {
            self.searches(budget.location(), Kind::Write);
        }
    }

    /// The thread uses what is freed. If that had lived, it might have taken from any of
    /// the budgets.
    pub(super) fn might_have_taken(&mut self) {
        self.might_have_waited(MayEnd::like_a_condvar(true));
        if self.settings.weak_failures > 0 {
            self.searches(WEAK_FAILURES, Kind::Write);
        }
    }

    /// The running thread's wait has ended by itself.
    pub(crate) fn wait_is_over(&mut self) -> Ended {
        let thread = &mut self.threads[self.current];
        thread.timed_out = false;
        let ended = match thread.fate.take() {
            Some(Fate::Spurious) => Ended::Spuriously,
            Some(Fate::Early) => Ended::Early,
            None => Ended::TimedOut,
        };
        if ended != Ended::TimedOut {
            self.may_go_on_otherwise();
        }
        ended
    }

    /// Which of so many waiters to wake.
    pub(crate) fn choose_waiter(&mut self, waiting: usize) -> Result<usize, Differs> {
        if waiting < 2 || !self.settings.any_waiter || unwinding() {
            return Ok(0);
        }
        self.has_choices = true;
        self.search.choose(waiting)
    }

    /// What the running thread does ends another's wait at that object; afterwards that
    /// thread does something else, if it is said what.
    pub(crate) fn ends_wait_of(
        &mut self,
        thread: ThreadId,
        object: ObjectId,
        next: Option<Next>,
        by: RecordId,
    ) {
        let waits =
            |thread: &Thread| matches!(thread.next, Next::Waits(wait) if wait.object == object);
        if !waits(&self.threads[thread]) {
            return;
        }
        let waiter = &mut self.threads[thread];
        let timed_out = std::mem::take(&mut waiter.timed_out);
        let fate = waiter.fate.take();
        if waiter.held == Held::Waits {
            waiter.held = Held::No;
        }
        if let Some(next) = next {
            waiter.next = next;
            waiter.enabled_by = Some(by);
        }
        if timed_out || fate.is_some() {
            self.search.comes_too_late(thread);
        }
        self.search.enables(thread);
        self.is_redundant |= fate.is_some();
    }

    /// The thread that waits at that object, if one does.
    pub(crate) fn waiter_at(&self, object: ObjectId) -> Option<ThreadId> {
        let waits =
            |thread: &Thread| matches!(thread.next, Next::Waits(wait) if wait.object == object);
        self.threads.iter().position(waits)
    }

    /// The record of the step that ended the running thread's wait.
    pub(crate) fn enabled_by(&mut self) -> Gate {
        let by = self.threads[self.current].enabled_by.take();
        by.map_or(Gate::Open, Gate::After)
    }

    /// The process that the running thread stands for dies.
    pub(crate) fn dies(&mut self, at: At) {
        self.notes(None, at, |_, _| "dies".to_owned());
        self.begins_step();
        self.names_step(0, (0, const { word("dies") }, 0));
        self.deaths += 1;
    }

    pub(super) fn is_not_deterministic(&mut self) {
        self.fail(Failure::Misuse(NOT_DETERMINISTIC));
    }
}
