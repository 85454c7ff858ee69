//! loom explores the very same source. The versions of two lessons are compiled a second
//! time, against loom's types instead of the crate's, and both checkers explore the same
//! scenes. What loom finds, racecourse must find too. Neither knows the other's engine,
//! so a mistake in one of them shows here.
//!
//! This prints the tables:
//!
//! ```console
//! $ RUSTFLAGS="--cfg loom" cargo test --test loom same_source -- --nocapture
//! ```

#[allow(dead_code, reason = "the scenes call some of its methods")]
mod bounded_queue;
mod looms;
pub mod sync;
#[allow(dead_code, reason = "the scenes call some of its methods")]
mod ticket_lock;

use bounded_queue::lesson::BoundedQueue as QueueInLoom;
use looms::Found;
use racecourse::explorer::report::{Budget, Exploration, Grade, Judged, Memory};
use racecourse::explorer::{self, Options};
use racecourse::lessons::bounded_queue::{self as our_queue, BoundedQueue, Item, Run, Setup};
use racecourse::lessons::ticket_lock::{self as our_lock, FairLock};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// One scene, once for each checker.
struct Scene {
    name: String,
    /// See [`sync::Backoff`]: for loom alone.
    may_park: bool,
    in_loom: Arc<dyn Fn() -> Judged + Send + Sync>,
    in_ours: Arc<dyn Fn() -> Judged + Send + Sync>,
}

/// So many clerks take so many turns each: `L` in loom, `O` in racecourse.
fn turns<L: FairLock + 'static, O: FairLock + 'static>(clerks: usize, turns: usize) -> Scene {
    Scene {
        name: format!("ticket lock, {clerks} threads x {turns}"),
        may_park: false,
        in_loom: Arc::new(move || our_lock::judge(&ticket_lock::turns::<L>(clerks, turns))),
        in_ours: Arc::new(move || our_lock::judge(&our_lock::turns::<O>(clerks, turns))),
    }
}

/// A holder takes two turns, and another thread tries once.
fn holder_and_try<L: FairLock + 'static, O: FairLock + 'static>() -> Scene {
    Scene {
        name: "ticket lock, a holder and a try_lock".into(),
        may_park: false,
        in_loom: Arc::new(|| our_lock::judge_try(&ticket_lock::holder_and_try::<L>())),
        in_ours: Arc::new(|| our_lock::judge_try(&our_lock::holder_and_try::<O>())),
    }
}

const A: &[&[Item]] = &[&["a1"]];
const AA: &[&[Item]] = &[&["a1", "a2"]];
const A_B: &[&[Item]] = &[&["a1"], &["b1"]];

/// What happens in a queue's scene.
#[derive(Debug, Clone, Copy)]
enum Plot {
    Exchange,
    CloseAndDrain,
    TryToPut,
    WithTimeouts,
}

type InLoom = fn(Setup) -> Run;
type InOurs = fn(&Setup) -> Run;

/// A queue for one item.
fn queue<L: QueueInLoom + 'static, O: BoundedQueue + 'static>(
    plot: Plot,
    producers: &'static [&'static [Item]],
    consumers: usize,
) -> Scene {
    use bounded_queue as loom_queue;
    let setup = Setup {
        capacity: NonZeroUsize::MIN,
        producers,
        consumers,
    };
    let (in_loom, in_ours): (InLoom, InOurs) = match plot {
        Plot::Exchange => (loom_queue::exchange::<L>, Setup::exchange::<O>),
        Plot::CloseAndDrain => (
            loom_queue::close_and_drain::<L>,
            Setup::close_and_drain::<O>,
        ),
        Plot::TryToPut => (loom_queue::try_to_put::<L>, Setup::try_to_put::<O>),
        Plot::WithTimeouts => (loom_queue::with_timeouts::<L>, Setup::with_timeouts::<O>),
    };
    let (p, items) = (producers.len(), producers[0].len());
    Scene {
        name: format!("queue, {plot:?} {p}P{consumers}C x {items}"),
        may_park: false,
        in_loom: Arc::new(move || setup.judge(&in_loom(setup))),
        in_ours: Arc::new(move || setup.judge(&in_ours(&setup))),
    }
}

