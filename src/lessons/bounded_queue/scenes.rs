//! What happens to a queue, and how it is judged.

use super::errors::{PutTimeoutError, TryPutError};
use super::lesson::{BoundedQueue, Item, PATIENCE};
use crate::explorer::report::{Budget, Grade, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Actors, Mutex, Named};
use std::collections::HashSet;
use std::fmt;
use std::num::NonZeroUsize;

/// Who is in a scene, and with which queue.
#[derive(Debug, Clone, Copy)]
pub struct Cast {
    /// How many items the queue holds.
    pub capacity: NonZeroUsize,
    /// For each producer, the items to put.
    pub producers: &'static [&'static [Item]],
    /// How many consumers.
    pub consumers: usize,
}

/// What became of every item.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// For each producer, the items that came back.
    pub handed_back: Vec<Vec<Item>>,
    /// For each consumer, what it got.
    pub got: Vec<Vec<Item>>,
    /// What was inside at the end.
    pub left: Vec<Item>,
    /// The most that anybody saw inside.
    pub longest: usize,
}

impl Cast {
    /// Everybody plays a part at once: a producer returns the items that came
    /// back, a consumer those that it got.
    fn run<Q: BoundedQueue>(
        &self,
        produce: impl Fn(&Q, &[Item]) -> Vec<Item> + Sync,
        consume: impl Fn(&Q, usize) -> Vec<Item> + Sync,
    ) -> Run {
        let queue = Q::new(self.capacity);
        let (queue, produce, consume) = (&queue, &produce, &consume);
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
        let left: Vec<Item> = std::iter::from_fn(|| queue.right().try_get().ok()).collect();
        let longest = left.len();
        Run {
            handed_back,
            got,
            left,
            longest,
        }
    }

    /// How many items a consumer takes, where each takes its share.
    fn share(&self, consumer: usize) -> usize {
        let items: usize = self.producers.iter().map(|items| items.len()).sum();
        (items + self.consumers - 1 - consumer) / self.consumers
    }

    /// Producers put, each consumer takes its share.
    pub fn exchange<Q: BoundedQueue>(&self) -> Run {
        self.run(put_all::<Q>, |queue, consumer| {
            get_some(queue, self.share(consumer))
        })
    }

    /// The last producer to be done closes the queue, consumers take until it is
    /// closed and empty.
    pub fn close_and_drain<Q: BoundedQueue>(&self) -> Run {
        let producing = AtomicUsize::new(self.producers.len()).named("producing");
        let put_all_and_close = |queue: &Q, items: &[Item]| {
            let handed_back = put_all(queue, items);
            // ORDERING: Relaxed is enough, since the queue's lock orders what the
            // count decides about: see `bread_queue::right`.
            if producing.fetch_sub(1, Ordering::Relaxed) == 1 {
                narrate!("the last one closes");
                queue.close();
            }
            handed_back
        };
        self.run(put_all_and_close, |queue, _| get_some(queue, usize::MAX))
    }

    /// Consumers take nothing but close the queue, while producers put.
    pub fn close_on_producers<Q: BoundedQueue>(&self) -> Run {
        self.run(put_all::<Q>, |queue, _| {
            narrate!("closes");
            queue.close();
            Vec::new()
        })
    }

    /// Producers try to put, nobody takes.
    pub fn try_to_put<Q: BoundedQueue>(&self) -> Run {
        let try_all = |queue: &Q, items: &[Item]| {
            offer(items, |item| {
                let refused = queue.try_put(item);
                refused.map_err(|refused| Some(refused.into_item()))
            })
        };
        self.run(try_all, |_, _| Vec::new())
    }

    /// As [`exchange`](Self::exchange), with timeouts; one item if nobody produces.
    pub fn hurry<Q: BoundedQueue>(&self) -> Run {
        let put = |queue: &Q, item| {
            let refused = queue.put_timeout(item, PATIENCE);
            refused.map_err(PutTimeoutError::into_item)
        };
        let get = |queue: &Q| queue.get_timeout(PATIENCE).ok();
        self.run(
            |queue, items| offer(items, |item| put(queue, item)),
            |queue, consumer| take(self.share(consumer).max(1), || get(queue)),
        )
    }

    /// As [`exchange`](Self::exchange), but consumers wait with a timeout.
    pub fn impatient_consumers<Q: BoundedQueue>(&self) -> Run {
        self.run(put_all::<Q>, |queue, consumer| {
            take(self.share(consumer), || queue.get_timeout(PATIENCE).ok())
        })
    }

