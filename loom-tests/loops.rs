//! Loops that wait, loops that give up, loops that have no end: what is found, and
//! whether the proof names a bound.

use racecourse::check::{self, Budget, Exploration, Memory};
use racecourse::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::*, fence};
use racecourse::sync::{Actors, Backoff, Condvar, Mutex, hint, mpsc, thread};
use std::fmt::Debug;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const SOON: Duration = Duration::from_millis(10);
const BOTH: [Memory; 2] = [Memory::Sc, Memory::C11];

fn explored<T: Debug + 'static>(
    memory: Memory,
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Exploration {
    let scene = check::scene(scene).memory(memory);
    scene.max_executions(200_000).explore().unwrap()
}

fn outcomes(found: &Exploration) -> Vec<&str> {
    let outcomes = found.outcomes.iter();
    outcomes.map(|row| row.outcome.as_str()).collect()
}

/// The outcomes of a proof without a bound.
#[track_caller]
fn proves<T: Debug + 'static>(
    memory: Memory,
    expected: &[&str],
    scene: impl Fn() -> T + Send + Sync + 'static,
) {
    let found = explored(memory, scene);
    assert!(found.is_complete(), "{memory}: {}", found.verdict());
    assert_eq!(found.bounded, [], "{memory}: {}", found.verdict());
    assert_eq!(
        outcomes(&found),
        expected,
        "{memory}: {}",
        check::report(&found)
    );
}

/// A fence that lets no thread know anything new is no change: a loop with one waits.
#[test]
fn a_loop_with_a_fence_waits() {
    for memory in BOTH {
        proves(memory, &["7"], || {
            let (data, flag) = (AtomicUsize::new(0), AtomicBool::new(false));
            let sets = || {
                data.store(7, Relaxed);
                fence(SeqCst);
                flag.store(true, Relaxed);
                0
            };
            let waits = || {
                while !flag.load(Relaxed) {
                    fence(SeqCst);
                    thread::yield_now();
                }
                fence(SeqCst);
                data.load(Relaxed)
            };
            let actors = Actors::new().enter("sets", sets).enter("waits", waits);
            actors.run()[1]
        });
    }
}

/// The line of this file that is marked so.
fn line_of(mark: &str) -> u32 {
    let mark = format!("// line: {mark}");
    let mut lines = include_str!("loops.rs").lines();
    lines.position(|line| line.ends_with(&mark)).unwrap() as u32 + 1
}

/// The outcomes of a proof that names a loop of this file, and the line of its yield.
#[track_caller]
fn proves_bounded<T: Debug + 'static>(
    memory: Memory,
    expected: &[&str],
    line: u32,
    scene: impl Fn() -> T + Send + Sync + 'static,
) {
    let found = explored(memory, scene);
    assert!(found.is_complete(), "{memory}: {}", check::report(&found));
    let bounded: Vec<_> = found
        .bounded
        .iter()
        .map(|at| (&*at.file, at.line))
        .collect();
    assert_eq!(bounded, [(file!(), line)], "{memory}: {}", found.verdict());
    assert!(
        found
            .verdict()
            .contains(&format!("{}:{line} up to", file!()))
    );
    assert_eq!(
        outcomes(&found),
        expected,
        "{memory}: {}",
        check::report(&found)
    );
}

/// A thread that waits for a flag in its own way, beside one that `sets` it or does not.
fn until_set(sets: bool, waits: fn(&AtomicBool)) -> impl Fn() + Send + Sync + 'static {
    move || {
        let flag = AtomicBool::new(false);
        let set = || {
            if sets {
                flag.store(true, Release);
            }
        };
        Actors::new()
            .enter("waits", || waits(&flag))
            .enter("sets", set)
            .run();
    }
}

/// The proof for such a thread names its loop, whose yield is marked so.
#[track_caller]
fn waits_up_to_a_bound(mark: &str, waits: fn(&AtomicBool)) {
    for memory in BOTH {
        proves_bounded(memory, &["()"], line_of(mark), until_set(true, waits));
        proves_bounded(
            memory,
            &["livelock"],
            line_of(mark),
            until_set(false, waits),
        );
    }
}

