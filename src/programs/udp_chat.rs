//! A chat over UDP, with a socket, a file and a terminal.

use super::escaped::Escaped;
use super::program::{Run, Stop};
use crate::lessons::udp_chat::right::DrainsThenStops;
use crate::lessons::udp_chat::{Chat, Inbox, Log, Waker};
use crate::sync::thread;
use crossbeam_channel::{Receiver, Sender, bounded};
use mio::{Events, Interest, Poll, Token, net::UdpSocket};
use rustyline::error::ReadlineError;
use rustyline::{DefaultEditor, ExternalPrinter as _};
use std::collections::VecDeque;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, ErrorKind, Read as _, Write};
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The longest message that UDP carries: the largest length of 16 bits, less the headers of IPv4
/// and UDP.
pub const LONGEST: usize = 65_507;

/// Chats over UDP: sends each line typed, shows and logs what arrives
///
/// `exit`, or the end of input, ends the chat. Anybody can send to this address; each message is
/// shown with the address and port it came from.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where to listen; 127.0.0.1 receives only from this machine
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8000")]
    pub bind: SocketAddr,
    /// Where to send
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9000")]
    pub peer: SocketAddr,
    /// The file to which messages are appended
    #[arg(long, value_name = "FILE", default_value = "chat.txt")]
    pub log: PathBuf,
}

impl Run for Arguments {
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
                "{bind} can only send to this machine, not to {peer}; use --bind {any}:{}",
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
        // A slow reader gets the last lines. One that does not read at all does not keep the chat
        // from ending.
        if shown
            .recv_timeout(FOR_THE_LAST)
            .is_err_and(|why| why.is_timeout())
        {
            complain("some lines are not shown: nobody reads standard output");
        } else {
            writeln!(out, "sent {sent}, received {}", record.logged)?;
        }
        match record.failed {
            None => Ok(true),
            Some(error) => Err(Stop::System(format!(
                "cannot write the log {log:?}: {error}; its last message is number {}",
                record.logged
            ))),
        }
    }
}

/// Opens the log, to append to it.
fn open_log(path: &Path) -> io::Result<File> {
    // Opening a pipe would wait until another program reads it.
    #[cfg(unix)]
    if std::fs::metadata(path).is_ok_and(|there| there.file_type().is_fifo()) {
        return Err(io::Error::other("it is a pipe"));
    }
    OpenOptions::new().append(true).create(true).open(path)
}

/// A socket, and how to wait for it.
pub struct Socket {
    /// Where it listens.
    pub address: SocketAddr,
    arrivals: Arrivals,
    alarm: Alarm,
    outbox: Outbox,
}

impl Socket {
    /// Listens at `bind`, and will send to `peer`.
    ///
    /// # Errors
    /// The operating system refuses, for example because the port is in use.
    pub fn bind(bind: SocketAddr, peer: SocketAddr) -> io::Result<Self> {
        const ARRIVAL: Token = Token(0);
        const ALARM: Token = Token(1);
        let socket = std::net::UdpSocket::bind(bind)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        // Even the shortest message takes more of the buffer than this.
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

    /// Sends what is typed and logs what arrives, until the end. Returns how many messages were
    /// sent.
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

/// The messages that wait in the kernel's receive buffer.
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
                Err(error) if is_transient(error.kind()) => {}
                // `wait` finds out whether there is more to come.
                Err(_) => return None,
            }
        }
    }

    fn wait(&mut self) {
        // The wait may end for no reason: an error is one.
        let _ = self.poll.poll(&mut self.events, None);
    }

    fn holds(&self) -> usize {
        self.holds
    }
}

/// A signal, or the report that an earlier message found no listener. Both come only once.
fn is_transient(error: ErrorKind) -> bool {
    use ErrorKind::{ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error, ConnectionRefused | ConnectionReset | Interrupted)
}

/// Wakes the thread that waits for arrivals.
struct Alarm(mio::Waker);

impl Waker for Alarm {
    fn wake(&self) {
        // This write to a counter cannot fail because the counter is full.
        self.0.wake().expect("the receiver can be woken");
    }
}

