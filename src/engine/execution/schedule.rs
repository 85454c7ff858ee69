//! Schedule points: which threads are enabled, and which takes the next transition.

use super::abort::unwind;
use super::failure::{Aborted, BlockedThread, Failure, WaitsFor};
use super::iteration::Held;
use super::loads::options;
use super::object::Wait;
use super::place::place;
use super::run::{Execution, Which, with};
use super::runner::Runner;
use super::thread::Next;
use super::trace::Gate;
use crate::engine::coroutine::Suspend;
use crate::engine::ids::{MAX_THREADS, ThreadId, ThreadSet};
use crate::engine::search::{Differs, Enabled};
use crate::watch;
use std::ptr::NonNull;

/// An execution with more transitions than this does not end, as far as can be told.
pub(super) const MAX_TRANSITIONS: usize = 4_000;

/// So many times in a row threads that unwind may wait in vain: then all wait for each
/// other.
const MOST_STALLS: usize = 4 * MAX_THREADS;

/// What a thread does at a schedule point.
enum Point {
    GoesOn,
    Suspends(NonNull<Suspend>),
    Unwinds,
}

/// A schedule point: others can notice what the thread does next, so any of them may go
/// first. A thread that waits goes on when it need not wait any more.
#[inline(never)]
pub(crate) fn point(next: Next) {
    if !try_point(next) {
        unwind();
    }
}

/// The same; returns `false` instead of unwinding if the execution is aborted.
#[inline(never)]
pub(crate) fn try_point(next: Next) -> bool {
    match with(|x| x.comes_to_point(next)) {
        Point::GoesOn => true,
        Point::Unwinds => false,
        Point::Suspends(suspend) => {
            suspend_by(suspend);
            with(|x| x.aborted.is_none())
        }
    }
}

/// Waits for something at an object.
pub(crate) fn wait(wait: Wait) {
    point(Next::Waits(wait));
}

fn suspend_by(suspend: NonNull<Suspend>) {
    // SAFETY: the pointer is that of the running coroutine, on whose stack it lies, and
    // which has not ended: this code is called from it.
    unsafe { suspend.as_ref() }.suspend(());
}

/// Suspends the running thread, so that another runs first.
pub(super) fn suspend_here() {
    if let Some(suspend) = with(|x| x.threads[x.current].suspend) {
        suspend_by(suspend);
    }
}

/// The running thread, and all that have resumed it, run no further.
fn suspend_for_ever() -> ! {
    loop {
        suspend_here();
    }
}

/// Resumes a thread from the one that runs now, unless that thread runs too: it may have
/// resumed this one.
fn resume_here(thread: ThreadId) {
    let before = with(|x| x.current);
    resume(thread);
    let is_abandoned = with(|x| {
        x.current = before;
        x.is_abandoned
    });
    if is_abandoned {
        suspend_for_ever();
    }
}

/// Lets other threads of an aborted execution unwind, first that one, until `done`. It
/// may need the thread that has resumed this one: then that goes on in between.
pub(crate) fn unwind_first(thread: ThreadId, done: impl Fn(&mut Execution) -> bool) {
    while !with(&done) {
        let before = with(|x| x.unwound);
        resume_here(thread);
        let (is_done, is_stuck) = with(|x| {
            x.stalls = match x.unwound == before {
                true => x.stalls + 1,
                false => 0,
            };
            (done(x), x.stalls > MOST_STALLS)
        });
        if is_stuck {
            abandon();
        } else if !is_done {
            suspend_here();
        }
    }
}

/// The running thread waits for ever while it unwinds: no thread of the execution goes
/// on.
pub(crate) fn abandon() -> ! {
    with(|x| x.abandon());
    suspend_for_ever();
}

/// Resumes a thread, unless it runs already. Returns the thread to resume next.
fn resume(thread: ThreadId) -> Option<ThreadId> {
    let taken = with(|x| {
        let coroutine = x.threads[thread].coroutine.take()?;
        x.current = thread;
        Some((coroutine, x.threads[thread].name.clone()))
    });
    let (mut coroutine, name) = taken?;
    let has_ended = coroutine.resume(name.as_deref().unwrap_or("main"));
    with(|x| {
        match has_ended {
            true => x.stacks.take_back(coroutine),
            false => x.threads[thread].coroutine = Some(coroutine),
        }
        x.next_to_resume()
    })
}

