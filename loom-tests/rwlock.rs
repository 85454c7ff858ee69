//! Read-write locks: who may hold one with whom, what that publishes, and the mistakes
//! that people make with them.

use racecourse::check;
use racecourse::draw;
use racecourse::explorer::report::{Budget, Exploration, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::atomic::AtomicUsize;
use racecourse::sync::atomic::Ordering::Relaxed;
use racecourse::sync::{
    Actors, Barrier, Mutex, Named, RwLock, RwLockWriteGuard, TryLockError, Watched, thread,
};
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn explored<T: Debug>(
    memory: Memory,
    panics_are_handled: bool,
    scene: impl Fn() -> T + Send + Sync + 'static,
) -> Exploration {
    let scene = move || Judged::promised(format!("{:?}", scene()), "");
    let mut options = Options::new(memory);
    options.budget = Budget::NONE;
    options.panics_are_handled = panics_are_handled;
    let found = explore(options, std::sync::Arc::new(scene)).unwrap();
    assert_eq!(found.stopped, None);
    found
}

fn all<T: Debug>(scene: impl Fn() -> T + Send + Sync + 'static) -> Exploration {
    explored(Memory::C11, false, scene)
}

fn rows(found: &Exploration) -> Vec<(&str, u64)> {
    let rows = found.outcomes.iter();
    rows.map(|row| (&*row.outcome, row.different)).collect()
}

/// The outcome's story, as a terminal shows it, but with no line numbers.
fn story(found: &Exploration, outcome: &str) -> String {
    let row = found.outcome(outcome);
    let row = row.unwrap_or_else(|| panic!("{}", check::report(found)));
    assert!(row.story.minimal);
    let told = draw::story(row).plain();
    told.replace(|c: char| c.is_ascii_digit(), "#")
}

/// Threads that read, and threads that count up: how often they did.
fn readers_and_writers(readers: usize, writers: usize) -> impl Fn() -> usize + Send + Sync {
    move || {
        let number = RwLock::new(0);
        let read = || drop(number.read().unwrap());
        let write = || *number.write().unwrap() += 1;
        let mut actors = Actors::new();
        for reader in 0..readers {
            actors = actors.enter(format!("reader-{reader}"), read);
        }
        for writer in 0..writers {
            actors = actors.enter(format!("writer-{writer}"), write);
        }
        actors.run();
        number.into_inner().unwrap()
    }
}

#[test]
fn readers_come_in_any_order_which_is_one_interleaving() {
    for readers in 1..=4 {
        assert_eq!(rows(&all(readers_and_writers(readers, 0))), [("0", 1)]);
    }
}

/// Each order of the writers, and each reader at one of the places between them.
#[test]
fn a_reader_comes_before_or_after_each_writer() {
    for (readers, writers, interleavings) in [
        (1, 1, 2),
        (2, 1, 4),
        (3, 1, 8),
        (1, 2, 6),
        (2, 2, 18),
        (1, 3, 24),
    ] {
        let found = all(readers_and_writers(readers, writers));
        let expected = [(&*writers.to_string(), interleavings)];
        assert_eq!(rows(&found), expected, "{readers} readers");
    }
}

/// Both readers wait for each other while they read.
#[test]
fn two_threads_read_at_the_same_time() {
    let found = all(|| {
        let (number, both) = (RwLock::new(7), Barrier::new(2));
        let read = || {
            let number = number.read().unwrap();
            both.wait();
            *number
        };
        let actors = Actors::new().enter("a", read).enter("b", read);
        actors.run()
    });
    // Either arrives last.
    assert_eq!(rows(&found), [("[7, 7]", 2)]);
}

/// A thread that tries does so before the other has the lock, while it has it, or after.
#[test]
fn a_thread_that_tries_does_not_wait() {
    let scene = |holds: fn(&RwLock<()>), tries: fn(&RwLock<()>) -> bool| {
        move || {
            let lock = RwLock::new(());
            let mut got = false;
            let actors = Actors::new().enter("holds", || holds(&lock));
            actors.enter("tries", || got = tries(&lock)).run();
            got
        }
    };
    let reads = |lock: &RwLock<()>| drop(lock.read().unwrap());
    let writes = |lock: &RwLock<()>| drop(lock.write().unwrap());
    let try_read = |lock: &RwLock<()>| match lock.try_read() {
        Ok(_) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Poisoned(_)) => unreachable!(),
    };
    let try_write = |lock: &RwLock<()>| match lock.try_write() {
        Ok(_) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Poisoned(_)) => unreachable!(),
    };
    let both = [("false", 1), ("true", 2)];
    assert_eq!(rows(&all(scene(writes, try_read))), both);
    assert_eq!(rows(&all(scene(reads, try_write))), both);
    assert_eq!(rows(&all(scene(writes, try_write))), both);
    assert_eq!(rows(&all(scene(reads, try_read))), [("true", 1)]);
}

