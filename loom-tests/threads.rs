//! Threads: how they sleep, how others see that they have ended, and what they are called.

use racecourse::check;
use racecourse::explorer::report::{Budget, Exploration, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::atomic::AtomicUsize;
use racecourse::sync::atomic::Ordering::{Relaxed, SeqCst};
use racecourse::sync::cell::UnsafeCell;
use racecourse::sync::{Arc, Mutex, thread};
use std::collections::HashSet;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn all_in(memory: Memory, scene: impl Fn() -> String + Send + Sync + 'static) -> Exploration {
    let scene = move || Judged::promised(scene(), "");
    let mut options = Options::new(memory);
    options.budget = Budget::NONE;
    let found = explore(options, std::sync::Arc::new(scene)).unwrap();
    assert_eq!(found.stopped, None);
    found
}

/// The outcomes, each with the number of its interleavings.
fn rows(found: &Exploration) -> Vec<(&str, u64)> {
    let rows = found.outcomes.iter();
    rows.map(|row| (&*row.outcome, row.different)).collect()
}

#[test]
fn a_sleep_puts_nothing_in_order() {
    let found = all_in(Memory::Sc, || {
        let x = &AtomicUsize::new(0);
        thread::scope(|s| {
            s.spawn(|| x.store(1, SeqCst));
            thread::sleep(SECOND);
            x.load(SeqCst).to_string()
        })
    });
    assert_eq!(rows(&found), [("0", 1), ("1", 1)]);
}

#[test]
fn to_sleep_in_a_loop_is_to_wait() {
    let sleeps_until_set = |sets: bool| {
        all_in(Memory::C11, move || {
            let flag = &AtomicUsize::new(0);
            thread::scope(|s| {
                s.spawn(move || flag.store(sets.into(), SeqCst));
                while flag.load(SeqCst) == 0 {
                    thread::sleep(SECOND);
                }
            });
            "set".to_owned()
        })
    };
    let outcomes = |found: &Exploration| -> Vec<String> {
        let rows = rows(found).into_iter();
        rows.map(|row| row.0.to_owned()).collect()
    };
    assert_eq!(outcomes(&sleeps_until_set(true)), ["set"]);
    assert_eq!(outcomes(&sleeps_until_set(false)), ["livelock"]);
}

/// A sleep is no join: with a bound on the time that the other takes it works nearly always.
#[test]
fn to_sleep_instead_of_joining_loses_the_result() {
    let found = |joins: bool| {
        check::scene(move || {
            let x = &AtomicUsize::new(0);
            thread::scope(|s| {
                let adds = s.spawn(|| x.fetch_add(1, Relaxed));
                match joins {
                    true => _ = adds.join(),
                    false => thread::sleep(SECOND),
                }
                x.load(Relaxed)
            })
        })
        .forbid(|&sum| (sum < 1).then_some("too early"))
    };
    let slept = found(false).explore().unwrap();
    assert!(slept.outcome("0").is_some());
    found(true).check();
}

/// The thread stores and then ends: two transitions.
#[test]
fn a_thread_is_finished_after_all_that_it_has_done() {
    let stores = |x: &'static AtomicUsize| thread::spawn(|| x.store(1, SeqCst));
    let x = || &*Box::leak(Box::new(AtomicUsize::new(0)));
    let looks_first = all_in(Memory::Sc, move || {
        let x = x();
        let thread = stores(x);
        let is_finished = thread.is_finished();
        format!("{is_finished} {}", x.load(SeqCst))
    });
    let expected = [("false 0", 1), ("false 1", 1), ("true 1", 1)];
    assert_eq!(rows(&looks_first), expected);
    let loads_first = all_in(Memory::Sc, move || {
        let x = x();
        let thread = stores(x);
        let loaded = x.load(SeqCst);
        format!("{loaded} {}", thread.is_finished())
    });
    let expected = [("0 false", 1), ("0 true", 1), ("1 false", 1), ("1 true", 1)];
    assert_eq!(rows(&loads_first), expected);
}

/// What a thread wrote is not published by the fact that it is finished.
#[test]
fn that_a_thread_is_finished_does_not_synchronise() {
    let found = all_in(Memory::C11, || {
        let x = &*Box::leak(Box::new(AtomicUsize::new(0)));
        let thread = thread::spawn(|| x.store(1, Relaxed));
        let is_finished = thread.is_finished();
        let before = x.load(Relaxed);
        thread.join().unwrap();
        format!("{is_finished} {before} {}", x.load(Relaxed))
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["false 0 1", "false 1 1", "true 0 1", "true 1 1"]);
}

struct Result(UnsafeCell<usize>);
// SAFETY: the model says whether another thread is at it.
unsafe impl Sync for Result {}

/// A thread that writes its result, and one that polls `is_finished` before it reads.
fn polls(joins: bool) -> Exploration {
    all_in(Memory::C11, move || {
        let result = &Result(UnsafeCell::new(0));
        thread::scope(|s| {
            // SAFETY: as above.
            let writes = s.spawn(|| result.0.with_mut(|it| unsafe { *it = 1 }));
            while !writes.is_finished() {
                thread::yield_now();
            }
            if joins {
                writes.join().unwrap();
            }
            // SAFETY: as above.
            result.0.with(|it| unsafe { *it }).to_string()
        })
    })
}

#[test]
fn to_read_the_result_of_a_finished_thread_without_a_join_is_a_data_race() {
    let found = polls(false);
    assert_eq!(found.outcomes.len(), 1);
    let race = &found.outcomes[0];
    assert_eq!(race.outcome, "data race");
    let told: Vec<_> = race.story.steps.iter().map(|step| &*step.what).collect();
    let expected = [
        "write result",
        "ends",
        "thread-1 is finished",
        "read result",
    ];
    let shown: Vec<_> = told
        .into_iter()
        .filter(|it| expected.contains(it))
        .collect();
    assert_eq!(shown, expected);
    let fixed = polls(true);
    let outcomes: Vec<_> = rows(&fixed).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["1"]);
}

#[test]
fn to_poll_a_thread_that_waits_for_the_poller_is_a_livelock() {
    let found = all_in(Memory::C11, || {
        let lock = &Mutex::new(());
        thread::scope(|s| {
            let held = lock.lock().unwrap();
            let waits = s.spawn(|| drop(lock.lock()));
            while !waits.is_finished() {
                thread::yield_now();
            }
            drop(held);
        });
        String::new()
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["livelock"]);
}

/// Whichever of two threads starts its child first: the ids are the same.
#[test]
fn ids_tell_threads_apart_and_are_the_same_in_every_interleaving() {
    let found = all_in(Memory::C11, || {
        let x = &AtomicUsize::new(0);
        let ids = thread::scope(|s| {
            let starts = || {
                x.fetch_add(1, SeqCst);
                let child = thread::spawn(|| thread::current().id());
                let known = child.thread().id();
                assert_eq!(child.join().unwrap(), known);
                [known, thread::current().id()]
            };
            let threads = [s.spawn(starts), s.spawn(starts)];
            let ids = threads.map(|thread| thread.join().unwrap());
            [ids[0][0], ids[0][1], ids[1][0], ids[1][1]]
        });
        let all: HashSet<_> = ids.into_iter().chain([thread::current().id()]).collect();
        format!("{} {ids:?}", all.len())
    });
    assert_eq!(found.outcomes.len(), 1);
    assert_eq!(found.outcomes[0].different, 2);
    assert!(found.outcomes[0].outcome.starts_with("5 [ThreadId("));
}

#[test]
fn a_builder_and_its_threads_say_who_they_are() {
    let found = all_in(Memory::C11, || {
        let builder = thread::Builder::new()
            .name("ann".to_owned())
            .stack_size(1 << 20);
        let thread = builder.spawn(|| ()).unwrap();
        let said = format!("{thread:?} {:?}", thread.thread().name());
        assert!(format!("{:?}", thread.thread()).starts_with("Thread { id: ThreadId("));
        let number = 1;
        let borrows = thread::Builder::new();
        // SAFETY: it is joined before the number ends.
        let borrows = unsafe { borrows.spawn_unchecked(|| number + 1) }.unwrap();
        let two = borrows.join().unwrap();
        let scoped = thread::scope(|s| format!("{:?} {s:?}", s.spawn(|| ())));
        let many = thread::available_parallelism().unwrap();
        format!("{said} {two} {scoped} {many} {}", thread::panicking())
    });
    let expected = "JoinHandle { .. } Some(\"ann\") 2 ScopedJoinHandle { .. } Scope { .. } 2 false";
    assert_eq!(rows(&found), [(expected, 1)]);
}

#[test]
fn a_destructor_knows_that_its_thread_panics() {
    let scene = || {
        struct Tells(Arc<AtomicUsize>);
        impl Drop for Tells {
            fn drop(&mut self) {
                self.0.store(1 + usize::from(thread::panicking()), SeqCst);
            }
        }
        let told = Arc::new(AtomicUsize::new(0));
        let tells = Tells(Arc::clone(&told));
        let panics = thread::spawn(move || {
            let _tells = tells;
            panic!("as it must");
        });
        while !panics.is_finished() {
            thread::yield_now();
        }
        assert!(panics.join().is_err());
        Judged::promised(told.load(SeqCst).to_string(), "")
    };
    let mut options = Options::new(Memory::C11);
    options.budget = Budget::NONE;
    options.panics_are_handled = true;
    let found = explore(options, std::sync::Arc::new(scene)).unwrap();
    assert_eq!(found.stopped, None);
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["2"]);
}
