//! `explore --html` and `explore --svg`: what was found as pages and as a picture.

use super::args::ExploreArgs;
use super::chosen::{Chosen, full_name};
use crate::draw;
use crate::explorer::report::{Exploration, Judged};
use crate::explorer::states::Graph;
use crate::explorer::{self, Options};
use crate::lessons::{Lesson, Mistake, Scene, Version};
use crate::page::{self, Folder, Page, Playable};
use crate::programs::Stop;
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// A scene with more states is not small; …
const MOST_STATES: usize = 4_000;
/// … that of a mistake may have more.
const MOST_STATES_OF_MISTAKE: usize = 16_000;

type Run = Arc<dyn Fn() -> Judged + Send + Sync>;

/// What was found, for the pages.
pub(super) struct Pages {
    folder: Option<Folder>,
    /// By the scenes' addresses.
    found: Option<Mutex<HashMap<usize, Exploration>>>,
}

fn key(run: &Run) -> usize {
    Arc::as_ptr(run).addr()
}

impl Pages {
    /// Opens the folder, so that a mistake in its name is told at once.
    pub(super) fn open(args: &ExploreArgs) -> Result<Self, Stop> {
        let is_model = explorer::CAN_EXPLORE;
        let folder = { args.html.as_deref() }
            .filter(|_| is_model)
            .map(Folder::open);
        let is_asked = args.html.is_some() || args.svg.is_some();
        Ok(Self {
            folder: folder.transpose().map_err(Stop::Usage)?,
            found: is_asked.then(Mutex::default),
        })
    }

    /// Keeps what was found of a scene, if a page or a picture is asked for.
    pub(super) fn keep(&self, run: &Run, found: &Exploration) {
        if let Some(all) = &self.found {
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(key(run), found.clone());
        }
    }

    pub(super) fn write(
        self,
        chosen: &[Chosen],
        args: &ExploreArgs,
        complaints: &[String],
        cancel: &Arc<AtomicBool>,
        out: &mut dyn Write,
    ) -> Result<(), Stop> {
        // ORDERING: the flag publishes nothing.
        let Some(found) = self.found.filter(|_| !cancel.load(Relaxed)) else {
            return Ok(());
        };
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut pages: Vec<Page> = chosen
            .iter()
            .map(|&(lesson, version)| {
                let name = full_name(lesson, version) + ": ";
                let explored = version.scenes.iter();
                let of_this = complaints.iter().filter_map(|it| it.strip_prefix(&name));
                Page {
                    lesson,
                    version,
                    found: explored
                        .filter_map(|scene| Some((scene, found.remove(&key(&scene.run))?)))
                        .collect(),
                    playable: Vec::new(),
                    right: None,
                    complaints: of_this.map(str::to_owned).collect(),
                }
            })
            .collect();
        if let Some(path) = &args.svg {
            picture(&pages, path)?;
        }
        let (Some(folder), Some(path)) = (self.folder, &args.html) else {
            return Ok(());
        };
        let cannot = |error: io::Error| cannot_write(path, &error);
        let mut written = HashMap::new();
        for page in &mut pages {
            let lesson = page.lesson;
            let mut states = |version: &Version, scene| {
                let script = script_of(version, scene);
                let is_new = !written.contains_key(&(lesson.name, script.clone()));
                if is_new && !cancel.load(Relaxed) {
                    let playable = match small(lesson, version, scene, args, cancel)? {
                        Some(graph) => Some(page::write_states(
                            &folder,
                            lesson,
                            script.clone(),
                            scene.name,
                            &graph,
                        )?),
                        None => None,
                    };
                    written.insert((lesson.name, script.clone()), playable);
                }
                Ok(written.get(&(lesson.name, script)).cloned().flatten())
            };
            let right = lesson.versions.iter().find(|it| it.is_right());
            let right = right.filter(|_| !page.version.is_right());
            let mut of_right: Vec<Playable> = Vec::new();
            for &(scene, _) in &page.found {
                page.playable
                    .extend(states(page.version, scene).map_err(cannot)?);
                let same = right.map(|it| (it, it.scenes.iter().find(|it| it.name == scene.name)));
                if let Some((right, Some(scene))) = same {
                    of_right.extend(states(right, scene).map_err(cannot)?);
                }
            }
            page.right = right.map(|right| (right, of_right));
        }
        if cancel.load(Relaxed) {
            return Ok(());
        }
        page::write(&folder, &pages).map_err(cannot)?;
        if !args.json {
            writeln!(out, "wrote {}", path.join("index.html").display())?;
        }
        Ok(())
    }
}

/// The name of a script: of that version, and its scene's number.
fn script_of(version: &Version, scene: &Scene) -> String {
    let mut scenes = version.scenes.iter();
    let number = scenes.position(|it| it.name == scene.name).unwrap_or(0);
    format!("{}.scene-{}", version.name, number + 1)
}

/// All states of the scene, if there are few.
fn small(
    lesson: &Lesson,
    version: &Version,
    scene: &Scene,
    args: &ExploreArgs,
    cancel: &Arc<AtomicBool>,
) -> io::Result<Option<Graph>> {
    let options = Options {
        budget: args.budget_for(scene),
        cancel: Some(Arc::clone(cancel)),
        ..version.options(scene, args.memory_for(lesson))
    };
    let is_its = |it: &Mistake| it.scene == scene.name;
    let mut mistakes = lesson.versions.iter().filter_map(|it| it.mistake.as_ref());
    let matters = version.mistake.as_ref().is_none_or(is_its) && mistakes.any(is_its);
    let most = if matters {
        MOST_STATES_OF_MISTAKE
    } else {
        MOST_STATES
    };
    let graph = explorer::graph(options, most, Arc::clone(&scene.run));
    Ok(graph.ok().filter(|graph| graph.is_whole))
}

/// The story as a picture.
fn picture(pages: &[Page], path: &Path) -> Result<(), Stop> {
    let [page] = pages else {
        let what = "--svg takes one version: LESSON/VERSION";
        return Err(Stop::usage(what));
    };
    let Some((scene, outcome)) = page.story() else {
        let name = full_name(page.lesson, page.version);
        return Err(Stop::usage(format!(
            "{name} has no forbidden outcome, so it has no story"
        )));
    };
    let svg = draw::picture(outcome, &page.lesson.mistake(page.version, scene));
    fs::write(path, svg).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &io::Error) -> Stop {
    Stop::System(format!("cannot write {}: {error}", path.display()))
}
