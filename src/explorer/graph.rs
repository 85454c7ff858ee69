//! Finds every state of a scene: see [`Graph`].

use super::engine::{settings, silence_panics};
use super::judge::judge_failure;
use super::options::Options;
use super::replay::{Scene, execute};
use super::report::Judged;
use super::states::{End, Ending, Graph, State, Transition};
use super::story::{Headings, Transitions};
use crate::engine::execution::run::{Execution, Which};
use crate::engine::execution::runner::Runner;
use crate::engine::execution::transitions::Arrived;
use crate::engine::hash::Hashed;
use crate::engine::search::Reduction;
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// Every state of the scene, if there are no more than that.
pub(super) fn graph(options: &Options, scene: &Scene, most_states: usize) -> Graph {
    silence_panics();
    let mut settings = settings(options);
    settings.reduction = Reduction::States;
    let runner = Runner::new(settings, options.stack_size);
    let started = Instant::now();
    let mut found = Found::new();
    let mut executions = 0;
    loop {
        let judged = execute(&runner, scene, Which::Next);
        executions += 1;
        let x = runner.execution();
        if x.needs != x.settings {
            let needs = x.needs;
            drop(x);
            found = Found::new();
            runner.start_again(needs, runner.learned());
            continue;
        }
        let is_told = found.add(&x, judged);
        drop(x);
        // ORDERING: the flag publishes nothing.
        let is_cancelled = { options.cancel.as_ref() }.is_some_and(|flag| flag.load(Relaxed));
        let is_late = options
            .max_time
            .is_some_and(|most| started.elapsed() >= most);
        let has_more = options
            .max_executions
            .is_some_and(|most| executions >= most);
        let is_large = found.states.len() > most_states;
        if !is_told || is_cancelled || is_late || is_large {
            return Graph {
                executions,
                ..Graph::default()
            };
        }
        if !runner.advance() {
            return found.graph(executions);
        }
        if has_more {
            return Graph {
                executions,
                ..Graph::default()
            };
        }
    }
}

/// What has been found so far.
struct Found {
    headings: Headings,
    transitions: Vec<Transition>,
    /// The same, by what they are.
    known: HashMap<Transition, usize>,
    outcomes: Vec<Ending>,
    states: Vec<State>,
    /// States in which something can be done, and those in which an interleaving ends, by
    /// their names.
    going_on: Hashed<u128, usize>,
    ended: Hashed<u128, usize>,
}

impl Found {
    fn new() -> Self {
        Self {
            headings: Headings::default(),
            transitions: Vec::new(),
            known: HashMap::new(),
            outcomes: Vec::new(),
            states: Vec::new(),
            going_on: Hashed::default(),
            ended: Hashed::default(),
        }
    }

    /// Adds what the execution has found. Whether the scene could be followed.
    fn add(&mut self, x: &Execution, judged: Option<Judged>) -> bool {
        let transitions = x.transitions();
        let mut telling = None;
        for (place, transition) in transitions.iter().enumerate() {
            let from = self.state(transition.from);
            let to = match (transitions.get(place + 1), x.arrived()) {
                (Some(next), _) => self.state(next.from),
                (None, Arrived::Before(state)) => self.state(state),
                (None, Arrived::Redundant) => continue,
                (None, Arrived::Ended(name)) => {
                    let Some(end) = self.end(x, judged.clone()) else {
                        return false;
                    };
                    let new = self.states.len();
                    let at = *self.ended.entry(name).or_insert(new);
                    if at == new {
                        self.states.push(State {
                            end: Some(end),
                            ..State::default()
                        });
                    }
                    at
                }
            };
            if self.states[from].next.iter().any(|&(_, next)| next == to) {
                continue;
            }
            let telling = telling.get_or_insert_with(|| Transitions::of(x));
            let told = telling.tell(transition, &mut self.headings);
            let new = self.transitions.len();
            let at = *self.known.entry(told.clone()).or_insert(new);
            if at == new {
                self.transitions.push(told);
            }
            self.states[from].next.push((at, to));
        }
        true
    }

    fn state(&mut self, name: u128) -> usize {
        let new = self.states.len();
        let at = *self.going_on.entry(name).or_insert(new);
        if at == new {
            self.states.push(State::default());
        }
        at
    }

    /// How the execution ended, if it did.
    fn end(&mut self, x: &Execution, judged: Option<Judged>) -> Option<End> {
        let judged = match &x.failure {
            Some(failure) => judge_failure(x, failure),
            None => judged?,
        };
        let outcome = Ending {
            grade: judged.grade,
            outcome: judged.outcome,
            meaning: judged.meaning,
        };
        let is_same = |it: &Ending| (it.grade, &it.outcome) == (outcome.grade, &outcome.outcome);
        let place = self.outcomes.iter().position(is_same);
        let outcome = place.unwrap_or_else(|| {
            self.outcomes.push(outcome);
            self.outcomes.len() - 1
        });
        let because = Transitions::of(x).because();
        Some(End { outcome, because })
    }

