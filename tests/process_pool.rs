//! A pool of real processes, and everything that can happen to them; and its scenes
//! with threads.

use crate::bounded_queue::{config, ends};
use proptest::prelude::*;
use racecourse::explorer::report::Grade;
use racecourse::lessons::process_pool::right::Pool;
use racecourse::lessons::process_pool::{
    Answer, Config, Ends, Executor as _, Failure, Fate, Handle, Observed, Refused, Setup, User,
    lesson,
};
use racecourse::lessons::{Program, Version};
use racecourse::processes::real::{Child, Killer};
use racecourse::processes::{Gone, Link, TimedOutOrGone};
use racecourse::programs::process_pool::{Done, Job, ROLE, Value};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, PipeReader, Read as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

/// Longer than anything takes that does not hang.
const PATIENT: Duration = Duration::from_secs(5);

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_racecourse"))
}

/// All the workers that a pool has had.
#[derive(Clone, Default)]
struct Crew {
    killers: Arc<Mutex<Vec<Killer>>>,
    ids: Arc<Mutex<Vec<u32>>>,
    alive: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

/// One of them. The child goes first, then it is no longer counted.
struct Counted {
    child: Child<Job, Answer<Done>>,
    _place: Place,
}

struct Place(Crew);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.alive.fetch_sub(1, SeqCst);
    }
}

impl Link<Job, Answer<Done>> for Counted {
    fn send(&mut self, job: Job) -> Result<(), Gone<Job>> {
        self.child.send(job)
    }
    fn receive(&mut self) -> Result<Answer<Done>, Gone> {
        self.child.receive()
    }
    fn receive_timeout(&mut self, timeout: Duration) -> Result<Answer<Done>, TimedOutOrGone> {
        self.child.receive_timeout(timeout)
    }
    fn close(&mut self) {
        self.child.close();
    }
}

impl Crew {
    fn spawn(&self, program: Command) -> io::Result<Counted> {
        self.most
            .fetch_max(self.alive.fetch_add(1, SeqCst) + 1, SeqCst);
        let _place = Place(self.clone());
        let child = Child::spawn(program, ROLE)?;
        self.ids.lock().unwrap().push(child.id());
        self.killers.lock().unwrap().push(child.killer());
        Ok(Counted { child, _place })
    }

    /// Holds its numbers against the promise, once the pool is joined.
    fn is_gone(&self, workers: usize) {
        assert_eq!(self.alive.load(SeqCst), 0);
        assert!(self.most.load(SeqCst) <= workers, "more than {workers}");
        for &id in &*self.ids.lock().unwrap() {
            let id = Pid::from_raw(id.try_into().unwrap()).unwrap();
            assert_eq!(test_kill_process(id), Err(Errno::SRCH));
        }
    }
}

fn config_for(workers: usize, timeout: Option<Duration>) -> Config {
    Config {
        workers: NonZeroUsize::new(workers).unwrap(),
        waiting: NonZeroUsize::new(3).unwrap(),
        timeout,
    }
}

/// A pool of such processes, which print nothing unless they are told where.
fn pool_of(
    config: Config,
    program: impl Fn() -> Command + Send + Sync + 'static,
) -> (Pool<Job, Done>, Crew) {
    let crew = Crew::default();
    let program = Arc::new(program);
    let spawner = |_| {
        let (crew, program) = (crew.clone(), Arc::clone(&program));
        move || crew.spawn(program())
    };
    let pool = Pool::new(config, spawner).expect("threads start");
    (pool, crew)
}

fn quiet() -> Command {
    let mut program = program();
    program.stdout(Stdio::null()).stderr(Stdio::null());
    program
}

fn pool(workers: usize, timeout: Option<Duration>) -> (Pool<Job, Done>, Crew) {
    pool_of(config_for(workers, timeout), quiet)
}

/// Submits the jobs and waits for all: the answers, in the order of the jobs.
fn all(
    pool: &Pool<Job, Done>,
    jobs: impl IntoIterator<Item = Job>,
) -> Vec<Result<Answer<Done>, Refused<Job>>> {
    let submitted: Vec<_> = jobs.into_iter().map(|job| pool.submit(job)).collect();
    let waited = submitted.into_iter().map(|it| it.map(Handle::wait));
    waited.collect()
}

