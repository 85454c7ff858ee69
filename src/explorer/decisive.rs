//! Finds the decisive step of a story: the first after which no interleaving ends as
//! promised. For that, the scene runs through all its interleavings once more. Each that
//! ends well is compared with the stories of those that do not.

use super::found::{Found, lock};
use super::judge::judge_failure;
use super::order::parting::{Parting, parting};
use super::replay::{Scene, execute};
use super::report::{Because, Grade};
use super::script;
use super::story::{Known, Teller};
use crate::engine::execution::failure::Aborted;
use crate::engine::execution::run::{Execution, Which};
use crate::engine::execution::runner::Runner;
use crate::engine::execution::trace::RecordKind;
use std::sync::Mutex;

/// A scene with more executions is not run once more.
const MOST: u64 = 20_000;

/// Finds the decisive step of each forbidden outcome's story. `runner` has explored
/// everything, and starts again.
pub(super) fn decide<'r>(
    found: &Mutex<Found>,
    runner: impl FnOnce() -> Option<&'r Runner>,
    scene: &Scene,
    allowed: &[String],
    stops: impl FnMut() -> bool,
) {
    let undecided = match lock(found) {
        found if found.executions > MOST => return,
        mut found => found.undecided(),
    };
    let trials = undecided.into_iter();
    let mut trials: Vec<Trial> = trials
        .map(|(outcome, known)| Trial::new(outcome, known))
        .collect();
    if trials.is_empty() {
        return;
    }
    if let Some(runner) = runner()
        && let Some(is_any) = compare(&mut trials, runner, scene, allowed, stops)
    {
        for trial in trials {
            let outcome = trial.outcome.clone();
            lock(found).decided(outcome, trial.decided(), !is_any);
        }
    }
}

/// A story of a forbidden outcome.
struct Trial {
    /// Names the outcome.
    outcome: String,
    known: Vec<Known>,
    /// How far the interleaving came that ends well and parts from the story last.
    best: Option<(usize, Because)>,
}

impl Trial {
    fn new(outcome: String, known: Vec<Known>) -> Self {
        Self {
            outcome,
            known,
            best: None,
        }
    }

    /// The decisive step's place among the story's, and why it decides.
    fn decided(self) -> Option<(usize, Because)> {
        let (at, because) = self.best?;
        // An iteration of a loop that waits decides nothing.
        let known = self.known.get(at).filter(|known| !known.yields)?;
        Some((known.place, because))
    }

    fn compare(&mut self, x: &Execution, outcome: &str) {
        let script = script::of(x);
        let teller = Teller::of(x);
        let known = &self.known;
        let threads = known.iter().map(|step| {
            let is_it = |thread: &usize| x.threads[*thread].key == step.thread;
            (0..x.threads.len()).find(is_it)
        });
        let is_same = |at: usize, id: usize| teller.is_known(&x.trace.records()[id], &known[at]);
        // It may repeat the whole story, and then end well by chance: a thread that waits for
        // ever wakes up spuriously. The order of steps did not do that.
        let Some(parting) = parting(&script, threads, is_same) else {
            return;
        };
        let is_better = self.best.as_ref().is_none_or(|(at, because)| {
            let rank = |at, is_order| (at, is_order);
            rank(parting.at, !parting.before.is_empty()) > rank(*at, because.before.is_some())
        });
        if is_better {
            self.best = Some((parting.at, self.because(x, &teller, &parting, outcome)));
        }
    }

    fn because(
        &self,
        x: &Execution,
        teller: &Teller<'_>,
        parting: &Parting,
        outcome: &str,
    ) -> Because {
        let record = |id: usize| &x.trace.records()[id];
        let act = |id: usize| teller.act(id);
        // The first step that makes a difference: who takes a lock comes first, not who
        // releases it.
        let object = parting.instead.and_then(|id| record(id).object);
        let changes = |&&id: &&usize| {
            let record = record(id);
            let writes = x
                .trace
                .operation(record)
                .is_none_or(|it| it.written.is_some());
            record.object == object && writes && record.kind != RecordKind::Locks(false)
        };
        let before = parting.before.iter().find(changes);
        let before = before.or(parting.before.last()).copied();
        Because {
            act: teller.act_of(&self.known[parting.at]),
            before: before.map(act),
            instead: parting.instead.filter(|_| before.is_none()).map(act),
            outcome: outcome.to_owned(),
        }
    }
}

/// Compares the stories with every interleaving that ends well; whether one does. `None`: it
/// has stopped before the end.
fn compare(
    trials: &mut [Trial],
    runner: &Runner,
    scene: &Scene,
    allowed: &[String],
    mut stops: impl FnMut() -> bool,
) -> Option<bool> {
    let mut is_any = false;
    loop {
        let judged = execute(runner, scene, Which::Next);
        let x = runner.execution();
        let is_redundant = x.aborted() == Some(Aborted::Redundant);
        if !is_redundant {
            let judged = match &x.failure {
                Some(failure) => judge_failure(&x, failure),
                None => judged?,
            };
            if judged.grade != Grade::Forbidden || allowed.contains(&judged.outcome) {
                is_any = true;
                for trial in &mut *trials {
                    trial.compare(&x, &judged.outcome);
                }
            }
        }
        drop(x);
        if stops() || !runner.can_run_again() {
            return None;
        }
        if !runner.advance() {
            return Some(is_any);
        }
    }
}
