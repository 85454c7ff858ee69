//! Runs a scene in every interleaving, counts its outcomes, and tells the simplest story of
//! each.
//!
//! A scene is a closure that runs once and judges its own outcome. The explorer knows no
//! lesson. Only the model build can explore. The std build can read and draw what an
//! exploration found. For a scene in a `#[test]`, use [`crate::check`].
//!
//! # What a verdict means
//! [`Exploration::verdict`](report::Exploration::verdict) is one line. Its first word says how
//! far the exploration went:
//!
//! - `COMPLETE: 42 different interleavings, 43 executions, SC (any waiter, …)`: every
//!   interleaving was run. Executions that differ only in the order of independent steps
//!   count as one interleaving (a Mazurkiewicz trace). The parentheses name the
//!   [budget](report::Budget).
//! - `COMPLETE up to 2 preemptions: …`: every interleaving with at most two preemptions was
//!   run. [`Options::preemptions`] sets this bound.
//! - `COMPLETE, loop at src/lib.rs:12 up to 4 iterations: …`: a loop that may never end was run
//!   up to four iterations. [`Budget::iterations`](report::Budget::iterations) sets this bound.
//! - `STOPPED after 1000000 executions: not a proof`: some interleavings were not run, and
//!   nothing is proved. A forbidden outcome that was found by then is still a result.
//! - `STOPPED after 1000000 executions: proved for up to 2 preemptions`: every interleaving
//!   with at most two preemptions was run, and none has a forbidden outcome. (If one has, the
//!   verdict says `explored up to 2 preemptions`.)
//!
//! A scene is *proved* if its verdict is `COMPLETE`, it has no forbidden outcome, and every
//! outcome that must occur was found: [`Exploration::complaints`] is empty then.
//!
//! # What is explored
//! An exploration runs every order of dependent steps: locks, waits, notifications, atomic
//! operations, messages, joins. A load reads every store that the
//! [memory model](report::Memory) allows. The rare events of the [budget](report::Budget)
//! happen wherever they can. Mutexes are poisoned as in std.
//!
//! Deadlock, livelock, panic, data race, use after free and the other misuses of
//! [`sync::alloc`](crate::sync::alloc) are outcomes too. The exploration continues after each
//! of them.
//!
//! # Stories
//! The story of an outcome is its simplest interleaving: the one with the fewest stale reads,
//! and among those the fewest preemptions. A stale read is a load of an older store although
//! a newer one was there. If an outcome has very many interleavings, the search for the
//! simplest one is cut short. Then the story says `at most 2 preemptions`, and
//! [`Story::minimal`](report::Story::minimal) is `false`.
//!
#![doc = include_str!("explorer/limits.md")]
#![doc = include_str!("explorer/method.md")]

#[cfg(any(loom, feature = "model"))]
mod decisive;
#[cfg(any(loom, feature = "model"))]
mod engine;
#[cfg(any(loom, feature = "model"))]
mod found;
#[cfg(any(loom, feature = "model"))]
mod graph;
#[cfg(any(loom, feature = "model"))]
mod judge;
mod options;
#[cfg(any(loom, feature = "model"))]
mod order;
#[cfg(any(loom, feature = "model"))]
mod replay;
pub mod report;
#[cfg(any(loom, feature = "model"))]
mod script;
pub mod states;
#[cfg(any(loom, feature = "model"))]
mod story;
#[cfg(any(loom, feature = "model"))]
mod two_searches;
#[cfg(any(loom, feature = "model"))]
mod unseen;

#[cfg(any(loom, feature = "model"))]
mod door;
#[cfg(not(any(loom, feature = "model")))]
#[path = "explorer/shut.rs"]
mod door;

pub use options::{NotTheModel, Options, Progress};

use crate::watch;
use report::{Exploration, Judged};
use states::Graph;
use std::sync::Arc;

/// Whether this is the model build, the one with `--cfg loom`, which can explore. In the
/// model build no scene runs with real threads.
pub const CAN_EXPLORE: bool = cfg!(any(loom, feature = "model"));

/// Runs every interleaving of `scene` and returns everything that was found.
///
/// The scene must do the same in each execution, apart from the order of its threads:
/// [`crate::check`] lists the rules. For a scene in a `#[test]`, use [`crate::check::scene`].
///
/// ```
/// use racecourse::explorer::report::{Judged, Memory};
/// use racecourse::explorer::{CAN_EXPLORE, NotTheModel, Options, explore};
/// use racecourse::sync::{Actors, Mutex};
/// use std::sync::Arc;
///
/// let scene = || {
///     let till = Mutex::new(0);
///     let pay = || *till.lock().unwrap() += 1;
///     Actors::new().enter("ann", pay).enter("bob", pay).run();
///     match till.into_inner().unwrap() {
///         2 => Judged::promised("2", "both have paid"),
///         other => Judged::forbidden(other.to_string(), "a payment is lost"),
///     }
/// };
/// let mut options = Options::new(Memory::C11);
/// options.max_executions = Some(1000);
/// match explore(options, Arc::new(scene)) {
///     Ok(found) => {
///         assert!(found.is_complete());
///         assert_eq!(found.outcome("2").unwrap().different, 2);
///     }
///     Err(NotTheModel) => assert!(!CAN_EXPLORE),
/// }
/// ```
///
/// # Errors
/// [`NotTheModel`] in the std build.
///
/// # Panics
/// If it is called inside a scene that is being explored.
pub fn explore(
    options: Options,
    scene: Arc<dyn Fn() -> Judged + Send + Sync>,
) -> Result<Exploration, NotTheModel> {
    assert!(
        !watch::is_watched(),
        "a scene cannot be explored inside another"
    );
    door::explore(options, scene)
}

/// Finds every [state](states) of `scene`, if there are no more than `most_states`: for a page or a
/// program in which a reader chooses which thread runs next.
///
/// It ignores [`Options::preemptions`], [`Options::all_orders`], [`Options::explain`],
/// [`Options::progress`] and [`Options::judge_blocked`].
///
/// # Errors
/// [`NotTheModel`] in the std build.
///
/// # Panics
/// If it is called inside a scene that is being explored.
pub fn graph(
    options: Options,
    most_states: usize,
    scene: Arc<dyn Fn() -> Judged + Send + Sync>,
) -> Result<Graph, NotTheModel> {
    assert!(
        !watch::is_watched(),
        "a scene cannot be explored inside another"
    );
    door::graph(options, most_states, scene)
}
