//! The page of one version.

use super::source;
use super::text::{escaped, json, page};
use crate::draw::{self, layout::Block};
use crate::explorer::report::{Exploration, Grade, Kind, Outcome, Step, Story, count};
use crate::lessons::{Lesson, Scene, Version, sources};
use std::fmt::Write as _;

/// A scene of a version in which the reader can be the scheduler.
#[derive(Clone)]
pub struct Playable<'a> {
    /// The scene's name.
    pub scene: &'a str,
    /// The name of the script with its graph, without `.js`, from the lesson's folder.
    pub script: String,
    /// The source files of its steps.
    pub files: Vec<String>,
}

/// A version, and what was found.
pub struct Page<'a> {
    /// The lesson.
    pub lesson: &'a Lesson,
    /// The version.
    pub version: &'a Version,
    /// Each scene that was explored.
    pub found: Vec<(&'a Scene, Exploration)>,
    /// The small scenes.
    pub playable: Vec<Playable<'a>>,
    /// For a wrong version: a correct one, and its small scenes.
    pub right: Option<(&'a Version, Vec<Playable<'a>>)>,
    /// What is not as it should be.
    pub complaints: Vec<String>,
}

/// The word for a grade, and the class of its colour.
pub(super) fn graded(grade: Grade) -> String {
    let class = match grade {
        Grade::Promised => "good",
        Grade::Allowed => "warn",
        Grade::Forbidden => "bad",
    };
    format!("<span class=\"{class}-word\">{grade}</span>")
}