impl Scene {
    fn may_park(self) -> Self {
        Self {
            may_park: true,
            ..self
        }
    }

    fn in_loom(&self, bound: Option<usize>) -> Found {
        looms::explore(bound, self.may_park, &self.in_loom)
    }

    /// To the end. With `Budget::NONE` racecourse allows what loom allows.
    fn in_ours(&self, budget: Budget) -> Exploration {
        let mut options = Options::new(Memory::C11);
        options.budget = budget;
        let found = explorer::explore(options, Arc::clone(&self.in_ours)).unwrap();
        assert!(found.is_complete(), "{}: {}", self.name, found.verdict());
        found
    }
}

fn outcomes(found: &Exploration) -> BTreeSet<String> {
    let outcomes = found.outcomes.iter();
    outcomes.map(|row| row.outcome.clone()).collect()
}

fn forbids(found: &Exploration, outcome: &str) -> bool {
    let row = found.outcome(outcome);
    row.is_some_and(|row| row.grade == Grade::Forbidden)
}

fn row(scene: &str, loom: usize, ours: u64, outcomes: &str) {
    println!("{scene:<52} | {loom:>15} | {ours:>5} | {outcomes}");
}

fn head(title: &str) {
    println!("{title:<52} | loom executions |  ours | outcomes");
}

/// Both come to the end, nothing is forbidden, and both find the same.
fn agree(scene: &Scene, bound: Option<usize>) {
    let (loom, ours) = (scene.in_loom(bound), scene.in_ours(Budget::NONE));
    let bounded = bound.map_or(String::new(), |bound| format!(", {bound} preemptions"));
    let name = format!("{}{bounded}", scene.name);
    let all: Vec<&str> = loom.outcomes.iter().map(String::as_str).collect();
    row(&name, loom.executions, ours.executions, &all.join("; "));
    assert_eq!(loom.caught, None, "{name}");
    assert_eq!(ours.forbidden().count(), 0, "{name}");
    assert_eq!(loom.outcomes, outcomes(&ours), "{name}");
    assert!(!loom.outcomes.is_empty(), "{name}");
}

/// In all these scenes loom finds everything that racecourse finds.
#[test]
fn both_accept_the_right_versions_and_find_the_same() {
    use bounded_queue::right::Queue as LoomQueue;
    use our_lock::right::TicketLock as OurLock;
    use our_queue::right::Queue as OurQueue;
    use ticket_lock::right::TicketLock as LoomLock;
    let turns = turns::<LoomLock<u64>, OurLock<u64>>;
    let queue = queue::<LoomQueue<Item>, OurQueue<Item>>;
    head("scene");
    agree(&turns(2, 1), None);
    agree(&turns(2, 2), None);
    agree(&turns(3, 1).may_park(), None);
    agree(&holder_and_try::<LoomLock<u64>, OurLock<u64>>(), None);
    agree(&queue(Plot::Exchange, A, 1), None);
    agree(&queue(Plot::Exchange, AA, 1), None);
    agree(&queue(Plot::Exchange, AA, 2), None);
    agree(&queue(Plot::Exchange, A_B, 1), None);
    agree(&queue(Plot::CloseAndDrain, AA, 1), None);
    agree(&queue(Plot::TryToPut, A_B, 0), None);
    // Without a bound loom needs 246,494 executions, and finds no more.
    agree(&queue(Plot::Exchange, A_B, 2), Some(3));
}

/// If the threads only yield, two of them may yield to each other for ever while the third
/// has the lock: loom stops, although nothing is wrong.
#[test]
fn loom_does_not_come_to_an_end_if_three_threads_only_yield() {
    use our_lock::right::TicketLock as OurLock;
    let scene = turns::<ticket_lock::right::TicketLock<u64>, OurLock<u64>>(3, 1);
    let ours = outcomes(&scene.in_ours(Budget::NONE));
    for bound in [Some(2), Some(3), None] {
        let found = scene.in_loom(bound);
        assert_eq!(found.caught.as_deref(), Some("livelock"), "a false alarm");
        assert!(found.outcomes.is_subset(&ours));
    }
}

