//! What the lessons promise, tried with real threads; the command line, run;
//! the drawings; the house's invariants.
#![cfg(not(loom))]

mod bounded_queue;
mod bread_queue;
mod cli;
mod drawing;
mod house;
mod join;
mod ticket_lock;
mod ticket_office;
