//! Statics: every execution begins with their initial values.

use racecourse::check;
use racecourse::explorer::report::{Exploration, Judged, Memory};
use racecourse::explorer::{self, Options};
use racecourse::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};
use racecourse::sync::cell::UnsafeCell;
use racecourse::sync::{
    Actors, Arc, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock, hint, thread,
};
use std::fmt::Debug;

/// The outcomes of a complete exploration, and in how many interleavings each occurs.
fn outcomes<T: Debug + 'static>(
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Vec<(String, u64)> {
    let found: Exploration = check::scene(scene).explore().unwrap();
    assert!(found.is_complete(), "{found:?}");
    let rows = found.outcomes.iter();
    let mut rows: Vec<_> = rows
        .map(|row| (row.outcome.clone(), row.different))
        .collect();
    rows.sort();
    rows
}

fn rows(rows: &[(&str, u64)]) -> Vec<(String, u64)> {
    rows.iter()
        .map(|&(outcome, n)| (outcome.to_owned(), n))
        .collect()
}

static COUNTER: AtomicUsize = AtomicUsize::new(5);

/// Two loads and two stores: each thread adds one, and one addition may be lost.
fn counts() -> usize {
    let add = || COUNTER.store(COUNTER.load(SeqCst) + 1, SeqCst);
    Actors::new().enter("ann", add).enter("bob", add).run();
    COUNTER.load(SeqCst)
}

#[test]
fn a_counter_begins_with_its_initial_value() {
    assert_eq!(outcomes(counts), rows(&[("6", 2), ("7", 2)]));
    assert_eq!(outcomes(counts), rows(&[("6", 2), ("7", 2)]), "once more");
}

/// Explorations that run at the same time share nothing.
#[test]
fn each_exploration_has_its_own() {
    let explorations: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(|| outcomes(counts)))
        .collect();
    for exploration in explorations {
        assert_eq!(exploration.join().unwrap(), rows(&[("6", 2), ("7", 2)]));
    }
}

#[test]
fn a_once_lock_is_empty_at_first() {
    static WINNER: OnceLock<&str> = OnceLock::new();
    let found = outcomes(|| {
        assert_eq!(WINNER.get(), None);
        let wins = |name| move || *WINNER.get_or_init(|| name);
        let actors = Actors::new().enter("ann", wins("ann"));
        actors.enter("bob", wins("bob")).run()
    });
    let both = rows(&[("[\"ann\", \"ann\"]", 1), ("[\"bob\", \"bob\"]", 1)]);
    assert_eq!(found, both);
}

#[test]
fn what_a_lock_protects_is_as_it_was_made() {
    static LIST: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    static READ: RwLock<String> = RwLock::new(String::new());
    let found = outcomes(|| {
        let push = |number| {
            move || {
                LIST.lock().unwrap().push(number);
                READ.write().unwrap().push('x');
            }
        };
        Actors::new()
            .enter("ann", push(1))
            .enter("bob", push(2))
            .run();
        let list = LIST.lock().unwrap().clone();
        (list, READ.read().unwrap().clone())
    });
    let orders = rows(&[("([1, 2], \"xx\")", 2), ("([2, 1], \"xx\")", 2)]);
    assert_eq!(found, orders);
}

#[test]
fn a_panic_poisons_a_lock_in_its_execution_only() {
    static POISONED: Mutex<u8> = Mutex::new(0);
    let found = check::scene(|| {
        let poisons = Actors::new()
            .enter("ann", || {
                let poisons = || {
                    let _guard = POISONED.lock().unwrap();
                    panic!("on purpose")
                };
                std::panic::catch_unwind(poisons).is_err()
            })
            .enter("bob", || POISONED.is_poisoned())
            .run();
        (poisons, POISONED.is_poisoned())
    })
    .explore()
    .unwrap();
    assert!(found.is_complete());
    let mut seen: Vec<&str> = found
        .outcomes
        .iter()
        .map(|row| row.outcome.as_str())
        .collect();
    seen.sort();
    // At the end it is poisoned; but at first it is not, in any execution.
    assert_eq!(seen, ["([true, false], true)", "([true, true], true)"]);
}

#[test]
fn a_lazy_value_is_made_once_in_every_execution() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    static LAZY: LazyLock<usize> = LazyLock::new(|| MADE.fetch_add(1, SeqCst) + 1);
    static ONCE: Once = Once::new();
    let found = outcomes(|| {
        let uses = || {
            ONCE.call_once(|| MADE.store(10, SeqCst));
            *LAZY
        };
        let used = Actors::new().enter("ann", uses).enter("bob", uses).run();
        (used, MADE.load(SeqCst))
    });
    let made: Vec<&str> = found.iter().map(|(outcome, _)| outcome.as_str()).collect();
    assert_eq!(made, ["([11, 11], 11)"]);
}

/// As if the lock and the condition variable were the scene's own.
#[test]
fn a_notification_through_statics_arrives() {
    static READY: Mutex<bool> = Mutex::new(false);
    static CHANGED: Condvar = Condvar::new();
    fn exchange(ready: &Mutex<bool>, changed: &Condvar) {
        let waits = || {
            let guard = ready.lock().unwrap();
            drop(changed.wait_while(guard, |ready| !*ready).unwrap());
        };
        let notifies = || {
            *ready.lock().unwrap() = true;
            changed.notify_one();
        };
        Actors::new()
            .enter("waits", waits)
            .enter("notifies", notifies)
            .run();
    }
    let statics = outcomes(|| exchange(&READY, &CHANGED));
    let own = outcomes(|| exchange(&Mutex::new(false), &Condvar::new()));
    assert_eq!(statics, own);
}

