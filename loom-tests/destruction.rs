//! Objects that are freed while other threads still use them: found in every order, and
//! before the freed memory is accessed.

use racecourse::check::{self, Budget, Exploration, Memory};
use racecourse::explorer::report::Judged;
use racecourse::explorer::{self, Options};
use racecourse::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*, fence};
use racecourse::sync::cell::UnsafeCell;
use racecourse::sync::{Actors, Barrier, Condvar, Mutex, Once, OnceLock, RwLock, thread};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

const BOTH: [Memory; 2] = [Memory::Sc, Memory::C11];

fn explored<T: Debug + 'static>(
    memory: Memory,
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Exploration {
    check::scene(scene).memory(memory).explore().unwrap()
}

/// The outcomes of a scene, whose exploration must be complete.
#[track_caller]
fn outcomes<T: Debug + 'static>(
    memory: Memory,
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Vec<String> {
    let found = explored(memory, scene);
    assert!(found.is_complete(), "{}", check::report(&found));
    let outcomes = found.outcomes.into_iter();
    outcomes.map(|row| row.outcome).collect()
}

/// A pointer that goes to other threads.
struct Shared<T>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

// SAFETY: what it points to is shared by the scenes below as they say.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn new(value: T) -> Self {
        Self(Box::into_raw(Box::new(value)))
    }

    fn get(&self) -> &T {
        // SAFETY: the model's objects notice that they are freed before they are touched.
        unsafe { &*self.0 }
    }

    fn free(&self) {
        // SAFETY: each scene frees it once.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

struct Latch {
    done: Mutex<bool>,
    told: Condvar,
}

/// The waiter frees the latch as soon as it sees that it is set.
fn latch(notifies_under_the_lock: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let latch = Shared::new(Latch {
            done: Mutex::new(false),
            told: Condvar::new(),
        });
        let waits = || {
            let guard = latch.get().done.lock().unwrap();
            drop(latch.get().told.wait_while(guard, |done| !*done).unwrap());
            latch.free();
        };
        let sets = || {
            let mut done = latch.get().done.lock().unwrap();
            *done = true;
            if notifies_under_the_lock {
                latch.get().told.notify_one();
            }
            drop(done);
            if !notifies_under_the_lock {
                latch.get().told.notify_one();
            }
        };
        Actors::new()
            .enter("waits", waits)
            .enter("sets", sets)
            .run();
    }
}

#[test]
fn a_latch_is_freed_before_it_is_notified() {
    for memory in BOTH {
        assert_eq!(outcomes(memory, latch(true)), ["()"]);
        assert_eq!(outcomes(memory, latch(false)), ["()", "use after free"]);
    }
}

#[test]
fn both_lines_are_told() {
    let found = explored(Memory::Sc, latch(false));
    let story = &found.outcome("use after free").unwrap().story;
    let line = |mark: &str| {
        let mut lines = include_str!("destruction.rs").lines();
        lines
            .position(|line| line.trim_start().starts_with(mark))
            .unwrap()
            + 1
    };
    let waited = line("let guard = latch.get().done.lock()");
    let notified = line("if !notifies_under_the_lock {") + 1;
    let expected = [
        format!("waits frees `told` after {}:{waited}", file!()),
        format!("sets still uses `told` at {}:{notified}", file!()),
    ];
    assert_eq!(story.epilogue, expected, "{}", check::report(&found));
    let last = story.steps.last().unwrap();
    assert_eq!(last.what, "uses told, which is freed");
}

