//! Three lock-free structures of the textbooks: each is proved, and then explored again with
//! one of its orderings weakened at a time. A weakening that matters has to be found.

use racecourse::check::{self, Budget, Exploration};
use racecourse::sync::atomic::{AtomicUsize, Ordering, fence};
use racecourse::sync::cell::UnsafeCell;
use racecourse::sync::hint::spin_loop;
use racecourse::sync::thread::scope;
use std::fmt::Debug;

/// The orderings of a structure, by their names in it. `Relaxed` in the place of a fence is
/// none at all.
struct Orderings {
    all: &'static [(&'static str, Ordering)],
    /// Which of them is weakened, and to what.
    weakened: Option<(&'static str, Ordering)>,
}

impl Orderings {
    fn of(&self, name: &str) -> Ordering {
        let (_, proper) = self
            .all
            .iter()
            .find(|it| it.0 == name)
            .expect("it is listed");
        match self.weakened {
            Some((weakened, ordering)) if weakened == name => ordering,
            _ => *proper,
        }
    }

    fn fence(&self, name: &str) {
        match self.of(name) {
            Ordering::Relaxed => {}
            ordering => fence(ordering),
        }
    }
}

fn explore<T: Debug + 'static>(
    all: &'static [(&'static str, Ordering)],
    weakened: Option<(&'static str, Ordering)>,
    scene: fn(&Orderings) -> T,
    is_right: fn(&T) -> bool,
) -> Exploration {
    let scene = move || scene(&Orderings { all, weakened });
    check::scene(scene)
        .budget(Budget::NONE)
        .forbid(move |found| (!is_right(found)).then_some("lost or taken twice"))
        .explore()
        .expect("this is the model build")
}

