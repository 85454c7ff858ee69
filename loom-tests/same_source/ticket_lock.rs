//! The ticket locks of the lesson, compiled against loom's types, and scenes with loom's
//! threads.

// The trait and the judge use no type of `sync`: they are the crate's.
pub use racecourse::lessons::ticket_lock::lesson;

#[path = "../../src/lessons/ticket_lock/right.rs"]
pub mod right;
#[path = "../../src/lessons/ticket_lock/wrong.rs"]
pub mod wrong;

use super::looms::{Part, run_all};
use lesson::{FairLock, Turn};
use std::sync::Arc;

/// What `racecourse::lessons::ticket_lock::turns` is to racecourse.
pub fn turns<Lock: FairLock + 'static>(clerks: usize, turns: usize) -> Vec<Vec<Turn>> {
    let lock = Arc::new(Lock::open());
    let part = |_| {
        let lock = Arc::clone(&lock);
        Box::new(move || (0..turns).map(|_| lock.turn()).collect()) as Part<_>
    };
    run_all((0..clerks).map(part).collect())
}

/// What `racecourse::lessons::ticket_lock::holder_and_try` is to racecourse.
pub fn holder_and_try<Lock: FairLock + 'static>() -> Vec<Vec<Turn>> {
    let lock = Arc::new(Lock::open());
    let holder = Arc::clone(&lock);
    run_all(vec![
        Box::new(move || vec![holder.turn(), holder.turn()]),
        Box::new(move || lock.try_turn().into_iter().collect()),
    ])
}