/// `n` looks at most, and what to do in between.
fn poll(n: usize, pause: fn()) -> impl Fn() -> bool + Send + Sync + 'static {
    move || {
        let ready = AtomicBool::new(false);
        let looks = || {
            for _ in 0..n {
                if ready.load(Acquire) {
                    return true;
                }
                pause();
            }
            false
        };
        let sets = || {
            ready.store(true, Release);
            true
        };
        Actors::new()
            .enter("looks", looks)
            .enter("sets", sets)
            .run()[0]
    }
}

#[test]
fn a_poll_can_give_up_however_often_it_looks() {
    for n in 0..=10 {
        let expected: &[&str] = if n == 0 {
            &["false"]
        } else {
            &["false", "true"]
        };
        for pause in [|| thread::yield_now(), || hint::spin_loop(), || ()] {
            BOTH.into_iter()
                .for_each(|memory| proves(memory, expected, poll(n, pause)));
        }
        // Under SC only a timeout that comes early lets the other thread wait.
        proves(
            Memory::C11,
            expected,
            poll(n, || thread::park_timeout(SOON)),
        );
    }
}

/// It is found although each timeout is taken from a budget.
#[test]
fn a_timed_poll_can_give_up_if_timeouts_come_early() {
    for n in 1..=4 {
        let found = check::scene(poll(n, || thread::park_timeout(SOON)))
            .memory(Memory::Sc)
            .budget(Budget {
                early_timeouts: n,
                ..Budget::NONE
            });
        let found = found.explore().unwrap();
        assert!(found.is_complete() && found.bounded.is_empty());
        assert_eq!(outcomes(&found), ["false", "true"], "{n}");
    }
}

/// A lock that is tried some times.
#[derive(Default)]
struct Flag {
    held: AtomicBool,
    inside: AtomicUsize,
}

impl Flag {
    fn try_lock(&self) -> bool {
        !self.held.swap(true, Acquire)
    }

    /// How many were inside already.
    fn enters(&self) -> usize {
        let inside = self.inside.fetch_add(1, Relaxed);
        self.inside.fetch_sub(1, Relaxed);
        self.held.store(false, Release);
        inside
    }
}

#[test]
fn a_lock_that_spins_five_times_and_then_goes_in() {
    let scene = |spins: Option<usize>| {
        move || {
            let flag = Flag::default();
            let enter = || {
                let mut left = spins;
                while !flag.try_lock() {
                    if left == Some(0) {
                        break;
                    }
                    left = left.map(|left| left - 1);
                    hint::spin_loop();
                }
                flag.enters()
            };
            let inside = Actors::new().enter("a", enter).enter("b", enter).run();
            inside.contains(&1)
        }
    };
    for memory in BOTH {
        proves(memory, &["false", "true"], scene(Some(5)));
        proves(memory, &["false"], scene(None));
    }
}

#[test]
fn a_mutex_that_is_tried_four_times_and_then_skipped() {
    let scene = |tries: usize, pause: fn()| {
        move || {
            let count = Mutex::new(0);
            let adds = || {
                for _ in 0..tries {
                    if let Ok(mut count) = count.try_lock() {
                        *count += 1;
                        return;
                    }
                    pause();
                }
            };
            Actors::new().enter("a", adds).enter("b", adds).run();
            count.into_inner().unwrap()
        }
    };
    for pause in [|| thread::yield_now(), || ()] {
        proves(Memory::Sc, &["1", "2"], scene(4, pause));
        proves(Memory::C11, &["1", "2"], scene(4, pause));
    }
    let mended = || {
        let count = Mutex::new(0);
        let adds = || {
            loop {
                if let Ok(mut count) = count.try_lock() {
                    *count += 1;
                    return;
                }
                thread::yield_now();
            }
        };
        Actors::new().enter("a", adds).enter("b", adds).run();
        count.into_inner().unwrap()
    };
    BOTH.into_iter()
        .for_each(|memory| proves(memory, &["2"], mended));
}

