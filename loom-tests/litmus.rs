//! The explorer's C11 against C++20's: the classical litmus tests, and programs that
//! nobody has thought of.
//!
//! What C++20 allows, [`oracle`] says, which knows the axioms only and is itself held
//! to what is known of the [`classics`]. What the explorer finds of them, and where
//! that differs, is documented in `src/explorer/litmus.md`. This command writes the file:
//!
//! ```console
//! $ RUSTFLAGS="--cfg loom" UPDATE_LITMUS=1 cargo test --test loom litmus
//! ```
//!
//! Many more generated programs, other ones each time:
//!
//! ```console
//! $ RUSTFLAGS="--cfg loom" LITMUS=10000 cargo test --release --test loom litmus -- --nocapture
//! ```

mod classics;
mod fewest;
mod oracle;
mod program;
mod relation;

use crate::generated;
use classics::{Family, Known, Variant};
use program::{LOCATIONS, Op, Program, X, Y, outcome};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use racecourse::draw;
use racecourse::explorer::report::{Budget, Exploration, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::Actors;
use racecourse::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use racecourse::sync::atomic::{AtomicU64, fence};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
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

fn explored(program: &Program, memory: Memory) -> Exploration {
    let scene = program.clone();
    let scene = move || Judged::promised(play(&scene), "");
    let mut options = Options::new(memory);
    options.budget = Budget::NONE;
    let found = explore(options, Arc::new(scene)).unwrap();
    assert_eq!(found.stopped, None, "{program:?}");
    found
}

/// The outcomes that the explorer finds.
fn found(program: &Program, memory: Memory) -> BTreeSet<String> {
    let found = explored(program, memory);
    found.outcomes.into_iter().map(|row| row.outcome).collect()
}

/// Whether the outcome that the family asks for is one of them.
fn is_in(family: &Family, outcomes: &BTreeSet<String>) -> bool {
    outcomes.iter().any(|outcome| family.asks(outcome))
}

fn for_each(check: impl Fn(&Family, &Variant)) {
    for family in classics::all() {
        for variant in &family.variants {
            check(&family, variant);
        }
    }
}

#[test]
fn the_oracle_agrees_with_what_is_known() {
    for_each(|family, variant| {
        let name = family.name;
        let reads = variant.program.ops().filter(|op| op.reads()).count();
        assert_eq!(
            family.seen.len(),
            reads,
            "{name} asks for what nobody reads"
        );
        let allowed = oracle::allowed(&variant.program);
        let says = Known {
            cpp20: is_in(family, &allowed.cpp20),
            rc11: is_in(family, &allowed.rc11),
        };
        assert_eq!(says, variant.known, "{name}, {}", variant.name);
        assert!(!is_in(family, &allowed.sc), "{name} is SC");
    });
}

#[test]
fn under_sc_the_explorer_finds_what_is_sequentially_consistent() {
    for_each(|family, variant| {
        assert_eq!(
            found(&variant.program, Memory::Sc),
            oracle::allowed(&variant.program).sc,
            "{}, {}",
            family.name,
            variant.name
        );
    });
}

// --- The documented table -----------------------------------------------------

/// The differences, then everything.
fn table() -> String {
    let (mut number, mut different) = (0, 0);
    let (mut differences, mut rows) = (String::new(), String::new());
    for family in classics::all() {
        let is_found = |variant: &Variant| is_in(&family, &found(&variant.program, Memory::C11));
        let (found, not_found): (Vec<_>, Vec<_>) =
            family.variants.iter().partition(|it| is_found(it));
        let names = |variants: &[&Variant], allowed: bool| {
            let such = variants.iter().filter(|it| it.known.cpp20 == allowed);
            let names: Vec<_> = such.map(|variant| variant.name).collect();
            (names.len(), names.join("; "))
        };
        let (name, line) = (family.name, family.line());
        let (missed, alarms) = (names(&not_found, true), names(&found, false));
        number += family.variants.len();
        for (way, (how_many, names)) in [("Missed", &missed), ("False alarm", &alarms)] {
            different += how_many;
            if *how_many > 0 {
                differences += &format!("- {way}: {name} ({names}), `{line}`\n");
            }
        }
        let cells = [
            names(&found, true),
            names(&not_found, false),
            missed,
            alarms,
        ];
        let [found, not_found, missed, alarms] = cells.map(|(_, names)| names);
        rows += &format!("| {name} | `{line}` | {found} | {not_found} | {missed} | {alarms} |\n");
    }
    format!(
        "# Litmus tests\n\n\
         `loom-tests/litmus.rs` asks for one outcome in each classical litmus test, and compares \
         racecourse with the axioms of C++20. In the tests `x=1` stores, `x→1` loads 1, `x+1` is \
         `fetch_add`, and `x.cas(1,2)` is `compare_exchange`. `‖` separates threads. An operation \
         without an ordering is relaxed.\n\n\
         Under SC, racecourse finds none of the outcomes that are asked for. Under C11, \
         {different} of {number} answers differ from C++20's:\n\n\
         {differences}\n\
         <details><summary>All {number}</summary>\n\n\
         | test | outcome | allowed, found | forbidden, not found | allowed, **missed** | forbidden, found: **false alarm** |\n\
         |---|---|---|---|---|---|\n\
         {rows}\n\
         </details>\n"
    )
}

#[test]
fn the_table_is_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/explorer/litmus.md");
    let written = std::fs::read_to_string(path).unwrap();
    let table = table();
    if std::env::var_os("UPDATE_LITMUS").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let changed: Vec<_> = table
        .lines()
        .filter(|line| !written.lines().any(|other| other == *line))
        .collect();
    assert!(
        written == table,
        "UPDATE_LITMUS=1 writes src/explorer/litmus.md; then check what changed:\n{}",
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
const FENCES: &[Ordering] = &[SeqCst, AcqRel, Acquire, Release, SeqCst, SeqCst];

fn fences() -> impl Strategy<Value = Op> {
    any_of(FENCES).prop_map(Op::Fence)
}

/// The same operation with any orderings.
fn ordered(op: Op) -> BoxedStrategy<Op> {
    match op {
        Op::Load(x, _) => any_of(LOADS).prop_map(move |o| Op::Load(x, o)).boxed(),
        Op::Store(x, to, _) => any_of(STORES)
            .prop_map(move |o| Op::Store(x, to, o))
            .boxed(),
        Op::FetchAdd(x, by, _) => any_of(UPDATES)
            .prop_map(move |o| Op::FetchAdd(x, by, o))
            .boxed(),
        Op::CompareExchange(x, from, to, ..) => (any_of(UPDATES), any_of(LOADS))
            .prop_map(move |(success, failure)| Op::CompareExchange(x, from, to, success, failure))
            .boxed(),
        Op::Fence(_) => fences().boxed(),
    }
}

fn op() -> impl Strategy<Value = Op> {
    let x = || prop::sample::select(&[X, Y]);
    let op = prop_oneof![
        5 => x().prop_map(|x| Op::Load(x, Relaxed)),
        5 => (x(), 1..4_u64).prop_map(|(x, to)| Op::Store(x, to, Relaxed)),
        2 => (x(), 1..3_u64).prop_map(|(x, by)| Op::FetchAdd(x, by, Relaxed)),
        2 => (x(), 0..3_u64, 1..4_u64)
            .prop_map(|(x, from, to)| Op::CompareExchange(x, from, to, Relaxed, Relaxed)),
        2 => Just(Op::Fence(SeqCst)),
    ];
    op.prop_flat_map(ordered)
}

fn of_any_shape() -> impl Strategy<Value = Vec<Vec<Op>>> {
    let threads = |number, ops| prop::collection::vec(prop::collection::vec(op(), 1..=ops), number);
    prop_oneof![threads(2, 4), threads(3, 3)]
}

/// Where orderings matter most: a classic with any orderings, and fences anywhere.
fn of_a_classic_shape() -> impl Strategy<Value = Vec<Vec<Op>>> {
    let shapes: Vec<_> = classics::all().into_iter().map(|it| it.shape).collect();
    prop::sample::select(shapes).prop_flat_map(|shape| {
        let fenced = |op| (prop::option::weighted(0.4, fences()), ordered(op));
        let thread = |ops: Vec<Op>| {
            let ops: Vec<_> = ops.into_iter().map(fenced).collect();
            ops.prop_map(|ops| {
                let ops = ops.into_iter();
                ops.flat_map(|(fence, op)| fence.into_iter().chain([op]))
                    .collect()
            })
        };
        shape.threads.into_iter().map(thread).collect::<Vec<_>>()
    })
}

fn programs() -> impl Strategy<Value = Program> {
    let threads = prop_oneof![of_any_shape(), of_a_classic_shape()];
    threads.prop_map(|threads| Program { threads })
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

/// The same without fences, and with nothing stronger than acquire and release.
fn without_seq_cst(program: &Program) -> Program {
    let load = |o| if o == SeqCst { Acquire } else { o };
    let store = |o| if o == SeqCst { Release } else { o };
    let update = |o| if o == SeqCst { AcqRel } else { o };
    let weaker = |&op: &Op| match op {
        Op::Load(x, o) => Some(Op::Load(x, load(o))),
        Op::Store(x, to, o) => Some(Op::Store(x, to, store(o))),
        Op::FetchAdd(x, by, o) => Some(Op::FetchAdd(x, by, update(o))),
        Op::CompareExchange(x, from, to, success, failure) => {
            let (success, failure) = (update(success), load(failure));
            Some(Op::CompareExchange(x, from, to, success, failure))
        }
        Op::Fence(_) => None,
    };
    let threads = program.threads.iter();
    Program {
        threads: threads
            .map(|ops| ops.iter().filter_map(weaker).collect())
            .collect(),
    }
}

#[test]
fn stories_have_the_fewest_stale_reads_and_then_preemptions() {
    let (cases, mut runner) = generated::runner("LITMUS", 500, 1);
    let told = RefCell::new(BTreeMap::new());
    let result = runner.run(&programs(), |program| {
        let program = without_seq_cst(&program);
        let fewest = fewest::fewest(&program);
        let found = explored(&program, Memory::C11);
        let names = found.outcomes.iter().map(|row| &row.outcome);
        prop_assert_eq!(
            names.collect::<BTreeSet<_>>(),
            fewest.keys().collect::<BTreeSet<_>>()
        );
        for row in &found.outcomes {
            let cost = (row.story.stale_reads, row.story.preemptions);
            prop_assert_eq!(
                (cost, row.story.minimal),
                (fewest[&row.outcome], true),
                "{} of {:?}:\n{}",
                row.outcome,
                program,
                draw::story(row).plain()
            );
            *told.borrow_mut().entry(cost).or_insert(0) += 1;
        }
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    println!(
        "{cases} litmus programs; outcomes that need so many (stale reads, preemptions): {:?}",
        told.borrow()
    );
}

#[test]
fn generated() {
    let (cases, mut runner) = generated::runner("LITMUS", 300, 1);
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
