//! Names for objects, so that stories can be read.

/// Gives a lock, a condition variable, an atomic or a cell the name that it has in
/// stories. In the std build the name is dropped at once.
pub trait Named: Sized {
    /// `Condvar::new().named("not_empty")`
    #[must_use]
    fn named(self, name: &'static str) -> Self;
}

/// Gives a mutex a name *and* shows what it protects in the story's column of shared
/// state, as `show` puts it, each time the lock is released.
pub trait Watched<T>: Sized {
    /// `Mutex::new(20).watched("tickets", |left| format!("{left} left"))`
    #[must_use]
    fn watched(self, name: &'static str, show: fn(&T) -> String) -> Self;
}
