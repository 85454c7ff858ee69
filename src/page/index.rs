//! The table of all versions.

use super::text::{escaped, page};
use super::version::{Page, graded};
use crate::explorer::report::Grade;
use std::fmt::Write as _;

pub(super) fn html(pages: &[Page]) -> String {
    let mut body = "<main>\n<h1>Race conditions: all versions</h1>\n<p>Each lesson is one small \
                    concurrent program: a correct version, and next to it the bugs people actually \
                    write. Every interleaving was explored, as far as each page says. Choose a version to step \
                    through its story, and to be its scheduler.</p>\n"
        .to_owned();
    for own in pages.chunk_by(|a, b| a.lesson.name == b.lesson.name) {
        let lesson = own[0].lesson;
        let _ = write!(
            body,
            "<h2>{}</h2>\n<p>{}. {}</p>\n<table class=\"index\"><thead><tr><th scope=\"col\">Version</th>\
             <th scope=\"col\">Verdict</th><th scope=\"col\" class=\"number\">Interleavings</th></tr></thead><tbody>\n",
            lesson.name,
            escaped(lesson.title),
            escaped(lesson.story)
        );
        own.iter().for_each(|page| body.push_str(&row(page)));
        body.push_str("</tbody></table>\n");
    }
    page("racecourse: all versions", "", "", &(body + "</main>\n"))
}

fn row(page: &Page) -> String {
    let version = page.version;
    let verdict = match page.story() {
        Some((scene, outcome)) => format!(
            "{} {}<small>{}, {} of {} interleavings</small>",
            graded(Grade::Forbidden),
            escaped(&outcome.outcome),
            escaped(scene.name),
            outcome.different,
            { page.found.iter() }
                .find(|(it, _)| it.name == scene.name)
                .map_or(0, |(_, found)| found.different)
        ),
        None if page.complaints.is_empty() => "<span class=\"good-word\">proved</span>".to_owned(),
        None => "<span class=\"bad-word\">not as it should be</span>".to_owned(),
    };
    let different: u64 = page.found.iter().map(|(_, found)| found.different).sum();
    let kind = if version.is_right() {
        "correct"
    } else {
        "wrong"
    };
    format!(
        "<tr><th scope=\"row\"><a href=\"{}.html\">{}</a><small>{kind}: {}</small></th>\
         <td>{verdict}</td><td class=\"number\">{different}</td></tr>\n",
        page.name(),
        escaped(&version.name),
        escaped(version.about)
    )
}
