use super::*;

fn explored(budget: Budget, bounded: Vec<BoundedLoop>) -> Exploration {
    Exploration {
        memory: Memory::Sc,
        budget,
        stopped: None,
        proved: Proved::All,
        bounded,
        executions: 9,
        different: 1,
        took: Duration::ZERO,
        outcomes: Vec::new(),
    }
}

#[test]
fn a_verdict_names_what_was_allowed_and_what_was_not() {
    let verdict = |budget| {
        let verdict = explored(budget, Vec::new()).verdict();
        let start = "COMPLETE: 1 different interleaving, 9 executions, SC ";
        verdict.strip_prefix(start).unwrap().to_owned()
    };
    assert_eq!(
        verdict(Budget::NONE),
        "(oldest waiter first, no spurious wake-ups, early timeouts, weak failures or deaths)"
    );
    assert_eq!(
        verdict(Budget::default()),
        "(any waiter, up to 1 spurious wake-up, 1 early timeout, no weak failures or deaths)"
    );
    let all = Budget {
        any_waiter: true,
        spurious_wake_ups: 2,
        early_timeouts: 1,
        weak_failures: 1,
        deaths: 3,
        ..Budget::NONE
    };
    assert_eq!(
        verdict(all),
        "(any waiter, up to 2 spurious wake-ups, 1 early timeout, 1 weak failure, 3 deaths)"
    );
    let deaths = Budget { deaths: 0, ..all };
    assert!(verdict(deaths).ends_with(", 1 weak failure, no deaths)"));
}

#[test]
fn a_verdict_names_the_bounded_loops() {
    let at = |file: &str, line| BoundedLoop {
        file: file.to_owned(),
        line,
        iterations: 4,
    };
    let one = explored(Budget::NONE, vec![at("src/lib.rs", 12)]);
    assert!(one.is_complete() && one.is_bounded());
    let start = "COMPLETE, loop at src/lib.rs:12 up to 4 iterations: 1 different interleaving, ";
    assert!(one.verdict().starts_with(start), "{}", one.verdict());
    let two = explored(Budget::NONE, vec![at("a.rs", 1), at("b.rs", 2)]);
    let start = "COMPLETE, loops at a.rs:1, b.rs:2 up to 4 iterations: ";
    assert!(two.verdict().starts_with(start), "{}", two.verdict());
    assert!(!explored(Budget::NONE, Vec::new()).is_bounded());
}
