//! What the drawings look like, on stories made by hand.

use racecourse::draw;
use racecourse::explorer::report::{
    Budget, Exploration, Grade, Memory, Outcome, Proved, Step, Story, Switch,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// Writes a story down, step by step.
struct Scribe {
    story: Story,
    file: String,
    state: Vec<String>,
}

impl Scribe {
    fn new(threads: &[&str], watched: &[(&str, &str)], file: &str) -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            story: Story {
                threads: names(threads),
                watched: watched.iter().map(|(name, _)| (*name).to_owned()).collect(),
                steps: Vec::new(),
                epilogue: Vec::new(),
                preemptions: 0,
                stale_reads: 0,
                minimal: true,
            },
            file: file.to_owned(),
            state: watched
                .iter()
                .map(|(_, value)| (*value).to_owned())
                .collect(),
        }
    }

    fn step(mut self, thread: usize, line: u32, what: &str) -> Self {
        self.story.steps.push(Step {
            thread,
            what: what.to_owned(),
            narration: false,
            file: self.file.clone(),
            line,
            state: self.state.clone(),
            switch: None,
        });
        self
    }

    fn says(mut self, thread: usize, file: &str, line: u32, what: &str) -> Self {
        self = self.step(thread, line, what);
        let step = self.last();
        step.narration = true;
        step.file = file.to_owned();
        self
    }

    fn now(mut self, index: usize, value: &str) -> Self {
        self.state[index] = value.to_owned();
        let state = self.state.clone();
        self.last().state = state;
        self
    }

    fn switch(mut self, why: &str) -> Self {
        let preempted = why == "preempted";
        self.story.preemptions += usize::from(preempted);
        self.last().switch = Some(Switch {
            preempted,
            why: why.to_owned(),
        });
        self
    }

    fn epilogue(mut self, line: &str) -> Self {
        self.story.epilogue.push(line.to_owned());
        self
    }

    fn last(&mut self) -> &mut Step {
        self.story.steps.last_mut().expect("a step was written")
    }

    fn forbidden(self, outcome: &str, meaning: &str) -> Outcome {
        Outcome {
            outcome: outcome.to_owned(),
            grade: Grade::Forbidden,
            meaning: meaning.to_owned(),
            different: 2,
            executions: 3,
            story: self.story,
        }
    }
}

const WRONG: &str = "src/lessons/ticket_office/wrong.rs";
const OFFICE: &str = "src/lessons/ticket_office/mod.rs";

fn oversold() -> Outcome {
    Scribe::new(&["clerk-1", "clerk-2"], &[("tickets", "1 left")], WRONG)
        .step(0, 20, "lock tickets")
        .step(0, 20, "unlock tickets")
        .switch("preempted")
        .step(1, 20, "lock tickets")
        .step(1, 20, "unlock tickets")
        .step(1, 23, "lock tickets")
        .step(1, 30, "unlock tickets")
        .now(0, "0 left")
        .says(1, OFFICE, 66, "sold ticket 1, 0 left")
        .step(1, 20, "lock tickets")
        .step(1, 20, "unlock tickets")
        .says(1, OFFICE, 70, "sold out")
        .switch("ended")
        .step(0, 23, "lock tickets")
        .step(0, 30, "unlock tickets")
        .now(0, "-1 left")
        .says(0, OFFICE, 66, "sold ticket 0, -1 left")
        .step(0, 20, "lock tickets")
        .step(0, 20, "unlock tickets")
        .says(0, OFFICE, 70, "sold out")
        .switch("ended")
        .forbidden("ticket 0 sold", "a ticket that was never there: oversold")
}

fn deadlocked() -> Outcome {
    Scribe::new(&["ann", "bob"], &[], "src/lessons/table/wrong.rs")
        .step(0, 31, "lock fork")
        .switch("preempted")
        .step(1, 38, "lock knife")
        .switch("waits for `fork`, held by ann since line 31")
        .step(0, 32, "lock knife …")
        .switch("waits for `knife`, held by bob since line 38")
        .epilogue("ann waits for `knife`, which bob has held since line 38")
        .epilogue("bob waits for `fork`, which ann has held since line 31")
        .forbidden("deadlock", "nobody ever eats")
}

fn raced() -> Outcome {
    Scribe::new(&["main", "writer", "reader"], &[], "src/lessons/join/wrong.rs")
        .step(0, 12, "spawn writer")
        .step(0, 13, "spawn reader")
        .switch("waits for writer to end")
        .step(1, 21, "write sum ← 2")
        .step(1, 22, "store done ← true (Relaxed)")
        .switch("ended")
        .step(2, 30, "load done → true (Relaxed)")
        .step(2, 31, "read sum")
        .epilogue("a data race on `sum`: writer wrote it at line 21, reader reads it at line 31, and nothing orders the two")
        .forbidden("data race", "undefined behaviour: anything may be read")
}

