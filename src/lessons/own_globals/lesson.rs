//! Processes that each have an n of their own.
//!
//! # Story
//! n is a global, and 100. Two processes add one to it: each has its own, and says
//! 101; the parent's is still 100. What a process found out is lost with it, unless it
//! *sends* it: by a pipe, a file, its exit code. And a process may die before it has.
//!
//! Threads are the other way round: there is one n, everybody sees what the others do
//! to it, and so additions can be lost.
//!
//! The promises: every process says 101 and the parent still has 100; the sum of what
//! was sent is right; and if somebody died before sending, there is no sum, and nobody
//! waits for it.
//!
//! # What the compiler already refuses
//! A global that is simply changed is unsafe in Rust, since there may be threads:
//! ```compile_fail
//! static mut N: i64 = 100;
//! N += 1; // error: use of mutable static is unsafe and requires unsafe block
//! ```
//! What could be shared by accident is not sent either: a pointer has no serde.
//! ```compile_fail
//! let n = 100;
//! let bytes = postcard::to_allocvec(&(&raw const n)); // error: `Serialize` is not implemented for `*const i32`
//! ```

use crate::explorer::report::Judged;
use crate::narrate;
use crate::processes::{Gone, Link, modelled};
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::{Actors, Named, rest};

/// n, before anybody has added to it.
pub const START: i64 = 100;

/// A way to have n added to, and to learn what came of it.
pub trait Globals {
    /// Lets so many add one each, and sums up what they say.
    fn come_to(adders: usize) -> Came;
}

/// Both parts, where those who add are processes: over any kind of [`Link`].
pub trait Processes {
    /// A child's part. Its n is in its own memory.
    ///
    /// # Errors
    /// It dies, or its parent has.
    fn add<In>(n: &mut i64, parent: &mut impl Link<i64, In>) -> Result<(), Gone<i64>>;

    /// The parent's part: the sum of what the children's n are, if it is known.
    fn sum<Out>(n: i64, children: &mut [impl Link<Out, i64>]) -> Option<i64>;
}

/// What it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// What each n was that was added to; `None` of who died.
    pub said: Vec<Option<i64>>,
    /// What the parent's n is in the end.
    pub parent: i64,
    /// The sum that the parent knows.
    pub sum: Option<i64>,
}

impl Came {
    /// Holds it against the promises.
    #[must_use]
    pub fn judge(&self) -> Judged {
        let each = self.said.iter().map(|said| match said {
            Some(n) => n.to_string(),
            None => "nothing".to_owned(),
        });
        let each: Vec<_> = each.collect();
        let sum = match self.sum {
            Some(sum) => format!("sum {sum}"),
            None => "no sum".to_owned(),
        };
        let parent = self.parent;
        let outcome = format!("said {}; {sum}; the parent has {parent}", each.join(" + "));

        let is_lost = parent < START + self.said.len() as i64;
        if parent != START && is_lost {
            return Judged::forbidden(outcome, "lost update: more was added than n has grown");
        }
        if parent != START || self.said.iter().flatten().any(|&n| n != START + 1) {
            return Judged::forbidden(outcome, "one n for all: what is said depends on others");
        }
        let right: Option<i64> = self.said.iter().copied().sum();
        match (right, self.sum) {
            (Some(right), Some(sum)) if sum == right => {
                Judged::promised(outcome, "each has its own n, and the sum is right")
            }
            (None, None) => Judged::promised(outcome, "who died is missed"),
            _ => Judged::forbidden(outcome, "not the sum of what they say"),
        }
    }
}

/// Names of the queues, for stories; so many processes are the most.
const TO_ADDERS: [&str; 3] = ["to adder-1", "to adder-2", "to adder-3"];
const FROM_ADDERS: [&str; 3] = ["from adder-1", "from adder-2", "from adder-3"];

/// Processes of the model, each with its own n.
pub(super) fn in_processes<P: Processes>(adders: usize) -> Came {
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
    let mut said = actors
        .enter("parent", move || {
            let sum = P::sum(n, &mut children);
            match sum {
                Some(sum) => narrate!("n is {n}, the sum is {sum}"),
                None => narrate!("n is {n}, there is no sum"),
            }
            sum
        })
        .run();
    let sum = said.pop().flatten();
    Came {
        said,
        parent: n,
        sum,
    }
}

/// Threads, with one n for all.
pub(super) fn in_threads(adders: usize, add: fn(&AtomicI64) -> i64) -> Came {
    let n = AtomicI64::new(START).named("n");
    let n = &n;
    let mut actors = Actors::new();
    for adder in 1..=adders {
        actors = actors.enter(format!("adder-{adder}"), move || {
            rest();
            add(n)
        });
    }
    let said: Vec<_> = actors.run().into_iter().map(Some).collect();
    Came {
        sum: said.iter().copied().sum(),
        said,
        parent: n.load(Ordering::SeqCst),
    }
}
