//! The classical litmus tests, and what is known of them.
//!
//! Shapes and names are those of Maranget, Sarkar, Sewell, *A Tutorial Introduction
//! to the ARM and POWER Relaxed Memory Models*, 2012; the answers are C++20's, most
//! of them discussed in Lahav et al., *Repairing Sequential Consistency in C/C++11*,
//! PLDI 2017, and in P0668R5, which put that into the standard.

use super::program::{ACQ_REL, How, Op, Program, RELAXED, SEQ_CST, X, Y, Z};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

/// A shape with an outcome that is not sequentially consistent, and its variants.
pub struct Family {
    pub name: &'static str,
    pub shape: Program,
    /// What is read, thread by thread.
    pub seen: Vec<u64>,
    /// What is left in these locations.
    pub left: Vec<(usize, u64)>,
    pub variants: Vec<Variant>,
}

pub struct Variant {
    pub name: &'static str,
    pub program: Program,
    pub known: Known,
}

/// Whether the outcome is allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    pub cpp20: bool,
    /// By RC11, with C++20's release sequences.
    pub rc11: bool,
}

const ALLOWED: Known = Known {
    cpp20: true,
    rc11: true,
};
const FORBIDDEN: Known = Known {
    cpp20: false,
    rc11: false,
};
/// RC11 forbids all load buffering, so as to be rid of values out of thin air.
const LOAD_BUFFERING: Known = Known {
    cpp20: true,
    rc11: false,
};
/// A `SeqCst` load that reads an older store than another does precedes it in C++20
/// whoever has stored (coherence-ordered before is transitive, \[atomics.order\]/3.4),
/// in RC11 only if the stores are `SeqCst` too.
const READS_OF_WEAKER_STORES: Known = Known {
    cpp20: false,
    rc11: true,
};

const AS_WRITTEN: &str = "as written";

impl Family {
    fn new<const N: usize>(name: &'static str, threads: [&[Op]; N], seen: &[u64]) -> Self {
        Family {
            name,
            shape: Program {
                threads: threads.map(<[Op]>::to_vec).to_vec(),
            },
            seen: seen.to_vec(),
            left: Vec::new(),
            variants: Vec::new(),
        }
    }

    fn leaves(mut self, left: &[(usize, u64)]) -> Self {
        self.left = left.to_vec();
        self
    }

    fn variant(mut self, known: Known, name: &'static str, hows: &[How]) -> Self {
        let program = self.shape.with(hows);
        self.variants.push(Variant {
            name,
            program,
            known,
        });
        self
    }

    /// With the orderings that it is written with.
    fn is(mut self, known: Known) -> Self {
        let program = self.shape.clone();
        self.variants.push(Variant {
            name: AS_WRITTEN,
            program,
            known,
        });
        self
    }

    pub fn asks(&self, outcome: &str) -> bool {
        let (seen, left) = outcome.split_once(", left ").expect("as `outcome` puts it");
        let numbers = seen.split_whitespace();
        let left: Vec<_> = left.split(' ').collect();
        let has = |&(x, value): &(usize, u64)| left[x].ends_with(&format!("={value}"));
        numbers.eq(self.seen.iter().map(u64::to_string)) && self.left.iter().all(has)
    }

    /// `x=2; y=1 ‖ y→1; x=1, left x=2`
    pub fn line(&self) -> String {
        let left = self.left.iter();
        let left: Vec<_> = left
            .map(|(x, value)| format!("{}={value}", ["x", "y", "z"][*x]))
            .collect();
        let left = if left.is_empty() {
            String::new()
        } else {
            format!(", left {}", left.join(" "))
        };
        format!("{}{left}", self.shape.line(&self.seen))
    }
}

fn load(x: usize) -> Op {
    Op::Load(x, Relaxed)
}

fn store(x: usize, to: u64) -> Op {
    Op::Store(x, to, Relaxed)
}

fn add(x: usize, by: u64) -> Op {
    Op::FetchAdd(x, by, Relaxed)
}

fn exchange(x: usize, from: u64, to: u64) -> Op {
    Op::CompareExchange(x, from, to, Relaxed, Relaxed)
}

const SEQ_CST_FENCES: How = RELAXED.fenced(SeqCst);

pub fn all() -> Vec<Family> {
    let mut all = two_threads();
    all.extend(coherence());
    all.extend(more_threads());
    all.extend(release_sequences());
    all.extend(seq_cst_and_weaker());
    all.extend(read_modify_writes());
    all
}

