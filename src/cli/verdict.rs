//! Whether a version did what its lesson says: every right one proven, every
//! wrong one caught.

use crate::explorer::report::{Exploration, Outcome, Proved, count};
use crate::lessons::{Lesson, Mistake, Scene, Version};

/// A scene of a version, and what exploring it found.
pub type Found<'a> = (&'a Scene, Exploration);

/// What is not as it should be, a line each; nothing if all is well.
///
/// A right version must have seen all of every scene, with no forbidden outcome
/// and every one that must occur. A wrong version must have shown its mistake in
/// its scene, with as many preemptions as the lesson says; since only a complete
/// exploration knows the fewest, that scene must be complete, the others need not.
#[must_use]
pub fn complaints(lesson: &Lesson, version: &Version, found: &[Found]) -> Vec<String> {
    complaints_here(lesson, version, found, &[])
}

/// [`complaints`], if other partitions explore the scenes `elsewhere`: nothing is said
/// of those.
pub(super) fn complaints_here(
    lesson: &Lesson,
    version: &Version,
    found: &[Found],
    elsewhere: &[&Scene],
) -> Vec<String> {
    let is_here = |scene: &&Scene| !elsewhere.iter().any(|it| it.name == scene.name);
    match &version.mistake {
        None => unproven(version.scenes.iter().filter(is_here), found),
        Some(_) if !is_judged_here(version, elsewhere) => Vec::new(),
        Some(mistake) => uncaught(lesson, mistake, found)
            .map(|what| format!("{}: {what}", mistake.scene))
            .into_iter()
            .collect(),
    }
}

/// Whether the scene of its mistake is explored here, if it is a wrong version.
pub(super) fn is_judged_here(version: &Version, elsewhere: &[&Scene]) -> bool {
    let mistake = version.mistake.as_ref();
    mistake.is_none_or(|mistake| !elsewhere.iter().any(|scene| scene.name == mistake.scene))
}

/// Whether exploring the scene of a right version proved it.
pub(super) fn is_proved((scene, found): &Found) -> bool {
    found
        .complaints(scene.must_occur.iter().copied())
        .is_empty()
}

fn unproven<'a>(scenes: impl Iterator<Item = &'a Scene>, found: &[Found]) -> Vec<String> {
    let (mut complaints, mut not_explored) = (Vec::new(), Vec::new());
    for scene in scenes {
        let Some((_, found)) = found.iter().find(|(of, _)| of.name == scene.name) else {
            not_explored.push(scene.name);
            continue;
        };
        let of_this = found.complaints(scene.must_occur.iter().copied());
        complaints.extend(of_this.iter().map(|what| format!("{}: {what}", scene.name)));
    }
    match not_explored[..] {
        [] => {}
        [scene] => complaints.push(format!("{scene}: not explored")),
        _ => complaints.push(format!("{} scenes: not explored", not_explored.len())),
    }
    complaints
}

fn uncaught(lesson: &Lesson, mistake: &Mistake, found_anywhere: &[Found]) -> Option<String> {
    let Some((_, found)) = found_anywhere
        .iter()
        .find(|(scene, _)| scene.name == mistake.scene)
    else {
        return Some("not explored".to_owned());
    };
    let hint = match found.memory == lesson.memory {
        true => String::new(),
        false => format!(
            " ({} needs {}, not {})",
            lesson.name, lesson.memory, found.memory
        ),
    };
    let Some(caught) = found
        .forbidden()
        .find(|outcome| outcome.outcome == mistake.outcome)
    else {
        let stopped = match found.is_complete() {
            true => String::new(),
            false => format!("; {}", found.verdict()),
        };
        let else_wrong = found_anywhere.iter().find_map(|(scene, found)| {
            let outcome = found.forbidden().next()?;
            Some(format!(
                "; but still wrong: {} {} in {}",
                outcome.grade, outcome.outcome, scene.name
            ))
        });
        let else_wrong = else_wrong.unwrap_or_else(|| match found.proved {
            Proved::Preemptions(most) if most < mistake.preemptions => {
                let needed = count(mistake.preemptions as u64, "preemption");
                format!("; the bug needs {needed}, and --preemptions allows {most}")
            }
            _ if found.memory != lesson.memory => {
                format!("; explore it without --memory, under {}", lesson.memory)
            }
            _ => {
                ", nor another forbidden outcome. If you have fixed it, add --as-right to prove it"
                    .to_owned()
            }
        });
        return Some(format!(
            "not caught: no `{}` found{hint}{stopped}{else_wrong}",
            mistake.outcome
        ));
    };
    if found.stopped.is_some() {
        return Some(format!(
            "caught: {}, but {}, and there may be a simpler story",
            mistake.outcome,
            found.verdict()
        ));
    }
    let (needed, expected) = (caught.story.preemptions, mistake.preemptions);
    (needed != expected).then(|| {
        format!(
            "caught: {}, but its simplest story needs {}{}, and the lesson says {expected}{hint}",
            mistake.outcome,
            at_most(caught),
            count(needed as u64, "preemption")
        )
    })
}

