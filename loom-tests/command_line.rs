//! The command line where it can explore: what is printed, in a pipe and on a terminal,
//! and Ctrl-C.

use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// A test that waits this long has failed.
const WATCHDOG: Duration = Duration::from_secs(120);
const VERSION: &str = "process_queue/keeps-until-taken";
const FIRST_SCENE: &str = "1 producer, 2 items";

/// `explore` in a process of its own, whose standard error is a terminal.
struct Explorer {
    process: Child,
    screen: Receiver<String>,
}

impl Explorer {
    /// Explores one scene after another. With these budgets the first one alone takes
    /// longer than any test.
    fn start(stdout: impl Into<Stdio>) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let theirs = ptsname(&ours, Vec::new()).unwrap();
        let theirs = File::options().write(true).open(theirs.to_str().unwrap());
        let mut explore = Command::new(env!("CARGO_BIN_EXE_racecourse"));
        explore.args(["explore", VERSION, "--jobs=1", "--any-waiter", "--deaths=9"]);
        explore.args(["--spurious-wake-ups=9", "--early-timeouts=9"]);
        explore.env("TERM", "xterm").stdin(Stdio::null());
        let process = explore.stdout(stdout).stderr(theirs.unwrap()).spawn();
        let (shown, screen) = mpsc::channel();
        let mut ours = File::from(ours);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // When the process has ended, reading is an error.
            while let Ok(length @ 1..) = ours.read(&mut buffer) {
                let _ = shown.send(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
        });
        Self {
            process: process.unwrap(),
            screen,
        }
    }

    /// Waits until the terminal shows that the first scene is being explored.
    fn wait_until_it_explores(&self) {
        let mut shown = String::new();
        while !shown.contains(FIRST_SCENE) {
            shown += &self.screen.recv_timeout(WATCHDOG).expect("progress");
        }
        assert!(shown.contains(VERSION), "{shown}");
    }

    fn interrupt(&self) {
        kill_process(Pid::from_child(&self.process), Signal::INT).unwrap();
    }
}

/// What `explore` prints into a pipe, and its exit code.
fn explored(args: &[&str]) -> (String, Option<i32>) {
    let mut explore = Command::new(env!("CARGO_BIN_EXE_racecourse"));
    let output = explore.arg("explore").args(args).output().unwrap();
    // Nothing in progress is mentioned.
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let text = String::from_utf8(output.stdout).unwrap();
    (without_the_time(&text), output.status.code())
}

/// But for how long it took in all.
fn without_the_time(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| match line.split_once(" bugs found (") {
            Some((line, _)) => format!("{line} bugs found"),
            None => line.to_owned(),
        });
    lines.collect::<Vec<_>>().join("\n")
}

/// What `explore` shows on a terminal of that width.
fn shown(args: &[&str], columns: u16, variables: &[(&str, &str)]) -> String {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&ours, size).unwrap();
    let theirs = ptsname(&ours, Vec::new()).unwrap();
    let theirs = File::options().write(true).open(theirs.to_str().unwrap());
    let theirs = theirs.unwrap();
    let mut explore = Command::new(env!("CARGO_BIN_EXE_racecourse"));
    explore.arg("explore").args(args).stdin(Stdio::null());
    for usual in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        explore.env_remove(usual);
    }
    explore.env("TERM", "xterm").envs(variables.iter().copied());
    explore.stdout(theirs.try_clone().unwrap()).stderr(theirs);
    let mut process = explore.spawn().unwrap();
    // The command has a copy of the terminal's end, and reading ends when all are closed.
    drop(explore);
    let mut shown = Vec::new();
    let _ = File::from(ours).read_to_end(&mut shown);
    process.wait().unwrap();
    String::from_utf8(shown).unwrap().replace('\r', "")
}

const BUG: &str = "ticket_office/check-then-act";

