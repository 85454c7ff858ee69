//! The lessons of the course.
//!
//! Invariants, kept by tests that read the source: a lesson uses only [`crate::sync`]; a lesson
//! imports no other lesson, except that [`bread_queue`], [`process_queue`] and [`process_pool`]
//! use the queue of [`bounded_queue`]; no lesson imports a [program](crate::programs); right and
//! wrong versions of a lesson are explored in the same scenes.

pub mod bounded_queue;
pub mod bread_queue;
pub mod join;
pub mod own_globals;
mod parts;
pub mod process_pool;
pub mod process_queue;
pub(crate) mod sources;
pub mod ticket_lock;
pub mod ticket_office;
pub mod udp_chat;

pub use parts::{Fault, Lesson, Mistake, Program, Scene, Tutorial, Version};

/// Every lesson, in the order of the course.
#[must_use]
pub fn all() -> Vec<Lesson> {
    vec![
        ticket_office::lesson(),
        ticket_lock::lesson(),
        bounded_queue::lesson(),
        bread_queue::lesson(),
        udp_chat::lesson(),
        join::lesson(),
        own_globals::lesson(),
        process_queue::lesson(),
        process_pool::lesson(),
    ]
}
