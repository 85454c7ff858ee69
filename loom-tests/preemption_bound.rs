//! A bound on preemptions: what is explored within it, what that proves, and what the
//! verdict says of it.

use racecourse::check::{self, Budget, Exploration, Judged, Memory, Proved};
use racecourse::explorer::{Options, explore};
use racecourse::narrate;
use racecourse::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use racecourse::sync::{Actors, Mutex, mpsc, thread};
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Two threads add 1 in two steps, and then take so many more steps each. With 12, those
/// have 2.7 million orders, and a depth-first search explores all of them before it changes
/// the order of the first steps.
fn adds(then: usize) -> usize {
    let (x, y) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let part = || {
        x.store(x.load(SeqCst) + 1, SeqCst);
        for _ in 0..then {
            y.fetch_add(1, SeqCst);
        }
    };
    Actors::new().enter("ann", part).enter("bob", part).run();
    x.into_inner()
}

/// The same; to lose one is forbidden.
fn must_add(then: usize) {
    assert_eq!(adds(then), 2, "an update is lost");
}

fn names(found: &Exploration) -> Vec<&str> {
    let rows = found.outcomes.iter();
    rows.map(|row| row.outcome.as_str()).collect()
}

const TOO_MANY: u64 = 100_000;
/// The second search has not begun.
const FIRST_ALONE: u64 = 20_000;

#[test]
fn a_lost_update_that_one_search_never_reaches_the_other_finds() {
    let explored = |most| {
        let check = check::scene(|| adds(12)).max_executions(most);
        check.explore().unwrap()
    };
    assert_eq!(names(&explored(FIRST_ALONE)), ["2"]);
    let found = explored(TOO_MANY);
    assert_eq!(names(&found), ["1", "2"], "{}", found.verdict());
    let story = &found.outcome("1").unwrap().story;
    assert_eq!((story.preemptions, story.minimal), (1, true));
    assert_eq!(found.proved, Proved::Preemptions(3));
    assert_eq!(
        found.verdict(),
        "STOPPED after 100000 executions: proved for up to 3 preemptions"
    );
}

#[test]
fn what_was_explored_before_a_bug_was_found_proves_nothing() {
    let check = check::scene(|| must_add(12)).max_executions(TOO_MANY);
    let found = check.explore().unwrap();
    assert_eq!(
        found.verdict(),
        "STOPPED after 100000 executions: explored up to 3 preemptions"
    );
}

/// Both searches come to the same interleavings: each is counted once.
#[test]
fn two_searches_count_no_interleaving_twice() {
    let steps = |many| move |x: &AtomicUsize| (0..many).for_each(|_| _ = x.fetch_add(1, SeqCst));
    let scene = move || {
        let x = AtomicUsize::new(0);
        let (nine, eight) = (|| steps(9)(&x), || steps(8)(&x));
        Actors::new().enter("ann", nine).enter("bob", eight).run();
    };
    let found = check::scene(scene).explore().unwrap();
    assert!(found.is_complete(), "{}", found.verdict());
    let orders = 24_310; // 17 steps, of which 8 are Bob's
    assert_eq!(found.different, orders);
    assert_eq!(found.outcomes[0].different, orders);
    assert!(found.executions > orders, "the second search ran too");
}

/// How far a scene was explored that is small enough to be explored completely.
fn within(most: usize) -> Exploration {
    let check = check::scene(|| adds(0)).preemptions(most);
    check.explore().unwrap()
}

#[test]
fn a_verdict_names_the_bound_unless_it_leaves_nothing_out() {
    // Only one order preempts both, and its outcome is known.
    let expected = [
        ("COMPLETE up to 0 preemptions: 2 ", Proved::Preemptions(0)),
        ("COMPLETE up to 1 preemption: 4 ", Proved::Preemptions(1)),
        ("COMPLETE: 4 ", Proved::All),
        ("COMPLETE: 4 ", Proved::All),
    ];
    for (most, (start, proved)) in expected.into_iter().enumerate() {
        let found = within(most);
        assert!(found.verdict().starts_with(start), "{}", found.verdict());
        assert_eq!(found.proved, proved);
        assert_eq!(found.is_complete(), proved == Proved::All);
        assert_eq!(names(&found).contains(&"1"), most > 0);
    }
}

