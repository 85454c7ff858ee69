//! All that is Unix's: a connected pair of sockets, and waiting for one.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{self, Stdio};
use std::time::Duration;

/// One end; reading and writing never wait.
pub(super) struct Stream(UnixStream);

/// Two connected ends: ours, and what a child is given as its standard input.
pub(super) fn pair() -> io::Result<(Stream, Stdio)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((Stream(ours), OwnedFd::from(theirs).into()))
}

/// The end that this process was given as its standard input, which is empty from
/// then on: neither does it read messages there, nor does what it starts inherit them.
pub(super) fn from_stdin() -> io::Result<Stream> {
    let given = io::stdin().as_fd().try_clone_to_owned()?;
    let given = UnixStream::from(given);
    if given.peer_addr().is_err() {
        let why = "a child is started by its parent, and standard input is the link to it";
        return Err(io::Error::other(why));
    }
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    given.set_nonblocking(true)?;
    Ok(Stream(given))
}

impl Stream {
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Waits until there is something to read, or until a write will not be refused;
    /// the end of the other process is both.
    pub(super) fn wait(
        &self,
        read: bool,
        write: bool,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let mut events = PollFlags::empty();
        events.set(PollFlags::IN, read);
        events.set(PollFlags::OUT, write);
        // What is too long for the system is for ever.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut [PollFd::new(&self.0, events)], timeout.as_ref()) {
            // The caller checks again by itself.
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the other end is closed, in every process that had it.
    pub(super) fn wait_for_disconnect(&self) -> io::Result<()> {
        loop {
            // That is told unasked, and whatever there is still to read.
            let mut lifeline = [PollFd::new(&self.0, PollFlags::empty())];
            match poll(&mut lifeline, None) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(buffer)
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Ends this process at once. To exit would first run what others have registered
/// for it, and wait for what they hold.
pub(super) fn die() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    process::abort()
}
