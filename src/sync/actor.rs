//! An actor, before the play.

/// One actor: a name, and the part to play.
pub(crate) struct Actor<'a, R> {
    pub(crate) name: String,
    pub(crate) part: Box<dyn FnOnce() -> R + Send + 'a>,
}
