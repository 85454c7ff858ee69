//! What the drawings look like, on stories made by hand.

use proptest::prelude::*;
use racecourse::draw;
use racecourse::explorer::report::{
    Act, Because, Budget, Exploration, Grade, Kind, Lane, Memory, Outcome, Promise, Proved, Step,
    Story, Switch,
};
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
                initially: watched
                    .iter()
                    .map(|(_, value)| (*value).to_owned())
                    .collect(),
                minimal: true,
                ..Story::default()
            },
            file: file.to_owned(),
            state: watched
                .iter()
                .map(|(_, value)| (*value).to_owned())
                .collect(),
        }
    }

    fn step(mut self, thread: usize, line: u32, what: &str) -> Self {
        let mut words = what.split_whitespace();
        let kind = match words.next() {
            Some("lock") => Kind::Locks,
            Some("unlock") => Kind::Unlocks,
            _ => Kind::Operation,
        };
        let lanes = match self.story.steps.last() {
            Some(last) => last.lanes.clone(),
            None => vec![Lane::Enabled; self.story.threads.len()],
        };
        self.story.steps.push(Step {
            thread,
            what: what.to_owned(),
            kind,
            object: words.next().map(str::to_owned),
            lanes,
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
        step.kind = Kind::Narration;
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
        let thread = self.last().thread;
        self.last().lanes[thread] = match why {
            "preempted" | "yields" => Lane::Enabled,
            "ended" => Lane::Ended,
            _ => Lane::Waits,
        };
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
fn nothing_is_wider_than_the_screen() {
    let stories = all().map(|outcome| draw::story(&outcome).plain());
    let tables = [draw::outcomes(&table(None)).plain()];
    for line in stories.iter().chain(&tables).flat_map(|text| text.lines()) {
        assert!(line.width() <= draw::WIDTH, "{}: {line}", line.width());
    }
}

/// A step of a generated story: the thread, and why it leaves the processor, if it says so.
type Made = (usize, Option<&'static str>);

fn made(threads: usize) -> impl Strategy<Value = Vec<Made>> {
    let why = proptest::option::of(prop::sample::select(vec![
        "preempted",
        "yields",
        "waits to lock `tickets`, held by clerk-2 since line 31",
    ]));
    proptest::collection::vec((0..threads, why), 1..30)
}

proptest! {
    /// What a thread does stands in its column, below its name, in a picture of any width.
    #[test]
    fn a_thread_stays_in_its_column(
        made in (1usize..7).prop_flat_map(made),
        watched in 0usize..4,
        width in prop::sample::select(vec![80, 100, 200]),
    ) {
        let names: Vec<String> = (0..7).map(|thread| format!("thread-{thread}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let states = [("left", "0"), ("right", "1"), ("above", "2"), ("below", "3")];
        let mut scribe = Scribe::new(&names, &states[..watched], "src/a.rs");
        for (place, &(thread, why)) in made.iter().enumerate() {
            scribe = scribe.step(thread, 1, &format!("step{place}x with a value that is long"));
            if let Some(why) = why.filter(|_| made.get(place + 1).is_some_and(|next| next.0 != thread)) {
                scribe = scribe.switch(why);
            }
        }
        let drawing = draw::story(&scribe.forbidden("a", "b"));
        let text = anstream::adapter::strip_str(&drawing.coloured(width)).to_string();
        let column = |line: &str, word: &str| {
            let at = line.find(word)?;
            Some(line[..at].width())
        };
        for (place, (thread, _)) in made.iter().enumerate() {
            let step = format!("step{place}x");
            let lines: Vec<&str> = text.lines().collect();
            let is_it = |line: &&str| line.contains(&step);
            prop_assert_eq!(lines.iter().filter(|line| is_it(line)).count(), 1, "{}", text);
            let row = lines.iter().position(is_it).expect("it is there");
            let at = column(lines[row], &step);
            let heading = lines[..row].iter().rfind(|line| line.contains(&format!("thread-{thread}")) && !line.contains('┃') && !line.contains('('));
            let heading = heading.and_then(|line| column(line, &format!("thread-{thread}")));
            prop_assert_eq!(at, heading, "{}\n{}", step, &text);
        }
        let lines = text.split("\n\n").skip(1).flat_map(str::lines);
        for line in lines {
            prop_assert!(line.width() <= width, "{} {}", line.width(), line);
        }
    }
}

#[test]
fn a_lock_that_is_released_at_once_is_one_row_with_what_it_protects() {
    let text = draw::story(&oversold()).plain();
    assert!(text.contains("lock, unlock tickets"), "{text}");
    assert!(!text.contains("┃ unlock tickets"), "{text}");
}

#[test]
fn the_end_says_what_was_promised_what_it_is_and_why() {
    let mut outcome = oversold();
    outcome.story.promised = vec![Promise {
        outcome: "sold 1 + 0".to_owned(),
        meaning: "each ticket once".to_owned(),
    }];
    let act = |thread: &str, what: &str, line, source: &str| Act {
        thread: thread.to_owned(),
        what: what.to_owned(),
        file: WRONG.to_owned(),
        line,
        source: Some(source.to_owned()),
    };
    outcome.story.decisive = Some(2);
    outcome.story.because = Some(Because {
        act: act("clerk-2", "lock tickets", 20, "if *left.lock() > 0 {"),
        before: Some(act("clerk-1", "lock tickets", 23, "*left.lock() -= 1;")),
        instead: None,
        outcome: "sold 1 + 0".to_owned(),
    });
    insta::assert_snapshot!(draw::story(&outcome).plain());
}

#[test]
fn rows_that_repeat_are_folded() {
    let mut story = Scribe::new(&["a", "b"], &[], "a.rs").step(1, 9, "begins");
    for _ in 0..1000 {
        story = story.step(0, 1, "load x → 0").step(0, 2, "load y → 0");
    }
    let story = story.step(0, 3, "load z → 0").epilogue("a ends");
    let text = draw::story(&story.forbidden("nothing", "none")).plain();
    assert_eq!(text.matches("load x → 0").count(), 1, "{text}");
    assert!(text.contains("… 999 more times"), "{text}");
    assert!(text.contains("load z → 0"), "{text}");
}

#[test]
fn last_steps_that_tell_nothing_are_folded() {
    let mut story = Scribe::new(&["a"], &[("x", "0")], "a.rs");
    story = story.step(0, 1, "store x ← 1").now(0, "1");
    for line in 2..9 {
        story = story.step(0, line, "lock m").step(0, line, "unlock m");
    }
    let text = draw::story(&story.forbidden("nothing", "none")).plain();
    assert!(
        text.contains("… 7 more steps, and all threads end"),
        "{text}"
    );
    assert!(!text.contains("lock m"), "{text}");
}

#[test]
fn colours_are_all_that_coloured_adds() {
    for outcome in all() {
        let (plain, coloured) = (
            draw::story(&outcome).plain(),
            draw::story(&outcome).coloured(draw::WIDTH),
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
    outcome.story.steps[6].what = "a\tb".to_owned();
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
    assert!(text.contains("\n  join/wrong.rs:20"), "{text}");
    assert!(text.contains("\noffice/wrong.rs:20"), "{text}");
    assert!(text.contains("\n         mod.rs:66"), "{text}");
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
    assert_eq!(caption(&outcome), "no preemptions");
    outcome.story.preemptions = 2;
    assert_eq!(caption(&outcome), "at most 2 preemptions");
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
    let rows: Vec<&str> = text.lines().skip(5).take(3).map(str::trim_end).collect();
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
        "FORBIDDEN: nothing\nno preemptions\n\npromised  any other outcome\ngot       nothing: none\n"
    );
}

#[test]
fn a_picture_escapes_its_text_and_holds_all_of_it() {
    let mut outcome = crowded();
    outcome.story.threads[0] = "<a> & \"b\"".to_owned();
    let mistake = draw::Mistake {
        what: "<mistake>",
        lines: Vec::new(),
        must_occur: &[],
    };
    let svg = draw::picture(&outcome, &mistake);
    assert!(svg.contains(">&lt;a&gt; &amp; &quot;b&quot;</text>"));
    assert!(svg.contains(">&lt;mistake&gt;</text>"));
    assert_eq!(svg.matches('<').count(), svg.matches('>').count());
    let number = |text: &str, name: &str| -> usize {
        let (_, after) = text.split_once(&format!(" {name}=\"")).unwrap();
        after.split('"').next().unwrap().parse().unwrap()
    };
    let (wide, high) = (number(&svg, "width"), number(&svg, "height"));
    for text in svg.lines().filter(|line| line.starts_with("<text ")) {
        let (_, said) = text.split_once('>').unwrap();
        let letters = said
            .trim_end_matches("</text>")
            .replace("&lt;", "<")
            .chars()
            .count();
        assert!(number(text, "x") + 8 * letters <= wide, "{text} in {wide}");
        assert!(number(text, "y") < high, "{text} in {high}");
    }
    for lane in ["runs", "enabled", "waits", "preempted"] {
        assert!(svg.contains(&format!(" class=\"{lane}\"")), "{lane}");
    }
}
