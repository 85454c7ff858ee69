//! The queues of the lesson, compiled against loom's types, and scenes with loom's threads.

#[path = "../../src/lessons/bounded_queue/lesson.rs"]
pub mod lesson;
#[path = "../../src/lessons/bounded_queue/right.rs"]
pub mod right;
#[path = "../../src/lessons/bounded_queue/wrong.rs"]
pub mod wrong;

use super::looms::{Part, run_all};
use lesson::{BoundedQueue, Item, TIMEOUT};
use racecourse::lessons::bounded_queue::{Run, Setup};
use std::iter::from_fn;
use std::sync::Arc;

/// Puts all items, and returns those that came back.
type Produce<Q> = fn(&Q, &[Item]) -> Vec<Item>;
/// Takes up to that many items.
type Consume<Q> = fn(&Q, usize) -> Vec<Item>;

/// Each consumer takes its share, as in `racecourse::lessons::bounded_queue::scenes`.
fn run<Q: BoundedQueue + 'static>(setup: Setup, produce: Produce<Q>, consume: Consume<Q>) -> Run {
    let queue = Arc::new(Q::new(setup.capacity));
    let mut parts: Vec<Part<Vec<Item>>> = Vec::new();
    for items in setup.producers {
        let queue = Arc::clone(&queue);
        parts.push(Box::new(move || produce(&queue, items)));
    }
    let items = setup.producers.concat().len();
    for consumer in 0..setup.consumers {
        let share = (items + setup.consumers - 1 - consumer) / setup.consumers;
        let queue = Arc::clone(&queue);
        parts.push(Box::new(move || consume(&queue, share)));
    }
    let mut handed_back = run_all(parts);
    let got = handed_back.split_off(setup.producers.len());
    let left: Vec<Item> = from_fn(|| queue.try_get().ok()).collect();
    Run {
        longest: left.len(),
        handed_back,
        got,
        left,
    }
}

fn put_all<Q: BoundedQueue>(queue: &Q, items: &[Item]) -> Vec<Item> {
    let refused = items.iter().filter_map(|item| queue.put(item).err());
    refused.map(|refused| refused.0).collect()
}

fn get_some<Q: BoundedQueue>(queue: &Q, many: usize) -> Vec<Item> {
    from_fn(|| queue.get().ok()).take(many).collect()
}

/// `Setup::exchange`.
pub fn exchange<Q: BoundedQueue + 'static>(setup: Setup) -> Run {
    run::<Q>(setup, put_all, get_some)
}

/// `Setup::close_and_drain`, with one producer.
pub fn close_and_drain<Q: BoundedQueue + 'static>(setup: Setup) -> Run {
    assert_eq!(setup.producers.len(), 1, "only the last one closes");
    let put_all_and_close = |queue: &Q, items: &[Item]| {
        let handed_back = put_all(queue, items);
        queue.close();
        handed_back
    };
    run(setup, put_all_and_close, |queue, _| {
        get_some(queue, usize::MAX)
    })
}

/// `Setup::try_to_put`.
pub fn try_to_put<Q: BoundedQueue + 'static>(setup: Setup) -> Run {
    let try_all = |queue: &Q, items: &[Item]| {
        let refused = items.iter().filter_map(|item| queue.try_put(item).err());
        refused.map(|refused| refused.into_inner()).collect()
    };
    run(setup, try_all, |_, _| Vec::new())
}

/// `Setup::with_timeouts`.
pub fn with_timeouts<Q: BoundedQueue + 'static>(setup: Setup) -> Run {
    let put = |queue: &Q, items: &[Item]| {
        let put = |item: &Item| queue.put_timeout(item, TIMEOUT).err();
        let refused = items.iter().filter_map(put);
        refused.filter_map(|refused| refused.into_inner()).collect()
    };
    run(setup, put, |queue, many| {
        let got = from_fn(|| queue.get_timeout(TIMEOUT).ok());
        got.take(many).collect()
    })
}
