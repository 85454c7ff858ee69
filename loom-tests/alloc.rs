//! Memory of `sync::alloc`, and values that are tracked: how each misuse ends, and that the
//! mended form is complete.

use racecourse::check::{self, Budget, Exploration, Memory};
use racecourse::explorer::report::Judged;
use racecourse::explorer::{self, Options};
use racecourse::sync::alloc::{Layout, Track, alloc, alloc_zeroed, dealloc};
use racecourse::sync::atomic::Ordering::{self, *};
use racecourse::sync::atomic::{AtomicPtr, AtomicUsize};
use racecourse::sync::{Actors, Mutex, thread};
use std::fmt::Debug;
use std::ptr::null_mut;
use std::sync::Arc;

const BOTH: [Memory; 2] = [Memory::Sc, Memory::C11];

fn explored<T: Debug + 'static>(
    memory: Memory,
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Exploration {
    let check = check::scene(scene).memory(memory).budget(Budget::NONE);
    let found = check.leaks().explore().unwrap();
    assert!(found.is_complete(), "{}", check::report(&found));
    found
}

/// Each outcome, and in how many interleavings.
fn rows(found: &Exploration) -> Vec<(&str, u64)> {
    let rows = found.outcomes.iter();
    rows.map(|row| (&*row.outcome, row.different)).collect()
}

fn outcomes<T: Debug + 'static>(
    memory: Memory,
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Vec<String> {
    let rows = explored(memory, scene).outcomes.into_iter();
    rows.map(|row| row.outcome).collect()
}

/// The outcomes under both memory models, and in how many interleavings.
#[track_caller]
fn expect<T: Debug + 'static, S: Fn() -> T + Send + Sync + 'static>(
    scene: impl Fn() -> S,
    expected: &[(&str, u64)],
) {
    for memory in BOTH {
        let found = explored(memory, scene());
        assert_eq!(rows(&found), expected, "{}", check::report(&found));
    }
}

/// The last lines of the story, with `+N` for the line that is N lines below the function.
fn epilogue(found: &Exploration, outcome: &str, function: &str) -> Vec<String> {
    let mut lines = include_str!("alloc.rs").lines();
    let first = lines.position(|line| line.contains(&format!("fn {function}(")));
    let first = first.expect("there is such a function") + 1;
    let story = &found.outcome(outcome).expect("it was found").story;
    let file = format!("{}:", file!());
    let lines = story.epilogue.iter().map(|line| {
        let parts = line.split(&file).map(|part| {
            let end = part.find(|c: char| !c.is_ascii_digit());
            let (number, rest) = part.split_at(end.unwrap_or(part.len()));
            match number.parse::<usize>() {
                Ok(number) => format!("+{}{rest}", number - first),
                Err(_) => part.to_owned(),
            }
        });
        parts.collect()
    });
    lines.collect()
}

#[track_caller]
fn boxed<T>(value: T) -> *mut T {
    // SAFETY: `T` has a size.
    let place = unsafe { alloc(Layout::new::<T>()) }.cast::<T>();
    // SAFETY: the memory is there, and has the layout of a `T`.
    unsafe { place.write(value) };
    place
}

/// Frees without a destructor.
#[track_caller]
fn free<T>(place: *mut T) {
    // SAFETY: the scenes say whether they may; the model notices if not.
    unsafe { dealloc(place.cast(), Layout::new::<T>()) };
}

/// A pointer that goes to other threads.
struct Shared<T>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<T> {}

// SAFETY: what it points to is shared by the scenes below as they say.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    #[track_caller]
    fn new(value: T) -> Self {
        Self(boxed(value))
    }

    fn get(&self) -> &T {
        // SAFETY: the model's objects notice that they are freed before they are touched,
        // and freed memory stays.
        unsafe { &*self.0 }
    }

    #[track_caller]
    fn free(self) {
        free(self.0);
    }
}