/// A stack of Treiber's that frees a node that another thread may still read: its mended
/// form leaves the nodes until all threads have ended.
fn treiber(frees: bool) -> impl Fn() -> usize + Send + Sync + 'static {
    struct Node {
        next: AtomicUsize,
        value: usize,
    }
    struct Stack {
        head: AtomicUsize,
    }
    fn node(address: usize) -> *mut Node {
        address as *mut Node
    }
    impl Stack {
        fn push(&self, value: usize) {
            let new = Box::into_raw(Box::new(Node {
                next: AtomicUsize::new(0),
                value,
            }));
            loop {
                let head = self.head.load(Acquire);
                // SAFETY: no other thread knows the node yet.
                unsafe { &*new }.next.store(head, Relaxed);
                let new = new as usize;
                if self
                    .head
                    .compare_exchange(head, new, AcqRel, Acquire)
                    .is_ok()
                {
                    return;
                }
            }
        }

        fn pop(&self, frees: bool, left: &Mutex<Vec<usize>>) -> Option<usize> {
            loop {
                let head = self.head.load(Acquire);
                if head == 0 {
                    return None;
                }
                // SAFETY: none, if nodes are freed: the model notices.
                let next = unsafe { &*node(head) }.next.load(Relaxed);
                if self
                    .head
                    .compare_exchange(head, next, AcqRel, Acquire)
                    .is_ok()
                {
                    // SAFETY: this thread alone has taken the node, which is not freed.
                    let value = unsafe { &*node(head) }.value;
                    match frees {
                        // SAFETY: as above.
                        true => drop(unsafe { Box::from_raw(node(head)) }),
                        false => left.lock().unwrap().push(head),
                    }
                    return Some(value);
                }
            }
        }
    }
    move || {
        let stack = Stack {
            head: AtomicUsize::new(0),
        };
        let left = Mutex::new(Vec::new());
        stack.push(1);
        stack.push(2);
        let pop = || stack.pop(frees, &left).unwrap_or(0);
        let popped = Actors::new().enter("a", pop).enter("b", pop).run();
        for address in left.into_inner().unwrap() {
            // SAFETY: it was taken from the stack, and all threads have ended.
            drop(unsafe { Box::from_raw(node(address)) });
        }
        popped.iter().sum()
    }
}

#[test]
fn a_stack_of_treibers_that_frees_its_nodes() {
    for memory in BOTH {
        assert_eq!(outcomes(memory, treiber(false)), ["3"]);
        assert_eq!(outcomes(memory, treiber(true)), ["3", "use after free"]);
    }
}

#[test]
fn a_guard_and_a_waiter_that_outlive_their_object() {
    for memory in BOTH {
        let guard = || {
            let (mutex, held) = (Shared::new(Mutex::new(())), AtomicBool::new(false));
            let holds = || {
                let _guard = mutex.get().lock().unwrap();
                held.store(true, Release);
                held.load(Acquire);
            };
            let frees = || {
                while !held.load(Acquire) {
                    thread::yield_now();
                }
                mutex.free();
            };
            Actors::new()
                .enter("holds", holds)
                .enter("frees", frees)
                .run();
        };
        assert_eq!(outcomes(memory, guard), ["()", "use after free"]);
        // Nothing but the destruction tells: the guard is never given back.
        let keeps = || {
            let (mutex, held) = (Shared::new(Mutex::new(())), AtomicBool::new(false));
            let holds = || {
                let _guard = mutex.get().lock().unwrap();
                held.store(true, Release);
                thread::park();
            };
            let frees = || {
                while !held.load(Acquire) {
                    thread::yield_now();
                }
                mutex.free();
            };
            Actors::new()
                .enter("holds", holds)
                .enter("frees", frees)
                .run();
        };
        let found = check::scene(keeps).memory(memory).budget(Budget::NONE);
        let found = found.explore().unwrap();
        assert_eq!(found.outcomes.len(), 1, "{}", check::report(&found));
        assert!(found.outcome("use after free").is_some());
        let waiter = || {
            let (mutex, waits) = (Mutex::new(false), Shared::new(Condvar::new()));
            let sleeps = || {
                let mut guard = mutex.lock().unwrap();
                *guard = true;
                drop(waits.get().wait(guard).unwrap());
            };
            let frees = || {
                while !*mutex.lock().unwrap() {
                    thread::yield_now();
                }
                waits.free();
            };
            Actors::new()
                .enter("sleeps", sleeps)
                .enter("frees", frees)
                .run();
        };
        let found = outcomes(memory, waiter);
        assert!(found.contains(&"use after free".to_owned()), "{found:?}");
        assert!(!found.contains(&"deadlock".to_owned()), "{found:?}");
    }
}

