//! Where signals are not those of Unix: the guard page alone ends the process.

use corosensei::stack::DefaultStack;
use std::io;

pub(super) fn install() {}

pub(super) fn stack(size: usize) -> io::Result<DefaultStack> {
    DefaultStack::new(size)
}
