//! A futex-style lock for readers and writers, with four threads: too many interleavings
//! to explore them all, but two preemptions are enough for its bug.

use racecourse::check::{self, Budget, Check, Memory, Proved};
use racecourse::sync::atomic::{AtomicU32, Ordering::SeqCst};
use racecourse::sync::{Actors, Condvar, Mutex};

/// Two threads lose an update at their first step, and then take many steps that are of
/// no interest.
fn lost_update() -> Check<u32> {
    check::scene(|| {
        let (left, steps) = (AtomicU32::new(0), AtomicU32::new(0));
        let adds = || {
            left.store(left.load(SeqCst) + 1, SeqCst);
            for _ in 0..12 {
                steps.fetch_add(1, SeqCst);
            }
        };
        Actors::new().enter("ann", adds).enter("bob", adds).run();
        left.into_inner()
    })
    .memory(Memory::Sc)
    .budget(Budget::NONE)
    .forbid(|&left| (left != 2).then_some("an update is lost"))
}

/// Readers count themselves in `state`; a writer sets it to `WRITES`. A thread that cannot
/// go on sleeps until the state changes, as with a futex.
struct ReadersAndWriters {
    state: AtomicU32,
    asleep: Mutex<()>,
    changed: Condvar,
    /// The last reader counts itself out in two steps.
    is_wrong: bool,
}

const WRITES: u32 = 1_000;

impl ReadersAndWriters {
    fn new(is_wrong: bool) -> Self {
        Self {
            state: AtomicU32::new(0),
            asleep: Mutex::new(()),
            changed: Condvar::new(),
            is_wrong,
        }
    }

    fn sleep_while(&self, state: u32) {
        let guard = self.asleep.lock().unwrap();
        if self.state.load(SeqCst) == state {
            drop(self.changed.wait(guard).unwrap());
        }
    }

    fn wake_all(&self) {
        let _guard = self.asleep.lock().unwrap();
        self.changed.notify_all();
    }

    fn acquire(&self, next: impl Fn(u32) -> Option<u32>) {
        loop {
            let state = self.state.load(SeqCst);
            match next(state) {
                None => self.sleep_while(state),
                Some(next) => {
                    let swapped = self.state.compare_exchange(state, next, SeqCst, SeqCst);
                    if swapped.is_ok() {
                        return;
                    }
                }
            }
        }
    }

    fn read(&self) {
        self.acquire(|state| (state != WRITES).then_some(state + 1));
    }

    fn end_read(&self) {
        let before = match self.is_wrong {
            false => self.state.fetch_sub(1, SeqCst),
            true => {
                let before = self.state.load(SeqCst);
                self.state.store(before - 1, SeqCst);
                before
            }
        };
        if before == 1 {
            self.wake_all();
        }
    }

    fn write(&self) {
        self.acquire(|state| (state == 0).then_some(WRITES));
    }

    fn end_write(&self) {
        self.state.store(0, SeqCst);
        self.wake_all();
    }
}

/// Two readers and two writers: in a minute, the search through all interleavings alone
/// finds no bug in the wrong one.
fn readers_and_writers(is_wrong: bool) -> Check<u32> {
    check::scene(move || {
        let lock = ReadersAndWriters::new(is_wrong);
        let written = AtomicU32::new(0);
        let write = || {
            lock.write();
            written.store(written.load(SeqCst) + 1, SeqCst);
            lock.end_write();
        };
        let read = || {
            lock.read();
            assert_eq!(written.load(SeqCst), written.load(SeqCst));
            lock.end_read();
        };
        Actors::new()
            .enter("writer-1", write)
            .enter("writer-2", write)
            .enter("reader-1", read)
            .enter("reader-2", read)
            .run();
        written.into_inner()
    })
    .memory(Memory::Sc)
    .budget(Budget::NONE)
    .forbid(|&written| (written != 2).then_some("a write is lost"))
}

#[test]
fn two_preemptions_are_enough_for_a_lock_with_four_threads() {
    let right = readers_and_writers(false).preemptions(2).explore().unwrap();
    assert_eq!(right.forbidden().count(), 0, "{}", check::report(&right));
    assert_eq!(right.proved, Proved::Preemptions(2));
    let wrong = readers_and_writers(true).preemptions(2).explore().unwrap();
    let forbidden = wrong
        .forbidden()
        .map(|row| (&*row.outcome, row.story.preemptions));
    let forbidden: Vec<_> = forbidden.collect();
    assert_eq!(forbidden, [("deadlock", 2), ("panic", 2)]);
}

/// ```console
/// $ RUSTFLAGS="--cfg loom" cargo test --release --test loom in_two_seconds -- --ignored --nocapture
/// ```
#[test]
#[ignore = "for its figures, which depend on the machine"]
fn what_is_found_in_two_seconds() {
    let found = |check: Check<u32>| check.max_time(std::time::Duration::from_secs(2)).explore();
    for scene in [
        lost_update(),
        readers_and_writers(true),
        readers_and_writers(false),
    ] {
        let found = found(scene).unwrap();
        let outcomes = found.outcomes.iter().map(|row| {
            format!(
                "{} ({}, preemptions: {})",
                row.outcome, row.grade, row.story.preemptions
            )
        });
        let outcomes: Vec<_> = outcomes.collect();
        println!("{}: {}", found.verdict(), outcomes.join(", "));
    }
}