/// A thread frees a read-write lock as soon as it has read what a writer wrote. `early`: the
/// writer says so before it has unlocked.
#[test]
fn a_read_write_lock_is_freed_before_it_is_unlocked() {
    let scene = |early: bool| {
        move || {
            let (lock, told) = (Shared::new(RwLock::new(false)), AtomicBool::new(false));
            let writes = || {
                let mut guard = lock.get().write().unwrap();
                *guard = true;
                told.store(early, Release);
            };
            let frees = || {
                while !told.load(Acquire) && !*lock.get().read().unwrap() {
                    thread::yield_now();
                }
                lock.free();
            };
            Actors::new()
                .enter("writes", writes)
                .enter("frees", frees)
                .run();
        }
    };
    for memory in BOTH {
        assert_eq!(outcomes(memory, scene(false)), ["()"]);
        assert_eq!(outcomes(memory, scene(true)), ["()", "use after free"]);
    }
}

/// A reader or a writer waits for a lock whose holder frees it.
#[test]
fn a_read_write_lock_is_freed_while_a_thread_waits_for_it() {
    let scene = |writes: bool| {
        move || {
            let (lock, held) = (Shared::new(RwLock::new(())), AtomicBool::new(false));
            let waits = || {
                while !held.load(Acquire) {
                    thread::yield_now();
                }
                match writes {
                    true => drop(lock.get().write().unwrap()),
                    false => drop(lock.get().read().unwrap()),
                }
            };
            let frees = || {
                std::mem::forget(lock.get().write().unwrap());
                held.store(true, Release);
                lock.free();
            };
            Actors::new()
                .enter("waits", waits)
                .enter("frees", frees)
                .run();
        }
    };
    for memory in BOTH {
        for writes in [false, true] {
            assert_eq!(outcomes(memory, scene(writes)), ["use after free"]);
        }
    }
}

/// The leader frees a barrier although the others may not have passed it; if all have told
/// that they have passed, nothing is wrong.
#[test]
fn a_barrier_is_freed_before_all_have_passed() {
    let scene = |counts: bool| {
        move || {
            let (gate, passed) = (Shared::new(Barrier::new(2)), AtomicUsize::new(0));
            let part = || {
                let is_leader = gate.get().wait().is_leader();
                passed.fetch_add(1, AcqRel);
                if is_leader {
                    while counts && passed.load(Acquire) < 2 {
                        thread::yield_now();
                    }
                    gate.free();
                }
            };
            Actors::new().enter("a", part).enter("b", part).run();
        }
    };
    for memory in BOTH {
        assert_eq!(outcomes(memory, scene(true)), ["()"]);
        assert_eq!(outcomes(memory, scene(false)), ["()", "use after free"]);
    }
}

/// The thread that has run an initializer frees a `Once`, or a `OnceLock`, although another
/// may still be about to see that it is done.
#[test]
fn what_is_initialized_once_is_freed_before_all_know_it() {
    let scene = |calls: fn(&(Once, OnceLock<u8>)) -> bool, counts: bool| {
        move || {
            let once = Shared::new((Once::new(), OnceLock::new()));
            let done = AtomicUsize::new(0);
            let part = || {
                let has_run = calls(once.get());
                done.fetch_add(1, AcqRel);
                if has_run {
                    while counts && done.load(Acquire) < 2 {
                        thread::yield_now();
                    }
                    once.free();
                }
            };
            Actors::new().enter("a", part).enter("b", part).run();
        }
    };
    let once = |(once, _): &(Once, OnceLock<u8>)| {
        let mut has_run = false;
        once.call_once(|| has_run = true);
        has_run
    };
    let lock = |(_, lock): &(Once, OnceLock<u8>)| {
        let mut has_run = false;
        lock.get_or_init(|| {
            has_run = true;
            1
        });
        has_run
    };
    for memory in BOTH {
        for calls in [once as fn(&(Once, OnceLock<u8>)) -> bool, lock] {
            assert_eq!(outcomes(memory, scene(calls, true)), ["()"]);
            let early = outcomes(memory, scene(calls, false));
            assert_eq!(early, ["()", "use after free"]);
        }
    }
}