/// Each reader has come and gone, is there, or comes later: 9 ways, in 4 of which none is
/// there.
#[test]
fn a_thread_that_tries_to_write_sees_whether_any_thread_reads() {
    let found = all(|| {
        let lock = RwLock::new(());
        let mut got = false;
        let reads = || drop(lock.read().unwrap());
        let actors = Actors::new().enter("a", reads).enter("b", reads);
        actors
            .enter("tries", || got = lock.try_write().is_ok())
            .run();
        got
    });
    assert_eq!(rows(&found), [("false", 5), ("true", 4)]);
}

/// No writer comes in between.
#[test]
fn a_thread_that_downgrades_still_holds_the_lock() {
    let found = all(|| {
        let number = RwLock::new(0);
        let mut seen = 0;
        let first = || {
            let mut guard = number.write().unwrap();
            *guard = 1;
            let guard = RwLockWriteGuard::downgrade(guard);
            seen = *guard;
        };
        let second = || *number.write().unwrap() = 2;
        Actors::new().enter("a", first).enter("b", second).run();
        (seen, number.into_inner().unwrap())
    });
    assert_eq!(rows(&found), [("(1, 1)", 1), ("(1, 2)", 1)]);
}

/// The reader waits at the barrier while it reads. If it comes first, there never is a
/// writer.
#[test]
fn readers_enter_after_a_downgrade() {
    let scene = |downgrades: bool| {
        move || {
            let (lock, both) = (RwLock::new(()), Barrier::new(2));
            let writer = || {
                let guard = lock.write().unwrap();
                if downgrades {
                    let _reads = RwLockWriteGuard::downgrade(guard);
                    both.wait();
                } else {
                    both.wait();
                    drop(guard);
                }
            };
            let reader = || {
                let _reads = lock.read().unwrap();
                both.wait();
            };
            Actors::new()
                .enter("writer", writer)
                .enter("reader", reader)
                .run();
        }
    };
    assert_eq!(rows(&all(scene(true))), [("()", 2), ("deadlock", 1)]);
    assert_eq!(rows(&all(scene(false))), [("deadlock", 2)]);
}

/// Relaxed accesses, which the lock orders: one interleaving for each order of the locks.
#[test]
fn what_a_thread_did_happens_before_the_next_one_holds_the_lock() {
    let scene = |first_writes: bool, second_writes: bool| {
        move || {
            let (lock, number) = (RwLock::new(()), AtomicUsize::new(0));
            let mut seen = 0;
            let first = || {
                let (mut read, mut write) = (None, None);
                match first_writes {
                    true => write = Some(lock.write().unwrap()),
                    false => read = Some(lock.read().unwrap()),
                }
                number.store(1, Relaxed);
                drop((read, write));
            };
            let second = || {
                let (mut read, mut write) = (None, None);
                match second_writes {
                    true => write = Some(lock.write().unwrap()),
                    false => read = Some(lock.read().unwrap()),
                }
                seen = number.load(Relaxed);
                drop((read, write));
            };
            Actors::new().enter("a", first).enter("b", second).run();
            seen
        }
    };
    let either = [("0", 1), ("1", 1)];
    assert_eq!(rows(&all(scene(true, false))), either);
    assert_eq!(rows(&all(scene(false, true))), either);
    assert_eq!(rows(&all(scene(true, true))), either);
    // No reader knows what another has done: the load chooses.
    assert_eq!(rows(&all(scene(false, false))), either);
}

