//! Every interleaving: the model itself, and the lessons under it.
#![cfg(loom)]

mod lessons;
mod litmus;
mod model;
mod programs;
