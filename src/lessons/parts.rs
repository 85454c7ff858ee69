//! The parts of a lesson.

use crate::draw;
use crate::explorer::Options;
use crate::explorer::report::{Budget, Judged, Memory};
use std::panic::Location;
use std::sync::Arc;

/// One lesson: a story, its scenes, and the versions that answer them.
pub struct Lesson {
    /// The room's name on the command line and in the source: `ticket_office`.
    pub name: &'static str,
    /// One line.
    pub title: &'static str,
    /// A short story: what is promised and where the race is.
    pub story: &'static str,
    /// The program of the tutorial on the subject, and its faults.
    pub tutorial: Tutorial,
    /// The source of its wrong versions, `wrong.rs`.
    pub wrong: &'static str,
    /// The memory model the lesson needs to show its mistakes.
    pub memory: Memory,
    /// Right versions first.
    pub versions: Vec<Version>,
    /// Which numbers of a [`Program`] it uses when it is played: `tickets`, `clerks`, ….
    pub heeds: &'static [&'static str],
}

impl Lesson {
    /// What a wrong version does wrong in that scene, as a story tells it.
    #[must_use]
    pub fn mistake<'a>(&'a self, version: &'a Version, scene: &'a Scene) -> draw::Mistake<'a> {
        let lines = self.lines(version).into_iter().map(|(line, source)| {
            let file = format!("src/lessons/{}/wrong.rs", self.name);
            draw::SourceLine { file, line, source }
        });
        draw::Mistake {
            what: version.about,
            lines: lines.collect(),
            must_occur: scene.must_occur,
        }
    }

    /// The lines of the version's mistake in `wrong.rs`, from 1. Each is the first with its
    /// text after the one before, and after the definition of the version's type; or else
    /// the first in the file, which is part of another version.
    fn lines(&self, version: &Version) -> Vec<(u32, &str)> {
        let all: Vec<(u32, &str)> = (1..).zip(self.wrong.lines().map(str::trim)).collect();
        let is_type = |&(_, line): &(u32, &str)| {
            let name = line.strip_prefix("pub struct ");
            let name = name.and_then(|name| name.split(|it: char| !it.is_alphanumeric()).next());
            name.is_some_and(|name| kebab(name) == version.name)
        };
        let mut from = all.iter().position(is_type).unwrap_or(0);
        let line = |text: &&str| {
            let is_it = |(_, line): &(u32, &str)| line.contains(text);
            let place = all[from..].iter().position(is_it).map(|place| from + place);
            from = place.map_or(from, |place| place + 1);
            let place = place.or_else(|| all.iter().position(is_it));
            place.map(|place| all[place])
        };
        let texts = version.mistake.map_or(&[][..], |mistake| mistake.lines);
        texts.iter().filter_map(line).collect()
    }
}

/// The tutorial's program.
pub struct Tutorial {
    /// Which of its eight lessons. `None`: the tutorial has no such lesson.
    pub lesson: Option<u8>,
    /// Its faults, each with a test that shows that our program does not have it.
    pub faults: &'static [Fault],
}

/// One fault of a tutorial's program.
pub struct Fault {
    /// What is wrong.
    pub what: &'static str,
    /// The test that shows that our program does not have it.
    pub shown_by: &'static str,
}

/// One implementation of a lesson.
pub struct Version {
    /// The name of its type, as on the command line: `check-then-act`.
    pub name: String,
    /// What it does, in a line.
    pub about: &'static str,
    /// The scenes of the lesson, with this version.
    pub scenes: Vec<Scene>,
    /// Plays the lesson at full size, with real threads, and judges the outcome.
    pub play: fn(&Program) -> Judged,
    /// How it goes wrong; `None` for a right version.
    pub mistake: Option<Mistake>,
}

impl Version {
    /// A right version, named for its type.
    #[must_use]
    pub fn right<T>(about: &'static str, scenes: Vec<Scene>, play: fn(&Program) -> Judged) -> Self {
        Self {
            name: name_of::<T>(),
            about,
            scenes,
            play,
            mistake: None,
        }
    }

    /// A wrong version, named for its type, and how its mistake shows.
    #[must_use]
    pub fn wrong<T>(
        about: &'static str,
        scenes: Vec<Scene>,
        play: fn(&Program) -> Judged,
        mistake: Mistake,
    ) -> Self {
        Self {
            name: name_of::<T>(),
            about,
            scenes,
            play,
            mistake: Some(mistake),
        }
    }

