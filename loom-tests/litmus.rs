//! The explorer's C11 against C++20's: the classical litmus tests, and programs that
//! nobody has thought of.
//!
//! What C++20 allows, [`oracle`] says, which knows the axioms only and is itself held
//! to what is known of the [`classics`]. What the explorer finds of them, and where
//! that differs, stands in README; this writes it:
//!
//! ```console
//! $ RUSTFLAGS="--cfg loom" UPDATE_README=1 cargo test --test loom litmus
//! ```
//!
//! Many more generated programs, other ones each time:
//!
//! ```console
//! $ RUSTFLAGS="--cfg loom" LITMUS=10000 cargo test --release --test loom litmus -- --nocapture
//! ```

mod classics;
mod oracle;
mod program;
mod relation;

use classics::{Family, Known, Variant};
use program::{LOCATIONS, Op, Program, X, Y, outcome};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use racecourse::explorer::report::{Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::Actors;
use racecourse::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use racecourse::sync::atomic::{AtomicU64, fence};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Plays it once, inside of an exploration.
fn play(program: &Program) -> String {
    let locations: [AtomicU64; LOCATIONS] = Default::default();
    let mut actors = Actors::new();
    for (name, ops) in program.threads.iter().enumerate() {
        let locations = &locations;
        actors = actors.enter(name.to_string(), move || {
            ops.iter().filter_map(|op| run(locations, *op)).collect()
        });
    }
    let seen: Vec<Vec<u64>> = actors.run();
    outcome(seen.concat(), locations.map(AtomicU64::into_inner))
}

fn run(locations: &[AtomicU64; LOCATIONS], op: Op) -> Option<u64> {
    match op {
        Op::Load(x, o) => return Some(locations[x].load(o)),
        Op::Store(x, to, o) => locations[x].store(to, o),
        Op::FetchAdd(x, by, o) => return Some(locations[x].fetch_add(by, o)),
        Op::CompareExchange(x, from, to, success, failure) => {
            let result = locations[x].compare_exchange(from, to, success, failure);
            return Some(result.unwrap_or_else(|other| other));
        }
        Op::Fence(o) => fence(o),
    }
    None
}

/// The outcomes that the explorer finds.
fn found(program: &Program, memory: Memory) -> BTreeSet<String> {
    let scene = program.clone();
    let scene = move || Judged::promised(play(&scene), "");
    let found = explore(Options::new(memory), Arc::new(scene)).unwrap();
    assert_eq!(found.stopped, None, "{program:?}");
    found.outcomes.into_iter().map(|row| row.outcome).collect()
}

fn variants(all: &[Family]) -> impl Iterator<Item = (&Family, &Variant)> {
    let variants = |family| Family::variants_of(family);
    all.iter().flat_map(variants)
}

impl Family {
    fn variants_of(&self) -> impl Iterator<Item = (&Family, &Variant)> {
        self.variants.iter().map(move |variant| (self, variant))
    }

    fn is_in(&self, outcomes: &BTreeSet<String>) -> bool {
        outcomes.iter().any(|outcome| self.asks(outcome))
    }
}

#[test]
fn the_oracle_agrees_with_what_is_known() {
    for (family, variant) in variants(&classics::all()) {
        let (name, asked) = (family.name, &family.seen);
        let reads = variant.program.ops().filter(|op| op.reads()).count();
        assert_eq!(asked.len(), reads, "{name} asks for what is never read");
        let allowed = oracle::allowed(&variant.program);
        let says = Known {
            cpp20: family.is_in(&allowed.cpp20),
            rc11: family.is_in(&allowed.rc11),
        };
        assert_eq!(says, variant.known, "{name}, {}", variant.name);
        assert!(!family.is_in(&allowed.sc), "{name} is SC");
    }
}

#[test]
fn under_sc_the_explorer_finds_what_is_sequentially_consistent() {
    for (family, variant) in variants(&classics::all()) {
        assert_eq!(
            found(&variant.program, Memory::Sc),
            oracle::allowed(&variant.program).sc,
            "{}, {}",
            family.name,
            variant.name
        );
    }
}

// --- README's table -----------------------------------------------------------

const MARKS: [&str; 2] = ["<!-- litmus -->\n", "<!-- /litmus -->"];

fn table() -> String {
    let mut table = String::from(
        "| test | asked for | allowed and found | forbidden and not found | differs |\n|---|---|---|---|---|\n",
    );
    for family in classics::all() {
        let names = |allowed: bool, is_found: bool| {
            let such = family.variants.iter().filter(|variant| {
                variant.known.cpp20 == allowed
                    && family.is_in(&found(&variant.program, Memory::C11)) == is_found
            });
            such.map(|variant| variant.name)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let mut differs = Vec::new();
        for (way, names) in [
            ("**missed**", names(true, false)),
            ("**false alarm**", names(false, true)),
        ] {
            if !names.is_empty() {
                differs.push(format!("{way}: {names}"));
            }
        }
        table += &format!(
            "| {} | `{}` | {} | {} | {} |\n",
            family.name,
            family.line(),
            names(true, true),
            names(false, false),
            differs.join("; ")
        );
    }
    table
}

#[test]
fn readme_has_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once(MARKS[0]).expect(MARKS[0]);
    let (written, after) = rest.split_once(MARKS[1]).expect(MARKS[1]);
    let table = table();
    if std::env::var_os("UPDATE_README").is_some() {
        let [start, end] = MARKS;
        std::fs::write(path, format!("{before}{start}{table}{end}{after}")).unwrap();
    }
    let changed: Vec<_> = table
        .lines()
        .filter(|line| !written.lines().any(|other| other == *line))
        .collect();
    assert!(
        written == table,
        "UPDATE_README=1 writes it anew; then look at what has changed:\n{}",
        changed.join("\n")
    );
}

// --- Generated programs -------------------------------------------------------

fn any_of(orderings: &'static [Ordering]) -> impl Strategy<Value = Ordering> {
    prop::sample::select(orderings)
}

const LOADS: &[Ordering] = &[Relaxed, Acquire, SeqCst];
const STORES: &[Ordering] = &[Relaxed, Release, SeqCst];
const UPDATES: &[Ordering] = &[Relaxed, Acquire, Release, AcqRel, SeqCst];
const FENCES: &[Ordering] = &[Acquire, Release, AcqRel, SeqCst, SeqCst];

fn op() -> impl Strategy<Value = Op> {
    let x = || prop::sample::select(&[X, Y]);
    prop_oneof![
        5 => (x(), any_of(LOADS)).prop_map(|(x, o)| Op::Load(x, o)),
        5 => (x(), 1..4_u64, any_of(STORES)).prop_map(|(x, to, o)| Op::Store(x, to, o)),
        2 => (x(), 1..3_u64, any_of(UPDATES)).prop_map(|(x, by, o)| Op::FetchAdd(x, by, o)),
        2 => (x(), 0..3_u64, 1..4_u64, any_of(UPDATES), any_of(LOADS))
            .prop_map(|(x, from, to, success, failure)| {
                Op::CompareExchange(x, from, to, success, failure)
            }),
        2 => any_of(FENCES).prop_map(Op::Fence),
    ]
}

fn programs() -> impl Strategy<Value = Program> {
    let threads = |number, ops| prop::collection::vec(prop::collection::vec(op(), 1..=ops), number);
    prop_oneof![threads(2, 4), threads(3, 3)].prop_map(|threads| Program { threads })
}

/// One line for each outcome.
fn complaints<'a>(what: &str, outcomes: impl Iterator<Item = &'a String>) -> Vec<String> {
    outcomes
        .map(|outcome| format!("{what}: {outcome}"))
        .collect()
}

