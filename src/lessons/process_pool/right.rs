//! The right pool: for each worker a thread of the parent's, its keeper, who has one
//! job at a time, and owes its answer.

use super::answers::{Answer, Failure, Refused, Terms};
use crate::lessons::bounded_queue::right::Queue;
use crate::processes::{Gone, Link, TimedOutOrGone};
use crate::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use crate::sync::thread::{Builder, JoinHandle};
use crate::sync::{Arc, Named};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A pool of worker processes. Dropping it closes it, and waits for nobody.
pub struct Pool<J, A> {
    pub(super) tasks: Arc<Queue<Task<J, A>>>,
    pub(super) keepers: Vec<JoinHandle<()>>,
}

/// A job, and where its answer is awaited.
pub(super) struct Task<J, A> {
    pub(super) job: J,
    pub(super) answer: Sender<Answer<A>>,
}

/// The right to one answer. Dropping it does not stop the job.
pub struct Handle<A>(pub(super) Receiver<Answer<A>>);

impl<J: Send + 'static, A: Send + 'static> Pool<J, A> {
    /// A pool on these terms. `hiring` says of each place, from 1, who starts the
    /// workers there; that is done when there is a job for one.
    ///
    /// # Errors
    /// The system does not start the threads.
    pub fn new<H, W>(terms: Terms, mut hiring: impl FnMut(usize) -> H) -> io::Result<Self>
    where
        H: FnMut() -> io::Result<W> + Send + 'static,
        W: Link<J, Answer<A>>,
    {
        Self::kept(terms, |place| {
            let hire = hiring(place);
            move |tasks: &Queue<Task<J, A>>| {
                let worker = None;
                keep(
                    tasks,
                    Keeper {
                        hire,
                        worker,
                        terms,
                    },
                );
            }
        })
    }

    /// A pool with such keepers.
    pub(super) fn kept<K>(terms: Terms, mut keeper: impl FnMut(usize) -> K) -> io::Result<Self>
    where
        K: FnOnce(&Queue<Task<J, A>>) + Send + 'static,
    {
        let mut pool = Self {
            tasks: Arc::new(Queue::new(terms.waiting)),
            keepers: Vec::new(),
        };
        for place in 1..=terms.workers.get() {
            let (tasks, keep) = (Arc::clone(&pool.tasks), keeper(place));
            let keeper = Builder::new().name(format!("keeper-{place}"));
            pool.keepers.push(keeper.spawn(move || keep(&tasks))?);
        }
        Ok(pool)
    }

    /// Has a job done, once a worker is free; waits while too many wait already.
    ///
    /// # Errors
    /// With the job, if the pool is closed, or is closed during the wait.
    pub fn submit(&self, job: J) -> Result<Handle<A>, Refused<J>> {
        let (answer, awaited) = channel();
        let answer = answer.named("answer");
        match self.tasks.put(Task { job, answer }) {
            Ok(()) => Ok(Handle(awaited)),
            Err(refused) => Err(Refused(refused.into_item().job)),
        }
    }

    /// Has many jobs done, and waits for all: what became of each, in their order.
    pub fn map(&self, jobs: impl IntoIterator<Item = J>) -> Vec<Result<Answer<A>, Refused<J>>> {
        let submitted: Vec<_> = jobs.into_iter().map(|job| self.submit(job)).collect();
        let waited = submitted.into_iter().map(|it| it.map(Handle::wait));
        waited.collect()
    }
}

impl<J, A> Pool<J, A> {
    /// Takes no more jobs. Those accepted are still done. To close it twice does
    /// nothing more.
    pub fn close(&self) {
        self.tasks.close();
    }

