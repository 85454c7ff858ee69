//! Scenes of a queue.

use super::lesson::{BoundedQueue, Item, Run, Setup, TIMEOUT};
use crate::explorer::report::{Budget, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Actors, Mutex};
use crossbeam_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use std::num::NonZeroUsize;

impl Setup {
    /// Runs all threads at once: a producer returns the items that came back, a consumer
    /// the items that it got.
    fn run<Q: BoundedQueue>(
        &self,
        produce: &(dyn Fn(&Q, &[Item]) -> Vec<Item> + Sync),
        consume: &(dyn Fn(&Q, usize) -> Vec<Item> + Sync),
    ) -> Run {
        let queue = &Q::new(self.capacity);
        let mut actors = Actors::new();
        for (items, letter) in self.producers.iter().zip('a'..) {
            actors = actors.enter(format!("producer-{letter}"), move || produce(queue, items));
        }
        for consumer in 0..self.consumers {
            let name = format!("consumer-{}", consumer + 1);
            actors = actors.enter(name, move || consume(queue, consumer));
        }
        let mut handed_back = actors.run();
        let got = handed_back.split_off(self.producers.len());
        let mut left = Vec::new();
        while let Ok(item) = queue.try_get() {
            left.push(item);
        }
        let longest = left.len();
        Run {
            handed_back,
            got,
            left,
            longest,
        }
    }

    /// The number of items that a consumer gets where each gets its share.
    fn share(&self, consumer: usize) -> usize {
        let items: usize = self.producers.iter().map(|items| items.len()).sum();
        (items + self.consumers - 1 - consumer) / self.consumers
    }

    /// Producers put, and each consumer gets its share.
    pub fn exchange<Q: BoundedQueue>(&self) -> Run {
        self.run(&put_all::<Q>, &|queue, consumer| {
            get_some(queue, self.share(consumer))
        })
    }

    /// The last producer to finish closes the queue. Consumers get items until the queue is
    /// closed and empty.
    pub fn close_and_drain<Q: BoundedQueue>(&self) -> Run {
        let producing = AtomicUsize::new(self.producers.len());
        let put_all_and_close = |queue: &Q, items: &[Item]| {
            let handed_back = put_all(queue, items);
            // ORDERING: Relaxed is enough, because the queue's lock orders the puts before
            // the close: see `bread_queue::right`.
            if producing.fetch_sub(1, Ordering::Relaxed) == 1 {
                narrate!("the last producer closes the queue");
                queue.close();
            }
            handed_back
        };
        self.run(&put_all_and_close, &|queue, _| get_some(queue, usize::MAX))
    }

    /// Producers put, and consumers only close the queue.
    pub fn close_on_producers<Q: BoundedQueue>(&self) -> Run {
        self.run(&put_all::<Q>, &|queue, _| close(queue))
    }

    /// Producers try to put, and there is no consumer.
    pub fn try_to_put<Q: BoundedQueue>(&self) -> Run {
        let try_all = |queue: &Q, items: &[Item]| {
            offer(items, |item| {
                let refused = queue.try_put(item);
                refused.map_err(|refused| {
                    assert!(refused.is_full(), "the queue is open, try_put says closed");
                    Some(refused.into_inner())
                })
            })
        };
        self.run(&try_all, &|_, _| Vec::new())
    }

    /// [`exchange`](Self::exchange) with timeouts. A consumer waits for one item if there is
    /// no producer.
    pub fn with_timeouts<Q: BoundedQueue>(&self) -> Run {
        let put = |queue: &Q, item| {
            let refused = queue.put_timeout(item, TIMEOUT);
            refused.map_err(|refused| {
                assert!(
                    refused.is_timeout(),
                    "the queue is open, put_timeout says closed"
                );
                refused.into_inner()
            })
        };
        let get = |queue: &Q| match queue.get_timeout(TIMEOUT) {
            Err(RecvTimeoutError::Disconnected) => {
                panic!("the queue is open, get_timeout says closed")
            }
            got => got.ok(),
        };
        self.run(
            &|queue, items| offer(items, |item| put(queue, item)),
            &|queue, consumer| take(self.share(consumer).max(1), || get(queue)),
        )
    }

