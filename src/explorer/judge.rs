//! The outcome of an execution that fails.

use super::report::{Grade, Judged};
use crate::engine::execution::failure::{Failure, Wrong};
use crate::engine::execution::run::Execution;

/// The outcome of an execution that did not end.
pub(super) const ENDLESS: &str = "does not end";

/// The failure's row in the outcome table.
pub(super) fn judge_failure(x: &Execution, failure: &Failure) -> Judged {
    let (outcome, meaning) = match failure {
        Failure::Blocked {
            in_loops: false, ..
        } => (
            "deadlock",
            "every thread that has not ended waits, and nothing will wake it",
        ),
        Failure::Blocked { in_loops: true, .. } => (
            "livelock",
            "a thread repeats a loop for ever: no thread will ever change what it waits for",
        ),
        Failure::DataRace(_) => (
            "data race",
            "two accesses, at least one a write, and neither happens before the other: undefined behaviour",
        ),
        Failure::UseAfterFree { .. } => (
            "use after free",
            "an object is freed, and then used or still in use: undefined behaviour",
        ),
        Failure::WrongFree(free) => match free.how {
            Wrong::Twice => (
                "double free",
                "something is freed twice: undefined behaviour",
            ),
            Wrong::Unallocated => (
                "invalid free",
                "something is freed that was never allocated: undefined behaviour",
            ),
            Wrong::Layout { .. } => (
                "wrong layout",
                "memory is freed with another layout than it has: undefined behaviour",
            ),
        },
        Failure::Leak(_) => (
            "leak",
            "all threads have ended, and something was never dropped or freed",
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
