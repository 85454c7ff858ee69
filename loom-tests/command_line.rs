//! The command line where it can explore: Ctrl-C.

use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
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
    let complaint = format!("\n✗ {VERSION}: {FIRST_SCENE}: STOPPED after {executions} ");
    assert!(text.contains(&complaint), "{text}");
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