    /// Producers put with a timeout, and consumers only close the queue: no wait times out.
    pub fn close_on_timed_producers<Q: BoundedQueue>(&self) -> Run {
        let put = |queue: &Q, item| {
            let refused = queue.put_timeout(item, TIMEOUT);
            refused.map_err(|refused| {
                assert!(
                    refused.is_disconnected(),
                    "put_timeout slept until its timeout"
                );
                refused.into_inner()
            })
        };
        self.run(
            &|queue, items| offer(items, |item| put(queue, item)),
            &|queue, _| close(queue),
        )
    }

    /// Producers put nothing and close the queue, and consumers get with a timeout: no wait
    /// times out.
    pub fn close_on_timed_consumers<Q: BoundedQueue>(&self) -> Run {
        let get = |queue: &Q| match queue.get_timeout(TIMEOUT) {
            Err(RecvTimeoutError::Timeout) => panic!("get_timeout slept until its timeout"),
            got => got.ok(),
        };
        self.run(&|queue, _| close(queue), &|queue, _| take(1, || get(queue)))
    }

    /// [`exchange`](Self::exchange) with timeouts of the consumers.
    pub fn consumers_with_timeouts<Q: BoundedQueue>(&self) -> Run {
        self.run(&put_all::<Q>, &|queue, consumer| {
            take(self.share(consumer), || queue.get_timeout(TIMEOUT).ok())
        })
    }

    /// [`exchange`](Self::exchange) in which every thread tries first, and waits only if
    /// that fails.
    pub fn try_first<Q: BoundedQueue>(&self) -> Run {
        let put = |queue: &Q, items: &[Item]| {
            offer(items, |item| match queue.try_put(item) {
                Err(TrySendError::Full(item)) => queue.put(item).map_err(|refused| Some(refused.0)),
                tried => tried.map_err(|refused| Some(refused.into_inner())),
            })
        };
        let get = |queue: &Q, consumer| {
            take(self.share(consumer), || {
                queue.try_get().or_else(|_| queue.get()).ok()
            })
        };
        self.run(&put, &get)
    }

    /// [`exchange`](Self::exchange) in which a consumer asks for the number of items before
    /// it gets one.
    pub fn count<Q: BoundedQueue>(&self) -> Run {
        let longest = Mutex::new(0);
        let count_and_get = |queue: &Q, consumer| {
            take(self.share(consumer), || {
                let inside = queue.len();
                let mut longest = longest.lock().unwrap();
                *longest = inside.max(*longest);
                drop(longest);
                queue.get().ok()
            })
        };
        let mut run = self.run(&put_all::<Q>, &count_and_get);
        run.longest = run.longest.max(*longest.lock().unwrap());
        run
    }
}

/// Closes the queue. Puts and gets nothing.
fn close<Q: BoundedQueue>(queue: &Q) -> Vec<Item> {
    narrate!("closes the queue");
    queue.close();
    Vec::new()
}

/// Calls every method of an empty queue, of a full one and of a closed one.
fn every_method<Q: BoundedQueue>() {
    let queue = Q::new(NonZeroUsize::MIN.saturating_add(1));
    assert_eq!(
        (queue.len(), queue.is_empty(), queue.is_full()),
        (0, true, false),
        "empty"
    );
    assert_eq!(queue.try_get(), Err(TryRecvError::Empty), "empty");
    assert_eq!(
        queue.get_timeout(TIMEOUT),
        Err(RecvTimeoutError::Timeout),
        "empty"
    );
    assert_eq!(queue.put("a1"), Ok(()), "empty");
    assert_eq!(queue.try_put("a2"), Ok(()), "one item");
    assert_eq!(
        (queue.len(), queue.is_empty(), queue.is_full()),
        (2, false, true),
        "full"
    );
    assert_eq!(queue.try_put("a3"), Err(TrySendError::Full("a3")), "full");
    let timed_out = SendTimeoutError::Timeout(Some("a4"));
    assert_eq!(queue.put_timeout("a4", TIMEOUT), Err(timed_out), "full");
    assert_eq!(queue.get(), Ok("a1"), "full");
    assert_eq!(queue.put_timeout("b1", TIMEOUT), Ok(()), "one item");
    queue.close();
    assert_eq!(queue.put("b2"), Err(SendError("b2")), "closed");
    assert_eq!(
        queue.try_put("b3"),
        Err(TrySendError::Disconnected("b3")),
        "closed"
    );
    let closed = SendTimeoutError::Disconnected(Some("b4"));
    assert_eq!(queue.put_timeout("b4", TIMEOUT), Err(closed), "closed");
    assert_eq!(queue.get_timeout(TIMEOUT), Ok("a2"), "closed");
    assert_eq!(queue.try_get(), Ok("b1"), "closed");
    assert_eq!(queue.get(), Err(RecvError), "closed and empty");
    assert_eq!(
        queue.try_get(),
        Err(TryRecvError::Disconnected),
        "closed and empty"
    );
    let closed = RecvTimeoutError::Disconnected;
    assert_eq!(queue.get_timeout(TIMEOUT), Err(closed), "closed and empty");
    queue.close();
}

