//! A bounded queue: what can be called, what the specification says, who answers.

use super::history::Precedence;
use super::scene::Scenario;
use super::specification::{Callee, Specification};
use super::trial::Generated;
use Call::{Close, Get, GetTimeout, IsEmpty, IsFull, Len, Put, PutTimeout, TryGet, TryPut};
use crossbeam_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use proptest::prelude::*;
use racecourse::explorer::report::{Budget, Memory};
use racecourse::lessons::bounded_queue::{BoundedQueue, Item, PutTimeoutError, TIMEOUT};
use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroUsize;

#[derive(Debug, Clone, Copy)]
pub enum Call {
    Put(Item),
    TryPut(Item),
    PutTimeout(Item),
    Get,
    TryGet,
    GetTimeout,
    Close,
    Len,
    IsEmpty,
    IsFull,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Put(item) => write!(f, "put {item}"),
            TryPut(item) => write!(f, "try_put {item}"),
            PutTimeout(item) => write!(f, "put_timeout {item}"),
            Get => f.write_str("get"),
            TryGet => f.write_str("try_get"),
            GetTimeout => f.write_str("get_timeout"),
            Close => f.write_str("close"),
            Len => f.write_str("len"),
            IsEmpty => f.write_str("is_empty"),
            IsFull => f.write_str("is_full"),
        }
    }
}

#[derive(PartialEq)]
pub enum Answer {
    Put(Result<(), SendError<Item>>),
    TryPut(Result<(), TrySendError<Item>>),
    PutTimeout(Result<(), PutTimeoutError>),
    Get(Result<Item, RecvError>),
    TryGet(Result<Item, TryRecvError>),
    GetTimeout(Result<Item, RecvTimeoutError>),
    Closed,
    Len(usize),
    Is(bool),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Put(answer) => write!(f, "{answer:?}"),
            Answer::TryPut(answer) => write!(f, "{answer:?}"),
            Answer::PutTimeout(answer) => write!(f, "{answer:?}"),
            Answer::Get(answer) => write!(f, "{answer:?}"),
            Answer::TryGet(answer) => write!(f, "{answer:?}"),
            Answer::GetTimeout(answer) => write!(f, "{answer:?}"),
            Answer::Closed => f.write_str("()"),
            Answer::Len(answer) => write!(f, "{answer}"),
            Answer::Is(answer) => write!(f, "{answer}"),
        }
    }
}

/// The specification: a queue that one thread has to itself.
///
/// When the time of a timed call is up is nobody's promise: where a call without
/// a timeout blocks, it may say so, and there only. `len`, `is_empty` and
/// `is_full` say what is true at their place.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sequential {
    capacity: NonZeroUsize,
    items: VecDeque<Item>,
    closed: bool,
}

impl Sequential {
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self {
            capacity,
            items: VecDeque::new(),
            closed: false,
        }
    }

    fn put(&mut self, item: Item) -> Result<(), TrySendError<Item>> {
        if self.closed {
            return Err(TrySendError::Disconnected(item));
        }
        if self.items.len() == self.capacity.get() {
            return Err(TrySendError::Full(item));
        }
        self.items.push_back(item);
        Ok(())
    }

    fn get(&mut self) -> Result<Item, TryRecvError> {
        let nothing = if self.closed {
            TryRecvError::Disconnected
        } else {
            TryRecvError::Empty
        };
        self.items.pop_front().ok_or(nothing)
    }
}

impl fmt::Display for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "capacity {}", self.capacity)
    }
}

impl Specification for Sequential {
    type Call = Call;
    type Answer = Answer;

