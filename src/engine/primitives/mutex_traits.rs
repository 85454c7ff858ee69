//! What a mutex implements.

use super::mutex::Mutex;
use crate::sync::names::{Named, Watched};
use std::fmt;

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> Named for Mutex<T> {
    fn named(mut self, name: &'static str) -> Self {
        self.handle.name(name);
        self
    }
}

impl<T> Watched<T> for Mutex<T> {
    fn watched(mut self, show: fn(&T) -> String) -> Self {
        self.show = Some(show);
        self
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}