/// The story is that of the file.
fn without_the_story(text: &str) -> String {
    let office = racecourse::lessons::ticket_office::lesson();
    let mut versions = office.versions.iter();
    let bug = versions.find(|it| BUG.ends_with(&it.name)).unwrap();
    // As a correct version it has no mistake to name.
    let story = bug.mistake.unwrap().story.rsplit_once("\nmistake");
    let (story, _) = story.expect("its last line names the mistake");
    assert_eq!(text.matches(story).count(), 1, "{text}");
    text.replace(story, "(the story)")
}

#[test]
fn a_version_is_told_verdict_first() {
    let (proof, code) = explored(&["ticket_office/locked"]);
    assert_eq!(code, Some(0));
    insta::assert_snapshot!("a_proof", proof);
    let (bug, code) = explored(&[BUG]);
    assert_eq!(code, Some(0));
    insta::assert_snapshot!("a_bug", without_the_story(&bug));
    let (failure, code) = explored(&[BUG, "--as-right"]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!("a_failure", without_the_story(&failure));
}

#[test]
fn a_lesson_is_told_in_a_line_a_version() {
    let (lesson, code) = explored(&["ticket_office"]);
    assert_eq!(code, Some(0));
    insta::assert_snapshot!("a_lesson", lesson);
}

#[test]
fn a_terminal_shows_the_same_in_colour() {
    let (plain, _) = explored(&[BUG]);
    for columns in [80, 200] {
        let coloured = shown(&[BUG], columns, &[]);
        assert!(
            coloured.contains("\u{1b}[32m✓ ticket_office/"),
            "{coloured}"
        );
        let stripped = anstream::adapter::strip_str(&coloured).to_string();
        let uncoloured = shown(&[BUG], columns, &[("NO_COLOR", "1")]);
        assert_eq!(uncoloured, stripped, "{columns} columns");
        match columns {
            80 => assert_eq!(stripped.trim_end(), plain),
            _ => insta::assert_snapshot!("a_bug_on_a_wide_terminal", stripped.trim_end()),
        }
    }
    let never = shown(&[BUG, "--color=never"], 80, &[]);
    assert_eq!(never.trim_end(), plain);
}

impl Drop for Explorer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn ctrl_c_reports_what_is_known() {
    let mut explorer = Explorer::start(Stdio::piped());
    explorer.wait_until_it_explores();
    explorer.interrupt();
    let mut text = String::new();
    let mut stdout = explorer.process.stdout.take().unwrap();
    stdout.read_to_string(&mut text).unwrap();
    assert_eq!(explorer.process.wait().unwrap().code(), Some(130), "{text}");
    let (_, stopped) = text.split_once("\nSTOPPED after ").expect(&text);
    let (executions, rest) = stopped.split_once(' ').unwrap();
    assert_ne!(executions, "0", "{text}");
    let why = "executions because it was interrupted: not a proof\n";
    assert!(rest.starts_with(why), "{text}");
    let complaint = format!("✗ {VERSION}: {FIRST_SCENE}: STOPPED after {executions} ");
    assert!(text.starts_with(&complaint), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("interrupted: "), "{text}");
    assert!(last.ends_with(" scenes were not explored"), "{text}");
}

/// Here the first one alone cannot: nobody reads what is known.
#[test]
fn a_second_ctrl_c_ends_the_process_at_once() {
    let (_unread, mut full) = std::io::pipe().unwrap();
    ioctl_fionbio(&full, true).unwrap();
    let error = loop {
        if let Err(error) = full.write(&[b'.'; 4096]) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    ioctl_fionbio(&full, false).unwrap();

    let mut explorer = Explorer::start(full);
    explorer.wait_until_it_explores();
    let started = Instant::now();
    // Two signals at once may count as one: until it has ended, try again.
    let status = loop {
        explorer.interrupt();
        if let Some(status) = explorer.process.try_wait().unwrap() {
            break status;
        }
        assert!(started.elapsed() < WATCHDOG, "it has not ended");
        thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(status.code(), Some(130));
}
