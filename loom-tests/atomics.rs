//! Atomics: all types and methods of std, pointers, weak exchanges.

use racecourse::check;
use racecourse::explorer::report::{Budget, Exploration, Judged, Memory, Step};
use racecourse::explorer::{Options, explore};
use racecourse::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use racecourse::sync::atomic::{self, AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};
use racecourse::sync::atomic::{compiler_fence, fence};
use racecourse::sync::cell::UnsafeCell;
use racecourse::sync::{Actors, Named, thread};
use std::ptr;

fn all_with(budget: Budget, scene: impl Fn() -> String + Send + Sync + 'static) -> Exploration {
    let scene = move || Judged::promised(scene(), "");
    let mut options = Options::new(Memory::C11);
    options.budget = budget;
    let found = explore(options, std::sync::Arc::new(scene)).unwrap();
    assert_eq!(found.stopped, None);
    found
}

fn all(scene: impl Fn() -> String + Send + Sync + 'static) -> Exploration {
    all_with(Budget::NONE, scene)
}

/// The outcomes, each with the number of its interleavings.
fn rows(found: &Exploration) -> Vec<(&str, u64)> {
    let rows = found.outcomes.iter();
    rows.map(|row| (&*row.outcome, row.different)).collect()
}

const WEAK: Budget = Budget {
    weak_failures: 1,
    ..Budget::NONE
};

/// Does the same to the model's atomic and to std's, and compares.
macro_rules! same_as_std {
    ($($name:ident: $value:ty),+) => {$({
        let values: [$value; 4] = [<$value>::MIN, <$value>::MAX, 1, 0b101];
        for first in values {
            let (model, std) = (atomic::$name::new(first), std::sync::atomic::$name::new(first));
            for value in values {
                macro_rules! same {
                    ($method:ident $arguments:tt) => {
                        assert_eq!(model.$method $arguments, std.$method $arguments)
                    };
                }
                same!(fetch_add(value, SeqCst));
                same!(fetch_sub(value, SeqCst));
                same!(fetch_max(value, SeqCst));
                same!(fetch_min(value, SeqCst));
                same!(fetch_and(value, SeqCst));
                same!(fetch_nand(value, SeqCst));
                same!(fetch_or(value, SeqCst));
                same!(fetch_xor(value, SeqCst));
                same!(swap(value, SeqCst));
                same!(compare_exchange(value, 7, SeqCst, SeqCst));
                same!(compare_exchange(value, 7, SeqCst, SeqCst));
                same!(fetch_update(SeqCst, SeqCst, |old| old.checked_add(value)));
                same!(try_update(SeqCst, SeqCst, |old| old.checked_mul(3)));
                same!(update(SeqCst, SeqCst, |old| old.rotate_left(3)));
                same!(load(SeqCst));
                assert_eq!(format!("{model:?}"), format!("{std:?}"));
            }
            assert_eq!(model.into_inner(), std.into_inner());
        }
        assert_eq!(atomic::$name::default().into_inner(), 0);
        assert_eq!(atomic::$name::from(3).into_inner(), 3);
    })+};
}

#[test]
fn integers_do_what_those_of_std_do() {
    let found = all(|| {
        same_as_std!(
            AtomicI8: i8, AtomicI16: i16, AtomicI32: i32, AtomicI64: i64, AtomicIsize: isize,
            AtomicU8: u8, AtomicU16: u16, AtomicU32: u32, AtomicU64: u64, AtomicUsize: usize
        );
        String::new()
    });
    assert_eq!(rows(&found), [("", 1)]);
}

#[test]
fn an_atomic_bool_does_what_that_of_std_does() {
    let found = all(|| {
        for (first, value) in [(false, false), (false, true), (true, false), (true, true)] {
            let model = AtomicBool::new(first);
            let std = std::sync::atomic::AtomicBool::new(first);
            assert_eq!(
                model.fetch_nand(value, SeqCst),
                std.fetch_nand(value, SeqCst)
            );
            assert_eq!(model.fetch_xor(value, SeqCst), std.fetch_xor(value, SeqCst));
            assert_eq!(model.fetch_or(value, SeqCst), std.fetch_or(value, SeqCst));
            assert_eq!(model.fetch_not(SeqCst), std.fetch_not(SeqCst));
            assert_eq!(model.fetch_and(value, SeqCst), std.fetch_and(value, SeqCst));
            assert_eq!(format!("{model:?}"), format!("{std:?}"));
        }
        assert!(!AtomicBool::default().into_inner());
        String::new()
    });
    assert_eq!(rows(&found), [("", 1)]);
}

