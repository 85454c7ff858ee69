//! What can be done to the counts of an `Arc`, in three kinds.

use crate::engine::ids::At;

/// The kind of object that an `Arc` is.
pub(crate) const ARC: &str = "arc";

/// A change of the counts. An observation is named for the least of the changes that it
/// can tell: it can tell those that come later here too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    /// One more of what the thread has already. Only the numbers tell.
    Clone,
    /// The first `Weak`, one `Weak` less, or an `Arc` made from a `Weak`. An operation
    /// that asks for the only reference tells.
    Reference,
    /// An `Arc` less. An operation that asks whether the value lives tells, and so does
    /// the value's destructor.
    Drop,
}

impl Change {
    pub(crate) const ALL: [Self; 3] = [Self::Clone, Self::Reference, Self::Drop];
}

/// Other threads can tell that change, and each later one, of the counts of the `Arc`s
/// that were made in that line.
pub(crate) type SeenCount = (At, Change);
