//! A pool of worker processes, and the answers to the jobs it is given.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod lesson;
pub mod right;
mod scenes;
pub mod wrong;

pub use lesson::{
    Answer, Config, Ends, Executor, Failure, Fate, Handle, Job, Observed, Refused, Setup, Spawn,
    User, work,
};

use crate::explorer::report::Memory;
use crate::lessons::parts::{Fault, Lesson, Mistake, Tutorial, Version};
use crate::lessons::sources;
use scenes::{play, scenes};

/// The room.
#[must_use]
pub fn lesson() -> Lesson {
    use right::Pool;
    use wrong::{
        DoesItAgain, JoinBeforeClose, LosesJobOfDeadWorker, SwallowsErrors, TakesAfterClose,
        TakesTheLateAnswer,
    };

    Lesson {
        name: "process_pool",
        title: "A pool of processes, and an answer for each job",
        story: "A pool of worker processes is given jobs, and the program that submits them goes on. \
                A job can fail, panic or hang, and its worker can die. Every accepted job must get \
                exactly one answer, and all must have it when the pool has been joined.",
        tutorial: Tutorial {
            lesson: Some(7),
            faults: &[
                Fault {
                    what: "ignores what `apply_async` returns: nobody learns that a job failed",
                    shown_by: "process_pool::an_error_and_a_panic_come_back_with_their_messages",
                },
                Fault {
                    what: "if a worker is killed, its job is lost, and `join` waits for ever",
                    shown_by: "process_pool::a_worker_killed_at_any_moment_costs_its_job_alone",
                },
                Fault {
                    what: "has no timeout: if a job hangs, `join` waits for ever",
                    shown_by: "process_pool::one_that_hangs_is_ended_and_all_others_are_done",
                },
                Fault {
                    what: "`join` without `close` fails, and only the documentation says so",
                    shown_by: "process_pool::to_join_is_to_close_first",
                },
                Fault {
                    what: "several processes print to one terminal: lines can be torn",
                    shown_by: "process_pool::the_tutorials_day_is_told_in_whole_lines",
                },
            ],
        },
        // Threads share data only through locks and channels. C11 also proves that this is
        // enough.
        wrong: sources::text("src/lessons/process_pool/wrong.rs"),
        memory: Memory::C11,
        versions: vec![
            Version::right::<Pool<Job, usize>>(
                "a supervisor thread for each worker, which answers every job that it takes",
                scenes::<Pool<Job, usize>>(),
                play::<Pool<Job, usize>>,
            ),
            Version::wrong::<SwallowsErrors>(
                "answers only with values, and never with errors (as the Python tutorial does)",
                scenes::<SwallowsErrors>(),
                play::<SwallowsErrors>,
                Mistake {
                    scene: "1 worker, a job that fails",
                    outcome: "job 1 without an answer",
                    preemptions: 0,
                    lines: &["Err(_) => narrate!"],
                    story: include_str!("stories/swallows-errors.txt"),
                },
            ),
            Version::wrong::<LosesJobOfDeadWorker>(
                "forgets the job of a worker that died: nobody answers it",
                scenes::<LosesJobOfDeadWorker>(),
                play::<LosesJobOfDeadWorker>,
                Mistake {
                    scene: "1 worker that may die, 1 job",
                    outcome: "job 1 without an answer",
                    preemptions: 0,
                    lines: &["the worker died: sends no answer"],
                    story: include_str!("stories/loses-job-of-dead-worker.txt"),
                },
            ),
            Version::wrong::<DoesItAgain>(
                "gives the job of a dead worker to the next worker",
                scenes::<DoesItAgain>(),
                play::<DoesItAgain>,
                Mistake {
                    scene: "1 worker that may die, 1 job",
                    outcome: "job 1 done 2 times",
                    preemptions: 0,
                    lines: &["while answered == Err(Failure::WorkerDied) {"],
                    story: include_str!("stories/does-it-again.txt"),
                },
            ),
            Version::wrong::<TakesTheLateAnswer>(
                "keeps a worker that has not answered in time",
                scenes::<TakesTheLateAnswer>(),
                play::<TakesTheLateAnswer>,
                Mistake {
                    scene: "1 worker, 2 jobs, one may time out",
                    outcome: "job 2 answered Ok(10)",
                    preemptions: 0,
                    lines: &["if answer != Err(Failure::WorkerDied) {"],
                    story: include_str!("stories/takes-the-late-answer.txt"),
                },
            ),
            Version::wrong::<JoinBeforeClose>(
                "joins without closing: the supervisors wait for another job",
                scenes::<JoinBeforeClose>(),
                play::<JoinBeforeClose>,
                Mistake {
                    scene: "1 worker, 1 job, joined without close",
                    outcome: "deadlock",
                    preemptions: 0,
                    lines: &["join_all(&mut self.0.supervisors);"],
                    story: include_str!("stories/join-before-close.txt"),
                },
            ),
            Version::wrong::<TakesAfterClose>(
                "checks that the pool is open, then accepts the job",
                scenes::<TakesAfterClose>(),
                play::<TakesAfterClose>,
                Mistake {
                    scene: "1 worker, 1 job, closed at any moment",
                    outcome: "job 1 without an answer",
                    preemptions: 1,
                    lines: &["if self.closed.load(", "self.tasks.put(Some("],
                    story: include_str!("stories/takes-after-close.txt"),
                },
            ),
        ],
        heeds: &[],
    }
}
