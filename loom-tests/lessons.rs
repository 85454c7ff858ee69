//! Every lesson: right versions complete and without a forbidden outcome, wrong
//! ones caught as they say, committed stories as they are found.

use racecourse::cli::{repeat, verdict};
use racecourse::draw;
use racecourse::explorer::explore;
use racecourse::explorer::report::{Budget, Exploration, Memory, Proved};
use racecourse::lessons::{self, Lesson, Scene, Version};
use std::path::Path;

fn exploration(scene: &Scene, memory: Memory) -> Exploration {
    explore(scene.options(memory), scene.run.clone()).unwrap()
}

fn explored<'a>(version: &Version, scene: &'a Scene, memory: Memory) -> verdict::Found<'a> {
    let options = version.options(scene, memory);
    (scene, explore(options, scene.run.clone()).unwrap())
}

/// The complaints about a lesson's versions, and what was found, a line a scene.
fn explore_all(lesson: &Lesson, such: impl Fn(&Version) -> bool) -> (Vec<String>, Vec<String>) {
    let mut complaints = Vec::new();
    let mut lines = Vec::new();
    for version in lesson.versions.iter().filter(|version| such(version)) {
        let found: Vec<_> = version
            .explored()
            .map(|scene| explored(version, scene, lesson.memory))
            .collect();
        for (scene, found) in &found {
            let Exploration {
                different,
                executions,
                memory,
                budget,
                proved,
                stopped: None,
                ..
            } = found
            else {
                panic!("{}: {}", version.name, found.verdict());
            };
            let allowed = match *budget {
                Budget::NONE => String::new(),
                _ => format!(" ({budget})"),
            };
            let mut line = format!(
                "{different:>6} different, {executions:>6} executions, {memory}{allowed}: {}, {}",
                version.name, scene.name
            );
            if let Proved::Preemptions(most) = proved {
                line += &format!(" (up to {most} preemptions)");
            }
            for row in found.forbidden() {
                line += &format!("; {}", row.outcome);
            }
            lines.push(line);
        }
        complaints.extend(verdict::complaints(lesson, version, &found));
    }
    (complaints, lines)
}

/// Right versions are proved, wrong ones caught, in how many interleavings and by
/// what: that changes only with a version, a scene or the model, and then somebody
/// should look.
macro_rules! right {
    ($($lesson:ident)+) => {
        mod right_versions_are_proved {
            $(#[test]
            fn $lesson() {
                let lesson = super::lessons::$lesson::lesson();
                let (complaints, lines) = super::explore_all(&lesson, |version| version.is_right());
                assert_eq!(complaints, [""; 0]);
                insta::assert_snapshot!(lines.join("\n"));
            })+
        }

        mod wrong_versions_are_caught {
            $(#[test]
            fn $lesson() {
                let lesson = super::lessons::$lesson::lesson();
                let (complaints, lines) = super::explore_all(&lesson, |version| !version.is_right());
                assert_eq!(complaints, [""; 0]);
                insta::assert_snapshot!(lines.join("\n"));
            })+
        }
    };
}
right!(ticket_office ticket_lock bounded_queue bread_queue join udp_chat own_globals process_queue process_pool);

/// The lock, the join and the chat are also right under sequential consistency, and
/// the office under C11.
#[test]
fn right_versions_are_right_under_the_other_memory_model_too() {
    let both = [
        (lessons::ticket_office::lesson(), Memory::C11),
        (lessons::ticket_lock::lesson(), Memory::Sc),
        (lessons::join::lesson(), Memory::Sc),
        (lessons::udp_chat::lesson(), Memory::Sc),
    ];
    for (lesson, memory) in both {
        for version in lesson.versions.iter().filter(|version| version.is_right()) {
            for scene in version.explored() {
                let found = exploration(scene, memory);
                println!("{}, {}: {}", version.name, scene.name, found.verdict());
                assert!(found.is_complete(), "{}", found.verdict());
                let forbidden: Vec<_> = found.forbidden().map(|row| &row.outcome).collect();
                assert_eq!(forbidden, [""; 0], "{}, {}", version.name, scene.name);
                assert_eq!(verdict::missing(scene, &found).count(), 0);
            }
        }
    }
}

/// Under SC nobody sees what `Relaxed` does: the lock's lesson needs C11.
#[test]
fn relaxed_mistakes_need_c11() {
    let lesson = lessons::ticket_lock::lesson();
    for name in ["relaxed-unlock", "relaxed-wait"] {
        let version = lesson
            .versions
            .iter()
            .find(|version| version.name == name)
            .unwrap();
        for scene in version.explored() {
            assert_eq!(
                exploration(scene, Memory::Sc).forbidden().count(),
                0,
                "{name}"
            );
        }
    }
}