fn two_threads() -> Vec<Family> {
    const ACQ_REL_FENCES: How = RELAXED.fenced(AcqRel);
    const RELEASE_FENCE: How = RELAXED.fenced(Release);
    const ACQUIRE_FENCE: How = RELAXED.fenced(Acquire);
    const SEQ_CST_STORES: How = How {
        store: SeqCst,
        ..ACQ_REL
    };
    const SEQ_CST_LOADS: How = How {
        load: SeqCst,
        ..ACQ_REL
    };
    vec![
        Family::new(
            "SB",
            [&[store(X, 1), load(Y)], &[store(Y, 1), load(X)]],
            &[0, 0],
        )
        .variant(ALLOWED, "relaxed", &[RELAXED])
        .variant(ALLOWED, "acquire/release", &[ACQ_REL])
        .variant(ALLOWED, "AcqRel fences", &[ACQ_REL_FENCES])
        .variant(ALLOWED, "one SeqCst fence", &[SEQ_CST_FENCES, RELAXED])
        .variant(ALLOWED, "one thread SeqCst", &[SEQ_CST, ACQ_REL])
        .variant(ALLOWED, "stores SeqCst", &[SEQ_CST_STORES])
        .variant(ALLOWED, "loads SeqCst", &[SEQ_CST_LOADS])
        .variant(FORBIDDEN, "SeqCst", &[SEQ_CST])
        .variant(FORBIDDEN, "SeqCst fences", &[SEQ_CST_FENCES])
        .variant(
            FORBIDDEN,
            "one thread SeqCst, a SeqCst fence in the other",
            &[SEQ_CST, SEQ_CST_FENCES],
        ),
        Family::new(
            "MP",
            [&[store(X, 1), store(Y, 1)], &[load(Y), load(X)]],
            &[1, 0],
        )
        .variant(ALLOWED, "relaxed", &[RELAXED])
        .variant(ALLOWED, "release only", &[ACQ_REL, RELAXED])
        .variant(ALLOWED, "acquire only", &[RELAXED, ACQ_REL])
        .variant(ALLOWED, "one SeqCst fence", &[SEQ_CST_FENCES, RELAXED])
        .variant(
            ALLOWED,
            "fences the wrong way round",
            &[ACQUIRE_FENCE, RELEASE_FENCE],
        )
        .variant(FORBIDDEN, "acquire/release", &[ACQ_REL])
        .variant(
            FORBIDDEN,
            "release and acquire fences",
            &[RELEASE_FENCE, ACQUIRE_FENCE],
        )
        .variant(
            FORBIDDEN,
            "release fence, acquire load",
            &[RELEASE_FENCE, ACQ_REL],
        )
        .variant(
            FORBIDDEN,
            "release store, acquire fence",
            &[ACQ_REL, ACQUIRE_FENCE],
        )
        .variant(FORBIDDEN, "SeqCst", &[SEQ_CST]),
        Family::new(
            "LB",
            [&[load(X), store(Y, 1)], &[load(Y), store(X, 1)]],
            &[1, 1],
        )
        .variant(LOAD_BUFFERING, "relaxed", &[RELAXED])
        .variant(
            LOAD_BUFFERING,
            "one thread acquire/release",
            &[ACQ_REL, RELAXED],
        )
        .variant(FORBIDDEN, "acquire/release", &[ACQ_REL])
        .variant(FORBIDDEN, "SeqCst", &[SEQ_CST])
        .variant(FORBIDDEN, "AcqRel fences", &[ACQ_REL_FENCES]),
        Family::new(
            "R",
            [&[store(X, 1), store(Y, 1)], &[store(Y, 2), load(X)]],
            &[0],
        )
        .leaves(&[(Y, 2)])
        .variant(ALLOWED, "relaxed", &[RELAXED])
        .variant(ALLOWED, "acquire/release", &[ACQ_REL])
        .variant(FORBIDDEN, "SeqCst", &[SEQ_CST])
        .variant(FORBIDDEN, "SeqCst fences", &[SEQ_CST_FENCES]),
        Family::new(
            "S",
            [&[store(X, 2), store(Y, 1)], &[load(Y), store(X, 1)]],
            &[1],
        )
        .leaves(&[(X, 2)])
        .variant(ALLOWED, "relaxed", &[RELAXED])
        .variant(ALLOWED, "release only", &[ACQ_REL, RELAXED])
        .variant(FORBIDDEN, "acquire/release", &[ACQ_REL])
        .variant(FORBIDDEN, "SeqCst", &[SEQ_CST]),
        Family::new(
            "2+2W",
            [&[store(X, 1), store(Y, 2)], &[store(Y, 1), store(X, 2)]],
            &[],
        )
        .leaves(&[(X, 1), (Y, 1)])
        .variant(ALLOWED, "relaxed", &[RELAXED])
        .variant(ALLOWED, "release", &[ACQ_REL])
        .variant(FORBIDDEN, "SeqCst", &[SEQ_CST])
        .variant(FORBIDDEN, "SeqCst fences", &[SEQ_CST_FENCES]),
    ]
}