    /// Whether it is a right version.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.mistake.is_none()
    }

    /// The scenes to explore: all of them for a right version, and for a wrong version those
    /// that catch mistakes.
    pub fn explored(&self) -> impl Iterator<Item = &Scene> {
        let right = self.is_right();
        let shows = |scene: &Scene| self.mistake.is_some_and(|it| it.scene == scene.name);
        self.scenes
            .iter()
            .filter(move |scene| right || !scene.proof || shows(scene))
    }

    /// How to explore the scene with this version. A scene for proofs may be large: if the
    /// mistake of a wrong version shows only there, the scene is explored up to the preemptions
    /// that the mistake needs.
    #[must_use]
    pub fn options(&self, scene: &Scene, memory: Memory) -> Options {
        let mistake = self.mistake.filter(|it| it.scene == scene.name);
        let mut options = scene.options(memory);
        options.preemptions = mistake.filter(|_| scene.proof).map(|it| it.preemptions);
        options
    }
}

/// How the mistake of a wrong version shows.
#[derive(Debug, Clone, Copy)]
pub struct Mistake {
    /// The scene that shows it.
    pub scene: &'static str,
    /// The forbidden outcome it leads to.
    pub outcome: &'static str,
    /// The preemptions that its simplest story needs.
    pub preemptions: usize,
    /// Its lines in `wrong.rs`, in order: part of each.
    pub lines: &'static [&'static str],
    /// Its committed story, as `draw::story` draws it.
    pub story: &'static str,
}

/// A small program with named threads.
pub struct Scene {
    /// `2 clerks, 1 ticket`
    pub name: &'static str,
    /// Runs it once and judges the outcome.
    pub run: Arc<dyn Fn() -> Judged + Send + Sync>,
    /// Outcomes that must be found, so that a version that does nothing does not pass.
    pub must_occur: &'static [&'static str],
    /// What its threads may do in addition to running in any order: nothing by default.
    pub budget: Budget,
    /// It handles the panics of its threads: a panic is not an outcome.
    pub handles_panics: bool,
    /// It is a larger scene that proves right versions, and does not catch wrong ones.
    pub proof: bool,
    /// Where it is in the source.
    pub(crate) written_at: &'static Location<'static>,
}

impl Scene {
    /// A scene for every version.
    #[inline]
    #[track_caller]
    pub fn new(name: &'static str, run: impl Fn() -> Judged + Send + Sync + 'static) -> Self {
        Self {
            name,
            run: Arc::new(run),
            must_occur: &[],
            budget: Budget::NONE,
            handles_panics: false,
            proof: false,
            written_at: Location::caller(),
        }
    }

    /// Outcomes that must be found.
    #[must_use]
    pub fn must_occur(mut self, outcomes: &'static [&'static str]) -> Self {
        self.must_occur = outcomes;
        self
    }

    /// Its threads may panic. The scene judges whether that is as promised.
    #[must_use]
    pub fn handles_panics(mut self) -> Self {
        self.handles_panics = true;
        self
    }

    /// How an exploration runs the scene.
    #[must_use]
    pub fn options(&self, memory: Memory) -> Options {
        let mut options = Options::new(memory);
        options.budget = self.budget;
        options.panics_are_handled = self.handles_panics;
        options.written_at = Some(self.written_at);
        options
    }

    /// What its threads may do in addition to running in any order.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// It proves right versions. Wrong versions are not explored in it.
    #[must_use]
    pub fn proof(mut self) -> Self {
        self.proof = true;
        self
    }
}

/// The numbers a lesson is played with.
#[derive(Debug, Clone)]
pub struct Program {
    /// Tickets to sell.
    pub tickets: usize,
    /// Clerks.
    pub clerks: usize,
    /// Bakers.
    pub bakers: usize,
    /// Customers.
    pub customers: usize,
    /// Breads that each baker bakes.
    pub breads: usize,
    /// The capacity of the queue.
    pub capacity: usize,
    /// Producers.
    pub producers: usize,
    /// Consumers.
    pub consumers: usize,
    /// Items that each producer makes.
    pub items: usize,
}

impl Default for Program {
    /// The tutorial's numbers.
    fn default() -> Self {
        Self {
            tickets: 20,
            clerks: 2,
            bakers: 2,
            customers: 2,
            breads: 10,
            capacity: 5,
            producers: 2,
            consumers: 2,
            items: 10,
        }
    }
}

/// `CheckThenAct` as the command line has it: `check-then-act`.
fn name_of<T>() -> String {
    let path = std::any::type_name::<T>();
    let path = path.split('<').next().unwrap_or(path);
    kebab(path.rsplit("::").next().unwrap_or(path))
}

fn kebab(ident: &str) -> String {
    let mut name = String::new();
    for letter in ident.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}
