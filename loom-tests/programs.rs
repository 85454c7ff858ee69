//! The explorer against brute force, on programs that nobody has thought of:
//! threads that load, store, exchange, lock, read and write under a lock, try to, wait,
//! notify, meet at a barrier, call once, park, unpark, spin, poll and give up, join, free
//! what others use, with any budget.
//!
//! Under SC an exploration must find exactly the outcomes that an independent
//! enumerator finds, deadlocks included, and for each of them exactly as many
//! different interleavings; under C11 at least those. And to leave out orders must
//! lose nothing and find nothing twice. To try many more programs, other ones each
//! time:
//!
//! ```console
//! $ RUSTFLAGS="--cfg loom" PROGRAMS=10000 cargo test --release --test loom programs -- --nocapture
//! ```

mod enumerate;
mod play;
mod preemptions;
mod program;

use crate::generated;
use enumerate::enumerate;
use program::{ATOMICS, MUTEXES, OBJECTS, Op, Pause, Program, Strength, THREADS, USE_AFTER_FREE};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use racecourse::draw;
use racecourse::explorer::report::{Budget, Exploration, Judged, Memory, Outcome, Step};
use racecourse::explorer::{Options, explore, graph};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const OPERATIONS: usize = 4;

/// Larger programs are left out.
const MAX_TRACES: usize = 3_000;
const MAX_EXECUTIONS: u64 = 2_000;
const MAX_STATES: usize = 10_000;

fn found(program: &Program, options: Options) -> Exploration {
    let program = program.clone();
    let scene = move || Judged::promised(play::play(&program), "");
    explore(options, Arc::new(scene)).unwrap()
}

fn options(program: &Program, memory: Memory) -> Options {
    let mut options = Options::new(memory);
    options.budget = program.budget;
    options
}

/// What is wrong, if anything is; or that the program is too large.
type Verdict = Result<Option<String>, TestCaseError>;

fn too_large() -> TestCaseError {
    TestCaseError::reject("too large")
}

fn differs_from_brute_force(program: &Program, memory: Memory) -> Verdict {
    let expected = enumerate(program, MAX_TRACES).ok_or_else(too_large)?;
    let found = found(program, options(program, memory));
    if let Some(why) = &found.stopped {
        return Ok(Some(format!("stopped {why}")));
    }
    let mut complaints = Vec::new();
    let is_used = expected.get(USE_AFTER_FREE).is_some();
    if memory == Memory::Sc && is_used != found.outcome(USE_AFTER_FREE).is_some() {
        complaints.push(format!("{USE_AFTER_FREE} in brute force: {is_used}"));
    }
    // How an execution goes on that has used what was freed is nobody's business. Under C11
    // an older store may be read later: fewer orders make a difference.
    let counts = |outcome: &str| memory == Memory::Sc && outcome != USE_AFTER_FREE;
    for (outcome, reached) in expected.iter() {
        let different = if counts(outcome) {
            reached.different
        } else {
            1
        };
        let found = found.outcome(outcome).map_or(0, |row| row.different);
        if found < different {
            complaints.push(format!("{outcome}: {found} interleavings of {different}"));
        }
    }
    if memory == Memory::Sc {
        for row in &found.outcomes {
            let reached = expected.get(&row.outcome);
            let different = reached.map_or(0, |reached| reached.different);
            if row.different > different && (counts(&row.outcome) || different == 0) {
                complaints.push(format!(
                    "{}: {} interleavings, but {different} exist",
                    row.outcome, row.different
                ));
            }
        }
    }
    Ok((!complaints.is_empty()).then(|| complaints.join("\n")))
}

/// How many outcomes need so many preemptions, and of how many the fewest are not known.
#[derive(Debug, Default)]
struct Told {
    by_preemptions: BTreeMap<usize, usize>,
    not_minimal: usize,
}

