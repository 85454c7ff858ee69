//! Processes with limits, for the compiler and for submissions.

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process_group, setrlimit};
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How a process ended.
pub(super) struct Ended {
    /// How it ended by itself, or why it was killed.
    pub(super) how: How,
    /// What it wrote to standard output.
    pub(super) stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub(super) stderr: Vec<u8>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By itself.
    Exited(ExitStatus),
    /// Killed after the time limit.
    TimedOut,
    /// Killed after it wrote more than the limit.
    WroteTooMuch,
}

/// What is said of a process that ended by itself: `was killed by signal 6 (abort)`.
pub(super) fn describe(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(6), _) => "aborted".to_owned(),
        (Some(signal), _) => format!("was killed by signal {signal}"),
        (None, code) => format!("ended with exit code {}", code.unwrap_or_default()),
    }
}

/// Runs a command in a process group of its own, and kills the group at a limit: after that
/// time, or after that many bytes of standard output and of standard error.
///
/// # Errors
/// The operating system cannot start it.
pub(super) fn run(
    mut command: Command,
    stdin: &[u8],
    time: Duration,
    most_output: [usize; 2],
) -> io::Result<Ended> {
    let deadline = Instant::now() + time;
    let (stdout, their_stdout) = io::pipe()?;
    let (stderr, their_stderr) = io::pipe()?;
    command.process_group(0).stdin(Stdio::piped());
    command.stdout(their_stdout).stderr(their_stderr);
    let mut child = command.spawn()?;
    // The command has copies of the pipes' ends.
    drop(command);
    let (sender, chunks) = mpsc::channel();
    for (is_error, pipe) in [(false, stdout), (true, stderr)] {
        let sender = sender.clone();
        thread::spawn(move || forward(pipe, is_error, &sender));
    }
    drop(sender);
    if let Some(mut pipe) = child.stdin.take() {
        // A process that does not read its input says why in other ways.
        let _ = pipe.write_all(stdin);
    }
    let mut texts = [Vec::new(), Vec::new()];
    let killed = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match chunks.recv_timeout(left) {
            Ok((is_error, chunk)) => {
                let text = &mut texts[usize::from(is_error)];
                text.extend_from_slice(&chunk);
                if text.len() > most_output[usize::from(is_error)] {
                    break Some(How::WroteTooMuch);
                }
            }
            // Both pipes are closed.
            Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) => break Some(How::TimedOut),
        }
    };
    let how = match killed {
        Some(how) => how,
        None => match wait_until(&mut child, deadline)? {
            Some(status) => How::Exited(status),
            None => How::TimedOut,
        },
    };
    if !matches!(how, How::Exited(_)) {
        // It was not waited for yet, so no other group has its number.
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        child.wait()?;
    }
    let [stdout, stderr] = texts;
    Ok(Ended {
        how,
        stdout,
        stderr,
    })
}

fn forward(mut pipe: PipeReader, is_error: bool, sender: &mpsc::Sender<(bool, Vec<u8>)>) {
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = pipe.read(&mut buffer) {
        if sender.send((is_error, buffer[..length].to_vec())).is_err() {
            return;
        }
    }
}

/// A process that has closed its pipes may still run.
fn wait_until(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > deadline {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// For a process that explores a submission: the only way to the grader. Standard output
/// leads to standard error from now on.
///
/// # Errors
/// The operating system refuses.
pub(super) fn channel_to_grader() -> io::Result<std::fs::File> {
    let channel: OwnedFd = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(channel.into())
}

/// Limits this process: its memory in bytes, and that it writes no file.
///
/// # Errors
/// The operating system refuses.
pub(super) fn limit_itself(memory: u64) -> io::Result<()> {
    for (resource, most) in [
        (Resource::Data, memory),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
    ] {
        let limit = getrlimit(resource);
        let most = limit.maximum.map_or(most, |maximum| most.min(maximum));
        setrlimit(
            resource,
            Rlimit {
                current: Some(most),
                maximum: Some(most),
            },
        )?;
    }
    Ok(())
}