impl Page<'_> {
    /// `ticket_office/check-then-act`
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.lesson.name, self.version.name)
    }

    /// The outcome whose story is told: that of the mistake, or another forbidden one.
    #[must_use]
    pub fn story(&self) -> Option<(&Scene, &Outcome)> {
        let all = || {
            let found = self.found.iter();
            found.flat_map(|(scene, found)| found.forbidden().map(move |it| (*scene, it)))
        };
        let mistake = self.version.mistake;
        let is_its = |&(scene, outcome): &(&Scene, &Outcome)| {
            mistake.is_some_and(|it| (it.scene, it.outcome) == (scene.name, &*outcome.outcome))
        };
        all().find(is_its).or_else(|| all().next())
    }

    /// The files that the page shows: the version's own first.
    fn files(&self) -> Vec<&str> {
        let own = if self.version.is_right() {
            "right.rs"
        } else {
            "wrong.rs"
        };
        let own = format!("src/lessons/{}/{own}", self.lesson.name);
        let own = sources::of(&own).map(|(path, _)| path);
        let told = self.story().into_iter().flat_map(|(_, it)| &it.story.steps);
        let right = self.right.iter().flat_map(|(_, playable)| playable);
        let played = self.playable.iter().chain(right).flat_map(|it| &it.files);
        let others = told
            .map(|step| &step.file)
            .chain(played)
            .map(String::as_str);
        let mut files: Vec<&str> = own.into_iter().collect();
        for file in others {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }

    /// The script with the page's data.
    pub(super) fn script(&self) -> serde_json::Result<String> {
        let story = self.story().map(|(_, outcome)| &outcome.story);
        Ok(format!("racecourse.begin({});\n", json(&story)?))
    }

    pub(super) fn html(&self) -> String {
        let (lesson, version) = (self.lesson, self.version);
        let mut main = String::new();
        let kind = match version.is_right() {
            true => "<span class=\"good-word\">correct</span>",
            false => "<span class=\"bad-word\">wrong</span>",
        };
        let _ = write!(
            main,
            "<header class=\"main\"><p><a href=\"../index.html\">All versions</a></p>\n\
             <h1>{}</h1>\n<p>{kind}: {}</p>\n<p>{}</p></header>\n",
            escaped(self.name()),
            escaped(version.about),
            escaped(lesson.story),
        );
        let _ = write!(
            main,
            "<div class=\"source\"><h2 id=\"source-title\">Source</h2>\n<div id=\"code\" role=\"region\" \
             tabindex=\"0\" aria-labelledby=\"source-title\">\n{}</div></div>\n",
            source::html(&self.files())
        );
        if let Some((scene, outcome)) = self.story() {
            let mistake = self.lesson.mistake(self.version, scene);
            main.push_str(&story(scene, outcome, &mistake));
        }
        main.push_str(&self.schedulers());
        let _ = writeln!(
            main,
            "<section class=\"main\">{}</section>",
            self.outcomes()
        );
        let name = escaped(&version.name);
        let head = "<script src=\"../page.js\" defer></script>\n";
        let head = format!("{head}<script src=\"{name}.js\" defer></script>\n");
        let body = format!("<main class=\"page\">\n{main}</main>\n");
        page(&self.name(), "../", &head, &body)
    }

    fn outcomes(&self) -> String {
        let mut html = "<h2>Outcomes</h2>\n".to_owned();
        for complaint in &self.complaints {
            let _ = writeln!(html, "<p class=\"bad-word\">✗ {}</p>", escaped(complaint));
        }
        for (scene, found) in &self.found {
            let _ = write!(
                html,
                "<h3>{}</h3>\n<p><small>{}</small></p>\n<table><thead><tr><th scope=\"col\">Outcome\
                 <th scope=\"col\">Grade<th scope=\"col\">Interleavings</tr></thead><tbody>\n",
                escaped(scene.name),
                escaped(found.verdict())
            );
            for outcome in &found.outcomes {
                let _ = writeln!(
                    html,
                    "<tr><th scope=\"row\">{}<br><small>{}</small></th><td>{}</td>\
                     <td class=\"number\">{}</td></tr>",
                    escaped(&outcome.outcome),
                    escaped(&outcome.meaning),
                    graded(outcome.grade),
                    outcome.different
                );
            }
            html.push_str("</tbody></table>\n");
        }
        html
    }

    fn schedulers(&self) -> String {
        let name = escaped(&self.version.name);
        let mut html = format!(
            "<section class=\"main play\"><h2>You are the scheduler</h2>\n<p>Choose which thread runs \
             next, with the buttons, or with the keys 1 to 9. The left arrow goes back. \
             Interleavings that differ only in the order of independent steps count as one.</p>\n\
             <p class=\"needs-script\"><noscript>This part needs scripts.</noscript></p>\n\
             <h3>{name}</h3>\n"
        );
        html.push_str(&self.scheduler(&name, &self.playable));
        if let Some((right, playable)) = &self.right {
            let name = escaped(&right.name);
            let _ = write!(
                html,
                "<h3>The same with the correct version {name}</h3>\n<p>Here no choice leads to \
                 the forbidden outcome. Try it.</p>\n{}",
                self.scheduler(&name, playable)
            );
        }
        html + "</section>\n"
    }

    fn scheduler(&self, name: &str, playable: &[Playable]) -> String {
        let is_large = |it: &&Scene| !playable.iter().any(|playable| playable.scene == it.name);
        let large = self.found.iter().map(|(scene, _)| *scene).filter(is_large);
        let large: Vec<String> = large
            .map(|scene| format!("“{}”", escaped(scene.name)))
            .collect();
        let note = match large.as_slice() {
            [] => String::new(),
            large => format!(
                "<p><small>Too many states for this page: {}.</small></p>\n",
                large.join(", ")
            ),
        };
        if playable.is_empty() {
            return note;
        }
        let scenes = playable.iter().map(|it| {
            let found = self.found.iter().find(|(scene, _)| scene.name == it.scene);
            let forbidden = found.iter().flat_map(|(_, found)| found.forbidden());
            let names: Vec<&str> = forbidden.map(|it| it.outcome.as_str()).collect();
            let mistake = self
                .version
                .mistake
                .filter(|mistake| mistake.scene == it.scene);
            let target = mistake.map(|it| it.outcome).filter(|it| names.contains(it));
            serde_json::json!({
                "name": it.scene, "graph": it.script, "forbidden": names,
                "target": target.or(names.first().copied()), "mistake": mistake.is_some(),
            })
        });
        let scenes = serde_json::Value::from(scenes.collect::<Vec<_>>());
        format!(
            "<section class=\"scheduler\" aria-label=\"Scheduler of {name}\" data-scenes=\"{}\"></section>\n{note}",
            escaped(scenes)
        )
    }
}

