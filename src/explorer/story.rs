//! Tells an execution's events as a story.

use super::report::{Step, Story, Switch};
use crate::sync::model::runtime::{
    At, Event, Execution, Failure, Handover, Object, ObjectId, ThreadId, Waiting, What,
};

/// What makes one execution a worse story than another of the same outcome:
/// first stale reads, then preemptions, then length.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    stale_reads: usize,
    preemptions: usize,
    steps: usize,
}

impl Cost {
    pub(super) fn of(x: &Execution) -> Self {
        Self {
            stale_reads: x.stale_reads,
            preemptions: x.preemptions,
            steps: x.events.len(),
        }
    }
}

/// The story of an execution that has ended.
pub(super) fn tell(x: &Execution) -> Story {
    let watched: Vec<ObjectId> = (0..x.objects.len())
        .filter(|&id| x.objects[id].name.is_some() && x.objects[id].initially.is_some())
        .collect();
    let mut state: Vec<String> = watched
        .iter()
        .map(|&id| x.objects[id].initially.clone().unwrap_or_default())
        .collect();
    let teller = Teller { x };
    let order = x.in_order();
    let mut column = vec![0; order.len()];
    for (place, &id) in order.iter().enumerate() {
        column[id] = place;
    }
    let mut steps = Vec::new();
    for event in &x.events {
        if let Some((object, text)) = teller.change(event)
            && let Some(place) = watched.iter().position(|&id| id == object)
        {
            state[place] = text;
        }
        let (file, line) = match &event.what {
            What::Panic(panic) => (panic.file.clone(), panic.line),
            _ => (event.at.file().to_owned(), event.at.line()),
        };
        steps.push(Step {
            thread: column[event.thread],
            what: teller.what(event),
            narration: matches!(event.what, What::Narration(_)),
            file,
            line,
            state: state.clone(),
            switch: event
                .switch
                .as_ref()
                .map(|handover| teller.switch(handover)),
        });
    }
    Story {
        threads: order.iter().map(|&id| teller.thread(id)).collect(),
        watched: watched.iter().map(|&id| teller.object(id)).collect(),
        steps,
        epilogue: x
            .failure
            .as_ref()
            .map_or_else(Vec::new, |failure| teller.epilogue(failure)),
        preemptions: x.preemptions,
        stale_reads: x.stale_reads,
    }
}

struct Teller<'x> {
    x: &'x Execution,
}

