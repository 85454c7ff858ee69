//! The settings of a lesson that is played with real threads: printed or not, fast or slow.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

// ORDERING: settings of a play. They are set before the actors' threads start, and
// starting a thread is the happens-before edge.
static TELLING: AtomicBool = AtomicBool::new(false);
static PACE_MICROSECONDS: AtomicU64 = AtomicU64::new(0);

/// Sets whether [`narrate!`](crate::narrate) prints its text, for the whole process. The
/// default is `false`.
pub fn tell(aloud: bool) {
    TELLING.store(aloud, Relaxed);
}

/// Sets how long every [`rest`](super::rest) takes, for the whole process. The default is no
/// time. Fractions of a microsecond are dropped.
pub fn set_pace(pace: Duration) {
    let microseconds = u64::try_from(pace.as_micros()).unwrap_or(u64::MAX);
    PACE_MICROSECONDS.store(microseconds, Relaxed);
}

#[cfg_attr(
    any(loom, feature = "model"),
    expect(dead_code, reason = "the model prints nothing")
)]
pub(super) fn is_telling() -> bool {
    TELLING.load(Relaxed)
}

#[cfg_attr(
    any(loom, feature = "model"),
    expect(dead_code, reason = "the model takes no time")
)]
pub(super) fn pace() -> Option<Duration> {
    match PACE_MICROSECONDS.load(Relaxed) {
        0 => None,
        pace => Some(Duration::from_micros(pace)),
    }
}
