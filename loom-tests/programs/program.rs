//! Programs as data.

use racecourse::explorer::report::Budget;
use racecourse::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::fmt;

/// At most.
pub const THREADS: usize = 3;
pub const ATOMICS: usize = 2;
pub const MUTEXES: usize = 2;
/// First the atomics, then the mutexes, then the condition variable.
pub const OBJECTS: usize = ATOMICS + MUTEXES + 1;
pub const CONDVAR: usize = ATOMICS + MUTEXES;
/// The outcome of an execution that uses an object that has been freed.
pub const USE_AFTER_FREE: &str = "use after free";

/// The first thread plays the scene itself: it starts the others, at once unless
/// it says where, and at the end waits for all of them.
#[derive(Clone)]
pub struct Program {
    pub threads: Vec<Vec<Op>>,
    /// What the threads may do beside running in any order.
    pub budget: Budget,
}

/// One operation. All share two atomics (at first 0), two mutexes, one condition
/// variable, one read-write lock, one barrier for two, and one `Once`.
#[derive(Debug, Clone)]
pub enum Op {
    Load(usize, Strength),
    Store(usize, u64, Strength),
    FetchAdd(usize, u64, Strength),
    /// From, to.
    CompareExchange(usize, u64, u64, Strength),
    /// The same, but it may fail spuriously.
    CompareExchangeWeak(usize, u64, u64, Strength),
    /// Loads and spins until it is there.
    SpinUntil(usize, u64, Strength),
    /// With these operations under the lock.
    Lock(usize, Vec<Op>),
    /// With these operations under the lock, or none if somebody holds it.
    TryLock(usize, Vec<Op>),
    /// Looks at most so many times whether it is there; then does this if it was, and
    /// nothing if it has given up.
    Poll {
        x: usize,
        to: u64,
        times: usize,
        pause: Pause,
        then: Vec<Op>,
    },
    /// Tries at most so many times to lock; then does this under the lock, or nothing if
    /// it has given up.
    TryLockTimes(usize, usize, Pause, Vec<Op>),
    /// With these operations under the read-write lock.
    Read(Vec<Op>),
    Write(Vec<Op>),
    /// The same, or none of them if that would have to wait.
    TryRead(Vec<Op>),
    TryWrite(Vec<Op>),
    /// Waits at the barrier.
    Meet,
    /// With these operations, unless some thread has done them.
    CallOnce(Vec<Op>),
    IsCompleted,
    /// Waits until some thread has done what is done once.
    WaitOnce,
    /// With the mutex that was locked last.
    Wait {
        timed: bool,
    },
    NotifyOne,
    NotifyAll,
    Park {
        timed: bool,
    },
    /// That thread, once it has been started.
    Unpark(usize),
    /// Frees an object that no other operation frees.
    Destroy(usize),
    /// Of the first thread only, outside of any lock.
    Start(usize),
    /// Of the first thread only.
    Join(usize),
}

/// What a thread does before it tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    Nothing,
    Yield,
    Spin,
    ParkTimeout,
    /// With the mutex that was locked last; nothing if there is none.
    WaitTimeout,
}

impl Op {
    /// The operations inside this one.
    pub fn body(&self) -> &[Op] {
        match self {
            Op::Lock(_, body)
            | Op::TryLock(_, body)
            | Op::Read(body)
            | Op::Write(body)
            | Op::TryRead(body)
            | Op::TryWrite(body)
            | Op::CallOnce(body)
            | Op::Poll { then: body, .. }
            | Op::TryLockTimes(.., body) => body,
            _ => &[],
        }
    }

    pub fn body_mut(&mut self) -> Option<&mut Vec<Op>> {
        match self {
            Op::Lock(_, body)
            | Op::TryLock(_, body)
            | Op::Read(body)
            | Op::Write(body)
            | Op::TryRead(body)
            | Op::TryWrite(body)
            | Op::CallOnce(body)
            | Op::Poll { then: body, .. }
            | Op::TryLockTimes(.., body) => Some(body),
            _ => None,
        }
    }
}

/// How much an atomic operation orders (in C11).
#[derive(Debug, Clone, Copy)]
pub enum Strength {
    Relaxed,
    AcqRel,
    SeqCst,
}

impl Strength {
    pub fn load(self) -> Ordering {
        match self {
            Strength::AcqRel => Acquire,
            other => other.update(),
        }
    }

    pub fn store(self) -> Ordering {
        match self {
            Strength::AcqRel => Release,
            other => other.update(),
        }
    }

