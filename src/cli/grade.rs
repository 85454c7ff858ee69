//! Grades answers to exercises: a line each, as JSON, or as a JUnit report.

use super::exercise_args::GradeArgs;
use super::text::width;
use super::{chosen, pool};
use crate::draw::{self, layout::Tone};
use crate::exercises::{self, Exercise, Grader, Limits, Proof, Trouble, Verdict};
use crate::explorer::CAN_EXPLORE;
use crate::explorer::report::{Story, count};
use crate::programs::Stop;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;
use std::fs;
use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// An answer, and what it was graded.
struct Graded {
    file: String,
    exercise: Option<String>,
    verdict: Verdict,
    took: Duration,
}

/// Grades all files, and returns whether each is proved.
pub(super) fn grade(
    args: &GradeArgs,
    cancel: &AtomicBool,
    out: &mut dyn Write,
) -> Result<bool, Stop> {
    refuse_in_the_std_build("grade")?;
    let exercise = args.exercise.as_ref().map(chosen::exercise).transpose()?;
    let texts = args.files.iter().map(|file| Ok((file, read(file)?)));
    let texts: Vec<(&PathBuf, String)> = texts.collect::<Result<_, Stop>>()?;
    let grader = Grader::new(Limits {
        time: Duration::from_secs(args.max_seconds.into()),
        memory: u64::from(args.max_memory) << 20,
    })?;
    let begun = Instant::now();
    let cores = || thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = args.jobs.map_or_else(cores, usize::from);
    let work = |job: usize| {
        let (file, text) = &texts[job];
        one(&grader, file, text, exercise)
    };
    let graded = pool::in_order(texts.len(), jobs, cancel, work, |results| {
        let mut graded = Vec::new();
        for result in results {
            let one = result?;
            match args.json {
                true => json(&Line::new(&one), out)?,
                false => tell(&one, args.all || texts.len() == 1, out)?,
            }
            out.flush()?;
            graded.push(one);
        }
        Ok::<_, Stop>(graded)
    })
    .inspect_err(|_| {
        // ORDERING: the flag publishes nothing.
        cancel.store(true, Relaxed);
    })?;
    let proved = graded.iter().filter(|it| it.verdict.is_proved()).count();
    let accepted = proved == texts.len();
    if let Some(path) = &args.junit {
        let report = junit(&graded);
        let text = report
            .to_string()
            .map_err(|error| Stop::System(error.to_string()))?;
        let written = fs::write(path, text);
        written
            .map_err(|error| Stop::System(format!("cannot write {}: {error}", path.display())))?;
    }
    match args.json {
        true => json(
            &Totals {
                accepted,
                answers: graded.len(),
                proved,
            },
            out,
        )?,
        false if texts.len() > 1 => {
            let tone = if accepted { Tone::Good } else { Tone::Bad };
            let (style, took) = (tone.style(), begun.elapsed().as_secs_f64());
            writeln!(
                out,
                "{style}{proved} of {} proved ({took:.1} s){style:#}",
                texts.len()
            )?;
        }
        false => {}
    }
    // ORDERING: as above.
    match cancel.load(Relaxed) && graded.len() < texts.len() {
        true => Err(Stop::Interrupted),
        false => Ok(accepted),
    }
}

/// Only the model build can grade.
pub(super) fn refuse_in_the_std_build(command: &str) -> Result<(), Stop> {
    match CAN_EXPLORE {
        true => Ok(()),
        false => Err(Stop::usage(format!(
            "{}; type `cargo race {command} …`",
            crate::explorer::NotTheModel
        ))),
    }
}

fn read(file: &Path) -> Result<String, Stop> {
    match fs::read(file) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(Stop::usage(format!(
            "cannot read {}: {error}",
            file.display()
        ))),
    }
}

fn one(
    grader: &Grader,
    file: &Path,
    text: &str,
    exercise: Option<&'static Exercise>,
) -> Result<Graded, Stop> {
    let begun = Instant::now();
    let name = file.display().to_string();
    let exercise = exercise.map_or_else(|| exercises::exercise_of(text), Ok);
    let verdict = match &exercise {
        Ok(exercise) => grader.grade(file, text, exercise)?,
        Err(why) => Verdict::RuleBroken {
            rule: why.clone(),
            line: 1,
        },
    };
    Ok(Graded {
        file: name,
        exercise: exercise.ok().map(Exercise::name),
        verdict,
        took: begun.elapsed(),
    })
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Usage(why) => Stop::Usage(why),
            Trouble::System(_) => Stop::System(trouble.to_string()),
        }
    }
}