/// The structure is proved. Then each weakening, and the forbidden outcomes that it leads to.
fn found<T: Debug + 'static>(
    all: &'static [(&'static str, Ordering)],
    weakenings: &[(&'static str, Ordering)],
    scene: fn(&Orderings) -> T,
    is_right: fn(&T) -> bool,
) -> Vec<String> {
    let right = explore(all, None, scene, is_right);
    assert!(right.is_complete(), "{}", right.verdict());
    assert_eq!(right.forbidden().count(), 0, "{}", check::report(&right));
    let tried = weakenings.iter().map(|&(name, to)| {
        let found = explore(all, Some((name, to)), scene, is_right);
        assert!(found.stopped.is_none(), "{}", found.verdict());
        let wrong: Vec<&str> = found.forbidden().map(|row| &*row.outcome).collect();
        format!("{name}, {to:?}: {}", wrong.join("; "))
    });
    tried.collect()
}

/// A work-stealing deque (Chase, Lev 2005) with the orderings of Lê, Pop, Cohen, Zappa
/// Nardelli 2013. It has room for all that the scenes push. What is pushed is the place of a
/// message, which only the deque's orderings publish.
mod deque {
    use super::*;
    use Ordering::{Acquire, Relaxed, Release, SeqCst};

    const ORDERINGS: &[(&str, Ordering)] = &[
        ("push: publish", Release),
        ("take: fence", SeqCst),
        ("take: last", SeqCst),
        ("steal: top", Acquire),
        ("steal: fence", SeqCst),
        ("steal: bottom", Acquire),
        ("steal: claim", SeqCst),
    ];

    struct Deque<'o> {
        orderings: &'o Orderings,
        /// One more than in the textbook, so that it does not fall below zero.
        bottom: AtomicUsize,
        top: AtomicUsize,
        places: [AtomicUsize; 3],
        messages: [UnsafeCell<usize>; 3],
    }

    // SAFETY: the model checks that accesses to the messages are ordered.
    unsafe impl Sync for Deque<'_> {}

    impl<'o> Deque<'o> {
        fn new(orderings: &'o Orderings) -> Self {
            Self {
                orderings,
                bottom: AtomicUsize::new(1),
                top: AtomicUsize::new(1),
                places: std::array::from_fn(|_| AtomicUsize::new(0)),
                messages: std::array::from_fn(|_| UnsafeCell::new(0)),
            }
        }

        fn push(&self, message: usize) {
            let bottom = self.bottom.load(Relaxed);
            // SAFETY: nobody knows the place yet.
            self.messages[message - 1].with_mut(|place| unsafe { *place = message });
            self.places[bottom - 1].store(message - 1, Relaxed);
            self.orderings.fence("push: publish");
            self.bottom.store(bottom + 1, Relaxed);
        }

        fn take(&self) -> Option<usize> {
            let bottom = self.bottom.load(Relaxed) - 1;
            self.bottom.store(bottom, Relaxed);
            self.orderings.fence("take: fence");
            let top = self.top.load(Relaxed);
            if top > bottom {
                self.bottom.store(bottom + 1, Relaxed);
                return None;
            }
            let place = self.places[bottom - 1].load(Relaxed);
            if top == bottom {
                let last = self.orderings.of("take: last");
                let claimed = self.top.compare_exchange(top, top + 1, last, Relaxed);
                self.bottom.store(bottom + 1, Relaxed);
                claimed.ok()?;
            }
            Some(self.read(place))
        }

        fn steal(&self) -> Option<usize> {
            let top = self.top.load(self.orderings.of("steal: top"));
            self.orderings.fence("steal: fence");
            let bottom = self.bottom.load(self.orderings.of("steal: bottom"));
            if top >= bottom {
                return None;
            }
            let place = self.places[top - 1].load(Relaxed);
            let claim = self.orderings.of("steal: claim");
            self.top
                .compare_exchange(top, top + 1, claim, Relaxed)
                .ok()?;
            Some(self.read(place))
        }

        fn read(&self, place: usize) -> usize {
            // SAFETY: the message is taken once, after it was published.
            self.messages[place].with(|message| unsafe { *message })
        }
    }

    /// The owner pushes two messages and takes twice; a thief steals twice.
    fn scene(orderings: &Orderings) -> Vec<usize> {
        let deque = Deque::new(orderings);
        let mut taken = scope(|scope| {
            let thief = scope.spawn(|| [deque.steal(), deque.steal()]);
            deque.push(1);
            deque.push(2);
            let own = [deque.take(), deque.take()];
            let stolen = thief.join().unwrap();
            own.into_iter().chain(stolen).flatten().collect::<Vec<_>>()
        });
        taken.extend(std::iter::from_fn(|| deque.take()));
        taken.sort_unstable();
        taken
    }

    #[test]
    fn each_ordering_of_the_deque_that_matters_is_needed() {
        let weakenings = [
            ("push: publish", Relaxed),
            ("take: fence", Relaxed),
            ("take: fence", Ordering::AcqRel),
            ("take: last", Relaxed),
            ("steal: top", Relaxed),
            ("steal: fence", Relaxed),
            ("steal: fence", Ordering::AcqRel),
            ("steal: bottom", Relaxed),
            ("steal: claim", Relaxed),
        ];
        let found = found(ORDERINGS, &weakenings, scene, |taken| taken == &[1, 2]);
        // The last message is claimed by both sides with a read-modify-write, of which one
        // fails whatever its ordering. What publishes a message are the fences.
        let expected = [
            "push: publish, Relaxed: data race",
            "take: fence, Relaxed: [1, 2, 2]",
            "take: fence, AcqRel: [1, 2, 2]",
            "take: last, Relaxed: ",
            "steal: top, Relaxed: ",
            "steal: fence, Relaxed: [1, 2, 2]",
            "steal: fence, AcqRel: [1, 2, 2]",
            "steal: bottom, Relaxed: data race",
            "steal: claim, Relaxed: ",
        ];
        assert_eq!(found, expected);
    }
}

/// A bounded queue for many producers and consumers (Vyukov): each slot has a sequence number
/// that says whose turn it is.
mod bounded {
    use super::*;
    use Ordering::{Acquire, Relaxed, Release};

    const ORDERINGS: &[(&str, Ordering)] = &[
        ("put: slot is free", Acquire),
        ("put: publish", Release),
        ("get: slot is full", Acquire),
        ("get: give back", Release),
    ];

    const CAPACITY: usize = 2;

    struct Slot {
        sequence: AtomicUsize,
        value: UnsafeCell<usize>,
    }