/// The exchange succeeds or fails. Only if it succeeds can another thread come between it
/// and the thread's next step.
#[test]
fn a_transition_that_chooses_is_tried_in_each_order() {
    let scene = || {
        let (x, y) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let loads = || {
            let exchanged = y.compare_exchange_weak(0, 1, SeqCst, SeqCst);
            exchanged.ok().map(|_| x.load(SeqCst))
        };
        let stores = || {
            x.store(1, SeqCst);
            None
        };
        let seen = Actors::new()
            .enter("loads", loads)
            .enter("stores", stores)
            .run();
        seen[0]
    };
    let budget = Budget {
        weak_failures: 1,
        ..Budget::NONE
    };
    let check = check::scene(scene).memory(Memory::Sc).budget(budget);
    let found = check.preemptions(0).explore().unwrap();
    assert_eq!(names(&found), ["None", "Some(0)", "Some(1)"]);
}

/// The thread that runs the scene has nothing to do but wait for its actors.
#[test]
fn a_scene_that_waits_for_its_actors_is_not_preempted() {
    let scene = || {
        let x = AtomicUsize::new(0);
        x.load(SeqCst);
        x.load(SeqCst);
        Actors::new()
            .enter("ann", || ())
            .enter("bob", || {
                narrate!("ann has ended");
                x.store(1, SeqCst);
            })
            .run();
    };
    let found = check::scene(scene).preemptions(0).explore().unwrap();
    assert!(found.is_complete(), "{}", found.verdict());
}

#[test]
fn a_scene_that_the_model_cannot_follow_is_not_proved_for_any_bound() {
    // Without a preemption it can be followed.
    let scene = || {
        if adds(0) == 1 {
            let too_many = (0..17).map(|_| thread::spawn(|| ()));
            too_many.for_each(|thread| thread.join().unwrap());
        }
    };
    let found = check::scene(scene).preemptions(2).explore().unwrap();
    assert_eq!(found.proved, Proved::Nothing);
    assert!(
        found.verdict().ends_with("not a proof"),
        "{}",
        found.verdict()
    );
}

/// The outcomes within a bound, with the preemptions of their stories.
fn told<T: std::fmt::Debug + 'static>(
    scene: impl Fn() -> T + Clone + Send + Sync + 'static,
    most: Option<usize>,
) -> Vec<(String, usize)> {
    let mut check = check::scene(scene).memory(Memory::Sc).budget(Budget::NONE);
    if let Some(most) = most {
        check = check.preemptions(most);
    }
    let found = check.explore().unwrap();
    let rows = found.outcomes.into_iter();
    rows.map(|row| (row.outcome, row.story.preemptions))
        .collect()
}

/// A bound finds just what needs no more preemptions.
#[track_caller]
fn a_bound_agrees_with_the_stories<T: std::fmt::Debug + 'static>(
    scene: impl Fn() -> T + Clone + Send + Sync + 'static,
) {
    let all = told(scene.clone(), None);
    for most in 0..=4 {
        let expected = all.iter().filter(|(_, preemptions)| *preemptions <= most);
        let expected: Vec<_> = expected.cloned().collect();
        assert_eq!(told(scene.clone(), Some(most)), expected, "within {most}");
    }
}

/// A thread that is preempted before its unlock makes another wait for the lock: to go on
/// with a third, or with itself, preempts nobody.
#[test]
fn a_thread_can_be_preempted_before_it_releases_a_lock() {
    let scene = || {
        let (x, y, m) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(()));
        let reads = || {
            let locked = {
                let _guard = m.lock().unwrap();
                x.load(SeqCst)
            };
            [locked, x.load(SeqCst), y.load(SeqCst)]
        };
        let writes = || {
            x.store(1, SeqCst);
            let _guard = m.lock().unwrap();
            y.store(1, SeqCst);
            [0; 3]
        };
        Actors::new()
            .enter("reads", reads)
            .enter("writes", writes)
            .run()[0]
    };
    let torn = ("[0, 1, 0]".to_owned(), 1);
    assert!(told(scene, Some(1)).contains(&torn));
    a_bound_agrees_with_the_stories(scene);
}

