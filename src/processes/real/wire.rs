//! Messages as frames: four bytes that say how long it is, least first, then the
//! message in postcard's format. A length of all ones says that nothing will follow.
//!
//! Invariants: a frame that is torn, because its sender died, is no message. Memory
//! is taken for bytes that have come, never for bytes that are announced.

use super::super::{Gone, TimedOutOrGone};
use super::stream::Stream;
use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::marker::PhantomData;
use std::time::{Duration, Instant};

/// The longest message, 256 MiB. What announces more is no length but nonsense.
const LONGEST: usize = 256 << 20;

/// Stands in place of a length: nothing will follow.
const NOTHING_MORE: u32 = u32::MAX;

/// As much is read at once.
const CHUNK: usize = 64 << 10;

/// One end of a link.
pub(super) struct Wire<Out, In> {
    stream: Stream,
    chunk: Box<[u8]>,
    /// What has come. Messages before `at` have been handed out.
    come: Vec<u8>,
    at: usize,
    /// Nothing more will come.
    deaf: bool,
    /// Nothing more can be said.
    mute: bool,
    trouble: Option<String>,
    speaks: PhantomData<fn(Out) -> In>,
}

impl<Out, In> Wire<Out, In> {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            chunk: vec![0; CHUNK].into(),
            come: Vec::new(),
            at: 0,
            deaf: false,
            mute: false,
            trouble: None,
            speaks: PhantomData,
        }
    }

    /// What was no message, or could not be one.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Says that nothing will follow.
    pub(super) fn close(&mut self) {
        if !self.mute {
            self.write(&NOTHING_MORE.to_le_bytes());
            self.mute = true;
        }
    }

    /// Writes all of it, unless the other end goes. While the other end takes in
    /// nothing, what it sends is taken in: it may be waiting for that.
    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.mute {
            match (&self.stream).write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let waited = self.stream.wait(!self.deaf, true, None);
                    self.mute = waited.is_err();
                    self.read();
                }
                Err(error) => {
                    self.mute = true;
                    self.note(&error);
                }
            }
        }
    }

    /// Takes in some of what has come; whether there was anything, or there will
    /// never be.
    fn read(&mut self) -> bool {
        if self.deaf {
            return true;
        }
        loop {
            match (&self.stream).read(&mut self.chunk) {
                Ok(0) => self.deaf = true,
                Ok(read) => {
                    self.come.drain(..self.at);
                    self.at = 0;
                    self.come.extend_from_slice(&self.chunk[..read]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => {
                    self.deaf = true;
                    self.note(&error);
                }
            }
            return true;
        }
    }

    /// An error is trouble, unless it is how the other end's death looks.
    fn note(&mut self, error: &io::Error) {
        if !matches!(
            error.kind(),
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
        ) {
            self.trouble = Some(format!("the link broke: {error}"));
        }
    }

    /// The link ends, for a reason that is not the other end's.
    fn fail(&mut self, trouble: String) -> Gone {
        self.trouble.get_or_insert(trouble);
        (self.deaf, self.mute) = (true, true);
        self.come = Vec::new();
        self.at = 0;
        Gone(())
    }
}

impl<Out: Serialize, In: DeserializeOwned> Wire<Out, In> {
    /// What cannot be said (serde refuses, or it is too long) ends the link: there
    /// would be no way to go on.
    pub(super) fn send(&mut self, message: Out) -> Result<(), Gone<Out>> {
        if self.mute {
            return Err(Gone(message));
        }
        match frame(&message) {
            Ok(frame) => self.write(&frame),
            Err(why) => drop(self.fail(why)),
        }
        match self.mute {
            false => Ok(()),
            true => Err(Gone(message)),
        }
    }

    pub(super) fn receive(&mut self) -> Result<In, Gone> {
        loop {
            if let Some(message) = self.next()? {
                return Ok(message);
            }
            self.wait(None)?;
        }
    }

    pub(super) fn receive_timeout(&mut self, timeout: Duration) -> Result<In, TimedOutOrGone> {
        // What no clock can show is never.
        let end = Instant::now().checked_add(timeout);
        loop {
            if let Some(message) = self.next().map_err(|Gone(())| TimedOutOrGone::Gone)? {
                return Ok(message);
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Err(TimedOutOrGone::TimedOut);
            }
            self.wait(left).map_err(|Gone(())| TimedOutOrGone::Gone)?;
        }
    }

    fn wait(&mut self, timeout: Option<Duration>) -> Result<(), Gone> {
        let waited = self.stream.wait(true, false, timeout);
        waited.map_err(|error| self.fail(format!("the link broke: {error}")))
    }

    /// The next message, if it has come whole.
    fn next(&mut self) -> Result<Option<In>, Gone> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            if self.deaf {
                return Err(Gone(()));
            }
            if !self.read() {
                return Ok(None);
            }
        }
    }

    /// The first message of what has come.
    fn take(&mut self) -> Result<Option<In>, Gone> {
        let Some((length, come)) = self.come[self.at..].split_first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*length);
        if length == NOTHING_MORE {
            self.deaf = true;
            return Err(Gone(()));
        }
        let length = length as usize;
        if length > LONGEST {
            return Err(self.fail(format!("a message of {length} bytes was announced")));
        }
        let Some(body) = come.get(..length) else {
            return Ok(None);
        };
        let message = match postcard::take_from_bytes(body) {
            Ok((message, [])) => message,
            Ok((_, more)) => {
                let more = more.len();
                return Err(self.fail(format!("a message had {more} bytes too many")));
            }
            Err(error) => return Err(self.fail(format!("what came is no message: {error}"))),
        };
        self.at += size_of_val(&NOTHING_MORE) + length;
        if self.at == self.come.len() && self.at > CHUNK {
            // What a large message took is given back.
            self.come = Vec::new();
            self.at = 0;
        }
        Ok(Some(message))
    }
}

/// A message as it goes over the wire.
fn frame(message: &impl Serialize) -> Result<Vec<u8>, String> {
    let room_for_length = vec![0; size_of_val(&NOTHING_MORE)];
    let mut frame = postcard::to_extend(message, room_for_length)
        .map_err(|error| format!("this is no message: {error}"))?;
    let (length, body) = frame.split_at_mut(size_of_val(&NOTHING_MORE));
    if body.len() > LONGEST {
        let long = body.len();
        return Err(format!(
            "{long} bytes are no message: {LONGEST} are the most"
        ));
    }
    length.copy_from_slice(&(body.len() as u32).to_le_bytes());
    Ok(frame)
}
