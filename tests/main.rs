//! What the lessons promise, tried with real threads; the command line, run;
//! the drawings; one's own code; the house's invariants.
#![cfg(not(any(loom, feature = "model")))]

mod bounded_queue;
mod bread_queue;
mod check;
mod cli;
mod drawing;
mod fixture;
mod house;
mod join;
#[cfg(unix)]
mod own_globals;
#[cfg(unix)]
mod process_pool;
#[cfg(unix)]
mod process_queue;
#[cfg(unix)]
mod processes;
mod readme;
mod ticket_lock;
mod ticket_office;
mod udp_chat;
