//! How generated tests are run: the same cases every time, or as many new ones as
//! an environment variable says.

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How many cases, and what runs them. `one_in`: only so many of them, for cases that
/// take long.
pub fn runner(variable: &str, usually: u32, one_in: u32) -> (u32, TestRunner) {
    let many: Option<u32> = std::env::var(variable).ok().map(|number| {
        let number = number.parse();
        number.unwrap_or_else(|_| panic!("{variable} is a number"))
    });
    let cases = many.unwrap_or(usually) / one_in;
    let config = Config {
        cases,
        max_global_rejects: u32::MAX,
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    let runner = match many {
        Some(_) => TestRunner::new(config),
        None => {
            let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            TestRunner::new_with_rng(config, rng)
        }
    };
    (cases, runner)
}
