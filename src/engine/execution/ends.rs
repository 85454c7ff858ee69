//! Threads whose end other threads look for, by `is_finished`.
//!
//! As a rule the end of a thread is part of its last transition: only a join can notice
//! it. If a scene looks for ends, it is a transition of its own.

use super::iteration::Seen;
use super::object::{Spot, State};
use super::run::{Execution, with};
use super::schedule::try_point;
use super::thread::Next;
use super::trace::{Names, Record};
use crate::engine::hash::{mix, word};
use crate::engine::ids::{At, ObjectId, ThreadId};
use std::panic::Location;

/// Whether a thread has ended the execution knows.
#[derive(Default)]
struct End;

impl State for End {
    fn reset(&mut self) {}
}

/// The running thread has done all that it does.
pub(super) fn comes_to_end(thread: ThreadId) {
    if with(|x| x.settings.ends_are_seen) && thread != 0 && try_point(Next::Runs) {
        with(|x| x.shows_end(thread));
    }
}

impl Execution {
    fn end_of(&mut self, thread: ThreadId) -> ObjectId {
        if let Some(end) = self.threads[thread].end {
            return end;
        }
        let location = mix(self.threads[thread].key, const { word("end") });
        let (end, _) = self.objects.add::<End>("thread end", Spot::at(location));
        self.threads[thread].end = Some(end);
        end
    }

    fn shows_end(&mut self, thread: ThreadId) {
        let end = self.end_of(thread);
        self.writes(end, const { word("ends") });
        self.objects[end].version += 1;
        let last = self.trace.last_of(thread).map(|record| record.at);
        self.notes(None, last.unwrap_or(Location::caller()), |_, _| {
            "ends".to_owned()
        });
    }

    /// A step that looks whether the thread has ended. It does not synchronise with that.
    pub(crate) fn sees_end(&mut self, thread: ThreadId, at: At) -> bool {
        self.needs.ends_are_seen = true;
        let end = self.end_of(thread);
        let seen = Seen::Version(end, self.objects[end].version);
        self.reads(end, const { word("is_finished") }, 0, seen);
        let has_ended = self.has_ended(thread);
        self.notes(None, at, |record: &Record, names: &dyn Names| {
            let [thread, has_ended] = record.values;
            let not = if has_ended == 1 { "" } else { "not " };
            format!("{} is {not}finished", names.thread(thread as ThreadId))
        })
        .values = [thread as u64, has_ended.into()];
        has_ended
    }
}
