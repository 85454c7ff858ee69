//! What a transition accesses, and which accesses are dependent. Nothing else
//! decides that: the search, the order of a story and the detection of data races
//! all ask here.

/// Names a location: an object, or a part of one. It is the same in all executions,
/// whatever the order in which objects are created.
pub(crate) type Location = u64;
/// Names a store in all executions in which it is the same.
pub(crate) type StoreName = u64;

/// One access to a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) location: Location,
    pub(crate) kind: Kind,
}

/// What an access does to its location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A reads-from choice: reads this store, which that transition wrote (`None`:
    /// it was there from the beginning). Wherever another store comes in the
    /// execution, the load could still read this one.
    ReadsFrom(StoreName, Option<u32>),
    /// Reads the newest value. Of a lock that threads share: which threads do.
    Read,
    /// Reads what only writes change, as others that share do. Takes a lock that others
    /// can share, for which the thread would have waited.
    Share,
    /// The same, but the thread would not have waited.
    TryShare,
    /// Gives back a lock that is shared.
    Unshare,
    Write,
    /// A write that takes a lock, for which the thread would have waited.
    Acquire,
    /// A write that takes a lock, for which the thread would not have waited.
    TryAcquire,
    /// Destroys the object: no other access can come after it.
    Destroy,
}

impl Kind {
    #[inline]
    pub(crate) fn writes(self) -> bool {
        !matches!(self, Self::Read | Self::ReadsFrom(..)) && !self.shares()
    }

    #[inline]
    pub(crate) fn shares(self) -> bool {
        matches!(self, Self::Share | Self::TryShare | Self::Unshare)
    }

    fn chooses(self) -> bool {
        matches!(self, Self::ReadsFrom(..))
    }
}

/// Whether the order of the two accesses makes a difference.
#[inline]
pub(crate) fn dependent(a: Access, b: Access) -> bool {
    a.location == b.location && conflict(a.kind, b.kind)
}

/// The same for accesses to one location: one of them writes, or reads which threads
/// share while the other shares, and neither of them is free to read an older store; or
/// one destroys the object.
#[inline]
pub(crate) fn conflict(a: Kind, b: Kind) -> bool {
    let destroys = a == Kind::Destroy || b == Kind::Destroy;
    let is_changed = a.writes() || b.writes() || a.shares() != b.shares();
    destroys || (is_changed && !a.chooses() && !b.chooses())
}

/// The accesses to one location so far, as far as later accesses can depend on them.
/// Each is named by the transition, or the step, that made it.
#[derive(Debug, Default)]
pub(crate) struct Accesses {
    written: Option<u32>,
    acquired: Option<u32>,
    /// Those that do not write, and what they do instead.
    others: Vec<(u32, Among)>,
    /// The first of them that came after the last write.
    since: u32,
    chosen: Vec<u32>,
}

/// How many accesses there were: to forget those that came later.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    written: Option<u32>,
    acquired: Option<u32>,
    others: u32,
    since: u32,
    chosen: u32,
}

/// What accesses do that do not write: they read, or share, or give back what they share.
/// A set of these.
type Among = u8;
const NONE: Among = 0;
const READ: Among = 1;
const SHARE: Among = 2;
const UNSHARE: Among = 4;
const ALL: Among = READ | SHARE | UNSHARE;

impl Accesses {
    #[inline]
    pub(crate) fn last_write(&self) -> Option<u32> {
        self.written
    }

    /// Those after the last write that are among these.
    #[inline]
    fn since(&self, among: Among) -> impl Iterator<Item = u32> {
        let others = self.others[self.since as usize..].iter();
        others.filter_map(move |&(by, how)| (how & among != 0).then_some(by))
    }

    /// Those after the last write that share, or give back what they share.
    #[inline]
    pub(crate) fn all_shared_since(&self) -> impl Iterator<Item = u32> {
        self.since(SHARE | UNSHARE)
    }

    /// Those that must come before an access of that kind.
    #[inline]
    pub(crate) fn before(&self, kind: Kind) -> impl Iterator<Item = u32> {
        let (written, among) = match kind {
            Kind::ReadsFrom(_, by) => (by, NONE),
            Kind::Read => (self.written, SHARE | UNSHARE),
            Kind::Share | Kind::TryShare | Kind::Unshare => (self.written, READ),
            Kind::Write | Kind::Acquire | Kind::TryAcquire | Kind::Destroy => (self.written, ALL),
        };
        written.into_iter().chain(self.since(among))
    }

    /// Those that must come before a destruction, beside [`before`](Self::before).
    pub(crate) fn before_destruction(&self) -> impl Iterator<Item = u32> {
        self.chosen.iter().copied()
    }