/// Sends to the peer.
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
                Err(error) if is_transient(error.kind()) => {}
                sent => return sent.map(drop),
            }
        }
    }
}

/// A message, when it was received, and where it came from.
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

/// The file of the log, and the screen.
struct Record {
    file: File,
    screen: Screen,
    /// How many messages were written to the file.
    logged: usize,
    /// Why no more can be written.
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

/// Shows a line. May wait.
type Show = Box<dyn FnMut(&str) + Send>;

/// Shows lines by a thread of its own: a reader that does not read (`| less`, Ctrl-S) must not
/// block the log or keep the chat from ending.
struct Screen {
    lines: Option<Sender<String>>,
    /// How many lines were dropped since the last one that was shown.
    dropped: usize,
}

/// How long a reader may take for a line …
const FOR_A_LINE: Duration = Duration::from_millis(100);
/// … and for the last lines.
const FOR_THE_LAST: Duration = Duration::from_secs(1);

impl Screen {
    /// The receiver is disconnected when all lines have been shown.
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
            dropped: 0,
        };
        (screen, shown)
    }

    fn show(&mut self, line: String) {
        let Some(lines) = &self.lines else { return };
        // Waits only for the first line for which there is no room.
        let is_taken = match self.dropped {
            0 => lines.send_timeout(line, FOR_A_LINE).is_ok(),
            missing => lines.try_send(missing_lines(missing) + &line).is_ok(),
        };
        self.dropped = if is_taken { 0 } else { self.dropped + 1 };
    }

    /// Shows no more lines.
    fn close(&mut self) {
        if self.dropped > 0 {
            let missing = self.dropped;
            self.dropped = 0;
            self.show(missing_lines(missing));
        }
        self.lines = None;
    }
}

fn missing_lines(number: usize) -> String {
    format!("({number} lines are missing here; the log has them)\n")
}

impl Log for &mut Record {
    fn append(&mut self, line: &str) {
        // A failed write may have written a part of the line: no other line may follow it.
        if self.failed.is_none() {
            match self.file.write_all(line.as_bytes()) {
                Ok(()) => self.logged += 1,
                Err(error) => {
                    let said = format!("the log ends here: {error}\n");
                    self.screen.show(said);
                    self.failed = Some(error);
                }
            }
        }
        self.screen.show(line.to_owned());
    }
}

/// The lines that are typed, up to the end of input.
enum Typed {
    /// With the lines that were pasted together with the last one.
    Terminal(Box<DefaultEditor>, VecDeque<String>),
    Pipe(io::StdinLock<'static>),
}

impl Typed {
    /// Returns also how to show a line while another one is being typed.
    fn from_the_terminal_or_a_pipe() -> io::Result<(Self, Show)> {
        // Not through `stdout`, which stays locked while a write waits.
        let mut out = output()?;
        let mut plainly = move |line: &str| {
            // If the reader is gone, the chat still logs.
            let _ = out.write_all(line.as_bytes());
        };
        let editor = || {
            let mut editor = DefaultEditor::new()?;
            let printer = editor.create_external_printer()?;
            rustyline::Result::Ok((editor, printer))
        };
        Ok(match editor() {
            Ok((editor, mut beside)) => {
                let show = move |line: &str| {
                    // The editor has ended.
                    if beside.print(line.to_owned()).is_err() {
                        plainly(line);
                    }
                };
                let editor = Box::new(editor);
                (Self::Terminal(editor, VecDeque::new()), Box::new(show))
            }
            // Input and output are not both terminals.
            Err(_) => (Self::Pipe(io::stdin().lock()), Box::new(plainly)),
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
            complain(&format!("cannot read standard input: {error}"));
            None
        })
    }
}

/// A line that is too long can be edited again.
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

/// Skips a line that is too long, with a complaint and without reading it into memory.
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
    format!("not sent: longer than {LONGEST} bytes, the maximum of UDP")
}

/// Prints to standard error what went wrong. The chat goes on.
fn complain(what: &str) {
    let _ = writeln!(io::stderr(), "{what}");
}
