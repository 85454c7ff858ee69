//! Puts versions through generated scenarios.

use super::history::Precedence;
use super::scene::Scenario;
use super::specification::{Callee, Specification};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use racecourse::explorer::report::{Exploration, Memory};
use std::collections::HashSet;
use std::fmt;

/// What has more executions is left unfinished, and proves nothing.
const MAX_EXECUTIONS: u64 = 5_000;

/// Of which scenarios can be generated.
pub trait Generated: Specification {
    fn scenarios() -> impl Strategy<Value = Scenario<Self>>;

    /// How to explore one, with what it costs in mind.
    fn how(scenario: &Scenario<Self>) -> (Memory, Precedence);
}

fn explore<S: Generated, C: Callee<S>>(scenario: &Scenario<S>) -> Exploration {
    let (memory, precedence) = S::how(scenario);
    scenario.explore::<C>(memory, precedence, MAX_EXECUTIONS)
}

/// The same for the same seed, always.
fn runner(seed: u8) -> TestRunner {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    TestRunner::new_with_rng(Config::default(), rng)
}

/// What came of the scenarios of a version that does nothing forbidden.
#[derive(Debug, Default)]
pub struct Passed {
    /// Different scenarios, each explored completely.
    pub scenarios: usize,
    /// In how many of them calls can stay blocked for ever, as they should.
    pub blocked: usize,
    /// In how many all orders of invocations and responses were explored.
    pub every_precedence: usize,
    pub executions: u64,
    /// How many were left unfinished.
    pub cut: usize,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scenarios,
            blocked,
            every_precedence,
            executions,
            cut,
        } = self;
        write!(
            f,
            "{scenarios} scenarios linearizable in every interleaving ({executions} executions); \
             {every_precedence} of them with every order of invocations and responses; \
             in {blocked} calls can stay blocked; {cut} more cut after {MAX_EXECUTIONS} executions"
        )
    }
}

/// Puts a version through that many different scenarios, to the end of each, or
/// to the first that it fails, made as small as can be.
pub fn pass<S: Generated, C: Callee<S>>(many: usize) -> Result<Passed, String> {
    let mut runner = runner(0);
    let mut passed = Passed::default();
    let mut seen = HashSet::new();
    while passed.scenarios < many {
        let tree = S::scenarios().new_tree(&mut runner).unwrap();
        let scenario = tree.current();
        if !seen.insert(scenario.to_string()) {
            continue;
        }
        let found = explore::<S, C>(&scenario);
        if found.forbidden().next().is_some() {
            return Err(smallest::<S, C>(tree));
        }
        if !found.is_complete() {
            passed.cut += 1;
            continue;
        }
        passed.scenarios += 1;
        passed.executions += found.executions;
        passed.blocked += usize::from(found.outcome(super::scene::BLOCKED).is_some());
        let explored = S::how(&scenario).1 == Precedence::Explored;
        passed.every_precedence += usize::from(explored);
    }
    Ok(passed)
}

/// How many scenarios it takes to catch a version, and the one that does.
pub fn hunt<S: Generated, C: Callee<S>>(seed: u8) -> (usize, impl ValueTree<Value = Scenario<S>>) {
    const AT_MOST: usize = 5_000;
    let mut runner = runner(seed);
    (1..=AT_MOST)
        .map(|scenarios| (scenarios, S::scenarios().new_tree(&mut runner).unwrap()))
        .find(|(_, tree)| fails::<S, C>(&tree.current()).is_some())
        .unwrap_or_else(|| panic!("not caught by {AT_MOST} scenarios with seed {seed}"))
}

fn fails<S: Generated, C: Callee<S>>(scenario: &Scenario<S>) -> Option<Exploration> {
    Some(explore::<S, C>(scenario)).filter(|found| found.forbidden().next().is_some())
}

/// Makes a failing scenario as small as it can be and still fail, and tells it.
pub fn smallest<S: Generated, C: Callee<S>>(
    mut failing: impl ValueTree<Value = Scenario<S>>,
) -> String {
    let mut smallest = None;
    loop {
        let scenario = failing.current();
        let goes_on = match fails::<S, C>(&scenario) {
            Some(found) => {
                smallest = Some((scenario, found));
                failing.simplify()
            }
            None => failing.complicate(),
        };
        if !goes_on {
            break;
        }
    }
    let (scenario, found) = smallest.expect("it fails to begin with");
    let (memory, _) = S::how(&scenario);
    if memory == Memory::Sc {
        // The better story has no loads by which precedence is explored.
        let noted = scenario.explore::<C>(memory, Precedence::Noted, MAX_EXECUTIONS);
        if noted.forbidden().next().is_some() {
            return scenario.tell(&noted);
        }
    }
    scenario.tell(&found)
}
