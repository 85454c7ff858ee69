//! A bounded queue between producers and consumers.
//!
//! # Story
//! Producers put items into a queue that holds only so many, consumers take
//! them out. A producer who finds it full waits for room, a consumer who finds
//! it empty waits for an item, some of them only for a while; and at the end
//! somebody closes the queue. Between being woken and having the lock, everything
//! may have changed; and whoever is not woken sleeps for ever.
//!
//! The promises: never over capacity; nothing lost; nothing twice; first in,
//! first out; nobody sleeps for ever who could go on.
//!
//! # What the compiler already refuses
//! An item that was put is the queue's, and nobody changes it from outside:
//! ```compile_fail
//! use racecourse::lessons::bounded_queue::right::Queue;
//! let queue = Queue::new(std::num::NonZeroUsize::MIN);
//! let mut item = String::from("hello");
//! queue.put(item).unwrap();
//! item.push('!'); // error: borrow of moved value: `item`
//! ```
//! What a mutex protects is out of reach without the lock:
//! ```compile_fail
//! use std::{collections::VecDeque, sync::Mutex};
//! let inside = Mutex::new(VecDeque::new());
//! inside.push_back("hello"); // error: no method named `push_back` found
//! ```
//! A queue for no items, which could never pass anything on (and which to Python
//! means one without a limit), cannot be asked for:
//! ```compile_fail
//! use racecourse::lessons::bounded_queue::right::Queue;
//! let queue = Queue::<String>::new(0); // error: expected `NonZero<usize>`
//! ```

pub mod errors;
pub mod right;
pub mod scenes;
pub mod wrong;

use super::{Fault, Lesson, Mistake, Program, Seed, Version};
use crate::explorer::report::{Judged, Memory};
use crate::narrate;
use crate::sync::Actors;
use errors::{GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError};
use right::Queue;
use scenes::{Cast, Run, get_some, offer, put_all};
use std::num::NonZeroUsize;
use std::time::Duration;

/// What the scenes put into queues: `a2` is the second item of producer a.
pub type Item = &'static str;

/// How long a producer or a consumer in a hurry waits. The seed waits 3 seconds;
/// this is long enough to be noticed.
pub const PATIENCE: Duration = Duration::from_millis(300);

/// Why [`put_timeout`](BoundedQueue::put_timeout) refused, and what comes back.
/// The right queue's error always has the item, so that its type already refuses
/// to lose it.
pub type PutTimeoutRefusal = PutTimeoutError<Option<Item>>;

/// A bounded queue. What a version does not do in its own way, it leaves to the
/// right queue that it is made of.
pub trait BoundedQueue: Send + Sync {
    /// An empty queue that holds up to `capacity` items.
    fn new(capacity: NonZeroUsize) -> Self;

    /// The right queue that it is made of.
    fn right(&self) -> &Queue<Item>;

    /// See [`Queue::put`].
    fn put(&self, item: Item) -> Result<(), PutError<Item>> {
        self.right().put(item)
    }

    /// See [`Queue::try_put`].
    fn try_put(&self, item: Item) -> Result<(), TryPutError<Item>> {
        self.right().try_put(item)
    }

    /// See [`Queue::put_timeout`].
    fn put_timeout(&self, item: Item, timeout: Duration) -> Result<(), PutTimeoutRefusal> {
        let put = self.right().put_timeout(item, timeout);
        put.map_err(|refused| match refused {
            PutTimeoutError::TimedOut(item) => PutTimeoutError::TimedOut(Some(item)),
            PutTimeoutError::Closed(item) => PutTimeoutError::Closed(Some(item)),
        })
    }

    /// See [`Queue::get`].
    fn get(&self) -> Result<Item, GetError> {
        self.right().get()
    }

    /// See [`Queue::try_get`].
    fn try_get(&self) -> Result<Item, TryGetError> {
        self.right().try_get()
    }

    /// See [`Queue::get_timeout`].
    fn get_timeout(&self, timeout: Duration) -> Result<Item, GetTimeoutError> {
        self.right().get_timeout(timeout)
    }

    /// See [`Queue::close`].
    fn close(&self) {
        self.right().close();
    }

    /// See [`Queue::len`], also for what the answer is worth: it, and those of
    /// [`is_empty`](Self::is_empty) and [`is_full`](Self::is_full), are
    /// linearizable. Each was true at one moment between the call and its return,
    /// and may be stale by the time the caller looks at it.
    fn len(&self) -> usize {
        self.right().len()
    }

    /// See [`len`](Self::len).
    fn is_empty(&self) -> bool {
        self.right().is_empty()
    }

    /// See [`len`](Self::len).
    fn is_full(&self) -> bool {
        self.right().is_full()
    }
}

impl BoundedQueue for Queue<Item> {
    fn new(capacity: NonZeroUsize) -> Self {
        Queue::new(capacity)
    }

    fn right(&self) -> &Queue<Item> {
        self
    }
}

