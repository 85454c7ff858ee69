//! Reference counts: which orders of clones, drops and observations are explored, and what
//! happens before what by them.

use racecourse::check::{self, Budget, Check, Exploration, Memory};
use racecourse::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use racecourse::sync::atomic::{AtomicBool, AtomicUsize, fence};
use racecourse::sync::cell::UnsafeCell;
use racecourse::sync::{Actors, Arc, Condvar, Mutex, Weak, thread};
use std::fmt::Debug;

fn checked<T: Debug + 'static>(scene: impl Fn() -> T + Send + Sync + 'static) -> Check<T> {
    check::scene(scene).budget(Budget::NONE)
}

fn explored<T: Debug + 'static>(scene: impl Fn() -> T + Send + Sync + 'static) -> Exploration {
    let found = checked(scene).explore().unwrap();
    assert!(found.is_complete(), "{}", check::report(&found));
    found
}

/// The outcomes, each with its number of interleavings.
fn rows(found: &Exploration) -> Vec<(&str, u64)> {
    let rows = found.outcomes.iter();
    rows.map(|row| (&*row.outcome, row.different)).collect()
}

/// Its destructor stores into an atomic.
struct Tells<'a>(&'a AtomicUsize, usize);

impl Drop for Tells<'_> {
    fn drop(&mut self) {
        self.0.store(self.1, SeqCst);
    }
}

/// A cell that threads share as they please.
struct Shared(UnsafeCell<usize>);

// SAFETY: the model reports accesses that nothing orders.
unsafe impl Sync for Shared {}

impl Shared {
    fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    fn add(&self) {
        // SAFETY: as above.
        self.0.with_mut(|value| unsafe { *value += 1 });
    }

    fn get(&self) -> usize {
        // SAFETY: as above.
        self.0.with(|value| unsafe { *value })
    }
}

// What is explored.

#[test]
fn clones_and_drops_that_nobody_observes_are_one_interleaving() {
    for threads in 1..=4 {
        let found = explored(move || {
            let shared = Arc::new(7);
            let parts: Vec<_> = (0..threads)
                .map(|_| {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || *Arc::clone(&shared))
                })
                .collect();
            drop(shared);
            let sum: i32 = parts.into_iter().map(|it| it.join().unwrap()).sum();
            sum / threads
        });
        assert_eq!(rows(&found), [("7", 1)], "{threads} threads");
        assert_eq!(found.executions, 1);
    }
}

#[test]
fn a_count_is_read_before_or_after_a_drop() {
    for memory in [Memory::Sc, Memory::C11] {
        let found = checked(|| {
            let shared = Arc::new(());
            let other = Arc::clone(&shared);
            let drops = thread::spawn(move || drop(other));
            let count = Arc::strong_count(&shared);
            drops.join().unwrap();
            count
        });
        let found = found.memory(memory).explore().unwrap();
        assert_eq!(rows(&found), [("1", 1), ("2", 1)]);
    }
}

/// The one clones while the other looks, and the first `Weak` is counted too.
#[test]
fn a_count_is_read_before_or_after_a_clone_or_a_downgrade() {
    let found = explored(|| {
        let shared = Arc::new(());
        let other = Arc::clone(&shared);
        let clones = thread::spawn(move || std::mem::forget(Arc::clone(&other)));
        let count = Arc::strong_count(&shared);
        clones.join().unwrap();
        count
    });
    // 2, 3, and 2 again after the drop.
    assert_eq!(rows(&found), [("2", 2), ("3", 1)]);
    let found = explored(|| {
        let shared = Arc::new(());
        let other = Arc::clone(&shared);
        let weak = thread::spawn(move || Arc::downgrade(&other));
        let count = Arc::weak_count(&shared);
        drop(weak.join().unwrap());
        count
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["0", "1"]);
}

/// What joins and messages order needs no schedule point.
#[test]
fn a_count_that_is_read_when_all_is_over_costs_nothing() {
    let found = explored(|| {
        let shared = Arc::new(());
        let parts = [(); 3].map(|()| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || drop(shared))
        });
        parts.into_iter().for_each(|part| part.join().unwrap());
        (Arc::strong_count(&shared), Arc::try_unwrap(shared).is_ok())
    });
    assert_eq!(rows(&found), [("(1, true)", 1)]);
}