/// However relaxed: each location by itself is sequentially consistent.
fn coherence() -> Vec<Family> {
    let relaxed = |family: Family| family.variant(FORBIDDEN, "relaxed", &[RELAXED]);
    vec![
        relaxed(Family::new(
            "CoRR",
            [&[store(X, 1)], &[load(X), load(X)]],
            &[1, 0],
        )),
        relaxed(Family::new(
            "CoRR, two readers disagree",
            [
                &[store(X, 1)],
                &[store(X, 2)],
                &[load(X), load(X)],
                &[load(X), load(X)],
            ],
            &[1, 2, 2, 1],
        )),
        relaxed(Family::new("CoWW", [&[store(X, 1), store(X, 2)]], &[]).leaves(&[(X, 1)])),
        relaxed(
            Family::new("CoWR", [&[store(X, 1), load(X)], &[store(X, 2)]], &[2]).leaves(&[(X, 1)]),
        ),
        relaxed(Family::new("CoRW1", [&[load(X), store(X, 1)]], &[1])),
        relaxed(
            Family::new("CoRW2", [&[load(X), store(X, 1)], &[store(X, 2)]], &[2]).leaves(&[(X, 2)]),
        ),
    ]
}

fn more_threads() -> Vec<Family> {
    const FENCED_ACQ_REL: How = ACQ_REL.fenced(SeqCst);
    const ONLY_LOADS_SEQ_CST: How = How {
        load: SeqCst,
        ..RELAXED
    };
    vec![
        Family::new(
            "IRIW",
            [
                &[store(X, 1)],
                &[load(X), load(Y)],
                &[load(Y), load(X)],
                &[store(Y, 1)],
            ],
            &[1, 0, 1, 0],
        )
        .variant(ALLOWED, "relaxed", &[RELAXED])
        .variant(ALLOWED, "acquire/release", &[ACQ_REL])
        .variant(
            ALLOWED,
            "acquire, one SeqCst fence",
            &[ACQ_REL, FENCED_ACQ_REL, ACQ_REL, ACQ_REL],
        )
        .variant(FORBIDDEN, "SeqCst", &[SEQ_CST])
        .variant(FORBIDDEN, "relaxed, SeqCst fences", &[SEQ_CST_FENCES])
        .variant(FORBIDDEN, "acquire, SeqCst fences", &[FENCED_ACQ_REL])
        .variant(
            READS_OF_WEAKER_STORES,
            "loads SeqCst, stores relaxed",
            &[ONLY_LOADS_SEQ_CST],
        ),
        Family::new(
            "WRC",
            [&[store(X, 1)], &[load(X), store(Y, 1)], &[load(Y), load(X)]],
            &[1, 1, 0],
        )
        .variant(ALLOWED, "relaxed", &[RELAXED])
        .variant(ALLOWED, "release only", &[ACQ_REL, ACQ_REL, RELAXED])
        .variant(FORBIDDEN, "acquire/release", &[ACQ_REL])
        // What it has read, the second thread passes on however it has read it.
        .variant(
            FORBIDDEN,
            "first store relaxed",
            &[RELAXED, ACQ_REL, ACQ_REL],
        ),
        Family::new(
            "ISA2",
            [
                &[store(X, 1), store(Y, 1)],
                &[load(Y), store(Z, 1)],
                &[load(Z), load(X)],
            ],
            &[1, 1, 0],
        )
        .variant(ALLOWED, "relaxed", &[RELAXED])
        .variant(
            ALLOWED,
            "relaxed in the middle",
            &[ACQ_REL, RELAXED, ACQ_REL],
        )
        .variant(FORBIDDEN, "acquire/release", &[ACQ_REL]),
        // Fences forbid it since C++20 only (P0668R5).
        Family::new(
            "RWC",
            [&[store(X, 1)], &[load(X), load(Y)], &[store(Y, 1), load(X)]],
            &[1, 0, 0],
        )
        .variant(ALLOWED, "relaxed", &[RELAXED])
        .variant(ALLOWED, "acquire/release", &[ACQ_REL])
        .variant(FORBIDDEN, "SeqCst", &[SEQ_CST])
        .variant(FORBIDDEN, "SeqCst fences", &[SEQ_CST_FENCES]),
        Family::new(
            "W+RWC",
            [
                &[store(X, 1), store(Y, 1)],
                &[load(Y), load(Z)],
                &[store(Z, 1), load(X)],
            ],
            &[1, 0, 0],
        )
        .variant(ALLOWED, "relaxed", &[RELAXED])
        .variant(ALLOWED, "acquire/release", &[ACQ_REL])
        .variant(FORBIDDEN, "SeqCst", &[SEQ_CST])
        .variant(
            FORBIDDEN,
            "acquire/release, then SeqCst fences",
            &[ACQ_REL, FENCED_ACQ_REL, SEQ_CST_FENCES],
        )
        // A fence passes on what it knows from another fence.
        .variant(
            FORBIDDEN,
            "acquire in the middle, else SeqCst fences",
            &[SEQ_CST_FENCES, ACQ_REL, SEQ_CST_FENCES],
        ),
        // Fences in the first thread and the last are ordered by neither
        // happens-before nor what they surround on one location: S is free.
        Family::new(
            "WW+RW+WR",
            [
                &[store(X, 1), store(Y, 1)],
                &[load(Y), store(Z, 1)],
                &[store(Z, 2), load(X)],
            ],
            &[1, 0],
        )
        .leaves(&[(Z, 2)])
        .variant(ALLOWED, "relaxed", &[RELAXED])
        .variant(ALLOWED, "acquire/release", &[ACQ_REL])
        .variant(
            ALLOWED,
            "SeqCst fences but in the middle",
            &[SEQ_CST_FENCES, RELAXED, SEQ_CST_FENCES],
        )
        .variant(FORBIDDEN, "SeqCst", &[SEQ_CST])
        .variant(FORBIDDEN, "SeqCst fences", &[SEQ_CST_FENCES]),
    ]
}

