//! Read, then join.

use super::{Sum, start_adder, ten};
use crate::sync::atomic::Ordering;

/// Reads first and waits afterwards: whether the thread has been there is luck.
pub struct ReadsBeforeJoin;

impl Sum for ReadsBeforeJoin {
    fn x(a: i64, b: i64) -> i64 {
        let x = ten();
        let adder = start_adder(&x, a, b);
        // ORDERING: no ordering helps. SeqCst would read 10 just the same, if the
        // adder has not stored yet.
        let read = x.load(Ordering::Relaxed);
        adder.join().expect("the adder does its sum");
        read
    }
}
