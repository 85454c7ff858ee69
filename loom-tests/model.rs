//! The model against what is known to exist: loom's holes, counts, timeouts,
//! deadlocks and the like as outcomes.

use racecourse::explorer::report::{Budget, Exploration, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use racecourse::sync::atomic::{AtomicBool, AtomicUsize, fence};
use racecourse::sync::cell::UnsafeCell;
use racecourse::sync::{Actors, Arc, Condvar, Mutex, Named, TryLockError, hint, thread};
use std::fmt::Display;
use std::time::Duration;

/// Threads do nothing beside running in any order.
fn options(memory: Memory) -> Options {
    let mut options = Options::new(memory);
    options.budget = Budget::NONE;
    options
}

/// Every interleaving of a scene that comes to something.
fn all<T: Display>(memory: Memory, scene: impl Fn() -> T + Send + Sync + 'static) -> Exploration {
    all_with(options(memory), scene)
}

fn all_with<T: Display>(
    options: Options,
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Exploration {
    let scene = move || Judged::promised(scene().to_string(), "");
    let exploration = explore(options, std::sync::Arc::new(scene)).unwrap();
    assert_eq!(exploration.stopped, None);
    exploration
}

/// The names of the outcomes, in order.
fn outcomes<T: Display>(
    memory: Memory,
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Vec<String> {
    all(memory, scene)
        .outcomes
        .into_iter()
        .map(|row| row.outcome)
        .collect()
}

fn in_both(expected: &[&str], scene: impl Fn() -> String + Send + Sync + Clone + 'static) {
    for memory in [Memory::Sc, Memory::C11] {
        assert_eq!(outcomes(memory, scene.clone()), expected, "{memory}");
    }
}

fn two<R: Send>(a: impl FnOnce() -> R + Send, b: impl FnOnce() -> R + Send) -> (R, R) {
    let mut results = Actors::new().enter("a", a).enter("b", b).run().into_iter();
    (results.next().unwrap(), results.next().unwrap())
}

mod what_loom_misses {
    use super::*;

    #[test]
    fn a_load_and_a_store_against_a_load() {
        in_both(&["b read 0", "b read 1"], || {
            let x = AtomicUsize::new(0);
            let (_, b) = two(
                || {
                    x.load(SeqCst);
                    x.store(1, SeqCst);
                    0
                },
                || x.load(SeqCst),
            );
            format!("b read {b}")
        });
    }

    #[test]
    fn two_lost_updates() {
        in_both(&["(0, 0)", "(0, 1)", "(1, 0)"], || {
            let x = AtomicUsize::new(0);
            let add = || {
                let seen = x.load(SeqCst);
                x.store(seen + 1, SeqCst);
                seen
            };
            format!("{:?}", two(add, add))
        });
    }

    #[test]
    fn a_fetch_update_against_a_load() {
        in_both(&["b read 0", "b read 1"], || {
            let x = AtomicUsize::new(0);
            let (_, b) = two(
                || x.fetch_update(SeqCst, SeqCst, |x| Some(x + 1)).unwrap(),
                || x.load(SeqCst),
            );
            format!("b read {b}")
        });
    }

    #[test]
    fn a_try_lock_that_fails() {
        in_both(&["b fails", "b locks"], || {
            let x = Mutex::new(0);
            let (_, b) = two(
                || {
                    *x.lock().unwrap() += 1;
                    true
                },
                || x.try_lock().is_ok(),
            );
            format!("b {}", if b { "locks" } else { "fails" })
        });
    }
}

mod what_brute_force_found {
    use super::*;

    /// How many different interleavings come to each outcome, within a budget.
    fn counts<T: Display>(
        set: impl Fn(&mut Budget),
        scene: impl Fn() -> T + Send + Sync + 'static,
    ) -> Vec<(String, u64)> {
        let mut options = options(Memory::Sc);
        set(&mut options.budget);
        let rows = all_with(options, scene).outcomes.into_iter();
        rows.map(|row| (row.outcome, row.different)).collect()
    }

    fn rows<const N: usize>(rows: [(&str, u64); N]) -> Vec<(String, u64)> {
        rows.map(|(outcome, different)| (outcome.to_owned(), different))
            .into()
    }

    /// Executions were cut short where they came to a trace seen before.
    #[test]
    fn every_order_of_two_notifications_and_nested_locks() {
        let found = all(Memory::Sc, || {
            let (m, n, c) = (Mutex::new(()), Mutex::new(()), Condvar::new());
            Actors::new()
                .enter("a", || {
                    c.notify_one();
                    let _n = n.lock().unwrap();
                    let _m = m.lock().unwrap();
                })
                .enter("b", || c.notify_one())
                .enter("c", || {
                    drop(c.wait(m.lock().unwrap()).unwrap());
                    drop(n.lock().unwrap());
                })
                .run();
            "done"
        });
        assert_eq!(found.outcome("done").unwrap().different, 13);
        assert_eq!(found.outcome("deadlock").unwrap().different, 4);
    }

    /// A waiter that was notified could have timed out instead. An earlier engine found that
    /// only if the waiter ran before the notification.
    #[test]
    fn every_order_of_a_notification_and_a_time_out() {
        let found = all(Memory::Sc, || {
            let (x, m, n) = (AtomicUsize::new(0), Mutex::new(()), Mutex::new(()));
            let c = Condvar::new();
            let wait = |guard| c.wait_timeout(guard, Duration::from_secs(1)).unwrap();
            let results = Actors::new()
                .enter("a", || {
                    x.load(SeqCst);
                    None
                })
                .enter("b", || {
                    let waited = wait(m.try_lock().ok()?).1.timed_out();
                    x.load(SeqCst);
                    Some(waited)
                })
                .enter("c", || {
                    let (_n, result) = wait(n.lock().unwrap());
                    let _m = m.lock().unwrap();
                    c.notify_one();
                    Some(result.timed_out())
                })
                .run();
            format!("{:?}", &results[1..])
        });
        let different: u64 = found.outcomes.iter().map(|row| row.different).sum();
        assert_eq!(
            different,
            10,
            "{:?}",
            found
                .outcomes
                .iter()
                .map(|r| (&r.outcome, r.different))
                .collect::<Vec<_>>()
        );
    }

    /// An execution was aborted when somebody was notified who was to wake by
    /// himself: nobody learned what else would have raced with what had been done.
    #[test]
    fn every_order_of_a_notification_and_a_spurious_wake_up() {
        let found = counts(
            |budget| budget.spurious_wake_ups = 1,
            || {
                let (m, n, c) = (Mutex::new(()), Mutex::new(()), Condvar::new());
                let results = Actors::new()
                    .enter("a", || {
                        drop(c.wait(m.lock().unwrap()).unwrap());
                        true
                    })
                    .enter("b", || {
                        let guard = n.try_lock();
                        guard.map(|guard| drop(c.wait(guard).unwrap())).is_ok()
                    })
                    .enter("c", || {
                        let _n = n.lock().unwrap();
                        let _m = m.lock().unwrap();
                        c.notify_one();
                        true
                    })
                    .run();
                if results[1] { "b locked" } else { "b did not" }
            },
        );
        let expected = [("b did not", 4), ("b locked", 16), ("deadlock", 17)];
        assert_eq!(found, rows(expected));
    }

    /// A thread that finds its token does not wait, and so takes from no budget. An earlier
    /// engine overlooked that it could have taken from it before, and left nothing to another.
    #[test]
    fn every_order_of_two_waits_that_could_end_by_themselves() {
        let found = counts(
            |budget| budget.spurious_wake_ups = 1,
            || {
                let (x, m, c) = (AtomicUsize::new(0), Mutex::new(()), Condvar::new());
                let parked = thread::current();
                Actors::new()
                    .enter("a", || {
                        x.store(1, SeqCst);
                        parked.unpark();
                    })
                    .enter("b", || {
                        drop(m.lock().unwrap());
                        drop(c.wait(m.lock().unwrap()).unwrap());
                    })
                    .enter("c", thread::park)
                    .run();
                "done"
            },
        );
        assert_eq!(found, rows([("done", 3), ("deadlock", 4)]));
    }

    /// In an earlier engine the woken thread made no difference to an order's name.
    #[test]
    fn whom_a_notification_wakes_makes_a_difference() {
        let found = counts(
            |budget| budget.any_waiter = true,
            || {
                let (m, c) = (Mutex::new(()), Condvar::new());
                let wait = || drop(c.wait(m.lock().unwrap()).unwrap());
                let notify = || (0..2).for_each(|_| c.notify_one());
                Actors::new()
                    .enter("a", wait)
                    .enter("b", wait)
                    .enter("c", notify)
                    .run();
                "done"
            },
        );
        assert_eq!(found.first(), Some(&("done".to_owned(), 14)));
    }

    /// An exchange that could have succeeded was run again where it failed, and counted
    /// again: without a budget nothing kept the names of interleavings.
    #[test]
    fn an_exchange_that_reads_an_older_store_is_counted_once() {
        let counted = |all_orders: bool| {
            let mut options = options(Memory::C11);
            options.all_orders = all_orders;
            all_with(options, || {
                let x = AtomicUsize::new(0);
                let exchange = |from| x.compare_exchange(from, 1, Relaxed, Relaxed);
                Actors::new()
                    .enter("a", || exchange(2))
                    .enter("b", || exchange(0))
                    .enter("c", || {
                        x.store(2, Relaxed);
                        Ok(0)
                    })
                    .run();
                x.load(Relaxed)
            })
            .different
        };
        assert_eq!(counted(false), counted(true));
    }

    /// So was a load after a join.
    #[test]
    fn a_load_after_a_join_that_reads_an_older_store_is_counted_once() {
        let found = all(Memory::C11, || {
            let x = AtomicUsize::new(0);
            thread::scope(|s| {
                let a = s.spawn(|| x.load(Relaxed));
                s.spawn(|| x.store(1, Relaxed));
                let a = a.join().unwrap();
                format!("{a} {}", x.load(Relaxed))
            })
        });
        let found = found.outcomes.into_iter();
        let found: Vec<_> = found.map(|row| (row.outcome, row.different)).collect();
        assert_eq!(found, rows([("0 0", 1), ("0 1", 1), ("1 1", 1)]));
    }

    /// A weak exchange that finds another value takes from no budget. Had it come before,
    /// it might have left nothing to another.
    #[test]
    fn every_order_of_two_exchanges_that_could_fail_spuriously() {
        let found = counts(
            |budget| budget.weak_failures = 1,
            || {
                let [x, y] = [0; 2].map(AtomicUsize::new);
                let exchange =
                    |x: &AtomicUsize, from| x.compare_exchange_weak(from, 1, SeqCst, SeqCst);
                let results = Actors::new()
                    .enter("a", || exchange(&y, 0))
                    .enter("b", || {
                        let seen = y.load(SeqCst);
                        x.store(2, SeqCst);
                        Ok(seen)
                    })
                    .enter("c", || {
                        x.store(1, SeqCst);
                        exchange(&x, 1)
                    })
                    .run();
                format!("{results:?}")
            },
        );
        let expected = [
            ("[Err(0), Ok(0), Err(2)]", 1),
            ("[Err(0), Ok(0), Ok(1)]", 4),
            ("[Ok(0), Ok(0), Err(1)]", 4),
            ("[Ok(0), Ok(0), Err(2)]", 1),
            ("[Ok(0), Ok(0), Ok(1)]", 2),
            ("[Ok(0), Ok(1), Err(1)]", 3),
            ("[Ok(0), Ok(1), Err(2)]", 1),
            ("[Ok(0), Ok(1), Ok(1)]", 2),
        ];
        assert_eq!(found, rows(expected));
    }

    /// The steps of a destructor belong to the step that panicked. Without its panic that step
    /// is in no race, and this once hid the races of the destructor.
    #[test]
    fn every_order_of_a_panic_whose_destructor_takes_a_step() {
        struct StoresIfPanicking<'a>(&'a AtomicUsize);
        impl Drop for StoresIfPanicking<'_> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    self.0.store(1, SeqCst);
                }
            }
        }
        let mut options = options(Memory::Sc);
        options.panics_are_handled = true;
        let found = all_with(options, || {
            let [x, y, z] = [0; 3].map(AtomicUsize::new);
            thread::scope(|s| {
                let a = s.spawn(|| {
                    let _y = StoresIfPanicking(&y);
                    assert_eq!(x.load(SeqCst), 1);
                });
                s.spawn(|| {
                    z.store(1, SeqCst);
                    x.store(1, SeqCst);
                });
                let b = s.spawn(|| y.load(SeqCst));
                let panicked = a.join().is_err();
                format!("{panicked}, {}", b.join().unwrap())
            })
        });
        let names: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
        assert_eq!(names, ["false, 0", "true, 0", "true, 1"]);
    }

    /// The transition that panics releases the lock as well. Had it not panicked, it
    /// would not have raced with `try_lock`.
    #[test]
    fn every_order_of_a_panic_that_releases_a_lock() {
        let mut options = options(Memory::Sc);
        options.panics_are_handled = true;
        let found = all_with(options, || {
            let [x, y] = [0; 2].map(AtomicUsize::new);
            let lock = Mutex::new(());
            thread::scope(|s| {
                let panics = s.spawn(|| {
                    let _guard = lock.lock();
                    assert_eq!(x.load(SeqCst), 1);
                });
                s.spawn(|| {
                    y.store(1, SeqCst);
                    x.store(1, SeqCst);
                });
                let tries = s.spawn(|| match lock.try_lock() {
                    Ok(_) => "free",
                    Err(TryLockError::WouldBlock) => "held",
                    Err(TryLockError::Poisoned(_)) => "poisoned",
                });
                let panicked = panics.join().is_err();
                format!("{panicked}, {}", tries.join().unwrap())
            })
        });
        let names: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
        let expected = [
            "false, free",
            "false, held",
            "true, free",
            "true, held",
            "true, poisoned",
        ];
        assert_eq!(names, expected);
    }

    /// Read-modify-writes that read different stores were taken for the same.
    #[test]
    fn what_a_read_modify_write_has_read_makes_a_difference() {
        let found = all(Memory::C11, || {
            let x = AtomicUsize::new(0);
            let add = || x.fetch_add(1, Relaxed);
            let (seen, _) = two(
                || (add(), add()),
                || {
                    x.store(2, Relaxed);
                    (0, 0)
                },
            );
            format!("{seen:?}")
        });
        let rows = found.outcomes.iter();
        let rows: Vec<_> = rows.map(|row| (&*row.outcome, row.different)).collect();
        assert_eq!(rows, [("(0, 1)", 1), ("(0, 2)", 1), ("(2, 3)", 1)]);
    }
}