fn tells_other_preemptions(program: &Program, memory: Memory, told: &mut Told) -> Verdict {
    let expected = enumerate(program, MAX_TRACES).ok_or_else(too_large)?;
    let found = found(program, options(program, memory));
    let mut complaints = Vec::new();
    for row in &found.outcomes {
        let (outcome, story) = (&row.outcome, &row.story);
        let fewest = expected.get(outcome).map(|reached| reached.preemptions);
        let is_right = match story.minimal {
            true => fewest == Some(story.preemptions),
            false => fewest.is_some_and(|fewest| fewest <= story.preemptions),
        };
        if !is_right {
            complaints.push(format!(
                "{outcome}: told with {} preemptions, but the fewest are {fewest:?}:\n{}",
                story.preemptions,
                draw::story(row).plain()
            ));
        }
        let is_preempted = |step: &&Step| step.switch.as_ref().is_some_and(|it| it.preempted);
        let arrows = story.steps.iter().filter(is_preempted).count();
        if arrows != story.preemptions {
            complaints.push(format!(
                "{outcome}: {arrows} preemptions are drawn of {}:\n{}",
                story.preemptions,
                draw::story(row).plain()
            ));
        }
        if shows_the_engine(row) {
            complaints.push(format!(
                "{outcome}: a line of the engine's is told:\n{}",
                draw::story(row).plain()
            ));
        }
        *told.by_preemptions.entry(story.preemptions).or_default() += 1;
        told.not_minimal += usize::from(!story.minimal);
    }
    Ok((!complaints.is_empty()).then(|| complaints.join("\n")))
}

/// Whether a story tells a line that is not the scene's.
fn shows_the_engine(row: &Outcome) -> bool {
    let steps = row.story.steps.iter().map(|step| &step.file);
    let mut texts = steps.chain(&row.story.epilogue);
    texts.any(|text| text.contains("src/engine"))
}

/// More preemptions than a program has room for.
const ANY: usize = 60;

fn within(program: &Program, memory: Memory, preemptions: usize) -> Exploration {
    let mut options = options(program, memory);
    options.preemptions = Some(preemptions);
    found(program, options)
}

/// Under SC a bound must leave out just the outcomes that need more preemptions; under C11
/// it must find at least the others.
fn differs_within_a_bound(program: &Program, memory: Memory) -> Verdict {
    let expected = enumerate(program, MAX_TRACES).ok_or_else(too_large)?;
    for preemptions in 0..=3 {
        let found = within(program, memory, preemptions);
        if found.stopped.is_some() {
            return Ok(Some(found.verdict()));
        }
        let names = found.outcomes.iter().map(|row| &*row.outcome);
        let names: BTreeSet<&str> = names.collect();
        let expected = expected.within(preemptions);
        let is_right = match memory {
            Memory::Sc => names == expected,
            Memory::C11 => names.is_superset(&expected),
        };
        if !is_right {
            return Ok(Some(format!(
                "within {preemptions} preemptions: {names:?}, but brute force {expected:?}"
            )));
        }
    }
    Ok(None)
}

/// Each end in the graph of all states must be one of the interleavings of brute force, and
/// the other way round.
fn states_differ(program: &Program, memory: Memory) -> Verdict {
    let expected = enumerate(program, MAX_TRACES).ok_or_else(too_large)?;
    let scene = {
        let program = program.clone();
        move || Judged::promised(play::play(&program), "")
    };
    let graph = graph(options(program, memory), MAX_STATES, Arc::new(scene)).unwrap();
    if !graph.is_whole {
        return Err(too_large());
    }
    // How an execution goes on that has used what was freed is nobody's business.
    let counts = |outcome: &str, different| {
        if outcome == USE_AFTER_FREE {
            1
        } else {
            different
        }
    };
    let names = graph.outcomes.iter().map(|it| it.outcome.as_str());
    let found: BTreeMap<&str, u64> = names
        .zip(graph.states[0].interleavings.iter().copied())
        .map(|(name, different)| (name, counts(name, different)))
        .collect();
    let expected: BTreeMap<&str, u64> = expected
        .iter()
        .map(|(name, reached)| (name.as_str(), counts(name, reached.different)))
        .collect();
    Ok((found != expected).then(|| format!("{found:?}, but brute force {expected:?}")))
}

/// A bound that leaves nothing out must lose nothing.
fn differs_within_a_bound_that_is_none(program: &Program, memory: Memory) -> Verdict {
    let all = found(program, options(program, memory));
    if all.executions > MAX_EXECUTIONS {
        return Err(too_large());
    }
    let found = within(program, memory, ANY);
    let spins = memory == Memory::C11 && program.any(|op| matches!(op, Op::SpinUntil(..)));
    let [all, found] = [all, found].map(|found| counted(found, spins));
    Ok((all != found).then(|| format!("{found:?}, but without a bound {all:?}")))
}

