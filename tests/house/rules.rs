//! Rules that the compiler cannot check.

use super::source::{ROOT, Source};
use racecourse::lessons;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A rule by its name in `rules.txt`, and whether a source file breaks it.
type Rule = (&'static str, fn(&Source) -> bool);

const RULES: [Rule; 8] = [
    ("lessons use only the switch", goes_around_the_switch),
    ("lessons import no other lesson", imports_another_lesson),
    ("lessons import no program", imports_a_program),
    ("drawing sees only data", draws_more_than_data),
    ("no version rests", is_a_version_that_rests),
    (
        "the library knows nothing of the course",
        asks_for_the_course,
    ),
    (
        "the choice of a build stands only where it may",
        chooses_the_build,
    ),
    ("no unsafe goes without its reason", excuses_unsafe),
];

fn names(source: &Source, is_wrong: impl Fn(&[&str]) -> bool) -> bool {
    source.paths().iter().any(|path| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        is_wrong(&path)
    })
}

fn goes_around_the_switch(source: &Source) -> bool {
    source.lesson().is_some()
        && names(source, |path| match path {
            ["loom", ..] => true,
            [
                "std" | "core" | "alloc",
                "sync" | "thread" | "hint" | "*",
                ..,
            ] => true,
            ["std" | "core", "cell", inner, ..] => ["UnsafeCell", "*"].contains(inner),
            _ => false,
        })
}

/// Three lessons may use the queue of `bounded_queue`.
fn imports_another_lesson(source: &Source) -> bool {
    let own = source.lesson().unwrap_or_default();
    let may_queue = ["bread_queue", "process_queue", "process_pool"].contains(&own);
    let is_lesson = |name: &str| name == "*" || lessons::all().iter().any(|it| it.name == name);
    let is_other = |other: &&str| *other != own && !(may_queue && *other == "bounded_queue");
    !own.is_empty()
        && names(source, |path| {
            let inside = path.iter().skip_while(|name| **name != "lessons").nth(1);
            inside.is_some_and(|inside| is_other(inside) && is_lesson(inside))
        })
}

/// A program uses a lesson, never the other way round.
fn imports_a_program(source: &Source) -> bool {
    source
        .module()
        .starts_with(&["src".into(), "lessons".into()])
        && names(source, |path| path.starts_with(&["src", "programs"]))
}

fn draws_more_than_data(source: &Source) -> bool {
    let is_data = |path: &[&str]| matches!(path, ["draw", ..] | ["explorer", "report", ..]);
    source.module().starts_with(&["src".into(), "draw".into()])
        && names(source, |path| path[0] == "src" && !is_data(&path[1..]))
}

/// It would, sooner or later, with a lock held.
fn is_a_version_that_rests(source: &Source) -> bool {
    let may_be_rest = |path: &[&str]| path.len() > 1 && matches!(path, [.., "rest" | "*"]);
    source.is_version() && names(source, may_be_rest)
}

/// The library is also built without the course: so the compiler sees that it knows no
/// lesson, as long as nothing but the library's root asks for the feature.
fn asks_for_the_course(source: &Source) -> bool {
    let asks = source.text.contains(concat!("feature = ", "\"course\""));
    asks && source.path != "src/lib.rs"
}

/// It may stand in the switch, at the explorer's door, before `mod engine` and at the
/// heads of the tests; in no function's body, so never on an indented line.
fn chooses_the_build(source: &Source) -> bool {
    let lines = source.text.lines();
    let code: Vec<&str> = lines
        .filter(|it| !it.trim_start().starts_with("//"))
        .collect();
    let code = code.join("\n");
    let chooses = |cfg: &str| {
        let attribute = cfg.split([']', '{', ';']).next().unwrap_or_default();
        let (name, condition) = attribute.split_once('(').unwrap_or_default();
        ["cfg", "cfg!", "cfg_attr"].contains(&name) && condition.contains("loom")
    };
    let starts = code.match_indices("cfg").map(|(at, _)| at);
    let starts = starts.filter(|&at| chooses(&code[at..]));
    let lines: Vec<&str> = starts.filter_map(|at| code[..at].lines().last()).collect();
    let head = |head: &str| lines.len() == 1 && code.starts_with(head);
    !match source.path.as_str() {
        "tests/main.rs" => head(concat!("#![cfg", "(not(any(loom, feature = \"model\")))]")),
        "loom-tests/main.rs" => head(concat!("#![cfg", "(loom)]")),
        "src/lib.rs" if lines.len() == 1 => code.contains(concat!(
            "#[cfg",
            "(any(loom, feature = \"model\"))]\nmod engine;"
        )),
        "src/sync.rs" | "src/explorer.rs" => lines.iter().all(|line| !line.starts_with(' ')),
        path if path.starts_with("src/sync/") => lines.iter().all(|line| !line.starts_with(' ')),
        _ => lines.is_empty(),
    }
}

/// clippy asks for `// SAFETY:` at every `unsafe`, and nothing may switch that off.
fn excuses_unsafe(source: &Source) -> bool {
    names(source, |path| path.contains(&"undocumented_unsafe_blocks"))
}

#[test]
fn every_rule_is_kept() {
    let sources = Source::all();
    for (rule, breaks) in RULES {
        let broken = sources.iter().filter(|source| breaks(source));
        let broken: Vec<&str> = broken.map(|source| source.path.as_str()).collect();
        assert!(broken.is_empty(), "{rule}: broken by {}", broken.join(", "));
    }
    let manifest = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    assert!(manifest.contains("\n[lints.clippy]\nundocumented_unsafe_blocks = \"warn\"\n"));
}

