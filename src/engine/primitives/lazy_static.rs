//! The crate `lazy_static`, as loom has it: every execution makes the value anew.

use super::once_lock::OnceLock;
use crate::engine::execution::run::with;
use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

/// A static whose value is made when it is first used, in every execution.
pub struct Lazy<T> {
    init: fn() -> T,
}

impl<T> Lazy<T> {
    /// `init` makes the value.
    #[must_use]
    pub const fn new(init: fn() -> T) -> Self {
        Self { init }
    }
}

impl<T: 'static> Deref for Lazy<T> {
    type Target = T;

    /// The value of the execution in progress, which is made if there is none. It lives until
    /// all threads of the execution have ended.
    #[track_caller]
    fn deref(&self) -> &T {
        let key = std::ptr::from_ref(self).addr();
        let cell = with(|x| x.finds_static(key)).unwrap_or_else(|| {
            let cell: Rc<dyn Any> = Rc::new(OnceLock::<T>::new());
            with(|x| x.adds_static(key, Rc::clone(&cell)));
            cell
        });
        let cell: *const OnceLock<T> = Rc::as_ptr(&cell.downcast().expect("a key has one type"));
        // SAFETY: the execution owns the cell until its threads have ended. A scene that
        // keeps a value for another execution is refused elsewhere, or is wrong.
        unsafe { &*cell }.get_or_init(self.init)
    }
}

impl<T> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").finish_non_exhaustive()
    }
}