#[test]
fn what_get_mut_has_written_is_there_for_every_thread() {
    let found = all(|| {
        let mut x = AtomicUsize::new(1);
        *x.get_mut() += 1;
        *x.get_mut() += 1;
        let loads = || x.load(Relaxed);
        let loaded = Actors::new().enter("a", loads).enter("b", loads).run();
        x.fetch_add(1, Relaxed);
        *x.get_mut() *= 10;
        let newest = x.load(Relaxed);
        *x.get_mut() += 1;
        format!("{loaded:?} {newest} {}", x.into_inner())
    });
    assert_eq!(rows(&found), [("[3, 3] 40 41", 1)]);
}

#[test]
fn a_pointer_is_the_one_that_was_stored() {
    let found = all(|| {
        let mut values = [10_u32, 11, 12];
        let first = values.as_mut_ptr();
        let x = AtomicPtr::<u32>::default();
        assert!(x.load(Relaxed).is_null());
        assert!(x.swap(first, Relaxed).is_null());
        let second = first.wrapping_add(1);
        assert_eq!(x.fetch_ptr_add(2, Relaxed), first);
        assert_eq!(x.fetch_byte_sub(4, Relaxed), first.wrapping_add(2));
        assert_eq!(
            x.compare_exchange(first, second, AcqRel, Acquire),
            Err(second)
        );
        // SAFETY: it points to the second value, which no other thread reaches.
        let value = unsafe { *x.load(Relaxed) };
        assert_eq!(x.fetch_or(1, Relaxed), second);
        assert_eq!(x.fetch_xor(3, Relaxed).addr(), second.addr() | 1);
        assert_eq!(x.fetch_and(!3, Relaxed).addr(), second.addr() | 2);
        assert_eq!(x.fetch_byte_add(4, Relaxed), second.map_addr(|it| it & !3));
        assert_eq!(x.fetch_ptr_sub(2, Relaxed).addr(), (second.addr() & !3) + 4);
        let last = x.update(Relaxed, Relaxed, |_| first);
        assert_eq!(format!("{x:p} {x:?}"), format!("{first:p} {first:?}"));
        assert_eq!(last.addr(), (second.addr() & !3) - 4);
        format!("{value}")
    });
    assert_eq!(rows(&found), [("11", 1)]);
}

/// A stack without locks. A thread that pops a node reads what was pushed.
struct Stack {
    head: AtomicPtr<Node>,
    publish: Ordering,
}

struct Node {
    value: UnsafeCell<u32>,
    next: *mut Node,
}

impl Stack {
    fn push(&self, value: u32) {
        let node = Box::into_raw(Box::new(Node {
            value: UnsafeCell::new(0),
            next: ptr::null_mut(),
        }));
        // SAFETY: no other thread knows the node yet.
        unsafe { (*node).value.with_mut(|it| *it = value) };
        let mut head = self.head.load(Relaxed);
        loop {
            // SAFETY: as above.
            unsafe { (*node).next = head };
            let exchanged = self
                .head
                .compare_exchange_weak(head, node, self.publish, Relaxed);
            match exchanged {
                Ok(_) => return,
                Err(newer) => head = newer,
            }
        }
    }

    /// Only one thread may pop.
    fn pop(&self) -> Option<u32> {
        let mut head = self.head.load(Acquire);
        while !head.is_null() {
            // SAFETY: only this thread frees nodes.
            let next = unsafe { (*head).next };
            match self.head.compare_exchange(head, next, Acquire, Acquire) {
                Ok(_) => {
                    // SAFETY: it is in the stack no more; the model says whether its
                    // value was published.
                    let node = unsafe { Box::from_raw(head) };
                    // SAFETY: as above.
                    return Some(node.value.with(|it| unsafe { *it }));
                }
                Err(newer) => head = newer,
            }
        }
        None
    }
}

fn stack(publish: Ordering) -> Exploration {
    all(move || {
        let stack = &Stack {
            head: AtomicPtr::default(),
            publish,
        };
        let pushes = |value| {
            move || {
                stack.push(value);
                None
            }
        };
        let popped = Actors::new()
            .enter("a", pushes(1))
            .enter("b", pushes(2))
            .enter("pops", || stack.pop())
            .run();
        while stack.pop().is_some() {}
        format!("{:?}", popped[2])
    })
}

