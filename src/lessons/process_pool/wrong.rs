//! Six wrong pools. Each is the [right one](super::right) except for the methods written here.

use super::lesson::{Answer, Config, Executor, Failure, Handle, Job, Refused, Spawn};
use super::right::{Pool, Supervisor, Task};
use crate::lessons::bounded_queue::right::Queue;
use crate::narrate;
use crate::processes::Link;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::mpsc::channel;
use crate::sync::thread::{Builder, JoinHandle};
use crate::sync::{Arc, Mutex};
use std::collections::HashMap;
use std::io;
use std::panic::resume_unwind;

/// Methods that a version leaves to the right pool.
macro_rules! as_the_right_one {
    ($($method:ident)*) => {
        $(as_the_right_one!(@ $method);)*
    };
    (@ submit) => {
        fn submit(&self, job: Job) -> Result<Handle<usize>, Refused<Job>> {
            self.0.submit(job)
        }
    };
    (@ close) => {
        fn close(&self) {
            self.0.close();
        }
    };
    (@ join) => {
        fn join(self) {
            self.0.join();
        }
    };
}

/// What the tutorial does: it ignores the result of `apply_async`, and so never learns of an error.
/// A job that fails counts as done.
pub struct SwallowsErrors(Pool<Job, usize>);

impl Executor<Job, usize> for SwallowsErrors {
    as_the_right_one!(submit close join);

    fn new<S: Spawn<Job, usize>>(
        config: Config,
        spawner: impl FnMut(usize) -> S,
    ) -> io::Result<Self> {
        let pool =
            Pool::supervised(
                config,
                spawner,
                |supervisor, Task { job, answer }| match supervisor.run(job) {
                    Ok(value) => _ = answer.send(Ok(value)),
                    Err(_) => narrate!("{job} failed: sends no answer"),
                },
            );
        pool.map(Self)
    }
}

/// Keeps a table of the awaited answers, and removes a job from it when its answer comes. If a
/// worker dies, another one is started, and its job stays in the table for ever. Python's pool
/// does that.
pub struct LosesJobOfDeadWorker(Pool<Job, usize>);

impl Executor<Job, usize> for LosesJobOfDeadWorker {
    as_the_right_one!(submit close join);

    fn new<S: Spawn<Job, usize>>(
        config: Config,
        spawner: impl FnMut(usize) -> S,
    ) -> io::Result<Self> {
        let awaited = Arc::new(Mutex::new(HashMap::new()));
        let pool = Pool::supervised(config, spawner, move |supervisor, Task { job, answer }| {
            awaited.lock().unwrap().insert(job.number, answer);
            let answer = supervisor.run(job);
            if answer == Err(Failure::WorkerDied) {
                narrate!("the worker died: sends no answer");
            } else {
                let waits = awaited.lock().unwrap().remove(&job.number);
                let _ = waits.expect("the job is in the table").send(answer);
            }
        });
        pool.map(Self)
    }
}

/// If a worker dies, another worker does its job again, because there was no answer. But the
/// dead worker may have done the job, and died before it could say so.
pub struct DoesItAgain(Pool<Job, usize>);

impl Executor<Job, usize> for DoesItAgain {
    as_the_right_one!(submit close join);

    fn new<S: Spawn<Job, usize>>(
        config: Config,
        spawner: impl FnMut(usize) -> S,
    ) -> io::Result<Self> {
        let pool = Pool::supervised(config, spawner, |supervisor, Task { job, answer }| {
            let mut answered = supervisor.run(job);
            while answered == Err(Failure::WorkerDied) {
                narrate!("the worker died: sends {job} again");
                answered = supervisor.run(job);
            }
            let _ = answer.send(answered);
        });
        pool.map(Self)
    }
}

/// Answers in time that a job took too long, and keeps the worker, which is still working. When
/// the worker's answer comes, it is taken for the answer to the next job.
pub struct TakesTheLateAnswer(Pool<Job, usize>);

