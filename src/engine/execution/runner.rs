//! Runs executions, one after another.

use super::counts::SeenCount;
use super::run::{Execution, RUNNING, Settings};
use crate::engine::ids::At;
use crate::engine::search::{Reduction, Search};
use std::cell::RefCell;
use std::ptr::NonNull;
use std::rc::Rc;

/// The lines that the settings are about.
pub(crate) struct Learned {
    /// Those of loops that may not end.
    pub(crate) endless_loops: Vec<At>,
    seen_counts: Vec<SeenCount>,
}

impl Execution {
    fn learns(&mut self, learned: Learned) {
        self.endless_loops = learned.endless_loops;
        self.seen_counts = learned.seen_counts;
    }
}

/// Runs executions on this thread of the operating system.
pub(crate) struct Runner {
    /// Not in a `Box`: to move one says that no other pointer to its contents is in use.
    execution: Rc<RefCell<Execution>>,
}

impl Runner {
    /// `stack_size`: that of a scene's threads, in bytes.
    ///
    /// # Panics
    /// Inside a scene.
    pub(crate) fn new(settings: Settings, stack_size: usize) -> Self {
        assert!(
            RUNNING.get().is_none(),
            "a scene cannot be explored inside another"
        );
        let execution = Rc::new(RefCell::new(Execution::new(settings, stack_size)));
        let runner = Self { execution };
        runner.takes_over();
        runner
    }

    /// For another search through the same scene, in turn with this one.
    pub(crate) fn another(&self, settings: Settings, stack_size: usize) -> Self {
        let mut execution = Execution::new(settings, stack_size);
        execution.learns(self.learned());
        let execution = Rc::new(RefCell::new(execution));
        Self { execution }
    }

    /// From now on its execution is the one in progress.
    pub(super) fn takes_over(&self) {
        RUNNING.set(Some(NonNull::from(&*self.execution)));
    }

    /// The execution, while no scene runs.
    pub(crate) fn execution(&self) -> std::cell::RefMut<'_, Execution> {
        self.execution.borrow_mut()
    }

    /// The most preemptions that it explores, if there is a bound.
    pub(crate) fn bound(&self) -> Option<usize> {
        match self.execution().settings.reduction {
            Reduction::Preemptions(most) => Some(most),
            _ => None,
        }
    }

    /// Starts the search again, with one preemption more.
    pub(crate) fn raise_bound(&self) {
        let mut x = self.execution();
        if let Reduction::Preemptions(most) = &mut x.settings.reduction {
            *most += 1;
        }
        x.search = Search::default();
    }

    /// Whether a bound has kept a thread from running.
    pub(crate) fn has_left_out(&self) -> bool {
        self.execution().search.has_left_out()
    }

    /// The lines that it has found out about.
    pub(crate) fn learned(&self) -> Learned {
        let x = self.execution();
        Learned {
            endless_loops: x.endless_loops.clone(),
            seen_counts: x.seen_counts.clone(),
        }
    }

    /// Starts the exploration again, with other settings, of which these lines are part.
    pub(crate) fn start_again(&self, settings: Settings, learned: Learned) {
        let mut x = self.execution();
        x.learns(learned);
        x.search = Search::default();
        x.bounded_loops.clear();
        x.settings = settings;
    }

    /// The model itself has panicked. Coroutines may be in the middle of what they do, so
    /// nothing is dropped, and the execution cannot be reached any more.
    pub(crate) fn leak(self) {
        RUNNING.set(None);
        std::mem::forget(self);
    }

    /// Whether the last execution can be run once more.
    pub(crate) fn can_run_again(&self) -> bool {
        let x = self.execution();
        !x.is_abandoned() && x.difference.is_none()
    }

    /// Whether there is no other execution to run.
    pub(crate) fn is_last(&self) -> bool {
        self.execution().search.is_last()
    }

    /// On to the next execution, if there is one.
    pub(crate) fn advance(&self) -> bool {
        self.execution().search.advance()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        RUNNING.set(None);
    }
}