fn tell(graded: &Graded, at_length: bool, out: &mut dyn Write) -> Result<(), Stop> {
    let Graded { file, verdict, .. } = graded;
    let (tone, mark) = match verdict.is_proved() {
        true => (Tone::Good, "✓"),
        false => (Tone::Bad, "✗"),
    };
    let style = tone.style();
    let (title, reason) = (verdict.title(), verdict.reason());
    writeln!(out, "{style}{mark} {file}: {title}{style:#}: {reason}")?;
    match at_length {
        true => details(verdict, out),
        false => Ok(()),
    }
}

/// The simplest story of a refused answer, the compiler's messages, or the scenes of a proof.
pub(super) fn details(verdict: &Verdict, out: &mut dyn Write) -> Result<(), Stop> {
    match verdict {
        Verdict::Refused { outcome, .. } => {
            let story = draw::story(outcome).coloured(width());
            Ok(write!(out, "\n{story}\n")?)
        }
        Verdict::DoesNotCompile { message, .. } => {
            let rest = message.lines().skip(1);
            let rest: String = rest.flat_map(|line| [line, "\n"]).collect();
            Ok(write!(out, "{rest}")?)
        }
        Verdict::Proved { scenes } => {
            for Proof {
                scene,
                interleavings,
                preemptions,
            } in scenes
            {
                let interleavings = count(*interleavings, "interleaving");
                let bound = preemptions.map_or_else(String::new, |most| {
                    format!(", all with up to {}", count(most as u64, "preemption"))
                });
                writeln!(out, "  {scene}: {interleavings}{bound}")?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    exercise: Option<&'a str>,
    verdict: &'static str,
    reason: String,
    line: Option<usize>,
    interleavings: Option<u64>,
    preemptions: Option<usize>,
    scene: Option<&'a str>,
    outcome: Option<&'a str>,
    meaning: Option<&'a str>,
    story: Option<&'a Story>,
    message: Option<&'a str>,
    seconds: f64,
}

/// The last line of `--json`.
#[derive(Serialize)]
struct Totals {
    accepted: bool,
    answers: usize,
    proved: usize,
}

impl<'a> Line<'a> {
    fn new(graded: &'a Graded) -> Self {
        let Graded {
            file,
            exercise,
            verdict,
            took,
        } = graded;
        let (scene, outcome) = match verdict {
            Verdict::Refused { scene, outcome } => (Some(scene.as_str()), Some(outcome)),
            _ => (None, None),
        };
        Self {
            file,
            exercise: exercise.as_deref(),
            verdict: verdict.word(),
            reason: verdict.reason(),
            line: verdict.line(),
            interleavings: verdict.interleavings(),
            preemptions: verdict.preemptions(),
            scene,
            outcome: outcome.map(|it| it.outcome.as_str()),
            meaning: outcome.map(|it| it.meaning.as_str()),
            story: outcome.map(|it| &it.story),
            message: match verdict {
                Verdict::DoesNotCompile { message, .. } => Some(message),
                _ => None,
            },
            seconds: took.as_secs_f64(),
        }
    }
}

fn json(line: &impl Serialize, out: &mut dyn Write) -> Result<(), Stop> {
    let line = serde_json::to_string(line).map_err(std::io::Error::from)?;
    Ok(writeln!(out, "{line}")?)
}

/// A test case for each answer. A failure has the reason, and the story as its text.
fn junit(graded: &[Graded]) -> Report {
    let mut suite = TestSuite::new("racecourse grade");
    for Graded {
        file,
        exercise,
        verdict,
        took,
    } in graded
    {
        let status = match verdict.is_proved() {
            true => TestCaseStatus::success(),
            false => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                let mut text = Vec::new();
                // It writes into memory.
                let _ = details(verdict, &mut text);
                let text = anstream::adapter::strip_bytes(&text).into_vec();
                status
                    .set_type(verdict.word())
                    .set_message(format!("{}: {}", verdict.title(), verdict.reason()))
                    .set_description(String::from_utf8_lossy(&text));
                status
            }
        };
        let mut case = TestCase::new(file.as_str(), status);
        case.set_classname(exercise.as_deref().unwrap_or("unknown"))
            .set_time(*took);
        suite.add_test_case(case);
    }
    let mut report = Report::new("racecourse");
    report.add_test_suite(suite);
    report
}
