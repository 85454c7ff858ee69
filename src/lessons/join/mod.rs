//! One thread computes, the other waits for it and reads.
//!
//! # Story
//! `x` is 10. A thread sets it to 1 + 1; the main thread prints it. Joining the
//! thread before reading is all that makes the answer 2.
//!
//! # What the compiler already refuses
//! The seed's global, read while a thread may be changing it, does not compile in
//! safe Rust:
//! ```compile_fail
//! let mut x = 10;
//! std::thread::scope(|threads| {
//!     threads.spawn(|| x = 1 + 1);
//!     println!("{x}"); // error: cannot borrow `x` as immutable because it is also borrowed as mutable
//! });
//! ```
//! (after the scope, which joins, it does)
//! ```
//! let mut x = 10;
//! std::thread::scope(|threads| {
//!     threads.spawn(|| x = 1 + 1);
//! });
//! assert_eq!(x, 2);
//! ```
//! nor may a thread that nobody has promised to join borrow what is ours:
//! ```compile_fail
//! let mut x = 10;
//! let adder = std::thread::spawn(|| x = 1 + 1); // error: closure may outlive the current function
//! adder.join().unwrap();
//! println!("{x}");
//! ```
//! Best is to share nothing: what a thread came to is what its join returns, and
//! there is no way to read it before.
//! ```
//! let adder = std::thread::spawn(|| 1 + 1);
//! assert_eq!(adder.join().unwrap(), 2);
//! ```

pub mod right;
pub mod wrong;

use super::{Fault, Lesson, Mistake, Program, Scene, Seed, Version};
use crate::explorer::report::{Budget, Judged, Memory};
use crate::narrate;
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::thread::{Builder, JoinHandle};
use crate::sync::{Arc, Named, rest};
use std::panic::catch_unwind;

/// Has a sum computed by another thread.
pub trait Sum {
    /// What `x`, which is 10 at first and which another thread sets to `a + b`,
    /// is in the end.
    ///
    /// # Panics
    /// If the other thread did.
    fn x(a: i64, b: i64) -> i64;
}

/// `x`, before anybody has touched it.
fn ten() -> Arc<AtomicI64> {
    Arc::new(AtomicI64::new(10).named("x"))
}

/// Starts the thread that sets `x` to `a + b`, and drops `finally` when it ends.
fn start_adder<T: Send + 'static>(
    x: &Arc<AtomicI64>,
    (a, b): (i64, i64),
    finally: T,
) -> JoinHandle<()> {
    let x = Arc::clone(x);
    Builder::new()
        .name("adder".into())
        .spawn(move || {
            let _finally = finally;
            rest();
            let sum = a.checked_add(b).expect("the sum fits");
            // ORDERING: Relaxed is enough: `x` is all there is to see, and whoever
            // needs to be sure of seeing it joins this thread.
            x.store(sum, Ordering::Relaxed);
            narrate!("x = {a} + {b}");
        })
        .expect("the operating system can start a thread")
}

/// Holds `x` against the promise.
#[must_use]
pub fn judge(x: i64) -> Judged {
    let outcome = format!("x is {x}");
    match x {
        2 => Judged::promised(outcome, "the sum"),
        10 => Judged::forbidden(outcome, "read before the sum was there"),
        _ => Judged::forbidden(outcome, "neither before nor after"),
    }
}

/// The seed's program, whole: there is nothing to make larger or smaller.
fn one_plus_one<Way: Sum>() -> Judged {
    let x = Way::x(1, 1);
    narrate!("x is {x}");
    judge(x)
}

fn play<Way: Sum>(_: &Program) -> Judged {
    one_plus_one::<Way>()
}

/// A sum that the thread fails to compute.
fn too_large<Way: Sum>() -> Judged {
    match catch_unwind(|| Way::x(i64::MAX, 1)) {
        Err(_) => Judged::promised("the failure is heard", "there is no sum, and no x is read"),
        Ok(x) => Judged::forbidden(format!("x is {x}"), "there is no such sum"),
    }
}

fn scenes<Way: Sum + 'static>() -> Vec<Scene> {
    vec![
        Scene::new("x = 1 + 1 in a thread", one_plus_one::<Way>)
            .must_occur(&["x is 2"])
            .budget(Budget {
                spurious_wake_ups: 1,
                ..Budget::default()
            }),
        Scene::new("a sum that does not fit", too_large::<Way>)
            .must_occur(&["the failure is heard"])
            .handles_panics(),
    ]
}

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::JoinsThenReads;
    use wrong::{PoisonedAndStuck, ReadsBeforeJoin, TrustsTheWakeUp};

    Lesson {
        name: "join",
        title: "One thread computes, the other waits for it and reads",
        story: "x is 10, a thread sets it to 1 + 1, and the main thread prints it. \
                Whether it waits for the thread before it reads is all that decides between 2 and 10.",
        seed: Seed {
            lesson: Some(8),
            faults: &[
                Fault {
                    what: "one line, the join, makes it right: without it the same program prints 10",
                    shown_by: "join::x_is_2_always",
                },
                Fault {
                    what: "x is a global: two such sums at a time would overwrite each other",
                    shown_by: "join::sums_do_not_disturb_each_other",
                },
                Fault {
                    what: "if the thread fails, its join says nothing and 10 is printed",
                    shown_by: "join::an_adder_that_fails_is_heard",
                },
            ],
        },
        // SC would show the mistake; C11 shows besides that a Relaxed read after
        // the join is never stale.
        memory: Memory::C11,
        versions: vec![
            Version::right::<JoinsThenReads>(
                "waits for the thread, then reads",
                scenes::<JoinsThenReads>(),
                play::<JoinsThenReads>,
            ),
            Version::wrong::<ReadsBeforeJoin>(
                "reads, then waits for the thread",
                scenes::<ReadsBeforeJoin>(),
                play::<ReadsBeforeJoin>,
                Mistake {
                    scene: "x = 1 + 1 in a thread",
                    outcome: "x is 10",
                    preemptions: 0,
                    story: include_str!("stories/reads-before-join.txt"),
                },
            ),
            Version::wrong::<TrustsTheWakeUp>(
                "waits to be notified, and does not look whether it was",
                scenes::<TrustsTheWakeUp>(),
                play::<TrustsTheWakeUp>,
                Mistake {
                    scene: "x = 1 + 1 in a thread",
                    outcome: "x is 10",
                    preemptions: 0,
                    story: include_str!("stories/trusts-the-wake-up.txt"),
                },
            ),
            Version::wrong::<PoisonedAndStuck>(
                "takes a poisoned lock for one that is held",
                scenes::<PoisonedAndStuck>(),
                play::<PoisonedAndStuck>,
                Mistake {
                    scene: "a sum that does not fit",
                    outcome: "livelock",
                    preemptions: 0,
                    story: include_str!("stories/poisoned-and-stuck.txt"),
                },
            ),
        ],
        heeds: &[],
        for_real: None,
    }
}
