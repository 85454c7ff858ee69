//! Finds the versions that a target names.

use super::target::Target;
use crate::exercises::{self, Exercise};
use crate::lessons::{Lesson, Version};
use crate::programs::Stop;

/// A version and its lesson.
pub(super) type Chosen<'a> = (&'a Lesson, &'a Version);

pub(super) fn versions_of(lesson: &Lesson) -> impl Iterator<Item = Chosen<'_>> {
    lesson.versions.iter().map(move |version| (lesson, version))
}

/// The versions a target means: one, or all of a lesson.
pub(super) fn find<'a>(lessons: &'a [Lesson], target: &Target) -> Result<Vec<Chosen<'a>>, Stop> {
    let Some(lesson) = lessons.iter().find(|lesson| lesson.name == target.lesson) else {
        let name = target.lesson.escape_debug();
        let mut versions = lessons.iter().flat_map(versions_of);
        let meant = versions.find(|(_, version)| version.name == target.lesson);
        return Err(Stop::usage(match meant {
            Some((lesson, version)) => format!(
                "there is no lesson '{name}'; for the version of that name, type {}",
                full_name(lesson, version)
            ),
            None => {
                let names: Vec<_> = lessons.iter().map(|lesson| lesson.name).collect();
                format!(
                    "there is no lesson '{name}'; the lessons are: {}",
                    names.join(", ")
                )
            }
        }));
    };
    let Some(name) = &target.version else {
        return Ok(versions_of(lesson).collect());
    };
    match versions_of(lesson).find(|(_, version)| version.name == *name) {
        Some(found) => Ok(vec![found]),
        None => {
            let names: Vec<_> = lesson
                .versions
                .iter()
                .map(|version| version.name.as_str())
                .collect();
            let (name, names) = (name.escape_debug(), names.join(", "));
            Err(Stop::usage(format!(
                "{} has no version '{name}'; its versions are: {names}",
                lesson.name
            )))
        }
    }
}

/// The exercise of that name.
pub(super) fn exercise(target: &Target) -> Result<&'static Exercise, Stop> {
    let name = target.to_string();
    exercises::find(&name).ok_or_else(|| Stop::usage(exercises::none_named(&name)))
}

/// `ticket_office/check-then-act`
pub(super) fn full_name(lesson: &Lesson, version: &Version) -> String {
    format!("{}/{}", lesson.name, version.name)
}
