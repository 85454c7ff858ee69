//! Producers and consumers that are processes, and everything that can happen to them.

use crate::bounded_queue::ends;
#[cfg(target_os = "linux")]
use crate::processes::next_child;
use crate::processes::{heard, is_reaped, program, watched};
use proptest::prelude::*;
use racecourse::explorer::report::Grade;
use racecourse::lessons::process_queue::right::TRIES;
use racecourse::lessons::process_queue::{Config, Delivery, Item, Report, Taken, lesson};
use racecourse::lessons::{Program, Version};
use racecourse::processes::real::{Child, Killer};
use racecourse::processes::{Gone, Link, TimedOutOrGone};
use racecourse::programs::process_queue::{CONSUMER, Consumer, PACE, PRODUCER, Producer, pass};
#[cfg(target_os = "linux")]
use rustix::process::{Signal, kill_process};
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, BufReader, PipeReader, PipeWriter};
use std::num::NonZeroUsize;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// Nobody works that long: who is told to is in the middle of it until it is killed.
const FOR_EVER: &str = "1h";

const AT_ONCE: &str = "0s";

fn config(producers: usize, consumers: usize, items: usize, capacity: usize) -> Config {
    Config {
        producers,
        consumers,
        items,
        capacity: NonZeroUsize::new(capacity).expect("not 0"),
        load: 0,
    }
}

/// A child that works at that pace, and prints there.
fn child(pace: &str, output: impl Into<Stdio>) -> Command {
    let mut program = program();
    program.env(PACE, pace).stdout(output);
    program
}

fn producer(output: impl Into<Stdio>) -> io::Result<Producer> {
    Producer::spawn(child(AT_ONCE, output), PRODUCER)
}

fn consumer(pace: &str, output: impl Into<Stdio>) -> io::Result<Consumer> {
    Consumer::spawn(child(pace, output), CONSUMER)
}

fn same(pipe: &PipeWriter) -> PipeWriter {
    pipe.try_clone().expect("a pipe")
}

/// What report of a config on which nothing went wrong with starting processes.
type Passed = (Vec<Vec<Delivery>>, Report);

/// Producer and number of all items of a config, in order.
fn made(config: &Config) -> Vec<(usize, usize)> {
    let of = |producer| (1..=config.items).map(move |number| (producer, number));
    (1..=config.producers).flat_map(of).collect()
}

fn key(item: &Item) -> (usize, usize) {
    (item.producer, item.number)
}

fn taken(report: &Report) -> Vec<(usize, usize)> {
    let mut taken: Vec<_> = report.taken.iter().map(|taken| key(&taken.item)).collect();
    taken.sort_unstable();
    taken
}

fn marked(report: &Report) -> Vec<(usize, usize)> {
    let marked = report.taken.iter().filter(|taken| taken.redelivered);
    marked.map(|taken| key(&taken.item)).collect()
}

/// What children have printed, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    process: u32,
    bought: bool,
    item: (usize, usize),
    marked: bool,
}

/// `4711: bought item 3 of producer-1 (redelivered)`
fn line(text: &str) -> Line {
    let parse = || {
        let (process, what) = text.split_once(": ")?;
        let (verb, what) = what.split_once(" item ")?;
        let (number, rest) = what.split_once(" of producer-")?;
        let (producer, marked) = match rest.split_once(" (redelivered)") {
            Some((producer, "")) => (producer, true),
            _ => (rest, false),
        };
        let bought = match verb {
            "bought" => true,
            "produced" => false,
            _ => return None,
        };
        Some(Line {
            process: process.parse().ok()?,
            bought,
            item: (producer.parse().ok()?, number.parse().ok()?),
            marked,
        })
    };
    parse().unwrap_or_else(|| panic!("{text:?}"))
}

fn lines(text: &str) -> Vec<Line> {
    text.lines().map(line).collect()
}

