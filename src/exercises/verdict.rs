//! The verdict on a submission.

use super::harness::Explored;
use crate::explorer::report::{Outcome, count};

/// The verdict on a submission.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Every scene is proved: one of them perhaps only up to a number of preemptions.
    Proved {
        /// The scenes that were explored.
        scenes: Vec<Proof>,
    },
    /// An interleaving ends in a forbidden outcome.
    Refused {
        /// The scene.
        scene: String,
        /// The outcome, with its simplest story.
        outcome: Box<Outcome>,
    },
    /// It breaks no promise, but does not do its job: an outcome that must occur does not, or
    /// it starts no thread.
    Vacuous {
        /// What is missing, and where.
        why: String,
    },
    /// It uses something that the model cannot see.
    Unseen {
        /// What it uses, and what to use instead.
        what: String,
        /// The line, from 1.
        line: usize,
    },
    /// It breaks a rule.
    RuleBroken {
        /// What stands there, and why it is refused.
        rule: String,
        /// The line, from 1.
        line: usize,
    },
    /// The compiler refuses it.
    DoesNotCompile {
        /// The compiler's messages.
        message: String,
        /// The line of the first error, from 1, if it is in the submission.
        line: Option<usize>,
    },
    /// It was stopped, or a loop was not explored to its end: nothing is proved.
    DoesNotEnd {
        /// What happened.
        why: String,
    },
    /// Its process ended before the exploration did.
    Crashed {
        /// What happened.
        why: String,
    },
}

/// A scene that is proved.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Its name.
    pub scene: String,
    /// How many different interleavings were explored.
    pub interleavings: u64,
    /// Up to how many preemptions it was explored, if that is bounded.
    pub preemptions: Option<usize>,
}

impl Verdict {
    /// The verdict on a submission all of whose scenes were explored, or all up to one that
    /// fails.
    pub(super) fn of(explored: &[Explored], must_start_threads: bool) -> Self {
        let cost = |outcome: &Outcome| outcome.story.cost();
        let forbidden = explored
            .iter()
            .filter_map(|it| Some((it, it.forbidden.as_ref()?)));
        if let Some((scene, outcome)) = forbidden.min_by_key(|(_, outcome)| cost(outcome)) {
            return Self::Refused {
                scene: scene.scene.clone(),
                outcome: Box::new(outcome.clone()),
            };
        }
        for Explored { scene, stopped, .. } in explored {
            let Some(stopped) = stopped else { continue };
            // It says why, unless the time was over.
            let why = match stopped.contains(" because ") {
                false => {
                    format!("{scene}: there was no time for all interleavings; stopped {stopped}")
                }
                true => format!("{scene}: stopped {stopped}"),
            };
            // What the explorer says of a stack or of memory.
            let is_crash = ["has overflowed its stack", "has allocated"];
            return match is_crash.iter().any(|it| stopped.contains(it)) {
                true => Self::Crashed { why },
                false => Self::DoesNotEnd { why },
            };
        }
        if let Some((scene, at)) = explored
            .iter()
            .find_map(|it| Some((it, it.bounded.first()?)))
        {
            let why = format!(
                "{}: the loop at {}:{} differs in each iteration, and only {} were explored. Let it \
                 wait without counting",
                scene.scene,
                at.file,
                at.line,
                count(at.iterations as u64, "iteration")
            );
            return Self::DoesNotEnd { why };
        }
        let missing = explored
            .iter()
            .find_map(|it| Some((it, it.missing.first()?)));
        if let Some((scene, missing)) = missing {
            let bound = scene.preemptions.map_or_else(String::new, |most| {
                format!(" with up to {}", count(most as u64, "preemption"))
            });
            let why = format!(
                "{}: `{missing}` must occur, and did not. No interleaving{bound} has this outcome, \
                 so the answer avoids what it should do: find the branch or the wait in your code \
                 that rules this outcome out",
                scene.scene
            );
            return Self::Vacuous { why };
        }
        if let Some(scene) = explored.iter().find(|it| it.outcomes == 0) {
            let why = format!("{}: there was no outcome at all", scene.scene);
            return Self::Vacuous { why };
        }
        if must_start_threads && explored.iter().all(|it| it.threads < 2) {
            let why = "it starts no thread, and so there is nothing to wait for".to_owned();
            return Self::Vacuous { why };
        }
        Self::Proved {
            scenes: explored
                .iter()
                .map(|it| Proof {
                    scene: it.scene.clone(),
                    interleavings: it.different,
                    preemptions: it.preemptions,
                })
                .collect(),
        }
    }

    /// Whether it is accepted.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        matches!(self, Self::Proved { .. })
    }

    /// Whether the answer was explored, and fails for an outcome that it has or lacks.
    #[must_use]
    pub fn is_about_outcomes(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Vacuous { .. })
    }

    /// One word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Proved { .. } => "proved",
            Self::Refused { .. } => "refused",
            Self::Vacuous { .. } => "vacuous",
            Self::Unseen { .. } => "unseen",
            Self::RuleBroken { .. } => "rule",
            Self::DoesNotCompile { .. } => "compile",
            Self::DoesNotEnd { .. } => "endless",
            Self::Crashed { .. } => "crashed",
        }
    }

    /// The verdict in a few words.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Proved { .. } => "proved",
            Self::Refused { .. } => "refused",
            Self::Vacuous { .. } => "vacuous",
            Self::Unseen { .. } => "uses what the model cannot see",
            Self::RuleBroken { .. } => "breaks a rule",
            Self::DoesNotCompile { .. } => "does not compile",
            Self::DoesNotEnd { .. } => "does not end in time",
            Self::Crashed { .. } => "crashed or ended itself",
        }
    }

    /// Why, in a line.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Proved { .. } => {
                let interleavings = self.interleavings().unwrap_or_default();
                let bound = self.preemptions().map_or_else(String::new, |most| {
                    format!("; one scene up to {}", count(most as u64, "preemption"))
                });
                format!("no interleaving breaks a promise ({interleavings} explored{bound})")
            }
            Self::Refused { scene, outcome } => {
                let preemptions = count(outcome.story.preemptions as u64, "preemption");
                let at_most = if outcome.story.minimal {
                    ""
                } else {
                    "at most "
                };
                format!(
                    "{} in scene `{scene}` ({at_most}{preemptions})",
                    outcome.outcome
                )
            }
            Self::Vacuous { why } | Self::DoesNotEnd { why } | Self::Crashed { why } => why.clone(),
            Self::Unseen { what, line } => format!("line {line}: {what}"),
            Self::RuleBroken { rule, line } => format!("line {line}: {rule}"),
            Self::DoesNotCompile { message, line } => {
                let first = message.lines().next().unwrap_or_default();
                match line {
                    Some(line) => format!("line {line}: {first}"),
                    None => first.to_owned(),
                }
            }
        }
    }

    /// How many different interleavings were explored, if it is proved.
    #[must_use]
    pub fn interleavings(&self) -> Option<u64> {
        match self {
            Self::Proved { scenes } => Some(scenes.iter().map(|it| it.interleavings).sum()),
            _ => None,
        }
    }

    /// Up to how many preemptions a scene was explored, if it is proved and a scene is bounded.
    /// At most one scene of a lesson is.
    #[must_use]
    pub fn preemptions(&self) -> Option<usize> {
        match self {
            Self::Proved { scenes } => scenes.iter().find_map(|it| it.preemptions),
            _ => None,
        }
    }

    /// The line that the verdict is about, from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Unseen { line, .. } | Self::RuleBroken { line, .. } => Some(*line),
            Self::DoesNotCompile { line, .. } => *line,
            _ => None,
        }
    }
}
