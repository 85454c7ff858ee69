//! Tells an execution's events as a story.

use super::order::{self, Gate, Handover, Order, Script};
use super::report::{Step, Story, Switch};
use crate::sync::model::cell::{Access, Race};
use crate::sync::model::events::{Event, Failure, What};
use crate::sync::model::objects::Object;
use crate::sync::model::runtime::{At, Execution, ObjectId, ThreadId, Waiting};
use std::collections::HashMap;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

/// What makes one story worse than another of the same outcome: first stale
/// reads, then preemptions, then length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    pub(super) stale_reads: usize,
    pub(super) preemptions: usize,
    steps: usize,
}

/// What it takes to tell the execution's simplest story, if that is better than
/// `known`. The steps are put in the order that needs the fewest preemptions.
pub(super) fn better_than(
    known: Option<Cost>,
    x: &Execution,
    places: &mut usize,
) -> Option<(Cost, Draft)> {
    let script = script(x);
    // Of two with as many stale reads and preemptions the shorter is the better.
    let fewer_than = match known {
        Some(known) if x.events.len() < known.steps => (known.stale_reads, known.preemptions + 1),
        Some(known) => (known.stale_reads, known.preemptions),
        None => (usize::MAX, usize::MAX),
    };
    let order = order::fewest_preemptions(&script, fewer_than, places)?;
    let cost = Cost {
        stale_reads: order.stale_reads,
        preemptions: order.preemptions,
        steps: order.steps.len(),
    };
    known
        .is_none_or(|known| cost < known)
        .then_some((cost, Draft { script, order }))
}

/// A story to be told.
pub(super) struct Draft {
    script: Script,
    order: Order,
}

/// The story in the order in which it was run: for an execution that has too
/// many orders to look at.
pub(super) fn as_it_ran(x: &Execution) -> (Cost, Story) {
    let script = script(x);
    let steps: Vec<usize> =
        (0..script.decisive.map_or(script.steps.len(), |step| step + 1)).collect();
    let preempted = |handover: &Option<Handover>| *handover == Some(Handover::Preempted);
    let preemptions = order::handovers(&script, &steps)
        .iter()
        .filter(|h| preempted(h))
        .count();
    let order = Order {
        stale_reads: order::stale_reads(&script, &steps).len(),
        preemptions,
        steps,
    };
    let cost = Cost {
        stale_reads: order.stale_reads,
        preemptions,
        steps: order.steps.len(),
    };
    (cost, tell(x, &Draft { script, order }))
}

/// The story of an execution, in the order of the draft.
pub(super) fn tell(x: &Execution, draft: &Draft) -> Story {
    let Draft { script, order } = draft;
    let watched: Vec<ObjectId> = (0..x.objects.len())
        .filter(|&id| x.objects[id].name.is_some() && x.objects[id].initially.is_some())
        .collect();
    let mut state: Vec<String> = watched
        .iter()
        .map(|&id| x.objects[id].initially.clone().unwrap_or_default())
        .collect();
    let teller = Teller { x };
    let columns = x.in_order();
    let mut column = vec![0; columns.len()];
    for (place, &id) in columns.iter().enumerate() {
        column[id] = place;
    }
    let mut steps = Vec::new();
    let handovers = order::handovers(script, &order.steps);
    let stale = order::stale_reads(script, &order.steps);
    for (&id, handover) in order.steps.iter().zip(handovers) {
        let event = &x.events[id];
        if script.steps[id].off_stage {
            continue;
        }
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
            what: teller.what(event, stale.contains(&id)),
            narration: matches!(event.what, What::Narration(_)),
            file,
            line,
            state: state.clone(),
            switch: handover.map(|handover| teller.switch(&handover, id)),
        });
    }
    Story {
        threads: columns.iter().map(|&id| teller.thread(id)).collect(),
        watched: watched.iter().map(|&id| teller.object(id)).collect(),
        steps,
        epilogue: x
            .failure
            .as_ref()
            .map_or_else(Vec::new, |failure| teller.epilogue(failure)),
        preemptions: order.preemptions,
        stale_reads: order.stale_reads,
    }
}