fn crowded() -> Outcome {
    let mut outcome = Scribe::new(
        &[
            "baker-1",
            "baker-2",
            "customer-1",
            "customer-2",
            "面包师傅小王",
        ],
        &[("shelf", "empty"), ("open", "true")],
        "src/lessons/bounded_queue/wrong.rs",
    )
    .step(0, 104, "lock queue")
    .step(0, 107, "wait not_full (lets go of queue)")
    .switch("waits for `not_full`, notified by whoever takes the next bread from the shelf")
    .step(
        3,
        131,
        "compare_exchange_weak head 17 → 18 (AcqRel, Relaxed)",
    )
    .switch("preempted")
    .step(1, 104, "lock queue")
    .says(
        1,
        "src/lessons/bread_queue/mod.rs",
        77,
        "puts bread number 3, still warm, onto the shelf",
    )
    .now(0, "bread 3 of baker-2, bread 4 of baker-2")
    .switch("waits for `queue`, held by customer-2 since line 1031")
    .step(4, 1131, "incomprehensibilitiesWithoutAnyBlank")
    .says(
        4,
        "src/lessons/bread_queue/mod.rs",
        78,
        "面包小王一号还是热的请大家慢慢排队",
    )
    .now(1, "false")
    .switch("ended")
    .step(2, 140, "notify_all not_empty (nobody waits)")
    .forbidden(
        "lost bread",
        "a bread that was baked is neither sold nor on the shelf",
    );
    outcome.story.stale_reads = 2;
    outcome
}

fn all() -> [Outcome; 4] {
    [oversold(), deadlocked(), raced(), crowded()]
}

fn table(stopped: Option<&str>) -> Exploration {
    let outcome = |outcome: &str, grade, meaning: &str, different, executions| Outcome {
        outcome: outcome.to_owned(),
        grade,
        meaning: meaning.to_owned(),
        different,
        executions,
        story: oversold().story,
    };
    let fine = "each ticket once, each remainder right";
    Exploration {
        budget: Budget::NONE,
        memory: Memory::Sc,
        stopped: stopped.map(str::to_owned),
        proved: match stopped {
            Some(_) => Proved::Nothing,
            None => Proved::All,
        },
        bounded: Vec::new(),
        executions: 1232,
        different: 162,
        took: Duration::from_secs(1),
        outcomes: vec![
            outcome("sold 0 + 1", Grade::Promised, fine, 78, 610),
            outcome("sold 1 + 0", Grade::Promised, fine, 80, 618),
            outcome("closed early", Grade::Allowed, "nobody is harmed", 1, 1),
            outcome(
                "ticket 0 sold, and after it a ticket that not even the office ever heard of",
                Grade::Forbidden,
                "a ticket that was never there: oversold, and somebody stands in the rain before the door",
                3,
                3,
            ),
        ],
    }
}

#[test]
fn check_then_act() {
    insta::assert_snapshot!(draw::story(&oversold()).plain());
}

#[test]
fn a_deadlock_of_two() {
    insta::assert_snapshot!(draw::story(&deadlocked()).plain());
}

#[test]
fn a_data_race() {
    insta::assert_snapshot!(draw::story(&raced()).plain());
}

#[test]
fn five_threads_and_wide_letters() {
    insta::assert_snapshot!(draw::story(&crowded()).plain());
}

#[test]
fn outcomes_of_a_complete_run() {
    insta::assert_snapshot!(draw::outcomes(&table(None)).plain());
}

