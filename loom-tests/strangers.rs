//! One's own code under the model, and what strangers may do wrong: every mistake
//! is explained, and none hangs or ends the process.

use crate::fixture::{Stranger, printed};
use racecourse::check::{self, Check, Exploration, Grade, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use racecourse::sync::{Actors, Arc, Condvar, Mutex, Named, thread};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::Duration;

const STEP_TIMEOUT: Duration = Duration::from_millis(300);

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .expect("a panic with a message")
}

/// With what message it fails.
fn failure<T: Debug + 'static>(check: Check<T>) -> String {
    let failed = catch_unwind(AssertUnwindSafe(|| check.check()));
    message(&*failed.unwrap_err())
}

fn explored<T: Debug + 'static>(scene: impl Fn() -> T + Send + Sync + 'static) -> Exploration {
    check::scene(scene).explore().unwrap()
}

/// Two threads at once.
fn two<R: Send>(part: impl Fn() -> R + Sync) -> Vec<R> {
    Actors::new().enter("ann", &part).enter("bob", &part).run()
}

mod a_strangers_crate {
    use super::*;

    #[test]
    fn is_proved_where_it_is_right_and_told_how_it_is_wrong() {
        let stranger = Stranger::new("explored");
        let (well, text) = printed(&stranger.test(&["--nocapture"]));
        assert!(well, "{text}");
        assert!(text.contains("✓  [true, false]"), "{text}");
        assert!(text.contains("COMPLETE: "), "{text}");

        let (well, text) = printed(&stranger.test(&["--ignored"]));
        assert!(!well, "{text}");
        assert!(text.contains("0 passed; 2 failed"), "{text}");
        // The table, the story at its simplest, the verdict, and what is missing.
        let story = include_str!("../src/check/story.txt");
        for line in [
            "FORBIDDEN: [true, true]\n\n",
            "✗  [true, true]",
            "COMPLETE: ",
            story,
            "`[0]` must occur, and did not\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}

mod checks {
    use super::*;

    fn sum() -> Check<usize> {
        check::scene(|| {
            let sum = AtomicUsize::new(0).named("sum");
            two(|| sum.store(sum.load(SeqCst) + 1, SeqCst));
            sum.load(SeqCst)
        })
    }

    #[test]
    fn what_nobody_forbids_is_fine() {
        sum().must_occur("1").must_occur("2").check();
    }

    #[test]
    fn what_somebody_forbids_is_told() {
        let message = failure(sum().forbid(|&sum| (sum == 1).then_some("lost")));
        assert!(message.starts_with("FORBIDDEN: 1\n\n"), "{message}");
        assert!(message.contains("FORBIDDEN: 1\n1 preemption"), "{message}");
        assert_eq!(message.matches("preemption").count(), 1, "{message}");
    }

    #[test]
    fn a_report_of_an_exploration_is_what_check_shows() {
        let forbid = || sum().forbid(|&sum| (sum == 1).then_some("lost"));
        let report = check::report(&forbid().explore().unwrap());
        assert!(failure(forbid()).ends_with(report.trim_end()), "{report}");
    }

    #[test]
    fn grades_of_ones_own_are_heeded() {
        let graded = || {
            sum().grade(|sum| match sum {
                2 => Judged::promised("both", "two of two"),
                _ => Judged::forbidden("lost", "one of two"),
            })
        };
        assert!(failure(graded()).contains("got       lost: one of two\n"));
        let found = graded().allow("lost").explore().unwrap();
        let rows = found.outcomes.iter();
        let rows: Vec<_> = rows.map(|row| (&*row.outcome, row.grade)).collect();
        assert_eq!(rows, [("both", Grade::Promised), ("lost", Grade::Allowed)]);
        graded().allow("lost").check();
    }

    /// A name may hide what makes the difference.
    #[test]
    fn values_that_look_alike_and_are_not_are_both_seen() {
        let alike = |forbidden: usize| {
            failure(sum().grade(move |&sum| match sum == forbidden {
                true => Judged::forbidden("a sum", "the wrong one"),
                false => Judged::promised("a sum", "the right one"),
            }))
        };
        for forbidden in [1, 2] {
            assert!(alike(forbidden).contains("got       a sum: the wrong one"));
        }
    }

    #[test]
    fn what_must_occur_and_does_not_fails() {
        let message = failure(sum().must_occur("3"));
        assert!(
            message.starts_with("`3` must occur, and did not\n\n"),
            "{message}"
        );
    }

    #[test]
    fn what_is_not_complete_is_no_proof() {
        let message = failure(sum().max_executions(1));
        let verdict = "STOPPED after 1 execution: not a proof\n";
        assert!(message.starts_with(verdict), "{message}");
        let many = check::scene(|| {
            let sum = AtomicUsize::new(0);
            let add = || (0..2).for_each(|_| sum.store(sum.load(SeqCst) + 1, SeqCst));
            let actors = Actors::new().enter("ann", add).enter("bob", add);
            actors.enter("cyd", add).run();
        });
        let message = failure(many.max_time(Duration::ZERO));
        assert!(message.starts_with("STOPPED after "), "{message}");
    }

    #[test]
    fn deadlock_and_panic_are_forbidden_unless_they_are_allowed() {
        let deadlock = || {
            check::scene(|| {
                let (m, c) = (Mutex::new(()), Condvar::new());
                drop(c.wait(m.lock().unwrap()));
            })
        };
        assert!(failure(deadlock()).starts_with("FORBIDDEN: deadlock\n"));
        deadlock().allow("deadlock").must_occur("deadlock").check();

        let panics = || check::scene(|| assert_eq!(1 + 1, 3, "no arithmetic"));
        assert!(failure(panics()).contains("no arithmetic"));
        panics().allow("panic").must_occur("panic").check();
    }

    #[test]
    fn the_memory_model_is_the_stricter_unless_one_says() {
        assert_eq!(sum().explore().unwrap().memory, Memory::C11);
        let found = sum().memory(Memory::Sc).explore().unwrap();
        assert_eq!(found.memory, Memory::Sc);
    }
}

mod cancelled {
    use super::*;

    /// Explores a scene that cancels its own exploration when it is run for the third time,
    /// and then does `then`. That is its second execution: the first was run once more, to
    /// be told.
    fn cancelled(then: impl Fn() + Send + Sync + 'static) -> Exploration {
        let cancel = std::sync::Arc::new(AtomicBool::new(false));
        let mut options = Options::new(Memory::Sc);
        // A test that needs this long has failed.
        options.step_timeout = Duration::from_secs(3600);
        options.cancel = Some(std::sync::Arc::clone(&cancel));
        let executions = AtomicU32::new(0);
        let scene = move || {
            let sum = AtomicUsize::new(0);
            two(|| (0..3).for_each(|_| sum.store(sum.load(SeqCst) + 1, SeqCst)));
            if executions.fetch_add(1, SeqCst) == 2 {
                cancel.store(true, SeqCst);
                then();
            }
            Judged::promised("ended", "both have ended")
        };
        explore(options, std::sync::Arc::new(scene)).unwrap()
    }

    #[test]
    fn an_exploration_keeps_what_it_has_found() {
        let found = cancelled(|| ());
        assert_eq!(
            found.verdict(),
            "STOPPED after 2 executions because it was interrupted: not a proof"
        );
        assert_eq!(found.executions, 2);
        assert_eq!(found.outcome("ended").unwrap().executions, 2);
    }

    #[test]
    fn a_scene_that_blocks_is_left_behind() {
        let (_wake, sleeps) = std::sync::mpsc::channel::<()>();
        let sleeps = std::sync::Mutex::new(sleeps);
        let found = cancelled(move || _ = sleeps.lock().unwrap().recv());
        let verdict = found.verdict();
        let start = "STOPPED after 1 execution because it was interrupted (no step for 1s since ";
        assert!(verdict.starts_with(start), "{verdict}");
        assert!(verdict.contains("strangers.rs:"), "{verdict}");
    }
}

mod mistakes {
    use super::*;

    fn stopped(found: &Exploration) -> String {
        assert!(!found.is_complete(), "{}", check::report(found));
        let outcomes = found.outcomes.iter();
        let meanings: Vec<_> = outcomes.map(|row| &*row.meaning).collect();
        format!("{}; {}", found.verdict(), meanings.join("; "))
    }

    #[test]
    fn a_seventeenth_thread() {
        let found = explored(|| {
            let threads: Vec<_> = (0..17).map(|_| thread::spawn(|| ())).collect();
            threads.into_iter().for_each(|thread| drop(thread.join()));
        });
        let stopped = stopped(&found);
        assert!(stopped.contains("at most 16 beside its own"), "{stopped}");
    }

    /// Kept from one execution to the next, or made in another exploration.
    #[test]
    fn an_object_of_another_execution() {
        let kept = std::sync::Arc::new(std::sync::OnceLock::<Mutex<u32>>::new());
        let use_it = || {
            let kept = std::sync::Arc::clone(&kept);
            move || {
                let kept = kept.get_or_init(|| Mutex::new(0));
                two(|| *kept.lock().unwrap() += 1);
            }
        };
        for _ in 0..2 {
            let stopped = stopped(&explored(use_it()));
            assert!(stopped.contains("another execution"), "{stopped}");
            assert!(stopped.contains("inside the scene"), "{stopped}");
        }
    }

    #[test]
    fn an_object_outside_of_any_scene() {
        let outside = catch_unwind(|| *Mutex::new(0).lock().unwrap());
        let message = message(&*outside.unwrap_err());
        assert!(message.contains("outside of an exploration"), "{message}");
        let outside = catch_unwind(|| thread::spawn(|| ()).join()).map(|_| ());
        assert!(outside.is_err());
    }

    /// Somebody outside has kept it.
    #[test]
    fn an_object_that_has_left_its_scene() {
        let left = std::sync::Arc::new(std::sync::Mutex::new(None));
        let leave = std::sync::Arc::clone(&left);
        explored(move || *leave.lock().unwrap() = Some(Mutex::new(0)));
        let gone = left.lock().unwrap().take().unwrap();
        let used = catch_unwind(AssertUnwindSafe(|| drop(gone.lock())));
        let message = message(&*used.unwrap_err());
        assert!(message.contains("outside of an exploration"), "{message}");
    }

    #[test]
    fn a_thread_of_std() {
        let found = explored(|| {
            let number = Arc::new(AtomicUsize::new(0));
            let foreign = std::thread::spawn(move || number.fetch_add(1, SeqCst));
            message(&*foreign.join().unwrap_err())
        });
        let message = &found.outcomes[0].outcome;
        assert!(message.contains("outside of an exploration"), "{message}");
    }

    #[test]
    fn a_scene_inside_a_scene() {
        let found = explored(|| check::scene(|| ()).check());
        let panic = found.outcome("panic").unwrap();
        assert!(
            panic.meaning.contains("inside another"),
            "{}",
            panic.meaning
        );
    }

    #[test]
    fn a_scene_that_does_something_else_each_time() {
        let times = AtomicU32::new(0);
        let found = explored(move || {
            let odd = times.fetch_add(1, SeqCst) % 2 == 1;
            let (a, b) = (AtomicUsize::new(0), AtomicUsize::new(0));
            two(|| {
                (if odd { &a } else { &b }).fetch_add(1, SeqCst);
                if odd {
                    b.fetch_add(1, SeqCst);
                }
            });
        });
        let stopped = stopped(&found);
        assert!(stopped.contains("deterministic"), "{stopped}");
    }

    /// The model takes it for a program that goes on and on.
    #[test]
    fn a_loop_that_waits_and_does_not_say_so() {
        let line = line!() + 4;
        let scene = || {
            let ready = AtomicUsize::new(0);
            let waits = || {
                while ready.load(SeqCst) == 0 {} // the line that is named
            };
            let sets = || ready.store(1, SeqCst);
            Actors::new().enter("ann", waits).enter("bob", sets).run();
        };
        let stopped = stopped(&check::scene(scene).explore().unwrap());
        let remedy = format!(
            "the last step was at loom-tests/strangers.rs:{line} in thread `ann`. If a loop waits \
             for another thread, put `racecourse::sync::hint::spin_loop()` into it)"
        );
        assert!(stopped.starts_with("STOPPED after "), "{stopped}");
        assert_eq!(stopped.matches(&remedy).count(), 2, "{stopped}");
        assert!(stopped.contains("in thread `ann`"), "{stopped}");
        let found = check::scene(scene).explore().unwrap();
        insta::assert_snapshot!(
            "an_endless_loop",
            found.verdict().replace(&format!(":{line}"), ":LINE")
        );
    }

    /// It says that it waits: so that is no remedy.
    #[test]
    fn a_loop_that_yields_without_end() {
        let scene = || {
            let yields = || loop {
                racecourse::sync::hint::spin_loop();
            };
            Actors::new().enter("ann", yields).run();
        };
        let found = check::scene(scene).explore().unwrap();
        println!("{}", check::report(&found));
        assert!(!stopped(&found).contains("into the loop at"));
    }

    /// One thread holds it while another, on the same thread of the operating
    /// system, waits for it.
    #[test]
    fn a_lock_of_std_held_while_others_run() {
        let scene = || {
            let (lock, number) = (std::sync::Mutex::new(()), AtomicUsize::new(0));
            two(|| {
                let _held = lock.lock();
                number.fetch_add(1, SeqCst);
            });
        };
        let stopped = stopped(
            &check::scene(scene)
                .step_timeout(STEP_TIMEOUT)
                .explore()
                .unwrap(),
        );
        assert!(stopped.contains("outside of the model"), "{stopped}");
        assert!(stopped.contains("for 300ms"), "{stopped}");
        let message = failure(check::scene(scene).step_timeout(STEP_TIMEOUT));
        assert!(message.contains("outside of the model"), "{message}");
    }

    /// Its arrays alone take 16 MiB.
    #[test]
    fn a_deep_recursion_needs_larger_stacks() {
        fn uses(kilobytes: usize) -> usize {
            let frame = std::hint::black_box([1_u8; 1024]);
            let more = if kilobytes > 1 {
                uses(kilobytes - 1)
            } else {
                0
            };
            more + usize::from(std::hint::black_box(&frame)[0])
        }
        let scene = || Actors::new().enter("ann", || uses(16 * 1024)).run();
        let check = check::scene(scene).stack_size(64 * 1024 * 1024);
        let found = check.explore().unwrap();
        assert!(found.is_complete());
        assert_eq!(found.outcomes[0].outcome, "[16384]");
    }

    /// When it wakes up, it finds that nobody waits for it.
    #[test]
    fn a_scene_that_sleeps_too_long() {
        let times = std::sync::Arc::new(AtomicU32::new(0));
        let count = std::sync::Arc::clone(&times);
        let scene = move || {
            count.fetch_add(1, SeqCst);
            let number = AtomicUsize::new(0);
            two(|| {
                std::thread::sleep(STEP_TIMEOUT * 3);
                number.fetch_add(1, SeqCst);
            });
        };
        let found = check::scene(scene)
            .step_timeout(STEP_TIMEOUT)
            .explore()
            .unwrap();
        assert!(stopped(&found).contains("after 0 executions because the scene does not go on"));
        std::thread::sleep(STEP_TIMEOUT * 10);
        assert_eq!(times.load(SeqCst), 1);
    }
}

/// A panic in a destructor that runs because of a panic ends the process: so the
/// model's objects must not panic there, whatever is wrong. Each is tried in a
/// process of its own.
mod while_unwinding {
    use super::*;
    use crate::alone::{alone, panics_and_does};

    /// A lock that is left of a scene which has been explored.
    fn left_over() -> Mutex<u32> {
        let left = std::sync::Arc::new(std::sync::Mutex::new(None));
        let leave = std::sync::Arc::clone(&left);
        explored(move || *leave.lock().unwrap() = Some(Mutex::new(0)));
        left.lock().unwrap().take().unwrap()
    }

    alone! {
        a_lock_is_used_outside_of_its_scene {
            let left = left_over();
            panics_and_does(|| drop(left.lock()));
        }

        a_lock_is_used_in_another_scene {
            let left = std::sync::Arc::new(left_over());
            let found = explored(move || panics_and_does(|| drop(left.lock())));
            assert!(!found.outcomes.is_empty());
        }

        a_lock_is_used_on_a_thread_of_std {
            explored(|| {
                let lock = Arc::new(Mutex::new(0));
                let foreign = std::thread::spawn(move || panics_and_does(|| drop(lock.lock())));
                drop(foreign.join());
            });
        }

        a_seventeenth_thread_is_started {
            let found = explored(|| {
                let _threads: Vec<_> = (0..16).map(|_| thread::spawn(|| ())).collect();
                panics_and_does(|| drop(thread::spawn(|| ())));
            });
            // Nobody else could run: it ran at once, and needed no place of its own.
            assert!(found.is_complete());
        }

        another_thread_is_waited_for {
            let found = explored(|| {
                let flag = Arc::new(AtomicUsize::new(0));
                let set = Arc::clone(&flag);
                let setter = thread::spawn(move || set.store(1, SeqCst));
                panics_and_does(|| while flag.load(SeqCst) == 0 {});
                drop(setter.join());
            });
            assert!(found.outcome("panic").is_some() || !found.is_complete());
        }

        a_scene_is_explored {
            explored(|| panics_and_does(|| drop(catch_unwind(|| check::scene(|| ()).check()))));
        }
    }
}
