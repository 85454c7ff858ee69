//! Channels, with and without a bound, and processes that die: generated programs, explored
//! with and without reduction. Both must find the same, and all that [`enumerate`] finds.

mod enumerate;
mod program;

use crate::generated;
use program::{Op, Program};
use proptest::prelude::*;
use racecourse::explorer::report::{Budget, Exploration, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use racecourse::sync::mpsc::{
    Receiver, Sender, SyncSender, TryRecvError, TrySendError, channel, sync_channel,
};
use racecourse::sync::{Actors, hint, may_die};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use Op::*;

/// Programs with more interleavings are left out.
const MOST: u64 = 3_000;

#[derive(Clone)]
enum To {
    Unbounded(Sender<usize>),
    Bounded(SyncSender<usize>),
}

impl To {
    fn send(&self, value: usize) -> char {
        let sent = match self {
            Self::Unbounded(to) => to.send(value),
            Self::Bounded(to) => to.send(value),
        };
        match sent {
            Ok(()) => 's',
            Err(error) => {
                assert_eq!(error.0, value);
                'x'
            }
        }
    }

    fn try_send(&self, value: usize) -> char {
        let Self::Bounded(to) = self else {
            return self.send(value);
        };
        let (back, why) = match to.try_send(value) {
            Ok(()) => return 's',
            Err(TrySendError::Full(back)) => (back, 'f'),
            Err(TrySendError::Disconnected(back)) => (back, 'x'),
        };
        assert_eq!(back, value);
        why
    }
}

/// Plays a thread: it receives from its own channel, and sends to all others.
fn thread(ops: &[Op], mut to: Vec<To>, from: Receiver<usize>, me: usize) -> String {
    let mut from = Some(from);
    let mut seen = String::new();
    for (place, op) in ops.iter().enumerate() {
        let see = match (op, &from) {
            (Send, _) => {
                let value = 10 * me + place;
                to.iter().map(|to| to.send(value)).collect()
            }
            (SendByClone, _) => to.iter().map(|to| to.clone().send(me)).collect(),
            (TrySend, _) => {
                let value = 10 * me + place;
                to.iter().map(|to| to.try_send(value)).collect()
            }
            (HangUp, _) => {
                to.clear();
                String::new()
            }
            (Leave, _) => {
                from = None;
                String::new()
            }
            (MayDie, _) if may_die() => return seen + "+",
            (MayDie, _) | (_, None) => String::new(),
            (Recv, Some(from)) => format!("{:?}", from.recv()),
            (TryRecv, Some(from)) => format!("{:?}", from.try_recv()),
            (Poll, Some(from)) => loop {
                match from.try_recv() {
                    Err(TryRecvError::Empty) => hint::spin_loop(),
                    polled => break format!("{polled:?}"),
                }
            },
            (RecvTimeout, Some(from)) => format!("{:?}", from.recv_timeout(Duration::MAX)),
        };
        seen = seen + &see + ",";
    }
    seen
}

/// `bound`: of the channels, if they have one.
fn found(program: &Program, bound: Option<usize>, budget: Budget, all_orders: bool) -> Exploration {
    let program = program.clone();
    let scene = move || {
        let channel = |_| match bound {
            None => {
                let (to, from) = channel();
                (To::Unbounded(to), from)
            }
            Some(bound) => {
                let (to, from) = sync_channel(bound);
                (To::Bounded(to), from)
            }
        };
        let (senders, receivers): (Vec<_>, Vec<_>) = program.iter().map(channel).unzip();
        let mut actors = Actors::new();
        for (me, (ops, from)) in program.iter().zip(receivers).enumerate() {
            let others = senders.iter().enumerate().filter(|(other, _)| *other != me);
            let to = others.map(|(_, to)| to.clone()).collect();
            actors = actors.enter(format!("{me}"), move || thread(ops, to, from, me));
        }
        drop(senders);
        Judged::promised(actors.run().join(" "), "")
    };
    let mut options = Options::new(Memory::C11);
    options.budget = budget;
    options.all_orders = all_orders;
    options.max_executions = Some(if all_orders { 1_500 } else { MOST });
    explore(options, Arc::new(scene)).unwrap()
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => Just(Send),
        1 => Just(SendByClone),
        2 => Just(TrySend),
        1 => Just(HangUp),
        1 => Just(Leave),
        3 => Just(Recv),
        2 => Just(TryRecv),
        2 => Just(Poll),
        2 => Just(RecvTimeout),
        2 => Just(MayDie),
    ]
}

