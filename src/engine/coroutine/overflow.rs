//! Stops a thread of a scene that overflows its stack, or that its watcher interrupts.
//!
//! Threads of std, which explorations run on, have a stack of their own for signal
//! handlers; the handler that std has installed is asked about all faults that are not
//! in a coroutine's guard page.

use crate::watch;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

/// The coroutine that runs on this thread of the operating system.
#[derive(Clone, Copy)]
pub(super) struct Running {
    guard: usize,
    name: *const str,
}

thread_local! {
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
}

/// The handlers that were there before, for SIGSEGV and SIGBUS.
static BEFORE: OnceLock<[libc::sigaction; 2]> = OnceLock::new();

const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// Handles faults in guard pages, from now on, in the whole process. The calling thread
/// can be interrupted, if it is watched.
pub(super) fn install() {
    BEFORE.get_or_init(|| SIGNALS.map(install_for));
    // SAFETY: `pthread_self` has no preconditions.
    let thread = unsafe { libc::pthread_self() } as usize;
    watch::interrupts_by(move || {
        // SAFETY: `watch` calls this only while the thread lives.
        unsafe { libc::pthread_kill(thread as libc::pthread_t, libc::SIGSEGV) };
    });
}

fn install_for(signal: libc::c_int) -> libc::sigaction {
    let mut before = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all-zero is a valid `sigaction`; both pointers are to live ones; the
    // handler has the signature that SA_SIGINFO asks for.
    unsafe {
        let mut new = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
        new.sa_sigaction = handle as *const () as usize;
        new.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        libc::sigaction(signal, &raw const new, before.as_mut_ptr());
        before.assume_init()
    }
}

/// A coroutine with that guard page runs from now on. Returns what ran before.
pub(super) fn enter(guard: usize, name: &str) -> Option<Running> {
    RUNNING.replace(Some(Running { guard, name }))
}

/// It is suspended or has ended; the code that resumed it runs again.
pub(super) fn leave(outer: Option<Running>) {
    RUNNING.set(outer);
}

/// Only what a signal handler may do: it allocates nothing and locks nothing.
extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid `siginfo_t` to a handler with SA_SIGINFO.
    let address = unsafe { (*info).si_addr() } as usize;
    // SAFETY: `sysconf` has no preconditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
    let running = RUNNING.get();
    // SAFETY: `enter` was called with a string that lives until `leave`.
    let name = running.map(|running| unsafe { &*running.name });
    if running.is_some_and(|running| (running.guard..running.guard + page).contains(&address)) {
        watch::hold(name, true);
        // It is not watched, or others cannot do without what it holds.
        say("\nthread `");
        say(name.unwrap_or_default());
        say(
            "` of the scene has overflowed its stack. Look for an endless recursion, or give \
             the scene's threads larger stacks: `Options::stack_size`, `Check::stack_size`\n",
        );
        // SAFETY: `abort` has no preconditions.
        unsafe { libc::abort() };
    }
    if watch::hold(name, false) {
        return;
    }
    let index = SIGNALS.iter().position(|&other| other == signal);
    let before = BEFORE.get().zip(index).map(|(before, index)| before[index]);
    let Some(before) = before else { return };
    if before.sa_flags & libc::SA_SIGINFO != 0 {
        type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
        // SAFETY: with SA_SIGINFO the field holds a handler of that signature, and it
        // is neither SIG_DFL nor SIG_IGN.
        let handler: Handler = unsafe { std::mem::transmute(before.sa_sigaction) };
        handler(signal, info, context);
    } else {
        // SAFETY: `before` is what `sigaction` has returned. The fault happens again
        // when this handler returns, and meets what was there before.
        unsafe { libc::sigaction(signal, &raw const before, std::ptr::null_mut()) };
    }
}

fn say(text: &str) {
    // SAFETY: the pointer and the length are those of a live slice.
    let _ = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}
