//! Processes that each have an n of their own.
//!
//! # Story
//! n is a global, and it is 100. Two child processes add one to it. Each child has an n of
//! its own, and sends 101. The parent's n is still 100. The parent learns a child's n only if
//! the child *sends* it: through a pipe, a file, or its exit code. A child may die before it
//! has sent anything.
//!
//! Threads are different: they share one n, and so an addition can be lost.
//!
//! The promises: every child sends 101, the parent's n stays 100, and the sum of what was sent
//! is right. If a child died before it sent its n, there is no sum, and nobody waits for it.
//!
//! # What the compiler already refuses
//! Changing a global is unsafe in Rust, because there may be threads:
//! ```compile_fail
//! static mut N: i64 = 100;
//! N += 1; // error: use of mutable static is unsafe and requires unsafe block
//! ```
//! A pointer cannot be sent to another process by accident:
//! ```compile_fail
//! let n = 100;
//! let bytes = postcard::to_allocvec(&(&raw const n)); // error: `Serialize` is not implemented for `*const i32`
//! ```

use crate::explorer::report::Judged;
use crate::narrate;
use crate::processes::{Gone, Link, modelled};
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::{Actors, rest};

/// n, before the first addition.
pub const START: i64 = 100;

/// A way to add to n in several processes or threads, and to learn the sum.
pub trait Globals {
    /// Runs that many adders, each of which adds one to n.
    fn run(adders: usize) -> Observed;
}

/// What a child and the parent do, over any kind of [`Link`].
pub trait Processes {
    /// What a child does. `n` is in the child's own memory.
    ///
    /// # Errors
    /// The child dies, or its parent has died.
    fn add<In>(n: &mut i64, parent: &mut impl Link<i64, In>) -> Result<(), Gone<i64>>;

    /// What the parent does: computes the sum of the children's n. `None`: a child died.
    fn sum<Out>(n: i64, children: &mut [impl Link<Out, i64>]) -> Option<i64>;
}

/// What was observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Each adder's n after its addition. `None`: the adder died.
    pub adders: Vec<Option<i64>>,
    /// The parent's n at the end.
    pub parent: i64,
    /// The sum that the parent computed.
    pub sum: Option<i64>,
}

impl Observed {
    /// Judges what was observed.
    #[must_use]
    pub fn judge(&self) -> Judged {
        let each = self.adders.iter().map(|n| match n {
            Some(n) => n.to_string(),
            None => "died".to_owned(),
        });
        let each: Vec<_> = each.collect();
        let sum = match self.sum {
            Some(sum) => format!("sum {sum}"),
            None => "no sum".to_owned(),
        };
        let parent = self.parent;
        let outcome = format!("adders {}; {sum}; parent {parent}", each.join(" + "));

        let is_lost = parent < START + self.adders.len() as i64;
        if parent != START && is_lost {
            return Judged::forbidden(
                outcome,
                "the adders share one n, and it has grown by less than they added",
            );
        }
        if parent != START || self.adders.iter().flatten().any(|&n| n != START + 1) {
            return Judged::forbidden(outcome, "the adders share one n");
        }
        let right: Option<i64> = self.adders.iter().copied().sum();
        match (right, self.sum) {
            (Some(right), Some(sum)) if sum == right => {
                Judged::promised(outcome, "each process has its own n, and the sum is right")
            }
            (None, None) => Judged::promised(outcome, "a process died, and so there is no sum"),
            _ => Judged::forbidden(outcome, "the sum is not the sum of the adders' n"),
        }
    }
}

/// Names of the links in stories, for up to three processes.
const TO_ADDERS: [&str; 3] = ["pipe to adder-1", "pipe to adder-2", "pipe to adder-3"];
const FROM_ADDERS: [&str; 3] = [
    "pipe from adder-1",
    "pipe from adder-2",
    "pipe from adder-3",
];

/// Runs processes of the model, each with its own n.
pub(super) fn in_processes<P: Processes>(adders: usize) -> Observed {
    let names = TO_ADDERS.into_iter().zip(FROM_ADDERS).take(adders);
    let links = names.map(|(to, from)| modelled::pair::<(), i64>(to, from));
    let (mut children, parents): (Vec<_>, Vec<_>) = links.unzip();
    let mut actors = Actors::new();
    for (adder, mut parent) in (1..).zip(parents) {
        actors = actors.enter(format!("adder-{adder}"), move || {
            rest();
            let mut n = START;
            P::add(&mut n, &mut parent).ok().map(|()| n)
        });
    }
    let n = START;
    let mut adders = actors
        .enter("parent", move || {
            let sum = P::sum(n, &mut children);
            match sum {
                Some(sum) => narrate!("n is {n}, the sum is {sum}"),
                None => narrate!("n is {n}, there is no sum"),
            }
            sum
        })
        .run();
    let sum = adders.pop().flatten();
    Observed {
        adders,
        parent: n,
        sum,
    }
}

/// Runs threads that share one n.
pub(super) fn in_threads(adders: usize, add: fn(&AtomicI64) -> i64) -> Observed {
    let n = AtomicI64::new(START);
    let n = &n;
    let mut actors = Actors::new();
    for adder in 1..=adders {
        actors = actors.enter(format!("adder-{adder}"), move || {
            rest();
            add(n)
        });
    }
    let adders: Vec<_> = actors.run().into_iter().map(Some).collect();
    Observed {
        sum: adders.iter().copied().sum(),
        adders,
        parent: n.load(Ordering::SeqCst),
    }
}
