//! Counts allocations, and remembers how they grew during an exploration.

use crate::build::table::grouped;
use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

/// The system's allocator, which counts while [`COUNTING`] is set: never while
/// something is timed.
struct Counted;

#[global_allocator]
static ALLOCATOR: Counted = Counted;
static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);

fn count(allocations: u64, more: usize, fewer: usize) {
    if COUNTING.load(Relaxed) {
        ALLOCATIONS.fetch_add(allocations, Relaxed);
        LIVE.fetch_add(more as i64 - fewer as i64, Relaxed);
    }
}

// SAFETY: every call is passed on to the system's allocator unchanged. Counting
// neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size, layout.size());
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(old, layout) }
    }
}

/// What was counted up to the start of an execution.
#[derive(Clone, Copy)]
pub struct Sample {
    /// How many executions had started before.
    pub executions: u64,
    /// Calls that allocated or grew memory so far.
    pub allocations: u64,
    /// Bytes allocated and not yet freed, beyond what there was at the beginning.
    pub live: i64,
    /// The resident memory of the process in kilobytes, on Linux.
    pub resident: Option<u64>,
    /// The most that has been resident so far, likewise.
    pub peak: Option<u64>,
}

impl Sample {
    /// `-1,024`
    pub fn live_text(&self) -> String {
        let sign = if self.live < 0 { "-" } else { "" };
        format!("{sign}{}", grouped(self.live.unsigned_abs()))
    }
}

/// Takes samples at equal distances during an exploration of unknown length, in a
/// fixed amount of memory: when its room is full it drops every other sample and
/// doubles the distance.
pub struct Recorder {
    pub before: Sample,
    samples: Mutex<Samples>,
}

struct Samples {
    executions: u64,
    distance: u64,
    taken: Vec<Sample>,
}

const ROOM: usize = 512;

impl Recorder {
    /// Starts to count. Only one recorder may live at a time.
    pub fn start() -> Self {
        let samples = Samples {
            executions: 0,
            distance: 1,
            taken: Vec::with_capacity(ROOM),
        };
        ALLOCATIONS.store(0, Relaxed);
        LIVE.store(0, Relaxed);
        Self {
            before: sample(0),
            samples: Mutex::new(samples),
        }
    }

    /// An execution starts.
    pub fn execution(&self) {
        let mut samples = self.samples.lock().unwrap();
        if samples.executions.is_multiple_of(samples.distance) {
            if samples.taken.len() == ROOM {
                samples.distance *= 2;
                let distance = samples.distance;
                samples
                    .taken
                    .retain(|sample| sample.executions.is_multiple_of(distance));
            }
            let now = sample(samples.executions);
            samples.taken.push(now);
        }
        samples.executions += 1;
    }

    /// Stops counting, and returns what was counted by then.
    pub fn stop(&self) -> Sample {
        let executions = self.samples.lock().unwrap().executions;
        let last = sample(executions);
        COUNTING.store(false, Relaxed);
        last
    }

    /// The sample nearest to that percentage of all executions.
    pub fn at(&self, percent: u64) -> Sample {
        let samples = self.samples.lock().unwrap();
        let wanted = samples.executions * percent / 100;
        let nearest = samples.taken.iter();
        let nearest = nearest.min_by_key(|sample| sample.executions.abs_diff(wanted));
        *nearest.expect("at least one execution was run")
    }

    /// Allocations per execution in the second half, when tables have grown.
    pub fn allocations_per_execution(&self) -> f64 {
        let (half, end) = (self.at(50), self.at(100));
        let executions = end.executions - half.executions;
        (end.allocations - half.allocations) as f64 / executions as f64
    }
}

/// Counting pauses while the sample itself allocates.
fn sample(executions: u64) -> Sample {
    COUNTING.store(false, Relaxed);
    let sample = Sample {
        executions,
        allocations: ALLOCATIONS.load(Relaxed),
        live: LIVE.load(Relaxed),
        resident: of_process("VmRSS:"),
        peak: of_process("VmHWM:"),
    };
    COUNTING.store(true, Relaxed);
    sample
}

/// A line of `/proc/self/status`, in kilobytes.
fn of_process(what: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    line.split_whitespace().next()?.parse().ok()
}
