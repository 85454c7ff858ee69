//! Coroutines on stacks that are used again: the threads of a scene.
//!
//! A stack is reserved once and serves many executions; only what a scene has touched
//! of it takes memory. Below each stack lies a guard page. A thread that overflows its stack
//! goes no further, and its watcher reports that ([`crate::watch`]). If there is none, the
//! process ends, as under std, after a message that names the thread and the setting.

#[cfg_attr(not(unix), path = "coroutine/no_overflow.rs")]
mod overflow;
mod running;
pub(crate) mod snapshot;

use super::ids::MAX_THREADS;
use corosensei::stack::{DefaultStack, Stack as _};
use corosensei::{CoroutineResult, Yielder};
use running::{Running, while_running};
use std::hint::black_box;
use std::io;
use std::sync::{Mutex, PoisonError};

/// How a coroutine gives control back to the code that resumed it.
pub(crate) type Suspend = Yielder<(), ()>;

/// A thread's code, in the middle of what it does. Its owner moves it whenever it is
/// resumed, so it lies in a box, which serves many executions as well.
pub(crate) struct Coroutine(Box<Place>);

struct Place {
    /// Either there is a coroutine, …
    inner: Option<corosensei::Coroutine<(), (), (), DefaultStack>>,
    /// … or a stack for the next one.
    stack: Option<DefaultStack>,
    /// Where its guard page begins, and where the stack ends.
    guard: usize,
    base: usize,
}

/// Stacks that no coroutine uses now.
pub(crate) struct Stacks {
    /// In bytes.
    size: usize,
    /// With what is left of the coroutines that have ended on them.
    free: Vec<Coroutine>,
}

/// Stacks that no exploration uses now, with their size: to map a stack takes longer than
/// many executions.
static KEPT: Mutex<Vec<(usize, DefaultStack)>> = Mutex::new(Vec::new());
/// As many as some explorations at a time need.
const MOST_KEPT: usize = 8 * MAX_THREADS;

impl Stacks {
    /// Stacks of that size, in bytes.
    pub(crate) fn new(size: usize) -> Self {
        overflow::install();
        let free = Vec::new();
        Self { size, free }
    }

    /// Makes sure that there is a stack for one more coroutine.
    ///
    /// # Errors
    /// The operating system has no memory for another stack.
    pub(crate) fn reserve(&mut self) -> io::Result<()> {
        if self.free.is_empty() {
            let stack = kept(self.size).map_or_else(|| overflow::stack(self.size), Ok)?;
            self.free.push(Coroutine(Box::new(Place {
                inner: None,
                guard: stack.limit().get(),
                base: stack.base().get(),
                stack: Some(stack),
            })));
        }
        Ok(())
    }

    /// A coroutine that will run `body`, which must not unwind.
    ///
    /// # Panics
    /// There is no stack for it: see [`Stacks::reserve`].
    pub(crate) fn start(&mut self, body: impl FnOnce(&Suspend) + 'static) -> Coroutine {
        let Coroutine(mut place) = self.free.pop().expect("a stack is reserved");
        let stack = place.stack.take();
        let stack = stack.expect("a stack that is free has no coroutine");
        let code = move |suspend: &Suspend, ()| body(suspend);
        place.inner = Some(corosensei::Coroutine::with_stack(stack, code));
        Coroutine(place)
    }

    /// Takes the stack of a coroutine that has ended.
    pub(crate) fn take_back(&mut self, mut ended: Coroutine) {
        let inner = ended.0.inner.take();
        ended.0.stack = inner.map(corosensei::Coroutine::into_stack);
        self.free.push(ended);
    }
}

/// A stack of that size that an earlier exploration has used.
fn kept(size: usize) -> Option<DefaultStack> {
    needs_stack();
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let place = kept.iter().position(|&(other, _)| other == size)?;
    Some(kept.swap_remove(place).1)
}

/// If the calling thread overflows its stack soon, it does so here, without a lock.
#[inline(never)]
fn needs_stack() {
    black_box([0_u8; 4096]);
}

impl Drop for Stacks {
    fn drop(&mut self) {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST_KEPT.saturating_sub(kept.len());
        let stacks = self.free.drain(..).filter_map(|ended| ended.0.stack);
        kept.extend(stacks.take(room).map(|stack| (self.size, stack)));
    }
}

