//! What an exploration has found so far. No code of the scene's or of a caller's runs
//! while it is locked: if such code does not return, the thread that watches the
//! exploration can still report.

use super::options::Options;
use super::order::Order;
use super::report::{
    Because, BoundedLoop, Budget, Exploration, Grade, Judged, Memory, Outcome, Promise, Proved,
    count,
};
use super::story::{self, Cost, Known};
use crate::engine::execution::failure::Failure;
use crate::engine::execution::run::Execution;
use crate::engine::hash::{Hashed, HashedSet};
use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How many places the search for an outcome's simplest story may look at in all (some
/// tenths of a second). An outcome with more is told by the best found then.
const PLACES: usize = 300_000;

pub(super) struct Found {
    memory: Memory,
    budget: Budget,
    pub(super) started: Instant,
    pub(super) executions: u64,
    /// By [`By`].
    counts: [Counts; 2],
    /// By outcome and grade.
    rows: Hashed<(String, Grade), Row>,
    /// What may be spent on the story of each.
    pub(super) places: usize,
    stopped: Option<String>,
    proved: Proved,
    /// Loops of which only some iterations were explored.
    pub(super) bounded: Vec<BoundedLoop>,
}

/// Which search an execution belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Through all interleavings.
    All,
    /// Through those with few preemptions, which are among the others.
    Few,
}

#[derive(Default)]
struct Counts {
    /// How many executions were different interleavings, …
    different: u64,
    /// … and the names of those that could come twice.
    names: HashedSet<u128>,
}

struct Row {
    outcome: Outcome,
    /// In how many different interleavings, by [`By`].
    different: [u64; 2],
    cost: Cost,
    /// Whether the scene is at fault, not the order of its steps.
    is_misuse: bool,
    /// What its story consists of.
    known: Vec<Known>,
    /// What may still be spent on a better story.
    places: usize,
    /// The fewest stale reads and preemptions that an interleaving can need whose orders
    /// were not all searched.
    at_least: (usize, usize),
}

/// A story that is not yet told: the execution is run once more for it.
pub(super) struct Untold {
    row: (String, Grade),
    cost: Cost,
    pub(super) order: Order,
}