fn program() -> impl Strategy<Value = Program> {
    let two = prop::collection::vec(prop::collection::vec(op(), 1..=3), 2);
    let three = prop::collection::vec(prop::collection::vec(op(), 1..=2), 3);
    prop_oneof![two, three]
}

/// With `CHANNELS=2000`, as many new ones.
#[test]
fn nothing_is_lost() {
    let (cases, mut runner) = generated::runner("CHANNELS", 200, 1);
    let budgets = (0..=1_usize, 0..=2_usize);
    let bounds = prop_oneof![Just(None), (0..=2_usize).prop_map(Some)];
    let result = runner.run(
        &(program(), bounds, budgets),
        |(program, bound, (early_timeouts, deaths))| {
            let budget = Budget {
                early_timeouts,
                deaths,
                ..Budget::NONE
            };
            let reduced = found(&program, bound, budget, false);
            prop_assume!(reduced.executions < MOST);
            prop_assert_eq!(reduced.stopped.as_ref(), None);
            let names = reduced.outcomes.iter().map(|row| row.outcome.clone());
            let names: BTreeSet<String> = names.collect();
            prop_assert_eq!(names, enumerate::outcomes(&program, bound, budget));
            let all = found(&program, bound, budget, true);
            prop_assume!(all.is_complete());
            let rows = |found: &Exploration| -> Vec<_> {
                let rows = found.outcomes.iter();
                rows.map(|row| (row.outcome.clone(), row.different))
                    .collect()
            };
            prop_assert_eq!(rows(&reduced), rows(&all));
            prop_assert!(reduced.executions <= all.executions);
            Ok(())
        },
    );
    if let Err(failure) = result {
        panic!("{failure}");
    }
    println!("{cases} programs with channels and deaths: none differs from all orders");
}

/// A scene of two by hand: who knows what, and how often.
#[test]
fn a_message_is_found_or_not_and_a_process_may_die_before_it() {
    let program = vec![vec![MayDie, Send], vec![TryRecv]];
    let names = |budget| -> Vec<_> {
        let found = found(&program, None, budget, false);
        let rows = found.outcomes.into_iter();
        rows.map(|row| (row.outcome, row.different)).collect()
    };
    let row = |name: &str| (name.to_owned(), 1);
    // Whether the other has left before the message is sent makes four.
    let alive = [
        row(",s, Err(Empty),"),
        row(",s, Ok(1),"),
        row(",x, Err(Empty),"),
    ];
    assert_eq!(names(Budget::NONE), alive);
    let dead = [row("+ Err(Disconnected),"), row("+ Err(Empty),")];
    let mut both = [&dead[..], &alive].concat();
    both.sort();
    let one = Budget {
        deaths: 1,
        ..Budget::NONE
    };
    assert_eq!(names(one), both);
}

/// What was done before a message was sent happens before what is done after it was
/// received; and that there is none yet says nothing.
#[test]
fn a_message_publishes() {
    let scene = || {
        let stored = AtomicUsize::new(0);
        let (sender, receiver) = channel();
        let seen = Actors::new()
            .enter("a", || {
                stored.store(1, Relaxed);
                let _ = sender.send(());
                String::new()
            })
            .enter("b", || {
                let receiver = receiver;
                let received = receiver.try_recv().is_ok();
                format!("{received}: {}", stored.load(Relaxed))
            })
            .run();
        Judged::promised(&*seen[1], "")
    };
    let mut options = Options::new(Memory::C11);
    options.budget = Budget::NONE;
    let found = explore(options, Arc::new(scene)).unwrap();
    assert_eq!(found.stopped, None);
    let names: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
    assert_eq!(names, ["false: 0", "false: 1", "true: 1"]);
}

/// What was lost once, or found falsely.
mod found {
    use super::*;
    use racecourse::sync::atomic::Ordering::SeqCst;
    use racecourse::sync::cell::UnsafeCell;
    use racecourse::sync::{hint, thread};
    use std::marker::Send;
    use std::sync::Mutex;

