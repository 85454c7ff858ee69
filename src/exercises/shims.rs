//! The crates that a submission is compiled against, in place of the real ones.
//!
//! The crate that the submission calls `std` has only those parts of std that the model does not
//! replace, and the crate that it calls `racecourse` has only `sync`, `narrate!` and what
//! an answer needs of its lesson. So `std::sync::Mutex` does not compile, whatever alias or macro
//! it hides behind, and the compiler names the line.

use super::catalog::Room;

/// The grader's own files, in the folder of a submission.
pub(super) const ROOT: &str = "root.rs";
pub(super) const HARNESS: &str = "harness.rs";

/// The text of the crate `std`. The prelude and the macros of std come from it too.
pub(super) const STD: &str = r#"extern crate std as real;
#[macro_export]
macro_rules! panic {
    () => { $crate::panic::__panic($crate::format_args!("explicit panic")) };
    ($($what:tt)+) => { $crate::panic::__panic($crate::format_args!($($what)+)) };
}
pub use real::{
    any, array, ascii, borrow, boxed, char, clone, cmp, collections, convert, default, error, f32,
    f64, fmt, hash, i8, i16, i32, i64, i128, iter, marker, num, ops, option, primitive, rc, result,
    slice, str, string, u8, u16, u32, u64, u128, vec,
};
pub use prelude::macros::*;
pub mod prelude {
    pub mod macros {
        pub use real::{
            assert, assert_eq, assert_ne, cfg, column, compile_error, concat, dbg, debug_assert,
            debug_assert_eq, debug_assert_ne, eprint, eprintln, file, format, format_args, line,
            matches, module_path, print, println, stringify, todo, unimplemented, unreachable, write,
            writeln,
        };
    }
    pub mod v1 {
        // Not all of std's: `thread_local!` is one of them.
        pub use crate::{panic, vec};
        pub use super::macros::*;
        pub use real::prelude::v1::{
            derive, drop, align_of, align_of_val, size_of, size_of_val, test, AsMut, AsRef, Box, Clone,
            Copy, Default, DoubleEndedIterator, Drop, Eq, Err, ExactSizeIterator, Extend, Fn, FnMut,
            FnOnce, From, Into, IntoIterator, Iterator, None, Ok, Option, Ord, PartialEq, PartialOrd,
            Result, Send, Sized, Some, String, Sync, ToOwned, ToString, Unpin, Vec,
        };
        // The names that `derive` takes.
        pub use real::prelude::v1::{Debug, Hash};
    }
    pub mod rust_2024 {
        pub use super::v1::*;
        pub use real::prelude::rust_2024::{FromIterator, TryFrom, TryInto};
    }
}
pub mod cell { pub use real::cell::{Cell, OnceCell, Ref, RefCell, RefMut}; }
pub mod mem {
    pub use real::mem::{
        discriminant, drop, forget, needs_drop, replace, size_of, size_of_val, swap, take,
        Discriminant, ManuallyDrop,
    };
}
pub mod panic {
    pub use real::panic::{resume_unwind, AssertUnwindSafe, Location, RefUnwindSafe, UnwindSafe};
    #[doc(hidden)]
    #[track_caller]
    pub fn __panic(what: real::fmt::Arguments<'_>) -> ! { real::panic!("{what}") }
}
pub mod time { pub use real::time::Duration; }
"#;

/// The text of the crate `racecourse`, for submissions to a lesson.
pub(super) fn racecourse(room: &Room) -> String {
    format!(
        "\
pub use real::narrate;
pub mod sync {{
    pub use real::sync::{{
        atomic, hint, mpsc, narrate, rest, thread, Arc, Backoff, Barrier, BarrierWaitResult, Condvar,
        LazyLock, LockResult, Mutex, MutexGuard, Named, Once, OnceLock, OnceState, PoisonError,
        RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError, TryLockResult, WaitTimeoutResult,
        Watched, Weak,
    }};
}}
pub mod lessons {{ {} }}
",
        room.exports
    )
}

/// The root of the submission's crate, whose file is `file`.
pub(super) fn root(room: &Room, file: &str) -> String {
    let Room {
        lesson, answers, ..
    } = room;
    format!(
        "#[path = {file:?}]
pub mod submission;
const _: () = {{
    fn answers<T: ::racecourse::lessons::{lesson}::{answers} + 'static>() {{}}
    let _ = answers::<submission::Answer>;
}};
"
    )
}

/// The program that explores a submission.
pub(super) fn harness(room: &Room) -> String {
    let Room {
        lesson, version, ..
    } = room;
    format!(
        "use submission::submission::Answer;
fn main() -> std::process::ExitCode {{
    let memory = racecourse::lessons::{lesson}::lesson().memory;
    racecourse::exercises::harness::run(memory, racecourse::lessons::{lesson}::scenes::<{version}>)
}}
"
    )
}
