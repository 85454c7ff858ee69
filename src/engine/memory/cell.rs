//! Data races: two accesses to a cell, one of them a write, that nothing orders.

use crate::engine::access::{Kind, conflict};
use crate::engine::clock::VectorClock;
use crate::engine::ids::{At, ObjectId, ThreadId};

/// The latest accesses to one cell: the last write, and each thread's last read.
#[derive(Debug, Default)]
pub(crate) struct Latest {
    write: Option<CellAccess>,
    reads: Vec<CellAccess>,
}

/// One access to a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CellAccess {
    pub(crate) thread: ThreadId,
    pub(crate) kind: Kind,
    pub(crate) at: At,
    /// The thread's own time.
    pub(crate) time: u32,
}

/// Two accesses that nothing orders.
#[derive(Debug, Clone)]
pub(crate) struct Race {
    pub(crate) cell: ObjectId,
    pub(crate) first: CellAccess,
    pub(crate) second: CellAccess,
}

impl Latest {
    /// Adds an access by a thread with that clock. Returns one that it races with.
    pub(crate) fn add(&mut self, second: CellAccess, clock: &VectorClock) -> Option<CellAccess> {
        let races = |first: &&CellAccess| {
            conflict(first.kind, second.kind) && !clock.includes(first.thread, first.time)
        };
        let read = match second.kind.writes() {
            true => self.unordered_read(clock),
            false => None,
        };
        let race = read.or(self.write.iter().find(races).copied());
        if second.kind.writes() {
            self.write = Some(second);
        } else {
            self.reads.retain(|first| first.thread != second.thread);
            self.reads.push(second);
        }
        race
    }

    /// A read with which a write by a thread with that clock races.
    pub(crate) fn unordered_read(&self, clock: &VectorClock) -> Option<CellAccess> {
        let reads = self.reads.iter();
        let unordered = reads.filter(|first| !clock.includes(first.thread, first.time));
        unordered.min_by_key(|first| first.thread).copied()
    }

    pub(crate) fn clear(&mut self) {
        self.write = None;
        self.reads.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    fn access(thread: ThreadId, kind: Kind, time: u32) -> CellAccess {
        let at = Location::caller();
        CellAccess {
            thread,
            kind,
            at,
            time,
        }
    }

    /// A clock that includes these steps.
    fn after(steps: &[(ThreadId, u32)]) -> VectorClock {
        let mut clock = VectorClock::default();
        for &(thread, time) in steps {
            (0..time).for_each(|_| clock.tick(thread));
        }
        clock
    }

    #[test]
    fn a_write_races_with_what_does_not_happen_before_it() {
        let raced = |clock: &[(ThreadId, u32)]| {
            let mut cell = Latest::default();
            assert!(
                cell.add(access(0, Kind::Write, 1), &after(&[(0, 1)]))
                    .is_none()
            );
            let race = cell.add(access(1, Kind::Write, 1), &after(clock));
            race.map(|first| (first.thread, first.time))
        };
        assert_eq!(raced(&[(1, 1)]), Some((0, 1)));
        assert_eq!(raced(&[(1, 1), (0, 1)]), None);
    }

    #[test]
    fn an_access_races_with_the_latest_write() {
        let mut cell = Latest::default();
        let clock = after(&[(0, 1)]);
        assert!(cell.add(access(0, Kind::Write, 1), &clock).is_none());
        let clock = after(&[(0, 1), (1, 1)]);
        assert!(cell.add(access(1, Kind::Write, 1), &clock).is_none());
        let clock = after(&[(0, 1), (2, 1)]);
        let race = cell.add(access(2, Kind::Read, 1), &clock).unwrap();
        assert_eq!((race.thread, race.kind), (1, Kind::Write));
    }

    #[test]
    fn a_write_races_with_a_read_that_is_not_the_latest() {
        let mut cell = Latest::default();
        for thread in 0..2 {
            let clock = after(&[(thread, 1)]);
            assert!(cell.add(access(thread, Kind::Read, 1), &clock).is_none());
        }
        let clock = after(&[(1, 1), (2, 1)]);
        let race = cell.add(access(2, Kind::Write, 1), &clock).unwrap();
        assert_eq!((race.thread, race.kind), (0, Kind::Read));
    }

    #[test]
    fn two_reads_do_not_race_and_each_races_with_a_write() {
        let mut cell = Latest::default();
        for thread in 0..2 {
            let clock = after(&[(thread, 1)]);
            assert!(cell.add(access(thread, Kind::Read, 1), &clock).is_none());
        }
        let half = after(&[(2, 1), (0, 1)]);
        let race = cell.add(access(2, Kind::Write, 1), &half).unwrap();
        assert_eq!((race.thread, race.kind), (1, Kind::Read));
        let read = cell
            .add(access(0, Kind::Read, 2), &after(&[(0, 2)]))
            .unwrap();
        assert_eq!((read.thread, read.kind), (2, Kind::Write));
    }
}
