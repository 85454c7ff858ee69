//! The right way: what was added is sent.

use super::lesson::{Came, Globals, Processes, in_processes};
use crate::narrate;
use crate::processes::{Gone, Link};

/// Every process adds one to its own n and sends what came of it; the parent adds up
/// what it is sent, and nothing else. Who dies before sending is missed.
pub struct SendsBack;

impl Processes for SendsBack {
    fn add<In>(n: &mut i64, parent: &mut impl Link<i64, In>) -> Result<(), Gone<i64>> {
        *n += 1;
        narrate!("n is {n}");
        parent.send(*n)
    }

    fn sum<Out>(_n: i64, children: &mut [impl Link<Out, i64>]) -> Option<i64> {
        // All are heard out, also after one that is gone.
        let sent: Vec<_> = children.iter_mut().map(Link::receive).collect();
        sent.into_iter().map(Result::ok).sum()
    }
}

impl Globals for SendsBack {
    fn come_to(adders: usize) -> Came {
        in_processes::<Self>(adders)
    }
}
