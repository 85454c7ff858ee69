//! The source of the lessons, for a page.

use super::text::escaped;
use crate::lessons::sources::of;
use std::fmt::Write as _;

/// The files, each line with an id: `src/lessons/join/right.rs:12`.
pub(super) fn html(files: &[&str]) -> String {
    let mut html = String::new();
    for file in files {
        let Some((_, text)) = of(file) else { continue };
        let _ = write!(html, "<h3>{}</h3>\n<ol>\n", escaped(file));
        for (line, number) in text.lines().zip(1..) {
            let id = escaped(format!("{file}:{number}"));
            let _ = writeln!(html, "<li id=\"{id}\"><code>{}</code></li>", escaped(line));
        }
        html.push_str("</ol>\n");
    }
    html
}