/// What readers have done, a writer knows of all of them.
#[test]
fn a_writer_comes_after_all_readers_before_it() {
    let found = all(|| {
        let (lock, number) = (RwLock::new(0), [0; 2].map(AtomicUsize::new));
        let mut seen = String::new();
        let reads = |me: usize| {
            let _reads = lock.read().unwrap();
            number[me].store(1, Relaxed);
        };
        let writes = || {
            let _writes = lock.write().unwrap();
            seen = format!("{:?}", number.each_ref().map(|number| number.load(Relaxed)));
        };
        let actors = Actors::new()
            .enter("a", || reads(0))
            .enter("b", || reads(1));
        actors.enter("writes", writes).run();
        seen
    });
    let seen = ["[0, 0]", "[0, 1]", "[1, 0]", "[1, 1]"];
    let expected = seen.map(|seen| (format!("{seen:?}"), 1));
    let found: Vec<_> = rows(&found)
        .into_iter()
        .map(|(seen, n)| (seen.to_owned(), n))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_thread_that_loops_until_a_reader_sees_something_waits() {
    let scene = |writes: bool| {
        move || {
            let is_ready = RwLock::new(false);
            let waits = || {
                while !*is_ready.read().unwrap() {
                    thread::yield_now();
                }
            };
            let sets = || *is_ready.write().unwrap() = writes;
            Actors::new()
                .enter("waits", waits)
                .enter("sets", sets)
                .run();
        }
    };
    let found = all(scene(true));
    assert_eq!(found.outcomes.len(), 1, "{}", check::report(&found));
    assert!(found.bounded.is_empty());
    let found = all(scene(false));
    let outcomes: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
    assert_eq!(outcomes, ["livelock"]);
}

#[test]
fn a_thread_that_loops_until_it_can_write_sees_that_a_reader_leaves() {
    let found = all(|| {
        let lock = RwLock::new(());
        let writes = || {
            while lock.try_write().is_err() {
                thread::yield_now();
            }
        };
        let reads = || drop(lock.read().unwrap());
        Actors::new()
            .enter("writes", writes)
            .enter("reads", reads)
            .run();
    });
    let outcomes: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
    assert_eq!(outcomes, ["()"]);
    assert!(found.bounded.is_empty());
}

/// Poisoned by a writer, not by a reader; until that is cleared.
#[test]
fn a_writer_that_panics_poisons() {
    let found = explored(Memory::Sc, true, || {
        let lock = RwLock::new(1);
        let reader = catch_unwind(AssertUnwindSafe(|| {
            let _guard = lock.read().unwrap();
            panic!("a reader");
        }));
        let is_read = lock.read().is_ok();
        let by_reader = (reader.is_err(), lock.is_poisoned(), is_read);
        let writer = catch_unwind(AssertUnwindSafe(|| {
            *lock.write().unwrap() = 2;
            let _guard = lock.write().unwrap();
            panic!("a writer");
        }));
        let read = matches!(lock.try_read(), Err(TryLockError::Poisoned(_)));
        let written = matches!(lock.try_write(), Err(TryLockError::Poisoned(_)));
        let tries = [read, written];
        let read = lock.read().is_err();
        let written = lock.write().is_err();
        let errors = [read, written];
        let by_writer = (writer.is_err(), lock.is_poisoned(), tries, errors);
        lock.clear_poison();
        let is_read = lock.read().is_ok();
        let cleared = (lock.is_poisoned(), is_read);
        let cleared = (cleared, lock.into_inner());
        (by_reader, by_writer, cleared)
    });
    let by_writer = "(true, true, [true, true], [true, true])";
    let expected = format!("((true, false, true), {by_writer}, ((false, true), Ok(2)))");
    assert_eq!(rows(&found), [(&*expected, 1)]);
}

/// The panic, the clearing and the reader in any order, but a writer does not come while
/// the reader holds the lock. The clearing may.
#[test]
fn a_lock_is_poisoned_from_the_panic_until_that_is_cleared() {
    let found = explored(Memory::Sc, true, || {
        let lock = RwLock::new(());
        let mut is_poisoned = false;
        let panics = || {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                let _guard = lock.write();
                panic!("a writer");
            }));
        };
        let reads = || is_poisoned = lock.read().is_err();
        let clears = || lock.clear_poison();
        let actors = Actors::new()
            .enter("panics", panics)
            .enter("clears", clears);
        actors.enter("reads", reads).run();
        is_poisoned
    });
    assert_eq!(rows(&found), [("false", 5), ("true", 3)]);
}