/// What is said before the preemptions of its story: fewer may do.
fn at_most(outcome: &Outcome) -> &'static str {
    match outcome.story.minimal {
        true => "",
        false => "at most ",
    }
}

/// The outcomes that must occur in the scene, and did not.
pub fn missing(scene: &Scene, found: &Exploration) -> impl Iterator<Item = &'static str> + use<> {
    let must_occur = scene.must_occur.iter().copied();
    found.missing(must_occur).into_iter()
}

/// The verdict on a version that is as it should be, in a few words: `proved (SC)` or
/// `caught: ticket 0 sold (1 preemption)`. Other partitions explore the scenes
/// `elsewhere`.
#[must_use]
pub fn praise(version: &Version, found: &[Found], elsewhere: &[&Scene]) -> String {
    let share = format!(
        "{} of {} scenes",
        found.len(),
        found.len() + elsewhere.len()
    );
    let Some(mistake) = &version.mistake else {
        let memory = found
            .first()
            .map_or(String::new(), |(_, found)| format!(" ({})", found.memory));
        let bound = match found.iter().map(|(_, found)| found.proved).min() {
            Some(proved) => proved.bound(),
            None => String::new(),
        };
        let loops = found.iter().flat_map(|(_, found)| &found.bounded);
        let loops = loops.map(|it| it.iterations).min();
        let loops = loops.map_or(String::new(), |iterations| {
            format!(", loops up to {}", count(iterations as u64, "iteration"))
        });
        return match elsewhere {
            [] => format!("proved{bound}{loops}{memory}"),
            _ => {
                format!("{share} proved{bound}{loops}{memory}; other partitions explore the rest")
            }
        };
    };
    let unfinished: String = found
        .iter()
        .filter(|(_, found)| found.stopped.is_some())
        .map(|(scene, found)| format!("; {}: {}", scene.name, found.verdict()))
        .collect();
    if !is_judged_here(version, elsewhere) {
        return format!(
            "not judged: {share} explored; another partition explores `{}`, which shows the \
             mistake{unfinished}",
            mistake.scene
        );
    }
    let needed = count(mistake.preemptions as u64, "preemption");
    let its_own = found
        .iter()
        .filter(|(scene, _)| scene.name == mistake.scene);
    let caught = its_own.filter_map(|(_, found)| found.outcome(mistake.outcome));
    let at_most: String = caught.map(at_most).collect();
    format!(
        "caught: {} ({at_most}{needed}){unfinished}",
        mistake.outcome
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::{explored, lesson, outcome, stopped};
    use crate::explorer::report::{BoundedLoop, Grade, Memory};

    fn complaints_about(version: usize, found: Exploration) -> Vec<String> {
        let lesson = lesson();
        let version = &lesson.versions[version];
        complaints(&lesson, version, &[(&version.scenes[0], found)])
    }

    const RIGHT: usize = 0;
    const WRONG: usize = 1;

    #[test]
    fn a_right_version_that_keeps_all_promises_is_not_complained_about() {
        let found = explored(vec![outcome("fine", Grade::Promised, 0)]);
        assert_eq!(complaints_about(RIGHT, found), [""; 0]);
    }

    #[test]
    fn what_is_proved_up_to_some_iterations_only_is_said_so() {
        let lesson = lesson();
        let version = &lesson.versions[RIGHT];
        let mut found = explored(vec![outcome("fine", Grade::Promised, 0)]);
        found.bounded.push(BoundedLoop {
            file: "src/lib.rs".to_owned(),
            line: 1,
            iterations: 4,
        });
        let praised = praise(version, &[(&version.scenes[0], found)], &[]);
        assert_eq!(praised, "proved, loops up to 4 iterations (C11)");
    }

    #[test]
    fn a_stopped_run_proves_nothing() {
        let found = stopped(vec![outcome("fine", Grade::Promised, 0)]);
        let complaints = complaints_about(RIGHT, found);
        assert_eq!(
            complaints,
            ["small: STOPPED after 9 executions: not a proof"]
        );
    }

    #[test]
    fn a_forbidden_and_a_missing_outcome_are_named() {
        let found = explored(vec![outcome("broken", Grade::Forbidden, 1)]);
        assert_eq!(
            complaints_about(RIGHT, found),
            [
                "small: FORBIDDEN: broken",
                "small: `fine` must occur, and did not"
            ]
        );
    }

    #[test]
    fn a_scene_left_out_is_no_proof() {
        let lesson = lesson();
        assert_eq!(
            complaints(&lesson, &lesson.versions[RIGHT], &[]),
            ["small: not explored"]
        );
        assert_eq!(
            complaints(&lesson, &lesson.versions[WRONG], &[]),
            ["small: not explored"]
        );
    }

    #[test]
    fn many_scenes_left_out_are_one_complaint() {
        let mut lesson = lesson();
        lesson.versions[WRONG].mistake = None;
        let version = &lesson.versions[WRONG];
        assert_eq!(
            complaints(&lesson, version, &[]),
            ["2 scenes: not explored"]
        );
    }

    #[test]
    fn a_wrong_version_caught_as_its_lesson_says_is_not_complained_about() {
        let found = explored(vec![outcome("broken", Grade::Forbidden, 1)]);
        assert_eq!(complaints_about(WRONG, found), [""; 0]);
    }

    #[test]
    fn a_wrong_version_must_show_its_own_mistake_as_the_lesson_says() {
        let told_apart = [
            (outcome("fine", Grade::Promised, 0), "no `broken` found"),
            (outcome("broken", Grade::Promised, 1), "no `broken` found"),
            (outcome("other", Grade::Forbidden, 1), "no `broken` found"),
            (
                outcome("broken", Grade::Forbidden, 2),
                "needs 2 preemptions, and the lesson says 1",
            ),
        ];
        for (outcome, complaint) in told_apart {
            let complaints = complaints_about(WRONG, explored(vec![outcome]));
            assert_eq!(complaints.len(), 1);
            assert!(complaints[0].contains(complaint), "{complaints:?}");
        }
    }

    #[test]
    fn preemptions_that_may_be_too_many_are_said_to_be_at_most_so_many() {
        let lesson = lesson();
        let version = &lesson.versions[WRONG];
        let found = |preemptions| {
            let mut broken = outcome("broken", Grade::Forbidden, preemptions);
            broken.story.minimal = false;
            [(&version.scenes[0], explored(vec![broken]))]
        };
        let praised = praise(version, &found(1), &[]);
        assert_eq!(praised, "caught: broken (at most 1 preemption)");
        let complaints = complaints(&lesson, version, &found(2));
        assert!(complaints[0].contains("needs at most 2 preemptions, and the lesson says 1"));
    }

    #[test]
    fn the_fewest_preemptions_are_known_only_at_the_end() {
        let found = stopped(vec![outcome("broken", Grade::Forbidden, 1)]);
        assert!(complaints_about(WRONG, found)[0].contains("there may be a simpler story"));
    }

    #[test]
    fn a_mistake_not_found_under_another_memory_model_is_explained() {
        let mut found = explored(vec![outcome("fine", Grade::Promised, 0)]);
        found.memory = Memory::Sc;
        assert!(complaints_about(WRONG, found)[0].contains("(shop needs C11, not SC)"));
    }
}
