//! Processes mistaken for threads, and threads for processes.

use super::lesson::{Globals, Observed, Processes, in_processes, in_threads};
use crate::narrate;
use crate::processes::{Gone, Link};
use crate::sync::atomic::Ordering;

/// What the tutorial's `global n` suggests: the children add to n, and when they have ended the
/// parent reads n. But the parent's n is another one, to which nobody has added.
pub struct ExpectsParentToSee;

impl Processes for ExpectsParentToSee {
    fn add<In>(n: &mut i64, _parent: &mut impl Link<i64, In>) -> Result<(), Gone<i64>> {
        *n += 1;
        narrate!("n is {n}");
        Ok(())
    }

    fn sum<Out>(n: i64, children: &mut [impl Link<Out, i64>]) -> Option<i64> {
        let mut sum = 0;
        for child in children {
            // Waiting for the end of the child is right, and does not help.
            let _ended = child.receive();
            narrate!("adds its own n, which is {n}");
            sum += n;
        }
        Some(sum)
    }
}

impl Globals for ExpectsParentToSee {
    fn run(adders: usize) -> Observed {
        in_processes::<Self>(adders)
    }
}

/// Threads instead of processes share one n. If two threads load it before one of them
/// stores, both store 101, and one addition is lost.
pub struct SharesByThread;

impl Globals for SharesByThread {
    fn run(adders: usize) -> Observed {
        in_threads(adders, |n| {
            let more = n.load(Ordering::SeqCst) + 1;
            n.store(more, Ordering::SeqCst);
            narrate!("n is {more}");
            more
        })
    }
}