mod counts {
    use super::*;

    /// N clerks who sell T tickets under a mutex and then each see that there
    /// are none: Nᵀ·N! different interleavings, no more and no fewer.
    #[test]
    fn a_mutex_office_has_n_to_the_t_times_n_factorial_interleavings() {
        for (clerks, tickets, different) in [
            (1, 3, 1),
            (2, 1, 4),
            (2, 2, 8),
            (2, 4, 32),
            (3, 1, 18),
            (3, 2, 54),
            (3, 3, 162),
            (3, 4, 486),
            (4, 1, 96),
            (4, 2, 384),
        ] {
            let office = move || {
                let left = Mutex::new(tickets);
                let sell = || {
                    let mut sold = 0;
                    loop {
                        let mut left = left.lock().unwrap();
                        if *left == 0 {
                            return sold;
                        }
                        *left -= 1;
                        sold += 1;
                    }
                };
                let mut actors = Actors::new();
                for clerk in 0..clerks {
                    actors = actors.enter(format!("clerk-{clerk}"), sell);
                }
                actors.run().iter().sum::<i32>()
            };
            for memory in [Memory::Sc, Memory::C11] {
                let exploration = all(memory, office);
                println!("{clerks} × {tickets} {}", exploration.verdict());
                assert_eq!(
                    exploration.different, different,
                    "{clerks} × {tickets}, {memory}"
                );
                assert_eq!(exploration.outcomes.len(), 1);
            }
        }
    }
}