/// What bears on the order of the execution's events.
fn script(x: &Execution) -> Script {
    let mut steps: Vec<order::Step> = Vec::new();
    let mut spins: HashMap<ThreadId, Gate> = HashMap::new();
    let mut begun = vec![false; x.threads.len()];
    // Threads are things too: to begin one is to change it.
    let thing = |thread: ThreadId| x.objects.len() + thread;
    // So is the order among `SeqCst` operations.
    let fences = thing(x.threads.len());
    // And each message of a channel.
    let mut messages = HashMap::new();
    let mut message = |channel: ObjectId, place: u64| {
        let next = fences + 1 + messages.len();
        *messages.entry((channel, place)).or_insert(next)
    };
    let mut sent: HashMap<(ObjectId, u64), usize> = HashMap::new();
    let mut stored: HashMap<(ObjectId, usize), usize> = HashMap::new();
    let mut stores: HashMap<ObjectId, usize> = HashMap::new();
    for (id, event) in happened(x).iter().enumerate() {
        let mut touches = Vec::new();
        let mut gate = spins.remove(&event.thread).unwrap_or(Gate::Open);
        let mut locks = None;
        let mut looks = None;
        let object = event.object.unwrap_or_default();
        if !std::mem::replace(&mut begun[event.thread], true) {
            touches.push((thing(event.thread), false));
        }
        match &event.what {
            What::Lock { .. } => {
                gate = Gate::Free(object);
                locks = Some((object, true));
                touches.push((object, true));
            }
            What::TryLock { locked, .. } => {
                locks = locked.then_some((object, true));
                touches.push((object, *locked));
            }
            What::IsPoisoned(_) => touches.push((object, false)),
            What::Unlock { .. } => {
                locks = Some((object, false));
                touches.push((object, true));
            }
            What::Wait { mutex } => {
                locks = Some((*mutex, false));
                touches.extend([(object, true), (*mutex, true)]);
            }
            What::Woken => gate = notification(x, id, object).map_or(Gate::Open, Gate::After),
            What::Park => {
                gate = unpark(x, id, object).map_or(Gate::Open, Gate::After);
                touches.push((object, true));
            }
            What::Unpark(_) => touches.push((object, true)),
            What::WokenSpuriously | What::TimedOut { early: true } => {
                gate = Gate::Chance;
                touches.push((object, true));
            }
            What::TimedOut { early: false } => {
                gate = Gate::AfterAll;
                touches.push((object, true));
            }
            What::Send { place, is_sent } => {
                // The channel itself: who sends, and whether anybody receives.
                touches.push((object, *is_sent));
                touches.push((message(object, *place), true));
                sent.extend(is_sent.then_some(((object, *place), id)));
            }
            What::HangUp { place } => {
                touches.push((object, true));
                if let Some(place) = *place {
                    touches.push((message(object, place), true));
                    sent.insert((object, place), id);
                }
            }
            What::Receive { place, .. } => {
                let send = sent.get(&(object, *place));
                gate = send.map_or(Gate::Open, |&send| Gate::After(send));
                touches.push((message(object, *place), true));
            }
            What::IsEmpty { place } => touches.push((message(object, *place), false)),
            What::Leave => touches.push((object, true)),
            What::NotifyOne { .. } | What::NotifyAll { .. } => touches.push((object, true)),
            What::Atomic(operation) => {
                let store = operation
                    .from
                    .and_then(|from| stored.get(&(object, from.store)));
                if x.settings.c11 && operation.read.is_some() && operation.written.is_none() {
                    looks = Some((object, store.copied()));
                }
                // Only a load that is not `SeqCst` may as well come before a newer store.
                if looks.is_none() || operation.name != "load" || operation.ordering == SeqCst {
                    touches.push((object, operation.written.is_some()));
                }
                if operation.ordering == SeqCst {
                    touches.push((fences, false));
                }
                if operation.written.is_some() {
                    let store = stores.entry(object).or_insert(0);
                    *store += 1;
                    stored.insert((object, *store), id);
                }
            }
            What::Read | What::Write => {
                touches.push((object, matches!(event.what, What::Write)));
            }
            What::Fence(ordering) => {
                touches.extend((*ordering == SeqCst).then_some((fences, true)));
            }
            What::Spawn(thread) | What::Begins(thread) => touches.push((thing(*thread), true)),
            What::Join(thread) | What::Ends(thread) => gate = Gate::Ended(*thread),
            What::Spins(objects) => {
                spins.insert(event.thread, Gate::Changed(objects.clone(), id));
            }
            What::Narration(_) | What::Panic(_) | What::Dies => {}
        }
        steps.push(order::Step {
            thread: event.thread,
            touches,
            locks,
            gate,
            looks,
            off_stage: matches!(event.what, What::Begins(_) | What::Ends(_)),
        });
    }
    let stuck = match &x.failure {
        Some(Failure::Stuck { waits, .. }) => waits
            .iter()
            .map(|wait| {
                let gate = match &wait.waiting {
                    Waiting::Lock(lock) => Gate::Free(*lock),
                    Waiting::End(other) => Gate::Ended(*other),
                    Waiting::Written(_) => spins.remove(&wait.thread).unwrap_or(Gate::Never),
                    Waiting::Notified { .. }
                    | Waiting::Token { .. }
                    | Waiting::Message { .. }
                    | Waiting::OffStage(_) => Gate::Never,
                };
                (wait.thread, gate)
            })
            .collect(),
        _ => HashMap::new(),
    };
    let decisive = matches!(
        x.failure,
        Some(Failure::Panic { .. } | Failure::DataRace(_))
    )
    .then(|| x.failed_after.saturating_sub(1));
    Script {
        steps,
        stuck,
        decisive,
    }
}