pub(super) fn lock(found: &Mutex<Found>) -> MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Found {
    pub(super) fn nothing(options: &Options) -> Self {
        Self {
            memory: options.memory,
            budget: options.budget,
            started: Instant::now(),
            executions: 0,
            counts: Default::default(),
            rows: Hashed::default(),
            places: PLACES,
            stopped: None,
            proved: Proved::Nothing,
            bounded: Vec::new(),
        }
    }

    /// Everything is explored again.
    pub(super) fn forget(&mut self) {
        self.executions = 0;
        self.counts = Default::default();
        self.rows.clear();
        self.proved = Proved::Nothing;
    }

    /// All those interleavings have been explored.
    pub(super) fn proves(&mut self, proved: Proved) {
        self.proved = proved;
    }

    /// How many different interleavings there were, at least.
    pub(super) fn different(&self) -> u64 {
        self.counts[0].different.max(self.counts[1].different)
    }

    pub(super) fn count(&mut self, x: &Execution, by: By, judged: Judged) -> Option<Untold> {
        let counts = &mut self.counts[by as usize];
        let is_new = !x.may_repeat() || counts.names.insert(x.name());
        counts.different += u64::from(is_new);
        let name = (judged.outcome, judged.grade);
        // Another order of an interleaving already seen cannot have a better story: all
        // its orders were looked at then.
        let (row, better) = match self.rows.get_mut(&name) {
            Some(row) => {
                let better = match is_new {
                    true => story::better_than(Some(row.cost), x, &mut row.places),
                    false => Ok(None),
                };
                let better = better.unwrap_or_else(|at_least| {
                    row.at_least = row.at_least.min(at_least);
                    None
                });
                (row, better)
            }
            None => {
                let mut places = self.places;
                let better = story::better_than(None, x, &mut places);
                let at_least = better.as_ref().err().copied();
                let better = better.ok().flatten();
                let (cost, order) = better.unwrap_or_else(|| story::as_it_ran(x));
                // To be told again, with all that is shown.
                let (story, known) = story::tell(x, &order);
                let outcome = Outcome {
                    outcome: name.0.clone(),
                    grade: name.1,
                    meaning: judged.meaning,
                    different: 0,
                    executions: 0,
                    story,
                };
                let row = Row {
                    outcome,
                    different: [0; 2],
                    cost,
                    is_misuse: matches!(x.failure, Some(Failure::Misuse(_) | Failure::Endless)),
                    known,
                    places,
                    at_least: at_least.unwrap_or((usize::MAX, usize::MAX)),
                };
                (
                    self.rows.entry(name.clone()).or_insert(row),
                    Some((cost, order)),
                )
            }
        };
        row.outcome.executions += 1;
        row.different[by as usize] += u64::from(is_new);
        row.outcome.different = row.different[0].max(row.different[1]);
        better.map(|(cost, order)| Untold {
            row: name,
            cost,
            order,
        })
    }

    /// That story as the execution, which has been run once more for it, tells it.
    pub(super) fn told(&mut self, untold: Untold, x: &Execution) {
        if let Some(row) = self.rows.get_mut(&untold.row) {
            row.cost = untold.cost;
            (row.outcome.story, row.known) = story::tell(x, &untold.order);
        }
    }

    /// The stories of forbidden outcomes, but where the scene is at fault, by outcome.
    pub(super) fn undecided(&mut self) -> Vec<(String, Vec<Known>)> {
        let is_open = |row: &&mut Row| row.outcome.grade == Grade::Forbidden && !row.is_misuse;
        let rows = self.rows.values_mut().filter(is_open);
        rows.map(|row| (row.outcome.outcome.clone(), take(&mut row.known)))
            .collect()
    }

    /// The decisive step of that outcome's story is known, if there is one; `always`: no
    /// interleaving ends as promised.
    pub(super) fn decided(
        &mut self,
        outcome: String,
        step: Option<(usize, Because)>,
        always: bool,
    ) {
        if let Some(row) = self.rows.get_mut(&(outcome, Grade::Forbidden)) {
            let story = &mut row.outcome.story;
            story.always = always;
            (story.decisive, story.because) = step.unzip();
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    pub(super) fn stop(&mut self, why: &str) {
        let why = format!("after {} {why}", count(self.executions, "execution"));
        self.stopped.get_or_insert(why.trim_end().to_owned());
    }

    pub(super) fn report(&mut self) -> Exploration {
        if self.stopped.is_none() && self.rows.is_empty() {
            self.stop("because nothing came to an end");
        }
        // Not all of what was to be explored.
        let proved = match self.proved {
            Proved::All if self.stopped.is_some() => Proved::Nothing,
            proved => proved,
        };
        // The fewest stale reads and preemptions that an interleaving can need which was not
        // explored: the search with a bound and `order` count preemptions alike.
        let unexplored = match proved {
            Proved::Nothing => (0, 0),
            Proved::Preemptions(most) => (0, most + 1),
            Proved::All => (usize::MAX, usize::MAX),
        };
        let rows = self.rows.drain().map(|(_, mut row)| {
            row.outcome.story.minimal = row.cost.is_within(row.at_least.min(unexplored));
            row.outcome
        });
        let mut outcomes: Vec<Outcome> = rows.collect();
        outcomes.sort_by(|a, b| (a.grade, &a.outcome).cmp(&(b.grade, &b.outcome)));
        let promised = outcomes.iter().filter(|it| it.grade == Grade::Promised);
        let promised = promised.map(|it| Promise {
            outcome: it.outcome.clone(),
            meaning: it.meaning.clone(),
        });
        let promised: Vec<Promise> = promised.collect();
        let forbidden = outcomes
            .iter_mut()
            .filter(|it| it.grade == Grade::Forbidden);
        for outcome in forbidden {
            outcome.story.promised.clone_from(&promised);
        }
        Exploration {
            memory: self.memory,
            budget: self.budget,
            stopped: self.stopped.take(),
            proved,
            bounded: take(&mut self.bounded),
            executions: self.executions,
            different: self.different(),
            took: self.started.elapsed(),
            outcomes,
        }
    }
}

#[cfg(test)]
mod tests;
