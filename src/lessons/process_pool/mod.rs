//! A pool of worker processes, and what becomes of the jobs it is given.
//!
//! [`lesson`](mod@lesson) tells the story. Read [`right`] next.

pub mod answers;
pub mod lesson;
mod modelled;
pub mod os;
pub mod right;
mod scenes;
pub mod wrong;

pub use answers::{Answer, Failure, Refused, Terms};
pub use lesson::{Employer, Goes, Job};
pub use scenes::{Day, Evening, Fate, User};

use crate::explorer::report::Memory;
use crate::lessons::for_real::ForReal;
use crate::lessons::parts::{Fault, Lesson, Mistake, Seed, Version};
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
        story: "A pool of processes is given jobs, and the program that gives them goes on. A job \
                can fail, panic or hang, its process can die. Every job accepted must get exactly \
                one answer, whatever happens, and when the pool is closed and joined, all have it.",
        seed: Seed {
            lesson: Some(7),
            faults: &[
                Fault {
                    what: "keeps nothing of what `apply_async` returns: a job that fails is as one \
                           that never was",
                    shown_by: "process_pool::an_error_and_a_panic_come_back_with_their_messages",
                },
                Fault {
                    what: "if a worker is killed, its job is lost, and `join` waits for ever",
                    shown_by: "process_pool::a_worker_killed_at_any_moment_costs_its_job_alone",
                },
                Fault {
                    what: "a job that hangs keeps `join` for ever: there is no time limit",
                    shown_by: "process_pool::one_that_hangs_is_ended_and_all_others_are_done",
                },
                Fault {
                    what: "`join` is right only after `close`, which one must know",
                    shown_by: "process_pool::to_join_is_to_close_first",
                },
                Fault {
                    what: "several processes print to one terminal: lines can be torn",
                    shown_by: "process_pool::the_seeds_day_is_told_in_whole_lines",
                },
            ],
        },
        // What goes from one thread to another goes through locks and channels. C11
        // shows besides that this is enough.
        memory: Memory::C11,
        versions: vec![
            Version::right::<Pool<Job, usize>>(
                "a keeper for each worker, who owes the answer to the job he has taken",
                scenes::<Pool<Job, usize>>(),
                play::<Pool<Job, usize>>,
            ),
            Version::wrong::<SwallowsErrors>(
                "tells of values alone (the seed's way)",
                scenes::<SwallowsErrors>(),
                play::<SwallowsErrors>,
                Mistake {
                    scene: "1 worker, a job that fails",
                    outcome: "job 1 without an answer",
                    preemptions: 0,
                    story: include_str!("stories/swallows-errors.txt"),
                },
            ),
            Version::wrong::<LosesJobOfDeadWorker>(
                "starts another worker for a dead one, and goes on",
                scenes::<LosesJobOfDeadWorker>(),
                play::<LosesJobOfDeadWorker>,
                Mistake {
                    scene: "1 worker that may die, 1 job",
                    outcome: "job 1 without an answer",
                    preemptions: 0,
                    story: include_str!("stories/loses-job-of-dead-worker.txt"),
                },
            ),
            Version::wrong::<DoesItAgain>(
                "has a dead worker's job done by the next",
                scenes::<DoesItAgain>(),
                play::<DoesItAgain>,
                Mistake {
                    scene: "1 worker that may die, 1 job",
                    outcome: "job 1 done 2 times",
                    preemptions: 0,
                    story: include_str!("stories/does-it-again.txt"),
                },
            ),
            Version::wrong::<TakesTheLateAnswer>(
                "keeps a worker that has not answered in time",
                scenes::<TakesTheLateAnswer>(),
                play::<TakesTheLateAnswer>,
                Mistake {
                    scene: "1 worker, 2 jobs, one may be late",
                    outcome: "job 2 answered Ok(10)",
                    preemptions: 0,
                    story: include_str!("stories/takes-the-late-answer.txt"),
                },
            ),
            Version::wrong::<JoinBeforeClose>(
                "waits for those who wait for another job",
                scenes::<JoinBeforeClose>(),
                play::<JoinBeforeClose>,
                Mistake {
                    scene: "1 worker, 1 job, just joined",
                    outcome: "deadlock",
                    preemptions: 0,
                    story: include_str!("stories/join-before-close.txt"),
                },
            ),
            Version::wrong::<TakesAfterClose>(
                "looks whether it is closed, then takes the job",
                scenes::<TakesAfterClose>(),
                play::<TakesAfterClose>,
                Mistake {
                    scene: "1 worker, 1 job, closed meanwhile",
                    outcome: "job 1 without an answer",
                    preemptions: 1,
                    story: include_str!("stories/takes-after-close.txt"),
                },
            ),
        ],
        heeds: &[],
        for_real: Some(ForReal::of::<os::InProcesses>()),
    }
}