/// A lock as people write it themselves.
struct SpinLock {
    is_locked: AtomicBool,
    value: UnsafeCell<u8>,
}

// SAFETY: the value is reached by the thread that has set `is_locked`.
unsafe impl Sync for SpinLock {}

impl SpinLock {
    const fn new() -> Self {
        Self {
            is_locked: AtomicBool::new(false),
            value: UnsafeCell::new(0),
        }
    }

    fn add(&self, unlock: std::sync::atomic::Ordering) -> u8 {
        while self.is_locked.swap(true, Acquire) {
            hint::spin_loop();
        }
        let value = self.value.with_mut(|value| {
            // SAFETY: this thread holds the lock.
            unsafe {
                *value += 1;
                *value
            }
        });
        self.is_locked.store(false, unlock);
        value
    }
}

#[test]
fn a_cell_in_a_static_is_checked_for_data_races() {
    static LOCK: SpinLock = SpinLock::new();
    let scene = |unlock| {
        move || {
            let add = move || LOCK.add(unlock);
            Actors::new().enter("ann", add).enter("bob", add).run()
        }
    };
    let weak = |unlock| {
        check::scene(scene(unlock))
            .memory(Memory::C11)
            .explore()
            .unwrap()
    };
    let found = weak(Release);
    assert!(found.is_complete());
    let both: Vec<&str> = found
        .outcomes
        .iter()
        .map(|row| row.outcome.as_str())
        .collect();
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both.contains(&"[1, 2]") && both.contains(&"[2, 1]"));
    let found = weak(Relaxed);
    let raced: Vec<&str> = found
        .outcomes
        .iter()
        .map(|row| row.outcome.as_str())
        .collect();
    assert!(raced.contains(&"data race"), "{raced:?}");
}

/// Which thread uses which of two objects first depends on the interleaving, and both are made
/// by one line: an interleaving must not be taken for another one.
#[test]
fn objects_of_one_line_are_told_apart() {
    let scene = || {
        let next = AtomicUsize::new(0);
        let places: Vec<Mutex<Vec<&str>>> = (0..2).map(|_| Mutex::default()).collect();
        let enters = |name| {
            let (next, places) = (&next, &places);
            move || {
                let first = next.fetch_add(1, SeqCst) % 2;
                places[first].lock().unwrap().push(name);
                places[1 - first].lock().unwrap().push(name);
            }
        };
        let actors = Actors::new().enter("ann", enters("ann"));
        actors.enter("bob", enters("bob")).run();
        let list = |place: &Mutex<Vec<&str>>| place.lock().unwrap().join(" ");
        (list(&places[0]), list(&places[1]))
    };
    let explore = |all_orders| {
        let mut options = Options::new(Memory::Sc);
        options.all_orders = all_orders;
        let judged = move || Judged::promised(format!("{:?}", scene()), "");
        explorer::explore(options, std::sync::Arc::new(judged)).unwrap()
    };
    let (all, reduced) = (explore(true), explore(false));
    assert!(all.is_complete() && reduced.is_complete());
    let counts = |found: &Exploration| {
        let rows = found.outcomes.iter();
        let mut rows: Vec<_> = rows
            .map(|row| (row.outcome.clone(), row.different))
            .collect();
        rows.sort();
        rows
    };
    assert_eq!(counts(&reduced), counts(&all));
    // Which thread adds first, and which enters each place first: two of these eight orders are
    // impossible.
    assert_eq!(counts(&reduced).iter().map(|row| row.1).sum::<u64>(), 6);
}

/// To join is no step that others can notice, so a thread goes on after it in the same
/// transition; but not to the lock that it uses for the first time.
#[test]
fn an_object_is_known_before_the_transition_that_uses_it_first() {
    let found = outcomes(|| {
        let gate = RwLock::new(());
        let places: Vec<Mutex<()>> = (0..2).map(|_| Mutex::default()).collect();
        thread::scope(|scope| {
            let passes = scope.spawn(|| drop(gate.write().unwrap()));
            scope.spawn(|| {
                let passing = gate.write().unwrap();
                drop(places[0].lock().unwrap());
                drop(passing);
                drop(places[1].lock().unwrap());
            });
            passes.join().unwrap();
            drop(places[1].lock().unwrap());
        });
    });
    // Which thread passes the gate first, and which locks `places[1]` first.
    assert_eq!(found, rows(&[("()", 4)]));
}

/// What a static still holds at the end is dropped then, and is no leak.
#[test]
fn what_a_static_holds_is_dropped() {
    static KEPT: Mutex<Option<Arc<u8>>> = Mutex::new(None);
    let keeps = || *KEPT.lock().unwrap() = Some(Arc::new(1));
    let found = check::scene(keeps).leaks().explore().unwrap();
    assert!(found.is_complete());
    assert_eq!(found.outcomes.len(), 1);
    assert_eq!(found.outcomes[0].outcome, "()");
}
