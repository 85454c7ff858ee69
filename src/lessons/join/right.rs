//! Join, then read.

use super::lesson::{Sum, start_adder, ten};
use crate::sync::atomic::Ordering;

/// Waits for the thread, then reads.
pub struct JoinsThenReads;

impl Sum for JoinsThenReads {
    fn x(a: i64, b: i64) -> i64 {
        let x = ten();
        let adder = start_adder(&x, (a, b), ());
        adder.join().expect("the adder does its sum");
        // ORDERING: Relaxed is enough: all that a thread did happens before its
        // join returns, so the sum is the newest value this load could read.
        x.load(Ordering::Relaxed)
    }
}