#[test]
fn a_cell_is_read_after_it_was_freed() {
    let scene = |acquires: bool| {
        move || {
            let (cell, read) = (Shared::new(UnsafeCell::new(7)), AtomicBool::new(false));
            let reads = || {
                // SAFETY: nothing writes it.
                let value = cell.get().with(|value| unsafe { *value });
                read.store(true, Release);
                value
            };
            let frees = || {
                while acquires && !read.load(Acquire) {
                    thread::yield_now();
                }
                read.load(Relaxed);
                cell.free();
                0
            };
            Actors::new()
                .enter("reads", reads)
                .enter("frees", frees)
                .run()[0]
        }
    };
    for memory in BOTH {
        assert_eq!(outcomes(memory, scene(true)), ["7"]);
        assert_eq!(outcomes(memory, scene(false)), ["7", "use after free"]);
    }
}

/// The last of two threads drops what an `Arc` holds: whichever it is, nothing is freed
/// too early, and no order is found twice.
#[test]
fn what_an_arc_holds_is_never_freed_too_early() {
    let scene = || {
        let shared = Arc::new((Mutex::new(0), AtomicUsize::new(0)));
        let adds = |shared: Arc<(Mutex<i32>, AtomicUsize)>| {
            move || {
                *shared.0.lock().unwrap() += 1;
                shared.1.fetch_add(1, AcqRel)
            }
        };
        let a = thread::spawn(adds(Arc::clone(&shared)));
        let b = thread::spawn(adds(shared));
        [a.join().unwrap(), b.join().unwrap()]
    };
    for memory in BOTH {
        let found = explored(memory, scene);
        assert!(found.is_complete(), "{}", check::report(&found));
        let rows = found.outcomes.iter();
        let rows: Vec<_> = rows.map(|row| (&*row.outcome, row.different)).collect();
        assert_eq!(rows, [("[0, 1]", 2), ("[1, 0]", 2)], "{memory}");
    }
}

/// Objects that are moved to where a destroyed one lay are not taken for it.
#[test]
fn another_object_at_the_same_address() {
    let scene = || {
        let mut all = vec![Mutex::new(1), Mutex::new(2), Mutex::new(3)];
        drop(all.remove(0));
        let mut sum = 0;
        for mutex in &all {
            sum += *mutex.lock().unwrap();
        }
        for value in 0..3 {
            let new = Mutex::new(value);
            sum += *new.lock().unwrap();
        }
        sum
    };
    for memory in BOTH {
        assert_eq!(outcomes(memory, scene), ["8"]);
    }
}

type Part = fn(&Objects) -> Vec<bool>;

fn scene_of_three(parts: [Part; 3]) -> impl Fn() -> Vec<bool> + Send + Sync + 'static {
    move || {
        let objects = Objects {
            x: Shared::new(AtomicUsize::new(0)),
            m: Shared::new(Mutex::new(())),
            n: Shared::new(Mutex::new(())),
            condvar: Shared::new(Condvar::new()),
        };
        let mut actors = Actors::new();
        for (name, part) in ["a", "b", "c"].into_iter().zip(parts) {
            let objects = objects.clone();
            actors = actors.enter(name, move || part(&objects));
        }
        actors.run().concat()
    }
}

/// The outcomes of a scene of three threads, with at most so many spurious wake-ups.
fn outcomes_of_three(memory: Memory, spurious_wake_ups: usize, parts: [Part; 3]) -> Vec<String> {
    let budget = Budget {
        spurious_wake_ups,
        ..Budget::NONE
    };
    let found = check::scene(scene_of_three(parts))
        .memory(memory)
        .budget(budget);
    let found = found.explore().unwrap();
    assert!(found.is_complete(), "{}", check::report(&found));
    found.outcomes.into_iter().map(|row| row.outcome).collect()
}

/// Nobody frees them, unless a thread does.
#[derive(Clone)]
struct Objects {
    x: Shared<AtomicUsize>,
    m: Shared<Mutex<()>>,
    n: Shared<Mutex<()>>,
    condvar: Shared<Condvar>,
}

