//! Runs a scene once, or once more: then it must do the same.

use super::report::Judged;
use crate::engine::execution::abort::is_abort;
use crate::engine::execution::failure::Failure;
use crate::engine::execution::panics::{forget_panics, scene_has_panicked};
use crate::engine::execution::run::{Execution, Which};
use crate::engine::execution::runner::Runner;
use crate::engine::execution::threads;
use crate::engine::hash::{mix, word};
use std::cell::Cell;
use std::hint::black_box;
use std::mem::{Discriminant, discriminant};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

pub(super) type Scene = Arc<dyn Fn() -> Judged + Send + Sync>;

/// So often in all a scene is run at least. One that does something else every other time
/// passes for deterministic once in 2^23 times.
pub(super) const RUNS: u64 = 24;

/// How an execution has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    failure: Option<Discriminant<Failure>>,
    /// Names its outcome, if it has not failed.
    outcome: Option<u64>,
    /// How many records there were when it failed.
    failed_after: usize,
}

impl End {
    pub(super) fn of(x: &Execution, judged: Option<&Judged>) -> Self {
        let judged = judged.filter(|_| x.failure.is_none());
        Self {
            failure: x.failure.as_ref().map(discriminant),
            outcome: judged.map(|judged| word(&judged.outcome)),
            failed_after: x.failed_after,
        }
    }

    /// However many steps it took.
    pub(super) fn after_any(self) -> Self {
        let failed_after = 0;
        Self {
            failed_after,
            ..self
        }
    }
}

thread_local! {
    /// What the scene has returned that this thread of the operating system runs.
    static RETURNED: Cell<Option<Judged>> = const { Cell::new(None) };
}

/// One execution: what the scene returned, unless it unwound.
pub(super) fn execute(runner: &Runner, scene: &Scene, which: Which) -> Option<Judged> {
    let scene = Arc::clone(scene);
    let whole = move || {
        match catch_unwind(AssertUnwindSafe(|| scene())) {
            Ok(judged) => RETURNED.set(Some(judged)),
            Err(payload) => {
                if !is_abort(payload.as_ref()) {
                    scene_has_panicked();
                }
                threads::drops(payload);
            }
        }
        threads::destroys_locals();
        threads::finish();
    };
    forget_panics();
    RETURNED.set(None);
    runner.run(whole, which);
    RETURNED.take()
}

/// Runs the last execution once more. Whether it has ended in the same way; if not, it
/// has failed.
pub(super) fn ends_like(end: End, runner: &Runner, scene: &Scene, which: Which) -> bool {
    let judged = execute(runner, scene, which);
    let mut x = runner.execution();
    let is_same = End::of(&x, judged.as_ref()) == end;
    if !is_same && !matches!(x.failure, Some(Failure::Misuse(_))) {
        let now = match judged.filter(|_| x.failure.is_none()) {
            Some(judged) => format!("the outcome is `{}`", judged.outcome),
            None => "it fails".to_owned(),
        };
        x.did_something_else(now, "another outcome".to_owned());
    }
    is_same
}

/// The same again, with no story to tell; `number`: for which time.
pub(super) fn is_replayed(end: End, runner: &Runner, scene: &Scene, number: u64) -> bool {
    shuffle_heap(number);
    ends_like(end, runner, scene, Which::Again)
}

/// Frees blocks of up to 264 bytes, in another order each time: allocators give out
/// first what was freed last. A scene in which the order of addresses makes a
/// difference then does not do the same again.
fn shuffle_heap(number: u64) {
    const SIZES: usize = 17;
    // Sometimes more than an allocator keeps at hand, so that it gives out others.
    let of_each_size = if number.is_multiple_of(8) { 20 } else { 7 };
    // glibc, for one, keeps blocks by sizes that are 16 bytes apart.
    let size = |block: usize| 8 + 16 * (block % SIZES);
    let mut blocks: Vec<Vec<u8>> = (0..of_each_size * SIZES)
        .map(|block| black_box(Vec::with_capacity(size(block))))
        .collect();
    for place in (1..blocks.len()).rev() {
        blocks.swap(place, mix(number, place as u64) as usize % (place + 1));
    }
}
