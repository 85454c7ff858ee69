//! The lessons as programs with real sockets and processes: `play LESSON` runs them.
//!
//! A program uses the right version of its lesson, and gives it sockets or processes of
//! the operating system where a scene gives it the model's. No lesson imports a program.

mod escaped;
pub mod own_globals;
pub mod process_pool;
pub mod process_queue;
mod program;
pub mod udp_chat;

pub use escaped::Escaped;
pub(crate) use program::pace;
pub use program::{Program, Run, Stop};

use std::io;

/// All programs, in the order of the lessons.
#[must_use]
pub fn all() -> Vec<Program> {
    vec![
        Program::new::<udp_chat::Arguments>("udp_chat"),
        Program::new::<own_globals::Arguments>("own_globals"),
        Program::new::<process_queue::Arguments>("process_queue"),
        Program::new::<process_pool::Arguments>("process_pool"),
    ]
}

/// The main function of a child process: it returns when its parent has closed the link.
pub type Role = fn() -> io::Result<()>;

/// Every role of a child process, by the name under which its parent
/// [spawns](crate::processes::real) it.
pub const ROLES: &[(&str, Role)] = &[
    (own_globals::ROLE, own_globals::adder),
    (process_queue::PRODUCER, process_queue::producer),
    (process_queue::CONSUMER, process_queue::consumer),
    (process_pool::ROLE, process_pool::worker),
];