/// Spins, announces that it sleeps, sleeps. `looks_again`: before it sleeps.
fn adaptive(spins: usize, looks_again: bool) -> impl Fn() -> &'static str + Send + Sync {
    move || {
        let held = AtomicBool::new(true);
        let sleeps = AtomicBool::new(false);
        let sleeper = Mutex::new(None);
        let try_lock = || held.compare_exchange(false, true, SeqCst, SeqCst).is_ok();
        let lock = || {
            *sleeper.lock().unwrap() = Some(thread::current());
            for _ in 0..spins {
                if try_lock() {
                    return;
                }
                hint::spin_loop();
            }
            sleeps.store(true, SeqCst);
            if looks_again && try_lock() {
                return;
            }
            loop {
                thread::park();
                if try_lock() {
                    return;
                }
            }
        };
        let unlock = || {
            held.store(false, SeqCst);
            if sleeps.load(SeqCst)
                && let Some(sleeper) = &*sleeper.lock().unwrap()
            {
                sleeper.unpark();
            }
        };
        Actors::new()
            .enter("locks", lock)
            .enter("unlocks", unlock)
            .run();
        "locked"
    }
}

#[test]
fn an_adaptive_lock_whose_sleeper_is_not_woken() {
    for spins in [0, 1, 2, 3, 10, 100] {
        for memory in BOTH {
            // A wake-up by chance would only hide it.
            let found = check::scene(adaptive(spins, false)).memory(memory);
            let found = found.budget(Budget::NONE).explore().unwrap();
            assert!(
                found.is_complete() && found.bounded.is_empty(),
                "{}",
                found.verdict()
            );
            assert_eq!(outcomes(&found), ["\"locked\"", "deadlock"], "{spins}");
            proves(memory, &["\"locked\""], adaptive(spins, true));
        }
    }
}

#[test]
fn waiting_without_an_end_needs_no_bound() {
    let waits: [fn(&AtomicBool); 4] = [
        |ready| {
            while !ready.load(Acquire) {
                hint::spin_loop();
            }
        },
        |ready| {
            while !ready.load(Acquire) {
                thread::yield_now();
            }
        },
        |ready| {
            let mut step = 0;
            while !ready.load(Acquire) {
                for _ in 0..1 << step {
                    hint::spin_loop();
                }
                step = (step + 1).min(6);
            }
        },
        |ready| {
            let backoff = Backoff::new();
            while !ready.load(Acquire) {
                backoff.snooze();
            }
        },
    ];
    for waits in waits {
        for memory in BOTH {
            proves(memory, &["()"], until_set(true, waits));
            proves(memory, &["livelock"], until_set(false, waits));
        }
    }
}

/// Test and set, test and test and set, and a lock that is never released.
#[test]
fn spin_locks() {
    let scene = |leaks: bool| {
        move || {
            let held = AtomicBool::new(leaks);
            let sets = || {
                while held.swap(true, Acquire) {
                    hint::spin_loop();
                }
                held.store(false, Release);
            };
            let tests = || {
                loop {
                    if !held.load(Relaxed) && !held.swap(true, Acquire) {
                        break;
                    }
                    hint::spin_loop();
                }
                held.store(false, Release);
            };
            let actors = Actors::new().enter("sets", sets).enter("tests", tests);
            actors.run();
        }
    };
    for memory in BOTH {
        proves(memory, &["()"], scene(false));
        proves(memory, &["livelock"], scene(true));
    }
}

/// What it looks at is not what it yields after.
#[test]
fn a_loop_that_yields_at_two_places() {
    let scene = || {
        let flags = [AtomicBool::new(false), AtomicBool::new(false)];
        let waits = || {
            loop {
                if flags[0].load(Acquire) {
                    return 0;
                }
                hint::spin_loop();
                if flags[1].load(Acquire) {
                    return 1;
                }
                thread::yield_now();
            }
        };
        let sets = || {
            flags[1].store(true, Release);
            9
        };
        Actors::new()
            .enter("waits", waits)
            .enter("sets", sets)
            .run()[0]
    };
    BOTH.into_iter()
        .for_each(|memory| proves(memory, &["1"], scene));
}

