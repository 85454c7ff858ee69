//! Channels with a bound: which thread waits, which message is lost, what is published.

use racecourse::check;
use racecourse::draw;
use racecourse::explorer::report::{Budget, Exploration, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::narrate;
use racecourse::sync::atomic::AtomicUsize;
use racecourse::sync::atomic::Ordering::Relaxed;
use racecourse::sync::cell::UnsafeCell;
use racecourse::sync::mpsc::{
    Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel,
};
use racecourse::sync::{Actors, thread};
use std::time::Duration;

fn all_with(budget: Budget, scene: impl Fn() -> String + Send + Sync + 'static) -> Exploration {
    let scene = move || Judged::promised(scene(), "");
    let mut options = Options::new(Memory::C11);
    options.budget = budget;
    let found = explore(options, std::sync::Arc::new(scene)).unwrap();
    assert_eq!(found.stopped, None);
    found
}

fn all(scene: impl Fn() -> String + Send + Sync + 'static) -> Exploration {
    all_with(Budget::NONE, scene)
}

/// The outcomes, each with the number of its interleavings.
fn rows(found: &Exploration) -> Vec<(&str, u64)> {
    let rows = found.outcomes.iter();
    rows.map(|row| (&*row.outcome, row.different)).collect()
}

fn last_lines(found: &Exploration, outcome: &str) -> Vec<String> {
    let story = &found.outcome(outcome).unwrap().story;
    let lines = story.epilogue.iter();
    lines.map(|line| crate::without_place(line)).collect()
}

/// Two threads, each with one end of a channel: what they say.
fn two<T: Send + 'static>(
    bound: usize,
    sends: impl Fn(SyncSender<T>) -> String + Send + Sync + 'static,
    receives: impl Fn(Receiver<T>) -> String + Send + Sync + 'static,
) -> Exploration {
    all(move || {
        let (tx, rx) = sync_channel(bound);
        let said = Actors::new()
            .enter("a", || sends(tx))
            .enter("b", || receives(rx))
            .run();
        said.join(", ")
    })
}

/// `back 2` for a value that came back.
fn send(tx: &SyncSender<u32>, value: u32) -> String {
    match tx.send(value) {
        Ok(()) => "ok".to_owned(),
        Err(error) => format!("back {}", error.0),
    }
}

fn try_send(tx: &SyncSender<u32>, value: u32) -> String {
    match tx.try_send(value) {
        Ok(()) => "ok".to_owned(),
        Err(TrySendError::Full(value)) => format!("full {value}"),
        Err(TrySendError::Disconnected(value)) => format!("gone {value}"),
    }
}

/// What one thread sends another one receives, in one order: there is one interleaving,
/// whether the sender waits or not.
#[test]
fn messages_of_one_thread_are_received_in_their_order() {
    for bound in 0..=4 {
        let found = two(
            bound,
            |tx| (0..3).map(|value| send(&tx, value)).collect(),
            |rx| rx.iter().map(|value| value.to_string()).collect(),
        );
        assert_eq!(rows(&found), [("okokok, 012", 1)], "bound {bound}");
    }
}

#[test]
fn messages_of_two_threads_are_received_in_either_order() {
    for bound in 0..=2 {
        let found = all(move || {
            let (tx, rx) = sync_channel(bound);
            let (a, b) = (tx.clone(), tx);
            let received = Actors::new()
                .enter("a", || send(&{ a }, 1))
                .enter("b", || send(&{ b }, 2))
                .enter("receives", || {
                    rx.into_iter().map(|value| value.to_string()).collect()
                })
                .run();
            received[2].clone()
        });
        // Besides, either sender can be the last to disconnect, unless it must wait until
        // the other message is received, and so is received last itself.
        let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
        assert_eq!(outcomes, ["12", "21"], "bound {bound}");
    }
}

