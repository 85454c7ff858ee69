//! Every interleaving: the model itself, and the lessons under it.
#![cfg(loom)]

mod lessons;
mod model;
mod programs;
mod scenarios;
