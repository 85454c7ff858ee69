//! Whether a history is linearizable.
//!
//! It is if each call can be given a place between its invocation and its response
//! such that the calls, made one at a time in the order of their places, answer
//! what they have answered. The search for such an order is Wing and Gong's, and
//! remembers where it has been, as Lowe's does.

use super::history::History;
use super::specification::Specification;
use std::collections::{BTreeSet, HashSet};

/// A call that has no legal place.
#[derive(Debug, PartialEq, Eq)]
pub struct Illegal {
    /// Whose call it is.
    pub thread: usize,
    /// `get → Ok("a2")`, `get stays blocked`.
    pub what: String,
    /// What would be legal instead.
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
        search.accused = Some((thread, call));
        search.finds(start);
        let call = &history.calls[thread][call];
        Illegal {
            thread,
            what: match &call.answer {
                Some(answer) => format!("{} → {answer}", call.call),
                None => format!("{} stays blocked", call.call),
            },
            legal: search.legal,
        }
    });
    // Of those that stay blocked, one that never should, if there is one.
    Err(accused
        .min_by_key(|illegal| illegal.legal.contains(BLOCKED))
        .expect("somebody is blocked, or nobody would be stuck"))
}

const BLOCKED: &str = "to stay blocked";

/// A depth-first search for a legal order of a history's first events.
struct Search<'a, S: Specification> {
    history: &'a History<S>,
    invoked: Vec<usize>,
    returned: Vec<usize>,
    stuck: bool,
    seen: HashSet<Place<S>>,
    /// Look for all that this call could have answered instead.
    accused: Option<(usize, usize)>,
    legal: BTreeSet<String>,
}

/// Nothing else bears on what can follow.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place<S> {
    /// How many calls of each thread have their places.
    placed: Vec<usize>,
    state: S,
    /// What the accused answers here.
    instead: Option<String>,
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
            accused: None,
            legal: BTreeSet::new(),
        }
    }

    fn finds(&mut self, start: &S) -> bool {
        let found = self.goes_on(Place {
            placed: vec![0; self.invoked.len()],
            state: start.clone(),
            instead: None,
        });
        if self.legal.is_empty() {
            self.legal.insert(BLOCKED.into());
        }
        found
    }

    fn goes_on(&mut self, place: Place<S>) -> bool {
        if self.ends(&place) {
            return true;
        }
        if !self.seen.insert(place.clone()) {
            return false;
        }
        for thread in 0..place.placed.len() {
            let at = place.placed[thread];
            if at == self.invoked[thread] {
                continue;
            }
            let call = &self.history.calls[thread][at];
            let mut earlier = place.placed.iter().zip(&call.after);
            if earlier.any(|(placed, after)| placed < after) {
                continue;
            }
            let mut next = place.clone();
            let Some(answer) = next.state.make(call.call) else {
                continue;
            };
            next.placed[thread] += 1;
            let fits = if at >= self.returned[thread] {
                // It may have taken effect already, but not if it never returns.
                !self.stuck
            } else if self.accused == Some((thread, at)) {
                next.instead = Some(answer.to_string());
                true
            } else {
                call.answer.as_ref().is_none_or(|given| *given == answer)
            };
            if fits && self.goes_on(next) {
                return true;
            }
        }
        false
    }

    /// Whether the search is over. It is not before all has been seen, if there is
    /// an accused.
    fn ends(&mut self, place: &Place<S>) -> bool {
        let mut returned = place.placed.iter().zip(&self.returned);
        if returned.any(|(placed, returned)| placed < returned) {
            return false;
        }
        let answers = |thread: usize| {
            let call = self.history.calls[thread][place.placed[thread]].call;
            place.state.clone().make(call)
        };
        match self.accused {
            Some((thread, _)) if self.stuck => {
                let answer = answers(thread).map_or(BLOCKED.into(), |answer| answer.to_string());
                self.legal.insert(answer);
                false
            }
            Some(_) => {
                self.legal.extend(place.instead.clone());
                false
            }
            None if self.stuck => {
                let is_pending = |&thread: &usize| place.placed[thread] < self.invoked[thread];
                let mut pending = (0..place.placed.len()).filter(is_pending);
                pending.all(|thread| answers(thread).is_none())
            }
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::{Answer, Call, Sequential};
    use super::*;
    use crossbeam_channel::TryRecvError;
    use std::num::NonZeroUsize;

    /// One event of the first thread, the next, ….
    enum Event {
        Calls(Call),
        Answers(Answer),
    }
    use Event::{Answers, Calls};

    const EMPTY: Answer = Answer::TryGet(Err(TryRecvError::Empty));
    const DONE: Answer = Answer::Put(Ok(()));

    /// Judges a history of a queue for one item.
    fn judge(stuck: bool, events: impl IntoIterator<Item = (usize, Event)>) -> Result<(), Illegal> {
        let mut history = History::new(2);
        for (thread, event) in events {
            match event {
                Calls(call) => history.invoke(thread, call, &history.returned()),
                Answers(answer) => history.respond(thread, answer),
            }
        }
        check(&history, &Sequential::new(NonZeroUsize::MIN), stuck)
    }

    fn illegal<const N: usize>(thread: usize, what: &str, legal: [&str; N]) -> Result<(), Illegal> {
        Err(Illegal {
            thread,
            what: what.into(),
            legal: legal.map(String::from).into(),
        })
    }

    #[test]
    fn calls_at_once_may_come_in_either_order() {
        let put = |at_once: bool| {
            let mut events = vec![(0, Calls(Call::Put("a1"))), (0, Answers(DONE))];
            events.insert(if at_once { 1 } else { 2 }, (1, Calls(Call::TryGet)));
            events.push((1, Answers(EMPTY)));
            judge(false, events)
        };
        assert_eq!(put(true), Ok(()));
        assert_eq!(
            put(false),
            illegal(1, "try_get → Err(Empty)", ["Ok(\"a1\")"])
        );
    }

    #[test]
    fn a_call_that_has_not_returned_may_have_taken_effect() {
        let got = Answer::TryGet(Ok("a1"));
        let events = [
            (0, Calls(Call::Put("a1"))),
            (1, Calls(Call::TryGet)),
            (1, Answers(got)),
        ];
        assert_eq!(judge(false, events), Ok(()));
    }

    #[test]
    fn the_accused_is_the_first_that_cannot_be_right() {
        let events = [
            (0, Calls(Call::Put("a1"))),
            (0, Answers(DONE)),
            (0, Calls(Call::Len)),
            (1, Calls(Call::IsFull)),
            (1, Answers(Answer::Is(false))),
            (0, Answers(Answer::Len(1))),
            (1, Calls(Call::Get)),
            (1, Answers(Answer::Get(Ok("a1")))),
        ];
        assert_eq!(
            judge(false, events),
            illegal(1, "is_full → false", ["true"])
        );
    }

    #[test]
    fn only_who_should_be_stays_blocked() {
        let stuck = |call, then| {
            let put = [(0, Calls(Call::Put("a1"))), (0, Answers(DONE))];
            judge(
                true,
                put.into_iter().chain([(0, Calls(call)), (1, Calls(then))]),
            )
        };
        assert_eq!(stuck(Call::Put("a2"), Call::Put("b1")), Ok(()));
        assert_eq!(
            stuck(Call::Put("a2"), Call::Get),
            illegal(1, "get stays blocked", ["Ok(\"a1\")"])
        );
    }
}
