//! What C++20 allows a program to do, from the axioms: neither the engine nor
//! `racecourse::sync` has a part in it.
//!
//! A candidate execution says which store every load reads and in which order the
//! stores of each location are (its modification order); the axioms say which
//! candidates are consistent. They are those of the C++20 standard (N4861) and, as
//! a second opinion, of RC11: Lahav, Vafeiadis, Kang, Hur, Dreyer, *Repairing
//! Sequential Consistency in C/C++11*, PLDI 2017.

use super::program::{LOCATIONS, Op, Program, outcome};
use super::relation::{Relation, Set};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release, SeqCst};

/// The outcomes of a program, by what is asked of an execution.
#[derive(Default)]
pub struct Allowed {
    /// Sequential consistency.
    pub sc: BTreeSet<String>,
    /// What C++20 requires. Values out of thin air it only advises against
    /// (\[atomics.order\]), and a store of a constant is not one.
    pub cpp20: BTreeSet<String>,
    /// The same, and everything can have been executed one after another: program
    /// order, reading, modification order and the order of `SeqCst` operations have
    /// no cycle. It is what a machine finds that executes threads in turn and lets
    /// loads, but not stores, be late.
    pub in_order: BTreeSet<String>,
    /// RC11 with C++20's release sequences.
    pub rc11: BTreeSet<String>,
}

type Event = usize;

/// What an operation has read and stored: a compare-exchange only then stores when
/// it reads what it expects.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Did {
    read: Option<u64>,
    stored: Option<u64>,
}

/// What has become of one location.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct History {
    /// Its stores in modification order; first, what was there in the beginning.
    stores: Vec<Event>,
    /// Which store each read reads.
    reads_from: BTreeMap<Event, Event>,
    did: BTreeMap<Event, Did>,
}

impl History {
    fn value(&self) -> u64 {
        let newest = &self.did[self.stores.last().expect("the first is always there")];
        newest.stored.expect("it is a store")
    }

    fn then(&self, event: Event, op: Op) -> Self {
        let old = self.value();
        let stored = match op {
            Op::Load(..) => None,
            Op::Store(_, to, _) => Some(to),
            Op::FetchAdd(_, by, _) => Some(old + by),
            Op::CompareExchange(_, from, to, ..) => (old == from).then_some(to),
            Op::Fence(_) => unreachable!("a fence is nowhere"),
        };
        let read = op.reads().then_some(old);
        let mut next = self.clone();
        if op.reads() {
            next.reads_from
                .insert(event, self.stores[self.stores.len() - 1]);
        }
        if stored.is_some() {
            next.stores.push(event);
        }
        next.did.insert(event, Did { read, stored });
        next
    }
}

/// First one for the initial value of each location, then all operations.
fn numbered(program: &Program) -> Vec<Vec<(Event, Op)>> {
    let mut number = LOCATIONS..;
    let threads = program.threads.iter();
    threads
        .map(|ops| number.by_ref().zip(ops.iter().copied()).collect())
        .collect()
}

/// All that may become of a location by itself: its operations one after another, in
/// every order that the threads leave open, each reading the newest store. That is
/// coherence, and a read-modify-write has nothing between what it reads and what it
/// stores (*sequential consistency per location*: Alglave, Maranget, Tautschnig,
/// Herding Cats, TOPLAS 2014, §4).
fn histories(threads: &[Vec<(Event, Op)>], location: usize) -> BTreeSet<History> {
    let ours = |ops: &Vec<(Event, Op)>| {
        let ops = ops.iter().copied();
        ops.filter(|(_, op)| op.location() == Some(location))
            .collect::<Vec<_>>()
    };
    let threads: Vec<_> = threads.iter().map(ours).collect();
    let initial = Did {
        read: None,
        stored: Some(0),
    };
    let first = History {
        stores: vec![location],
        reads_from: BTreeMap::new(),
        did: BTreeMap::from([(location, initial)]),
    };
    let mut states = BTreeSet::from([(vec![0; threads.len()], first)]);
    for _ in threads.iter().flatten() {
        let mut next = BTreeSet::new();
        for (at, history) in &states {
            for (thread, ops) in threads.iter().enumerate() {
                if let Some(&(event, op)) = ops.get(at[thread]) {
                    let mut at = at.clone();
                    at[thread] += 1;
                    next.insert((at, history.then(event, op)));
                }
            }
        }
        states = next;
    }
    states.into_iter().map(|(_, history)| history).collect()
}