fn uses_and_frees(joins: bool) -> usize {
    let node = Shared::new(AtomicUsize::new(7));
    let user = thread::spawn(move || node.get().load(Relaxed));
    if joins {
        let value = user.join().unwrap();
        node.free();
        return value;
    }
    node.free();
    user.join().unwrap()
}

/// Whichever comes first: the free is before the use, or not ordered after it.
#[test]
fn a_use_and_a_free_that_nothing_orders() {
    let unordered = || || uses_and_frees(false);
    expect(unordered, &[("data race", 1), ("use after free", 1)]);
    expect(|| || uses_and_frees(true), &[("7", 1)]);
    let found = explored(Memory::C11, || uses_and_frees(false));
    let freed = [
        "main frees `node` at +8",
        "thread-1 still uses `node` at +2",
    ];
    assert_eq!(epilogue(&found, "use after free", "uses_and_frees"), freed);
    let raced =
        "thread-1 uses node at +2, main frees node at +8, and nothing orders the two accesses";
    assert_eq!(epilogue(&found, "data race", "uses_and_frees"), [raced]);
}

/// A count of references whose last owner frees: the drop must release, and the last one must
/// acquire, as in `Arc`.
#[test]
fn each_ordering_of_a_count_is_needed() {
    struct Counted {
        owners: AtomicUsize,
        value: AtomicUsize,
    }
    let scene = |drops: Ordering, is_last: Ordering| {
        move || {
            let counted = Shared::new(Counted {
                owners: AtomicUsize::new(2),
                value: AtomicUsize::new(0),
            });
            let part = move || {
                counted.get().value.fetch_add(1, Relaxed);
                if counted.get().owners.fetch_sub(1, drops) == 1 {
                    // Stands for the fence in `Arc`.
                    counted.get().owners.load(is_last);
                    counted.free();
                }
            };
            let other = thread::spawn(part);
            part();
            other.join().unwrap();
        }
    };
    let outcomes = |drops, is_last| outcomes(Memory::C11, scene(drops, is_last));
    assert_eq!(outcomes(Release, Acquire), ["()"]);
    assert_eq!(outcomes(AcqRel, Relaxed), ["()"]);
    assert_eq!(outcomes(Release, Relaxed), ["data race"]);
    assert_eq!(outcomes(Relaxed, Acquire), ["data race"]);
}

fn frees_twice() {
    let node = Shared::new(0);
    let other = thread::spawn(move || node.free());
    node.free();
    other.join().unwrap();
}

fn frees_in_part() {
    let node = boxed([0_u16; 4]);
    free(node.cast::<u32>());
}

fn frees_the_middle() {
    let node = boxed([0_u16; 4]);
    free(node.cast::<u16>().wrapping_add(1));
    free(node);
}

#[test]
fn wrong_frees() {
    expect(|| frees_twice, &[("double free", 2)]);
    let lines = |scene: fn(), outcome, function| {
        let found = explored(Memory::C11, scene);
        epilogue(&found, outcome, function)
    };
    let twice = lines(frees_twice, "double free", "frees_twice");
    let expected = [
        "main frees `node` at +3",
        "thread-1 frees `node` again at +2",
    ];
    assert_eq!(twice, expected);
    expect(|| frees_in_part, &[("wrong layout", 1)]);
    let part = lines(frees_in_part, "wrong layout", "frees_in_part");
    let expected = [
        "`node`, allocated at +1, has 8 bytes, aligned to 2",
        "main frees it at +2 as 4 bytes, aligned to 4",
    ];
    assert_eq!(part, expected);
    expect(|| frees_the_middle, &[("invalid free", 1)]);
    let middle = lines(frees_the_middle, "invalid free", "frees_the_middle");
    assert_eq!(middle, ["main frees at +2 what `alloc` has not returned"]);
    // Of another allocator.
    let foreign = || || free(Box::into_raw(Box::new(1)));
    expect(foreign, &[("invalid free", 1)]);
    let zero = || {
        || {
            // SAFETY: none: the model notices.
            _ = unsafe { alloc(Layout::new::<()>()) };
        }
    };
    expect(zero, &[("panic", 1)]);
    let mended = || {
        || {
            let layout = Layout::array::<usize>(3).unwrap();
            // SAFETY: the layout has a size, and is that of the memory.
            unsafe {
                let place = alloc_zeroed(layout);
                let last = *place.cast::<usize>().add(2);
                dealloc(place, layout);
                last
            }
        }
    };
    expect(mended, &[("0", 1)]);
}

