//! What threads call and what they are answered, in one execution.

use super::specification::{Callee, Specification};
use racecourse::narrate;
use racecourse::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

pub const NAMES: [&str; 3] = ["a", "b", "c"];

/// One call.
pub struct Entry<S: Specification> {
    pub call: S::Call,
    /// Of a call that has returned; none for its second step.
    pub answer: Option<S::Answer>,
    /// How many steps of each thread's calls had returned before the invocation.
    pub after: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Event {
    Invoked(usize),
    Returned(usize),
}

/// Each thread's calls, and in what order they were invoked and returned.
pub struct History<S: Specification> {
    pub calls: Vec<Vec<Entry<S>>>,
    events: Vec<Event>,
}

impl<S: Specification> History<S> {
    pub fn new(threads: usize) -> Self {
        Self {
            calls: (0..threads).map(|_| Vec::new()).collect(),
            events: Vec::new(),
        }
    }

    /// The thread makes a call, after so many steps of each thread's calls.
    pub fn invoke(&mut self, thread: usize, call: S::Call, after: &[usize]) {
        let entry = |call| Entry {
            call,
            answer: None,
            after: after.to_vec(),
        };
        self.events.push(Event::Invoked(thread));
        self.calls[thread].push(entry(call));
        self.calls[thread].extend(S::then(call).map(entry));
    }

    /// The thread's call returns.
    pub fn respond(&mut self, thread: usize, answer: S::Answer) {
        let call = self.returned()[thread];
        self.calls[thread][call].answer = Some(answer);
        self.events.push(Event::Returned(thread));
    }

    /// How many steps of each thread's calls have returned.
    pub fn returned(&self) -> Vec<usize> {
        self.after(self.events.len()).1
    }

    /// How many invocations and responses there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// How many steps of each thread's calls are invoked, and how many have
    /// returned, after that many events.
    pub fn after(&self, events: usize) -> (Vec<usize>, Vec<usize>) {
        let mut invoked = vec![0; self.calls.len()];
        let mut returned = invoked.clone();
        for event in &self.events[..events] {
            match *event {
                Event::Invoked(thread) => {
                    let call = self.calls[thread][invoked[thread]].call;
                    invoked[thread] += 1 + usize::from(S::then(call).is_some());
                }
                Event::Returned(thread) => returned[thread] = invoked[thread],
            }
        }
        (invoked, returned)
    }

    /// The call whose response is the last of that many events.
    pub fn last_response(&self, events: usize) -> (usize, usize) {
        let Event::Returned(thread) = self.events[events - 1] else {
            unreachable!("an invocation takes no place away");
        };
        (thread, self.after(events - 1).1[thread])
    }
}

/// How to learn which calls return before which are invoked.
///
/// What is learnt must have happened, or right versions would be accused; and what
/// can happen should be learnt in some execution, or wrong ones would pass.
///
/// To note invocations and responses as they run is not enough for the second.
/// Of the orders of steps that have nothing to do with each other, exploration
/// runs one; and a note is no step. A thread always invokes its next call at once,
/// and that it waits until another's call has returned is never run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precedence {
    /// Each thread counts its responses in an atomic, which the others load before
    /// they invoke. So exactly what bears on the order is a conflict, which is
    /// explored both ways: nothing is missed. It multiplies interleavings.
    Explored,
    /// As it runs: costs nothing, accuses nobody, misses something. For SC only,
    /// as in C11 what comes earlier need not have happened before.
    Noted,
}

/// Records a history as it comes about.
pub struct Recorder<S: Specification> {
    history: Arc<Mutex<History<S>>>,
    returned: Option<Vec<AtomicUsize>>,
}

impl<S: Specification> Recorder<S> {
    /// Begins the history anew.
    pub fn new(history: Arc<Mutex<History<S>>>, threads: usize, precedence: Precedence) -> Self {
        *history.lock().unwrap() = History::new(threads);
        let count = |_| AtomicUsize::new(0);
        Self {
            history,
            returned: (precedence == Precedence::Explored)
                .then(|| (0..threads).map(count).collect()),
        }
    }

    /// Makes a call.
    pub fn call(&self, thread: usize, call: S::Call, callee: &impl Callee<S>) {
        let mut after = self.history.lock().unwrap().returned();
        if let Some(counts) = &self.returned {
            for other in (0..counts.len()).filter(|&other| other != thread) {
                // ORDERING: Acquire pairs with the Release below: in C11, to come
                // before is to happen before.
                after[other] = counts[other].load(Ordering::Acquire);
            }
        }
        self.history.lock().unwrap().invoke(thread, call, &after);
        narrate!("{call}");
        let answer = callee.call(call);
        narrate!("{call} → {answer}");
        let returned = {
            let mut history = self.history.lock().unwrap();
            history.respond(thread, answer);
            history.returned()[thread]
        };
        if let Some(counts) = &self.returned {
            counts[thread].store(returned, Ordering::Release);
        }
    }
}
