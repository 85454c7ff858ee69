//! A verdict that can be trusted: a scene that ends the process passes no test, and what the
//! model cannot see is named. Most of this runs in a process of its own.

use crate::alone::{Last, alone, run_alone};
use crate::fixture::printed;
use racecourse::check::{self, Budget, Exploration};
use racecourse::sync::{Actors, Arc, Mutex, thread};
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, abort, exit};
use std::time::Duration;

const STEP_TIMEOUT: Duration = Duration::from_millis(500);
/// Nothing that needs step_timeout would end in time.
const LONG: Duration = Duration::from_secs(600);

/// How the ignored test of that name ends its process, and what it prints.
fn ended(name: &str) -> (ExitStatus, String) {
    let output = run_alone(&format!("{}::ends::{name}", module_path!()));
    let (_, text) = printed(&output);
    assert!(!text.contains("test result"), "{text}");
    (output.status, text)
}

#[test]
fn a_scene_that_exits_passes_no_test() {
    for (name, place) in [
        (
            "exits",
            "in thread `bob`, after its step at loom-tests/verdict.rs:",
        ),
        ("exits_before_its_first_step", "in thread `ann`. "),
        ("exits_in_a_destructor", "in thread `main`. "),
        (
            "exits_while_it_unwinds",
            "in thread `bob`, after its step at loom-tests/verdict.rs:",
        ),
        (
            "exits_on_a_thread_of_std",
            "`exit` ended the process while a scene ran. ",
        ),
        (
            "exits_when_its_thread_has_ended",
            "`exit` ended the process while a scene ran. ",
        ),
    ] {
        let (status, text) = ended(name);
        assert_eq!(status.code(), Some(101), "{name}: {text}");
        assert!(
            text.contains("racecourse: `exit` ended the process"),
            "{name}: {text}"
        );
        assert!(text.contains(place), "{name}: {text}");
        assert!(text.contains("This is not a verdict"), "{name}: {text}");
        assert!(!text.contains("src/engine"), "{name}: {text}");
    }
}

#[test]
fn a_scene_that_aborts_or_is_killed_passes_no_test() {
    let (status, text) = ended("aborts");
    assert_eq!(status.signal(), Some(6), "{text}");
    let says = "racecourse: `abort` ended the process while a scene ran, in thread `bob`, after";
    assert!(text.contains(says), "{text}");
    let (status, text) = ended("is_killed");
    assert_eq!(status.signal(), Some(9), "{text}");
}

#[test]
fn an_exit_elsewhere_is_what_it_was() {
    let (status, text) = ended("exits_after_an_exploration");
    assert_eq!(status.code(), Some(0), "{text}");
    assert!(!text.contains("racecourse: "), "{text}");
}

mod ends {
    use super::*;

    /// Ann takes a step, then bob takes one and does `then`.
    fn bob(then: impl Fn() + Send + Sync + 'static) {
        check::scene(move || {
            let number = Mutex::new(0);
            let ann = || *number.lock().unwrap() += 1;
            let bob = || {
                ann();
                then();
            };
            Actors::new().enter("ann", ann).enter("bob", bob).run();
        })
        .check();
    }

    #[test]
    #[ignore = "ends the process"]
    fn exits() {
        bob(|| exit(0));
    }

    #[test]
    #[ignore = "ends the process"]
    fn exits_in_a_destructor() {
        check::scene(|| drop(Last(|| exit(0)))).check();
    }

    #[test]
    #[ignore = "ends the process"]
    fn exits_while_it_unwinds() {
        bob(|| {
            let _last = Last(|| exit(0));
            panic!("on purpose");
        });
    }

    #[test]
    #[ignore = "ends the process"]
    fn exits_before_its_first_step() {
        check::scene(|| {
            Actors::<()>::new().enter("ann", || exit(0)).run();
        })
        .check();
    }

    #[test]
    #[ignore = "ends the process"]
    fn exits_on_a_thread_of_std() {
        check::scene(|| spawns(|| exit(0))).check();
    }

    #[test]
    #[ignore = "ends the process"]
    fn exits_when_its_thread_has_ended() {
        thread_local! {
            static LAST: Last<fn()> = const { Last(|| exit(0)) };
        }
        check::scene(|| LAST.with(|_| ())).check();
        // Until it does: nothing is ever written.
        let (mut silent, _writer) = std::io::pipe().unwrap();
        silent.read_exact(&mut [0]).unwrap();
    }

