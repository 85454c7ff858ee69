//! Plays a program through `racecourse::sync`.

use super::program::{ATOMICS, CONDVAR, MUTEXES, Op, Pause, Program, THREADS, outcome};
use racecourse::sync::atomic::{AtomicU64, Ordering::Acquire};
use racecourse::sync::thread::{self, ScopedJoinHandle, Thread};
use racecourse::sync::{Actors, Barrier, Condvar, Mutex, MutexGuard, Once, RwLock, hint};
use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

const A_WHILE: Duration = Duration::from_secs(1);

struct Shared {
    atomics: [Boxed<AtomicU64>; ATOMICS],
    mutexes: [Boxed<Mutex<()>>; MUTEXES],
    condvar: Boxed<Condvar>,
    lock: RwLock<()>,
    barrier: Barrier,
    once: Once,
    /// Each thread leaves its handle here before its first point, and so before any
    /// thread that was started with it has passed one.
    handles: [OnceLock<Thread>; THREADS],
}

/// An object in a box of its own that any thread can free, and others still use.
struct Boxed<T> {
    object: *mut T,
    is_freed: AtomicBool,
}

// SAFETY: what it points to is shared as by reference, and freed at most once.
unsafe impl<T: Send + Sync> Sync for Boxed<T> {}

impl<T> Boxed<T> {
    fn new(object: T) -> Self {
        Self {
            object: Box::into_raw(Box::new(object)),
            is_freed: AtomicBool::new(false),
        }
    }

    fn take(&self) -> Option<Box<T>> {
        let is_there = !self.is_freed.swap(true, Relaxed);
        // SAFETY: it comes from a box and has not been freed.
        is_there.then(|| unsafe { Box::from_raw(self.object) })
    }
}

impl<T> Deref for Boxed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the model's objects notice that they were freed before they are touched.
        unsafe { &*self.object }
    }
}

impl<T> Drop for Boxed<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl Shared {
    fn frees(&self, object: usize) {
        match object {
            CONDVAR => drop(self.condvar.take()),
            atomic if atomic < ATOMICS => drop(self.atomics[atomic].take()),
            mutex => drop(self.mutexes[mutex - ATOMICS].take()),
        }
    }

    fn enters(&self, id: usize) {
        self.handles[id].get_or_init(thread::current);
    }
}

/// Plays it once, inside of an exploration.
pub fn play(program: &Program) -> String {
    // Not on the first thread's stack: what others change there would make its iterations
    // differ.
    let shared = Box::new(Shared {
        atomics: std::array::from_fn(|_| Boxed::new(AtomicU64::new(0))),
        mutexes: std::array::from_fn(|_| Boxed::new(Mutex::new(()))),
        condvar: Boxed::new(Condvar::new()),
        lock: RwLock::new(()),
        barrier: Barrier::new(2),
        once: Once::new(),
        handles: Default::default(),
    });
    shared.enters(0);
    let all = &program.threads;
    let seen = if program.any(|op| matches!(op, Op::Start(_) | Op::Join(_))) {
        with_threads(&shared, all)
    } else {
        // The last actor is played by the first thread.
        let mut actors = Actors::new();
        for (name, ops) in all.iter().enumerate().skip(1).chain([(0, &all[0])]) {
            let shared = &shared;
            actors = actors.enter(name.to_string(), move || part(shared, name, ops));
        }
        let mut seen = actors.run();
        seen.rotate_right(1);
        seen
    };
    let left = |atomic: &Boxed<AtomicU64>| atomic.take().map_or(0, |atomic| atomic.into_inner());
    outcome(&seen, shared.atomics.each_ref().map(left))
}

type Threads<'scope> = Vec<Option<ScopedJoinHandle<'scope, Vec<u64>>>>;

fn with_threads(shared: &Shared, all: &[Vec<Op>]) -> Vec<Vec<u64>> {
    thread::scope(|scope| {
        let mut threads: Threads<'_> = all.iter().map(|_| None).collect();
        let mut seen = vec![Vec::new(); all.len()];
        for (id, ops) in all.iter().enumerate().skip(1) {
            let later = |op: &Op| matches!(op, Op::Start(other) if *other == id);
            if !all[0].iter().any(later) {
                threads[id] = Some(scope.spawn(move || part(shared, id, ops)));
            }
        }
        let mut first = Vec::new();
        for op in &all[0] {
            match op {
                &Op::Start(id) => {
                    threads[id] = Some(scope.spawn(move || part(shared, id, &all[id])));
                }
                Op::Join(id) => seen[*id] = threads[*id].take().unwrap().join().unwrap(),
                _ => drop(run(shared, std::slice::from_ref(op), None, &mut first)),
            }
        }
        for (id, thread) in threads.into_iter().enumerate() {
            if let Some(thread) = thread {
                seen[id] = thread.join().unwrap();
            }
        }
        seen[0] = first;
        seen
    })
}

fn part(shared: &Shared, id: usize, ops: &[Op]) -> Vec<u64> {
    shared.enters(id);
    let mut seen = Vec::new();
    drop(run(shared, ops, None, &mut seen));
    seen
}