/// A load that reads from the release sequence of a release store synchronises with that
/// store. Since C++20 only read-modify-writes carry it on (P0982R1).
fn release_sequences() -> Vec<Family> {
    let released = [store(X, 1), Op::Store(Y, 1, Release)];
    let fenced = [store(X, 1), Op::Fence(Release), store(Y, 1)];
    let reader = [Op::Load(Y, Acquire), load(X)];
    vec![
        Family::new(
            "release sequence, fetch_add",
            [&released, &[add(Y, 1)], &reader],
            &[1, 2, 0],
        )
        .is(FORBIDDEN),
        Family::new(
            "release sequence, compare_exchange",
            [&released, &[exchange(Y, 1, 2)], &reader],
            &[1, 2, 0],
        )
        .is(FORBIDDEN),
        Family::new(
            "release sequence of a fence",
            [&fenced, &[add(Y, 1)], &reader],
            &[1, 2, 0],
        )
        .is(FORBIDDEN),
        Family::new(
            "release sequence, another thread's store",
            [&released, &[load(Y), store(Y, 2)], &reader],
            &[1, 2, 0],
        )
        .is(ALLOWED),
        Family::new(
            "release sequence, the same thread's store",
            [&[released[0], released[1], store(Y, 2)], &reader],
            &[2, 0],
        )
        .is(ALLOWED),
    ]
}

