//! The chat for real: a socket, a file, a terminal. What is done with them is
//! [`right`](super::right)'s; here is what they are.

use super::lesson::{Chat, Inbox, Log, Waker};
use super::right::DrainsThenStops;
use crate::lessons::for_real::{Real, Stop};
use crate::sync::thread;
use crossbeam_channel::{Receiver, Sender, bounded};
use mio::{Events, Interest, Poll, Token, net::UdpSocket};
use rustyline::error::ReadlineError;
use rustyline::{DefaultEditor, ExternalPrinter as _};
use std::collections::VecDeque;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, ErrorKind, IsTerminal as _, Read as _, Write};
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The longest message that UDP carries: what 16 bits of length can say, less the
/// headers of IPv4 and UDP.
pub const LONGEST: usize = 65_507;

/// Talks over UDP: sends each line typed, shows and logs what arrives
///
/// `exit`, or the end of input, ends it. Everybody who sends something here is heard,
/// and told apart by address and port.
#[derive(Debug, clap::Args)]
pub struct Talk {
    /// Where to listen; others than this machine get through to other addresses only
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8000")]
    pub bind: SocketAddr,
    /// Whom to send to
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9000")]
    pub peer: SocketAddr,
    /// What arrives is added to the end of this file
    #[arg(long, value_name = "FILE", default_value = "chat.txt")]
    pub log: PathBuf,
}

impl Real for Talk {
    fn run(self, out: &mut dyn Write) -> Result<bool, Stop> {
        let Self { bind, peer, log } = self;
        if bind.is_ipv4() != peer.is_ipv4() {
            return Err(Stop::usage(format!(
                "{bind} cannot send to {peer}: one is IPv4, the other IPv6"
            )));
        }
        if bind.ip().is_loopback() && !peer.ip().is_loopback() {
            let any = match bind {
                SocketAddr::V4(_) => "0.0.0.0",
                SocketAddr::V6(_) => "[::]",
            };
            return Err(Stop::usage(format!(
                "{bind} cannot send to {peer}, only to this machine; to hear others, --bind {any}:{}",
                bind.port()
            )));
        }
        if peer.port() == 0 {
            return Err(Stop::usage(format!(
                "--peer {peer}: nobody listens at port 0"
            )));
        }
        let cannot =
            |what: String| move |error: io::Error| Stop::System(format!("cannot {what}: {error}"));
        let socket = Socket::bind(bind, peer).map_err(cannot(format!("listen at {bind}")))?;
        let file = open_log(&log).map_err(cannot(format!("write the log {log:?}")))?;

        let (typed, show) = Typed::from_the_terminal_or_a_pipe()
            .map_err(cannot("write to standard output".to_owned()))?;
        let (screen, shown) = Screen::new(show);
        writeln!(
            out,
            "listening at {}, sending to {peer}, logging to {log:?}; `exit` ends it",
            socket.address
        )?;
        out.flush()?;
        let mut record = Record::new(file, screen);
        let sent = socket.talk(typed, &mut record);
        record.screen.close();
        // A reader who is slow gets what is left; one who does not read keeps nobody.
        if shown
            .recv_timeout(FOR_THE_LAST)
            .is_err_and(|why| why.is_timeout())
        {
            complain("not all is shown: nobody reads it");
        } else {
            writeln!(out, "sent {sent}, received {}", record.logged)?;
        }
        match record.failed {
            None => Ok(true),
            Some(error) => Err(Stop::System(format!(
                "cannot write the log {log:?}: {error}; it ends with message {}",
                record.logged
            ))),
        }
    }
}

/// The log: nothing that is there already is touched.
fn open_log(path: &Path) -> io::Result<File> {
    // To open a pipe is to wait until somebody reads it.
    #[cfg(unix)]
    if std::fs::metadata(path).is_ok_and(|there| there.file_type().is_fifo()) {
        return Err(io::Error::other("it is a pipe"));
    }
    OpenOptions::new().append(true).create(true).open(path)
}