    /// Those that could come after a destruction, beside [`reversible`](Self::reversible):
    /// what is used after it was freed may be locked then.
    pub(crate) fn reversible_by_destruction(&self) -> Option<u32> {
        self.acquired
    }

    /// Those that could come after an access of that kind instead of before it.
    #[inline]
    pub(crate) fn reversible(&self, kind: Kind) -> impl Iterator<Item = u32> {
        let (one, among, chosen) = match kind {
            Kind::ReadsFrom(..) => (None, NONE, &[][..]),
            Kind::Read => (self.written, SHARE | UNSHARE, &[][..]),
            Kind::TryShare | Kind::Unshare => (self.written, READ, &[][..]),
            Kind::Write | Kind::TryAcquire | Kind::Destroy => (self.written, ALL, &self.chosen[..]),
            // Between the other's lock and this one is its unlock, which cannot
            // come later: it is the lock that could.
            Kind::Acquire => (self.acquired, READ | SHARE, &[][..]),
            Kind::Share => (self.acquired, READ, &[][..]),
        };
        let others = one.into_iter().chain(self.since(among));
        others.chain(chosen.iter().copied())
    }

    /// The locks for which one of that kind may have to wait.
    pub(crate) fn locks(&self, kind: Kind) -> impl Iterator<Item = u32> {
        let among = if kind == Kind::Acquire { SHARE } else { NONE };
        self.acquired.into_iter().chain(self.since(among))
    }

    /// Whether a lock of that kind may have to wait for several threads. Then it cannot
    /// come before the last of their locks as long as another holds it too.
    #[inline]
    pub(crate) fn waits_for_several(&self, kind: Kind) -> bool {
        kind == Kind::Destroy || (kind == Kind::Acquire && self.since(SHARE).next().is_some())
    }