/// Puts each item with `put`, and returns those that came back.
pub(super) fn offer(items: &[Item], put: impl Fn(Item) -> Result<(), Option<Item>>) -> Vec<Item> {
    let mut handed_back = Vec::new();
    for item in items {
        match put(item) {
            Ok(()) => narrate!("put {item}"),
            Err(Some(item)) => {
                narrate!("{item} came back");
                handed_back.push(item);
            }
            Err(None) => narrate!("{item} was not put and did not come back"),
        }
    }
    handed_back
}

/// Gets up to that many items with `get`, and returns them.
fn take(many: usize, get: impl Fn() -> Option<Item>) -> Vec<Item> {
    let mut got = Vec::new();
    while got.len() < many
        && let Some(item) = get()
    {
        narrate!("got {item}");
        got.push(item);
    }
    got
}

/// Puts all items, and returns those that came back.
pub(super) fn put_all<Q: BoundedQueue>(queue: &Q, items: &[Item]) -> Vec<Item> {
    offer(items, |item| {
        queue.put(item).map_err(|refused| Some(refused.0))
    })
}

/// Gets up to that many items, fewer if the queue is closed.
pub(super) fn get_some<Q: BoundedQueue>(queue: &Q, many: usize) -> Vec<Item> {
    take(many, || queue.get().ok())
}

