//! The engine: runs a scene in every interleaving. The scene's threads are
//! coroutines on one thread of the operating system.
//!
//! # The layers
//! Imports go one way: each module imports only those above it in this list.
//!
//! | module | what it knows |
//! |---|---|
//! | [`ids`], [`hash`], [`clock`], [`reused`] | threads and objects by number; vector clocks and views |
//! | [`source`] | what the source calls an object, and what a line says |
//! | [`access`] | what a transition accesses, and which accesses are dependent |
//! | [`search`] | which interleavings are still to be run: source sets, sleep sets |
//! | [`coroutine`] | stacks, and switching between them |
//! | [`memory`] | what threads read and write: stores, fences, data races |
//! | [`execution`] | one run: schedule points, blocked threads, waiting loops, the trace |
//! | [`primitives`] | std's types, one file each |
//!
//! [`crate::explorer`] runs executions until there is nothing left to run, and tells
//! the simplest story of each outcome.

pub(crate) mod access;
pub(crate) mod clock;
pub(crate) mod coroutine;
pub(crate) mod execution;
pub(crate) mod hash;
pub(crate) mod ids;
pub(crate) mod memory;
pub mod primitives;
pub(crate) mod reused;
pub(crate) mod search;
pub(crate) mod source;