fn differs_from_all_orders(program: &Program, memory: Memory) -> Verdict {
    let mut all_orders = options(program, memory);
    all_orders.all_orders = true;
    all_orders.max_executions = Some(MAX_EXECUTIONS);
    let all = found(program, all_orders);
    if all.executions == MAX_EXECUTIONS {
        return Err(too_large());
    }
    let found = found(program, options(program, memory));
    // Under C11 a thread may spin on an older store: once more if it comes before
    // the newer one, not again if it comes after it. Nobody else can tell.
    let spins = memory == Memory::C11 && program.any(|op| matches!(op, Op::SpinUntil(..)));
    let [all, found] = [all, found].map(|found| counted(found, spins));
    Ok((all != found).then(|| format!("{found:?}, but in all orders {all:?}")))
}

/// Why it stopped, and the outcomes with how many interleavings have them.
fn counted(found: Exploration, spins: bool) -> (Option<String>, BTreeMap<String, u64>) {
    let rows = found.outcomes.into_iter();
    let counted = |row: &Outcome| match spins || row.outcome == USE_AFTER_FREE {
        true => 0,
        false => row.different,
    };
    let rows = rows.map(|row| (row.outcome.clone(), counted(&row)));
    (found.stopped, rows.collect())
}

fn strength() -> impl Strategy<Value = Strength> {
    prop_oneof![
        Just(Strength::Relaxed),
        Just(Strength::AcqRel),
        Just(Strength::SeqCst),
    ]
}

fn timed() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.3)
}

/// How many of a program's operations wait on a condition variable or notify, how many
/// park or unpark, how many exchange weakly, how many free something, and how many use the
/// read-write lock, the barrier and the `Once`, while a few load and store.
#[derive(Debug, Clone, Copy)]
struct Mixture {
    waiting: u32,
    parking: u32,
    exchanging: u32,
    freeing: u32,
    sharing: u32,
    meeting: u32,
}

const FEW: Mixture = Mixture {
    waiting: 1,
    parking: 1,
    exchanging: 3,
    freeing: 1,
    sharing: 1,
    meeting: 1,
};

const MIXTURES: [Mixture; 9] = [
    FEW,
    Mixture { sharing: 10, ..FEW },
    Mixture { meeting: 10, ..FEW },
    Mixture {
        sharing: 10,
        meeting: 3,
        waiting: 3,
        ..FEW
    },
    Mixture { waiting: 10, ..FEW },
    Mixture { parking: 10, ..FEW },
    Mixture {
        exchanging: 30,
        ..FEW
    },
    Mixture { freeing: 10, ..FEW },
    Mixture {
        waiting: 10,
        freeing: 10,
        ..FEW
    },
];

fn simple(mixture: Mixture) -> impl Strategy<Value = Op> {
    let Mixture {
        waiting,
        parking,
        exchanging,
        freeing,
        meeting,
        ..
    } = mixture;
    let x = || 0..ATOMICS;
    let any = || 0..3_u64;
    prop_oneof![
        4 => (x(), strength()).prop_map(|(x, s)| Op::Load(x, s)),
        4 => (x(), 1..4_u64, strength()).prop_map(|(x, to, s)| Op::Store(x, to, s)),
        2 => (x(), 1..3_u64, strength()).prop_map(|(x, by, s)| Op::FetchAdd(x, by, s)),
        3 => (x(), any(), 1..4_u64, strength())
            .prop_map(|(x, from, to, s)| Op::CompareExchange(x, from, to, s)),
        exchanging => (x(), any(), 1..4_u64, strength())
            .prop_map(|(x, from, to, s)| Op::CompareExchangeWeak(x, from, to, s)),
        1 => (x(), 1..3_u64, strength()).prop_map(|(x, to, s)| Op::SpinUntil(x, to, s)),
        2 * waiting => Just(Op::NotifyOne),
        2 * waiting => Just(Op::NotifyAll),
        parking => timed().prop_map(|timed| Op::Park { timed }),
        2 * parking => (0..THREADS).prop_map(Op::Unpark),
        freeing => (0..OBJECTS).prop_map(Op::Destroy),
        meeting => Just(Op::Meet),
        meeting => Just(Op::IsCompleted),
        meeting => Just(Op::WaitOnce),
    ]
}

fn locked(mixture: Mixture) -> impl Strategy<Value = Op> {
    let leaf = prop_oneof![
        3 => simple(mixture),
        mixture.waiting => timed().prop_map(|timed| Op::Wait { timed }),
    ];
    leaf.prop_recursive(2, 4, 3, move |inner| {
        section(mixture, prop::collection::vec(inner, 0..3))
    })
}

