//! Scenes with too many interleavings, whose bugs need few preemptions.

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

#[test]
fn a_bug_that_needs_one_preemption_is_found_first() {
    let found = lost_update().max_executions(30_000).explore().unwrap();
    let lost = found.outcome("1").unwrap();
    assert_eq!(lost.story.preemptions, 1);
    assert!(lost.story.minimal, "fewer were explored");
    assert_eq!(
        found.verdict(),
        "STOPPED after 30000 executions: explored up to 2 preemptions"
    );
}

#[test]
fn without_a_bug_it_says_what_is_proved() {
    let update = check::scene(|| {
        let steps = AtomicU32::new(0);
        let adds = || {
            for _ in 0..14 {
                steps.fetch_add(1, SeqCst);
            }
        };
        Actors::new().enter("ann", adds).enter("bob", adds).run();
        steps.into_inner()
    });
    let found = update.max_executions(30_000).explore().unwrap();
    assert_eq!(
        found.verdict(),
        "STOPPED after 30000 executions: proved for up to 2 preemptions"
    );
    let all = found.outcome("28").unwrap();
    assert!(all.story.minimal && !found.is_complete());
}

#[test]
fn a_bound_is_named_in_the_verdict() {
    let within = |most| lost_update().preemptions(most).explore().unwrap();
    let [none, one] = [within(0), within(1)];
    assert!(
        none.verdict()
            .starts_with("COMPLETE up to 0 preemptions: 2 different")
    );
    assert!(one.verdict().starts_with("COMPLETE up to 1 preemption: "));
    assert_eq!(
        (none.proved, one.proved),
        (Proved::Preemptions(0), Proved::Preemptions(1))
    );
    assert!(none.outcome("1").is_none() && one.outcome("1").is_some());
    assert!(!one.is_complete(), "there are other interleavings");
}

#[test]
fn a_bound_that_leaves_nothing_out_is_none() {
    let scene = || {
        let hits = AtomicU32::new(0);
        let hit = || hits.fetch_add(1, SeqCst);
        Actors::new().enter("ann", hit).enter("bob", hit).run();
        hits.into_inner()
    };
    let found = check::scene(scene).preemptions(3).explore().unwrap();
    assert_eq!(found.proved, Proved::All);
    assert!(found.verdict().starts_with("COMPLETE: 2 different"));
}

/// What must occur may need more preemptions: then that is said.
#[test]
fn what_is_missing_may_lie_beyond_the_bound() {
    let found = lost_update().preemptions(0).explore().unwrap();
    let complaints = found.complaints(["1"]);
    assert_eq!(
        complaints,
        ["`1` must occur, and did not within the bound on preemptions"]
    );
}

/// Readers count themselves in `state`; a writer sets it to `WRITES`. Who cannot go on
/// sleeps until the state is another, as with a futex.
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