/// The same for a mutex, whose lock is never held alongside another.
#[test]
fn a_mutex_is_poisoned_from_the_panic_until_that_is_cleared() {
    let found = explored(Memory::Sc, true, || {
        let lock = Mutex::from(());
        let mut is_poisoned = false;
        let panics = || {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                let _guard = lock.lock();
                panic!("with the lock");
            }));
        };
        let locks = || is_poisoned = lock.lock().is_err();
        let clears = || lock.clear_poison();
        let actors = Actors::new()
            .enter("panics", panics)
            .enter("clears", clears);
        actors.enter("locks", locks).run();
        is_poisoned
    });
    assert_eq!(rows(&found), [("false", 5), ("true", 3)]);
}

struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// While a thread unwinds, its destructors read and write.
#[test]
fn a_destructor_locks_while_its_thread_panics() {
    let found = explored(Memory::Sc, true, || {
        let number = RwLock::new(0);
        let panics = || {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                let _reads = OnDrop(|| drop(number.read().map(|number| assert_eq!(*number, 1))));
                let _writes = OnDrop(|| *number.write().unwrap() += 1);
                panic!("with destructors");
            }));
        };
        panics();
        // A guard that was made while the thread unwound does not poison.
        number.into_inner().unwrap()
    });
    assert_eq!(rows(&found), [("1", 1)]);
}

/// The deadlock ends the execution, and `b` unwinds first. Its destructor needs the lock
/// for which both others must unwind before.
#[test]
fn a_destructor_gets_the_lock_of_readers_that_are_deadlocked() {
    let found = all(|| {
        let [lock, left, right] = [(); 3].map(RwLock::new);
        Actors::new()
            .enter("a", || {
                let _lock = lock.read().unwrap();
                let _left = left.write().unwrap();
                drop(right.write());
            })
            .enter("b", || {
                let _locks = OnDrop(|| drop(lock.write()));
                let _right = right.write().unwrap();
                drop(left.write());
            })
            .enter("c", || {
                let _lock = lock.read().unwrap();
                drop(right.read());
            })
            .run();
    });
    let outcomes: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
    assert_eq!(outcomes, ["()", "deadlock"]);
}

/// Another thread holds the lock for which a destructor would have to wait: the outcome is
/// the panic.
#[test]
fn a_destructor_cannot_wait_for_a_reader() {
    let found = all(|| {
        let lock = RwLock::new(());
        let both = Barrier::new(2);
        let reads = || {
            let _reads = lock.read().unwrap();
            both.wait();
        };
        let panics = || {
            let _writes = OnDrop(|| drop(lock.write()));
            both.wait();
            panic!("as asked");
        };
        Actors::new()
            .enter("reads", reads)
            .enter("panics", panics)
            .run();
    });
    let outcomes: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
    assert_eq!(outcomes, ["panic"]);
}

/// One thread locks the mutex first, the other the read-write lock.
fn transfers(in_order: bool) -> impl Fn() -> u32 + Send + Sync {
    move || {
        let rates = RwLock::new(2).named("rates");
        let account = Mutex::new(1).named("account");
        let pays = || {
            let rate = rates.read().unwrap();
            *account.lock().unwrap() *= *rate;
        };
        let sets = || {
            if in_order {
                let mut rate = rates.write().unwrap();
                *rate += *account.lock().unwrap();
            } else {
                let account = account.lock().unwrap();
                *rates.write().unwrap() += *account;
            }
        };
        Actors::new().enter("pays", pays).enter("sets", sets).run();
        account.into_inner().unwrap()
    }
}

