//! The programs that are explored. Each returns a number that must be the same in
//! every interleaving.

use racecourse::lessons::bounded_queue::right::Queue;
use racecourse::sync::atomic::{AtomicUsize, Ordering};
use racecourse::sync::thread;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// The same program for loom and for racecourse: each thread locks a mutex, adds 1
/// and unlocks, and repeats this. Two choices matter for loom alone:
///
/// - The main thread only starts the threads and joins them, as most loom tests do.
///   This favours racecourse. If the main thread added in place of one of the
///   threads, loom would need 2,508 executions instead of 5,148, 1,981 instead of
///   7,847 and 42,390 instead of 162,390. Racecourse would need as many as now.
/// - Both sides use std's `Arc`. This favours loom. With loom's `Arc`, which explores
///   reference counts too, loom would need 15,444 executions instead of 5,148.
macro_rules! counter {
    ($name:ident, $mutex:path, $thread:path) => {
        pub fn $name(threads: usize, times: usize) -> usize {
            use $mutex as Mutex;
            use $thread as thread;
            let total = Arc::new(Mutex::new(0));
            let threads: Vec<_> = (0..threads)
                .map(|_| {
                    let total = Arc::clone(&total);
                    thread::spawn(move || {
                        for _ in 0..times {
                            *total.lock().unwrap() += 1;
                        }
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            *total.lock().unwrap()
        }
    };
}
counter!(counter_in_loom, loom::sync::Mutex, loom::thread);
counter!(
    counter_in_racecourse,
    racecourse::sync::Mutex,
    racecourse::sync::thread
);

/// Each producer puts so many items into a queue, each consumer gets its share.
/// Returns how many items are left: none.
pub fn queue(producers: usize, consumers: usize, items: usize, capacity: usize) -> usize {
    let capacity = NonZeroUsize::new(capacity).expect("a queue has room");
    let queue = Arc::new(Queue::new(capacity));
    let mut parts: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
    for _ in 0..producers {
        let queue = Arc::clone(&queue);
        parts.push(Box::new(move || {
            (0..items).for_each(|item| queue.put(item).unwrap());
        }));
    }
    for consumer in 0..consumers {
        let queue = Arc::clone(&queue);
        let share = (producers * items + consumers - 1 - consumer) / consumers;
        parts.push(Box::new(move || {
            for _ in 0..share {
                queue.get().unwrap();
            }
        }));
    }
    run_all(parts);
    queue.len()
}

/// So many threads each add 1 to one atomic counter. Every order of the additions is
/// a different interleaving: n! of them.
pub fn fetch_adds(threads: usize) -> usize {
    let total = Arc::new(AtomicUsize::new(0));
    let add = || {
        let total = Arc::clone(&total);
        Box::new(move || {
            total.fetch_add(1, Ordering::SeqCst);
        }) as Box<dyn FnOnce() + Send>
    };
    run_all((0..threads).map(|_| add()).collect());
    total.load(Ordering::SeqCst)
}

/// Runs each part on a thread of its own, the last on the main thread.
fn run_all(mut parts: Vec<Box<dyn FnOnce() + Send>>) {
    let last = parts.pop().expect("a scene has at least one part");
    let threads: Vec<_> = parts.into_iter().map(thread::spawn).collect();
    last();
    for thread in threads {
        thread.join().unwrap();
    }
}
