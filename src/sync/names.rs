//! What stories show of objects.

/// Gives a lock, a condition variable, an atomic, a channel or a cell another name in
/// stories. Without this, a story takes the name from the source: from the variable, the
/// field or the `static` that the object is put into. In the std build the name has no
/// effect.
pub trait Named: Sized {
    /// `Condvar::new().named("not_empty")`
    #[must_use]
    fn named(self, name: &'static str) -> Self;
}

/// Shows the value of a mutex in the story's column of shared state each time the lock is
/// released. In the std build this has no effect.
pub trait Watched<T>: Sized {
    /// `Mutex::new(20).watched(|left| format!("{left} left"))`
    ///
    /// `show` turns the value into text. It must neither use an object of
    /// this module nor panic.
    #[must_use]
    fn watched(self, show: fn(&T) -> String) -> Self;
}
