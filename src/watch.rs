//! Notices code that should go on and does not: it waits where nobody sees it, it loops,
//! it has used up its stack, or it allocates without end. Knows nothing of what it
//! watches.

mod exit;
mod hold;
mod memory;
mod pulse;

#[cfg(unix)]
pub(crate) use exit::say;
pub(crate) use exit::{Words, says_with};
pub(crate) use hold::{hold, interrupts_by};
pub(crate) use pulse::is_watched;

use exit::InProgress;
use memory::Usage;
use pulse::{PULSE, Pulse, lock, with_pulse};
use std::cell::Cell;
use std::panic::{Location, resume_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How often the watcher checks for a sign of life, for a cancellation, and for memory.
/// An endless loop can reserve the whole address space in a fifth of a second.
const CHECK_EVERY: Duration = Duration::from_millis(25);
/// How long a cancelled body may give no sign of life before it is abandoned. A body
/// that notices the cancellation by itself needs less, and returns what it has found.
const GRACE: Duration = Duration::from_secs(1);

/// While it lives, the calling thread is watched.
struct Watched(Arc<Pulse>);

impl Watched {
    fn new(pulse: Arc<Pulse>) -> Self {
        PULSE.set(Arc::as_ptr(&pulse));
        exit::is_watched_from_now_on();
        Self(pulse)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let interrupt = lock(&self.0.interrupt).take();
        if interrupt.is_some() && self.0.abandoned.load(Relaxed) {
            // An interrupt may be on its way, which needs the pulse.
            park_for_ever();
        }
        PULSE.set(ptr::null());
    }
}

fn park_for_ever() -> ! {
    loop {
        thread::park();
    }
}

/// Why a body was abandoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It has given no sign of life for that long.
    Silent(Duration),
    /// It has used up its stack.
    Overflow,
    /// It has allocated so many bytes since its last sign of life.
    Allocates(u64),
}

/// A body was abandoned: why, the name of what ran, and where it took its last step.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) why: Why,
    pub(crate) name: Option<String>,
    pub(crate) at: Option<&'static Location<'static>>,
}

/// A sign of life of the calling thread, if it is watched. If it is not waited for any
/// more, it goes no further.
pub(crate) fn beat() {
    with_pulse(|pulse| {
        // One thread writes, so nothing comes between this load and this store.
        pulse.beats.store(pulse.beats.load(Relaxed) + 1, Relaxed);
        if pulse.abandoned.load(Relaxed) {
            park_for_ever();
        }
    });
}

/// Where the calling thread takes a step, if it is watched: no sign of life by itself.
pub(crate) fn is_at(at: Option<&'static Location<'static>>) {
    let at = at.map_or(ptr::null(), ptr::from_ref);
    with_pulse(|pulse| pulse.at.store(at.cast_mut(), Relaxed));
}

