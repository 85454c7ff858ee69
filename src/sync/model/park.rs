//! `std::thread::park`: each thread has a token, which `unpark` makes available.

use super::events::What;
use super::objects::{Object, State};
use super::runtime::{
    self, At, Execution, MayEnd, Next, ObjectId, ThreadId, Waiting, unwinding, with,
};
use super::search::Access;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// The model's `std::thread::Thread`.
#[derive(Debug, Clone)]
pub struct Thread {
    pub(super) execution: u64,
    pub(super) id: ThreadId,
    pub(super) name: Option<Arc<str>>,
}

impl Thread {
    /// The name it was given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Makes the thread's token available: it goes on if it is parked, or need not
    /// park the next time.
    #[track_caller]
    pub fn unpark(&self) {
        let at = Location::caller();
        if unwinding() {
            return;
        }
        runtime::must_be_of_this_execution(self.execution);
        let me = runtime::point(Next::Goes);
        with(|x| {
            let parker = x.parker(self.id);
            // Who finds the token there already could have come later, after it
            // had been taken; who makes it available could not.
            let had_token = x.has_token(parker);
            let access = match had_token {
                true => Access::TryAcquire,
                false => Access::Change,
            };
            x.updates(me, parker, access, "unpark", 0);
            let known = x.threads[me].known.clone();
            if let State::Parker { token, released } = &mut x.objects[parker].state {
                *token = true;
                released.join(&known);
            }
            x.note(me, Some(parker), What::Unpark(self.id), at);
            if !had_token {
                x.unparked(self.id);
            }
        });
    }
}

/// The running thread.
#[must_use]
pub fn current() -> Thread {
    with(|x| {
        let id = x.current();
        x.handle(id)
    })
}

/// Waits for the thread's token and takes it; as often as the exploration's budget
/// says, it goes on without.
#[track_caller]
pub fn park() {
    park_for(false, Location::caller());
}

/// The same, or until the time is over: when nothing else can run or, as often as
/// the exploration's budget says, at any moment before.
#[track_caller]
pub fn park_timeout(_timeout: Duration) {
    park_for(true, Location::caller());
}

fn park_for(timed: bool, at: At) {
    if unwinding() {
        return;
    }
    let me = runtime::current();
    let parker = with(|x| x.parker(me));
    if with(|x| x.has_budget(MayEnd::like_a_condvar(timed))) {
        runtime::point(Next::Goes);
        let has_token = with(|x| {
            let version = x.objects[parker].writes;
            x.reads(me, parker, "park", version);
            x.has_token(parker)
        });
        if has_token {
            with(|x| x.might_have_waited(MayEnd::like_a_condvar(timed)));
        } else {
            runtime::begins_to_wait(me, MayEnd::like_a_condvar(timed));
        }
    }
    runtime::wait(me, Waiting::Token { parker, timed });
    with(|x| {
        let what = if x.has_token(parker) {
            x.updates(me, parker, Access::Acquire, "unparked", 0);
            if let State::Parker { token, released } = &mut x.objects[parker].state {
                *token = false;
                let released = released.clone();
                x.threads[me].known.join(&released);
            }
            What::Park
        } else {
            x.ends_wait(me, parker)
        };
        x.note(me, Some(parker), what, at);
    });
}

impl Execution {
    pub(super) fn handle(&self, id: ThreadId) -> Thread {
        Thread {
            execution: self.number,
            id,
            name: self.threads[id].name.as_deref().map(Arc::from),
        }
    }

    /// Where the thread parks.
    fn parker(&mut self, thread: ThreadId) -> ObjectId {
        if let Some(parker) = self.threads[thread].parker {
            return parker;
        }
        let key = runtime::hash64((self.threads[thread].key, "parker"));
        let state = State::Parker {
            token: false,
            released: Default::default(),
        };
        self.objects.push(Object::new("parker", key, state));
        let parker = self.objects.len() - 1;
        self.threads[thread].parker = Some(parker);
        parker
    }

    pub(super) fn has_token(&self, parker: ObjectId) -> bool {
        matches!(
            self.objects[parker].state,
            State::Parker { token: true, .. }
        )
    }
}
