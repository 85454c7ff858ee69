//! Objects: what the threads of an execution share. The execution holds their state
//! without knowing its type; a primitive reaches it through a handle.

use super::gate::RecordId;
use crate::engine::access::{Kind, Location};
use crate::engine::clock::VectorClock;
use crate::engine::hash::mix;
use crate::engine::ids::{At, ObjectId, ThreadId};
use crate::engine::reused::Reused;
use std::any::Any;
use std::ops::{Deref, DerefMut};

/// The state of a primitive. It serves one execution after another.
pub(crate) trait State: Any {
    /// As in a new object; buffers stay.
    fn reset(&mut self);

    /// Whether the thread holds something of it that it will give back.
    fn is_held_by(&self, _thread: ThreadId) -> bool {
        false
    }

    /// Whether something of it is left that should not be when all threads have ended, if it
    /// is not destroyed.
    fn is_leaked(&self) -> bool {
        false
    }

    /// Whether the object is where its handle is.
    fn lies_in_one_place(&self) -> bool {
        true
    }

    /// Whether a thread has given something of it back that a thread with that clock does
    /// not know of.
    fn is_released_beside(&self, _clock: &VectorClock) -> bool {
        false
    }
}

/// What threads wait for at a primitive.
pub(crate) trait Blocking: Sync {
    /// Whether a thread that waits can go on.
    fn is_over(&self, state: &dyn State) -> bool;

    /// The threads that could end the wait, and where they began to hold what is waited
    /// for.
    fn holders(&self, _state: &dyn State) -> Vec<(ThreadId, At)> {
        Vec::new()
    }

    /// How a story says that they do.
    fn held(&self) -> &'static str {
        "held by"
    }

    /// `waits for `x``, for an object called `x`.
    fn describe(&self, object: &str, timed: bool) -> String;

    /// What is said of a thread that waits for ever.
    fn never(&self) -> &'static str {
        ""
    }

    /// Which end of a channel waits: 0 sends, 1 receives.
    fn half(&self) -> usize {
        1
    }

    /// If it waits for a lock: how it takes the lock then.
    fn takes(&self) -> Option<Kind> {
        None
    }
}

/// A thread waits for something at an object.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) object: ObjectId,
    pub(crate) what: &'static dyn Blocking,
    pub(crate) timed: bool,
}

impl std::fmt::Debug for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what.describe(&self.object.to_string(), self.timed))
    }
}

/// Which thread destroyed an object and where, and the record of that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Destroyed {
    pub(crate) by: ThreadId,
    pub(crate) at: Option<At>,
    /// It did so by a call there. A destructor does not know its line: then it did so after
    /// its step there.
    pub(crate) is_call: bool,
    pub(crate) record: RecordId,
}

/// An object of the execution.
pub(crate) struct Entry {
    /// `mutex`, `condvar`, …
    pub(crate) kind: &'static str,
    pub(crate) name: Option<&'static str>,
    /// Where it was made: the source may have a name for it.
    pub(crate) made_at: Option<At>,
    /// What the column of shared state shows at the beginning.
    pub(crate) initially: Option<String>,
    /// A value as the story shows it.
    pub(crate) show: Option<fn(u64) -> String>,
    /// Where its accesses go. While a prefix of the execution is the same, so is this.
    pub(crate) location: Location,
    /// The same in every execution, whichever thread uses it first. Objects that are made
    /// by the same line may share it.
    pub(crate) class: u64,
    /// How often it was written.
    pub(crate) writes: u64,
    /// How often what can be seen of it has changed, where that is less.
    pub(crate) version: u64,
    /// How often it was changed, but by iterations of loops that came to nothing.
    pub(crate) changes: u64,
    pub(crate) destroyed: Option<Destroyed>,
    /// The allocation in which it lay when a thread last began to use it.
    pub(super) block: Option<ObjectId>,
    pub(crate) state: Box<dyn State>,
}

impl Entry {
    #[inline]
    pub(crate) fn spot(&self) -> Spot {
        Spot {
            location: self.location,
            class: self.class,
        }
    }
}

/// Where a step goes: for the search, and for the interleaving's name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    pub(crate) location: Location,
    pub(crate) class: u64,
}

impl Spot {
    /// A location that is called the same in every execution.
    #[inline]
    pub(crate) fn at(location: Location) -> Self {
        Self {
            location,
            class: location,
        }
    }

    /// A part of it.
    #[inline]
    pub(crate) fn part(self, part: u64) -> Self {
        Self {
            location: mix(self.location, part),
            class: mix(self.class, part),
        }
    }
}

/// The objects of the execution, by their numbers.
#[derive(Default)]
pub(crate) struct Objects(Reused<Entry>);

impl Objects {
    pub(crate) fn add<S: State + Default>(
        &mut self,
        kind: &'static str,
        spot: Spot,
    ) -> (ObjectId, &mut S) {
        let id = self.0.len();
        let new = || Box::<S>::default();
        let entry = self.0.add(|| Entry {
            kind,
            name: None,
            made_at: None,
            initially: None,
            show: None,
            location: spot.location,
            class: spot.class,
            writes: 0,
            version: 0,
            changes: 0,
            destroyed: None,
            block: None,
            state: new(),
        });
        if !(&*entry.state as &dyn Any).is::<S>() {
            entry.state = new();
        }
        entry.state.reset();
        entry.kind = kind;
        entry.name = None;
        entry.made_at = None;
        entry.initially = None;
        entry.show = None;
        (entry.location, entry.class) = (spot.location, spot.class);
        entry.writes = 0;
        entry.version = 0;
        entry.changes = 0;
        entry.destroyed = None;
        entry.block = None;
        (id, self.state(id))
    }

    /// The state of an object, which has that type.
    #[inline]
    pub(crate) fn state<S: State>(&mut self, id: ObjectId) -> &mut S {
        let state: &mut dyn Any = &mut *self.0[id].state;
        state.downcast_mut().expect("an object keeps its type")
    }
}

/// The state of an object of a known type.
#[inline]
pub(crate) fn of<S: State>(state: &dyn State) -> &S {
    let state: &dyn Any = state;
    state.downcast_ref().expect("an object keeps its type")
}

impl Deref for Objects {
    type Target = Reused<Entry>;

    #[inline]
    fn deref(&self) -> &Reused<Entry> {
        &self.0
    }
}

impl DerefMut for Objects {
    #[inline]
    fn deref_mut(&mut self) -> &mut Reused<Entry> {
        &mut self.0
    }
}
