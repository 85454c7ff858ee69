//! Exercises for students, and the grader of their answers.
//!
//! An exercise is a wrong version of a lesson, as a file of its own ([`file()`]). An answer is
//! such a file, changed. The [`Grader`] compiles it against the library, and explores it in all
//! scenes of the lesson as a right version.
//!
//! # What a submission cannot do
//! - It has only the parts of std and of racecourse that the model sees. The names `std` and
//!   `racecourse` stand for other crates, so the compiler keeps this rule, behind aliases and
//!   macros too.
//! - It has no `unsafe`, no other crate, no attribute that reaches outside, and no file but its
//!   own: tokens decide.
//! - It is explored in a process of its own, with limits on time, memory and output, without
//!   the grader's environment. The verdict comes through a channel that the submission cannot
//!   find, and each of its lines begins with a secret number. If the process ends before the
//!   verdict is complete, the submission is not proved.
//!
//! The grader trusts the compiler: code that uses a bug of rustc to get around `unsafe` is not
//! stopped. For submissions of people whom you do not trust, run the grader in a container.
//!
//! No lesson depends on this module.

mod catalog;
mod compiler;
mod done;
mod file;
mod grader;
#[doc(hidden)]
pub mod harness;
mod library;
#[cfg(unix)]
mod process;
#[cfg(not(unix))]
#[path = "exercises/nowhere.rs"]
mod process;
mod queue;
mod rules;
mod shims;
mod source;
mod verdict;

pub use catalog::{EXERCISES, Exercise, find, none_named};
pub use done::{Done, State, answers};
#[doc(hidden)]
pub use file::answer;
pub use file::file;
pub use grader::{Grader, Limits, Trouble, exercise_of};
#[doc(hidden)]
pub use library::PROTOCOL;
pub use verdict::{Proof, Verdict};

#[cfg(test)]
mod tests;