/// The story, step by step: whole without the script, which adds the controls.
fn story(scene: &Scene, outcome: &Outcome, mistake: &draw::Mistake<'_>) -> String {
    let told = &outcome.story;
    let mut html = String::new();
    let _ = write!(
        html,
        "<section class=\"main\" id=\"story\" data-outcome=\"{}: {}\">\n<h2>Story</h2>\n\
         <p>{}: {} in the scene “{}”: {}. {}, {}.</p>\n\
         <div class=\"controls\"></div>\n<p class=\"now\" role=\"status\"></p>\n\
         <div class=\"beside\"><table class=\"threads\" hidden></table>\
         <table class=\"shared\" hidden></table></div>\n",
        outcome.grade,
        escaped(&outcome.outcome),
        graded(outcome.grade),
        escaped(&outcome.outcome),
        escaped(scene.name),
        escaped(&outcome.meaning),
        count(told.steps.len() as u64, "step"),
        count(told.preemptions as u64, "preemption"),
    );
    let heads = told.threads.iter().chain(&told.watched).map(|name| {
        let name = escaped(name);
        format!("<th scope=\"col\">{name}</th>")
    });
    let _ = writeln!(
        html,
        "<div class=\"steps-box\" role=\"region\" tabindex=\"0\" aria-label=\"All steps\">\
         <table class=\"steps\"><thead><tr><th scope=\"col\">Step</th><th scope=\"col\">Line</th>\
         {}</tr></thead><tbody>",
        heads.collect::<String>()
    );
    let mut before = &told.initially;
    for (place, step) in told.steps.iter().enumerate() {
        html.push_str(&row(told, place, step, before));
        before = &step.state;
    }
    html.push_str("</tbody></table></div>\n");
    html.push_str("<dl>\n");
    for block in draw::mistake(outcome, mistake).blocks {
        if let Block::Labelled(label, lines) = block {
            let lines = lines.iter().map(|line| escaped(&line.text));
            let lines: Vec<String> = lines.collect();
            let _ = writeln!(html, "<dt>{label}<dd>{}", lines.join("<br>"));
        }
    }
    html + "</dl>\n</section>\n"
}

fn row(story: &Story, place: usize, step: &Step, before: &[String]) -> String {
    let is_decisive = story.decisive == Some(place);
    let file = step.file.rsplit('/').next().unwrap_or_default();
    let mark = if is_decisive {
        "<b class=\"decisive\" title=\"decisive step\">!</b> "
    } else {
        ""
    };
    let mut html = format!(
        "<tr><th scope=\"row\">{}</th><td class=\"place\">{mark}{}:{}</td>",
        place + 1,
        escaped(file),
        step.line
    );
    for thread in 0..story.threads.len() {
        let what = match step.kind {
            _ if thread != step.thread => String::new(),
            Kind::Narration => format!("<span class=\"says\">“{}”</span>", escaped(&step.what)),
            _ => escaped(&step.what),
        };
        let switch = step.switch.as_ref().filter(|_| thread == step.thread);
        let switch = switch.map_or_else(String::new, |it| {
            format!("<span class=\"switch\">↷ {}</span>", escaped(&it.why))
        });
        let _ = write!(html, "<td class=\"what\">{what}{switch}</td>");
    }
    for (value, before) in step.state.iter().zip(before) {
        let value = if value == before {
            String::new()
        } else {
            escaped(value)
        };
        let _ = write!(html, "<td class=\"what\">{value}</td>");
    }
    html + "</tr>\n"
}