    fn make(&mut self, call: Call) -> Option<Answer> {
        Some(match call {
            Put(item) => Answer::Put(match self.put(item) {
                Err(TrySendError::Full(_)) => return None,
                Err(TrySendError::Disconnected(item)) => Err(SendError(item)),
                Ok(()) => Ok(()),
            }),
            TryPut(item) => Answer::TryPut(self.put(item)),
            PutTimeout(item) => Answer::PutTimeout(match self.put(item) {
                Err(TrySendError::Full(item)) => Err(SendTimeoutError::Timeout(Some(item))),
                Err(TrySendError::Disconnected(item)) => {
                    Err(SendTimeoutError::Disconnected(Some(item)))
                }
                Ok(()) => Ok(()),
            }),
            Get => Answer::Get(match self.get() {
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => Err(RecvError),
                Ok(item) => Ok(item),
            }),
            TryGet => Answer::TryGet(self.get()),
            GetTimeout => Answer::GetTimeout(self.get().map_err(|nothing| match nothing {
                TryRecvError::Empty => RecvTimeoutError::Timeout,
                TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
            })),
            Close => {
                self.closed = true;
                Answer::Closed
            }
            Len => Answer::Len(self.items.len()),
            IsEmpty => Answer::Is(self.items.is_empty()),
            IsFull => Answer::Is(self.items.len() == self.capacity.get()),
        })
    }
}

impl<Q: BoundedQueue> Callee<Sequential> for Q {
    fn new(start: &Sequential) -> Self {
        Q::new(start.capacity)
    }

    fn call(&self, call: Call) -> Answer {
        match call {
            Put(item) => Answer::Put(self.put(item)),
            TryPut(item) => Answer::TryPut(self.try_put(item)),
            PutTimeout(item) => Answer::PutTimeout(self.put_timeout(item, TIMEOUT)),
            Get => Answer::Get(self.get()),
            TryGet => Answer::TryGet(self.try_get()),
            GetTimeout => Answer::GetTimeout(self.get_timeout(TIMEOUT)),
            Close => {
                self.close();
                Answer::Closed
            }
            Len => Answer::Len(self.len()),
            IsEmpty => Answer::Is(self.is_empty()),
            IsFull => Answer::Is(self.is_full()),
        }
    }
}

/// Items are named when it is known who puts them.
const SOME: Item = "";

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        3 => prop::sample::select(vec![Put(SOME), Get]),
        3 => prop::sample::select(vec![TryPut(SOME), TryGet, PutTimeout(SOME), GetTimeout]),
        2 => prop::sample::select(vec![Len, IsEmpty, IsFull, Close]),
    ]
}

/// Nothing besides, most often; what there is costs many executions.
fn budget() -> impl Strategy<Value = Budget> {
    let none = Budget::NONE;
    prop_oneof![
        4 => Just(none),
        1 => Just(Budget { any_waiter: true, ..none }),
        1 => Just(Budget { any_waiter: true, spurious_wake_ups: 1, ..none }),
        1 => Just(Budget { early_timeouts: 1, ..none }),
    ]
}

impl Generated for Sequential {
    fn scenarios() -> impl Strategy<Value = Scenario<Self>> {
        let threads = prop::collection::vec(prop::collection::vec(call(), 1..=3), 2..=3);
        (1..=2_usize, threads, budget()).prop_map(|(capacity, mut threads, budget)| {
            const ITEMS: [[Item; 3]; 3] =
                [["a1", "a2", "a3"], ["b1", "b2", "b3"], ["c1", "c2", "c3"]];
            for (calls, items) in threads.iter_mut().zip(ITEMS) {
                let mut items = items.into_iter();
                for call in calls {
                    if let Put(item) | TryPut(item) | PutTimeout(item) = call {
                        *item = items
                            .next()
                            .expect("a thread makes three calls at the most");
                    }
                }
            }
            let capacity = NonZeroUsize::new(capacity).expect("at least 1");
            Scenario {
                start: Sequential::new(capacity),
                threads,
                budget,
            }
        })
    }

    fn how(scenario: &Scenario<Self>) -> (Memory, Precedence) {
        // To explore precedence with three threads takes dozens of times as many
        // executions: of scenarios with more than five calls, most would be cut.
        let is_small = scenario.threads.len() == 2 || scenario.calls() <= 4;
        (
            Memory::Sc,
            if is_small {
                Precedence::Explored
            } else {
                Precedence::Noted
            },
        )
    }
}