impl Executor<Job, usize> for TakesTheLateAnswer {
    as_the_right_one!(submit close join);

    fn new<S: Spawn<Job, usize>>(
        config: Config,
        spawner: impl FnMut(usize) -> S,
    ) -> io::Result<Self> {
        let pool = Pool::supervised(config, spawner, |supervisor, Task { job, answer }| {
            let _ = answer.send(run_and_keep(supervisor, job));
        });
        pool.map(Self)
    }
}

/// Has the worker do the job, and keeps the worker unless it has died.
fn run_and_keep<S: Spawn<Job, usize>>(
    supervisor: &mut Supervisor<S, S::Worker>,
    job: Job,
) -> Answer<usize> {
    let mut worker = match supervisor.worker.take() {
        Some(worker) => worker,
        None => supervisor.spawn.spawn()?,
    };
    worker.send(job).map_err(Failure::from)?;
    let answer = supervisor.config.receive(&mut worker);
    if answer != Err(Failure::WorkerDied) {
        supervisor.worker = Some(worker);
    }
    answer?
}

/// Joins the supervisors without closing the pool. They wait for another job, and `join` waits
/// for them.
pub struct JoinBeforeClose(Pool<Job, usize>);

impl Executor<Job, usize> for JoinBeforeClose {
    as_the_right_one!(submit close);

    fn new<S: Spawn<Job, usize>>(
        config: Config,
        spawner: impl FnMut(usize) -> S,
    ) -> io::Result<Self> {
        Pool::new(config, spawner).map(Self)
    }

    fn join(mut self) {
        join_all(&mut self.0.supervisors);
    }
}

fn join_all(supervisors: &mut Vec<JoinHandle<()>>) {
    for supervisor in supervisors.drain(..) {
        supervisor
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic));
    }
}

/// Closes by putting one end mark for each supervisor into the queue, and refuses jobs from then
/// on. But `submit` may check that the pool is open, and put its job after the end marks, where
/// no supervisor gets it.
pub struct TakesAfterClose {
    /// `None` is an end mark.
    tasks: Arc<Queue<Option<Task<Job, usize>>>>,
    closed: AtomicBool,
    supervisors: Vec<JoinHandle<()>>,
}

impl Executor<Job, usize> for TakesAfterClose {
    fn new<S: Spawn<Job, usize>>(
        config: Config,
        mut spawner: impl FnMut(usize) -> S,
    ) -> io::Result<Self> {
        // There is always room for the end marks.
        let waiting = config.waiting.saturating_add(config.workers.get());
        let tasks = Arc::new(Queue::<Option<Task<Job, usize>>>::new(waiting));
        let mut supervisors = Vec::new();
        for place in 1..=config.workers.get() {
            let (spawn, tasks) = (spawner(place), Arc::clone(&tasks));
            let thread = Builder::new().name(format!("supervisor-{place}"));
            supervisors.push(thread.spawn(move || {
                let mut supervisor = Supervisor {
                    spawn,
                    worker: None,
                    config,
                };
                while let Ok(Some(Task { job, answer })) = tasks.get() {
                    let _ = answer.send(supervisor.run(job));
                }
            })?);
        }
        Ok(Self {
            supervisors,
            tasks,
            closed: AtomicBool::new(false),
        })
    }

    fn submit(&self, job: Job) -> Result<Handle<usize>, Refused<Job>> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Refused(job));
        }
        let (answer, answer_rx) = channel();
        let put = self.tasks.put(Some(Task { job, answer }));
        put.map(|()| Handle(answer_rx)).map_err(|_| Refused(job))
    }

    fn close(&self) {
        if !self.closed.swap(true, Ordering::SeqCst) {
            for _ in &self.supervisors {
                let _ = self.tasks.put(None);
            }
        }
    }

    fn join(mut self) {
        self.close();
        join_all(&mut self.supervisors);
    }
}
