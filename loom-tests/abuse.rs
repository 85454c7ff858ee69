//! Scenes that try to break the engine itself: memory that is freed too early, two
//! guards of one mutex, a panic in a panic, an exploration that ends too soon. Most of
//! them could end the process, so each runs in a process of its own.

use crate::alone::{Last, alone, panics_and_does, run_alone};
use crate::fixture::printed;
use racecourse::check::{self, Budget, Exploration};
use racecourse::sync::atomic::{self, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use racecourse::sync::cell::UnsafeCell;
use racecourse::sync::{Actors, Arc, Condvar, Mutex, MutexGuard, mpsc, thread};
use std::cell::Cell;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::Duration;

/// A test that needs this long has failed.
const STEP_TIMEOUT: Duration = Duration::from_secs(2);

fn explored<T: Debug + 'static>(scene: impl Fn() -> T + Send + Sync + 'static) -> Exploration {
    let check = check::scene(scene)
        .step_timeout(STEP_TIMEOUT)
        .budget(Budget::NONE);
    check.explore().unwrap()
}

/// The verdict, and what each outcome means.
fn summary(found: &Exploration) -> String {
    let rows = found.outcomes.iter();
    let rows = rows.map(|row| format!("{} ({})", row.outcome, row.meaning));
    let rows: Vec<_> = rows.collect();
    format!("{}: {}", found.verdict(), rows.join("; "))
}