mod failures {
    use super::*;

    #[test]
    fn a_deadlock_is_an_outcome_and_exploration_goes_on() {
        let scene = || {
            let (a, b) = (Mutex::new(()), Mutex::new(()));
            two(
                || {
                    let _a = a.lock().unwrap();
                    let _b = b.lock().unwrap();
                },
                || {
                    let _b = b.lock().unwrap();
                    let _a = a.lock().unwrap();
                },
            );
            "done"
        };
        for memory in [Memory::Sc, Memory::C11] {
            let found = all(memory, scene);
            let deadlock = found.outcome("deadlock").unwrap();
            assert_eq!((deadlock.different, deadlock.story.preemptions), (1, 1));
            assert_eq!(found.outcome("done").unwrap().different, 2);
            let [first, second] = &deadlock.story.epilogue[..] else {
                panic!("two wait: {:?}", deadlock.story.epilogue);
            };
            assert!(
                first.starts_with("a waits to lock `b` at loom-tests/model.rs:")
                    && first.contains(", held by b since line "),
                "{first}"
            );
            assert!(
                second.starts_with("b waits to lock `a` at loom-tests/model.rs:")
                    && second.contains(", held by a since line "),
                "{second}"
            );
        }
    }

    #[test]
    fn a_lost_wake_up_says_that_no_thread_will_notify() {
        let scene = || {
            let ready = Mutex::new(false);
            let changed = Condvar::new();
            let flag = AtomicBool::new(false);
            two(
                || {
                    let guard = ready.lock().unwrap();
                    if !flag.load(SeqCst) {
                        drop(changed.wait(guard).unwrap());
                    }
                },
                || {
                    flag.store(true, SeqCst); // outside the lock
                    changed.notify_one();
                },
            );
            "done"
        };
        let found = all(Memory::Sc, scene);
        let story = &found.outcome("deadlock").unwrap().story;
        assert_eq!(story.preemptions, 1);
        let last = crate::without_place(&story.epilogue[0]);
        assert_eq!(last, "a waits on `changed`: no thread will ever notify it");
        assert!(found.outcome("done").is_some());
    }

    #[test]
    fn a_panic_is_an_outcome_with_its_message() {
        let found = all(Memory::Sc, || {
            let x = AtomicUsize::new(0);
            two(
                || assert_eq!(x.load(SeqCst), 0, "x has changed"),
                || x.store(1, SeqCst),
            );
            "done"
        });
        let panic = found.outcome("panic").unwrap();
        assert!(panic.meaning.contains("x has changed"), "{}", panic.meaning);
        assert!(found.outcome("done").is_some());
    }