impl Runner {
    /// Runs one execution, up to the end of all its threads.
    pub(crate) fn run(&self, scene: impl FnOnce() + 'static, which: Which) {
        self.takes_over();
        let mut next = with(|x| {
            x.begin(which);
            x.starts_first(scene);
            x.next_to_resume()
        });
        while let Some(thread) = next {
            next = resume(thread);
        }
        with(|x| {
            if x.is_abandoned {
                for thread in &mut *x.threads {
                    // What lies on the stack may be in use: nothing of it is dropped.
                    std::mem::forget(thread.coroutine.take());
                }
            } else {
                let mut threads = x.threads.iter();
                assert!(threads.all(|thread| thread.has_ended()), "all threads end");
            }
            if which != Which::Next {
                x.ends_again();
            } else if !x.search.has_repeated_all() {
                x.ends_early();
            }
        });
    }
}

impl Execution {
    fn next_to_resume(&self) -> Option<ThreadId> {
        if self.is_abandoned {
            return None;
        }
        let has_not_ended = |&thread: &ThreadId| !self.threads[thread].has_ended();
        match self.aborted {
            None => Some(self.running).filter(has_not_ended),
            Some(_) => {
                // In turn, since one may wait for another.
                let last = self.current;
                let lower = (0..last).rev().chain((last..self.threads.len()).rev());
                lower.into_iter().find(has_not_ended)
            }
        }
    }

    fn comes_to_point(&mut self, next: Next) -> Point {
        if self.aborted.is_some() {
            // A scene that catches that and goes on for ever gives no sign of life.
            return Point::Unwinds;
        }
        watch::beat();
        let me = self.current;
        self.threads[me].next = next;
        let begins_object = std::mem::take(&mut self.begins_object);
        if self.is_starting() {
            self.has_started();
        } else {
            // So far the transition has done nothing that others could notice. An object that
            // it has begun to use must be known before it does.
            let goes_on = !begins_object && self.search.is_fresh() && self.is_enabled(me);
            if !goes_on {
                self.hand_over();
                if self.aborted.is_some() {
                    return Point::Unwinds;
                }
            }
            if goes_on {
                self.threads[me].goes_on();
                return Point::GoesOn;
            }
            if self.running == me {
                return Point::GoesOn;
            }
        }
        match self.threads[me].suspend {
            Some(suspend) => Point::Suspends(suspend),
            None => Point::Unwinds,
        }
    }

    #[inline]
    fn is_enabled(&self, thread: ThreadId) -> bool {
        let t = &self.threads[thread];
        if t.held != Held::No && self.is_held(thread) {
            return false;
        }
        match t.next {
            Next::Runs | Next::Loads(..) => true,
            Next::Waits(wait) => {
                let state = &*self.objects[wait.object].state;
                t.timed_out || t.fate.is_some() || wait.what.is_over(state)
            }
            Next::Joins(other) | Next::Leaves(Some(other)) => self.threads[other].has_ended(),
            Next::Leaves(None) => self.threads.iter().skip(1).all(|t| t.has_ended()),
            Next::Never | Next::Ended => false,
        }
    }

    fn enabled(&self) -> Enabled {
        let mut enabled = Enabled::default();
        for thread in 0..self.threads.len() {
            if self.is_enabled(thread) {
                enabled.threads.insert(thread);
                if matches!(self.threads[thread].next, Next::Loads(..)) {
                    enabled.loads.insert(thread);
                }
            }
        }
        enabled
    }

