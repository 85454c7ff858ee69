//! Documents with teeth: what README shows is what there is.

use racecourse::lessons;

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
            .seed
            .lesson
            .map_or(String::new(), |seed| format!("lesson {seed}"));
        assert_eq!(cells[5], from, "{}", lesson.name);
    }
}

/// `UPDATE_README=1` writes it.
#[test]
fn it_says_which_of_the_tutorials_faults_each_lesson_mends() {
    const MARK: &str = "<!-- faults -->\n";
    let mut list = String::new();
    for lesson in lessons::all() {
        let Some(seed) = lesson.seed.lesson else {
            continue;
        };
        list += &format!("- `{}`, lesson {seed}:\n", lesson.name);
        for fault in lesson.seed.faults {
            list += &format!("  - {}\n", fault.what);
        }
    }
    let parts: Vec<&str> = README.split(MARK).collect();
    let [before, there, after] = parts[..] else {
        panic!("README has {} marks", parts.len() - 1);
    };
    if std::env::var_os("UPDATE_README").is_some() {
        let new = [before, &list, after].join(MARK);
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"), new).unwrap();
    } else {
        assert_eq!(there, list);
    }
}

/// What it fails like is compared where it is explored: loom-tests/strangers.rs.
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
