//! Join, then read.

use super::lesson::{Sum, TEN, start_adder};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicI64, Ordering};

/// Waits for the thread, then reads `x`.
pub struct JoinsThenReads;

impl Sum for JoinsThenReads {
    fn x(a: i64, b: i64) -> i64 {
        let x = Arc::new(AtomicI64::new(TEN));
        let adder = start_adder(&x, (a, b), ());
        adder.join().expect("the adder does its sum");
        // ORDERING: Relaxed is enough. Everything that the adder did happens before `join`
        // returns, so this load can only read the sum.
        x.load(Ordering::Relaxed)
    }
}
