//! Channels, and processes that die: generated programs, explored with and without
//! reduction. Both must find the same.

use crate::generated;
use proptest::prelude::*;
use racecourse::explorer::report::{Budget, Exploration, Judged, Memory};
use racecourse::explorer::{Options, explore};
use racecourse::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use racecourse::sync::mpsc::{Receiver, Sender, channel};
use racecourse::sync::{Actors, Arc, may_die};
use std::time::Duration;

/// What a thread does to its channel, or to that of the next.
#[derive(Debug, Clone, Copy)]
enum Op {
    Send,
    HangUp,
    Leave,
    Recv,
    TryRecv,
    RecvTimeout,
    MayDie,
}
use Op::*;

type Program = Vec<Vec<Op>>;

/// Plays a thread: it receives from its own channel, and sends to all others.
fn thread(ops: &[Op], mut to: Vec<Sender<usize>>, from: Receiver<usize>, me: usize) -> String {
    let mut from = Some(from);
    let mut seen = String::new();
    for (place, op) in ops.iter().enumerate() {
        let see = match (op, &from) {
            (Send, _) => {
                let value = 10 * me + place;
                let sent = to.iter().map(|to| match to.send(value) {
                    Ok(()) => 's',
                    Err(error) => {
                        assert_eq!(error.0, value);
                        'x'
                    }
                });
                sent.collect()
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
            (RecvTimeout, Some(from)) => format!("{:?}", from.recv_timeout(Duration::MAX)),
        };
        seen = seen + &see + ",";
    }
    seen
}

fn found(program: &Program, budget: Budget, all_orders: bool) -> Exploration {
    let program = program.clone();
    let scene = move || {
        let (senders, receivers): (Vec<_>, Vec<_>) = program.iter().map(|_| channel()).unzip();
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
    options.max_executions = Some(if all_orders { 1_500 } else { 20_000 });
    explore(options, Arc::new(scene)).unwrap()
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => Just(Send),
        1 => Just(HangUp),
        1 => Just(Leave),
        3 => Just(Recv),
        2 => Just(TryRecv),
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
    let (cases, mut runner) = generated::runner("CHANNELS", 100, 1);
    let budgets = (0..=1_usize, 0..=2_usize);
    let result = runner.run(
        &(program(), budgets),
        |(program, (early_timeouts, deaths))| {
            let budget = Budget {
                early_timeouts,
                deaths,
                ..Budget::default()
            };
            let all = found(&program, budget, true);
            prop_assume!(all.is_complete());
            let reduced = found(&program, budget, false);
            prop_assert_eq!(reduced.stopped.as_ref(), None);
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
        let found = found(&program, budget, false);
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
    assert_eq!(names(Budget::default()), alive);
    let dead = [row("+ Err(Disconnected),"), row("+ Err(Empty),")];
    let mut both = [&dead[..], &alive].concat();
    both.sort();
    let one = Budget {
        deaths: 1,
        ..Budget::default()
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
    let found = explore(Options::new(Memory::C11), Arc::new(scene)).unwrap();
    assert_eq!(found.stopped, None);
    let names: Vec<_> = found.outcomes.iter().map(|row| &*row.outcome).collect();
    assert_eq!(names, ["false: 0", "false: 1", "true: 1"]);
}
