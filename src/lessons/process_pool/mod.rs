//! A pool of worker processes, and what becomes of the jobs it is given.
//!
//! # Story
//! A pool has so many processes and hands them jobs, one each at a time. A job can
//! fail, panic or hang, and its process can die of it, or for no reason at all. The
//! program that has submitted it has gone on meanwhile: who tells it?
//!
//! The promises:
//! - every job accepted gets exactly one answer: its value, its error, the message of
//!   its panic, that its worker died, or that it took too long;
//! - no job is done twice: what has been given to a worker who died is not given to
//!   another, since it may have had its effect;
//! - there are never more processes than places;
//! - `close` refuses, and the job refused comes back; `join` waits for all others.
//!
//! # In the model, and for real
//! A process of the model is a thread that shares nothing, and may die before each
//! operation of its link. The pool's keepers know processes by their
//! [`Link`] alone, so what is explored is what [`os`] plays
//! with real ones.
//!
//! # What the compiler already refuses
//! Asking a handle for its second answer:
//! ```compile_fail
//! use racecourse::lessons::process_pool::right::Handle;
//! fn twice(handle: Handle<u8>) {
//!     let _ = handle.wait();
//!     let _ = handle.wait(); // error: use of moved value: `handle`
//! }
//! ```
//! Submitting to a pool that somebody has begun to join:
//! ```compile_fail
//! use racecourse::lessons::process_pool::right::Pool;
//! fn late(pool: Pool<u8, u8>) {
//!     pool.join();
//!     let _ = pool.submit(1); // error: borrow of moved value: `pool`
//! }
//! ```
//! A job that is a closure, and so holds on to what another process does not have:
//! jobs are [data](os::Job).

pub mod os;
pub mod right;
pub mod wrong;

use super::{Fault, ForReal, Lesson, Mistake, Program, Scene, Seed, Version};
use crate::explorer::report::{Budget, Judged, Memory};
use crate::narrate;
use crate::processes::modelled::{Immortal, Mortal, pair};
use crate::processes::{Gone, Link, TimedOutOrGone};
use crate::sync::mpsc::{Receiver, Sender, channel};
use crate::sync::thread::{Builder, scope};
use crate::sync::{Actors, Arc, Named, rest};
use right::Handle;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

/// What becomes of a job.
pub type Answer<A> = Result<A, Failure>;

/// Why a job has no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The job failed, and says why.
    Error(String),
    /// The job panicked, with that message.
    Panicked(String),
    /// The worker died. How far it had got with the job is not known.
    WorkerDied,
    /// The worker did not answer in time, and was ended. How far it had got with the
    /// job is not known.
    TimedOut,
    /// No worker could be started. The job was not done.
    NoWorker(String),
}

impl Failure {
    /// Who was to answer has panicked.
    fn no_keeper() -> Self {
        Self::NoWorker("who starts them panicked".to_owned())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => write!(f, "{error}"),
            Self::Panicked(message) => write!(f, "it panicked: {message}"),
            Self::WorkerDied => write!(f, "its worker died"),
            Self::TimedOut => write!(f, "it took too long"),
            Self::NoWorker(why) => write!(f, "there is no worker: {why}"),
        }
    }
}

impl std::error::Error for Failure {}

/// A job that was not accepted, since the pool is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused<J>(pub J);

impl<J> fmt::Display for Refused<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the pool is closed")
    }
}

impl<J: fmt::Debug> std::error::Error for Refused<J> {}

/// A pool's numbers.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Processes, at the most.
    pub workers: NonZeroUsize,
    /// Jobs that wait for a worker, at the most.
    pub waiting: NonZeroUsize,
    /// How long a worker may take for a job.
    pub patience: Option<Duration>,
}

/// A pool as its scenes use it.
pub trait Employer: Sync + Sized {
    /// A pool on these terms, for which workers are started so.
    fn open<H, W>(terms: Terms, hiring: impl FnMut(usize) -> H) -> Self
    where
        H: FnMut() -> io::Result<W> + Send + 'static,
        W: Link<Job, Answer<usize>> + 'static;

    /// Has a job done. Otherwise it comes back.
    fn submit(&self, job: Job) -> Result<Handle<usize>, Refused<Job>>;

    /// Takes no more jobs.
    fn close(&self);

    /// Waits until everything is done.
    fn join(self);
}

/// A job of a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Which, from 1.
    pub number: usize,
    /// How it goes.
    pub goes: Goes,
}

/// How a job goes, if nothing comes between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// Its value is ten times its number.
    Well,
    /// It fails.
    Wrong,
    /// It panics.
    Mad,
    /// It never ends.
    On,
}

impl Job {
    fn value(self) -> usize {
        10 * self.number
    }