/// Waits for a line of a child.
fn next_line(from: &mut impl io::BufRead) -> Line {
    let mut text = String::new();
    from.read_line(&mut text).expect("a pipe of text");
    line(text.trim_end())
}

/// How often each item was bought without the mark, and with it.
fn bought(lines: &[Line]) -> BTreeMap<(usize, usize), [usize; 2]> {
    let mut times: BTreeMap<_, [usize; 2]> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.bought) {
        times.entry(line.item).or_default()[usize::from(line.marked)] += 1;
    }
    times
}

/// A link to a real child, and what is done to the child on occasion.
struct Then<L, F> {
    child: L,
    then: F,
}

/// On which occasion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    BeforeSending,
    Sent,
    Received,
}

impl<Out, In, F> Link<Out, In> for Then<Child<Out, In>, F>
where
    Child<Out, In>: Link<Out, In>,
    F: FnMut(When, &Child<Out, In>),
{
    fn send(&mut self, message: Out) -> Result<(), Gone<Out>> {
        (self.then)(When::BeforeSending, &self.child);
        self.child.send(message)?;
        (self.then)(When::Sent, &self.child);
        Ok(())
    }

    fn receive(&mut self) -> Result<In, Gone> {
        let received = self.child.receive()?;
        (self.then)(When::Received, &self.child);
        Ok(received)
    }

    fn receive_timeout(&mut self, timeout: Duration) -> Result<In, TimedOutOrGone> {
        self.child.receive_timeout(timeout)
    }

    fn close(&mut self) {
        self.child.close();
    }
}

/// Kills it, and it is dead.
fn kill<Out, In>(child: &Child<Out, In>)
where
    Child<Out, In>: Link<Out, In>,
    Out: serde::Serialize,
    In: serde::de::DeserializeOwned,
{
    child.kill().expect("it may be killed");
    child.wait().expect("it ended");
}

// --- While all live -----------------------------------------------------------

/// What `play process_queue` says, if all is well.
fn said(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it starts");
    assert!(status.success(), "{status}");
    assert_eq!(String::from_utf8_lossy(&stderr), "");
    String::from_utf8(stdout).expect("text")
}

/// What the children said, and the parent at the end.
fn play(said: &str) -> (Vec<Line>, &str) {
    let (children, last) = said.trim_end().rsplit_once('\n').expect("several lines");
    (lines(children), last)
}

#[test]
fn the_tutorials_day_comes_to_its_end() {
    let one_each = ["--producers=1", "--consumers=1", "--pace=0s"];
    let said = said(program().args(["play", "process_queue"]).args(one_each));
    let (lines, last) = play(&said);
    assert_eq!(last, "each item was taken once: took 10");
    for bought in [false, true] {
        let of = lines.iter().filter(|line| line.bought == bought);
        let items: Vec<_> = of.clone().map(|line| line.item).collect();
        assert_eq!(items, made(&config(1, 1, 10, 1)));
        let processes: HashSet<u32> = of.map(|line| line.process).collect();
        assert_eq!(processes.len(), 1);
    }
    let processes: HashSet<u32> = lines.iter().map(|line| line.process).collect();
    assert_eq!(processes.len(), 2);
    assert!(lines.iter().all(|line| !line.marked));
}

/// As a service starts it: with no standard input at all.
#[test]
fn it_plays_with_its_standard_input_closed() {
    let mut shell = Command::new("sh");
    let script = "exec \"$0\" play process_queue --producers=3 --items=5 --pace=0s <&-";
    let said = said(shell.args(["-c", script]).arg(program().get_program()));
    let (lines, _) = play(&said);
    let bought = bought(&lines);
    assert_eq!(
        bought.keys().copied().collect::<Vec<_>>(),
        made(&config(3, 2, 5, 5))
    );
    assert!(bought.values().all(|times| *times == [1, 0]));
}

