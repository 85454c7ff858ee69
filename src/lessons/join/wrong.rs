//! Three wrong ways to wait for a thread.

use super::lesson::{Sum, TEN, start_adder};
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::thread::{Builder, yield_now};
use crate::sync::{Arc, Condvar, Mutex};

/// Reads `x` first and waits for the thread afterwards: the thread may not have set `x` yet.
pub struct ReadsBeforeJoin;

impl Sum for ReadsBeforeJoin {
    fn x(a: i64, b: i64) -> i64 {
        let x = Arc::new(AtomicI64::new(TEN));
        let adder = start_adder(&x, (a, b), ());
        // ORDERING: no ordering helps. With SeqCst this load reads 10 too, if the adder has not
        // stored the sum yet.
        let read = x.load(Ordering::Relaxed);
        adder.join().expect("the adder does its sum");
        read
    }
}

/// Waits for a notification instead of joining, with `if` instead of `while`. Only the adder
/// notifies, and only when it ends. But std allows a wait to end without a notification.
pub struct TrustsTheWakeUp;

struct End {
    done: Mutex<bool>,
    changed: Condvar,
}

impl End {
    fn notify(&self) {
        *self.done.lock().unwrap() = true;
        self.changed.notify_one();
    }
}

/// Notifies when the adder drops it, even if the adder fails.
struct NotifiesAtEnd(Arc<End>);

impl Drop for NotifiesAtEnd {
    fn drop(&mut self) {
        self.0.notify();
    }
}

impl Sum for TrustsTheWakeUp {
    fn x(a: i64, b: i64) -> i64 {
        let x = Arc::new(AtomicI64::new(TEN));
        let end = Arc::new(End {
            done: Mutex::new(false),
            changed: Condvar::new(),
        });
        let adder = start_adder(&x, (a, b), NotifiesAtEnd(end.clone()));
        let done = end.done.lock().unwrap();
        if !*done {
            drop(end.changed.wait(done).unwrap());
        }
        // ORDERING: Relaxed is enough. If the adder has ended, the lock has handed over `x`.
        let read = x.load(Ordering::Relaxed);
        adder.join().expect("the adder does its sum");
        read
    }
}

/// The adder holds a lock while it computes the sum, and the main thread tries to lock until
/// it succeeds. If the adder fails, the lock is free but poisoned. `try_lock` returns `Err`
/// for a poisoned lock too, and so the main thread tries for ever.
pub struct PoisonedAndStuck;

impl Sum for PoisonedAndStuck {
    fn x(a: i64, b: i64) -> i64 {
        let x = Arc::new(Mutex::new(None));
        let x_of_adder = Arc::clone(&x);
        let adder = Builder::new()
            .name("adder".into())
            .spawn(move || {
                let mut x = x_of_adder.lock().unwrap();
                *x = Some(a.checked_add(b).expect("the sum does not fit"));
            })
            .expect("the operating system can start a thread");
        let read = loop {
            if let Ok(x) = x.try_lock()
                && let Some(sum) = *x
            {
                break sum;
            }
            yield_now();
        };
        adder.join().expect("the adder does its sum");
        read
    }
}
