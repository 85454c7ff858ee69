//! Scenes that do not do the same each time, and scenes that only seem so.

use racecourse::check::{self, Exploration, Memory};
use racecourse::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use racecourse::sync::atomic::{AtomicUsize, fence};
use racecourse::sync::cell::UnsafeCell;
use racecourse::sync::{Actors, Condvar, Mutex, Named, Watched, mpsc, narrate, thread};
use std::cell::Cell;
use std::collections::hash_map::{DefaultHasher, RandomState};
use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::hash::{BuildHasher, BuildHasherDefault};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Instant, SystemTime};

/// Chance of one half.
fn coin() -> bool {
    RandomState::new().hash_one(7) % 2 == 1
}

/// Chance of one half.
fn tick() -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().subsec_nanos() / 128 % 2 == 1
}

fn address<T>(of: &T) -> usize {
    std::ptr::from_ref(of).addr()
}

/// Does the one or the other to an atomic.
fn store_or_add(is_store: bool, x: &AtomicUsize) {
    match is_store {
        true => x.store(1, SeqCst),
        false => _ = x.fetch_add(1, SeqCst),
    }
}

fn zero() -> AtomicUsize {
    AtomicUsize::new(0).named("x")
}

fn two(part: impl Fn() + Sync) {
    Actors::new().enter("ann", &part).enter("bob", &part).run();
}

fn three(part: impl Fn() + Sync) {
    let actors = Actors::new().enter("ann", &part).enter("bob", &part);
    actors.enter("cid", &part).run();
}

fn explored<T: Debug + 'static>(
    memory: Memory,
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Exploration {
    check::scene(scene).memory(memory).explore().unwrap()
}

/// Why the scene is not deterministic.
fn noticed(found: &Exploration) -> &str {
    let report = check::report(found);
    assert!(!found.is_complete(), "{report}");
    let misuse = found.outcome("misuse").expect(&report);
    assert!(misuse.meaning.contains("is not deterministic"), "{report}");
    &misuse.meaning
}

/// Chance of one half would pass unnoticed once in a while if it were tried once.
fn noticed_each_time(scene: impl Fn() + Send + Sync + Clone + 'static) {
    for _ in 0..20 {
        noticed(&explored(Memory::Sc, scene.clone()));
    }
}

macro_rules! not_deterministic {
    ($($name:ident: $memory:ident, $scene:expr;)+) => {
        $(#[test]
        fn $name() {
            noticed(&explored(Memory::$memory, $scene));
        })+
    };
}

