//! A course on race conditions that is also a correctness suite.

pub mod cli;
pub mod draw;
pub mod explorer;
pub mod lessons;
pub mod sync;
