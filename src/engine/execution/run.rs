//! The execution in progress, and the only way to reach it.

use super::blocks::Block;
use super::counts::SeenCount;
use super::difference::{After, Begun, Difference};
use super::failure::{Aborted, BlockedThread, Failure};
use super::iteration::Standstill;
use super::object::{Objects, Spot, State};
use super::statics::Copied;
use super::thread::{Thread, Threads};
use super::trace::{RecordId, Trace};
use crate::engine::clock::View;
use crate::engine::coroutine::Stacks;
use crate::engine::hash::{Hashed, mix};
use crate::engine::ids::{At, ObjectId, ThreadId, ThreadSet};
use crate::engine::search::{Reduction, Search};
use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// How the model plays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Loads may read older stores.
    pub(crate) is_c11: bool,
    /// A thread tries locks, or frees one without having taken it after the others: so it
    /// can see that one is held. Then to release a lock needs a schedule point. If no thread
    /// does, none can tell what comes between the last step under the lock and its release.
    pub(crate) releases_are_seen: bool,
    /// A thread looks whether another has ended: then a thread's end is a transition.
    pub(crate) ends_are_seen: bool,
    /// A thread reads under a lock that it reads under already: it may have to wait for a
    /// writer that waits. Then it makes a difference when a writer begins to wait.
    pub(crate) reads_again: bool,
    /// `notify_one` may wake any waiter, not only the one that has waited longest.
    pub(crate) any_waiter: bool,
    /// How many waits may end although no thread has notified them.
    pub(crate) spurious_wake_ups: usize,
    /// How many timed waits may time out although others can still run.
    pub(crate) early_timeouts: usize,
    /// How many `compare_exchange_weak` may fail although the value is the expected one.
    pub(crate) weak_failures: usize,
    /// How many processes may die.
    pub(crate) deaths: usize,
    /// Up to how many iterations loops are explored whose iterations differ without end.
    pub(crate) iterations: usize,
    /// A panic counts only if it ends the scene: the thread that joins handles it.
    pub(crate) panics_are_handled: bool,
    /// What is never dropped is an outcome.
    pub(crate) leaks: bool,
    /// How many such loops are known by the lines where they yield.
    pub(crate) endless_loops: usize,
    /// How many entries of [`Execution::seen_counts`] are known.
    pub(crate) seen_counts: usize,
    /// [`Reduction::SleepSets`] where threads take steps while they unwind: what else
    /// a transition accesses then depends on what it has read, and its races do not
    /// tell which other transitions it would have raced with, had it read something
    /// else.
    pub(crate) reduction: Reduction,
}

/// Which execution to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// One that the search has not run yet.
    Next,
    /// The last one once more, …
    Again,
    /// … or once more so that its story can be told.
    Told,
}

