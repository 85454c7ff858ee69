//! The bounded queue's promises, with real threads; the queue against a model,
//! and call for call against crossbeam's channel.

use crossbeam_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError, bounded,
};
use proptest::prelude::*;
use racecourse::explorer::report::Grade;
use racecourse::lessons::bounded_queue::right::Queue;
use racecourse::lessons::bounded_queue::{Run, Setup};
use racecourse::lessons::{Program, bounded_queue::lesson};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// Longer than anything here takes: only who sleeps for ever is still asleep.
const FOR_EVER: Duration = Duration::from_secs(20);

/// Runs it on a thread of its own, so that what hangs fails.
pub fn ends<R: Send + 'static>(what: impl FnOnce() -> R + Send + 'static) -> R {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || sender.send(what()));
    match receiver.recv_timeout(FOR_EVER) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("somebody sleeps for ever"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(thread.join().unwrap_err())
        }
    }
}

/// Few, since a shrinking hang takes its time.
pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        max_shrink_iters: 4,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn queue_for<T>(capacity: usize) -> Queue<T> {
    Queue::new(NonZeroUsize::new(capacity).unwrap())
}

/// How somebody puts or gets.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Waits,
    Tries,
    IsInAHurry,
}

const SHORT: Duration = Duration::from_micros(50);

fn manner() -> impl Strategy<Value = Manner> {
    use Manner::{IsInAHurry, Tries, Waits};
    // Twice as likely to wait, since that is where one can be forgotten.
    prop_oneof![2 => Just(Waits), 1 => Just(Tries), 1 => Just(IsInAHurry)]
}

/// Producer and number.
type Item = (usize, usize);

#[derive(Debug, Clone)]
struct Market {
    capacity: usize,
    producers: Vec<(Manner, usize)>,
    consumers: Vec<Manner>,
}

fn market() -> impl Strategy<Value = Market> {
    let producers = prop::collection::vec((manner(), 0..60_usize), 1..=4);
    let consumers = prop::collection::vec(manner(), 1..=4);
    (1..=16_usize, producers, consumers).prop_map(|(capacity, producers, consumers)| Market {
        capacity,
        producers,
        consumers,
    })
}

/// Puts the item, however often it comes back because there was no room in time.
/// Nobody closes the queue, so that whoever waits is not refused.
fn put(queue: &Queue<Item>, mut item: Item, manner: Manner) {
    loop {
        let refused = match manner {
            Manner::Waits => return queue.put(item).unwrap(),
            Manner::Tries => queue.try_put(item).map_err(TrySendError::into_inner),
            Manner::IsInAHurry => queue
                .put_timeout(item, SHORT)
                .map_err(SendTimeoutError::into_inner),
        };
        match refused {
            Ok(()) => return,
            Err(back) => item = back,
        }
        thread::yield_now();
    }
}

/// Gets an item, however often there is none in time, until there will be none.
fn get(queue: &Queue<Item>, manner: Manner) -> Option<Item> {
    loop {
        let answer = match manner {
            Manner::Waits => queue.get().map_err(|RecvError| TryRecvError::Disconnected),
            Manner::Tries => queue.try_get(),
            Manner::IsInAHurry => queue.get_timeout(SHORT).map_err(|nothing| match nothing {
                RecvTimeoutError::Timeout => TryRecvError::Empty,
                RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
            }),
        };
        match answer {
            Ok(item) => return Some(item),
            Err(TryRecvError::Disconnected) => {
                assert_eq!(
                    queue.try_get(),
                    Err(TryRecvError::Disconnected),
                    "sent home early"
                );
                return None;
            }
            Err(TryRecvError::Empty) => thread::yield_now(),
        }
    }
}