/// What each of the models allows.
pub fn allowed(program: &Program) -> Allowed {
    let threads = numbered(program);
    let mut allowed = Allowed::default();
    let [xs, ys, zs] = [0, 1, 2].map(|location| histories(&threads, location));
    for x in &xs {
        for y in &ys {
            for z in &zs {
                allowed.add(&threads, [x, y, z]);
            }
        }
    }
    allowed
}

impl Allowed {
    fn add(&mut self, threads: &[Vec<(Event, Op)>], histories: [&History; LOCATIONS]) {
        let events = threads.iter().flatten();
        let seen = events.filter_map(|(event, op)| histories[op.location()?].did[event].read);
        let outcome = outcome(seen, histories.map(History::value));
        let all = [&self.sc, &self.cpp20, &self.in_order, &self.rc11];
        if all.iter().all(|outcomes| outcomes.contains(&outcome)) {
            return;
        }
        let execution = Execution::new(threads, histories);
        if !execution.is_coherent() {
            return;
        }
        if execution.is_sc() {
            self.sc.insert(outcome.clone());
        }
        if execution.has_an_order_of_seq_cst() {
            self.cpp20.insert(outcome.clone());
        }
        if execution.is_in_order() {
            self.in_order.insert(outcome.clone());
        }
        if execution.is_rc11() {
            self.rc11.insert(outcome);
        }
    }
}

/// The relations of a candidate, under the names that they have in RC11.
struct Execution {
    /// Sequenced before; the initial values before everything.
    sb: Relation,
    /// The same, of operations on different locations. A fence is on none.
    sb_elsewhere: Relation,
    /// From a store to who reads it.
    rf: Relation,
    /// Modification order.
    mo: Relation,
    /// From who reads a store to all later stores of that location (from-read).
    rb: Relation,
    /// *Coherence-ordered before* in C++20 (\[atomics.order\]/3).
    eco: Relation,
    /// Synchronizes with.
    sw: Relation,
    /// Happens before.
    hb: Relation,
    same_location: Relation,
    seq_cst: Set,
    seq_cst_fences: Set,
}

impl Execution {
    fn new(threads: &[Vec<(Event, Op)>], histories: [&History; LOCATIONS]) -> Self {
        let all: Vec<_> = threads.iter().flatten().copied().collect();
        let number = LOCATIONS + all.len();
        let such = |such: &dyn Fn(Event, Op) -> bool| -> Set {
            let such = all.iter().filter(|&&(event, op)| such(event, op));
            such.map(|&(event, _)| event).collect()
        };
        let did = |event, op: Op| {
            op.location()
                .map(|location| &histories[location].did[&event])
        };
        let is_read = |e, op| did(e, op).is_some_and(|did| did.read.is_some());
        let is_store = |e, op| did(e, op).is_some_and(|did| did.stored.is_some());
        let ordering = |event, op| match op {
            Op::Load(_, o) | Op::Store(_, _, o) | Op::FetchAdd(_, _, o) | Op::Fence(o) => o,
            Op::CompareExchange(.., success, _) if is_store(event, op) => success,
            Op::CompareExchange(.., failure) => failure,
        };
        let is_fence = |op| matches!(op, Op::Fence(_));
        let acquires = |e, op| matches!(ordering(e, op), Acquire | AcqRel | SeqCst);
        let releases = |e, op| matches!(ordering(e, op), Release | AcqRel | SeqCst);

        let none = || Relation::empty(number);
        let (mut sb, mut rf, mut mo, mut same_location) = (none(), none(), none(), none());
        for thread in threads {
            for (i, &(later, _)) in thread.iter().enumerate() {
                (0..LOCATIONS).for_each(|initial| sb.insert(initial, later));
                thread[..i].iter().for_each(|&(e, _)| sb.insert(e, later));
            }
        }
        for history in histories {
            for (i, &later) in history.stores.iter().enumerate() {
                history.stores[..i]
                    .iter()
                    .for_each(|&e| mo.insert(e, later));
            }
            for (&read, &store) in &history.reads_from {
                rf.insert(store, read);
            }
            for &a in history.did.keys() {
                history.did.keys().for_each(|&b| same_location.insert(a, b));
            }
        }
        let rb = rf.inverse().then(&mo).minus(&Relation::identity(number));
        let eco = (&rf | &mo | &rb).closure();

        // [atomics.order]/2, [atomics.fences]/2-4. A release sequence is a store and
        // the read-modify-writes that carry it on ([intro.races]/5): since C++20
        // (P0982R1) no longer also the same thread's later stores.
        let reads = such(&is_read);
        let stores = such(&is_store);
        let release_stores = such(&|e, op| is_store(e, op) && releases(e, op));
        let release_fences = such(&|e, op| is_fence(op) && releases(e, op));
        let acquire_reads = such(&|e, op| is_read(e, op) && acquires(e, op));
        let acquire_fences = such(&|e, op| is_fence(op) && acquires(e, op));
        let same = |set| Relation::same(number, set);
        let release = &same(release_stores) | &sb.from(release_fences).to(stores);
        let sequence = rf.to(reads.and(stores)).closure_or_same();
        let acquire = &same(acquire_reads) | &sb.from(reads).to(acquire_fences);
        let sw = release.then(&sequence).then(&rf).then(&acquire);
        let hb = (&sb | &sw).closure();

        let seq_cst = such(&|e, op| ordering(e, op) == SeqCst);
        Self {
            sb_elsewhere: sb.minus(&same_location),
            seq_cst_fences: such(&|e, op| is_fence(op) && ordering(e, op) == SeqCst),
            sb,
            rf,
            mo,
            rb,
            eco,
            sw,
            hb,
            same_location,
            seq_cst,
        }
    }

