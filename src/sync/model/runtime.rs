//! The execution in progress: its threads, its objects, what has happened.

use super::clock::Clock;
use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{Location, PanicHookInfo, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::Ordering;

/// Where in the source.
pub(crate) type At = &'static Location<'static>;
/// A thread of the execution, by order of start.
pub(crate) type ThreadId = usize;
/// An object of the execution, by order of creation.
pub(crate) type ObjectId = usize;

/// How often spinning threads may go round when nobody else can run: some loops
/// give up after a number of rounds. One that does not is a livelock.
const MAX_ROUNDS: usize = 64;

/// An execution with more steps than this does not end, as far as we can tell.
const MAX_STEPS: usize = 4_000;

/// How the model plays.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settings {
    /// Loads may read older stores.
    pub(crate) c11: bool,
    /// Somebody tries locks, and so can see that one is held: then to let go of
    /// a lock is a point. If nobody does, nobody can tell what comes between the
    /// last step under the lock and its release, and to look there only repeats.
    pub(crate) locks_are_tried: bool,
}

/// One execution, and what an exploration keeps from one to the next.
#[derive(Default)]
pub(crate) struct Execution {
    pub(crate) settings: Settings,
    /// Traces that some execution has already gone through, whole or part.
    seen: HashSet<u128>,
    /// Every move of the execution before this one, to know where they part.
    previous_moves: Vec<u64>,

    number: u64,
    pub(crate) threads: Vec<Thread>,
    pub(crate) objects: Vec<Object>,
    pub(crate) events: Vec<Event>,
    pub(crate) failure: Option<Failure>,
    /// How many events there were when it failed, the decisive one included.
    pub(crate) failed_after: usize,
    pub(crate) stale_reads: usize,
    /// The sum of all steps' hashes: names the trace so far, whatever the order
    /// of independent steps.
    pub(crate) trace: u128,
    /// Whose code runs.
    current: ThreadId,
    /// Steps, and attempts at steps that had to wait.
    moves: Vec<u64>,
    /// Whether it has left the path it shares with the execution before.
    parted: bool,
    /// Repeats an earlier execution from here on.
    redundant: bool,
    torn_down: Option<TornDown>,
    /// Somebody tried a lock.
    pub(crate) tried_a_lock: bool,
    looks_while_unwinding: usize,
    /// Nobody can go on but threads that spin, and they find nothing new.
    standstill: Option<Standstill>,
    /// What `SeqCst` fences stop at: C11 only.
    fences: Option<Rc<Handle>>,
}

/// How things stood when nobody could go on any more but threads that spin.
#[derive(Debug, Clone, Copy)]
struct Standstill {
    /// How often the spinning threads have been let go round since.
    rounds: usize,
    events: usize,
    trace: u128,
}

/// Why an execution is given up before its threads have ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TornDown {
    /// It failed: see [`Execution::failure`].
    Failed,
    /// It only repeats another: a spinning thread read the same old value again.
    Stutters,
}

pub(crate) struct Thread {
    pub(crate) name: Option<String>,
    /// Its place among the columns of a story: the first thread plays the last
    /// of the actors.
    place: usize,
    handle: loom::thread::Thread,
    status: Status,
    pub(super) clock: Clock,
    /// What its release fences have published.
    pub(super) released: Clock,
    /// What its relaxed loads have read, for an acquire fence to take up.
    pub(super) unacquired: Clock,
    /// The same whatever the order in which threads start.
    key: u64,
    steps: u64,
    children: u64,
    /// What it has done since it last gave way, and between the two times before.
    turn: Turn,
    last_turn: Turn,
    /// How often it has given way without having done anything at all.
    idle: usize,
}

