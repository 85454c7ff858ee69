//! A model checker for concurrent Rust code, and a course on race conditions that is
//! built with it.
//!
//! # The library
//! Write your code with [`sync`] instead of `std::sync` and `std::thread`, and a scene
//! as a plain `#[test]` with [`check`]. The std build plays the scene with real threads.
//! The model build, which is the build with `--cfg loom`, runs every interleaving of it.
//!
//! Each module knows only those below it:
//!
//! | module | what it does |
//! |---|---|
//! | [`check`] | your own code: a scene as a `#[test]` |
//! | [`draw`] | outcomes and stories to text; sees only data |
//! | [`explorer`] | runs a scene in every interleaving |
//! | [`sync`] | the one switch between std's threads and the model |
//!
//! # The course
//! The feature `course`, on by default, adds three modules and the program
//! `racecourse`. The library knows nothing of them, and builds without them:
//! `default-features = false`.
//!
//! | module | what it does |
//! |---|---|
//! | `cli` | the commands `list`, `play`, `explore`, `show` and `completions` |
//! | `lessons` | the lessons: story, scenes, correct and wrong versions |
//! | `processes` | child processes, and the links to them; knows no lesson |
//!
//! All versions of a lesson answer the same scenes. Every scene can be *played* with
//! real threads, *tried* on generated inputs (`cargo test`), and *explored* in every
//! interleaving (`cargo race`).
//!
//! The README says what "every interleaving" means and what it does not;
//! CONTRIBUTING, how to add a lesson or a version, and how to read a story.

pub mod check;
#[cfg(feature = "course")]
pub mod cli;
pub mod draw;
#[cfg(loom)]
mod engine;
pub mod explorer;
#[cfg(feature = "course")]
pub mod lessons;
#[cfg(feature = "course")]
pub mod processes;
pub mod sync;
#[allow(
    dead_code,
    unused_imports,
    reason = "real threads say nothing and are not stopped"
)]
mod watch;