fn forgets(frees: bool, tracks: bool) {
    let node = boxed(0);
    let value = Track::new(0);
    if frees {
        free(node);
    }
    match tracks {
        true => std::mem::forget(value),
        false => drop(value),
    }
}

#[test]
fn leaks_are_found_if_that_is_asked() {
    expect(|| || forgets(true, false), &[("()", 1)]);
    expect(|| || forgets(false, false), &[("leak", 1)]);
    expect(|| || forgets(true, true), &[("leak", 1)]);
    let found = explored(Memory::C11, || forgets(false, false));
    let lines = epilogue(&found, "leak", "forgets");
    assert_eq!(lines, ["`node`, allocated at +1, is never freed"]);
    let found = explored(Memory::C11, || forgets(true, true));
    let lines = epilogue(&found, "leak", "forgets");
    assert_eq!(lines, ["`value`, made at +2, is never dropped"]);
    check::scene(|| forgets(false, true)).check();
}

/// Tracked values: what is read while another thread drops it.
#[test]
fn tracked_values() {
    type Tracked = Shared<Track<String>>;
    let node = || Shared::new(Track::new("text".to_owned()));
    let drops = |node: Tracked| {
        // SAFETY: the scenes say whether they may; the model notices if not.
        unsafe { node.0.drop_in_place() };
    };
    let reads = |node: Tracked| node.get().get_ref().len();
    let early = || {
        move || {
            let node = node();
            let reader = thread::spawn(move || reads(node));
            drops(node);
            let length = reader.join().unwrap();
            node.free();
            length
        }
    };
    expect(early, &[("4", 1), ("use after free", 1)]);
    let late = || {
        move || {
            let node = node();
            let reader = thread::spawn(move || reads(node));
            let length = reader.join().unwrap();
            drops(node);
            node.free();
            length
        }
    };
    expect(late, &[("4", 1)]);
    // The text is dropped once, although the destructor is called twice.
    let twice = || {
        move || {
            let node = node();
            let other = thread::spawn(move || drops(node));
            drops(node);
            other.join().unwrap();
            node.free();
        }
    };
    expect(twice, &[("double free", 2)]);
    let writes = || {
        move || {
            let node = node();
            let reader = thread::spawn(move || reads(node));
            // SAFETY: none: the model notices.
            unsafe { &mut *node.0 }.get_mut().push('s');
            let length = reader.join().unwrap();
            drops(node);
            node.free();
            length
        }
    };
    expect(writes, &[("data race", 1)]);
    let kept = || || Track::new(String::from("kept")).into_inner();
    expect(kept, &[("\"kept\"", 1)]);
}

/// What lay in the memory is taken out of it before: nothing is used after it was freed.
#[test]
fn an_object_that_is_moved_away_outlives_the_memory() {
    let scene = || {
        || {
            let node = Shared::new(AtomicUsize::new(1));
            node.get().store(2, Relaxed);
            // SAFETY: the memory is freed without a destructor.
            let moved = unsafe { node.0.read() };
            thread::scope(|scope| {
                scope.spawn(|| node.free());
                moved.load(Relaxed)
            })
        }
    };
    expect(scene, &[("2", 1)]);
    let unused = || {
        || {
            let node = Shared::new(AtomicUsize::new(1));
            node.get().store(2, Relaxed);
            // SAFETY: the memory is freed without a destructor.
            let moved = unsafe { node.0.read() };
            node.free();
            drop(moved);
        }
    };
    expect(unused, &[("()", 1)]);
}

