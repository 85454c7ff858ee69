//! Runs jobs on several threads, and returns their results in order.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// Runs `work` on every number below `jobs`, on up to `workers` threads at once.
/// `consume` gets the results in the order of the jobs, each as soon as it and all
/// before it are there.
///
/// Once `stop` is set, no more jobs are begun: the results end after those that were
/// begun before.
///
/// # Panics
/// With the panic of `work` where it has panicked; that sets `stop` too.
pub(super) fn in_order<R: Send, T>(
    jobs: usize,
    workers: usize,
    stop: &AtomicBool,
    work: impl Fn(usize) -> R + Sync,
    consume: impl FnOnce(&mut dyn Iterator<Item = R>) -> T,
) -> T {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    // ORDERING: Relaxed: `stop` and `next` publish nothing, and results go through the
    // channel. The thread that takes a number also works on it, so the jobs begun have no gap.
    let worker = |sender: mpsc::Sender<(usize, thread::Result<R>)>| {
        while !stop.load(Relaxed) {
            let job = next.fetch_add(1, Relaxed);
            if job >= jobs {
                return;
            }
            let result = catch_unwind(AssertUnwindSafe(|| work(job)));
            if result.is_err() {
                stop.store(true, Relaxed);
            }
            if sender.send((job, result)).is_err() {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..workers.min(jobs) {
            let (worker, sender) = (&worker, sender.clone());
            scope.spawn(move || worker(sender));
        }
        drop(sender);
        consume(&mut InOrder {
            receiver,
            early: BTreeMap::new(),
            next: 0,
        })
    })
}

/// Results, put in order.
struct InOrder<R> {
    receiver: Receiver<(usize, thread::Result<R>)>,
    /// Results that came before their turn.
    early: BTreeMap<usize, thread::Result<R>>,
    next: usize,
}

impl<R> Iterator for InOrder<R> {
    type Item = R;

    fn next(&mut self) -> Option<R> {
        loop {
            if let Some(result) = self.early.remove(&self.next) {
                self.next += 1;
                return Some(result.unwrap_or_else(|panic| resume_unwind(panic)));
            }
            let (job, result) = self.receiver.recv().ok()?;
            self.early.insert(job, result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Condvar, Mutex};

    /// Which jobs are done, to wait for.
    #[derive(Default)]
    struct Done(Mutex<Vec<usize>>, Condvar);

    impl Done {
        fn add(&self, job: usize) {
            self.0.lock().unwrap().push(job);
            self.1.notify_all();
        }

        fn wait_for(&self, job: usize) {
            let done = self.0.lock().unwrap();
            drop(self.1.wait_while(done, |done| !done.contains(&job)));
        }
    }

    fn never() -> AtomicBool {
        AtomicBool::new(false)
    }

    #[test]
    fn results_come_in_order_whatever_is_done_first() {
        let done = Done::default();
        let work = |job: usize| {
            // Of each three, the last is done first.
            if job % 3 < 2 {
                done.wait_for(job + 1);
            }
            done.add(job);
            job * 10
        };
        let results: Vec<_> = in_order(9, 3, &never(), work, |results| results.collect());
        assert_eq!(results, [0, 10, 20, 30, 40, 50, 60, 70, 80]);
        assert_eq!(done.0.into_inner().unwrap()[..3], [2, 1, 0]);
    }

    #[test]
    fn a_result_does_not_wait_for_later_ones() {
        let consumed = Done::default();
        let work = |job: usize| {
            if job > 0 {
                consumed.wait_for(job - 1);
            }
            job
        };
        in_order(5, 2, &never(), work, |results| {
            results.for_each(|job| consumed.add(job));
        });
    }

    #[test]
    fn after_a_stop_nothing_is_begun_and_what_was_begun_is_returned() {
        let stop = never();
        let (begun, stopped) = (Done::default(), Done::default());
        let work = |job: usize| {
            begun.add(job);
            match job {
                0 => {}
                1 => begun.wait_for(2),
                2 => {
                    begun.wait_for(1);
                    stop.store(true, Relaxed);
                    stopped.add(2);
                }
                // The other worker may take one more before the stop.
                _ => stopped.wait_for(2),
            }
            job
        };
        let results: Vec<_> = in_order(100, 2, &stop, work, |results| results.collect());
        let mut begun = begun.0.into_inner().unwrap();
        begun.sort_unstable();
        assert_eq!(results, begun);
        assert!((3..=4).contains(&begun.len()), "{begun:?}");
    }

    #[test]
    fn a_panic_stops_the_others_and_is_passed_on() {
        let stop = never();
        let work = |job: usize| match job {
            3 => resume_unwind(Box::new("on purpose")),
            job => job,
        };
        let panic = catch_unwind(AssertUnwindSafe(|| {
            in_order(100, 1, &stop, work, |results| results.count())
        }));
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"on purpose"));
        assert!(stop.into_inner());
    }

    #[test]
    fn without_jobs_there_are_no_results() {
        assert_eq!(
            in_order(0, 4, &never(), |job| job, |results| results.count()),
            0
        );
    }
}
