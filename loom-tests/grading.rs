//! Exercises and the grader, by the command line: answers of students, right, wrong and
//! hostile, with the verdicts that were written down before.

use racecourse::exercises::{EXERCISES, answer, find};
use racecourse::lessons;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

fn racecourse(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_racecourse"));
    command.arg("explore").args(args).stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What `grade --json` says of a file.
#[derive(Debug)]
struct Graded {
    verdict: String,
    reason: String,
    line: Option<u64>,
    message: Option<String>,
}

/// Grades files, by their names without folders; and whether all were accepted.
fn graded(files: &[PathBuf]) -> (BTreeMap<String, Graded>, bool) {
    let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    let output = racecourse(&["grade", "--json", "--max-seconds=200"])
        .args(&files)
        .output()
        .unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let lines: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (totals, lines) = lines.split_last().unwrap_or_else(|| panic!("{err}"));
    let proved = lines.iter().filter(|it| it["verdict"] == "proved").count();
    assert_eq!(totals["answers"], files.len(), "{err}");
    assert_eq!(totals["proved"], proved);
    assert_eq!(totals["accepted"], proved == files.len());
    assert_eq!(output.status.code(), Some(i32::from(proved < files.len())));
    let graded = lines.iter().map(|line| {
        let word = |name: &str| line[name].as_str().unwrap().to_owned();
        let name = Path::new(&word("file")).file_name().unwrap().to_owned();
        (
            name.into_string().unwrap(),
            Graded {
                verdict: word("verdict"),
                reason: word("reason"),
                line: line["line"].as_u64(),
                message: line["message"].as_str().map(String::from),
            },
        )
    });
    (graded.collect(), proved == files.len())
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    files
}

#[test]
fn every_submission_gets_the_verdict_that_was_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/submissions");
    let files = files_in(&folder);
    assert!(files.len() >= 40);
    let (graded, _) = graded(&files);
    let mut surprises = Vec::new();
    for file in &files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let submission = fs::read_to_string(file).unwrap();
        let expected = submission.lines().next().unwrap();
        let expected = expected.strip_prefix("// expect: ").expect(name);
        let (verdict, reason) = expected.split_once(": ").unwrap_or((expected, ""));
        let is = &graded[name];
        if is.verdict != verdict || !is.reason.contains(reason) {
            surprises.push(format!("{name}: expected {expected}: {is:?}"));
        }
        // Students do not know these names.
        let message = is.message.as_deref().unwrap_or_default();
        for own in ["shim_", "core::", "root.rs", "aborting due to"] {
            if message.contains(own) {
                surprises.push(format!("{name}: {own}: {message}"));
            }
        }
        // What is refused for a line names the line.
        let names_line = ["unseen", "rule"].contains(&verdict);
        if names_line != is.line.is_some() && verdict != "compile" {
            surprises.push(format!("{name}: {is:?}"));
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

/// The wrong versions, as the student gets them.
#[test]
fn every_exercise_compiles_and_is_refused_as_its_lesson_says() {
    // Over all scenes another story may be simpler than the one that the lesson shows.
    let others = [
        ("lost-update", "ticket 2 sold twice"),
        ("lock-each", "ticket 2 sold twice"),
        ("torn-ticket", "livelock"),
    ];
    let folder = TempDir::new().unwrap();
    for exercise in EXERCISES {
        let start = racecourse(&["start", &exercise.name()])
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(start.status.success(), "{}", text(&start.stderr));
    }
    let (graded, _) = graded(&files_in(folder.path()));
    assert_eq!(graded.len(), EXERCISES.len());
    let lessons = lessons::all();
    for exercise in EXERCISES {
        let lesson = lessons
            .iter()
            .find(|it| it.name == exercise.lesson)
            .unwrap();
        let version = lesson
            .versions
            .iter()
            .find(|it| it.name == exercise.version);
        let mistake = version.unwrap().mistake.unwrap();
        let other = others
            .iter()
            .find(|(version, _)| *version == exercise.version);
        let outcome = other.map_or(mistake.outcome, |(_, outcome)| outcome);
        let is = &graded[&exercise.file()];
        assert_eq!(is.verdict, "refused", "{}: {is:?}", exercise.name());
        let reason = format!("{outcome} in scene `");
        assert!(
            is.reason.starts_with(&reason),
            "{}: {is:?}",
            exercise.name()
        );
    }
}

/// In the shape of an answer. (`Queue` and `TicketLock` have no such shape: among the
/// submissions are right ones.)
#[test]
fn the_lessons_right_versions_are_proved() {
    let folder = TempDir::new().unwrap();
    let office = include_str!("../src/lessons/ticket_office/right.rs");
    let join = include_str!("../src/lessons/join/right.rs");
    let join_lesson = include_str!("../src/lessons/join/lesson.rs");
    let bread = include_str!("../src/lessons/bread_queue/right.rs");
    for (exercise, sources, root) in [
        ("ticket_office/check-then-act", &[office][..], "Locked"),
        ("ticket_office/lost-update", &[office], "Atomic"),
        (
            "join/reads-before-join",
            &[join_lesson, join],
            "JoinsThenReads",
        ),
        ("bread_queue/closes-too-early", &[bread], "ClosesWhenBaked"),
    ] {
        let answer = answer(find(exercise).unwrap(), sources, root);
        fs::write(folder.path().join(format!("{root}.rs")), answer).unwrap();
    }
    let (graded, accepted) = graded(&files_in(folder.path()));
    assert!(accepted, "{graded:?}");
    assert_eq!(graded.len(), 4);
}

fn submission(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/submissions").join(name)
}

/// The arguments, then these submissions.
fn grade(args: &[&str], names: &[&str]) -> Output {
    let files = names.iter().map(|name| submission(name));
    racecourse(&["grade"])
        .args(args)
        .args(files)
        .output()
        .unwrap()
}

#[test]
fn one_refused_answer_is_told_with_its_story() {
    let one = grade(&[], &["wrong-check-then-act.rs"]);
    let said = text(&one.stdout);
    assert_eq!(one.status.code(), Some(1));
    assert!(said.contains("refused: ticket 0 sold in scene `2 clerks, 1 ticket` (1 preemption)"));
    assert!(said.contains("\nFORBIDDEN: ticket 0 sold\n"), "{said}");
    let line = "wrong-check-then-act.rs:19 │ if *self.left.lock().unwrap() <= 0 {\n";
    assert!(said.contains(line), "{said}");
    let two = grade(&[], &["wrong-check-then-act.rs", "right-locked.rs"]);
    let said = text(&two.stdout);
    assert!(said.contains("\n1 of 2 proved ("), "{said}");
    assert!(!said.contains("FORBIDDEN"), "{said}");
    let right = grade(&[], &["right-locked.rs"]);
    assert_eq!(right.status.code(), Some(0), "{right:?}");
}

/// An answer to one exercise is none to another lesson's.
#[test]
fn the_exercise_can_be_given() {
    let other = grade(
        &["--exercise", "join/reads-before-join"],
        &["right-locked.rs"],
    );
    let said = text(&other.stdout);
    assert!(said.contains("does not compile: "), "{said}");
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty.rs");
    fs::write(&empty, "").unwrap();
    let empty = grade(
        &[
            "--exercise",
            "join/reads-before-join",
            empty.to_str().unwrap(),
        ],
        &[],
    );
    let keep = "does not compile: the answer is a type named `Answer`: keep `pub struct Answer`\n";
    let said = text(&empty.stdout);
    assert!(said.ends_with(keep) && said.lines().count() == 1, "{said}");
    let unnamed = "rule-names-no-exercise.rs";
    let named = grade(&["--exercise", "ticket_office/lock-each"], &[unnamed]);
    assert_eq!(named.status.code(), Some(0), "{named:?}");
}

#[test]
fn a_junit_report_names_what_failed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out.xml");
    let names = ["wrong-check-then-act.rs", "right-locked.rs"];
    let graded = grade(&["--junit", path.to_str().unwrap()], &names);
    assert_eq!(graded.status.code(), Some(1), "{graded:?}");
    let report = fs::read_to_string(path).unwrap();
    for part in [
        r#"tests="2""#,
        r#"failures="1""#,
        r#"classname="ticket_office/check-then-act""#,
        r#"type="refused""#,
        "FORBIDDEN: ticket 0 sold",
        "┃ lock, unlock",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
}

/// Even if no interleaving has an outcome that is promised.
#[test]
fn a_story_says_what_is_promised() {
    let folder = TempDir::new().unwrap();
    let start = racecourse(&["start", "bounded_queue/drops-on-timeout"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(start.status.success());
    let graded = racecourse(&["grade"])
        .arg(folder.path().join("drops-on-timeout.rs"))
        .output()
        .unwrap();
    let said = text(&graded.stdout);
    assert!(
        said.contains("promised  `inside: a1, back: a2`\n"),
        "{said}"
    );
    assert!(said.contains("Every interleaving of this scene has a forbidden outcome."));
}

/// What is proved only up to a bound is told so: for people, for programs, and at the end of
/// `watch`.
#[test]
fn a_proof_with_a_bound_says_so() {
    let bound = "explored; one scene up to 0 preemptions)";
    let said = |args: &[&str], name| text(&grade(args, &[name]).stdout);
    let queue = said(&[], "right-queue.rs");
    let first = queue.lines().next().unwrap();
    assert!(first.ends_with(bound), "{queue}");
    let json = |name| -> serde_json::Value {
        let json = said(&["--json"], name);
        serde_json::from_str(json.lines().next().unwrap()).unwrap()
    };
    let queue = json("right-queue.rs");
    assert_eq!(queue["preemptions"], 0);
    assert!(queue["reason"].as_str().unwrap().ends_with(bound));
    let office = json("right-locked.rs");
    assert!(office["preemptions"].is_null());
    assert!(!office["reason"].as_str().unwrap().contains("preemption"));

    let folder = TempDir::new().unwrap();
    let watch = |name: &str| {
        let path = folder.path().join(name);
        fs::copy(submission(name), &path).unwrap();
        text(&racecourse(&["watch"]).arg(path).output().unwrap().stdout)
    };
    let queue = watch("right-queue.rs");
    let last = "No interleaving that was explored breaks a promise of the lesson; one scene was \
                explored only up to 0 preemptions.\n";
    assert!(queue.contains(last), "{queue}");
    let office = watch("right-locked.rs");
    let last = "No interleaving of any scene breaks a promise of the lesson.\n";
    assert!(office.contains(last), "{office}");
}

/// From a wrong answer to a hint, to a proof, to the list.
#[test]
fn an_answer_is_watched_until_it_is_proved() {
    let folder = TempDir::new().unwrap();
    let start = ["start", "ticket_office/check-then-act"];
    let start = racecourse(&start).arg(folder.path()).output().unwrap();
    assert!(start.status.success());
    let again = racecourse(&["start", "ticket_office/check-then-act"]);
    let again = { again }.arg(folder.path()).output().unwrap();
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("is there already"));

    let path = folder.path().join("check-then-act.rs");
    let mut watch = racecourse(&["watch", "--hints"])
        .arg(&path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    let mut until = |end: &str| {
        let mut said = String::new();
        for line in lines.by_ref() {
            said += &line;
            said += "\n";
            if line.starts_with(end) {
                return said;
            }
        }
        panic!("it never says {end:?}: {said}");
    };
    let first = until("waiting for the next save");
    assert!(first.contains("refused: ticket 0 sold"), "{first}");
    assert!(!first.contains("hint"), "{first}");
    // Without a story, no hint is shown, and none is lost.
    for (name, verdict) in [
        ("compile-types.rs", "does not compile"),
        ("rule-core.rs", "breaks a rule"),
        ("unseen-thread.rs", "uses what the model cannot see"),
        ("crashed-panics-twice.rs", "crashed"),
    ] {
        fs::copy(submission(name), &path).unwrap();
        let said = until("waiting for the next save");
        assert!(said.contains(verdict), "{said}");
        assert!(!said.contains("\nhint"), "{said}");
    }
    let wrong = fs::read_to_string(submission("wrong-check-then-act.rs")).unwrap();
    for number in 1..=5 {
        fs::write(&path, format!("{wrong}\n// try {number}\n")).unwrap();
        let said = until("waiting for the next save");
        let hint = said.contains(&format!("\nhint {number} of 3: "));
        assert_eq!(hint, number <= 3, "{said}");
        assert_eq!(said.contains("\nno more hints\n"), number == 4, "{said}");
    }
    // As many editors save.
    let new = folder.path().join("new");
    fs::copy(submission("right-locked.rs"), &new).unwrap();
    fs::rename(new, &path).unwrap();
    let third = until("Next: cargo race start ticket_office/lost-update");
    assert!(
        third.contains("✓ ticket_office/check-then-act: proved: "),
        "{third}"
    );
    assert!(watch.wait().unwrap().success());

    let list = racecourse(&["exercises"])
        .arg(folder.path())
        .output()
        .unwrap();
    let list = text(&list.stdout);
    assert!(
        list.starts_with("✓ proved           ticket_office/check-then-act "),
        "{list}"
    );
    assert!(list.contains("\n1 of 23 proved in "), "{list}");
}