/// The seed's program, to its end. What it puts while there is room goes in; what
/// it puts into a full queue comes back, `a` and all before it after a timeout.
fn play<Q: BoundedQueue>(program: &Program) -> Judged {
    const WORDS: &[Item; 7] = &["hello", "ok", "good", "morning", "bad", "a", "how"];
    let Some(capacity) = NonZeroUsize::new(program.capacity) else {
        return Judged::forbidden("no queue", "a queue for 0 items passes nothing on");
    };
    let cast = Cast {
        capacity,
        producers: &[WORDS],
        consumers: 1,
    };
    let queue = Q::new(capacity);
    let the_program = || {
        let [words @ .., how] = WORDS;
        let (hello_to_bad, a) = words.split_at(capacity.get().min(words.len()));
        let mut handed_back = put_all(&queue, hello_to_bad);
        narrate!("full? {}", queue.right().is_full());
        handed_back.extend(offer(a, |word| {
            let refused = queue.put_timeout(word, PATIENCE);
            refused.map_err(PutTimeoutError::into_item)
        }));
        handed_back.extend(offer(&[*how], |word| {
            let refused = queue.try_put(word);
            refused.map_err(|refused| Some(refused.into_item()))
        }));
        let longest = queue.right().len();
        queue.close();
        Run {
            handed_back: vec![handed_back],
            got: vec![get_some(&queue, usize::MAX)],
            left: Vec::new(),
            longest,
        }
    };
    let runs = Actors::new().enter("program", the_program).run();
    cast.judge(&runs[0])
}

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use scenes::scenes;
    use wrong::{
        DropsOnTimeout, FullThenPut, IfInsteadOfWhile, OneCondvarNotifyOne, SilentClose,
        TimesOutYetTakes,
    };

    Lesson {
        name: "bounded_queue",
        title: "A bounded queue between producers and consumers",
        story: "Producers wait while the queue is full, consumers while it is empty, some only \
                for a while, until somebody closes it. Between being woken and having the lock \
                everything may have changed; and whoever is not woken sleeps for ever.",
        seed: Seed {
            lesson: Some(6),
            faults: &[
                Fault {
                    what: "dies of `queue.Full` at its sixth put, after 3 seconds",
                    shown_by: "bounded_queue::the_seeds_program_comes_to_its_end",
                },
                Fault {
                    what: "loses the item that did not get in: `queue.Full` does not carry it",
                    shown_by: "bounded_queue::what_does_not_get_in_in_time_comes_back",
                },
                Fault {
                    what: "never comes to `put_nowait`, which would raise as well, nor to `get`",
                    shown_by: "bounded_queue::the_seeds_program_comes_to_its_end",
                },
                Fault {
                    what: "cannot say that nothing more will come: whoever gets once more \
                           waits for ever",
                    shown_by: "bounded_queue::close_wakes_every_waiting_consumer",
                },
            ],
        },
        memory: Memory::Sc,
        versions: vec![
            Version::right::<Queue<Item>>(
                "one lock, a condition variable for each condition, `while` around each wait",
                scenes::<Queue<Item>>(),
                play::<Queue<Item>>,
            ),
            Version::wrong::<IfInsteadOfWhile>(
                "does not look again when it is woken",
                scenes::<IfInsteadOfWhile>(),
                play::<IfInsteadOfWhile>,
                Mistake {
                    scene: "1 producer, 2 consumers, 2 items, capacity 1",
                    outcome: "panic",
                    preemptions: 0,
                    story: include_str!("stories/if-instead-of-while.txt"),
                },
            ),
            Version::wrong::<OneCondvarNotifyOne>(
                "one condition variable for both conditions: wakes the wrong one",
                scenes::<OneCondvarNotifyOne>(),
                play::<OneCondvarNotifyOne>,
                Mistake {
                    scene: "1 producer, 2 consumers, 2 items, capacity 1",
                    outcome: "deadlock",
                    preemptions: 0,
                    story: include_str!("stories/one-condvar-notify-one.txt"),
                },
            ),
            Version::wrong::<SilentClose>(
                "closes and wakes nobody",
                scenes::<SilentClose>(),
                play::<SilentClose>,
                Mistake {
                    scene: "close and drain: 1 producer, 1 consumer, 2 items, capacity 1",
                    outcome: "deadlock",
                    preemptions: 1,
                    story: include_str!("stories/silent-close.txt"),
                },
            ),
            Version::wrong::<FullThenPut>(
                "asks whether it is full in one critical section, puts in the next",
                scenes::<FullThenPut>(),
                play::<FullThenPut>,
                Mistake {
                    scene: "2 producers try, nobody takes, capacity 1",
                    outcome: "2 inside",
                    preemptions: 1,
                    story: include_str!("stories/full-then-put.txt"),
                },
            ),
            Version::wrong::<DropsOnTimeout>(
                "says that the time was up, and keeps the item (the seed's way)",
                scenes::<DropsOnTimeout>(),
                play::<DropsOnTimeout>,
                Mistake {
                    scene: "1 producer with a timeout, nobody takes, capacity 1",
                    outcome: "a2 lost",
                    preemptions: 0,
                    story: include_str!("stories/drops-on-timeout.txt"),
                },
            ),
            Version::wrong::<TimesOutYetTakes>(
                "takes an item, and then says that the time was up",
                scenes::<TimesOutYetTakes>(),
                play::<TimesOutYetTakes>,
                Mistake {
                    scene: "1 producer, 1 consumer, 2 items, early timeouts, capacity 1",
                    outcome: "a1 lost",
                    preemptions: 1,
                    story: include_str!("stories/times-out-yet-takes.txt"),
                },
            ),
        ],
        heeds: &["capacity"],
        for_real: None,
    }
}
