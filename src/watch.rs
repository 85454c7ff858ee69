//! Notices code that should go on and does not, because it blocks where nobody
//! sees it. Knows nothing of what it watches.

use std::cell::OnceCell;
use std::fmt;
use std::panic::{Location, resume_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The signs of life that a watched thread gives.
#[derive(Default)]
struct Pulse {
    beats: u64,
    /// Where it was, the last time that it said so.
    at: Option<&'static Location<'static>>,
    /// Nobody waits for it any more.
    abandoned: bool,
}

thread_local! {
    static PULSE: OnceCell<Arc<Mutex<Pulse>>> = const { OnceCell::new() };
}

/// It has given no sign of life for as long as one had patience; shows for how
/// long, and since where.
#[derive(Debug)]
pub(crate) struct Stuck {
    patience: Duration,
    at: Option<&'static Location<'static>>,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "for {:?}", self.patience)?;
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
        let mut now = lock(pulse);
        now.beats += 1;
        now.at = at;
        let abandoned = now.abandoned;
        drop(now);
        if abandoned {
            loop {
                thread::park();
            }
        }
    });
}

/// Runs `body` on a thread of its own and returns what it came to. If it gives no
/// sign of life ([`beat`]) for as long as `patience` says (at most twice as long)
/// it is left alone, and stays where it is.
///
/// # Panics
/// With the panic of `body`.
pub(crate) fn watch<R: Send + 'static>(
    patience: Duration,
    body: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Stuck> {
    let pulse = Arc::<Mutex<Pulse>>::default();
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
    let mut seen = 0;
    loop {
        match result.recv_timeout(patience) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Disconnected) => match watched.join() {
                Ok(()) => unreachable!("it ends only after it has sent"),
                Err(panic) => resume_unwind(panic),
            },
            Err(RecvTimeoutError::Timeout) => {
                let mut pulse = lock(&pulse);
                if pulse.beats == seen {
                    pulse.abandoned = true;
                    let at = pulse.at;
                    return Err(Stuck { patience, at });
                }
                seen = pulse.beats;
            }
        }
    }
}

fn lock(pulse: &Mutex<Pulse>) -> MutexGuard<'_, Pulse> {
    pulse.lock().unwrap_or_else(PoisonError::into_inner)
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
        assert_eq!(watch(LONG, || "done").unwrap(), "done");
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
        assert_eq!(watch(10 * PATIENCE, slow).unwrap(), "done");
        feeder.join().unwrap();
    }

    #[test]
    fn who_does_not_is_left_alone_and_goes_no_further() {
        let here = Location::caller();
        let (wake, sleeps) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let stuck = watch(PATIENCE, move || {
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
    fn a_panic_is_passed_on() {
        let panic = catch_unwind(|| watch(LONG, || resume_unwind(Box::new("why"))));
        let panic = panic.map(|_: Result<(), _>| ()).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"why"));
    }

    #[test]
    fn only_who_is_watched_is() {
        assert!(!is_watched());
        assert!(watch(LONG, is_watched).unwrap());
        beat(None);
    }
}
