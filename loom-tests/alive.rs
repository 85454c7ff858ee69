//! Scenes that would hang the process or end it: a loop, a recursion, an allocation
//! without end. The exploration stops, says which thread did it and where, and the
//! process can go on. Each is tried in a process of its own.

use crate::alone::{Last, alone};
use racecourse::check::{self, Exploration};
use racecourse::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use racecourse::sync::{Actors, Arc, Mutex, thread};
use std::hint::black_box;
use std::time::Duration;

const STEP_TIMEOUT: Duration = Duration::from_millis(500);
/// Nothing that needs step_timeout would end in time.
const LONG: Duration = Duration::from_secs(600);

fn explored(step_timeout: Duration, scene: impl Fn() + Send + Sync + 'static) -> Exploration {
    check::scene(scene)
        .step_timeout(step_timeout)
        .explore()
        .unwrap()
}

/// Ann takes a step, then bob takes one and does `then`; a story of ann's was told before.
/// Afterwards the process can print, free what it has found before, and explore.
fn bob_never_returns(step_timeout: Duration, then: impl Fn() + Send + Sync + 'static) -> String {
    fn whole() -> Exploration {
        let found = explored(LONG, || {
            let number = Mutex::new(0);
            let add = || *number.lock().unwrap() += 1;
            Actors::new().enter("cyd", add).enter("dan", add).run();
        });
        assert!(found.is_complete());
        found
    }
    let before = whole();
    let line = line!() + 6;
    let found = explored(step_timeout, move || {
        let number = Mutex::new(0);
        let ann = || *number.lock().unwrap() += 1;
        let bob = || {
            *number
                .lock() // the line that is named
                .unwrap() += 1;
            then();
        };
        Actors::new().enter("ann", ann).enter("bob", bob).run();
    });
    let verdict = found.verdict();
    println!("{verdict}");
    assert!(
        verdict.starts_with("STOPPED after 0 executions because "),
        "{verdict}"
    );
    assert!(verdict.contains("thread `bob`"), "{verdict}");
    assert!(
        verdict.contains(&format!(" since loom-tests/alive.rs:{line}:")),
        "{verdict}"
    );
    drop((before, found));
    drop(whole());
    verdict
}

#[expect(unconditional_recursion, reason = "it overflows")]
fn deep(depth: usize) -> usize {
    let local = black_box([depth; 64]);
    deep(local[depth % 64] + 1) + local[0]
}

#[expect(unconditional_recursion, reason = "it overflows")]
fn recurses_with(step: &dyn Fn()) -> usize {
    let local = black_box([1; 64]);
    step();
    recurses_with(step) + local[0]
}

alone! {
    an_endless_loop {
        let said = bob_never_returns(STEP_TIMEOUT, || loop {
            std::hint::spin_loop();
        });
        assert!(said.contains("no step for 500ms"), "{said}");
        assert!(said.contains("put `racecourse::sync::hint::spin_loop()` into the loop"), "{said}");
        // It burns no time any more.
        if cfg!(target_os = "linux") {
            let before = ticks();
            std::thread::sleep(Duration::from_secs(1));
            assert!(ticks() - before < 20, "{} of 100 ticks", ticks() - before);
        }
    }

    /// The thread holds a lock of the standard output nearly all the time.
    an_endless_loop_that_prints {
        bob_never_returns(STEP_TIMEOUT, || loop {
            println!("{:?}", [0; 100]);
        });
    }

    a_system_call_that_does_not_return {
        bob_never_returns(STEP_TIMEOUT, || loop {
            std::thread::sleep(LONG);
        });
    }

    an_endless_recursion {
        let said = bob_never_returns(LONG, || _ = deep(0));
        assert!(said.contains("has overflowed its stack of 2048 KiB"), "{said}");
        assert!(said.contains("`Options::stack_size`, `Check::stack_size`"), "{said}");
    }

    /// The thread may be in the middle of anything that the engine does.
    an_endless_recursion_that_takes_steps {
        for stack_size in (0..40).map(|more| 65_536 + 4096 * more) {
            let scene = || {
                let step = || {
                    let lock = Mutex::new(0);
                    *lock.lock().unwrap() += 1;
                    drop(black_box(vec![1_u8; 3000]));
                };
                let bob = || recurses_with(&step);
                Actors::new().enter("ann", || 0).enter("bob", bob).run();
            };
            let check = check::scene(scene).step_timeout(LONG).stack_size(stack_size);
            let verdict = check.explore().unwrap().verdict();
            assert!(verdict.contains("thread `bob` has overflowed"), "{verdict}");
            assert!(verdict.contains(" since loom-tests/alive.rs:"), "{verdict}");
        }
        assert!(explored(LONG, || ()).is_complete());
    }

    an_endless_recursion_that_starts_threads {
        let verdict = explored(LONG, || {
            fn starts() {
                thread::spawn(starts).join().unwrap();
                deep(0);
            }
            starts();
        }).verdict();
        assert!(verdict.contains("because the model cannot follow"), "{verdict}");
        assert!(explored(LONG, || ()).is_complete());
    }

    /// While its destructors run, before another thread of the same execution goes on.
    a_thread_that_another_unwinds_overflows {
        let verdict = explored(LONG, || {
            let lock = Arc::new(Mutex::new(0));
            let theirs = Arc::clone(&lock);
            let holder = thread::Builder::new().name("holder".to_owned());
            let holder = holder.spawn(move || {
                let _last = Last(|| _ = black_box(deep(0)));
                let _held = theirs.lock();
                thread::park();
            });
            let _last = Last(|| drop(lock.lock()));
            drop(holder);
            panic!("on purpose");
        }).verdict();
        assert!(verdict.contains("thread `holder` has overflowed"), "{verdict}");
        assert!(explored(LONG, || ()).is_complete());
    }

    an_endless_vector {
        let said = bob_never_returns(LONG, || {
            let mut all = Vec::new();
            loop {
                all.push(black_box(1_u64));
            }
        });
        assert!(said.contains(" MiB without a step"), "{said}");
    }

    /// The allocator holds a lock much of the time.
    endlessly_many_small_allocations {
        bob_never_returns(LONG, || loop {
            std::mem::forget(black_box(Box::new([1_u8; 200])));
        });
    }

    /// None of it is ever touched.
    endlessly_many_large_allocations {
        bob_never_returns(LONG, || loop {
            std::mem::forget(black_box(vec![0_u8; 1 << 30]));
        });
    }

    what_was_found_before_is_kept {
        let scene = || {
            let number = AtomicUsize::new(0);
            let add = || number.store(number.load(SeqCst) + 1, SeqCst);
            Actors::new().enter("ann", add).enter("bob", add).run();
            let sum = number.load(SeqCst);
            match sum {
                1 => loop {
                    std::hint::spin_loop();
                },
                _ => sum,
            }
        };
        let found = check::scene(scene).step_timeout(STEP_TIMEOUT).explore().unwrap();
        let kept = found.outcome("2").unwrap();
        assert_eq!(found.executions, kept.executions);
        assert!(!kept.story.steps.is_empty());
        let start = format!("STOPPED after {} execution", found.executions);
        assert!(found.verdict().starts_with(&start), "{}", found.verdict());
    }
}

/// The processor time that the process has used, in hundredths of a second.
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<_> = fields.split_whitespace().collect();
    // utime and stime: fields 14 and 15 of the line, which begins with two more.
    [11, 12]
        .map(|place| fields[place].parse::<u64>().unwrap())
        .iter()
        .sum()
}
