//! The execution in progress: its threads, who can go on, whose turn it is.

mod budget;
mod panics;
mod spin;

pub(super) use budget::{MayEnd, begins_to_wait, may_die};
pub(super) use panics::{
    give_up_after_panic, looks_while_unwinding, point_even_if_unwinding, step_while_unwinding,
    unwinding,
};
pub(crate) use panics::{hears_panic, last_panic, note_panic, scene_has_panicked};
pub(super) use spin::give_way;

use super::clock::Known;
use super::events::{Event, Failure, Panicked, Wait, What};
use super::objects::{Handle, Object, State};
use super::search::{Access, Differs, Ready, Search};
use crate::watch;
use budget::Fate;
use spin::{Looked, Round, Standstill};
use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{Location, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{self, Relaxed};

/// Where in the source.
pub(crate) type At = &'static Location<'static>;
/// A thread of the execution, by order of start.
pub(crate) type ThreadId = usize;
/// An object of the execution, by order of creation.
pub(crate) type ObjectId = usize;

/// An execution with more turns than this does not end, as far as we can tell.
const MAX_TURNS: usize = 4_000;

const NOT_DETERMINISTIC: &str = "the scene is not deterministic: run again in the same order, it did something else. \
     It may depend on a clock, on chance, on the order of a HashMap, on what an earlier \
     execution has left behind, or on which thread is the last to drop an Arc";

/// How the model plays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Loads may read older stores.
    pub(crate) c11: bool,
    /// Somebody tries locks, and so can see that one is held: then to let go of
    /// a lock is a point. If nobody does, nobody can tell what comes between the
    /// last step under the lock and its release, and to look there only repeats.
    pub(crate) locks_are_tried: bool,
    /// `notify_one` may wake any waiter, not only the one that has waited longest.
    pub(crate) any_waiter: bool,
    /// How many waits may end although nobody has notified them.
    pub(crate) spurious_wake_ups: usize,
    /// How many timed waits may time out although others can still run.
    pub(crate) early_timeouts: usize,
    /// How many processes may die.
    pub(crate) deaths: usize,
    /// A panic counts only if it ends the scene: who joins a thread handles its.
    pub(crate) panics_are_handled: bool,
    /// Threads take steps while they unwind. What else a turn touches then depends
    /// on what it has read: which other turns it would have raced with, had it read
    /// something else, no race can tell, and so all that is awake is tried.
    pub(crate) unwinding_is_watched: bool,
    /// All orders are run, also those in which only steps that have nothing to do
    /// with each other change places.
    pub(crate) all_orders: bool,
}

/// One execution, and what an exploration keeps from one to the next.
#[derive(Default)]
pub(crate) struct Execution {
    pub(crate) settings: Settings,
    pub(super) search: Search,

    pub(super) number: u64,
    pub(crate) threads: Vec<Thread>,
    pub(crate) objects: Vec<Object>,
    pub(crate) events: Vec<Event>,
    pub(crate) failure: Option<Failure>,
    /// How many events there were when it failed, the decisive one included.
    pub(crate) failed_after: usize,
    /// The sum of all steps' hashes: names the trace so far, whatever the order
    /// of independent steps.
    pub(crate) trace: u128,
    /// Whose code runs.
    current: ThreadId,
    /// Whose turn it is.
    turn_of: ThreadId,
    /// Threads that have just been started, and by whom: they run up to their
    /// first point before who started them goes on.
    starting: Vec<(ThreadId, ThreadId)>,
    torn_down: Option<TornDown>,
    /// Somebody was notified who was to wake by himself: the same as if he had not
    /// been. It is run to its end, since only there is it known what raced.
    repeats: bool,
    looks_while_unwinding: usize,
    /// Nobody can go on but threads that spin, and they find nothing new.
    standstill: Option<Standstill>,
    /// With what settings it should have been played.
    pub(crate) needs: Settings,
    /// What `SeqCst` operations have let each other know: C11 only.
    pub(super) sequential: Known,
    /// How many waits have been let end in either way so far.
    spurious_wake_ups: usize,
    early_timeouts: usize,
    /// How many processes have died.
    deaths: usize,
    /// What `SeqCst` fences stop at: C11 only.
    fences: Option<Rc<Handle>>,
}