#[test]
fn only_the_counts_that_are_observed_are_explored() {
    let found = explored(|| {
        let (seen, unseen) = (Arc::new(()), Arc::new(()));
        let others = (Arc::clone(&seen), Arc::clone(&unseen));
        let drops = thread::spawn(move || drop(others));
        let count = Arc::strong_count(&seen);
        drop(unseen);
        drops.join().unwrap();
        count
    });
    assert_eq!(rows(&found), [("1", 1), ("2", 1)]);
}

// Destructors.

/// Each of the two may be the last, and store its destructor's word before the other ends.
#[test]
fn any_thread_can_be_the_last_if_the_destructor_can_be_told() {
    let found = explored(|| {
        let told = AtomicUsize::new(0);
        let shared = Arc::new(Tells(&told, 1));
        let parts = [Arc::clone(&shared), shared].map(|shared| {
            let mut shared = Some(shared);
            let told = &told;
            move || {
                drop(shared.take());
                told.load(SeqCst)
            }
        });
        let [a, b] = parts;
        Actors::new().enter("a", a).enter("b", b).run()
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["[0, 1]", "[1, 0]", "[1, 1]"]);
}

/// Called a data race falsely if the drops do not release and acquire.
#[test]
fn what_others_did_before_they_dropped_happens_before_the_destructor() {
    struct Sums(Shared, Shared);
    impl Drop for Sums {
        fn drop(&mut self) {
            assert_eq!(self.0.get() + self.1.get(), 2);
        }
    }
    let found = explored(|| {
        let sums = Arc::new(Sums(Shared::new(), Shared::new()));
        let other = Arc::clone(&sums);
        let a = thread::spawn(move || sums.0.add());
        let b = thread::spawn(move || other.1.add());
        a.join().unwrap();
        b.join().unwrap();
    });
    assert_eq!(rows(&found), [("()", 2)]);
}

/// The same with a thread that drops one reference early and then goes on.
#[test]
fn what_comes_after_a_drop_does_not_happen_before_the_destructor() {
    struct Reads<'a>(&'a Shared);
    impl Drop for Reads<'_> {
        fn drop(&mut self) {
            self.0.get();
        }
    }
    let found = explored(|| {
        let cell = Shared::new();
        let shared = Arc::new(Reads(&cell));
        let mut other = Some(Arc::clone(&shared));
        let mut shared = Some(shared);
        let a = || {
            drop(other.take());
            cell.add();
        };
        let b = || drop(shared.take());
        Actors::new().enter("a", a).enter("b", b).run();
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["()", "data race"]);
}

/// The last to drop knows what the other did before. The other knows nothing: so the read
/// races if its thread is not the last, whichever is the last in the first execution.
#[test]
fn a_thread_that_is_not_the_last_knows_nothing_by_its_drop() {
    let cases = [(false, false), (false, true), (true, false), (true, true)];
    for (swapped, comes_late) in cases {
        let found = explored(move || {
            let cell = Shared::new();
            let shared = Arc::new(());
            let (mut one, mut other) = (Some(Arc::clone(&shared)), Some(shared));
            let step = AtomicBool::new(false);
            let writes = || {
                if comes_late {
                    step.load(Relaxed);
                }
                cell.add();
                drop(one.take());
            };
            let reads = || {
                if !comes_late {
                    step.load(Relaxed);
                }
                drop(other.take());
                cell.get();
            };
            let actors = Actors::new();
            match swapped {
                false => actors.enter("a", writes).enter("b", reads).run(),
                true => actors.enter("b", reads).enter("a", writes).run(),
            };
        });
        assert!(
            found.outcome("data race").is_some(),
            "{swapped} {comes_late}"
        );
    }
}

