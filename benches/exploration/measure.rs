//! The model build: it measures and prints four tables.

#[path = "explore.rs"]
mod explore;
#[path = "liberties.rs"]
mod liberties;
#[path = "memory.rs"]
mod memory;
#[path = "scenes.rs"]
mod scenes;
#[path = "table.rs"]
mod table;

use explore::{Engine, Sample, Scene};
use racecourse::explorer::report::Memory::{C11, Sc};
use std::process::ExitCode;
use std::time::Duration;
use table::{Table, grouped, grouped_rate, median, spread};

/// How long to measure.
struct Plan {
    /// How often loom and racecourse take turns.
    pairs: usize,
    /// How often racecourse explores a scene of the scale table.
    repeats: usize,
    /// Explorations are repeated until so much time has passed.
    sample: Duration,
    /// Where an exploration stops, complete or not.
    limit: Option<Duration>,
}

pub fn run(quick: bool) -> ExitCode {
    let plan = if quick {
        println!("--quick: everything runs once, and too briefly for reliable numbers");
        Plan {
            pairs: 1,
            repeats: 1,
            sample: Duration::from_millis(100),
            limit: Some(Duration::from_millis(300)),
        }
    } else {
        Plan {
            pairs: 7,
            repeats: 3,
            sample: Duration::from_millis(300),
            limit: None,
        }
    };
    // Memory comes first: heap that an earlier exploration has freed would hide
    // what this exploration needs.
    let allocations = memory_table(&plan);
    mutex_table(&plan);
    scale_table(&plan, allocations);
    liberties::liberties_table(plan.repeats, plan.limit);
    ExitCode::SUCCESS
}

fn queue(name: &'static str, (p, c): (usize, usize), n: usize, room: usize, known: u64) -> Scene {
    let program = move || scenes::queue(p, c, n, room);
    Scene::new(name, Engine::Racecourse(Sc), program, 0, known)
}

fn longest() -> Scene {
    queue("2P2C x 2, capacity 1", (2, 2), 2, 1, 50_264)
}

/// Returns how many allocations one execution of [`longest`] makes.
fn memory_table(plan: &Plan) -> f64 {
    let scene = longest();
    println!("\nMemory during one exploration of {} (SC)\n", scene.name);
    let table = Table::new(
        "moment         14  how much of the exploration is done
         executions     10  executions so far
         live bytes     12  heap allocated and not yet freed, beyond what there was at the start
         VmRSS kB        9  resident memory of the process: heap, thread stacks, code
         VmHWM kB        9  the most that has been resident so far",
    );
    let (recorder, end) = scene.recorded(plan.limit);
    let kilobytes = |many: Option<u64>| many.map_or("-".into(), grouped);
    for (moment, at) in [
        ("before", recorder.before),
        ("after 10 %", recorder.at(10)),
        ("after 50 %", recorder.at(50)),
        ("after 100 %", recorder.at(100)),
        ("result dropped", end),
    ] {
        table.row([
            moment.into(),
            grouped(at.executions),
            at.live_text(),
            kilobytes(at.resident),
            kilobytes(at.peak),
        ]);
    }
    table.explain();
    recorder.allocations_per_execution()
}

fn mutex_table(plan: &Plan) {
    println!("\nThreads lock a mutex, add 1, unlock: loom 0.7.3, racecourse (C11), no bounds\n");
    let table = Table::new(
        "scene          13  how many threads, and how often each of them adds
         loom            8  executions that loom runs until it is complete
         loom/s          7  executions per second: the median of all samples
         ours            6  executions that racecourse runs until it is complete
         ours/s          7  executions per second: the median of all samples
         per execution  18  ours/s divided by loom/s: median of the pairs (least-greatest)
         whole proof    16  loom's time until complete divided by ours: median (least-greatest)
         loom allocs    11  loom's heap allocations per execution, in the second half of a sample
         our allocs     10  ours, in the second half of an exploration; stacks are not heap",
    );
    let scenes = [
        ("2 threads x 6", 2, 6, 5_148, 924),
        ("3 threads x 2", 3, 2, 7_847, 90),
        ("3 threads x 3", 3, 3, 162_390, 1_680),
    ];
    for (name, threads, times, loom, ours) in scenes {
        let result = threads * times;
        let program = move || scenes::counter_in_loom(threads, times);
        let loom = Scene::new(name, Engine::Loom, program, result, loom);
        let program = move || scenes::counter_in_racecourse(threads, times);
        let ours = Scene::new(name, Engine::Racecourse(C11), program, result, ours);
        table.row(mutex_row(plan, &loom, &ours));
    }
    table.explain();
}