    fn message(self) -> String {
        format!("job {} fails", self.number)
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {}", self.number)
    }
}

/// What came of a job, for who submitted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was not accepted.
    Refused,
    /// It was, and this is all there is to know.
    Accepted(Option<Answer<usize>>),
    /// It was, and nobody asks.
    Forgotten,
}

/// A day of a pool.
#[derive(Debug, Clone)]
pub struct Day {
    /// Places for workers.
    pub workers: usize,
    /// The jobs, in the order in which they are submitted.
    pub jobs: &'static [Goes],
    /// How much the pool's user sees to.
    pub user: User,
    /// Whether jobs may time out.
    pub impatient: bool,
    /// How many of its workers may die.
    pub deaths: usize,
}

/// What the pool's user does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// Waits for each answer, then joins.
    Waits,
    /// Closes and joins, then looks.
    Joins,
    /// Joins without having closed, then looks.
    JustJoins,
    /// Drops the first job's handle; does as `Joins` with the others.
    Forgets,
    /// As `Waits`, and somebody else closes the pool meanwhile.
    IsClosedOn,
}

/// That nobody is left who could answer is no answer.
fn known(answer: Answer<usize>) -> Option<Answer<usize>> {
    match answer {
        Err(Failure::NoWorker(_)) => None,
        answer => Some(answer),
    }
}

/// What came of a day.
#[derive(Debug)]
pub struct Evening {
    /// What its user knows of each job.
    pub fates: Vec<Fate>,
    /// The jobs that processes have done, or begun, by number.
    pub done: Vec<usize>,
}

/// What each place's process plays, again and again: a child's end of its link, and
/// what is hung up
/// when it is killed, for who would not see it.
type Incarnation = (Mortal<Answer<usize>, Job>, Option<Receiver<()>>);

/// The parent's end of a link to a process of the model. To drop it is to kill it.
struct Worker {
    link: Immortal<Job, Answer<usize>>,
    _life: Option<Sender<()>>,
    _place: Arc<()>,
}

impl Link<Job, Answer<usize>> for Worker {
    #[track_caller]
    fn send(&mut self, job: Job) -> Result<(), Gone<Job>> {
        self.link.send(job)
    }

    #[track_caller]
    fn receive(&mut self) -> Result<Answer<usize>, Gone> {
        self.link.receive()
    }

    #[track_caller]
    fn receive_timeout(&mut self, patience: Duration) -> Result<Answer<usize>, TimedOutOrGone> {
        self.link.receive_timeout(patience)
    }

    #[track_caller]
    fn close(&mut self) {
        self.link.close();
    }
}