fn section(
    mixture: Mixture,
    body: impl Strategy<Value = Vec<Op>> + Clone + 'static,
) -> BoxedStrategy<Op> {
    let Mixture {
        sharing, meeting, ..
    } = mixture;
    prop_oneof![
        2 * sharing => body.clone().prop_map(Op::Read),
        2 * sharing => body.clone().prop_map(Op::Write),
        sharing => body.clone().prop_map(Op::TryRead),
        sharing => body.clone().prop_map(Op::TryWrite),
        meeting => body.clone().prop_map(Op::CallOnce),
        3 => (0..MUTEXES, body.clone()).prop_map(|(m, body)| Op::Lock(m, body)),
        1 => (0..MUTEXES, body.clone()).prop_map(|(m, body)| Op::TryLock(m, body)),
        1 => (0..ATOMICS, 1..3_u64, times(), pause(), body.clone()).prop_map(
            |(x, to, times, pause, then)| Op::Poll { x, to, times, pause, then }
        ),
        1 => (0..MUTEXES, times(), pause(), body)
            .prop_map(|(m, times, pause, body)| Op::TryLockTimes(m, times, pause, body)),
    ]
    .boxed()
}

/// How often a loop tries that gives up.
fn times() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 1..=3_usize, 1 => 4..=6_usize]
}

fn pause() -> impl Strategy<Value = Pause> {
    prop_oneof![
        Just(Pause::Nothing),
        Just(Pause::Yield),
        Just(Pause::Spin),
        Just(Pause::ParkTimeout),
        Just(Pause::WaitTimeout),
    ]
}

/// How many operations it counts as, beside those inside.
fn size(op: &Op) -> usize {
    match op {
        Op::Poll { times, .. } | Op::TryLockTimes(_, times, ..) => 1 + times / 2,
        _ => 1,
    }
}

/// The first few operations.
fn cut(ops: Vec<Op>, left: &mut usize) -> Vec<Op> {
    let mut kept = Vec::new();
    for mut op in ops {
        if *left == 0 {
            break;
        }
        *left = left.saturating_sub(size(&op));
        if let Some(body) = op.body_mut() {
            *body = cut(std::mem::take(body), left);
        }
        kept.push(op);
    }
    kept
}

fn thread(mixture: Mixture) -> impl Strategy<Value = Vec<Op>> {
    let body = prop::collection::vec(locked(mixture), 0..=3).boxed();
    let op = prop_oneof![1 => simple(mixture), 1 => section(mixture, body)];
    prop::collection::vec(op, 1..=OPERATIONS).prop_map(|ops| cut(ops, &mut OPERATIONS.clone()))
}

/// Where among its operations the first thread starts another and waits for it.
fn life() -> impl Strategy<Value = (Option<usize>, Option<usize>)> {
    let place = || prop::option::weighted(0.25, 0..=OPERATIONS);
    (place(), place())
}

fn budget() -> impl Strategy<Value = Budget> {
    let spurious = prop_oneof![4 => Just(0), 3 => Just(1), 1 => Just(2)];
    let budgets = (any::<bool>(), spurious, 0..=1_usize, 0..=1_usize);
    budgets.prop_map(|(any_waiter, spurious, early, weak)| Budget {
        any_waiter,
        spurious_wake_ups: spurious,
        early_timeouts: early,
        weak_failures: weak,
        ..Budget::NONE
    })
}

/// No object is freed twice.
fn free_once(ops: &mut Vec<Op>, freed: &mut [bool; OBJECTS]) {
    ops.retain_mut(|op| {
        if let Some(body) = op.body_mut() {
            free_once(body, freed);
        }
        !matches!(op, Op::Destroy(object) if std::mem::replace(&mut freed[*object], true))
    });
}

/// No thread waits for the lock to read while it reads: then it could have to wait for a
/// writer that waits, which other tests are about.
fn read_once(ops: &mut [Op], reads: bool) {
    for op in ops {
        if reads && let Op::Read(body) = op {
            *op = Op::TryRead(std::mem::take(body));
        }
        let reads = reads || matches!(op, Op::Read(_) | Op::TryRead(_));
        if let Some(body) = op.body_mut() {
            read_once(body, reads);
        }
    }
}

/// A thread that starts others does not meet: it would start one as part of no step.
fn meet_or_start(ops: &mut Vec<Op>) {
    ops.retain_mut(|op| {
        if let Some(body) = op.body_mut() {
            meet_or_start(body);
        }
        !matches!(op, Op::Meet)
    });
}

