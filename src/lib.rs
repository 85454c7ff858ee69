//! A course on race conditions that is also a correctness suite.
//!
//! Each room of [`lessons`] implements a small concurrent program right and, in
//! the ways that people really write it, wrong. All versions of a lesson answer
//! the same scenes, and every scene can be
//!
//! - *played* with real threads (the std build),
//! - *tried* on generated inputs (`cargo test`), and
//! - *explored* in every interleaving (`cargo race`; the model build, which is the
//!   build with `--cfg loom`).
//!
//! # The layers
//! Each knows only those below it.
//!
//! | module | what it does |
//! |---|---|
//! | [`cli`] | list, play, explore, show; says what is as it should be |
//! | [`lessons`] | the rooms: stories, scenes, right and wrong versions |
//! | [`check`] | your own code: a scene as a `#[test]` |
//! | [`draw`] | outcomes and stories to text; sees only data |
//! | [`processes`] | children, and the links to them; knows no lesson |
//! | [`explorer`] | runs a scene in every interleaving; knows no lesson |
//! | [`sync`] | the one switch between std's threads and the model |
//!
//! The README says what "every interleaving" means and what it does not;
//! CONTRIBUTING, how to add a lesson or a version, and how to read a story.

pub mod check;
pub mod cli;
pub mod draw;
#[cfg(loom)]
mod engine;
pub mod explorer;
pub mod lessons;
pub mod processes;
pub mod sync;
mod watch;