/// Runs `body` on a thread of its own and returns its result. The thread is abandoned if
/// it gives no sign of life ([`beat`]) for `step_timeout`, if it has used up its stack, or if
/// it allocates without end. Once `cancel` is set, [`GRACE`] is enough. A thread that has
/// said how it can be interrupted ([`interrupts_by`]) is stopped; memory is looked at
/// only then. Any other thread goes on until its next sign of life. If the body ends the
/// process, the exit code is not 0 ([`exit`]).
///
/// # Panics
/// With the panic of `body`.
pub(crate) fn watch<R: Send + 'static>(
    step_timeout: Duration,
    cancel: Option<&AtomicBool>,
    body: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Stopped> {
    let _in_progress = InProgress::new();
    let pulse = Arc::<Pulse>::default();
    let (done, result) = mpsc::channel();
    // What is printed on the way says for whom it runs.
    let name = thread::current().name().unwrap_or("scene").to_owned();
    let watched = thread::Builder::new().name(name).spawn({
        let pulse = Arc::clone(&pulse);
        move || {
            let watched = Watched::new(pulse);
            let result = body();
            drop(watched);
            // Nobody may wait any more.
            let _ = done.send(result);
        }
    });
    let watched = watched.expect("the operating system can start a thread");
    // Silence is counted in checks, not read from a clock: a process that was
    // suspended has not been silent meanwhile.
    let check_every = step_timeout.min(CHECK_EVERY);
    let (mut seen, mut silent, mut used) = (0, Duration::ZERO, None);
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
            step_timeout.min(GRACE)
        } else {
            step_timeout
        };
        let can_be_stopped = lock(&pulse.interrupt).is_some();
        let uses = can_be_stopped.then(Usage::now).flatten();
        let beats = pulse.beats.load(Relaxed);
        let mut more = None;
        if beats == seen {
            silent += check_every;
            more = uses
                .zip(used)
                .and_then(|(now, before)| now.too_much_since(before));
        } else {
            (seen, silent, used) = (beats, Duration::ZERO, uses);
        }
        let why = match more {
            _ if pulse.hold.has_overflowed() => Why::Overflow,
            Some(more) => Why::Allocates(more),
            None if silent >= limit => Why::Silent(silent),
            None => continue,
        };
        pulse.abandoned.store(true, Relaxed);
        let name = pulse.stop();
        let at = pulse.at();
        return Err(Stopped { why, name, at });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;
    use std::panic::catch_unwind;

    const STEP_TIMEOUT: Duration = Duration::from_millis(200);
    /// No test waits that long.
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn who_goes_on_is_waited_for() {
        assert_eq!(watch(LONG, None, || "done").unwrap(), "done");
        // However often it has looked: as long as there is a beat in between.
        let (beaten, goes_on) = mpsc::channel();
        let slow = move || {
            while goes_on.recv().is_ok() {
                beat();
            }
            "done"
        };
        let feeder = thread::spawn(move || {
            for _ in 0..40 {
                thread::sleep(STEP_TIMEOUT / 20);
                let _ = beaten.send(());
            }
        });
        assert_eq!(watch(10 * STEP_TIMEOUT, None, slow).unwrap(), "done");
        feeder.join().unwrap();
    }

    #[test]
    fn who_does_not_is_left_alone_and_goes_no_further() {
        let here = Location::caller();
        let (wake, sleeps) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let stopped = watch(STEP_TIMEOUT, None, move || {
            is_at(Some(here));
            beat();
            // Blocked, as far as anybody can see.
            let _ = sleeps.recv();
            tell.send("woken").unwrap();
            beat();
            tell.send("gone on").unwrap();
        });
        let stopped = stopped.unwrap_err();
        assert_eq!(stopped.why, Why::Silent(STEP_TIMEOUT));
        assert_eq!((stopped.name, stopped.at), (None, Some(here)));
        drop(wake);
        assert_eq!(told.recv(), Ok("woken"));
        assert_eq!(
            told.recv_timeout(STEP_TIMEOUT),
            Err(RecvTimeoutError::Timeout),
            "it is parked, and has not ended"
        );
    }

    /// What finds out whether the calling thread was interrupted, and if possible stays
    /// here then.
    fn can_be_interrupted() -> impl Fn() -> bool {
        let asked = Arc::new(AtomicBool::new(false));
        let asks = Arc::clone(&asked);
        interrupts_by(move || asks.store(true, Relaxed));
        move || asked.load(Relaxed) && hold(Some("ann"), false)
    }

    /// Whether a thread that counts there without end is held.
    fn is_held(count: &AtomicU64) -> bool {
        let before = count.load(Relaxed);
        thread::sleep(STEP_TIMEOUT);
        before > 0 && count.load(Relaxed) == before
    }

    #[test]
    fn an_interrupted_body_says_its_name_and_goes_no_further() {
        let count = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&count);
        let stopped = watch(STEP_TIMEOUT, None, move || {
            beat();
            assert!(!hold(Some("not asked"), false));
            let interrupted = can_be_interrupted();
            loop {
                counts.fetch_add(1, Relaxed);
                interrupted();
            }
        });
        let stopped: Stopped = stopped.map(|_: ()| ()).unwrap_err();
        assert_eq!(stopped.name.as_deref(), Some("ann"));
        assert_eq!(stopped.why, Why::Silent(STEP_TIMEOUT));
        assert!(is_held(&count));
    }

    /// Loops until it is interrupted, while it is printed.
    struct Loops<F: Fn() -> bool>(F);

    impl<F: Fn() -> bool> fmt::Display for Loops<F> {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            while !self.0() {}
            Ok(())
        }
    }

    /// It can let go of it only if it goes on.
    #[test]
    fn a_body_that_holds_what_others_need_goes_on_until_it_has_let_go() {
        let count = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&count);
        let stopped = watch(STEP_TIMEOUT, None, move || {
            beat();
            let loops = Loops(can_be_interrupted());
            print!("{loops}");
            loop {
                counts.fetch_add(1, Relaxed);
                loops.0();
            }
        });
        let stopped: Stopped = stopped.map(|_: ()| ()).unwrap_err();
        assert_eq!(stopped.name.as_deref(), Some("ann"));
        assert!(is_held(&count));
    }

    #[test]
    fn a_body_without_stack_is_not_waited_for() {
        let stopped = watch(LONG, None, || {
            beat();
            interrupts_by(|| ());
            while hold(Some("ann"), true) {}
        });
        let stopped = stopped.unwrap_err();
        assert_eq!(
            (stopped.why, stopped.name.as_deref()),
            (Why::Overflow, Some("ann"))
        );
    }

    /// It may have ended just before it would have been interrupted.
    #[test]
    fn a_body_that_has_ended_is_not_interrupted() {
        let pulse = Arc::<Pulse>::default();
        let ends = Arc::clone(&pulse);
        let body = move || {
            let _watched = Watched::new(ends);
            interrupts_by(|| panic!("it has ended"));
        };
        thread::spawn(body).join().unwrap();
        assert!(lock(&pulse.interrupt).is_none());
        assert_eq!(pulse.stop(), None);
    }

    #[test]
    fn a_cancelled_body_that_blocks_is_abandoned() {
        let cancel = Arc::new(AtomicBool::new(false));
        let cancelled = Arc::clone(&cancel);
        let (_wake, sleeps) = mpsc::channel::<()>();
        let stopped = watch(LONG, Some(&cancel), move || {
            beat();
            cancelled.store(true, Relaxed);
            let _ = sleeps.recv();
        });
        assert_eq!(stopped.unwrap_err().why, Why::Silent(GRACE));
    }

    /// It may have found something that is worth waiting for.
    #[test]
    fn a_cancelled_body_that_goes_on_is_waited_for() {
        let cancel = AtomicBool::new(true);
        let done = watch(LONG, Some(&cancel), || {
            for _ in 0..15 {
                thread::sleep(GRACE / 10);
                beat();
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
        beat();
    }
}
