//! loom's names: what a suite of tests for loom finds at the root of the crate.

use racecourse::cell::UnsafeCell;
use racecourse::model::Builder;
use racecourse::sync::Arc;
use racecourse::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use racecourse::thread;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// The message with which the model fails.
fn failure(builder: &Builder, model: fn()) -> String {
    let failed = catch_unwind(AssertUnwindSafe(|| builder.check(model)));
    *failed.expect_err("it fails").downcast::<String>().unwrap()
}

fn adds_twice() -> usize {
    let sum = Rc::new(AtomicUsize::new(0));
    let other = Rc::clone(&sum);
    let adder = thread::spawn(move || other.store(other.load(SeqCst) + 1, SeqCst));
    sum.store(sum.load(SeqCst) + 1, SeqCst);
    adder.join().unwrap();
    sum.load(SeqCst)
}

#[test]
fn a_model_passes_or_fails_with_its_story() {
    racecourse::model(|| assert!([1, 2].contains(&adds_twice())));
    let failed = failure(&Builder::new(), || assert_eq!(adds_twice(), 2));
    assert!(failed.contains("FORBIDDEN: panic"), "{failed}");
    assert!(failed.contains("1 preemption"), "{failed}");
}

/// A bound on preemptions is kept; a limit that stops the exploration is a failure.
#[test]
fn bounds_and_limits_are_never_a_silent_pass() {
    let mut bounded = Builder::new();
    bounded.preemption_bound = Some(0);
    bounded.check(|| assert_eq!(adds_twice(), 2));
    let mut limited = Builder::new();
    limited.max_permutations = Some(1);
    let failed = failure(&limited, || _ = adds_twice());
    assert!(failed.contains("STOPPED"), "{failed}");
}

#[test]
fn a_leaked_arc_fails() {
    let failed = failure(&Builder::new(), || std::mem::forget(Arc::new(1)));
    assert!(failed.contains("FORBIDDEN: leak"), "{failed}");
}

/// A pointer of a cell is in use until it is dropped: here the lock is given up before.
#[test]
fn a_pointer_that_is_used_too_long_is_a_data_race() {
    fn scene(keeps: bool) {
        use racecourse::sync::Mutex;
        let shared = Rc::new((Mutex::new(()), UnsafeCell::new(0)));
        let other = Rc::clone(&shared);
        let writer = thread::spawn(move || {
            let _held = other.0.lock().unwrap();
            // SAFETY: the model checks that it is alone.
            other.1.with_mut(|value| unsafe { *value += 1 });
        });
        let held = shared.0.lock().unwrap();
        let pointer = shared.1.get();
        match keeps {
            true => (drop(held), drop(pointer)),
            false => (drop(pointer), drop(held)),
        };
        writer.join().unwrap();
    }
    Builder::new().check(|| scene(false));
    let failed = failure(&Builder::new(), || scene(true));
    assert!(failed.contains("FORBIDDEN: data race"), "{failed}");
}

/// A read that is not atomic races with a store that nothing orders, whichever comes first.
#[test]
fn an_unsynchronized_load_must_not_race_with_a_store() {
    use racecourse::check::scene;
    use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
    fn reads(order: [std::sync::atomic::Ordering; 2], again: bool) -> usize {
        let shared = Rc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let other = Rc::clone(&shared);
        let writer = thread::spawn(move || {
            other.0.store(7, Relaxed);
            other.1.store(1, order[0]);
            if again {
                other.0.store(8, Relaxed);
            }
        });
        let is_there = shared.1.load(order[1]) == 1;
        let read = match is_there {
            // SAFETY: none, unless the flag orders it: the model notices.
            true => unsafe { shared.0.unsync_load() },
            false => 0,
        };
        writer.join().unwrap();
        read
    }
    let outcomes = |order, again| {
        let found = scene(move || reads(order, again)).explore().unwrap();
        assert!(found.is_complete());
        let rows = found.outcomes.into_iter();
        rows.map(|row| row.outcome).collect::<Vec<_>>()
    };
    assert_eq!(outcomes([Release, Acquire], false), ["0", "7"]);
    assert_eq!(outcomes([Release, Relaxed], false), ["0", "data race"]);
    assert_eq!(outcomes([Relaxed, Acquire], false), ["0", "data race"]);
    assert_eq!(outcomes([Release, Acquire], true), ["0", "data race"]);
}
