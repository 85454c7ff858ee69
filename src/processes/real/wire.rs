//! Messages as frames: the length of the message in four bytes, least significant first, and
//! the message in postcard's format. A length of all ones means that no frame will follow.
//!
//! Invariants: an incomplete frame, whose sender died, is no message. Memory is allocated for
//! bytes that have arrived, never for a length that is only announced.

use super::super::{Gone, TimedOutOrGone};
use super::stream::Stream;
use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::marker::PhantomData;
use std::time::{Duration, Instant};

/// The longest message, 256 MiB. A frame with a greater length is no message.
const LONGEST: usize = 256 << 20;

/// Stands in the place of a length: no frame will follow.
const NOTHING_MORE: u32 = u32::MAX;

/// How many bytes are read at once.
const CHUNK: usize = 64 << 10;

/// One end of a link.
pub(super) struct Wire<Out, In> {
    stream: Stream,
    chunk: Box<[u8]>,
    /// Bytes that have arrived. Those before `at` belong to messages that were returned.
    received: Vec<u8>,
    at: usize,
    /// No more bytes will arrive.
    receives_no_more: bool,
    /// No more messages can be sent.
    sends_no_more: bool,
    trouble: Option<String>,
    speaks: PhantomData<fn(Out) -> In>,
}

impl<Out, In> Wire<Out, In> {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            chunk: vec![0; CHUNK].into(),
            received: Vec::new(),
            at: 0,
            receives_no_more: false,
            sends_no_more: false,
            trouble: None,
            speaks: PhantomData,
        }
    }

    /// What arrived that is no message, or which message could not be sent.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Tells the other end that no frame will follow.
    pub(super) fn close(&mut self) {
        if !self.sends_no_more {
            self.write(&NOTHING_MORE.to_le_bytes());
            self.sends_no_more = true;
        }
    }

    /// Writes all bytes, unless the other end disconnects. While this end waits for room, it
    /// reads: the other end may be waiting for room too.
    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.sends_no_more {
            match (&self.stream).write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let waited = self.stream.wait(!self.receives_no_more, true, None);
                    self.sends_no_more = waited.is_err();
                    self.read();
                }
                Err(error) => {
                    self.sends_no_more = true;
                    self.note(&error);
                }
            }
        }
    }

    /// Reads some of the bytes that have arrived. `false`: there are none now.
    fn read(&mut self) -> bool {
        if self.receives_no_more {
            return true;
        }
        loop {
            match (&self.stream).read(&mut self.chunk) {
                Ok(0) => self.receives_no_more = true,
                Ok(read) => {
                    self.received.drain(..self.at);
                    self.at = 0;
                    self.received.extend_from_slice(&self.chunk[..read]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => {
                    self.receives_no_more = true;
                    self.note(&error);
                }
            }
            return true;
        }
    }

    /// Keeps the error, unless it means that the other end has disconnected.
    fn note(&mut self, error: &io::Error) {
        if !matches!(
            error.kind(),
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
        ) {
            self.trouble = Some(format!("the link broke: {error}"));
        }
    }

    /// Ends the link from this side, for that reason.
    fn fail(&mut self, trouble: String) -> Gone {
        self.trouble.get_or_insert(trouble);
        (self.receives_no_more, self.sends_no_more) = (true, true);
        self.received = Vec::new();
        self.at = 0;
        Gone(())
    }
}

impl<Out: Serialize, In: DeserializeOwned> Wire<Out, In> {
    /// A message that cannot be sent (serde refuses it, or it is too long) ends the link: the
    /// other end would wait for it.
    pub(super) fn send(&mut self, message: Out) -> Result<(), Gone<Out>> {
        if self.sends_no_more {
            return Err(Gone(message));
        }
        match frame(&message) {
            Ok(frame) => self.write(&frame),
            Err(why) => drop(self.fail(why)),
        }
        match self.sends_no_more {
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
        // A time that no clock can show never comes.
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

    /// The next message, if all of it has arrived.
    fn next(&mut self) -> Result<Option<In>, Gone> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            if self.receives_no_more {
                return Err(Gone(()));
            }
            if !self.read() {
                return Ok(None);
            }
        }
    }

    /// The first message among the bytes that have arrived.
    fn take(&mut self) -> Result<Option<In>, Gone> {
        let Some((length, rest)) = self.received[self.at..].split_first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*length);
        if length == NOTHING_MORE {
            self.receives_no_more = true;
            return Err(Gone(()));
        }
        let length = length as usize;
        if length > LONGEST {
            return Err(self.fail(format!("a message of {length} bytes was announced")));
        }
        let Some(body) = rest.get(..length) else {
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
        if self.at == self.received.len() && self.at > CHUNK {
            // The memory of a large message is freed.
            self.received = Vec::new();
            self.at = 0;
        }
        Ok(Some(message))
    }
}

/// The frame of a message.
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