    /// Closes it and waits until every job accepted has its answer and every worker
    /// has ended.
    ///
    /// # Panics
    /// With the panic of who starts the workers.
    pub fn join(mut self) {
        // Without that everybody would wait for another job, and we for them.
        self.close();
        for keeper in self.keepers.drain(..) {
            keeper.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    }
}

impl<J, A> Drop for Pool<J, A> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<A> Handle<A> {
    /// The answer; waits for it.
    ///
    /// # Errors
    /// Why there is no value.
    pub fn wait(self) -> Answer<A> {
        self.0.recv().unwrap_or_else(|_| Err(Failure::no_keeper()))
    }

    /// The answer, if it is there now.
    ///
    /// # Errors
    /// With the handle, if it is not.
    pub fn try_wait(self) -> Result<Answer<A>, Self> {
        match self.0.try_recv() {
            Ok(answer) => Ok(answer),
            Err(TryRecvError::Empty) => Err(self),
            Err(TryRecvError::Disconnected) => Ok(Err(Failure::no_keeper())),
        }
    }
}

/// Whoever takes a job out of the queue sends its answer, whatever that is: there is
/// no way out between the two.
fn keep<J, A, H, W>(tasks: &Queue<Task<J, A>>, mut keeper: Keeper<H, W>)
where
    H: FnMut() -> io::Result<W>,
    W: Link<J, Answer<A>>,
{
    while let Ok(Task { job, answer }) = tasks.get() {
        // Nobody may be waiting for it any more, which is fine.
        let _ = answer.send(keeper.have_done(job));
    }
}

/// Has a place for one worker.
pub(super) struct Keeper<H, W> {
    pub(super) hire: H,
    pub(super) worker: Option<W>,
    pub(super) terms: Terms,
}

impl<H, W> Keeper<H, W> {
    /// The answer of a worker to the job, or why there is none.
    pub(super) fn have_done<J, A>(&mut self, mut job: J) -> Answer<A>
    where
        H: FnMut() -> io::Result<W>,
        W: Link<J, Answer<A>>,
    {
        // Who has died since its last job has not heard this one: so another may have
        // it. But a program that is no good is not started for ever.
        for _ in 0..2 {
            let mut worker = match self.worker.take() {
                Some(worker) => worker,
                None => (self.hire)().map_err(|error| Failure::NoWorker(error.to_string()))?,
            };
            match worker.send(job) {
                Ok(()) => {
                    // Who does not answer goes. If it has died, the job may have been
                    // done, and is not done again. If it is late, its answer would be
                    // taken for that to the next job.
                    let answer = self.answer_of(&mut worker)?;
                    self.worker = Some(worker);
                    return answer;
                }
                // It goes before another comes in its place.
                Err(Gone(unheard)) => job = unheard,
            }
        }
        Err(Failure::WorkerDied)
    }

    /// What the worker says to the job it has, if it says anything.
    fn answer_of<J, A>(&self, worker: &mut W) -> Result<Answer<A>, Failure>
    where
        W: Link<J, Answer<A>>,
    {
        match self.terms.patience {
            None => worker.receive().map_err(|Gone(())| Failure::WorkerDied),
            Some(patience) => worker.receive_timeout(patience).map_err(|why| match why {
                TimedOutOrGone::TimedOut => Failure::TimedOut,
                TimedOutOrGone::Gone => Failure::WorkerDied,
            }),
        }
    }
}

/// The worker's part: does one job after another, until there is no parent any more.
/// A job that panics is answered like any other.
pub fn work<J, A>(
    parent: &mut impl Link<Answer<A>, J>,
    mut does: impl FnMut(J) -> Result<A, String>,
) {
    while let Ok(job) = parent.receive() {
        let answer = match catch_unwind(AssertUnwindSafe(|| does(job))) {
            Ok(answer) => answer.map_err(Failure::Error),
            Err(panic) => Err(Failure::Panicked(match panic.downcast::<String>() {
                Ok(message) => *message,
                Err(panic) => match panic.downcast_ref::<&str>() {
                    Some(message) => (*message).to_owned(),
                    None => "without a message".to_owned(),
                },
            })),
        };
        if parent.send(answer).is_err() {
            return;
        }
    }
}
