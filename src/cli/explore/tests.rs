//! What is printed of explorations made by hand.

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

/// What `explore` prints when every scene of the right version ends with `right`,
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
        .rsplit_once(" (")
        .expect("it ends with the time it took");
    let expected = "  version     interleavings  verdict\n\
        ✓ shop/right              4  proved (C11)\n\
        ✓ shop/wrong              4  caught: broken (1 preemption)\n\
        \n\
        1 of 1 correct versions proved, 1 of 1 bugs found";
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
    let tally = "\n0 of 1 correct versions proved, 0 of 1 bugs found (";
    assert!(text.contains(tally), "{text}");
    assert!(!text.contains('✓'), "{text}");
}

/// What is printed of one version, given the one exploration.
fn printed_of(version: usize, args: &[&str], found: &Exploration) -> String {
    let mut lesson = lesson();
    lesson.versions.swap(0, version);
    lesson.versions.truncate(1);
    let name = format!("shop/{}", lesson.versions[0].name);
    let args = [&[name.as_str()], args].concat();
    let (_, text) = printed_by(|_, _| Ok(found.clone()), &[lesson], &args);
    text
}

#[test]
fn one_version_is_told_at_length() {
    insta::assert_snapshot!("a_proof", printed_of(0, &[], &right()));
    insta::assert_snapshot!("a_bug", printed_of(1, &["--full"], &wrong()));
    insta::assert_snapshot!(
        "a_bug_with_everything",
        printed_of(1, &["--full", "--all"], &wrong())
    );
}

/// The scene that fails, the simplest story, and nothing else.
#[test]
fn of_a_failure_only_the_scene_that_fails_is_told() {
    let mut broken = wrong();
    let mut worse = outcome("worse", Grade::Forbidden, 2);
    worse.story.steps.clear();
    broken.outcomes.insert(1, worse);
    let text = printed_of(0, &[], &broken);
    assert!(
        !text.contains("does fine") && !text.contains("Once upon a time"),
        "{text}"
    );
    insta::assert_snapshot!("a_forbidden_outcome", text);
    insta::assert_snapshot!("not_caught", printed_of(1, &["--full"], &right()));
    insta::assert_snapshot!("stopped", printed_of(0, &[], &stopped(right().outcomes)));
}

/// Of two scenes that fail, the one with the simpler story.
#[test]
fn the_simplest_failure_is_told() {
    let engine = |_, run: Run| {
        let preemptions = if run().outcome == "right" { 2 } else { 1 };
        Ok(explored(vec![outcome(
            "broken",
            Grade::Forbidden,
            preemptions,
        )]))
    };
    let mut lesson = lesson_with_two_scenes();
    lesson.versions.truncate(1);
    lesson.versions[0].scenes[1].run = Arc::new(|| Judged::promised("large", ""));
    let (_, text) = printed_by(engine, &[lesson], &["shop/right"]);
    assert!(
        text.contains("✗ shop/right: small: FORBIDDEN: broken\n"),
        "{text}"
    );
    assert!(
        text.contains("✗ shop/right: large: FORBIDDEN: broken\n"),
        "{text}"
    );
    assert!(
        text.contains("\n\nlarge\n") && !text.contains("\nsmall\n"),
        "{text}"
    );
    assert_eq!(text.matches("does broken").count(), 1, "{text}");
}

#[test]
fn a_lesson_is_told_in_a_line_a_version() {
    let text = |right: &Exploration, wrong: &Exploration| {
        let (_, text) = printed(&["shop"], right, wrong);
        without_the_time(&text)
    };
    insta::assert_snapshot!("a_lesson", text(&right(), &wrong()));
    insta::assert_snapshot!("a_lesson_that_fails", text(&wrong(), &right()));
}