/// The answers of a pool to the jobs. Then the pool is gone.
fn answers(workers: usize, timeout: Option<Duration>, jobs: Vec<Job>) -> Vec<Answer<Done>> {
    ends(move || {
        let (pool, crew) = pool(workers, timeout);
        let answers = all(&pool, jobs);
        pool.join();
        crew.is_gone(workers);
        answers.into_iter().map(|it| it.expect("open")).collect()
    })
}

fn value(answer: Answer<Done>) -> Result<Value, Failure> {
    answer.map(|done| done.value)
}

fn squared(number: i64) -> Result<Value, Failure> {
    Ok(Value::Number(number * number))
}

fn error_of(number: i64) -> Result<Value, Failure> {
    let why = format!("the square of {number} is too large");
    Err(Failure::Error(why))
}

/// A file of its own for a test, gone with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, SeqCst);
        let name = format!("racecourse-{}-{number}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    /// A job that adds this line. If the file is a gate, whoever writes waits for a
    /// reader.
    fn note(&self, line: impl ToString) -> Job {
        Job::Note {
            file: self.0.clone(),
            line: line.to_string(),
        }
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        assert!(text.is_empty() || text.ends_with('\n'), "a torn line");
        text.lines().map(str::to_owned).collect()
    }

    fn gate() -> Self {
        let gate = Self::new("gate");
        let made = Command::new("mkfifo").arg(&gate.0).status();
        assert!(made.expect("there is mkfifo").success());
        gate
    }

    /// Lets a writer through: waits for one.
    fn opens(&self) -> String {
        let mut said = String::new();
        let mut gate = File::open(&self.0).expect("a gate");
        gate.read_to_string(&mut said).expect("text");
        said
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

// --- Answers ----------------------------------------------------------------

#[test]
fn an_error_and_a_panic_come_back_with_their_messages() {
    let boom = "boom,\nin two lines";
    let jobs = vec![
        Job::Square(7),
        Job::Square(i64::MAX),
        Job::Panic(boom.into()),
        Job::Square(-8),
    ];
    let answers = answers(1, None, jobs);
    let process = |which: usize| answers[which].as_ref().expect("a value").process;
    // Neither costs the worker.
    assert_eq!(process(0), process(3));
    let values: Vec<_> = answers.into_iter().map(value).collect();
    let panicked = Err(Failure::Panicked(boom.into()));
    assert_eq!(
        values,
        [squared(7), error_of(i64::MAX), panicked, squared(8)]
    );
}

#[test]
fn who_dies_of_its_job_costs_that_job_alone() {
    let jobs = vec![Job::Square(1), Job::Exit(0), Job::Exit(7), Job::Square(2)];
    let values: Vec<_> = answers(1, None, jobs).into_iter().map(value).collect();
    let died = Err(Failure::WorkerDied);
    assert_eq!(values, [squared(1), died.clone(), died, squared(2)]);
}

/// A worker that dies while it has nothing to do has nothing to lose.
#[test]
#[cfg(target_os = "linux")]
fn who_dies_between_two_jobs_costs_none() {
    ends(|| {
        let (pool, crew) = pool(1, None);
        for number in 1..=5 {
            let job = pool.submit(Job::Square(number)).expect("open");
            assert_eq!(value(job.wait()), squared(number));
            crew.killers.lock().unwrap().last().unwrap().kill().unwrap();
            let id = *crew.ids.lock().unwrap().last().unwrap();
            // Dead with all its threads, so that all it had is closed; nobody knows yet.
            let process = PathBuf::from(format!("/proc/{id}"));
            let threads = || std::fs::read_dir(process.join("task")).unwrap().count();
            let stat = || std::fs::read_to_string(process.join("stat")).unwrap();
            while threads() > 1 || !stat().contains(") Z ") {
                thread::yield_now();
            }
        }
        pool.join();
        assert_eq!(crew.ids.lock().unwrap().len(), 5);
        crew.is_gone(1);
    });
}

proptest! {
    #![proptest_config(config(24))]

    /// The one job that can be lost is the one that the worker has. It is not done
    /// again, whether it was done or not.
    #[test]
    fn a_worker_killed_at_any_moment_costs_its_job_alone(after in 0..20_000u64) {
        ends(move || {
            let notes = Scratch::new("notes");
            let (pool, crew) = pool(1, None);
            let first = pool.submit(Job::Square(0)).expect("open");
            assert_eq!(value(first.wait()), squared(0));
            let killer = crew.killers.lock().unwrap()[0].clone();
            let killing = thread::spawn(move || {
                thread::sleep(Duration::from_micros(after));
                killer.kill().expect("it may be killed");
            });
            let answers = all(&pool, (0..40).map(|number| notes.note(number)));
            killing.join().expect("no panic");
            pool.join();
            crew.is_gone(1);
            let lines = notes.lines();
            let mut died = 0;
            for (number, answer) in answers.into_iter().enumerate() {
                let noted = lines.iter().filter(|line| **line == number.to_string()).count();
                match value(answer.expect("open")) {
                    Ok(Value::Nothing) => assert_eq!(noted, 1),
                    Err(Failure::WorkerDied) => {
                        assert!(noted <= 1);
                        died += 1;
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert!(died <= 1);
        });
    }
}

#[test]
fn one_that_hangs_is_ended_and_all_others_are_done() {
    let jobs = vec![Job::Square(2), Job::Hang, Job::Square(3)];
    let values: Vec<_> = answers(1, Some(PATIENT), jobs)
        .into_iter()
        .map(value)
        .collect();
    assert_eq!(values, [squared(2), Err(Failure::TimedOut), squared(3)]);
}

#[test]
fn who_is_replaced_goes_before_the_next_comes() {
    let answers = answers(3, Some(Duration::from_millis(5)), vec![Job::Hang; 12]);
    assert!(answers.iter().all(|it| *it == Err(Failure::TimedOut)));
}

#[test]
fn what_a_job_prints_goes_where_the_output_goes() {
    ends(|| {
        let (reader, writer) = io::pipe().expect("a pipe");
        let programs = move || {
            let mut program = program();
            program.stdout(writer.try_clone().expect("a pipe"));
            program
        };
        let (pool, crew) = pool_of(config_for(1, None), programs);
        // What would be a frame, if it were on the link.
        let line = "\u{5}\0\0\0\u{0}\u{3}abc";
        let answers = all(
            &pool,
            [Job::Print(line.into()), Job::ReadInput, Job::Square(5)],
        );
        pool.join();
        crew.is_gone(1);
        let values: Vec<_> = answers.into_iter().map(|it| value(it.unwrap())).collect();
        let nothing_read = Ok(Value::Text(String::new()));
        assert_eq!(values, [Ok(Value::Nothing), nothing_read, squared(5)]);
        assert_eq!(heard(reader), format!("{line}\n"));
    });
}

fn heard(mut pipe: PipeReader) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).expect("text");
    text
}

#[test]
fn an_answer_of_64_mib_comes_whole() {
    let answers = answers(1, None, vec![Job::Recite(64 * MIB), Job::Square(3)]);
    let [much, little] = answers.try_into().expect("two answers");
    assert!(value(much) == Ok(Value::Text("a".repeat(64 * MIB))));
    assert_eq!(value(little), squared(3));
}

/// More than any pipe holds, there and back, in all places at once.
#[test]
fn large_arguments_and_large_answers_pass_at_once() {
    let text = |letter: char| letter.to_string().repeat(16 * MIB);
    let jobs = "abcdef".chars().map(|letter| Job::Echo(text(letter)));
    let answers = answers(3, None, jobs.collect());
    for (answer, letter) in answers.into_iter().zip("abcdef".chars()) {
        assert!(value(answer) == Ok(Value::Text(text(letter))));
    }
}

/// It ends the link, and so the worker: which is told, and costs nobody else.
#[test]
fn what_is_too_large_to_be_sent_counts_as_a_death() {
    let jobs = vec![Job::Recite(256 * MIB), Job::Square(3)];
    let values: Vec<_> = answers(1, None, jobs).into_iter().map(value).collect();
    assert_eq!(values, [Err(Failure::WorkerDied), squared(3)]);
}

#[test]
fn a_program_that_is_no_good_is_not_started_for_ever() {
    ends(|| {
        let (pool, crew) = pool_of(config_for(2, None), || Command::new("true"));
        for answer in all(&pool, vec![Job::Square(1); 4]) {
            assert_eq!(answer, Ok(Err(Failure::WorkerDied)));
        }
        pool.join();
        crew.is_gone(2);
        assert!(crew.ids.lock().unwrap().len() <= 8);

        let (pool, crew) = pool_of(config_for(2, None), || Command::new("/no/such/program"));
        for answer in all(&pool, vec![Job::Square(1); 4]) {
            let answer = answer.expect("open");
            assert!(matches!(answer, Err(Failure::NoWorker(_))), "{answer:?}");
        }
        pool.join();
        crew.is_gone(2);
    });
}

// --- Close and join ---------------------------------------------------------

#[test]
fn to_join_is_to_close_first() {
    ends(|| {
        let (pool, crew) = pool(2, None);
        let jobs = (0..5).map(|number| pool.submit(Job::Square(number)).expect("open"));
        let jobs: Vec<Handle<Done>> = jobs.collect();
        pool.join();
        crew.is_gone(2);
        for (number, job) in (0..).zip(jobs) {
            let Ok(answer) = job.try_wait() else {
                panic!("job {number} has no answer");
            };
            assert_eq!(value(answer), squared(number));
        }
    });
}

#[test]
fn a_closed_pool_gives_the_job_back() {
    ends(|| {
        let (pool, crew) = pool(1, None);
        let before = pool.submit(Job::Square(4)).expect("open");
        pool.close();
        let refused = pool.submit(Job::Square(5)).map(|_| ()).unwrap_err();
        assert_eq!(refused, Refused(Job::Square(5)));
        assert_eq!(refused.to_string(), "the pool is closed");
        let refused = all(&pool, [Job::Square(6)]);
        assert_eq!(refused, [Err(Refused(Job::Square(6)))]);
        pool.close();
        pool.join();
        crew.is_gone(1);
        assert_eq!(value(before.wait()), squared(4));
    });
}

/// A thread that waits for room while the pool is closed gets its job back, too.
#[test]
fn to_close_ends_the_wait_for_room() {
    ends(|| {
        let gate = Scratch::gate();
        let (pool, crew) = pool(1, None);
        let under_way = pool.submit(gate.note("through")).expect("open");
        let jobs: Vec<_> = (1..=3)
            .map(|n| pool.submit(Job::Square(n)).unwrap())
            .collect();
        thread::scope(|scope| {
            let waits = scope.spawn(|| pool.submit(Job::Square(9)).map(|_| ()));
            pool.close();
            let refused = waits.join().expect("no panic");
            assert_eq!(refused, Err(Refused(Job::Square(9))));
        });
        assert_eq!(gate.opens(), "through\n");
        pool.join();
        crew.is_gone(1);
        assert_eq!(value(under_way.wait()), Ok(Value::Nothing));
        for (number, job) in (1..).zip(jobs) {
            assert_eq!(value(job.wait()), squared(number));
        }
    });
}

#[test]
fn an_answer_that_is_not_there_yet_leaves_the_handle() {
    ends(|| {
        let gate = Scratch::gate();
        let (pool, crew) = pool(1, None);
        let Err(handle) = pool.submit(gate.note("x")).expect("open").try_wait() else {
            panic!("it cannot be through");
        };
        gate.opens();
        assert_eq!(value(handle.wait()), Ok(Value::Nothing));
        pool.join();
        crew.is_gone(1);
    });
}

#[test]
fn a_job_whose_handle_is_dropped_is_done() {
    ends(|| {
        let notes = Scratch::new("notes");
        let (pool, crew) = pool(2, None);
        for number in 0..5 {
            drop(pool.submit(notes.note(number)).expect("open"));
        }
        pool.join();
        crew.is_gone(2);
        let lines: HashSet<String> = notes.lines().into_iter().collect();
        assert_eq!(lines, (0..5).map(|number| number.to_string()).collect());
    });
}

#[test]
fn a_pool_that_is_dropped_still_answers() {
    ends(|| {
        let (pool, _crew) = pool(1, None);
        let job = pool.submit(Job::Square(6)).expect("open");
        drop(pool);
        assert_eq!(value(job.wait()), squared(6));
    });
}

// --- Everything at once -----------------------------------------------------

fn any_job() -> impl Strategy<Value = Job> {
    prop_oneof![
        3 => any::<i64>().prop_map(Job::Square),
        3 => (-9..=9i64).prop_map(Job::Square),
        1 => "[a-z]{0,9}".prop_map(Job::Panic),
        1 => (0..3i32).prop_map(Job::Exit),
        1 => (0..MIB).prop_map(Job::Recite),
    ]
}

/// What must become of it, if nobody is killed.
fn expected(job: &Job) -> Result<Value, Failure> {
    match job {
        Job::Square(number) => match number.checked_mul(*number) {
            Some(square) => Ok(Value::Number(square)),
            None => error_of(*number),
        },
        Job::Panic(message) => Err(Failure::Panicked(message.clone())),
        Job::Exit(_) => Err(Failure::WorkerDied),
        Job::Recite(letters) => Ok(Value::Text("a".repeat(*letters))),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn every_job_accepted_has_one_answer(
        jobs in prop::collection::vec(any_job(), 0..12),
        workers in 1..=3usize,
        kills in prop::collection::vec(0..3_000u64, 0..3),
    ) {
        ends(move || {
            let (pool, crew) = pool(workers, None);
            let kill = {
                let (crew, kills) = (crew.clone(), kills.clone());
                move || for after in kills {
                    thread::sleep(Duration::from_micros(after));
                    let killer = crew.killers.lock().unwrap().last().cloned();
                    if let Some(killer) = killer {
                        killer.kill().expect("it may be killed");
                    }
                }
            };
            let killing = thread::spawn(kill);
            let answers = all(&pool, jobs.clone());
            killing.join().expect("no panic");
            pool.join();
            crew.is_gone(workers);
            assert_eq!(answers.len(), jobs.len());
            let mut killed = 0;
            for (job, answer) in jobs.iter().zip(answers) {
                let answer = answer.expect("open");
                if let Ok(done) = &answer {
                    assert!(crew.ids.lock().unwrap().contains(&done.process));
                }
                let answer = value(answer);
                if answer != expected(job) {
                    assert_eq!(answer, Err(Failure::WorkerDied), "{job:?}");
                    killed += 1;
                }
            }
            assert!(killed <= kills.len());
        });
    }
}

// --- The program ------------------------------------------------------------

/// What `play process_pool` says with these arguments, and its exit code.
fn play(args: &str) -> (String, Option<i32>) {
    let mut command = program();
    command.args(["play", "process_pool"]);
    let output = command.args(args.split_whitespace()).output();
    let output = output.expect("it starts");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let said = String::from_utf8(output.stdout).expect("text");
    (said, output.status.code())
}

/// Holds what it said against the seed's program, and each line against its form;
/// the processes.
fn told(said: &str, jobs: usize) -> HashSet<u32> {
    let lines: Vec<&str> = said.lines().collect();
    let [start, inner @ .., end] = &*lines else {
        panic!("{said}");
    };
    assert_eq!((*start, *end), ("----start----", "-----end-----"));
    let mut begun = HashSet::new();
    let mut done = HashSet::new();
    let mut processes = HashSet::new();
    for line in inner {
        let (job, what) = line.split_once(' ').expect("a job");
        let job: usize = job.parse().expect("a job");
        assert!(job < jobs);
        if let Some(process) = what.strip_prefix("begins, process ") {
            processes.insert(process.parse().expect("a process"));
            assert!(begun.insert(job), "{job} begins twice");
        } else {
            let took = what.strip_prefix("done, elapsed ").expect("done");
            let took = took.strip_suffix(" s").expect("seconds");
            assert!(took.parse::<f64>().is_ok());
            assert!(begun.contains(&job) && done.insert(job), "{said}");
        }
    }
    assert_eq!((begun.len(), done.len()), (jobs, jobs));
    processes
}

#[test]
fn the_tutorials_day_is_told_in_whole_lines() {
    let (said, code) = play("");
    assert!(told(&said, 10).len() <= 3, "{said}");
    assert_eq!(code, Some(0));
    let (said, code) = play("--workers 5 --jobs 40 --pace 1ms");
    assert!(told(&said, 40).len() <= 5, "{said}");
    assert_eq!(code, Some(0));
    assert_eq!(
        play("--jobs 0"),
        ("----start----\n-----end-----\n".into(), Some(0))
    );
}

#[test]
fn what_takes_too_long_is_told_and_fails_the_program() {
    let (said, code) = play("--jobs 2 --workers 1 --pace 1h --timeout 5ms");
    for job in 0..2 {
        assert!(
            said.contains(&format!("\n{job} failed: it took too long\n")),
            "{said}"
        );
    }
    assert_eq!(code, Some(1));
}

#[test]
fn it_plays_with_its_standard_input_closed() {
    let mut shell = Command::new("sh");
    let script = "exec \"$0\" play process_pool --jobs=5 --pace=0s <&-";
    let output = shell
        .args(["-c", script])
        .arg(program().get_program())
        .output();
    let output = output.expect("it starts");
    assert!(output.status.success(), "{output:?}");
    told(&String::from_utf8(output.stdout).expect("text"), 5);
}

/// Its workers have its output, which ends with the last of them.
#[test]
fn a_killed_program_leaves_no_worker() {
    ends(|| {
        let mut command = program();
        command.args(["play", "process_pool", "--pace=1h"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        while line.matches("begins").count() < 3 {
            assert_ne!(output.read_line(&mut line).expect("text"), 0, "{line}");
        }
        child.kill().expect("it may be killed");
        child.wait().expect("it ends");
        let mut rest = String::new();
        output.read_to_string(&mut rest).expect("text");
        assert_eq!(rest, "");
    });
}

/// As the operating system sees it, also while workers are replaced.
#[test]
#[cfg(target_os = "linux")]
fn there_are_never_more_processes_than_places() {
    ends(|| {
        let mut command = program();
        command.args(["play", "process_pool", "--workers=3", "--jobs=60"]);
        command
            .args(["--pace=1h", "--timeout=2ms"])
            .stdout(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let mut most = 0;
        while child.try_wait().expect("it ends").is_none() {
            let mut all = HashSet::new();
            for thread in std::fs::read_dir(format!("/proc/{}/task", child.id()))
                .into_iter()
                .flatten()
                .flatten()
            {
                let children = std::fs::read_to_string(thread.path().join("children"));
                let children = children.unwrap_or_default();
                // One that is gone when we look again was not there at one time with
                // those that have come since.
                all.extend(children.split_whitespace().map(str::to_owned));
            }
            let ppid = |id: &str| std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok();
            all.retain(|id| ppid(id));
            most = most.max(all.len());
        }
        assert!(most <= 3, "{most} at once");
    });
}

// --- The scenes, with threads -----------------------------------------------

fn right() -> Version {
    let right = lesson().versions.swap_remove(0);
    assert!(right.is_right());
    right
}

#[test]
fn every_scene_ends_as_promised() {
    for scene in right().scenes {
        let judged = ends(move || (scene.run)());
        assert_eq!(judged.grade, Grade::Promised, "{}: {judged:?}", scene.name);
    }
}

#[test]
fn ten_jobs_for_three_threads_are_answered() {
    let judged = ends(|| (right().play)(&Program::default()));
    assert_eq!(judged.grade, Grade::Promised, "{judged:?}");
}

#[test]
fn the_judge_sees_every_broken_promise() {
    let setup = Setup {
        workers: 1,
        jobs: &[Ends::Well, Ends::InError],
        user: User::Waits,
        timeout: false,
        deaths: 1,
    };
    let judged = |fates: [Fate; 2], done: &[usize]| {
        let (fates, done) = (fates.to_vec(), done.to_vec());
        let judged = setup.judge(&Observed { fates, done });
        (judged.grade, judged.outcome)
    };
    let answered = |answer| Fate::Accepted(Some(answer));
    let value = || answered(Ok(10));
    let error = || answered(Err(Failure::Error("job 2 fails".into())));
    let died = || answered(Err(Failure::WorkerDied));
    let late = || answered(Err(Failure::TimedOut));
    for (fates, done, outcome) in [
        ([value(), error()], &[1, 2][..], "value, error"),
        ([died(), error()], &[2], "died, error"),
        ([died(), error()], &[1, 2], "died, error"),
        ([Fate::Refused, Fate::Forgotten], &[2], "refused, accepted"),
    ] {
        assert_eq!(judged(fates, done), (Grade::Promised, outcome.to_owned()));
    }
    for (fates, done, outcome) in [
        (
            [Fate::Accepted(None), error()],
            &[1, 2][..],
            "job 1 without an answer",
        ),
        ([died(), error()], &[1, 1, 2], "job 1 done 2 times"),
        ([value(), value()], &[1, 2], "job 2 answered Ok(10)"),
        ([value(), error()], &[2], "job 1 value, done 0 times"),
        (
            [Fate::Refused, error()],
            &[1, 2],
            "job 1 refused, done 1 times",
        ),
        ([late(), error()], &[2], "job 1 answered Err(TimedOut)"),
        ([died(), died()], &[], "died, died"),
    ] {
        assert_eq!(judged(fates, done), (Grade::Forbidden, outcome.to_owned()));
    }
}

#[test]
fn the_judge_takes_no_answer_of_another_job() {
    let setup = Setup {
        workers: 1,
        jobs: &[Ends::InError, Ends::InPanic, Ends::Well],
        user: User::Waits,
        timeout: false,
        deaths: 0,
    };
    let error = |number| Err(Failure::Error(format!("job {number} fails")));
    let panic = |number| Err(Failure::Panicked(format!("job {number} fails")));
    let other = |job: usize| format!("job {job} answered ");
    for (answers, outcome) in [
        ([error(1), panic(2), Ok(30)], "error, panic, value".into()),
        ([error(3), panic(2), Ok(30)], other(1)),
        ([error(1), panic(3), Ok(30)], other(2)),
        ([error(1), panic(2), Ok(10)], other(3)),
    ] {
        let fates = answers.map(|answer| Fate::Accepted(Some(answer)));
        let (fates, done) = (fates.to_vec(), vec![1, 2, 3]);
        let judged = setup.judge(&Observed { fates, done });
        assert!(judged.outcome.starts_with(&outcome), "{judged:?}");
    }
}

// --- The soak ---------------------------------------------------------------

/// CONTRIBUTING has the command.
#[test]
#[ignore = "takes a while: see CONTRIBUTING"]
fn soak_process_pool() {
    let kills = std::env::var("SOAK_KILLS").map_or(100, |kills| kills.parse().expect("a number"));
    let (workers, start) = (3, Instant::now());
    let notes = Scratch::new("soak");
    // What the workers have for their output ends with the last of them.
    let (orphans, writer) = io::pipe().expect("a pipe");
    let programs = move || {
        let mut program = quiet();
        program.stdout(writer.try_clone().expect("a pipe"));
        program
    };
    let (pool, crew) = pool_of(config_for(workers, None), programs);
    let over = Arc::new(AtomicBool::new(false));
    let killing = {
        let (crew, over) = (crew.clone(), Arc::clone(&over));
        thread::spawn(move || {
            use std::hash::BuildHasher as _;
            let random = || std::hash::RandomState::new().hash_one(()) as usize;
            let mut killed = 0;
            let mut hit = HashSet::new();
            while killed < kills {
                thread::sleep(Duration::from_micros(random() as u64 % 20_000));
                // One of those started last, if it has not been killed before: it lives.
                let started = crew.killers.lock().unwrap().clone();
                let which = started.len().checked_sub(1 + random() % workers);
                if let Some(which) = which.filter(|which| hit.insert(*which)) {
                    started[which].kill().expect("it may be killed");
                    killed += 1;
                }
            }
            over.store(true, SeqCst);
            killed
        })
    };
    let mut jobs = 0_usize;
    let mut answers = Vec::new();
    while !over.load(SeqCst) {
        let some = (jobs..jobs + 100).map(|number| match number % 10 {
            0 => Job::Square(i64::MAX),
            1 => Job::Recite(MIB),
            _ => notes.note(number),
        });
        let some = all(&pool, some);
        answers.extend(some.into_iter().map(|it| value(it.expect("open"))));
        jobs += 100;
    }
    let killed = killing.join().expect("no panic");
    pool.join();
    let left = Instant::now();
    assert_eq!(heard(orphans), "");
    let left = left.elapsed();
    crew.is_gone(workers);

    let mut noted = vec![0; jobs];
    for line in notes.lines() {
        noted[line.parse::<usize>().expect("a number")] += 1;
    }
    let kind =
        |such: fn(&Result<Value, Failure>) -> bool| answers.iter().filter(|it| such(it)).count();
    let values = kind(Result::is_ok);
    let errors = kind(|it| matches!(it, Err(Failure::Error(_))));
    let died = kind(|it| *it == Err(Failure::WorkerDied));
    // What has its value was done; what was done is not done again.
    let undone = |(number, answer): (usize, &Result<Value, Failure>)| {
        number % 10 > 1 && answer.is_ok() && noted[number] != 1
    };
    let lost = jobs - answers.len() + answers.iter().enumerate().filter(|it| undone(*it)).count();
    let doubled = noted.iter().filter(|&&times| times > 1).count();
    println!(
        "{jobs} jobs, {killed} kills, {} workers started, in {:.1} s: {values} values, {errors} \
         errors, {died} died; {lost} lost, {doubled} doubled, 0 orphans (after {left:?})",
        crew.ids.lock().unwrap().len(),
        start.elapsed().as_secs_f64(),
    );
    assert_eq!((lost, doubled), (0, 0));
    assert_eq!(values + errors + died, jobs);
    assert!(died <= killed && crew.most.load(SeqCst) <= workers);
}
