//! The right pool: for each worker, the parent has a supervisor thread, which takes one job at a
//! time and always answers it.

use super::lesson::{Answer, Config, Executor, Failure, Handle, Refused, Spawn};
use crate::lessons::bounded_queue::right::Queue;
use crate::processes::{Gone, Link};
use crate::sync::Arc;
use crate::sync::mpsc::{Sender, channel};
use crate::sync::thread::{Builder, JoinHandle};
use std::io;
use std::panic::resume_unwind;

/// A pool of worker processes. Dropping it closes it, and waits for nothing.
pub struct Pool<J, A> {
    pub(super) tasks: Arc<Queue<Task<J, A>>>,
    pub(super) supervisors: Vec<JoinHandle<()>>,
}

/// A job, and where its answer goes.
pub(super) struct Task<J, A> {
    pub(super) job: J,
    pub(super) answer: Sender<Answer<A>>,
}

impl<J: Send + 'static, A: Send + 'static> Executor<J, A> for Pool<J, A> {
    fn new<S: Spawn<J, A>>(config: Config, spawner: impl FnMut(usize) -> S) -> io::Result<Self> {
        Self::supervised(config, spawner, |supervisor, Task { job, answer }| {
            // If the handle was dropped, nobody waits for the answer.
            let _ = answer.send(supervisor.run(job));
        })
    }

    fn submit(&self, job: J) -> Result<Handle<A>, Refused<J>> {
        let (answer, answer_rx) = channel();
        let put = self.tasks.put(Task { job, answer });
        put.map_err(|refused| Refused(refused.0.job))?;
        Ok(Handle(answer_rx))
    }

    fn close(&self) {
        self.tasks.close();
    }

    fn join(mut self) {
        // Without this the supervisors would wait for another job for ever.
        self.close();
        for supervisor in self.supervisors.drain(..) {
            supervisor
                .join()
                .unwrap_or_else(|panic| resume_unwind(panic));
        }
    }
}

impl<J: Send + 'static, A: Send + 'static> Pool<J, A> {
    /// A pool whose supervisors do that with each task.
    pub(super) fn supervised<S: Spawn<J, A>>(
        config: Config,
        mut spawner: impl FnMut(usize) -> S,
        serve: impl Fn(&mut Supervisor<S, S::Worker>, Task<J, A>) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let mut pool = Self {
            tasks: Arc::new(Queue::new(config.waiting)),
            supervisors: Vec::new(),
        };
        for place in 1..=config.workers.get() {
            let (tasks, serve, spawn) = (Arc::clone(&pool.tasks), serve.clone(), spawner(place));
            let thread = Builder::new().name(format!("supervisor-{place}"));
            pool.supervisors.push(thread.spawn(move || {
                let mut supervisor = Supervisor {
                    spawn,
                    worker: None,
                    config,
                };
                while let Ok(task) = tasks.get() {
                    serve(&mut supervisor, task);
                }
            })?);
        }
        Ok(pool)
    }
}

impl<J, A> Drop for Pool<J, A> {
    fn drop(&mut self) {
        self.tasks.close();
    }
}

/// Supervises the worker of one place.
pub(super) struct Supervisor<S, W> {
    pub(super) spawn: S,
    pub(super) worker: Option<W>,
    pub(super) config: Config,
}

impl<S, W> Supervisor<S, W> {
    /// Has the worker do the job, and returns its answer.
    pub(super) fn run<J, A>(&mut self, mut job: J) -> Answer<A>
    where
        S: Spawn<J, A, Worker = W>,
        W: Link<J, Answer<A>>,
    {
        // A worker that died after its previous job never received this one: another worker can
        // do it. But a program that dies at once is not started for ever.
        for _ in 0..2 {
            let mut worker = match self.worker.take() {
                Some(worker) => worker,
                None => self.spawn.spawn()?,
            };
            match worker.send(job) {
                Ok(()) => {
                    // A worker that does not answer is dropped, which kills it. If it died, it
                    // may have done the job. If it is slow, its answer would be taken for the
                    // answer to the next job.
                    let answer = self.config.receive(&mut worker)?;
                    self.worker = Some(worker);
                    return answer;
                }
                Err(Gone(unsent)) => job = unsent,
            }
        }
        Err(Failure::WorkerDied)
    }
}