not_deterministic! {
    store_or_add_alone: Sc, || store_or_add(coin(), &zero());
    store_or_add_alone_c11: C11, || store_or_add(coin(), &zero());
    store_or_add_of_two: Sc, || {
        let x = zero();
        two(|| store_or_add(coin(), &x));
    };
    store_or_add_of_two_c11: C11, || {
        let x = zero();
        two(|| store_or_add(coin(), &x));
    };
    store_or_add_of_three_c11: C11, || {
        let x = zero();
        three(|| store_or_add(coin(), &x));
    };
    store_or_add_at_the_end: C11, || {
        let x = zero();
        two(|| _ = x.fetch_add(1, Relaxed));
        store_or_add(coin(), &x);
    };
    store_or_add_after_ninety_interleavings: Sc, || {
        let x = zero();
        three(|| {
            x.fetch_add(1, SeqCst);
            x.fetch_add(1, SeqCst);
        });
        store_or_add(coin(), &x);
    };
    one_of_two_locks: Sc, || {
        let locks = [Mutex::new(0), Mutex::new(0)];
        *locks[usize::from(coin())].lock().unwrap() += 1;
    };
    one_of_two_locks_for_two_threads: C11, || {
        let locks = [Mutex::new(0), Mutex::new(0)];
        two(|| *locks[usize::from(coin())].lock().unwrap() += 1);
    };
    which_lock_comes_first: Sc, || {
        let locks = [Mutex::new(0), Mutex::new(0)];
        let first = usize::from(coin());
        let _first = locks[first].lock().unwrap();
        let _second = locks[1 - first].lock().unwrap();
    };
    lock_or_try_lock: Sc, || {
        let lock = Mutex::new(0);
        match coin() {
            true => *lock.lock().unwrap() = 1,
            false => *lock.try_lock().unwrap() = 1,
        }
    };
    ordering_of_a_store: C11, || zero().store(1, if coin() { Release } else { Relaxed });
    ordering_of_a_load: Sc, || zero().load(if coin() { Acquire } else { SeqCst });
    ordering_of_an_addition: C11, || {
        let x = zero();
        two(|| _ = x.fetch_add(1, if coin() { AcqRel } else { Relaxed }));
    };
    ordering_of_a_fence: C11, || fence(if coin() { Acquire } else { Release });
    one_of_two_lines: Sc, || match coin() {
        true => zero().store(1, SeqCst),
        false => zero().store(1, SeqCst),
    };
    one_of_two_lines_in_two_threads: C11, || {
        let x = zero();
        two(|| match coin() {
            true => x.store(1, Relaxed),
            false => x.store(1, Relaxed),
        });
    };
    one_step_or_two: Sc, || {
        let x = zero();
        for _ in 0..1 + usize::from(coin()) {
            x.store(1, SeqCst);
        }
    };
    one_step_or_two_of_two_threads: C11, || {
        let x = zero();
        two(|| {
            for _ in 0..1 + usize::from(coin()) {
                x.store(1, SeqCst);
            }
        });
    };
    one_step_or_none: Sc, || {
        let x = zero();
        if coin() {
            x.load(SeqCst);
        }
    };
    spawned_or_not: Sc, || {
        if coin() {
            thread::spawn(|| ()).join().unwrap();
        }
    };
    spawned_or_not_by_a_spawned_thread: C11, || {
        let thread = thread::spawn(|| {
            if coin() {
                thread::spawn(|| ()).join().unwrap();
            }
        });
        thread.join().unwrap();
    };
    joined_or_not: Sc, || {
        let thread = thread::spawn(|| ());
        if coin() {
            thread.join().unwrap();
        }
    };
    value_of_a_store: Sc, || zero().store(coin().into(), SeqCst);
    value_of_an_addition: C11, || {
        let x = zero();
        two(|| _ = x.fetch_add(1 + usize::from(coin()), Relaxed));
    };
    value_at_the_beginning: Sc, || AtomicUsize::new(coin().into()).load(SeqCst);
    order_of_a_map: Sc, || {
        let map = HashMap::from([(1, zero()), (2, zero())]);
        map.values().for_each(|x| x.store(1, SeqCst));
        map.keys().for_each(|&key| map[&1].store(key, SeqCst));
    };
    order_of_a_map_in_two_threads: C11, || {
        let locks = [Mutex::new(0), Mutex::new(0)];
        two(|| {
            let map = HashMap::from([("a", &locks[0]), ("b", &locks[1])]);
            map.values().for_each(|lock| *lock.lock().unwrap() += 1);
        });
    };
    order_of_a_set: C11, || {
        let x = zero();
        HashSet::from([1, 2, 3]).into_iter().for_each(|value| x.store(value, Relaxed));
    };
    notify_one_or_all: Sc, || match coin() {
        true => Condvar::new().notify_one(),
        false => Condvar::new().notify_all(),
    };
    one_of_two_channels: C11, || {
        let channels = [mpsc::channel(), mpsc::channel()];
        channels[usize::from(coin())].0.send(1).unwrap();
    };
    read_or_written_cell: Sc, || {
        let cell = UnsafeCell::new(0);
        match coin() {
            true => cell.with(|_| ()),
            false => cell.with_mut(|_| ()),
        }
    };
    told_or_not: Sc, || {
        if coin() {
            narrate(format_args!("heads"));
        }
    };
    outcome_alone: Sc, coin;
    outcome_of_two_threads: C11, || {
        let x = zero();
        two(|| x.store(1, Relaxed));
        coin()
    };
    panic_or_not: Sc, || assert!(coin(), "tails");
    panic_on_one_of_two_lines: Sc, || match coin() {
        true => panic!("on purpose"),
        false => panic!("on purpose"),
    };
    order_of_addresses: Sc, || {
        let (a, b) = (Box::new(0_u64), Box::new(0_u64));
        store_or_add(address(&*a) < address(&*b), &zero());
    };
    order_of_addresses_in_two_threads: C11, || {
        let x = zero();
        two(|| {
            let (a, b) = (Box::new([0_u64; 5]), Box::new([0_u64; 5]));
            store_or_add(address(&*a) < address(&*b), &x);
        });
    };
    locks_in_the_order_of_addresses: Sc, || {
        let (a, b) = (Box::new(0_u64), Box::new(0_u64));
        let mut locks = [(a, Mutex::new(0)), (b, Mutex::new(0))];
        locks.sort_by_key(|(place, _)| address(&**place));
        locks.iter().for_each(|(_, lock)| *lock.lock().unwrap() += 1);
    };
    parity_of_an_address: C11, || {
        let place = Box::new(0_u64);
        store_or_add(address(&*place) / 16 % 2 == 1, &zero());
    };
    time: Sc, || store_or_add(tick(), &zero());
    time_of_three_threads: C11, || {
        let x = zero();
        three(|| store_or_add(tick(), &x));
    };
    time_since_then: C11, || {
        static THEN: LazyLock<Instant> = LazyLock::new(Instant::now);
        let x = zero();
        two(|| store_or_add(THEN.elapsed().as_nanos() / 128 % 2 == 1, &x));
    };
    once: Sc, || {
        static ONCE: OnceLock<usize> = OnceLock::new();
        ONCE.get_or_init(|| zero().fetch_add(1, SeqCst));
    };
    once_in_two_threads: C11, || {
        static ONCE: OnceLock<()> = OnceLock::new();
        let x = zero();
        two(|| {
            let mut is_first = false;
            ONCE.get_or_init(|| is_first = true);
            store_or_add(is_first, &x);
        });
    };
    parity_of_a_counter: Sc, || {
        static COUNTER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        store_or_add(COUNTER.fetch_add(1, Relaxed).is_multiple_of(2), &zero());
    };
    every_eighth_time_in_two_threads: C11, || {
        static COUNTER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let x = zero();
        two(|| store_or_add(COUNTER.fetch_add(1, Relaxed).is_multiple_of(8), &x));
    };
    left_in_a_thread_local: Sc, || {
        std::thread_local!(static LEFT: Cell<bool> = const { Cell::new(false) });
        store_or_add(LEFT.replace(true), &zero());
    };
    swapped_in_a_static: C11, || {
        static LEFT: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
        let x = zero();
        two(|| store_or_add(LEFT.swap(true, Relaxed), &x));
    };
    counted_in_a_static_mutex: Sc, || {
        static LEFT: std::sync::Mutex<usize> = std::sync::Mutex::new(0);
        let mut left = LEFT.lock().unwrap();
        *left += 1;
        let value = *left;
        drop(left);
        zero().store(value, SeqCst);
    };
    a_leaked_arc: Sc, || {
        static ARC: LazyLock<Arc<()>> = LazyLock::new(Arc::default);
        std::mem::forget(Arc::clone(&ARC));
        store_or_add(Arc::strong_count(&ARC).is_multiple_of(2), &zero());
    };
    the_last_of_two_drops_an_arc: Sc, || dropped_by(2);
    the_last_of_three_drops_an_arc: C11, || dropped_by(3);
    a_count_of_owners: C11, || {
        let (shared, x) = (Arc::new(zero()), zero());
        let part = |shared: Arc<AtomicUsize>| {
            let x = &x;
            move || {
                shared.fetch_add(1, Relaxed);
                store_or_add(Arc::strong_count(&shared) == 3, x);
            }
        };
        let (ann, bob) = (part(Arc::clone(&shared)), part(Arc::clone(&shared)));
        Actors::new().enter("ann", ann).enter("bob", bob).run();
    };
}