/// The load comes before the message is received: with a rendezvous also before the send
/// has returned.
#[test]
fn a_send_on_a_rendezvous_channel_returns_when_the_message_was_received() {
    let found = |bound| {
        all(move || {
            let x = &AtomicUsize::new(0);
            let (tx, rx) = sync_channel(bound);
            let loaded = Actors::new()
                .enter("a", || {
                    tx.send(()).unwrap();
                    x.store(1, Relaxed);
                    0
                })
                .enter("b", || {
                    let rx = rx;
                    let loaded = x.load(Relaxed);
                    rx.recv().unwrap();
                    loaded
                })
                .run();
            loaded[1].to_string()
        })
    };
    assert_eq!(rows(&found(0)), [("0", 1)]);
    assert_eq!(rows(&found(1)), [("0", 1), ("1", 1)]);
}

/// With capacity c, what is done before the message is received is published to the send
/// c messages later, which waits for that.
#[test]
fn to_receive_a_message_publishes_to_the_send_that_it_makes_room_for() {
    let found = |bound: usize, sent: usize| {
        all(move || {
            let x = &AtomicUsize::new(0);
            let (tx, rx) = sync_channel(bound);
            let loaded = Actors::new()
                .enter("a", || {
                    for _ in 0..sent {
                        tx.send(()).unwrap();
                    }
                    x.load(Relaxed)
                })
                .enter("b", || {
                    let rx = rx;
                    x.store(1, Relaxed);
                    rx.iter().take(sent).count()
                })
                .run();
            loaded[0].to_string()
        })
    };
    for bound in 0..=2 {
        let waits = found(bound, bound + 1);
        assert_eq!(rows(&waits), [("1", 1)], "bound {bound}");
    }
    for bound in 1..=2 {
        let does_not = found(bound, bound);
        assert_eq!(rows(&does_not), [("0", 1), ("1", 1)], "bound {bound}");
    }
}

/// The second message has no room before the first is received, and is received by nobody.
#[test]
fn a_receiver_that_is_dropped_gives_back_the_message_that_had_no_room() {
    let found = |bound| {
        two(
            bound,
            |tx| format!("{} {}", send(&tx, 1), send(&tx, 2)),
            |rx| rx.recv().unwrap().to_string(),
        )
    };
    // It is sent before the receiver is dropped, or after that.
    assert_eq!(rows(&found(0)), [("ok back 2, 1", 2)]);
    assert_eq!(rows(&found(1)), [("ok back 2, 1", 1), ("ok ok, 1", 1)]);
}

#[test]
fn a_receiver_that_is_dropped_ends_every_wait_for_room() {
    let found = all(|| {
        let (tx, rx) = sync_channel(1);
        tx.send(0).unwrap();
        let sends = |value| {
            let tx = &tx;
            move || send(tx, value)
        };
        let said = Actors::new()
            .enter("a", sends(1))
            .enter("b", sends(2))
            .enter("drops", move || {
                drop(rx);
                String::new()
            })
            .run();
        said.join(" ")
    });
    // Each sends before or after the receiver is dropped; if both before, in either order.
    assert_eq!(rows(&found), [("back 1 back 2 ", 5)]);
}

#[test]
fn try_send_says_why_and_gives_the_value_back() {
    let found = all(|| {
        let (tx, rx) = sync_channel(1);
        let mut said = vec![try_send(&tx, 1), try_send(&tx, 2)];
        said.push(rx.recv().unwrap().to_string());
        said.push(try_send(&tx, 3));
        drop(rx);
        said.push(try_send(&tx, 4));
        said.join(" ")
    });
    assert_eq!(rows(&found), [("ok full 2 1 ok gone 4", 1)]);
}