impl Teller<'_> {
    fn thread(&self, id: ThreadId) -> String {
        match &self.x.threads[id].name {
            Some(name) => name.clone(),
            None if id == 0 => "main".to_owned(),
            None => format!("thread-{id}"),
        }
    }

    /// The object's name; objects of the same name, or none, are numbered.
    fn object(&self, id: ObjectId) -> String {
        let object = &self.x.objects[id];
        let same = |other: &&Object| other.name == object.name && other.kind == object.kind;
        let number = self.x.objects[..=id].iter().filter(same).count();
        let alike = self.x.objects.iter().filter(same).count();
        match object.name {
            Some(name) if alike == 1 => name.to_owned(),
            Some(name) => format!("{name} {number}"),
            None => format!("{} {number}", object.kind),
        }
    }

    /// What the column of shared state shows after the event, if it changes.
    fn change(&self, event: &Event) -> Option<(ObjectId, String)> {
        if let What::Atomic(operation) = &event.what {
            let object = event.object?;
            return Some((object, self.x.objects[object].value(operation.written?)));
        }
        event.shows.clone()
    }

    fn what(&self, event: &Event) -> String {
        let object = event.object.map_or_else(String::new, |id| self.object(id));
        match &event.what {
            What::Lock => format!("lock {object}"),
            What::TryLock { locked: true } => format!("try_lock {object} → locked"),
            What::TryLock { locked: false } => format!("try_lock {object} → held by another"),
            What::Unlock => format!("unlock {object}"),
            What::Blocks(waiting) => self.waits(waiting),
            What::Wait => format!("wait {object}"),
            What::Woken => format!("woken by {object}"),
            What::TimedOut => format!("wait {object} → timed out"),
            What::NotifyOne {
                woken: Some(thread),
            } => {
                format!("notify_one {object} → {}", self.thread(*thread))
            }
            What::NotifyOne { woken: None } => format!("notify_one {object} → nobody waits"),
            What::NotifyAll { woken: 0 } => format!("notify_all {object} → nobody waits"),
            What::NotifyAll { woken } => format!("notify_all {object} → {woken} woken"),
            What::Atomic(operation) => {
                let show = |value| self.x.objects[event.object.unwrap_or_default()].value(value);
                let stale = if operation.stale { " (stale)" } else { "" };
                match (operation.read, operation.written) {
                    (None, Some(new)) => format!("store {object} ← {}", show(new)),
                    (Some(old), None) if operation.name == "load" => {
                        format!("load {object} → {}{stale}", show(old))
                    }
                    (Some(old), Some(new)) => {
                        format!("{} {object}: {} → {}", operation.name, show(old), show(new))
                    }
                    (Some(old), None) => {
                        format!("{} {object} fails: it is {}", operation.name, show(old))
                    }
                    (None, None) => operation.name.to_owned(),
                }
            }
            What::Fence(ordering) => format!("fence {ordering:?}"),
            What::Read => format!("read {object}"),
            What::Write => format!("write {object}"),
            What::Spawn(thread) => format!("spawn {}", self.thread(*thread)),
            What::Join(thread) => format!("join {}", self.thread(*thread)),
            What::Narration(words) => words.clone(),
            What::Panic(panic) => format!("panics: {}", panic.message),
        }
    }

    fn waits(&self, waiting: &Waiting) -> String {
        match waiting {
            Waiting::Lock(lock) => format!("waits for `{}`", self.object(*lock)),
            Waiting::Notified {
                condvar,
                timed: false,
            } => {
                format!("sleeps on `{}`", self.object(*condvar))
            }
            Waiting::Notified {
                condvar,
                timed: true,
            } => {
                format!("sleeps on `{}`, with a timeout", self.object(*condvar))
            }
            Waiting::End(thread) => format!("waits for {} to end", self.thread(*thread)),
            Waiting::OffStage(_) => "has played its part".to_owned(),
            Waiting::Written(objects) if objects.is_empty() => "spins".to_owned(),
            Waiting::Written(objects) => {
                let names: Vec<String> = objects
                    .iter()
                    .map(|&id| format!("`{}`", self.object(id)))
                    .collect();
                format!("spins on {}", names.join(", "))
            }
        }
    }

    fn switch(&self, handover: &Handover) -> Switch {
        match handover {
            Handover::Preempted => Switch {
                preempted: true,
                why: "preempted".to_owned(),
            },
            Handover::Ended => Switch {
                preempted: false,
                why: "ended".to_owned(),
            },
            Handover::Waits(waiting, holder) => Switch {
                preempted: false,
                why: self.waits(waiting) + &self.held_by(*holder),
            },
        }
    }

    fn held_by(&self, holder: Option<(ThreadId, At)>) -> String {
        holder.map_or_else(String::new, |(thread, at)| {
            format!(", held by {} since line {}", self.thread(thread), at.line())
        })
    }

    fn epilogue(&self, failure: &Failure) -> Vec<String> {
        match failure {
            Failure::Stuck { waits, .. } => waits
                .iter()
                .map(|(thread, waiting, holder)| {
                    let nobody = match waiting {
                        Waiting::Notified { .. } => ": nobody is left to notify it",
                        Waiting::Written(_) => ": nobody is left to change that",
                        Waiting::Lock(_) | Waiting::End(_) | Waiting::OffStage(_) => "",
                    };
                    let waits = self.waits(waiting);
                    format!(
                        "{} {waits}{}{nobody}",
                        self.thread(*thread),
                        self.held_by(*holder)
                    )
                })
                .collect(),
            Failure::DataRace(race) => {
                let access = |access: &crate::sync::model::cell::Access| {
                    format!(
                        "{} {} {} at {}:{}",
                        self.thread(access.thread),
                        if access.writes { "writes" } else { "reads" },
                        self.object(race.cell),
                        access.at.file(),
                        access.at.line()
                    )
                };
                let mut lines = vec![
                    format!("{}, and", access(&race.first)),
                    format!("{}:", access(&race.second)),
                    "nothing makes the first happen before the second".to_owned(),
                ];
                lines.extend(self.missing_edge(race));
                lines
            }
            Failure::Panic { thread, panic } => vec![format!(
                "{} panics at {}:{}: {}",
                self.thread(*thread),
                panic.file,
                panic.line,
                panic.message
            )],
            Failure::Endless => vec!["no end is in sight".to_owned()],
            Failure::Misuse(what) => vec![(*what).to_owned()],
        }
    }

    /// What could have ordered the two accesses: between them the second thread
    /// read something that the first had written, but too weakly.
    fn missing_edge(&self, race: &crate::sync::model::cell::Race) -> Option<String> {
        use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
        let first = self.x.events.iter().position(|event| {
            event.thread == race.first.thread && std::ptr::eq(event.at, race.first.at)
        })?;
        let between = &self.x.events[first..race.events.min(self.x.events.len())];
        between.iter().find_map(|event| {
            let What::Atomic(operation) = &event.what else {
                return None;
            };
            let (from, stored) = operation.from?;
            if event.thread != race.second.thread || from != race.first.thread {
                return None;
            }
            let object = self.object(event.object?);
            let line = event.at.line();
            let reader = self.thread(event.thread);
            if matches!(stored, Relaxed | Acquire) {
                Some(format!(
                    "{reader} reads {object} at line {line}, but it was stored {stored:?}: only a store \
                     that releases publishes what was done before it"
                ))
            } else if matches!(operation.ordering, Relaxed | Release) {
                Some(format!(
                    "{reader} reads {object} at line {line}, but {:?}: only a load that acquires sees \
                     what was done before the store",
                    operation.ordering
                ))
            } else {
                None
            }
        })
    }
}