/// One of them is the last, and acquires: both cannot read the old value.
#[test]
fn two_drops_do_not_both_miss_what_the_other_released() {
    let found = explored(|| {
        let (x, y) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let shared = Arc::new(());
        let (mut one, mut other) = (Some(Arc::clone(&shared)), Some(shared));
        let a = || {
            x.store(1, Relaxed);
            drop(one.take());
            y.load(Relaxed)
        };
        let b = || {
            y.store(1, Relaxed);
            drop(other.take());
            x.load(Relaxed)
        };
        Actors::new().enter("a", a).enter("b", b).run()
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["[0, 1]", "[1, 0]", "[1, 1]"]);
}

/// A thread that joins the last one knows what that one knows.
#[test]
fn a_thread_that_joins_one_of_two_cannot_tell_which_was_the_last() {
    let found = explored(|| {
        let cell = std::sync::Arc::new(Shared::new());
        let shared = Arc::new(());
        let (one, other) = (Arc::clone(&shared), shared);
        let theirs = std::sync::Arc::clone(&cell);
        let writes = thread::spawn(move || {
            theirs.add();
            drop(one);
        });
        thread::spawn(move || drop(other)).join().unwrap();
        cell.get();
        writes.join().unwrap();
    });
    assert!(found.outcome("data race").is_some());
}

/// As above, but the threads that load have joined those that drop.
#[test]
fn what_the_last_drop_acquires_reaches_a_thread_that_joins() {
    let found = explored(|| {
        let (x, y) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let shared = Arc::new(());
        let (mut one, mut other) = (Some(Arc::clone(&shared)), Some(shared));
        let stores = |mine: &AtomicUsize, theirs: &AtomicUsize, shared: Option<Arc<()>>| {
            let mut shared = shared;
            thread::scope(|scope| {
                scope.spawn(|| {
                    mine.store(1, Relaxed);
                    drop(shared.take());
                });
            });
            theirs.load(Relaxed)
        };
        let a = || stores(&x, &y, one.take());
        let b = || stores(&y, &x, other.take());
        Actors::new().enter("a", a).enter("b", b).run()
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["[0, 1]", "[1, 0]", "[1, 1]"]);
}

#[test]
fn a_destructor_that_panics_panics_in_any_thread() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let found = checked(|| {
        let shared = Arc::new(Panics);
        let other = Arc::clone(&shared);
        let a = thread::spawn(move || drop(other));
        let b = thread::spawn(move || drop(shared));
        (a.join().is_err(), b.join().is_err())
    });
    let found = found.allow("panic").explore().unwrap();
    assert!(found.is_complete(), "{}", check::report(&found));
    assert_eq!(rows(&found), [("panic", 2)]);
}

// The operations.

#[test]
fn of_two_threads_exactly_one_gets_the_value_by_into_inner_and_perhaps_none_by_try_unwrap() {
    fn gets(get: fn(Arc<i32>) -> Option<i32>) -> Exploration {
        explored(move || {
            let shared = Arc::new(1);
            let (mut one, mut other) = (Some(Arc::clone(&shared)), Some(shared));
            let a = || one.take().and_then(get).unwrap_or(0);
            let b = || other.take().and_then(get).unwrap_or(0);
            Actors::new().enter("a", a).enter("b", b).run()
        })
    }
    let found = gets(Arc::into_inner);
    assert_eq!(rows(&found), [("[0, 1]", 1), ("[1, 0]", 1)]);
    let found = gets(|shared| Arc::try_unwrap(shared).ok());
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["[0, 0]", "[0, 1]", "[1, 0]"]);
}

#[test]
fn get_mut_comes_before_or_after_a_drop_and_knows_what_it_released() {
    let found = explored(|| {
        let mut shared = Arc::new(Shared::new());
        let other = Arc::clone(&shared);
        let writes = thread::spawn(move || other.add());
        let found = Arc::get_mut(&mut shared).map(|shared| shared.get());
        writes.join().unwrap();
        found
    });
    assert_eq!(rows(&found), [("None", 1), ("Some(1)", 1)]);
}

