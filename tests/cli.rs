//! The command line, run as a whole.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Output, Stdio};

fn racecourse(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_racecourse"));
    command.args(args).stdin(Stdio::null());
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(flags);
    }
    command
}

fn run(args: &[&str]) -> Output {
    racecourse(args).output().expect("it starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it speaks UTF-8")
}

/// What it prints, if all is well.
fn said(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    assert_eq!(text(&output.stderr), "", "{args:?}");
    text(&output.stdout).to_owned()
}

/// The one line of a usage error.
fn refused(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert_eq!(output.status.code(), Some(2), "{command:?}: {output:?}");
    assert_eq!(text(&output.stdout), "", "{command:?}");
    let line = text(&output.stderr).strip_suffix('\n').expect("a line");
    assert!(
        line.starts_with("error: ") && !line.contains('\n'),
        "{line}"
    );
    line.to_owned()
}

#[test]
fn list_names_every_version() {
    let list = said(&["list"]);
    for lesson in racecourse::lessons::all() {
        assert!(list.contains(lesson.title), "{list}");
        for version in lesson.versions {
            let kind = match version.is_right() {
                true => "correct",
                false => "wrong",
            };
            assert!(
                list.contains(&format!("\n  {kind:7}  {} ", version.name)),
                "{list}"
            );
        }
    }
}

#[test]
fn play_ticket_office_sells_every_ticket_once() {
    let play = said(&["play", "ticket_office", "--pace", "0s"]);
    for ticket in 1..=20 {
        let sale = format!("sold ticket {ticket}, {} left\n", ticket - 1);
        assert_eq!(play.matches(&sale).count(), 1, "{play}");
    }
    assert_eq!(play.matches("sold ticket ").count(), 20, "{play}");
    assert!(
        play.contains("each ticket was sold once, and each remainder was right: sold "),
        "{play}"
    );
}

#[test]
fn every_right_version_plays_small() {
    for lesson in racecourse::lessons::all() {
        for version in lesson.versions.iter().filter(|version| version.is_right()) {
            let target = format!("{}/{}", lesson.name, version.name);
            let numbers: Vec<String> = lesson
                .heeds
                .iter()
                .map(|name| format!("--{name}=2"))
                .collect();
            let mut args = vec!["play", &target, "--pace=0s"];
            args.extend(numbers.iter().map(String::as_str));
            let play = said(&args);
            assert!(
                play.starts_with(&format!("{target}: {}\n", version.about)),
                "{play}"
            );
            assert!(play.lines().count() >= 2, "{play}");
        }
    }
}

#[test]
fn numbers_given_are_heeded() {
    let play = said(&[
        "play",
        "ticket_office",
        "--tickets=3",
        "--clerks=1",
        "--pace=0s",
    ]);
    assert!(play.ends_with("remainder was right: sold 3\n"), "{play}");
    let play = said(&[
        "play",
        "ticket_lock",
        "--tickets=3",
        "--clerks=1",
        "--pace=0s",
    ]);
    assert!(play.ends_with("drew their numbers: sold 3\n"), "{play}");
    let play = said(&[
        "play",
        "ticket_office",
        "--tickets=0",
        "--clerks=3",
        "--pace=0s",
    ]);
    assert!(
        play.ends_with("remainder was right: sold 0 + 0 + 0\n"),
        "{play}"
    );
}

