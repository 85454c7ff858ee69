//! Two searches alternate. The first explores all interleavings of a scene. The second
//! explores those with no preemption, then those with one, and so on. If there are too many
//! to explore, the first has seen only executions that are much alike. The second has seen
//! all that need few preemptions, as most bugs do.

use super::found::By;
use super::options::Options;
use super::report::{BoundedLoop, Proved};
use crate::engine::execution::run::Settings;
use crate::engine::execution::runner::Runner;
use crate::engine::search::Reduction;

/// A scene that is complete after so many executions needs no other search.
const ALONE: u64 = 20_000;
/// After that the search with the bound has one execution for so many of the other's, …
const SHARE: u64 = 20;
/// … and runs so many in a row, since changing from one search to the other costs time.
const IN_A_ROW: u64 = 64;

pub(super) struct TwoSearches {
    settings: Settings,
    stack_size: usize,
    /// The bound that was chosen, if one was. Then nothing else is explored.
    most: Option<usize>,
    /// Whether only the first search is run.
    only_all: bool,
    /// After so many executions of the first search the second begins.
    alone: u64,
    all: Option<Runner>,
    few: Option<Runner>,
    /// How many executions each has had, by [`By`].
    executions: [u64; 2],
    /// How many more of them belong to the second.
    left: u64,
}

impl TwoSearches {
    pub(super) fn new(settings: Settings, options: &Options) -> Self {
        let mut searches = Self {
            settings,
            stack_size: options.stack_size,
            most: options.preemptions,
            only_all: options.all_orders,
            alone: ALONE,
            all: None,
            few: None,
            executions: [0; 2],
            left: 0,
        };
        match searches.most {
            Some(_) => searches.few = Some(Runner::new(searches.bounded(), searches.stack_size)),
            None => searches.all = Some(Runner::new(settings, searches.stack_size)),
        }
        searches
    }

    fn bounded(&self) -> Settings {
        Settings {
            reduction: Reduction::Preemptions(0),
            // A thread that is preempted before it releases a lock makes others wait for
            // it: to go on with one of those preempts nobody.
            releases_are_seen: true,
            ..self.settings
        }
    }

    /// Which search runs the next execution.
    pub(super) fn next(&mut self) -> By {
        let [all, few] = self.executions;
        if all >= self.alone && (few + IN_A_ROW) * SHARE <= all && !self.only_all {
            self.left = IN_A_ROW;
        }
        let by = match &self.all {
            None => By::Few,
            Some(_) if self.left == 0 => By::All,
            Some(other) => {
                self.left -= 1;
                if self.few.is_none() {
                    self.few = Some(other.another(self.bounded(), self.stack_size));
                }
                By::Few
            }
        };
        self.executions[by as usize] += 1;
        by
    }

    /// # Panics
    /// If that search never ran.
    pub(super) fn runner(&self, by: By) -> &Runner {
        let runner = match by {
            By::All => &self.all,
            By::Few => &self.few,
        };
        runner.as_ref().expect("it has run")
    }

    /// On to the next execution of that search. Whether anything is left to explore; says
    /// what has been proved so far.
    pub(super) fn advance(&self, by: By) -> (bool, Option<Proved>) {
        let runner = self.runner(by);
        if runner.advance() {
            return (true, None);
        }
        match runner.bound().filter(|_| runner.has_left_out()) {
            None => (false, Some(Proved::All)),
            Some(bound) => {
                let goes_on = self.most != Some(bound);
                if goes_on {
                    runner.raise_bound();
                }
                (goes_on, Some(Proved::Preemptions(bound)))
            }
        }
    }

    /// Everything must be explored again, with settings that the one search has found
    /// to be needed.
    pub(super) fn start_again(&mut self, by: By, mut needs: Settings) {
        if by == By::Few {
            needs.reduction = self.settings.reduction;
            needs.releases_are_seen = self.settings.releases_are_seen;
        }
        self.settings = needs;
        self.executions = [0; 2];
        self.left = 0;
        let settings = match self.most {
            Some(_) => self.bounded(),
            None => needs,
        };
        let learned = self.runner(by).learned();
        match &self.all {
            Some(all) => {
                all.start_again(settings, learned);
                self.few = None;
            }
            None => self.runner(by).start_again(settings, learned),
        }
    }

    /// The search through all interleavings, if there is one: it starts again.
    pub(super) fn once_more(&self) -> Option<&Runner> {
        let all = self.all.as_ref()?;
        all.start_again(self.settings, all.learned());
        Some(all)
    }

    /// Loops that were explored only up to a bound.
    pub(super) fn bounded_loops(&self) -> Vec<BoundedLoop> {
        let mut loops = Vec::new();
        for runner in [&self.all, &self.few].into_iter().flatten() {
            let x = runner.execution();
            loops.extend(x.bounded_loops.iter().map(|at| BoundedLoop {
                file: at.file().to_owned(),
                line: at.line(),
                iterations: x.settings.iterations,
            }));
        }
        loops.sort();
        loops.dedup();
        loops
    }

    /// See [`Runner::leak`].
    pub(super) fn leak(self) {
        let both = [self.all, self.few];
        both.into_iter().flatten().for_each(Runner::leak);
    }
}

#[cfg(test)]
mod tests;