/// A consumer is started for its first item: the only children are producers, which rest.
#[test]
#[cfg(target_os = "linux")]
fn the_program_fails_if_an_item_is_not_made() {
    let mut command = program();
    command.args(["play", "process_queue", "--producers=1", "--consumers=1"]);
    command
        .args(["--items=1", "--pace=1h"])
        .stdout(Stdio::piped());
    let parent = command.spawn().expect("it starts");
    let mut killed = Vec::new();
    while killed.len() < TRIES {
        let producer = next_child(parent.id(), &killed);
        kill_process(producer, Signal::KILL).expect("it may be killed");
        killed.push(producer);
    }
    let Output { status, stdout, .. } = parent.wait_with_output().expect("it ends");
    let said = String::from_utf8(stdout).expect("text");
    let last = "items that nobody took are given back: took 0, 1 unmade";
    assert_eq!(said.lines().last(), Some(last), "{said}");
    assert_eq!(status.code(), Some(1));
}

#[test]
fn without_a_consumer_it_is_refused() {
    let output = program()
        .args(["play", "process_queue", "--consumers=0"])
        .output();
    let Output { status, stderr, .. } = output.expect("it starts");
    assert_eq!(status.code(), Some(2));
    let stderr = String::from_utf8(stderr).expect("text");
    assert!(
        stderr.starts_with("error: invalid value '0' for '--consumers"),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn each_item_once_whatever_the_numbers(
        producers in 0..=3_usize,
        consumers in 1..=3_usize,
        items in 0..=20_usize,
        capacity in 1..=4_usize,
    ) {
        let config = config(producers, consumers, items, capacity);
        let (took, report) = watched(move || {
            pass(&config, |_| producer(Stdio::null()), |_| consumer(AT_ONCE, Stdio::null()))
        });
        prop_assert_eq!(took.len(), consumers);
        prop_assert_eq!(taken(&report), made(&config));
        prop_assert_eq!(marked(&report), []);
        prop_assert!((report.died, report.unmade, report.back.len()) == (0, 0, 0));
        for own in took {
            for producer in 1..=producers {
                let own = own.iter().filter(|taken| taken.item.producer == producer);
                prop_assert!(own.is_sorted_by_key(|taken| taken.item.number));
            }
        }
    }
}

/// Their standard output is theirs: it is heard whole, and nothing of it is taken for
/// an answer.
#[test]
fn what_consumers_print_does_not_disturb_the_queue() {
    let config = config(2, 2, 50, 3);
    let (report, printed) = watched(move || {
        let (reader, writer) = io::pipe().expect("a pipe");
        let printed = thread::spawn(move || heard(reader));
        let start = |_| consumer(AT_ONCE, same(&writer));
        let (_, report) = pass(&config, |_| producer(Stdio::null()), start);
        drop(writer);
        (report, printed.join().expect("no panic"))
    });
    assert_eq!(taken(&report), made(&config));
    let bought = bought(&lines(&printed));
    assert_eq!(bought.keys().copied().collect::<Vec<_>>(), made(&config));
    assert!(bought.values().all(|times| *times == [1, 0]), "{printed}");
}

#[test]
fn it_is_all_the_same_if_nobody_hears_what_they_print() {
    let config = config(2, 2, 20, 3);
    let (_, report) = watched(move || -> Passed {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        pass(
            &config,
            |_| producer(same(&writer)),
            |_| consumer(AT_ONCE, same(&writer)),
        )
    });
    assert_eq!((taken(&report), report.died), (made(&config), 0));
}

/// No pipe holds an item of that size. A producer says that it has produced one before
/// it sends it; the one before has then passed the pipe but for its end, the one before
/// that is in the queue, and so on: four are on their way at the most.
#[test]
fn a_full_pipe_holds_producers_back() {
    let config = Config {
        load: 4 << 20,
        ..config(1, 1, 12, 1)
    };
    let (report, printed) = watched(move || {
        let (reader, writer) = io::pipe().expect("a pipe");
        let start = |_| producer(same(&writer));
        let (_, report) = pass(&config, start, |_| consumer(AT_ONCE, same(&writer)));
        drop(writer);
        (report, heard(reader))
    });
    assert_eq!(taken(&report), made(&config));
    assert!(
        report
            .taken
            .iter()
            .all(|taken| taken.item.load.len() == config.load)
    );
    let mut ahead = 0;
    for line in lines(&printed) {
        ahead = if line.bought { ahead - 1 } else { ahead + 1 };
        assert!(ahead <= 4, "{printed}");
    }
}

// --- When somebody dies -------------------------------------------------------

/// It has said that it bought the item, and has not answered for it.
#[test]
fn a_consumer_killed_with_an_item_in_hand() {
    let config = config(1, 1, 3, 1);
    let (report, first) = watched(move || {
        let (reader, writer) = io::pipe().expect("a pipe");
        let (killer, to_kill) = mpsc::channel::<Killer>();
        let killing = thread::spawn(move || {
            let mut reader = BufReader::new(reader);
            let first = next_line(&mut reader);
            let killer = to_kill.recv().expect("it has started");
            killer.kill().expect("it may be killed");
            (first, heard_more(reader))
        });
        let writer = Mutex::new(Some(writer));
        let start = |_| match writer.lock().expect("no panic").take() {
            Some(writer) => {
                let consumer = consumer(FOR_EVER, writer)?;
                killer.send(consumer.killer()).expect("somebody kills it");
                Ok(consumer)
            }
            None => consumer(AT_ONCE, Stdio::null()),
        };
        let (_, report) = pass(&config, |_| producer(Stdio::null()), start);
        (report, killing.join().expect("no panic"))
    });
    let (first, more) = first;
    assert!(first.bought && !first.marked && first.item == (1, 1));
    assert_eq!(more, "");
    assert_eq!(taken(&report), made(&config));
    assert_eq!(marked(&report), [(1, 1)]);
    assert_eq!((report.died, report.back.len()), (1, 0));
}

/// The rest, until nobody has that pipe any more.
fn heard_more(mut from: BufReader<PipeReader>) -> String {
    let mut text = String::new();
    io::Read::read_to_string(&mut from, &mut text).expect("a pipe of text");
    text
}

/// The first consumer is killed on that occasion, when it is there for that time.
fn first_consumer_killed(config: Config, when: When, time: usize) -> Report {
    let (_, report) = watched(move || -> Passed {
        let times = AtomicUsize::new(0);
        let start = |_| {
            let times = &times;
            let then = move |now, child: &Consumer| {
                if now == when && times.fetch_add(1, SeqCst) + 1 == time {
                    kill(child);
                }
            };
            let child = consumer(AT_ONCE, Stdio::null())?;
            Ok(Then { child, then })
        };
        pass(&config, |_| producer(Stdio::null()), start)
    });
    report
}

/// It has answered for an item and is given the next when it is dead.
#[test]
fn a_consumer_killed_while_it_is_idle() {
    let config = config(1, 1, 3, 1);
    for (when, time) in [(When::Received, 1), (When::BeforeSending, 2)] {
        let report = first_consumer_killed(config, when, time);
        assert_eq!(taken(&report), made(&config));
        assert_eq!(marked(&report), [(1, 2)]);
        assert_eq!((report.died, report.back.len()), (1, 0));
    }
}

/// Its answer may be on its way already: then it has taken it, and nobody else does.
#[test]
fn a_consumer_killed_when_it_has_just_been_sent_an_item() {
    let config = config(1, 1, 3, 1);
    let report = first_consumer_killed(config, When::Sent, 2);
    assert_eq!(taken(&report), made(&config));
    // If so, its death is found with the next item.
    let unlucky = [vec![(1, 2)], vec![(1, 3)]];
    assert!(unlucky.contains(&marked(&report)), "{report:?}");
    assert_eq!((report.died, report.back.len()), (1, 0));
}

#[test]
fn an_item_that_kills_whoever_gets_it_comes_back() {
    let config = config(1, 2, 5, 1);
    let (_, report) = watched(move || -> Passed {
        let (reader, writer) = io::pipe().expect("a pipe");
        let reader = Mutex::new(BufReader::new(reader));
        let start = |_| {
            Ok(Deadly {
                child: consumer(AT_ONCE, Stdio::null())?,
                writer: &writer,
                reader: &reader,
            })
        };
        pass(&config, |_| producer(Stdio::null()), start)
    });
    let back: Vec<_> = report.back.iter().map(key).collect();
    assert_eq!(back, [(1, 2)]);
    assert_eq!(taken(&report), [(1, 1), (1, 3), (1, 4), (1, 5)]);
    assert_eq!(marked(&report), []);
    assert_eq!(report.died, TRIES);
}

/// The consumer that gets item 2 is killed while it has the item.
struct Deadly<'a> {
    child: Consumer,
    writer: &'a PipeWriter,
    reader: &'a Mutex<BufReader<PipeReader>>,
}