/// A socket, and what is needed to wait for it.
pub struct Socket {
    /// Where it listens.
    pub address: SocketAddr,
    arrivals: Arrivals,
    alarm: Alarm,
    outbox: Outbox,
}

impl Socket {
    /// Listens at `bind`, to send to `peer`.
    ///
    /// # Errors
    /// If the system does not let it, since the port is taken for one.
    pub fn bind(bind: SocketAddr, peer: SocketAddr) -> io::Result<Self> {
        const ARRIVAL: Token = Token(0);
        const ALARM: Token = Token(1);
        let socket = std::net::UdpSocket::bind(bind)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        // Each message takes more of the buffer than this, however short it is.
        const SHORTEST: usize = 256;
        let holds = socket2::SockRef::from(&socket).recv_buffer_size()? / SHORTEST;

        let mut sends = UdpSocket::from_std(socket.try_clone()?);
        let room = Poll::new()?;
        room.registry()
            .register(&mut sends, ARRIVAL, Interest::WRITABLE)?;
        let mut receives = UdpSocket::from_std(socket);
        let poll = Poll::new()?;
        poll.registry()
            .register(&mut receives, ARRIVAL, Interest::READABLE)?;
        let alarm = Alarm(mio::Waker::new(poll.registry(), ALARM)?);
        Ok(Self {
            address,
            alarm,
            outbox: Outbox {
                socket: sends,
                room,
                peer,
            },
            arrivals: Arrivals {
                socket: receives,
                poll,
                events: Events::with_capacity(2),
                buffer: vec![0; usize::from(u16::MAX)],
                holds,
            },
        })
    }

    /// Sends what is typed, and adds what arrives to the log, until the end. How
    /// many messages were sent.
    pub fn talk(self, typed: impl IntoIterator<Item = Vec<u8>>, log: impl Log + Send) -> usize {
        let Self {
            arrivals,
            alarm,
            mut outbox,
            ..
        } = self;
        let chat = DrainsThenStops::open();
        let mut sent = 0;
        thread::scope(|threads| {
            threads.spawn(|| chat.receive(arrivals, log));
            let send = |text: Vec<u8>| match outbox.send(&text) {
                Ok(()) => sent += 1,
                Err(error) => complain(&format!("not sent: {error}")),
            };
            chat.send(typed, send, &alarm);
        });
        sent
    }
}

/// What the socket has received, and nobody has taken yet: it waits in the kernel,
/// which has room for so much and no more.
struct Arrivals {
    socket: UdpSocket,
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    holds: usize,
}

impl Inbox for Arrivals {
    type Message = Received;

    fn take(&mut self) -> Option<Received> {
        loop {
            match self.socket.recv_from(&mut self.buffer) {
                Ok((length, from)) => {
                    return Some(Received {
                        at: SystemTime::now(),
                        from,
                        bytes: self.buffer[..length].to_vec(),
                    });
                }
                Err(error) if no_end(error.kind()) => {}
                // `wait` knows whether there is more to come.
                Err(_) => return None,
            }
        }
    }

    fn wait(&mut self) {
        // An error is an end for nothing, which is allowed.
        let _ = self.poll.poll(&mut self.events, None);
    }

    fn holds(&self) -> usize {
        self.holds
    }
}

/// A signal, or news that nobody took something we have sent: it comes once, and
/// not to the one who sends.
fn no_end(error: ErrorKind) -> bool {
    use ErrorKind::{ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error, ConnectionRefused | ConnectionReset | Interrupted)
}

/// Wakes who waits for arrivals.
struct Alarm(mio::Waker);

impl Waker for Alarm {
    fn wake(&self) {
        // It writes into a counter, which cannot be full.
        self.0.wake().expect("the receiver can be woken");
    }
}