/// Its last owner stores something.
struct Last(AtomicUsize);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.store(1, SeqCst);
    }
}
const LAST_STORES: u32 = line!() - 3;

fn dropped_by(threads: usize) {
    let last = Arc::new(Last(zero()));
    let part = |_| {
        let last = Arc::clone(&last);
        thread::spawn(move || last.0.load(SeqCst))
    };
    let threads: Vec<_> = (0..threads).map(part).collect();
    drop(last);
    threads.into_iter().for_each(|thread| drop(thread.join()));
}

#[test]
fn the_two_lines_are_said() {
    let line = line!();
    let found = explored(Memory::C11, || {
        let x = zero();
        match coin() {
            true => x.store(1, SeqCst),
            false => _ = x.fetch_add(1, SeqCst),
        }
    });
    let why = noticed(&found);
    let file = file!();
    for what in [
        format!("main: `store x ← 1 (SeqCst)` at {file}:{}", line + 4),
        format!("main: `fetch_add x: 0 → 1 (SeqCst)` at {file}:{}", line + 5),
    ] {
        assert!(why.contains(&what), "{why}");
        let story = &found.outcome("misuse").unwrap().story;
        let last = story.epilogue.join("\n");
        assert!(last.contains(&what), "{last}");
    }
}

#[test]
fn a_step_that_is_missing_is_said() {
    let line = line!();
    let found = explored(Memory::C11, || {
        let x = zero();
        x.load(Relaxed);
        if coin() {
            x.store(7, Relaxed);
        }
    });
    let why = noticed(&found);
    let what = format!("main: `store x ← 7 (Relaxed)` at {}:{}", file!(), line + 5);
    assert!(why.contains(&what), "{why}");
}