impl Market {
    /// What each consumer got, and the most that anybody ever saw inside.
    fn held(self) -> (Vec<Vec<Item>>, usize) {
        ends(move || {
            let queue = &queue_for(self.capacity);
            thread::scope(|scope| {
                let consumers: Vec<_> = (self.consumers.iter())
                    .map(|&manner| {
                        scope.spawn(move || {
                            std::iter::from_fn(|| get(queue, manner)).collect::<Vec<_>>()
                        })
                    })
                    .collect();
                let producers: Vec<_> = (self.producers.iter().enumerate())
                    .map(|(producer, &(manner, items))| {
                        scope.spawn(move || {
                            let put_and_look = |number| {
                                put(queue, (producer, number), manner);
                                queue.len()
                            };
                            (0..items).map(put_and_look).max().unwrap_or(0)
                        })
                    })
                    .collect();
                let longest = producers.into_iter().map(|one| one.join().unwrap()).max();
                queue.close();
                let got = consumers.into_iter().map(|one| one.join().unwrap());
                (got.collect(), longest.unwrap())
            })
        })
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn never_over_capacity(market in market()) {
        let capacity = market.capacity;
        let (_, longest) = market.held();
        prop_assert!(longest <= capacity, "{longest} inside");
    }

    #[test]
    fn nothing_is_lost_and_nothing_comes_twice(market in market()) {
        let put: Vec<Item> = (market.producers.iter().enumerate())
            .flat_map(|(producer, &(_, items))| (0..items).map(move |number| (producer, number)))
            .collect();
        let mut got = market.held().0.concat();
        got.sort_unstable();
        prop_assert_eq!(got, put);
    }

    #[test]
    fn the_items_of_each_producer_come_in_order(market in market()) {
        let producers = market.producers.len();
        for got in market.held().0 {
            for producer in 0..producers {
                let own = got.iter().filter(|item| item.0 == producer);
                prop_assert!(own.is_sorted(), "{got:?}");
            }
        }
    }

    /// The narrowest queue, where everybody waits all the time.
    #[test]
    fn nobody_sleeps_for_ever(producers in 1..=4_usize, consumers in 1..=4_usize, items in 0..60_usize) {
        let (got, _) = Market {
            capacity: 1,
            producers: vec![(Manner::Waits, items); producers],
            consumers: vec![Manner::Waits; consumers],
        }
        .held();
        prop_assert_eq!(got.concat().len(), producers * items);
    }
}

/// A call that does not wait.
#[derive(Debug, Clone, Copy)]
enum Call {
    TryPut(u32),
    PutTimeout(u32),
    Put(u32),
    TryGet,
    GetTimeout,
    Get,
    Look,
    Close,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        4 => any::<u32>().prop_map(Call::TryPut),
        2 => any::<u32>().prop_map(Call::PutTimeout),
        2 => any::<u32>().prop_map(Call::Put),
        3 => Just(Call::TryGet),
        2 => Just(Call::GetTimeout),
        2 => Just(Call::Get),
        2 => Just(Call::Look),
    ];
    // A close somewhere, and more calls after it.
    let before = prop::collection::vec(call.clone(), 0..80);
    let after = prop::collection::vec(call, 0..40);
    (before, after).prop_map(|(before, after)| [before, vec![Call::Close], after].concat())
}

proptest! {
    #![proptest_config(config(300))]

    /// Call for call, the queue is a `VecDeque` with a limit and a lid.
    #[test]
    fn is_a_deque_with_a_limit_and_a_lid(capacity in 1..=16_usize, calls in calls()) {
        let queue = queue_for(capacity);
        let mut items = VecDeque::new();
        let mut closed = false;
        for call in calls {
            let full = items.len() == capacity;
            match call {
                Call::TryPut(item) if closed => {
                    prop_assert_eq!(queue.try_put(item), Err(TrySendError::Disconnected(item)));
                }
                Call::TryPut(item) if full => {
                    prop_assert_eq!(queue.try_put(item), Err(TrySendError::Full(item)));
                }
                Call::TryPut(item) => {
                    prop_assert_eq!(queue.try_put(item), Ok(()));
                    items.push_back(item);
                }
                Call::PutTimeout(item) => {
                    let answer = queue.put_timeout(item, Duration::ZERO);
                    if closed {
                        prop_assert_eq!(answer, Err(SendTimeoutError::Disconnected(item)));
                    } else if full {
                        prop_assert_eq!(answer, Err(SendTimeoutError::Timeout(item)));
                    } else {
                        prop_assert_eq!(answer, Ok(()));
                        items.push_back(item);
                    }
                }
                Call::Put(item) if closed => prop_assert_eq!(queue.put(item), Err(SendError(item))),
                Call::Put(_) if full => {} // would wait
                Call::Put(item) => {
                    prop_assert_eq!(queue.put(item), Ok(()));
                    items.push_back(item);
                }
                Call::TryGet => {
                    let nothing = if closed { TryRecvError::Disconnected } else { TryRecvError::Empty };
                    prop_assert_eq!(queue.try_get(), items.pop_front().ok_or(nothing));
                }
                Call::GetTimeout => {
                    let nothing = if closed { RecvTimeoutError::Disconnected } else { RecvTimeoutError::Timeout };
                    let answer = queue.get_timeout(Duration::ZERO);
                    prop_assert_eq!(answer, items.pop_front().ok_or(nothing));
                }
                Call::Get if items.is_empty() && !closed => {} // would wait
                Call::Get => prop_assert_eq!(queue.get(), items.pop_front().ok_or(RecvError)),
                Call::Look => {
                    prop_assert_eq!(queue.len(), items.len());
                    prop_assert_eq!(queue.is_empty(), items.is_empty());
                    prop_assert_eq!(queue.is_full(), full);
                }
                Call::Close => {
                    queue.close();
                    closed = true;
                }
            }
        }
    }

    /// Call for call, it answers as `crossbeam_channel::bounded` does. There, one
    /// side closes by going away: consumers go on with what is inside once the
    /// senders are gone, producers are refused once the receivers are.
    #[test]
    fn answers_as_crossbeams_channel_does(capacity in 1..=16_usize, calls in calls()) {
        let queue = queue_for(capacity);
        let (sender, receiver) = bounded(capacity);
        let mut sender = Some(sender);
        let (deaf, gone) = bounded(capacity);
        drop(gone);
        for call in calls {
            let channel = sender.as_ref().unwrap_or(&deaf);
            match call {
                Call::TryPut(item) => {
                    prop_assert_eq!(queue.try_put(item), channel.try_send(item));
                }
                Call::PutTimeout(item) => prop_assert_eq!(
                    queue.put_timeout(item, Duration::ZERO),
                    channel.send_timeout(item, Duration::ZERO)
                ),
                Call::Put(_) if sender.is_some() && receiver.is_full() => {} // would wait
                Call::Put(item) => prop_assert_eq!(queue.put(item), channel.send(item)),
                Call::TryGet => prop_assert_eq!(queue.try_get(), receiver.try_recv()),
                Call::GetTimeout => prop_assert_eq!(
                    queue.get_timeout(Duration::ZERO),
                    receiver.recv_timeout(Duration::ZERO)
                ),
                Call::Get if sender.is_some() && receiver.is_empty() => {} // would wait
                Call::Get => prop_assert_eq!(queue.get(), receiver.recv()),
                Call::Look => {
                    prop_assert_eq!(queue.len(), receiver.len());
                    prop_assert_eq!(queue.is_empty(), receiver.is_empty());
                    prop_assert_eq!(queue.is_full(), receiver.is_full());
                }
                Call::Close => {
                    queue.close();
                    sender = None;
                }
            }
        }
    }
}