    fn options(early_timeouts: usize, deaths: usize) -> Options {
        let mut options = Options::new(Memory::C11);
        options.budget = Budget {
            early_timeouts,
            deaths,
            ..Budget::NONE
        };
        options
    }

    /// The outcomes, which are the same and as many if all orders are run.
    fn outcomes(
        options: impl Fn() -> Options,
        scene: impl Fn() -> String + Send + Sync + 'static,
    ) -> Vec<String> {
        let scene: Arc<dyn Fn() -> Judged + Send + Sync> =
            Arc::new(move || Judged::promised(scene(), ""));
        let found = |all_orders| {
            let mut options = options();
            options.all_orders = all_orders;
            let found = explore(options, scene.clone()).unwrap();
            assert_eq!(found.stopped, None);
            let rows = found.outcomes.into_iter();
            rows.map(|row| (row.outcome, row.different))
                .collect::<Vec<_>>()
        };
        let reduced = found(false);
        assert_eq!(reduced, found(true));
        reduced.into_iter().map(|(outcome, _)| outcome).collect()
    }

    #[test]
    fn a_receiver_sees_what_the_last_sender_did_before_it_disconnected() {
        let found = outcomes(
            || options(0, 0),
            || {
                let x = &AtomicUsize::new(0);
                let (sender, receiver) = channel::<()>();
                let read = Actors::new()
                    .enter("sends", move || {
                        x.store(1, Relaxed);
                        drop(sender);
                        0
                    })
                    .enter("receives", move || {
                        assert!(receiver.recv().is_err());
                        x.load(Relaxed)
                    })
                    .run();
                read[1].to_string()
            },
        );
        assert_eq!(found, ["1"]);
    }

    /// Both borrow one sender: nothing but the two messages comes in either order.
    #[test]
    fn messages_of_two_threads_come_in_either_order() {
        let found = outcomes(
            || options(0, 0),
            || {
                let (sender, receiver) = channel();
                Actors::new()
                    .enter("a", || sender.send('a').unwrap())
                    .enter("b", || sender.send('b').unwrap())
                    .run();
                drop(sender);
                receiver.iter().collect()
            },
        );
        assert_eq!(found, ["ab", "ba"]);
    }

    /// Time could not let it go on, since it had given way before it waited.
    #[test]
    fn who_has_given_way_can_wait_for_a_time() {
        let found = outcomes(
            || options(0, 0),
            || {
                let (flag, turn) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
                let (sender, receiver) = channel();
                let sender = &sender;
                thread::scope(|s| {
                    let waits = s.spawn(move || {
                        for _ in 0..3 {
                            if flag.load(SeqCst) == 1 {
                                return "flag";
                            }
                            thread::yield_now();
                            if receiver.recv_timeout(Duration::MAX).is_ok() {
                                return "message";
                            }
                        }
                        "gave up"
                    });
                    s.spawn(|| {
                        if turn.swap(1, SeqCst) == 0 {
                            sender.send(1).unwrap_or(());
                        }
                    });
                    s.spawn(|| turn.swap(1, SeqCst));
                    waits.join().unwrap().to_owned()
                })
            },
        );
        assert_eq!(found, ["gave up", "message"]);
    }

    /// A receiver that has timed out has read the channel: a message is a new write for it.
    #[test]
    fn a_message_is_new_for_a_receiver_that_has_timed_out() {
        let found = outcomes(
            || options(2, 0),
            || {
                let (flag, z) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
                let (sender, receiver) = channel();
                thread::scope(|s| {
                    let waits = s.spawn(move || {
                        for n in 0..4 {
                            assert_eq!(flag.load(SeqCst), 0);
                            thread::yield_now();
                            if receiver.recv_timeout(Duration::MAX).is_ok() {
                                return format!("{n} {}", z.load(SeqCst));
                            }
                        }
                        "gave up".to_owned()
                    });
                    s.spawn(move || {
                        let _ = sender.send(1);
                        z.store(1, SeqCst);
                    });
                    waits.join().unwrap()
                })
            },
        );
        assert_eq!(found, ["0 0", "0 1", "1 0", "1 1", "2 0", "2 1"]);
    }

