//! A scene that calls `std::process::exit(0)` would end its test, or a whole exploration,
//! as if all was well. So the exit code is another one then, and a message says why; there is
//! a message for `std::process::abort` too. C's `_exit`, another signal and `exec` end the
//! process without this.

use super::pulse::with_pulse;
use std::cell::Cell;
use std::fmt::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What the test harness returns when a test has failed.
#[cfg(unix)]
const FAILED: libc::c_int = 101;

/// How many bodies are watched at present.
static WATCHED: AtomicUsize = AtomicUsize::new(0);
/// Says the name of what runs on the calling thread.
static NAME: OnceLock<fn() -> Option<&'static str>> = OnceLock::new();

thread_local! {
    /// Whether the calling thread was started to be watched. Without a destructor, so that
    /// the destructors of other thread locals still find it.
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, a body is watched.
pub(super) struct InProgress;

impl InProgress {
    pub(super) fn new() -> Self {
        install();
        // ORDERING: a thread that the body starts sees it, since it is started later.
        WATCHED.fetch_add(1, Relaxed);
        Self
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        WATCHED.fetch_sub(1, Relaxed);
    }
}

/// The calling thread is watched from now on.
pub(super) fn is_watched_from_now_on() {
    IS_WATCHED.set(true);
}

/// `name` says what runs on the calling thread. It allocates nothing and locks nothing, and
/// its result is used at once.
pub(crate) fn names_by(name: fn() -> Option<&'static str>) {
    NAME.get_or_init(|| name);
}

#[cfg(unix)]
fn install() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    // SAFETY: both functions may be called at any time, and do only what an exit handler
    // and a signal handler may do. If one cannot be registered, nothing is noticed.
    ONCE.call_once(|| unsafe {
        libc::atexit(at_exit);
        let before = libc::signal(libc::SIGABRT, at_abort as *const () as usize);
        if before != libc::SIG_DFL {
            libc::signal(libc::SIGABRT, before);
        }
    });
}

#[cfg(not(unix))]
fn install() {}

/// The process calls `exit`, on this thread.
#[cfg(unix)]
extern "C" fn at_exit() {
    if may_be_scene() {
        let _ = tell("exit");
        say(
            " The exit code is 101. Remove the call of `std::process::exit`: a scene returns \
             its outcome, or panics\n",
        );
        // SAFETY: `_exit` has no preconditions.
        unsafe { libc::_exit(FAILED) }
    }
}

/// The process is aborted, on this thread.
#[cfg(unix)]
extern "C" fn at_abort(_: libc::c_int) {
    if may_be_scene() {
        let _ = tell("abort");
        say("\n");
    }
    // SAFETY: both may be called in a signal handler. The signal ends the process when this
    // handler returns.
    unsafe {
        libc::signal(libc::SIGABRT, libc::SIG_DFL);
        libc::raise(libc::SIGABRT);
    }
}

/// Whether the calling thread runs a scene, or may have been started by one.
#[cfg(unix)]
fn may_be_scene() -> bool {
    IS_WATCHED.get() || (WATCHED.load(Relaxed) > 0 && !is_main())
}

/// Allocates nothing: the thread may hold any lock.
#[cfg(unix)]
fn tell(call: &str) -> fmt::Result {
    let mut out = Stderr;
    write!(
        out,
        "\nracecourse: `{call}` ended the process while a scene ran"
    )?;
    if IS_WATCHED.get()
        && let Some(name) = NAME.get().and_then(|name| name())
    {
        write!(out, ", in thread `{name}`")?;
    }
    if let Some(at) = with_pulse(|pulse| pulse.at()).flatten() {
        write!(out, ", after its step at {}:{}", at.file(), at.line())?;
    }
    out.write_str(". This is not a verdict: nothing is proved.")
}

/// Whether this is the process's first thread, which no scene runs on.
#[cfg(unix)]
fn is_main() -> bool {
    // SAFETY: neither has preconditions.
    #[cfg(target_os = "linux")]
    return unsafe { libc::getpid() == libc::gettid() };
    #[cfg(not(target_os = "linux"))]
    true
}

/// Standard error, without a lock or a buffer.
#[cfg(unix)]
struct Stderr;

#[cfg(unix)]
impl Write for Stderr {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        say(text);
        Ok(())
    }
}

/// To standard error. A signal handler can call it.
#[cfg(unix)]
pub(crate) fn say(text: &str) {
    // SAFETY: the pointer and the length are those of a live slice.
    let _ = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}
