//! What counts as a preemption, and what does not: small programs, each of which shows a
//! mistake that stories once had.

use super::enumerate::enumerate;
use super::program::{ATOMICS, CONDVAR, Op, Pause, Program, Strength::Relaxed, USE_AFTER_FREE};
use super::{MAX_TRACES, differs_within_a_bound, found, options, shows_the_engine};
use Op::{Destroy, FetchAdd, Join, Load, Lock, NotifyOne, Park, SpinUntil, Start, Store};
use Op::{Poll, Read, TryLock, TryLockTimes, TryWrite, Unpark, Wait, Write};
use racecourse::draw;
use racecourse::explorer::report::{Budget, Exploration, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use racecourse::sync::{Actors, Mutex, hint, thread};
use std::sync::Arc;

const X: usize = 0;
const Y: usize = 1;
const M: usize = 0;
const N: usize = 1;

fn program(threads: impl Into<Vec<Vec<Op>>>) -> Program {
    Program {
        threads: threads.into(),
        budget: Budget::NONE,
    }
}

#[track_caller]
fn is_told(found: &Exploration, outcome: &str, preemptions: usize) {
    let Some(row) = found.outcome(outcome) else {
        panic!("no `{outcome}` was found, only {:?}", found.outcomes);
    };
    let told = (row.story.preemptions, row.story.minimal);
    let picture = draw::story(row).plain();
    assert_eq!(told, (preemptions, true), "{picture}");
    assert!(!shows_the_engine(row), "{picture}");
}

/// Brute force, the story and a bound agree that the outcome needs so many preemptions.
#[track_caller]
fn needs(program: &Program, outcome: &str, preemptions: usize) {
    let expected = enumerate(program, MAX_TRACES).unwrap();
    let reached = expected.get(outcome).map(|reached| reached.preemptions);
    assert_eq!(reached, Some(preemptions), "`{outcome}` by brute force");
    is_told(
        &found(program, options(program, Memory::Sc)),
        outcome,
        preemptions,
    );
    let differs = differs_within_a_bound(program, Memory::Sc);
    assert_eq!(differs.unwrap(), None);
}

#[test]
fn a_lost_update_needs_one() {
    let adds = || vec![Load(X, Relaxed), Store(X, 1, Relaxed)];
    let program = program([adds(), adds()]);
    needs(&program, "saw [[0], [0]], left [1, 0]", 1);
    needs(&program, "saw [[0], [1]], left [1, 0]", 0);
    let expected = enumerate(&program, MAX_TRACES).unwrap();
    assert_eq!(expected.within(0).len(), 2);
    assert_eq!(expected.within(1).len(), 3);
}

/// Reads between two stores of another thread.
fn between(pause: impl Fn() + Send + Sync + 'static) -> Exploration {
    explore(
        Options::new(Memory::Sc),
        Arc::new(move || {
            let (x, m) = (AtomicUsize::new(0), Mutex::new(()));
            let stores = || {
                x.store(1, SeqCst);
                pause();
                drop(m.lock());
                x.store(2, SeqCst);
                None
            };
            let reads = || Some(x.load(SeqCst));
            let seen = Actors::new()
                .enter("stores", stores)
                .enter("reads", reads)
                .run();
            Judged::promised(format!("{:?}", seen[1]), "")
        }),
    )
    .unwrap()
}

#[test]
fn a_thread_that_yields_is_not_preempted() {
    is_told(&between(|| ()), "Some(1)", 1);
    is_told(&between(thread::yield_now), "Some(1)", 0);
    is_told(&between(hint::spin_loop), "Some(1)", 0);
}

#[test]
fn a_thread_that_yielded_before_it_waits_for_ever_is_not_preempted() {
    let scene = || {
        let (m, n) = (Mutex::new(()), Mutex::new(()));
        let locks = |first: &Mutex<()>, second: &Mutex<()>| {
            let _first = first.lock();
            thread::yield_now();
            let _second = second.lock();
        };
        Actors::new()
            .enter("a", || locks(&m, &n))
            .enter("b", || locks(&n, &m))
            .run();
        Judged::promised("ended", "")
    };
    let found = explore(Options::new(Memory::Sc), Arc::new(scene)).unwrap();
    is_told(&found, "deadlock", 0);
}

#[test]
fn a_thread_between_a_destruction_and_its_next_step_is_preempted() {
    let frees = vec![Start(1), Load(X, Relaxed), Destroy(X), NotifyOne];
    let program = program([frees, vec![Load(X, Relaxed)]]);
    needs(&program, "saw [[0], [0]], left [0, 0]", 1);
}

/// Time passes for all that wait at once: whichever goes on first, none is preempted.
#[test]
fn a_thread_whose_time_is_over_is_not_preempted() {
    let sleeps = |then| vec![Park { timed: true }, then];
    let stores = sleeps(Store(X, 1, Relaxed));
    let loads = sleeps(Load(X, Relaxed));
    for threads in [[stores.clone(), loads.clone()], [loads, stores]] {
        let first_loads = matches!(threads[0][1], Load(..));
        let program = program(threads);
        for seen in 0..2 {
            let outcome = match first_loads {
                true => format!("saw [[{seen}], []], left [1, 0]"),
                false => format!("saw [[], [{seen}]], left [1, 0]"),
            };
            needs(&program, &outcome, 0);
        }
    }
}

/// The thread that waits last need not be the first that goes on.
#[test]
fn a_thread_whose_time_is_over_is_not_preempted_by_another() {
    let park = || Park { timed: true };
    let stores = vec![Store(Y, 1, Relaxed), park(), Store(X, 1, Relaxed)];
    let loads = vec![SpinUntil(Y, 1, Relaxed), park(), Load(X, Relaxed)];
    let program = program([stores, loads]);
    for seen in 0..2 {
        let outcome = format!("saw [[], [{seen}]], left [1, 1]");
        needs(&program, &outcome, 0);
    }
}

/// It uses the condition variable until it has the lock.
#[test]
fn a_waiter_that_is_notified_locks_before_the_condition_variable_is_freed() {
    let waits = Lock(N, vec![Wait { timed: false }, Lock(N, vec![])]);
    let program = program([vec![NotifyOne, Destroy(CONDVAR)], vec![waits]]);
    needs(&program, "deadlock", 1);
}

#[test]
fn a_thread_that_waits_after_the_decisive_step_has_not_ended() {
    let spins = Lock(N, vec![SpinUntil(X, 1, Relaxed)]);
    let frees = TryLock(N, vec![Destroy(2 + N)]);
    let program = program([vec![spins, Join(1)], vec![frees]]);
    needs(&program, USE_AFTER_FREE, 1);
}

#[test]
fn a_waiter_that_is_notified_and_never_gets_the_lock_has_waited() {
    let locks = Lock(M, vec![Lock(N, vec![])]);
    let waits = Lock(N, vec![Lock(M, vec![Wait { timed: true }])]);
    let program = program([vec![NotifyOne, NotifyOne, locks], vec![waits]]);
    needs(&program, "deadlock", 0);
}

#[test]
fn a_thread_that_was_unparked_waits_for_something_else_later() {
    let parks = || Park { timed: false };
    let program = program([
        vec![parks(), Start(1)],
        vec![Load(X, Relaxed), parks()],
        vec![Unpark(0)],
    ]);
    needs(&program, "deadlock", 0);
}

#[test]
fn a_waiter_whose_condition_variable_is_freed_has_waited() {
    let polls = Poll {
        x: X,
        to: 1,
        times: 2,
        pause: Pause::WaitTimeout,
        then: vec![],
    };
    let waits = TryLockTimes(M, 1, Pause::Nothing, vec![polls]);
    let frees = vec![Destroy(CONDVAR), FetchAdd(X, 1, Relaxed)];
    needs(&program([frees, vec![waits]]), USE_AFTER_FREE, 0);
}

/// A thread that takes the write lock twice never gets to the mutex. So it must try while
/// another thread reads, and to take the processor from that one is the preemption. It would
/// be another one to free the mutex only when the thread has come there.
#[test]
fn a_thread_that_waits_for_what_is_freed_has_come_there() {
    let program = program([
        vec![Unpark(0), Load(X, Relaxed), Lock(M, vec![Read(vec![])])],
        vec![Destroy(ATOMICS + N)],
        vec![TryWrite(vec![Write(vec![])]), Lock(N, vec![])],
    ]);
    needs(&program, USE_AFTER_FREE, 1);
    let found = found(&program, options(&program, Memory::Sc));
    let story = &found.outcome(USE_AFTER_FREE).unwrap().story;
    let last = story.steps.last().unwrap();
    assert_eq!(last.what, "uses mutexes#1, which is freed");
}

/// A load that chooses what it reads cannot come after the destruction either.
#[test]
fn under_c11_a_load_comes_before_the_destruction() {
    let frees = vec![Store(X, 1, Relaxed), Store(Y, 1, Relaxed), Destroy(X)];
    let loads = vec![Load(Y, Relaxed), Load(X, Relaxed)];
    let program = program([frees, loads]);
    let found = found(&program, options(&program, Memory::C11));
    is_told(&found, "saw [[], [1, 0]], left [0, 1]", 1);
    is_told(&found, "saw [[], [0, 0]], left [0, 1]", 0);
}
