//! What loom finds in a scene.

use super::sync::waiting;
use racecourse::explorer::report::{Grade, Judged};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};

pub type Part<R> = Box<dyn FnOnce() -> R>;

/// Runs each part on a thread of its own, but the last one on the main thread: a thread
/// less for loom to explore.
pub fn run_all<R: 'static>(mut parts: Vec<Part<R>>) -> Vec<R> {
    let last = parts.pop().expect("a scene has at least one part");
    let threads: Vec<_> = parts.into_iter().map(loom::thread::spawn).collect();
    let last = last();
    let joined = threads.into_iter().map(|thread| thread.join().unwrap());
    let mut all: Vec<R> = joined.collect();
    all.push(last);
    all
}

#[derive(Debug, Default)]
pub struct Found {
    /// How many executions were begun.
    pub executions: usize,
    /// The outcomes of executions that came to their end.
    pub outcomes: BTreeSet<String>,
    /// What ended the exploration early, in racecourse's words.
    pub caught: Option<String>,
}

/// A forbidden outcome, as a panic.
struct Forbidden(String);

/// Some seconds. No scene comes near it; a change that makes loom run for hours is seen.
const TOO_MANY: usize = 100_000;

/// Explores to the end, or to the first execution that fails.
pub fn explore(
    bound: Option<usize>,
    may_park: bool,
    scene: &Arc<dyn Fn() -> Judged + Send + Sync>,
) -> Found {
    let found = Arc::new(Mutex::new(Found::default()));
    let model = {
        let (found, scene) = (Arc::clone(&found), Arc::clone(scene));
        move || {
            let begun = {
                let mut found = found.lock().unwrap();
                found.executions += 1;
                found.executions
            };
            assert!(begun <= TOO_MANY, "loom has not come to an end");
            waiting::begin(may_park);
            let judged = scene();
            if judged.grade == Grade::Forbidden {
                // Without a message of the panic hook.
                resume_unwind(Box::new(Forbidden(judged.outcome)));
            }
            found.lock().unwrap().outcomes.insert(judged.outcome);
        }
    };
    // Not what the environment says.
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = bound;
    builder.max_branches = 1_000;
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.checkpoint_file = None;
    let caught = catch_unwind(AssertUnwindSafe(|| builder.check(model))).err();
    let mut found = std::mem::take(&mut *found.lock().unwrap());
    found.caught = caught.map(|panic| match panic.downcast::<Forbidden>() {
        Ok(forbidden) => forbidden.0,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            let text = text.unwrap_or_default();
            let known = KNOWN.iter().find(|(words, _)| text.contains(words));
            known.map_or_else(|| resume_unwind(panic), |(_, name)| (*name).to_owned())
        }
    });
    found
}

/// How a panic begins, and what racecourse calls it.
const KNOWN: [(&str, &str); 4] = [
    ("Causality violation: Concurrent", "data race"),
    ("deadlock; threads = ", "deadlock"),
    ("Model exceeded maximum number of branches", "livelock"),
    ("woken up, but the queue was empty", "panic"),
];