    /// The running thread has come to the end of its transition.
    pub(super) fn hand_over(&mut self) {
        self.end_transition();
        if self.aborted.is_some() {
            return;
        }
        if self.search.transitions() > MAX_TRANSITIONS {
            return self.fail(Failure::Endless);
        }
        if self.is_redundant && self.settings.reduction.is_bounded() {
            return self.abort(Aborted::Redundant);
        }
        // On the way to where something new is done: what the others could do is known.
        if let Some(thread) = self.search.repeats_next()
            && self.is_enabled(thread)
        {
            self.search.takes_next(thread);
            return self.goes_on_with(thread);
        }
        let mut enabled = self.enabled();
        if enabled.threads.is_empty() {
            self.time_passes_or_fail();
            if self.aborted.is_some() {
                return;
            }
            enabled = self.enabled();
            // To go on with no thread would pass for having nothing new to find.
            assert!(
                !enabled.threads.is_empty(),
                "time enables the threads it wakes"
            );
        }
        let Self {
            search,
            threads,
            objects,
            sequential,
            trace,
            name,
            ..
        } = self;
        // A thread that has yielded goes behind all others, in the order of the yields.
        let current = self.current;
        let rank = |thread: ThreadId| match threads[thread].yielded {
            0 if thread == current => (0, 0),
            yielded => (yielded, thread + 1),
        };
        let options = |thread: ThreadId, add: &mut dyn FnMut(_)| {
            if let Next::Loads(atomic, ordering) = threads[thread].next {
                let thread = &threads[thread];
                options(objects, thread, sequential, (atomic, ordering), add);
            }
        };
        let place = || place(*name, threads, current, trace, enabled.threads);
        let next = search.next(enabled, rank, options, place);
        match next {
            Ok(Some(thread)) => self.goes_on_with(thread),
            Ok(None) => self.abort(Aborted::Redundant),
            Err(Differs) => {
                let thread = self.search.differs_in(enabled).unwrap_or(self.current);
                self.thread_differs(thread);
            }
        }
    }

    fn goes_on_with(&mut self, thread: ThreadId) {
        self.running = thread;
        let thread = &mut self.threads[thread];
        thread.goes_on();
        thread.transitions += 1;
        thread.yielded = 0;
        thread.has_left = false;
    }

    /// The thread that was started last has come to its first schedule point.
    pub(super) fn has_started(&mut self) {
        if let Some((_, parent)) = self.starting.pop() {
            self.running = parent;
        }
    }

    /// No thread is enabled: lets time pass for those that wait with a timeout. If
    /// there are none, it is the end.
    fn time_passes_or_fail(&mut self) {
        let is_timed = |&thread: &ThreadId| {
            let next = self.threads[thread].next;
            matches!(next, Next::Waits(Wait { timed: true, .. })) && !self.is_held(thread)
        };
        let timed: ThreadSet = (0..self.threads.len()).filter(is_timed).collect();
        for thread in timed.iter() {
            self.threads[thread].timed_out = true;
            self.threads[thread].held = Held::No;
        }
        self.search.after_all(timed);
        if timed.is_empty() && !self.loops_go_on() {
            self.fails_because_all_wait();
        }
    }

    fn fails_because_all_wait(&mut self) {
        let mut in_loops = false;
        let mut waits = Vec::new();
        for thread in self.in_order() {
            let waits_for = match self.threads[thread].next {
                Next::Never | Next::Ended | Next::Leaves(_) => continue,
                _ if self.threads[thread].held != Held::No => {
                    in_loops = true;
                    WaitsFor::Written(match self.threads[thread].gate {
                        Some(Gate::Written(list)) => list,
                        _ => self.objects_of_loop(thread),
                    })
                }
                Next::Waits(wait) => WaitsFor::Object(wait),
                Next::Joins(other) => WaitsFor::End(other),
                Next::Runs | Next::Loads(..) => continue,
            };
            let holders = match waits_for {
                WaitsFor::Object(Wait { object, what, .. }) => {
                    what.holders(&*self.objects[object].state)
                }
                _ => Vec::new(),
            };
            waits.push(BlockedThread {
                thread,
                waits: waits_for,
                holders,
            });
        }
        self.fail(Failure::Blocked { in_loops, waits });
    }

    /// The threads in the order of a story's columns.
    pub(crate) fn in_order(&self) -> Vec<ThreadId> {
        let mut order: Vec<ThreadId> = (0..self.threads.len()).collect();
        order.sort_by_key(|&thread| self.threads[thread].place);
        order
    }
}
