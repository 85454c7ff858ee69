//! Says on standard error which scenes are still being explored.

use crate::explorer::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A scene is not mentioned before.
const SHOWN_AFTER: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The scenes in progress: one line, and only on a terminal.
///
/// A thread of its own writes. An exploration only leaves its numbers: if it had to
/// wait for a terminal, it would seem to block.
#[derive(Default)]
pub(super) struct Status {
    /// By job.
    scenes: Mutex<BTreeMap<usize, Arc<Mutex<Scene>>>>,
    /// What the terminal shows. It is cleared when dropped.
    line: Mutex<Option<ProgressBar>>,
}

struct Scene {
    name: String,
    begun: Instant,
    executions: u64,
    different: u64,
}

impl Status {
    /// Runs `body`, and shows what is in progress meanwhile.
    pub(super) fn show_during<R>(&self, body: impl FnOnce() -> R) -> R {
        // A line is cleared by commands that not every terminal has.
        let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        if is_dumb || !std::io::stderr().is_terminal() {
            return body();
        }
        thread::scope(|scope| {
            let (end, ended) = mpsc::channel::<()>();
            scope.spawn(move || {
                while ended.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                    self.draw();
                }
                *lock(&self.line) = None;
            });
            let result = body();
            drop(end);
            result
        })
    }

    /// Shows the scene until what is returned is dropped.
    pub(super) fn begin(&self, job: usize, name: String) -> InProgress<'_> {
        let scene = Arc::new(Mutex::new(Scene {
            name,
            begun: Instant::now(),
            executions: 0,
            different: 0,
        }));
        lock(&self.scenes).insert(job, Arc::clone(&scene));
        InProgress {
            status: self,
            job,
            scene,
        }
    }

    /// Runs `print` while the terminal's line is out of the way.
    pub(super) fn out_of_the_way<R>(&self, print: impl FnOnce() -> R) -> R {
        let mut line = lock(&self.line);
        *line = None;
        print()
    }

    fn draw(&self) {
        let mut line = lock(&self.line);
        let mut long = self.in_progress(Instant::now());
        long.retain(|(_, progress)| progress.elapsed >= SHOWN_AFTER);
        match message(&long) {
            None => *line = None,
            Some(message) => {
                let bar = line.get_or_insert_with(bar);
                bar.set_message(message);
                bar.tick();
            }
        }
    }

    fn in_progress(&self, now: Instant) -> Vec<(String, Progress)> {
        let scenes = lock(&self.scenes);
        let scenes = scenes.values().map(|scene| lock(scene));
        scenes
            .map(|scene| (scene.name.clone(), scene.progress(now)))
            .collect()
    }
}

/// A scene that is being explored.
pub(super) struct InProgress<'a> {
    status: &'a Status,
    job: usize,
    scene: Arc<Mutex<Scene>>,
}

impl InProgress<'_> {
    /// What the exploration is to call.
    pub(super) fn progress(&self) -> Box<dyn FnMut(Progress) + Send> {
        let scene = Arc::clone(&self.scene);
        Box::new(move |progress| {
            let mut scene = lock(&scene);
            scene.executions = progress.executions;
            scene.different = progress.different;
        })
    }
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        lock(&self.status.scenes).remove(&self.job);
    }
}

impl Scene {
    fn progress(&self, now: Instant) -> Progress {
        Progress {
            executions: self.executions,
            different: self.different,
            elapsed: now - self.begun,
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // As much of the message as fits into a line.
    let style = ProgressStyle::with_template("{spinner} {wide_msg}");
    bar.with_style(style.expect("the template is well formed"))
        .with_finish(ProgressFinish::AndClear)
}

/// The scenes in a line: the first at length.
fn message(scenes: &[(String, Progress)]) -> Option<String> {
    let ((name, progress), others) = scenes.split_first()?;
    let mut line = format!("exploring {name}: {}", numbers(*progress));
    for (name, progress) in others {
        line += &format!("; {name}: {} s", progress.elapsed.as_secs());
    }
    Some(line)
}

fn numbers(progress: Progress) -> String {
    let rate = progress.executions as f64 / progress.elapsed.as_secs_f64();
    format!(
        "{} interleavings, {rate:.0} executions a second, {} s",
        progress.different,
        progress.elapsed.as_secs()
    )
}

/// A panic elsewhere leaves only numbers behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_in_progress_is_named() {
        let status = Status::default();
        let [first, second] = [0, 1].map(|job| status.begin(job, format!("scene {job}")));
        second.progress()(Progress {
            executions: 30,
            different: 20,
            elapsed: Duration::from_secs(3),
        });
        let line = || {
            let mut scenes = status.in_progress(Instant::now());
            for (_, progress) in &mut scenes {
                progress.elapsed = Duration::from_secs(2);
            }
            message(&scenes)
        };
        let both = "exploring scene 0: 0 interleavings, 0 executions a second, 2 s; scene 1: 2 s";
        assert_eq!(line().as_deref(), Some(both));
        drop(first);
        let one = "exploring scene 1: 20 interleavings, 15 executions a second, 2 s";
        assert_eq!(line().as_deref(), Some(one));
        drop(second);
        assert_eq!(line(), None);
    }
}
