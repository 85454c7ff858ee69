//! The threads of a scene.

use super::actor::Actor;
#[cfg(not(any(loom, feature = "model")))]
use super::ordinary::run_actors;
#[cfg(any(loom, feature = "model"))]
use crate::engine::primitives::run_actors;

/// The threads of a scene. Each has a name and a closure, and all run at the same time.
///
/// ```
/// use racecourse::sync::Actors;
/// # if racecourse::explorer::CAN_EXPLORE { return; } // the model wants a scene
/// assert_eq!(Actors::new().enter("ann", || 1).enter("bob", || 2).run(), [1, 2]);
/// ```
pub struct Actors<'a, R> {
    actors: Vec<Actor<'a, R>>,
}

impl<'a, R: Send> Actors<'a, R> {
    /// No threads yet.
    #[must_use]
    pub fn new() -> Self {
        Self { actors: Vec::new() }
    }

    /// Adds a thread that runs `part`. Stories call it `name`.
    #[inline]
    #[must_use]
    pub fn enter(mut self, name: impl Into<String>, part: impl FnOnce() -> R + Send + 'a) -> Self {
        self.actors.push(Actor {
            name: name.into(),
            part: Box::new(Some(part)),
        });
        self
    }

    /// Runs all threads at the same time, and returns their results in the order of
    /// [`enter`](Self::enter).
    ///
    /// # Panics
    /// With a thread's panic, after all threads have ended.
    pub fn run(self) -> Vec<R> {
        run_actors(self.actors)
    }
}

impl<R: Send> Default for Actors<'_, R> {
    fn default() -> Self {
        Self::new()
    }
}
