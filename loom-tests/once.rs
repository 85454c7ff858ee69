//! What is done once: by which thread, who waits for it, what that publishes, and the
//! mistakes that people make with it.

use racecourse::check;
use racecourse::draw;
use racecourse::explorer::report::{Budget, Exploration, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::atomic::AtomicUsize;
use racecourse::sync::atomic::Ordering::Relaxed;
use racecourse::sync::{Actors, Barrier, LazyLock, Once, OnceLock, thread};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn explored<T: Debug>(
    panics_are_handled: bool,
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Exploration {
    let scene = move || Judged::promised(format!("{:?}", scene()), "");
    let mut options = Options::new(Memory::C11);
    options.budget = Budget::NONE;
    options.panics_are_handled = panics_are_handled;
    let found = explore(options, std::sync::Arc::new(scene)).unwrap();
    assert_eq!(found.stopped, None);
    found
}

fn all<T: Debug>(scene: impl Fn() -> T + Send + Sync + 'static) -> Exploration {
    explored(false, scene)
}

fn rows(found: &Exploration) -> Vec<(&str, u64)> {
    let rows = found.outcomes.iter();
    rows.map(|row| (&*row.outcome, row.different)).collect()
}

/// The outcome's story, as a terminal shows it, but with no line numbers.
fn story(found: &Exploration, outcome: &str) -> String {
    let row = found.outcome(outcome);
    let row = row.unwrap_or_else(|| panic!("{}", check::report(found)));
    let told = draw::story(row).plain();
    told.replace(|c: char| c.is_ascii_digit(), "#")
}

/// What a panic says.
fn panics(f: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.unwrap_or_else(|| panic.downcast_ref::<String>().unwrap().clone())
}

/// Any thread may come first, and the order of the others makes no difference.
#[test]
fn one_thread_does_it_and_the_others_wait() {
    for threads in 1..=4 {
        let found = all(move || {
            let (once, calls) = (Once::new(), AtomicUsize::new(0));
            let call = || {
                once.call_once(|| {
                    calls.fetch_add(1, Relaxed);
                });
            };
            let names = ["a", "b", "c", "d"].into_iter().take(threads);
            let actors = names.fold(Actors::new(), |actors, name| actors.enter(name, call));
            actors.run();
            calls.into_inner()
        });
        assert_eq!(rows(&found), [("1", threads as u64)]);
    }
}

#[test]
fn one_thread_makes_the_value_and_all_get_it() {
    let found = all(|| {
        let cell = OnceLock::new();
        let get = |own: u32| *cell.get_or_init(|| own);
        let actors = Actors::new().enter("a", || get(1)).enter("b", || get(2));
        actors.enter("c", || get(3)).run()
    });
    let got = [("[1, 1, 1]", 1), ("[2, 2, 2]", 1), ("[3, 3, 3]", 1)];
    assert_eq!(rows(&found), got);
}

#[test]
fn a_lazy_value_is_made_once() {
    let found = all(|| {
        let calls = AtomicUsize::new(0);
        let lazy = LazyLock::new(|| calls.fetch_add(1, Relaxed) + 7);
        let actors = Actors::new()
            .enter("a", || *lazy)
            .enter("b", || *LazyLock::force(&lazy));
        let got = actors.run();
        (got, LazyLock::get(&lazy).copied())
    });
    assert_eq!(rows(&found), [("([7, 7], Some(7))", 2)]);
}

/// Each thread that looks does so before the value is there, or after that.
#[test]
fn a_thread_that_looks_does_not_wait() {
    for (looks, interleavings) in [(1, (1, 1)), (2, (1, 3))] {
        let found = all(move || {
            let cell = OnceLock::new();
            let mut got = vec![None; looks];
            let mut actors = Actors::new().enter("sets", || cell.set(7).unwrap());
            for (name, got) in ["a", "b"].into_iter().zip(&mut got) {
                let cell = &cell;
                actors = actors.enter(name, move || *got = cell.get().copied());
            }
            actors.run();
            got.contains(&Some(7))
        });
        let (before, after) = interleavings;
        assert_eq!(rows(&found), [("false", before), ("true", after)]);
    }
}

/// Relaxed accesses: a thread that sees the end sees what was done before.
#[test]
fn what_was_done_happens_before_the_end_is_seen() {
    let found = all(|| {
        let (once, number) = (Once::new(), AtomicUsize::new(0));
        let mut seen = 0;
        let looks = || {
            seen = if once.is_completed() {
                number.load(Relaxed)
            } else {
                9
            }
        };
        let calls = || once.call_once(|| number.store(1, Relaxed));
        Actors::new()
            .enter("calls", calls)
            .enter("looks", looks)
            .run();
        seen
    });
    assert_eq!(rows(&found), [("1", 1), ("9", 1)]);
    let found = all(|| {
        let (once, number) = (Once::new(), AtomicUsize::new(0));
        let mut seen = 0;
        let waits = || {
            once.wait();
            seen = number.load(Relaxed);
        };
        let calls = || once.call_once(|| number.store(1, Relaxed));
        Actors::new()
            .enter("calls", calls)
            .enter("waits", waits)
            .run();
        seen
    });
    assert_eq!(rows(&found), [("1", 1)]);
    let found = all(|| {
        let (once, number) = (Once::new(), AtomicUsize::new(0));
        let calls = || {
            once.call_once(|| number.store(1, Relaxed));
            number.load(Relaxed)
        };
        Actors::new()
            .enter("one", calls)
            .enter("other", calls)
            .run()
    });
    assert_eq!(rows(&found), [("[1, 1]", 2)]);
}

/// Between the last step of the closure and its end, `get` still finds nothing.
#[test]
fn the_value_is_not_there_before_the_closure_has_ended() {
    let found = all(|| {
        let (cell, number) = (OnceLock::new(), AtomicUsize::new(0));
        let mut seen = (0, None);
        let makes = || {
            cell.get_or_init(|| number.fetch_add(1, Relaxed));
        };
        let looks = || seen = (number.fetch_add(0, Relaxed), cell.get().copied());
        Actors::new()
            .enter("makes", makes)
            .enter("looks", looks)
            .run();
        seen
    });
    let seen = [
        ("(0, None)", 1),
        ("(0, Some(0))", 1),
        ("(1, None)", 1),
        ("(1, Some(0))", 1),
    ];
    assert_eq!(rows(&found), seen);
}

#[test]
fn a_thread_waits_in_vain_if_no_thread_calls() {
    let found = all(|| {
        let cell = OnceLock::<u32>::new();
        *cell.wait()
    });
    assert_eq!(rows(&found), [("deadlock", 1)]);
    let story = &found.outcomes[0].story;
    assert_eq!(
        story.epilogue,
        ["main waits for `cell`: no thread will ever initialize it"]
    );
}

#[test]
fn a_thread_that_loops_until_it_is_done_waits() {
    let found = all(|| {
        let once = Once::new();
        let waits = || {
            while !once.is_completed() {
                thread::yield_now();
            }
        };
        Actors::new()
            .enter("waits", waits)
            .enter("calls", || once.call_once(|| ()))
            .run();
    });
    let outcomes: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
    assert_eq!(outcomes, ["()"]);
    assert!(found.bounded.is_empty());
}

#[test]
fn a_panic_poisons_a_once_and_a_lazy_value_and_no_cell() {
    let found = explored(true, || {
        let (once, cell) = (Once::new(), OnceLock::new());
        let lazy: LazyLock<u32> = LazyLock::new(|| panic!("not lazy"));
        let mut said = vec![
            panics(|| once.call_once(|| panic!("not once"))),
            panics(|| once.call_once(|| ())),
            panics(|| once.wait()),
            panics(|| assert_eq!(*cell.get_or_init(|| panic!("no value")), 7)),
            panics(|| assert_eq!(*lazy, 7)),
            panics(|| assert_eq!(*lazy, 7)),
        ];
        said.push(format!(
            "{:?} {:?}",
            once.is_completed(),
            LazyLock::get(&lazy)
        ));
        once.call_once_force(|state| said.push(format!("{state:?}")));
        once.call_once_force(|_| unreachable!("it is done"));
        once.wait();
        said.push(format!(
            "{} {}",
            once.is_completed(),
            cell.get_or_init(|| 7)
        ));
        said
    });
    let said = [
        "not once",
        "Once instance has previously been poisoned",
        "Once instance has previously been poisoned",
        "no value",
        "not lazy",
        "LazyLock instance has previously been poisoned",
        "false None",
        "OnceState { poisoned: true }",
        "true 7",
    ];
    assert_eq!(rows(&found), [(&*format!("{said:?}"), 1)]);
}

/// Another thread calls before the panic, or after it.
#[test]
fn the_next_thread_makes_the_value_if_a_closure_panics() {
    let found = explored(true, || {
        let cell = OnceLock::new();
        let fails = || {
            catch_unwind(AssertUnwindSafe(|| {
                *cell.get_or_init(|| panic!("no value"))
            }))
            .ok()
        };
        let makes = || Some(*cell.get_or_init(|| 7));
        Actors::new()
            .enter("fails", fails)
            .enter("makes", makes)
            .run()
    });
    let got = [("[None, Some(7)]", 1), ("[Some(7), Some(7)]", 1)];
    assert_eq!(rows(&found), got);
}

#[test]
fn std_has_the_same() {
    let found = all(|| {
        let mut cell = OnceLock::from(1);
        let empty = OnceLock::default();
        let mut told = format!("{cell:?} {empty:?} {:?}", cell.clone());
        told += &format!(" {} {}", cell == cell.clone(), cell == empty);
        told += &format!(" {:?} {:?} {}", cell.set(2), empty.set(3), cell.wait());
        *cell.get_mut().unwrap() += 10;
        told += &format!(" {:?}", cell.take());
        told += &format!(" {:?}", cell.get());
        told += &format!(" {:?}", cell.take());
        told += &format!(" {}", cell.get_or_init(|| 5));
        told += &format!(" {:?}", cell.into_inner());
        let mut lazy = LazyLock::new(|| 8);
        told += &format!(" {lazy:?}");
        told += &format!(" {:?}", LazyLock::get_mut(&mut lazy));
        *LazyLock::force_mut(&mut lazy) += 1;
        *lazy += 1;
        told + &format!(" {lazy:?} {:?}", Once::new())
    });
    let told = "OnceLock(1) OnceLock(<uninit>) OnceLock(1) true false Err(2) Ok(()) 1 \
                Some(11) None None 5 Some(5) LazyLock(<uninit>) None LazyLock(10) Once { .. }";
    assert_eq!(rows(&found), [(&*format!("{told:?}"), 1)]);
}

struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_destructor_makes_the_value_while_its_thread_panics() {
    let found = explored(true, || {
        let (once, cell) = (Once::new(), OnceLock::new());
        let said = panics(|| {
            let _makes = OnDrop(|| assert_eq!(*cell.get_or_init(|| 7), 7));
            let _calls = OnDrop(|| once.call_once(|| ()));
            panic!("with destructors");
        });
        (said, once.is_completed(), cell.into_inner())
    });
    assert_eq!(rows(&found), [("(\"with destructors\", true, Some(7))", 1)]);
}

/// Another thread makes the value, and the destructor cannot wait: the outcome is the
/// panic.
#[test]
fn a_destructor_cannot_wait_for_the_value() {
    let found = all(|| {
        let (cell, both) = (OnceLock::new(), Barrier::new(2));
        let makes = || {
            cell.get_or_init(|| both.wait().is_leader());
        };
        let panics = || {
            let _gets = OnDrop(|| {
                cell.get_or_init(|| false);
            });
            both.wait();
            panic!("as asked");
        };
        Actors::new()
            .enter("makes", makes)
            .enter("panics", panics)
            .run();
    });
    let outcomes: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
    assert_eq!(outcomes, ["panic"]);
}

/// The closure needs the value that it makes.
#[test]
fn a_closure_that_calls_itself_deadlocks() {
    let found = all(|| {
        let config = OnceLock::new();
        let reads = || *config.get_or_init(|| 1);
        let loads = || *config.get_or_init(|| 1 + reads());
        Actors::new().enter("loads", loads).run()
    });
    assert_eq!(rows(&found), [("deadlock", 1)]);
    let told = story(&found, "deadlock");
    insta::assert_snapshot!("it_needs_itself", told);
}

/// Looks whether the value is there, and if it is not, makes it.
fn makes(checks_first: bool) -> impl Fn() -> usize + Send + Sync {
    move || {
        let (cell, made) = (OnceLock::new(), AtomicUsize::new(0));
        let make = || made.fetch_add(1, Relaxed);
        let gets = || {
            if !checks_first {
                cell.get_or_init(make);
            } else if cell.get().is_none() {
                let _ = cell.set(make());
            }
        };
        Actors::new().enter("ann", gets).enter("bob", gets).run();
        made.into_inner()
    }
}

/// Both look before either sets: then either makes first, and either sets first.
#[test]
fn a_value_is_made_twice_if_a_thread_looks_first() {
    assert_eq!(rows(&all(makes(true))), [("1", 2), ("2", 4)]);
    assert_eq!(rows(&all(makes(false))), [("1", 2)]);
}