/// What a thread does between giving way and giving way again.
#[derive(Debug, Default, PartialEq, Eq)]
struct Turn {
    /// The objects it has read, and how often each had been written by then.
    looked_at: Vec<(ObjectId, u64)>,
    changed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Status {
    Ready,
    Blocked(Waiting),
    Ended,
}

/// What a blocked thread waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Waiting {
    Lock(ObjectId),
    Notified {
        condvar: ObjectId,
        timed: bool,
    },
    End(ThreadId),
    /// Nothing of the scene's: its own part is over, but not yet that of this
    /// thread, or (if `None`) of all others.
    OffStage(Option<ThreadId>),
    /// One of these is written (any object, if there are none).
    Written(Vec<ObjectId>),
}

pub(crate) struct Object {
    pub(crate) kind: &'static str,
    pub(crate) name: Option<&'static str>,
    /// What the column of shared state shows at the beginning.
    pub(crate) initially: Option<String>,
    key: u64,
    /// How often it was written.
    pub(super) writes: u64,
    pub(super) state: State,
}

impl Object {
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
        released: Clock,
    },
    Condvar {
        waiters: Vec<ThreadId>,
    },
    Atomic(super::atomic::History),
    Cell(super::cell::Accesses),
    Fence,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) thread: ThreadId,
    pub(crate) object: Option<ObjectId>,
    pub(crate) what: What,
    pub(crate) at: At,
    /// What the object shows from now on in the column of shared state.
    pub(crate) shows: Option<(ObjectId, String)>,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Lock,
    TryLock {
        locked: bool,
    },
    Unlock,
    /// Gives way in a loop until one of these is written (any, if there are none).
    Spins(Vec<ObjectId>),
    /// Lets go of that mutex and begins to wait.
    Wait {
        mutex: ObjectId,
    },
    Woken,
    TimedOut,
    NotifyOne {
        woken: Option<ThreadId>,
    },
    NotifyAll {
        woken: Vec<ThreadId>,
    },
    Atomic(super::atomic::Operation),
    Fence(std::sync::atomic::Ordering),
    Read,
    Write,
    Spawn(ThreadId),
    Join(ThreadId),
    /// Off stage: an actor's part begins, …
    Begins(ThreadId),
    /// … and is known to be over.
    Ends(ThreadId),
    Narration(String),
    Panic(Panicked),
}

