//! What a story tells beside its steps: names, the decisive step, what threads are doing.

use racecourse::check;
use racecourse::draw;
use racecourse::explorer::report::{Because, Budget, Kind, Lane, Memory, Outcome, Step, Story};
use racecourse::sync::atomic::{AtomicUsize, Ordering::*};
use racecourse::sync::{Actors, Condvar, Mutex, Watched, mpsc, thread};
use std::fmt::Debug;
use std::sync::LockResult;

fn outcome<T: Debug + 'static>(
    memory: Memory,
    name: &str,
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Outcome {
    let check = check::scene(scene)
        .budget(Budget::NONE)
        .memory(memory)
        .forbid(|_| None::<&str>);
    let found = check.explore().unwrap();
    let outcome = found.outcome(name);
    outcome
        .unwrap_or_else(|| panic!("{}", check::report(&found)))
        .clone()
}

fn told(story: &Story) -> Vec<&str> {
    story.steps.iter().map(|step| &*step.what).collect()
}

/// Two of them lose an update.
fn adds(number: &AtomicUsize) {
    let seen = number.load(SeqCst);
    number.store(seen + 1, SeqCst);
}

fn lost_update() -> Outcome {
    let scene = || {
        let number = AtomicUsize::new(0);
        let add = || adds(&number);
        Actors::new().enter("ann", add).enter("bob", add).run();
        number.load(SeqCst)
    };
    let check = check::scene(scene).forbid(|&sum| (sum < 2).then_some("an update is lost"));
    let found = check.budget(Budget::NONE).explore().unwrap();
    found.outcome("1").unwrap().clone()
}

#[test]
fn the_decisive_step_is_the_first_after_which_nothing_helps() {
    let Outcome { story, .. } = lost_update();
    let decisive = &story.steps[story.decisive.unwrap()];
    let Some(Because {
        act,
        before: Some(before),
        instead: None,
        outcome,
    }) = &story.because
    else {
        panic!("{:?}", story.because);
    };
    // Both have read 0.
    let loads = story
        .steps
        .iter()
        .filter(|step| step.what.starts_with("load"));
    assert_eq!(loads.clone().nth(1), Some(decisive));
    assert_eq!(decisive.what, "load number → 0 (SeqCst)");
    assert_eq!((&*act.what, act.line), (&*decisive.what, decisive.line));
    assert_eq!(before.what, "store number ← 1 (SeqCst)");
    assert_ne!(act.thread, before.thread);
    assert_eq!(
        act.source.as_deref(),
        Some("let seen = number.load(SeqCst);")
    );
    assert_eq!(outcome, "2");
    let promised: Vec<_> = story.promised.iter().map(|it| &*it.outcome).collect();
    assert_eq!(promised, ["2"]);
    assert!(!story.always);
}

#[test]
fn chance_decides_too() {
    let budget = Budget {
        weak_failures: 1,
        ..Budget::NONE
    };
    let check = check::scene(|| {
        let held = AtomicUsize::new(0);
        let taken = held.compare_exchange_weak(0, 1, Acquire, Relaxed);
        taken.is_ok()
    });
    let check = check.forbid(|taken| (!taken).then_some("the lock is free"));
    let found = check.budget(budget).explore().unwrap();
    let story = &found.outcome("false").unwrap().story;
    let because = story.because.clone().unwrap();
    let decisive = &story.steps[story.decisive.unwrap()];
    let fails = "compare_exchange_weak held fails spuriously: it is 0 (Relaxed)";
    assert_eq!((&*decisive.what, &*because.act.what), (fails, fails));
    assert_eq!(because.before, None);
    let instead = because.instead.unwrap();
    assert_eq!(instead.what, "compare_exchange_weak held: 0 → 1 (Acquire)");
    assert_eq!(because.outcome, "true");
}

#[test]
fn an_outcome_that_is_allowed_ends_well() {
    let scene = || {
        let number = AtomicUsize::new(0);
        let add = || adds(&number);
        Actors::new().enter("ann", add).enter("bob", add).run();
        let sum = number.load(SeqCst);
        assert_eq!(sum, 1, "no update was lost");
        sum
    };
    let story = |allowed: bool| {
        let check = check::scene(scene).budget(Budget::NONE);
        let check = check.forbid(|&sum| (sum == 1).then_some("lost"));
        let check = if allowed { check.allow("panic") } else { check };
        let found = check.explore().unwrap();
        found.outcome("1").unwrap().story.clone()
    };
    let (strict, allowed) = (story(false), story(true));
    assert_eq!((strict.always, strict.because), (true, None));
    assert!(!allowed.always);
    assert_eq!(allowed.because.unwrap().outcome, "panic");
}