#[test]
fn try_send_on_a_rendezvous_channel_needs_a_receiver_that_waits() {
    let receives = |rx: Receiver<u32>| format!("{:?}", rx.recv());
    let found = two(0, |tx| try_send(&tx, 7), receives);
    let expected = [("full 7, Err(RecvError)", 1), ("ok, Ok(7)", 1)];
    assert_eq!(rows(&found), expected);
    // A receiver that only looks never waits.
    let looks = |rx: Receiver<u32>| format!("{:?}", rx.try_recv());
    let found = two(0, |tx| try_send(&tx, 7), looks);
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(
        outcomes,
        [
            "full 7, Err(Disconnected)",
            "full 7, Err(Empty)",
            "gone 7, Err(Empty)"
        ]
    );
}

/// Two threads try, and one receiver waits for one message.
#[test]
fn one_receiver_that_waits_takes_one_message() {
    let found = all(|| {
        let (tx, rx) = sync_channel(0);
        let tries = |value| {
            let tx = tx.clone();
            move || try_send(&tx, value)
        };
        let said = Actors::new()
            .enter("a", tries(1))
            .enter("b", tries(2))
            .enter("receives", move || {
                rx.recv_timeout(Duration::MAX)
                    .map_or_else(|error| format!("{error:?}"), |value| value.to_string())
            })
            .run();
        drop(tx);
        said.join(" ")
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    let expected = [
        "full 1 full 2 Timeout",
        "full 1 ok 2",
        "gone 1 ok 2",
        "ok full 2 1",
        "ok gone 2 1",
    ];
    assert_eq!(outcomes, expected);
}

/// A receiver that looks takes the message of a sender that waits.
#[test]
fn try_recv_takes_the_message_of_a_sender_that_waits() {
    let found = two(
        0,
        |tx| send(&tx, 5),
        |rx| {
            let first = rx.try_recv();
            let second = rx.try_recv();
            assert!(first.is_err() || second.is_err());
            format!("{first:?} {second:?}")
        },
    );
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    let expected = [
        "back 5, Err(Empty) Err(Empty)",
        "ok, Err(Empty) Ok(5)",
        "ok, Ok(5) Err(Disconnected)",
        "ok, Ok(5) Err(Empty)",
    ];
    assert_eq!(outcomes, expected);
}

#[test]
fn a_receiver_that_has_timed_out_does_not_wait_any_more() {
    let early = Budget {
        early_timeouts: 1,
        ..Budget::NONE
    };
    let found = all_with(early, || {
        let (tx, rx) = sync_channel(0);
        let said = Actors::new()
            .enter("a", move || {
                let said = try_send(&tx, 1);
                // The channel stays.
                std::mem::forget(tx);
                said
            })
            .enter("b", move || {
                let received = rx.recv_timeout(Duration::MAX);
                assert_ne!(received, Err(RecvTimeoutError::Disconnected));
                let then = rx.try_recv();
                assert_eq!(then, Err(TryRecvError::Empty));
                std::mem::forget(rx);
                format!("{received:?}")
            })
            .run();
        said.join(" ")
    });
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["full 1 Err(Timeout)", "ok Ok(1)"]);
}

/// It goes on once there is room, and does not look again and again until then.
#[test]
fn to_poll_a_full_channel_is_to_wait() {
    for bound in 0..=1 {
        let polls = |tx: SyncSender<u32>| {
            for value in 0..2 {
                while tx.try_send(value).is_err() {
                    thread::yield_now();
                }
            }
            String::new()
        };
        let receives = |rx: Receiver<u32>| format!("{}{}", rx.recv().unwrap(), rx.recv().unwrap());
        let found = two(bound, polls, receives);
        let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
        assert_eq!(outcomes, [", 01"], "bound {bound}");
        let never = two(bound, polls, |rx| {
            std::mem::forget(rx);
            String::new()
        });
        let outcomes: Vec<_> = rows(&never).iter().map(|row| row.0).collect();
        assert_eq!(outcomes, ["livelock"], "bound {bound}");
    }
}

#[test]
fn try_iter_takes_what_is_there() {
    let found = all(|| {
        let (tx, rx) = sync_channel(3);
        (0..3).for_each(|value| tx.send(value).unwrap());
        let all: Vec<u32> = rx.try_iter().collect();
        format!("{all:?} {:?} {tx:?} {rx:?}", rx.try_iter().next())
    });
    let expected = "[0, 1, 2] None SyncSender { .. } Receiver { .. }";
    assert_eq!(rows(&found), [(expected, 1)]);
}

/// Two threads that each send twice to the other before they receive.
fn exchange(bound: usize) -> impl Fn() -> String + Send + Sync + Copy + 'static {
    move || {
        let (to_a, from_b) = sync_channel(bound);
        let (to_b, from_a) = sync_channel(bound);
        let part = |to: SyncSender<u32>, from: Receiver<u32>| {
            move || {
                to.send(1).unwrap();
                to.send(2).unwrap();
                from.recv().unwrap() + from.recv().unwrap()
            }
        };
        let sums = Actors::new()
            .enter("a", part(to_b, from_b))
            .enter("b", part(to_a, from_a))
            .run();
        format!("{sums:?}")
    }
}