/// In each order the scene does the same, but not the same thread.
#[test]
fn what_a_thread_does_that_knows_the_same_is_said() {
    let found = explored(Memory::Sc, || dropped_by(2));
    let why = noticed(&found);
    let line = format!("something else at {}:{LAST_STORES}", file!());
    assert!(why.contains(&line) && why.contains(" ends"), "{why}");
}

#[test]
fn what_differs_only_when_it_is_told_is_said() {
    let steps = || {
        let lock = Mutex::new(zero()).watched(|x| x.load(SeqCst).to_string());
        two(|| lock.lock().unwrap().store(1, SeqCst));
    };
    let panics = || {
        let lock = Mutex::new(0).watched(|_| panic!("on purpose"));
        two(|| *lock.lock().unwrap() += 1);
    };
    for found in [explored(Memory::Sc, steps), explored(Memory::Sc, panics)] {
        let report = check::report(&found);
        assert!(!found.is_complete(), "{report}");
        let misuse = found.outcome("misuse").expect(&report);
        assert!(
            misuse.meaning.contains("while its story was told"),
            "{report}"
        );
    }
}

mod deterministic {
    use super::*;

    fn complete<T: Debug + 'static>(scene: fn() -> T) {
        for memory in [Memory::Sc, Memory::C11] {
            let found = explored(memory, scene);
            let report = check::report(&found);
            assert!(found.is_complete(), "{report}");
            assert!(found.outcome("misuse").is_none(), "{report}");
        }
    }

    struct Node {
        value: usize,
        next: usize,
    }

    fn push(top: &AtomicUsize, value: usize) {
        let next = top.load(Relaxed);
        let node = Box::into_raw(Box::new(Node { value, next }));
        let new = node.expose_provenance();
        let mut expected = next;
        while let Err(top) = top.compare_exchange(expected, new, AcqRel, Relaxed) {
            // SAFETY: the node is this thread's own until it is in the stack.
            unsafe { (*node).next = top };
            expected = top;
        }
    }

    /// The stack holds addresses, which differ from one execution to the next.
    #[test]
    fn a_stack_of_addresses() {
        complete(|| {
            let top = zero();
            let pushes = |value| {
                let top = &top;
                move || push(top, value)
            };
            Actors::new()
                .enter("ann", pushes(1))
                .enter("bob", pushes(2))
                .run();
            let (mut next, mut values) = (top.load(Acquire), Vec::new());
            while next != 0 {
                // SAFETY: `push` put it there, and no other thread is left.
                let node =
                    unsafe { Box::from_raw(std::ptr::with_exposed_provenance_mut::<Node>(next)) };
                values.push(node.value);
                next = node.next;
            }
            values
        });
    }

    #[test]
    fn a_map_with_a_fixed_hasher() {
        complete(|| {
            let x = zero();
            two(|| {
                let mut map = HashMap::<_, _, BuildHasherDefault<DefaultHasher>>::default();
                map.extend([("a", 1), ("b", 2), ("c", 3)]);
                map.values().for_each(|&value| x.store(value, Relaxed));
            });
        });
    }

    #[test]
    fn arcs_that_any_thread_drops_last() {
        complete(|| {
            let shared = Arc::new((zero(), Mutex::new(vec![1])));
            let part = |_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    shared.0.fetch_add(1, Relaxed);
                    shared.1.lock().unwrap().push(2);
                })
            };
            let threads: Vec<_> = (0..2).map(part).collect();
            drop(shared);
            threads.into_iter().for_each(|thread| drop(thread.join()));
        });
    }

    #[test]
    fn sorted_boxes_of_one_kind() {
        complete(|| {
            let x = zero();
            let mut boxes = [Box::new(1), Box::new(1)];
            boxes.sort_by_key(|one| address(&**one));
            two(|| boxes.iter().for_each(|value| x.store(**value, Relaxed)));
        });
    }

    /// After the race a thread has read what the model does not know.
    #[test]
    fn a_data_race_whose_value_is_stored() {
        struct Shared(UnsafeCell<usize>);
        // SAFETY: it is not: this is a test. But threads of a scene run one at a time.
        unsafe impl Sync for Shared {}

        let found = explored(Memory::Sc, || {
            let (shared, x, y) = (Shared(UnsafeCell::new(0)), zero(), zero());
            let shared = &shared;
            let write = || {
                x.load(SeqCst);
                // SAFETY: as above.
                shared.0.with_mut(|value| unsafe { *value = 1 });
            };
            let read = || {
                y.load(SeqCst);
                // SAFETY: as above.
                let value = shared.0.with(|value| unsafe { *value });
                x.store(value, SeqCst);
            };
            Actors::new().enter("ann", read).enter("bob", write).run();
        });
        let report = check::report(&found);
        assert!(
            found.is_complete() && found.outcome("data race").is_some(),
            "{report}"
        );
    }
}

