//! README shows only what there is.

use racecourse::lessons;
use std::fs;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../README.md");

#[test]
fn its_first_picture_is_a_committed_story() {
    let office = lessons::ticket_office::lesson();
    let version = office
        .versions
        .iter()
        .find(|version| version.name == "check-then-act");
    let story = version.unwrap().mistake.unwrap().story;
    assert!(README.contains(&format!("```text\n{story}```")));
}

#[test]
fn its_table_has_every_lesson_and_version() {
    for lesson in lessons::all() {
        let row = README
            .lines()
            .find(|line| line.starts_with(&format!("| `{}` |", lesson.name)));
        let cells: Vec<_> = row.expect(lesson.name).split('|').map(str::trim).collect();
        let names = |right: bool| {
            let such = lesson
                .versions
                .iter()
                .filter(|version| version.is_right() == right);
            let names: Vec<_> = such.map(|version| format!("`{}`", version.name)).collect();
            names.join(", ")
        };
        assert_eq!(
            (cells[3], cells[4]),
            (&*names(true), &*names(false)),
            "{}",
            lesson.name
        );
        let from = lesson
            .tutorial
            .lesson
            .map_or(String::new(), |seed| format!("lesson {seed}"));
        assert_eq!(cells[5], from, "{}", lesson.name);
    }
}

/// README sends you to `list` for the tutorial's mistakes.
#[test]
fn list_has_each_mistake_of_the_tutorial_with_its_test() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for lesson in lessons::all() {
        let list = Command::new(env!("CARGO_BIN_EXE_racecourse"))
            .args(["list", lesson.name])
            .output();
        let list = words(&String::from_utf8(list.unwrap().stdout).unwrap());
        for fault in lesson.tutorial.faults {
            for text in [fault.what, fault.shown_by] {
                assert!(list.contains(&words(text)), "{text}: {list}");
            }
        }
    }
}

/// `loom-tests/litmus.rs` keeps the table up to date.
#[test]
fn its_count_of_missed_outcomes_is_the_tables() {
    let table = include_str!("../src/explorer/litmus.md");
    let (_, after) = table.split_once("Under C11, ").unwrap();
    let (counts, _) = after.split_once(" answers differ").unwrap();
    assert!(!table.contains("- False alarm"));
    let says = format!("misses an outcome that C++20 allows in {counts} litmus tests");
    assert!(README.contains(&says), "{says}");
}

/// A link to a file of the repository, with the heading that it leads to.
#[test]
fn its_links_lead_somewhere() {
    let links = README.split("](").skip(1);
    let links = links.filter_map(|link| link.split(')').next());
    for link in links.filter(|link| !link.contains("://")) {
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        assert!(path.exists(), "{link}");
        let anchors = |text: String| {
            let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
            let anchors = headings.map(|heading| heading.to_lowercase().replace(' ', "-"));
            anchors.collect::<Vec<_>>()
        };
        if !anchor.is_empty() {
            let there = anchors(fs::read_to_string(path).unwrap());
            assert!(there.iter().any(|it| it == anchor), "{link}: {there:?}");
        }
    }
}

/// It stays short enough to read.
#[test]
fn it_is_short() {
    assert!(README.split_whitespace().count() <= 1_300);
}

/// `loom-tests/strangers.rs` checks how the other test there fails.
#[test]
fn its_example_of_ones_own_code_is_a_test_of_the_strangers() {
    let tests = include_str!("stranger/tests/permits.rs");
    let (_, example) = README.split_once("```rust\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let (uses, test) = example.split_once("\n\n").unwrap();
    assert!(tests.contains(uses), "{uses}");
    assert!(tests.contains(test), "{test}");
}

#[test]
fn it_names_the_commands_that_must_always_work() {
    for command in [
        "$ cargo race\n",
        "$ cargo test ",
        "$ RUSTFLAGS=\"--cfg loom\" cargo test ",
    ] {
        assert!(README.contains(command), "{command}");
    }
}
