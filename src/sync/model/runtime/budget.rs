//! What may happen by itself, as often as the budget says: waits that end, waiters
//! that are chosen, processes that die.

use super::super::events::What;
use super::super::search::{Access, Differs};
use super::{
    At, Execution, Failure, NOT_DETERMINISTIC, Next, ObjectId, Settings, Thread, ThreadId,
    TornDown, Waiting, chosen, hash64, is_torn_down, unwind, unwinding, with,
};

/// How a wait is to end, if nobody notifies before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It wakes by itself.
    Spurious,
    /// Its time is up before everybody else has come to a stop.
    Early,
}

impl Fate {
    /// Names the budget that it is taken from.
    fn key(self) -> u64 {
        hash64(("budget", self as u8))
    }
}

/// How a wait may end by itself, if the budget allows it.
#[derive(Debug, Clone, Copy)]
pub(in crate::sync::model) struct MayEnd {
    spuriously: bool,
    early: bool,
}

impl MayEnd {
    pub(in crate::sync::model) const EARLY: Self = Self {
        spuriously: false,
        early: true,
    };

    /// Spuriously; if it is timed, early as well.
    pub(in crate::sync::model) fn like_a_condvar(timed: bool) -> Self {
        Self {
            spuriously: true,
            early: timed,
        }
    }
}

/// The thread begins to wait: decides whether the wait may end by itself.
pub(in crate::sync::model) fn begins_to_wait(me: ThreadId, how: MayEnd) {
    let decided = with(|x| x.decide_fate(me, how));
    chosen(decided);
}

/// Whether the process dies here that the running thread stands for. No step: a
/// process that dies after a step dies before its next. Each may die at each of its
/// places, and an execution in which more die than the budget allows is given up:
/// so nobody has to look whether others have died.
pub(in crate::sync::model) fn may_die(at: At) -> bool {
    if unwinding() || is_torn_down() || with(|x| x.settings.deaths == 0) {
        return false;
    }
    let dies = chosen(with(|x| x.search.choose(2))) == 1;
    if dies {
        with(|x| x.dies(at));
        if is_torn_down() {
            unwind();
        }
    }
    dies
}

impl Execution {
    /// What a wait may take from so that it ends by itself: how much there is, and
    /// how much has been taken.
    fn budgets(&self, how: MayEnd) -> Vec<(Fate, usize, usize)> {
        let Settings {
            spurious_wake_ups,
            early_timeouts,
            ..
        } = self.settings;
        let spurious = (Fate::Spurious, spurious_wake_ups, self.spurious_wake_ups);
        let early = (Fate::Early, early_timeouts, self.early_timeouts);
        let budgets = [(how.spuriously, spurious), (how.early, early)].into_iter();
        budgets
            .filter(|&(may, (_, most, _))| may && most > 0)
            .map(|(_, budget)| budget)
            .collect()
    }

    /// Whether a wait may end by itself, by what the exploration allows.
    pub(in crate::sync::model) fn has_budget(&self, how: MayEnd) -> bool {
        !self.budgets(how).is_empty()
    }

    /// How a wait is to end that now begins, as far as the budget goes: all that
    /// can be is tried.
    fn decide_fate(&mut self, me: ThreadId, how: MayEnd) -> Result<(), Differs> {
        let budgets = self.budgets(how);
        let left = budgets.iter().filter(|(_, most, used)| used < most);
        let fates: Vec<Option<Fate>> = [None]
            .into_iter()
            .chain(left.map(|&(fate, ..)| Some(fate)))
            .collect();
        let fate = fates[self.search.choose(fates.len())?];
        for (budget, _, used) in budgets {
            // Who takes from a budget leaves less to others.
            let (access, what) = match fate == Some(budget) {
                true => (Access::Change, "takes"),
                false => (Access::Read, "leaves"),
            };
            self.touches(me, budget.key(), access, (used as u64, what, 0));
        }
        match fate {
            Some(Fate::Spurious) => self.spurious_wake_ups += 1,
            Some(Fate::Early) => self.early_timeouts += 1,
            None => {}
        }
        self.threads[me].fate = fate;
        Ok(())
    }

    /// The thread need not wait, as things are. If it had come before they were so,
    /// it might have taken from the budgets: who else takes from them could then not
    /// have come in between, and to find that out they must race with this.
    pub(in crate::sync::model) fn might_have_waited(&mut self, how: MayEnd) {
        for (budget, ..) in self.budgets(how) {
            if let Err(Differs) = self.search.touch(budget.key(), Access::Change) {
                self.fail(Failure::Misuse(NOT_DETERMINISTIC));
            }
        }
    }

    /// The thread's wait ends by itself.
    pub(in crate::sync::model) fn ends_wait(&mut self, me: ThreadId, object: ObjectId) -> What {
        let (what, kind) = self.wait_is_over(me);
        self.writes(me, object, kind);
        what
    }

    /// The same, for an object that is more than one thing.
    pub(in crate::sync::model) fn wait_is_over(&mut self, me: ThreadId) -> (What, &'static str) {
        self.threads[me].late = false;
        match self.threads[me].fate.take() {
            Some(Fate::Spurious) => (What::WokenSpuriously, "wakes spuriously"),
            Some(Fate::Early) => (What::TimedOut { early: true }, "times out early"),
            None => (What::TimedOut { early: false }, "times out"),
        }
    }

    /// Which of so many waiters to wake.
    pub(in crate::sync::model) fn choose_waiter(
        &mut self,
        waiting: usize,
    ) -> Result<usize, Differs> {
        match self.settings.any_waiter && !unwinding() {
            true => self.search.choose(waiting.max(1)),
            false => Ok(0),
        }
    }

    /// A thread that waits is notified: it needs only the lock to go on.
    pub(in crate::sync::model) fn notified(&mut self, thread: ThreadId) {
        if let Next::Waits(Waiting::Notified { mutex, .. }) = self.threads[thread].next {
            self.is_let_go_on(thread);
            self.threads[thread].next = Next::Waits(Waiting::Lock(mutex));
        }
    }

    /// A thread has been unparked.
    pub(in crate::sync::model) fn unparked(&mut self, thread: ThreadId) {
        if matches!(
            self.threads[thread].next,
            Next::Waits(Waiting::Token { .. })
        ) {
            self.is_let_go_on(thread);
        }
    }

    /// Something comes into that channel: a message, or its end. Who waits for it
    /// goes on, but not because of what comes after.
    pub(in crate::sync::model) fn comes_into(&mut self, id: ObjectId) {
        let waits = |thread: &Thread| matches!(thread.next, Next::Waits(Waiting::Message { channel, .. }) if channel == id);
        if !self.lets_receive(id)
            && let Some(thread) = self.threads.iter().position(waits)
        {
            self.is_let_go_on(thread);
        }
    }

    /// What the running thread does ends another's wait.
    fn is_let_go_on(&mut self, thread: ThreadId) {
        let waiter = &mut self.threads[thread];
        let late = std::mem::take(&mut waiter.late);
        let fate = waiter.fate.take();
        if late || fate.is_some() {
            self.search.comes_too_late(thread);
        }
        self.search.lets_go_on(thread);
        self.repeats |= fate.is_some();
    }

    fn dies(&mut self, at: At) {
        let me = self.current;
        self.note(me, None, What::Dies, at);
        self.counts_step(me);
        let thread = &self.threads[me];
        let hash = hash64((thread.key, thread.steps, "dies"));
        self.trace = self.trace.wrapping_add(u128::from(hash));
        self.deaths += 1;
        if self.deaths > self.settings.deaths {
            self.tear_down(TornDown::Repeats);
        }
    }
}
