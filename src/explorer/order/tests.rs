//! Scripts by hand, and their simplest orders.

use super::handovers::handovers;
use super::*;

/// A step that reads (`false`) or writes these locations.
fn step(thread: ThreadId, accesses: &[(Location, bool)]) -> Step<'static> {
    let access = |&(location, writes): &(Location, bool)| Access {
        location,
        kind: if writes { Kind::Write } else { Kind::Read },
    };
    Step {
        thread,
        accesses: accesses.iter().map(access).collect::<Vec<_>>().leak(),
        locks: None,
        gate: Gate::Open,
        yields: false,
        loads: None,
        is_setup: false,
    }
}

fn lock(thread: ThreadId, mutex: ObjectId, locks: bool) -> Step<'static> {
    Step {
        locks: Some((mutex, if locks { Hold::Takes } else { Hold::Releases })),
        gate: if locks { Gate::Free(mutex) } else { Gate::Open },
        ..step(thread, &[(mutex as Location, true)])
    }
}

fn script(steps: Vec<Step<'static>>) -> Script<'static> {
    Script {
        steps,
        ..Script::default()
    }
}

fn fewest(script: &Script<'_>) -> Order {
    let order = fewest_preemptions(script, (9, 9), &mut 1_000);
    order.unwrap().unwrap()
}

#[test]
fn independent_steps_need_no_preemption_however_they_were_run() {
    let shuffled = script(vec![
        step(0, &[(0, true)]),
        step(1, &[(1, true)]),
        step(0, &[(0, true)]),
        step(1, &[(1, true)]),
    ]);
    let order = fewest(&shuffled);
    assert_eq!((order.preemptions, order.steps.len()), (0, 4));
}

#[test]
fn a_lost_update_needs_one() {
    let lost = script(vec![
        step(0, &[(0, false)]),
        step(1, &[(0, false)]),
        step(0, &[(0, true)]),
        step(1, &[(0, true)]),
    ]);
    assert_eq!(fewest(&lost).preemptions, 1);
    assert_eq!(fewest_preemptions(&lost, (0, 1), &mut 1_000), Ok(None));
    // A search that gives up has looked at all cheaper orders.
    let at_least = |mut places| fewest_preemptions(&lost, (9, 9), &mut places).err();
    assert_eq!(at_least(1), Some((0, 0)));
    let last = (1..).map_while(at_least).last();
    assert_eq!(last, Some((0, 1)));
}

#[test]
fn a_search_ends_when_its_places_are_used_up() {
    let script = script(vec![step(0, &[(0, true)]), step(1, &[(0, true)])]);
    let mut places = 2;
    let cut_off = fewest_preemptions(&script, (9, 9), &mut places);
    assert_eq!(cut_off, Err((0, 0)));
    assert_eq!(places, 0);
}

#[test]
fn who_waits_for_a_lock_is_not_preempted() {
    // A deadlock: a after b, b after a. One preemption, in whichever thread.
    let mut deadlock = script(vec![lock(0, 10, true), lock(1, 11, true)]);
    deadlock.unended = vec![(0, Gate::Free(11), false), (1, Gate::Free(10), false)];
    let order = fewest(&deadlock);
    assert_eq!(order.preemptions, 1);
    let handovers = handovers(&deadlock, &order.steps);
    assert_eq!(handovers, [Some(Handover::Preempted), None]);
}

#[test]
fn what_others_do_after_the_decisive_step_does_not_matter() {
    let mut early = script(vec![
        step(0, &[(0, true)]),
        step(1, &[(1, true)]),
        step(0, &[(0, true)]),
    ]);
    early.decisive = vec![1];
    let order = fewest(&early);
    assert_eq!((order.preemptions, order.steps), (0, vec![1]));
}

/// Thread 1 frees what thread 2 waits for, and thread 2 gets there only if thread 0 is
/// preempted.
#[test]
fn all_steps_that_decide_are_taken() {
    let mut freed = script(vec![
        step(0, &[(0, true)]),
        step(1, &[(1, true)]),
        step(2, &[(0, true)]),
        step(0, &[(0, true)]),
    ]);
    freed.unended = vec![(2, Gate::Open, false)];
    freed.decisive = vec![2, 1];
    let order = fewest(&freed);
    assert_eq!((order.preemptions, order.steps.len()), (1, 3));
}

#[test]
fn who_is_held_up_says_by_whom() {
    // Thread 0 is preempted in its critical section; thread 1 waits for it.
    let held = Script {
        steps: vec![
            lock(0, 10, true),
            step(0, &[(0, false)]),
            step(1, &[(0, true)]),
            step(0, &[(0, false)]),
            lock(0, 10, false),
            lock(1, 10, true),
            lock(1, 10, false),
        ],
        ..Script::default()
    };
    let order = fewest(&held);
    assert_eq!(order.preemptions, 1);
    assert_eq!(order.steps, [0, 1, 2, 3, 4, 5, 6]);
    let handovers = handovers(&held, &order.steps);
    assert_eq!(handovers[1], Some(Handover::Preempted));
    assert_eq!(handovers[2], Some(Handover::Waits(Gate::Free(10), Some(0))));
    assert_eq!(handovers[4], Some(Handover::Ended));
}