    #[test]
    fn a_panic_hides_nothing_of_what_others_do() {
        // The panicking thread does nothing that conflicts: the others must be
        // explored all the same.
        let found = outcomes(Memory::Sc, || {
            let x = AtomicUsize::new(0);
            let seen = AtomicUsize::new(0);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                Actors::new()
                    .enter("a", || x.store(1, SeqCst))
                    .enter("b", || seen.store(x.load(SeqCst), SeqCst))
                    .enter("c", || panic!("c gives up"))
                    .run();
            }));
            format!("{} {}", result.is_ok(), seen.into_inner())
        });
        assert_eq!(found, ["panic"]);
    }

    #[test]
    fn a_poisoned_mutex_says_so() {
        let found = outcomes(Memory::Sc, || {
            let m = Mutex::new(0);
            let joined = thread::scope(|s| {
                let a = s.spawn(|| {
                    let _guard = m.lock().unwrap();
                    panic!("while it holds the lock");
                });
                a.join().is_err()
            });
            format!("{joined} {}", m.lock().is_err())
        });
        assert_eq!(found, ["panic"]);
    }

    #[test]
    fn endless_spinning_is_a_livelock_and_spinners_need_no_limit() {
        let scene = |spinners: &'static [&str], set: bool| {
            move || {
                let flag = AtomicBool::new(false);
                let mut actors = Actors::new();
                for &name in spinners {
                    actors = actors.enter(name, || {
                        while !flag.load(Acquire) {
                            hint::spin_loop();
                        }
                    });
                }
                actors.enter("setter", || flag.store(set, Release)).run();
                "done"
            }
        };
        for memory in [Memory::Sc, Memory::C11] {
            assert_eq!(outcomes(memory, scene(&["a", "b", "c"], true)), ["done"]);
            let found = all(memory, scene(&["a", "b"], false));
            assert_eq!(found.outcomes.len(), 1);
            let livelock = found.outcome("livelock").unwrap();
            let last = livelock.story.epilogue.iter();
            let last: Vec<String> = last.map(|line| crate::without_place(line)).collect();
            assert_eq!(
                last,
                [
                    "a spins on `flag`: no thread will ever change it",
                    "b spins on `flag`: no thread will ever change it"
                ]
            );
        }
    }

    /// It writes in each iteration, but what was there already.
    #[test]
    fn a_lock_of_one_swap_can_be_proved() {
        let scene = |acquire, release| {
            move || {
                let (lock, left) = (AtomicBool::new(false), AtomicUsize::new(0));
                let take = || {
                    while lock.swap(true, acquire) {
                        hint::spin_loop();
                    }
                    let seen = left.load(Relaxed);
                    left.store(seen + 1, Relaxed);
                    lock.store(false, release);
                };
                Actors::new()
                    .enter("a", take)
                    .enter("b", take)
                    .enter("c", take)
                    .run();
                left.load(Relaxed)
            }
        };
        assert_eq!(outcomes(Memory::Sc, scene(Relaxed, Relaxed)), ["3"]);
        assert_eq!(outcomes(Memory::C11, scene(Acquire, Release)), ["3"]);
        for (acquire, release) in [(Relaxed, Release), (Acquire, Relaxed)] {
            assert_eq!(
                outcomes(Memory::C11, scene(acquire, release)),
                ["1", "2", "3"]
            );
        }
        let held = |takers: usize| {
            move || {
                let lock = AtomicBool::new(true);
                let take = || {
                    while lock.swap(true, Acquire) {
                        hint::spin_loop();
                    }
                };
                let takers = (0..takers).fold(Actors::new(), |all, _| all.enter("taker", take));
                takers.run();
                "taken"
            }
        };
        assert_eq!(outcomes(Memory::C11, held(1)), ["livelock"]);
        // Two who give up race with each other in every iteration.
        let give_up = || {
            let lock = AtomicBool::new(true);
            let take = || {
                for _ in 0..5 {
                    if !lock.swap(true, Acquire) {
                        return true;
                    }
                    hint::spin_loop();
                }
                false
            };
            let taken = Actors::new().enter("a", take).enter("b", take).run();
            format!("{taken:?}")
        };
        in_both(&["[false, false]"], give_up);
        in_both(&["livelock"], move || held(2)().to_owned());
    }

    #[test]
    fn giving_way_is_not_waiting() {
        for polite in [thread::yield_now, hint::spin_loop] {
            let scene = move |times: usize| {
                move || {
                    let x = AtomicUsize::new(0);
                    let (a, b) = two(
                        || {
                            let seen = x.load(SeqCst);
                            (0..times).for_each(|_| polite());
                            x.store(1, SeqCst);
                            seen
                        },
                        || x.swap(2, SeqCst),
                    );
                    format!("{a} {b} {}", x.into_inner())
                }
            };
            let without = outcomes(Memory::Sc, scene(0));
            assert_eq!(without, ["0 0 1", "0 1 2", "2 0 1"]);
            assert_eq!(outcomes(Memory::Sc, scene(1)), without);
            assert_eq!(outcomes(Memory::Sc, scene(3)), without);
        }
    }

    #[test]
    fn a_spin_that_gives_up_is_no_livelock() {
        in_both(&["gave up"], || {
            let flag = AtomicBool::new(false);
            let give_up = || {
                for _ in 0..5 {
                    if flag.load(Acquire) {
                        return "went on";
                    }
                    hint::spin_loop();
                }
                "gave up"
            };
            two(give_up, give_up).0.to_owned()
        });
    }

    #[test]
    fn a_delay_without_end_is_noticed() {
        let found = explore(
            options(Memory::Sc),
            std::sync::Arc::new(|| {
                loop {
                    hint::spin_loop();
                }
            }),
        )
        .unwrap();
        assert!(found.stopped.is_some());
        assert!(found.outcome("does not end").is_some());
    }

    struct OnDrop<F: Fn()>(F);

    impl<F: Fn()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }

    /// Destructors that lock, wait or join while an execution is aborted, or
    /// while a panic unwinds: outcomes, not an aborted process.
    #[test]
    fn destructors_may_do_what_they_like() {
        let scene = |panics: bool| {
            move || {
                let m = Mutex::new(0);
                let (left, right) = (Mutex::new(()), Mutex::new(()));
                let changed = Condvar::new();
                let locks = OnDrop(|| *m.lock().unwrap_or_else(|e| e.into_inner()) += 1);
                let waits = OnDrop(|| {
                    if let Ok(guard) = m.lock() {
                        drop(changed.wait_while(guard, |m| *m == 0));
                    }
                });
                let (worker, stop) = {
                    let stop = Arc::new(AtomicBool::new(false));
                    let stopped = stop.clone();
                    let worker = thread::spawn(move || {
                        while !stopped.load(Acquire) {
                            hint::spin_loop();
                        }
                    });
                    (std::cell::Cell::new(Some(worker)), stop)
                };
                let _pool = OnDrop(|| {
                    stop.store(true, Release);
                    let _ = worker.take().map(thread::JoinHandle::join);
                });
                two(
                    || {
                        let _locks = &locks;
                        let _left = left.lock().unwrap();
                        assert!(!panics, "as asked");
                        drop(right.lock());
                    },
                    || {
                        let _right = right.lock().unwrap();
                        drop(left.lock());
                    },
                );
                drop((locks, waits));
                "done"
            }
        };
        assert_eq!(outcomes(Memory::Sc, scene(true)), ["panic"]);
        let found = outcomes(Memory::Sc, scene(false));
        assert!(found.contains(&"livelock".to_owned()), "{found:?}");
    }

    /// The deadlock ends the execution, and `b` unwinds first. Its destructor needs a
    /// lock that `a` holds, so `a` must unwind before the destructor goes on.
    #[test]
    fn a_destructor_gets_the_lock_of_another_thread_that_is_deadlocked() {
        let found = outcomes(Memory::Sc, || {
            let [m, left, right] = [(); 3].map(Mutex::new);
            Actors::new()
                .enter("a", || {
                    let _m = m.lock().unwrap();
                    let _left = left.lock().unwrap();
                    drop(right.lock());
                })
                .enter("b", || {
                    let _locks = OnDrop(|| drop(m.lock()));
                    let _right = right.lock().unwrap();
                    drop(left.lock());
                })
                .enter("c", || ())
                .run();
            "done"
        });
        assert_eq!(found, ["done", "deadlock"]);
    }

    /// `joined` is running when `panics` unwinds first: the destructor cannot wait, and
    /// the execution ends there. In another order `joined` ends first, and all goes on.
    #[test]
    fn every_order_of_a_panic_whose_destructor_joins_a_thread() {
        let mut options = options(Memory::Sc);
        options.panics_are_handled = true;
        let found = all_with(options, || {
            let panics = thread::spawn(|| {
                let x = Arc::new(AtomicUsize::new(0));
                let stored = Arc::clone(&x);
                let joined = thread::spawn(move || stored.store(1, SeqCst));
                let joined = std::cell::Cell::new(Some(joined));
                let _joins = OnDrop(|| _ = joined.take().map(thread::JoinHandle::join));
                AtomicUsize::new(0).load(SeqCst);
                panic!("on purpose");
            });
            panics.join().is_err()
        });
        let names: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
        assert_eq!(names, ["true", "panic"]);
    }

    #[test]
    fn a_thread_that_nobody_joins_runs_to_its_end() {
        let found = outcomes(Memory::Sc, || {
            let x = Arc::new(AtomicUsize::new(0));
            thread::spawn(move || {
                x.store(1, SeqCst);
                panic!("after the scene has returned, or before");
            });
            "returned"
        });
        assert_eq!(found, ["panic"]);
    }

    /// Which object the scene accesses next depends on what the joined thread returned.
    #[test]
    fn what_a_joined_thread_returned_may_decide_what_comes_next() {
        in_both(&["0", "1"], || {
            let x = Arc::new(AtomicUsize::new(0));
            let [loaded, stored] = [(); 2].map(|()| Arc::clone(&x));
            let loads = thread::spawn(move || loaded.load(SeqCst));
            let stores = thread::spawn(move || stored.store(1, SeqCst));
            let read = loads.join().unwrap();
            let objects = [0; 2].map(AtomicUsize::new);
            objects[read].store(1, SeqCst);
            stores.join().unwrap();
            read.to_string()
        });
    }

    #[test]
    fn an_execution_of_too_many_steps_is_noticed() {
        let scene = || {
            let x = AtomicUsize::new(0);
            (0..10_000).for_each(|_| x.store(1, SeqCst));
            Judged::promised("done", "")
        };
        let found = explore(options(Memory::Sc), std::sync::Arc::new(scene)).unwrap();
        assert!(found.stopped.is_some());
        assert!(found.outcome("does not end").is_some());
    }

    /// Each loop waits for fewer iterations than a livelock takes, both together for
    /// more.
    #[test]
    fn two_spins_that_give_up_are_no_livelock() {
        in_both(&["gave up twice"], || {
            let (flag, x) = (AtomicBool::new(false), AtomicUsize::new(0));
            for _ in 0..2 {
                for _ in 0..60 {
                    assert!(!flag.load(Acquire));
                    hint::spin_loop();
                }
                x.store(1, Relaxed);
            }
            "gave up twice".to_owned()
        });
    }

    /// The two race in every iteration, until each has seen that it only repeats itself.
    #[test]
    fn spinners_at_a_lock_that_is_never_released_are_a_livelock() {
        let scene = || {
            let lock = AtomicBool::new(true);
            two(
                || {
                    while lock.swap(true, SeqCst) {
                        hint::spin_loop();
                    }
                },
                || {
                    while lock.load(SeqCst) {
                        hint::spin_loop();
                    }
                },
            );
            Judged::promised("done", "")
        };
        let found = explore(options(Memory::Sc), std::sync::Arc::new(scene)).unwrap();
        assert!(found.is_complete() && !found.is_bounded());
        let livelock = found.outcome("livelock").unwrap();
        assert_eq!((livelock.executions, livelock.different), (6, 6));
    }

    #[test]
    fn a_loop_that_writes_is_not_waiting() {
        in_both(&["0", "1", "2", "3"], || {
            let x = AtomicUsize::new(0);
            let (_, read) = two(
                || {
                    for value in 1..=3 {
                        x.store(value, SeqCst);
                        thread::yield_now();
                    }
                    0
                },
                || x.load(SeqCst),
            );
            read.to_string()
        });
    }

    #[test]
    fn orderings_that_do_not_exist_panic_as_in_std() {
        type Wrong = fn(&AtomicUsize);
        let wrong: [(Wrong, &str); 5] = [
            (|x| _ = x.load(Release), "Release load"),
            (|x| _ = x.load(AcqRel), "AcqRel load"),
            (|x| x.store(1, Acquire), "Acquire store"),
            (|x| x.store(1, AcqRel), "AcqRel store"),
            (
                |x| _ = x.compare_exchange(0, 1, SeqCst, Release),
                "Release failure",
            ),
        ];
        for (use_it, what) in wrong {
            for memory in [Memory::Sc, Memory::C11] {
                let found = all(memory, move || {
                    use_it(&AtomicUsize::new(0));
                    "accepted"
                });
                let panic = found.outcome("panic").expect(what);
                assert!(panic.meaning.contains(what), "{}", panic.meaning);
            }
        }
    }

    #[test]
    fn a_scene_inside_a_scene_is_refused() {
        let found = all(Memory::Sc, || {
            let inner = std::sync::Arc::new(|| Judged::promised("inner", ""));
            explore(options(Memory::Sc), inner).unwrap();
            "done"
        });
        assert!(
            found
                .outcome("panic")
                .unwrap()
                .meaning
                .contains("inside another")
        );
    }

    /// A cell that threads touch without anything to order them.
    struct Shared(UnsafeCell<i32>);
    // SAFETY: its pointer is never followed.
    unsafe impl Sync for Shared {}

    impl Shared {
        #[track_caller]
        fn touch(&self, writes: bool) {
            if writes {
                self.0.with_mut(|_| ());
            } else {
                self.0.with(|_| ());
            }
        }
    }

    /// A thread that gives way once is no spinner: it may go on whatever others do.
    #[test]
    fn a_data_race_names_both_accesses_and_what_is_missing() {
        let scene = |store, load| {
            move || {
                let flag = AtomicBool::new(false);
                let data = Shared(UnsafeCell::new(0).named("data"));
                let (_, read) = two(
                    || {
                        data.touch(true);
                        flag.store(true, store);
                        false
                    },
                    || {
                        let published = flag.load(load);
                        if published {
                            data.touch(false);
                        }
                        published
                    },
                );
                format!("read: {read}")
            }
        };
        assert_eq!(
            outcomes(Memory::C11, scene(Release, Acquire)),
            ["read: false", "read: true"]
        );
        for (store, load, missing) in [
            (
                Relaxed,
                Acquire,
                "with Relaxed: only a Release store publishes",
            ),
            (Release, Relaxed, "with Relaxed: only an Acquire load sees"),
        ] {
            let found = all(Memory::C11, scene(store, load));
            let race = found.outcome("data race").unwrap();
            let epilogue = race.story.epilogue.join("\n");
            assert!(epilogue.contains("a writes data at "), "{epilogue}");
            assert!(epilogue.contains("b reads data at "), "{epilogue}");
            assert!(epilogue.contains(missing), "{epilogue}");
            // Under SC every atomic operation orders.
            assert_eq!(
                outcomes(Memory::Sc, scene(store, load)),
                ["read: false", "read: true"]
            );
        }
    }

    fn crowd_of_actors(n: usize) -> Judged {
        let actors = (0..n).fold(Actors::new(), |actors, n| {
            actors.enter(n.to_string(), || ())
        });
        actors.run();
        Judged::promised("done", "")
    }

    fn crowd_of_threads(n: usize) -> Judged {
        let threads: Vec<_> = (0..n).map(|_| thread::spawn(|| ())).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        Judged::promised("done", "")
    }

    #[test]
    fn a_scene_has_room_for_sixteen_threads_actors_or_spawned() {
        for crowd in [crowd_of_actors, crowd_of_threads] {
            let found =
                |n| explore(options(Memory::Sc), std::sync::Arc::new(move || crowd(n))).unwrap();
            let sixteen = found(16);
            assert!(sixteen.is_complete());
            assert_eq!(sixteen.outcomes[0].outcome, "done");
            let seventeen = found(17);
            assert!(
                !seventeen.is_complete(),
                "what cannot be followed is no proof"
            );
            let misuse = &seventeen.outcome("misuse").unwrap().meaning;
            assert!(misuse.contains("at most 16 beside its own"), "{misuse}");
        }
    }

    #[test]
    fn eight_additions_come_in_every_order() {
        let found = all(Memory::Sc, || {
            let sum = Arc::new(AtomicUsize::new(0));
            let add = || {
                let sum = sum.clone();
                thread::spawn(move || sum.fetch_add(1, Relaxed))
            };
            let threads: Vec<_> = (0..8).map(|_| add()).collect();
            for thread in threads {
                thread.join().unwrap();
            }
            sum.load(Relaxed)
        });
        assert_eq!((found.different, found.outcomes.len()), (40_320, 1));
    }
}

