//! Six pools that lose answers, jobs or their end.

use super::answers::{Answer, Failure, Refused, Terms};
use super::lesson::{Employer, Job};
use super::right::{Handle, Keeper, Pool, Task};
use crate::lessons::bounded_queue::right::Queue;
use crate::processes::{Gone, Link, TimedOutOrGone};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::mpsc::{Sender, channel};
use crate::sync::thread::{Builder, JoinHandle};
use crate::sync::{Arc, Mutex, Named};
use std::collections::HashMap;
use std::io;
use std::panic::resume_unwind;

type Tasks = Queue<Task<Job, usize>>;
const THREADS: &str = "the operating system can start a thread for each worker";

/// What the seed does: whoever calls `apply_async` and keeps no result learns of no
/// error. Jobs that fail count as done, and the program ends as if all were well.
pub struct SwallowsErrors(Pool<Job, usize>);

impl Employer for SwallowsErrors {
    fn open<H, W>(terms: Terms, mut hiring: impl FnMut(usize) -> H) -> Self
    where
        H: FnMut() -> io::Result<W> + Send + 'static,
        W: Link<Job, Answer<usize>> + 'static,
    {
        let keepers = |place| {
            let hire = hiring(place);
            move |tasks: &Tasks| {
                let worker = None;
                let mut keeper = Keeper {
                    hire,
                    worker,
                    terms,
                };
                while let Ok(Task { job, answer }) = tasks.get() {
                    if let Ok(value) = keeper.have_done(job) {
                        let _ = answer.send(Ok(value));
                    }
                }
            }
        };
        Self(Pool::kept(terms, keepers).expect(THREADS))
    }

    fn submit(&self, job: Job) -> Result<Handle<usize>, Refused<Job>> {
        self.0.submit(job)
    }

    fn close(&self) {
        self.0.close();
    }

    fn join(self) {
        self.0.join();
    }
}

/// Notes who waits for which answer, and crosses it out when the answer comes. When
/// a worker dies, another is started, and all goes on: but for the job that the dead
/// one had, which nobody crosses out. Python's pool does that.
pub struct LosesJobOfDeadWorker {
    pool: Pool<Job, usize>,
    _awaited: Arc<Mutex<HashMap<usize, Sender<Answer<usize>>>>>,
}

impl Employer for LosesJobOfDeadWorker {
    fn open<H, W>(terms: Terms, mut hiring: impl FnMut(usize) -> H) -> Self
    where
        H: FnMut() -> io::Result<W> + Send + 'static,
        W: Link<Job, Answer<usize>> + 'static,
    {
        let awaited = Arc::new(Mutex::new(HashMap::new()).named("awaited"));
        let keepers = |place| {
            let (mut hire, awaited) = (hiring(place), Arc::clone(&awaited));
            move |tasks: &Tasks| {
                let mut worker = hire();
                while let Ok(Task { job, answer }) = tasks.get() {
                    awaited.lock().unwrap().insert(job.number, answer);
                    let answer = match &mut worker {
                        Ok(worker) => worker
                            .send(job)
                            .map_or(Err(Gone(())), |()| worker.receive()),
                        Err(_) => Err(Gone(())),
                    };
                    match answer {
                        Ok(answer) => {
                            if let Some(waits) = awaited.lock().unwrap().remove(&job.number) {
                                let _ = waits.send(answer);
                            }
                        }
                        Err(Gone(())) => {
                            drop(worker);
                            worker = hire();
                        }
                    }
                }
            }
        };
        Self {
            pool: Pool::kept(terms, keepers).expect(THREADS),
            _awaited: awaited,
        }
    }

    fn submit(&self, job: Job) -> Result<Handle<usize>, Refused<Job>> {
        self.pool.submit(job)
    }

    fn close(&self) {
        self.pool.close();
    }

    fn join(self) {
        self.pool.join();
    }
}

/// Has a dead worker's job done again by the next, since it had no answer. But what
/// it was to do may have been done: the worker may have died on its way to say so.
pub struct DoesItAgain(Pool<Job, usize>);

impl Employer for DoesItAgain {
    fn open<H, W>(terms: Terms, mut hiring: impl FnMut(usize) -> H) -> Self
    where
        H: FnMut() -> io::Result<W> + Send + 'static,
        W: Link<Job, Answer<usize>> + 'static,
    {
        let keepers = |place| {
            let hire = hiring(place);
            move |tasks: &Tasks| {
                let worker = None;
                let mut keeper = Keeper {
                    hire,
                    worker,
                    terms,
                };
                while let Ok(Task { job, answer }) = tasks.get() {
                    let mut said = keeper.have_done(job);
                    while said == Err(Failure::WorkerDied) {
                        said = keeper.have_done(job);
                    }
                    let _ = answer.send(said);
                }
            }
        };
        Self(Pool::kept(terms, keepers).expect(THREADS))
    }

    fn submit(&self, job: Job) -> Result<Handle<usize>, Refused<Job>> {
        self.0.submit(job)
    }

    fn close(&self) {
        self.0.close();
    }

    fn join(self) {
        self.0.join();
    }
}