#[test]
fn a_mutex_and_a_read_write_lock_in_two_orders_deadlock() {
    let found = all(transfers(false));
    assert_eq!(rows(&found), [("2", 1), ("3", 1), ("deadlock", 1)]);
    let told = story(&found, "deadlock");
    insta::assert_snapshot!("two_orders", told);
    assert_eq!(rows(&all(transfers(true))), [("2", 1), ("3", 1)]);
}

/// Each asks to write while the other reads, and while it reads itself.
fn upgrades(keeps_the_read_lock: bool) -> impl Fn() -> u32 + Send + Sync {
    move || {
        let price = RwLock::new(1).watched(|price| price.to_string());
        let raise = || {
            let read = price.read().unwrap();
            if *read < 10 {
                if keeps_the_read_lock {
                    *price.write().unwrap() += 1;
                } else {
                    drop(read);
                    *price.write().unwrap() += 1;
                }
            }
        };
        Actors::new().enter("ann", raise).enter("bob", raise).run();
        price.into_inner().unwrap()
    }
}

#[test]
fn a_reader_that_asks_to_write_deadlocks() {
    let found = all(upgrades(true));
    assert_eq!(rows(&found), [("deadlock", 1)]);
    let told = story(&found, "deadlock");
    insta::assert_snapshot!("an_upgrade", told);
    // Each reads before or after the other writes, in either order of the writers.
    assert_eq!(rows(&all(upgrades(false))), [("3", 4)]);
}

/// The writer comes before the first reader, which then waits for itself, or never. The
/// second reader comes before or after the writer, if there is one. (A writer that is left
/// waiting would have come after the second reader.)
#[test]
fn a_writer_that_never_gets_the_lock_could_have_come_between_readers() {
    let found = all(|| {
        let (lock, number) = (RwLock::new(()), AtomicUsize::new(0));
        let waits = || {
            number.load(Relaxed);
            let _reads = lock.read().unwrap();
            drop(lock.write());
        };
        let reads = || drop(lock.read().unwrap());
        let writes = || drop(lock.write().unwrap());
        let actors = Actors::new().enter("waits", waits).enter("reads", reads);
        actors.enter("writes", writes).run();
    });
    assert_eq!(rows(&found), [("deadlock", 3)]);
}

/// A value that was read under a read lock is written back under the write lock.
fn counts(holds_on: bool) -> impl Fn() -> u32 + Send + Sync {
    move || {
        let count = RwLock::new(0);
        let add = || {
            if holds_on {
                *count.write().unwrap() += 1;
            } else {
                let seen = *count.read().unwrap();
                *count.write().unwrap() = seen + 1;
            }
        };
        Actors::new().enter("ann", add).enter("bob", add).run();
        count.into_inner().unwrap()
    }
}

#[test]
fn a_value_that_is_written_back_later_is_a_lost_update() {
    assert_eq!(rows(&all(counts(false))), [("1", 2), ("2", 2)]);
    assert_eq!(rows(&all(counts(true))), [("2", 2)]);
}

/// Std's lock may let the writer that waits go first. Then both threads wait for ever.
fn reads_twice(again: bool, writes: bool) -> impl Fn() -> u32 + Send + Sync {
    move || {
        let price = RwLock::new(1);
        let total = || {
            let first = price.read().unwrap();
            if again {
                *first + *price.read().unwrap()
            } else {
                *first * 2
            }
        };
        let changes = || {
            if writes {
                *price.write().unwrap() = 10;
            }
        };
        let mut sum = 0;
        let actors = Actors::new().enter("reads", || sum = total());
        actors.enter("writes", changes).run();
        sum
    }
}

/// The writer asks and writes, before or after both reads. Or it asks before the first read
/// or before the second, and writes after both. Then the second read may wait.
#[test]
fn a_thread_that_reads_again_may_wait_for_a_writer_that_waits() {
    let found = all(reads_twice(true, true));
    assert_eq!(rows(&found), [("2", 2), ("20", 1), ("deadlock", 1)]);
    let told = story(&found, "deadlock");
    insta::assert_snapshot!("a_second_read", told);
    assert_eq!(rows(&all(reads_twice(false, true))), [("2", 1), ("20", 1)]);
    assert_eq!(rows(&all(reads_twice(true, false))), [("2", 1)]);
}
