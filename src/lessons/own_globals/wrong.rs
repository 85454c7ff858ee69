//! Two ways to take processes for threads, and threads for processes.

use super::lesson::{Came, Globals, Processes, in_processes, in_threads};
use crate::narrate;
use crate::processes::{Gone, Link};
use crate::sync::atomic::Ordering;

/// What the seed's `global n` looks like: the children add to n, so once they have
/// ended the parent reads it. It reads its own, which nobody has touched.
pub struct ExpectsParentToSee;

impl Processes for ExpectsParentToSee {
    fn add<In>(n: &mut i64, _parent: &mut impl Link<i64, In>) -> Result<(), Gone<i64>> {
        *n += 1;
        narrate!("n is {n}");
        Ok(())
    }

    fn sum<Out>(n: i64, children: &mut [impl Link<Out, i64>]) -> Option<i64> {
        let seen = children.iter_mut().map(|child| {
            // To wait for its end is right, and does not help.
            let _ended = child.receive();
            n
        });
        Some(seen.sum())
    }
}

impl Globals for ExpectsParentToSee {
    fn come_to(adders: usize) -> Came {
        in_processes::<Self>(adders)
    }
}

/// The same with threads: now there is one n, and everybody sees it. Two who load it
/// before either stores both make 101 of it, and one addition is lost.
pub struct SharesByThread;

impl Globals for SharesByThread {
    fn come_to(adders: usize) -> Came {
        in_threads(adders, |n| {
            let more = n.load(Ordering::SeqCst) + 1;
            n.store(more, Ordering::SeqCst);
            narrate!("n is {more}");
            more
        })
    }
}
