//! A thread of a scene, before it starts.

/// A thread's name, and the closure that it runs, once. It is not boxed as `FnOnce`: rustc
/// compiles what calls those in one unit for the whole crate. A changed closure would change
/// this unit, and much would be compiled again before `cargo race` runs.
pub(crate) struct Actor<'a, R> {
    pub(crate) name: String,
    pub(crate) part: Box<dyn FnMut() -> R + Send + 'a>,
}