/// A thread holds a lock, or waits for it, in memory that another one frees.
#[test]
fn a_lock_that_is_freed_while_it_is_used() {
    let scene = |takes_it_too: bool| {
        move || {
            let lock = Shared::new(Mutex::new(0));
            let user = thread::spawn(move || *lock.get().lock().unwrap() += 1);
            if takes_it_too {
                while *lock.get().lock().unwrap() == 0 {
                    thread::yield_now();
                }
            }
            lock.free();
            user.join().unwrap();
        }
    };
    for memory in BOTH {
        assert_eq!(outcomes(memory, scene(true)), ["()"]);
        let expected = ["data race", "use after free"];
        assert_eq!(outcomes(memory, scene(false)), expected);
    }
}

/// A destructor frees while its thread unwinds.
#[test]
fn memory_is_freed_while_a_thread_unwinds() {
    struct Frees(Shared<AtomicUsize>);
    impl Drop for Frees {
        fn drop(&mut self) {
            self.0.get().store(1, Relaxed);
            self.0.free();
        }
    }
    let scene = |frees: bool| {
        move || {
            let node = Shared::new(AtomicUsize::new(0));
            let panics = thread::spawn(move || {
                let _frees = Frees(node);
                panic!("on purpose");
            });
            let panicked = panics.join().is_err();
            if !frees {
                node.free();
            }
            panicked
        }
    };
    for memory in BOTH {
        let found = |frees: bool| {
            let scene = scene(frees);
            let mut options = Options::new(memory);
            options.panics_are_handled = true;
            options.leaks = true;
            let judge = move || Judged::promised(scene().to_string(), "");
            explorer::explore(options, Arc::new(judge)).unwrap()
        };
        assert_eq!(rows(&found(true)), [("true", 1)]);
        assert_eq!(rows(&found(false)), [("double free", 1)]);
    }
}

/// A stack of Treiber's. `frees`: a thread that pops a node frees it at once.
fn treiber(frees: bool) -> impl Fn() -> usize + Send + Sync + 'static {
    struct Node {
        next: AtomicPtr<Node>,
        value: usize,
    }
    struct Stack {
        head: AtomicPtr<Node>,
        popped: Mutex<Vec<Shared<Node>>>,
    }
    impl Stack {
        fn push(&self, value: usize) {
            let next = AtomicPtr::new(null_mut());
            let node = Shared::new(Node { next, value });
            loop {
                let head = self.head.load(Acquire);
                node.get().next.store(head, Relaxed);
                let pushed = self.head.compare_exchange(head, node.0, AcqRel, Acquire);
                if pushed.is_ok() {
                    return;
                }
            }
        }

        fn pop(&self, frees: bool) -> Option<usize> {
            loop {
                let head = Shared(self.head.load(Acquire));
                if head.0.is_null() {
                    return None;
                }
                let next = head.get().next.load(Relaxed);
                let popped = self.head.compare_exchange(head.0, next, AcqRel, Acquire);
                if popped.is_ok() {
                    let value = head.get().value;
                    match frees {
                        true => head.free(),
                        false => self.popped.lock().unwrap().push(head),
                    }
                    return Some(value);
                }
            }
        }
    }
    move || {
        let stack = Stack {
            head: AtomicPtr::new(null_mut()),
            popped: Mutex::default(),
        };
        stack.push(1);
        stack.push(2);
        let pop = || stack.pop(frees).unwrap_or(0);
        let popped = Actors::new().enter("a", pop).enter("b", pop).run();
        for node in stack.popped.into_inner().unwrap() {
            node.free();
        }
        popped.iter().sum()
    }
}

#[test]
fn a_stack_of_treibers_that_frees_its_nodes() {
    for memory in BOTH {
        assert_eq!(outcomes(memory, treiber(false)), ["3"]);
        let early = ["3", "data race", "use after free"];
        assert_eq!(outcomes(memory, treiber(true)), early);
    }
}