impl Coroutine {
    /// Runs until the coroutine suspends itself; whether it has ended instead. `name`
    /// is what an overflow of its stack calls it.
    pub(crate) fn resume(&mut self, name: &str) -> bool {
        let Place {
            inner, guard, base, ..
        } = &mut *self.0;
        let (guard, base) = (*guard, *base);
        let running = Running { guard, base, name };
        let inner = inner.as_mut().expect("a coroutine has code");
        let result = while_running(&running, || inner.resume(()));
        matches!(result, CoroutineResult::Return(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    pub(super) fn started(stacks: &mut Stacks, body: impl FnOnce(&Suspend) + 'static) -> Coroutine {
        stacks.reserve().unwrap();
        stacks.start(body)
    }

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
        let mut coroutine = started(&mut stacks, body);
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
            let mut coroutine = started(&mut stacks, body);
            assert!(coroutine.resume("a"));
            stacks.take_back(coroutine);
            places.push(place.get());
        }
        assert_eq!(stacks.free.len(), 1);
        assert!(places.iter().all(|&place| place == places[0]));
    }

    /// All tests of a process share the kept stacks: no other test uses these sizes.
    #[test]
    fn a_kept_stack_is_used_again_for_its_own_size_and_not_too_many_are_kept() {
        let uses = |size: usize, coroutines: usize| -> Vec<usize> {
            let mut stacks = Stacks::new(size);
            let start = |_| started(&mut stacks, |_| ());
            let started: Vec<_> = (0..coroutines).map(start).collect();
            for mut coroutine in started {
                assert!(coroutine.resume("a"));
                stacks.take_back(coroutine);
            }
            let size_of = |ended: &Coroutine| ended.0.base - ended.0.guard;
            stacks.free.iter().map(size_of).collect()
        };
        let are_kept = |size: usize| {
            let kept = KEPT.lock().unwrap();
            kept.iter().filter(|&&(other, _)| other == size).count()
        };
        let (small, large) = (96 * 1024, 64 * 1024 * 1024);
        for _ in 0..2 {
            uses(small, 1);
            assert_eq!(are_kept(small), 1);
        }
        assert!(uses(large, 1)[0] >= large);
        uses(small, MOST_KEPT + 10);
        let mut kept = KEPT.lock().unwrap();
        assert!(kept.len() <= MOST_KEPT);
        kept.retain(|&(size, _)| size != small && size != large);
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
        let mut inner = started(&mut stacks, inner);
        let outer = move |suspend: &Suspend| {
            a();
            assert!(!inner.resume("inner"));
            c();
            suspend.suspend(());
            assert!(inner.resume("inner"));
        };
        let mut outer = started(&mut stacks, outer);
        assert!(!outer.resume("outer"));
        assert_eq!(order.get(), 123);
        assert!(outer.resume("outer"));
        assert_eq!(order.get(), 1234);
    }

    /// An overflow ends its process, so each runs in a process of its own.
    #[cfg(unix)]
    mod overflow {
        use super::*;
        use std::process::Command;

        /// What a test of `alone` says before its process is aborted.
        fn said(name: &str) -> String {
            let mut alone = Command::new(std::env::current_exe().unwrap());
            let name = format!("engine::coroutine::tests::overflow::alone::{name}");
            let output = alone
                .args(["--ignored", "--exact", &name])
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success(), "{said}");
            said
        }

        #[test]
        fn of_a_coroutine_names_its_thread() {
            let said = said("in_a_coroutine");
            let expected = "thread `ann` of the scene has overflowed its stack";
            assert!(said.contains(expected), "{said}");
        }

        #[test]
        fn of_a_coroutine_that_has_resumed_another_names_the_outer_one() {
            let said = said("after_another_was_suspended");
            let expected = "thread `outer` of the scene has overflowed its stack";
            assert!(said.contains(expected), "{said}");
        }

        #[test]
        fn of_an_ordinary_thread_is_reported_by_std() {
            let said = said("in_an_ordinary_thread");
            assert!(said.contains("has overflowed its stack"), "{said}");
            assert!(!said.contains("of the scene"), "{said}");
        }

        mod alone {
            use super::*;

            fn recurses(depth: u64) -> u64 {
                let frame = black_box([depth; 64]);
                match frame[0] {
                    u64::MAX => 0,
                    depth => recurses(depth + 1) + black_box(frame)[1],
                }
            }

            #[test]
            #[ignore = "tried in a process of its own"]
            fn in_a_coroutine() {
                let mut stacks = Stacks::new(64 * 1024);
                let body = |_: &Suspend| _ = black_box(recurses(0));
                started(&mut stacks, body).resume("ann");
            }

            #[test]
            #[ignore = "tried in a process of its own"]
            fn after_another_was_suspended() {
                let mut stacks = Stacks::new(64 * 1024);
                let inner = |suspend: &Suspend| suspend.suspend(());
                let mut inner = started(&mut stacks, inner);
                let outer = move |_: &Suspend| {
                    assert!(!inner.resume("inner"));
                    black_box(recurses(0));
                };
                started(&mut stacks, outer).resume("outer");
            }

            #[test]
            #[ignore = "tried in a process of its own"]
            fn in_an_ordinary_thread() {
                drop(Stacks::new(64 * 1024));
                let _ = std::thread::spawn(|| black_box(recurses(0))).join();
            }
        }
    }
}
