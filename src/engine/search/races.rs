//! Reversible races: two dependent transitions that could come the other way round.

use super::{Search, learned};
use crate::engine::access::{Access, Kind, StoreName};
use crate::engine::clock::VectorClock;
use crate::engine::hash::mix;
use crate::engine::ids::{ThreadId, ThreadSet};

impl Search {
    /// A transition is over that the execution before did not take: orders it after
    /// those that it depends on, and finds its races.
    pub(super) fn look_for_races(&mut self, transition: usize) {
        let thread = self.path[transition].thread;
        let before = self.clocks[thread];
        let mut after = before;
        let mut learns = mix(thread as u64, self.knows[thread]);
        let is_of_use = self.is_learning();
        let mut racing = std::mem::take(&mut self.racing);
        let mut is_held_up = false;
        racing.clear();
        self.located.clear();
        for at in 0..self.path[transition].last.len() {
            let accesses = &self.path[transition].last;
            let access = accesses[at];
            // A transition that has written a location, or shares it, races there by that
            // alone: what it has locked it may unlock as well.
            let mut before = accesses[..at].iter();
            let is_lock = |kind: Kind| kind.writes() || kind.shares();
            let is_covered = before.any(|a| a.location == access.location && is_lock(a.kind));
            let place = self.place(access.location);
            self.located.push(place as u32);
            let earlier = &self.accesses[place];
            if !is_covered {
                racing.extend(earlier.reversible(access.kind));
                is_held_up |= earlier.waits_for_several(access.kind);
            }
            for other in earlier.before(access.kind) {
                after.join(&self.path[other as usize].clock);
            }
            if access.kind == Kind::Destroy {
                for other in earlier.before_destruction() {
                    after.join(&self.path[other as usize].clock);
                }
                if !is_covered {
                    racing.extend(earlier.reversible_by_destruction());
                }
            }
            if !is_of_use {
                continue;
            }
            let knows = |transition: u32| self.path[transition as usize].knows;
            let by = match access.kind {
                Kind::ReadsFrom(_, by) => by.map(knows),
                _ => None,
            };
            let last_write = earlier.last_write().map(knows);
            let shared = match access.kind.shares() {
                true => 0,
                false => { earlier.all_shared_since().map(knows) }.fold(0, u64::wrapping_add),
            };
            let learned = learned(access.kind, last_write, by).wrapping_add(shared);
            learns = mix(learns, learned);
        }
        for at in 0..self.path[transition].last.len() {
            let access = self.path[transition].last[at];
            let place = self.located[at];
            let accesses = &mut self.accesses[place as usize];
            self.undo.push((place, accesses.mark()));
            accesses.add(access.kind, transition as u32);
        }
        let node = &mut self.path[transition];
        let choices = node.choices.iter();
        let knows = choices.fold(learns, |learns, choice| mix(learns, choice.taken as u64));
        node.clock = after;
        node.knows = knows;
        self.clocks[thread] = after;
        self.knows[thread] = knows;
        self.race(thread, (before, after), &mut racing, transition, is_held_up);
        self.racing = racing;
    }

    /// The thread is left waiting for a lock that it could have taken first, so.
    pub(crate) fn waits_for_ever(&mut self, thread: ThreadId, lock: Access) {
        if self.is_repeating() || self.reduction.is_bounded() {
            return;
        }
        let place = self.place(lock.location);
        let accesses = &self.accesses[place];
        let mut racing: Vec<u32> = accesses.locks(lock.kind).collect();
        let is_held_up = accesses.waits_for_several(lock.kind);
        let clock = self.clocks[thread];
        let mut after = clock;
        // Those that have given the lock back come before it.
        for other in accesses.before(lock.kind) {
            after.join(&self.path[other as usize].clock);
        }
        self.race(thread, (clock, after), &mut racing, self.begun, is_held_up);
    }

    /// Whether the one transition must come before the other.
    fn comes_before(&self, transition: u32, clock: &VectorClock) -> bool {
        let node = &self.path[transition as usize];
        clock.includes(node.thread, node.clock.of(node.thread))
    }

    /// A transition of that thread, with those clocks before and after it, comes after
    /// all transitions before `end` and races with its racing: each race must be run
    /// the other way round too. `is_held_up`: some of the races may be impossible to run
    /// the other way round, since a lock holds the thread up there.
    fn race(
        &mut self,
        thread: ThreadId,
        (before, after): (VectorClock, VectorClock),
        racing: &mut Vec<u32>,
        end: usize,
        is_held_up: bool,
    ) {
        racing.retain(|&earlier_one| {
            self.path[earlier_one as usize].thread != thread
                && !self.comes_before(earlier_one, &before)
        });
        if racing.is_empty() {
            return;
        }
        racing.sort_unstable();
        racing.dedup();
        for (place, &earlier_one) in racing.iter().enumerate() {
            // A later race covers this one, unless it is impossible to run the other way
            // round.
            let between = |&later: &u32| {
                let later = &self.path[later as usize];
                (!is_held_up || later.enabled.contains(thread))
                    && self.comes_before(earlier_one, &later.clock)
            };
            if !racing[place + 1..].iter().any(between) {
                self.reverse(earlier_one, thread, &after, end);
            }
        }
    }

    /// From where the earlier_one was taken, all that does not depend on it can be done
    /// without it, and then the thread's transition. A thread that can begin with that
    /// belongs to the backtrack set there.
    fn reverse(&mut self, earlier_one: u32, thread: ThreadId, clock: &VectorClock, end: usize) {
        let mut without = std::mem::take(&mut self.without);
        without.clear();
        let node = &self.path[earlier_one as usize];
        let mut initials = ThreadSet::default();
        let mut is_covered = false;
        let mut begins = |thread: ThreadId, read: Option<StoreName>| {
            if node.enabled.contains(thread) {
                initials.insert(thread);
                is_covered |= node.backtrack.contains(thread) || node.sleeps(thread, read);
            }
        };
        for transition in earlier_one + 1..end as u32 {
            let other = &self.path[transition as usize];
            let comes_after = |&earlier: &u32| self.comes_before(earlier, &other.clock);
            if comes_after(&earlier_one) {
                continue;
            }
            if !without.iter().any(comes_after) {
                begins(other.thread, other.reads);
            }
            without.push(transition);
        }
        if !without
            .iter()
            .any(|&earlier| self.comes_before(earlier, clock))
        {
            begins(thread, None);
        }
        self.without = without;
        if is_covered {
            return;
        }
        // None can begin if it was the earlier_one that enabled the thread.
        let first = initials.first();
        if let Some(first) = first {
            let whose = if initials.contains(thread) {
                thread
            } else {
                first
            };
            self.path[earlier_one as usize].backtrack.insert(whose);
        }
    }
}
