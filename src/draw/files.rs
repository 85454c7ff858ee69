//! What a story calls its source files.

use super::layout::{Piece, Tone};
use crate::explorer::report::{Act, Story};

/// The source files of a story, in order of appearance.
pub(super) struct Files<'a>(Vec<&'a str>);

impl<'a> Files<'a> {
    pub(super) fn of(story: &'a Story) -> Self {
        let mut files: Vec<&str> = Vec::new();
        for step in &story.steps {
            if !files.contains(&step.file.as_str()) {
                files.push(&step.file);
            }
        }
        Self(files)
    }

    /// Which files the places are in: `; src/lessons/join/wrong.rs`.
    pub(super) fn caption(&self) -> String {
        match self.0.as_slice() {
            [] => String::new(),
            files => format!("; {}", files.join(", ")),
        }
    }

    /// `:31` in a story of one file, else `wrong.rs:31`.
    pub(super) fn place(&self, file: &str, line: u32) -> String {
        match self.0.len() {
            1 => format!(":{line}"),
            _ => self.full_place(file, line),
        }
    }

    /// `wrong.rs:31`
    pub(super) fn full_place(&self, file: &str, line: u32) -> String {
        Piece::new(Tone::Quiet, format!("{}:{line}", self.short(file))).text
    }

    pub(super) fn place_of(&self, act: &Act) -> String {
        self.full_place(&act.file, act.line)
    }

    /// The file's name, with as much before it as tells it from the other files.
    fn short<'f>(&self, file: &'f str) -> &'f str {
        let name = file.rfind('/').map_or(0, |slash| slash + 1);
        let parts = file[..name].rmatch_indices(['/', '_']);
        let starts = [name].into_iter().chain(parts.map(|(mark, _)| mark + 1));
        let is_distinct = |&start: &usize| {
            let alike = |other: &&&str| **other != file && other.ends_with(&file[start..]);
            !self.0.iter().any(|other| alike(&other))
        };
        // The slash right before the name tells nothing.
        let mut starts = starts.filter(|&start| start == name || start + 1 < name);
        &file[starts.find(is_distinct).unwrap_or(0)..]
    }

    /// The text with the files' short names in it.
    pub(super) fn shorten(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for file in &self.0 {
            text = text.replace(&format!("{file}:"), &format!("{}:", self.short(file)));
        }
        text
    }
}
