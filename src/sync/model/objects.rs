//! What the threads of an execution share.

use super::clock::Known;
use super::runtime::{
    At, Execution, Next, ObjectId, ThreadId, Waiting, hash64, must_be_of_this_execution, point,
    unwinding, with, with_any,
};

pub(crate) struct Object {
    pub(crate) kind: &'static str,
    pub(crate) name: Option<&'static str>,
    /// What the column of shared state shows at the beginning.
    pub(crate) initially: Option<String>,
    /// The same whatever the order in which objects are made.
    pub(super) key: u64,
    /// How often it was written.
    pub(super) writes: u64,
    pub(super) state: State,
}

impl Object {
    pub(super) fn new(kind: &'static str, key: u64, state: State) -> Self {
        Self {
            kind,
            name: None,
            initially: None,
            key,
            writes: 0,
            state,
        }
    }

    /// A value of this atomic, as the story shows it.
    pub(crate) fn value(&self, value: u64) -> String {
        match &self.state {
            State::Atomic(history) => history.shown(value),
            _ => value.to_string(),
        }
    }
}

/// What an object is, inside.
pub(super) enum State {
    Mutex {
        owner: Option<(ThreadId, At)>,
        /// How often what it protects may have been changed.
        changes: u64,
        released: Known,
    },
    Condvar {
        waiters: Vec<ThreadId>,
    },
    Atomic(super::atomic::History),
    Cell(super::cell::Accesses),
    Fence,
    /// Where a thread parks.
    Parker {
        token: bool,
        released: Known,
    },
    Channel(super::mpsc::Channel),
}

/// An object of the model, as its owner holds it.
#[derive(Debug)]
pub(super) struct Handle {
    execution: u64,
    id: ObjectId,
}

impl Handle {
    pub(super) fn new(kind: &'static str, state: State) -> Self {
        let make = |x: &mut Execution| {
            let creator = x.current();
            let creator = &mut x.threads[creator];
            creator.children += 1;
            let key = hash64((creator.key, creator.children, kind));
            x.objects.push(Object::new(kind, key, state));
            Self {
                execution: x.number,
                id: x.objects.len() - 1,
            }
        };
        match unwinding() {
            // Of no execution.
            true => with_any(make).unwrap_or(Self {
                execution: 0,
                id: 0,
            }),
            false => with(make),
        }
    }

    /// Whether it belongs to the execution in progress.
    pub(super) fn is_here(&self) -> bool {
        with_any(|x| x.number == self.execution).unwrap_or(false)
    }

    pub(super) fn id(&self) -> ObjectId {
        self.id
    }

    /// The same, for who has not been at a point on this object.
    pub(super) fn checked_id(&self) -> ObjectId {
        must_be_of_this_execution(self.execution);
        self.id
    }

    pub(super) fn name(&self, name: &'static str) {
        if self.is_here() {
            with(|x| x.objects[self.id].name = Some(name));
        }
    }

    pub(super) fn shows(&self, text: String) {
        if self.is_here() {
            with(|x| x.objects[self.id].initially = Some(text));
        }
    }

    /// A point before a step on this object.
    pub(super) fn point(&self) -> ThreadId {
        self.checked_id();
        point(Next::Goes)
    }

    /// The point before this mutex is locked: the thread goes on when it is free.
    pub(super) fn point_of_lock(&self) -> ThreadId {
        point(Next::Waits(Waiting::Lock(self.checked_id())))
    }

    /// A point that is needed only where locks are tried.
    pub(super) fn point_if_tried(&self) -> ThreadId {
        if with(|x| x.settings.locks_are_tried) {
            self.point()
        } else {
            with(|x| x.current())
        }
    }
}
