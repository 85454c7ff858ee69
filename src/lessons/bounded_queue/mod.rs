//! To be written.

/// The room.
#[must_use]
pub fn lesson() -> super::Lesson {
    todo!()
}
