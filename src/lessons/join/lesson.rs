//! One thread computes, the other waits for it and reads.
//!
//! # Story
//! `x` is 10. A thread sets it to 1 + 1, and the main thread prints it. The answer is 2 only
//! if the main thread joins the other thread before it reads `x`.
//!
//! The promises: the answer is the sum, and if there is no sum, the failure is reported.
//!
//! # What the compiler already refuses
//! The tutorial's global, read while a thread may be changing it, does not compile in safe
//! Rust:
//! ```compile_fail
//! let mut x = 10;
//! std::thread::scope(|threads| {
//!     threads.spawn(|| x = 1 + 1);
//!     println!("{x}"); // error: cannot borrow `x` as immutable because it is also borrowed as mutable
//! });
//! ```
//! (After the scope, which joins the thread, it compiles.)
//! ```
//! let mut x = 10;
//! std::thread::scope(|threads| {
//!     threads.spawn(|| x = 1 + 1);
//! });
//! assert_eq!(x, 2);
//! ```
//! A thread that may never be joined cannot borrow a local variable:
//! ```compile_fail
//! let mut x = 10;
//! let adder = std::thread::spawn(|| x = 1 + 1); // error: closure may outlive the current function
//! adder.join().unwrap();
//! println!("{x}");
//! ```
//! Best is to share nothing. `join` returns the thread's result, and nobody can read it
//! before.
//! ```
//! let adder = std::thread::spawn(|| 1 + 1);
//! assert_eq!(adder.join().unwrap(), 2);
//! ```

use crate::explorer::report::Judged;
use crate::narrate;
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::thread::{Builder, JoinHandle};
use crate::sync::{Arc, rest};

/// A sum that another thread computes.
pub trait Sum {
    /// What is read from `x`, which starts as 10 and which another thread sets to `a + b`.
    ///
    /// # Panics
    /// The other thread panicked.
    fn x(a: i64, b: i64) -> i64;
}

/// What `x` is at the start.
pub(super) const TEN: i64 = 10;

/// Starts the thread that sets `x` to `a + b`. The thread drops `finally` when it ends.
pub(super) fn start_adder<T: Send + 'static>(
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
            let sum = a.checked_add(b).expect("the sum does not fit");
            // ORDERING: Relaxed is enough. This store publishes no other memory, and a
            // thread that needs the value of `x` joins this thread.
            x.store(sum, Ordering::Relaxed);
            narrate!("x = {a} + {b}");
        })
        .expect("the operating system can start a thread")
}

/// Judges what was read.
#[must_use]
pub fn judge(x: i64) -> Judged {
    let outcome = format!("x is {x}");
    match x {
        2 => Judged::promised(outcome, "the sum"),
        10 => Judged::forbidden(outcome, "x was read before the thread set it"),
        _ => Judged::forbidden(outcome, "x was never set to that"),
    }
}