/// Two of the six orders are not found within one preemption, although none of the six
/// needs any: at its bound loom no longer chooses which thread runs after one that waits.
#[test]
fn loom_loses_orders_within_a_preemption_bound() {
    use our_lock::right::TicketLock as OurLock;
    let scene = turns::<ticket_lock::right::TicketLock<u64>, OurLock<u64>>(3, 1).may_park();
    let ours = scene.in_ours(Budget::NONE);
    assert!(ours.outcomes.iter().all(|row| row.story.preemptions == 0));
    let (ours, found) = (outcomes(&ours), scene.in_loom(Some(1)));
    assert_eq!(found.caught, None);
    assert!(found.outcomes.is_subset(&ours));
    let lost: Vec<&String> = ours.difference(&found.outcomes).collect();
    assert_eq!(lost, ["served 1 2 3", "served 2 1 3"]);
    assert_eq!(scene.in_loom(Some(3)).outcomes, ours);
}

/// A wrong version by its name, in a scene.
macro_rules! wrong {
    ($loom:ident, $ours:ident, $name:ident: $scene:ident($($argument:expr),*)) => {
        (
            stringify!($name),
            $scene::<$loom::wrong::$name, $ours::wrong::$name>($($argument),*),
        )
    };
}

/// A wrong lock by its name, around a counter.
macro_rules! wrong_lock {
    ($name:ident: $scene:ident($($argument:expr),*)) => {
        (
            stringify!($name),
            $scene::<
                ticket_lock::wrong::Counted<ticket_lock::wrong::$name>,
                our_lock::Counted<our_lock::wrong::$name>,
            >($($argument),*),
        )
    };
}

