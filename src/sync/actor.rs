//! A thread of a scene, before it starts.

/// A thread's name, and the closure that it runs.
pub(crate) struct Actor<'a, R> {
    pub(crate) name: String,
    pub(crate) part: Box<dyn FnOnce() -> R + Send + 'a>,
}