impl Link<Delivery, Taken> for Deadly<'_> {
    fn send(&mut self, delivery: Delivery) -> Result<(), Gone<Delivery>> {
        if delivery.item.number != 2 {
            return self.child.send(delivery);
        }
        self.child = consumer(FOR_EVER, same(self.writer)).expect("it starts");
        self.child.send(delivery)?;
        let line = next_line(&mut *self.reader.lock().expect("no panic"));
        assert_eq!((line.bought, line.item), (true, (1, 2)));
        kill(&self.child);
        Ok(())
    }

    fn receive(&mut self) -> Result<Taken, Gone> {
        self.child.receive()
    }

    fn receive_timeout(&mut self, timeout: Duration) -> Result<Taken, TimedOutOrGone> {
        self.child.receive_timeout(timeout)
    }

    fn close(&mut self) {
        self.child.close();
    }
}

/// Killed when its third item has come: no pipe holds the others.
#[test]
fn a_producer_killed_is_replaced() {
    let config = Config {
        load: 1 << 20,
        ..config(1, 1, 8, 2)
    };
    let (report, orders) = watched(move || {
        let items = AtomicUsize::new(0);
        let started = AtomicUsize::new(0);
        let start = |_| {
            started.fetch_add(1, SeqCst);
            let items = &items;
            let then = move |now, child: &Producer| {
                if now == When::Received && items.fetch_add(1, SeqCst) + 1 == 3 {
                    kill(child);
                }
            };
            let child = producer(Stdio::null())?;
            Ok(Then { child, then })
        };
        let (_, report) = pass(&config, start, |_| consumer(AT_ONCE, Stdio::null()));
        (report, started.into_inner())
    });
    assert_eq!(taken(&report), made(&config));
    assert_eq!(marked(&report), []);
    assert_eq!((report.died, orders), (1, 2));
}

