//! Coroutines on stacks that are used again: the threads of a scene.
//!
//! A stack is reserved once and serves many executions; only what a scene has touched
//! of it takes memory. Below each stack lies a guard page. A scene that runs into it
//! ends the process, as an overflow does under std, after a message that names the
//! thread and the setting.

#[cfg_attr(not(unix), path = "coroutine/no_overflow.rs")]
mod overflow;

use corosensei::stack::{DefaultStack, Stack as _};
use corosensei::{CoroutineResult, Yielder};
use std::io;

/// How a coroutine gives control back to the code that resumed it.
pub(crate) type Suspend = Yielder<(), ()>;

/// A thread's code, in the middle of what it does.
pub(crate) struct Coroutine {
    inner: corosensei::Coroutine<(), (), (), DefaultStack>,
    /// Where its guard page begins.
    guard: usize,
}

/// Stacks that no coroutine uses now.
pub(crate) struct Stacks {
    /// In bytes.
    size: usize,
    free: Vec<DefaultStack>,
}

impl Stacks {
    /// Stacks of that size, in bytes.
    pub(crate) fn new(size: usize) -> Self {
        overflow::install();
        let free = Vec::new();
        Self { size, free }
    }

    /// A coroutine that will run `body`, which must not unwind.
    ///
    /// # Errors
    /// The operating system has no memory for another stack.
    pub(crate) fn start(&mut self, body: impl FnOnce(&Suspend) + 'static) -> io::Result<Coroutine> {
        let stack = match self.free.pop() {
            Some(stack) => stack,
            None => DefaultStack::new(self.size)?,
        };
        let guard = stack.limit().get();
        let inner = corosensei::Coroutine::with_stack(stack, move |suspend: &Suspend, ()| {
            body(suspend);
        });
        Ok(Coroutine { inner, guard })
    }

    /// Takes the stack of a coroutine that has ended.
    pub(crate) fn take_back(&mut self, ended: Coroutine) {
        self.free.push(ended.inner.into_stack());
    }
}

impl Coroutine {
    /// Runs until the coroutine suspends itself; whether it has ended instead. `name`
    /// is what an overflow of its stack calls it.
    pub(crate) fn resume(&mut self, name: &str) -> bool {
        let outer = overflow::enter(self.guard, name);
        let result = self.inner.resume(());
        overflow::leave(outer);
        matches!(result, CoroutineResult::Return(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    #[test]
    fn a_coroutine_goes_on_where_it_suspended_itself() {
        let mut stacks = Stacks::new(64 * 1024);
        let seen = Rc::new(Cell::new(0));
        let sees = Rc::clone(&seen);
        let body = move |suspend: &Suspend| {
            for step in 1..=3 {
                sees.set(step);
                suspend.suspend(());
            }
        };
        let mut coroutine = stacks.start(body).unwrap();
        for step in 1..=3 {
            assert!(!coroutine.resume("a"));
            assert_eq!(seen.get(), step);
        }
        assert!(coroutine.resume("a"));
    }

    #[test]
    fn a_stack_is_used_again() {
        let mut stacks = Stacks::new(64 * 1024);
        let mut places = Vec::new();
        for _ in 0..3 {
            let place = Rc::new(Cell::new(0));
            let found = Rc::clone(&place);
            let body = move |_: &Suspend| found.set(&raw const found as usize);
            let mut coroutine = stacks.start(body).unwrap();
            assert!(coroutine.resume("a"));
            stacks.take_back(coroutine);
            places.push(place.get());
        }
        assert_eq!(stacks.free.len(), 1);
        assert!(places.iter().all(|&place| place == places[0]));
    }

    /// A coroutine can resume another, and is suspended with it in between.
    #[test]
    fn coroutines_nest() {
        let mut stacks = Stacks::new(64 * 1024);
        let order = Rc::new(Cell::new(0));
        let then = |digit: i32| {
            let order = Rc::clone(&order);
            move || order.set(order.get() * 10 + digit)
        };
        let (a, b, c, d) = (then(1), then(2), then(3), then(4));
        let inner = move |suspend: &Suspend| {
            b();
            suspend.suspend(());
            d();
        };
        let mut inner = stacks.start(inner).unwrap();
        let outer = move |suspend: &Suspend| {
            a();
            assert!(!inner.resume("inner"));
            c();
            suspend.suspend(());
            assert!(inner.resume("inner"));
        };
        let mut outer = stacks.start(outer).unwrap();
        assert!(!outer.resume("outer"));
        assert_eq!(order.get(), 123);
        assert!(outer.resume("outer"));
        assert_eq!(order.get(), 1234);
    }
}
