//! Futures: `block_on`, wakers, and what loses a wake-up.

use racecourse::check;
use racecourse::sync::atomic::{AtomicBool, Ordering::*};
use racecourse::sync::future::{AtomicWaker, block_on};
use racecourse::sync::{Arc, Notify, thread};
use std::future::poll_fn;
use std::task::Poll;

struct Flag {
    is_set: AtomicBool,
    waker: AtomicWaker,
}

impl Flag {
    fn new() -> Self {
        Self {
            is_set: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }

    fn set(&self) {
        self.is_set.store(true, Release);
        self.waker.wake();
    }

    /// Registers first, and then checks.
    async fn wait(&self) {
        poll_fn(|context| {
            self.waker.register_by_ref(context.waker());
            match self.is_set.load(Acquire) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }

    /// Checks first: if the flag is set and the waker taken in between, the wake-up is lost.
    async fn wait_wrongly(&self) {
        poll_fn(|context| match self.is_set.load(Acquire) {
            true => Poll::Ready(()),
            false => {
                self.waker.register_by_ref(context.waker());
                Poll::Pending
            }
        })
        .await;
    }
}

fn scene(wait: fn(Arc<Flag>)) -> check::Check<()> {
    check::scene(move || {
        let flag = Arc::new(Flag::new());
        let sets = Arc::clone(&flag);
        let setter = thread::spawn(move || sets.set());
        wait(flag);
        setter.join().unwrap();
    })
}

#[test]
fn a_task_that_registers_its_waker_first_is_woken() {
    let found = scene(|flag| block_on(flag.wait())).explore().unwrap();
    assert!(found.is_complete(), "{}", found.verdict());
    assert_eq!(found.outcomes.len(), 1, "{}", check::report(&found));
}

#[test]
fn a_lost_wake_up_is_a_deadlock_with_a_story() {
    let check = scene(|flag| block_on(flag.wait_wrongly()));
    let found = check.budget(check::Budget::NONE).explore().unwrap();
    assert!(found.is_complete(), "{}", found.verdict());
    let deadlock = found.outcome("deadlock").expect("the wake-up is lost");
    assert_eq!(deadlock.story.preemptions, 1);
    let report = check::report(&found);
    let told = crate::lessons::without_line_numbers(&report);
    insta::assert_snapshot!(told);
}

/// The waker that is woken is the one registered last.
#[test]
fn a_waker_is_replaced_and_taken_once() {
    let found = check::scene(|| {
        let place = AtomicWaker::new();
        block_on(poll_fn(|context| {
            place.register(context.waker().clone());
            place.register_by_ref(context.waker());
            Poll::Ready(())
        }));
        (place.take_waker().is_some(), place.take_waker().is_some())
    })
    .explore()
    .unwrap();
    assert_eq!(found.outcomes[0].outcome, "(true, false)");
}

/// A notification stays until a wait takes it: here one for two waits, of which the second
/// may find none.
#[test]
fn a_notification_is_kept_for_one_wait() {
    let waits = |times: usize| {
        let found = check::scene(move || {
            let notify = Arc::new(Notify::new());
            let notifies = Arc::clone(&notify);
            let notifier = thread::spawn(move || notifies.notify());
            (0..times).for_each(|_| notify.wait());
            notifier.join().unwrap();
        })
        .explore()
        .unwrap();
        assert!(found.is_complete(), "{}", found.verdict());
        let names: Vec<_> = found
            .outcomes
            .iter()
            .map(|row| row.outcome.clone())
            .collect();
        names
    };
    assert_eq!(waits(1), ["()"]);
    assert_eq!(waits(2), ["deadlock"]);
}
