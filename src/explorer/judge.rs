//! What executions that fail are called.

use super::report::{Grade, Judged};
use crate::engine::execution::failure::Failure;
use crate::engine::execution::run::Execution;

/// The outcome of an execution that did not end.
pub(super) const ENDLESS: &str = "does not end";

/// What a failure is called in the outcome table.
pub(super) fn judge_failure(x: &Execution, failure: &Failure) -> Judged {
    let (outcome, meaning) = match failure {
        Failure::Blocked {
            in_loops: false, ..
        } => ("deadlock", "whoever is left waits, and nobody can go on"),
        Failure::Blocked { in_loops: true, .. } => (
            "livelock",
            "a thread spins for ever: nobody is left to let it go on",
        ),
        Failure::DataRace(_) => (
            "data race",
            "two accesses, one of them a write, that nothing orders: undefined behaviour",
        ),
        Failure::UseAfterFree { .. } => (
            "use after free",
            "an object is used that has been freed, or freed while it is used: undefined behaviour",
        ),
        Failure::Panic { panic, .. } => ("panic", panic.message.as_str()),
        Failure::Endless => (
            ENDLESS,
            "an execution took more steps than the model follows",
        ),
        Failure::Misuse(what) => ("misuse", *what),
    };
    let difference = x.difference.as_ref();
    Judged {
        outcome: outcome.to_owned(),
        grade: Grade::Forbidden,
        meaning: difference.map_or_else(|| meaning.to_owned(), |it| format!("{meaning}. {it}")),
    }
}
