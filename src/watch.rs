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
        write!(f, "for {}", humantime::format_duration(self.patience))?;
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
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    const PATIENCE: Duration = Duration::from_millis(300);

    #[test]
    fn who_goes_on_is_waited_for() {
        let slow = || {
            for _ in 0..20 {
                beat(None);
                thread::sleep(PATIENCE / 8);
            }
            "done"
        };
        assert_eq!(watch(PATIENCE, slow).unwrap(), "done");
    }

    #[test]
    fn who_does_not_is_left_alone_and_goes_no_further() {
        static STEPS: AtomicU32 = AtomicU32::new(0);
        let here = Location::caller();
        let stuck = watch(PATIENCE, move || {
            beat(Some(here));
            thread::sleep(4 * PATIENCE);
            STEPS.fetch_add(1, Relaxed);
            beat(None);
            STEPS.fetch_add(1, Relaxed);
        });
        let stuck = stuck.unwrap_err().to_string();
        assert_eq!(stuck, format!("for 300ms since {here}"));
        thread::sleep(6 * PATIENCE);
        assert_eq!(STEPS.load(Relaxed), 1);
    }

    #[test]
    fn a_panic_is_passed_on() {
        let panic = catch_unwind(|| watch(PATIENCE, || resume_unwind(Box::new("why"))));
        let panic = panic.map(|_: Result<(), _>| ()).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"why"));
    }

    #[test]
    fn only_who_is_watched_is() {
        assert!(!is_watched());
        assert!(watch(PATIENCE, is_watched).unwrap());
        beat(None);
    }
}