#[test]
fn two_threads_that_fill_each_others_channels_deadlock() {
    for bound in 0..=1 {
        let found = all(exchange(bound));
        assert_eq!(rows(&found), [("deadlock", 1)], "bound {bound}");
    }
    // With room for both messages none waits. Either thread can end first, and disconnect.
    let found = all(exchange(2));
    let outcomes: Vec<_> = rows(&found).iter().map(|row| row.0).collect();
    assert_eq!(outcomes, ["[3, 3]"]);
}

#[test]
fn a_deadlock_says_for_what_each_thread_waits() {
    let lines = [
        "a waits until its message on `to_b` is received: no thread will ever receive it",
        "b waits until its message on `to_a` is received: no thread will ever receive it",
    ];
    assert_eq!(last_lines(&all(exchange(0)), "deadlock"), lines);
    let lines = [
        "a waits for room in `to_b`: no thread will ever receive a message",
        "b waits for room in `to_a`: no thread will ever receive a message",
    ];
    assert_eq!(last_lines(&all(exchange(1)), "deadlock"), lines);
}

/// A server that does not answer what it cannot read, and waits for the next question. The
/// client waits for the answer.
fn questions(answers_all: bool) -> Exploration {
    all(move || {
        let (questions, asked) = sync_channel(0);
        let (answers, answered) = sync_channel(0);
        let asks = move || {
            let ask = |question: &'static str| {
                questions.send(question).unwrap();
                answered.recv().unwrap()
            };
            ["7", "seven"].map(ask)
        };
        let serves = move || {
            for question in asked {
                match question.parse::<u32>() {
                    Ok(number) => answers.send(Some(number)).unwrap(),
                    Err(_) if answers_all => answers.send(None).unwrap(),
                    Err(_) => narrate!("drops {question}, and answers nothing"),
                }
            }
            [None; 2]
        };
        let actors = Actors::new().enter("client", asks).enter("server", serves);
        format!("{:?}", actors.run()[0])
    })
}

/// A story as a terminal shows it, without line numbers.
fn story(found: &Exploration, outcome: &str) -> String {
    let row = found.outcome(outcome);
    let row = row.unwrap_or_else(|| panic!("{}", check::report(found)));
    let mut told = draw::story(row).plain();
    let file = include_str!("sync_channel.rs");
    for line in (100..=file.lines().count()).rev() {
        told = told.replace(&format!(":{line}"), ":###");
        told = told.replace(&format!("line {line}"), "line ###");
    }
    told
}

#[test]
fn a_rendezvous_that_is_dropped_half_way_is_told() {
    assert_eq!(rows(&questions(true)), [("[Some(7), None]", 1)]);
    let found = questions(false);
    assert_eq!(rows(&found), [("deadlock", 1)]);
    insta::assert_snapshot!("no_answer", story(&found, "deadlock"));
    insta::assert_snapshot!("both_send_first", story(&all(exchange(0)), "deadlock"));
}