    struct Queue<'o> {
        orderings: &'o Orderings,
        tail: AtomicUsize,
        head: AtomicUsize,
        slots: [Slot; CAPACITY],
    }

    // SAFETY: the model checks that accesses to the values are ordered.
    unsafe impl Sync for Queue<'_> {}

    impl<'o> Queue<'o> {
        fn new(orderings: &'o Orderings) -> Self {
            Self {
                orderings,
                tail: AtomicUsize::new(0),
                head: AtomicUsize::new(0),
                slots: std::array::from_fn(|place| Slot {
                    sequence: AtomicUsize::new(place),
                    value: UnsafeCell::new(0),
                }),
            }
        }

        /// The slot at `end`, once its sequence number is `offset` more than the position,
        /// and the position. `None` if the number is smaller: the queue is full, or empty.
        fn claim(&self, end: &AtomicUsize, offset: usize, ready: &str) -> Option<(&Slot, usize)> {
            let mut position = end.load(Relaxed);
            loop {
                let slot = &self.slots[position % CAPACITY];
                let sequence = slot.sequence.load(self.orderings.of(ready));
                if sequence < position + offset {
                    return None;
                }
                if sequence > position + offset {
                    spin_loop();
                    position = end.load(Relaxed);
                    continue;
                }
                match end.compare_exchange(position, position + 1, Relaxed, Relaxed) {
                    Ok(_) => return Some((slot, position)),
                    Err(newer) => position = newer,
                }
            }
        }

        fn put(&self, value: usize) -> bool {
            let Some((slot, position)) = self.claim(&self.tail, 0, "put: slot is free") else {
                return false;
            };
            // SAFETY: the slot is this thread's until its number changes.
            slot.value.with_mut(|place| unsafe { *place = value });
            let publish = self.orderings.of("put: publish");
            slot.sequence.store(position + 1, publish);
            true
        }

        fn get(&self) -> Option<usize> {
            let (slot, position) = self.claim(&self.head, 1, "get: slot is full")?;
            // SAFETY: the slot is this thread's until its number changes. The value is
            // taken: it counts as a write.
            let value = slot
                .value
                .with_mut(|place| unsafe { std::ptr::replace(place, 0) });
            let give_back = self.orderings.of("get: give back");
            slot.sequence.store(position + CAPACITY, give_back);
            Some(value)
        }
    }

    /// Two producers put one value each, and a consumer puts what it got once more. What was
    /// accepted, and what was got.
    fn scene(orderings: &Orderings) -> [Vec<usize>; 2] {
        let queue = Queue::new(orderings);
        let put = |value| queue.put(value).then_some(value);
        let (accepted, got) = scope(|scope| {
            let producer = scope.spawn(|| put(1));
            let consumer = scope.spawn(|| {
                let got = queue.get();
                (got, got.and_then(|_| put(3)))
            });
            let accepted = [put(2), producer.join().unwrap()];
            let (got, again) = consumer.join().unwrap();
            (accepted.into_iter().chain([again]), got)
        });
        let left = std::iter::from_fn(|| queue.get());
        let mut both = [
            accepted.flatten().collect(),
            got.into_iter().chain(left).collect(),
        ];
        both.iter_mut()
            .for_each(|values: &mut Vec<usize>| values.sort_unstable());
        both
    }

    #[test]
    fn each_ordering_of_the_bounded_queue_is_needed() {
        let weakenings: Vec<_> = ORDERINGS.iter().map(|&(name, _)| (name, Relaxed)).collect();
        let found = found(ORDERINGS, &weakenings, scene, |[accepted, got]| {
            accepted == got
        });
        let expected = [
            "put: slot is free, Relaxed: data race",
            "put: publish, Relaxed: data race",
            "get: slot is full, Relaxed: data race",
            "get: give back, Relaxed: data race",
        ];
        assert_eq!(found, expected);
    }
}

/// A queue of linked nodes (Michael, Scott 1996) whose nodes are freed when no thread's hazard
/// pointer protects them (Michael 2004). Nodes lie in an array, and a freed one is written to.
mod linked {
    use super::*;
    use Ordering::{Acquire, Relaxed, Release, SeqCst};

    const ORDERINGS: &[(&str, Ordering)] = &[
        ("put: link", Release),
        ("put: tail", Acquire),
        ("get: next", Acquire),
        ("protect", SeqCst),
        ("check", SeqCst),
        ("get: unlink", SeqCst),
        ("free: look", SeqCst),
        ("unprotect", Release),
    ];

    const NONE: usize = usize::MAX;

    struct Node {
        next: AtomicUsize,
        value: UnsafeCell<usize>,
        /// Read by every use, written when the node is freed.
        life: UnsafeCell<()>,
    }