/// What `--as-right` does: a wrong version that is not mended fails as a right one.
#[test]
fn no_wrong_version_passes_for_right() {
    for mut lesson in lessons::all() {
        let wrong: Vec<usize> = (0..lesson.versions.len())
            .filter(|&version| !lesson.versions[version].is_right())
            .collect();
        for version in wrong {
            let wrong = &lesson.versions[version];
            let explored = |scene| explored(wrong, scene, lesson.memory);
            let found: Vec<_> = wrong.explored().map(explored).collect();
            let names = found.iter().map(|(scene, _)| scene.name);
            let names: Vec<_> = names.collect();
            let found: Vec<_> = found.into_iter().map(|(_, found)| found).collect();
            lesson.versions[version].mistake = None;
            let version = &lesson.versions[version];
            let scenes = version.scenes.iter();
            let scenes = scenes.filter(|scene| names.contains(&scene.name));
            let found: Vec<_> = scenes.zip(found).collect();
            let complaints = verdict::complaints(&lesson, version, &found);
            assert!(
                complaints
                    .iter()
                    .any(|complaint| complaint.contains("FORBIDDEN")),
                "{}: {complaints:?}",
                version.name
            );
        }
    }
}

/// `cargo run -- show` tells the stories that the explorer finds now.
/// `UPDATE_STORIES=1` writes them; look at them before you commit them.
/// `IGNORE_LINE_NUMBERS=1` is for `.ci/mutants`: a mutant moves the lines below it.
#[test]
fn committed_stories_are_the_ones_found() {
    let ignores_line_numbers = std::env::var_os("IGNORE_LINE_NUMBERS").is_some();
    let told = |story: &str| match ignores_line_numbers {
        true => without_line_numbers(story),
        false => story.to_owned(),
    };
    let mut stale = Vec::new();
    for lesson in lessons::all() {
        for version in &lesson.versions {
            let Some(mistake) = version.mistake else {
                continue;
            };
            let scene = version
                .scenes
                .iter()
                .find(|scene| scene.name == mistake.scene)
                .unwrap();
            let (_, found) = explored(version, scene, lesson.memory);
            let outcome = found.outcome(mistake.outcome).unwrap();
            let told_mistake = lesson.mistake(version, scene);
            assert_eq!(
                told_mistake.lines.len(),
                mistake.lines.len(),
                "{}",
                version.name
            );
            let drawn = draw::mistake(outcome, &told_mistake).plain();
            if told(&drawn) != told(mistake.story) {
                stale.push(format!("{}/{}", lesson.name, version.name));
            }
            if std::env::var_os("UPDATE_STORIES").is_some() {
                let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("src/lessons")
                    .join(lesson.name);
                std::fs::write(path.join(format!("stories/{}.txt", version.name)), drawn).unwrap();
            }
        }
    }
    assert_eq!(
        stale, [""; 0],
        "UPDATE_STORIES=1 writes them anew; then look at them"
    );
}

/// Nor what depends on how long they are: where columns begin, the length of the
/// rule, where lines are broken.
pub(crate) fn without_line_numbers(story: &str) -> String {
    let mut told = String::new();
    for word in story.split_whitespace() {
        let number = match word.find(':') {
            Some(colon) => colon + 1,
            None if told.ends_with("line ") => 0,
            None => word.len(),
        };
        let is_rule = word.chars().all(|each| each == '─');
        if !is_rule {
            told += &word[..number];
            told += word[number..].trim_start_matches(|each: char| each.is_ascii_digit());
            told += " ";
        }
    }
    told
}

/// `cargo run -- play LESSON/VERSION --repeat N` names them. `UPDATE_STORIES=1` writes them.
#[test]
fn committed_counts_of_interleavings_are_the_ones_found() {
    let mut lines = String::new();
    for lesson in lessons::all() {
        for version in &lesson.versions {
            let scene = repeat::scene(version).unwrap();
            let (_, found) = explored(version, scene, lesson.memory);
            lines += &repeat::line(&lesson, version, scene, &found);
            lines += "\n";
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/interleavings.txt");
    if std::env::var_os("UPDATE_STORIES").is_some() {
        std::fs::write(path, lines).unwrap();
    } else {
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            lines,
            "UPDATE_STORIES=1 writes them anew"
        );
    }
}
