//! Three ways to wait for a thread that are none.

use super::lesson::{Sum, start_adder, ten};
use crate::sync::atomic::Ordering;
use crate::sync::thread::{Builder, yield_now};
use crate::sync::{Arc, Condvar, Mutex, Named};

/// Reads first and waits afterwards: whether the thread has been there is luck.
pub struct ReadsBeforeJoin;

impl Sum for ReadsBeforeJoin {
    fn x(a: i64, b: i64) -> i64 {
        let x = ten();
        let adder = start_adder(&x, (a, b), ());
        // ORDERING: no ordering helps. SeqCst would read 10 just the same, if the
        // adder has not stored yet.
        let read = x.load(Ordering::Relaxed);
        adder.join().expect("the adder does its sum");
        read
    }
}

/// Waits to be notified instead of joining, once, with `if`. Only the adder
/// notifies, and only when it is done; but a wait may end although nobody has
/// notified it: std says so, and operating systems do so.
pub struct TrustsTheWakeUp;

/// Says that the adder has ended, even if it fails.
struct TellsTheEnd(Arc<(Mutex<bool>, Condvar)>);

impl Drop for TellsTheEnd {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_one();
    }
}

impl Sum for TrustsTheWakeUp {
    fn x(a: i64, b: i64) -> i64 {
        let x = ten();
        let end = Arc::new((
            Mutex::new(false).named("ended"),
            Condvar::new().named("end"),
        ));
        let adder = start_adder(&x, (a, b), TellsTheEnd(end.clone()));
        let ended = end.0.lock().unwrap();
        if !*ended {
            drop(end.1.wait(ended).unwrap());
        }
        // ORDERING: the lock has handed over what the adder did, if it is done.
        let read = x.load(Ordering::Relaxed);
        adder.join().expect("the adder does its sum");
        read
    }
}

/// The adder holds a lock until there is a sum, and whoever wants the sum tries
/// the lock until it can be had. If the adder fails, the lock is free, but
/// poisoned; and `Err` is `Err`.
pub struct PoisonedAndStuck;

impl Sum for PoisonedAndStuck {
    fn x(a: i64, b: i64) -> i64 {
        let x = Arc::new(Mutex::new(None).named("x"));
        let of_adder = Arc::clone(&x);
        let adder = Builder::new()
            .name("adder".into())
            .spawn(move || {
                let mut x = of_adder.lock().unwrap();
                *x = Some(a.checked_add(b).expect("the sum fits"));
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