mod time {
    use super::*;
    const A_WHILE: Duration = Duration::from_secs(1);

    #[test]
    fn a_lone_timed_wait_times_out() {
        in_both(&["timed out"], || {
            let m = Mutex::new(());
            let c = Condvar::new();
            let (_guard, result) = c.wait_timeout(m.lock().unwrap(), A_WHILE).unwrap();
            if result.timed_out() {
                "timed out"
            } else {
                "notified"
            }
            .to_owned()
        });
    }

    #[test]
    fn a_timed_wait_is_notified_or_times_out() {
        in_both(&["notified", "timed out"], || {
            let m = Mutex::new(());
            let c = Condvar::new();
            let (_, b) = two(
                || {
                    c.notify_one();
                    None
                },
                || {
                    Some(
                        c.wait_timeout(m.lock().unwrap(), A_WHILE)
                            .unwrap()
                            .1
                            .timed_out(),
                    )
                },
            );
            if b == Some(true) {
                "timed out"
            } else {
                "notified"
            }
            .to_owned()
        });
    }

    #[test]
    fn two_timed_waits_expire_in_either_order() {
        in_both(&["a first", "b first"], || {
            let order = Mutex::new(Vec::new());
            let c = Condvar::new();
            let wait = |name| {
                let (mut order, result) = c.wait_timeout(order.lock().unwrap(), A_WHILE).unwrap();
                assert!(result.timed_out());
                order.push(name);
            };
            two(|| wait("a"), || wait("b"));
            format!("{} first", order.into_inner().unwrap()[0])
        });
    }
}

