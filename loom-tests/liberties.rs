//! What std allows: part of it is checked by default, the rest if the scene asks for it.

use racecourse::check::{self, Budget, Memory};
use racecourse::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use racecourse::sync::atomic::{AtomicBool, AtomicUsize};
use racecourse::sync::mpsc::channel;
use racecourse::sync::{Actors, Condvar, Mutex, hint, thread};
use std::fmt::Debug;
use std::time::Duration;

const WEAK: Budget = Budget {
    weak_failures: 1,
    ..Budget::NONE
};

/// The outcomes within a budget, or within the default one.
fn outcomes<T: Debug + 'static>(
    budget: impl Into<Option<Budget>>,
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Vec<String> {
    let check = check::scene(scene);
    let check = match budget.into() {
        Some(budget) => check.budget(budget),
        None => check,
    };
    let found = check.explore().unwrap();
    assert_eq!(found.stopped, None);
    found.outcomes.into_iter().map(|row| row.outcome).collect()
}

/// Waits until it is ready, and returns whether it was.
fn until_ready(wait: fn(&Mutex<bool>, &Condvar) -> bool) -> bool {
    let (ready, changed) = (Mutex::new(false), Condvar::new());
    let tell = || {
        *ready.lock().unwrap() = true;
        changed.notify_one();
        true
    };
    let wait = || wait(&ready, &changed);
    Actors::new().enter("ann", wait).enter("bob", tell).run()[0]
}

#[test]
fn a_wait_without_a_loop_is_refused() {
    let scene = || {
        until_ready(|ready, changed| {
            let mut guard = ready.lock().unwrap();
            if !*guard {
                guard = changed.wait(guard).unwrap();
            }
            *guard
        })
    };
    assert_eq!(outcomes(None, scene), ["false", "true"]);
    assert_eq!(outcomes(Budget::NONE, scene), ["true"]);
}

#[test]
fn a_wait_in_a_loop_is_proved() {
    let found = outcomes(None, || {
        until_ready(|ready, changed| {
            let guard = ready.lock().unwrap();
            *changed.wait_while(guard, |ready| !*ready).unwrap()
        })
    });
    assert_eq!(found, ["true"]);
}

#[test]
fn a_timed_wait_gives_up_early() {
    let scene = || {
        let (sender, receiver) = channel();
        thread::scope(|scope| {
            scope.spawn(move || sender.send(1));
            receiver.recv_timeout(Duration::from_secs(60))
        })
    };
    assert_eq!(outcomes(None, scene), ["Err(Timeout)", "Ok(1)"]);
    assert_eq!(outcomes(Budget::NONE, scene), ["Ok(1)"]);
}

/// Two wait, first ann and then bob, for one permit that they hand on.
#[test]
fn a_notification_wakes_any_waiter() {
    let scene = || {
        let state = Mutex::new((0, 0, String::new()));
        let (arrived, permit) = (Condvar::new(), Condvar::new());
        let take = |name, place| {
            let guard = state.lock().unwrap();
            let mut guard = arrived.wait_while(guard, |state| state.0 < place).unwrap();
            guard.0 += 1;
            arrived.notify_all();
            let mut guard = permit.wait_while(guard, |state| state.1 == 0).unwrap();
            guard.2 += name;
            permit.notify_one();
        };
        let give = || {
            let guard = state.lock().unwrap();
            let mut guard = arrived.wait_while(guard, |state| state.0 < 2).unwrap();
            guard.1 = 1;
            permit.notify_one();
        };
        Actors::new()
            .enter("ann", || take("a", 0))
            .enter("bob", || take("b", 1))
            .enter("eve", give)
            .run();
        state.into_inner().unwrap().2
    };
    let never_spuriously = Budget {
        spurious_wake_ups: 0,
        ..Budget::default()
    };
    assert_eq!(outcomes(never_spuriously, scene), ["\"ab\"", "\"ba\""]);
    assert_eq!(outcomes(Budget::NONE, scene), ["\"ab\""]);
}

/// A failure of the weak exchange is taken for a lock that another thread holds.
#[test]
fn a_weak_exchange_fails_although_the_lock_is_free() {
    let scene = || {
        let held = AtomicBool::new(false);
        let taken = held.compare_exchange_weak(false, true, Acquire, Relaxed);
        assert!(taken.is_ok(), "no other thread holds the lock");
    };
    assert_eq!(outcomes(None, scene), ["()"]);
    let found = check::scene(scene).budget(WEAK).explore().unwrap();
    let names: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
    assert_eq!(names, ["()", "panic"]);
    let steps = &found.outcome("panic").unwrap().story.steps;
    let told = "compare_exchange_weak held fails spuriously: it is false (Relaxed)";
    assert_eq!(steps[0].what, told);
}

/// In a loop a weak exchange that fails is tried again. A thread that fails twice has
/// not seen the same twice: it does not wait for another thread.
#[test]
fn a_weak_exchange_in_a_loop_goes_on() {
    let twice = Budget {
        weak_failures: 2,
        ..Budget::NONE
    };
    let scene = || {
        let (held, flag) = (AtomicBool::new(false), AtomicUsize::new(0));
        let mut failures = 0;
        let lock = || {
            let lock = || held.compare_exchange_weak(false, true, Acquire, Relaxed);
            while lock().is_err() {
                failures += 1;
                hint::spin_loop();
            }
            flag.load(Acquire)
        };
        let store = || {
            flag.store(1, Release);
            1
        };
        let seen = Actors::new().enter("ann", lock).enter("bob", store).run()[0];
        (failures, seen)
    };
    let check = check::scene(scene).budget(twice).memory(Memory::Sc);
    let found = check.explore().unwrap().outcomes.into_iter();
    let found: Vec<_> = found.map(|row| row.outcome).collect();
    let expected = ["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)", "(2, 0)", "(2, 1)"];
    assert_eq!(found, expected);
}

#[test]
fn an_update_tries_again_after_a_weak_failure() {
    let scene = || {
        let x = AtomicUsize::new(1);
        let update = x.fetch_update(AcqRel, Acquire, |x| Some(x + 1));
        (update, x.load(Relaxed))
    };
    let found = check::scene(scene).budget(WEAK).explore().unwrap();
    assert_eq!(found.outcomes[0].outcome, "(Ok(1), 2)");
    assert_eq!((found.outcomes.len(), found.different), (1, 2));
}

/// A strong exchange that reads the expected value must read the newest store.
#[test]
fn a_weak_failure_may_read_an_older_store() {
    let scene = |is_weak: bool| {
        move || {
            let [x, y] = [0; 2].map(AtomicUsize::new);
            let exchange = match is_weak {
                true => AtomicUsize::compare_exchange_weak,
                false => AtomicUsize::compare_exchange,
            };
            let results = Actors::new()
                .enter("ann", || {
                    x.store(1, Relaxed);
                    x.store(2, Relaxed);
                    y.store(1, Relaxed);
                    (0, Ok(0))
                })
                .enter("bob", || {
                    let seen = y.load(Relaxed);
                    (seen, exchange(&x, 1, 5, Relaxed, Relaxed))
                })
                .run();
            results[1]
        }
    };
    let reads_older = |is_weak| outcomes(WEAK, scene(is_weak)).contains(&"(1, Err(1))".to_owned());
    assert!(reads_older(true));
    assert!(!reads_older(false));
}
