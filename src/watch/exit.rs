//! A scene that calls `std::process::exit(0)` would end its test, or a whole exploration,
//! as if all was well. So the exit code is changed to 101, and a message says why; there is
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
static WORDS: OnceLock<Words> = OnceLock::new();
/// A message is no longer than that.
#[cfg(unix)]
const LONGEST: usize = 1024;

/// What a message asks for. Neither function allocates or locks anything.
pub(crate) struct Words {
    /// The name of what runs on the calling thread. It is used at once.
    pub(crate) name: fn() -> Option<&'static str>,
    /// Whether a message may name a step in this source file.
    pub(crate) shows: fn(&str) -> bool,
}

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

/// What messages say, from now on.
pub(crate) fn says_with(words: Words) {
    WORDS.get_or_init(|| words);
}

#[cfg(unix)]
fn install() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let mut before = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: an all-zero `sigaction` is valid, and the pointer is to a live one. The
        // functions have no other preconditions, and the two handlers do only what an exit
        // handler and a signal handler may do. A handler of the program's own is left as
        // it is. If one cannot be registered, nothing is noticed.
        unsafe {
            libc::atexit(at_exit);
            libc::sigaction(libc::SIGABRT, std::ptr::null(), before.as_mut_ptr());
            if before.assume_init().sa_sigaction == libc::SIG_DFL {
                libc::signal(libc::SIGABRT, at_abort as *const () as usize);
            }
        }
    });
}

#[cfg(not(unix))]
fn install() {}

/// The process calls `exit`, on this thread.
#[cfg(unix)]
extern "C" fn at_exit() {
    if may_be_scene() {
        tell(
            "exit",
            match IS_WATCHED.get() {
                true => {
                    " The exit code is 101. Remove the call of `std::process::exit`: a scene \
                     returns its outcome, or panics"
                }
                false => {
                    " The exit code is 101, since another thread than the scene's called it, and \
                     the scene may have started that. Call it on the main thread, or when the \
                     exploration is over"
                }
            },
        );
        // SAFETY: `_exit` has no preconditions.
        unsafe { libc::_exit(FAILED) }
    }
}

/// The process is aborted, on this thread.
#[cfg(unix)]
extern "C" fn at_abort(_: libc::c_int) {
    if may_be_scene() {
        tell("abort", "");
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
fn tell(call: &str, hint: &str) {
    let mut text = Text {
        bytes: [0; LONGEST],
        length: 0,
    };
    let words = WORDS.get();
    let name = words.filter(|_| IS_WATCHED.get());
    let name = name.and_then(|words| (words.name)());
    let at = with_pulse(|pulse| pulse.at()).flatten();
    let at = at.filter(|at| words.is_none_or(|words| (words.shows)(at.file())));
    let _ = write!(
        text,
        "\nracecourse: `{call}` ended the process while a scene ran"
    );
    if let Some(name) = name {
        let _ = write!(text, ", in thread `{name}`");
    }
    if let Some(at) = at {
        let _ = write!(text, ", after its step at {}:{}", at.file(), at.line());
    }
    let _ = writeln!(text, ". This is not a verdict: nothing is proved.{hint}");
    say(&text.bytes[..text.length]);
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

/// Text that is written at once, so that messages of several threads do not mix. What is too
/// long is left out.
#[cfg(unix)]
struct Text {
    bytes: [u8; LONGEST],
    length: usize,
}

#[cfg(unix)]
impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let rest = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        rest.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// To standard error. A signal handler can call it.
#[cfg(unix)]
pub(crate) fn say(text: &[u8]) {
    // SAFETY: the pointer and the length are those of a live slice.
    let _ = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}