#[test]
fn get_mut_comes_before_or_after_an_upgrade() {
    let found = explored(|| {
        let mut shared = Arc::new(());
        let weak = Arc::downgrade(&shared);
        let upgrades = thread::spawn(move || weak.upgrade().is_some());
        let is_only = Arc::get_mut(&mut shared).is_some();
        (is_only, upgrades.join().unwrap())
    });
    // As long as there is a `Weak`, no reference is the only one.
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["(false, true)", "(true, true)"]);
}

#[test]
fn get_mut_never_finds_a_value_that_another_thread_clones() {
    let found = explored(|| {
        let mut shared = Arc::new(());
        let other = Arc::clone(&shared);
        let clones = thread::spawn(move || Arc::clone(&other));
        let is_only = Arc::get_mut(&mut shared).is_some();
        drop(clones.join().unwrap());
        is_only
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["false"]);
}

#[test]
fn an_upgrade_fails_after_the_last_drop() {
    let found = explored(|| {
        let shared = Arc::new(1);
        let weak = Arc::downgrade(&shared);
        let drops = thread::spawn(move || drop(shared));
        let found = weak.upgrade().map(|shared| *shared);
        drops.join().unwrap();
        (found, weak.upgrade().is_none())
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["(None, true)", "(Some(1), true)"]);
}

/// The value is made while another thread has its `Weak` already.
#[test]
fn an_upgrade_knows_what_new_cyclic_did() {
    let found = explored(|| {
        let cell = std::sync::Arc::new(Shared::new());
        let written = std::sync::Arc::clone(&cell);
        let mut reader = None;
        let shared = Arc::new_cyclic(|weak: &Weak<()>| {
            let (weak, cell) = (Weak::clone(weak), std::sync::Arc::clone(&cell));
            reader = Some(thread::spawn(move || weak.upgrade().map(|_| cell.get())));
            written.add();
        });
        let read = reader.take().map(|reader| reader.join().unwrap());
        drop(shared);
        read.flatten()
    });
    assert_eq!(rows(&found), [("None", 1), ("Some(1)", 1)]);
}

#[test]
fn a_loop_that_waits_for_a_count_goes_on_when_it_has_changed() {
    let found = explored(|| {
        let shared = Arc::new(Shared::new());
        let other = Arc::clone(&shared);
        let writes = thread::spawn(move || other.add());
        while Arc::strong_count(&shared) > 1 {
            thread::yield_now();
        }
        fence(Acquire);
        writes.join().unwrap();
    });
    assert_eq!(
        rows(&found).iter().map(|row| row.0).collect::<Vec<_>>(),
        ["()"]
    );
    let found = checked(|| {
        let shared = Arc::new(());
        std::mem::forget(Arc::clone(&shared));
        while Arc::strong_count(&shared) > 1 {
            drop(Arc::clone(&shared));
            thread::yield_now();
        }
    });
    let found = found.explore().unwrap();
    assert_eq!(rows(&found), [("livelock", 1)]);
}

/// One thread: the results are std's.
#[test]
fn operations_give_what_stds_give() {
    macro_rules! results {
        ($arc:ident, $weak:ident) => {{
            let mut a = $arc::new(vec![1]);
            let b = $arc::clone(&a);
            let weak = $arc::downgrade(&a);
            let counts = ($arc::strong_count(&a), $arc::weak_count(&a));
            let weaks = (
                weak.strong_count(),
                weak.weak_count(),
                weak.ptr_eq(&weak.clone()),
            );
            let shared = $arc::get_mut(&mut a).is_none();
            $arc::make_mut(&mut a).push(2);
            let apart = ($arc::ptr_eq(&a, &b), a.len(), b.len(), a > b, a == b);
            let b = $arc::try_unwrap(b).map(|b| b.len());
            let dead = (
                weak.upgrade().is_none(),
                weak.strong_count(),
                weak.weak_count(),
            );
            let keeps = $arc::downgrade(&a);
            $arc::make_mut(&mut a).push(3);
            let lost = (keeps.upgrade().is_none(), $arc::weak_count(&a));
            let raw = $arc::into_raw(a);
            // SAFETY: the pointer is from `into_raw`, and two references are made and
            // dropped.
            let a = unsafe {
                $arc::increment_strong_count(raw);
                $arc::decrement_strong_count(raw);
                $arc::from_raw(raw)
            };
            let cyclic = $arc::new_cyclic(|me: &$weak<usize>| {
                assert!(me.upgrade().is_none());
                me.strong_count()
            });
            let one = $arc::strong_count(&cyclic);
            let text = format!("{a:?} {cyclic} {:?}", $weak::<u8>::default());
            let slice: $arc<[u8]> = $arc::from(vec![1, 2]);
            let boxed: $arc<dyn Fn() -> u8> = $arc::from(Box::new(|| 3_u8) as Box<dyn Fn() -> u8>);
            let whole = $arc::unwrap_or_clone(a);
            let pinned = $arc::pin(5);
            (
                (counts, weaks, shared, apart, b, dead, lost),
                (one, text, slice.len(), boxed(), whole, *pinned),
            )
        }};
    }
    use std::sync::{Arc as StdArc, Weak as StdWeak};
    let expected = format!("{:?}", results!(StdArc, StdWeak));
    let found = explored(|| results!(Arc, Weak));
    assert_eq!(rows(&found), [(&*expected, 1)]);
}

// Bugs that people had.

/// The last sender disconnects, as its destructor finds by the count. Two senders that go
/// at the same time both find the other one, and nobody wakes the receiver.
#[test]
fn a_count_of_senders_that_is_read_before_the_drop_deadlocks() {
    struct Channel {
        disconnected: Mutex<bool>,
        told: Condvar,
    }
    struct Sender(Option<Arc<()>>, std::sync::Arc<Channel>);
    impl Drop for Sender {
        fn drop(&mut self) {
            let is_last = self
                .0
                .as_ref()
                .is_some_and(|all| Arc::strong_count(all) == 1);
            if is_last {
                *self.1.disconnected.lock().unwrap() = true;
                self.1.told.notify_one();
            }
            drop(self.0.take());
        }
    }
    let found = explored(|| {
        let channel = std::sync::Arc::new(Channel {
            disconnected: Mutex::new(false),
            told: Condvar::new(),
        });
        let senders = Arc::new(());
        let sender = |all| Sender(Some(all), std::sync::Arc::clone(&channel));
        let both = [sender(Arc::clone(&senders)), sender(senders)];
        let both = both.map(|sender| thread::spawn(move || drop(sender)));
        let guard = channel.disconnected.lock().unwrap();
        drop(channel.told.wait_while(guard, |gone| !*gone).unwrap());
        both.into_iter().for_each(|it| it.join().unwrap());
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["()", "deadlock"]);
    let story = &found.outcome("deadlock").unwrap().story;
    let looks = story
        .steps
        .iter()
        .filter(|step| step.what.contains("strong_count"));
    let looks: Vec<&str> = looks.map(|step| &*step.what).collect();
    assert_eq!(looks, ["strong_count senders → 2"; 2]);
}

/// `Arc`, as the books write it.
struct Own<T> {
    inner: *mut Inner<T>,
    orderings: [Ordering; 2],
}

struct Inner<T> {
    count: AtomicUsize,
    value: T,
}

// SAFETY: as std's, if the orderings are right.
unsafe impl<T: Send + Sync> Send for Own<T> {}

impl<T> Own<T> {
    fn new(value: T, orderings: [Ordering; 2]) -> Self {
        let count = AtomicUsize::new(1);
        let inner = Box::into_raw(Box::new(Inner { count, value }));
        Self { inner, orderings }
    }

    fn get(&self) -> &Inner<T> {
        // SAFETY: it lives as long as this is counted.
        unsafe { &*self.inner }
    }
}

impl<T> Clone for Own<T> {
    fn clone(&self) -> Self {
        self.get().count.fetch_add(1, Relaxed);
        let Self { inner, orderings } = *self;
        Self { inner, orderings }
    }
}

impl<T> Drop for Own<T> {
    fn drop(&mut self) {
        let [release, acquire] = self.orderings;
        if self.get().count.fetch_sub(1, release) == 1 {
            if acquire != Relaxed {
                fence(acquire);
            }
            // SAFETY: it was the last.
            drop(unsafe { Box::from_raw(self.inner) });
        }
    }
}

#[test]
fn each_ordering_of_a_drop_is_needed() {
    struct Read(Shared);
    impl Drop for Read {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    let outcomes = |orderings| {
        let found = explored(move || {
            let shared = Own::new(Read(Shared::new()), orderings);
            let other = shared.clone();
            let a = thread::spawn(move || _ = shared.get().value.0.get());
            let b = thread::spawn(move || _ = other.get().value.0.get());
            a.join().unwrap();
            b.join().unwrap();
        });
        let rows = found.outcomes.into_iter();
        rows.map(|row| row.outcome).collect::<Vec<_>>()
    };
    assert_eq!(outcomes([Release, Acquire]), ["()"]);
    assert_eq!(outcomes([AcqRel, Relaxed]), ["()"]);
    assert_eq!(outcomes([Relaxed, Acquire]), ["data race"]);
    assert_eq!(outcomes([Release, Relaxed]), ["data race"]);
    assert_eq!(outcomes([Relaxed, Relaxed]), ["data race"]);
}

// Leaks.

#[test]
fn a_cycle_and_a_forgotten_arc_are_leaks_if_that_is_asked() {
    struct Node(Mutex<Option<Arc<Node>>>);
    let cycle = || {
        let node = Arc::new(Node(Mutex::new(None)));
        *node.0.lock().unwrap() = Some(Arc::clone(&node));
    };
    let forgets = || std::mem::forget(Arc::new(1));
    let drops = || {
        let shared = Arc::new(1);
        let weak = Arc::downgrade(&shared);
        std::mem::forget(weak.clone());
        drop(Arc::clone(&shared));
    };
    let first = |check: Check<()>| check.explore().unwrap().outcomes[0].clone();
    for (scene, name) in [(checked(cycle), "node"), (checked(forgets), "forgets")] {
        let leak = first(scene.leaks());
        assert_eq!((&*leak.outcome, leak.different), ("leak", 1));
        let last = &leak.story.epilogue[0];
        let (before, after) = last.split_once(&format!(" {}:", file!())).unwrap();
        assert_eq!(before, format!("`{name}`, made at"));
        let line: usize = after.split(',').next().unwrap().parse().unwrap();
        let line = include_str!("arc.rs").lines().nth(line - 1).unwrap();
        assert!(line.contains("Arc::new("), "{line}");
    }
    for scene in [checked(cycle), checked(forgets)] {
        assert_eq!(first(scene).outcome, "()", "nobody has asked");
    }
    assert_eq!(first(checked(drops).leaks()).outcome, "()");
}

/// The lost race leaks: of two threads that upgrade and drop, one forgets.
#[test]
fn a_leak_that_depends_on_the_order_is_found() {
    let found = checked(|| {
        let shared = Arc::new(1);
        let other = Arc::clone(&shared);
        let drops = thread::spawn(move || drop(other));
        match Arc::strong_count(&shared) {
            1 => drop(shared),
            _ => std::mem::forget(shared),
        }
        drops.join().unwrap();
    });
    let found = found.leaks().explore().unwrap();
    assert_eq!(rows(&found), [("()", 1), ("leak", 1)]);
    let story = &found.outcome("leak").unwrap().story;
    assert!(story.epilogue[0].starts_with("`shared`, made at loom-tests/arc.rs:"));
}

// While a thread unwinds.

#[test]
fn a_thread_that_panics_drops_what_it_has() {
    let found = checked(|| {
        let shared = Arc::new(AtomicBool::new(false));
        let other = Arc::clone(&shared);
        let panics = thread::spawn(move || {
            let _held = other;
            panic!("on purpose");
        });
        let before = Arc::strong_count(&shared);
        let panicked = panics.join().is_err();
        (before, panicked, Arc::strong_count(&shared))
    });
    let found = found.explore().unwrap();
    assert!(found.is_complete(), "{}", check::report(&found));
    assert_eq!(found.outcomes.len(), 1);
    assert_eq!(found.outcomes[0].outcome, "panic");
}
