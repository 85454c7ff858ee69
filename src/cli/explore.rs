//! Explores versions and reports what was found: in a line each, at length, or
//! as JSON.

use super::args::ExploreArgs;
use super::chosen::{Chosen, full_name};
use super::json::Record;
use super::progress::Spinner;
use super::text::{heading, paragraph};
use super::verdict::{self, Found};
use crate::draw::{self, layout::Tone};
use crate::explorer::Options;
use crate::explorer::report::{Exploration, Judged};
use crate::lessons::{Lesson, Scene, Stop, Version};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A scene to explore.
type Run = Arc<dyn Fn() -> Judged + Send + Sync>;

/// Explores all that was chosen with `engine`, and returns what is not as it
/// should be.
pub(super) fn explore(
    chosen: &[Chosen],
    args: &ExploreArgs,
    mut engine: impl FnMut(Options, Run) -> Result<Exploration, Stop>,
    out: &mut dyn Write,
) -> Result<Vec<String>, Stop> {
    let started = Instant::now();
    let summary = args.target.is_none() && !args.json && !args.stats;
    let wide = chosen
        .iter()
        .map(|(lesson, version)| full_name(lesson, version).len())
        .max();
    let mut report = Report {
        wide: wide.unwrap_or(0),
        args,
        out,
    };
    let (mut right, mut wrong, mut complaints) = (0, 0, Vec::new());
    for (index, &(lesson, version)) in chosen.iter().enumerate() {
        let name = full_name(lesson, version);
        let mut found: Vec<Found> = Vec::new();
        for scene in version
            .scenes
            .iter()
            .filter(|scene| is_explored(version, scene, args))
        {
            let spinner = Spinner::new();
            let options = Options {
                max_executions: args.max_executions,
                max_time: args.max_seconds.map(Duration::from_secs),
                budget: args.budget_for(scene),
                progress: Some(spinner.progress(format!("{name}, {}", scene.name))),
                ..scene.options(args.memory_for(lesson))
            };
            let exploration = engine(options, Arc::clone(&scene.run))?;
            drop(spinner);
            if args.json {
                let record = Record::new(lesson, version, scene, &exploration);
                let record = serde_json::to_string(&record).map_err(std::io::Error::from)?;
                writeln!(report.out, "{record}")?;
            } else if args.stats {
                report.stats(&name, scene, &exploration, found.is_empty() && index == 0)?;
            } else if !summary {
                if found.is_empty() {
                    report.introduce(lesson, version, index == 0)?;
                }
                report.scene(scene, &exploration)?;
            }
            report.out.flush()?;
            found.push((scene, exploration));
        }
        let of_this = verdict::complaints(lesson, version, &found);
        if of_this.is_empty() {
            *(if version.is_right() {
                &mut right
            } else {
                &mut wrong
            }) += 1;
        }
        if summary {
            if index == 0 {
                report.summary_heading()?;
            }
            report.summary_line(&name, version, &found, of_this.is_empty())?;
        } else if !args.json && !args.stats {
            report.conclude(&name, version, &found, &of_this)?;
        }
        report.out.flush()?;
        complaints.extend(of_this.iter().map(|what| format!("{name}: {what}")));
    }

    if summary || (chosen.len() > 1 && !args.json && !args.stats) {
        report.close(right, wrong, chosen, &complaints, started.elapsed())?;
    }
    Ok(complaints)
}

fn is_explored(version: &Version, scene: &Scene, args: &ExploreArgs) -> bool {
    args.full
        || version
            .explored()
            .any(|explored| std::ptr::eq(explored, scene))
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

    fn summary_line(
        &mut self,
        name: &str,
        version: &Version,
        found: &[Found],
        well: bool,
    ) -> Result<(), Stop> {
        let executions: u64 = found.iter().map(|(_, found)| found.executions).sum();
        let different: u64 = found.iter().map(|(_, found)| found.different).sum();
        let took: Duration = found.iter().map(|(_, found)| found.took).sum();
        let (tone, mark, what) = match well {
            true => (Tone::Good, "✓", verdict::praise(version, found)),
            false if version.is_right() => (Tone::Bad, "✗", "NOT PROVEN, see below".to_owned()),
            false => (
                Tone::Bad,
                "✗",
                "NOT CAUGHT as it should be, see below".to_owned(),
            ),
        };
        let style = tone.style();
        Ok(writeln!(
            self.out,
            "{style}{mark}{style:#} {name:wide$}  {executions:>10}  {different:>10}  {:>9}  {style}{what}{style:#}",
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
        name: &str,
        version: &Version,
        found: &[Found],
        complaints: &[String],
    ) -> Result<(), Stop> {
        writeln!(self.out)?;
        if complaints.is_empty() {
            return self.line(
                Tone::Good,
                &format!("✓ {name}: {}", verdict::praise(version, found)),
            );
        }
        for complaint in complaints {
            self.line(Tone::Bad, &format!("✗ {name}: {complaint}"))?;
        }
        Ok(())
    }

    fn close(
        &mut self,
        right: usize,
        wrong: usize,
        chosen: &[Chosen],
        complaints: &[String],
        took: Duration,
    ) -> Result<(), Stop> {
        writeln!(self.out)?;
        let rights = chosen
            .iter()
            .filter(|(_, version)| version.is_right())
            .count();
        let count = |well: usize, all: usize| match well == all {
            true => well.to_string(),
            false => format!("{well} of {all}"),
        };
        let line = format!(
            "right versions complete, keeping their promises: {}; wrong ones caught: {}; {}",
            count(right, rights),
            count(wrong, chosen.len() - rights),
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
    use std::collections::BTreeSet;

    /// What `explore` prints, without colours, when every scene of the right
    /// version comes to `right`, and of the wrong one to `wrong`.
    fn printed(args: &[&str], right: &Exploration, wrong: &Exploration) -> (bool, String) {
        let args = ["racecourse", "explore"].iter().chain(args);
        let Command::Explore(args) = Args::parse_from(args).command else {
            unreachable!()
        };
        let lesson = lesson();
        let chosen: Vec<Chosen> = crate::cli::versions_of(&lesson).collect();
        let mut scenes = [right, wrong, wrong].into_iter();
        let mut out = anstream::StripStream::new(Vec::new());
        let engine = |_, _| Ok(scenes.next().expect("no more scenes than that").clone());
        let complaints =
            explore(&chosen, &args, engine, &mut out).expect("a Vec can be written to");
        let well = complaints.is_empty();
        (well, String::from_utf8(out.into_inner()).expect("text"))
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
}
