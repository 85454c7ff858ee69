//! Processes with an n of their own, real and modelled.

#[cfg(target_os = "linux")]
use crate::processes::next_child;
use proptest::prelude::*;
use racecourse::explorer::report::Grade;
use racecourse::lessons::own_globals::right::SendsBack;
use racecourse::lessons::own_globals::wrong::ExpectsParentToSee;
use racecourse::lessons::own_globals::{Globals, Observed, Processes, START};
use racecourse::processes::Link;
use racecourse::programs::own_globals::{Adder, ROLE};
#[cfg(target_os = "linux")]
use rustix::process::{Signal, kill_process};
use std::collections::HashSet;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_racecourse"))
}

fn adder(pace: Duration) -> Adder {
    let mut program = program();
    program.stdout(Stdio::null());
    let mut adder = Adder::spawn(program, ROLE).expect("it starts");
    adder.send(pace).expect("it listens");
    adder
}

/// What `play own_globals` says, if all is well.
fn said(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it starts");
    assert!(status.success(), "{status}");
    assert_eq!(String::from_utf8_lossy(&stderr), "");
    String::from_utf8(stdout).expect("text")
}

/// The numbers of the processes that say 101, and of the parent.
fn processes(play: &str, sum: &str) -> (HashSet<u32>, u32) {
    let lines: Vec<(&str, &str)> = play
        .lines()
        .map(|line| line.split_once(": ").expect("who says it"))
        .collect();
    let (children, parent) = lines.split_at(lines.len() - 2);
    assert!(children.iter().all(|(_, n)| *n == "n is 101"), "{play}");
    let [(me, "n is 100"), (also_me, said)] = *parent else {
        panic!("{play}");
    };
    assert_eq!((me, said), (also_me, sum), "{play}");
    let id = |id: &str| id.parse().expect("a process");
    let ids: HashSet<u32> = children.iter().map(|(child, _)| id(child)).collect();
    assert_eq!(ids.len(), children.len(), "{play}");
    (ids, id(me))
}

#[test]
fn every_process_says_101_and_the_parent_has_100() {
    let play = said(program().args(["play", "own_globals", "--pace=0s"]));
    let (children, parent) = processes(&play, "the sum of what was sent is 202");
    assert_eq!(children.len(), 2);
    assert!(!children.contains(&parent));
}

/// As a service starts it: with no standard input at all.
#[test]
fn it_plays_with_its_standard_input_closed() {
    let mut shell = Command::new("sh");
    let script = "exec \"$0\" play own_globals --processes=5 --pace=0s <&-";
    let play = said(shell.args(["-c", script]).arg(program().get_program()));
    let (children, _) = processes(&play, "the sum of what was sent is 505");
    assert_eq!(children.len(), 5);
}

#[test]
fn a_process_that_is_killed_is_missed() {
    let patient = Duration::from_secs(3600);
    let mut adders = [adder(Duration::ZERO), adder(patient), adder(Duration::ZERO)];
    adders[1].kill().expect("it may be killed");
    assert_eq!(SendsBack::sum(START, &mut adders), None);
    let codes = adders.map(|adder| adder.wait().expect("it ended").code());
    assert_eq!(codes, [Some(0), None, Some(0)]);
}

#[test]
#[cfg(target_os = "linux")]
fn the_program_says_which_process_died() {
    let mut program = program();
    program.args(["play", "own_globals", "--processes=1", "--pace=1h"]);
    let parent = program.stdout(Stdio::piped()).spawn().expect("it starts");
    let child = next_child(parent.id(), &[]);
    kill_process(child, Signal::KILL).expect("it may be killed");
    let me = parent.id();
    let Output { status, stdout, .. } = parent.wait_with_output().expect("it ends");
    let said = String::from_utf8(stdout).expect("text");
    let no_sum = format!(
        "there is no sum: process {} died (signal: 9 (SIGKILL))",
        child.as_raw_nonzero()
    );
    assert_eq!(said, format!("{me}: n is 100\n{me}: {no_sum}\n"));
    assert_eq!(status.code(), Some(1));
}

#[test]
fn the_parent_sees_nothing_of_what_real_processes_add() {
    let mut adders = [adder(Duration::ZERO), adder(Duration::ZERO)];
    assert_eq!(ExpectsParentToSee::sum(START, &mut adders), Some(200));
}

#[test]
fn judged_as_promised() {
    let judged = |adders: &[Option<i64>], parent, sum| {
        let adders = adders.to_vec();
        let observed = Observed {
            adders,
            parent,
            sum,
        };
        observed.judge()
    };
    let (one, none) = (Some(101), None);
    for (judged, grade, meaning) in [
        (
            judged(&[one, one], 100, Some(202)),
            Grade::Promised,
            "is right",
        ),
        (
            judged(&[one, none], 100, None),
            Grade::Promised,
            "there is no sum",
        ),
        (
            judged(&[one, none], 100, Some(101)),
            Grade::Forbidden,
            "the adders' n",
        ),
        (
            judged(&[one, one], 100, None),
            Grade::Forbidden,
            "the adders' n",
        ),
        (
            judged(&[one, one], 100, Some(200)),
            Grade::Forbidden,
            "the adders' n",
        ),
        (
            judged(&[one, one], 101, Some(202)),
            Grade::Forbidden,
            "less than they added",
        ),
        (
            judged(&[one, Some(102)], 102, Some(203)),
            Grade::Forbidden,
            "share one n",
        ),
        (
            judged(&[one, Some(102)], 100, Some(203)),
            Grade::Forbidden,
            "share one n",
        ),
    ] {
        assert_eq!(judged.grade, grade, "{judged:?}");
        assert!(judged.meaning.ends_with(meaning), "{judged:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_sent_adds_up(number in 0..8usize) {
        let mut adders: Vec<Adder> = (0..number).map(|_| adder(Duration::ZERO)).collect();
        prop_assert_eq!(SendsBack::sum(START, &mut adders), Some(101 * number as i64));
    }

    #[test]
    fn threads_that_share_nothing_add_up_too(number in 0..=3usize) {
        let observed = SendsBack::run(number);
        prop_assert_eq!(observed.judge().grade, Grade::Promised);
        prop_assert_eq!(observed.sum, Some(101 * number as i64));
    }
}