/// `SeqCst` and weaker operations on the same location: S need not agree with
/// happens-before.
fn seq_cst_and_weaker() -> Vec<Family> {
    let message = [store(Y, 1), store(X, 1)];
    vec![
        // Lahav et al., §2.
        Family::new(
            "Z6.U",
            [
                &[Op::Store(X, 1, SeqCst), Op::Store(Y, 1, Release)],
                &[Op::FetchAdd(Y, 1, SeqCst), load(Y)],
                &[Op::Store(Y, 3, SeqCst), Op::Load(X, SeqCst)],
            ],
            &[1, 3, 0],
        )
        .is(ALLOWED),
        // Lahav et al., §2.
        Family::new(
            "IRIW-acq-sc",
            [
                &[Op::Store(X, 1, SeqCst)],
                &[Op::Load(X, Acquire), Op::Load(Y, SeqCst)],
                &[Op::Load(Y, Acquire), Op::Load(X, SeqCst)],
                &[Op::Store(Y, 1, SeqCst)],
            ],
            &[1, 0, 1, 0],
        )
        .is(ALLOWED),
        // But it does with what *strongly* happens before: sequenced before at both
        // ends ([intro.races]/12).
        Family::new(
            "W+RWC, a weaker message",
            [
                &[Op::Store(X, 1, SeqCst), Op::Store(Y, 1, Release)],
                &[Op::Load(Y, Acquire), Op::Load(Z, SeqCst)],
                &[Op::Store(Z, 1, SeqCst), Op::Load(X, SeqCst)],
            ],
            &[1, 0, 0],
        )
        .is(FORBIDDEN),
        // Allowed only if the second thread's last SeqCst operation comes before the
        // third's in S, though neither stores: their order must be explored too.
        Family::new(
            "MP, SeqCst loads",
            [
                &message,
                &[load(X), Op::Load(Y, SeqCst)],
                &[Op::Load(Y, SeqCst)],
            ],
            &[1, 0, 1],
        )
        .is(ALLOWED),
        Family::new(
            "MP, SeqCst load and fence",
            [
                &message,
                &[load(X), Op::Load(Y, SeqCst)],
                &[load(Y), Op::Fence(SeqCst)],
            ],
            &[1, 0, 1],
        )
        .is(ALLOWED),
        Family::new(
            "MP, SeqCst fences",
            [
                &message,
                &[load(X), Op::Fence(SeqCst), load(Y)],
                &[load(Y), Op::Fence(SeqCst)],
            ],
            &[1, 0, 1],
        )
        .is(ALLOWED),
    ]
}

fn read_modify_writes() -> Vec<Family> {
    let fails = |x, failure| Op::CompareExchange(x, 5, 6, SeqCst, failure);
    let seq_cst = |x| Op::Store(x, 1, SeqCst);
    vec![
        Family::new("two fetch_adds", [&[add(X, 1)], &[add(X, 1)]], &[0, 0]).variant(
            FORBIDDEN,
            "relaxed",
            &[RELAXED],
        ),
        Family::new(
            "two compare_exchanges",
            [&[exchange(X, 0, 1)], &[exchange(X, 0, 2)]],
            &[0, 0],
        )
        .variant(FORBIDDEN, "relaxed", &[RELAXED]),
        Family::new(
            "a store between fetch_add's two halves",
            [&[add(X, 1)], &[store(X, 5)]],
            &[0],
        )
        .leaves(&[(X, 1)])
        .variant(FORBIDDEN, "relaxed", &[RELAXED]),
        Family::new(
            "SB, fetch_add",
            [&[add(X, 1), load(Y)], &[add(Y, 1), load(X)]],
            &[0, 0, 0, 0],
        )
        .variant(ALLOWED, "acquire/release", &[ACQ_REL])
        .variant(FORBIDDEN, "SeqCst", &[SEQ_CST]),
        // A compare-exchange that fails is a load, with the failure ordering
        // ([atomics.types.operations]).
        Family::new(
            "MP, compare_exchange fails",
            [
                &[store(X, 1), store(Y, 1)],
                &[exchange(Y, 5, 6), exchange(X, 5, 6)],
            ],
            &[1, 0],
        )
        .variant(ALLOWED, "relaxed", &[RELAXED])
        .variant(FORBIDDEN, "acquire/release", &[ACQ_REL]),
        Family::new(
            "SB, compare_exchange fails",
            [
                &[seq_cst(X), fails(Y, Relaxed)],
                &[seq_cst(Y), fails(X, Relaxed)],
            ],
            &[0, 0],
        )
        .is(ALLOWED),
        Family::new(
            "SB, compare_exchange fails as SeqCst",
            [
                &[seq_cst(X), fails(Y, SeqCst)],
                &[seq_cst(Y), fails(X, SeqCst)],
            ],
            &[0, 0],
        )
        .is(FORBIDDEN),
    ]
}