#[test]
fn a_stopped_run_has_no_tick() {
    let text = draw::outcomes(&table(Some("after 1232 executions"))).plain();
    assert!(!text.contains('✓'), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn nothing_is_wider_than_a_hundred_columns() {
    let stories = all().map(|outcome| draw::story(&outcome).plain());
    let tables = [draw::outcomes(&table(None)).plain()];
    for line in stories.iter().chain(&tables).flat_map(|text| text.lines()) {
        assert!(line.width() <= draw::WIDTH, "{}: {line}", line.width());
    }
}

/// How often each letter occurs, but for blanks and the picture's own lines.
fn letters(text: &str) -> BTreeMap<char, usize> {
    let mut letters = BTreeMap::new();
    let own = |letter: &char| !letter.is_whitespace() && !"─━│┃┊┼┿└┗┘┛▶◀╳“”".contains(*letter);
    for letter in text.chars().filter(own) {
        *letters.entry(letter).or_default() += 1;
    }
    letters
}

#[test]
fn nothing_is_lost_where_cells_are_broken() {
    for outcome in all() {
        let text = draw::story(&outcome).plain();
        let (_, columns) = text.split_once("\n\n").expect("a caption and columns");
        let story = &outcome.story;
        let one_file = story
            .steps
            .iter()
            .all(|step| step.file == story.steps[0].file);
        let mut expected = [&story.threads[..], &story.watched, &story.epilogue].concat();
        let mut state = vec![String::new(); story.watched.len()];
        for step in &story.steps {
            let file = Path::new(&step.file).file_name().expect("a file");
            let file = if one_file {
                ""
            } else {
                file.to_str().expect("text")
            };
            expected.push(format!("{file}:{}", step.line));
            expected.push(step.what.clone());
            expected.extend(step.switch.iter().map(|switch| switch.why.clone()));
            let changed = step
                .state
                .iter()
                .zip(&state)
                .filter(|(now, before)| now != before);
            expected.extend(changed.map(|(now, _)| now.clone()));
            state.clone_from(&step.state);
        }
        assert_eq!(letters(columns), letters(&expected.concat()), "{text}");
    }
}

#[test]
fn colours_are_all_that_coloured_adds() {
    for outcome in all() {
        let (plain, coloured) = (
            draw::story(&outcome).plain(),
            draw::story(&outcome).coloured(),
        );
        assert!(!plain.contains('\u{1b}'), "{plain}");
        assert!(coloured.contains('\u{1b}'));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    }
}

#[test]
fn a_name_can_neither_break_the_picture_nor_steer_the_terminal() {
    let mut outcome = oversold();
    outcome.outcome = "two\nlines".to_owned();
    outcome.story.threads[0] = "\u{1b}[31mred".to_owned();
    outcome.story.steps[0].what = "a\tb".to_owned();
    let text = draw::story(&outcome).plain();
    assert!(text.contains(r"two\nlines"), "{text}");
    assert!(text.contains(r"\u{1b}[31mred"), "{text}");
    assert!(text.contains(r"a\tb"), "{text}");
}

#[test]
fn files_of_one_name_are_told_apart() {
    let mut outcome = oversold();
    outcome.story.steps[0].file = "src/lessons/join/wrong.rs".to_owned();
    let text = draw::story(&outcome).plain();
    assert!(text.contains("     join/wrong.rs:20"), "{text}");
    assert!(text.contains("\nticket_office/wrong.rs:20"), "{text}");
    assert!(text.contains("          mod.rs:66"), "{text}");
}

#[test]
fn threads_beyond_counting_do_not_break_it() {
    let names: Vec<String> = (0..60).map(|thread| format!("t{thread}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let story = Scribe::new(&names, &[], "a.rs")
        .step(59, 1, "says something")
        .switch("waits for something that takes many words to say, and then some more")
        .step(0, 2, "is there");
    let text = draw::story(&story.forbidden("crowd", "too many")).plain();
    assert!(text.contains("something"), "{text}");
}

#[test]
fn where_fewer_may_do_the_caption_says_at_most() {
    let story = Scribe::new(&[], &[], "a.rs");
    let mut outcome = story.forbidden("nothing", "none");
    outcome.story.minimal = false;
    let caption = |outcome: &Outcome| {
        let text = draw::story(outcome).plain();
        text.lines().nth(1).unwrap().to_owned()
    };
    assert_eq!(caption(&outcome), "no preemptions, no stale reads");
    outcome.story.preemptions = 2;
    assert_eq!(caption(&outcome), "at most 2 preemptions, no stale reads");
    outcome.story.stale_reads = 1;
    assert_eq!(
        caption(&outcome),
        "at most 2 preemptions, at most 1 stale read"
    );
}

#[test]
fn a_thread_that_yields_could_run_on() {
    let story = Scribe::new(&["a", "b"], &[], "a.rs")
        .step(0, 1, "looks")
        .switch("yields")
        .step(1, 2, "acts");
    let text = draw::story(&story.forbidden("nothing", "none")).plain();
    let rows: Vec<&str> = text.lines().skip(5).map(str::trim_end).collect();
    assert_eq!(
        rows,
        [":1  ┃ looks   │", "    └ yields ─▶", ":2  │         ┃ acts"],
        "{text}"
    );
}

#[test]
fn an_empty_story_has_only_a_caption() {
    let story = Scribe::new(&[], &[], "a.rs").forbidden("nothing", "none");
    assert_eq!(
        draw::story(&story).plain(),
        "FORBIDDEN: nothing (none)\nno preemptions, no stale reads\n"
    );
}
