//! Explores versions and reports what was found: in a line each, at length, or
//! as JSON.

use super::args::ExploreArgs;
use super::chosen::{Chosen, full_name};
use super::json::{Record, Verdict};
use super::pool;
use super::progress::Status;
use super::text::{heading, paragraph, width};
use super::verdict::{self, Found};
use crate::draw::{self, layout::Tone};
use crate::explorer::Options;
use crate::explorer::report::{Budget, Exploration, Grade, Judged, Proved, count};
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
            // Of all lessons at once no story is shown, unless a version fails.
            explain: args.json || args.all || args.target.is_some() || args.html.is_some(),
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
    let layout = Layout::of(args);
    let wide = shares.iter().map(|share| share.name.len()).max();
    let mut report = Report {
        wide: wide.unwrap_or(0),
        args,
        out,
        introduced: None,
    };
    let mut tally = Tally::new(shares, args);
    let (mut complaints, mut not_explored) = (Vec::new(), 0);
    // The first version that fails is shown, the others are only named.
    let mut failure = None;
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
                match layout {
                    Layout::Json => {
                        report.json(&Record::new(lesson, version, scene, &exploration))?;
                    }
                    Layout::Stats => {
                        report.stats(name, scene, &exploration, is_first && found.is_empty())?;
                    }
                    Layout::Lines | Layout::Version | Layout::All => {}
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
            match layout {
                Layout::Json | Layout::Stats => {}
                Layout::Lines => {
                    if is_first {
                        report.lines_heading(lesson)?;
                    }
                    report.summary_line(share, &found, of_this.is_empty())?;
                }
                Layout::Version => report.version(share, &found, &of_this)?,
                Layout::All => report.all(share, &found, &of_this)?,
            }
            Ok::<_, Stop>(report.out.flush()?)
        })?;
        complaints.extend(of_this.iter().map(|what| format!("{name}: {what}")));
        if !of_this.is_empty() && failure.is_none() {
            failure = Some((share, found));
        }
        is_first = false;
    }

    status.out_of_the_way(|| {
        match layout {
            Layout::Json | Layout::Stats => {}
            Layout::Version | Layout::All if shares.len() == 1 && args.partition.is_none() => {}
            Layout::Version | Layout::All => report.close(&tally, started.elapsed())?,
            Layout::Lines => {
                report.close(&tally, started.elapsed())?;
                for complaint in &complaints {
                    report.line(Tone::Bad, &format!("✗ {complaint}"))?;
                }
                match &failure {
                    Some((share, found)) => {
                        writeln!(report.out)?;
                        report.line(Tone::Heading, &share.name)?;
                        report.key_scene(share, found)?;
                    }
                    None => report.next_step(shares)?,
                }
            }
        }
        if not_explored > 0 {
            let scenes = match not_explored {
                1 => "1 scene was".to_owned(),
                many => format!("{many} scenes were"),
            };
            let line = format!("interrupted: {scenes} not explored");
            if layout != Layout::Json {
                report.line(Tone::Bad, &line)?;
            }
            complaints.push(line);
        }
        if layout == Layout::Json {
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

/// How much is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Json,
    Stats,
    /// A line a version, of one lesson or of all.
    Lines,
    /// One version: the verdict, and the scene that matters.
    Version,
    /// Each table and each story.
    All,
}

impl Layout {
    fn of(args: &ExploreArgs) -> Self {
        match &args.target {
            _ if args.json => Self::Json,
            _ if args.stats => Self::Stats,
            _ if args.all => Self::All,
            Some(target) if target.version.is_some() => Self::Version,
            _ => Self::Lines,
        }
    }
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
    /// The lesson whose story was printed last.
    introduced: Option<&'static str>,
}

impl Report<'_> {
    fn line(&mut self, tone: Tone, text: &str) -> Result<(), Stop> {
        let style = tone.style();
        Ok(writeln!(self.out, "{style}{text}{style:#}")?)
    }

    /// What stands above a line a version.
    fn lines_heading(&mut self, lesson: &Lesson) -> Result<(), Stop> {
        if self.args.target.is_some() {
            self.introduce(lesson)?;
            writeln!(self.out)?;
        }
        let heading = format!(
            "  {:wide$}  interleavings  verdict",
            "version",
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
        let different: u64 = found.iter().map(|(_, found)| found.different).sum();
        let (tone, mark, what) = match well {
            true => praise(share, found),
            false if share.version.is_right() => (Tone::Bad, "✗", "NOT PROVED".to_owned()),
            false => (Tone::Bad, "✗", "NOT CAUGHT".to_owned()),
        };
        let style = tone.style();
        Ok(writeln!(
            self.out,
            "{style}{mark}{style:#} {:wide$}  {different:>13}  {style}{what}{style:#}",
            share.name,
            wide = self.wide
        )?)
    }

    /// The lesson's story, before the first of its versions.
    fn introduce(&mut self, lesson: &Lesson) -> Result<(), Stop> {
        if self.introduced.replace(lesson.name) != Some(lesson.name) {
            heading(self.out, lesson)?;
            write!(self.out, "{}", paragraph(lesson.story))?;
        }
        Ok(())
    }

    /// One version: the verdict. Then what was promised and how it went wrong. Of a
    /// failure nothing but the scene that fails.
    fn version(
        &mut self,
        share: &Share,
        found: &[Found],
        complaints: &[String],
    ) -> Result<(), Stop> {
        self.verdict(share, found, complaints)?;
        if !complaints.is_empty() {
            return self.key_scene(share, found);
        }
        writeln!(self.out)?;
        self.introduce(share.lesson)?;
        writeln!(self.out)?;
        self.about(share)?;
        let key = key_scene(share, found).filter(|_| !share.version.is_right());
        if key.is_some() {
            self.key_scene(share, found)?;
            writeln!(self.out)?;
        }
        let shown = key.map(|(scene, _)| scene.name);
        let others = || found.iter().filter(|(scene, _)| Some(scene.name) != shown);
        if others().next().is_some() {
            let heading = match shown {
                Some(_) => "The other scenes (`--all` shows them):",
                None => "The scenes (`--all` shows their outcomes):",
            };
            self.line(Tone::Heading, heading)?;
        }
        for (scene, found) in others() {
            self.scene_line(scene, found)?;
        }
        Ok(())
    }

    /// Everything about one version.
    fn all(&mut self, share: &Share, found: &[Found], complaints: &[String]) -> Result<(), Stop> {
        if self.introduced.is_some() {
            writeln!(self.out)?;
        }
        self.verdict(share, found, complaints)?;
        if self.introduced != Some(share.lesson.name) {
            writeln!(self.out)?;
            self.introduce(share.lesson)?;
        }
        writeln!(self.out)?;
        self.about(share)?;
        for (scene, found) in found {
            writeln!(self.out)?;
            self.line(Tone::Heading, scene.name)?;
            let missing: Vec<_> = verdict::missing(scene, found).collect();
            let drawing = draw::exploration(found, &missing, true);
            write!(self.out, "{}", drawing.coloured(width()))?;
        }
        Ok(())
    }

    fn about(&mut self, share: &Share) -> Result<(), Stop> {
        let kind = match share.version.is_right() {
            true => "correct",
            false => "wrong",
        };
        let about = share.version.about;
        self.line(
            Tone::Heading,
            &format!("━━ {} ({kind}): {about}", share.version.name),
        )
    }

    /// The scene that [matters](key_scene): its outcomes, and the simplest story.
    fn key_scene(&mut self, share: &Share, found: &[Found]) -> Result<(), Stop> {
        let Some((scene, found)) = key_scene(share, found) else {
            return Ok(());
        };
        writeln!(self.out)?;
        self.line(Tone::Heading, scene.name)?;
        write!(self.out, "{}", draw::outcomes(found).coloured(width()))?;
        for missing in verdict::missing(scene, found) {
            self.line(Tone::Bad, &format!("✗ `{missing}` must occur, and did not"))?;
        }
        let mistake = share.version.mistake;
        let expected = mistake.and_then(|mistake| {
            let outcome = found.outcome(mistake.outcome);
            outcome.filter(|outcome| outcome.grade == Grade::Forbidden)
        });
        if let Some(outcome) = expected.or_else(|| found.simplest_forbidden()) {
            let drawing = match mistake {
                Some(_) => draw::mistake(outcome, &share.lesson.mistake(share.version, scene)),
                None => draw::story(outcome),
            };
            write!(self.out, "\n{}", drawing.coloured(width()))?;
        }
        Ok(())
    }

    fn scene_line(&mut self, scene: &Scene, found: &Exploration) -> Result<(), Stop> {
        let verdict = match found.is_complete() && !found.is_bounded() {
            false => found.verdict(),
            true => {
                let allowed = match found.budget {
                    Budget::NONE => String::new(),
                    budget => format!(" ({budget})"),
                };
                let interleavings = count(found.different, "interleaving");
                format!("{interleavings}, {}{allowed}", found.memory)
            }
        };
        let forbidden: Vec<_> = found.forbidden().map(|it| it.outcome.as_str()).collect();
        let (tone, mark, forbidden) = match forbidden.is_empty() {
            true if found.stopped.is_none() => (Tone::Good, "✓", String::new()),
            true => (Tone::Warning, "·", String::new()),
            false => (
                Tone::Bad,
                "✗",
                format!("; FORBIDDEN: {}", forbidden.join(", ")),
            ),
        };
        let style = tone.style();
        Ok(writeln!(
            self.out,
            "{style}{mark}{style:#} {}: {verdict}{style}{forbidden}{style:#}",
            scene.name
        )?)
    }

    /// The verdict on a version: a line, or a line a complaint.
    fn verdict(
        &mut self,
        share: &Share,
        found: &[Found],
        complaints: &[String],
    ) -> Result<(), Stop> {
        let name = &share.name;
        if complaints.is_empty() {
            let (tone, mark, what) = praise(share, found);
            let more = match share.version.mistake {
                None => match found.len() {
                    1 => ": no interleaving of its scene breaks a promise".to_owned(),
                    many => format!(": no interleaving of its {many} scenes breaks a promise"),
                },
                Some(mistake) if mark == "✓" => format!(" in scene `{}`", mistake.scene),
                Some(_) => String::new(),
            };
            return self.line(tone, &format!("{mark} {name}: {what}{more}"));
        }
        for complaint in complaints {
            self.line(Tone::Bad, &format!("✗ {name}: {complaint}"))?;
        }
        Ok(())
    }

    /// How many versions were as they should be, in a sentence.
    fn close(&mut self, tally: &Tally, took: Duration) -> Result<(), Stop> {
        writeln!(self.out)?;
        let bound = self
            .args
            .preemptions
            .map(|most| Proved::Preemptions(most.into()))
            .map_or_else(String::new, Proved::bound);
        let (of_what, correct) = match self.args.partition {
            None => (String::new(), "correct versions"),
            Some(partition) => (
                format!(
                    "partition {partition} has {} of {} scenes: ",
                    tally.scenes_here, tally.scenes
                ),
                "scenes of correct versions",
            ),
        };
        let ((proved, right), (caught, wrong)) = (tally.right, tally.wrong);
        let parts = [
            (
                right,
                format!("{proved} of {right} {correct} proved{bound}"),
            ),
            (wrong, format!("{caught} of {wrong} bugs found")),
        ];
        let parts = parts.into_iter().filter(|&(all, _)| all > 0);
        let parts: Vec<_> = parts.map(|(_, part)| part).collect();
        let parts = match parts.is_empty() {
            true => "nothing to judge".to_owned(),
            false => parts.join(", "),
        };
        let line = format!("{of_what}{parts} ({})", seconds(took));
        let tone = match proved == right && caught == wrong {
            true => Tone::Good,
            false => Tone::Bad,
        };
        self.line(tone, &line)
    }

    /// What to type to see more.
    fn next_step(&mut self, shares: &[Share]) -> Result<(), Stop> {
        match shares.iter().find(|share| !share.version.is_right()) {
            Some(share) => Ok(writeln!(
                self.out,
                "See how a version goes wrong: cargo race {}",
                share.name
            )?),
            None => Ok(()),
        }
    }
}

/// The scene that shows what the verdict is about: the mistake of a wrong version, or
/// the simplest failure.
fn key_scene<'f, 'a>(share: &Share, found: &'f [Found<'a>]) -> Option<&'f Found<'a>> {
    let own = share.version.mistake.map(|mistake| mistake.scene);
    let matters = |it: &&Found| match own {
        None => !verdict::is_proved(it),
        Some(own) => it.0.name == own || it.1.forbidden().next().is_some(),
    };
    found.iter().filter(matters).min_by_key(|(scene, found)| {
        let simplest = found.simplest_forbidden().map(|it| it.story.cost());
        (simplest.is_none(), own != Some(scene.name), simplest)
    })
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