/// A panic of the scene's own code.
#[derive(Debug, Clone, Default)]
pub(crate) struct Panicked {
    pub(crate) message: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

/// Who waits at the end, for what, and who holds it since where.
#[derive(Debug, Clone)]
pub(crate) struct Wait {
    pub(crate) thread: ThreadId,
    pub(crate) waiting: Waiting,
    pub(crate) holder: Option<(ThreadId, At)>,
}

/// How an execution failed.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// Nobody can go on.
    Stuck {
        spinning: bool,
        waits: Vec<Wait>,
    },
    DataRace(super::cell::Race),
    Panic {
        thread: ThreadId,
        panic: Panicked,
    },
    /// More steps than [`MAX_STEPS`].
    Endless,
    /// The scene did something that the model cannot follow.
    Misuse(&'static str),
}

/// The payload with which threads of a torn-down execution unwind.
struct TearDown;

thread_local! {
    static EXECUTION: RefCell<Option<Execution>> = const { RefCell::new(None) };
    static LAST_PANIC: RefCell<Panicked> = RefCell::default();
}

/// Does something with the execution in progress.
///
/// # Panics
/// Outside of an exploration.
pub(crate) fn with<R>(f: impl FnOnce(&mut Execution) -> R) -> R {
    EXECUTION.with_borrow_mut(|execution| {
        f(execution.as_mut().expect(
            "racecourse::sync was used outside of an exploration: in a build with `--cfg loom` \
             it works only inside `racecourse::explorer::explore`",
        ))
    })
}

/// Whether the thread unwinds: then nothing may switch, and loom is not called.
pub(super) fn unwinding() -> bool {
    std::thread::panicking()
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

/// Closes the stage.
pub(crate) fn close() {
    EXECUTION.set(None);
}

/// Begins an execution; the calling thread is its first.
pub(crate) fn begin() {
    let handle = loom::thread::current();
    with(|x| {
        let last = std::mem::take(x);
        *x = Execution {
            settings: last.settings,
            seen: last.seen,
            previous_moves: last.moves,
            number: last.number + 1,
            ..Execution::default()
        };
        x.threads
            .push(Thread::new(handle, None, 1, Clock::default()));
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
        let _ = catch_unwind(|| block(me, Waiting::OffStage(None)));
    }
    park_until(me, |x| x.others_have_ended());
    with(|x| x.torn_down)
}

/// Waits for a thread to end, even while the execution is given up, and without
/// unwinding.
pub(super) fn wait_for_end(thread: ThreadId) {
    let me = current();
    if !is_torn_down() {
        let waiting = Waiting::OffStage(Some(thread));
        let _ = catch_unwind(|| await_end(me, thread, waiting));
    }
    park_until(me, |x| x.threads[thread].status == Status::Ended);
    with(|x| x.note(me, None, What::Ends(thread), Location::caller()));
}

/// For an execution that is given up: nothing is waited for but ends.
fn park_until(me: ThreadId, done: impl Fn(&Execution) -> bool) {
    while !with(|x| done(x)) {
        loom::thread::park();
        with(|x| x.current = me);
    }
}

impl Thread {
    fn new(handle: loom::thread::Thread, name: Option<String>, key: u64, clock: Clock) -> Self {
        Self {
            name,
            place: 0,
            handle,
            status: Status::Ready,
            clock,
            released: Clock::default(),
            unacquired: Clock::default(),
            key,
            steps: 0,
            children: 0,
            turn: Turn::default(),
            last_turn: Turn::default(),
            idle: 0,
        }
    }
}

// -------------------------------------------------------------------- objects

/// An object of the model, as its owner holds it.
#[derive(Debug)]
pub(super) struct Handle {
    execution: u64,
    id: ObjectId,
    /// Nobody ever waits on it: to notify is a point where loom may switch, and
    /// conflicts with every other notification of it.
    point: loom::sync::Condvar,
    /// The same for an atomic's loads, one for each thread: loads of different
    /// threads do not conflict, and a store conflicts with all of them.
    loads: Vec<loom::sync::Condvar>,
}

impl Handle {
    pub(super) fn new(kind: &'static str, state: State) -> Self {
        let point = loom::sync::Condvar::new();
        with(|x| {
            let creator = &mut x.threads[x.current];
            creator.children += 1;
            let key = hash64((creator.key, creator.children, kind));
            x.objects.push(Object {
                kind,
                name: None,
                initially: None,
                key,
                writes: 0,
                state,
            });
            Self {
                execution: x.number,
                id: x.objects.len() - 1,
                point,
                loads: Vec::new(),
            }
        })
    }

    /// The same for an object that is also read.
    pub(super) fn new_with_loads(kind: &'static str, state: State) -> Self {
        let mut handle = Self::new(kind, state);
        let each = loom::sync::Condvar::new;
        handle.loads.resize_with(loom::MAX_THREADS, each);
        handle
    }

    pub(super) fn id(&self) -> ObjectId {
        self.id
    }

    pub(super) fn name(&self, name: &'static str) {
        with(|x| x.objects[self.id].name = Some(name));
    }

    pub(super) fn shows(&self, text: String) {
        with(|x| x.objects[self.id].initially = Some(text));
    }

    /// A point before a change of this object: any other thread may go first.
    pub(super) fn point(&self) -> ThreadId {
        let me = self.stop_at(&self.point);
        if !self.loads.is_empty() {
            quietly(|| self.loads.iter().for_each(loom::sync::Condvar::notify_one));
        }
        me
    }

    /// A point before a load of this object.
    pub(super) fn point_of_load(&self) -> ThreadId {
        self.stop_at(&self.loads[current()])
    }

    fn stop_at(&self, point: &loom::sync::Condvar) -> ThreadId {
        if with(|x| x.number != self.execution) {
            misuse(
                "an object was used in another execution than the one that made it: make it inside the scene",
            );
        }
        let me = current();
        point.notify_one();
        resumed(me);
        me
    }

    /// A point that is needed only where locks are tried.
    pub(super) fn point_if_tried(&self) -> ThreadId {
        if with(|x| x.settings.locks_are_tried) {
            self.point()
        } else {
            self.touches_too();
            current()
        }
    }

    /// Makes this step conflict with others on this object although its point
    /// was on another: one step, two objects.
    pub(super) fn touches_too(&self) {
        quietly(|| self.point.notify_one());
    }

    /// The same for a step that loads.
    pub(super) fn loads_too(&self) {
        quietly(|| self.loads[current()].notify_one());
    }
}

/// The point before a fence: `SeqCst` fences have an order among themselves.
pub(super) fn point_of_fence(ordering: Ordering) -> ThreadId {
    let fences = with(|x| x.fences.clone()).filter(|_| ordering == Ordering::SeqCst);
    let Some(fences) = fences else {
        return current();
    };
    let me = fences.point();
    with(|x| x.writes(me, fences.id, "fence"));
    me
}

/// Runs a loom operation that is a point itself: any other thread may go first.
pub(super) fn at_loom<R>(operation: impl FnOnce() -> R) -> R {
    let me = current();
    let result = operation();
    resumed(me);
    result
}

/// Runs a loom operation that is part of a step already decided upon: loom is
/// not to try another thread before it, but tries it before the step itself
/// where the two conflict.
pub(super) fn quietly<R>(operation: impl FnOnce() -> R) -> R {
    loom::stop_exploring();
    let result = operation();
    loom::explore();
    result
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

/// This thread runs again: says so, and unwinds if the execution is given up.
fn resumed(me: ThreadId) {
    let torn_down = with(|x| {
        x.current = me;
        x.torn_down.is_some()
    });
    if torn_down {
        unwind();
    }
}

/// Unwinds out of an execution that is given up.
pub(super) fn unwind() -> ! {
    resume_unwind(Box::new(TearDown))
}

/// Gives the execution up: all threads unwind, this one now.
pub(super) fn tear_down(how: TornDown) -> ! {
    with(|x| x.tear_down(how));
    unwind()
}

/// The scene does something that the model cannot follow.
fn misuse(what: &'static str) -> ! {
    with(|x| x.fail(Failure::Misuse(what)));
    unwind()
}

/// Whether a panic's payload is only that of an execution given up.
pub(crate) fn is_tear_down(payload: &(dyn std::any::Any + Send)) -> bool {
    payload.is::<TearDown>()
}

/// A thread that `body` will run on. What the child does happens after this.
pub(super) fn spawn(
    name: Option<String>,
    body: impl FnOnce() + 'static,
    at: Option<At>, // none for actors: who starts them is not on stage
) -> ThreadId {
    let id = with(|x| x.threads.len());
    if id == loom::MAX_THREADS {
        misuse("more threads than loom can follow: five, the scene's own among them");
    }
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
    with(|x| {
        let me = x.current;
        let parent = &mut x.threads[me];
        parent.children += 1;
        let key = hash64((parent.key, parent.children));
        let clock = parent.clock;
        parent.clock.tick(me);
        let mut child = Thread::new(handle.thread().clone(), name, key, clock);
        child.clock.tick(id);
        child.place = id;
        x.threads.push(child);
        match at {
            Some(at) => x.note(me, None, What::Spawn(id), at),
            None => x.note(me, None, What::Begins(id), Location::caller()),
        }
    });
    id
}

fn end(me: ThreadId) {
    if is_c11() {
        ends::publish(me);
    }
    with(|x| {
        x.threads[me].status = Status::Ended;
        x.wake(|waiting| match waiting {
            Waiting::End(thread) | Waiting::OffStage(Some(thread)) => *thread == me,
            _ => false,
        });
        if x.torn_down.is_some() {
            // Others may wait for this one to unwind.
            x.unpark_all();
            return;
        }
        if x.others_have_ended() {
            x.wake(|waiting| *waiting == Waiting::OffStage(None));
        }
        x.go_on_or_fail();
    });
}

/// Waits for another thread to end; what it did happens before.
pub(super) fn join(thread: ThreadId, at: At) {
    if unwinding() {
        return;
    }
    let me = current();
    await_end(me, thread, Waiting::End(thread));
    with(|x| x.note(me, None, What::Join(thread), at));
}

fn await_end(me: ThreadId, thread: ThreadId, waiting: Waiting) {
    if with(|x| x.threads[thread].status != Status::Ended) {
        block(me, waiting);
    }
    if is_c11() {
        ends::acquire(thread);
    }
    with(|x| {
        let theirs = x.threads[thread].clock;
        x.threads[me].clock.join(&theirs);
    });
}

/// loom's own join costs executions. The same happens-before edge for loom's
/// atomics comes from a `lazy_static`, which synchronises without a branch.
mod ends {
    macro_rules! ends {
        ($($thread:literal $name:ident),+) => {
            loom::lazy_static! { $(static ref $name: () = ();)+ }

            /// All that the thread did becomes visible to who joins it.
            pub(super) fn publish(thread: usize) {
                match thread {
                    $($thread => { let () = *$name; })+
                    _ => unreachable!("loom has no more threads"),
                }
            }
        };
    }
    ends!(0 FIRST, 1 SECOND, 2 THIRD, 3 FOURTH, 4 FIFTH);

    /// The joining side: reading what was initialised there synchronises.
    pub(super) use publish as acquire;
}

/// Blocks the thread until it is woken.
pub(super) fn block(me: ThreadId, waiting: Waiting) {
    let everybody = waiting == Waiting::OffStage(None);
    with(|x| {
        if !(everybody && x.others_have_ended()) {
            x.threads[me].status = Status::Blocked(waiting);
            x.go_on_or_fail();
        }
    });
    // A loom thread that is unparked while it runs does not park the next time:
    // only our own status says whether to go on.
    while with(|x| x.torn_down.is_none() && x.threads[me].status != Status::Ready) {
        loom::thread::park();
        with(|x| x.current = me);
    }
    resumed(me);
}

/// Gives way to others. A thread that comes here again, has seen just the same
/// since the last time and has changed nothing, is in a loop that waits: it blocks
/// until something it has looked at is written.
pub(super) fn give_way(at: At) {
    if unwinding() {
        looks_while_unwinding();
        return;
    }
    let me = current();
    let waiting = with(|x| {
        let turn = std::mem::take(&mut x.threads[me].turn);
        if turn == Turn::default() {
            // It looks at nothing: a delay, not a wait. Unless it never ends.
            x.threads[me].idle += 1;
            if x.threads[me].idle > MAX_STEPS {
                x.fail(Failure::Endless);
            }
            return None;
        }
        let news = |&(object, writes): &(ObjectId, u64)| x.objects[object].writes != writes;
        let waits =
            turn == x.threads[me].last_turn && !turn.changed && !turn.looked_at.iter().any(news);
        let mut objects: Vec<ObjectId> = turn.looked_at.iter().map(|&(id, _)| id).collect();
        objects.sort_unstable();
        objects.dedup();
        x.threads[me].idle = 0;
        x.threads[me].last_turn = turn;
        waits.then(|| {
            x.note(me, None, What::Spins(objects.clone()), at);
            Waiting::Written(objects)
        })
    });
    if is_torn_down() {
        unwind();
    }
    if let Some(waiting) = waiting {
        block(me, waiting);
    }
}

/// A destructor looks at something while its thread unwinds. Nobody else can run
/// before it has ended: if it waits for another thread, it waits for ever.
pub(super) fn looks_while_unwinding() {
    const PATIENCE: usize = 1_000_000;
    let looks = with(|x| {
        x.looks_while_unwinding += 1;
        x.looks_while_unwinding
    });
    if looks > PATIENCE {
        eprintln!(
            "error: a destructor waits for another thread while its own unwinds; the model cannot \
             run any other thread before it has ended"
        );
        std::process::exit(101);
    }
}

/// A thread that unwinds needs another to go on: the execution ends here. That it
/// panicked is what it came to.
pub(super) fn give_up_after_panic() {
    note_panic();
    with(|x| x.tear_down(TornDown::Failed));
}

#[track_caller]
pub(super) fn narrate(what: String) {
    if unwinding() {
        return;
    }
    let at = Location::caller();
    with(|x| x.note(x.current, None, What::Narration(what), at));
}

/// The panic hook's part while an exploration runs: prints nothing, remembers
/// what was said and where. Returns whether an exploration runs on this thread.
pub(crate) fn hears_panic(info: &PanicHookInfo<'_>) -> bool {
    let exploring = EXECUTION.with(|execution| {
        // A panic of the model itself may come while the execution is in use.
        execution
            .try_borrow()
            .map_or(true, |execution| execution.is_some())
    });
    if exploring {
        let location = info.location();
        LAST_PANIC.set(Panicked {
            message: info.payload_as_str().unwrap_or("(no message)").to_owned(),
            file: location.map_or_else(String::new, |at| at.file().to_owned()),
            line: location.map_or(0, Location::line),
        });
    }
    exploring
}

/// What the last panic said.
pub(crate) fn last_panic() -> String {
    LAST_PANIC.with_borrow(|panic| format!("{} at {}:{}", panic.message, panic.file, panic.line))
}

/// The scene's own code panicked in the running thread, just now.
pub(crate) fn note_panic() {
    let panic = LAST_PANIC.take();
    if panic.line == 0 {
        return; // a thread's panic, passed on by the one that waited for it
    }
    with(|x| {
        let thread = x.current;
        x.note(thread, None, What::Panic(panic.clone()), Location::caller());
        x.fails(Failure::Panic { thread, panic });
    });
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
            Waiting::End(_) | Waiting::OffStage(_) | Waiting::Written(_) => None,
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

    fn owner(&self, object: ObjectId) -> Option<(ThreadId, At)> {
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

    /// A step that reads the object: it commutes with other reads of it.
    /// `version`: how often the object had been written when what is read was.
    pub(super) fn reads(
        &mut self,
        me: ThreadId,
        object: ObjectId,
        kind: &'static str,
        version: u64,
    ) {
        self.threads[me].turn.looked_at.push((object, version));
        self.step(me, object, kind, version);
    }

    /// A step that changes the object: it commutes with no other access to it.
    pub(super) fn writes(&mut self, me: ThreadId, object: ObjectId, kind: &'static str) {
        self.updates(me, object, kind, 0);
    }

    /// The same for one that also reads it, as it was when it had been written
    /// `version` times.
    pub(super) fn updates(
        &mut self,
        me: ThreadId,
        object: ObjectId,
        kind: &'static str,
        version: u64,
    ) {
        self.step(me, object, kind, version);
        self.threads[me].turn.changed = true;
        self.standstill = None;
        self.objects[object].writes += 1;
        self.wake(|waiting| {
            matches!(waiting, Waiting::Written(objects) if objects.is_empty() || objects.contains(&object))
        });
    }

    fn step(&mut self, me: ThreadId, object: ObjectId, kind: &'static str, which: u64) {
        let thread = &mut self.threads[me];
        thread.steps += 1;
        thread.clock.tick(me);
        let object = &self.objects[object];
        let step = (
            thread.key,
            thread.steps,
            object.key,
            object.writes,
            kind,
            which,
        );
        // Two halves, so that a false match is out of the question.
        let hash = u128::from(hash64((0, step))) << 64 | u128::from(hash64((1, step)));
        self.trace = self.trace.wrapping_add(hash);
        self.moved(hash as u64);
        self.prune();
        if self.moves.len() > MAX_STEPS {
            self.fail(Failure::Endless);
        }
    }

    /// A move: a step, or an attempt at one that had to wait.
    pub(super) fn moved(&mut self, hash: u64) {
        self.parted |= self.previous_moves.get(self.moves.len()) != Some(&hash);
        self.moves.push(hash);
    }

    pub(super) fn number_of_moves(&self) -> usize {
        self.moves.len()
    }

    /// Once this execution has left the path it shares with the one before and
    /// stands where an earlier one has stood, all that could follow has been
    /// seen: it runs to its end, but loom opens nothing new in it.
    fn prune(&mut self) {
        if self.redundant || self.torn_down.is_some() {
            return;
        }
        self.redundant = !self.seen.insert(self.trace) && self.parted;
        if self.redundant {
            loom::skip_branch();
        }
    }

    fn can_go_on(&self) -> bool {
        self.threads.iter().any(|t| t.status == Status::Ready)
    }

    /// After a thread has blocked or ended: if nobody can go on, lets time pass
    /// for those who wait with a timeout; if there are none, it is the end.
    fn go_on_or_fail(&mut self) {
        if self.can_go_on() || self.threads.iter().all(|t| t.status == Status::Ended) {
            return;
        }
        self.wake(|waiting| matches!(waiting, Waiting::Notified { timed: true, .. }));
        if self.can_go_on() {
            return;
        }
        if self.spinners_go_round() {
            return;
        }
        let mut spinning = false;
        let mut waits = Vec::new();
        for id in self.in_order() {
            let Status::Blocked(waiting) = &self.threads[id].status else {
                continue;
            };
            spinning |= matches!(waiting, Waiting::Written(_));
            if !waiting.is_off_stage() {
                let holder = waiting.object().and_then(|object| self.owner(object));
                waits.push(Wait {
                    thread: id,
                    waiting: waiting.clone(),
                    holder,
                });
            }
        }
        self.fail(Failure::Stuck { spinning, waits });
    }

    /// Lets threads that spin go round once more, in case that they give up. If
    /// they have done so often enough, what happened since the standstill is
    /// forgotten: it is nothing.
    fn spinners_go_round(&mut self) -> bool {
        let spins = |thread: &Thread| matches!(thread.status, Status::Blocked(Waiting::Written(_)));
        if !self.threads.iter().any(spins) {
            return false;
        }
        let (events, trace) = (self.events.len(), self.trace);
        let standstill = self.standstill.get_or_insert(Standstill {
            rounds: 0,
            events,
            trace,
        });
        standstill.rounds += 1;
        if standstill.rounds > MAX_ROUNDS {
            let Standstill { events, trace, .. } = *standstill;
            self.events.truncate(events);
            self.trace = trace;
            return false;
        }
        self.wake(|waiting| matches!(waiting, Waiting::Written(_)));
        true
    }

    /// Wakes all threads that wait for such a thing.
    pub(super) fn wake(&mut self, such: impl Fn(&Waiting) -> bool) {
        for thread in &mut self.threads {
            if matches!(&thread.status, Status::Blocked(waiting) if such(waiting)) {
                thread.status = Status::Ready;
                thread.handle.unpark();
            }
        }
    }

    /// Wakes that thread.
    pub(super) fn wake_thread(&mut self, thread: ThreadId) {
        let thread = &mut self.threads[thread];
        if matches!(thread.status, Status::Blocked(_)) {
            thread.status = Status::Ready;
            thread.handle.unpark();
        }
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
        self.unpark_all();
    }

    /// Everybody looks again whether the execution is given up.
    fn unpark_all(&self) {
        for thread in &self.threads {
            if thread.status != Status::Ended {
                thread.handle.unpark();
            }
        }
    }

    fn others_have_ended(&self) -> bool {
        self.threads
            .iter()
            .skip(1)
            .all(|thread| thread.status == Status::Ended)
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

    /// The thread has read that store of an atomic although there is a newer one:
    /// whether it had done so in its last turn too, and only repeats it.
    pub(super) fn repeats(&self, me: ThreadId, object: ObjectId, store: usize) -> bool {
        let turn = &self.threads[me].last_turn;
        turn.looked_at.contains(&(object, store as u64))
    }
}

pub(super) fn hash64(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
