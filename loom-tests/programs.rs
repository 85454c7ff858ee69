//! The explorer against brute force, on programs that nobody has thought of:
//! threads that load, store, lock, try to lock, wait, notify, spin, join.
//!
//! Under SC an exploration must find exactly the outcomes that an independent
//! enumerator finds, deadlocks included, and for each of them exactly as many
//! different interleavings; under C11 at least those. To try many more, other
//! ones each time:
//!
//! ```console
//! $ RUSTFLAGS="--cfg loom" PROGRAMS=10000 cargo test --release --test loom programs -- --nocapture
//! ```

mod enumerate;
mod play;
mod program;

use enumerate::enumerate;
use program::{ATOMICS, MUTEXES, Op, Program, Strength};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use racecourse::explorer::report::{Exploration, Judged, Memory};
use racecourse::explorer::{Options, explore};
use std::collections::BTreeMap;
use std::sync::Arc;

const OPERATIONS: usize = 4;

fn found(program: &Program, memory: Memory) -> Exploration {
    let program = program.clone();
    let scene = move || Judged::promised(play::play(&program), "");
    explore(Options::new(memory), Arc::new(scene)).unwrap()
}

fn differs(program: &Program, memory: Memory, expected: &BTreeMap<String, u64>) -> Option<String> {
    let found = found(program, memory);
    if let Some(why) = &found.stopped {
        return Some(format!("stopped {why}"));
    }
    let mut complaints = Vec::new();
    for (outcome, &different) in expected {
        // Under C11 an older store may be read later: fewer orders make a difference.
        let different = if memory == Memory::C11 { 1 } else { different };
        let found = found.outcome(outcome).map_or(0, |row| row.different);
        if found < different {
            complaints.push(format!("{outcome}: {found} interleavings of {different}"));
        }
    }
    if memory == Memory::Sc {
        for row in &found.outcomes {
            let different = expected.get(&row.outcome).copied().unwrap_or_default();
            if row.different > different {
                complaints.push(format!(
                    "{}: {} interleavings, but {different} exist",
                    row.outcome, row.different
                ));
            }
        }
    }
    (!complaints.is_empty()).then(|| complaints.join("\n"))
}

fn strength() -> impl Strategy<Value = Strength> {
    prop_oneof![
        Just(Strength::Relaxed),
        Just(Strength::AcqRel),
        Just(Strength::SeqCst),
    ]
}

fn simple() -> impl Strategy<Value = Op> {
    let x = || 0..ATOMICS;
    let any = || 0..3_u64;
    prop_oneof![
        4 => (x(), strength()).prop_map(|(x, s)| Op::Load(x, s)),
        4 => (x(), 1..4_u64, strength()).prop_map(|(x, to, s)| Op::Store(x, to, s)),
        2 => (x(), 1..3_u64, strength()).prop_map(|(x, by, s)| Op::FetchAdd(x, by, s)),
        3 => (x(), any(), 1..4_u64, strength())
            .prop_map(|(x, from, to, s)| Op::CompareExchange(x, from, to, s)),
        1 => (x(), 1..3_u64, strength()).prop_map(|(x, to, s)| Op::SpinUntil(x, to, s)),
        2 => Just(Op::NotifyOne),
        2 => Just(Op::NotifyAll),
    ]
}

fn locked() -> impl Strategy<Value = Op> {
    let leaf = prop_oneof![
        3 => simple(),
        1 => prop::bool::weighted(0.3).prop_map(|timed| Op::Wait { timed }),
    ];
    leaf.prop_recursive(2, 4, 3, |inner| section(prop::collection::vec(inner, 0..3)))
}

fn section(body: impl Strategy<Value = Vec<Op>> + Clone + 'static) -> BoxedStrategy<Op> {
    prop_oneof![
        3 => (0..MUTEXES, body.clone()).prop_map(|(m, body)| Op::Lock(m, body)),
        1 => (0..MUTEXES, body).prop_map(|(m, body)| Op::TryLock(m, body)),
    ]
    .boxed()
}

/// The first few operations.
fn cut(ops: Vec<Op>, left: &mut usize) -> Vec<Op> {
    let mut kept = Vec::new();
    for op in ops {
        if *left == 0 {
            break;
        }
        *left -= 1;
        kept.push(match op {
            Op::Lock(m, body) => Op::Lock(m, cut(body, left)),
            Op::TryLock(m, body) => Op::TryLock(m, cut(body, left)),
            op => op,
        });
    }
    kept
}

fn thread() -> impl Strategy<Value = Vec<Op>> {
    let body = prop::collection::vec(locked(), 0..=3).boxed();
    let op = prop_oneof![1 => simple(), 1 => section(body)];
    prop::collection::vec(op, 1..=OPERATIONS).prop_map(|ops| cut(ops, &mut OPERATIONS.clone()))
}

/// Where among its operations the first thread starts another and waits for it.
fn life() -> impl Strategy<Value = (Option<usize>, Option<usize>)> {
    let place = || prop::option::weighted(0.25, 0..=OPERATIONS);
    (place(), place())
}

fn programs() -> impl Strategy<Value = Program> {
    let threads = prop::collection::vec((thread(), life()), 2..=3);
    threads.prop_map(|threads| {
        let (mut threads, lives): (Vec<_>, Vec<_>) = threads.into_iter().unzip();
        for (id, (start, join)) in lives.into_iter().enumerate().skip(1) {
            let first = &mut threads[0];
            if let Some(join) = join {
                first.insert(join.min(first.len()), Op::Join(id));
            }
            if let Some(start) = start {
                let ends = first
                    .iter()
                    .position(|op| matches!(op, Op::Join(other) if *other == id));
                first.insert(start.min(ends.unwrap_or(first.len())), Op::Start(id));
            }
        }
        Program { threads }
    })
}

/// Larger programs are left out.
const MAX_TRACES: usize = 3_000;

fn hold_against_brute_force(memory: Memory) {
    let many: Option<u32> = std::env::var("PROGRAMS")
        .ok()
        .map(|number| number.parse().expect("PROGRAMS is a number"));
    let config = Config {
        cases: many.unwrap_or(500),
        max_global_rejects: u32::MAX,
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = match many {
        Some(_) => TestRunner::new(config),
        None => {
            let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            TestRunner::new_with_rng(config, rng)
        }
    };
    let result = runner.run(&programs(), |program| {
        let Some(expected) = enumerate(&program, MAX_TRACES) else {
            return Err(TestCaseError::reject("too large"));
        };
        match differs(&program, memory, &expected) {
            Some(how) => Err(TestCaseError::fail(format!("{memory}: {how}"))),
            None => Ok(()),
        }
    });
    if let Err(failure) = result {
        panic!("{failure}\n{runner}");
    }
    println!(
        "{} programs under {memory}: none differs",
        many.unwrap_or(500)
    );
}

#[test]
fn sc_is_brute_force() {
    hold_against_brute_force(Memory::Sc);
}

#[test]
fn c11_is_no_less() {
    hold_against_brute_force(Memory::C11);
}
