//! What the compiler says of a submission.

use super::catalog::ROOMS;
use super::shims;
use super::verdict::Verdict;
use serde::Deserialize;

/// A line of `rustc --error-format=json`, or one of its notes.
#[derive(Debug, Deserialize)]
struct Message {
    message: String,
    level: String,
    #[serde(default)]
    spans: Vec<Span>,
    #[serde(default)]
    children: Vec<Message>,
    rendered: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    is_primary: bool,
    label: Option<String>,
}

/// What std has and a submission does not, and what to use instead.
const UNSEEN: &[(&str, &str)] = &[
    ("sync", "use racecourse::sync"),
    ("sync::atomic", "use racecourse::sync::atomic"),
    ("sync::mpsc", "use racecourse::sync::mpsc"),
    ("thread", "use racecourse::sync::thread"),
    ("hint", "use racecourse::sync::hint"),
    ("process", "a submission starts and ends no process"),
    ("fs", "a submission reads and writes no file"),
    ("io", "a submission reads and writes no file"),
    ("net", "a submission has no network"),
    ("env", "a submission reads no environment variable"),
    ("os", "a submission does not call the operating system"),
    ("path", "a submission reads and writes no file"),
    ("ffi", "a submission calls no foreign function"),
    ("arch", "a submission has no processor instructions"),
    ("simd", "a submission has no processor instructions"),
    ("intrinsics", "a submission has no processor instructions"),
    ("alloc", "a submission allocates with `Box` and `Vec`"),
    ("backtrace", "a submission does not read its stack"),
    ("ptr", "pointers need `unsafe`"),
    ("future", "use racecourse::sync"),
    ("pin", "use racecourse::sync"),
    ("task", "use racecourse::sync"),
    ("thread_local", "use fields of `Answer`"),
    ("time::Instant", "the model has no clock"),
    ("time::SystemTime", "the model has no clock"),
    ("panic::catch_unwind", "a submission catches no panic"),
    ("panic::set_hook", "a submission catches no panic"),
    ("panic::take_hook", "a submission catches no panic"),
    (
        "cell::UnsafeCell",
        "threads can share such a cell only with `unsafe`",
    ),
    ("mem::transmute", "it needs `unsafe`"),
    ("mem::MaybeUninit", "it needs `unsafe`"),
];

/// Names in the compiler's messages, and what a submission calls the same thing.
const RENAMED: &[(&str, &str)] = &[
    ("shim_std", "std"),
    ("core::hint", "racecourse::sync::hint"),
    ("core::sync", "racecourse::sync"),
    ("core::", "std::"),
    ("alloc::", "std::"),
];

/// The verdict on a submission that rustc has refused with these messages. The submission's
/// file is `file`.
pub(super) fn verdict(json: &str, file: &str) -> Verdict {
    let messages = json
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let is_error = |it: &Message| it.level == "error" && !it.message.starts_with("aborting due to");
    let errors: Vec<Message> = messages.filter(is_error).collect();
    if let Some((what, line)) = errors.iter().find_map(|error| error.unseen(file)) {
        return Verdict::Unseen { what, line };
    }
    if let Some((rule, line)) = errors.iter().find_map(|error| error.stranger(file)) {
        return Verdict::RuleBroken { rule, line };
    }
    let Some(first) = errors.first() else {
        return Verdict::DoesNotCompile {
            message: String::new(),
            line: None,
        };
    };
    let mut message = first.title();
    for details in errors.iter().filter_map(|error| error.details(file)) {
        message += "\n";
        message += details.trim_end();
    }
    Verdict::DoesNotCompile {
        message: with_names_of_a_submission(&message),
        line: first.line(file),
    }
}

impl Message {
    /// Where it is in the submission.
    fn span(&self, file: &str) -> Option<&Span> {
        let own = || self.spans.iter().filter(|span| span.file_name == file);
        own().find(|span| span.is_primary).or_else(|| own().next())
    }

    /// The line in the submission that it is about, from 1.
    fn line(&self, file: &str) -> Option<usize> {
        let notes = self.children.iter();
        let mut all = [self].into_iter().chain(notes);
        all.find_map(|it| Some(it.span(file)?.line_start))
    }

    /// The label of its place.
    fn label(&self) -> &str {
        let mut labels = self.spans.iter().filter(|span| span.is_primary);
        labels
            .find_map(|span| span.label.as_deref())
            .unwrap_or_default()
    }

    /// The message in a line, with what to use instead of a name that is not found.
    fn title(&self) -> String {
        match self.instead() {
            _ if self.misses_the_answer() => {
                "the answer is a type named `Answer`: keep `pub struct Answer`".to_owned()
            }
            Some(instead) => format!("{}; {instead}", self.message),
            None => self.message.clone(),
        }
    }

    /// The message as the compiler prints it, or what concerns the student: the grader's own
    /// files do not.
    fn details(&self, file: &str) -> Option<String> {
        if !self.is_in_the_graders_files() {
            return self.rendered.clone();
        }
        if self.misses_the_answer() {
            return None;
        }
        let mut text = format!("error: {}\n", self.message);
        for note in &self.children {
            if let Some(span) = note.span(file) {
                let Message { level, message, .. } = note;
                text += &format!("{level}: {message}\n  --> {file}:{}\n", span.line_start);
            }
        }
        Some(text)
    }

    fn is_in_the_graders_files(&self) -> bool {
        let is_graders = |name: &str| [shims::ROOT, shims::HARNESS].contains(&name);
        let mut places = self.spans.iter().filter(|span| span.is_primary);
        places.any(|span| is_graders(&span.file_name))
    }

