//! The door to the engine, which runs on a thread of its own. If the scene blocks where the
//! model cannot see it, that thread is abandoned, and the exploration still ends.

use super::engine;
use super::found::Found;
use super::graph::graph as all_states;
use super::judge::ENDLESS;
use super::options::{NotTheModel, Options};
use super::replay::Scene;
use super::report::{Exploration, Judged, Outcome};
use super::states::Graph;
use super::unseen::likely_cause;
use crate::engine::execution::failure::NOT_DETERMINISTIC;
use crate::engine::execution::run::was_used_elsewhere;
use crate::watch::{self, Stopped, Why, watch};
use std::fmt::Write as _;
use std::panic::Location;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, TryLockError};

pub(super) fn explore(
    options: Options,
    scene: Arc<dyn Fn() -> Judged + Send + Sync>,
) -> Result<Exploration, NotTheModel> {
    let (step_timeout, stack_size) = (options.step_timeout, options.stack_size);
    let (written_at, mut stopped_at, mut is_silent) = (options.written_at, None, false);
    let cancel = options.cancel.clone();
    let scene: Scene = Arc::new(move || {
        watch::is_at(None);
        watch::beat();
        scene()
    });
    let found = Arc::new(Mutex::new(Found::nothing(&options)));
    let nothing = Found::nothing(&options);
    let finds = Arc::clone(&found);
    let explore = move || engine::explore(options, &scene, &finds);
    let mut found = watch(step_timeout, cancel.as_deref(), explore).unwrap_or_else(|stopped| {
        // ORDERING: as in `watch`: the flag publishes nothing else.
        let is_cancelled = cancel.is_some_and(|cancel| cancel.load(Relaxed));
        let why = told(&stopped, is_cancelled, stack_size);
        stopped_at = stopped.at;
        is_silent = matches!(stopped.why, Why::Silent(_)) && !is_cancelled;
        let report = |found: &mut Found| {
            found.stop(&why);
            found.report()
        };
        Ok(match found.try_lock() {
            Ok(mut found) => report(&mut found),
            Err(TryLockError::Poisoned(found)) => report(&mut found.into_inner()),
            // The engine's thread was counting, so its numbers are half updated.
            Err(TryLockError::WouldBlock) => report(&mut { nothing }),
        })
    });
    if let Ok(found) = &mut found {
        name_loop(found);
        name_cause(found, is_silent, [stopped_at, written_at]);
    }
    found
}

pub(super) fn graph(
    options: Options,
    most_states: usize,
    scene: Arc<dyn Fn() -> Judged + Send + Sync>,
) -> Result<Graph, NotTheModel> {
    let (step_timeout, cancel) = (options.step_timeout, options.cancel.clone());
    let scene: Scene = Arc::new(move || {
        watch::beat();
        scene()
    });
    let find = move || all_states(&options, &scene, most_states);
    // An exploration of the same scene says why it was stopped.
    Ok(watch(step_timeout, cancel.as_deref(), find).unwrap_or_default())
}

/// Names the uses of std in the scene's source files, if they may be the reason that the
/// exploration stopped or that the scene is not deterministic.
fn name_cause(found: &mut Exploration, is_silent: bool, at: [Option<&'static Location>; 2]) {
    let is_elsewhere = was_used_elsewhere();
    let needs_cause = |row: &Outcome| {
        row.meaning.starts_with(NOT_DETERMINISTIC) || (is_elsewhere && row.outcome == "panic")
    };
    if !is_silent && !found.outcomes.iter().any(needs_cause) {
        return;
    }
    let steps = found.outcomes.iter().flat_map(|row| &row.story.steps);
    let steps = steps.map(|step| step.file.as_str());
    let at = at.into_iter().flatten().map(Location::file);
    let Some(cause) = likely_cause(at.chain(steps)) else {
        return;
    };
    let rows = found.outcomes.iter_mut().filter(|row| needs_cause(row));
    let meanings = rows.map(|row| &mut row.meaning);
    for text in meanings.chain(found.stopped.as_mut().filter(|_| is_silent)) {
        *text = format!("{text} ({cause})");
    }
}

/// Says where an execution that did not end took its last step, and what to do.
fn name_loop(found: &mut Exploration) {
    let mut rows = found.outcomes.iter_mut();
    let Some(row) = rows.find(|row| row.outcome == ENDLESS) else {
        return;
    };
    let Some(last) = row.story.steps.last() else {
        return;
    };
    let (file, line) = (&last.file, last.line);
    let thread = &row.story.threads[last.thread];
    let advice = format!(
        "the last step was at {file}:{line} in thread `{thread}`. If a loop waits for another \
         thread, put `racecourse::sync::hint::spin_loop()` into it"
    );
    for text in [Some(&mut row.meaning), found.stopped.as_mut()] {
        let Some(text) = text else { continue };
        *text = format!("{text} ({advice})");
    }
}

/// Why the exploration stopped, and what to do.
fn told(stopped: &Stopped, is_cancelled: bool, stack_size: usize) -> String {
    let thread = match &stopped.name {
        Some(name) => format!("thread `{name}`"),
        None => "a thread".to_owned(),
    };
    let mut since = String::new();
    // A line of the engine is no line of the scene.
    let src = Path::new(file!()).ancestors().nth(2);
    let engine = src.unwrap_or(Path::new("")).join("engine");
    if let Some(at) = stopped
        .at
        .filter(|at| !Path::new(at.file()).starts_with(engine))
    {
        let _ = write!(since, " since {at}");
    }
    match stopped.why {
        Why::Silent(silent) if is_cancelled => {
            format!("because it was interrupted (no step for {silent:?}{since} in {thread})")
        }
        Why::Silent(silent) => format!(
            "because the scene does not go on: no step for {silent:?}{since} in {thread}. If it \
             loops after that step until another thread does something, put \
             `racecourse::sync::hint::spin_loop()` into the loop. If not, it loops without end, \
             or waits outside of the model: for a lock or channel of std's, or in a system call"
        ),
        Why::Overflow => format!(
            "because {thread} has overflowed its stack of {} KiB, with no step{since}. Look for \
             an endless recursion, or give the scene's threads larger stacks: \
             `Options::stack_size`, `Check::stack_size`",
            stack_size / 1024
        ),
        Why::Allocates(bytes) => format!(
            "because {thread} has allocated {} MiB without a step{since}. Look for an endless \
             loop that allocates",
            bytes >> 20
        ),
    }
}