    /// As [`exchange`](Self::exchange), but everybody tries first, and waits only
    /// if that fails.
    pub fn try_first<Q: BoundedQueue>(&self) -> Run {
        let put = |queue: &Q, items: &[Item]| {
            offer(items, |item| match queue.try_put(item) {
                Err(TryPutError::Full(item)) => {
                    queue.put(item).map_err(|refused| Some(refused.into_item()))
                }
                tried => tried.map_err(|refused| Some(refused.into_item())),
            })
        };
        let get = |queue: &Q, consumer| {
            take(self.share(consumer), || {
                queue.try_get().or_else(|_| queue.get()).ok()
            })
        };
        self.run(put, get)
    }

    /// As [`exchange`](Self::exchange), but a consumer looks how many are inside
    /// before it takes one.
    pub fn count<Q: BoundedQueue>(&self) -> Run {
        let longest = Mutex::new(0).named("longest");
        let count_and_get = |queue: &Q, consumer| {
            take(self.share(consumer), || {
                let inside = queue.right().len();
                let mut longest = longest.lock().unwrap();
                *longest = inside.max(*longest);
                drop(longest);
                queue.get().ok()
            })
        };
        let mut run = self.run(put_all::<Q>, count_and_get);
        run.longest = run.longest.max(*longest.lock().unwrap());
        run
    }

    /// Judges a run with timeouts in which somebody could always go on. In the model
    /// time passes only when nobody can: whoever gives up all the same has not waited,
    /// or not again when he was woken for nothing.
    #[must_use]
    pub fn judge_in_time(&self, run: &Run) -> Judged {
        let judged = self.judge(run);
        let gave_up = !run.left.is_empty() || !run.handed_back.concat().is_empty();
        match judged.grade {
            Grade::Promised if gave_up => {
                Judged::forbidden(judged.outcome, "gave up although others went on")
            }
            _ => judged,
        }
    }

    /// Holds a run against the promises: never over capacity, nothing twice,
    /// nothing lost, the items of each producer in the order they were put.
    #[must_use]
    pub fn judge(&self, run: &Run) -> Judged {
        if run.longest > self.capacity.get() {
            return Judged::forbidden(
                format!("{} inside", run.longest),
                format!("over capacity: the queue is for {}", self.capacity),
            );
        }
        let everywhere = run.handed_back.iter().chain(&run.got).chain([&run.left]);
        let mut seen = HashSet::new();
        for item in everywhere.flatten() {
            if !seen.insert(item) {
                return Judged::forbidden(format!("{item} twice"), "one item, two owners");
            }
        }
        for item in self.producers.iter().copied().flatten() {
            if !seen.contains(item) {
                return Judged::forbidden(
                    format!("{item} lost"),
                    "neither taken nor inside nor handed back",
                );
            }
        }
        for items in self.producers {
            let place = |item: &Item| items.iter().position(|put| put == item);
            for got in run.got.iter().chain([&run.left]) {
                let places: Vec<usize> = got.iter().filter_map(place).collect();
                if !places.is_sorted() {
                    return Judged::forbidden(
                        format!("out of order: {}", got.join(" ")),
                        "a later item of the same producer came out first",
                    );
                }
            }
        }
        Judged::promised(run.to_string(), "nothing lost, nothing twice, in order")
    }
}

/// `a1 | b1, inside: a2, back: b2`: what each consumer got, what is left, what
/// came back.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.got.is_empty() {
            let each = self.got.iter().map(|got| match got[..] {
                [] => "nothing".to_owned(),
                _ => got.join(" "),
            });
            parts.push(each.collect::<Vec<_>>().join(" | "));
        }
        if !self.left.is_empty() {
            parts.push(format!("inside: {}", self.left.join(" ")));
        }
        let back = self.handed_back.concat();
        if !back.is_empty() {
            parts.push(format!("back: {}", back.join(" ")));
        }
        f.write_str(&parts.join(", "))
    }
}

/// Puts each item in the way of `put`; returns those that came back.
pub(super) fn offer(items: &[Item], put: impl Fn(Item) -> Result<(), Option<Item>>) -> Vec<Item> {
    let mut handed_back = Vec::new();
    for item in items {
        match put(item) {
            Ok(()) => narrate!("put {item}"),
            Err(Some(item)) => {
                narrate!("{item} came back");
                handed_back.push(item);
            }
            Err(None) => narrate!("{item} was refused and did not come back"),
        }
    }
    handed_back
}

/// Takes up to that many items in the way of `get`; returns them.
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

/// Puts all items; returns those that came back.
pub(super) fn put_all<Q: BoundedQueue>(queue: &Q, items: &[Item]) -> Vec<Item> {
    offer(items, |item| {
        queue.put(item).map_err(|refused| Some(refused.into_item()))
    })
}