fn caught_by_loom() -> [((&'static str, Scene), &'static str); 9] {
    use Plot::{CloseAndDrain, Exchange, TryToPut};
    [
        (wrong_lock!(RelaxedUnlock: turns(2, 1)), "data race"),
        (wrong_lock!(RelaxedWait: turns(2, 1)), "data race"),
        (wrong_lock!(TornTicket: turns(2, 1)), "data race"),
        (wrong_lock!(ForgetsToServe: holder_and_try()), "livelock"),
        (wrong_lock!(BargesIn: turns(2, 1)), "served out of turn"),
        (
            wrong!(bounded_queue, our_queue, IfInsteadOfWhile: queue(Exchange, AA, 2)),
            "panic",
        ),
        (
            wrong!(bounded_queue, our_queue, OneCondvarNotifyOne: queue(Exchange, AA, 2)),
            "deadlock",
        ),
        (
            wrong!(bounded_queue, our_queue, SilentClose: queue(CloseAndDrain, AA, 1)),
            "deadlock",
        ),
        (
            wrong!(bounded_queue, our_queue, FullThenPut: queue(TryToPut, A_B, 0)),
            "2 inside",
        ),
    ]
}

fn not_seen_by_loom() -> [(&'static str, Scene); 4] {
    [
        wrong_lock!(WakesTheWrongOne: turns(3, 1)),
        wrong!(bounded_queue, our_queue, OneCondvarNotifyTwo: queue(Plot::Exchange, A, 2)),
        wrong!(bounded_queue, our_queue, DropsOnTimeout: queue(Plot::WithTimeouts, AA, 0)),
        wrong!(bounded_queue, our_queue, TimesOutYetTakes: queue(Plot::WithTimeouts, AA, 1)),
    ]
}

#[test]
fn no_wrong_version_is_left_out() {
    let lessons = [our_queue::lesson(), our_lock::lesson()];
    let versions = lessons.iter().flat_map(|lesson| &lesson.versions);
    let wrong = versions.filter(|version| !version.is_right());
    let wrong: BTreeSet<String> = wrong.map(|it| it.name.replace('-', "")).collect();
    let caught = caught_by_loom().map(|((name, _), _)| name.to_lowercase());
    let not_seen = not_seen_by_loom().map(|(name, _)| name.to_lowercase());
    assert_eq!(
        caught.into_iter().chain(not_seen).collect::<BTreeSet<_>>(),
        wrong
    );
}

/// loom stops at the first execution that fails. What it found until then, and the
/// failure, are among what racecourse finds.
#[test]
fn both_catch_wrong_versions() {
    head("wrong version");
    for ((version, scene), outcome) in caught_by_loom() {
        let (loom, ours) = (scene.in_loom(None), scene.in_ours(Budget::NONE));
        let name = format!("{version}: {}", scene.name);
        let caught = loom.caught.as_deref();
        row(
            &name,
            loom.executions,
            ours.executions,
            caught.unwrap_or("nothing"),
        );
        assert_eq!(caught, Some(outcome), "{name}");
        assert!(forbids(&ours, outcome), "{name}: {:?}", outcomes(&ours));
        assert!(loom.outcomes.is_subset(&outcomes(&ours)), "{name}");
    }
}

/// In loom `notify_one` wakes the thread that has waited longest, which is the right one.
#[test]
fn loom_does_not_see_that_the_wrong_one_is_woken() {
    let [(_, scene), ..] = not_seen_by_loom();
    let (loom, ours) = (scene.in_loom(None), scene.in_ours(Budget::NONE));
    println!("{} executions", loom.executions);
    assert_eq!(loom.caught, None);
    assert_eq!(loom.outcomes, outcomes(&ours));
    assert_eq!(ours.forbidden().count(), 0, "the oldest is woken here too");
    let any_waiter = Budget {
        any_waiter: true,
        ..Budget::NONE
    };
    assert!(forbids(&scene.in_ours(any_waiter), "deadlock"));
}

/// It takes four consumers to show the mistake: five threads, and even four are explored
/// by loom here only within a bound on preemptions. With two consumers there is none.
#[test]
fn loom_does_not_see_that_two_wrong_ones_are_woken() {
    let [_, (_, scene), ..] = not_seen_by_loom();
    let (loom, ours) = (scene.in_loom(None), scene.in_ours(Budget::NONE));
    assert_eq!(loom.caught, None);
    assert_eq!(loom.outcomes, outcomes(&ours));
    assert_eq!(ours.forbidden().count(), 0);
}

/// In loom no timed wait times out. So the right version deadlocks too in this scene, and
/// loom cannot tell one from the other.
#[test]
fn loom_does_not_see_what_is_dropped_on_timeout() {
    use our_queue::right::Queue;
    let [_, _, (_, wrong), _] = not_seen_by_loom();
    let right = queue::<bounded_queue::right::Queue<Item>, Queue<Item>>(Plot::WithTimeouts, AA, 0);
    for scene in [&wrong, &right] {
        let loom = scene.in_loom(None);
        assert_eq!(loom.caught.as_deref(), Some("deadlock"));
        assert_eq!(loom.outcomes, [].into());
    }
    assert!(forbids(&wrong.in_ours(Budget::NONE), "a2 lost"));
    assert_eq!(right.in_ours(Budget::NONE).forbidden().count(), 0);
}

/// In loom no timed wait times out, so the branch with the mistake never runs.
#[test]
fn loom_does_not_see_what_is_taken_after_the_timeout() {
    let [.., (_, scene)] = not_seen_by_loom();
    let (loom, ours) = (scene.in_loom(None), scene.in_ours(Budget::NONE));
    assert_eq!(loom.caught, None);
    assert_eq!(loom.outcomes, ["a1 a2".to_owned()].into());
    assert_eq!(loom.outcomes, outcomes(&ours), "time is up late here too");
    let early = Budget {
        early_timeouts: 1,
        ..Budget::NONE
    };
    assert!(forbids(&scene.in_ours(early), "a1 lost"));
}