#[test]
fn show_tells_the_committed_story_of_every_wrong_version() {
    for lesson in racecourse::lessons::all() {
        for version in &lesson.versions {
            let target = format!("{}/{}", lesson.name, version.name);
            match version.mistake {
                Some(mistake) => {
                    let story = said(&["show", &target]);
                    assert_eq!(story, mistake.story);
                    assert!(story.contains(mistake.outcome), "{story}");
                }
                None => {
                    let why = refused(&mut racecourse(&["show", &target]));
                    assert!(why.contains("is a correct version"), "{why}");
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_done_is_refused_in_one_line() {
    let cases: &[(&[&str], &str)] = &[
        (&[], "requires a subcommand"),
        (
            &["pley"],
            "unrecognized subcommand 'pley'; tip: a similar subcommand exists: 'play'",
        ),
        (
            &["play"],
            "required arguments were not provided: <LESSON[/VERSION]>",
        ),
        (
            &["play", "ticket_offices"],
            "there is no lesson 'ticket_offices'; the lessons are: ticket_office, ",
        ),
        (&["play", "a\nb"], r"there is no lesson 'a\nb'"),
        (&["play", ""], "there is no lesson ''"),
        (
            &["play", "ticket_office/x"],
            "ticket_office has no version 'x'; its versions are: locked, atomic, check-then-act",
        ),
        (
            &["play", "ticket_office", "--capacity=1"],
            "ticket_office has no --capacity; it takes only --tickets, --clerks",
        ),
        (
            &["play", "ticket_office", "--clerks=0"],
            "invalid value '0' for '--clerks <CLERKS>': 0 is not in 1..=100",
        ),
        (
            &["play", "ticket_office", "--clerks=101"],
            "101 is not in 1..=100",
        ),
        (
            &["play", "ticket_office", "--clerks=two"],
            "invalid value 'two' for '--clerks <CLERKS>'",
        ),
        (
            &["play", "ticket_office", "--tickets=-1"],
            "invalid value '-1' for '--tickets <TICKETS>'",
        ),
        (
            &["play", "ticket_office", "--tickets=1000001"],
            "1000001 is not in 0..=1000000",
        ),
        (
            &["play", "ticket_office", "--tickets=99999999999999999999"],
            "invalid value",
        ),
        (
            &["play", "ticket_office", "--bakers=0"],
            "0 is not in 1..=100",
        ),
        (
            &["play", "ticket_office", "--customers=0"],
            "0 is not in 1..=100",
        ),
        (
            &["play", "ticket_office", "--capacity=0"],
            "0 is not in 1..=1000000",
        ),
        (
            &["play", "ticket_office", "--breads=1000001"],
            "1000001 is not in 0..=1000000",
        ),
        (
            &["play", "ticket_office", "--pace=soon"],
            "invalid value 'soon' for '--pace <PACE>': ",
        ),
        (&["play", "ticket_office", "--pace=2h"], "the maximum is 1h"),
        (&["play", "ticket_office", "--pace="], "'--pace <PACE>'"),
        (
            &["play", "ticket_office", "--fast"],
            "unexpected argument '--fast' found",
        ),
        (
            &["show", "ticket_office"],
            "ticket_office is a lesson; show takes a version: ticket_office/check-then-act, ",
        ),
        (
            &["show", "check-then-act"],
            "no lesson 'check-then-act'; for the version of that name, type ticket_office/check-then-act",
        ),
        (
            &["list", "ticket_office/locked"],
            "list takes a lesson, not a version: type ticket_office",
        ),
        (
            &["play", "ticket_office", "--repeat=0"],
            "invalid value '0' for '--repeat <N>': 0 is not in 1..=1000000000; for help, add --help",
        ),
        (
            &["play", "ticket_office", "--repeat=9", "--tickets=3"],
            "'--repeat <N>' cannot be used with '--tickets <TICKETS>'",
        ),
        (
            &["play", "ticket_lock/relaxed-wait", "--repeat=9"],
            "real threads must not run it; to see the race, type `cargo race ticket_lock/relaxed-wait`",
        ),
        (
            &["explore", "--all", "--json"],
            "'--all' cannot be used with '--json'",
        ),
        (
            &["list", "--color=pink"],
            "invalid value 'pink' for '--color <WHEN>' [possible values: auto, always, never]",
        ),
        (
            &["completions", "cmd"],
            "invalid value 'cmd' for '<SHELL>' [possible values: bash, ",
        ),
        (&["show", "nowhere/locked"], "there is no lesson 'nowhere'"),
        (
            &["explore", "start", "join/x"],
            "there is no exercise 'join/x'; `cargo race exercises` lists them",
        ),
        (
            &["explore", "start", "ticket_office/chek-then-act"],
            "there is no exercise 'ticket_office/chek-then-act'; did you mean \
             ticket_office/check-then-act? `cargo race exercises` lists them",
        ),
        (
            &["explore", "start", "check-then-act"],
            "there is no exercise 'check-then-act'; did you mean ticket_office/check-then-act? ",
        ),
        (
            &["explore", "start", "join"],
            "join is a lesson; its exercises are: join/reads-before-join, \
             join/trusts-the-wake-up, join/poisoned-and-stuck",
        ),
        (
            &["explore", "exercises", "/nowhere"],
            "cannot read /nowhere: ",
        ),
        (&["explore", "grade"], "<FILE>..."),
        (
            &["explore", "grade", "a.rs", "--max-seconds=0"],
            "0 is not in 1..=3600",
        ),
        (
            &["explore", "grade", "a.rs", "--json", "--junit=b.xml"],
            "'--json' cannot be used with '--junit <OUT.xml>'",
        ),
    ];
    for (args, why) in cases {
        let line = refused(&mut racecourse(args));
        assert!(line.contains(why), "{args:?}: {line}");
    }
}

#[test]
fn an_ordinary_build_says_how_to_explore() {
    let line = refused(&mut racecourse(&["explore", "ticket_office/locked"]));
    assert!(
        line.ends_with("type `cargo race ticket_office/locked`"),
        "{line}"
    );
    let line = refused(&mut racecourse(&["explore"]));
    assert!(line.ends_with("type `cargo race`"), "{line}");
}

#[test]
fn an_ordinary_build_says_how_to_grade() {
    for command in ["grade", "watch"] {
        let line = refused(&mut racecourse(&["explore", command, "a.rs"]));
        let end = format!("type `cargo race {command} …`");
        assert!(line.ends_with(&end), "{line}");
    }
}

/// This needs no exploration.
#[test]
fn an_exercise_is_written_into_a_new_folder_and_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("new");
    let folder = folder.to_str().expect("a usual name");
    let list = || said(&["explore", "exercises", folder]);
    let start = ["explore", "start", "join/reads-before-join", folder];
    let started = said(&start);
    let file = format!("{folder}/reads-before-join.rs");
    assert!(
        started.ends_with(&format!("cargo race watch {file}\n")),
        "{started}"
    );
    assert!(
        list().contains("\n· not checked yet  join/reads-before-join "),
        "{}",
        list()
    );
    let next = format!("Next: cargo race start ticket_office/check-then-act {folder}\n");
    assert!(list().ends_with(&next), "{}", list());
    std::fs::write(&file, "// mine").expect("it is there");
    let line = refused(&mut racecourse(&start));
    assert!(line.contains("is not overwritten"), "{line}");
    assert_eq!(
        std::fs::read_to_string(&file).ok().as_deref(),
        Some("// mine")
    );
}

#[test]
fn a_variable_that_overrides_the_alias_is_named() {
    let line = refused(racecourse(&["explore"]).env("RUSTFLAGS", "-D warnings"));
    assert!(
        line.contains("RUSTFLAGS is set without `--cfg loom`"),
        "{line}"
    );
    let line = refused(racecourse(&["explore"]).env("RUSTFLAGS", "-D warnings --cfg loom"));
    assert!(line.ends_with("type `cargo race`"), "{line}");
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [
        &["--help"][..],
        &["-h"],
        &["play", "--help"],
        &["explore", "--help"],
    ] {
        let help = said(args);
        assert!(help.contains("Usage: racecourse"), "{help}");
        assert!(!help.contains('\u{1b}'), "{help}");
    }
    assert!(said(&["explore", "--help"]).contains("must_occur_missing"));
    assert!(said(&["explore", "exercises", "--help"]).contains("`watch` has proved"));
    for command in ["start", "watch", "exercises", "grade"] {
        let help = said(&["explore", command, "--help"]);
        assert!(
            help.contains(&format!("Usage: cargo race {command}")),
            "{help}"
        );
    }
    assert_eq!(
        said(&["--version"]),
        concat!("racecourse ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn a_shell_can_complete_lessons_and_versions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = said(&["completions", shell]);
        assert!(script.contains("preemptions"), "{shell}: {script}");
    }
    for shell in ["bash", "zsh"] {
        let script = said(&["completions", shell]);
        for lesson in racecourse::lessons::all() {
            for version in lesson.versions {
                let name = format!("{}/{}", lesson.name, version.name);
                assert!(script.contains(&name), "{shell}: {name}: {script}");
            }
        }
    }
}

#[test]
fn colours_come_if_they_are_wanted() {
    let has_colours = |args: &[&str], variable: &str| {
        let mut list = racecourse(&[&["list"], args].concat());
        for usual in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            list.env_remove(usual);
        }
        let output = list.env(variable, "1").output().expect("it starts");
        text(&output.stdout).contains('\u{1b}')
    };
    for (wanted, args, variable) in [
        (false, &[][..], "OTHER"),
        (true, &[], "CLICOLOR_FORCE"),
        (false, &["--color=never"], "CLICOLOR_FORCE"),
        (false, &["--color=auto"], "NO_COLOR"),
        (true, &["--color=always"], "NO_COLOR"),
        (true, &["--color", "always"], "OTHER"),
    ] {
        assert_eq!(has_colours(args, variable), wanted, "{args:?} {variable}");
    }
}

/// The right version's scene has one interleaving, the wrong ones' always go wrong.
#[cfg(unix)]
#[test]
fn a_scene_played_again_and_again_is_counted() {
    let well = said(&["play", "join/joins-then-reads", "--repeat", "1500"]);
    let end = "1,500\nwent wrong: 0 of 1,500 runs, 0 of 1 interleavings\n\
        The model's threads may do more than run in any order: ";
    assert!(well.contains(end), "{well}");

    let wrong = run(&["play", "own_globals/shares-by-thread", "--repeat", "20"]);
    let end = "went wrong: 20 of 20 runs, 4 of 4 interleavings\n";
    assert!(text(&wrong.stdout).ends_with(end), "{wrong:?}");
    assert_eq!(wrong.status.code(), Some(1));
}

/// Each time.
#[cfg(unix)]
#[test]
fn a_scene_that_does_not_end_is_given_up() {
    let stuck = run(&["play", "udp_chat/never-stops", "--repeat", "100"]);
    let end = "\n✗  did not end     5\n\
        stopped after 5 of 100 runs: 5 runs did not end within 2s each\n\
        went wrong: 5 of 5 runs, 2 of 2 interleavings\n";
    assert!(text(&stuck.stdout).ends_with(end), "{stuck:?}");
    assert_eq!(text(&stuck.stderr), "");
    assert_eq!(stuck.status.code(), Some(1));
}

#[test]
fn a_reader_who_has_seen_enough_is_no_reason_to_panic() {
    for args in [
        &["list"][..],
        &["show", "ticket_office/check-then-act"],
        &["explore", "--help"],
    ] {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        // Whatever another test is just starting has a copy, until it has started.
        while writer.write(b"is anybody there?").is_ok() {}
        let output = racecourse(args)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output();
        let output = output.expect("it starts");
        assert_eq!(text(&output.stderr), "", "{args:?}");
        assert_eq!(output.status.code(), Some(141), "{args:?}");
    }
}

#[test]
fn what_is_played_is_heard_at_once() {
    let mut play = racecourse(&[
        "play",
        "ticket_office",
        "--tickets=1",
        "--clerks=1",
        "--pace=1h",
    ])
    .stdout(Stdio::piped())
    .spawn()
    .expect("it starts");
    let lines = BufReader::new(play.stdout.take().expect("piped")).lines();
    let second = lines.map_while(Result::ok).nth(1);
    // It would rest for an hour now.
    play.kill().expect("it still plays");
    play.wait().expect("it was killed");
    assert_eq!(second.as_deref(), Some("clerk-1: sold ticket 1, 0 left"));
}
