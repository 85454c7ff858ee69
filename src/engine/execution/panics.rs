//! Threads that panic, and what their destructors do.

use super::failure::Failure;
use super::run::{Execution, RUNNING, try_peek, try_with, with};
use super::schedule::abandon;
use super::trace::{Names, Panicked, Record, RecordKind};
use crate::engine::search::Reduction;
use std::cell::RefCell;
use std::panic::{Location, PanicHookInfo};

thread_local! {
    static LAST_PANIC: RefCell<Panicked> = RefCell::default();
}

/// A destructor reads something while its thread unwinds. No other thread can run
/// before it has ended: if it waits for another thread, it waits for ever.
pub(crate) fn looks_while_unwinding() {
    const MANY: usize = 10_000;
    let looks = try_with(|x| {
        x.looks_while_unwinding += 1;
        x.looks_while_unwinding
    });
    if looks.is_some_and(|looks| looks > MANY) {
        abandon();
    }
}

/// The panic hook's part while an exploration runs: prints nothing, remembers what was
/// said and where. Returns whether an exploration runs on this thread.
pub(crate) fn hears_panic(info: &PanicHookInfo<'_>) -> bool {
    let exploring = RUNNING.get().is_some();
    if exploring {
        let location = info.location();
        LAST_PANIC.set(Panicked {
            message: info.payload_as_str().unwrap_or("(no message)").to_owned(),
            file: location.map_or_else(String::new, |at| at.file().to_owned()),
            line: location.map_or(0, Location::line),
            unwinds_from: try_peek(|x| x.trace.next()),
        });
    }
    exploring
}

/// An execution begins: no panic is one of its own.
pub(crate) fn forget_panics() {
    LAST_PANIC.take();
}

/// What the last panic said.
pub(crate) fn last_panic() -> String {
    LAST_PANIC.with_borrow(|panic| format!("{} at {}:{}", panic.message, panic.file, panic.line))
}

/// The scene's own code has just panicked in the running thread.
pub(crate) fn note_panic() {
    let mut panic = LAST_PANIC.take();
    if panic.line == 0 {
        if with(|x| x.last_panicked().is_some()) {
            return; // a thread's panic, passed on by the thread that joined it
        }
        panic.message = "(resumed, without a message)".to_owned();
    }
    with(|x| {
        let (place, line) = (x.trace.add_panic(panic.clone()), panic.line);
        let tell = |record: &Record, names: &dyn Names| {
            format!("panics: {}", names.panic(record.values[0]).message)
        };
        let record = x.notes(None, Location::caller(), tell);
        record.kind = RecordKind::Panic;
        record.values = [place, line.into()];
        if !x.settings.panics_are_handled {
            let thread = x.current;
            x.fails(Failure::Panic { thread, panic });
        }
    });
}

/// The scene itself has panicked, or has passed on a thread's panic.
pub(crate) fn scene_has_panicked() {
    note_panic();
    with(|x| {
        if let Some(&Record { thread, values, .. }) = x.last_panicked() {
            let panic = x.trace.panic(values[0]).clone();
            x.fails(Failure::Panic { thread, panic });
        }
    });
}

/// A thread that unwinds needs another to run on: the execution is aborted. That the
/// thread panicked is the outcome.
pub(crate) fn abort_after_panic() {
    scene_has_panicked();
    with(|x| x.aborts_after_panic());
}

impl Execution {
    fn last_panicked(&self) -> Option<&Record> {
        let mut records = self.trace.records().iter().rev();
        records.find(|record| record.kind == RecordKind::Panic)
    }

    /// The running thread unwinds, and takes a step.
    pub(crate) fn steps_while_unwinding(&mut self) {
        self.needs_all_orders();
    }

    /// Races do not tell all that must be tried.
    pub(crate) fn needs_all_orders(&mut self) {
        if self.needs.reduction == Reduction::Full {
            self.needs.reduction = Reduction::SleepSets;
        }
    }
}
