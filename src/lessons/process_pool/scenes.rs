//! Scenes of a pool, and the judge of their outcomes.

use super::answers::{Answer, Failure, Refused, Terms};
use super::lesson::{Employer, Goes, Job};
use super::modelled::{Worker, place, processes};
use super::right::Handle;
use crate::explorer::report::{Budget, Judged};
use crate::lessons::parts::{Program, Scene};
use crate::narrate;
use crate::sync::Actors;
use crate::sync::thread::{Builder, scope};
use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

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
pub(super) fn play<E: Employer>(_: &Program) -> Judged {
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

pub(super) fn scenes<E: Employer + 'static>() -> Vec<Scene> {
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
