//! Explores versions and reports what was found: in a line each, at length, or
//! as JSON.

use super::args::ExploreArgs;
use super::chosen::{Chosen, full_name};
use super::json::{Record, Verdict};
use super::pool;
use super::progress::Status;
use super::text::{heading, paragraph};
use super::verdict::{self, Found};
use crate::draw::{self, layout::Tone};
use crate::explorer::Options;
use crate::explorer::report::{Budget, Exploration, Judged, Proved};
use crate::lessons::{Lesson, Scene, Version};
use crate::programs::Stop;
use serde::Serialize;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A scene to explore.
type Run = Arc<dyn Fn() -> Judged + Send + Sync>;

/// A version, and the scenes of it that are explored.
struct Share<'a> {
    name: String,
    lesson: &'a Lesson,
    version: &'a Version,
    here: Vec<&'a Scene>,
    /// What other [partitions](ExploreArgs::partition) explore.
    elsewhere: Vec<&'a Scene>,
}

/// Deals the scenes of all that was chosen out to the partitions, one after another.
fn shares<'a>(chosen: &[Chosen<'a>], args: &ExploreArgs) -> Vec<Share<'a>> {
    let mut scenes_before = 0;
    let share = |&(lesson, version): &Chosen<'a>| {
        let scenes: Vec<&Scene> = match args.full {
            true => version.scenes.iter().collect(),
            false => version.explored().collect(),
        };
        let (here, elsewhere) = scenes.into_iter().partition(|_| {
            let index = scenes_before;
            scenes_before += 1;
            args.partition.is_none_or(|partition| partition.has(index))
        });
        Share {
            name: full_name(lesson, version),
            lesson,
            version,
            here,
            elsewhere,
        }
    };
    chosen.iter().map(share).collect()
}

/// Explores all that was chosen with `engine`, [several scenes](ExploreArgs::jobs) at
/// the same time, and returns what is not as it should be. What is printed is the
/// same, and in the same order, whatever is explored first.
///
/// Once `cancel` is set, the scenes in progress are stopped and reported, and no other
/// is begun. Sets `cancel` if it fails.
pub(super) fn explore(
    chosen: &[Chosen],
    args: &ExploreArgs,
    engine: impl Fn(Options, Run) -> Result<Exploration, Stop> + Sync,
    cancel: &Arc<AtomicBool>,
    out: &mut dyn Write,
) -> Result<Vec<String>, Stop> {
    let shares = shares(chosen, args);
    let jobs = shares
        .iter()
        .flat_map(|share| share.here.iter().map(move |&scene| (share, scene)));
    let jobs: Vec<(&Share, &Scene)> = jobs.collect();
    let status = Status::default();
    let explore = |job: usize| {
        let (share, scene) = jobs[job];
        let Share {
            name,
            lesson,
            version,
            ..
        } = share;
        let in_progress = status.begin(job, format!("{name}, {}", scene.name));
        let options = version.options(scene, args.memory_for(lesson));
        let options = Options {
            max_executions: args.max_executions,
            preemptions: args.preemptions.map(usize::from).or(options.preemptions),
            max_time: args.max_seconds.map(Duration::from_secs),
            cancel: Some(Arc::clone(cancel)),
            budget: args.budget_for(scene),
            progress: Some(in_progress.progress()),
            ..options
        };
        engine(options, Arc::clone(&scene.run))
    };
    let report = |results: &mut dyn Iterator<Item = _>| {
        let reported = report_all(&shares, args, results, &status, out);
        if reported.is_err() {
            // ORDERING: the flag publishes nothing.
            cancel.store(true, Relaxed);
        }
        reported
    };
    status.show_during(|| pool::in_order(jobs.len(), args.jobs(), cancel, explore, report))
}

