#![doc = include_str!("../../sync/alloc.md")]

use super::unsafe_cell::accesses;
use crate::engine::access::Kind;
use crate::engine::execution::abort::unwinding;
use crate::engine::execution::allocations::{allocated, frees};
use crate::engine::execution::handle::Handle;
use crate::engine::execution::object::State;
use crate::engine::ids::At;
use crate::engine::memory::cell::Latest;
use std::mem::ManuallyDrop;
use std::panic::Location;

pub use std::alloc::{Layout, handle_alloc_error};

fn must_have_size(layout: Layout) {
    assert!(
        layout.size() > 0,
        "to allocate zero bytes is undefined behaviour"
    );
}

/// `std::alloc::alloc`. The model follows the memory until it is freed, and after that until
/// the execution ends.
///
/// # Safety
/// As for [`std::alloc::alloc`]. The memory must be freed by [`dealloc`], not by a `Box`.
///
/// # Panics
/// If the layout has no size.
#[inline(never)]
#[track_caller]
#[must_use]
pub unsafe fn alloc(layout: Layout) -> *mut u8 {
    must_have_size(layout);
    // SAFETY: the size is not zero.
    let memory = unsafe { std::alloc::alloc(layout) };
    allocated(memory, layout, Location::caller());
    memory
}

/// The same, for memory that is zero.
///
/// # Safety
/// As for [`alloc`].
///
/// # Panics
/// If the layout has no size.
#[inline(never)]
#[track_caller]
#[must_use]
pub unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
    must_have_size(layout);
    // SAFETY: the size is not zero.
    let memory = unsafe { std::alloc::alloc_zeroed(layout) };
    allocated(memory, layout, Location::caller());
    memory
}

/// `std::alloc::dealloc`. All that threads have done with objects in that memory must happen
/// before.
///
/// # Safety
/// As for [`std::alloc::dealloc`]. In an exploration the model notices if that is broken, by
/// the outcomes `double free`, `invalid free` and `wrong layout`, and frees nothing.
#[inline(never)]
#[track_caller]
pub unsafe fn dealloc(ptr: *mut u8, layout: Layout) {
    frees(ptr, layout, Location::caller());
}

/// A value that must be dropped: if it never is, that is a leak.
#[derive(Debug)]
pub struct Track<T> {
    value: ManuallyDrop<T>,
    handle: ManuallyDrop<Handle<Tracked>>,
}

#[derive(Default)]
struct Tracked(Latest);

impl AsMut<Latest> for Tracked {
    fn as_mut(&mut self) -> &mut Latest {
        &mut self.0
    }
}

impl State for Tracked {
    fn reset(&mut self) {
        self.0.clear();
    }

    fn is_leaked(&self) -> bool {
        true
    }
}

impl<T> Track<T> {
    /// Tracks `value`.
    #[inline(never)]
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self {
            value: ManuallyDrop::new(value),
            handle: ManuallyDrop::new(Handle::of_execution("value")),
        }
    }

    /// The value, to read it.
    #[inline(never)]
    #[track_caller]
    pub fn get_ref(&self) -> &T {
        self.access(Kind::Read, Location::caller());
        &self.value
    }

    /// The value, to change it.
    #[inline(never)]
    #[track_caller]
    pub fn get_mut(&mut self) -> &mut T {
        self.access(Kind::Write, Location::caller());
        &mut self.value
    }

    /// The value, which is not tracked any more.
    #[inline(never)]
    pub fn into_inner(self) -> T {
        let mut this = ManuallyDrop::new(self);
        this.ends();
        // SAFETY: `this` is not used any more, and never dropped.
        unsafe { ManuallyDrop::take(&mut this.value) }
    }

    fn access(&self, kind: Kind, at: At) {
        if !unwinding() {
            accesses::<Tracked>(self.handle.enter(at), kind, at);
        }
    }

    /// Does not return if that has been done before.
    fn ends(&mut self) {
        // SAFETY: both callers do this once, and then use `handle` no more.
        unsafe { ManuallyDrop::drop(&mut self.handle) };
    }
}

impl<T> Drop for Track<T> {
    #[inline(never)]
    fn drop(&mut self) {
        self.ends();
        // SAFETY: it is not used after this drop.
        unsafe { ManuallyDrop::drop(&mut self.value) };
    }
}
