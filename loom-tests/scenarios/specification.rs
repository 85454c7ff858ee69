//! A sequential specification, and a version that is called as it says.

use std::fmt::Display;
use std::hash::Hash;

/// What calls do and answer if they are made one at a time.
pub trait Specification: Clone + Eq + Hash + Display + Send + Sync + 'static {
    type Call: Copy + Display + Send + Sync;
    type Answer: PartialEq + Display + Send;

    /// Makes the call. `None`: it blocks, and changes nothing.
    fn make(&mut self, call: Self::Call) -> Option<Self::Answer>;

    /// The second step of a call that takes effect in two places.
    fn then(_call: Self::Call) -> Option<Self::Call> {
        None
    }
}

/// A version that can be called, and must answer as the specification does.
pub trait Callee<S: Specification>: Send + Sync {
    fn new(start: &S) -> Self;
    fn call(&self, call: S::Call) -> S::Answer;
}
