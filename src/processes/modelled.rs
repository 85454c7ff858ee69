//! The model's processes: threads that share nothing. A link is two channels, and the child may
//! die.
//!
//! Before each operation of its link a child [may die](crate::sync::may_die). It disconnects, as
//! the operating system does for a process that exits. From then on every operation says that
//! the other end is gone, and the child has to return. Other processes can tell no other moments
//! apart: between two operations the child does nothing that they could see, and after the last
//! one it disconnects anyway.

use super::{Gone, Link, TimedOutOrGone};
use crate::sync::mpsc::{Receiver, RecvTimeoutError, SendError, Sender, channel};
use crate::sync::{Named, may_die};
use std::time::Duration;

/// A link between a parent and its child. The channels have these names in stories.
#[must_use]
#[track_caller]
pub fn pair<Down, Up>(
    to_child: &'static str,
    to_parent: &'static str,
) -> (Immortal<Down, Up>, Mortal<Up, Down>) {
    let (down, child_from) = channel();
    let (up, parent_from) = channel();
    let parent = Immortal {
        to: Some(down.named(to_child)),
        from: parent_from,
    };
    let child = Immortal {
        to: Some(up.named(to_parent)),
        from: child_from,
    };
    (parent, Mortal(Some(child)))
}

/// The parent's end. The parent does not die.
pub struct Immortal<Out, In> {
    to: Option<Sender<Out>>,
    from: Receiver<In>,
}

impl<Out, In> Link<Out, In> for Immortal<Out, In> {
    #[track_caller]
    fn send(&mut self, message: Out) -> Result<(), Gone<Out>> {
        match &self.to {
            Some(to) => to.send(message).map_err(|SendError(message)| Gone(message)),
            None => Err(Gone(message)),
        }
    }

    #[track_caller]
    fn receive(&mut self) -> Result<In, Gone> {
        self.from.recv().map_err(|_| Gone(()))
    }

    #[track_caller]
    fn receive_timeout(&mut self, timeout: Duration) -> Result<In, TimedOutOrGone> {
        self.from.recv_timeout(timeout).map_err(|why| match why {
            RecvTimeoutError::Timeout => TimedOutOrGone::TimedOut,
            RecvTimeoutError::Disconnected => TimedOutOrGone::Gone,
        })
    }

    #[track_caller]
    fn close(&mut self) {
        self.to = None;
    }
}

/// The child's end. `None`: the child is dead.
pub struct Mortal<Out, In>(Option<Immortal<Out, In>>);

impl<Out, In> Mortal<Out, In> {
    #[track_caller]
    fn alive(&mut self) -> Option<&mut Immortal<Out, In>> {
        if self.0.is_some() && may_die() {
            self.0 = None;
        }
        self.0.as_mut()
    }
}

impl<Out, In> Link<Out, In> for Mortal<Out, In> {
    #[track_caller]
    fn send(&mut self, message: Out) -> Result<(), Gone<Out>> {
        match self.alive() {
            Some(link) => link.send(message),
            None => Err(Gone(message)),
        }
    }

    #[track_caller]
    fn receive(&mut self) -> Result<In, Gone> {
        self.alive().ok_or(Gone(()))?.receive()
    }

    #[track_caller]
    fn receive_timeout(&mut self, timeout: Duration) -> Result<In, TimedOutOrGone> {
        let link = self.alive().ok_or(TimedOutOrGone::Gone)?;
        link.receive_timeout(timeout)
    }

    #[track_caller]
    fn close(&mut self) {
        if let Some(link) = self.alive() {
            link.close();
        }
    }
}
