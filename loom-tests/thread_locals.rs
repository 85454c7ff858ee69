//! `thread_local!`: a value for each thread, in every execution a new one.

use racecourse::check;
use racecourse::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use racecourse::sync::{Actors, Arc, Mutex, thread};
use std::cell::{Cell, RefCell};

racecourse::thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static TRACED: RefCell<Option<Traced>> = RefCell::new(None);
}

struct Traced(Arc<Mutex<Vec<&'static str>>>, &'static str);

impl Drop for Traced {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(self.1);
    }
}

fn next() -> usize {
    COUNT.set(COUNT.get() + 1);
    COUNT.get()
}

/// Two threads and the scene itself count each for itself, in every one of the two
/// interleavings. The last actor runs on the scene's thread, and has a value of its own.
#[test]
fn each_thread_counts_for_itself_in_every_execution() {
    let found = check::scene(|| {
        let order = AtomicUsize::new(0);
        let count = || {
            next();
            order.fetch_add(1, SeqCst);
            next()
        };
        let before = next();
        let counted = Actors::new().enter("ann", count).enter("bob", count).run();
        (before, counted, next())
    })
    .explore()
    .unwrap();
    assert!(found.is_complete());
    assert_eq!(found.outcomes.len(), 1);
    assert_eq!(found.outcomes[0].outcome, "(1, [2, 2], 2)");
    assert_eq!(found.outcomes[0].different, 2);
}

/// Destructors run when their thread ends: before others have joined it, and of an actor's
/// before the actors are over. They may lock.
#[test]
fn destructors_run_in_their_thread() {
    let found = check::scene(|| {
        let log = Arc::new(Mutex::new(Vec::new()));
        let own = Arc::clone(&log);
        let child = thread::spawn(move || {
            TRACED.set(Some(Traced(Arc::clone(&own), "destroyed")));
            own.lock().unwrap().push("ran");
        });
        child.join().unwrap();
        let acts = || TRACED.set(Some(Traced(Arc::clone(&log), "the actor's is destroyed")));
        Actors::new().enter("ann", acts).run();
        log.lock().unwrap().join(", ")
    })
    .explore()
    .unwrap();
    assert!(found.is_complete());
    assert_eq!(found.outcomes.len(), 1);
    let expected = r#""ran, destroyed, the actor's is destroyed""#;
    assert_eq!(found.outcomes[0].outcome, expected);
}

racecourse::thread_local! {
    static FIRST: Probes = Probes(&LAST);
    static LAST: Probes = const { Probes(&FIRST) };
}

struct Probes(&'static thread::LocalKey<Probes>);

static SEEN: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());

impl Drop for Probes {
    fn drop(&mut self) {
        let found = match self.0.try_with(|_| ()) {
            Ok(()) => "made ",
            Err(thread::AccessError) => "destroyed ",
        };
        SEEN.lock().unwrap().push_str(found);
    }
}

/// As in std, the values of a thread are destroyed one after the other, and those that are
/// not yet can still be used.
#[test]
fn a_destructor_may_use_what_is_not_destroyed() {
    let found = check::scene(|| {
        SEEN.lock().unwrap().clear();
        let child = thread::spawn(|| FIRST.with(|_| LAST.with(|_| ())));
        child.join().unwrap();
        SEEN.lock().unwrap().clone()
    })
    .explore()
    .unwrap();
    assert!(found.is_complete());
    assert_eq!(found.outcomes[0].outcome, r#""made destroyed ""#);
}

/// A panic leaves the values to be destroyed too, and a destructor's own panic is an outcome.
#[test]
fn a_panic_in_a_destructor_is_an_outcome() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    racecourse::thread_local!(static PANICS: RefCell<Option<Panics>> = RefCell::new(None));
    let found = check::scene(|| {
        let child = thread::spawn(|| PANICS.set(Some(Panics)));
        child.join().is_ok()
    })
    .explore()
    .unwrap();
    assert!(found.is_complete());
    assert!(found.outcome("panic").is_some(), "{found:?}");
}

racecourse::lazy_static! {
    static ref MADE: AtomicUsize = AtomicUsize::new(7);
}

/// Every execution begins with a new value, whichever thread uses it first: with either order
/// of the two additions, and either order of the first use.
#[test]
fn a_lazy_static_is_made_anew_in_every_execution() {
    let found = check::scene(|| {
        let add = || MADE.fetch_add(1, SeqCst);
        let mut added = Actors::new().enter("ann", add).enter("bob", add).run();
        added.sort_unstable();
        (added, MADE.load(SeqCst))
    })
    .explore()
    .unwrap();
    assert!(found.is_complete());
    assert_eq!(found.outcomes.len(), 1);
    assert_eq!(found.outcomes[0].outcome, "([7, 8], 9)");
    // Two threads can make the value, and two can add first.
    assert_eq!(found.outcomes[0].different, 4);
}
