//! The actors of a scene.

use super::actor::Actor;
#[cfg(not(loom))]
use super::ordinary::run_actors;
#[cfg(loom)]
use crate::engine::primitives::run_actors;

/// The threads of a scene, each with a name and a part, all played at once.
///
/// ```
/// use racecourse::sync::Actors;
/// # if racecourse::explorer::CAN_EXPLORE { return; } // the model wants a scene
/// assert_eq!(Actors::new().enter("ann", || 1).enter("bob", || 2).run(), [1, 2]);
/// ```
pub struct Actors<'a, R> {
    cast: Vec<Actor<'a, R>>,
}

impl<'a, R: Send> Actors<'a, R> {
    /// An empty stage.
    #[must_use]
    pub fn new() -> Self {
        Self { cast: Vec::new() }
    }

    /// One more actor.
    #[must_use]
    pub fn enter(mut self, name: impl Into<String>, part: impl FnOnce() -> R + Send + 'a) -> Self {
        self.cast.push(Actor {
            name: name.into(),
            part: Box::new(part),
        });
        self
    }

    /// Plays all parts at once and returns what each came to, in order of entry.
    ///
    /// # Panics
    /// With an actor's panic, once all have ended.
    pub fn run(self) -> Vec<R> {
        run_actors(self.cast)
    }
}

impl<R: Send> Default for Actors<'_, R> {
    fn default() -> Self {
        Self::new()
    }
}
