//! Whether a history is linearizable.
//!
//! It is if each call can be given a place between its invocation and its response
//! such that the calls, made one at a time in the order of their places, answer
//! what they have answered. The search for such an order is Wing and Gong's, and
//! remembers where it has been, as Lowe's does.

use super::history::History;
use std::collections::{BTreeSet, HashSet};
use std::fmt::Display;
use std::hash::Hash;

/// What calls do and answer if they are made one at a time.
pub trait Specification: Clone + Eq + Hash + Display + Send + Sync + 'static {
    type Call: Copy + Display + Send + Sync;
    type Answer: PartialEq + Display + Send;

    /// Makes the call. `None`: it blocks, and changes nothing.
    fn make(&mut self, call: Self::Call) -> Option<Self::Answer>;

    /// The second step of a call that takes effect in two places.
    fn then(_call: Self::Call) -> Option<Self::Call> {
        None
    }
}

/// A call that has no legal place.
#[derive(Debug, PartialEq, Eq)]
pub struct Illegal {
    /// Whose call it is.
    pub thread: usize,
    /// `get → Ok("a2")`, `get stays blocked`.
    pub what: String,
    /// What it could have answered wherever the others leave a place for it.
    pub legal: BTreeSet<String>,
}

/// Looks for a call that has no legal place. If `stuck`, nobody can go on; then
/// the specification must block every call that has not returned, once all others
/// are made.
pub fn check<S: Specification>(
    history: &History<S>,
    start: &S,
    stuck: bool,
) -> Result<(), Illegal> {
    let end = history.len();
    if Search::new(history, end, stuck).finds(start) {
        return Ok(());
    }
    // The first part of a linearizable history is linearizable: so it is one
    // response with which a history ceases to be.
    let ceases = (1..=end).find(|&events| !Search::new(history, events, false).finds(start));
    let suspects = match ceases {
        Some(events) => vec![history.last_response(events)],
        None => {
            let (invoked, returned) = history.after(end);
            let threads = (0..invoked.len()).filter(|&thread| returned[thread] < invoked[thread]);
            threads.map(|thread| (thread, returned[thread])).collect()
        }
    };
    let accused = suspects.into_iter().map(|(thread, call)| {
        let mut search = Search::new(history, ceases.unwrap_or(end), ceases.is_none());
        search.asks_for = Some((thread, call));
        search.finds(start);
        let call = &history.calls[thread][call];
        let what = match &call.answer {
            Some(answer) => format!("{} → {answer}", call.call),
            None => format!("{} stays blocked", call.call),
        };
        let legal = search.legal;
        Illegal {
            thread,
            what,
            legal,
        }
    });
    // Of those that stay blocked, one that is never blocked, if there is one.
    Err(accused
        .min_by_key(|illegal| illegal.legal.contains(BLOCKS))
        .expect("somebody is blocked, or nobody would be stuck"))
}

const BLOCKS: &str = "blocks";

/// A depth-first search for a legal order of a history's first events.
struct Search<'a, S: Specification> {
    history: &'a History<S>,
    invoked: Vec<usize>,
    returned: Vec<usize>,
    stuck: bool,
    /// How many calls of each thread have their place, and the state that they
    /// have led to: nothing else bears on what can follow.
    seen: HashSet<(Vec<usize>, S)>,
    /// Of which call to note what it could answer.
    asks_for: Option<(usize, usize)>,
    legal: BTreeSet<String>,
}

impl<'a, S: Specification> Search<'a, S> {
    fn new(history: &'a History<S>, events: usize, stuck: bool) -> Self {
        let (invoked, returned) = history.after(events);
        Self {
            history,
            invoked,
            returned,
            stuck,
            seen: HashSet::new(),
            asks_for: None,
            legal: BTreeSet::new(),
        }
    }

    fn finds(&mut self, start: &S) -> bool {
        self.goes_on(vec![0; self.invoked.len()], start)
    }

    fn goes_on(&mut self, placed: Vec<usize>, state: &S) -> bool {
        if self.is_done(&placed, state) {
            return true;
        }
        if !self.seen.insert((placed.clone(), state.clone())) {
            return false;
        }
        for thread in 0..placed.len() {
            let at = placed[thread];
            if at == self.invoked[thread] {
                continue;
            }
            let call = &self.history.calls[thread][at];
            if placed
                .iter()
                .zip(&call.after)
                .any(|(placed, after)| placed < after)
            {
                continue;
            }
            let mut next = state.clone();
            let answer = next.make(call.call);
            if self.asks_for == Some((thread, at)) {
                let answer = answer.as_ref().map_or(BLOCKS.into(), ToString::to_string);
                self.legal.insert(answer);
            }
            let fits = match (&answer, &call.answer) {
                (None, _) => false,
                // It may have taken effect already, but not if it never returns.
                _ if at >= self.returned[thread] => !self.stuck,
                (Some(answer), Some(answered)) => answer == answered,
                (Some(_), None) => true,
            };
            if fits {
                let mut placed = placed.clone();
                placed[thread] += 1;
                if self.goes_on(placed, &next) {
                    return true;
                }
            }
        }
        false
    }

    fn is_done(&self, placed: &[usize], state: &S) -> bool {
        let mut threads = 0..placed.len();
        threads.all(|thread| {
            let at = placed[thread];
            let blocks = || {
                state
                    .clone()
                    .make(self.history.calls[thread][at].call)
                    .is_none()
            };
            at >= self.returned[thread] && (!self.stuck || at == self.invoked[thread] || blocks())
        })
    }
}
