//! Barriers: who passes them, and what that publishes.

use racecourse::explorer::report::{Budget, Exploration, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::atomic::AtomicUsize;
use racecourse::sync::atomic::Ordering::Relaxed;
use racecourse::sync::{Actors, Arc, Barrier, thread};

fn all(scene: impl Fn() -> String + Send + Sync + 'static) -> Exploration {
    let scene = move || Judged::promised(scene(), "");
    let mut options = Options::new(Memory::C11);
    options.budget = Budget::NONE;
    let found = explore(options, std::sync::Arc::new(scene)).unwrap();
    assert_eq!(found.stopped, None);
    found
}

fn rows(found: &Exploration) -> Vec<(&str, u64)> {
    let rows = found.outcomes.iter();
    rows.map(|row| (&*row.outcome, row.different)).collect()
}

/// A scene of threads that each wait at the barrier once: which of them led.
fn leaders(size: usize, threads: usize) -> impl Fn() -> String + Send + Sync {
    move || {
        let gate = Barrier::new(size);
        let waits = || gate.wait().is_leader();
        let names = ["a", "b", "c"].into_iter().take(threads);
        let actors = names.fold(Actors::new(), |actors, name| actors.enter(name, waits));
        format!("{:?}", actors.run())
    }
}

#[test]
fn the_last_thread_to_arrive_leads_and_any_may_be_the_last() {
    let found = all(leaders(3, 3));
    let led = [
        ("[false, false, true]", 2),
        ("[false, true, false]", 2),
        ("[true, false, false]", 2),
    ];
    assert_eq!(rows(&found), led);
}

#[test]
fn a_barrier_for_one_or_none_lets_every_thread_pass() {
    for size in [0, 1] {
        let found = all(leaders(size, 2));
        assert_eq!(rows(&found), [("[true, true]", 2)], "size {size}");
    }
}

#[test]
fn too_few_threads_deadlock() {
    let found = all(leaders(3, 2));
    assert_eq!(rows(&found), [("deadlock", 2)]);
    let story = &found.outcomes[0].story;
    let last = story.epilogue.iter().map(|line| crate::without_place(line));
    let waits = |name| format!("{name} waits at `gate`: too few threads will ever arrive");
    assert_eq!(last.collect::<Vec<_>>(), [waits("a"), waits("b")]);
    assert_eq!(story.preemptions, 0);
}

/// Relaxed stores before the barrier, relaxed loads behind it.
#[test]
fn all_that_is_done_before_happens_before_all_that_is_done_behind() {
    let scene = |waits: bool| {
        move || {
            let barrier = Barrier::new(3);
            let stored = [0; 3].map(AtomicUsize::new);
            let part = |me: usize| {
                stored[me].store(1, Relaxed);
                if waits {
                    barrier.wait();
                }
                stored.iter().map(|it| it.load(Relaxed)).sum::<usize>()
            };
            let mut actors = Actors::new();
            for me in 0..3 {
                actors = actors.enter(me.to_string(), move || part(me));
            }
            format!("{:?}", actors.run())
        }
    };
    assert_eq!(rows(&all(scene(true))), [("[3, 3, 3]", 6)]);
    let without = all(scene(false));
    assert!(
        without.outcome("[1, 1, 1]").is_some(),
        "each may see its own alone"
    );
}

/// With three threads and room for two, a round can end before the last has begun.
#[test]
fn a_barrier_opens_again_and_again() {
    let found = all(|| {
        let barrier = Arc::new(Barrier::new(2));
        let waits = |times: usize| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || (0..times).filter(|_| barrier.wait().is_leader()).count())
        };
        let threads = [waits(2), waits(1), waits(1)];
        let led: usize = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        format!("{led} led")
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|&(outcome, _)| outcome).collect();
    // The two that wait once may meet, and leave the first one behind.
    assert_eq!(outcomes, ["2 led", "deadlock"]);
}