mod memory {
    use super::*;

    #[test]
    fn store_buffering_is_c11_only_and_fences_forbid_it() {
        let scene = |order_store, order_load, fenced: bool| {
            move || {
                let (x, y) = (AtomicUsize::new(0), AtomicUsize::new(0));
                let go = |mine: &AtomicUsize, other: &AtomicUsize| {
                    mine.store(1, order_store);
                    if fenced {
                        fence(SeqCst);
                    }
                    other.load(order_load)
                };
                format!("{:?}", two(|| go(&x, &y), || go(&y, &x)))
            }
        };
        let sc = ["(0, 1)", "(1, 0)", "(1, 1)"];
        let all_four = ["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"];
        assert_eq!(outcomes(Memory::Sc, scene(Relaxed, Relaxed, false)), sc);
        assert_eq!(
            outcomes(Memory::C11, scene(Relaxed, Relaxed, false)),
            all_four
        );
        assert_eq!(
            outcomes(Memory::C11, scene(Release, Acquire, false)),
            all_four
        );
        assert_eq!(outcomes(Memory::C11, scene(Relaxed, Relaxed, true)), sc);
    }

    /// `b` reads what `a` stored before its fence, and `b`'s fence may still come
    /// before that of `a`.
    #[test]
    fn other_threads_can_run_between_a_store_and_the_fence_after_it() {
        let found = outcomes(Memory::C11, || {
            let (w, x) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let (_, read) = two(
                || {
                    w.store(1, Relaxed);
                    x.store(1, Relaxed);
                    fence(SeqCst);
                    (0, 0)
                },
                || {
                    let seen = x.load(Relaxed);
                    fence(SeqCst);
                    (seen, w.load(Relaxed))
                },
            );
            format!("{read:?}")
        });
        assert_eq!(found, ["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"]);
    }

    #[test]
    fn a_compare_exchange_that_fails_has_the_failure_ordering() {
        let scene = |failure| {
            move || {
                let (data, flag) = (AtomicUsize::new(0), AtomicUsize::new(0));
                let (_, read) = two(
                    || {
                        data.store(1, Relaxed);
                        flag.store(1, Release);
                        0
                    },
                    || match flag.compare_exchange(2, 3, Acquire, failure) {
                        Err(1) => data.load(Relaxed),
                        _ => 2,
                    },
                );
                read
            }
        };
        assert_eq!(outcomes(Memory::C11, scene(Acquire)), ["1", "2"]);
        assert_eq!(outcomes(Memory::C11, scene(Relaxed)), ["0", "1", "2"]);
    }

    /// If `b` reads `x = 1` and then `y = 0`, then `c` stores `y` later, and reads
    /// nothing older of `x`.
    #[test]
    fn a_sequentially_consistent_compare_exchange_that_fails_is_a_load() {
        let scene = |exchanges: bool| {
            move || {
                let (x, y) = (AtomicUsize::new(0), AtomicUsize::new(0));
                let read_x = || match exchanges {
                    true => x.compare_exchange(2, 3, SeqCst, SeqCst).unwrap_err(),
                    false => x.load(SeqCst),
                };
                let read = Actors::new()
                    .enter("a", || {
                        x.store(1, Relaxed);
                        (0, 0)
                    })
                    .enter("b", || (read_x(), y.load(SeqCst)))
                    .enter("c", || {
                        y.store(1, SeqCst);
                        (x.load(SeqCst), 0)
                    })
                    .run();
                format!("{:?}, {}", read[1], read[2].0)
            }
        };
        let loads = outcomes(Memory::C11, scene(false));
        assert!(!loads.contains(&"(1, 0), 0".to_owned()), "{loads:?}");
        assert_eq!(outcomes(Memory::C11, scene(true)), loads);
    }