/// Each process is killed when one item of it has come: no pipe holds the next. The last process
/// lives.
#[test]
fn a_producer_is_replaced_as_long_as_items_come() {
    let items = TRIES + 2;
    let config = Config {
        load: 1 << 20,
        ..config(1, 1, items, 2)
    };
    let (_, report) = watched(move || -> Passed {
        let came = AtomicUsize::new(0);
        let start = |_| {
            let came = &came;
            let then = move |now, child: &Producer| {
                if now == When::Received && came.fetch_add(1, SeqCst) + 1 < items {
                    kill(child);
                }
            };
            let child = producer(Stdio::null())?;
            Ok(Then { child, then })
        };
        pass(&config, start, |_| consumer(AT_ONCE, Stdio::null()))
    });
    assert_eq!(taken(&report), made(&config));
    assert_eq!((report.died, report.unmade), (items - 1, 0));
}

/// `true` is no producer at all: it is gone before it has said anything.
#[test]
fn a_producer_that_never_lives_long_is_given_up() {
    let config = config(2, 1, 4, 1);
    let (_, report) = watched(move || -> Passed {
        let start = |which| match which {
            1 => Producer::spawn(Command::new("true"), PRODUCER),
            _ => producer(Stdio::null()),
        };
        pass(&config, start, |_| consumer(AT_ONCE, Stdio::null()))
    });
    assert_eq!(taken(&report), [(2, 1), (2, 2), (2, 3), (2, 4)]);
    assert_eq!(
        (report.died, report.unmade, report.back.len()),
        (TRIES, 4, 0)
    );
}