/// Why an execution is given up before its threads have ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TornDown {
    /// It failed: see [`Execution::failure`].
    Failed,
    /// It only repeats others. (It may have ended all the same.)
    Repeats,
}

pub(crate) struct Thread {
    pub(crate) name: Option<String>,
    /// Its place among the columns of a story: the first thread plays the last
    /// of the actors.
    place: usize,
    handle: loom::thread::Thread,
    next: Next,
    /// It gives way in a loop, and does not go on before there is something new.
    spins_on: Option<Round>,
    pub(super) known: Known,
    /// What its release fences have published.
    pub(super) released: Known,
    /// What its relaxed loads have read, for an acquire fence to take up.
    pub(super) unacquired: Known,
    /// The time that it waits for has come.
    late: bool,
    /// What was decided when it began to wait.
    fate: Option<Fate>,
    /// The same whatever the order in which threads start.
    pub(super) key: u64,
    pub(super) steps: u64,
    pub(super) children: u64,
    /// Where it waits to be unparked.
    pub(super) parker: Option<ObjectId>,
    /// What it has done since it last gave way, and between the two times before.
    round: Round,
    last_round: Round,
    /// The last two were the same.
    is_loop: bool,
    /// How often it has given way without having done anything at all.
    idle: usize,
}

/// What a thread does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Whatever it is, it can be done at once.
    Goes,
    /// Reads one of the stores of that atomic: C11 only.
    Looks(ObjectId, Ordering),
    Waits(Waiting),
    Ended,
}

/// What a thread waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Waiting {
    Lock(ObjectId),
    Notified {
        condvar: ObjectId,
        mutex: ObjectId,
        timed: bool,
    },
    /// For itself to be unparked.
    Token {
        parker: ObjectId,
        timed: bool,
    },
    /// For a message, or for the last sender to go.
    Message {
        channel: ObjectId,
        timed: bool,
    },
    End(ThreadId),
    /// Nothing of the scene's: its own part is over, but not yet that of this
    /// thread, or (if `None`) of all others.
    OffStage(Option<ThreadId>),
    /// One of these is written (any object, if there are none).
    Written(Vec<ObjectId>),
}

/// The payload with which threads of a torn-down execution unwind.
struct TearDown;

/// Numbers all executions of the process, from 1.
static EXECUTIONS: AtomicU64 = AtomicU64::new(1);

thread_local! {
    static EXECUTION: RefCell<Option<Execution>> = const { RefCell::new(None) };
    static LAST_PANIC: RefCell<Panicked> = RefCell::default();
}

/// Does something with the execution in progress.
///
/// # Panics
/// Outside of an exploration.
pub(crate) fn with<R>(f: impl FnOnce(&mut Execution) -> R) -> R {
    with_any(f).expect(
        "racecourse::sync was used outside of an exploration: in a build with `--cfg loom` it \
         works only inside `racecourse::explorer::explore`, and on no thread of `std::thread`",
    )
}

/// The same, if there is one: while a thread unwinds nothing may panic.
pub(super) fn with_any<R>(f: impl FnOnce(&mut Execution) -> R) -> Option<R> {
    EXECUTION.with_borrow_mut(|execution| execution.as_mut().map(f))
}

// ---------------------------------------------------------------- a whole run

/// Opens the stage for an exploration on this thread of the operating system.
///
/// # Panics
/// Inside a scene.
pub(crate) fn open(settings: Settings) {
    assert!(
        EXECUTION.with_borrow(Option::is_none),
        "a scene cannot be explored inside another"
    );
    EXECUTION.set(Some(Execution {
        settings,
        ..Execution::default()
    }));
}

/// Closes the stage. `broken`: after a panic of the model's own, when loom is gone
/// and its threads' handles cannot be dropped.
pub(crate) fn close(broken: bool) {
    let execution = EXECUTION.take();
    if broken {
        std::mem::forget(execution);
    }
}