/// What a thread does with a job that comes back.
type Rejected = fn(u32, &AtomicUsize);

/// A worker that stops after its first job; `jobs` counts those that were done.
fn worker_that_stops(rejected: Rejected) -> check::Check<usize> {
    check::scene(move || {
        let done = &AtomicUsize::new(0);
        let (jobs, queue) = sync_channel(0);
        Actors::new()
            .enter("employer", move || {
                for job in [1, 2] {
                    if let Err(back) = jobs.send(job) {
                        rejected(back.0, done);
                    }
                }
            })
            .enter("worker", move || {
                queue.recv().unwrap();
                done.fetch_add(1, Relaxed);
            })
            .run();
        done.load(Relaxed)
    })
    .forbid(|&done| (done < 2).then_some("a job is lost"))
}

#[test]
fn a_job_is_lost_if_the_error_of_a_send_is_ignored() {
    let found = worker_that_stops(|_, _| ()).explore().unwrap();
    let report = check::report(&found);
    let outcomes: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
    assert_eq!(outcomes, ["1"], "{report}");
    assert!(report.contains("a job is lost"), "{report}");
    // The employer does the job itself.
    let fixed = worker_that_stops(|_, done| _ = done.fetch_add(1, Relaxed));
    fixed.check();
}

/// A full channel is all that keeps the two from the cell at once.
#[test]
fn a_channel_of_one_message_is_a_lock() {
    struct Cell(UnsafeCell<usize>);
    // SAFETY: the model says whether another thread is at it.
    unsafe impl Sync for Cell {}
    let found = |bound| {
        all(move || {
            let cell = &Cell(UnsafeCell::new(0));
            let (lock, unlock) = sync_channel(bound);
            let unlock = &racecourse::sync::Mutex::new(unlock);
            let part = |lock: SyncSender<()>| {
                move || {
                    lock.send(()).unwrap();
                    // SAFETY: as above.
                    cell.0.with_mut(|value| unsafe { *value += 1 });
                    unlock.lock().unwrap().recv().unwrap();
                }
            };
            Actors::new()
                .enter("a", part(lock.clone()))
                .enter("b", part(lock.clone()))
                .run();
            drop(lock);
            String::new()
        })
    };
    let outcomes = |bound| -> Vec<String> {
        let found = found(bound);
        found.outcomes.into_iter().map(|row| row.outcome).collect()
    };
    assert_eq!(outcomes(1), [""]);
    assert_eq!(outcomes(2), ["data race"]);
}

/// A destructor cannot wait while its thread unwinds: that the thread panicked is the
/// outcome. If there is room, the message is sent.
#[test]
fn a_send_in_a_destructor_does_not_wait() {
    struct Sends(SyncSender<u32>);
    impl Drop for Sends {
        fn drop(&mut self) {
            let _ = self.0.send(1);
        }
    }
    let found = |bound, messages: u32| {
        let scene = move || {
            let (tx, rx) = sync_channel(bound);
            (0..messages).for_each(|value| tx.send(value).unwrap());
            let panics = thread::spawn(move || {
                let _sends = Sends(tx);
                panic!("as it must");
            });
            let panicked = panics.join().is_err();
            Judged::promised(format!("{panicked} {}", rx.iter().count()), "")
        };
        let mut options = Options::new(Memory::C11);
        options.budget = Budget::NONE;
        options.panics_are_handled = true;
        let found = explore(options, std::sync::Arc::new(scene)).unwrap();
        assert_eq!(found.stopped, None);
        let rows = found.outcomes.into_iter();
        rows.map(|row| row.outcome).collect::<Vec<_>>()
    };
    assert_eq!(found(1, 0), ["true 1"]);
    assert_eq!(found(2, 1), ["true 2"]);
    assert_eq!(found(1, 1), ["panic"]);
    assert_eq!(found(0, 0), ["panic"]);
}
