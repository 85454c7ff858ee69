//! The execution in progress: its threads, its objects, what has happened.

use super::clock::Clock;
use std::cell::RefCell;
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
const MAX_ROUNDS: usize = 4;

/// An execution with more steps than this does not end, as far as we can tell.
const MAX_STEPS: usize = 4_000;

/// Moves, beside threads and steps: whether a turn sleeps is decided once.
const ASLEEP: u64 = u64::MAX;
const AWAKE: u64 = u64::MAX - 1;

/// How the model plays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Loads may read older stores.
    pub(crate) c11: bool,
    /// Somebody tries locks, and so can see that one is held: then to let go of
    /// a lock is a point. If nobody does, nobody can tell what comes between the
    /// last step under the lock and its release, and to look there only repeats.
    pub(crate) locks_are_tried: bool,
    /// Threads take their turns even if those only repeat what has been seen: a
    /// turn in which loom chooses more than once may be left half-way for another,
    /// and what follows that one is then not all that could follow it.
    pub(crate) nobody_sleeps: bool,
}

/// One execution, and what an exploration keeps from one to the next.
#[derive(Default)]
pub(crate) struct Execution {
    pub(crate) settings: Settings,
    /// Every move of the execution before this one, to know where they part.
    previous_moves: Vec<u64>,
    /// This execution's turns and, until they part, those of the one before.
    turns: Vec<Turn>,

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
    /// Whatever loom has decided, in its order: who runs, what is read.
    moves: Vec<u64>,
    /// Whether it has left the path it shares with the execution before.
    parted: bool,
    steps: usize,
    /// How many turns have begun.
    turn: usize,
    /// The next step begins a turn.
    turn_is_over: bool,
    /// Turns that have been taken from here, or from where everything since has
    /// nothing to do with them, and all that can follow them seen.
    asleep: Vec<Taken>,
    torn_down: Option<TornDown>,
    looks_while_unwinding: usize,
    /// Nobody can go on but threads that spin, and they find nothing new.
    standstill: Option<Standstill>,
    /// With what settings it should have been played.
    pub(crate) needs: Settings,
    /// What `SeqCst` fences stop at: C11 only.
    fences: Option<Rc<Handle>>,
    /// The objects', by their ids.
    points: Vec<Rc<Point>>,
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
    /// It only repeats others: a spinning thread read the same old value again, or
    /// whatever could be done has been done before.
    Repeats,
}

/// What a thread does from one point to the next.
#[derive(Default)]
struct Turn {
    taken: Taken,
    /// What other threads did here in earlier executions; all that can follow
    /// has been seen.
    before: Vec<Taken>,
}

#[derive(Clone, Default)]
struct Taken {
    /// By its key; nobody's is 0.
    thread: u64,
    /// The objects by their keys, and whether it changed them.
    touched: Vec<(u64, bool)>,
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
    /// The time that it waits for has come.
    late: bool,
    /// The same whatever the order in which threads start.
    key: u64,
    steps: u64,
    children: u64,
    /// What it has done since it last gave way, and between the two times before.
    round: Round,
    last_round: Round,
    /// How often it has given way without having done anything at all.
    idle: usize,
}

