//! A stranger's code: permits, of which there are only so many.

use racecourse::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// So many may come in, and no more.
pub struct Permits {
    left: AtomicUsize,
}

impl Permits {
    pub fn new(permits: usize) -> Self {
        Self {
            left: AtomicUsize::new(permits),
        }
    }

    /// Takes a permit, if one is left.
    pub fn take(&self) -> bool {
        self.left
            .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }

    /// The same, done wrong: looks, and takes later.
    pub fn look_and_take(&self) -> bool {
        let left = self.left.load(Relaxed);
        if left > 0 {
            self.left.store(left - 1, Relaxed);
        }
        left > 0
    }

    pub fn left(&self) -> usize {
        self.left.load(Relaxed)
    }
}