/// Gets up to that many items, fewer if the queue is closed before.
pub(super) fn get_some<Q: BoundedQueue>(queue: &Q, many: usize) -> Vec<Item> {
    take(many, || queue.get().ok())
}

/// The scenes, answered by `Q`.
pub(super) fn scenes<Q: BoundedQueue + 'static>() -> Vec<Scene> {
    const ONE: NonZeroUsize = NonZeroUsize::MIN;
    const TWO: NonZeroUsize = ONE.saturating_add(1);
    const AA: &[&[Item]] = &[&["a1", "a2"]];
    const AAAA: &[&[Item]] = &[&["a1", "a2", "a3", "a4"]];
    const A_B: &[&[Item]] = &[&["a1"], &["b1"]];
    const A_B_C: &[&[Item]] = &[&["a1"], &["b1"], &["c1"]];
    const ANYBODY_WAKES: Budget = Budget {
        any_waiter: true,
        spurious_wake_ups: 1,
        ..Budget::NONE
    };
    const AA_B: &[&[Item]] = &[&["a1", "a2"], &["b1"]];

    let cast = |capacity, producers, consumers| Cast {
        capacity,
        producers,
        consumers,
    };
    let scene =
        |name, run: fn(&Cast) -> Run, cast: Cast| Scene::new(name, move || cast.judge(&run(&cast)));
    let in_time = |name, cast: Cast| {
        let scene = Scene::new(name, move || cast.judge_in_time(&cast.hurry::<Q>()));
        scene.proof()
    };
    let exchange = Cast::exchange::<Q>;
    let close_and_drain = Cast::close_and_drain::<Q>;
    vec![
        scene(
            "1 producer, 1 consumer, 2 items, capacity 1",
            exchange,
            cast(ONE, AA, 1),
        )
        .must_occur(&["a1 a2"]),
        scene(
            "2 producers, 1 consumer, 1 item each, capacity 1",
            exchange,
            cast(ONE, A_B, 1),
        )
        .must_occur(&["a1 b1", "b1 a1"]),
        scene(
            "1 producer, 2 consumers, 2 items, capacity 1",
            exchange,
            cast(ONE, AA, 2),
        )
        .must_occur(&["a1 | a2", "a2 | a1"]),
        scene(
            "2 producers, 2 consumers, 1 item each, capacity 1",
            exchange,
            cast(ONE, A_B, 2),
        )
        .must_occur(&["a1 | b1", "b1 | a1"]),
        scene(
            "1 producer, 4 consumers, 4 items, capacity 1",
            exchange,
            cast(ONE, AAAA, 4),
        )
        .must_occur(&["a1 | a2 | a3 | a4", "a4 | a3 | a2 | a1"])
        .proof(),
        scene(
            "1 producer, 1 consumer, 2 items, capacity 2",
            exchange,
            cast(TWO, AA, 1),
        )
        .must_occur(&["a1 a2"])
        .proof(),
        scene(
            "2 producers, 1 consumer, 1 item each, capacity 2",
            exchange,
            cast(TWO, A_B, 1),
        )
        .must_occur(&["a1 b1", "b1 a1"])
        .proof(),
        scene(
            "1 producer, 2 consumers, 2 items, capacity 2",
            exchange,
            cast(TWO, AA, 2),
        )
        .must_occur(&["a1 | a2", "a2 | a1"])
        .proof(),
        scene(
            "2 producers, 2 consumers, 1 item each, capacity 2",
            exchange,
            cast(TWO, A_B, 2),
        )
        .must_occur(&["a1 | b1", "b1 | a1"])
        .proof(),
        scene(
            "1 producer, 1 consumer, 2 items, tried first, capacity 1",
            Cast::try_first::<Q>,
            cast(ONE, AA, 1),
        )
        .must_occur(&["a1 a2"])
        .proof(),
        scene(
            "1 producer, 1 consumer with a timeout, 2 items, capacity 1",
            Cast::impatient_consumers::<Q>,
            cast(ONE, AA, 1),
        )
        .must_occur(&["a1 a2"])
        .proof(),
        scene(
            "2 producers, 1 consumer who counts, capacity 1",
            Cast::count::<Q>,
            cast(ONE, A_B, 1),
        )
        .must_occur(&["a1 b1", "b1 a1"])
        .proof(),
        scene(
            "close and drain: 1 producer, 1 consumer, 2 items, capacity 1",
            close_and_drain,
            cast(ONE, AA, 1),
        )
        .must_occur(&["a1 a2"]),
        scene(
            "close and drain: 2 producers, 1 consumer, 1 item each, capacity 1",
            close_and_drain,
            cast(ONE, A_B, 1),
        )
        .must_occur(&["a1 b1", "b1 a1"]),
        scene(
            "close and drain: 1 producer, 2 consumers, 2 items, capacity 1",
            close_and_drain,
            cast(ONE, AA, 2),
        )
        .must_occur(&["a1 a2 | nothing", "a1 | a2", "a2 | a1", "nothing | a1 a2"])
        .proof(),
        scene(
            "close and drain: 1 producer, 1 consumer, 2 items, capacity 2",
            close_and_drain,
            cast(TWO, AA, 1),
        )
        .must_occur(&["a1 a2"])
        .proof(),
        scene(
            "close and drain: 2 producers, 1 consumer, 1 item each, capacity 2",
            close_and_drain,
            cast(TWO, A_B, 1),
        )
        .must_occur(&["a1 b1", "b1 a1"])
        .proof(),
        scene(
            "close and drain: 1 producer, 2 consumers, 2 items, capacity 2",
            close_and_drain,
            cast(TWO, AA, 2),
        )
        .must_occur(&["a1 a2 | nothing", "a1 | a2", "a2 | a1", "nothing | a1 a2"])
        .proof(),
        scene(
            "1 producer, 1 consumer who only closes, capacity 1",
            Cast::close_on_producers::<Q>,
            cast(ONE, AA, 1),
        )
        .must_occur(&["nothing, inside: a1, back: a2", "nothing, back: a1 a2"]),
        scene(
            "2 producers, 1 consumer who only closes, capacity 1",
            Cast::close_on_producers::<Q>,
            cast(ONE, AA_B, 1),
        )
        .must_occur(&[
            "nothing, inside: a1, back: a2 b1",
            "nothing, inside: b1, back: a1 a2",
        ])
        .proof(),
        scene(
            "3 producers, 1 consumer, 1 item each, capacity 1",
            exchange,
            cast(ONE, A_B_C, 1),
        )
        .must_occur(&["a1 b1 c1", "c1 a1 b1"])
        .proof(),
        scene(
            "2 producers try, nobody takes, capacity 1",
            Cast::try_to_put::<Q>,
            cast(ONE, A_B, 0),
        )
        .must_occur(&["inside: a1, back: b1", "inside: b1, back: a1"]),
        scene(
            "1 producer with a timeout, nobody takes, capacity 1",
            Cast::hurry::<Q>,
            cast(ONE, AA, 0),
        )
        .must_occur(&["inside: a1, back: a2"]),
        scene(
            "1 consumer with a timeout, nobody puts, capacity 1",
            Cast::hurry::<Q>,
            cast(ONE, &[], 1),
        )
        .must_occur(&["nothing"]),
        in_time(
            "1 producer, 1 consumer, 2 items, timeouts, capacity 1",
            cast(ONE, AA, 1),
        )
        .must_occur(&["a1 a2"]),
        in_time(
            "2 producers, 1 consumer, 3 items, timeouts, capacity 1",
            cast(ONE, AA_B, 1),
        )
        .must_occur(&["a1 a2 b1", "b1 a1 a2"]),
        in_time(
            "1 producer, 2 consumers, 2 items, timeouts, capacity 1",
            cast(ONE, AA, 2),
        )
        .must_occur(&["a1 | a2", "a2 | a1"]),
        scene(
            "1 producer, 1 consumer, 2 items, early timeouts, capacity 1",
            Cast::hurry::<Q>,
            cast(ONE, AA, 1),
        )
        .must_occur(&["a1 a2", "a1, inside: a2", "nothing, inside: a1, back: a2"])
        .budget(Budget {
            early_timeouts: 2,
            ..Budget::NONE
        }),
        scene(
            "1 producer, 2 consumers, 2 items, anybody wakes, capacity 1",
            exchange,
            cast(ONE, AA, 2),
        )
        .must_occur(&["a1 | a2", "a2 | a1"])
        .budget(ANYBODY_WAKES)
        .proof(),
        scene(
            "close and drain: 2 producers, 1 consumer, 1 item each, anybody wakes, capacity 1",
            close_and_drain,
            cast(ONE, A_B, 1),
        )
        .must_occur(&["a1 b1", "b1 a1"])
        .budget(ANYBODY_WAKES)
        .proof(),
    ]
}

/// The seed's program, to its end. What it puts while there is room goes in; what
/// it puts into a full queue comes back, `a` and all before it after a timeout.
pub(super) fn play<Q: BoundedQueue>(program: &Program) -> Judged {
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