/// What a thread does between giving way and giving way again.
#[derive(Debug, Default, PartialEq, Eq)]
struct Round {
    /// The objects it has read, and how often each had been written by then.
    looked_at: Vec<(ObjectId, u64)>,
    changed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Status {
    Ready,
    Blocked(Waiting),
    /// Its next turn would only repeat what has been seen.
    Asleep,
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
    // After a panic of the model's own, loom is gone and its objects cannot be
    // dropped.
    std::mem::forget(EXECUTION.take());
}

/// Begins an execution; the calling thread is its first.
pub(crate) fn begin() {
    let handle = loom::thread::current();
    with(|x| {
        let last = std::mem::take(x);
        *x = Execution {
            settings: last.settings,
            needs: last.settings,
            previous_moves: last.moves,
            turns: last.turns,
            turn_is_over: true,
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
    let points = with(|x| std::mem::take(&mut x.points));
    quietly(|| drop(points));
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
        with(|x| x.runs(me));
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
            late: false,
            key,
            steps: 0,
            children: 0,
            round: Round::default(),
            last_round: Round::default(),
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
}

/// Through which loom knows of an object. To count an `Arc`'s references conflicts
/// with what was last asked of it mutably, and with nothing else: so a thread may
/// come to an object without its having been there, should it turn out that it
/// cannot take its step or is not to. To ask mutably is the step. Nothing of it
/// synchronises before the last reference goes.
pub(super) struct Point {
    comes: loom::sync::Arc<()>,
    touches: RefCell<loom::sync::Arc<()>>,
    /// Of an object that is loaded: a point for the loads of each thread. Loads of
    /// different threads do not conflict; a change conflicts with all of them.
    loads: Vec<Point>,
}

impl Point {
    fn new(loads: usize) -> Self {
        let comes = loom::sync::Arc::new(());
        let touches = RefCell::new(quietly(|| comes.clone()));
        let loads = (0..loads).map(|_| Self::new(0)).collect();
        Self {
            comes,
            touches,
            loads,
        }
    }

    fn touch(&self) {
        // Whether it is the only reference is nobody's business: to ask is to touch.
        let _ = loom::sync::Arc::get_mut(&mut self.touches.borrow_mut());
        self.loads.iter().for_each(Self::touch);
    }
}

impl Handle {
    pub(super) fn new(kind: &'static str, state: State) -> Self {
        // Only atomics are loaded.
        let loads = match state {
            State::Atomic(_) => loom::MAX_THREADS,
            _ => 0,
        };
        let point = Rc::new(Point::new(loads));
        with(|x| {
            x.points.push(point);
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
            }
        })
    }

    pub(super) fn id(&self) -> ObjectId {
        self.id
    }

    /// The same, for who has not been at a point on this object.
    pub(super) fn checked_id(&self) -> ObjectId {
        if with(|x| x.number != self.execution) {
            misuse(
                "an object was used in another execution than the one that made it: make it inside the scene",
            );
        }
        self.id
    }

    pub(super) fn name(&self, name: &'static str) {
        with(|x| x.objects[self.id].name = Some(name));
    }

    pub(super) fn shows(&self, text: String) {
        with(|x| x.objects[self.id].initially = Some(text));
    }

    /// A point on this object: any other thread may go first. What the thread does
    /// next touches the object.
    pub(super) fn point(&self) -> ThreadId {
        let me = self.comes();
        self.touches();
        me
    }

    /// A point before a load of this object.
    pub(super) fn point_of_load(&self) -> ThreadId {
        let me = self.comes_to(|point| &point.loads[current()]);
        self.loads();
        me
    }

    /// A point on this object, should the thread then be able to do what it wants.
    pub(super) fn comes(&self) -> ThreadId {
        self.comes_to(|point| point)
    }

    fn comes_to(&self, which: impl Fn(&Point) -> &Point) -> ThreadId {
        let id = self.checked_id();
        let point = with(|x| x.points[id].clone());
        let me = current();
        loop {
            loom::sync::Arc::strong_count(&which(&point).comes);
            resumed(me);
            if !with(|x| x.sleeps(me)) {
                return me;
            }
            fall_asleep(me);
        }
    }

    /// What the thread does after its point touches this object (too).
    pub(super) fn touches(&self) {
        let point = with(|x| x.points[self.id].clone());
        quietly(|| point.touch());
    }

    /// What the thread does after its point loads this object.
    pub(super) fn loads(&self) {
        let point = with(|x| x.points[self.id].clone());
        quietly(|| point.loads[current()].touch());
    }

    /// A point that is needed only where locks are tried, or where nothing else
    /// would begin the turn.
    pub(super) fn point_if_tried(&self) -> ThreadId {
        if with(|x| x.settings.locks_are_tried || x.turn_is_over) {
            self.comes()
        } else {
            current()
        }
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
    if with(|x| x.sleeps(me)) {
        fall_asleep(me);
    }
    result
}

fn fall_asleep(me: ThreadId) {
    if is_c11() {
        tear_down(TornDown::Repeats);
    }
    halt(me, Status::Asleep);
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
        x.runs(me);
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

/// No thread may sleep. If one may have, all begins again.
pub(super) fn must_not_sleep() {
    with(|x| x.needs.nobody_sleeps = true);
    if with(|x| x.settings != x.needs) {
        tear_down(TornDown::Repeats);
    }
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
            x.runs(id);
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
    if waiting == Waiting::OffStage(None) && with(|x| x.others_have_ended()) {
        return resumed(me);
    }
    halt(me, Status::Blocked(waiting));
}

/// The thread does not go on before its status says that it may.
fn halt(me: ThreadId, status: Status) {
    with(|x| {
        x.threads[me].status = status;
        x.go_on_or_fail();
    });
    // A loom thread that is unparked while it runs does not park the next time:
    // only our own status says whether to go on.
    while with(|x| x.torn_down.is_none() && x.threads[me].status != Status::Ready) {
        loom::thread::park();
        with(|x| x.runs(me));
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
        let round = std::mem::take(&mut x.threads[me].round);
        if round == Round::default() {
            // It looks at nothing: a delay, not a wait. Unless it never ends.
            x.threads[me].idle += 1;
            if x.threads[me].idle > MAX_STEPS {
                x.fail(Failure::Endless);
            }
            return None;
        }
        let news = |&(object, writes): &(ObjectId, u64)| x.objects[object].writes != writes;
        let waits = round == x.threads[me].last_round
            && !round.changed
            && !round.looked_at.iter().any(news);
        let mut objects: Vec<ObjectId> = round.looked_at.iter().map(|&(id, _)| id).collect();
        objects.sort_unstable();
        objects.dedup();
        x.threads[me].idle = 0;
        x.threads[me].last_round = round;
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
        self.threads[me].round.looked_at.push((object, version));
        self.step(me, (object, false), kind, version);
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
        self.step(me, (object, true), kind, version);
        self.threads[me].round.changed = true;
        self.standstill = None;
        self.objects[object].writes += 1;
        self.wake(|waiting| {
            matches!(waiting, Waiting::Written(objects) if objects.is_empty() || objects.contains(&object))
        });
    }

    fn step(
        &mut self,
        me: ThreadId,
        (object, changes): (ObjectId, bool),
        kind: &'static str,
        which: u64,
    ) {
        let thread = &mut self.threads[me];
        thread.steps += 1;
        thread.clock.tick(me);
        let object = &self.objects[object];
        // For loom, to read one of two unordered stores orders them.
        let orders = matches!(&object.state, State::Atomic(history) if !history.is_ordered());
        let touch = (object.key, changes || (self.settings.c11 && orders));
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
        self.takes(me, hash as u64, touch);
        self.steps += 1;
        if self.steps > MAX_STEPS {
            self.fail(Failure::Endless);
        }
    }

    // ------------------------------------------------------- nothing twice
    //
    // Sleep sets (Godefroid). Once all that can follow upon a thread's turn has
    // been seen, and another thread goes first instead, the first one's turn is
    // put to sleep: until somebody has touched what it touches, it would only
    // lead to what has been seen, in another order. A thread whose turn sleeps
    // does not run; if all that could run sleep, the execution is given up.
    // To run such a turn after all and to look no further than its end would
    // lose interleavings: what conflicts with what is only learned by going on.

    /// loom has let the thread run.
    fn runs(&mut self, me: ThreadId) {
        self.current = me;
        self.turn_is_over = true;
        if self.torn_down.is_none() && self.moved(me as u64) {
            // Another thread than before: the turn that was taken here is done with.
            self.turns.truncate(self.turn + 1);
            if let Some(turn) = self.turns.get_mut(self.turn) {
                turn.before.push(std::mem::take(&mut turn.taken));
            }
        }
    }

    /// Whether the thread is not to take the turn that it is about to take.
    fn sleeps(&mut self, me: ThreadId) -> bool {
        let before = self.previous_moves.get(self.moves.len());
        let sleeps = match before {
            // More may have been seen since, but what is shared is shared.
            Some(&before) if !self.parted => before == ASLEEP,
            _ if self.settings.nobody_sleeps => false,
            _ => {
                let here = self.turns.get(self.turn).map(|turn| &turn.before);
                let asleep: Vec<u64> = self
                    .asleep
                    .iter()
                    .chain(here.into_iter().flatten())
                    .map(|taken| taken.thread)
                    .collect();
                // Who is woken by another thread knows, for loom, what that one
                // knows: in C11 nobody sleeps while another can go on.
                let awake = |t: &Thread| t.status == Status::Ready && !asleep.contains(&t.key);
                asleep.contains(&self.threads[me].key)
                    && !(self.is_c11() && self.threads.iter().any(awake))
            }
        };
        self.moved(if sleeps { ASLEEP } else { AWAKE });
        sleeps
    }

    /// The thread takes its turn, or goes on with it.
    fn takes(&mut self, me: ThreadId, step: u64, touch: (u64, bool)) {
        let key = self.threads[me].key;
        if std::mem::take(&mut self.turn_is_over) {
            if self.turn == self.turns.len() {
                self.turns.push(Turn::default());
            }
            let turn = &mut self.turns[self.turn];
            turn.taken.thread = key;
            self.asleep.extend(turn.before.iter().cloned());
            self.asleep.retain(|taken| taken.thread != key);
            self.turn += 1;
        }
        if self.moved(step) {
            // The same thread, but it has read another value.
            self.turns.truncate(self.turn);
        }
        let touched = &mut self.turns[self.turn - 1].taken.touched;
        if !touched.contains(&touch) {
            touched.push(touch);
        }
        let conflicts = |taken: &mut Taken| {
            let (object, changes) = touch;
            let mut touched = taken.touched.iter();
            touched.any(|&(other, changed)| other == object && (changes || changed))
        };
        for woken in self.asleep.extract_if(.., conflicts) {
            for thread in &mut self.threads {
                if thread.key == woken.thread && thread.status == Status::Asleep {
                    thread.status = Status::Ready;
                    thread.handle.unpark();
                }
            }
        }
    }

    /// Notes what loom has decided; whether it is here that the execution leaves
    /// the path of the one before.
    fn moved(&mut self, how: u64) -> bool {
        let parts = !self.parted && self.previous_moves.get(self.moves.len()) != Some(&how);
        self.parted |= parts;
        self.moves.push(how);
        parts
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
        if self.threads.iter().any(|t| t.status == Status::Asleep) {
            return self.tear_down(TornDown::Repeats);
        }
        let timed = |waiting: &Waiting| matches!(waiting, Waiting::Notified { timed: true, .. });
        for thread in &mut self.threads {
            thread.late |= matches!(&thread.status, Status::Blocked(waiting) if timed(waiting));
        }
        self.wake(timed);
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

    /// Whether the time for which the thread has waited has come (asked once).
    pub(super) fn is_late(&mut self, thread: ThreadId) -> bool {
        std::mem::take(&mut self.threads[thread].late)
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
        let round = &self.threads[me].last_round;
        round.looked_at.contains(&(object, store as u64))
    }
}

pub(super) fn hash64(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