/// Begins an execution; the calling thread is its first.
pub(crate) fn begin() {
    let handle = loom::thread::current();
    with(|x| {
        let mut search = std::mem::take(&mut x.search);
        search.begin(x.settings.all_orders, x.settings.unwinding_is_watched);
        *x = Execution {
            settings: x.settings,
            needs: x.settings,
            search,
            number: EXECUTIONS.fetch_add(1, Relaxed),
            ..Execution::default()
        };
        x.threads
            .push(Thread::new(handle, None, 1, Known::default()));
        x.hand_over();
    });
    if is_c11() {
        let fences = Rc::new(Handle::new("fence", State::Fence));
        with(|x| x.fences = Some(fences));
    }
}

/// Waits for all threads of the execution to end, after the first has returned
/// (or unwound). Returns how it was torn down, if it was.
pub(crate) fn finish() -> Option<TornDown> {
    let me = current();
    if !is_torn_down() {
        // If those that are left deadlock, this unwinds.
        let _ = catch_unwind(|| wait(me, Waiting::OffStage(None)));
    }
    park_until(me, |x| x.others_have_ended());
    with(|x| {
        if x.torn_down.is_none()
            && let Err(Differs) = x.search.end_turn()
        {
            x.fail(Failure::Misuse(NOT_DETERMINISTIC));
        }
        match x.failure {
            Some(Failure::Misuse(_) | Failure::Endless) => x.torn_down,
            _ if x.repeats => Some(TornDown::Repeats),
            _ => x.torn_down,
        }
    })
}

/// Whether there is another execution to run.
pub(crate) fn advance() -> bool {
    with(|x| x.search.advance())
}

/// Waits for a thread to end, even while the execution is given up, and without
/// unwinding.
pub(super) fn wait_for_end(thread: ThreadId) {
    let me = current();
    if !is_torn_down() {
        let waiting = Waiting::OffStage(Some(thread));
        let _ = catch_unwind(|| await_end(me, thread, waiting));
    }
    park_until(me, |x| x.threads[thread].next == Next::Ended);
    with(|x| x.note(me, None, What::Ends(thread), Location::caller()));
}

/// For an execution that is given up: nothing is waited for but ends.
fn park_until(me: ThreadId, done: impl Fn(&Execution) -> bool) {
    while !with(|x| done(x)) {
        loom::thread::park();
    }
    with(|x| x.current = me);
}

impl Thread {
    fn new(handle: loom::thread::Thread, name: Option<String>, key: u64, known: Known) -> Self {
        Self {
            name,
            place: 0,
            handle,
            next: Next::Goes,
            spins_on: None,
            known,
            released: Known::default(),
            unacquired: Known::default(),
            late: false,
            fate: None,
            key,
            steps: 0,
            children: 0,
            parker: None,
            round: Round::default(),
            last_round: Round::default(),
            is_loop: false,
            idle: 0,
        }
    }
}

// --------------------------------------------------------------------- points

/// A point: what the thread does next others can notice, so any of them may go
/// first. A thread that waits goes on when it need not wait any more.
pub(super) fn point(next: Next) -> ThreadId {
    let (me, at) = with(|x| (x.current, x.events.last().map(|event| event.at)));
    if is_torn_down() {
        // Who catches that and goes on for ever gives no sign of life any more.
        unwind();
    }
    watch::beat(at);
    let goes_on = with(|x| {
        x.threads[me].next = next;
        if x.starting.last().is_some_and(|&(thread, _)| thread == me) {
            x.has_started();
            return false;
        }
        // So far the turn is nobody else's business.
        let goes_on = x.search.is_fresh() && x.can_go_on(me);
        if !goes_on {
            x.hand_over();
        }
        goes_on
    });
    if !goes_on {
        wait_for_turn(me);
    }
    with(|x| {
        let thread = &mut x.threads[me];
        thread.next = Next::Goes;
        thread.spins_on = None;
    });
    me
}

/// Waits until it need not wait any more and it is its turn.
pub(super) fn wait(me: ThreadId, waiting: Waiting) {
    debug_assert_eq!(me, current());
    point(Next::Waits(waiting));
}

/// The point before a fence: `SeqCst` fences have an order among themselves.
pub(super) fn point_of_fence(ordering: Ordering) -> ThreadId {
    let fences = with(|x| x.fences.clone()).filter(|_| ordering == Ordering::SeqCst);
    let Some(fences) = fences else {
        return current();
    };
    let me = point(Next::Goes);
    with(|x| x.writes(me, fences.id(), "fence"));
    me
}

