//! What the compiler says of a submission.

use super::verdict::Verdict;
use serde::Deserialize;

/// A line of `rustc --error-format=json`.
#[derive(Debug, Deserialize)]
struct Message {
    message: String,
    level: String,
    #[serde(default)]
    spans: Vec<Span>,
    rendered: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    is_primary: bool,
    label: Option<String>,
}

/// The modules of std that a submission does not have, and what to use instead.
const UNSEEN: &[(&str, &str)] = &[
    ("sync", "use racecourse::sync"),
    ("thread", "use racecourse::sync::thread"),
    ("hint", "use racecourse::sync::hint"),
    ("process", "a submission starts and ends no process"),
    ("fs", "a submission reads and writes no file"),
    ("io", "a submission reads and writes no file"),
    ("net", "a submission has no network"),
    ("env", "a submission knows nothing of its surroundings"),
    ("os", "a submission knows nothing of its surroundings"),
    ("path", "a submission reads and writes no file"),
    ("ffi", "a submission calls no foreign function"),
    ("arch", "the model knows no processor"),
    ("simd", "the model knows no processor"),
    ("intrinsics", "the model knows no processor"),
    ("alloc", "a submission allocates with `Box` and `Vec`"),
    (
        "backtrace",
        "a submission knows nothing of its surroundings",
    ),
    ("ptr", "pointers need `unsafe`"),
    ("future", "use racecourse::sync"),
    ("pin", "use racecourse::sync"),
    ("task", "use racecourse::sync"),
    ("thread_local", "use fields of `Answer`"),
    ("Instant", "the model has no clock"),
    ("SystemTime", "the model has no clock"),
    ("catch_unwind", "a submission lets panics pass"),
    ("set_hook", "a submission lets panics pass"),
    ("take_hook", "a submission lets panics pass"),
    ("UnsafeCell", "cells of std are shared only with `unsafe`"),
    ("transmute", "it needs `unsafe`"),
    ("MaybeUninit", "it needs `unsafe`"),
];

/// The verdict on a submission that rustc has refused with these messages. The submission's
/// file is `file`.
pub(super) fn verdict(json: &str, file: &str) -> Verdict {
    let messages = json
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let errors: Vec<Message> = messages.filter(|it| it.level == "error").collect();
    if let Some((what, line)) = errors.iter().find_map(|error| error.unseen(file)) {
        return Verdict::Unseen { what, line };
    }
    if let Some((rule, line)) = errors.iter().find_map(|error| error.stranger(file)) {
        return Verdict::RuleBroken { rule, line };
    }
    let line = errors
        .first()
        .and_then(|error| error.span(file))
        .map(|span| span.line_start);
    let mut message = errors
        .first()
        .map_or_else(String::new, |it| it.message.clone());
    for rendered in errors.iter().filter_map(|error| error.rendered.as_deref()) {
        message += "\n";
        message += rendered.trim_end();
    }
    Verdict::DoesNotCompile { message, line }
}

impl Message {
    /// Where it is in the submission.
    fn span(&self, file: &str) -> Option<&Span> {
        let own = || self.spans.iter().filter(|span| span.file_name == file);
        own().find(|span| span.is_primary).or_else(|| own().next())
    }

    /// What is used that the model cannot see, and the line.
    fn unseen(&self, file: &str) -> Option<(String, usize)> {
        let span = self.span(file)?;
        let label = self
            .spans
            .iter()
            .filter(|it| it.is_primary)
            .find_map(|it| it.label.as_deref());
        // `could not find `sync` in `std``, `no `Instant` in `time``.
        let names = label.unwrap_or_default().split('`').skip(1).step_by(2);
        let names: Vec<&str> = names.collect();
        let is_missing = self.message.contains("unresolved import")
            || self.message.contains("failed to resolve")
            || self.message.contains("cannot find");
        let missing = names.first().copied().filter(|_| is_missing);
        // `cannot find macro `thread_local` in this scope`
        let in_message = self.message.split('`').nth(1).unwrap_or_default();
        let found = self
            .message
            .starts_with("cannot find")
            .then_some(in_message);
        let mut names_here = missing.into_iter().chain(found);
        let (name, instead) =
            names_here.find_map(|name| UNSEEN.iter().find(|(unseen, _)| *unseen == name))?;
        let path = match in_message.starts_with("std::") && in_message.contains(name) {
            true => in_message.to_owned(),
            false => match names.get(1) {
                Some(&module) if module != "std" && self.message.contains("import") => {
                    format!("std::{module}::{name}")
                }
                _ => format!("std::{name}"),
            },
        };
        Some((format!("`{path}`; {instead}"), span.line_start))
    }

    /// Another crate that is used, and the line.
    fn stranger(&self, file: &str) -> Option<(String, usize)> {
        let span = self.span(file)?;
        let label = span.label.as_deref()?;
        let name = label.split('`').nth(1)?;
        label.contains("unlinked crate").then(|| {
            let rule = format!(
                "`{name}` is not in this file: a submission uses racecourse::sync, parts of std, \
                 and no other crate"
            );
            (rule, span.line_start)
        })
    }
}
