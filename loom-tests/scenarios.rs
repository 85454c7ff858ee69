//! Scenarios that nobody has thought of, held against a sequential specification.
//!
//! Two or three threads make up to three calls each, of whatever can be called.
//! Every scenario is explored in every interleaving, and every history of calls
//! and answers must be linearizable: the calls must have places, each between its
//! invocation and its response, in whose order the specification gives the same
//! answers. What stays blocked for ever must be what the specification blocks.
//!
//! All is the same in every run. How many scenarios it takes to catch each wrong
//! version, with ten seeds:
//!
//! ```console
//! $ RUSTFLAGS="--cfg loom" cargo test --release --test loom how_soon -- --ignored --nocapture
//! ```

mod history;
mod linearize;
mod lock;
mod queue;
mod scene;
mod specification;
mod trial;

use history::Precedence;
use lock::Counter;
use queue::{Call, Sequential};
use racecourse::explorer::report::{Budget, Memory};
use racecourse::lessons::bounded_queue::{self, ContainsQueue, Item, right::Queue};
use racecourse::lessons::ticket_lock::{self, right::TicketLock};
use scene::Scenario;
use specification::Callee;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use trial::{Generated, hunt, pass, smallest};

#[test]
fn the_right_queue_is_linearizable() {
    let passed = pass::<Sequential, Queue<Item>>(300).unwrap_or_else(|told| panic!("{told}"));
    println!("queue: {passed}");
}

#[test]
fn the_right_lock_is_linearizable() {
    let passed = pass::<Counter, TicketLock<u64>>(100).unwrap_or_else(|told| panic!("{told}"));
    println!("ticket-lock: {passed}");
}

/// A wrong version, and how it is hunted.
struct Wrong {
    name: &'static str,
    /// How many scenarios it takes with a seed.
    hunt: fn(u8) -> usize,
    /// The scenario that catches it, made as small as can be, and its story.
    tell: fn(u8) -> String,
}

impl Wrong {
    fn new<S: Generated, C: Callee<S>>() -> Self {
        let path = std::any::type_name::<C>();
        Self {
            name: path.rsplit("::").next().unwrap_or(path),
            hunt: |seed| hunt::<S, C>(seed).0,
            tell: |seed| smallest::<S, C>(hunt::<S, C>(seed).1),
        }
    }

    fn all() -> [Self; 12] {
        use bounded_queue::wrong::*;
        use ticket_lock::{Counted, wrong::*};
        [
            Self::new::<Sequential, IfInsteadOfWhile>(),
            Self::new::<Sequential, OneCondvarNotifyOne>(),
            Self::new::<Sequential, SilentClose>(),
            Self::new::<Sequential, FullThenPut>(),
            Self::new::<Sequential, DropsOnTimeout>(),
            Self::new::<Sequential, TimesOutYetTakes>(),
            Self::new::<Counter, Counted<RelaxedUnlock>>(),
            Self::new::<Counter, Counted<RelaxedWait>>(),
            Self::new::<Counter, Counted<TornTicket>>(),
            Self::new::<Counter, Counted<ForgetsToServe>>(),
            Self::new::<Counter, Counted<BargesIn>>(),
            Self::new::<Counter, Counted<WakesTheWrongOne>>(),
        ]
    }
}

#[test]
fn every_wrong_version_is_caught() {
    let lessons = [bounded_queue::lesson(), ticket_lock::lesson()];
    let versions = lessons.iter().flat_map(|lesson| &lesson.versions);
    let wrong = versions.filter(|version| !version.is_right()).count();
    // `OneCondvarNotifyTwo` needs five threads, and scenarios have three.
    assert_eq!(Wrong::all().len() + 1, wrong, "all of them");
    for wrong in Wrong::all() {
        println!("{}: caught by scenario {}", wrong.name, (wrong.hunt)(0));
    }
}

/// A scenario is told as a table, the call that has no legal place, and a story.
#[test]
fn the_smallest_scenario_is_told() {
    let full_then_put = Wrong::new::<Sequential, bounded_queue::wrong::FullThenPut>();
    let told = (full_then_put.tell)(0);
    let head: Vec<&str> = told.lines().take(6).collect();
    insta::assert_snapshot!(head.join("\n"));
    assert!(told.contains("┃ lock, unlock buffer"), "{told}");
}

/// Remembers how long the queue was when it was asked first.
struct RemembersLen {
    queue: Queue<Item>,
    len: OnceLock<usize>,
}

impl ContainsQueue for RemembersLen {
    fn new(capacity: NonZeroUsize) -> Self {
        Self {
            queue: Queue::new(capacity),
            len: OnceLock::new(),
        }
    }

    fn right(&self) -> &Queue<Item> {
        &self.queue
    }

    fn len(&self) -> usize {
        match self.len.get() {
            Some(&len) => len,
            None => {
                let len = self.queue.len();
                *self.len.get_or_init(|| len)
            }
        }
    }
}

/// What `RemembersLen` says the second time is wrong only if a put has returned
/// since the first: in between there is nothing that would bring that about.
#[test]
fn orders_of_invocations_and_responses_are_explored() {
    let scenario = Scenario {
        start: Sequential::new(NonZeroUsize::MIN),
        threads: vec![vec![Call::Put("a1")], vec![Call::Len, Call::Len]],
        budget: Budget::NONE,
    };
    let forbidden = |precedence| {
        let found = scenario.explore::<RemembersLen>(Memory::Sc, precedence, 1_000);
        let forbidden = found.forbidden().map(|row| row.outcome.clone());
        forbidden.collect::<Vec<String>>()
    };
    assert_eq!(forbidden(Precedence::Explored), ["b: len → 0"]);
    assert_eq!(
        forbidden(Precedence::Noted),
        [""; 0],
        "if it does not cost more, why not always?"
    );
}

#[test]
#[ignore = "takes minutes: see the heading"]
fn how_soon_every_wrong_version_is_caught() {
    for wrong in Wrong::all() {
        let mut scenarios: Vec<usize> = (0..10).map(wrong.hunt).collect();
        scenarios.sort_unstable();
        // Of ten, the median is between the fifth and the sixth.
        let median = (scenarios[4] + scenarios[5]) as f64 / 2.0;
        println!(
            "{}: median {median} of {scenarios:?}\n\n{}",
            wrong.name,
            (wrong.tell)(0)
        );
    }
}