    #[test]
    fn message_passing_needs_release_and_acquire() {
        let scene = |store, load| {
            move || {
                let (data, flag) = (AtomicUsize::new(0), AtomicBool::new(false));
                let (_, read) = two(
                    || {
                        data.store(1, Relaxed);
                        flag.store(true, store);
                        0
                    },
                    || {
                        if flag.load(load) {
                            data.load(Relaxed)
                        } else {
                            2
                        }
                    },
                );
                read
            }
        };
        assert_eq!(outcomes(Memory::C11, scene(Release, Acquire)), ["1", "2"]);
        assert_eq!(
            outcomes(Memory::C11, scene(Relaxed, Acquire)),
            ["0", "1", "2"]
        );
        assert_eq!(
            outcomes(Memory::C11, scene(Release, Relaxed)),
            ["0", "1", "2"]
        );
        assert_eq!(outcomes(Memory::Sc, scene(Relaxed, Relaxed)), ["1", "2"]);
    }

    #[test]
    fn a_mutex_publishes_relaxed_stores() {
        assert_eq!(
            outcomes(Memory::C11, || {
                let x = AtomicUsize::new(0);
                let done = Mutex::new(false);
                let (_, read) = two(
                    || {
                        let mut done = done.lock().unwrap();
                        x.store(1, Relaxed);
                        *done = true;
                        0
                    },
                    || {
                        if *done.lock().unwrap() {
                            x.load(Relaxed)
                        } else {
                            2
                        }
                    },
                );
                read
            }),
            ["1", "2"]
        );
    }

    #[test]
    fn a_spawn_publishes_relaxed_stores() {
        in_both(&["1"], || {
            let x = Arc::new(AtomicUsize::new(0));
            x.store(1, Relaxed);
            let y = x.clone();
            let reader = thread::spawn(move || y.load(Relaxed));
            reader.join().unwrap().to_string()
        });
    }

    #[test]
    fn a_join_publishes_relaxed_stores() {
        in_both(&["1"], || {
            let x = Arc::new(AtomicUsize::new(0));
            let y = x.clone();
            let adder = thread::spawn(move || y.fetch_add(1, Relaxed));
            adder.join().unwrap();
            x.load(Relaxed).to_string()
        });
    }

    #[test]
    fn read_modify_writes_lose_nothing_however_relaxed() {
        in_both(&["3"], || {
            let x = AtomicUsize::new(0);
            let add = || {
                x.fetch_add(1, Relaxed);
            };
            Actors::new()
                .enter("a", add)
                .enter("b", add)
                .enter("c", add)
                .run();
            x.into_inner().to_string()
        });
    }

    #[test]
    fn a_compare_exchange_compares_values_not_stores() {
        // Two unordered stores of the same value: either may be what it finds.
        in_both(&["Ok(1)"], || {
            let x = AtomicUsize::new(1);
            let results = Actors::new()
                .enter("a", || {
                    x.store(1, Relaxed);
                    Ok(1)
                })
                .enter("b", || {
                    x.store(1, Relaxed);
                    Ok(1)
                })
                .enter("c", || x.compare_exchange(1, 2, AcqRel, Relaxed))
                .run();
            format!("{:?}", results[2])
        });
    }
}

mod what_real_threads_do {
    use super::*;
    use racecourse::sync::LockResult;

    const SPURIOUS: Budget = Budget {
        spurious_wake_ups: 1,
        ..Budget::NONE
    };
    const EARLY: Budget = Budget {
        early_timeouts: 1,
        ..Budget::NONE
    };
    const ANY: Budget = Budget {
        any_waiter: true,
        ..Budget::NONE
    };

    fn within<T: Display>(
        budget: Budget,
        scene: impl Fn() -> T + Send + Sync + 'static,
    ) -> Exploration {
        let mut options = options(Memory::C11);
        options.budget = budget;
        all_with(options, scene)
    }

    fn names(found: &Exploration) -> Vec<&str> {
        found.outcomes.iter().map(|row| &*row.outcome).collect()
    }

