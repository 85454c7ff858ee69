//! Scenes of a pool, with threads instead of processes.

use super::lesson::{
    Answer, Config, Ends, Executor, Failure, Fate, Handle, Job, Observed, Refused, Setup, User,
    work,
};
use crate::explorer::report::{Budget, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::processes::modelled::{Immortal, Mortal, pair};
use crate::processes::{Gone, Link, TimedOutOrGone};
use crate::sync::mpsc::{Receiver, Sender, channel};
use crate::sync::thread::{Builder, scope};
use crate::sync::{Actors, Arc, Named, rest};
use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

/// The answer, unless nobody gave one: that a supervisor is gone is no answer.
fn known(answer: Answer<usize>) -> Option<Answer<usize>> {
    match answer {
        Err(Failure::NoWorker(_)) => None,
        answer => Some(answer),
    }
}

impl Setup {
    /// Runs the scene with the pool `E`.
    #[must_use]
    pub fn run<E: Executor<Job, usize>>(&self) -> Observed {
        let mut spawners = Vec::new();
        let mut actors = Actors::new();
        for worker in 1..=self.workers {
            let names = match worker {
                1 => ["pipe to worker-1", "pipe from worker-1", "start worker-1"],
                2 => ["pipe to worker-2", "pipe from worker-2", "start worker-2"],
                _ => ["orders", "replies", "start"],
            };
            let (spawner, processes) = place(names, self.jobs.contains(&Ends::Never));
            spawners.push(spawner);
            actors = actors.enter(format!("worker-{worker}"), move || Observed {
                fates: Vec::new(),
                done: run_all(&processes),
            });
        }
        let program = || Observed {
            fates: self.fates::<E>(spawners),
            done: Vec::new(),
        };
        together(actors.enter("program", program).run())
    }

    /// The program that uses the pool.
    fn fates<E: Executor<Job, usize>>(
        &self,
        spawners: Vec<impl FnMut() -> io::Result<Worker> + Send + 'static>,
    ) -> Vec<Fate> {
        let config = Config {
            workers: NonZeroUsize::new(self.workers).unwrap_or(NonZeroUsize::MIN),
            waiting: NonZeroUsize::MIN,
            timeout: self.timeout.then_some(Duration::from_millis(100)),
        };
        let mut spawners = spawners.into_iter();
        let pool = E::new(config, |_| spawners.next().expect("one for each place"))
            .expect("the operating system can start a thread for each worker");
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
        match self.user {
            User::Waits => {
                let fates = fates(waits, self.submit_all(&submit));
                pool.close();
                pool.join();
                fates
            }
            User::IsInterrupted => {
                let found = scope(|scope| {
                    Builder::new()
                        .name("closer".to_owned())
                        .spawn_scoped(scope, || pool.close())
                        .expect("the operating system can start a thread");
                    self.submit_all(&submit)
                });
                pool.join();
                fates(looks, found)
            }
            User::Joins => {
                let handles = self.submit_all(&submit);
                pool.close();
                narrate!("joins the pool");
                pool.join();
                fates(looks, handles)
            }
            User::JustJoins => {
                let handles = self.submit_all(&submit);
                narrate!("joins the pool");
                pool.join();
                fates(looks, handles)
            }
            User::Forgets => {
                let forgotten = self.forget_all(&submit);
                pool.close();
                pool.join();
                forgotten
            }
        }
    }

    fn submit_all(&self, submit: &dyn Fn(Job) -> Submitted) -> Vec<Submitted> {
        self.jobs().map(submit).collect()
    }

    /// Drops each handle before it submits the next job.
    fn forget_all(&self, submit: &dyn Fn(Job) -> Submitted) -> Vec<Fate> {
        let forgotten = |job| submit(job).map_or(Fate::Refused, |_| Fate::Forgotten);
        self.jobs().map(forgotten).collect()
    }
}

/// The handle of a job, if it was accepted.
type Submitted = Result<Handle<usize>, ()>;

/// What `asks` says of each job that was accepted.
fn fates(asks: fn(Handle<usize>) -> Fate, submitted: Vec<Submitted>) -> Vec<Fate> {
    let fate = |handle: Submitted| handle.map_or(Fate::Refused, asks);
    submitted.into_iter().map(fate).collect()
}

fn waits(handle: Handle<usize>) -> Fate {
    Fate::Accepted(known(handle.wait()))
}

fn looks(handle: Handle<usize>) -> Fate {
    Fate::Accepted(handle.try_wait().ok().and_then(known))
}

/// What the program, which comes last, and the workers have observed.
fn together(mut observed: Vec<Observed>) -> Observed {
    let fates = observed.pop().map_or(Vec::new(), |program| program.fates);
    let done = observed.into_iter().flat_map(|worker| worker.done);
    let done = done.collect();
    Observed { fates, done }
}

/// A process of the model: the child's end of its link, and a channel that is disconnected when
/// the process is killed, for a process that never looks at its link.
type Process = (Mortal<Answer<usize>, Job>, Option<Receiver<()>>);

/// The parent's end of the link to a process of the model. Dropping it kills the process.
struct Worker {
    link: Immortal<Job, Answer<usize>>,
    _alive: Option<Sender<()>>,
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
    fn receive_timeout(&mut self, timeout: Duration) -> Result<Answer<usize>, TimedOutOrGone> {
        self.link.receive_timeout(timeout)
    }

    #[track_caller]
    fn close(&mut self) {
        self.link.close();
    }
}

/// A place for one worker: how to spawn a process there, and the processes for the thread that
/// runs them.
fn place(
    [to, from, start]: [&'static str; 3],
    endless: bool,
) -> (
    impl FnMut() -> io::Result<Worker> + Send + 'static,
    Receiver<Process>,
) {
    let (starts, processes) = channel();
    let starts = starts.named(start);
    let place = Arc::new(());
    let spawn = move || {
        assert_eq!(Arc::strong_count(&place), 1, "two processes in one place");
        let (link, end) = pair(to, from);
        let (alive, killed) = match endless {
            true => {
                let (alive, killed) = channel();
                (Some(alive), Some(killed))
            }
            false => (None, None),
        };
        // The receiver is gone only if the scene is aborted.
        let _ = starts.send((end, killed));
        Ok(Worker {
            link,
            _alive: alive,
            _place: Arc::clone(&place),
        })
    };
    (spawn, processes)
}

/// Runs one process after another. Returns the jobs that they did or began.
fn run_all(processes: &Receiver<Process>) -> Vec<usize> {
    let mut done = Vec::new();
    for (mut parent, killed) in processes.iter() {
        work(&mut parent, |job: Job| {
            narrate!("does {job}");
            done.push(job.number);
            rest();
            match job.ends {
                Ends::Well => Ok(job.value()),
                Ends::InError => Err(job.message()),
                Ends::InPanic => panic!("{}", job.message()),
                Ends::Never => {
                    let _ = killed.as_ref().map(Receiver::recv);
                    Err("killed".to_owned())
                }
            }
        });
    }
    done
}

/// The tutorial's program: ten jobs for three workers, with threads instead of processes. One job
/// fails.
pub(super) fn play<E: Executor<Job, usize>>(_: &Program) -> Judged {
    use Ends::{InError, Well};
    let setup = Setup {
        workers: 3,
        jobs: &[
            Well, Well, Well, Well, InError, Well, Well, Well, Well, Well,
        ],
        user: User::Joins,
        timeout: false,
        deaths: 0,
    };
    setup.judge(&setup.run::<E>())
}

pub(super) fn scenes<E: Executor<Job, usize> + 'static>() -> Vec<Scene> {
    use Ends::{InError, InPanic, Never, Well};
    let with = |name, workers, jobs, user, timeout, budget: Budget| {
        let setup = Setup {
            workers,
            jobs,
            user,
            timeout,
            deaths: budget.deaths,
        };
        Scene::new(name, move || setup.judge(&setup.run::<E>())).budget(budget)
    };
    let usual = Budget::NONE;
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
    let any_wake_up = |name, workers, jobs, user| {
        let budget = Budget {
            any_waiter: true,
            spurious_wake_ups: 1,
            ..usual
        };
        with(name, workers, jobs, user, false, budget)
    };
    vec![
        scene("1 worker, a job that fails", 1, &[InError], User::Waits).must_occur(&["error"]),
        scene(
            "1 worker, 1 job, joined without close",
            1,
            &[Well],
            User::JustJoins,
        )
        .must_occur(&["value"]),
        scene(
            "1 worker, 1 job, closed at any moment",
            1,
            &[Well],
            User::IsInterrupted,
        )
        .must_occur(&["value", "refused"]),
        deadly("1 worker that may die, 1 job", 1, &[Well], User::JustJoins)
            .must_occur(&["value", "died"]),
        timed(
            "1 worker, 2 jobs, one may time out",
            &[Well, Well],
            User::JustJoins,
            1,
            0,
        )
        .must_occur(&["value, value", "value, timed out", "timed out, value"]),
        scene(
            "1 worker, 2 jobs, the first panics",
            1,
            &[InPanic, Well],
            User::Waits,
        )
        .must_occur(&["panic, value"])
        .handles_panics()
        .proof(),
        timed(
            "1 worker, 2 jobs, the first never ends",
            &[Never, Well],
            User::Waits,
            0,
            0,
        )
        .must_occur(&["timed out, value"])
        .proof(),
        scene(
            "1 worker, 2 jobs, handles dropped",
            1,
            &[Well, Well],
            User::Forgets,
        )
        .must_occur(&["accepted, accepted"])
        .proof(),
        scene(
            "1 worker, 2 jobs, closed at any moment",
            1,
            &[Well, Well],
            User::IsInterrupted,
        )
        .must_occur(&["value, value", "value, refused", "refused, refused"])
        .proof(),
        deadly(
            "1 worker that may die, 2 jobs",
            1,
            &[InError, Well],
            User::Joins,
        )
        .must_occur(&["error, value", "error, died", "died, value"])
        .proof(),
        deadly(
            "1 worker that may die, closed at any moment",
            1,
            &[Well],
            User::IsInterrupted,
        )
        .must_occur(&["value", "died", "refused"])
        .proof(),
        timed(
            "1 worker that may die or time out",
            &[Well],
            User::Waits,
            1,
            1,
        )
        .must_occur(&["value", "died", "timed out"])
        .proof(),
        scene("2 workers, 2 jobs", 2, &[Well, InError], User::Waits)
            .must_occur(&["value, error"])
            .proof(),
        deadly("2 workers that may die, 1 job", 2, &[Well], User::Waits)
            .must_occur(&["value", "died"])
            .proof(),
        any_wake_up(
            "2 workers, 1 job, any waiter wakes",
            2,
            &[Well],
            User::Waits,
        )
        .must_occur(&["value"])
        .proof(),
    ]
}
