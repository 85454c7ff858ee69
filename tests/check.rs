//! One's own code in the std build: scenes are played with real threads.

use crate::fixture::{Stranger, printed};
use racecourse::check::{self, Check, NotTheModel};
use racecourse::sync::atomic::{AtomicU32, Ordering::Relaxed};
use racecourse::sync::{Actors, Arc};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, exit};
use std::time::Duration;

const STEP_TIMEOUT: Duration = Duration::from_millis(100);

/// With what message it fails.
fn failure<T: Debug + 'static>(check: Check<T>) -> String {
    let failed = catch_unwind(AssertUnwindSafe(|| check.check()));
    let message = failed.unwrap_err().downcast::<String>();
    *message.unwrap()
}

#[test]
fn a_strangers_crate_is_played() {
    let (well, text) = printed(&Stranger::new("played").test(&[]));
    assert!(well, "{text}");
    assert!(text.contains("test one_permit_for_two ... ok"), "{text}");
}

#[test]
fn a_scene_is_played_as_often_as_one_says() {
    let played = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&played);
    check::scene(move || count.fetch_add(1, Relaxed))
        .plays(7)
        .must_occur("what an exploration alone can know")
        .check();
    assert_eq!(played.load(Relaxed), 7);
}

#[test]
fn a_forbidden_value_ends_the_play() {
    let played = AtomicU32::new(0);
    let third = check::scene(move || played.fetch_add(1, Relaxed) / 2)
        .forbid(|&half| (half == 1).then_some("the third"));
    assert_eq!(
        failure(third),
        "FORBIDDEN: 1 (the third)\n\
         played 3 times with real threads: 0: 2, 1: 1\n\
         how it comes about: RUSTFLAGS=\"--cfg loom\" cargo test"
    );
}

#[test]
fn grades_of_ones_own_are_heeded() {
    let wrong = || check::scene(|| 1).grade(|_| check::Judged::forbidden("wrong", "on purpose"));
    assert!(failure(wrong()).starts_with("FORBIDDEN: wrong (on purpose)\n"));
    wrong().allow("wrong").check();
}

#[test]
fn a_panic_is_forbidden_unless_it_is_allowed() {
    let panics = || check::scene(|| assert_eq!(1 + 1, 3, "no arithmetic"));
    let message = failure(panics());
    assert!(message.starts_with("FORBIDDEN: panic ("), "{message}");
    assert!(message.contains("no arithmetic"), "{message}");
    panics().allow("panic").check();
}

#[test]
fn a_play_that_does_not_end_is_a_deadlock_and_does_not_hang() {
    let for_ever = || -> () {
        loop {
            std::thread::park();
        }
    };
    let deadlock = || check::scene(for_ever).step_timeout(STEP_TIMEOUT);
    assert_eq!(
        failure(deadlock()).lines().next(),
        Some("FORBIDDEN: deadlock (a deadlock or livelock: no end for 100ms)")
    );
    deadlock().allow("deadlock").check();
    deadlock().allow("livelock").check();
}

#[test]
fn a_data_race_cannot_be_allowed() {
    let allowed = catch_unwind(|| drop(check::scene(|| ()).allow("data race")));
    assert!(allowed.is_err());
}

#[test]
fn only_the_model_explores() {
    assert_eq!(check::scene(|| ()).explore().unwrap_err(), NotTheModel);
}

/// The test harness would call that success.
#[test]
#[cfg(unix)]
fn a_scene_that_exits_passes_no_test() {
    let mut alone = Command::new(std::env::current_exe().unwrap());
    alone.args(["--ignored", "--exact", "check::exits"]);
    let output = alone.output().unwrap();
    let (_, text) = printed(&output);
    assert_eq!(output.status.code(), Some(101), "{text}");
    assert!(
        text.contains("`exit` ended the process while a scene ran"),
        "{text}"
    );
}

#[test]
#[ignore = "ends the process"]
fn exits() {
    check::scene(|| Actors::<()>::new().enter("ann", || exit(0)).run()).check();
}

/// A backtrace would lead only into racecourse, and bury the message.
#[test]
fn a_failure_is_told_without_a_backtrace() {
    let mut alone = Command::new(std::env::current_exe().unwrap());
    alone.args(["--ignored", "--exact", "check::fails"]);
    let output = alone.env("RUST_BACKTRACE", "1").output().unwrap();
    let (well, text) = printed(&output);
    assert!(!well);
    let place = format!("check failed at {}:{FAILS_AT}:", file!());
    assert!(text.contains(&place), "{text}");
    let message = "\nFORBIDDEN: 1 (on purpose)\nplayed 1 time with real threads: 1: 1\n";
    assert!(text.contains(message), "{text}");
    assert!(!text.contains("backtrace"), "{text}");
    assert!(!text.contains("panicked"), "{text}");
}

const FAILS_AT: u32 = line!() + 5;

#[test]
#[ignore = "it fails"]
fn fails() {
    check::scene(|| 1).forbid(|_| Some("on purpose")).check();
}