#[test]
fn with_a_bound_on_a_loop_nothing_is_said_of_every_interleaving() {
    let check = check::scene(|| {
        let (ready, tries) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let waits = || {
            while ready.load(SeqCst) == 0 {
                tries.fetch_add(1, SeqCst);
                thread::yield_now();
            }
        };
        let sets = || ready.store(1, SeqCst);
        Actors::new()
            .enter("waits", waits)
            .enter("sets", sets)
            .run();
    });
    let found = check.forbid(|_| Some("always")).explore().unwrap();
    assert!(found.is_complete() && found.is_bounded());
    let story = &found.outcomes[0].story;
    assert_eq!((story.always, story.decisive), (false, None));
}

/// A spurious wake-up could end the deadlock, after all its steps.
#[test]
fn a_lost_wake_up_has_a_decisive_step_whatever_chance_does_later() {
    let scene = || {
        let (ready, changed) = (Mutex::new(()), Condvar::new());
        let flag = AtomicUsize::new(0);
        let waits = || {
            let guard = ready.lock().unwrap();
            if flag.load(SeqCst) == 0 {
                drop(changed.wait(guard));
            }
        };
        let sets = || {
            flag.store(1, SeqCst);
            changed.notify_one();
        };
        Actors::new()
            .enter("waits", waits)
            .enter("sets", sets)
            .run();
    };
    let found = check::scene(scene).explore().unwrap();
    let story = &found.outcome("deadlock").unwrap().story;
    let decisive = &story.steps[story.decisive.unwrap()];
    let because = story.because.as_ref().unwrap();
    let before = because.before.as_ref().unwrap();
    assert_eq!(decisive.what, "notify_one on changed → no waiter");
    assert_eq!(before.what, "unlock ready, wait on changed");
}

#[test]
fn where_nothing_ends_well_the_story_says_so() {
    let check = check::scene(|| {
        let number = AtomicUsize::new(0);
        adds(&number);
        number.load(SeqCst)
    });
    let found = check.forbid(|_| Some("always")).explore().unwrap();
    let Story {
        always,
        decisive,
        because,
        ..
    } = &found.outcomes[0].story;
    assert_eq!((*always, decisive, because), (true, &None, &None));
}

#[test]
fn objects_have_the_names_that_the_source_gives_them() {
    struct Both {
        first: AtomicUsize,
        second: Mutex<u8>,
    }
    let story = outcome(Memory::Sc, "()", || {
        let both = Both {
            first: AtomicUsize::new(0),
            second: Mutex::new(0),
        };
        let (sends, receives) = mpsc::channel();
        let many: Vec<AtomicUsize> = (0..2).map(|_| AtomicUsize::new(0)).collect();
        both.first.store(1, SeqCst);
        drop(both.second.lock());
        many[1].store(2, SeqCst);
        sends.send(()).unwrap();
        receives.recv().unwrap();
    })
    .story;
    assert_eq!(
        told(&story)[..6],
        [
            "store first ← 1",
            "lock second",
            "unlock second",
            "store many#1 ← 2",
            "send on sends",
            "receive on receives"
        ]
    );
}

#[test]
fn values_stand_beside_the_threads_only_where_they_are_watched() {
    let story = outcome(Memory::Sc, "()", || {
        let plain = Mutex::new(0);
        let seen = Mutex::new(7).watched(|value| format!("is {value}"));
        *plain.lock().unwrap() += 1;
        *seen.lock().unwrap() += 1;
    })
    .story;
    assert_eq!(
        (story.watched, story.initially),
        (vec!["seen".to_owned()], vec!["is 7".to_owned()])
    );
    assert_eq!(story.steps.last().unwrap().state, ["is 8"]);
}