#[test]
fn every_rule_can_be_broken() {
    let parts = include_str!("rules.txt").split("\n# ").skip(1);
    let parts: Vec<_> = parts.filter_map(|part| part.split_once('\n')).collect();
    assert_eq!(parts.len(), RULES.len());
    for (rule, files) in parts {
        let (_, breaks) = RULES.iter().find(|(name, _)| *name == rule).expect(rule);
        for file in files.lines().filter(|line| !line.is_empty()) {
            let (mark, file) = file.split_once(' ').unwrap();
            assert_eq!(
                breaks(&Source::made_up(file)),
                mark == "✗",
                "{rule}: {file}"
            );
        }
    }
}

#[test]
fn no_lesson_rests_in_a_version() {
    assert!(!Source::all().iter().any(is_a_version_that_rests));
}

/// A file of the engine can be read in one sitting.
#[test]
fn no_file_of_the_engine_is_long() {
    for Source { path, text } in Source::all() {
        let asked = path.starts_with("src/engine/") || path.starts_with("src/explorer/");
        if asked {
            assert!(
                text.lines().count() <= 400,
                "{path} has more than 400 lines"
            );
        }
    }
}

/// The types among the versions that implement a trait of the lesson, and are not in its
/// list. Takes the files of one lesson.
fn left_out<'a>(room: impl Iterator<Item = &'a Source>) -> Vec<String> {
    let (versions, lesson): (Vec<_>, Vec<_>) = room.partition(|source| source.is_version());
    // rustfmt may have broken the lines anywhere.
    let text = |files: Vec<&Source>| -> String {
        let words = files.iter().flat_map(|it| it.text.split_whitespace());
        words.flat_map(|word| [word, " "]).collect()
    };
    let (versions, lesson) = (text(versions), text(lesson));
    // Every name after `mark`.
    let after = |text: &str, mark: &str| -> Vec<String> {
        let is_end = |letter: char| !letter.is_alphanumeric() && letter != '_';
        let parts = text.split(mark).skip(1);
        parts
            .filter_map(|part| part.split(is_end).next().map(String::from))
            .collect()
    };
    // A version may run in the scenes as a part of another type.
    let listed = ["Version::right::<", "Version::wrong::<", "scenes::<"]
        .map(|mark| after(&lesson, mark))
        .concat();
    let traits = after(&lesson, "pub trait ");
    let implement = traits
        .iter()
        .flat_map(|it| after(&versions, &format!("{it} for ")));
    implement.filter(|name| !listed.contains(name)).collect()
}

#[test]
fn no_version_is_left_out() {
    let sources = Source::all();
    for lesson in lessons::all() {
        let room = sources.iter().filter(|it| it.lesson() == Some(lesson.name));
        assert_eq!(left_out(room), [""; 0], "{} leaves them out", lesson.name);
    }
    let room = [
        "src/lessons/join/mod.rs: pub trait Sum {} fn f() { use wrong::Not; Version::right::<In<u8>>() }",
        "src/lessons/join/right.rs: impl Sum for In<u8> {} impl<T> super::Sum⏎    for I {} impl Drop for No {}",
        "src/lessons/join/wrong.rs: impl Sum for Not {}",
    ];
    assert_eq!(left_out(room.map(Source::made_up).iter()), ["I", "Not"]);
}

#[test]
fn every_fault_is_shown_by_a_test() {
    let list = Command::new(env::current_exe().unwrap())
        .arg("--list")
        .output();
    let list = String::from_utf8(list.unwrap().stdout).unwrap();
    let is_test = |name: &str| list.lines().any(|line| line == format!("{name}: test"));
    assert!(!is_test("house::rules::every_fault"));
    for fault in lessons::all()
        .iter()
        .flat_map(|lesson| lesson.tutorial.faults)
    {
        assert!(is_test(fault.shown_by), "no test is {}", fault.shown_by);
    }
}

/// What has no place at the top of the repository.
fn stray<'a>(files: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    const HOUSE: &str = ".cargo .ci .gitignore CHANGELOG.md CONTRIBUTING.md Cargo.lock Cargo.toml LICENSE \
                         LICENSE-APACHE LICENSE-MIT README.md benches loom-tests src tests";
    let top = files.filter_map(|file| file.split('/').next());
    top.filter(|name| !HOUSE.split(' ').any(|it| it == *name))
        .collect()
}

#[test]
fn nothing_strays_at_the_top() {
    let made_up = stray("src/lib.rs\nnotes.txt\na/src".lines());
    assert_eq!(made_up, ["a", "notes.txt"].into());
    let git = Command::new("git").args(["-C", ROOT, "ls-files"]).output();
    let mut files = git.map_or(String::new(), |git| String::from_utf8(git.stdout).unwrap());
    if files.is_empty() {
        let top = fs::read_dir(ROOT)
            .unwrap()
            .map(|it| it.unwrap().file_name());
        let top = top.map(|name| name.into_string().unwrap());
        files = top
            .filter(|it| it != "target")
            .collect::<Vec<_>>()
            .join("\n");
    }
    assert!(files.contains("Cargo.toml"));
    assert_eq!(stray(files.lines()), [].into());
}

#[test]
fn the_library_alone_has_few_dependencies() {
    const TREE: &str = "tree --locked --edges=normal --prefix=none \
                        --no-default-features";
    for flags in ["", "--cfg loom"] {
        let mut tree = Command::new(env!("CARGO"));
        let tree = tree.args(TREE.split(' ')).current_dir(ROOT);
        let crates = tree.env("RUSTFLAGS", flags).output().unwrap().stdout;
        let crates = String::from_utf8(crates).unwrap();
        let crates: BTreeSet<&str> = crates.lines().collect();
        assert!((2..=15).contains(&crates.len()), "{crates:#?}");
    }
}