#[test]
fn every_story_is_told_if_all_are_asked_for() {
    let (well, text) = printed(&["shop", "--full", "--all"], &right(), &wrong());
    assert!(well);
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

/// A script that requires the last line accepts nothing else.
#[test]
fn only_the_last_line_of_json_accepts() {
    let last = |right, wrong| {
        let (_, text) = printed(&["--json"], &right, &wrong);
        let (others, last) = text.trim_end().rsplit_once('\n').expect("some lines");
        assert!(!others.contains("accepted"), "{others}");
        last.to_owned()
    };
    assert_eq!(
        last(right(), wrong()),
        r#"{"accepted":true,"scenes":2,"preemptions":null,"complaints":[]}"#
    );
    assert_eq!(
        last(stopped(right().outcomes), wrong()),
        r#"{"accepted":false,"scenes":2,"preemptions":null,"complaints":["shop/right: small: STOPPED after 9 executions: not a proof"]}"#
    );
    let args = ["--json", "--jobs", "1"];
    let ends_early = |_, run: Run| match number(&run) {
        2 => Err(Stop::usage("no engine")),
        number => Ok(numbered_exploration(3 * number)),
    };
    let (complaints, text) = printed_by(ends_early, &numbered(&parse(&args)), &args);
    assert!(complaints.is_err() && text.lines().count() == 2, "{text}");
    assert!(!text.contains("accepted"), "{text}");
}

#[test]
fn json_keeps_its_keys() {
    let (_, text) = printed(&["--json"], &stopped(right().outcomes), &wrong());
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .collect();
    assert_eq!(lines.len(), 3);
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
        keys(&lines[2]),
        named("accepted scenes preemptions complaints")
    );
    assert_eq!(
        keys(stopped),
        named(
            "lesson version kind mistake scene memory budget complete stopped proved bounded executions different seconds outcomes must_occur_missing"
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
        named(
            "threads watched initially steps promised decisive epilogue because always \
             preemptions stale_reads minimal",
        )
    );
    assert_eq!(
        keys(&broken["story"]["steps"][0]),
        named("thread what kind object file line state lanes switch")
    );
}

/// Many lessons. Each scene that is explored says its number.
fn numbered(args: &ExploreArgs) -> Vec<Lesson> {
    let mut lessons: Vec<_> = (0..4).map(|_| lesson()).collect();
    let versions = lessons.iter_mut().flat_map(|lesson| &mut lesson.versions);
    let mut number = 0;
    for version in versions {
        let explored: Vec<_> = version.explored().map(|scene| scene.name).collect();
        for scene in &mut version.scenes {
            if args.full || explored.contains(&scene.name) {
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
        .map(|line| match line.contains(" bugs found (") {
            true => line.rsplit_once(" (").expect("it ends with the time").0,
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
        &["shop", "--full", "--all"],
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
    let promises = "\n2 of 4 correct versions proved, 2 of 4 bugs found (";
    assert!(text.contains(promises), "{text}");
    assert!(text.contains(&format!("\n✗ {stopped}\n")), "{text}");
    assert!(text.ends_with(&format!("\n{rest}\n")), "{text}");

    let (complaints, text) = interrupted(&["--stats"]);
    assert_eq!(complaints, [stopped, rest]);
    let end = format!("shop/right: small, C11 (STOPPED)\n{rest}\n");
    assert!(text.ends_with(&end), "{text}");

    let (complaints, text) = interrupted(&["--json"]);
    assert_eq!(complaints, [stopped, rest]);
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .collect();
    assert_eq!(
        lines[4]["stopped"],
        "after 9 executions because it was interrupted"
    );
    assert_eq!(lines[5]["accepted"], false);
    assert_eq!(lines[5]["scenes"], 5);
    assert_eq!(lines.len(), 6, "{text}");
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
    assert!(text.starts_with(&format!("✗ {large}\n")), "{text}");
    assert!(text.ends_with(&format!("\n{rest}\n")), "{text}");
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
                records += text.lines().count() as u64 - 1;
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
    let right = "  1 of 2 scenes proved (C11); other partitions explore the rest\n";
    assert!(text.contains(right), "{text}");
    assert!(text.contains("  caught: broken (1 preemption)\n"), "{text}");
    let tally = "\npartition 1/2 has 2 of 4 scenes: 1 of 1 scenes of correct versions proved, \
        1 of 1 bugs found (";
    assert!(text.contains(tally), "{text}");

    // The stopped scene, and one that cannot show the mistake.
    let (complaints, text) = printed_in_partition("2/2", &[]);
    let stopped = "shop/right: large: STOPPED after 9 executions: not a proof";
    assert_eq!(complaints, [stopped]);
    let wrong = "  not judged: 1 of 2 scenes explored; another partition explores `small`, \
        which shows the mistake\n";
    assert!(text.contains(wrong), "{text}");
    assert!(text.contains("\n· shop/wrong "), "{text}");
    let tally = "\npartition 2/2 has 2 of 4 scenes: 0 of 1 scenes of correct versions proved (";
    assert!(text.contains(tally), "{text}");

    let (_, text) = printed_in_partition("2/2", &["shop"]);
    assert!(text.contains(&format!("\n✗ {stopped}\n")), "{text}");
    assert!(text.contains("\n· shop/wrong  "), "{text}");
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
        let tally = "\npartition 5/5 has 0 of 4 scenes: nothing to judge (";
        assert!(text.starts_with(tally), "{text}");
    }
}
