//! A thread of a scene, before it starts.

/// A thread's name, and what it runs.
pub(crate) struct Actor<'a, R> {
    pub(crate) name: String,
    pub(crate) part: Box<dyn Part<R> + Send + 'a>,
}

/// A closure that runs once. It is not boxed as `FnOnce`: rustc compiles what calls those in
/// one unit for the whole crate. A changed closure would change this unit, and much would be
/// compiled again before `cargo race` runs.
pub(crate) trait Part<R> {
    /// Runs it, once.
    fn play(&mut self) -> R;
}

impl<R, F: FnOnce() -> R> Part<R> for Option<F> {
    #[inline]
    fn play(&mut self) -> R {
        self.take().expect("a part is played once")()
    }
}
