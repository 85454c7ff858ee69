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
fn a_file_names_its_exercise_and_does_not_say_what_is_wrong() {
    for exercise in EXERCISES {
        let text = file(exercise, story(exercise.lesson));
        let named = exercise_of(&text).expect("it names one");
        assert_eq!(named.name(), exercise.name());
        let comment: Vec<&str> = text
            .lines()
            .take_while(|line| line.starts_with("//"))
            .collect();
        let promises = comment.iter().filter(|line| line.starts_with("// - "));
        assert!(comment.len() <= 17 + 2 * promises.count(), "{text}");
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
fn a_file_says_what_each_method_promises() {
    for (name, promises) in [
        (
            "ticket_office/check-then-act",
            &[
                "The methods of TicketOffice:",
                "- open: An office with that many tickets, for that many clerks.",
                "- sell: Clerk number `clerk` (from 0) sells a ticket. `None`: the office is sold out.",
            ][..],
        ),
        (
            "join/reads-before-join",
            &[
                "- x: What is read from `x`, which starts as 10 and which another thread sets to `a +",
                "  b`. Panics if the other thread panicked.",
            ],
        ),
        (
            "bounded_queue/silent-close",
            &[
                "Items come out in the order in which they were put. Threads that wait are served in",
                "- new: An empty queue that holds up to `capacity` items.",
                "- put: Puts an item, and waits while the queue is full. `Err` if the queue is closed,",
                "  or was closed during the wait.",
                "- is_empty: Whether there is no item in the queue: see `len`.",
            ],
        ),
    ] {
        let exercise = find(name).expect("it is in the catalog");
        let text = file(exercise, story(exercise.lesson));
        let task = text.find("// Task: ").expect("it has one");
        for line in promises {
            let at = text.find(&format!("// {line}\n"));
            assert!(at.is_some_and(|at| at > task), "{line}: {text}");
        }
    }
    // Each method has a line, and no line is one of a method that there is not.
    for (lesson, count) in [
        ("ticket_office", 2),
        ("join", 1),
        ("bread_queue", 4),
        ("bounded_queue", 11),
        ("ticket_lock", 4),
    ] {
        let exercise = EXERCISES.iter().find(|it| it.lesson == lesson);
        let text = file(exercise.expect("it has exercises"), "");
        assert_eq!(text.matches("\n// - ").count(), count, "{text}");
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
    // A name of any length is answered at once.
    assert!(none_named(&"check-then-act".repeat(100_000)).starts_with("there is no exercise 'c"));
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