#[test]
fn a_poller_pops_an_empty_vec_each_time() {
    let line = line_of("pops");
    let scene = |forgets: bool| {
        move || {
            let queue = Mutex::new(Vec::new());
            let takes = || loop {
                if let Some(item) = queue.lock().unwrap().pop() {
                    return item;
                }
                thread::yield_now(); // line: pops
            };
            let puts = || {
                if !forgets {
                    queue.lock().unwrap().push(7);
                }
                0
            };
            Actors::new()
                .enter("takes", takes)
                .enter("puts", puts)
                .run()[0]
        }
    };
    for memory in BOTH {
        proves_bounded(memory, &["7"], line, scene(false));
        proves_bounded(memory, &["livelock"], line, scene(true));
    }
}

/// A reader adds itself, and takes itself back if there is a writer.
#[test]
fn a_read_lock_adds_and_takes_back() {
    const WRITER: u64 = 1;
    let line = line_of("adds");
    let scene = |readers: usize, released: bool| {
        move || {
            let state = AtomicU64::new(WRITER);
            let reads = || {
                while state.fetch_add(2, Acquire) & WRITER != 0 {
                    state.fetch_sub(2, Relaxed);
                    hint::spin_loop(); // line: adds
                }
                state.fetch_sub(2, Release);
            };
            let mut actors = Actors::new();
            for _ in 0..readers {
                actors = actors.enter("reads", reads);
            }
            let writes = || {
                if released {
                    state.fetch_sub(WRITER, Release);
                }
            };
            actors.enter("writes", writes).run();
            state.into_inner()
        }
    };
    for memory in BOTH {
        proves_bounded(memory, &["0"], line, scene(1, true));
        proves_bounded(memory, &["livelock"], line, scene(1, false));
    }
    let two = check::scene(scene(2, true)).memory(Memory::Sc);
    let two = two
        .budget(Budget {
            iterations: 1,
            ..Budget::NONE
        })
        .explore()
        .unwrap();
    assert!(two.is_complete() && two.is_bounded(), "{}", two.verdict());
    assert_eq!(outcomes(&two), ["0"]);
}

/// Once its loop has had all the iterations that are explored, it reads no older value.
#[test]
fn a_loop_that_counts_its_looks_on_the_heap() {
    waits_up_to_a_bound("counts its looks", |flag| {
        let looks = AtomicU64::new(0);
        while !flag.load(Relaxed) {
            looks.fetch_add(1, Relaxed);
            looks.fetch_sub(1, Relaxed);
            hint::spin_loop(); // line: counts its looks
        }
    });
}

/// Whatever the number of its iterations, it can go on at once when it is told to.
#[test]
fn a_loop_that_has_had_its_iterations_goes_on_before_others_do() {
    let scene = || {
        let (stop, iterations) = (AtomicBool::new(false), AtomicUsize::new(0));
        let has_stopped = AtomicBool::new(false);
        let mut seen = (0, false);
        let counts = || {
            while !stop.load(SeqCst) {
                iterations.fetch_add(1, SeqCst);
                hint::spin_loop();
            }
            has_stopped.store(true, SeqCst);
        };
        let stops = || {
            let before = iterations.load(SeqCst);
            stop.store(true, SeqCst);
            seen = (before, has_stopped.load(SeqCst));
        };
        Actors::new()
            .enter("counts", counts)
            .enter("stops", stops)
            .run();
        seen
    };
    let found = explored(Memory::Sc, scene);
    assert!(found.is_complete() && found.is_bounded());
    let iterations = outcomes(&found).len().div_ceil(2);
    assert!(iterations > Budget::ITERATIONS);
    for iterations in 0..iterations {
        for has_stopped in [false, true] {
            let outcome = format!("({iterations}, {has_stopped})");
            assert!(found.outcome(&outcome).is_some(), "{outcome}");
        }
    }
}

#[test]
fn a_loop_that_unparks_itself_and_parks() {
    waits_up_to_a_bound("unparks", |ready| {
        while !ready.load(Acquire) {
            thread::current().unpark();
            thread::park(); // line: unparks
        }
    });
}

/// Unparks a thread: as executors do that run one future.
struct Unparks(thread::Thread);