    fn graph(mut self, executions: u64) -> Graph {
        let mut order: Vec<usize> = (0..self.outcomes.len()).collect();
        order.sort_by(|&a, &b| self.outcomes[a].cmp(&self.outcomes[b]));
        let outcomes = places(&order);
        for end in self
            .states
            .iter_mut()
            .filter_map(|state| state.end.as_mut())
        {
            end.outcome = outcomes[end.outcome];
        }
        self.outcomes.sort();
        let mut order: Vec<usize> = (0..self.headings.columns.len()).collect();
        order.sort_by_key(|&column| self.headings.columns[column].place);
        let columns = places(&order);
        for transition in &mut self.transitions {
            transition.thread = columns[transition.thread];
            for step in &mut transition.steps {
                step.thread = columns[step.thread];
            }
        }
        count(&mut self.states, self.outcomes.len());
        let name = |&column: &usize| self.headings.columns[column].name.clone();
        Graph {
            threads: order.iter().map(name).collect(),
            objects: self.headings.shared,
            transitions: self.transitions,
            outcomes: self.outcomes,
            states: self.states,
            is_whole: true,
            executions,
        }
    }
}

/// For each thing its place in that order.
fn places(order: &[usize]) -> Vec<usize> {
    let mut places = vec![0; order.len()];
    { order.iter().enumerate() }.for_each(|(place, &thing)| places[thing] = place);
    places
}

/// Counts the different interleavings that go through each state: the ends that can be
/// reached from there.
fn count(states: &mut [State], outcomes: usize) {
    let ends: Vec<(usize, usize)> = { states.iter().enumerate() }
        .filter_map(|(state, it)| Some((state, it.end.as_ref()?.outcome)))
        .collect();
    let mut of_outcome = vec![vec![0_u64; ends.len().div_ceil(64)]; outcomes];
    let mut reached: Vec<Option<Vec<u64>>> = vec![None; states.len()];
    for (place, &(state, outcome)) in ends.iter().enumerate() {
        let bit = 1 << (place % 64);
        of_outcome[outcome][place / 64] |= bit;
        let mut only = vec![0; ends.len().div_ceil(64)];
        only[place / 64] = bit;
        reached[state] = Some(only);
    }
    // Those that follow a state come before it.
    let mut ahead = vec![0];
    while let Some(&state) = ahead.last() {
        let unknown = |&(_, next): &(usize, usize)| reached[next].is_none().then_some(next);
        let more: Vec<usize> = states[state].next.iter().filter_map(unknown).collect();
        if reached[state].is_some() || more.is_empty() {
            ahead.pop();
        }
        if reached[state].is_none() && more.is_empty() {
            let mut all = vec![0; ends.len().div_ceil(64)];
            for &(_, next) in &states[state].next {
                let of_next = reached[next].iter().flatten();
                all.iter_mut()
                    .zip(of_next)
                    .for_each(|(all, more)| *all |= more);
            }
            reached[state] = Some(all);
        }
        ahead.extend(more);
    }
    for (state, reached) in states.iter_mut().zip(reached) {
        let reached = reached.unwrap_or_default();
        let count = |of: &Vec<u64>| {
            let both = reached.iter().zip(of).map(|(a, b)| (a & b).count_ones());
            both.map(u64::from).sum()
        };
        state.interleavings = of_outcome.iter().map(count).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 leads to 1 and 2, both of which lead to 3, and 3 to the ends 4 and 5; 1 also to 6.
    #[test]
    fn an_end_that_is_reached_in_two_ways_counts_once() {
        let next = [&[1, 2][..], &[3, 6], &[3], &[4, 5], &[], &[], &[]];
        let outcome = [None, None, None, None, Some(0), Some(1), Some(1)];
        let mut states: Vec<State> = { next.iter().zip(outcome) }
            .map(|(next, outcome)| State {
                next: next.iter().map(|&to| (0, to)).collect(),
                end: outcome.map(|outcome| End {
                    outcome,
                    because: Vec::new(),
                }),
                interleavings: Vec::new(),
            })
            .collect();
        count(&mut states, 2);
        let counts: Vec<_> = states
            .iter()
            .map(|it| [it.interleavings[0], it.interleavings[1]])
            .collect();
        assert_eq!(
            counts,
            [[1, 2], [1, 2], [1, 1], [1, 1], [1, 0], [0, 1], [0, 1]]
        );
    }
}
