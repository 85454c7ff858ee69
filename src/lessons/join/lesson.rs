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

use crate::narrate;
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::thread::{Builder, JoinHandle};
use crate::sync::{Arc, Named, rest};

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
pub(super) fn ten() -> Arc<AtomicI64> {
    Arc::new(AtomicI64::new(10).named("x"))
}

/// Starts the thread that sets `x` to `a + b`, and drops `finally` when it ends.
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
            let sum = a.checked_add(b).expect("the sum fits");
            // ORDERING: Relaxed is enough: `x` is all there is to see, and whoever
            // needs to be sure of seeing it joins this thread.
            x.store(sum, Ordering::Relaxed);
            narrate!("x = {a} + {b}");
        })
        .expect("the operating system can start a thread")
}
