//! Explores versions and reports what was found: in a line each, at length, or
//! as JSON.

use super::args::ExploreArgs;
use super::chosen::{Chosen, full_name};
use super::json::Record;
use super::pool;
use super::progress::Status;
use super::text::{heading, paragraph};
use super::verdict::{self, Found};
use crate::draw::{self, layout::Tone};
use crate::explorer::Options;
use crate::explorer::report::{Exploration, Judged};
use crate::lessons::{Lesson, Scene, Stop, Version};
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
        let (Share { name, lesson, .. }, scene) = jobs[job];
        let in_progress = status.begin(job, format!("{name}, {}", scene.name));
        let options = Options {
            max_executions: args.max_executions,
            max_time: args.max_seconds.map(Duration::from_secs),
            cancel: Some(Arc::clone(cancel)),
            budget: args.budget_for(scene),
            progress: Some(in_progress.progress()),
            ..scene.options(args.memory_for(lesson))
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
                    report.record(lesson, version, scene, &exploration)?;
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

    fn record(
        &mut self,
        lesson: &Lesson,
        version: &Version,
        scene: &Scene,
        found: &Exploration,
    ) -> Result<(), Stop> {
        let record = Record::new(lesson, version, scene, found);
        let record = serde_json::to_string(&record).map_err(std::io::Error::from)?;
        Ok(writeln!(self.out, "{record}")?)
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
        let complete = if found.is_complete() {
            ""
        } else {
            " (STOPPED)"
        };
        Ok(writeln!(
            self.out,
            "{:>10}  {:>9}  {ratio:>5.2}  {speed:>12.0}  {name}: {}, {}{}{complete}",
            found.executions, found.different, scene.name, found.memory, found.budget
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
        Ok(write!(self.out, "{}", drawing.coloured())?)
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
        let line = format!(
            "{of_what} complete, keeping their promises: {}; wrong ones caught: {}; {}",
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
mod tests {
    use super::*;
    use crate::cli::args::{Args, Command};
    use crate::cli::tests::{explored, lesson, outcome, stopped};
    use crate::explorer::report::Grade;
    use clap::Parser as _;
    use std::collections::{BTreeSet, HashSet};
    use std::sync::{Condvar, Mutex};

    fn parse(args: &[&str]) -> ExploreArgs {
        let args = ["racecourse", "explore"].iter().chain(args);
        let Command::Explore(args) = Args::parse_from(args).command else {
            unreachable!()
        };
        args
    }

    /// What `explore` says of these lessons, and prints, without colours.
    fn printed_by(
        engine: impl Fn(Options, Run) -> Result<Exploration, Stop> + Sync,
        lessons: &[Lesson],
        args: &[&str],
    ) -> (Result<Vec<String>, Stop>, String) {
        let chosen: Vec<Chosen> = lessons.iter().flat_map(crate::cli::versions_of).collect();
        let mut out = anstream::StripStream::new(Vec::new());
        let complaints = explore(&chosen, &parse(args), engine, &Arc::default(), &mut out);
        let text = String::from_utf8(out.into_inner()).expect("text");
        (complaints, text)
    }

    /// What `explore` prints when every scene of the right version comes to `right`,
    /// and of the wrong one to `wrong`.
    fn printed(args: &[&str], right: &Exploration, wrong: &Exploration) -> (bool, String) {
        let engine = |_, run: Run| match &*run().outcome {
            "right" => Ok(right.clone()),
            _ => Ok(wrong.clone()),
        };
        let (complaints, text) = printed_by(engine, &[lesson()], args);
        let well = complaints.expect("a Vec can be written to").is_empty();
        (well, text)
    }

    fn right() -> Exploration {
        explored(vec![outcome("fine", Grade::Promised, 0)])
    }

    fn wrong() -> Exploration {
        explored(vec![
            outcome("fine", Grade::Promised, 0),
            outcome("broken", Grade::Forbidden, 1),
        ])
    }

    #[test]
    fn the_summary_has_a_line_for_each_version() {
        let (well, text) = printed(&[], &right(), &wrong());
        assert!(well);
        let (but_how_long, _) = text
            .rsplit_once("; ")
            .expect("it ends with the time it took");
        let expected = "  version     executions   different       time\n\
            ✓ shop/right           9           4     1.50 s  COMPLETE (C11), keeps its promises\n\
            ✓ shop/wrong           9           4     1.50 s  caught: broken (1 preemption)\n\
            \n\
            right versions complete, keeping their promises: 1; wrong ones caught: 1";
        assert_eq!(but_how_long, expected);
    }

    #[test]
    fn the_summary_of_a_failure_says_what_is_wrong() {
        let (well, text) = printed(&[], &stopped(Vec::new()), &right());
        assert!(!well);
        assert!(text.contains("✗ shop/right "), "{text}");
        assert!(
            text.contains("✗ shop/right: small: STOPPED after 9 executions: not a proof"),
            "{text}"
        );
        assert!(
            text.contains("✗ shop/wrong: small: not caught: no `broken` found"),
            "{text}"
        );
        assert!(text.contains("keeping their promises: 0 of 1"), "{text}");
        assert!(!text.contains('✓'), "{text}");
    }

    #[test]
    fn forbidden_outcomes_are_told_and_the_others_only_in_full() {
        let (well, text) = printed(&["shop"], &right(), &wrong());
        assert!(well);
        assert_eq!(text.matches("does broken").count(), 1, "{text}");
        assert_eq!(text.matches("does fine").count(), 0, "{text}");
        assert_eq!(text.matches("\nlarge\n").count(), 0, "{text}");

        let (_, text) = printed(&["shop", "--full"], &right(), &wrong());
        assert_eq!(text.matches("does broken").count(), 2, "{text}");
        assert_eq!(text.matches("does fine").count(), 3, "{text}");
        assert_eq!(text.matches("\nlarge\n").count(), 1, "{text}");
    }

    #[test]
    fn an_outcome_that_must_occur_and_did_not_is_shown() {
        let lost = explored(vec![outcome("other", Grade::Allowed, 0)]);
        let (well, text) = printed(&["shop"], &lost, &wrong());
        assert!(!well);
        assert!(
            text.contains("\n✗ `fine` must occur, and did not\n"),
            "{text}"
        );
    }

    #[test]
    fn json_keeps_its_keys() {
        let (_, text) = printed(&["--json"], &stopped(right().outcomes), &wrong());
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("an object a line"))
            .collect();
        assert_eq!(lines.len(), 2);
        let keys = |value: &serde_json::Value| -> BTreeSet<String> {
            value
                .as_object()
                .expect("an object")
                .keys()
                .cloned()
                .collect()
        };
        let named = |names: &str| names.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
        let (stopped, wrong) = (&lines[0], &lines[1]);
        assert_eq!(
            keys(stopped),
            named(
                "lesson version kind mistake scene memory budget complete stopped executions different seconds outcomes must_occur_missing"
            )
        );
        assert_eq!(stopped["kind"], "right");
        assert!(stopped["mistake"].is_null());
        assert_eq!(wrong["kind"], "wrong");
        assert_eq!(wrong["mistake"]["outcome"], "broken");
        assert_eq!(stopped["complete"], false);
        assert_eq!(stopped["stopped"], "after 9 executions");
        assert_eq!(stopped["memory"], "c11");
        assert_eq!(wrong["complete"], true);
        assert!(wrong["stopped"].is_null());
        let broken = &wrong["outcomes"][1];
        assert_eq!(broken["grade"], "forbidden");
        assert_eq!(
            keys(broken),
            named("outcome grade meaning different executions story")
        );
        assert_eq!(
            keys(&broken["story"]),
            named("threads watched steps epilogue preemptions stale_reads")
        );
        assert_eq!(
            keys(&broken["story"]["steps"][0]),
            named("thread what narration file line state switch")
        );
    }

    /// Many lessons. Each scene that is explored says its number.
    fn numbered(args: &ExploreArgs) -> Vec<Lesson> {
        let mut lessons: Vec<_> = (0..4).map(|_| lesson()).collect();
        let versions = lessons.iter_mut().flat_map(|lesson| &mut lesson.versions);
        let mut number = 0;
        for version in versions {
            let right = version.is_right();
            for scene in &mut version.scenes {
                if args.full || right || !scene.proof {
                    let name = number.to_string();
                    scene.run = Arc::new(move || Judged::promised(&*name, ""));
                    number += 1;
                }
            }
        }
        lessons
    }

    fn number(run: &Run) -> u64 {
        run().outcome.parse().expect("a numbered scene")
    }

    /// What exploring scene `number` finds.
    fn numbered_exploration(number: u64) -> Exploration {
        let mut found = match number % 3 {
            0 => wrong(),
            1 => stopped(right().outcomes),
            _ => right(),
        };
        found.executions += number;
        found
    }

    /// But for how long it took in all.
    fn without_the_time(text: &str) -> String {
        let lines = text
            .lines()
            .map(|line| match line.starts_with("right ver") {
                true => line.rsplit_once("; ").expect("it ends with the time").0,
                false => line,
            });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn many_jobs_print_what_one_does_whatever_is_done_first() {
        for args in [
            &[][..],
            &["--full"],
            &["shop"],
            &["shop", "--full"],
            &["--stats"],
            &["--json", "--full"],
        ] {
            let lessons = numbered(&parse(args));
            let at_once = |_, run: Run| Ok(numbered_exploration(number(&run)));
            let one = [args, &["--jobs", "1"]].concat();
            let (complaints, text) = printed_by(at_once, &lessons, &one);

            let done = (Mutex::new(HashSet::new()), Condvar::new());
            let last_first = |_, run: Run| {
                let number = number(&run);
                let mut done_so_far = done.0.lock().unwrap();
                // Of each four scenes, the last is done first.
                if number % 4 != 3 {
                    let next = number + 1;
                    let wait = |done: &mut HashSet<u64>| !done.contains(&next);
                    done_so_far = done.1.wait_while(done_so_far, wait).unwrap();
                }
                done_so_far.insert(number);
                done.1.notify_all();
                Ok(numbered_exploration(number))
            };
            let four = [args, &["--jobs", "4"]].concat();
            let (complaints_of_four, text_of_four) = printed_by(last_first, &lessons, &four);

            assert_eq!(complaints_of_four.unwrap(), complaints.unwrap());
            assert_eq!(without_the_time(&text_of_four), without_the_time(&text));
            assert!(text.lines().count() >= 8, "{args:?}: {text}");
        }
    }

    #[test]
    fn an_engine_that_fails_ends_it() {
        let args = ["--stats", "--jobs", "2"];
        let lessons = numbered(&parse(&args));
        let cancelled = Mutex::new(None);
        let engine = |options: Options, run: Run| match number(&run) {
            0 => Ok(right()),
            1 => Err(Stop::usage("no engine")),
            number => {
                *cancelled.lock().unwrap() = options.cancel;
                Ok(numbered_exploration(number))
            }
        };
        let (complaints, text) = printed_by(engine, &lessons, &args);
        assert!(matches!(complaints, Err(Stop::Usage(why)) if why == "no engine"));
        assert_eq!(text.lines().count(), 2, "{text}");
        let cancelled = cancelled.into_inner().unwrap();
        assert!(cancelled.is_none_or(|cancelled| cancelled.load(Relaxed)));
    }

    /// What is printed if Ctrl-C comes in scene 4 of 8.
    fn interrupted(args: &[&str]) -> (Vec<String>, String) {
        let args = [args, &["--jobs", "1"]].concat();
        let lessons = numbered(&parse(&args));
        let engine = |options: Options, run: Run| {
            let number = number(&run);
            assert!(number <= 4, "scene {number} is explored although cancelled");
            let mut found = if number.is_multiple_of(2) {
                right()
            } else {
                wrong()
            };
            if number == 4 {
                options.cancel.expect("a flag").store(true, Relaxed);
                found.stopped = Some("after 9 executions because it was interrupted".to_owned());
            }
            Ok(found)
        };
        let (complaints, text) = printed_by(engine, &lessons, &args);
        (complaints.expect("a Vec can be written to"), text)
    }

    #[test]
    fn an_interruption_reports_what_is_known() {
        let stopped = "shop/right: small: STOPPED after 9 executions because it was interrupted: \
            not a proof";
        let rest = "interrupted: 3 scenes were not explored";

        let (complaints, text) = interrupted(&[]);
        assert_eq!(complaints, [stopped, rest]);
        assert_eq!(text.matches("shop/right   ").count(), 3, "{text}");
        assert_eq!(text.matches("shop/wrong   ").count(), 2, "{text}");
        let promises = "keeping their promises: 2 of 4; wrong ones caught: 2 of 4; ";
        assert!(text.contains(promises), "{text}");
        let end = format!("\n✗ {stopped}\n{rest}\n");
        assert!(text.ends_with(&end), "{text}");

        let (complaints, text) = interrupted(&["--stats"]);
        assert_eq!(complaints, [stopped, rest]);
        let end = format!("shop/right: small, C11 (STOPPED)\n{rest}\n");
        assert!(text.ends_with(&end), "{text}");

        let (complaints, text) = interrupted(&["--json"]);
        assert_eq!(complaints, [stopped, rest]);
        let last = text.lines().last().expect("a record");
        let last: serde_json::Value = serde_json::from_str(last).expect("an object");
        assert_eq!(
            last["stopped"],
            "after 9 executions because it was interrupted"
        );
        assert_eq!(text.lines().count(), 5, "{text}");
    }

    /// Its right version has a second scene, `large`.
    fn lesson_with_two_scenes() -> Lesson {
        let mut lesson = lesson();
        let mut large = Scene::new("large", || Judged::promised("right", ""));
        large.must_occur = &["fine"];
        lesson.versions[0].scenes.push(large);
        lesson
    }

    /// It is not proved by the scenes that were explored.
    #[test]
    fn a_version_interrupted_between_its_scenes_is_not_proved() {
        let engine = |options: Options, _| {
            options.cancel.expect("a flag").store(true, Relaxed);
            Ok(right())
        };
        let args = ["shop/right", "--jobs", "1"];
        let mut lesson = lesson_with_two_scenes();
        lesson.versions.truncate(1);
        let (complaints, text) = printed_by(engine, &[lesson], &args);
        let rest = "interrupted: 1 scene was not explored";
        let large = "shop/right: large: not explored";
        assert_eq!(complaints.expect("a Vec can be written to"), [large, rest]);
        let end = format!("\n✗ {large}\n{rest}\n");
        assert!(text.ends_with(&end), "{text}");
    }

    #[test]
    fn together_all_partitions_explore_every_scene_once() {
        for args in [&["--json"][..], &["--json", "--full"]] {
            let lessons = numbered(&parse(args));
            let scenes = if args.len() == 1 { 8 } else { 12 };
            for partitions in 1..=scenes + 1 {
                let explored = Mutex::new(Vec::new());
                let engine = |_, run: Run| {
                    explored.lock().unwrap().push(number(&run));
                    Ok(right())
                };
                let mut records = 0;
                for partition in 1..=partitions {
                    let partition = format!("{partition}/{partitions}");
                    let args = [args, &["--partition", &partition]].concat();
                    let (_, text) = printed_by(engine, &lessons, &args);
                    records += text.lines().count() as u64;
                }
                let mut explored = explored.into_inner().unwrap();
                explored.sort_unstable();
                assert_eq!(
                    explored,
                    Vec::from_iter(0..scenes),
                    "{partitions} partitions"
                );
                assert_eq!(records, scenes);
            }
        }
    }

    /// What a partition of the right version's two scenes and the wrong version's
    /// two prints, if the right version's second scene is stopped.
    fn printed_in_partition(partition: &str, args: &[&str]) -> (Vec<String>, String) {
        let mut lesson = lesson_with_two_scenes();
        lesson.versions[0].scenes[1].run = Arc::new(|| Judged::promised("stopped", ""));
        let engine = |_, run: Run| match &*run().outcome {
            "right" => Ok(right()),
            "stopped" => Ok(stopped(right().outcomes)),
            _ => Ok(wrong()),
        };
        let args = [args, &["--full", "--partition", partition]].concat();
        let (complaints, text) = printed_by(engine, &[lesson], &args);
        (complaints.expect("a Vec can be written to"), text)
    }

    #[test]
    fn a_partition_judges_only_its_own_scenes() {
        // The scenes that are as they should be, and the one with the mistake.
        let (complaints, text) = printed_in_partition("1/2", &[]);
        assert_eq!(complaints, [""; 0]);
        let right = "COMPLETE (C11), keeps its promises in 1 of 2 scenes; the rest belongs to \
            other partitions\n";
        assert!(text.contains(right), "{text}");
        assert!(text.contains("  caught: broken (1 preemption)\n"), "{text}");
        let tally = "\npartition 1/2, 2 of 4 scenes: scenes of right versions complete, keeping \
            their promises: 1; wrong ones caught: 1; ";
        assert!(text.contains(tally), "{text}");

        // The stopped scene, and one that cannot show the mistake.
        let (complaints, text) = printed_in_partition("2/2", &[]);
        let stopped = "shop/right: large: STOPPED after 9 executions: not a proof";
        assert_eq!(complaints, [stopped]);
        let wrong = "  not judged: 1 of 2 scenes explored, and another partition has `small`, \
            which shows the mistake\n";
        assert!(text.contains(wrong), "{text}");
        assert!(text.contains("\n· shop/wrong "), "{text}");
        let tally = "\npartition 2/2, 2 of 4 scenes: scenes of right versions complete, keeping \
            their promises: 0 of 1; wrong ones caught: 0; ";
        assert!(text.contains(tally), "{text}");

        let (_, text) = printed_in_partition("2/2", &["shop"]);
        assert!(text.contains(&format!("\n✗ {stopped}\n")), "{text}");
        assert!(text.contains("\n· shop/wrong: not judged: "), "{text}");
    }

    #[test]
    fn a_version_of_other_partitions_is_not_mentioned() {
        for args in [&[][..], &["shop"]] {
            let (complaints, text) = printed_in_partition("3/4", args);
            assert_eq!(complaints, [""; 0]);
            assert!(text.contains("caught: broken"), "{text}");
            assert!(!text.contains("shop/right"), "{text}");
            let (complaints, text) = printed_in_partition("5/5", args);
            assert_eq!(complaints, [""; 0]);
            let tally = "\npartition 5/5, 0 of 4 scenes: scenes of right versions complete, \
                keeping their promises: 0; wrong ones caught: 0; ";
            assert!(text.starts_with(tally), "{text}");
        }
    }
}
