//! Barriers: who passes them, and what that publishes.

use racecourse::explorer::report::{Budget, Exploration, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::atomic::AtomicUsize;
use racecourse::sync::atomic::Ordering::Relaxed;
use racecourse::sync::{Actors, Arc, Barrier, Condvar, Mutex, thread};

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

/// How a barrier that somebody writes by hand knows that it has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opens {
    /// A number that counts up each time.
    Generation,
    /// The arrivals are counted from 0 again: a thread that arrives for the next time hides
    /// that from one that has not left yet.
    Reset,
    /// The arrivals are counted on, so that it never closes again.
    Never,
}

struct ByHand {
    /// How many have arrived, and how often it has opened.
    state: Mutex<(usize, usize)>,
    opened: Condvar,
    opens: Opens,
}

impl ByHand {
    fn wait(&self) {
        let mut state = self.state.lock().unwrap();
        let generation = state.1;
        state.0 += 1;
        if state.0 == 2 {
            if self.opens != Opens::Never {
                state.0 = 0;
            }
            state.1 += 1;
            return self.opened.notify_all();
        }
        let is_closed = |&mut (arrived, now): &mut (usize, usize)| match self.opens {
            Opens::Generation => now == generation,
            Opens::Reset => arrived != 0,
            Opens::Never => arrived < 2,
        };
        drop(self.opened.wait_while(state, is_closed).unwrap());
    }
}

/// Two threads meet twice. Each says how many of them had come by then.
fn meet_twice(opens: Opens) -> Exploration {
    all(move || {
        let barrier = ByHand {
            state: Mutex::new((0, 0)),
            opened: Condvar::new(),
            opens,
        };
        let came = [0; 2].map(AtomicUsize::new);
        let part = || {
            [0, 1].map(|time: usize| {
                came[time].fetch_add(1, Relaxed);
                barrier.wait();
                came[time].load(Relaxed)
            })
        };
        let actors = Actors::new().enter("a", part).enter("b", part);
        format!("{:?}", actors.run())
    })
}

/// A thread arrives for the second time before the other has left for the first time.
#[test]
fn a_barrier_by_hand_needs_generations() {
    let found = |opens| {
        let found = meet_twice(opens);
        let outcomes = found.outcomes.iter().map(|row| row.outcome.clone());
        (outcomes.collect::<Vec<_>>(), found)
    };
    assert_eq!(found(Opens::Generation).0, ["[[2, 2], [2, 2]]"]);
    let (outcomes, resets) = found(Opens::Reset);
    assert_eq!(outcomes, ["[[2, 2], [2, 2]]", "deadlock"]);
    let story = &resets.outcome("deadlock").unwrap().story;
    assert_eq!(story.preemptions, 0);
    let last = story.epilogue.iter().map(|line| crate::without_place(line));
    let waits = |name| format!("{name} waits on `opened`: no thread will ever notify it");
    assert_eq!(last.collect::<Vec<_>>(), [waits("a"), waits("b")]);
    let (outcomes, _) = found(Opens::Never);
    assert_eq!(
        outcomes,
        ["[[2, 1], [2, 2]]", "[[2, 2], [2, 1]]", "[[2, 2], [2, 2]]"]
    );
}
