//! The right way: each process sends its n.

use super::lesson::{Globals, Observed, Processes, in_processes};
use crate::narrate;
use crate::processes::{Gone, Link};

/// Every process adds one to its own n and sends the result. The parent adds up what it
/// receives. If a process dies before it has sent its n, there is no sum.
pub struct SendsBack;

impl Processes for SendsBack {
    fn add<In>(n: &mut i64, parent: &mut impl Link<i64, In>) -> Result<(), Gone<i64>> {
        *n += 1;
        narrate!("n is {n}");
        parent.send(*n)
    }

    fn sum<Out>(_n: i64, children: &mut [impl Link<Out, i64>]) -> Option<i64> {
        // Receives from all children, even if one of them has died.
        let received: Vec<_> = children.iter_mut().map(Link::receive).collect();
        received.into_iter().map(Result::ok).sum()
    }
}

impl Globals for SendsBack {
    fn run(adders: usize) -> Observed {
        in_processes::<Self>(adders)
    }
}
