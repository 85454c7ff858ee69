//! Relations between a few events, so that axioms read as they are written.

use std::ops::BitOr;

/// Of at most 32 events.
#[derive(Clone, Copy)]
pub struct Set(u32);

impl Set {
    pub fn minus(self, other: Set) -> Set {
        Set(self.0 & !other.0)
    }

    pub fn and(self, other: Set) -> Set {
        Set(self.0 & other.0)
    }

    fn has(self, event: usize) -> bool {
        self.0 & 1 << event != 0
    }
}

impl FromIterator<usize> for Set {
    fn from_iter<I: IntoIterator<Item = usize>>(events: I) -> Self {
        Set(events.into_iter().fold(0, |set, event| set | 1 << event))
    }
}

/// For each event those that it is related to.
#[derive(Clone)]
pub struct Relation(Vec<u32>);

impl Relation {
    pub fn empty(events: usize) -> Self {
        assert!(events <= 32, "{events} events are too many");
        Relation(vec![0; events])
    }

    pub fn identity(events: usize) -> Self {
        Self::same(events, Set(u32::MAX))
    }

    /// Each of the set to itself: `[S]`.
    pub fn same(events: usize, set: Set) -> Self {
        let mut same = Self::empty(events);
        (0..events)
            .filter(|&event| set.has(event))
            .for_each(|event| same.insert(event, event));
        same
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn insert(&mut self, from: usize, to: usize) {
        self.0[from] |= 1 << to;
    }

    fn has(&self, from: usize, to: usize) -> bool {
        Set(self.0[from]).has(to)
    }

    pub fn inverse(&self) -> Self {
        let mut inverse = Self::empty(self.len());
        for from in 0..self.len() {
            for to in (0..self.len()).filter(|&to| self.has(from, to)) {
                inverse.insert(to, from);
            }
        }
        inverse
    }

    pub fn minus(&self, other: &Self) -> Self {
        Relation(self.0.iter().zip(&other.0).map(|(a, b)| a & !b).collect())
    }

    pub fn and(&self, other: &Self) -> Self {
        Relation(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    /// Only from those: `[S];r`.
    pub fn from(&self, set: Set) -> Self {
        let rows = self.0.iter().enumerate();
        Relation(
            rows.map(|(event, row)| if set.has(event) { *row } else { 0 })
                .collect(),
        )
    }

    /// Only to those: `r;[S]`.
    pub fn to(&self, set: Set) -> Self {
        Relation(self.0.iter().map(|row| row & set.0).collect())
    }

    /// One, then the other: `r;s`.
    pub fn then(&self, next: &Self) -> Self {
        let row = |row: &u32| {
            let reached = (0..self.len()).filter(|&event| Set(*row).has(event));
            reached.fold(0, |all, event| all | next.0[event])
        };
        Relation(self.0.iter().map(row).collect())
    }

    /// Any number of times, but once at least: `r⁺`.
    pub fn closure(&self) -> Self {
        let mut closure = self.clone();
        for middle in 0..self.len() {
            for from in 0..self.len() {
                if closure.has(from, middle) {
                    closure.0[from] |= closure.0[middle];
                }
            }
        }
        closure
    }

    /// Any number of times: `r*`.
    pub fn closure_or_same(&self) -> Self {
        &self.closure() | &Self::identity(self.len())
    }

    pub fn is_irreflexive(&self) -> bool {
        (0..self.len()).all(|event| !self.has(event, event))
    }

    pub fn is_acyclic(&self) -> bool {
        self.closure().is_irreflexive()
    }
}

impl BitOr for &Relation {
    type Output = Relation;

    fn bitor(self, other: Self) -> Relation {
        Relation(self.0.iter().zip(&other.0).map(|(a, b)| a | b).collect())
    }
}

impl BitOr<&Relation> for Relation {
    type Output = Relation;

    fn bitor(self, other: &Relation) -> Relation {
        &self | other
    }
}
