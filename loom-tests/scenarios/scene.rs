//! A scenario, and what comes of it in every interleaving.

use super::history::{History, NAMES, Precedence, Recorder};
use super::linearize::check;
use super::specification::{Callee, Specification};
use racecourse::draw;
use racecourse::draw::layout::{Block, Column, Drawing, Piece, Table, Tone};
use racecourse::explorer::report::{Budget, Exploration, Judged, Memory};
use racecourse::explorer::{self, Options};
use racecourse::sync::Actors;
use std::fmt;
use std::sync::{Arc, Mutex};

/// The outcome in which calls stay blocked for ever, and are right to.
pub const BLOCKED: &str = "linearizable, with calls that stay blocked";

/// What each thread calls, one call after the other.
#[derive(Clone)]
pub struct Scenario<S: Specification> {
    pub start: S,
    pub threads: Vec<Vec<S::Call>>,
    /// What the threads may do besides.
    pub budget: Budget,
}

impl<S: Specification> Scenario<S> {
    /// How many calls there are.
    pub fn calls(&self) -> usize {
        self.threads.iter().map(Vec::len).sum()
    }

    /// Explores it. What it comes to is linearizable, or forbidden.
    pub fn explore<C: Callee<S>>(
        &self,
        memory: Memory,
        precedence: Precedence,
        max_executions: u64,
    ) -> Exploration {
        let Self {
            start,
            threads,
            budget,
        } = self.clone();
        let history = Arc::new(Mutex::new(History::new(0)));
        let stuck = {
            let (history, start) = (history.clone(), start.clone());
            move || judge(&history.lock().unwrap(), &start, true)
        };
        let scene = move || {
            let recorder = Recorder::new(history.clone(), threads.len(), precedence);
            let (recorder, callee) = (&recorder, &C::new(&start));
            let mut actors = Actors::new();
            for (thread, calls) in threads.iter().enumerate() {
                actors = actors.enter(NAMES[thread], move || {
                    for &call in calls {
                        recorder.call(thread, call, callee);
                    }
                });
            }
            actors.run();
            judge(&history.lock().unwrap(), &start, false)
        };
        let mut options = Options::new(memory);
        options.budget = budget;
        options.max_executions = Some(max_executions);
        options.judge_blocked = Some(Box::new(stuck));
        explorer::explore(options, Arc::new(scene)).unwrap()
    }

    /// The scenario, which call has no legal place, and how that comes about.
    pub fn tell(&self, found: &Exploration) -> String {
        let mut told = self.to_string();
        if let Some(outcome) = found.forbidden().next() {
            told += "\n";
            told += &draw::story(outcome).plain();
        }
        told
    }
}

fn judge<S: Specification>(history: &History<S>, start: &S, stuck: bool) -> Judged {
    match check(history, start, stuck) {
        // One outcome for all histories: each outcome costs the search for a story.
        Ok(()) if stuck => Judged::promised(BLOCKED, "what stays blocked should be"),
        Ok(()) => Judged::promised("linearizable", "every call has a legal place"),
        Err(illegal) => {
            let legal: Vec<String> = illegal.legal.into_iter().collect();
            Judged::forbidden(
                format!("{}: {}", NAMES[illegal.thread], illegal.what),
                format!("has no legal place; legal: {}", legal.join(" or ")),
            )
        }
    }
}

/// A column a thread, a row a call.
impl<S: Specification> fmt::Display for Scenario<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = NAMES[..self.threads.len()].iter().map(|heading| Column {
            heading,
            numbers: false,
        });
        let calls = self.threads.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |calls: &Vec<S::Call>, row: usize| {
            let call = calls.get(row).map(ToString::to_string);
            Piece::new(Tone::Plain, call.unwrap_or_default())
        };
        let row = |row| self.threads.iter().map(|calls| cell(calls, row)).collect();
        let table = Table {
            columns: columns.collect(),
            rows: (0..calls).map(row).collect(),
        };
        let blocks = vec![Block::Table(table)];
        let table = Drawing { blocks }.plain();
        write!(f, "{}, {}\n{table}", self.start, self.budget)
    }
}

impl<S: Specification> fmt::Debug for Scenario<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