impl Wake for Unparks {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn a_task_that_wakes_itself_and_is_pending() {
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let waker = Waker::from(Arc::new(Unparks(thread::current())));
        let mut future = pin!(future);
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(value) => return value,
                Poll::Pending => thread::park(), // line: task
            }
        }
    }
    waits_up_to_a_bound("task", |ready| {
        block_on(std::future::poll_fn(|context| {
            if ready.load(Acquire) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }));
    });
}

/// It counts how often it has looked: each iteration has another stack.
#[test]
fn a_loop_that_counts_its_iterations() {
    waits_up_to_a_bound("counts", |ready| {
        let mut looks = 0_u64;
        while !ready.load(Acquire) {
            hint::spin_loop(); // line: counts
            looks += 1;
        }
        std::hint::black_box(looks);
    });
}

/// The plainest shutdown loop there is.
#[test]
fn a_loop_that_pauses_until_it_is_told_to_stop() {
    let works: [fn(&AtomicBool); 3] = [
        |stop| {
            while !stop.load(Acquire) {
                thread::park_timeout(SOON);
            }
        },
        |stop| {
            let (mutex, condvar) = (Mutex::new(()), Condvar::new());
            while !stop.load(Acquire) {
                let guard = mutex.lock().unwrap();
                drop(condvar.wait_timeout(guard, SOON).unwrap());
            }
        },
        |stop| {
            let (_sender, receiver) = mpsc::channel::<()>();
            while !stop.load(Acquire) {
                assert!(receiver.recv_timeout(SOON).is_err());
            }
        },
    ];
    for works in works {
        for memory in BOTH {
            proves(memory, &["()"], until_set(true, works));
            proves(memory, &["livelock"], until_set(false, works));
        }
    }
}

/// The flag is under the lock, and the worker is told.
#[test]
fn a_loop_that_waits_in_time_on_a_condition() {
    let scene = |notifies: bool| {
        move || {
            let (stop, told) = (Mutex::new(false), Condvar::new());
            let works = || {
                let mut guard = stop.lock().unwrap();
                while !*guard {
                    guard = told.wait_timeout(guard, SOON).unwrap().0;
                }
            };
            let tells = || {
                *stop.lock().unwrap() = true;
                if notifies {
                    told.notify_one();
                }
            };
            Actors::new()
                .enter("works", works)
                .enter("tells", tells)
                .run();
        }
    };
    for memory in BOTH {
        proves(memory, &["()"], scene(true));
        proves(memory, &["()"], scene(false));
    }
}

/// A wait that was notified, or woken by chance, can time out the next time: that it sees
/// the same does not mean that it waits.
#[test]
fn a_wait_that_gives_up_after_it_was_woken_for_nothing() {
    let scene = || {
        let (ready, told) = (Mutex::new(false), Condvar::new());
        let waits = || {
            let mut guard = ready.lock().unwrap();
            loop {
                if *guard {
                    return "ready";
                }
                let (again, result) = told.wait_timeout(guard, SOON).unwrap();
                guard = again;
                if result.timed_out() {
                    return "gave up";
                }
            }
        };
        let notifies = || {
            told.notify_one();
            told.notify_one();
            ""
        };
        Actors::new()
            .enter("waits", waits)
            .enter("notifies", notifies)
            .run()[0]
    };
    BOTH.into_iter()
        .for_each(|memory| proves(memory, &["\"gave up\""], scene));
}

/// A cell is no object that a thread waits for, but to write it is no waiting either.
#[test]
fn a_counter_in_a_cell_is_no_waiting() {
    let scene = || {
        let ready = AtomicBool::new(false);
        // On the heap: nothing on the stack counts.
        let left = Box::new(racecourse::sync::cell::UnsafeCell::new(5));
        let ready = &ready;
        let waits = move || {
            // SAFETY: no other thread uses the cell.
            while left.with_mut(|left| unsafe {
                *left -= 1;
                *left
            }) > 0
            {
                if ready.load(Acquire) {
                    return true;
                }
                hint::spin_loop();
            }
            false
        };
        let sets = || {
            ready.store(true, Release);
            true
        };
        Actors::new()
            .enter("waits", waits)
            .enter("sets", sets)
            .run()[0]
    };
    for memory in BOTH {
        let found = explored(memory, scene);
        assert_eq!(outcomes(&found), ["false", "true"], "{}", found.verdict());
    }
}
