//! What a thread runs.

/// Code that lies on the stack of the thread that starts another. The other takes it as the
/// first thing that it does: so nothing need be allocated. (Not a `&mut dyn FnMut()`: its call
/// would borrow the option until the code has ended, and the option goes before that.)
pub(crate) struct Code {
    /// An `Option` with the code.
    place: *mut (),
    run: unsafe fn(*mut ()),
}

impl Code {
    #[inline]
    pub(crate) fn new<F: FnOnce()>(code: &mut Option<F>) -> Self {
        Self {
            place: std::ptr::from_mut(code).cast(),
            run: runs::<F>,
        }
    }

    /// Takes the code and runs it.
    ///
    /// # Safety
    /// The option that it was made of is still there, and nothing else uses it meanwhile. All
    /// that the code borrows outlives the call.
    pub(super) unsafe fn run(self) {
        // SAFETY: `place` has the type that `run` expects; the caller sees to the rest.
        unsafe { (self.run)(self.place) }
    }
}

/// Inlined, so that it is compiled with the code: a changed closure changes no unit of the
/// engine's.
///
/// # Safety
/// As of [`Code::run`], for an `Option<F>`.
#[inline]
unsafe fn runs<F: FnOnce()>(place: *mut ()) {
    // SAFETY: the caller sees to it.
    let code = unsafe { (*place.cast::<Option<F>>()).take() };
    code.expect("the code of a thread runs once")();
}
