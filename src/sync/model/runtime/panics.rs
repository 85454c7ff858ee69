//! Threads that panic, and what their destructors do.

use super::super::events::{Event, Failure, Panicked, What};
use super::super::objects::Handle;
use super::{EXECUTION, LAST_PANIC, ThreadId, TornDown, is_torn_down, with, with_any};
use std::panic::{Location, PanicHookInfo};

/// Whether the thread unwinds: then nothing may switch, and loom is not called.
pub(in crate::sync::model) fn unwinding() -> bool {
    std::thread::panicking()
}

/// The thread unwinds, and takes a step.
pub(in crate::sync::model) fn step_while_unwinding() -> ThreadId {
    with(|x| {
        x.needs.unwinding_is_watched = true;
        x.current
    })
}

/// A point before a step which a destructor may take while its thread unwinds:
/// then nothing may switch, and the step is part of the one that panicked. `None`
/// if it is of no consequence, or would be in no execution.
pub(in crate::sync::model) fn point_even_if_unwinding(object: &Handle) -> Option<ThreadId> {
    if unwinding() {
        (object.is_here() && !is_torn_down()).then(step_while_unwinding)
    } else {
        Some(object.point())
    }
}

/// A destructor looks at something while its thread unwinds. Nobody else can run
/// before it has ended: if it waits for another thread, it waits for ever.
pub(in crate::sync::model) fn looks_while_unwinding() {
    const PATIENCE: usize = 1_000_000;
    let looks = with_any(|x| {
        x.looks_while_unwinding += 1;
        x.looks_while_unwinding
    });
    if looks.is_some_and(|looks| looks > PATIENCE) {
        // Whoever watches the exploration sees that it does not go on, and says so.
        loop {
            std::thread::park();
        }
    }
}

/// A thread that unwinds needs another to go on: the execution ends here. That it
/// panicked is what it came to.
pub(in crate::sync::model) fn give_up_after_panic() {
    scene_has_panicked();
    with(|x| {
        // What others would have done is not seen: no order stands for another.
        x.needs.all_orders = true;
        x.tear_down(TornDown::Failed);
    });
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
    let mut panic = LAST_PANIC.take();
    if panic.line == 0 {
        let is_panic = |event: &Event| matches!(event.what, What::Panic(_));
        if with(|x| x.events.iter().any(is_panic)) {
            return; // a thread's panic, passed on by the one that waited for it
        }
        panic.message = "(resumed, without a message)".to_owned();
    }
    with(|x| {
        let thread = x.current;
        x.note(thread, None, What::Panic(panic.clone()), Location::caller());
        if !x.settings.panics_are_handled {
            x.fails(Failure::Panic { thread, panic });
        }
    });
}

/// The scene itself has panicked, or has passed on a thread's panic.
pub(crate) fn scene_has_panicked() {
    note_panic();
    with(|x| {
        let last = x.events.iter().rev().find_map(|event| match &event.what {
            What::Panic(panic) => Some((event.thread, panic.clone())),
            _ => None,
        });
        if let Some((thread, panic)) = last {
            x.fails(Failure::Panic { thread, panic });
        }
    });
}
