//! Stops a thread of a scene that overflows its stack, or that its watcher interrupts.
//!
//! Threads of std, which explorations run on, have a stack of their own for signal
//! handlers; the handler that std has installed is asked about all faults that are not
//! in a coroutine's guard page.

use super::running::running;
use crate::watch::{self, say};
use corosensei::stack::{DefaultStack, Stack as _};
use std::io;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

/// The handlers that were there before, for SIGSEGV and SIGBUS.
static BEFORE: OnceLock<[libc::sigaction; 2]> = OnceLock::new();

const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// A thread that overflows its stack may hold what others need. It has so many bytes more
/// to let go of it.
const SPARE: usize = 64 * 1024;

/// A stack of that size, in bytes, with [`SPARE`] below it that is not yet accessible.
///
/// # Errors
/// The operating system has no memory for it.
pub(super) fn stack(size: usize) -> io::Result<DefaultStack> {
    let stack = DefaultStack::new(size + SPARE)?;
    match protect_spare(stack.limit().get(), libc::PROT_NONE) {
        true => Ok(stack),
        false => Err(io::Error::last_os_error()),
    }
}

/// Allows such accesses to what is spared above that guard page.
fn protect_spare(guard: usize, accesses: libc::c_int) -> bool {
    let spare = (guard + page()) as *mut libc::c_void;
    // SAFETY: it belongs to a stack that is mapped, and a thread without access to it
    // keeps nothing there.
    unsafe { libc::mprotect(spare, SPARE, accesses) == 0 }
}

fn page() -> usize {
    // SAFETY: `sysconf` has no preconditions.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// Handles faults in guard pages, from now on, in the whole process. The calling thread
/// can be interrupted, if it is watched.
pub(super) fn install() {
    BEFORE.get_or_init(|| SIGNALS.map(install_for));
    // The engine's own lines are no steps of the scene's.
    watch::says_with(watch::Words {
        name,
        shows: |file| {
            let engine = file!().strip_suffix("coroutine/overflow.rs");
            engine.is_none_or(|engine| !file.starts_with(engine))
        },
    });
    if CAN_STEP {
        // SAFETY: `pthread_self` has no preconditions.
        let thread = unsafe { libc::pthread_self() } as usize;
        watch::interrupts_by(move || {
            install_for(libc::SIGTRAP);
            // SAFETY: `watch` calls this only while the thread lives.
            unsafe { libc::pthread_kill(thread as libc::pthread_t, libc::SIGTRAP) };
        });
    }
}

/// The name of the coroutine that runs on the calling thread.
fn name() -> Option<&'static str> {
    // SAFETY: the coroutine that runs has that name, and it runs as long as the code that
    // asks.
    running().map(|running| unsafe { &*running.name })
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

/// Only what a signal handler may do: it allocates nothing and locks nothing.
extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid `siginfo_t` to a handler with SA_SIGINFO.
    let address = unsafe { (*info).si_addr() } as usize;
    let running = running();
    let name = name();
    let guard = running.map_or(0, |running| running.guard);
    let is_below = running.is_some() && (guard..guard + page() + SPARE).contains(&address);
    let overflows = is_below && signal != libc::SIGTRAP;
    let is_spare = address >= guard + page();
    if overflows && !(is_spare && watch::is_watched() && lends_spare(guard)) {
        say(b"\nthread `");
        say(name.unwrap_or_default().as_bytes());
        say(
            b"` of the scene has overflowed its stack. Look for an endless recursion, or give \
             the scene's threads larger stacks: `Options::stack_size`, `Check::stack_size`\n",
        );
        // SAFETY: `abort` has no preconditions.
        unsafe { libc::abort() };
    }
    if watch::hold(name, overflows) {
        step(context);
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

/// Whether a thread that has used up its stack can go on for a while.
fn lends_spare(guard: usize) -> bool {
    if CAN_STEP {
        install_for(libc::SIGTRAP);
    }
    CAN_STEP && protect_spare(guard, libc::PROT_READ | libc::PROT_WRITE)
}

/// Whether [`step`] works.
const CAN_STEP: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// When the handler returns, the thread executes one instruction and gets a SIGTRAP.
fn step(context: *mut libc::c_void) {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    {
        const TRAP_FLAG: libc::greg_t = 1 << 8;
        // SAFETY: the kernel passes a valid `ucontext_t` to a handler with SA_SIGINFO, and
        // gives the registers back as the handler leaves them.
        let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
        registers[libc::REG_EFL as usize] |= TRAP_FLAG;
    }
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    let _ = context;
}