/// The scenes of the lesson, with that version.
#[must_use]
pub fn scenes<Q: BoundedQueue + 'static>() -> Vec<Scene> {
    const ONE: NonZeroUsize = NonZeroUsize::MIN;
    const TWO: NonZeroUsize = ONE.saturating_add(1);
    const AA: &[&[Item]] = &[&["a1", "a2"]];
    const AAAA: &[&[Item]] = &[&["a1", "a2", "a3", "a4"]];
    const A_B: &[&[Item]] = &[&["a1"], &["b1"]];
    const A_B_C: &[&[Item]] = &[&["a1"], &["b1"], &["c1"]];
    const ANY_WAKE_UP: Budget = Budget {
        any_waiter: true,
        spurious_wake_ups: 1,
        ..Budget::NONE
    };
    const AA_B: &[&[Item]] = &[&["a1", "a2"], &["b1"]];

    let setup = |capacity, producers, consumers| Setup {
        capacity,
        producers,
        consumers,
    };
    let scene = |name, run: fn(&Setup) -> Run, setup: Setup| {
        Scene::new(name, move || setup.judge(&run(&setup)))
    };
    let in_time = |name, setup: Setup| {
        let scene = Scene::new(name, move || {
            setup.judge_in_time(&setup.with_timeouts::<Q>())
        });
        scene.proof()
    };
    let exchange = Setup::exchange::<Q>;
    let close_and_drain = Setup::close_and_drain::<Q>;
    vec![
        scene(
            "1 producer, 1 consumer, 2 items, capacity 1",
            exchange,
            setup(ONE, AA, 1),
        )
        .must_occur(&["a1 a2"]),
        scene(
            "2 producers, 1 consumer, 1 item each, capacity 1",
            exchange,
            setup(ONE, A_B, 1),
        )
        .must_occur(&["a1 b1", "b1 a1"]),
        scene(
            "1 producer, 2 consumers, 2 items, capacity 1",
            exchange,
            setup(ONE, AA, 2),
        )
        .must_occur(&["a1 | a2", "a2 | a1"]),
        scene(
            "2 producers, 2 consumers, 1 item each, capacity 1",
            exchange,
            setup(ONE, A_B, 2),
        )
        .must_occur(&["a1 | b1", "b1 | a1"]),
        scene(
            "1 producer, 4 consumers, 4 items, capacity 1",
            exchange,
            setup(ONE, AAAA, 4),
        )
        .must_occur(&["a1 | a2 | a3 | a4", "a4 | a3 | a2 | a1"])
        .proof(),
        scene(
            "1 producer, 1 consumer, 2 items, capacity 2",
            exchange,
            setup(TWO, AA, 1),
        )
        .must_occur(&["a1 a2"])
        .proof(),
        scene(
            "2 producers, 1 consumer, 1 item each, capacity 2",
            exchange,
            setup(TWO, A_B, 1),
        )
        .must_occur(&["a1 b1", "b1 a1"])
        .proof(),
        scene(
            "1 producer, 2 consumers, 2 items, capacity 2",
            exchange,
            setup(TWO, AA, 2),
        )
        .must_occur(&["a1 | a2", "a2 | a1"])
        .proof(),
        scene(
            "2 producers, 2 consumers, 1 item each, capacity 2",
            exchange,
            setup(TWO, A_B, 2),
        )
        .must_occur(&["a1 | b1", "b1 | a1"])
        .proof(),
        scene(
            "1 producer, 1 consumer, 2 items, tried first, capacity 1",
            Setup::try_first::<Q>,
            setup(ONE, AA, 1),
        )
        .must_occur(&["a1 a2"])
        .proof(),
        scene(
            "1 producer, 1 consumer with a timeout, 2 items, capacity 1",
            Setup::consumers_with_timeouts::<Q>,
            setup(ONE, AA, 1),
        )
        .must_occur(&["a1 a2"])
        .proof(),
        scene(
            "2 producers, 1 consumer that counts, capacity 1",
            Setup::count::<Q>,
            setup(ONE, A_B, 1),
        )
        .must_occur(&["a1 b1", "b1 a1"])
        .proof(),
        scene(
            "close and drain: 1 producer, 1 consumer, 2 items, capacity 1",
            close_and_drain,
            setup(ONE, AA, 1),
        )
        .must_occur(&["a1 a2"]),
        scene(
            "close and drain: 2 producers, 1 consumer, 1 item each, capacity 1",
            close_and_drain,
            setup(ONE, A_B, 1),
        )
        .must_occur(&["a1 b1", "b1 a1"]),
        scene(
            "close and drain: 1 producer, 2 consumers, 2 items, capacity 1",
            close_and_drain,
            setup(ONE, AA, 2),
        )
        .must_occur(&["a1 a2 | nothing", "a1 | a2", "a2 | a1", "nothing | a1 a2"])
        .proof(),
        scene(
            "close and drain: 1 producer, 1 consumer, 2 items, capacity 2",
            close_and_drain,
            setup(TWO, AA, 1),
        )
        .must_occur(&["a1 a2"])
        .proof(),
        scene(
            "close and drain: 2 producers, 1 consumer, 1 item each, capacity 2",
            close_and_drain,
            setup(TWO, A_B, 1),
        )
        .must_occur(&["a1 b1", "b1 a1"])
        .proof(),
        scene(
            "close and drain: 1 producer, 2 consumers, 2 items, capacity 2",
            close_and_drain,
            setup(TWO, AA, 2),
        )
        .must_occur(&["a1 a2 | nothing", "a1 | a2", "a2 | a1", "nothing | a1 a2"])
        .proof(),
        scene(
            "1 producer, 1 consumer that only closes, capacity 1",
            Setup::close_on_producers::<Q>,
            setup(ONE, AA, 1),
        )
        .must_occur(&["nothing, inside: a1, back: a2", "nothing, back: a1 a2"]),
        scene(
            "2 producers, 1 consumer that only closes, capacity 1",
            Setup::close_on_producers::<Q>,
            setup(ONE, AA_B, 1),
        )
        .must_occur(&[
            "nothing, inside: a1, back: a2 b1",
            "nothing, inside: b1, back: a1 a2",
        ])
        .proof(),
        scene(
            "3 producers, 1 consumer, 1 item each, capacity 1",
            exchange,
            setup(ONE, A_B_C, 1),
        )
        .must_occur(&["a1 b1 c1", "c1 a1 b1"])
        .proof(),
        scene(
            "2 producers try, no consumer, capacity 1",
            Setup::try_to_put::<Q>,
            setup(ONE, A_B, 0),
        )
        .must_occur(&["inside: a1, back: b1", "inside: b1, back: a1"]),
        scene(
            "1 producer with a timeout, no consumer, capacity 1",
            Setup::with_timeouts::<Q>,
            setup(ONE, AA, 0),
        )
        .must_occur(&["inside: a1, back: a2"]),
        scene(
            "1 consumer with a timeout, no producer, capacity 1",
            Setup::with_timeouts::<Q>,
            setup(ONE, &[], 1),
        )
        .must_occur(&["nothing"]),
        scene(
            "1 producer with a timeout, 1 consumer that only closes, capacity 1",
            Setup::close_on_timed_producers::<Q>,
            setup(ONE, AA, 1),
        )
        .must_occur(&["nothing, inside: a1, back: a2", "nothing, back: a1 a2"])
        .proof(),
        scene(
            "1 consumer with a timeout, 1 producer that only closes, capacity 1",
            Setup::close_on_timed_consumers::<Q>,
            setup(ONE, &[&[]], 1),
        )
        .must_occur(&["nothing"])
        .proof(),
        Scene::new("1 thread, every method, capacity 2", || {
            Actors::new().enter("caller", every_method::<Q>).run();
            Judged::promised("every answer is right", "what each method returns")
        })
        .must_occur(&["every answer is right"])
        .proof(),
        in_time(
            "1 producer, 1 consumer, 2 items, timeouts, capacity 1",
            setup(ONE, AA, 1),
        )
        .must_occur(&["a1 a2"]),
        in_time(
            "2 producers, 1 consumer, 3 items, timeouts, capacity 1",
            setup(ONE, AA_B, 1),
        )
        .must_occur(&["a1 a2 b1", "b1 a1 a2"]),
        in_time(
            "1 producer, 2 consumers, 2 items, timeouts, capacity 1",
            setup(ONE, AA, 2),
        )
        .must_occur(&["a1 | a2", "a2 | a1"]),
        scene(
            "1 producer, 1 consumer, 2 items, early timeouts, capacity 1",
            Setup::with_timeouts::<Q>,
            setup(ONE, AA, 1),
        )
        .must_occur(&["a1 a2", "a1, inside: a2", "nothing, inside: a1, back: a2"])
        .budget(Budget {
            early_timeouts: 2,
            ..Budget::NONE
        }),
        scene(
            "1 producer, 2 consumers, 2 items, any waiter wakes, capacity 1",
            exchange,
            setup(ONE, AA, 2),
        )
        .must_occur(&["a1 | a2", "a2 | a1"])
        .budget(ANY_WAKE_UP)
        .proof(),
        scene(
            "close and drain: 2 producers, 1 consumer, 1 item each, any waiter wakes, capacity 1",
            close_and_drain,
            setup(ONE, A_B, 1),
        )
        .must_occur(&["a1 b1", "b1 a1"])
        .budget(ANY_WAKE_UP)
        .proof(),
    ]
}