/// Who is stuck does nothing more; what is noted later is the tear-down.
fn happened(x: &Execution) -> &[Event] {
    match &x.failure {
        Some(Failure::Stuck { .. }) => &x.events[..x.failed_after],
        _ => &x.events,
    }
}

/// The event that woke the waiting thread.
fn notification(x: &Execution, woken: usize, condvar: ObjectId) -> Option<usize> {
    let waiter = x.events[woken].thread;
    (0..woken).rev().find(|&id| {
        let event = &x.events[id];
        event.object == Some(condvar)
            && match &event.what {
                What::NotifyOne { woken } => *woken == Some(waiter),
                What::NotifyAll { woken } => woken.contains(&waiter),
                _ => false,
            }
    })
}

/// The event that made the token available which the thread takes.
fn unpark(x: &Execution, parked: usize, parker: ObjectId) -> Option<usize> {
    let of_parker = |&id: &usize| x.events[id].object == Some(parker);
    let mut since = (0..parked).rev().filter(of_parker);
    let unparks = |&id: &usize| matches!(x.events[id].what, What::Unpark(_));
    let last = since.next().filter(unparks)?;
    // Who comes to a token that is there already adds nothing.
    Some(since.take_while(unparks).last().unwrap_or(last))
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

    fn is_of(&self, event: &Event, kind: &str) -> bool {
        event
            .object
            .is_some_and(|id| self.x.objects[id].kind == kind)
    }

    /// What the column of shared state shows after the event, if it changes.
    fn change(&self, event: &Event) -> Option<(ObjectId, String)> {
        if let What::Atomic(operation) = &event.what {
            let object = event.object?;
            return Some((object, self.x.objects[object].value(operation.written?)));
        }
        event.shows.clone()
    }

    fn what(&self, event: &Event, is_stale: bool) -> String {
        let object = event.object.map_or_else(String::new, |id| self.object(id));
        match &event.what {
            What::Lock { poisoned: false } => format!("lock {object}"),
            What::Lock { poisoned: true } => format!("lock {object} → poisoned"),
            What::TryLock {
                locked: true,
                poisoned: false,
            } => format!("try_lock {object} → locked"),
            What::TryLock {
                locked: true,
                poisoned: true,
            } => format!("try_lock {object} → poisoned"),
            What::TryLock { locked: false, .. } => format!("try_lock {object} → held by another"),
            What::IsPoisoned(true) => format!("{object} is poisoned"),
            What::IsPoisoned(false) => format!("{object} is not poisoned"),
            What::Unlock { poisons: false } => format!("unlock {object}"),
            What::Unlock { poisons: true } => format!("unlock {object}: poisoned"),
            What::Spins(objects) => self.waits(&Waiting::Written(objects.clone())),
            What::Wait { .. } => format!("wait {object}"),
            What::Woken => format!("woken by {object}"),
            What::WokenSpuriously if self.is_of(event, "parker") => {
                "park → woken by nobody".to_owned()
            }
            What::WokenSpuriously => format!("wait {object} → woken by nobody"),
            What::TimedOut { .. } if self.is_of(event, "parker") => "park → timed out".to_owned(),
            What::TimedOut { early } if self.is_of(event, "channel") => {
                let early = if *early { " early" } else { "" };
                format!("receive `{object}` → timed out{early}")
            }
            What::TimedOut { early: true } => format!("wait {object} → timed out early"),
            What::TimedOut { early: false } => format!("wait {object} → timed out"),
            What::Park => "park → unparked".to_owned(),
            What::Unpark(thread) => format!("unpark {}", self.thread(*thread)),
            What::Send { is_sent: true, .. } => format!("send `{object}`"),
            What::Send { is_sent: false, .. } => format!("send `{object}` → nobody listens"),
            What::Receive { is_there: true, .. } => format!("receive `{object}`"),
            What::Receive {
                is_there: false, ..
            } => format!("receive `{object}` → hung up"),
            What::IsEmpty { .. } => format!("receive `{object}` → empty"),
            What::HangUp { place: Some(_) } => format!("hang up `{object}`"),
            What::HangUp { place: None } => format!("hang up `{object}`, where others go on"),
            What::Leave => format!("leave `{object}`"),
            What::Dies => "dies".to_owned(),
            What::NotifyOne {
                woken: Some(thread),
            } => {
                format!("notify_one {object} → {}", self.thread(*thread))
            }
            What::NotifyOne { woken: None } => format!("notify_one {object} → nobody waits"),
            What::NotifyAll { woken } if woken.is_empty() => {
                format!("notify_all {object} → nobody waits")
            }
            What::NotifyAll { woken } => {
                let names: Vec<String> = woken.iter().map(|&id| self.thread(id)).collect();
                format!("notify_all {object} → {}", names.join(", "))
            }
            What::Atomic(operation) => {
                let show = |value| self.x.objects[event.object.unwrap_or_default()].value(value);
                let stale = if is_stale { " (stale)" } else { "" };
                match (operation.read, operation.written) {
                    (None, Some(new)) => format!("store {object} ← {}", show(new)),
                    (Some(old), None) if operation.name == "load" => {
                        format!("load {object} → {}{stale}", show(old))
                    }
                    (Some(old), Some(new)) => {
                        format!("{} {object}: {} → {}", operation.name, show(old), show(new))
                    }
                    (Some(old), None) => {
                        format!(
                            "{} {object} fails: it is {}{stale}",
                            operation.name,
                            show(old)
                        )
                    }
                    (None, None) => operation.name.to_owned(),
                }
            }
            What::Fence(ordering) => format!("fence {ordering:?}"),
            What::Read => format!("read {object}"),
            What::Write => format!("write {object}"),
            What::Spawn(thread) => format!("spawn {}", self.thread(*thread)),
            What::Join(thread) => format!("join {}", self.thread(*thread)),
            What::Begins(thread) => format!("{} begins", self.thread(*thread)),
            What::Ends(thread) => format!("{} has ended", self.thread(*thread)),
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
                ..
            } => {
                format!("sleeps on `{}`", self.object(*condvar))
            }
            Waiting::Notified {
                condvar,
                timed: true,
                ..
            } => {
                format!("sleeps on `{}`, with a timeout", self.object(*condvar))
            }
            Waiting::Message { channel, timed } => {
                let timed = if *timed { ", with a timeout" } else { "" };
                format!("waits for a message on `{}`{timed}", self.object(*channel))
            }
            Waiting::Token { timed: false, .. } => "is parked".to_owned(),
            Waiting::Token { timed: true, .. } => "is parked, with a timeout".to_owned(),
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

    /// Why the processor changed hands after the event.
    fn switch(&self, handover: &Handover, id: usize) -> Switch {
        let why = match handover {
            Handover::Preempted => "preempted".to_owned(),
            Handover::Ended => "ended".to_owned(),
            Handover::Waits(gate, holder) => {
                let waiting = match gate {
                    Gate::Free(lock) => Waiting::Lock(*lock),
                    Gate::Ended(thread) => Waiting::End(*thread),
                    Gate::Changed(objects, _) => Waiting::Written(objects.clone()),
                    Gate::Open | Gate::Chance | Gate::After(_) | Gate::AfterAll | Gate::Never => {
                        self.waits_after(id)
                    }
                };
                let holder =
                    holder.map(|step| (self.x.events[step].thread, self.x.events[step].at));
                self.waits(&waiting) + &self.held_by(holder)
            }
        };
        Switch {
            preempted: *handover == Handover::Preempted,
            why,
        }
    }

    /// What the thread of that event waits for after it.
    fn waits_after(&self, id: usize) -> Waiting {
        let thread = self.x.events[id].thread;
        let mut later = happened(self.x)[id + 1..].iter();
        let next = later.find(|event| event.thread == thread);
        let object = next.and_then(|next| next.object).unwrap_or_default();
        let timed = next.is_some_and(|next| matches!(next.what, What::TimedOut { .. }));
        let waits = match &self.x.failure {
            Some(Failure::Stuck { waits, .. }) => &waits[..],
            _ => &[],
        };
        let stuck = waits.iter().find(|wait| wait.thread == thread);
        match (self.x.objects.get(object).map(|object| object.kind), stuck) {
            (_, Some(stuck)) if next.is_none() => stuck.waiting.clone(),
            (Some("parker"), _) => Waiting::Token {
                parker: object,
                timed,
            },
            (Some("channel"), _) => Waiting::Message {
                channel: object,
                timed,
            },
            _ => Waiting::Notified {
                condvar: object,
                mutex: ObjectId::default(),
                timed,
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
                .map(|wait| {
                    let nobody = match wait.waiting {
                        Waiting::Notified { .. } => ": nobody is left to notify it",
                        Waiting::Token { .. } => ": nobody is left to unpark it",
                        Waiting::Message { .. } => ": nobody is left to send one",
                        Waiting::Written(_) => ": nobody is left to change that",
                        Waiting::Lock(_) | Waiting::End(_) | Waiting::OffStage(_) => "",
                    };
                    let waits = self.waits(&wait.waiting);
                    format!(
                        "{} {waits}{}{nobody}",
                        self.thread(wait.thread),
                        self.held_by(wait.holder)
                    )
                })
                .collect(),
            Failure::DataRace(race) => {
                let access = |access: &Access| {
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

    /// What could have ordered the two accesses: before the second, its thread
    /// read something that the first's thread had written after the first, but
    /// one of the two was too weak. The latest such is the one meant for it.
    fn missing_edge(&self, race: &Race) -> Option<String> {
        let before = &self.x.events[..self.x.failed_after];
        before.iter().rev().find_map(|event| {
            let What::Atomic(operation) = &event.what else {
                return None;
            };
            let from = operation.from?;
            let later = from.by == race.first.thread && from.time >= race.first.time;
            if event.thread != race.second.thread || !later {
                return None;
            }
            let what = format!(
                "{} reads {} at line {}",
                self.thread(event.thread),
                self.object(event.object?),
                event.at.line()
            );
            match (from.ordering, operation.ordering) {
                (Relaxed | Acquire, _) => Some(format!(
                    "{what}, but it was stored {:?}: only a store that releases publishes what \
                     was done before it",
                    from.ordering
                )),
                (_, Relaxed | Release) => Some(format!(
                    "{what}, but {:?}: only a load that acquires sees what was done before the \
                     store",
                    operation.ordering
                )),
                _ => None,
            }
        })
    }
}
