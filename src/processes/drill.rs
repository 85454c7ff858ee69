//! What a child may do, good and bad, by order of its parent: the role by which
//! this layer is tested.

use super::real::{Child, Parent, serve, this_program};
use super::{Gone, Link};
use serde::{Deserialize, Serialize};
use std::io::{self, Read as _};
use std::{hint, process, thread};

/// What a child is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Say that back.
    Echo(String),
    /// Say that many letters.
    Recite(usize),
    /// Print that to standard output and standard error.
    Print(String),
    /// Say what there is on standard input.
    ReadInput,
    /// Spawn so many children of your own: every third is busy, every third hangs,
    /// every third waits for its orders.
    Spawn(usize),
    /// Say that it is done, then never end, and use the processor for it.
    BeBusy,
    /// Say that it is done, then never end.
    Hang,
    /// Panic.
    Panic,
    /// Exit with that code.
    Exit(i32),
}

/// What it says when that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// What was asked for.
    Text(String),
    /// It is done.
    Done,
    /// The processes spawned.
    Spawned(Vec<u32>),
    /// It could not be done.
    Failed(String),
}

/// The role: does as ordered, until the parent has no more orders.
///
/// # Errors
/// Those of [`serve`].
pub fn drill() -> io::Result<()> {
    serve(|parent| {
        let mut children = Vec::new();
        while let Ok(order) = parent.receive() {
            let answer = obey(order, parent, &mut children);
            let answer = answer.unwrap_or_else(|error| Answer::Failed(error.to_string()));
            if parent.send(answer).is_err() {
                return;
            }
        }
    })
}

fn obey(
    order: Order,
    parent: &mut Parent<Answer, Order>,
    children: &mut Vec<Child<Order, Answer>>,
) -> io::Result<Answer> {
    let gone = |Gone(())| io::Error::other("it is gone already");
    match order {
        Order::Echo(text) => Ok(Answer::Text(text)),
        Order::Recite(letters) => Ok(Answer::Text("a".repeat(letters))),
        Order::Print(text) => {
            println!("{text}");
            eprintln!("{text}");
            Ok(Answer::Done)
        }
        Order::ReadInput => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text)?;
            Ok(Answer::Text(text))
        }
        Order::Spawn(number) => {
            for which in 0..number {
                let mut child = Child::spawn(this_program()?, "drill")?;
                let order = [Order::BeBusy, Order::Hang].into_iter().nth(which % 3);
                if let Some(order) = order {
                    child.send(order).map_err(|_| gone(Gone(())))?;
                    child.receive().map_err(gone)?;
                }
                children.push(child);
            }
            Ok(Answer::Spawned(children.iter().map(Child::id).collect()))
        }
        Order::BeBusy => {
            parent.send(Answer::Done).map_err(|_| gone(Gone(())))?;
            loop {
                hint::spin_loop();
            }
        }
        Order::Hang => {
            parent.send(Answer::Done).map_err(|_| gone(Gone(())))?;
            loop {
                thread::park();
            }
        }
        Order::Panic => panic!("as ordered"),
        Order::Exit(code) => process::exit(code),
    }
}