fn wait_for_turn(me: ThreadId) {
    // A loom thread that is unparked while it runs does not park the next time:
    // only we know whose turn it is.
    while with(|x| x.torn_down.is_none() && x.turn_of != me) {
        loom::thread::park();
    }
    with(|x| x.current = me);
    if is_torn_down() {
        unwind();
    }
}

// -------------------------------------------------------------------- threads

pub(super) fn current() -> ThreadId {
    with(|x| x.current)
}

/// Whether the execution has been given up.
pub(super) fn is_torn_down() -> bool {
    with(|x| x.torn_down.is_some())
}

/// Whether loads may read older stores.
pub(super) fn is_c11() -> bool {
    with(|x| x.settings.c11)
}

/// Unwinds out of an execution that is given up.
pub(super) fn unwind() -> ! {
    resume_unwind(Box::new(TearDown))
}

/// The scene does something that the model cannot follow.
pub(super) fn misuse(what: &'static str) -> ! {
    with(|x| x.fail(Failure::Misuse(what)));
    unwind()
}

/// An object or a thread belongs to one execution.
pub(super) fn must_be_of_this_execution(number: u64) {
    if with(|x| x.number != number) {
        misuse(
            "an object was used in another execution than the one that made it: make it inside the scene",
        );
    }
}

/// What the search has chosen; a scene that does something else than it did when
/// all was the same cannot be explored.
pub(super) fn chosen<T>(choice: Result<T, Differs>) -> T {
    choice.unwrap_or_else(|Differs| misuse(NOT_DETERMINISTIC))
}

/// Whether a panic's payload is only that of an execution given up.
pub(crate) fn is_tear_down(payload: &(dyn std::any::Any + Send)) -> bool {
    payload.is::<TearDown>()
}

/// So many threads more can be started.
pub(super) fn must_have_room_for(more: usize) {
    if with(|x| x.threads.len() + more > loom::MAX_THREADS) {
        misuse("more threads than loom can follow: five, the scene's own among them");
    }
}

/// A thread that `body` will run on. What the child does happens after this. It
/// runs up to its first point at once: until then nobody can notice anything.
pub(super) fn spawn(
    name: Option<String>,
    body: impl FnOnce() + 'static,
    at: Option<At>, // none for actors: who starts them is not on stage
) -> ThreadId {
    if unwinding() {
        // Nobody else can run now: it runs to its end, as part of this step.
        body();
        return current();
    }
    must_have_room_for(1);
    let id = with(|x| x.threads.len());
    let handle = loom::thread::spawn(move || {
        let gone = with(|x| {
            x.current = id;
            x.torn_down.is_some()
        });
        if !gone {
            body();
        }
        end(id);
    });
    let me = with(|x| {
        let me = x.current;
        let parent = &mut x.threads[me];
        parent.children += 1;
        let key = hash64((parent.key, parent.children));
        let known = parent.known.clone();
        parent.known.clock.tick(me);
        let mut child = Thread::new(handle.thread().clone(), name, key, known);
        child.known.clock.tick(id);
        child.place = id;
        x.threads.push(child);
        x.search.lets_go_on(id);
        x.starting.push((id, me));
        match at {
            Some(at) => x.note(me, None, What::Spawn(id), at),
            None => x.note(me, None, What::Begins(id), Location::caller()),
        }
        me
    });
    while with(|x| x.torn_down.is_none() && x.starting.iter().any(|&(thread, _)| thread == id)) {
        loom::thread::park();
    }
    with(|x| x.current = me);
    id
}

fn end(me: ThreadId) {
    with(|x| {
        x.threads[me].next = Next::Ended;
        if x.torn_down.is_some() {
            // Others may wait for this one to unwind.
            x.unpark_all();
        } else if x.starting.last().is_some_and(|&(thread, _)| thread == me) {
            x.has_started();
        } else {
            x.hand_over();
        }
    });
}