fn mutex_row(plan: &Plan, loom: &Scene, ours: &Scene) -> [String; 9] {
    let allocations = |scene: &Scene, limit| {
        let (recorder, _) = scene.recorded(limit);
        format!("{:.1}", recorder.allocations_per_execution())
    };
    let loom_allocations = allocations(loom, Some(plan.sample));
    let our_allocations = allocations(ours, None);

    let mut pairs: Vec<(Sample, Sample)> = Vec::new();
    for pair in 0..plan.pairs {
        // A proof that takes loom long is timed once; afterwards loom is stopped early.
        let first = pairs.first().map(|(loom, _)| loom.proof());
        let limit = match first {
            Some(proof) if proof.is_none_or(|seconds| seconds > 2.0) => Some(2 * plan.sample),
            _ => plan.limit,
        };
        // Each goes first every other time.
        pairs.push(if pair % 2 == 0 {
            let loom = loom.sample(plan.sample, limit);
            (loom, ours.sample(plan.sample, None))
        } else {
            let ours = ours.sample(plan.sample, None);
            (loom.sample(plan.sample, limit), ours)
        });
    }
    let (looms, our): (Vec<&Sample>, Vec<&Sample>) = pairs.iter().map(|(l, o)| (l, o)).unzip();
    let per_execution = pairs.iter().map(|(l, o)| o.per_second() / l.per_second());
    let proofs = pairs
        .iter()
        .filter_map(|(l, o)| Some(l.proof()? / o.proof()?));
    [
        ours.name.into(),
        looms[0].proof().map_or("-".into(), |_| grouped(loom.known)),
        grouped_rate(looms.iter().map(|sample| sample.per_second())),
        grouped(our[0].executions / our[0].explorations),
        grouped_rate(our.iter().map(|sample| sample.per_second())),
        spread(per_execution),
        spread(proofs),
        loom_allocations,
        our_allocations,
    ]
}

fn scale_table(plan: &Plan, allocations: f64) {
    println!("\nScale: racecourse alone (SC). In xPyC x n, each of x producers puts n items into");
    println!("a queue, and y consumers get them.\n");
    let table = Table::new(
        "scene          20  the main thread is one of the threads
         executions     10  executions until the exploration is complete
         different      10  different interleavings among them: the rest is redundant
         seconds         8  time until complete, median
         per s           7  executions per second, median
         allocs          6  heap allocations per execution, in the second half of the exploration",
    );
    let eight = || scenes::fetch_adds(8);
    let scenes = [
        (queue("2P2C x 1, capacity 1", (2, 2), 1, 1, 56), 4),
        (queue("2P1C x 2, capacity 1", (2, 1), 2, 1, 1_952), 3),
        (longest(), 4),
        (queue("2P2C x 2, capacity 2", (2, 2), 2, 2, 18_252), 4),
        (
            Scene::new("8 x fetch_add", Engine::Racecourse(Sc), eight, 8, 40_320),
            8,
        ),
    ];
    for (scene, threads) in scenes {
        let first = scene.sample(Duration::ZERO, plan.limit);
        if let Some(why) = &first.refused {
            println!(
                "{:<20}  needs {threads} threads: refused ({why})",
                scene.name
            );
            continue;
        }
        let allocations = if scene.known == longest().known {
            allocations
        } else {
            scene.recorded(plan.limit).0.allocations_per_execution()
        };
        let samples = (0..plan.repeats).map(|_| scene.sample(plan.sample, plan.limit));
        let samples: Vec<Sample> = samples.collect();
        let seconds: Option<Vec<f64>> = samples.iter().map(Sample::proof).collect();
        table.row([
            scene.name.into(),
            grouped(first.executions),
            grouped(first.different),
            seconds.map_or("stopped".into(), |them| format!("{:.4}", median(them))),
            grouped_rate(samples.iter().map(Sample::per_second)),
            format!("{allocations:.1}"),
        ]);
    }
    table.explain();
}
