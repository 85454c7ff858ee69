//! Blocks of memory, and what threads do in them.

use super::object::State;
use crate::engine::ids::ObjectId;
use crate::engine::memory::cell::Latest;
use std::alloc::Layout;

/// The kind of object that a block is.
pub(crate) const ALLOCATION: &str = "allocation";

/// What threads have done in a block.
#[derive(Default)]
pub(super) struct Uses(pub(super) Latest);

impl State for Uses {
    fn reset(&mut self) {
        self.0.clear();
    }

    fn is_leaked(&self) -> bool {
        true
    }
}

/// Memory that the scene has allocated.
pub(super) struct Block {
    pub(super) address: usize,
    pub(super) layout: Layout,
    pub(super) object: ObjectId,
    pub(super) is_freed: bool,
}

impl Block {
    pub(super) fn contains(&self, address: usize) -> bool {
        (self.address..self.address + self.layout.size()).contains(&address)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.is_freed {
            let memory = std::ptr::with_exposed_provenance_mut(self.address);
            // SAFETY: `std::alloc` has returned it for that layout, and the scene has freed it
            // by `frees`, which has not passed that on.
            unsafe { std::alloc::dealloc(memory, self.layout) };
        }
    }
}