/// That a type is not `Send` or not `Sync`: if it were, which of the two implementations
/// is meant would be ambiguous, and this would not compile.
macro_rules! assert_not {
    ($marker:ident: $($type:ty),+) => {
        $(const _: fn() = || {
            trait Ambiguous<Which> {
                fn is_one_of_two() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            #[allow(dead_code)]
            struct Marked;
            impl<T: ?Sized + $marker> Ambiguous<Marked> for T {}
            let _ = <$type as Ambiguous<_>>::is_one_of_two;
        };)+
    };
}

macro_rules! assert_is {
    ($marker:ident: $($type:ty),+) => {
        $(const _: fn() = || {
            fn is<T: ?Sized + $marker>() {}
            is::<$type>();
        };)+
    };
}

// As in std.
assert_not!(Send: MutexGuard<'static, u32>, MutexGuard<'static, Cell<u32>>, Mutex<Rc<()>>);
assert_not!(Send: mpsc::Sender<Rc<()>>, mpsc::Receiver<Rc<()>>, mpsc::Iter<'static, u32>);
assert_not!(Sync: MutexGuard<'static, Cell<u32>>, Mutex<Rc<()>>, mpsc::Receiver<u32>);
assert_not!(Sync: UnsafeCell<u32>, mpsc::Sender<Rc<()>>);
assert_is!(Send: Mutex<Cell<u32>>, mpsc::Sender<Cell<u32>>, mpsc::Receiver<Cell<u32>>);
assert_is!(Send: thread::JoinHandle<Cell<u32>>, AtomicUsize, Condvar, UnsafeCell<u32>);
assert_is!(Sync: MutexGuard<'static, u32>, Mutex<Cell<u32>>, mpsc::Sender<Cell<u32>>);
assert_is!(Sync: thread::JoinHandle<Cell<u32>>, AtomicUsize, Condvar);

alone! {
    /// The scope's own code has returned by then.
    a_scoped_thread_starts_another {
        let found = explored(|| {
            let (number, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
            thread::scope(|scope| {
                scope.spawn(|| {
                    number.load(SeqCst);
                    scope.spawn(|| {
                        number.load(SeqCst);
                        ended.store(true, SeqCst);
                    });
                });
            });
            ended.load(SeqCst)
        });
        assert_eq!(found.outcomes.len(), 1, "{}", summary(&found));
        assert!(found.outcome("true").is_some() && found.is_complete(), "{}", summary(&found));
    }

    /// One that nobody joins.
    a_scoped_thread_starts_another_that_panics {
        let found = explored(|| {
            let number = AtomicUsize::new(0);
            let scope = catch_unwind(AssertUnwindSafe(|| thread::scope(|scope| {
                scope.spawn(|| {
                    number.load(SeqCst);
                    scope.spawn(|| {
                        number.load(SeqCst);
                        panic!("nobody joins this thread");
                    });
                });
            })));
            scope.is_err()
        });
        assert!(found.outcome("panic").is_some(), "{}", summary(&found));
    }

    /// The first thread plays the last actor, and holds the lock that the other's
    /// destructor needs. It lets go of the lock before it waits for the other.
    a_destructor_needs_a_lock_of_the_last_actor {
        let found = explored(|| {
            let (lock, number) = (Mutex::new(0), AtomicUsize::new(0));
            let panics = || {
                let _last = Last(|| drop(lock.lock()));
                number.fetch_add(1, SeqCst);
                panic!("on purpose");
            };
            let holds = || {
                let _held = lock.lock();
                number.fetch_add(1, SeqCst);
                number.load(SeqCst);
            };
            racecourse::sync::Actors::new().enter("ann", panics).enter("bob", holds).run();
        });
        let summary = summary(&found);
        assert!(found.is_complete() && found.outcome("panic").is_some(), "{summary}");
        assert_eq!(found.outcomes.len(), 1, "{summary}");
    }

    /// The destructor of a scoped thread needs a lock that the thread holds which waits
    /// for the scope to end.
    destructors_that_wait_for_each_other {
        let found = explored(|| {
            let lock = Mutex::new(0);
            let held = lock.lock().unwrap();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let _last = Last(|| drop(lock.lock()));
                    thread::park();
                });
            });
            drop(held);
        });
        let summary = summary(&found);
        assert!(!found.is_complete(), "{summary}");
        assert!(summary.contains("waits for ever"), "{summary}");
        assert!(!std::thread::panicking());
        // The next exploration does not notice.
        assert!(explored(|| drop(Mutex::new(0).lock())).is_complete());
    }

    /// The same in an execution that only repeats what was explored.
    destructors_that_wait_for_each_other_in_a_redundant_execution {
        let found = explored(|| {
            let lock = Mutex::new(0);
            let number = AtomicUsize::new(0);
            let held = lock.lock().unwrap();
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        let last = Last(|| if std::thread::panicking() { drop(lock.lock()) });
                        number.fetch_add(1, SeqCst);
                        number.fetch_add(1, SeqCst);
                        drop(last);
                    });
                }
                scope.spawn(|| number.load(SeqCst));
            });
            drop(held);
        });
        let summary = summary(&found);
        eprintln!("{summary}");
        assert!(found.is_complete() || summary.contains("waits for ever"), "{summary}");
    }

    /// It can still be read through a shared reference.
    a_leaked_guard_keeps_the_lock {
        static CHANGED: AtomicBool = AtomicBool::new(false);
        let found = explored(|| {
            let lock: &'static Mutex<u32> = Box::leak(Box::new(Mutex::new(1)));
            let (sends, receives) = mpsc::channel();
            let leaks = move || {
                let guard: &'static MutexGuard<'static, u32> = Box::leak(Box::new(lock.lock().unwrap()));
                sends.send(guard).unwrap();
            };
            thread::spawn(leaks).join().unwrap();
            let guard = receives.recv().unwrap();
            let _later = Last(|| if **guard != 1 { CHANGED.store(true, SeqCst) });
            let _before = Last(|| {
                let mut other = lock.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                *other += 1;
            });
            panic!("on purpose");
        });
        assert!(!CHANGED.load(SeqCst), "two guards: {}", summary(&found));
        assert!(!found.is_complete() || found.outcome("panic").is_some(), "{}", summary(&found));
    }

    /// All threads of a scene share the thread-local variables of one thread.
    a_guard_in_a_thread_local_keeps_the_lock {
        static GUARDS: AtomicU32 = AtomicU32::new(0);
        thread_local! {
            static KEPT: std::cell::RefCell<Option<MutexGuard<'static, u32>>> =
                const { std::cell::RefCell::new(None) };
        }
        let found = explored(|| {
            KEPT.take();
            let lock: &'static Mutex<u32> = Box::leak(Box::new(Mutex::new(1)));
            thread::spawn(move || KEPT.set(Some(lock.lock().unwrap()))).join().unwrap();
            let _last = Last(|| {
                let _other = lock.lock();
                if KEPT.with_borrow(Option::is_some) {
                    GUARDS.fetch_add(1, SeqCst);
                }
            });
            panic!("on purpose");
        });
        assert_eq!(GUARDS.load(SeqCst), 0, "two guards: {}", summary(&found));
    }

    /// It is dropped in the next execution, while another guard of another mutex lives.
    a_guard_from_the_execution_before {
        thread_local! {
            static KEPT: std::cell::RefCell<Option<MutexGuard<'static, u32>>> =
                const { std::cell::RefCell::new(None) };
        }
        let found = explored(|| {
            let lock: &'static Mutex<u32> = Box::leak(Box::new(Mutex::new(1)));
            let guard = lock.lock().unwrap();
            drop(KEPT.take());
            let number = Arc::new(AtomicUsize::new(0));
            let adds = Arc::clone(&number);
            let adder = thread::spawn(move || adds.fetch_add(1, SeqCst));
            let seen = number.load(SeqCst);
            adder.join().unwrap();
            KEPT.set(Some(guard));
            seen
        });
        assert!(found.is_complete(), "{}", summary(&found));
        assert_eq!(found.outcomes.len(), 2, "{}", summary(&found));
    }

    /// It waits for ever, and is not just gone.
    a_thread_joins_itself {
        let found = explored(|| {
            let (sends, receives) = mpsc::channel::<thread::JoinHandle<()>>();
            let itself = thread::spawn(move || drop(receives.recv().unwrap().join()));
            sends.send(itself).unwrap();
        });
        assert!(found.outcome("deadlock").is_some(), "{}", summary(&found));
        assert_eq!(found.outcomes.len(), 1, "{}", summary(&found));
    }

    a_thread_started_while_unwinding_is_joined_by_another {
        let found = explored(|| {
            let mut started = None;
            panics_and_does(|| started = Some(thread::spawn(|| 7)));
            let started = started.unwrap();
            thread::spawn(move || started.join().unwrap()).join().unwrap()
        });
        assert!(found.outcome("7").is_some() && found.is_complete(), "{}", summary(&found));
    }

    threads_are_started_and_joined_outside_of_a_scene_while_unwinding {
        panics_and_does(|| drop(thread::spawn(|| ())));
        panics_and_does(|| thread::spawn(|| ()).join().unwrap());
        panics_and_does(|| drop(thread::current()));
        panics_and_does(|| thread::park());
        panics_and_does(|| thread::current().unpark());
        panics_and_does(|| drop(thread::scope(|scope| scope.spawn(|| 1).join())));
        panics_and_does(|| {
            let (sends, receives) = mpsc::channel();
            let _ = sends.clone().send(1);
            drop(sends);
            let _ = receives.recv();
        });
        panics_and_does(|| {
            let number = AtomicUsize::new(1);
            number.fetch_add(1, SeqCst);
            _ = number.compare_exchange(1, 2, SeqCst, SeqCst);
            number.into_inner();
        });
        panics_and_does(|| {
            let (lock, condvar) = (Mutex::new(0), Condvar::new());
            condvar.notify_one();
            condvar.notify_all();
            drop(condvar.wait(lock.lock().unwrap()));
            drop(lock.try_lock());
            lock.is_poisoned();
        });
        panics_and_does(|| Actors::new().enter("a", || ()).enter("b", || ()).run().clear());
        panics_and_does(|| racecourse::narrate!("nobody hears this"));
        panics_and_does(|| assert!(!racecourse::sync::may_die()));
        panics_and_does(racecourse::sync::hint::spin_loop);
        panics_and_does(|| racecourse::sync::atomic::fence(SeqCst));
    }

    /// Of an exploration that is over, in one that has fewer threads, and in none.
    a_join_handle_is_joined_elsewhere_while_unwinding {
        let handle = || {
            let left = std::sync::Arc::new(std::sync::Mutex::new(None));
            let leave = std::sync::Arc::clone(&left);
            explored(move || {
                let threads: Vec<_> = (0..5).map(|_| thread::spawn(|| ())).collect();
                *leave.lock().unwrap() = threads.into_iter().next_back();
            });
            left.lock().unwrap().take().unwrap()
        };
        let left = handle();
        let mut left = Some(left);
        panics_and_does(|| drop(left.take().map(thread::JoinHandle::join)));
        let left = std::sync::Mutex::new(Some(handle()));
        let found = explored(move || {
            let left = left.lock().unwrap().take();
            let mut left = left;
            panics_and_does(|| drop(left.take().map(thread::JoinHandle::join)));
        });
        assert!(found.is_complete(), "{}", summary(&found));
    }

    /// Their text is asked for only when a story is told.
    words_that_take_steps {
        struct Shown(AtomicUsize);
        impl std::fmt::Display for Shown {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.0.load(SeqCst))
            }
        }
        let found = explored(|| {
            let shown = Arc::new(Shown(AtomicUsize::new(0)));
            let adds = Arc::clone(&shown);
            let adder = thread::spawn(move || adds.0.fetch_add(1, SeqCst));
            racecourse::narrate!("there are {shown}");
            adder.join().unwrap();
        });
        assert!(found.is_complete(), "{}", summary(&found));
        assert!(found.outcome("()").is_some(), "{}", summary(&found));
    }

    words_that_panic {
        struct Shown;
        impl std::fmt::Display for Shown {
            fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                panic!("no words");
            }
        }
        let found = explored(|| racecourse::narrate!("there are {Shown}"));
        assert!(found.outcome("panic").is_some(), "{}", summary(&found));
    }

    /// Only while a story is told, so that the execution is not the same: no proof.
    what_a_mutex_shows_takes_steps_or_panics {
        use racecourse::sync::Watched;
        let found = explored(|| {
            let lock = Mutex::new(0).watched(|_| {
                AtomicUsize::new(0).load(SeqCst).to_string()
            });
            Actors::new().enter("a", || *lock.lock().unwrap() += 1).enter("b", || *lock.lock().unwrap() += 1).run();
        });
        eprintln!("{}", summary(&found));
        let found = explored(|| {
            let lock = Mutex::new(0).watched(|&value| {
                assert!(value < 1, "no words");
                String::new()
            });
            Actors::new().enter("a", || *lock.lock().unwrap() += 1).enter("b", || *lock.lock().unwrap() += 1).run();
        });
        eprintln!("{}", summary(&found));
        let found = explored(|| {
            let (lock, condvar) = (Mutex::new(0).watched(|&value| {
                assert!(value < 1, "no words");
                String::new()
            }), Condvar::new());
            Actors::new().enter("a", || {
                let mut value = lock.lock().unwrap();
                *value += 1;
                drop(condvar.wait(value));
            }).enter("b", || condvar.notify_all()).run();
        });
        eprintln!("{}", summary(&found));
    }

    /// The channel's execution has not counted the clone.
    a_sender_is_cloned_on_a_thread_of_std {
        let found = explored(|| {
            let (sends, receives) = mpsc::channel::<u32>();
            let cloned = std::thread::scope(|scope| scope.spawn(|| sends.clone()).join().unwrap());
            panics_and_does(|| ());
            drop(sends);
            drop(cloned);
            receives.recv()
        });
        assert!(found.outcome("Err(RecvError)").is_some(), "{}", summary(&found));
    }

    /// They find what they wait for never.
    destructors_that_loop {
        let messages = [
            explored(|| {
                let (lock, condvar) = (Mutex::new(0), Condvar::new());
                panics_and_does(|| drop(condvar.wait_while(lock.lock().unwrap(), |_| true)));
                panics_and_does(|| {
                    let mut held = lock.lock().unwrap();
                    while *held == 0 {
                        held = condvar.wait(held).unwrap();
                    }
                });
            }),
            explored(|| {
                let (_sends, receives) = mpsc::channel::<()>();
                panics_and_does(|| while receives.try_recv().is_err() {});
            }),
            explored(|| {
                let number = AtomicUsize::new(0);
                panics_and_does(|| while number.load(SeqCst) == 0 {});
            }),
        ];
        for found in messages.iter().map(summary) {
            assert!(found.contains("loops until another thread"), "{found}");
        }
    }

    /// What the thread has done happens before what comes after it is joined.
    a_destructor_joins_a_thread_that_has_ended {
        let found = explored(|| {
            struct Shared(UnsafeCell<u32>, atomic::AtomicBool);
            // SAFETY: the cell is read after the thread that writes it was joined.
            unsafe impl Sync for Shared {}
            let shared = Arc::new(Shared(UnsafeCell::new(0), atomic::AtomicBool::new(false)));
            let theirs = Arc::clone(&shared);
            let mut writer = Some(thread::spawn(move || {
                // SAFETY: see above.
                theirs.0.with_mut(|cell| unsafe { *cell = 1 });
                theirs.1.store(true, Relaxed);
            }));
            while !shared.1.load(Relaxed) {
                thread::yield_now();
            }
            panics_and_does(|| drop(writer.take().map(thread::JoinHandle::join)));
            // SAFETY: see above.
            shared.0.with(|cell| unsafe { *cell })
        });
        assert!(found.outcome("1").is_some(), "{}", summary(&found));
        assert!(found.outcome("data race").is_none(), "{}", summary(&found));
    }

    /// What a panic carries is dropped by the engine.
    a_panic_carries_something_that_takes_steps {
        let found = explored(|| {
            let number = Arc::new(AtomicUsize::new(0));
            let counts = Arc::clone(&number);
            struct Carries(Arc<AtomicUsize>);
            impl Drop for Carries {
                fn drop(&mut self) {
                    self.0.fetch_add(1, SeqCst);
                    self.0.fetch_add(1, SeqCst);
                }
            }
            /// A result whose drop panics.
            struct Panics(Option<Carries>);
            impl Drop for Panics {
                fn drop(&mut self) {
                    panic_any(self.0.take().unwrap());
                }
            }
            drop(thread::spawn(move || Panics(Some(Carries(counts)))));
            drop(thread::spawn({
                let number = Arc::clone(&number);
                move || panic_any(Carries(number))
            }));
            number.load(SeqCst)
        });
        assert!(found.outcome("panic").is_some(), "{}", summary(&found));
    }

    a_panic_carries_something_that_panics {
        struct Carries;
        impl Drop for Carries {
            fn drop(&mut self) {
                panic!("when dropped");
            }
        }
        let number = || {
            let number = Arc::new(AtomicUsize::new(0));
            for _ in 0..2 {
                let adds = Arc::clone(&number);
                thread::spawn(move || {
                    let _last = Last(|| _ = adds.fetch_add(1, SeqCst));
                    adds.fetch_add(1, SeqCst);
                });
            }
        };
        let found = explored(move || {
            number();
            panic_any(Carries);
        });
        assert!(found.outcome("panic").is_some(), "{}", summary(&found));
        let found = explored(move || {
            number();
            drop(thread::spawn(|| panic_any(Carries)));
        });
        assert!(found.outcome("panic").is_some(), "{}", summary(&found));
    }

    /// A child panics before its first step, in a destructor it needs the lock that its
    /// parent holds, and the parent has not even returned from `spawn`.
    a_thread_panics_and_needs_a_lock_of_the_thread_that_starts_it {
        let found = explored(|| {
            let shared = Arc::new((Mutex::new(0), Condvar::new()));
            let theirs = Arc::clone(&shared);
            let mut number = shared.0.lock().unwrap();
            let child = thread::spawn(move || {
                let _last = Last(|| {
                    *theirs.0.lock().unwrap_or_else(|e| e.into_inner()) += 1;
                    theirs.1.notify_all();
                });
                panic!("on purpose");
            });
            while *number == 0 {
                number = shared.1.wait(number).unwrap();
            }
            drop(number);
            drop(child.join());
        });
        assert!(found.outcome("panic").is_some(), "{}", summary(&found));
    }

    there_is_no_memory_for_any_stack {
        let check = check::scene(|| drop(Mutex::new(0).lock())).step_timeout(STEP_TIMEOUT);
        let found = check.stack_size(1 << 45).explore().unwrap();
        let summary = summary(&found);
        assert!(summary.contains("no memory for the stack"), "{summary}");
    }

    /// What the thread would have owned is dropped, and takes steps.
    there_is_no_memory_for_the_stack_of_another_thread {
        use rustix::process::{Resource, Rlimit, setrlimit};
        if !cfg!(target_os = "linux") {
            return; // other systems need not heed the limit
        }
        let most = Some(6 << 30);
        setrlimit(Resource::As, Rlimit { current: most, maximum: most }).unwrap();
        for scoped in 0..3 {
            let check = check::scene(move || {
                let number = Arc::new(AtomicUsize::new(0));
                let borrowed = AtomicUsize::new(0);
                let own = || {
                    let number = Arc::clone(&number);
                    let last = Last(move || _ = number.fetch_add(1, SeqCst));
                    || drop(last)
                };
                let add = || borrowed.fetch_add(1, SeqCst);
                match scoped {
                    0 => (0..8).for_each(|_| drop(thread::spawn(own()))),
                    1 => thread::scope(|scope| (0..8).for_each(|_| {
                        let last = own();
                        drop(scope.spawn(move || { add(); last() }));
                    })),
                    _ => {
                        let actors = (0..8).fold(Actors::new(), |actors, _| {
                            let last = own();
                            actors.enter("a", move || { add(); last() })
                        });
                        actors.run();
                    }
                }
            });
            let found = check.step_timeout(STEP_TIMEOUT).stack_size(1 << 30).explore().unwrap();
            let summary = summary(&found);
            assert!(summary.contains("no memory for the stack"), "{summary}");
        }
    }

    /// Seventeen threads, of which the last cannot be started.
    there_are_too_many_scoped_threads {
        let found = explored(|| {
            let number = AtomicUsize::new(0);
            thread::scope(|scope| {
                for _ in 0..17 {
                    scope.spawn(|| number.fetch_add(1, SeqCst));
                }
            });
        });
        let summary = summary(&found);
        assert!(summary.contains("too many threads"), "{summary}");
        assert_eq!((found.executions, found.outcomes[0].executions), (1, 1));
    }

    /// A thread of an execution that is aborted goes on, and starts others.
    a_thread_that_will_not_unwind {
        let found = explored(|| {
            let number = AtomicUsize::new(0);
            let add = || _ = number.fetch_add(1, SeqCst);
            thread::scope(|scope| {
                scope.spawn(|| {
                    let parks = catch_unwind(AssertUnwindSafe(thread::park));
                    for _ in 0..3 {
                        let _ = catch_unwind(AssertUnwindSafe(|| drop(scope.spawn(add))));
                        let _ = catch_unwind(AssertUnwindSafe(|| thread::scope(|inner| {
                            let borrowed = number.fetch_add(1, SeqCst);
                            inner.spawn(move || assert!(borrowed < 100));
                        })));
                        let _ = catch_unwind(AssertUnwindSafe(|| {
                            Actors::new().enter("a", add).enter("b", add).run()
                        }));
                    }
                    resume_unwind(parks.unwrap_err());
                });
            });
        });
        assert!(found.outcome("deadlock").is_some(), "{}", summary(&found));
    }
}

