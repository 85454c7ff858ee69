//! Actors, and what they tell the audience.

use super::world;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// One actor: a name, and the part to play.
pub(crate) struct Actor<'a, R> {
    pub(crate) name: String,
    pub(crate) part: Box<dyn FnOnce() -> R + Send + 'a>,
}

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
        world::run_actors(self.cast)
    }
}

impl<R: Send> Default for Actors<'_, R> {
    fn default() -> Self {
        Self::new()
    }
}

// Settings of a play. Relaxed: they are set before the actors' threads start,
// and starting a thread is the happens-before edge.
static TELLING: AtomicBool = AtomicBool::new(false);
static PACE_MICROSECONDS: AtomicU64 = AtomicU64::new(0);

/// What [`narrate!`](crate::narrate) calls.
#[track_caller]
pub fn narrate(what: fmt::Arguments<'_>) {
    world::narrate(what);
}

/// Whether narration is printed, from now on, in the whole process (at first: no).
pub fn tell(aloud: bool) {
    TELLING.store(aloud, Relaxed);
}

/// How long every [`rest`] takes, from now on, in the whole process (at first: no time).
pub fn set_pace(pace: Duration) {
    let microseconds = u64::try_from(pace.as_micros()).unwrap_or(u64::MAX);
    PACE_MICROSECONDS.store(microseconds, Relaxed);
}

/// Does what the seed's `time.sleep` stands for: work that takes a while. Takes
/// the pace's time when a lesson is played, none when it is tested or explored.
pub fn rest() {
    world::rest();
}

/// A place at which a process may die, for a thread that stands for a process.
/// Whether it does, there and then: in the model, as often as the exploration's
/// budget ([`Budget::deaths`](crate::explorer::report::Budget::deaths)) says, at any
/// such place; otherwise never. A process that has died does nothing more but hang
/// up, which the operating system does for it: the thread drops what it holds and
/// returns.
///
/// A real process dies at any moment, but nobody can tell where between two steps
/// that others notice: a place before each of them, and one at the end, are all.
#[must_use]
#[track_caller]
pub fn may_die() -> bool {
    world::may_die()
}

#[cfg_attr(loom, expect(dead_code, reason = "the model prints nothing"))]
pub(super) fn is_telling() -> bool {
    TELLING.load(Relaxed)
}

#[cfg_attr(loom, expect(dead_code, reason = "the model takes no time"))]
pub(super) fn pace() -> Option<Duration> {
    match PACE_MICROSECONDS.load(Relaxed) {
        0 => None,
        pace => Some(Duration::from_micros(pace)),
    }
}