/// The tutorial's program, to its end. While there is room, words are put. Words for which
/// there is no room come back: `how` at once, the others after a timeout.
pub(super) fn play<Q: BoundedQueue>(program: &Program) -> Judged {
    const WORDS: &[Item; 7] = &["hello", "ok", "good", "morning", "bad", "a", "how"];
    let Some(capacity) = NonZeroUsize::new(program.capacity) else {
        return Judged::forbidden("no queue", "a queue for 0 items cannot pass an item on");
    };
    let setup = Setup {
        capacity,
        producers: &[WORDS],
        consumers: 1,
    };
    let queue = Q::new(capacity);
    let program_of_the_tutorial = || {
        let [words @ .., how] = WORDS;
        let (hello_to_bad, a) = words.split_at(capacity.get().min(words.len()));
        let mut handed_back = put_all(&queue, hello_to_bad);
        narrate!("full? {}", queue.is_full());
        handed_back.extend(offer(a, |word| {
            let refused = queue.put_timeout(word, TIMEOUT);
            refused.map_err(SendTimeoutError::into_inner)
        }));
        handed_back.extend(offer(&[*how], |word| {
            let refused = queue.try_put(word);
            refused.map_err(|refused| Some(refused.into_inner()))
        }));
        let longest = queue.len();
        queue.close();
        Run {
            handed_back: vec![handed_back],
            got: vec![get_some(&queue, usize::MAX)],
            left: Vec::new(),
            longest,
        }
    };
    let runs = Actors::new()
        .enter("program", program_of_the_tutorial)
        .run();
    setup.judge(&runs[0])
}