    /// Whether the submission has no type `Answer`, or keeps it to itself.
    fn misses_the_answer(&self) -> bool {
        self.is_in_the_graders_files()
            && self.message.contains("`Answer`")
            && (self.message.starts_with("cannot find") || self.message.ends_with("is private"))
    }

    /// What is used that the model cannot see, and the line.
    fn unseen(&self, file: &str) -> Option<(String, usize)> {
        let span = self.span(file)?;
        let label = self.label();
        // A module of racecourse's.
        if label.ends_with(" in `sync`") || self.message.contains("racecourse::") {
            return None;
        }
        let name = match () {
            // `could not find `sync` in `std``, `no `Instant` in `time``
            () if label.starts_with("could not find `") || label.starts_with("no `") => {
                quoted(label)
            }
            // `cannot find type `Instant` in module `std::time``
            () if label.starts_with("not found in `") => quoted(&self.message),
            // `cannot find macro `thread_local` in this scope`
            () if self.message.starts_with("cannot find macro") => quoted(&self.message),
            () => return None,
        };
        let (path, instead) = UNSEEN.iter().find(|(path, _)| last_name(path) == name)?;
        Some((format!("`std::{path}`; {instead}"), span.line_start))
    }

    /// What to use instead of a name that was used without its path or an import.
    fn instead(&self) -> Option<&'static str> {
        let is_unresolved = ["cannot find", "unresolved import", "failed to resolve"]
            .iter()
            .any(|start| self.message.starts_with(start));
        let is_value = self.message.starts_with("cannot find value");
        if !is_unresolved || is_value || self.label().contains(" in `") {
            return None;
        }
        let name = quoted(&self.message);
        let known = UNSEEN.iter().find(|(path, _)| last_name(path) == name);
        known.map(|(_, instead)| *instead)
    }

    /// Another crate that is used, and the line.
    fn stranger(&self, file: &str) -> Option<(String, usize)> {
        let span = self.span(file)?;
        let label = span.label.as_deref()?;
        let is_elsewhere = |note: &Message| note.message.starts_with("consider importing");
        if !label.contains("unlinked crate")
            || self.instead().is_some()
            || self.children.iter().any(is_elsewhere)
        {
            return None;
        }
        let rule = format!(
            "`{}` is not in this file: a submission uses racecourse::sync, parts of std, and no \
             other crate",
            quoted(label)
        );
        Some((rule, span.line_start))
    }
}

/// The first text between backticks.
fn quoted(text: &str) -> &str {
    text.split('`').nth(1).unwrap_or_default()
}

fn last_name(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or_default()
}

/// The compiler's text with other names. Marks below a line stay below what they mark.
fn with_names_of_a_submission(text: &str) -> String {
    let mut new = String::new();
    let mut renamed = Vec::new();
    for line in text.lines() {
        let is_marks = line.chars().all(|it| " |+^-~".contains(it)) && line.contains('|');
        if is_marks {
            let mut marks: Vec<char> = line.chars().collect();
            for (at, before, after) in renamed.drain(..) {
                if let Some(&mark) = marks.get(at)
                    && at + before <= marks.len()
                {
                    marks.splice(at..at + before, std::iter::repeat_n(mark, after));
                }
            }
            new.extend(marks);
        } else {
            renamed = rename(line, &mut new);
        }
        new.push('\n');
    }
    new.truncate(new.trim_end().len());
    new
}

/// Appends a line with other names: where each stands, how long it was, and how long it is.
fn rename(line: &str, new: &mut String) -> Vec<(usize, usize, usize)> {
    let mut renamed = Vec::new();
    let (mut rest, mut column) = (line, 0);
    let mut is_inside = false;
    while let Some(letter) = rest.chars().next() {
        let (from, to) = match name_at(rest) {
            Some((from, to)) if !is_inside => {
                renamed.push((column, from.len(), to.len()));
                (from, to)
            }
            _ => {
                let same = &rest[..letter.len_utf8()];
                (same, same)
            }
        };
        new.push_str(to);
        rest = &rest[from.len()..];
        column += to.chars().count();
        is_inside = to.ends_with(|it: char| it.is_alphanumeric() || it == '_' || it == ':');
    }
    renamed
}

/// A name that the text starts with, and what a submission calls the same thing.
fn name_at(text: &str) -> Option<(&str, &str)> {
    let known = RENAMED.iter().find(|(from, _)| text.starts_with(from));
    let of_a_lesson = || {
        let rest = text.strip_prefix("shim_")?;
        let room = ROOMS.iter().find(|room| rest.starts_with(room.lesson))?;
        Some((&text[.."shim_".len() + room.lesson.len()], "racecourse"))
    };
    known.copied().or_else(of_a_lesson)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submission_reads_its_own_names_and_marks_stay_in_place() {
        let text = "help: try `shim_std::prelude::v1::Some`\n   |\n\
            34 |   put(shim_std::prelude::v1::Some(lost), core::fmt::Error)\n   \
            |       ++++++++++++++++++++++++++++    +  ^^^^^^^^^^^^^^^^\n\
            35 + use core::hint;\n36 + use core::mem; use score::x; use std::alloc::Layout;\n\
            shim_ticket_office::lessons";
        let expected = "help: try `std::prelude::v1::Some`\n   |\n\
            34 |   put(std::prelude::v1::Some(lost), std::fmt::Error)\n   \
            |       +++++++++++++++++++++++    +  ^^^^^^^^^^^^^^^\n\
            35 + use racecourse::sync::hint;\n36 + use std::mem; use score::x; use std::alloc::Layout;\n\
            racecourse::lessons";
        assert_eq!(with_names_of_a_submission(text), expected);
    }
}