    struct Queue<'o> {
        orderings: &'o Orderings,
        head: AtomicUsize,
        tail: AtomicUsize,
        nodes: [Node; 3],
        /// Two for each thread: for the head and for the node after it.
        hazards: [[AtomicUsize; 2]; 2],
    }

    // SAFETY: the model checks that accesses to the values are ordered.
    unsafe impl Sync for Queue<'_> {}

    impl<'o> Queue<'o> {
        fn new(orderings: &'o Orderings) -> Self {
            let atomic = |value| AtomicUsize::new(value);
            Self {
                orderings,
                head: atomic(0),
                tail: atomic(0),
                nodes: std::array::from_fn(|_| Node {
                    next: atomic(NONE),
                    value: UnsafeCell::new(0),
                    life: UnsafeCell::new(()),
                }),
                hazards: std::array::from_fn(|_| std::array::from_fn(|_| atomic(NONE))),
            }
        }

        fn node(&self, node: usize) -> &Node {
            self.nodes[node].life.with(|_| ());
            &self.nodes[node]
        }

        /// The node at that end, protected from being freed.
        fn protect(&self, end: &AtomicUsize, me: usize) -> usize {
            let (protect, check) = (self.orderings.of("protect"), self.orderings.of("check"));
            let mut node = end.load(Relaxed);
            loop {
                self.hazards[me][0].store(node, protect);
                let now = end.load(check);
                if now == node {
                    return node;
                }
                node = now;
            }
        }

        /// Puts a value into a node of its own.
        fn put(&self, node: usize, value: usize, me: usize) {
            // SAFETY: the node is not linked yet.
            self.nodes[node]
                .value
                .with_mut(|place| unsafe { *place = value });
            let (link, tail) = (
                self.orderings.of("put: link"),
                self.orderings.of("put: tail"),
            );
            loop {
                let last = self.protect(&self.tail, me);
                let next = &self.node(last).next;
                match next.compare_exchange(NONE, node, link, tail) {
                    Ok(_) => {
                        let _ = self.tail.compare_exchange(last, node, Release, Relaxed);
                        break;
                    }
                    Err(newer) => {
                        let _ = self.tail.compare_exchange(last, newer, Release, Relaxed);
                    }
                }
            }
            self.unprotect(me);
        }

        fn get(&self, me: usize) -> Option<usize> {
            let value = loop {
                let first = self.protect(&self.head, me);
                let next = self.node(first).next.load(self.orderings.of("get: next"));
                if next == NONE {
                    break None;
                }
                self.hazards[me][1].store(next, self.orderings.of("protect"));
                if self.head.load(self.orderings.of("check")) != first {
                    continue;
                }
                // The tail does not stay behind the head.
                let _ = self.tail.compare_exchange(first, next, Release, Relaxed);
                // SAFETY: the node is protected, and its value is written no more.
                let value = self.node(next).value.with(|value| unsafe { *value });
                let unlink = self.orderings.of("get: unlink");
                if self
                    .head
                    .compare_exchange(first, next, unlink, Relaxed)
                    .is_ok()
                {
                    self.unprotect(me);
                    self.free(first, me);
                    return Some(value);
                }
            };
            self.unprotect(me);
            value
        }

        fn unprotect(&self, me: usize) {
            for hazard in &self.hazards[me] {
                hazard.store(NONE, self.orderings.of("unprotect"));
            }
        }

        /// Frees the node, unless the other thread protects it.
        fn free(&self, node: usize, me: usize) {
            let look = self.orderings.of("free: look");
            let others = &self.hazards[1 - me];
            if others.iter().all(|hazard| hazard.load(look) != node) {
                self.nodes[node].life.with_mut(|_| ());
            }
        }
    }

    /// A thread gets twice; the other puts a value, gets once, and puts another value.
    fn scene(orderings: &Orderings) -> Vec<usize> {
        let queue = Queue::new(orderings);
        let mut got: Vec<usize> = scope(|scope| {
            let other = scope.spawn(|| {
                queue.put(1, 1, 1);
                let got = queue.get(1);
                queue.put(2, 2, 1);
                got
            });
            let mine = [queue.get(0), queue.get(0)];
            let others = other.join().unwrap();
            mine.into_iter().chain([others]).flatten().collect()
        });
        got.extend(std::iter::from_fn(|| queue.get(0)));
        got.sort_unstable();
        got
    }

    #[test]
    fn each_ordering_of_the_linked_queue_that_matters_is_needed() {
        let weakenings: Vec<_> = ORDERINGS.iter().map(|&(name, _)| (name, Relaxed)).collect();
        let found = found(ORDERINGS, &weakenings, scene, |got| got == &[1, 2]);
        // A thread that finds another node behind the tail only moves the tail on: it uses
        // that node after it has protected it.
        let expected = [
            "put: link, Relaxed: data race",
            "put: tail, Relaxed: ",
            "get: next, Relaxed: data race",
            "protect, Relaxed: data race",
            "check, Relaxed: data race",
            "get: unlink, Relaxed: data race",
            "free: look, Relaxed: data race",
            "unprotect, Relaxed: data race",
        ];
        assert_eq!(found, expected);
    }
}
