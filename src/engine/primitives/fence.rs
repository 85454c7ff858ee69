//! `std::sync::atomic::fence`.

use crate::engine::access::Kind;
use crate::engine::execution::abort::unwinding;
use crate::engine::execution::run::with;
use crate::engine::execution::schedule::point;
use crate::engine::execution::thread::Next;
use crate::engine::hash::word;
use std::panic::Location;
use std::sync::atomic::Ordering;

/// The model's `std::sync::atomic::fence`. `SeqCst` fences have an order among
/// themselves: only they need a schedule point.
///
/// # Panics
/// With [`Ordering::Relaxed`], as std's.
#[inline(never)]
#[track_caller]
pub fn fence(ordering: Ordering) {
    assert!(
        ordering != Ordering::Relaxed,
        "there is no such thing as a relaxed fence"
    );
    if unwinding() {
        return;
    }
    let at = Location::caller();
    let fences = with(|x| x.fence_object(ordering));
    if fences.is_some() {
        point(Next::Runs);
    }
    with(|x| {
        if let Some(fences) = fences {
            let word = const { word("fence") };
            match x.fence_changes() {
                true => x.writes(fences, word),
                false => x.rewrites(fences, Kind::Write, word, 0),
            }
        }
        x.fences_memory(ordering);
        x.notes(None, at, |record, _| {
            format!("fence {}", NAMES[record.values[0] as usize].1)
        })
        .values = [index(ordering), 0];
    });
}

/// The model's `std::sync::atomic::compiler_fence`. It orders accesses only for what runs on
/// the same thread: no other thread can notice it.
///
/// # Panics
/// With [`Ordering::Relaxed`], as std's.
#[track_caller]
pub fn compiler_fence(ordering: Ordering) {
    assert!(
        ordering != Ordering::Relaxed,
        "there is no such thing as a relaxed compiler fence"
    );
}

const NAMES: [(Ordering, &str); 4] = [
    (Ordering::Acquire, "Acquire"),
    (Ordering::Release, "Release"),
    (Ordering::AcqRel, "AcqRel"),
    (Ordering::SeqCst, "SeqCst"),
];

fn index(ordering: Ordering) -> u64 {
    let place = NAMES.iter().position(|&(named, _)| named == ordering);
    place.unwrap_or_default() as u64
}