    /// Happens-before has no cycle, and nothing that it orders is against the order
    /// in which a location's operations see each other (\[intro.races\]/15-18).
    fn is_coherent(&self) -> bool {
        self.hb.is_irreflexive() && self.hb.then(&self.eco).is_irreflexive()
    }

    fn is_sc(&self) -> bool {
        (&self.sb | &self.eco).is_acyclic()
    }

    /// What a `SeqCst` operation orders: itself; a fence also all that happens after it,
    /// and all that happens before.
    fn around(&self) -> (Relation, Relation) {
        let itself = Relation::same(self.sb.len(), self.seq_cst);
        let fences = self.seq_cst_fences;
        (
            &itself | &self.hb.from(fences),
            &itself | &self.hb.to(fences),
        )
    }

    /// What the single total order S of all `SeqCst` operations must have in it:
    /// \[atomics.order\]/4.
    fn order_of_seq_cst(&self) -> Relation {
        let Self {
            sb, eco, sw, hb, ..
        } = self;
        let sc = self.seq_cst;
        // [intro.races]/12.
        let accesses = sc.minus(self.seq_cst_fences);
        let strongly = (&(sb | &sw.from(accesses).to(accesses)) | &sb.then(hb).then(sb)).closure();
        let (before, after) = self.around();
        &strongly.from(sc).to(sc) | &before.then(eco).then(&after)
    }

    fn has_an_order_of_seq_cst(&self) -> bool {
        self.order_of_seq_cst().is_acyclic()
    }

    fn is_in_order(&self) -> bool {
        (&(&self.sb | &self.rf | &self.mo) | &self.order_of_seq_cst()).is_acyclic()
    }

    /// RC11's *SC* and *no-thin-air*: psc, and program order with reading, have no
    /// cycle.
    fn is_rc11(&self) -> bool {
        let Self { sb, hb, eco, .. } = self;
        let fences = self.seq_cst_fences;
        let elsewhere = &self.sb_elsewhere;
        let scb = &(sb | &elsewhere.then(hb).then(elsewhere) | &hb.and(&self.same_location))
            | &(&self.mo | &self.rb);
        let (before, after) = self.around();
        let psc_base = before.then(&scb).then(&after);
        let psc_fences = (hb | &hb.then(eco).then(hb)).from(fences).to(fences);
        (&psc_base | &psc_fences).is_acyclic() && (sb | &self.rf).is_acyclic()
    }
}
