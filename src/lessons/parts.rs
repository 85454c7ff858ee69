//! The parts of a lesson.

use crate::explorer::Options;
use crate::explorer::report::{Budget, Judged, Memory};
use crate::sync::Arc;
use std::panic::Location;

/// One lesson: a story, its scenes, and the versions that answer them.
pub struct Lesson {
    /// The room's name on the command line and in the source: `ticket_office`.
    pub name: &'static str,
    /// One line.
    pub title: &'static str,
    /// A short story: what is promised and where the race is.
    pub story: &'static str,
    /// The seed tutorial's program on the subject, and what is wrong with it.
    pub seed: Seed,
    /// The memory model the lesson needs to show its mistakes.
    pub memory: Memory,
    /// Right versions first.
    pub versions: Vec<Version>,
    /// Which numbers of a [`Program`] its play heeds: `tickets`, `clerks`, ….
    pub heeds: &'static [&'static str],
}

/// The seed tutorial's program.
pub struct Seed {
    /// Which of its eight lessons; `None` where the lesson is ours alone.
    pub lesson: Option<u8>,
    /// Its faults, and the test that shows that ours does not have them.
    pub faults: &'static [Fault],
}

/// One fault of a seed program.
pub struct Fault {
    /// What is wrong.
    pub what: &'static str,
    /// The test that shows ours does not have it.
    pub shown_by: &'static str,
}

/// One implementation of a lesson.
pub struct Version {
    /// The type's name as the command line has it: `check-then-act`.
    pub name: String,
    /// What it does, in a line.
    pub about: &'static str,
    /// The scenes of the lesson, answered by this version.
    pub scenes: Vec<Scene>,
    /// Plays the lesson at full size, for real threads, and judges it.
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

    /// A wrong version, named for its type, and what gives it away.
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

    /// Whether it promises to keep the lesson's promises.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.mistake.is_none()
    }

    /// The scenes it is put through: a right version all of them, a wrong one
    /// those that are there to catch mistakes.
    pub fn explored(&self) -> impl Iterator<Item = &Scene> {
        let right = self.is_right();
        let shows = |scene: &Scene| self.mistake.is_some_and(|it| it.scene == scene.name);
        self.scenes
            .iter()
            .filter(move |scene| right || !scene.proof || shows(scene))
    }

    /// How an exploration puts it through the scene. If its mistake shows only in a scene
    /// that is there for proofs, and may be large, that is explored up to as many
    /// preemptions as the mistake needs.
    #[must_use]
    pub fn options(&self, scene: &Scene, memory: Memory) -> Options {
        let mistake = self.mistake.filter(|it| it.scene == scene.name);
        let mut options = scene.options(memory);
        options.preemptions = mistake.filter(|_| scene.proof).map(|it| it.preemptions);
        options
    }
}

/// What gives a wrong version away.
#[derive(Debug, Clone, Copy)]
pub struct Mistake {
    /// The scene in which it shows.
    pub scene: &'static str,
    /// The forbidden outcome it leads to.
    pub outcome: &'static str,
    /// How many preemptions the simplest story of it needs.
    pub preemptions: usize,
    /// The committed story of it, as `draw::story` draws it.
    pub story: &'static str,
}

/// One thing that happens, with actors by name.
pub struct Scene {
    /// `2 clerks, 1 ticket`
    pub name: &'static str,
    /// Plays it once and judges what it came to.
    pub run: Arc<dyn Fn() -> Judged + Send + Sync>,
    /// Outcomes that must be among those found, so that a version which does
    /// nothing does not pass.
    pub must_occur: &'static [&'static str],
    /// What its threads may do beside running in any order: at first, nothing.
    pub budget: Budget,
    /// It handles the panics of its threads: they are no outcomes by themselves.
    pub handles_panics: bool,
    /// A larger scene, there to prove right versions, not to catch wrong ones.
    pub proof: bool,
    /// Where it is written.
    pub(crate) written_at: &'static Location<'static>,
}

impl Scene {
    /// A scene that every version is put through.
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

    /// Threads may panic in it; whether that is as promised is for it to judge.
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

    /// Its threads may do that as well.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Only right versions are put through it: it is there to prove them.
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
    /// Clerks who sell them.
    pub clerks: usize,
    /// Bakers.
    pub bakers: usize,
    /// Customers.
    pub customers: usize,
    /// Breads that each baker bakes.
    pub breads: usize,
    /// How many items the queue holds at the most.
    pub capacity: usize,
    /// Producers.
    pub producers: usize,
    /// Consumers.
    pub consumers: usize,
    /// Items that each producer makes.
    pub items: usize,
}

impl Default for Program {
    /// The seed's numbers.
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
    let mut name = String::new();
    for letter in path.rsplit("::").next().unwrap_or(path).chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}
