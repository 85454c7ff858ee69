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
mod trial;

use lock::Counter;
use queue::Sequential;
use racecourse::lessons::bounded_queue::{self, Item, right::Queue};
use racecourse::lessons::ticket_lock::{self, right::TicketLock};
use scene::Callee;
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

    fn all() -> [Self; 10] {
        use bounded_queue::wrong::*;
        use ticket_lock::wrong::*;
        [
            Self::new::<Sequential, IfInsteadOfWhile>(),
            Self::new::<Sequential, OneCondvarNotifyOne>(),
            Self::new::<Sequential, SilentClose>(),
            Self::new::<Sequential, FullThenPut>(),
            Self::new::<Sequential, DropsOnTimeout>(),
            Self::new::<Counter, RelaxedUnlock>(),
            Self::new::<Counter, RelaxedWait>(),
            Self::new::<Counter, TornTicket>(),
            Self::new::<Counter, ForgetsToServe>(),
            Self::new::<Counter, BargesIn>(),
        ]
    }
}

#[test]
fn every_wrong_version_is_caught() {
    let lessons = [bounded_queue::lesson(), ticket_lock::lesson()];
    let versions = lessons.iter().flat_map(|lesson| &lesson.versions);
    let wrong = versions.filter(|version| !version.is_right()).count();
    assert_eq!(Wrong::all().len(), wrong, "all of them");
    for wrong in Wrong::all() {
        println!("{}: caught by scenario {}", wrong.name, (wrong.hunt)(0));
    }
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