/// Closes while others wait, or are about to, or have just begun: sooner in one
/// round, later in the next, and every time all of them must come back.
fn close_against<R: Send + 'static>(
    new: impl Fn() -> Queue<&'static str>,
    wait: fn(&Queue<&'static str>) -> R,
    mut check: impl FnMut(R),
) {
    for round in 0..200 {
        let queue = Arc::new(new());
        let answers = ends(move || {
            let waiting: Vec<_> = (0..2)
                .map(|_| {
                    let queue = Arc::clone(&queue);
                    thread::spawn(move || wait(&queue))
                })
                .collect();
            for _ in 0..round {
                thread::yield_now();
            }
            queue.close();
            let answers = waiting.into_iter().map(|one| one.join().unwrap());
            answers.collect::<Vec<_>>()
        });
        answers.into_iter().for_each(&mut check);
    }
}

#[test]
fn close_wakes_every_waiting_consumer() {
    close_against(
        || queue_for(1),
        |queue| queue.get(),
        |answer| assert_eq!(answer, Err(RecvError)),
    );
    close_against(
        || queue_for(1),
        |queue| queue.get_timeout(Duration::MAX),
        |answer| assert_eq!(answer, Err(RecvTimeoutError::Disconnected)),
    );
}

#[test]
fn close_wakes_every_waiting_producer() {
    let full = || {
        let queue = queue_for(1);
        queue.put("first").unwrap();
        queue
    };
    close_against(
        full,
        |queue| queue.put("second"),
        |answer| assert_eq!(answer, Err(SendError("second"))),
    );
    close_against(
        full,
        |queue| queue.put_timeout("second", Duration::MAX),
        |answer| assert_eq!(answer, Err(SendTimeoutError::Disconnected("second"))),
    );
}

#[test]
fn what_does_not_get_in_in_time_comes_back() {
    let queue = queue_for(1);
    // Not `Copy` and not `Clone`: what comes back is what was put.
    queue.put(Box::new("first")).unwrap();
    let refused = queue.put_timeout(Box::new("second"), Duration::from_millis(5));
    assert_eq!(refused, Err(SendTimeoutError::Timeout(Box::new("second"))));
    let refused = queue.try_put(refused.unwrap_err().into_inner());
    assert_eq!(refused, Err(TrySendError::Full(Box::new("second"))));
    queue.close();
    let refused = queue.put(refused.unwrap_err().into_inner());
    assert_eq!(refused, Err(SendError(Box::new("second"))));
    assert_eq!(queue.len(), 1);
}

#[test]
fn nobody_waits_for_nothing_longer_than_the_timeout() {
    let queue = queue_for::<()>(1);
    let nothing = ends(move || queue.get_timeout(Duration::from_millis(5)));
    assert_eq!(nothing, Err(RecvTimeoutError::Timeout));
}

