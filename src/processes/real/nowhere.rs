//! For systems without socket pairs that a child can inherit: every attempt to start a child
//! is refused. The rest of the course works.

use std::convert::Infallible;
use std::io::{self, ErrorKind, Read, Write};
use std::process::{self, Stdio};
use std::time::Duration;

pub(super) struct Stream(Infallible);

pub(super) fn pair() -> io::Result<(Stream, Stdio)> {
    let why = "child processes are spawned on Unix alone";
    Err(io::Error::new(ErrorKind::Unsupported, why))
}

pub(super) fn from_stdin() -> io::Result<Stream> {
    pair().map(|(stream, _)| stream)
}

impl Stream {
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        match self.0 {}
    }

    pub(super) fn wait(&self, _: bool, _: bool, _: Option<Duration>) -> io::Result<()> {
        match self.0 {}
    }

    pub(super) fn wait_for_disconnect(&self) -> io::Result<()> {
        match self.0 {}
    }
}

impl Read for &Stream {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }
}

impl Write for &Stream {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}

pub(super) fn die() -> ! {
    process::abort()
}