/// Where processes are started, and the thread that plays them.
fn place(
    [to, from, start]: [&'static str; 3],
    endless: bool,
) -> (
    impl FnMut() -> io::Result<Worker> + Send + 'static,
    Receiver<Incarnation>,
) {
    let (play, incarnations) = channel();
    let play = play.named(start);
    let place = Arc::new(());
    let hire = move || {
        assert_eq!(Arc::strong_count(&place), 1, "two processes in one place");
        let (link, end) = pair(to, from);
        let (life, killed) = match endless {
            true => {
                let (life, killed) = channel();
                (Some(life.named("life")), Some(killed))
            }
            false => (None, None),
        };
        // Nobody is there only when the scene is given up.
        let _ = play.send((end, killed));
        Ok(Worker {
            link,
            _life: life,
            _place: Arc::clone(&place),
        })
    };
    (hire, incarnations)
}

/// One process after another: what they did, or began.
fn processes(incarnations: &Receiver<Incarnation>) -> Vec<usize> {
    let mut done = Vec::new();
    for (mut parent, killed) in incarnations.iter() {
        right::work(&mut parent, |job: Job| {
            narrate!("does {job}");
            done.push(job.number);
            rest();
            match job.goes {
                Goes::Well => Ok(job.value()),
                Goes::Wrong => Err(job.message()),
                Goes::Mad => panic!("{}", job.message()),
                Goes::On => {
                    let _ = killed.as_ref().map(Receiver::recv);
                    Err("killed".to_owned())
                }
            }
        });
    }
    done
}

impl Day {
    fn jobs(&self) -> impl Iterator<Item = Job> {
        let numbered = self.jobs.iter().zip(1..);
        numbered.map(|(&goes, number)| Job { number, goes })
    }

    /// The day, with such a pool.
    #[must_use]
    pub fn at<E: Employer>(&self) -> Evening {
        let mut hiring = Vec::new();
        let mut actors = Actors::new();
        for worker in 1..=self.workers {
            let names = match worker {
                1 => ["orders-1", "replies-1", "start-1"],
                2 => ["orders-2", "replies-2", "start-2"],
                _ => ["orders", "replies", "start"],
            };
            let (hire, incarnations) = place(names, self.jobs.contains(&Goes::On));
            hiring.push(hire);
            actors = actors.enter(format!("worker-{worker}"), move || Evening {
                fates: Vec::new(),
                done: processes(&incarnations),
            });
        }
        let program = || Evening {
            fates: self.fates::<E>(hiring),
            done: Vec::new(),
        };
        let mut evenings = actors.enter("program", program).run();
        let fates = evenings.pop().map_or(Vec::new(), |program| program.fates);
        let done = evenings.into_iter().flat_map(|worker| worker.done);
        Evening {
            fates,
            done: done.collect(),
        }
    }

    /// The program that uses the pool.
    fn fates<E: Employer>(
        &self,
        hiring: Vec<impl FnMut() -> io::Result<Worker> + Send + 'static>,
    ) -> Vec<Fate> {
        let terms = Terms {
            workers: NonZeroUsize::new(self.workers).unwrap_or(NonZeroUsize::MIN),
            waiting: NonZeroUsize::MIN,
            patience: self.impatient.then_some(Duration::from_millis(100)),
        };
        let mut hiring = hiring.into_iter();
        let pool = E::open(terms, |_| hiring.next().expect("one for each place"));
        let submit = |job| {
            let submitted = pool.submit(job).map_err(|Refused(back)| {
                assert_eq!(back, job, "another job came back");
            });
            match submitted {
                Ok(_) => narrate!("{job} accepted"),
                Err(()) => narrate!("{job} refused"),
            }
            submitted
        };
        let fates = |asks: fn(Handle<usize>) -> _, handles: Vec<Result<Handle<usize>, ()>>| {
            let fate = |handle: Result<_, _>| handle.map_or(Fate::Refused, asks);
            handles.into_iter().map(fate).collect()
        };
        let waits = |handle: Handle<_>| Fate::Accepted(known(handle.wait()));
        let looks = |handle: Handle<_>| Fate::Accepted(handle.try_wait().ok().and_then(known));
        match self.user {
            User::Waits => {
                let fates = fates(waits, self.jobs().map(submit).collect());
                pool.close();
                pool.join();
                fates
            }
            User::IsClosedOn => {
                let found = scope(|scope| {
                    Builder::new()
                        .name("closer".to_owned())
                        .spawn_scoped(scope, || pool.close())
                        .expect("the operating system can start a thread");
                    self.jobs().map(submit).collect()
                });
                pool.join();
                fates(looks, found)
            }
            User::Joins => {
                let handles = self.jobs().map(submit).collect();
                pool.close();
                narrate!("joins");
                pool.join();
                fates(looks, handles)
            }
            User::JustJoins => {
                let handles = self.jobs().map(submit).collect();
                narrate!("joins");
                pool.join();
                fates(looks, handles)
            }
            User::Forgets => {
                let forget = |handle| {
                    drop(handle);
                    Fate::Forgotten
                };
                let found = self
                    .jobs()
                    .map(|job| submit(job).map_or(Fate::Refused, forget));
                let found = found.collect();
                pool.close();
                pool.join();
                found
            }
        }
    }

    /// Holds what came of it against the promises. (That everybody ends shows in the
    /// day having an end.)
    #[must_use]
    pub fn judge(&self, evening: &Evening) -> Judged {
        let mut names = Vec::new();
        for (job, fate) in self.jobs().zip(&evening.fates) {
            let done = evening.done.iter().filter(|&&it| it == job.number).count();
            if done > 1 {
                return Judged::forbidden(
                    format!("{job} done {done} times"),
                    "what it does to the world, it did so often",
                );
            }
            let (name, dones) = match fate {
                Fate::Refused => ("refused", 0..=0),
                Fate::Forgotten => ("accepted", 0..=1),
                Fate::Accepted(None) => {
                    return Judged::forbidden(
                        format!("{job} without an answer"),
                        "it was accepted, and nobody learns what became of it",
                    );
                }
                Fate::Accepted(Some(answer)) => match (answer, job.goes) {
                    (Ok(value), Goes::Well) if *value == job.value() => ("value", 1..=1),
                    (Err(Failure::Error(said)), Goes::Wrong) if *said == job.message() => {
                        ("error", 1..=1)
                    }
                    (Err(Failure::Panicked(said)), Goes::Mad) if *said == job.message() => {
                        ("panic", 1..=1)
                    }
                    (Err(Failure::WorkerDied), _) => ("died", 0..=1),
                    (Err(Failure::TimedOut), _) if self.impatient => ("timed out", 0..=1),
                    _ => {
                        return Judged::forbidden(
                            format!("{job} answered {answer:?}"),
                            "that is not what became of it",
                        );
                    }
                },
            };
            if !dones.contains(&done) {
                return Judged::forbidden(
                    format!("{job} {name}, done {done} times"),
                    "that is not what became of it",
                );
            }
            names.push(name);
        }
        let died = names.iter().filter(|&&name| name == "died").count();
        if names.len() != self.jobs.len() || died > self.deaths {
            let names = names.join(", ");
            return Judged::forbidden(names, "more jobs lost than workers died");
        }
        Judged::promised(names.join(", "), "each job accepted has one answer")
    }
}

/// The seed's ten jobs for three workers, one of which fails; with threads for
/// processes.
fn play<E: Employer>(_: &Program) -> Judged {
    use Goes::{Well, Wrong};
    let day = Day {
        workers: 3,
        jobs: &[Well, Well, Well, Well, Wrong, Well, Well, Well, Well, Well],
        user: User::Joins,
        impatient: false,
        deaths: 0,
    };
    day.judge(&day.at::<E>())
}

fn scenes<E: Employer + 'static>() -> Vec<Scene> {
    use Goes::{Mad, On, Well, Wrong};
    let with = |name, workers, jobs, user, impatient, budget: Budget| {
        let day = Day {
            workers,
            jobs,
            user,
            impatient,
            deaths: budget.deaths,
        };
        Scene::new(name, move || day.judge(&day.at::<E>())).budget(budget)
    };
    let usual = Budget::default();
    let scene = |name, workers, jobs, user| with(name, workers, jobs, user, false, usual);
    let deadly = |name, workers, jobs, user| {
        let budget = Budget { deaths: 1, ..usual };
        with(name, workers, jobs, user, false, budget)
    };
    let timed = |name, jobs, user, early_timeouts, deaths| {
        let budget = Budget {
            early_timeouts,
            deaths,
            ..usual
        };
        with(name, 1, jobs, user, true, budget)
    };
    let anybody_wakes = |name, workers, jobs, user| {
        let budget = Budget {
            any_waiter: true,
            spurious_wake_ups: 1,
            ..usual
        };
        with(name, workers, jobs, user, false, budget)
    };
    vec![
        scene("1 worker, a job that fails", 1, &[Wrong], User::Waits).must_occur(&["error"]),
        scene("1 worker, 1 job, just joined", 1, &[Well], User::JustJoins).must_occur(&["value"]),
        scene(
            "1 worker, 1 job, closed meanwhile",
            1,
            &[Well],
            User::IsClosedOn,
        )
        .must_occur(&["value", "refused"]),
        deadly("1 worker that may die, 1 job", 1, &[Well], User::JustJoins)
            .must_occur(&["value", "died"]),
        timed(
            "1 worker, 2 jobs, one may be late",
            &[Well, Well],
            User::JustJoins,
            1,
            0,
        )
        .must_occur(&["value, value", "value, timed out", "timed out, value"]),
        scene(
            "1 worker, 2 jobs, the first panics",
            1,
            &[Mad, Well],
            User::Waits,
        )
        .must_occur(&["panic, value"])
        .handles_panics()
        .proof(),
        timed(
            "1 worker, 2 jobs, the first never ends",
            &[On, Well],
            User::Waits,
            0,
            0,
        )
        .must_occur(&["timed out, value"])
        .proof(),
        scene(
            "1 worker, 2 jobs, nobody waits",
            1,
            &[Well, Well],
            User::Forgets,
        )
        .must_occur(&["accepted, accepted"])
        .proof(),
        scene(
            "1 worker, 2 jobs, closed meanwhile",
            1,
            &[Well, Well],
            User::IsClosedOn,
        )
        .must_occur(&["value, value", "value, refused", "refused, refused"])
        .proof(),
        deadly(
            "1 worker that may die, 2 jobs",
            1,
            &[Wrong, Well],
            User::Joins,
        )
        .must_occur(&["error, value", "error, died", "died, value"])
        .proof(),
        deadly(
            "1 worker that may die, closed meanwhile",
            1,
            &[Well],
            User::IsClosedOn,
        )
        .must_occur(&["value", "died", "refused"])
        .proof(),
        timed(
            "1 worker that may die or be late",
            &[Well],
            User::Waits,
            1,
            1,
        )
        .must_occur(&["value", "died", "timed out"])
        .proof(),
        scene("2 workers, 2 jobs", 2, &[Well, Wrong], User::Waits)
            .must_occur(&["value, error"])
            .proof(),
        deadly("2 workers that may die, 1 job", 2, &[Well], User::Waits)
            .must_occur(&["value", "died"])
            .proof(),
        anybody_wakes("2 workers, 1 job, anybody wakes", 2, &[Well], User::Waits)
            .must_occur(&["value"])
            .proof(),
    ]
}

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
