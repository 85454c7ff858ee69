//! Straight-line programs of atomic operations, as data.

use std::fmt;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

pub const LOCATIONS: usize = 3;
pub const X: usize = 0;
pub const Y: usize = 1;
pub const Z: usize = 2;

/// All threads run at once, on locations that are 0 at first.
#[derive(Clone)]
pub struct Program {
    pub threads: Vec<Vec<Op>>,
}

#[derive(Debug, Clone, Copy)]
pub enum Op {
    Load(usize, Ordering),
    Store(usize, u64, Ordering),
    FetchAdd(usize, u64, Ordering),
    /// From, to, the ordering of success and that of failure.
    CompareExchange(usize, u64, u64, Ordering, Ordering),
    Fence(Ordering),
}

impl Op {
    pub fn location(self) -> Option<usize> {
        match self {
            Op::Load(x, _)
            | Op::Store(x, ..)
            | Op::FetchAdd(x, ..)
            | Op::CompareExchange(x, ..) => Some(x),
            Op::Fence(_) => None,
        }
    }

    pub fn reads(self) -> bool {
        !matches!(self, Op::Store(..) | Op::Fence(_))
    }
}

/// How strong a thread's operations are.
#[derive(Clone, Copy)]
pub struct How {
    pub load: Ordering,
    pub store: Ordering,
    pub update: Ordering,
    /// A fence between every two of its operations.
    pub fence: Option<Ordering>,
}

pub const RELAXED: How = How {
    load: Relaxed,
    store: Relaxed,
    update: Relaxed,
    fence: None,
};
pub const ACQ_REL: How = How {
    load: Acquire,
    store: Release,
    update: AcqRel,
    fence: None,
};
pub const SEQ_CST: How = How {
    load: SeqCst,
    store: SeqCst,
    update: SeqCst,
    fence: None,
};

impl How {
    pub const fn fenced(self, fence: Ordering) -> Self {
        How {
            fence: Some(fence),
            ..self
        }
    }

    fn makes(self, op: Op) -> Op {
        match op {
            Op::Load(x, _) => Op::Load(x, self.load),
            Op::Store(x, to, _) => Op::Store(x, to, self.store),
            Op::FetchAdd(x, by, _) => Op::FetchAdd(x, by, self.update),
            Op::CompareExchange(x, from, to, ..) => {
                Op::CompareExchange(x, from, to, self.update, self.load)
            }
            Op::Fence(_) => op,
        }
    }
}

impl Program {
    /// The same with other orderings: a thread's own, or everybody's if there is one.
    pub fn with(&self, hows: &[How]) -> Program {
        let threads = self.threads.iter().zip(hows.iter().cycle());
        let threads = threads.map(|(ops, how)| {
            let mut made = Vec::new();
            for (i, &op) in ops.iter().enumerate() {
                made.extend(how.fence.filter(|_| i > 0).map(Op::Fence));
                made.push(how.makes(op));
            }
            made
        });
        Program {
            threads: threads.collect(),
        }
    }

    pub fn ops(&self) -> impl Iterator<Item = Op> {
        self.threads.iter().flatten().copied()
    }

    /// `x=1; y→0 ‖ y=1; x→0`: with what is read, and each ordering but `Relaxed`.
    pub fn line(&self, seen: &[u64]) -> String {
        let mut seen = seen.iter();
        let mut threads = Vec::new();
        for ops in &self.threads {
            let ops = ops.iter().map(|op| {
                let read = op.reads().then(|| seen.next()).flatten();
                format!("{op}{}", read.map_or(String::new(), |it| format!("→{it}")))
            });
            threads.push(ops.collect::<Vec<_>>().join("; "));
        }
        threads.join(" ‖ ")
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |x: &usize| ["x", "y", "z"][*x];
        let weak = |o: &Ordering| *o == Relaxed;
        match self {
            Op::Load(x, o) if weak(o) => write!(f, "{}", name(x)),
            Op::Load(x, o) => write!(f, "{}.{o:?}", name(x)),
            Op::Store(x, to, o) if weak(o) => write!(f, "{}={to}", name(x)),
            Op::Store(x, to, o) => write!(f, "{}={to}.{o:?}", name(x)),
            Op::FetchAdd(x, by, o) if weak(o) => write!(f, "{}+{by}", name(x)),
            Op::FetchAdd(x, by, o) => write!(f, "{}+{by}.{o:?}", name(x)),
            Op::CompareExchange(x, from, to, success, failure) => {
                write!(f, "{}.cas({from},{to}", name(x))?;
                if !weak(success) || !weak(failure) {
                    write!(f, ",{success:?},{failure:?}")?;
                }
                write!(f, ")")
            }
            Op::Fence(o) => write!(f, "fence.{o:?}"),
        }
    }
}

/// For failures: a line.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line(&[]))
    }
}

/// What an execution has come to: `0 0, left x=1 y=1 z=0`.
pub fn outcome(seen: impl IntoIterator<Item = u64>, left: [u64; LOCATIONS]) -> String {
    let seen: Vec<_> = seen.into_iter().map(|value| value.to_string()).collect();
    let [x, y, z] = left;
    format!("{}, left x={x} y={y} z={z}", seen.join(" "))
}
