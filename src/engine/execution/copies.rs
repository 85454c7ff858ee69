//! An execution's copies of statics, to be used in their place.

use super::run::{try_with, with};
use super::statics::{Copied, range_of, with_address};
use std::ops::Range;

/// The execution's copy of what lies in a static; the static outside of an execution.
pub(super) fn copy_of<O: ?Sized>(owner: &O) -> &O {
    match copy_at(range_of(owner)) {
        None => owner,
        // SAFETY: at that address lies a copy of the owner. It lives until the threads of
        // the execution have ended: a scene that keeps a reference for longer is wrong.
        Some(Some(copy)) => unsafe { &*with_address(owner, copy) },
        Some(None) => {
            // SAFETY: an object in a static is used through its copies only.
            let (copied, copy) = unsafe { Copied::new(owner) };
            with(|x| x.statics.push(copied));
            copy
        }
    }
}

/// Where the execution's copy lies of what lies there, if it has one; `None` outside of an
/// execution.
fn copy_at(original: Range<usize>) -> Option<Option<*const u8>> {
    try_with(|x| x.statics.iter().find_map(|copied| copied.copy(&original)))
}