/// One execution, and what an exploration keeps from one to the next.
pub(crate) struct Execution {
    pub(crate) settings: Settings,
    /// With what settings it should have been played.
    pub(crate) needs: Settings,
    /// Whether a story is told of it: text is made only then.
    pub(crate) is_told: bool,
    pub(super) number: u64,
    pub(super) search: Search,
    pub(super) stacks: Stacks,
    pub(crate) threads: Threads,
    pub(crate) objects: Objects,
    pub(crate) trace: Trace,
    /// The trace of the execution before.
    pub(super) before: Trace,
    pub(super) begun: Option<Begun>,
    /// Names what the first thread has done since it joined the last of the others. It
    /// knew all that had happened, so that it knows the same in no other execution.
    pub(crate) alone: u64,
    /// Set if it is not deterministic, and it is known how.
    pub(crate) difference: Option<Difference>,
    pub(crate) failure: Option<Failure>,
    /// How many records there were when it failed, the decisive one included.
    pub(crate) failed_after: usize,
    /// How many records there were when it was aborted: later ones tell how threads unwind.
    pub(crate) aborted_after: usize,
    /// The threads that had not ended then.
    pub(crate) unended: ThreadSet,
    /// The parts of actors that are played by a thread which does other things too: the
    /// thread, and its records from and to which the part lasts.
    pub(crate) parts: Vec<(ThreadId, RecordId, RecordId)>,
    /// Those that waited at the end for ever, if it had already failed otherwise.
    pub(super) blocked: Vec<BlockedThread>,
    /// Names the interleaving so far, whatever the order of independent steps: the sum
    /// of all accesses' names.
    pub(super) name: u128,
    /// How it stood after each transition.
    pub(super) after: Vec<After>,
    /// The thread whose code runs.
    pub(super) current: ThreadId,
    /// The thread that runs next.
    pub(super) running: ThreadId,
    /// Threads that have just been started, and by which thread: they run up to their
    /// first schedule point before the starting thread goes on.
    pub(super) starting: Vec<(ThreadId, ThreadId)>,
    pub(super) aborted: Option<Aborted>,
    /// A waiter was notified that was to wake by itself: the same as if it had not been.
    /// It is run to its end, since only there it is known what raced.
    pub(super) is_redundant: bool,
    /// How often threads of the aborted execution have ended or released a lock, and how
    /// often they have waited in vain since.
    pub(super) unwound: usize,
    pub(super) stalls: usize,
    /// A destructor waits for ever: no thread of it can be resumed.
    pub(super) is_abandoned: bool,
    pub(super) looks_while_unwinding: usize,
    /// Whether some of what happened was forgotten, because waiting loops did it in vain:
    /// only then can two executions have the same name that the search tells apart.
    pub(super) has_forgotten: bool,
    /// Where objects lay that have been destroyed.
    pub(super) freed: Vec<(usize, ObjectId)>,
    /// What the scene has allocated, freed or not.
    pub(super) blocks: Vec<Block>,
    /// The execution's own copies of the statics that it has used.
    pub(super) statics: Vec<Copied>,
    /// How many objects of each class there are.
    pub(super) classes: Hashed<u64, u64>,
    /// The running thread has got a new object, and not yet reached the schedule point before
    /// the object's first use.
    pub(super) begins_object: bool,
    /// The classes of objects that a thread began to use while it unwound.
    pub(super) unwinding_classes: Vec<u64>,
    /// Threads that no other has joined.
    pub(super) unjoined: ThreadSet,
    /// Loops that may not end, by the lines where they yield.
    pub(crate) endless_loops: Vec<At>,
    /// Which changes of the counts of an `Arc` can be seen, by the line that made it.
    pub(crate) seen_counts: Vec<SeenCount>,
    /// The lines of loops of which some iterations were not explored.
    pub(crate) bounded_loops: Vec<At>,
    /// How often threads have yielded.
    pub(super) yields: usize,
    /// Whether a transition that was not known to only load came to a choice, or could
    /// have within the budget.
    pub(crate) has_choices: bool,
    /// Only threads that are held in loops are left.
    pub(super) standstill: Option<Standstill>,
    pub(super) atomics: usize,
    /// What `SeqCst` operations have let each other see: C11 only.
    pub(super) sequential: View,
    /// How many waits have ended in either way so far.
    pub(super) spurious_wake_ups: usize,
    pub(super) early_timeouts: usize,
    /// How many weak exchanges have failed spuriously.
    pub(super) weak_failures: usize,
    /// How many processes have died.
    pub(super) deaths: usize,
    /// The object that `SeqCst` fences access: C11 only.
    pub(super) fences: Option<ObjectId>,
}

/// `SeqCst` fences have no state: what they let each other see is the execution's.
#[derive(Default)]
struct Fences;

impl State for Fences {
    fn reset(&mut self) {}
}

/// Numbers all executions of the process: such a number is not likely to lie in memory
/// by chance.
static EXECUTIONS: AtomicU64 = AtomicU64::new(UNLIKELY);
const UNLIKELY: u64 = 0x9E37_79B9_7F4A_7C15;

thread_local! {
    pub(super) static RUNNING: Cell<Option<NonNull<RefCell<Execution>>>> = const { Cell::new(None) };
}

/// Does something with the execution in progress. This is the only way to reach it.
///
/// # Panics
/// Outside of an exploration.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&mut Execution) -> R) -> R {
    // Not by `try_with`: there is a `with` of its own for each closure, and this is less code.
    let Some(running) = running() else {
        used_elsewhere()
    };
    // SAFETY: as in `try_with`.
    f(&mut unsafe { running.as_ref() }.borrow_mut())
}

/// Not by `LocalKey::get`, which is not inlined into other codegen units.
#[inline]
fn running() -> Option<NonNull<RefCell<Execution>>> {
    RUNNING.try_with(Cell::get).ok().flatten()
}

/// Whether a thread outside of an exploration used the model.
static USED_ELSEWHERE: AtomicBool = AtomicBool::new(false);

#[cold]
fn used_elsewhere() -> ! {
    // ORDERING: a thread that joins this one, or hears that it has panicked, sees it.
    USED_ELSEWHERE.store(true, Relaxed);
    panic!(
        "racecourse::sync was used outside of an exploration: in a build with `--cfg loom` it \
         works only inside `racecourse::explorer::explore`, and on no thread of `std::thread`"
    )
}

/// Whether that has happened since this was last asked, in any exploration.
pub(crate) fn was_used_elsewhere() -> bool {
    USED_ELSEWHERE.swap(false, Relaxed)
}

/// The same, if there is one: while a thread unwinds nothing may panic.
#[inline]
pub(crate) fn try_with<R>(f: impl FnOnce(&mut Execution) -> R) -> Option<R> {
    let running = running()?;
    // SAFETY: the pointer is that of a live `Runner`'s execution: `Runner::drop` clears
    // it, on this same thread, before the execution goes.
    let execution = unsafe { running.as_ref() };
    Some(f(&mut execution.borrow_mut()))
}

