//! Notices code that should go on and does not, because it blocks where nobody
//! sees it. Knows nothing of what it watches.

use std::cell::OnceCell;
use std::fmt;
use std::panic::{Location, resume_unwind};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How often the watcher checks for a sign of life and for a cancellation.
const CHECK_EVERY: Duration = Duration::from_millis(100);
/// How long a cancelled body may give no sign of life before it is abandoned. A body
/// that notices the cancellation by itself needs less, and returns what it has found.
const GRACE: Duration = Duration::from_secs(1);

/// The signs of life that a watched thread gives. Only the watched thread writes
/// `beats` and `at`, only its watcher sets `abandoned`.
///
/// ORDERING: all accesses are Relaxed. No field says anything about another: the
/// watcher compares `beats` with the number it read before, `at` is for a message, and
/// a thread that sees `abandoned` late takes a step that nobody reads.
#[derive(Default)]
struct Pulse {
    beats: AtomicU64,
    /// Where the thread was at its last beat; null if it did not say.
    at: AtomicPtr<Location<'static>>,
    /// Nobody waits for it any more.
    abandoned: AtomicBool,
}

impl Pulse {
    fn beat(&self, at: Option<&'static Location<'static>>) {
        // One thread writes, so nothing comes between this load and this store.
        self.beats.store(self.beats.load(Relaxed) + 1, Relaxed);
        let at = at.map_or(ptr::null(), ptr::from_ref);
        self.at.store(at.cast_mut(), Relaxed);
    }

    fn at(&self) -> Option<&'static Location<'static>> {
        let at = self.at.load(Relaxed);
        // SAFETY: it is null, or `beat` was given it as a `&'static Location`. What that
        // refers to is never written, so it needs no ordering to be read.
        unsafe { at.as_ref() }
    }
}

thread_local! {
    static PULSE: OnceCell<Arc<Pulse>> = const { OnceCell::new() };
}

/// The body gave no sign of life for too long. Displays for how long, and since
/// where.
#[derive(Debug)]
pub(crate) struct Stuck {
    silent: Duration,
    at: Option<&'static Location<'static>>,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "for {:?}", self.silent)?;
        match self.at {
            Some(at) => write!(f, " since {at}"),
            None => Ok(()),
        }
    }
}

/// Whether the calling thread is watched.
pub(crate) fn is_watched() -> bool {
    PULSE.with(|pulse| pulse.get().is_some())
}

/// A sign of life of the calling thread, if it is watched: it begins something
/// new, or takes a step there. Who is not waited for any more goes no further.
pub(crate) fn beat(at: Option<&'static Location<'static>>) {
    PULSE.with(|pulse| {
        let Some(pulse) = pulse.get() else { return };
        pulse.beat(at);
        if pulse.abandoned.load(Relaxed) {
            loop {
                thread::park();
            }
        }
    });
}

/// Runs `body` on a thread of its own and returns its result. If it gives no sign of
/// life ([`beat`]) for `patience`, it is abandoned: its thread stays where it is. Once
/// `cancel` is set, [`GRACE`] is enough.
///
/// # Panics
/// With the panic of `body`.
pub(crate) fn watch<R: Send + 'static>(
    patience: Duration,
    cancel: Option<&AtomicBool>,
    body: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Stuck> {
    let pulse = Arc::<Pulse>::default();
    let (done, result) = mpsc::channel();
    // What is printed on the way says for whom it runs.
    let name = thread::current().name().unwrap_or("scene").to_owned();
    let watched = thread::Builder::new().name(name).spawn({
        let pulse = Arc::clone(&pulse);
        move || {
            PULSE.with(|own| _ = own.set(pulse));
            // Nobody may wait any more.
            let _ = done.send(body());
        }
    });
    let watched = watched.expect("the operating system can start a thread");
    // Silence is counted in checks, not read from a clock: a process that was
    // suspended has not been silent meanwhile.
    let check_every = patience.min(CHECK_EVERY);
    let (mut seen, mut silent) = (0, Duration::ZERO);
    loop {
        match result.recv_timeout(check_every) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Disconnected) => match watched.join() {
                Ok(()) => unreachable!("it ends only after it has sent"),
                Err(panic) => resume_unwind(panic),
            },
            Err(RecvTimeoutError::Timeout) => {}
        }
        // ORDERING: the flag publishes nothing else, and the next check would see it.
        let cancelled = cancel.is_some_and(|cancel| cancel.load(Relaxed));
        let limit = if cancelled {
            patience.min(GRACE)
        } else {
            patience
        };
        let beats = pulse.beats.load(Relaxed);
        if beats == seen {
            silent += check_every;
        } else {
            (seen, silent) = (beats, Duration::ZERO);
        }
        if silent >= limit {
            pulse.abandoned.store(true, Relaxed);
            let at = pulse.at();
            return Err(Stuck { silent, at });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    const PATIENCE: Duration = Duration::from_millis(200);
    /// Whoever is this patient is never disappointed in a test.
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn who_goes_on_is_waited_for() {
        assert_eq!(watch(LONG, None, || "done").unwrap(), "done");
        // However often it has looked: as long as there is a beat in between.
        let (beaten, goes_on) = mpsc::channel();
        let slow = move || {
            while goes_on.recv().is_ok() {
                beat(None);
            }
            "done"
        };
        let feeder = thread::spawn(move || {
            for _ in 0..40 {
                thread::sleep(PATIENCE / 20);
                let _ = beaten.send(());
            }
        });
        assert_eq!(watch(10 * PATIENCE, None, slow).unwrap(), "done");
        feeder.join().unwrap();
    }

    #[test]
    fn who_does_not_is_left_alone_and_goes_no_further() {
        let here = Location::caller();
        let (wake, sleeps) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let stuck = watch(PATIENCE, None, move || {
            beat(Some(here));
            // Blocked, as far as anybody can see.
            let _ = sleeps.recv();
            tell.send("woken").unwrap();
            beat(None);
            tell.send("gone on").unwrap();
        });
        let stuck = stuck.unwrap_err().to_string();
        assert_eq!(stuck, format!("for 200ms since {here}"));
        drop(wake);
        assert_eq!(told.recv(), Ok("woken"));
        assert_eq!(
            told.recv_timeout(PATIENCE),
            Err(RecvTimeoutError::Timeout),
            "it is parked, and has not ended"
        );
    }

    #[test]
    fn a_cancelled_body_that_blocks_is_abandoned() {
        let cancel = Arc::new(AtomicBool::new(false));
        let cancelled = Arc::clone(&cancel);
        let (_wake, sleeps) = mpsc::channel::<()>();
        let stuck = watch(LONG, Some(&cancel), move || {
            beat(None);
            cancelled.store(true, Relaxed);
            let _ = sleeps.recv();
        });
        assert_eq!(stuck.unwrap_err().to_string(), "for 1s");
    }

    /// It may have found something that is worth waiting for.
    #[test]
    fn a_cancelled_body_that_goes_on_is_waited_for() {
        let cancel = AtomicBool::new(true);
        let done = watch(LONG, Some(&cancel), || {
            for _ in 0..15 {
                thread::sleep(GRACE / 10);
                beat(None);
            }
            "done"
        });
        assert_eq!(done.unwrap(), "done");
    }

    #[test]
    fn a_panic_is_passed_on() {
        let panic = catch_unwind(|| watch(LONG, None, || resume_unwind(Box::new("why"))));
        let panic = panic.map(|_: Result<(), _>| ()).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"why"));
    }

    #[test]
    fn only_who_is_watched_is() {
        assert!(!is_watched());
        assert!(watch(LONG, None, is_watched).unwrap());
        beat(None);
    }
}