/// An operation that would unpark a thread which may not have been started yet unparks the
/// first thread instead.
fn unpark_who_is_there(threads: &mut [Vec<Op>]) {
    fn unpark_who(is_there: &dyn Fn(usize) -> bool, op: &mut Op) {
        match op {
            Op::Unpark(thread) if !is_there(*thread) => *thread = 0,
            _ => {
                let body = op.body_mut().into_iter().flatten();
                body.for_each(|op| unpark_who(is_there, op));
            }
        }
    }
    let many = threads.len();
    let starts = |thread: usize| {
        let mut ops = threads[0].iter();
        ops.position(|op| matches!(op, Op::Start(other) if *other == thread))
    };
    let starts: Vec<Option<usize>> = (0..many).map(starts).collect();
    for (id, ops) in threads.iter_mut().enumerate() {
        for (place, op) in ops.iter_mut().enumerate() {
            // A thread runs up to its first point before the next is started.
            let is_there = |thread: usize| match starts.get(thread) {
                None => false,
                Some(Some(start)) => id == 0 && *start < place,
                Some(None) => thread <= id || id == 0 || place > 0,
            };
            unpark_who(&is_there, op);
        }
    }
}

fn programs() -> impl Strategy<Value = Program> {
    let [a, b, c, d, e, f, g, h, i] = MIXTURES.map(programs_of);
    prop_oneof![a, b, c, d, e, f, g, h, i]
}

fn programs_of(mixture: Mixture) -> impl Strategy<Value = Program> {
    let threads = prop::collection::vec((thread(mixture), life()), 2..=THREADS);
    (threads, budget()).prop_map(|(threads, budget)| {
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
        let mut freed = [false; OBJECTS];
        threads
            .iter_mut()
            .for_each(|ops| free_once(ops, &mut freed));
        threads.iter_mut().for_each(|ops| read_once(ops, false));
        if threads[0].iter().any(|op| matches!(op, Op::Start(_))) {
            meet_or_start(&mut threads[0]);
        }
        unpark_who_is_there(&mut threads);
        Program { threads, budget }
    })
}

/// How many programs, if nobody says otherwise.
const PROGRAMS: u32 = 500;

/// Takes one in so many: those that are run in all orders take long.
fn none_differs(
    from: &str,
    one_in: u32,
    memory: Memory,
    differs: impl Fn(&Program, Memory) -> Verdict,
) {
    let (cases, mut runner) = generated::runner("PROGRAMS", PROGRAMS, one_in);
    let result = runner.run(&programs(), |program| match differs(&program, memory)? {
        Some(how) => Err(TestCaseError::fail(format!("{memory}: {how}"))),
        None => Ok(()),
    });
    if let Err(failure) = result {
        panic!("{failure}\n{runner}");
    }
    println!("{cases} programs under {memory}: none differs from {from}");
}

#[test]
fn sc_is_brute_force() {
    none_differs("brute force", 1, Memory::Sc, differs_from_brute_force);
}

#[test]
fn all_states_lead_to_what_brute_force_finds() {
    none_differs("brute force", 2, Memory::Sc, states_differ);
}

#[test]
fn stories_need_the_fewest_preemptions() {
    let told = RefCell::new(Told::default());
    none_differs("brute force", 1, Memory::Sc, |program, memory| {
        tells_other_preemptions(program, memory, &mut told.borrow_mut())
    });
    println!(
        "outcomes that need so many preemptions: {:?}",
        told.borrow()
    );
}

#[test]
fn within_a_bound_sc_is_brute_force() {
    none_differs(
        "brute force within 0 to 3 preemptions",
        1,
        Memory::Sc,
        differs_within_a_bound,
    );
}

#[test]
fn within_a_bound_c11_is_no_less() {
    none_differs(
        "brute force within 0 to 3 preemptions",
        1,
        Memory::C11,
        differs_within_a_bound,
    );
}

#[test]
fn a_bound_that_leaves_nothing_out_loses_nothing() {
    for memory in [Memory::Sc, Memory::C11] {
        none_differs("no bound", 2, memory, differs_within_a_bound_that_is_none);
    }
}

#[test]
fn c11_is_no_less() {
    none_differs("brute force", 1, Memory::C11, differs_from_brute_force);
}

#[test]
fn sc_loses_nothing() {
    none_differs("all orders", 3, Memory::Sc, differs_from_all_orders);
}

#[test]
fn c11_loses_nothing() {
    none_differs("all orders", 3, Memory::C11, differs_from_all_orders);
}