/// The same, if it is in use no further up on the stack: for a panic hook.
pub(super) fn try_peek<R>(f: impl FnOnce(&Execution) -> R) -> Option<R> {
    let running = RUNNING.get()?;
    // SAFETY: as in `try_with`.
    let execution = unsafe { running.as_ref() };
    Some(f(&*execution.try_borrow().ok()?))
}

impl Execution {
    pub(super) fn new(settings: Settings, stack_size: usize) -> Self {
        Self {
            settings,
            needs: settings,
            is_told: false,
            number: 0,
            search: Search::default(),
            stacks: Stacks::new(stack_size),
            threads: Threads::default(),
            objects: Objects::default(),
            trace: Trace::default(),
            before: Trace::default(),
            begun: None,
            alone: 0,
            difference: None,
            failure: None,
            failed_after: 0,
            aborted_after: usize::MAX,
            unended: ThreadSet::default(),
            parts: Vec::new(),
            blocked: Vec::new(),
            name: 0,
            after: Vec::new(),
            current: 0,
            running: 0,
            starting: Vec::new(),
            aborted: None,
            is_redundant: false,
            unwound: 0,
            stalls: 0,
            is_abandoned: false,
            looks_while_unwinding: 0,
            has_forgotten: false,
            freed: Vec::new(),
            blocks: Vec::new(),
            statics: Vec::new(),
            classes: Hashed::default(),
            begins_object: false,
            unwinding_classes: Vec::new(),
            unjoined: ThreadSet::default(),
            endless_loops: Vec::new(),
            seen_counts: Vec::new(),
            bounded_loops: Vec::new(),
            yields: 0,
            has_choices: false,
            standstill: None,
            atomics: 0,
            sequential: View::default(),
            spurious_wake_ups: 0,
            early_timeouts: 0,
            weak_failures: 0,
            deaths: 0,
            fences: None,
        }
    }

    /// Begins an execution with its first thread. Buffers stay.
    pub(super) fn begin(&mut self, which: Which) {
        match which {
            Which::Next => self.search.begin(self.settings.reduction),
            Which::Again | Which::Told => self.search.repeat(),
        }
        self.is_told = which == Which::Told || self.settings.reduction == Reduction::States;
        if !matches!(self.failure, Some(Failure::Misuse(_))) {
            std::mem::swap(&mut self.trace, &mut self.before);
        }
        self.difference = None;
        self.begun = None;
        self.alone = 0;
        self.needs = self.settings;
        // ORDERING: only that each number is given once.
        self.number = EXECUTIONS.fetch_add(UNLIKELY, Relaxed);
        self.threads.clear();
        self.objects.clear();
        self.trace.clear();
        self.failure = None;
        self.failed_after = 0;
        self.aborted_after = usize::MAX;
        self.unended = ThreadSet::default();
        self.blocked.clear();
        self.name = 0;
        self.current = 0;
        self.starting.clear();
        self.aborted = None;
        self.is_redundant = false;
        self.unwound = 0;
        self.stalls = 0;
        self.looks_while_unwinding = 0;
        self.has_forgotten = false;
        self.freed.clear();
        self.blocks.clear();
        // An execution that was abandoned has left them: what they own may be in use.
        self.statics.drain(..).for_each(std::mem::forget);
        self.classes.clear();
        self.begins_object = false;
        self.unwinding_classes.clear();
        self.unjoined = ThreadSet::default();
        self.yields = 0;
        self.parts.clear();
        self.has_choices = false;
        self.standstill = None;
        self.atomics = 0;
        self.sequential = View::default();
        self.spurious_wake_ups = 0;
        self.early_timeouts = 0;
        self.weak_failures = 0;
        self.deaths = 0;
        self.fences = None;
        self.threads.add(Thread::default).reset(None, 1, 0);
        self.hand_over();
        if self.settings.is_c11 {
            let location = self.new_location(0);
            let (fences, _) = self.objects.add::<Fences>("fence", Spot::at(location));
            self.fences = Some(fences);
        }
    }

    /// Names the interleaving that was run.
    pub(crate) fn name(&self) -> u128 {
        self.name
    }

    /// Whether an earlier execution may have had the same name. Full reduction runs no
    /// interleaving twice, except as an execution that turns out to be redundant; but
    /// if one choice of a sleeping transition depends on what another thread does, the
    /// transition wakes for all its choices. All executions of an interleaving come to
    /// the same choices.
    pub(crate) fn may_repeat(&self) -> bool {
        self.settings.reduction != Reduction::Full || self.has_choices || self.has_forgotten
    }

    #[inline]
    pub(crate) fn current(&self) -> ThreadId {
        self.current
    }

    /// A location for an object that the running thread creates, in every execution.
    pub(super) fn new_location(&mut self, kind: u64) -> u64 {
        let creator = &mut self.threads[self.current];
        creator.children += 1;
        mix(mix(creator.key, creator.children), kind)
    }
}