#[test]
fn a_waiting_producer_gets_in_when_there_is_room() {
    let got = ends(|| {
        let queue = queue_for(1);
        queue.put(1).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| queue.put_timeout(2, Duration::MAX).unwrap());
            [queue.get().unwrap(), queue.get().unwrap()]
        })
    });
    assert_eq!(got, [1, 2]);
}

/// In the scene that calls every method, the item does not come back.
#[test]
#[should_panic(expected = "full")]
fn every_method_is_called() {
    let lesson = lesson();
    let version = lesson
        .versions
        .iter()
        .find(|it| it.name == "drops-on-timeout");
    let scenes = &version.unwrap().scenes;
    let scene = scenes
        .iter()
        .find(|it| it.name == "1 thread, every method, capacity 2");
    (scene.unwrap().run)();
}

#[test]
fn a_limit_nobody_reaches_takes_no_memory() {
    let queue = queue_for(usize::MAX);
    queue.put("hello").unwrap();
    assert_eq!(queue.get(), Ok("hello"));
}

/// What the right queue's play comes to with that capacity.
fn play(capacity: usize) -> (Grade, String) {
    let program = Program {
        capacity,
        ..Program::default()
    };
    let right = &lesson().versions[0];
    assert!(right.is_right());
    let judged = ends({
        let play = right.play;
        move || play(&program)
    });
    (judged.grade, judged.outcome)
}

#[test]
fn the_tutorials_program_comes_to_its_end() {
    let (grade, outcome) = play(5);
    assert_eq!(grade, Grade::Promised);
    assert_eq!(outcome, "hello ok good morning bad, back: a how");
}

#[test]
fn the_tutorials_program_heeds_its_capacity() {
    let promised = |outcome: &str| (Grade::Promised, outcome.to_owned());
    assert_eq!(play(3), promised("hello ok good, back: morning bad a how"));
    assert_eq!(play(6), promised("hello ok good morning bad a, back: how"));
    assert_eq!(play(100), promised("hello ok good morning bad a how"));
    assert_eq!(play(0).0, Grade::Forbidden);
}

/// Every scene of the right queue, once, with real threads.
#[test]
fn every_scene_ends_as_promised() {
    for scene in lesson().versions.swap_remove(0).scenes {
        let judged = ends(move || (scene.run)());
        assert_eq!(judged.grade, Grade::Promised, "{}: {judged:?}", scene.name);
    }
}

#[test]
fn the_judge_sees_every_broken_promise() {
    let setup = Setup {
        capacity: NonZeroUsize::MIN,
        producers: &[&["a1", "a2"], &["b1"]],
        consumers: 2,
    };
    let kept = Run {
        handed_back: vec![vec![], vec![]],
        got: vec![vec!["b1", "a1"], vec![]],
        left: vec!["a2"],
        longest: 1,
    };
    let broken = |change: fn(&mut Run)| {
        let mut run = kept.clone();
        change(&mut run);
        let judged = setup.judge(&run);
        (judged.grade, judged.outcome)
    };
    let forbidden = |outcome: &str| (Grade::Forbidden, outcome.to_owned());
    assert_eq!(
        broken(|_| {}),
        (Grade::Promised, "b1 a1 | nothing, inside: a2".to_owned())
    );
    assert_eq!(broken(|run| run.longest = 2), forbidden("2 inside"));
    assert_eq!(broken(|run| run.left.clear()), forbidden("a2 lost"));
    assert_eq!(
        broken(|run| run.handed_back[0].push("a1")),
        forbidden("a1 twice")
    );
    assert_eq!(
        broken(|run| {
            run.left.clear();
            run.got[0].insert(0, "a2");
        }),
        forbidden("out of order: a2 b1 a1")
    );
}

/// An item that is left or handed back is none that was lost; but where others went on
/// it is one of somebody who gave up.
#[test]
fn the_judge_sees_who_gave_up() {
    let setup = Setup {
        capacity: NonZeroUsize::MIN,
        producers: &[&["a1", "a2"]],
        consumers: 1,
    };
    let grade = |got: &[&'static str], left: &[&'static str], handed_back: &[&'static str]| {
        let run = Run {
            handed_back: vec![handed_back.to_vec()],
            got: vec![got.to_vec()],
            left: left.to_vec(),
            longest: 1,
        };
        (setup.judge(&run).grade, setup.judge_in_time(&run).grade)
    };
    let (promised, forbidden) = (Grade::Promised, Grade::Forbidden);
    assert_eq!(grade(&["a1", "a2"], &[], &[]), (promised, promised));
    assert_eq!(grade(&["a1"], &["a2"], &[]), (promised, forbidden));
    assert_eq!(grade(&["a1"], &[], &["a2"]), (promised, forbidden));
    assert_eq!(grade(&["a1"], &[], &[]), (forbidden, forbidden));
}
