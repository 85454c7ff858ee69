//! The house's invariants, kept by reading the source. Every check is a function from
//! sources to complaints, and is shown made-up sources that it must complain of.

mod circles;
mod rules;
mod source;