    pub fn update(self) -> Ordering {
        match self {
            Strength::Relaxed => Relaxed,
            Strength::AcqRel => AcqRel,
            Strength::SeqCst => SeqCst,
        }
    }
}

impl Program {
    /// All operations, those under locks too.
    pub fn any(&self, such: fn(&Op) -> bool) -> bool {
        fn any(ops: &[Op], such: fn(&Op) -> bool) -> bool {
            ops.iter().any(|op| such(op) || any(op.body(), such))
        }
        self.threads.iter().any(|ops| any(ops, such))
    }
}

/// A listing, in something like Rust.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list(f: &mut fmt::Formatter<'_>, ops: &[Op], indent: usize) -> fmt::Result {
            for op in ops {
                let (atomic, mutex) = (|x: &usize| ["x", "y"][*x], |m: &usize| ["m", "n"][*m]);
                write!(f, "{:indent$}", "")?;
                match op {
                    Op::Load(x, s) => writeln!(f, "{}.load({s:?})", atomic(x))?,
                    Op::Store(x, to, s) => writeln!(f, "{}.store({to}, {s:?})", atomic(x))?,
                    Op::FetchAdd(x, by, s) => writeln!(f, "{}.fetch_add({by}, {s:?})", atomic(x))?,
                    Op::CompareExchange(x, from, to, s) => {
                        writeln!(f, "{}.compare_exchange({from}, {to}, {s:?})", atomic(x))?;
                    }
                    Op::CompareExchangeWeak(x, from, to, s) => {
                        let x = atomic(x);
                        writeln!(f, "{x}.compare_exchange_weak({from}, {to}, {s:?})")?;
                    }
                    Op::SpinUntil(x, to, s) => {
                        writeln!(f, "spin until {}.load({s:?}) == {to}", atomic(x))?;
                    }
                    Op::Lock(m, _) => writeln!(f, "lock {} {{", mutex(m))?,
                    Op::TryLock(m, _) => writeln!(f, "try_lock {} {{", mutex(m))?,
                    Op::Poll {
                        x,
                        to,
                        times,
                        pause,
                        ..
                    } => {
                        let x = atomic(x);
                        writeln!(f, "poll {x} == {to}, {times} times, {pause:?} {{")?;
                    }
                    Op::TryLockTimes(m, times, pause, _) => {
                        writeln!(f, "try_lock {}, {times} times, {pause:?} {{", mutex(m))?;
                    }
                    Op::Read(_) => writeln!(f, "read {{")?,
                    Op::Write(_) => writeln!(f, "write {{")?,
                    Op::TryRead(_) => writeln!(f, "try_read {{")?,
                    Op::TryWrite(_) => writeln!(f, "try_write {{")?,
                    Op::Meet => writeln!(f, "wait at the barrier")?,
                    Op::CallOnce(_) => writeln!(f, "call_once {{")?,
                    Op::IsCompleted => writeln!(f, "once.is_completed")?,
                    Op::WaitOnce => writeln!(f, "once.wait")?,
                    Op::Wait { timed: false } => writeln!(f, "wait")?,
                    Op::Wait { timed: true } => writeln!(f, "wait_timeout")?,
                    Op::NotifyOne => writeln!(f, "notify_one")?,
                    Op::NotifyAll => writeln!(f, "notify_all")?,
                    Op::Park { timed: false } => writeln!(f, "park")?,
                    Op::Park { timed: true } => writeln!(f, "park_timeout")?,
                    Op::Unpark(thread) => writeln!(f, "unpark thread {thread}")?,
                    Op::Destroy(object) => {
                        writeln!(f, "free {}", ["x", "y", "m", "n", "condvar"][*object])?;
                    }
                    Op::Start(thread) => writeln!(f, "start thread {thread}")?,
                    Op::Join(thread) => writeln!(f, "join thread {thread}")?,
                }
                if op.clone().body_mut().is_some() {
                    list(f, op.body(), indent + 4)?;
                    writeln!(f, "{:indent$}}}", "")?;
                }
            }
            Ok(())
        }
        write!(f, "a program ({}):", self.budget)?;
        for (thread, ops) in self.threads.iter().enumerate() {
            writeln!(f, "\nthread {thread}:")?;
            list(f, ops, 4)?;
        }
        Ok(())
    }
}

/// What a complete execution has come to. What has been freed leaves 0.
pub fn outcome(seen: &[Vec<u64>], finally: [u64; ATOMICS]) -> String {
    format!("saw {seen:?}, left {finally:?}")
}