/// Waits for another thread to end; what it did happens before.
pub(super) fn join(thread: ThreadId, at: At) {
    let me = current();
    if thread == me {
        return; // it was started while this one unwound, and ran to its end at once
    }
    if unwinding() {
        if with(|x| x.torn_down.is_none() && x.threads[thread].next != Next::Ended) {
            give_up_after_panic();
        }
        return;
    }
    await_end(me, thread, Waiting::End(thread));
    with(|x| x.note(me, None, What::Join(thread), at));
}

fn await_end(me: ThreadId, thread: ThreadId, waiting: Waiting) {
    wait(me, waiting);
    with(|x| {
        let theirs = x.threads[thread].known.clone();
        x.threads[me].known.join(&theirs);
        x.search.joins(me, thread);
    });
}

#[track_caller]
pub(super) fn narrate(what: String) {
    if unwinding() {
        return;
    }
    let at = Location::caller();
    with(|x| x.note(x.current, None, What::Narration(what), at));
}

impl Waiting {
    fn is_off_stage(&self) -> bool {
        matches!(self, Waiting::OffStage(_))
    }

    fn object(&self) -> Option<ObjectId> {
        match self {
            Waiting::Lock(object)
            | Waiting::Notified {
                condvar: object, ..
            } => Some(*object),
            Waiting::Token { .. }
            | Waiting::Message { .. }
            | Waiting::End(_)
            | Waiting::OffStage(_)
            | Waiting::Written(_) => None,
        }
    }
}

impl Execution {
    /// The thread's next actions are those of somebody who comes on stage, not
    /// of a thread that was running before.
    pub(super) fn enters(&mut self, name: String) {
        let me = self.current;
        self.threads[me].name = Some(name);
        self.threads[me].place = self.threads.len();
    }

    pub(super) fn owner(&self, object: ObjectId) -> Option<(ThreadId, At)> {
        match self.objects[object].state {
            State::Mutex { owner, .. } => owner,
            _ => None,
        }
    }

    /// Notes something that happened.
    pub(super) fn note(&mut self, thread: ThreadId, object: Option<ObjectId>, what: What, at: At) {
        self.events.push(Event {
            thread,
            object,
            what,
            at,
            shows: None,
        });
    }

    /// What the last event leaves the object showing.
    pub(super) fn shows(&mut self, object: ObjectId, text: Option<String>) {
        if let (Some(event), Some(text)) = (self.events.last_mut(), text) {
            event.shows = Some((object, text));
        }
    }

    // ---------------------------------------------------------------- steps

    /// A step that reads the object: it commutes with other reads of it.
    /// `version`: how often the object had been written when what is read was.
    pub(super) fn reads(
        &mut self,
        me: ThreadId,
        object: ObjectId,
        kind: &'static str,
        version: u64,
    ) {
        self.looks_at(me, object, version);
        let writes = self.objects[object].writes;
        self.step(me, object, Access::Read, (writes, kind, version));
    }

    /// The same for a load that could have read another store.
    pub(super) fn looks(&mut self, me: ThreadId, object: ObjectId, version: u64, access: Access) {
        self.looks_at(me, object, version);
        let Access::Look(store, _) = access else {
            unreachable!("it looks");
        };
        self.step(me, object, access, (store, "load", 0));
    }

    /// A step that changes the object: it commutes with no other access to it.
    pub(super) fn writes(&mut self, me: ThreadId, object: ObjectId, kind: &'static str) {
        self.updates(me, object, Access::Change, kind, 0);
    }

    /// The same for one that also reads it, as it was when it had been written
    /// `version` times.
    pub(super) fn updates(
        &mut self,
        me: ThreadId,
        object: ObjectId,
        access: Access,
        kind: &'static str,
        version: u64,
    ) {
        self.rewrites(me, object, access, kind, version);
        self.has_changed(me);
    }

    fn rewrites(
        &mut self,
        me: ThreadId,
        object: ObjectId,
        access: Access,
        kind: &'static str,
        version: u64,
    ) {
        let writes = self.objects[object].writes;
        self.step(me, object, access, (writes, kind, version));
        self.objects[object].writes += 1;
    }

    /// The thread takes the lock, and looks at what it protects.
    pub(super) fn locks(&mut self, me: ThreadId, mutex: ObjectId, access: Access) {
        let writes = self.objects[mutex].writes;
        self.step(me, mutex, access, (writes, "lock", 0));
        self.objects[mutex].writes += 1;
        let version = self.changes_inside(mutex);
        self.threads[me]
            .round
            .looks_at(Looked::Inside(mutex), version);
    }

