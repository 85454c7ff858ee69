//! The exercises and their files.

use super::catalog::ROOMS;
use super::*;
use crate::lessons;

fn story(lesson: &str) -> &'static str {
    let lesson = lessons::all().into_iter().find(|it| it.name == lesson);
    lesson.expect("the catalog names lessons").story
}

#[test]
fn every_wrong_version_of_the_lessons_of_threads_is_an_exercise_once() {
    let mut wrong = Vec::new();
    for lesson in lessons::all() {
        if ROOMS.iter().any(|room| room.lesson == lesson.name) {
            let versions = lesson.versions.iter().filter(|it| !it.is_right());
            wrong.extend(versions.map(|version| format!("{}/{}", lesson.name, version.name)));
        }
    }
    let mut exercises: Vec<String> = EXERCISES.iter().map(Exercise::name).collect();
    wrong.sort();
    exercises.sort();
    assert_eq!(exercises, wrong);
    assert_eq!(ROOMS.len(), 5);
}

#[test]
fn a_file_names_its_exercise_in_ten_lines_and_does_not_say_what_is_wrong() {
    for exercise in EXERCISES {
        let text = file(exercise, story(exercise.lesson));
        let named = exercise_of(&text).expect("it names one");
        assert_eq!(named.name(), exercise.name());
        let comment: Vec<&str> = text
            .lines()
            .take_while(|line| line.starts_with("//"))
            .collect();
        assert!(comment.len() <= 13, "{text}");
        assert!(comment.iter().all(|line| line.len() <= 88), "{text}");
        assert!(text.contains("for Answer {\n"), "{text}");
        for tells in ["mistake", "unsafe {", "crate::", "super::", "pub(super)"] {
            assert!(
                !text.replace("racecourse::", "").contains(tells),
                "{tells}: {text}"
            );
        }
        assert!(exercise.hints.len() >= 2);
        assert_eq!(rules::broken(&text), Ok(Vec::new()), "{text}");
    }
}

#[test]
fn the_text_of_a_submission_names_its_exercise() {
    let not_named = exercise_of("fn main() {}").map(Exercise::name).unwrap_err();
    assert!(
        not_named.contains("`// exercise: LESSON/VERSION`"),
        "{not_named}"
    );
    let unknown = exercise_of("// exercise: join/x\n")
        .map(Exercise::name)
        .unwrap_err();
    assert_eq!(
        unknown,
        "there is no exercise 'join/x'; `cargo race exercises` lists them"
    );
}

#[test]
fn what_is_done_is_remembered_by_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut done = Done::read(folder.path());
    assert_eq!(done.state([]), State::NotStarted);
    assert_eq!(done.state(["a"]), State::NotGraded);
    done.remember("a", false).expect("it is written");
    done.remember("b", true).expect("it is written");
    let done = Done::read(folder.path());
    assert_eq!(done.state(["a"]), State::NotProved);
    assert_eq!(done.state(["a", "b"]), State::Proved);
    assert_eq!(done.state(["b changed"]), State::NotGraded);
}