#[test]
fn what_nobody_can_be_started_for_comes_back() {
    let config = config(2, 2, 10, 1);
    let nowhere = || Command::new("/no/such/program");
    let (_, report) = watched(move || -> Passed {
        let start = |_| Consumer::spawn(nowhere(), CONSUMER);
        pass(&config, |_| producer(Stdio::null()), start)
    });
    assert!(report.trouble.is_some());
    assert_eq!(report.taken, []);
    assert_eq!(report.back.len() + report.unmade, 20);
    let (_, report) = watched(move || -> Passed {
        let start = |_| Producer::spawn(nowhere(), PRODUCER);
        pass(&config, start, |_| consumer(AT_ONCE, Stdio::null()))
    });
    assert!(report.trouble.is_some());
    assert_eq!((report.taken.len(), report.unmade), (0, 20));
}

/// The parent's pipe is its children's too: it ends with the last of them.
#[test]
fn a_killed_parent_leaves_no_orphan() {
    watched(|| {
        let (reader, writer) = io::pipe().expect("a pipe");
        let mut command = program();
        command.args(["play", "process_queue", "--items=1000000", "--pace=1ms"]);
        let mut parent = command.stdout(writer).spawn().expect("it starts");
        drop(command);
        let mut reader = BufReader::new(reader);
        let mut seen = HashSet::new();
        while seen.len() < 4 {
            seen.insert(next_line(&mut reader).process);
        }
        assert!(!seen.contains(&parent.id()));
        parent.kill().expect("it may be killed");
        parent.wait().expect("it ended");
        heard_more(reader);
    });
}

