//! A lesson and explorations made by hand: what is said about an exploration
//! does not need one.

use super::*;
use crate::explorer::report::{Exploration, Grade, Judged, Kind, Outcome, Proved, Step, Story};
use crate::lessons::{Mistake, Tutorial, Version};
use crate::programs::{Program, Run};
use clap::Parser as _;
use std::time::Duration;

struct Right;
struct Wrong;

pub(super) fn lesson() -> Lesson {
    // The outcome says which version played: explorations are made up in tests.
    let scenes = |version: &'static str| {
        let judge = move || Judged::promised(version, "as promised");
        vec![
            Scene::new("small", judge).must_occur(&["fine"]),
            Scene::new("large", judge).proof(),
        ]
    };
    let mistake = Mistake {
        scene: "small",
        outcome: "broken",
        preemptions: 1,
        lines: &["fn broken"],
        story: "how it broke\n",
    };
    let mut right = Version::right::<Right>("does it right", scenes("right"), |_| unreachable!());
    right.scenes.truncate(1);
    Lesson {
        name: "shop",
        title: "A shop",
        story: "Once upon a time.",
        tutorial: Tutorial {
            lesson: None,
            faults: &[],
        },
        wrong: "pub struct Wrong;\n\nfn broken() {}\n",
        memory: Memory::C11,
        versions: vec![
            right,
            Version::wrong::<Wrong>(
                "does it wrong",
                scenes("wrong"),
                |_| unreachable!(),
                mistake,
            ),
        ],
        heeds: &[],
    }
}

pub(super) fn outcome(name: &str, grade: Grade, preemptions: usize) -> Outcome {
    let step = Step {
        thread: 0,
        what: format!("does {name}"),
        kind: Kind::Operation,
        object: None,
        lanes: Vec::new(),
        file: "src/shop.rs".to_owned(),
        line: 7,
        state: Vec::new(),
        switch: None,
    };
    Outcome {
        outcome: name.to_owned(),
        grade,
        meaning: "what it means".to_owned(),
        different: 1,
        executions: 2,
        story: Story {
            threads: vec!["ann".to_owned()],
            steps: vec![step],
            preemptions,
            minimal: true,
            ..Story::default()
        },
    }
}

pub(super) fn explored(outcomes: Vec<Outcome>) -> Exploration {
    Exploration {
        budget: Budget::NONE,
        memory: Memory::C11,
        stopped: None,
        proved: Proved::All,
        bounded: Vec::new(),
        executions: 9,
        different: 4,
        took: Duration::from_millis(1500),
        outcomes,
    }
}

pub(super) fn stopped(outcomes: Vec<Outcome>) -> Exploration {
    Exploration {
        budget: Budget::NONE,
        stopped: Some("after 9 executions".to_owned()),
        proved: Proved::Nothing,
        ..explored(outcomes)
    }
}

fn how(variables: &[(&str, &str)]) -> String {
    let args = ["racecourse", "explore", "shop/right"];
    let Command::Explore(args) = Args::parse_from(args).command else {
        unreachable!()
    };
    let variables = variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    how_to_explore(&args, variables)
}

/// Sells something.
#[derive(clap::Args)]
struct Sell {
    /// What it costs
    #[arg(long)]
    price: u32,
}

impl Run for Sell {
    fn run(self, out: &mut dyn Write) -> Result<bool, Stop> {
        writeln!(out, "for {}", self.price)?;
        Ok(self.price > 0)
    }
}

#[test]
fn a_lessons_program_has_arguments_of_its_own() {
    let programs = [Program::new::<Sell>("shop")];
    let play = |args: &[&str]| {
        let args = ["racecourse", "play"].iter().chain(args);
        args::command(&programs).try_get_matches_from(args)
    };
    let given = play(&["shop", "--price=3"]).unwrap();
    let (program, given) = args::program(&programs, &given).unwrap();
    let mut out = Vec::new();
    assert!((program.run)(given, &mut out).unwrap());
    assert_eq!(out, b"for 3\n");

    let help = play(&["--help"]).unwrap_err().to_string();
    assert!(help.contains("shop  Sells something"), "{help}");
    for wrong in [
        &["shop", "--tickets=3"][..],
        &["--tickets=3", "shop", "--price=3"],
        &["shop"],
        &["--tickets=3"],
    ] {
        assert!(play(wrong).is_err(), "{wrong:?}");
    }
    for by_threads in [&["shop/right"][..], &["market", "--tickets=3"]] {
        let given = play(by_threads).unwrap();
        assert!(args::program(&programs, &given).is_none());
        let args = Args::from_arg_matches(&given).unwrap();
        assert!(
            matches!(args.command, Command::Play(args) if args.target.to_string() == by_threads[0])
        );
    }
}

#[test]
fn the_variable_that_overrides_the_alias_is_named() {
    let alone = "type `cargo race shop/right`";
    assert_eq!(how(&[("PATH", "/bin")]), alone);
    assert_eq!(how(&[("CARGO_BUILD_RUSTFLAGS", "-D warnings")]), alone);
    let target = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS";
    assert_eq!(how(&[(target, "-D warnings")]), alone);
    assert_eq!(how(&[("RUSTFLAGS", "-D warnings --cfg loom")]), alone);
    assert_eq!(
        how(&[("CARGO_ENCODED_RUSTFLAGS", "--cfg\u{1f}loom")]),
        alone
    );
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        let how = how(&[(name, "-C\u{1f}opt-level=3")]);
        assert!(
            how.contains(&format!("variable {name} is set without `--cfg loom`")),
            "{how}"
        );
    }
}