    #[test]
    #[ignore = "ends the process"]
    fn aborts() {
        bob(|| abort());
    }

    #[test]
    #[ignore = "ends the process"]
    fn is_killed() {
        bob(|| {
            let me = rustix::process::getpid();
            rustix::process::kill_process(me, rustix::process::Signal::KILL).unwrap();
        });
    }

    #[test]
    #[ignore = "ends the process"]
    fn exits_after_an_exploration() {
        check::scene(|| ()).check();
        exit(0);
    }
}

/// What the verdict and the outcomes of that scene say.
fn said(step_timeout: Duration, scene: impl Fn() + Send + Sync + 'static) -> String {
    let check = check::scene(scene)
        .step_timeout(step_timeout)
        .budget(Budget::NONE);
    let found: Exploration = check.explore().unwrap();
    let rows = found
        .outcomes
        .iter()
        .map(|row| format!("; {}: {}", row.outcome, row.meaning));
    let text = found.verdict() + &rows.collect::<String>();
    println!("{text}");
    text
}

fn names(text: &str, line: u32, what: &str, instead: &str) {
    let cause = format!(
        "loom-tests/verdict.rs:{line} uses std::{what}, which the model cannot see; \
         use racecourse::sync::{instead}"
    );
    assert!(text.contains(&cause), "{cause}: {text}");
}

const MUTEX: u32 = line!() + 1;
type Unseen = std::sync::Mutex<u32>;
const FLAG: u32 = line!() + 1;
type Flag = std::sync::atomic::AtomicBool;
const SPAWN: u32 = line!() + 2;
fn spawns<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) {
    std::thread::spawn(body)
        .join()
        .unwrap_or_else(|_| panic!("it failed"));
}

alone! {
    a_lock_of_std_that_blocks_is_named {
        let text = said(STEP_TIMEOUT, || {
            let lock = Unseen::new(0);
            let number = Mutex::new(0);
            let add = || {
                let _held = lock.lock();
                *number.lock().unwrap() += 1;
            };
            Actors::new().enter("ann", add).enter("bob", add).run();
        });
        assert!(text.starts_with("STOPPED after 0 executions because the scene does not go on"));
        names(&text, MUTEX, "sync::Mutex", "Mutex");
    }

    /// Here the scene takes no step at all.
    a_lock_of_std_that_is_locked_twice_is_named {
        let text = said(STEP_TIMEOUT, || {
            let lock = Unseen::new(0);
            let _held = lock.lock();
            drop(lock.lock());
        });
        names(&text, MUTEX, "sync::Mutex", "Mutex");
    }

    a_flag_of_std_that_is_waited_for_is_named {
        let text = said(STEP_TIMEOUT, || {
            let flag = Flag::new(false);
            let waits = || while !flag.load(std::sync::atomic::Ordering::Relaxed) { std::hint::spin_loop(); };
            let sets = || flag.store(true, std::sync::atomic::Ordering::Relaxed);
            Actors::new().enter("waits", waits).enter("sets", sets).run();
        });
        assert!(text.contains("loops without end"), "{text}");
        names(&text, FLAG, "sync::atomic::AtomicBool", "atomic::AtomicBool");
    }

    a_lock_of_std_that_remembers_is_named {
        static EXECUTIONS: Unseen = Unseen::new(0);
        let text = said(LONG, || {
            let number = Mutex::new(0);
            *EXECUTIONS.lock().unwrap() += 1;
            for _ in 0..*EXECUTIONS.lock().unwrap() {
                *number.lock().unwrap() += 1;
            }
        });
        assert!(text.contains("the scene is not deterministic"), "{text}");
        names(&text, MUTEX, "sync::Mutex", "Mutex");
    }

    a_thread_of_std_is_named {
        let text = said(LONG, || {
            let number = Arc::new(Mutex::new(0));
            spawns(move || *number.lock().unwrap() += 1);
        });
        assert!(text.contains("panic: it failed (likely cause: "), "{text}");
        names(&text, SPAWN, "thread::spawn", "thread::spawn");
    }

    /// Where none of it is the reason.
    an_ordinary_panic_has_no_such_cause {
        let text = said(LONG, || drop(thread::spawn(|| panic!("on purpose"))));
        assert!(text.contains("panic: on purpose"), "{text}");
        assert!(!text.contains("likely cause"), "{text}");
    }
}
