//! What is proved, and which stories are minimal.

use super::*;
use crate::explorer::report::Story;

/// A story with so many stale reads and preemptions was found: whether it is minimal.
fn is_minimal(proved: Proved, (stale_reads, preemptions): (usize, usize)) -> bool {
    let order = Order {
        stale_reads,
        preemptions,
        steps: Vec::new(),
    };
    let story = Story {
        preemptions,
        stale_reads,
        ..Story::default()
    };
    let row = Row {
        outcome: Outcome {
            outcome: "lost".to_owned(),
            grade: Grade::Forbidden,
            meaning: String::new(),
            different: 1,
            executions: 1,
            story,
        },
        different: [1; 2],
        cost: Cost::of(&order),
        is_misuse: false,
        known: Vec::new(),
        places: 0,
        at_least: (usize::MAX, usize::MAX),
    };
    let mut found = Found::nothing(&Options::new(Memory::C11));
    let name = (row.outcome.outcome.clone(), row.outcome.grade);
    found.rows.insert(name, row);
    found.proves(proved);
    found.report().outcomes[0].story.minimal
}

#[test]
fn a_story_is_minimal_if_all_with_fewer_preemptions_were_explored() {
    let minimal =
        |proved| [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)].map(|it| is_minimal(proved, it));
    assert_eq!(minimal(Proved::Nothing), [true, false, false, false, false]);
    assert_eq!(
        minimal(Proved::Preemptions(1)),
        [true, true, true, false, false]
    );
    assert_eq!(minimal(Proved::All), [true; 5]);
}

#[test]
fn when_everything_is_explored_again_nothing_is_proved() {
    let mut found = Found::nothing(&Options::new(Memory::Sc));
    found.proves(Proved::Preemptions(1));
    found.forget();
    assert_eq!(found.report().proved, Proved::Nothing);
}

#[test]
fn an_exploration_that_was_stopped_has_not_explored_all() {
    let mut found = Found::nothing(&Options::new(Memory::Sc));
    found.proves(Proved::All);
    found.stop("because it was interrupted");
    assert_eq!(found.report().proved, Proved::Nothing);
    let mut found = Found::nothing(&Options::new(Memory::Sc));
    found.proves(Proved::Preemptions(1));
    found.stop("because it was interrupted");
    assert_eq!(found.report().proved, Proved::Preemptions(1));
}
