//! Lists whose items serve one execution after another, with the buffers they have.

use std::ops::{Deref, DerefMut};

/// A list that keeps its items when it is cleared.
#[derive(Debug)]
pub(crate) struct Reused<T> {
    items: Vec<T>,
    /// How many are in the list now; those behind are to be used again.
    length: usize,
}

impl<T> Reused<T> {
    /// The list is empty. Its items are as they were when they are added again.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.length = 0;
    }

    /// One item more: an earlier one, as it was left, or a new one.
    #[inline]
    pub(crate) fn add(&mut self, new: impl FnOnce() -> T) -> &mut T {
        if self.items.len() == self.length {
            self.items.push(new());
        }
        self.length += 1;
        &mut self.items[self.length - 1]
    }
}

impl<T> Default for Reused<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            length: 0,
        }
    }
}

impl<T> Deref for Reused<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.items[..self.length]
    }
}

impl<T> DerefMut for Reused<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_used_again_and_not_seen_before() {
        let mut list = Reused::default();
        *list.add(|| 1) = 2;
        list.clear();
        assert!(list.is_empty());
        assert_eq!(*list.add(|| 3), 2);
        assert_eq!(*list.add(|| 3), 3);
        assert_eq!(*list, [2, 3]);
    }
}