/// Returns the lock that is held.
fn pauses<'a>(
    shared: &'a Shared,
    pause: Pause,
    held: Option<MutexGuard<'a, ()>>,
) -> Option<MutexGuard<'a, ()>> {
    match pause {
        Pause::Nothing => {}
        Pause::Yield => thread::yield_now(),
        Pause::Spin => hint::spin_loop(),
        Pause::ParkTimeout => thread::park_timeout(A_WHILE),
        Pause::WaitTimeout => {
            return held.map(|guard| shared.condvar.wait_timeout(guard, A_WHILE).unwrap().0);
        }
    }
    held
}

/// Returns the lock that is held.
fn run<'a>(
    shared: &'a Shared,
    ops: &[Op],
    mut held: Option<MutexGuard<'a, ()>>,
    seen: &mut Vec<u64>,
) -> Option<MutexGuard<'a, ()>> {
    for op in ops {
        match op {
            Op::Load(x, s) => seen.push(shared.atomics[*x].load(s.load())),
            Op::Store(x, to, s) => shared.atomics[*x].store(*to, s.store()),
            Op::FetchAdd(x, by, s) => seen.push(shared.atomics[*x].fetch_add(*by, s.update())),
            Op::CompareExchange(x, from, to, s) => {
                let result = shared.atomics[*x].compare_exchange(*from, *to, s.update(), s.load());
                seen.push(result.unwrap_or_else(|other| other));
            }
            Op::CompareExchangeWeak(x, from, to, s) => {
                let (success, failure) = (s.update(), s.load());
                let result = shared.atomics[*x].compare_exchange_weak(*from, *to, success, failure);
                seen.extend([result.unwrap_or_else(|other| other), result.is_ok().into()]);
            }
            Op::SpinUntil(x, to, s) => {
                while shared.atomics[*x].load(s.load()) != *to {
                    hint::spin_loop();
                }
            }
            Op::Lock(m, body) => {
                let guard = shared.mutexes[*m].lock().unwrap();
                drop(run(shared, body, Some(guard), seen));
            }
            Op::TryLock(m, body) => {
                let guard = shared.mutexes[*m].try_lock();
                seen.push(guard.is_ok().into());
                if let Ok(guard) = guard {
                    drop(run(shared, body, Some(guard), seen));
                }
            }
            Op::Poll {
                x,
                to,
                times,
                pause,
                then,
            } => {
                let mut left = *times;
                let found = loop {
                    if shared.atomics[*x].load(Acquire) == *to {
                        break true;
                    }
                    left -= 1;
                    if left == 0 {
                        break false;
                    }
                    held = pauses(shared, *pause, held);
                };
                seen.push(found.into());
                if found {
                    held = run(shared, then, held, seen);
                }
            }
            Op::TryLockTimes(m, times, pause, body) => {
                let mut left = *times;
                let guard = loop {
                    if let Ok(guard) = shared.mutexes[*m].try_lock() {
                        break Some(guard);
                    }
                    left -= 1;
                    if left == 0 {
                        break None;
                    }
                    held = pauses(shared, *pause, held);
                };
                seen.push(guard.is_some().into());
                if guard.is_some() {
                    drop(run(shared, body, guard, seen));
                }
            }
            Op::Read(body) => {
                let _guard = shared.lock.read().unwrap();
                held = run(shared, body, held, seen);
            }
            Op::Write(body) => {
                let _guard = shared.lock.write().unwrap();
                held = run(shared, body, held, seen);
            }
            Op::TryRead(body) => {
                let guard = shared.lock.try_read();
                seen.push(guard.is_ok().into());
                if guard.is_ok() {
                    held = run(shared, body, held, seen);
                }
            }
            Op::TryWrite(body) => {
                let guard = shared.lock.try_write();
                seen.push(guard.is_ok().into());
                if guard.is_ok() {
                    held = run(shared, body, held, seen);
                }
            }
            Op::Meet => seen.push(shared.barrier.wait().is_leader().into()),
            Op::CallOnce(body) => shared.once.call_once(|| {
                held = run(shared, body, held.take(), seen);
            }),
            Op::IsCompleted => seen.push(shared.once.is_completed().into()),
            Op::WaitOnce => shared.once.wait(),
            Op::Wait { timed: false } => {
                held = held.map(|guard| shared.condvar.wait(guard).unwrap());
            }
            Op::Wait { timed: true } => {
                held = held.map(|guard| {
                    let (guard, result) = shared.condvar.wait_timeout(guard, A_WHILE).unwrap();
                    seen.push(result.timed_out().into());
                    guard
                });
            }
            Op::NotifyOne => shared.condvar.notify_one(),
            Op::NotifyAll => shared.condvar.notify_all(),
            Op::Park { timed: false } => thread::park(),
            Op::Park { timed: true } => thread::park_timeout(A_WHILE),
            Op::Unpark(id) => {
                let thread = shared.handles[*id].get();
                thread.expect("only who is started is unparked").unpark();
            }
            Op::Destroy(object) => shared.frees(*object),
            Op::Start(_) | Op::Join(_) => unreachable!("the first thread does this itself"),
        }
    }
    held
}