/// Reports on all that was chosen, as the results come in.
fn report_all(
    shares: &[Share],
    args: &ExploreArgs,
    results: &mut dyn Iterator<Item = Result<Exploration, Stop>>,
    status: &Status,
    out: &mut dyn Write,
) -> Result<Vec<String>, Stop> {
    let started = Instant::now();
    let summary = args.target.is_none() && !args.json && !args.stats;
    let wide = shares.iter().map(|share| share.name.len()).max();
    let mut report = Report {
        wide: wide.unwrap_or(0),
        args,
        out,
    };
    let mut tally = Tally::new(shares, args);
    let (mut complaints, mut not_explored) = (Vec::new(), 0);
    let mut is_first = true;
    for share in shares {
        let Share {
            name,
            lesson,
            version,
            ..
        } = share;
        let mut found: Vec<Found> = Vec::new();
        for &scene in &share.here {
            let Some(exploration) = results.next() else {
                break;
            };
            let exploration = exploration?;
            status.out_of_the_way(|| {
                if args.json {
                    report.json(&Record::new(lesson, version, scene, &exploration))?;
                } else if args.stats {
                    report.stats(name, scene, &exploration, is_first && found.is_empty())?;
                } else if !summary {
                    if found.is_empty() {
                        report.introduce(lesson, version, is_first)?;
                    }
                    report.scene(scene, &exploration)?;
                }
                Ok::<_, Stop>(report.out.flush()?)
            })?;
            found.push((scene, exploration));
        }
        // Results end early only after an interruption.
        not_explored += share.here.len() - found.len();
        let scenes = share.here.len() + share.elsewhere.len();
        if found.is_empty() && scenes > 0 {
            continue;
        }
        let of_this = verdict::complaints_here(lesson, version, &found, &share.elsewhere);
        tally.add(share, &found, of_this.is_empty(), args);
        status.out_of_the_way(|| {
            if summary {
                if is_first {
                    report.summary_heading()?;
                }
                report.summary_line(share, &found, of_this.is_empty())?;
            } else if !args.json && !args.stats {
                report.conclude(share, &found, &of_this)?;
            }
            Ok::<_, Stop>(report.out.flush()?)
        })?;
        complaints.extend(of_this.iter().map(|what| format!("{name}: {what}")));
        is_first = false;
    }

    let many = shares.len() > 1 || args.partition.is_some();
    status.out_of_the_way(|| {
        if summary || (many && !args.json && !args.stats) {
            report.close(&tally, &complaints, started.elapsed())?;
        }
        if not_explored > 0 {
            let scenes = match not_explored {
                1 => "1 scene was".to_owned(),
                many => format!("{many} scenes were"),
            };
            let line = format!("interrupted: {scenes} not explored");
            if !args.json {
                report.line(Tone::Bad, &line)?;
            }
            complaints.push(line);
        }
        if args.json {
            let scenes = shares.iter().map(|share| share.here.len()).sum::<usize>();
            report.json(&Verdict {
                accepted: complaints.is_empty(),
                scenes: scenes - not_explored,
                preemptions: args.preemptions,
                complaints: &complaints,
            })?;
        }
        Ok::<_, Stop>(report.out.flush()?)
    })?;
    Ok(complaints)
}

/// What is as it should be, of how much.
struct Tally {
    /// Right versions; in a partition, which has few of them whole, their scenes.
    right: (usize, usize),
    /// Wrong versions that are judged here.
    wrong: (usize, usize),
    scenes_here: usize,
    scenes: usize,
}

impl Tally {
    fn new(shares: &[Share], args: &ExploreArgs) -> Self {
        let here = |share: &Share| share.here.len();
        let (right, wrong): (Vec<_>, Vec<_>) =
            shares.iter().partition(|share| share.version.is_right());
        let right = match args.partition {
            None => right.len(),
            Some(_) => right.into_iter().map(here).sum(),
        };
        let judged = wrong
            .iter()
            .filter(|share| verdict::is_judged_here(share.version, &share.elsewhere));
        Self {
            right: (0, right),
            wrong: (0, judged.count()),
            scenes_here: shares.iter().map(here).sum(),
            scenes: shares
                .iter()
                .map(|share| share.here.len() + share.elsewhere.len())
                .sum(),
        }
    }

    fn add(&mut self, share: &Share, found: &[Found], well: bool, args: &ExploreArgs) {
        if !share.version.is_right() {
            let judged = verdict::is_judged_here(share.version, &share.elsewhere);
            self.wrong.0 += usize::from(well && judged);
        } else if args.partition.is_some() {
            self.right.0 += found
                .iter()
                .filter(|found| verdict::is_proved(found))
                .count();
        } else {
            self.right.0 += usize::from(well);
        }
    }
}

struct Report<'a> {
    /// The longest name.
    wide: usize,
    args: &'a ExploreArgs,
    out: &'a mut dyn Write,
}

