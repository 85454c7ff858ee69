//! The crate `lazy_static`, as loom has it.

#[cfg(any(loom, feature = "model"))]
pub use crate::engine::primitives::LazyLock as Lazy;
#[cfg(not(any(loom, feature = "model")))]
pub use std::sync::LazyLock as Lazy;

/// The crate `lazy_static`'s macro. In the model every execution makes the value anew, and
/// drops it when all its threads have ended.
#[macro_export]
macro_rules! lazy_static {
    () => {};
    ($(#[$attribute:meta])* $vis:vis static ref $name:ident: $type:ty = $init:expr; $($rest:tt)*) => {
        #[allow(missing_copy_implementations, non_camel_case_types, dead_code)]
        $(#[$attribute])*
        $vis struct $name {
            __private_field: (),
        }
        #[doc(hidden)]
        $vis static $name: $name = $name { __private_field: () };
        impl ::core::ops::Deref for $name {
            type Target = $type;
            fn deref(&self) -> &$type {
                static LAZY: $crate::sync::lazy_static::Lazy<$type> =
                    $crate::sync::lazy_static::Lazy::new(|| $init);
                &LAZY
            }
        }
        $crate::lazy_static! { $($rest)* }
    };
}