/// Which signal ends the process, and what it prints.
mod ended_by_a_signal {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;

    const SIGABRT: i32 = 6;
    const SIGSEGV: i32 = 11;

    fn ended(name: &str) -> (Option<i32>, String) {
        let output = run_alone(&format!(concat!(module_path!(), "::alone::{}"), name));
        let (_, text) = printed(&output);
        (output.status.signal(), text)
    }

    /// What std says of its own threads, it still says.
    #[test]
    fn a_thread_of_std_overflows_after_an_exploration() {
        let (signal, text) = ended("std_overflows");
        assert_eq!(signal, Some(SIGABRT), "{text}");
        assert!(text.contains("has overflowed its stack"), "{text}");
        assert!(!text.contains("of the scene"), "{text}");
    }

    #[test]
    fn a_fault_elsewhere_is_what_it_was() {
        for name in ["fault_outside", "fault_inside"] {
            let (signal, text) = ended(name);
            assert_eq!(signal, Some(SIGSEGV), "{text}");
            assert!(!text.contains("overflowed"), "{text}");
        }
    }

    mod alone {
        use super::*;

        #[expect(unconditional_recursion, reason = "it overflows")]
        fn deep(depth: usize) -> usize {
            let local = std::hint::black_box([depth; 64]);
            deep(local[depth % 64] + 1) + local[0]
        }

        fn faults() {
            let nowhere = std::ptr::without_provenance::<u8>(64);
            // SAFETY: none. The address is in no mapping, which is what is tried here.
            unsafe { nowhere.read_volatile() };
        }

        #[test]
        #[ignore = "ends the process"]
        fn std_overflows() {
            explored(|| ());
            std::thread::spawn(|| deep(0)).join().unwrap();
        }

        #[test]
        #[ignore = "ends the process"]
        fn fault_outside() {
            explored(|| ());
            faults();
        }

        #[test]
        #[ignore = "ends the process"]
        fn fault_inside() {
            explored(faults);
        }
    }
}
