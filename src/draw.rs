//! Draws what an exploration found: the table of outcomes, and the story of one.
//!
//! Invariant: sees nothing but data, [`crate::explorer::report`]. A drawing comes
//! about in two steps, so that another medium can share the first: data becomes
//! a [`layout`] that knows what belongs together but no widths, and a layout
//! becomes text.

mod lanes;
pub mod layout;
mod story;
mod table;
mod text;

pub use layout::Drawing;
pub use story::story;
pub use table::outcomes;

/// No drawing is wider.
pub const WIDTH: usize = 100;