    #[test]
    fn to_poll_a_dead_channel_is_a_livelock() {
        let found = outcomes(
            || options(0, 0),
            || {
                let (sender, receiver) = channel::<()>();
                drop(sender);
                while receiver.try_recv().is_err() {
                    hint::spin_loop();
                }
                "received".to_owned()
            },
        );
        assert_eq!(found, ["livelock"]);
    }

    /// A sender's clone is no step, and changes nothing about who hangs up last.
    #[test]
    fn how_many_senders_there_are_makes_no_difference() {
        let found = outcomes(
            || options(0, 0),
            || {
                let (x, y) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
                let (sender, _receiver) = channel::<()>();
                let another = sender.clone();
                thread::scope(|s| {
                    s.spawn(move || drop(sender));
                    s.spawn(move || {
                        x.store(1, SeqCst);
                        let third = another.clone();
                        y.store(1, SeqCst);
                        drop((third, another));
                    });
                });
                String::new()
            },
        );
        assert_eq!(found, [""]);
    }

    struct Written(UnsafeCell<usize>);

    impl Written {
        fn write(&self) {
            // SAFETY: the model says whether anybody else is at it.
            self.0.with_mut(|value| unsafe { *value += 1 });
        }
    }

    // SAFETY: as above.
    unsafe impl Sync for Written {}

    impl Drop for Written {
        fn drop(&mut self) {
            self.write();
        }
    }

    /// Messages that nobody has received are dropped by the receiver; and who finds it
    /// gone comes after that.
    #[test]
    fn what_is_dropped_with_the_receiver_was_sent_before() {
        let found = outcomes(
            || options(0, 0),
            || {
                let (sender, receiver) = channel();
                let left = &Written(UnsafeCell::new(0));
                thread::scope(|s| {
                    s.spawn(move || {
                        let message = Written(UnsafeCell::new(0));
                        message.write();
                        if sender.send(message).is_err() {
                            left.write();
                        }
                    });
                    s.spawn(move || {
                        left.write();
                        drop(receiver);
                    });
                });
                String::new()
            },
        );
        assert_eq!(found, [""]);
    }

    #[test]
    fn who_dies_first_of_all_is_no_matter_of_chance() {
        let found = outcomes(
            || options(0, 1),
            || {
                let (x, y) = (AtomicUsize::new(0), AtomicUsize::new(0));
                let dies = may_die();
                if dies { &x } else { &y }.store(1, SeqCst);
                dies.to_string()
            },
        );
        assert_eq!(found, ["false", "true"]);
    }

    struct OnDrop<F: FnMut()>(F);

    impl<F: FnMut()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }

    /// Nobody need run for that.
    #[test]
    fn who_unwinds_can_hear_that_all_have_hung_up() {
        let handled = || {
            let mut options = options(0, 0);
            options.panics_are_handled = true;
            options
        };
        let found = outcomes(handled, || {
            let received = &AtomicUsize::new(0);
            let (sender, receiver) = channel();
            sender.send(()).unwrap();
            drop(sender);
            let panicked = thread::scope(|s| {
                let panics = s.spawn(move || {
                    let _drains = OnDrop(move || received.store(receiver.iter().count(), SeqCst));
                    panic!("as it must");
                });
                panics.join().is_err()
            });
            format!("{panicked} {}", received.load(SeqCst))
        });
        assert_eq!(found, ["true 1"]);
    }

    /// It aborted the process.
    #[test]
    fn who_unwinds_may_have_a_receiver_of_another_execution() {
        static KEPT: Mutex<Option<Receiver<()>>> = Mutex::new(None);
        let handled = || {
            let mut options = options(0, 0);
            options.panics_are_handled = true;
            options
        };
        outcomes(
            || options(0, 0),
            || {
                let (_sender, receiver) = channel();
                *KEPT.lock().unwrap() = Some(receiver);
                String::new()
            },
        );
        let found = outcomes(handled, || {
            let panicked = thread::scope(|s| {
                let panics = s.spawn(|| {
                    let _receives = OnDrop(|| {
                        if let Some(receiver) = &*KEPT.lock().unwrap() {
                            assert!(receiver.recv().is_err());
                        }
                    });
                    panic!("as it must");
                });
                panics.join().is_err()
            });
            panicked.to_string()
        });
        assert_eq!(found, ["true"]);
    }
}