/// Everything but the outcome is as it was, in more interleavings than are run again.
#[test]
fn an_outcome_among_many_interleavings() {
    for _ in 0..20 {
        let found = explored(Memory::Sc, || {
            let x = zero();
            three(|| {
                x.fetch_add(1, SeqCst);
                x.fetch_add(1, SeqCst);
            });
            coin()
        });
        noticed(&found);
    }
}

/// What a thread does first in each transition is always the same.
#[test]
fn the_second_thing_of_a_transition() {
    noticed_each_time(|| {
        let x = Mutex::new(0);
        three(|| {
            for _ in 0..2 {
                let mut x = x.lock().unwrap();
                match coin() {
                    true => narrate(format_args!("here")),
                    false => narrate(format_args!("there")),
                }
                *x += 1;
            }
        });
    });
}

/// Allocators keep blocks by their size, and give them out in an order of their own.
#[test]
fn order_of_addresses_of_many_sizes() {
    for size in (8..=264).step_by(16) {
        let found = explored(Memory::Sc, move || {
            let (a, b) = (vec![0_u8; size], vec![0_u8; size]);
            store_or_add(a.as_ptr() < b.as_ptr(), &zero());
        });
        noticed(&found);
    }
}

/// A static is left over; then a thread panics where it went on before. Many executions
/// have ended with a panic, so that one more is nothing new.
#[test]
fn a_panic_where_a_thread_went_on_before() {
    for after in 100..120 {
        let runs = std::sync::atomic::AtomicUsize::new(0);
        let found = explored(Memory::Sc, move || {
            let late = runs.fetch_add(1, SeqCst) > after;
            let x = zero();
            let lock = Mutex::new(());
            let ann = || {
                let held = lock.lock();
                match late {
                    true => narrate(format_args!("late")),
                    false => narrate(format_args!("in time")),
                }
                drop(held);
                x.fetch_add(1, SeqCst);
                assert!(!late);
                x.fetch_add(1, SeqCst);
            };
            let others = || (0..3).for_each(|_| assert!(x.fetch_add(2, SeqCst) < 7));
            let actors = Actors::new().enter("ann", ann);
            actors.enter("bob", others).enter("cid", others).run();
        });
        noticed(&found);
    }
}

/// The thread ends or goes on, but it has done something else before.
#[test]
fn the_first_difference_is_the_one_that_is_said() {
    for _ in 0..20 {
        let found = explored(Memory::Sc, || {
            let x = zero();
            two(|| {
                let more = coin();
                x.store(more.into(), SeqCst);
                if more {
                    x.load(SeqCst);
                }
            });
        });
        let said = noticed(&found);
        assert!(said.contains("store x"), "{said}");
    }
}