#[test]
fn a_stack_that_publishes_its_nodes_relaxed_has_a_data_race() {
    let found = stack(Relaxed);
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    // Only if nothing is popped there is none.
    assert_eq!(outcomes, ["None", "data race"]);
    let story = &found.outcome("data race").unwrap().story;
    let last = story.steps.last().unwrap();
    assert!(last.what.starts_with("read value"), "{}", last.what);
    let fixed = stack(Release);
    let outcomes: Vec<_> = rows(&fixed).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["None", "Some(1)", "Some(2)"]);
}

/// Addresses differ from one execution to the next.
#[test]
fn a_story_numbers_pointers() {
    let found = all(|| {
        let mut values = [0_u8; 2];
        let head = AtomicPtr::default().named("head");
        head.store(&raw mut values[0], SeqCst);
        head.swap(&raw mut values[1], SeqCst);
        head.swap(ptr::null_mut(), SeqCst);
        panic!("as it must");
    });
    let story = &found.outcome("panic").unwrap().story;
    let told: Vec<_> = story.steps.iter().map(|step| &*step.what).collect();
    let expected = [
        "store head ← pointer 1 (SeqCst)",
        "swap head: pointer 1 → pointer 2 (SeqCst)",
        "swap head: pointer 2 → null (SeqCst)",
    ];
    assert_eq!(told[..3], expected);
}

#[test]
fn a_weak_exchange_may_fail_without_a_reason() {
    let scene = || {
        let x = AtomicU32::new(0);
        format!("{:?}", x.compare_exchange_weak(0, 1, SeqCst, SeqCst))
    };
    assert_eq!(rows(&all(scene)), [("Ok(0)", 1)]);
    assert_eq!(rows(&all_with(WEAK, scene)), [("Err(0)", 1), ("Ok(0)", 1)]);
}

/// Two threads add one; `add` is their way to do so.
fn sum(add: fn(&AtomicU32)) -> check::Check<u32> {
    check::scene(move || {
        let x = AtomicU32::new(0);
        let adds = || add(&x);
        Actors::new().enter("a", adds).enter("b", adds).run();
        x.into_inner()
    })
    .budget(WEAK)
    .forbid(|&sum| (sum < 2).then_some("an increment is lost"))
}

/// The value is the expected one, since nothing else is there: it fails all the same.
#[test]
fn a_weak_exchange_needs_a_loop() {
    let once = sum(|x| {
        // Only another thread could make it fail, and then it has done all the work.
        let seen = x.load(SeqCst);
        if x.compare_exchange_weak(seen, seen + 1, SeqCst, SeqCst)
            .is_err()
        {
            _ = x.compare_exchange_weak(seen + 1, seen + 2, SeqCst, SeqCst);
        }
    });
    let found = once.explore().unwrap();
    let story = &found.outcome("1").unwrap().story;
    let fails = |step: &Step| step.what.contains("fails spuriously: it is");
    assert!(story.steps.iter().any(fails));
    sum(|x| {
        let mut seen = x.load(SeqCst);
        while let Err(newer) = x.compare_exchange_weak(seen, seen + 1, SeqCst, SeqCst) {
            seen = newer;
        }
    })
    .check();
    sum(|x| _ = x.fetch_update(SeqCst, SeqCst, |seen| Some(seen + 1))).check();
    sum(|x| _ = x.update(SeqCst, SeqCst, |seen| seen + 1)).check();
}

/// Store buffering: both threads can read 0 unless a fence forbids it.
#[test]
fn a_compiler_fence_orders_nothing_for_other_threads() {
    let both_read_0 = |fence: fn(Ordering)| {
        let found = all(move || {
            let (x, y) = (&AtomicU32::new(0), &AtomicU32::new(0));
            let part = move |mine: &AtomicU32, other: &AtomicU32| {
                mine.store(1, Relaxed);
                fence(SeqCst);
                other.load(Relaxed)
            };
            let read = Actors::new()
                .enter("a", || part(x, y))
                .enter("b", || part(y, x))
                .run();
            format!("{read:?}")
        });
        found.outcome("[0, 0]").is_some()
    };
    assert!(both_read_0(compiler_fence));
    assert!(!both_read_0(fence));
    let found = all(|| {
        let relaxed = thread::spawn(|| compiler_fence(Relaxed));
        format!("{}", relaxed.join().is_err())
    });
    assert!(found.outcome("panic").is_some());
}