    /// The thread lets go of the lock; `changed`: what it protects.
    pub(super) fn unlocks(&mut self, me: ThreadId, mutex: ObjectId, changed: bool) {
        let writes = self.objects[mutex].writes;
        self.step(me, mutex, Access::Change, (writes, "unlock", 0));
        self.objects[mutex].writes += 1;
        if changed {
            if let State::Mutex { changes, .. } = &mut self.objects[mutex].state {
                *changes += 1;
            }
            self.has_changed(me);
        }
    }

    fn step(
        &mut self,
        me: ThreadId,
        object: ObjectId,
        access: Access,
        how: (u64, &'static str, u64),
    ) {
        self.counts_step(me);
        self.touches(me, self.objects[object].key, access, how);
    }

    pub(super) fn counts_step(&mut self, me: ThreadId) {
        let thread = &mut self.threads[me];
        thread.steps += 1;
        thread.known.clock.tick(me);
    }

    /// The present step touches that as well.
    pub(super) fn touches(
        &mut self,
        me: ThreadId,
        object: u64,
        access: Access,
        how: (u64, &'static str, u64),
    ) {
        if self.torn_down.is_some() {
            return;
        }
        let thread = &self.threads[me];
        let step = (thread.key, thread.steps, object, how);
        // Two halves, so that a false match is out of the question.
        let hash = u128::from(hash64((0, step))) << 64 | u128::from(hash64((1, step)));
        self.trace = self.trace.wrapping_add(hash);
        if let Err(Differs) = self.search.touch(object, access) {
            self.fail(Failure::Misuse(NOT_DETERMINISTIC));
        }
    }

    // ----------------------------------------------------------- whose turn

    fn can_go_on(&self, thread: ThreadId) -> bool {
        let thread = &self.threads[thread];
        if let Some(round) = &thread.spins_on
            && !self.has_news(round)
        {
            return false;
        }
        match &thread.next {
            Next::Goes | Next::Looks(..) => true,
            Next::Waits(Waiting::Lock(mutex)) => self.owner(*mutex).is_none(),
            Next::Waits(Waiting::Notified { .. }) => thread.late || thread.fate.is_some(),
            Next::Waits(Waiting::Token { parker, .. }) => {
                thread.late || thread.fate.is_some() || self.has_token(*parker)
            }
            Next::Waits(Waiting::Message { channel, .. }) => {
                thread.late || thread.fate.is_some() || self.lets_receive(*channel)
            }
            Next::Waits(Waiting::End(other) | Waiting::OffStage(Some(other))) => {
                self.threads[*other].next == Next::Ended
            }
            Next::Waits(Waiting::OffStage(None)) => self.others_have_ended(),
            Next::Waits(Waiting::Written(_)) => unreachable!("that is `spins_on`"),
            Next::Ended => false,
        }
    }

    fn ready(&mut self) -> Vec<Ready> {
        let mut ready = Vec::new();
        for thread in 0..self.threads.len() {
            if self.can_go_on(thread) {
                let may_read = match self.threads[thread].next {
                    Next::Looks(atomic, ordering) => Some(self.may_read(thread, atomic, ordering)),
                    _ => None,
                };
                ready.push(Ready { thread, may_read });
            }
        }
        ready
    }

    /// The running thread has come to the end of its turn.
    fn hand_over(&mut self) {
        if let Err(Differs) = self.search.end_turn() {
            return self.fail(Failure::Misuse(NOT_DETERMINISTIC));
        }
        if self.search.turns() > MAX_TURNS {
            return self.fail(Failure::Endless);
        }
        let mut ready = self.ready();
        if ready.is_empty() {
            if self.threads.iter().all(|t| t.next == Next::Ended) {
                return;
            }
            self.go_on_or_fail();
            if self.torn_down.is_some() {
                return;
            }
            ready = self.ready();
            // To go on with nobody would pass for having nothing new to find.
            assert!(!ready.is_empty(), "whom time lets go on can go on");
        }
        match self.search.next(ready, self.current) {
            Ok(Some(thread)) => {
                self.turn_of = thread;
                if thread != self.current {
                    self.threads[thread].handle.unpark();
                }
            }
            Ok(None) => self.tear_down(TornDown::Repeats),
            Err(Differs) => self.fail(Failure::Misuse(NOT_DETERMINISTIC)),
        }
    }

    /// The thread that was started last has come to its first point.
    fn has_started(&mut self) {
        if let Some((_, parent)) = self.starting.pop() {
            self.threads[parent].handle.unpark();
        }
    }

    /// Nobody can go on: lets time pass for those who wait with a timeout; if
    /// there are none, it is the end.
    fn go_on_or_fail(&mut self) {
        let timed = |thread: &Thread| {
            matches!(
                &thread.next,
                Next::Waits(
                    Waiting::Notified { timed: true, .. }
                        | Waiting::Token { timed: true, .. }
                        | Waiting::Message { timed: true, .. }
                )
            )
        };
        let go = |thread: &mut Thread| {
            thread.late = true;
            thread.spins_on = None;
        };
        if self.let_go(timed, go) || self.spinners_go_round() {
            return;
        }
        let mut spinning = false;
        let mut waits = Vec::new();
        for id in self.in_order() {
            let thread = &self.threads[id];
            let waiting = match (&thread.next, &thread.spins_on) {
                (Next::Ended, _) => continue,
                (_, Some(round)) => Waiting::Written(round.objects()),
                (Next::Waits(waiting), None) => waiting.clone(),
                (Next::Goes | Next::Looks(..), None) => continue,
            };
            spinning |= matches!(waiting, Waiting::Written(_));
            if !waiting.is_off_stage() {
                let holder = waiting.object().and_then(|object| self.owner(object));
                waits.push(Wait {
                    thread: id,
                    waiting,
                    holder,
                });
            }
        }
        self.fail(Failure::Stuck { spinning, waits });
    }

    /// Lets such threads go on, now that nobody else can. Whether there are any.
    fn let_go(&mut self, such: impl Fn(&Thread) -> bool, go: impl Fn(&mut Thread)) -> bool {
        let all: Vec<ThreadId> = (0..self.threads.len())
            .filter(|&thread| such(&self.threads[thread]))
            .collect();
        for &thread in &all {
            go(&mut self.threads[thread]);
        }
        self.search.after_all(all.iter().copied());
        !all.is_empty()
    }

    /// It failed; what happens from now on changes nothing.
    pub(super) fn fails(&mut self, failure: Failure) {
        if self.failure.is_none() {
            self.failure = Some(failure);
            self.failed_after = self.events.len();
        }
    }

    /// It failed, and nobody can sensibly go on.
    fn fail(&mut self, failure: Failure) {
        self.fails(failure);
        self.tear_down(TornDown::Failed);
    }

    fn tear_down(&mut self, how: TornDown) {
        self.torn_down.get_or_insert(how);
        for (id, thread) in self.threads.iter().enumerate() {
            if let Next::Waits(Waiting::Lock(mutex)) = thread.next {
                self.search.waits_for_ever(id, self.objects[mutex].key);
            }
        }
        self.unpark_all();
    }

    /// Everybody looks again whether the execution is given up.
    fn unpark_all(&self) {
        for thread in &self.threads {
            if thread.next != Next::Ended {
                thread.handle.unpark();
            }
        }
    }

    fn others_have_ended(&self) -> bool {
        self.threads
            .iter()
            .skip(1)
            .all(|thread| thread.next == Next::Ended)
    }

    /// The threads in the order of a story's columns.
    pub(crate) fn in_order(&self) -> Vec<ThreadId> {
        let mut order: Vec<ThreadId> = (0..self.threads.len()).collect();
        order.sort_by_key(|&id| self.threads[id].place);
        order
    }

    pub(super) fn current(&self) -> ThreadId {
        self.current
    }

    pub(super) fn is_c11(&self) -> bool {
        self.settings.c11
    }

    /// What `SeqCst` fences touch.
    pub(super) fn fences(&self) -> Option<ObjectId> {
        self.fences.as_ref().map(|fences| fences.id())
    }
}

pub(super) fn hash64(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