    #[inline]
    pub(crate) fn add(&mut self, kind: Kind, by: u32) {
        match kind {
            Kind::ReadsFrom(..) => self.chosen.push(by),
            Kind::Read => self.others.push((by, READ)),
            Kind::Share | Kind::TryShare => self.others.push((by, SHARE)),
            Kind::Unshare => self.others.push((by, UNSHARE)),
            Kind::Write | Kind::Acquire | Kind::TryAcquire | Kind::Destroy => {
                self.written = Some(by);
                self.since = self.others.len() as u32;
                if matches!(kind, Kind::Acquire | Kind::TryAcquire) {
                    self.acquired = Some(by);
                }
            }
        }
    }

    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            written: self.written,
            acquired: self.acquired,
            others: self.others.len() as u32,
            since: self.since,
            chosen: self.chosen.len() as u32,
        }
    }

    /// Forgets what came after the mark was set.
    #[inline]
    pub(crate) fn rewind(&mut self, mark: Mark) {
        self.written = mark.written;
        self.acquired = mark.acquired;
        self.others.truncate(mark.others as usize);
        self.since = mark.since;
        self.chosen.truncate(mark.chosen as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 9] = [
        Kind::ReadsFrom(7, None),
        Kind::Read,
        Kind::Share,
        Kind::TryShare,
        Kind::Unshare,
        Kind::Write,
        Kind::Acquire,
        Kind::TryAcquire,
        Kind::Destroy,
    ];

    #[test]
    fn accesses_are_dependent_if_one_writes_and_neither_chooses_or_one_destroys() {
        let dependent_kinds = |a, b| {
            let access = |kind| Access { location: 1, kind };
            dependent(access(a), access(b))
        };
        for a in KINDS {
            for b in KINDS {
                let is_independent = matches!(
                    (a, b),
                    (Kind::ReadsFrom(..), _) | (_, Kind::ReadsFrom(..)) | (Kind::Read, Kind::Read)
                ) || (a.shares() && b.shares());
                let destroys = a == Kind::Destroy || b == Kind::Destroy;
                let expected = destroys || !is_independent;
                assert_eq!(dependent_kinds(a, b), expected, "{a:?}, {b:?}");
                assert_eq!(dependent_kinds(b, a), expected, "{b:?}, {a:?}");
            }
        }
        let [a, b] = [1, 2].map(|location| Access {
            location,
            kind: Kind::Write,
        });
        assert!(!dependent(a, b), "different locations");
    }

    /// `before` leaves out what another access between the two implies.
    #[test]
    fn what_comes_before_are_the_latest_dependent_accesses() {
        let before = |so_far: &[Kind], kind| -> Vec<u32> {
            let mut accesses = Accesses::default();
            (0..)
                .zip(so_far)
                .for_each(|(by, &kind)| accesses.add(kind, by));
            accesses.before(kind).collect()
        };
        use Kind::{Acquire, Read, Write};
        assert_eq!(before(&[Write, Read, Read], Write), [0, 1, 2]);
        assert_eq!(before(&[Write, Read, Read], Read), [0]);
        assert_eq!(before(&[Read, Write, Read], Acquire), [1, 2]);
        assert_eq!(before(&[Write, Write], Kind::ReadsFrom(7, Some(0))), [0]);
        let load = Kind::ReadsFrom(7, None);
        assert_eq!(before(&[Write], load), [0; 0]);
        assert_eq!(before(&[Write, Read, load], Kind::Destroy), [0, 1]);
    }

    #[test]
    fn a_lock_races_with_the_lock_before_it_and_not_with_its_unlock() {
        let mut accesses = Accesses::default();
        accesses.add(Kind::Acquire, 0);
        accesses.add(Kind::Write, 1);
        let reversible = |kind| accesses.reversible(kind).collect::<Vec<_>>();
        assert_eq!(reversible(Kind::Acquire), [0]);
        assert_eq!(reversible(Kind::TryAcquire), [1]);
        assert_eq!(reversible(Kind::Write), [1]);
        assert_eq!(reversible(Kind::ReadsFrom(7, None)), [0; 0]);
    }

    #[test]
    fn a_destruction_comes_after_all_accesses_and_races_with_the_lock_as_well() {
        let mut accesses = Accesses::default();
        accesses.add(Kind::Acquire, 0);
        accesses.add(Kind::Write, 1);
        accesses.add(Kind::ReadsFrom(7, None), 2);
        let before = accesses.before(Kind::Destroy);
        let before = before.chain(accesses.before_destruction());
        assert_eq!(before.collect::<Vec<_>>(), [1, 2]);
        let reversible = accesses.reversible(Kind::Destroy);
        let reversible = reversible.chain(accesses.reversible_by_destruction());
        assert_eq!(reversible.collect::<Vec<_>>(), [1, 2, 0]);
    }

    /// A thread that reads a lock while it is free (`is_poisoned`) could also read it
    /// after another thread has taken it.
    #[test]
    fn a_lock_races_with_the_reads_before_it() {
        let mut accesses = Accesses::default();
        accesses.add(Kind::Acquire, 0);
        accesses.add(Kind::Write, 1);
        accesses.add(Kind::Read, 2);
        let reversible: Vec<u32> = accesses.reversible(Kind::Acquire).collect();
        assert_eq!(reversible, [0, 2]);
    }

    /// Those that share come in any order. A thread that tries to lock can find out that
    /// one still does; one that waits cannot.
    #[test]
    fn a_lock_races_with_those_that_share_it() {
        let mut accesses = Accesses::default();
        accesses.add(Kind::Acquire, 0);
        accesses.add(Kind::Write, 1);
        accesses.add(Kind::Share, 2);
        accesses.add(Kind::TryShare, 3);
        accesses.add(Kind::Unshare, 4);
        let reversible = |kind| accesses.reversible(kind).collect::<Vec<_>>();
        let before = |kind| accesses.before(kind).collect::<Vec<_>>();
        assert_eq!(
            (reversible(Kind::Share), before(Kind::Share)),
            (vec![0], vec![1])
        );
        assert_eq!(reversible(Kind::TryShare), [1]);
        assert_eq!(reversible(Kind::Acquire), [0, 2, 3]);
        for kind in [Kind::TryAcquire, Kind::Read] {
            assert_eq!(reversible(kind), [1, 2, 3, 4]);
            assert_eq!(before(kind), [1, 2, 3, 4]);
        }
    }

    #[test]
    fn a_write_races_with_loads_that_chose_what_they_read() {
        let mut accesses = Accesses::default();
        accesses.add(Kind::ReadsFrom(7, None), 0);
        accesses.add(Kind::Write, 1);
        accesses.add(Kind::ReadsFrom(7, None), 2);
        assert_eq!(
            accesses.reversible(Kind::Write).collect::<Vec<_>>(),
            [1, 0, 2]
        );
        assert_eq!(accesses.before(Kind::Write).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn accesses_after_a_mark_are_forgotten() {
        let mut accesses = Accesses::default();
        accesses.add(Kind::Write, 0);
        accesses.add(Kind::Read, 1);
        let (mark, before) = (accesses.mark(), format!("{accesses:?}"));
        accesses.add(Kind::Acquire, 2);
        accesses.add(Kind::Read, 3);
        accesses.add(Kind::ReadsFrom(7, None), 4);
        accesses.add(Kind::Share, 5);
        accesses.add(Kind::Unshare, 6);
        accesses.rewind(mark);
        assert_eq!(format!("{accesses:?}"), before);
    }
}