/// A thread that gets a lock at once frees something then. One that does not frees
/// nothing: how it goes on does not tell that something else must come before.
#[test]
fn a_deadlock_of_two_threads_one_of_which_has_freed_what_a_third_used_before() {
    let frees: Part = |all| {
        let guard = all.n.get().try_lock();
        if guard.is_ok() {
            all.x.free();
            drop(all.m.get().lock());
        }
        vec![guard.is_ok()]
    };
    let frees_while_it_unwinds: Part = |all| {
        struct Frees<'a>(&'a Objects);
        impl Drop for Frees<'_> {
            fn drop(&mut self) {
                self.0.x.free();
            }
        }
        let guard = all.n.get().try_lock();
        if guard.is_ok() {
            let unwinds = AssertUnwindSafe(|| {
                let _frees = Frees(all);
                resume_unwind(Box::new(()));
            });
            catch_unwind(unwinds).unwrap_err();
            drop(all.m.get().lock());
        }
        vec![guard.is_ok()]
    };
    let locks_crosswise: Part = |all| {
        let guard = all.m.get().try_lock();
        if guard.is_ok() {
            drop(all.n.get().lock());
        }
        vec![guard.is_ok()]
    };
    let uses: Part = |all| {
        all.x.get().store(1, Relaxed);
        vec![]
    };
    for memory in BOTH {
        for frees in [frees, frees_while_it_unwinds] {
            let found = outcomes_of_three(memory, 0, [locks_crosswise, uses, frees]);
            let both = ["[false, true]", "[true, false]", "[true, true]"];
            assert_eq!(found, [&both[..], &["deadlock", "use after free"]].concat());
        }
    }
}

/// A thread that was notified uses the condition variable when it has the lock, and may
/// have to wait for that: it could also have the lock before the other thread that frees
/// the condition variable.
#[test]
fn a_waiter_that_is_notified_goes_on_before_its_condvar_is_freed() {
    for memory in BOTH {
        let found = outcomes_of_three(
            memory,
            0,
            [
                |all| {
                    let guard = all.n.get().lock();
                    all.x.get().load(Relaxed);
                    drop(guard);
                    all.condvar.free();
                    vec![]
                },
                |all| {
                    let guard = all.n.get().lock().unwrap();
                    drop(all.condvar.get().wait(guard));
                    vec![]
                },
                |all| {
                    all.condvar.get().notify_one();
                    vec![]
                },
            ],
        );
        assert_eq!(found, ["[]", "use after free"]);
    }
}

/// The same for one that tries a lock that it holds already, and waits in between.
#[test]
fn a_waiter_in_a_loop_goes_on_before_its_condvar_is_freed() {
    for memory in BOTH {
        let found = outcomes_of_three(
            memory,
            1,
            [
                |all| {
                    let Ok(mut guard) = all.n.get().try_lock() else {
                        return vec![false];
                    };
                    for last in [false, false, true] {
                        if all.n.get().try_lock().is_ok() {
                            return vec![true, true];
                        }
                        if !last {
                            let waited = all.condvar.get().wait_timeout(guard, Duration::ZERO);
                            guard = waited.unwrap().0;
                        }
                    }
                    vec![true, false]
                },
                |all| {
                    all.condvar.get().notify_one();
                    vec![]
                },
                |all| {
                    let _guard = all.n.get().lock();
                    let guard = all.m.get().lock();
                    all.condvar.free();
                    drop(guard);
                    drop(all.m.get().lock());
                    vec![]
                },
            ],
        );
        assert_eq!(found, ["[false]", "[true, false]", "use after free"]);
    }
}

/// A flag that is set under a lock tells nothing of the lock's release: who sees the flag
/// and frees the mutex may free it while it is still held.
#[test]
fn a_mutex_is_freed_before_its_release() {
    let scene = |waits_for_release: bool| {
        move || {
            let (mutex, done) = (Shared::new(Mutex::new(())), AtomicBool::new(false));
            let sets = || {
                let _guard = mutex.get().lock();
                done.store(true, Release);
            };
            let frees = || {
                if done.load(Acquire) {
                    if waits_for_release {
                        drop(mutex.get().lock());
                    }
                    mutex.free();
                }
            };
            Actors::new()
                .enter("sets", sets)
                .enter("frees", frees)
                .run();
        }
    };
    for memory in BOTH {
        assert_eq!(outcomes(memory, scene(true)), ["()"]);
        assert_eq!(outcomes(memory, scene(false)), ["()", "use after free"]);
    }
}

