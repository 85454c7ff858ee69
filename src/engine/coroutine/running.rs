//! The coroutine that runs on this thread of the operating system.

use std::cell::Cell;
use std::ptr;

/// What a signal handler, or the coroutine itself, may want to know.
pub(super) struct Running {
    /// Where its guard page begins, and where its stack ends.
    pub(super) guard: usize,
    pub(super) base: usize,
    pub(super) name: *const str,
}

thread_local! {
    /// Null if none runs. Without a destructor, so that a signal handler can read it.
    static RUNNING: Cell<*const Running> = const { Cell::new(ptr::null()) };
}

/// Marks that coroutine as the running one while `f` runs.
#[inline]
pub(super) fn while_running<R>(running: &Running, f: impl FnOnce() -> R) -> R {
    struct Outer(*const Running);
    impl Drop for Outer {
        #[inline]
        fn drop(&mut self) {
            RUNNING.set(self.0);
        }
    }
    // It must not be asked for when it is gone, even if the engine panics.
    let _outer = Outer(RUNNING.replace(running));
    f()
}

#[inline]
pub(super) fn running<'a>() -> Option<&'a Running> {
    // SAFETY: it is null, or what it points to is borrowed by `while_running`, which calls
    // the code that asks.
    unsafe { RUNNING.get().as_ref() }
}
