//! Explores scenes: every interleaving, every outcome, the simplest story of each.
//!
//! The explorer knows no lesson: a scene is a closure that runs once and judges its own
//! outcome. The engine runs the scene, one execution after another, in the model build.
//! The std build can read and draw what an exploration found, but it cannot explore.

#[cfg(loom)]
mod decisive;
#[cfg(loom)]
mod engine;
#[cfg(loom)]
mod found;
#[cfg(loom)]
mod judge;
mod options;
#[cfg(loom)]
mod order;
#[cfg(loom)]
mod replay;
pub mod report;
#[cfg(loom)]
mod script;
#[cfg(loom)]
mod story;
#[cfg(loom)]
mod turns;
#[cfg(loom)]
mod unseen;

#[cfg(loom)]
mod door;
#[cfg(not(loom))]
#[path = "explorer/shut.rs"]
mod door;

pub use options::{NotTheModel, Options, Progress};

use crate::watch;
use report::{Exploration, Judged};
use std::sync::Arc;

/// Whether this is the model build, which can explore. It cannot play a scene with real
/// threads: its threads and locks are the model's.
pub const CAN_EXPLORE: bool = cfg!(loom);

/// Runs every interleaving of `scene` and returns all that was found.
///
/// [`crate::check`] has the same for a `#[test]`.
///
/// ```
/// use racecourse::explorer::report::{Judged, Memory};
/// use racecourse::explorer::{CAN_EXPLORE, NotTheModel, Options, explore};
/// use racecourse::sync::{Actors, Arc, Mutex, Named};
///
/// let scene = || {
///     let till = Mutex::new(0).named("till");
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
/// Inside a scene that is explored.
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