/// Between a step and a destruction that follows it others can run.
#[test]
fn what_is_about_to_be_freed_can_still_be_used() {
    let scene = || {
        let (number, starts) = (Shared::new(AtomicUsize::new(7)), AtomicBool::new(false));
        let frees = || {
            starts.store(true, Release);
            number.free();
            0
        };
        let reads = || match starts.load(Acquire) {
            true => number.get().load(Relaxed),
            false => 1,
        };
        Actors::new()
            .enter("frees", frees)
            .enter("reads", reads)
            .run()[1]
    };
    for memory in BOTH {
        assert_eq!(outcomes(memory, scene), ["1", "7", "use after free"]);
    }
}

/// An execution that only repeats others is aborted where a thread is about to free
/// something. The thread goes on to its next step: what it has freed must be known.
#[test]
fn what_is_freed_in_an_aborted_execution_is_not_accessed_either() {
    for memory in BOTH {
        let found = outcomes_of_three(
            memory,
            0,
            [
                |all| {
                    if let Ok(_guard) = all.m.get().try_lock() {
                        drop(all.n.get().lock());
                    }
                    vec![]
                },
                |all| {
                    drop(all.m.get().try_lock());
                    vec![]
                },
                |all| {
                    all.n.free();
                    drop(all.n.get().lock());
                    vec![]
                },
            ],
        );
        assert_eq!(found, ["use after free"]);
    }
}

/// The same with an object that no thread has used before.
#[test]
fn what_is_freed_unused_in_an_aborted_execution_is_not_accessed_either() {
    for memory in BOTH {
        let found = outcomes_of_three(
            memory,
            1,
            [
                |all| {
                    drop(all.m.get().try_lock());
                    vec![]
                },
                |all| {
                    let guard = all.m.get().try_lock();
                    if guard.is_ok() {
                        all.condvar.get().notify_one();
                    }
                    drop(guard);
                    thread::park();
                    vec![]
                },
                |all| {
                    all.condvar.free();
                    all.n.free();
                    drop(all.n.get().lock());
                    vec![]
                },
            ],
        );
        assert_eq!(found, ["use after free"]);
    }
}

/// A use after free accesses what the use would have accessed beside what is freed: others
/// that access that can come before the use where nothing is freed yet.
#[test]
fn a_use_after_free_races_with_all_that_the_use_would_have_raced_with() {
    let sets: Part = |all| {
        all.x.get().store(1, Relaxed);
        all.condvar.free();
        vec![]
    };
    let waits: Part = |all| {
        let guard = all.m.get().lock().unwrap();
        drop(all.condvar.get().wait(guard));
        vec![]
    };
    let waits_at_last: Part = |all| {
        all.x.get().store(1, Relaxed);
        let guard = all.m.get().lock().unwrap();
        drop(all.condvar.get().wait(guard));
        vec![]
    };
    let frees_once_set: Part = |all| {
        let is_set = all.x.get().load(Acquire) == 1;
        if is_set {
            all.condvar.free();
        }
        vec![is_set]
    };
    let tries: Part = |all| vec![all.m.get().try_lock().is_ok()];
    let parks: Part = |_| {
        thread::park();
        vec![]
    };
    let sets_and_frees: Part = |all| {
        all.n.get().is_poisoned();
        all.x.free();
        vec![]
    };
    let stores: Part = |all| {
        all.x.get().store(1, SeqCst);
        vec![]
    };
    let fences: Part = |_| {
        fence(SeqCst);
        vec![]
    };
    let scenes = [
        [sets, tries, waits],
        [frees_once_set, parks, waits_at_last],
        [sets_and_frees, fences, stores],
    ];
    for parts in scenes {
        let rows = |memory, all_orders| {
            let scene = scene_of_three(parts);
            let mut options = Options::new(memory);
            options.budget = Budget {
                spurious_wake_ups: 1,
                ..Budget::NONE
            };
            options.all_orders = all_orders;
            let scene = move || Judged::promised(format!("{:?}", scene()), "");
            let found = explorer::explore(options, Arc::new(scene)).unwrap();
            assert!(found.is_complete(), "{}", check::report(&found));
            let rows = found.outcomes.into_iter();
            let mut rows: Vec<_> = rows.map(|row| (row.outcome, row.different)).collect();
            // How an execution goes on after that is nobody's business.
            rows.retain(|(outcome, _)| outcome != "use after free");
            rows
        };
        for memory in BOTH {
            assert_eq!(rows(memory, false), rows(memory, true), "{memory}");
        }
    }
}
