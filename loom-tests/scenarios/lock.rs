//! The ticket lock: what can be called, what the specification says, who answers.

use super::history::Precedence;
use super::scene::Scenario;
use super::specification::{Callee, Specification};
use super::trial::Generated;
use Call::{TryTurn, Turn, Unlock};
use proptest::prelude::*;
use racecourse::explorer::report::{Budget, Memory};
use racecourse::lessons::ticket_lock::{self, FairLock};
use std::fmt;

/// The thread that calls it.
type Who = usize;

/// To take a turn is to lock, to count, and to unlock.
#[derive(Debug, Clone, Copy)]
pub enum Call {
    Turn(Who),
    TryTurn(Who),
    Unlock(Who),
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Turn(_) => "turn",
            TryTurn(_) => "try_turn",
            Unlock(_) => "unlock",
        })
    }
}

#[derive(PartialEq)]
pub struct Answer(Option<ticket_lock::Turn>);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(turn) => write!(f, "number {}, place {}", turn.number, turn.place),
            None => f.write_str("none"),
        }
    }
}

/// The specification: a lock around a counter, where numbers are drawn in the
/// order of service.
///
/// `try_lock` fails if somebody holds the lock at its place, and only then: never
/// without a reason. The next thread that waits holds the lock as soon as the holder unlocks,
/// even before that thread has noticed. The place lies between invocation and response. In C11
/// it lies after everything that happens before the call; an unlock by a holder need not.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Counter {
    turns: u64,
    holder: Option<Who>,
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a lock that nobody holds")
    }
}

impl Specification for Counter {
    type Call = Call;
    type Answer = Answer;

    fn make(&mut self, call: Call) -> Option<Answer> {
        Some(Answer(match (call, self.holder) {
            (Turn(who) | TryTurn(who), None) => {
                self.holder = Some(who);
                let place = self.turns;
                self.turns += 1;
                Some(ticket_lock::Turn {
                    number: place,
                    place,
                })
            }
            (Turn(_), Some(_)) => return None,
            (TryTurn(_), Some(_)) => None,
            (Unlock(who), holder) => {
                self.holder = holder.filter(|&holder| holder != who);
                None
            }
        }))
    }

    fn then(call: Call) -> Option<Call> {
        match call {
            Turn(who) | TryTurn(who) => Some(Unlock(who)),
            Unlock(_) => None,
        }
    }
}

impl<Lock: FairLock> Callee<Counter> for Lock {
    fn new(_: &Counter) -> Self {
        Lock::open()
    }

    fn call(&self, call: Call) -> Answer {
        Answer(match call {
            Turn(_) => Some(self.turn()),
            TryTurn(_) => self.try_turn(),
            Unlock(_) => unreachable!("is part of a turn"),
        })
    }
}

impl Generated for Counter {
    fn scenarios() -> impl Strategy<Value = Scenario<Self>> {
        let call = prop::sample::select(vec![TryTurn as fn(Who) -> Call, Turn]);
        let thread = |calls| prop::collection::vec(call.clone(), 1..=calls);
        // Three threads make so many executions that not all can make three calls.
        let threads = prop_oneof![
            (thread(3), thread(3)).prop_map(|(a, b)| vec![a, b]),
            (thread(1), thread(1), thread(2)).prop_map(|(a, b, c)| vec![a, b, c]),
        ];
        threads.prop_map(|threads| Scenario {
            start: Self::default(),
            threads: (threads.iter().enumerate())
                .map(|(who, calls)| calls.iter().map(|call| call(who)).collect())
                .collect(),
            budget: Budget {
                any_waiter: true,
                ..Budget::NONE
            },
        })
    }

    fn how(scenario: &Scenario<Self>) -> (Memory, Precedence) {
        // What the orderings are for shows in C11 only, which takes several times
        // as many executions as SC; to explore precedence takes ten times as many.
        let sizes: Vec<usize> = scenario.threads.iter().map(Vec::len).collect();
        match sizes[..] {
            [1, _] | [_, 1] => (Memory::C11, Precedence::Explored),
            [2, _] | [_, 2] => (Memory::Sc, Precedence::Explored),
            _ => (Memory::Sc, Precedence::Noted),
        }
    }
}
