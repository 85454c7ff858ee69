//! The part that is for Unix only: a connected pair of sockets, and waiting for one.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{self, Stdio};
use std::time::Duration;

/// One end. Reading and writing never wait.
pub(super) struct Stream(UnixStream);

/// Two connected ends: ours, and the child's, for its standard input.
pub(super) fn pair() -> io::Result<(Stream, Stdio)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((Stream(ours), OwnedFd::from(theirs).into()))
}

/// The end that this process got as its standard input. Standard input is empty from then on:
/// neither this process nor its children read messages there.
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

    /// Waits until there is something to read, or until there is room to write. The end of the
    /// other process counts as both.
    pub(super) fn wait(
        &self,
        read: bool,
        write: bool,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        let mut events = PollFlags::empty();
        events.set(PollFlags::IN, read);
        events.set(PollFlags::OUT, write);
        // A time that is too long for the system is for ever.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut [PollFd::new(&self.0, events)], timeout.as_ref()) {
            // The caller checks again.
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until every process that has the other end has closed it.
    pub(super) fn wait_for_disconnect(&self) -> io::Result<()> {
        loop {
            // poll reports a hang-up unasked, even while there is something to read.
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

/// Ends this process at once. An ordinary exit would first run registered handlers, and could
/// wait for a lock that they need.
pub(super) fn die() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    process::abort()
}