    fn waits() -> &'static str {
        let (lock, condvar) = (Mutex::new(()), Condvar::new());
        drop(condvar.wait(lock.lock().unwrap()).unwrap());
        "woken"
    }

    #[test]
    fn a_wait_may_end_although_nobody_notifies() {
        assert_eq!(names(&within(Budget::NONE, waits)), ["deadlock"]);
        let found = within(SPURIOUS, waits);
        assert_eq!(names(&found), ["woken", "deadlock"]);
        let allowed = ", up to 1 spurious wake-up, no early timeouts, weak failures or deaths)";
        assert!(found.verdict().ends_with(allowed), "{}", found.verdict());
        let story = &found.outcome("woken").unwrap().story;
        let steps: Vec<&str> = story.steps.iter().map(|step| &*step.what).collect();
        assert!(
            steps.contains(&"wait on condvar → spurious wake-up"),
            "{steps:?}"
        );
    }

    #[test]
    fn a_budget_is_for_all_waits_of_an_execution() {
        let twice = || {
            waits();
            waits()
        };
        assert_eq!(names(&within(SPURIOUS, twice)), ["deadlock"]);
        let two = Budget {
            spurious_wake_ups: 2,
            ..Budget::NONE
        };
        assert_eq!(names(&within(two, twice)), ["woken", "deadlock"]);
    }

    /// Two wait, in the order of their names, and one notification comes.
    fn who_is_woken() -> String {
        let state = Mutex::new((0, String::new()));
        let (condvar, waiting) = (Condvar::new(), Condvar::new());
        let wait = |place: i32| {
            let guard = state.lock().unwrap();
            let mut guard = waiting.wait_while(guard, |state| state.0 != place).unwrap();
            guard.0 += 1;
            waiting.notify_all();
            // A second notification lets the other go on.
            guard = condvar.wait(guard).unwrap();
            guard.1 += ["a", "b"][place as usize];
        };
        Actors::new()
            .enter("a", || wait(0))
            .enter("b", || wait(1))
            .enter("c", || {
                let guard = state.lock().unwrap();
                let guard = waiting.wait_while(guard, |state| state.0 != 2).unwrap();
                condvar.notify_one();
                drop(guard);
                while state.lock().unwrap().1.is_empty() {
                    thread::yield_now();
                }
                condvar.notify_one();
            })
            .run();
        state.into_inner().unwrap().1
    }

    #[test]
    fn notify_one_wakes_who_has_waited_longest_or_anybody() {
        assert_eq!(names(&within(Budget::NONE, who_is_woken)), ["ab"]);
        assert_eq!(names(&within(ANY, who_is_woken)), ["ab", "ba"]);
    }

    #[test]
    fn a_timed_wait_may_end_early() {
        let scene = || {
            let (set, condvar) = (Mutex::new(false), Condvar::new());
            let (timed_out, _) = two(
                || {
                    let guard = set.lock().unwrap();
                    let forever = Duration::from_secs(1_000_000);
                    let waited = condvar.wait_timeout_while(guard, forever, |set| !*set);
                    waited.unwrap().1.timed_out()
                },
                || {
                    *set.lock().unwrap() = true;
                    condvar.notify_one();
                    false
                },
            );
            timed_out
        };
        assert_eq!(names(&within(Budget::NONE, scene)), ["false"]);
        assert_eq!(names(&within(EARLY, scene)), ["false", "true"]);
    }

    #[test]
    fn a_token_is_one_however_often_it_is_given() {
        let parks = |times: usize| {
            move || {
                let me = thread::current();
                thread::scope(|scope| {
                    scope.spawn(|| {
                        me.unpark();
                        me.unpark();
                    });
                    (0..times).for_each(|_| thread::park());
                });
                "gone on"
            }
        };
        assert_eq!(names(&within(Budget::NONE, parks(1))), ["gone on"]);
        let twice = within(Budget::NONE, parks(2));
        assert_eq!(names(&twice), ["gone on", "deadlock"]);
        let story = &twice.outcome("deadlock").unwrap().story;
        let last = crate::without_place(&story.epilogue[0]);
        assert_eq!(last, "main is parked: no thread will ever unpark it");
    }

    #[test]
    fn unpark_publishes_and_a_spurious_return_does_not() {
        let scene = || {
            let x = AtomicUsize::new(0);
            let me = thread::current();
            thread::scope(|scope| {
                scope.spawn(|| {
                    x.store(1, Relaxed);
                    me.unpark();
                });
                thread::park();
                x.load(Relaxed)
            })
        };
        assert_eq!(names(&within(Budget::NONE, scene)), ["1"]);
        assert_eq!(names(&within(SPURIOUS, scene)), ["0", "1"]);
    }

    /// The second `unpark` finds the token there: what the first one published stays.
    #[test]
    fn each_unpark_publishes() {
        let scene = || {
            let (x, unparked) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let me = thread::current();
            thread::scope(|scope| {
                for stores in [true, false] {
                    let (x, unparked, me) = (&x, &unparked, &me);
                    scope.spawn(move || {
                        if stores {
                            x.store(1, Relaxed);
                        }
                        me.unpark();
                        unparked.fetch_add(1, Relaxed);
                    });
                }
                let both = unparked.load(Relaxed) == 2;
                thread::park();
                format!("{both} {}", x.load(Relaxed))
            })
        };
        assert_eq!(
            names(&within(Budget::NONE, scene)),
            ["false 0", "false 1", "true 1"]
        );
    }

    #[test]
    fn a_timed_park_ends_late_or_early() {
        let scene = || {
            let x = AtomicUsize::new(0);
            thread::scope(|scope| {
                scope.spawn(|| x.store(1, Relaxed));
                thread::park_timeout(Duration::from_secs(1));
                x.load(SeqCst)
            })
        };
        assert_eq!(
            outcomes(Memory::Sc, scene),
            ["1"],
            "late: all others are done"
        );
        assert_eq!(names(&within(EARLY, scene)), ["0", "1"]);
    }

    /// What a destructor does while its thread unwinds has its effect.
    #[test]
    fn who_panics_can_still_let_others_go_on() {
        struct Opens<'a>(&'a AtomicBool, &'a Condvar);
        impl Drop for Opens<'_> {
            fn drop(&mut self) {
                self.0.store(true, SeqCst);
                self.1.notify_all();
            }
        }
        let scene = || {
            let (open, lock, condvar) = (AtomicBool::new(false), Mutex::new(()), Condvar::new());
            let waits = |guard| condvar.wait_while(guard, |()| !open.load(SeqCst));
            thread::scope(|scope| {
                let dies = scope.spawn(|| {
                    let _guard = lock.lock();
                    let _opens = Opens(&open, &condvar);
                    panic!("on purpose");
                });
                let waited: LockResult<_> = lock.lock().and_then(waits);
                let poisoned = waited.is_err();
                format!("{} {poisoned}", dies.join().is_err())
            })
        };
        let mut options = options(Memory::C11);
        options.panics_are_handled = true;
        let scene = move || Judged::promised(scene(), "");
        let found = explore(options, std::sync::Arc::new(scene)).unwrap();
        assert_eq!(names(&found), ["true true"]);
    }

    /// Before, during and after: the second look need not agree with the first.
    #[test]
    fn whether_a_lock_is_poisoned_depends_on_when_one_looks() {
        let mut options = options(Memory::Sc);
        options.panics_are_handled = true;
        let scene = || {
            let lock = Mutex::new(());
            let looked = thread::scope(|scope| {
                let dies = scope.spawn(|| {
                    let _guard = lock.lock();
                    panic!("on purpose");
                });
                let looked = (lock.is_poisoned(), lock.is_poisoned());
                let _ = dies.join();
                looked
            });
            Judged::promised(format!("{looked:?}"), "")
        };
        let found = explore(options, std::sync::Arc::new(scene)).unwrap();
        assert_eq!(
            names(&found),
            ["(false, false)", "(false, true)", "(true, true)"]
        );
    }

    #[test]
    fn a_handled_panic_is_no_outcome_unless_it_ends_the_scene() {
        let explored = |handled, passed_on: bool| {
            let mut options = options(Memory::Sc);
            options.panics_are_handled = handled;
            let scene = move || {
                let died = thread::spawn(|| panic!("on purpose")).join();
                if passed_on {
                    died.unwrap();
                }
                Judged::promised("done", "")
            };
            let found = explore(options, std::sync::Arc::new(scene)).unwrap();
            assert!(found.is_complete());
            names(&found).concat()
        };
        assert_eq!(explored(false, false), "panic");
        assert_eq!(explored(true, false), "done");
        assert_eq!(explored(true, true), "panic");
    }

    /// To lock, look and unlock again and again is to wait.
    #[test]
    fn polling_a_lock_is_waiting() {
        let poll = |sets: bool| {
            move || {
                let set = Mutex::new(false);
                two(
                    || {
                        while !*set.lock().unwrap() {
                            thread::yield_now();
                        }
                    },
                    || *set.lock().unwrap() |= sets,
                );
                "seen"
            }
        };
        in_both(&["seen"], move || poll(true)().to_owned());
        in_both(&["livelock"], move || poll(false)().to_owned());
    }

    /// `b` has looked twice and waits in its loop when `a` begins to wait. That releases
    /// the lock with a new value, so `b` can go on although `c` is not done yet.
    #[test]
    fn to_wait_shows_what_was_changed_under_the_lock() {
        let found = outcomes(Memory::Sc, || {
            let (set, condvar, x) = (Mutex::new(false), Condvar::new(), AtomicUsize::new(0));
            let seen = Actors::new()
                .enter("a", || {
                    let mut guard = set.lock().unwrap();
                    *guard = true;
                    drop(condvar.wait_while(guard, |set| *set).unwrap());
                    String::new()
                })
                .enter("b", || {
                    let mut looks = 1;
                    while !*set.lock().unwrap() {
                        looks += 1;
                        thread::yield_now();
                    }
                    let seen = format!("{looks} {}", x.load(SeqCst));
                    *set.lock().unwrap() = false;
                    condvar.notify_one();
                    seen
                })
                .enter("c", || {
                    x.store(1, SeqCst);
                    String::new()
                })
                .run();
            seen[1].clone()
        });
        assert!(found.contains(&"3 0".to_owned()), "{found:?}");
    }
}