/// The explorer finds an outcome if and only if C++20 allows it by an execution in
/// order. Whatever differs is said, one outcome a line.
fn differences(program: &Program, allowed: &oracle::Allowed) -> Vec<String> {
    let found = found(program, Memory::C11);
    let strictest: BTreeSet<_> = allowed.cpp20.intersection(&allowed.rc11).cloned().collect();
    let mut differences = complaints("FALSE ALARM", found.difference(&strictest));
    differences.extend(complaints("missed", allowed.in_order.difference(&found)));
    let not_in_order = found.difference(&allowed.in_order);
    differences.extend(complaints(
        "more than expected, though allowed",
        not_in_order.filter(|outcome| strictest.contains(*outcome)),
    ));
    differences
}

#[test]
fn generated() {
    let many: Option<u32> = std::env::var("LITMUS")
        .ok()
        .map(|number| number.parse().expect("LITMUS is a number"));
    let cases = many.unwrap_or(300);
    let config = Config {
        cases,
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
    let allow_more = Cell::new(0);
    let result = runner.run(&programs(), |program| {
        let allowed = oracle::allowed(&program);
        if allowed.cpp20 != allowed.in_order {
            allow_more.set(allow_more.get() + 1);
        }
        let differences = differences(&program, &allowed);
        if differences.is_empty() {
            Ok(())
        } else {
            Err(TestCaseError::fail(differences.join("\n")))
        }
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    println!(
        "{cases} litmus programs: none differs (of {}, C++20 allows more than executions in order)",
        allow_more.get()
    );
}