/// What a config report to on which somebody was killed: nothing is lost, and what is
/// doubled is marked.
fn assert_kept(config: &Config, report: &Report, printed: &[Line]) {
    assert!(report.trouble.is_none());
    assert_eq!(report.unmade, 0);
    let mut all = taken(report);
    all.extend(report.back.iter().map(key));
    all.sort_unstable();
    assert_eq!(all, made(config));
    for (item, [unmarked, _]) in bought(printed) {
        assert!(unmarked <= 1, "{item:?}: {printed:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The first two processes of each are killed, that long after their start.
    #[test]
    fn killed_at_any_moment_nothing_is_lost(
        consumers in 1..=2_usize,
        items in 1..=200_usize,
        after in prop::collection::vec(0..8_000_u64, 4),
    ) {
        let config = config(1, consumers, items, 2);
        watched(move || {
            let (reader, writer) = io::pipe().expect("a pipe");
            let printed = thread::spawn(move || heard(reader));
            let (producers_die, consumers_die) = after.split_at(2);
            let [producers, consumers] = [producers_die, consumers_die].map(|after| Mutex::new(after.to_vec()));
            let (_, report) = thread::scope(|scope| {
                let doomed = |killer: Killer, after: &Mutex<Vec<u64>>| {
                    let after = after.lock().expect("no panic").pop();
                    if let Some(after) = after {
                        scope.spawn(move || {
                            thread::sleep(Duration::from_micros(after));
                            killer.kill().expect("it may be killed");
                        });
                    }
                };
                pass(
                    &config,
                    |_| producer(same(&writer)).inspect(|child| doomed(child.killer(), &producers)),
                    |_| consumer(AT_ONCE, same(&writer)).inspect(|child| doomed(child.killer(), &consumers)),
                )
            });
            drop(writer);
            assert_kept(&config, &report, &lines(&printed.join().expect("no panic")));
        });
    }
}

/// Random kills in a long config. CONTRIBUTING has the command.
#[test]
#[ignore = "takes a while: see CONTRIBUTING"]
fn soak_process_queue() {
    let kills: usize =
        std::env::var("SOAK_KILLS").map_or(100, |kills| kills.parse().expect("a number"));
    /// Between two kills so many items are taken at the most.
    const GAP: usize = 200;
    let config = config(3, 3, kills * GAP * 2 / 3, 4);
    let (reader, writer) = io::pipe().expect("a pipe");
    let printed = thread::spawn(move || heard(reader));
    // The processes that are alive, as far as we know, by kind and number.
    let alive: Mutex<BTreeMap<(&str, usize), Killer>> = Mutex::default();
    let ids: Mutex<Vec<u32>> = Mutex::default();
    let (progress, taken_one) = mpsc::channel();
    let (_, report) = thread::scope(|scope| {
        let alive = &alive;
        scope.spawn(move || {
            let random = |below: usize| RandomState::new().hash_one(below) as usize % below;
            let mut killed = 0;
            while killed < kills {
                for _ in 0..=random(GAP - 1) {
                    taken_one.recv().expect("there are enough items");
                }
                let mut alive = alive.lock().expect("no panic");
                // Perhaps nobody has been found dead, and replaced, since the last.
                let Some(which) = alive.keys().nth(random(alive.len().max(1))).copied() else {
                    continue;
                };
                if let Some(killer) = alive.remove(&which) {
                    killer.kill().expect("it may be killed");
                    killed += 1;
                }
            }
        });
        let born = |kind, which, id, killer| {
            ids.lock().expect("no panic").push(id);
            alive
                .lock()
                .expect("no panic")
                .insert((kind, which), killer);
        };
        pass(
            &config,
            |which| {
                let child = producer(same(&writer))?;
                born("producer", which, child.id(), child.killer());
                Ok(child)
            },
            |which| {
                let child = consumer(AT_ONCE, same(&writer))?;
                born("consumer", which, child.id(), child.killer());
                let progress = progress.clone();
                let then = move |now, _: &Consumer| {
                    if now == When::Received {
                        // Nobody listens any more when all kills are done.
                        let _ = progress.send(());
                    }
                };
                Ok(Then { child, then })
            },
        )
    });
    drop(writer);
    let printed = lines(&printed.join().expect("no panic"));
    let bought = bought(&printed);
    let items = made(&config).len();
    let doubled = bought.values().filter(|times| times[0] > 1).count();
    let again = bought
        .values()
        .filter(|times| times[0] + times[1] > 1)
        .count();
    let lost = items - report.taken.len() - report.back.len();
    let orphans = ids
        .lock()
        .expect("no panic")
        .iter()
        .filter(|id| !is_reaped(**id))
        .count();
    println!(
        "{items} items, {kills} kills, {} deaths noticed, {} redelivered, of which {again} were taken twice, \
         {} report back; lost {lost}, doubled without mark {doubled}, orphans {orphans}",
        report.died,
        marked(&report).len(),
        report.back.len(),
    );
    assert_kept(&config, &report, &printed);
    assert_eq!((lost, doubled, orphans), (0, 0, 0));
}

// --- With threads for processes -----------------------------------------------

fn right() -> Version {
    let right = lesson().versions.swap_remove(0);
    assert!(right.is_right());
    right
}

/// Every scene of the right exchange, once, with real threads. Nobody dies there, but
/// of what is deadly.
#[test]
fn every_scene_ends_as_promised() {
    for scene in right().scenes {
        let judged = ends(move || (scene.run)());
        assert_eq!(judged.grade, Grade::Promised, "{}: {judged:?}", scene.name);
    }
}

#[test]
fn threads_for_processes_play_the_tutorials_day() {
    let judged = ends(|| (right().play)(&Program::default()));
    assert_eq!(judged.grade, Grade::Promised, "{judged:?}");
    for [consumers, capacity] in [[0, 5], [2, 0]] {
        let program = Program {
            consumers,
            capacity,
            ..Program::default()
        };
        let judged = ends(move || (right().play)(&program));
        assert_eq!(judged.grade, Grade::Forbidden);
    }
}

#[test]
fn the_judge_sees_every_broken_promise() {
    let config = config(1, 2, 2, 1);
    let work = |number| Item {
        producer: 1,
        number,
        load: Vec::new(),
    };
    let first = |number| Delivery::first(work(number));
    let again = |number| Delivery {
        item: work(number),
        redelivered: true,
    };
    let report = |died, back: &[usize], unmade| Report {
        back: back.iter().map(|number| work(*number)).collect(),
        unmade,
        died,
        ..Report::default()
    };
    let judged = |took: [Vec<Delivery>; 2], report: Report, may_return| {
        let judged = config.judge(&took, &report, may_return);
        (judged.grade, judged.outcome)
    };
    let promised = |outcome: &str| (Grade::Promised, outcome.to_owned());
    let forbidden = |outcome: &str| (Grade::Forbidden, outcome.to_owned());
    let all = report(0, &[], 0);
    for (took, report, may_return, expected) in [
        (
            [vec![first(1), first(2)], vec![]],
            all.clone(),
            false,
            promised("took 2 + 0"),
        ),
        (
            [vec![first(1), first(2)], vec![again(2)]],
            report(1, &[], 0),
            false,
            promised("took 2 + 1, 1 marked, 1 twice"),
        ),
        (
            [vec![first(1)], vec![again(2)]],
            report(1, &[], 0),
            false,
            promised("took 1 + 1, 1 marked"),
        ),
        (
            [vec![first(1)], vec![again(2)]],
            all.clone(),
            false,
            forbidden("marked although nobody died"),
        ),
        (
            [vec![first(1), first(2)], vec![first(2)]],
            report(1, &[], 0),
            false,
            forbidden("item 2 of producer-1 taken twice, unmarked"),
        ),
        (
            [vec![first(1)], vec![]],
            all.clone(),
            true,
            forbidden("1 of 2 items lost"),
        ),
        (
            [vec![first(1), again(1)], vec![]],
            report(1, &[1], 0),
            true,
            forbidden("1 of 2 items lost"),
        ),
        (
            [vec![first(1)], vec![]],
            report(0, &[2], 0),
            false,
            forbidden("1 of 2 items not taken"),
        ),
        (
            [vec![first(1)], vec![]],
            report(0, &[], 1),
            false,
            forbidden("1 of 2 items not taken"),
        ),
        (
            [vec![first(1)], vec![]],
            report(0, &[2], 0),
            true,
            promised("took 1 + 0, 1 back"),
        ),
        (
            [vec![], vec![]],
            report(0, &[1], 1),
            true,
            promised("took 0 + 0, 1 back, 1 unmade"),
        ),
    ] {
        assert_eq!(judged(took, report, may_return), expected);
    }
    let back = "items that nobody took are given back";
    for (took, report, meaning) in [
        (
            [vec![first(1), first(2)], vec![]],
            all,
            "each item was taken once",
        ),
        (
            [vec![first(1)], vec![again(2)]],
            report(1, &[], 0),
            "no item is lost, and an item that may be taken twice is marked",
        ),
        ([vec![first(1)], vec![]], report(1, &[2], 0), back),
        ([vec![], vec![]], report(1, &[1], 1), back),
    ] {
        assert_eq!(config.judge(&took, &report, true).meaning, meaning);
    }
}
