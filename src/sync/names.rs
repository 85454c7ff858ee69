//! Names for objects in stories.

/// Names a lock, a condition variable, an atomic, a channel or a cell for stories. In the std
/// build the name has no effect.
pub trait Named: Sized {
    /// `Condvar::new().named("not_empty")`
    #[must_use]
    fn named(self, name: &'static str) -> Self;
}

/// Names a mutex for stories, and shows its value in the story's column of shared state each
/// time the lock is released. In the std build this has no effect.
pub trait Watched<T>: Sized {
    /// `Mutex::new(20).watched("tickets", |left| format!("{left} left"))`
    ///
    /// `show` turns the value into text. It must neither use an object of
    /// this module nor panic.
    #[must_use]
    fn watched(self, name: &'static str, show: fn(&T) -> String) -> Self;
}
