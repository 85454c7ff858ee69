//! What it costs to explore what std allows: each scene with one liberty after another.

use super::scenes;
use super::table::{Table, grouped, median};
use racecourse::explorer::report::{Budget, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use racecourse::sync::{Actors, Condvar, Mutex, hint};
use std::sync::Arc;
use std::time::{Duration, Instant};

const NONE: Budget = Budget::NONE;
const ANY: Budget = Budget {
    any_waiter: true,
    ..NONE
};
const SPURIOUS: Budget = Budget {
    spurious_wake_ups: 1,
    ..NONE
};
const EARLY: Budget = Budget {
    early_timeouts: 1,
    ..NONE
};

pub fn liberties_table(repeats: usize, limit: Option<Duration>) {
    println!("\nWhat std's liberties cost (C11): different interleavings of each scene\n");
    let table = Table::new(
        "scene           24  the main thread is one of the threads
         none             7  nothing is asked for: lessons begin with that
         any waiter      10  notify_one wakes any waiter
         spurious         9  one wait ends although nobody has notified
         early            7  one timed wait ends before its time
         default          9  all three, as a scene is checked if nothing is said
         times longer    12  the time of the default divided by that of none: medians",
    );
    let row = |name: &str, scene: fn() -> usize| {
        let count = |budget| explored(scene, budget, limit).0;
        let seconds = |budget| {
            median(
                (0..repeats)
                    .map(|_| explored(scene, budget, limit).1)
                    .collect(),
            )
        };
        let longer = seconds(Budget::default()) / seconds(NONE);
        table.row([
            name.to_owned(),
            count(NONE),
            count(ANY),
            count(SPURIOUS),
            count(EARLY),
            count(Budget::default()),
            format!("{longer:.1}"),
        ]);
    };
    row("3 threads x 2, mutex", || {
        scenes::counter_in_racecourse(3, 2)
    });
    row("3 weak additions", weak_additions);
    row("1P1C x 2, capacity 1", || scenes::queue(1, 1, 2, 1));
    row("2P1C x 1, capacity 1", || scenes::queue(2, 1, 1, 1));
    row("1P2C x 1, capacity 1", || scenes::queue(1, 2, 2, 1));
    row("2P2C x 1, capacity 1", || scenes::queue(2, 2, 1, 1));
    row("a wait with a timeout", timed_wait);
    table.explain();
}

/// How many interleavings are different, and how many seconds it took.
fn explored(scene: fn() -> usize, budget: Budget, limit: Option<Duration>) -> (String, f64) {
    let mut options = Options::new(Memory::C11);
    options.budget = budget;
    options.max_time = limit;
    let judged = move || Judged::promised(scene().to_string(), "");
    let started = Instant::now();
    let found = explore(options, Arc::new(judged)).expect("this is the model build");
    let different = match found.is_complete() {
        true => grouped(found.different),
        false => "stopped".to_owned(),
    };
    (different, started.elapsed().as_secs_f64())
}

/// Three threads each add 1 in a loop that std allows to fail without reason.
fn weak_additions() -> usize {
    let total = AtomicUsize::new(0);
    let add = || {
        let mut now = total.load(Relaxed);
        while let Err(other) = total.compare_exchange_weak(now, now + 1, Relaxed, Relaxed) {
            now = other;
            hint::spin_loop();
        }
    };
    let actors = Actors::new().enter("a", add).enter("b", add);
    actors.enter("c", add).run();
    total.load(Relaxed)
}

/// One thread waits until another is ready, or until its time is up.
fn timed_wait() -> usize {
    let (ready, changed) = (Mutex::new(false), Condvar::new());
    let waits = || {
        let ready = ready.lock().unwrap();
        let long = Duration::from_secs(1);
        drop(changed.wait_timeout_while(ready, long, |ready| !*ready));
    };
    let sets = || {
        *ready.lock().unwrap() = true;
        changed.notify_one();
    };
    Actors::new()
        .enter("waits", waits)
        .enter("sets", sets)
        .run();
    0
}
