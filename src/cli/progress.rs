//! Says on standard error that something is still going on.

use crate::explorer::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

/// Nothing is said before, …
const PATIENCE: Duration = Duration::from_secs(1);
/// … and into a log only so often.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// A spinner on a terminal, a line now and then in a log.
pub(super) struct Spinner {
    bar: ProgressBar,
}

impl Spinner {
    /// Says nothing yet.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::hidden();
        // As much of the message as fits into a line.
        let style = ProgressStyle::with_template("{spinner} {wide_msg}");
        bar.set_style(style.expect("the template is well formed"));
        Self { bar }
    }

    /// What the exploration is to call.
    pub(super) fn progress(&self, what: String) -> Box<dyn FnMut(Progress) + Send> {
        let bar = self.bar.clone();
        let terminal = std::io::stderr().is_terminal();
        let mut next = if terminal { PATIENCE } else { LOG_EVERY };
        Box::new(move |progress| {
            if progress.elapsed < next {
                return;
            }
            let message = message(&what, progress);
            if terminal {
                if bar.is_hidden() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
                bar.set_message(message);
                bar.tick();
            } else {
                next = progress.elapsed + LOG_EVERY;
                let _ = writeln!(std::io::stderr(), "{message}");
            }
        })
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn message(what: &str, progress: Progress) -> String {
    let rate = progress.executions as f64 / progress.elapsed.as_secs_f64();
    format!(
        "{what}: {} executions, {} different, {rate:.0} a second, {} s",
        progress.executions,
        progress.different,
        progress.elapsed.as_secs()
    )
}
