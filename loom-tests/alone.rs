//! Tests that run in a process of their own: what they try might end the process.

use crate::fixture::printed;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Output, Stdio};

/// Tests, each of which runs in a process of its own and must pass there.
macro_rules! alone {
    ($($(#[$about:meta])* $name:ident $tried:block)+) => {
        $($(#[$about])*
        #[test]
        fn $name() {
            $crate::alone::passes_alone(concat!(module_path!(), "::alone::", stringify!($name)));
        })+

        mod alone {
            use super::*;

            $(#[test]
            #[ignore = "tried in a process of its own"]
            fn $name() $tried)+
        }
    };
}
pub(crate) use alone;

/// Does something when dropped.
pub struct Last<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for Last<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Does something in a destructor while the thread unwinds.
pub fn panics_and_does(last: impl FnMut()) {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _last = Last(last);
        panic!("on purpose");
    }));
    panicked.unwrap_err();
}

/// Runs the ignored test with that path, which starts with the name of this crate.
pub fn run_alone(test: &str) -> Output {
    let (_, test) = test.split_once("::").unwrap();
    let mut alone = Command::new(std::env::current_exe().unwrap());
    alone.args(["--ignored", "--exact", "--nocapture", test]);
    alone.stdin(Stdio::null()).output().unwrap()
}

/// It must pass.
pub fn passes_alone(test: &str) {
    let (well, text) = printed(&run_alone(test));
    assert!(well && text.contains("1 passed"), "{text}");
}