/// After it has waited for its scope, the thread goes on, and others can notice that.
#[test]
fn what_comes_after_a_scope_can_wait() {
    let scene = || {
        let (x, y) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let scopes = || {
            let lock = Mutex::new(());
            let guard = lock.lock();
            thread::scope(|scope| {
                scope.spawn(|| y.store(1, SeqCst));
            });
            drop(guard);
            x.load(SeqCst)
        };
        let looks = || {
            let seen = y.load(SeqCst);
            x.store(1, SeqCst);
            seen
        };
        Actors::new()
            .enter("scopes", scopes)
            .enter("looks", looks)
            .run()
    };
    assert!(told(scene, Some(0)).contains(&("[1, 1]".to_owned(), 0)));
    a_bound_agrees_with_the_stories(scene);
}

/// A thread that waits for its scope and then panics takes steps while it unwinds.
#[test]
fn a_panic_after_a_scope_can_wait() {
    struct StoresAtTheEnd<'a>(&'a AtomicUsize);
    impl Drop for StoresAtTheEnd<'_> {
        fn drop(&mut self) {
            self.0.store(1, SeqCst);
        }
    }
    let scene = || {
        let (x, y) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            let panics = scope.spawn(|| {
                let _stores = StoresAtTheEnd(&x);
                thread::scope(|scope| {
                    scope.spawn(|| y.store(1, SeqCst));
                });
                panic!("on purpose");
            });
            let looks = scope.spawn(|| (y.load(SeqCst), x.load(SeqCst)));
            let seen = looks.join().unwrap();
            drop(panics.join());
            seen
        })
    };
    let explored = |most| {
        let mut options = Options::new(Memory::Sc);
        options.budget = Budget::NONE;
        options.panics_are_handled = true;
        options.preemptions = most;
        let scene = move || Judged::promised(format!("{:?}", scene()), "");
        let found = explore(options, std::sync::Arc::new(scene)).unwrap();
        names(&found).join(" ")
    };
    let all = "(0, 0) (0, 1) (1, 0) (1, 1)";
    assert_eq!([None, Some(5)].map(explored), [all; 2]);
}

/// Both places are made by one line, and which of them is used first depends on the order: what
/// the thread that unwinds has used in one order is not what it uses in another. If it comes
/// last, it sees the store.
#[test]
fn what_a_thread_uses_first_while_it_unwinds_is_told_apart() {
    struct Looks<'a>(&'a AtomicUsize, &'a Cell<usize>);
    impl Drop for Looks<'_> {
        fn drop(&mut self) {
            self.1.set(self.0.load(SeqCst));
        }
    }
    let scene = || {
        let (x, y) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let places: Vec<AtomicUsize> = (0..2).map(|_| AtomicUsize::new(0)).collect();
        let stores = || {
            y.load(SeqCst);
            places[1].load(SeqCst);
            places[0].store(1, SeqCst);
            0
        };
        let unwinds = || {
            let seen = Cell::new(2);
            x.load(SeqCst);
            let panics = || {
                let _looks = Looks(&places[0], &seen);
                panic!("on purpose");
            };
            let _: Box<dyn Any + Send> = catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
            seen.get()
        };
        // The last actor runs first.
        Actors::new()
            .enter("stores", stores)
            .enter("unwinds", unwinds)
            .run()[1]
    };
    let both = [("0".to_owned(), 0), ("1".to_owned(), 0)];
    assert_eq!(told(scene, Some(0)), both);
    a_bound_agrees_with_the_stories(scene);
}

/// A thread that tries to receive never waits for a message.
#[test]
fn a_thread_that_tries_to_receive_can_be_preempted() {
    let scene = || {
        let (sender, receiver) = mpsc::channel();
        let (x, receiver) = (AtomicUsize::new(0), Mutex::new(receiver));
        let tries = || {
            x.load(SeqCst);
            usize::from(receiver.lock().unwrap().try_recv().is_ok())
        };
        let sends = || {
            let sender = sender.clone();
            sender.send(1).unwrap();
            x.store(1, SeqCst);
            receiver.lock().unwrap().recv().unwrap()
        };
        Actors::new()
            .enter("tries", tries)
            .enter("sends", sends)
            .run()
    };
    a_bound_agrees_with_the_stories(scene);
}