#[test]
fn what_the_scene_does_itself_has_a_column_of_its_own() {
    let Outcome { story, .. } = lost_update();
    assert_eq!(story.threads, ["scene", "ann", "bob"]);
    let last = story.steps.last().unwrap();
    assert_eq!((last.thread, &*last.what), (0, "load number → 1 (SeqCst)"));
    let others = story.steps.iter().rev().skip(1);
    assert!(others.map(|step| step.thread).all(|thread| thread > 0));
    assert_eq!(last.lanes, [Lane::Ended; 3]);
}

#[test]
fn memory_orderings_stand_only_where_they_matter() {
    let scene = || {
        let x = AtomicUsize::new(0);
        x.store(1, Release);
        x.load(Acquire);
        x.fetch_add(1, Relaxed);
    };
    let story = |memory| outcome(memory, "()", scene).story;
    assert_eq!(
        told(&story(Memory::C11)),
        [
            "store x ← 1 (Release)",
            "load x → 1 (Acquire)",
            "fetch_add x: 1 → 2 (Relaxed)"
        ]
    );
    assert_eq!(
        told(&story(Memory::Sc)),
        ["store x ← 1", "load x → 1", "fetch_add x: 1 → 2"]
    );
}

#[test]
fn a_thread_that_is_woken_waits_no_more() {
    let waited = outcome(Memory::Sc, "[true, false]", || {
        let (ready, changed) = (Mutex::new(false), Condvar::new());
        let waits = || {
            let mut ready = ready.lock().unwrap();
            let waits = !*ready;
            while !*ready {
                ready = changed.wait(ready).unwrap();
            }
            waits
        };
        let sets = || {
            *ready.lock().unwrap() = true;
            changed.notify_one();
            false
        };
        Actors::new()
            .enter("waits", waits)
            .enter("sets", sets)
            .run()
    });
    let story = waited.story;
    let waits = story
        .threads
        .iter()
        .position(|name| name == "waits")
        .unwrap();
    let sleeps = story
        .steps
        .iter()
        .position(|it| it.what.ends_with("wait on changed"))
        .unwrap();
    let lane = |step: &Step| step.lanes[waits];
    let woken = story
        .steps
        .iter()
        .position(|it| it.what.starts_with("notify_one"));
    assert_eq!(lane(&story.steps[sleeps]), Lane::Waits);
    assert_eq!(lane(&story.steps[woken.unwrap()]), Lane::Enabled);
}

#[test]
fn a_panic_comes_before_what_it_unwinds() {
    let story = outcome(Memory::Sc, "panic", || {
        let lock = Mutex::new(0);
        let _guard = lock.lock();
        panic!("on purpose");
    })
    .story;
    assert_eq!(
        told(&story),
        ["lock lock", "panics: on purpose", "unlock lock: poisoned"]
    );
    assert_eq!(story.steps[1].kind, Kind::Panic);
}

#[test]
fn a_notification_without_a_waiter_is_told_only_where_one_waits_for_it() {
    let aside = |waits: bool| {
        let name = if waits { "deadlock" } else { "()" };
        let story = outcome(Memory::Sc, name, move || {
            let (lock, changed) = (Mutex::new(0), Condvar::new());
            changed.notify_one();
            if waits {
                drop(changed.wait(lock.lock().unwrap()));
            }
        })
        .story;
        assert_eq!(told(&story)[0], "notify_one on changed → no waiter");
        story.steps[0].kind == Kind::Aside
    };
    assert_eq!([aside(false), aside(true)], [true, false]);
}

/// Rust calls it from no line of the scene's.
#[test]
fn a_function_that_is_passed_on_has_the_line_of_the_step_before() {
    let line = line!() + 6;
    let found = outcome(Memory::Sc, "deadlock", || {
        let lock = Mutex::new(0);
        let locks: fn(&Mutex<u8>) -> LockResult<racecourse::sync::MutexGuard<'_, u8>> = Mutex::lock;
        let number = AtomicUsize::new(0);

        number.store(1, SeqCst);
        let _first = locks(&lock);
        let _second = locks(&lock);
    });
    let lock = &found.story.steps[1];
    assert_eq!(&*lock.what, "lock lock");
    assert_eq!((&*lock.file, lock.line), (file!(), line));
    let picture = draw::story(&found).plain();
    assert!(!picture.contains("src/engine"), "{picture}");
}