impl Report<'_> {
    fn line(&mut self, tone: Tone, text: &str) -> Result<(), Stop> {
        let style = tone.style();
        Ok(writeln!(self.out, "{style}{text}{style:#}")?)
    }

    fn summary_heading(&mut self) -> Result<(), Stop> {
        let heading = format!(
            "  {:wide$}  {:>10}  {:>10}  {:>9}",
            "version",
            "executions",
            "different",
            "time",
            wide = self.wide
        );
        self.line(Tone::Heading, &heading)
    }

    /// A line.
    fn json(&mut self, value: &impl Serialize) -> Result<(), Stop> {
        let line = serde_json::to_string(value).map_err(std::io::Error::from)?;
        Ok(writeln!(self.out, "{line}")?)
    }

    /// What one scene has cost.
    fn stats(
        &mut self,
        name: &str,
        scene: &Scene,
        found: &Exploration,
        is_first: bool,
    ) -> Result<(), Stop> {
        if is_first {
            let heading = "executions  different  ratio  executions/s  scene";
            self.line(Tone::Heading, heading)?;
        }
        let ratio = found.executions as f64 / found.different.max(1) as f64;
        let speed = found.executions as f64 / found.took.as_secs_f64().max(f64::MIN_POSITIVE);
        let complete = match &found.stopped {
            Some(_) => " (STOPPED)".to_owned(),
            None => match found.proved.bound() {
                bound if bound.is_empty() => bound,
                bound => format!(" ({})", bound.trim_start()),
            },
        };
        let allowed = match found.budget {
            Budget::NONE => String::new(),
            budget => format!(" ({budget})"),
        };
        Ok(writeln!(
            self.out,
            "{:>10}  {:>9}  {ratio:>5.2}  {speed:>12.0}  {name}: {}, {}{allowed}{complete}",
            found.executions, found.different, scene.name, found.memory
        )?)
    }

    fn summary_line(&mut self, share: &Share, found: &[Found], well: bool) -> Result<(), Stop> {
        let executions: u64 = found.iter().map(|(_, found)| found.executions).sum();
        let different: u64 = found.iter().map(|(_, found)| found.different).sum();
        let took: Duration = found.iter().map(|(_, found)| found.took).sum();
        let (tone, mark, what) = match well {
            true => praise(share, found),
            false if share.version.is_right() => {
                (Tone::Bad, "✗", "NOT PROVEN, see below".to_owned())
            }
            false => (
                Tone::Bad,
                "✗",
                "NOT CAUGHT as it should be, see below".to_owned(),
            ),
        };
        let style = tone.style();
        Ok(writeln!(
            self.out,
            "{style}{mark}{style:#} {:wide$}  {executions:>10}  {different:>10}  {:>9}  {style}{what}{style:#}",
            share.name,
            seconds(took),
            wide = self.wide
        )?)
    }

    fn introduce(&mut self, lesson: &Lesson, version: &Version, first: bool) -> Result<(), Stop> {
        if first {
            heading(self.out, lesson)?;
            write!(self.out, "{}", paragraph(lesson.story))?;
        }
        writeln!(self.out)?;
        let kind = if version.is_right() { "right" } else { "wrong" };
        let line = format!(
            "━━ {} ({kind}): {}",
            full_name(lesson, version),
            version.about
        );
        self.line(Tone::Heading, &line)
    }

    fn scene(&mut self, scene: &Scene, found: &Exploration) -> Result<(), Stop> {
        writeln!(self.out)?;
        self.line(Tone::Heading, scene.name)?;
        let missing: Vec<_> = verdict::missing(scene, found).collect();
        let drawing = draw::exploration(found, &missing, self.args.full);
        Ok(write!(self.out, "{}", drawing.coloured(draw::WIDTH))?)
    }

    fn conclude(
        &mut self,
        share: &Share,
        found: &[Found],
        complaints: &[String],
    ) -> Result<(), Stop> {
        writeln!(self.out)?;
        let name = &share.name;
        if complaints.is_empty() {
            let (tone, mark, what) = praise(share, found);
            return self.line(tone, &format!("{mark} {name}: {what}"));
        }
        for complaint in complaints {
            self.line(Tone::Bad, &format!("✗ {name}: {complaint}"))?;
        }
        Ok(())
    }

    fn close(&mut self, tally: &Tally, complaints: &[String], took: Duration) -> Result<(), Stop> {
        writeln!(self.out)?;
        let count = |(well, all): (usize, usize)| match well == all {
            true => well.to_string(),
            false => format!("{well} of {all}"),
        };
        let of_what = match self.args.partition {
            None => "right versions".to_owned(),
            Some(partition) => format!(
                "partition {partition}, {} of {} scenes: scenes of right versions",
                tally.scenes_here, tally.scenes
            ),
        };
        let bound = self
            .args
            .preemptions
            .map(|most| Proved::Preemptions(most.into()));
        let line = format!(
            "{of_what} complete{}, keeping their promises: {}; wrong ones caught: {}; {}",
            bound.map_or_else(String::new, Proved::bound),
            count(tally.right),
            count(tally.wrong),
            seconds(took)
        );
        self.line(
            if complaints.is_empty() {
                Tone::Good
            } else {
                Tone::Bad
            },
            &line,
        )?;
        for complaint in complaints {
            self.line(Tone::Bad, &format!("✗ {complaint}"))?;
        }
        Ok(())
    }
}

/// What is said of a version about which there is nothing to complain.
fn praise(share: &Share, found: &[Found]) -> (Tone, &'static str, String) {
    let what = verdict::praise(share.version, found, &share.elsewhere);
    match verdict::is_judged_here(share.version, &share.elsewhere) {
        true => (Tone::Good, "✓", what),
        false => (Tone::Plain, "·", what),
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.2} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests;