/// The way to the peer.
struct Outbox {
    socket: UdpSocket,
    room: Poll,
    peer: SocketAddr,
}

impl Outbox {
    fn send(&mut self, text: &[u8]) -> io::Result<()> {
        let mut events = Events::with_capacity(1);
        loop {
            match self.socket.send_to(text, self.peer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let _ = self.room.poll(&mut events, None);
                }
                Err(error) if no_end(error.kind()) => {}
                sent => return sent.map(drop),
            }
        }
    }
}

/// A message, with when it was taken and where it came from.
pub struct Received {
    at: SystemTime,
    from: SocketAddr,
    bytes: Vec<u8>,
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = humantime::format_rfc3339_millis(self.at);
        write!(f, "{at} {} {}", self.from, Escaped(&self.bytes))
    }
}

/// What anybody may have sent, as text without control characters, line breaks of
/// any kind, formatting (which would turn the direction of writing), or what is not
/// assigned: those are `\u{…}`, bytes that are not UTF-8 `\x…`, a backslash `\\`. So
/// it is one line, moves no cursor, and can be turned back into what was sent.
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            // `escape_debug` would escape quotes too, as nothing here needs.
            for part in chunk.valid().split_inclusive(['"', '\'']) {
                let quote = part.len() - usize::from(part.ends_with(['"', '\'']));
                let (text, quote) = part.split_at(quote);
                write!(f, "{}{quote}", text.escape_debug())?;
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// The log's file, and what is shown of it.
struct Record {
    file: File,
    screen: Screen,
    /// How many messages are in it.
    logged: usize,
    /// Why there are no more.
    failed: Option<io::Error>,
}

impl Record {
    fn new(file: File, screen: Screen) -> Self {
        Self {
            file,
            screen,
            logged: 0,
            failed: None,
        }
    }
}

/// Shows a line, however long it takes.
type Show = Box<dyn FnMut(&str) + Send>;

/// Lines on their way to who shows them, on a thread of its own: a reader who does
/// not read (`| less`, Ctrl-S) must keep neither the log nor the end of the chat.
struct Screen {
    lines: Option<Sender<String>>,
    /// So many have been left out, the last one among them.
    left_out: usize,
}

/// So long a reader may take for a line, …
const FOR_A_LINE: Duration = Duration::from_millis(100);
/// … and for the last ones.
const FOR_THE_LAST: Duration = Duration::from_secs(1);

impl Screen {
    /// The end of the other channel is that all has been shown.
    fn new(mut show: Show) -> (Self, Receiver<()>) {
        const FEW: usize = 64;
        let (lines, to_show) = bounded::<String>(FEW);
        let (showing, shown) = bounded(0);
        thread::spawn(move || {
            let _showing: Sender<()> = showing;
            for line in to_show {
                show(&line);
            }
        });
        let screen = Self {
            lines: Some(lines),
            left_out: 0,
        };
        (screen, shown)
    }

    fn show(&mut self, line: String) {
        let Some(lines) = &self.lines else { return };
        // Patience is for the first line that there is no room for.
        let is_taken = match self.left_out {
            0 => lines.send_timeout(line, FOR_A_LINE).is_ok(),
            missing => {
                let said = format!("(here {missing} lines are missing; the log has them)\n");
                lines.capacity().is_some_and(|most| lines.len() + 1 < most)
                    && lines.try_send(said).is_ok()
                    && lines.try_send(line).is_ok()
            }
        };
        self.left_out = if is_taken { 0 } else { self.left_out + 1 };
    }

    /// Nothing more will be shown.
    fn close(&mut self) {
        if self.left_out > 0 {
            let missing = self.left_out;
            self.left_out = 0;
            self.show(format!(
                "(here {missing} lines are missing; the log has them)\n"
            ));
        }
        self.lines = None;
    }
}

impl Log for &mut Record {
    fn append(&mut self, line: &str) {
        // After a line of which only a part is there comes no other.
        if self.failed.is_none() {
            match self.file.write_all(line.as_bytes()) {
                Ok(()) => self.logged += 1,
                Err(error) => {
                    let said = format!("from here on nothing is logged: {error}\n");
                    self.screen.show(said);
                    self.failed = Some(error);
                }
            }
        }
        self.screen.show(line.to_owned());
    }
}

/// What is typed, up to the end of input.
enum Typed {
    /// And lines that were pasted with the last one.
    Terminal(Box<DefaultEditor>, VecDeque<String>),
    Pipe(io::StdinLock<'static>),
}

impl Typed {
    /// Also how to show a line meanwhile.
    fn from_the_terminal_or_a_pipe() -> io::Result<(Self, Show)> {
        // Not by way of `stdout`, which is locked as long as a write waits.
        let mut out = output()?;
        let mut plainly = move |line: &str| {
            // A reader who has gone away is no reason not to log.
            let _ = out.write_all(line.as_bytes());
        };
        let editor = || {
            let mut editor = DefaultEditor::new()?;
            let printer = editor.create_external_printer()?;
            rustyline::Result::Ok((editor, printer))
        };
        let are_terminals = io::stdin().is_terminal() && io::stdout().is_terminal();
        Ok(match are_terminals.then(editor) {
            Some(Ok((editor, mut beside))) => {
                let show = move |line: &str| {
                    // Nobody edits any more.
                    if beside.print(line.to_owned()).is_err() {
                        plainly(line);
                    }
                };
                let editor = Box::new(editor);
                (Self::Terminal(editor, VecDeque::new()), Box::new(show))
            }
            _ => (Self::Pipe(io::stdin().lock()), Box::new(plainly)),
        })
    }
}

/// Standard output, as a file of its own.
#[cfg(unix)]
fn output() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

/// Standard output.
#[cfg(not(unix))]
fn output() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

impl Iterator for Typed {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let line = match self {
            Self::Terminal(editor, pasted) => edited(editor, pasted).map_err(io::Error::other),
            Self::Pipe(input) => next_line(input, complain),
        };
        line.unwrap_or_else(|error| {
            complain(&format!("cannot read on: {error}"));
            None
        })
    }
}

/// A line that is too long comes back, to be shortened.
fn edited(
    editor: &mut DefaultEditor,
    pasted: &mut VecDeque<String>,
) -> rustyline::Result<Option<Vec<u8>>> {
    let mut text = String::new();
    while pasted.is_empty() {
        text = match editor.readline_with_initial("> ", (&text, "")) {
            Ok(text) => text,
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Ok(None),
            Err(error) => return Err(error),
        };
        editor.add_history_entry(&text)?;
        if text.split('\n').all(|line| line.len() <= LONGEST) {
            pasted.extend(text.split('\n').map(str::to_owned));
        } else {
            complain(&too_long());
        }
    }
    Ok(pasted.pop_front().map(String::into_bytes))
}

/// A line that is too long is complained of and left out, without having been in
/// memory as a whole.
fn next_line(
    input: &mut impl BufRead,
    mut complain: impl FnMut(&str),
) -> io::Result<Option<Vec<u8>>> {
    loop {
        let mut line = Vec::new();
        let most = LONGEST as u64 + "\r\n".len() as u64;
        input.by_ref().take(most).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.ends_with(b"\n") {
            line.pop();
            line.pop_if(|last| *last == b'\r');
        } else if line.len() as u64 == most {
            input.skip_until(b'\n')?;
        }
        match line.len() {
            ..=LONGEST => return Ok(Some(line)),
            _ => complain(&too_long()),
        }
    }
}

fn too_long() -> String {
    format!("not sent: longer than {LONGEST} bytes, the most that UDP carries")
}

/// Says on standard error what went wrong and is no end.
fn complain(what: &str) {
    let _ = writeln!(io::stderr(), "{what}");
}