/// Says in time that a job took too long, and keeps its worker: which is not yet
/// done. Its answer, when it comes, is taken for that to the next job.
pub struct TakesTheLateAnswer(Pool<Job, usize>);

impl Employer for TakesTheLateAnswer {
    fn open<H, W>(terms: Terms, mut hiring: impl FnMut(usize) -> H) -> Self
    where
        H: FnMut() -> io::Result<W> + Send + 'static,
        W: Link<Job, Answer<usize>> + 'static,
    {
        let keepers = |place| {
            let hire = hiring(place);
            move |tasks: &Tasks| {
                let worker = None;
                let mut keeper = Keeper {
                    hire,
                    worker,
                    terms,
                };
                while let Ok(Task { job, answer }) = tasks.get() {
                    let _ = answer.send(has_done(&mut keeper, job));
                }
            }
        };
        Self(Pool::kept(terms, keepers).expect(THREADS))
    }

    fn submit(&self, job: Job) -> Result<Handle<usize>, Refused<Job>> {
        self.0.submit(job)
    }

    fn close(&self) {
        self.0.close();
    }

    fn join(self) {
        self.0.join();
    }
}

fn has_done<H, W>(keeper: &mut Keeper<H, W>, job: Job) -> Answer<usize>
where
    H: FnMut() -> io::Result<W>,
    W: Link<Job, Answer<usize>>,
{
    let Some(patience) = keeper.terms.patience else {
        return keeper.have_done(job);
    };
    let mut worker = match keeper.worker.take() {
        Some(worker) => worker,
        None => (keeper.hire)().map_err(|error| Failure::NoWorker(error.to_string()))?,
    };
    let sent = worker.send(job);
    sent.map_err(|Gone(_)| Failure::WorkerDied)?;
    match worker.receive_timeout(patience) {
        Ok(answer) => {
            keeper.worker = Some(worker);
            answer
        }
        Err(TimedOutOrGone::TimedOut) => {
            keeper.worker = Some(worker);
            Err(Failure::TimedOut)
        }
        Err(TimedOutOrGone::Gone) => Err(Failure::WorkerDied),
    }
}

/// Waits for the keepers without closing first. They wait for another job, and it
/// waits for them.
pub struct JoinBeforeClose(Pool<Job, usize>);

impl Employer for JoinBeforeClose {
    fn open<H, W>(terms: Terms, hiring: impl FnMut(usize) -> H) -> Self
    where
        H: FnMut() -> io::Result<W> + Send + 'static,
        W: Link<Job, Answer<usize>> + 'static,
    {
        Self(Pool::new(terms, hiring).expect(THREADS))
    }

    fn submit(&self, job: Job) -> Result<Handle<usize>, Refused<Job>> {
        self.0.submit(job)
    }

    fn close(&self) {
        self.0.close();
    }

    fn join(mut self) {
        for keeper in self.0.keepers.drain(..) {
            keeper.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    }
}

/// Closes by putting a note into the queue for each keeper that nothing follows, and
/// refuses jobs from then on. But whoever has looked whether it is closed before, and
/// puts a job in after, has had it accepted, and it lies behind the notes.
pub struct TakesAfterClose {
    /// `None`: nothing follows.
    tasks: Arc<Queue<Option<Task<Job, usize>>>>,
    closed: AtomicBool,
    keepers: Vec<JoinHandle<()>>,
}

impl Employer for TakesAfterClose {
    fn open<H, W>(terms: Terms, mut hiring: impl FnMut(usize) -> H) -> Self
    where
        H: FnMut() -> io::Result<W> + Send + 'static,
        W: Link<Job, Answer<usize>> + 'static,
    {
        // There is always room for the notes.
        let waiting = terms.waiting.saturating_add(terms.workers.get());
        let tasks = Arc::new(Queue::<Option<Task<Job, usize>>>::new(waiting));
        let keeper = |place| {
            let (hire, tasks) = (hiring(place), Arc::clone(&tasks));
            let keep = move || {
                let worker = None;
                let mut keeper = Keeper {
                    hire,
                    worker,
                    terms,
                };
                while let Ok(Some(Task { job, answer })) = tasks.get() {
                    let _ = answer.send(keeper.have_done(job));
                }
            };
            let thread = Builder::new().name(format!("keeper-{place}"));
            thread.spawn(keep).expect(THREADS)
        };
        let keepers = (1..=terms.workers.get()).map(keeper).collect();
        let closed = AtomicBool::new(false).named("closed");
        Self {
            tasks,
            closed,
            keepers,
        }
    }

    fn submit(&self, job: Job) -> Result<Handle<usize>, Refused<Job>> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Refused(job));
        }
        let (answer, awaited) = channel();
        let answer = answer.named("answer");
        let put = self.tasks.put(Some(Task { job, answer }));
        put.map(|()| Handle(awaited)).map_err(|_| Refused(job))
    }

    fn close(&self) {
        if !self.closed.swap(true, Ordering::SeqCst) {
            for _ in &self.keepers {
                let _ = self.tasks.put(None);
            }
        }
    }

    fn join(mut self) {
        self.close();
        for keeper in self.keepers.drain(..) {
            keeper.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    }
}
