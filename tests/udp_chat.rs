//! The chat, with real sockets: in this process, and as a program of its own.

use crate::bounded_queue::ends;
use clap::{Args as _, FromArgMatches as _};
use crossbeam_channel::{Receiver, Sender, unbounded};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use racecourse::explorer::report::Grade;
use racecourse::lessons::udp_chat::right::DrainsThenStops;
use racecourse::lessons::udp_chat::{self, Chat as _, Inbox, Log, Waker};
use racecourse::programs::Escaped;
use racecourse::programs::udp_chat::{Arguments, LONGEST, Socket};
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// So long nothing here takes, unless it never ends.
const WATCHDOG: Duration = Duration::from_secs(120);
const ANY_PORT: &str = "127.0.0.1:0";
/// Where nobody listens.
const NOBODY: &str = "127.0.0.1:9";

fn any_port() -> SocketAddr {
    ANY_PORT.parse().unwrap()
}

fn peer() -> UdpSocket {
    let peer = UdpSocket::bind(ANY_PORT).unwrap();
    peer.set_read_timeout(Some(WATCHDOG)).unwrap();
    peer
}

fn heard_by(peer: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; usize::from(u16::MAX)];
    let length = peer.recv(&mut buffer).expect("it arrives");
    buffer.truncate(length);
    buffer
}

/// A file that is not there yet.
fn new_log() -> PathBuf {
    static LOGS: AtomicUsize = AtomicUsize::new(0);
    let number = LOGS.fetch_add(1, Ordering::Relaxed);
    let name = format!("chat-{}-{number}.txt", std::process::id());
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    path
}

/// Whether a character is invisible, written without Unicode's tables: those that people use to
/// hide text or to move it, and whole ranges of others.
fn is_invisible(each: char) -> bool {
    let ranges = [
        '\u{a0}'..='\u{a0}',   // no-break space
        '\u{ad}'..='\u{ad}',   // soft hyphen
        '\u{34f}'..='\u{34f}', // combining grapheme joiner
        '\u{61c}'..='\u{61c}',
        '\u{115f}'..='\u{1160}', // Hangul fillers
        '\u{1680}'..='\u{1680}',
        '\u{17b4}'..='\u{17b5}',
        '\u{180b}'..='\u{180f}',
        '\u{2000}'..='\u{200f}', // spaces, zero width, direction marks
        '\u{2028}'..='\u{202f}', // line breaks, direction of writing
        '\u{205f}'..='\u{206f}',
        '\u{2800}'..='\u{2800}', // blank of Braille
        '\u{3000}'..='\u{3000}',
        '\u{3164}'..='\u{3164}', // Hangul filler
        '\u{e000}'..='\u{f8ff}', // private use
        '\u{fe00}'..='\u{fe0f}', // variation selectors
        '\u{feff}'..='\u{feff}',
        '\u{ffa0}'..='\u{ffa0}', // Hangul filler
        '\u{fff0}'..='\u{fffb}',
        '\u{1bca0}'..='\u{1bca3}',  // shorthand
        '\u{1d173}'..='\u{1d17a}',  // music
        '\u{e0000}'..='\u{10ffff}', // tags, variation selectors, private use
    ];
    each.is_control() || ranges.iter().any(|range| range.contains(&each))
}

/// A line of the log, read back: where it came from, and what was sent. It is held
/// to be one line that does nothing to a terminal.
#[track_caller]
fn read_back(line: &str) -> (SocketAddr, Vec<u8>) {
    let line = line.strip_suffix('\n').unwrap_or(line);
    assert!(!line.contains(is_invisible), "{line:?}");
    let [time, from, text] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
        panic!("no line of a log: {line:?}");
    };
    humantime::parse_rfc3339(time).expect("a time");
    (from.parse().expect("an address"), unescaped(text))
}

/// What [`Escaped`] promises that can be done.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.chars();
    while let Some(each) = rest.next() {
        let mut put = |it: char| bytes.extend_from_slice(it.encode_utf8(&mut [0; 4]).as_bytes());
        if each != '\\' {
            put(each);
            continue;
        }
        match rest.next().expect("a letter") {
            'n' => put('\n'),
            'r' => put('\r'),
            't' => put('\t'),
            '0' => put('\0'),
            '\\' => put('\\'),
            'u' => {
                let digits: String = rest.by_ref().take_while(|&it| it != '}').collect();
                let digits = digits.strip_prefix('{').expect("{");
                let code = u32::from_str_radix(digits, 16).expect("digits");
                put(char::from_u32(code).expect("a character"));
            }
            'x' => {
                let digits: String = rest.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&digits, 16).expect("digits"));
            }
            other => panic!("no such escape: \\{other}"),
        }
    }
    bytes
}

// --- As a program -----------------------------------------------------------

fn chat(bind: &str, peer: &str, log: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_racecourse"));
    command.args([
        "play", "udp_chat", "--bind", bind, "--peer", peer, "--log", log,
    ]);
    command.stdin(Stdio::null());
    command
}

/// A chat that runs, and is killed with the test.
struct Running {
    child: Child,
    typing: Option<ChildStdin>,
    address: SocketAddr,
    log: PathBuf,
    shown: Receiver<String>,
    complaints: Receiver<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines_of(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (line, lines) = unbounded();
    std::thread::spawn(move || {
        for each in BufReader::new(stream).lines() {
            let _ = line.send(each.expect("it speaks UTF-8"));
        }
    });
    lines
}

/// Waits for its end, unless it never ends.
#[track_caller]
fn ended(child: &mut Child) -> ExitStatus {
    let since = Instant::now();
    loop {
        match child.try_wait().unwrap() {
            Some(ended) => return ended,
            None => assert!(since.elapsed() < WATCHDOG, "it does not end"),
        }
        std::thread::yield_now();
    }
}

impl Running {
    fn start(peer: SocketAddr, log: PathBuf) -> Self {
        let mut command = chat(ANY_PORT, &peer.to_string(), log.to_str().unwrap());
        Self::started(&mut command, log).expect("it starts")
    }

    /// `None` if it does not get as far as listening.
    fn started(command: &mut Command, log: PathBuf) -> Option<Self> {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.stderr(Stdio::piped()).spawn().expect("it starts");
        let shown = lines_of(child.stdout.take().unwrap());
        let complaints = lines_of(child.stderr.take().unwrap());
        let typing = child.stdin.take();
        let Ok(listens) = shown.recv_timeout(WATCHDOG) else {
            let _ = child.wait();
            return None;
        };
        let address = listens
            .strip_prefix("listening at ")
            .expect("it says where");
        let address = address.split(',').next().unwrap().parse().unwrap();
        Some(Self {
            child,
            typing,
            address,
            log,
            shown,
            complaints,
        })
    }

    fn types(&mut self, line: impl AsRef<[u8]>) {
        let typing = self.typing.as_mut().expect("it reads");
        typing.write_all(&[line.as_ref(), b"\n"].concat()).unwrap();
    }

    /// The next line it shows, read back.
    #[track_caller]
    fn shows(&self) -> (SocketAddr, Vec<u8>) {
        read_back(&self.shown.recv_timeout(WATCHDOG).expect("it shows a line"))
    }

    #[track_caller]
    fn complains(&self) -> String {
        self.complaints
            .recv_timeout(WATCHDOG)
            .expect("it complains")
    }

    /// Waits for its end: how it ended, the last it said, and the log.
    #[track_caller]
    fn ends(mut self) -> (ExitStatus, String, String) {
        let mut last = None;
        while let Ok(line) = self.shown.recv_timeout(WATCHDOG) {
            last = Some(line);
        }
        let ended = ended(&mut self.child);
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let _ = fs::remove_file(&self.log);
        (ended, last.unwrap_or_default(), log)
    }

    #[track_caller]
    fn exits(mut self) -> (String, String) {
        self.types("exit");
        let (status, last, log) = self.ends();
        assert!(status.success(), "{status}: {last}");
        (last, log)
    }
}

#[test]
fn two_copies_talk() {
    // One of the two has to know the other's port before it is there.
    let (mut ann, mut bob) = std::iter::repeat_with(|| {
        let port = peer().local_addr().unwrap();
        let ann = Running::start(port, new_log());
        let log = new_log();
        let anns = ann.address.to_string();
        let mut command = chat(&port.to_string(), &anns, log.to_str().unwrap());
        Some((ann, Running::started(&mut command, log)?))
    })
    .find_map(|both| both)
    .unwrap();
    for (said, answer) in [("hello", "你好"), ("how are you?", ""), ("exit?", " exit")] {
        ann.types(said);
        assert_eq!(bob.shows(), (ann.address, said.into()));
        bob.types(answer);
        assert_eq!(ann.shows(), (bob.address, answer.into()));
    }
    let anns = ann.address;
    let (said, _) = ann.exits();
    assert_eq!(said, "sent 3, received 3");
    bob.types("nobody hears this");
    let (said, log) = bob.exits();
    assert_eq!(said, "sent 4, received 3");
    let log: Vec<_> = log.lines().map(read_back).collect();
    let heard = ["hello", "how are you?", "exit?"];
    assert_eq!(log, heard.map(|text| (anns, text.as_bytes().to_vec())));
}

#[test]
fn exit_ends_both() {
    let peer = peer();
    let chat = Running::start(peer.local_addr().unwrap(), new_log());
    let (said, log) = chat.exits();
    assert_eq!((&*said, &*log), ("sent 0, received 0", ""));
    // What stands behind it is not sent, as what stands before it is.
    let mut chat = Running::start(peer.local_addr().unwrap(), new_log());
    chat.types("before\r\nexit\nafter");
    let (status, said, _) = chat.ends();
    assert!(status.success());
    assert_eq!(said, "sent 1, received 0");
    assert_eq!(heard_by(&peer), b"before");
}

#[test]
fn the_end_of_input_ends_both() {
    let peer = peer();
    for last in [&b""[..], b"no line break"] {
        let mut chat = Running::start(peer.local_addr().unwrap(), new_log());
        let mut typing = chat.typing.take().unwrap();
        typing.write_all(last).unwrap();
        drop(typing);
        let (status, said, _) = chat.ends();
        assert!(status.success());
        assert_eq!(
            said,
            format!("sent {}, received 0", usize::from(!last.is_empty()))
        );
    }
    assert_eq!(heard_by(&peer), b"no line break");
}

#[test]
fn the_largest_datagram_arrives_whole() {
    let peer = peer();
    let mut chat = Running::start(peer.local_addr().unwrap(), new_log());
    let largest: Vec<u8> = (0..LONGEST).map(|at| b'a' + (at % 26) as u8).collect();
    chat.types(&largest);
    assert_eq!(heard_by(&peer), largest);
    chat.types([&largest[..], b"\r"].concat());
    assert_eq!(heard_by(&peer), largest);
    let worst: Vec<u8> = (0..LONGEST).map(|at| at as u8 | 0x80).collect();
    for sent in [&largest, &worst, &Vec::new()] {
        peer.send_to(sent, chat.address).unwrap();
        assert!(chat.shows().1 == *sent);
    }
    let (_, log) = chat.exits();
    let log: Vec<_> = log.lines().map(|line| read_back(line).1).collect();
    assert!(log == [largest, worst, Vec::new()]);
}

#[test]
fn a_message_that_is_too_long_is_refused() {
    let peer = peer();
    let mut chat = Running::start(peer.local_addr().unwrap(), new_log());
    for beyond in [1, 2, 3, 1_000_000] {
        chat.types("x".repeat(LONGEST + beyond));
        let refused = "not sent: longer than 65507 bytes, the maximum of UDP";
        assert_eq!(chat.complains(), refused, "{beyond}");
        chat.types("shorter");
        assert_eq!(heard_by(&peer), b"shorter");
    }
    assert_eq!(chat.exits().0, "sent 4, received 0");
}

#[test]
fn what_is_no_text_is_logged_escaped() {
    let peer = peer();
    let mut chat = Running::start(peer.local_addr().unwrap(), new_log());
    let cases: [(&[u8], &str); 6] = [
        (b"\xff\xfea\xc3", r"\xff\xfea\xc3"),
        (
            "don't \"quote\" 你好 é".as_bytes(),
            "don't \"quote\" 你好 é",
        ),
        (b"tab\tand\0zero", r"tab\tand\0zero"),
        (b"\x1b[2J\x07\x7f", r"\u{1b}[2J\u{7}\u{7f}"),
        (br"\x1b", r"\\x1b"),
        (
            "\u{202e}\u{2028}\u{9b}".as_bytes(),
            r"\u{202e}\u{2028}\u{9b}",
        ),
    ];
    for (sent, escaped) in cases {
        peer.send_to(sent, chat.address).unwrap();
        let line = chat.shown.recv_timeout(WATCHDOG).unwrap();
        assert_eq!(line.splitn(3, ' ').last(), Some(escaped));
        assert_eq!(
            read_back(&line),
            (peer.local_addr().unwrap(), sent.to_vec())
        );
    }
    // The receiver is alive, and so is the sender.
    chat.types(b"\xff");
    assert_eq!(heard_by(&peer), b"\xff");
    assert_eq!(chat.exits().0, "sent 1, received 6");
}

#[test]
fn nobody_forges_a_line_or_writes_to_the_terminal() {
    let peer = peer();
    let chat = Running::start(peer.local_addr().unwrap(), new_log());
    let mut sent = Vec::new();
    for between in [
        "\n", "\r", "\r\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}",
    ] {
        let forged = format!("hi{between}2026-01-01T00:00:00.000Z 10.0.0.1:1 forged");
        sent.push(forged.into_bytes());
    }
    for byte in 0..=u8::MAX {
        sent.push(vec![byte]);
        sent.push(vec![b'\\', byte]);
    }
    for code in (0x80..0x3000)
        .chain(0xd000..0x1_0000)
        .chain(0xe_0000..0xe_0100)
    {
        sent.extend(char::from_u32(code).map(|each| each.to_string().into_bytes()));
    }
    let mut seen = std::collections::HashSet::new();
    for each in &sent {
        peer.send_to(each, chat.address).unwrap();
        let line = chat.shown.recv_timeout(WATCHDOG).unwrap();
        assert_eq!(read_back(&line).1, *each);
        seen.insert(line.splitn(3, ' ').last().unwrap().to_owned());
    }
    // Nothing looks like something else.
    assert_eq!(
        seen.len(),
        std::collections::HashSet::<_>::from_iter(&sent).len()
    );
    let (_, log) = chat.exits();
    assert_eq!(log.lines().count(), sent.len());
    assert!(log.lines().map(|line| read_back(line).1).eq(sent));
}

#[test]
fn what_is_received_is_in_the_log_at_once() {
    let peer = peer();
    let log = new_log();
    fs::write(&log, "what was there before\n").unwrap();
    let chat = Running::start(peer.local_addr().unwrap(), log.clone());
    for number in 1..=20 {
        peer.send_to(format!("{number}").as_bytes(), chat.address)
            .unwrap();
        chat.shows();
        let text = fs::read_to_string(&log).unwrap();
        assert_eq!(text.lines().count(), number + 1);
        assert!(text.starts_with("what was there before\n") && text.ends_with('\n'));
    }
}

#[test]
fn loopback_unless_told_otherwise() {
    let command = Arguments::augment_args(clap::Command::new("talk"));
    let defaults = Arguments::from_arg_matches(&command.get_matches_from(["talk"])).unwrap();
    assert!(defaults.bind.ip().is_loopback() && defaults.peer.ip().is_loopback());
}

#[test]
fn what_cannot_be_done_is_one_line_before_anything_starts() {
    let taken = peer();
    let taken = taken.local_addr().unwrap().to_string();
    let folder = env!("CARGO_TARGET_TMPDIR");
    let unreachable = format!("{folder}/no/such/folder/chat.txt");
    let log = new_log();
    let log = log.to_str().unwrap();
    let cases = [
        (
            &*taken,
            NOBODY,
            log,
            74,
            format!("error: cannot listen at {taken}: "),
        ),
        (
            ANY_PORT,
            "192.0.2.1:9000",
            log,
            2,
            "error: 127.0.0.1:0 can only send to this machine, not to 192.0.2.1:9000; use --bind \
             0.0.0.0:0"
                .into(),
        ),
        (
            "203.0.113.1:0",
            NOBODY,
            log,
            74,
            "error: cannot listen at 203.0.113.1:0: ".into(),
        ),
        (
            ANY_PORT,
            NOBODY,
            folder,
            74,
            format!("error: cannot write the log {folder:?}: "),
        ),
        (
            ANY_PORT,
            NOBODY,
            &unreachable,
            74,
            "error: cannot write the log ".into(),
        ),
        (
            "localhost",
            NOBODY,
            log,
            2,
            "error: invalid value 'localhost' for '--bind <ADDRESS:PORT>'".into(),
        ),
        (
            "127.0.0.1:65536",
            NOBODY,
            log,
            2,
            "error: invalid value '127.0.0.1:65536' for".into(),
        ),
        (
            ANY_PORT,
            "",
            log,
            2,
            "error: invalid value '' for '--peer <ADDRESS:PORT>'".into(),
        ),
        (
            ANY_PORT,
            "127.0.0.1:0",
            log,
            2,
            "error: --peer 127.0.0.1:0: nobody listens at port 0".into(),
        ),
        (
            ANY_PORT,
            "[::1]:9",
            log,
            2,
            "error: 127.0.0.1:0 cannot send to [::1]:9: one is IPv4".into(),
        ),
    ];
    for (bind, to, log, code, why) in cases {
        let Output {
            status,
            stdout,
            stderr,
        } = chat(bind, to, log).output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert!(said.starts_with(&why), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!((status.code(), stdout), (Some(code), Vec::new()), "{said}");
    }
    assert!(!fs::exists(log).unwrap());
}

#[test]
fn a_log_that_cannot_be_written_on_is_said() {
    if !fs::exists("/dev/full").unwrap() {
        return; // no such system
    }
    let peer = peer();
    let mut command = chat(ANY_PORT, NOBODY, "/dev/full");
    let mut chat = Running::started(&mut command, new_log()).unwrap();
    peer.send_to(b"hello", chat.address).unwrap();
    let said = chat.shown.recv_timeout(WATCHDOG).unwrap();
    assert!(said.starts_with("the log ends here: "), "{said}");
    assert_eq!(chat.shows().1, b"hello");
    chat.types("exit");
    let why = chat.complains();
    assert!(
        why.starts_with("error: cannot write the log \"/dev/full\": "),
        "{why}"
    );
    let (status, said, _) = chat.ends();
    assert_eq!((status.code(), &*said), (Some(74), "sent 0, received 0"));
}

#[test]
fn that_nobody_takes_what_is_sent_ends_nothing() {
    let away = peer().local_addr().unwrap();
    let mut chat = Running::start(away, new_log());
    for number in 1..=20 {
        chat.types("anybody there?");
        let peer = peer();
        peer.send_to(&[number], chat.address).unwrap();
        assert_eq!(chat.shows(), (peer.local_addr().unwrap(), vec![number]));
    }
    assert_eq!(chat.exits().0, "sent 20, received 20");
}

#[test]
fn two_chats_tear_no_line_of_one_log() {
    let log = new_log();
    let nobody = NOBODY.parse().unwrap();
    let chats = [0, 1].map(|_| Running::start(nobody, log.clone()));
    let sent = |from: usize, number: usize| {
        let length = 1 + number * 37 % 5_000;
        format!("{from} {number} {}", "x".repeat(length))
    };
    std::thread::scope(|threads| {
        for (from, chat) in chats.iter().enumerate() {
            threads.spawn(move || {
                let peer = peer();
                for number in 0..500 {
                    let text = sent(from, number).into_bytes();
                    peer.send_to(&text, chat.address).unwrap();
                    // One in flight at a time: nothing is lost.
                    assert_eq!(chat.shows().1, text);
                }
            });
        }
    });
    let mut lines: Vec<_> = fs::read_to_string(&log)
        .unwrap()
        .lines()
        .map(|line| read_back(line).1)
        .collect();
    let mut all: Vec<_> = (0..1000)
        .map(|at| sent(at % 2, at / 2).into_bytes())
        .collect();
    lines.sort_unstable();
    all.sort_unstable();
    assert!(lines == all);
    for chat in chats {
        chat.exits();
    }
}

/// A peer who never stops sending, while something is done.
fn flooded<R>(address: SocketAddr, meanwhile: impl FnOnce() -> R) -> R {
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let peer = peer();
            let garbage: Vec<u8> = (0..=u8::MAX).cycle().take(2_000).collect();
            while !done.load(Ordering::Relaxed) {
                // Once nobody listens any more this says so.
                let _ = peer.send_to(&garbage, address);
            }
        });
        let result = meanwhile();
        done.store(true, Ordering::Relaxed);
        result
    })
}

#[test]
fn a_flood_keeps_nobody() {
    let chat = Running::start(NOBODY.parse().unwrap(), new_log());
    let (_, log) = flooded(chat.address, || {
        for _ in 0..2_000 {
            chat.shows();
        }
        chat.exits()
    });
    assert!(log.lines().count() >= 2_000);
    assert!(log.lines().all(|line| read_back(line).1.len() == 2_000));
}

/// `play udp_chat | less`, and nobody turns the page.
struct Unread {
    chat: Running,
    stdout: Option<ChildStdout>,
    peer: UdpSocket,
    sent: usize,
}

impl Unread {
    /// So many messages that there is no room for all lines.
    const MESSAGES: usize = 300;

    fn start() -> Self {
        let log = new_log();
        let mut child = chat(ANY_PORT, NOBODY, log.to_str().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdout = child.stdout.take().unwrap();
        let mut listens = Vec::new();
        while listens.last() != Some(&b'\n') {
            let mut byte = [0];
            stdout.read_exact(&mut byte).unwrap();
            listens.extend(byte);
        }
        let listens = String::from_utf8(listens).unwrap();
        let address = listens.strip_prefix("listening at ").unwrap();
        let address = address.split(',').next().unwrap().parse().unwrap();
        let chat = Running {
            typing: child.stdin.take(),
            complaints: lines_of(child.stderr.take().unwrap()),
            child,
            address,
            log,
            shown: unbounded().1,
        };
        let mut unread = Self {
            chat,
            stdout: Some(stdout),
            peer: peer(),
            sent: 0,
        };
        while unread.sent < Self::MESSAGES {
            unread.sends();
        }
        unread
    }

    /// The next number arrives, and is logged.
    fn sends(&mut self) {
        let message = format!("{:02000}", self.sent);
        self.peer
            .send_to(message.as_bytes(), self.chat.address)
            .unwrap();
        self.sent += 1;
        let since = Instant::now();
        let lines = |log: Vec<u8>| log.iter().filter(|&&byte| byte == b'\n').count();
        while lines(fs::read(&self.chat.log).unwrap()) < self.sent {
            assert!(since.elapsed() < WATCHDOG, "{} is not logged", self.sent);
            std::thread::yield_now();
        }
    }
}

/// Holds a line that is shown against the numbers shown before. Returns the next number.
fn next_number(line: &str, next: usize) -> usize {
    let missing = line.strip_suffix(" lines are missing here; the log has them)");
    if let Some(missing) = missing {
        let missing: usize = missing.strip_prefix('(').unwrap().parse().unwrap();
        assert_ne!(missing, 0);
        return next + missing;
    }
    let number = String::from_utf8(read_back(line).1).unwrap();
    assert_eq!(number.parse(), Ok(next));
    next + 1
}

#[test]
fn who_does_not_read_keeps_neither_the_log_nor_the_end() {
    let Unread {
        mut chat, stdout, ..
    } = Unread::start();
    chat.types("exit");
    assert!(ended(&mut chat.child).success());
    let complaints: Vec<_> = chat.complaints.iter().collect();
    assert_eq!(
        complaints,
        ["some lines are not shown: nobody reads standard output"]
    );
    // What there is of it can still be read.
    let mut shown = Vec::new();
    stdout.unwrap().read_to_end(&mut shown).unwrap();
    assert!(shown.len() < Unread::MESSAGES * 2_000);
    let _ = fs::remove_file(&chat.log);
}

#[test]
fn who_reads_on_is_told_what_is_missing() {
    let mut unread = Unread::start();
    let lines = lines_of(unread.stdout.take().unwrap());
    let mut next = 0;
    // A line that arrives now is shown, as soon as there is room.
    while next < Unread::MESSAGES {
        unread.sends();
        for line in lines.try_iter() {
            next = next_number(&line, next);
        }
    }
    unread.chat.types("exit");
    assert_eq!(rest_of(&lines, next), unread.sent);
    let _ = fs::remove_file(&unread.chat.log);
}

#[test]
fn who_reads_on_at_the_end_is_told_what_is_missing() {
    /// More lines than a pipe holds: if they are read, there is room for another line.
    const SOME: usize = 40;
    let mut unread = Unread::start();
    let lines = lines_of(unread.stdout.take().unwrap());
    for number in 0..SOME {
        let line = lines.recv_timeout(WATCHDOG).expect("it shows a line");
        assert_eq!(next_number(&line, number), number + 1);
    }
    unread.chat.types("exit");
    assert_eq!(rest_of(&lines, SOME), Unread::MESSAGES);
    let _ = fs::remove_file(&unread.chat.log);
}

/// The number after the last one that is shown or missing, at the end.
fn rest_of(lines: &Receiver<String>, mut next: usize) -> usize {
    loop {
        let line = lines.recv_timeout(WATCHDOG).expect("it shows a line");
        if let Some(received) = line.strip_prefix("sent 0, received ") {
            assert_eq!(received, next.to_string());
            return next;
        }
        next = next_number(&line, next);
    }
}

/// Opening it would wait until another process reads from it.
#[cfg(unix)]
#[test]
fn a_pipe_is_no_log() {
    let log = new_log();
    let made = Command::new("mkfifo").arg(&log).status().unwrap();
    assert!(made.success());
    let chat = chat(ANY_PORT, NOBODY, log.to_str().unwrap())
        .output()
        .unwrap();
    assert_eq!(chat.status.code(), Some(74));
    let why = String::from_utf8(chat.stderr).unwrap();
    assert!(why.starts_with("error: cannot write the log "), "{why}");
    assert!(why.ends_with(": it is a pipe\n"), "{why}");
    let _ = fs::remove_file(&log);
}

/// At a terminal, as far as the program can tell.
#[cfg(unix)]
mod terminal {
    use super::*;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    struct Terminal {
        keyboard: File,
        screen: Receiver<Vec<u8>>,
        seen: Vec<u8>,
        chat: Child,
        address: SocketAddr,
    }

    impl Drop for Terminal {
        fn drop(&mut self) {
            let _ = self.chat.kill();
            let _ = self.chat.wait();
        }
    }

    impl Terminal {
        fn start(peer: SocketAddr) -> Self {
            let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
            grantpt(&ours).unwrap();
            unlockpt(&ours).unwrap();
            let theirs = ptsname(&ours, Vec::new()).unwrap();
            let theirs = File::options()
                .read(true)
                .write(true)
                .open(theirs.to_str().unwrap());
            let theirs = theirs.unwrap();
            let keyboard = File::from(ours);
            let mut output = keyboard.try_clone().unwrap();
            let (shows, screen) = unbounded();
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                // At the end there is an error instead of nothing.
                while let Ok(length @ 1..) = output.read(&mut buffer) {
                    let _ = shows.send(buffer[..length].to_vec());
                }
            });
            let chat = chat(ANY_PORT, &peer.to_string(), new_log().to_str().unwrap())
                .env("TERM", "xterm")
                .stdin(theirs.try_clone().unwrap())
                .stdout(theirs.try_clone().unwrap())
                .stderr(theirs)
                .spawn()
                .expect("it starts");
            let address = any_port();
            let mut terminal = Self {
                keyboard,
                screen,
                seen: Vec::new(),
                chat,
                address,
            };
            let listens = terminal.shows("> ");
            let (_, address) = listens.split_once("listening at ").unwrap();
            terminal.address = address.split(',').next().unwrap().parse().unwrap();
            terminal
        }

        fn types(&mut self, text: &str) {
            self.keyboard.write_all(text.as_bytes()).unwrap();
        }

        /// What is on the screen by the time that this is, since the last time.
        #[track_caller]
        fn shows(&mut self, awaited: &str) -> String {
            let mut looked = 0;
            loop {
                let mut found = self.seen[looked..].windows(awaited.len());
                if let Some(at) = found.position(|it| it == awaited.as_bytes()) {
                    let seen: Vec<u8> = self.seen.drain(..looked + at + awaited.len()).collect();
                    return String::from_utf8_lossy(&seen).into_owned();
                }
                looked = self.seen.len().saturating_sub(awaited.len());
                let Ok(more) = self.screen.recv_timeout(WATCHDOG) else {
                    panic!(
                        "no {awaited:?} in {:?}",
                        String::from_utf8_lossy(&self.seen)
                    );
                };
                self.seen.extend(more);
            }
        }

        #[track_caller]
        fn ends(mut self) {
            self.shows("sent ");
            assert!(ended(&mut self.chat).success());
        }
    }

    #[test]
    fn what_arrives_leaves_alone_what_is_being_typed() {
        let peer = peer();
        let mut terminal = Terminal::start(peer.local_addr().unwrap());
        terminal.types("half a mess");
        terminal.shows("half a mess");
        peer.send_to(b"\x1b]0;a title\x07\x1b[2J", terminal.address)
            .unwrap();
        let shown = terminal.shows(r"\u{1b}]0;a title\u{7}\u{1b}[2J");
        assert!(
            !shown.contains("\x1b]0;") && !shown.contains("\x1b[2J"),
            "{shown:?}"
        );
        terminal.shows("> half a mess");
        terminal.types("age\r");
        assert_eq!(heard_by(&peer), b"half a message");
        terminal.types("exit\r");
        terminal.ends();
    }

    #[test]
    fn a_message_that_is_too_long_stays_to_be_edited() {
        let peer = peer();
        let mut terminal = Terminal::start(peer.local_addr().unwrap());
        let long = "y".repeat(LONGEST + 1);
        // As a terminal pastes it.
        terminal.types("\x1b[200~");
        terminal.types(&long);
        terminal.types("\x1b[201~\r");
        terminal.shows("not sent: longer than 65507 bytes");
        terminal.shows("> yyyyyyyyy");
        const BACKSPACES: &str = "\x7f\x7f";
        terminal.types(BACKSPACES);
        terminal.types("!\r");
        terminal.shows("!\x1b[");
        let heard = heard_by(&peer);
        assert_eq!(heard.len(), LONGEST);
        assert!(heard.ends_with(b"yyy!"));
        // Between two lines the terminal itself would take Ctrl-D, and lose it.
        terminal.shows("> ");
        const CTRL_D: &str = "\x04";
        terminal.types(CTRL_D);
        terminal.ends();
    }

    #[test]
    fn lines_that_are_pasted_are_messages_of_their_own() {
        let peer = peer();
        let mut terminal = Terminal::start(peer.local_addr().unwrap());
        terminal.types("\x1b[200~one\rtwo\x1b[201~\r");
        assert_eq!(heard_by(&peer), b"one");
        assert_eq!(heard_by(&peer), b"two");
        terminal.types("\x1b[200~three\rexit\x1b[201~\r");
        assert_eq!(heard_by(&peer), b"three");
        terminal.ends();
    }

    #[test]
    fn a_flood_on_the_screen_keeps_nobody() {
        let mut terminal = Terminal::start(NOBODY.parse().unwrap());
        flooded(terminal.address, || {
            for _ in 0..20 {
                terminal.shows(r"\xff\0\u{1}");
            }
            terminal.types("exit\r");
            terminal.ends();
        });
    }
}

// --- In this process --------------------------------------------------------

/// A log that says what is appended.
struct Told(Sender<String>);

impl Log for Told {
    fn append(&mut self, text: &str) {
        self.0.send(text.to_owned()).unwrap();
    }
}

/// What arrives while the receiver is busy, and then the end.
#[test]
fn what_arrived_before_the_end_is_logged() {
    /// Held up in its first line until the channel is closed.
    struct Held(Vec<String>, Sender<()>, Receiver<()>);

    impl Log for &mut Held {
        fn append(&mut self, text: &str) {
            self.0.push(text.to_owned());
            let _ = self.1.send(());
            let _ = self.2.recv_timeout(WATCHDOG);
        }
    }

    for _ in 0..20 {
        let socket = Socket::bind(any_port(), NOBODY.parse().unwrap()).unwrap();
        let (address, peer) = (socket.address, peer());
        let (holds, held) = unbounded();
        let (let_go, until) = unbounded::<()>();
        let mut log = Held(Vec::new(), holds, until);
        peer.send_to(b"0", address).unwrap();
        let typed = std::iter::once_with(|| {
            held.recv_timeout(WATCHDOG).expect("the receiver is busy");
            for number in 1..50 {
                // On loopback it has arrived when it is sent.
                peer.send_to(number.to_string().as_bytes(), address)
                    .unwrap();
            }
            drop(let_go);
            b"exit".to_vec()
        });
        assert_eq!(socket.talk(typed, &mut log), 0);
        let logged: Vec<_> = log.0.iter().map(|line| read_back(line).1).collect();
        let all: Vec<_> = (0..50)
            .map(|number| number.to_string().into_bytes())
            .collect();
        assert_eq!(logged, all);
    }
}

/// Once it is over, no more is taken than can have arrived before.
#[test]
fn a_peer_who_never_stops_keeps_nobody() {
    struct Endless(usize);

    impl Inbox for Endless {
        type Message = &'static str;

        fn take(&mut self) -> Option<&'static str> {
            self.0 += 1;
            assert!(self.0 < 100, "it never ends");
            Some("more")
        }

        fn wait(&mut self) {
            unreachable!("there is always something")
        }

        fn holds(&self) -> usize {
            3
        }
    }

    struct Awake;

    impl Waker for Awake {
        fn wake(&self) {}
    }

    let chat = DrainsThenStops::open();
    chat.stop(&Awake);
    let (told, lines) = unbounded();
    chat.receive(Endless(0), Told(told));
    assert_eq!(lines.iter().collect::<Vec<_>>(), ["more\n"; 3]);
}

/// The socket's own limit, with a peer that answers every line at once: the socket is never
/// empty.
#[test]
fn a_peer_who_answers_every_line_keeps_nobody() {
    struct Answered(UdpSocket, SocketAddr);

    impl Log for Answered {
        fn append(&mut self, _: &str) {
            self.0.send_to(b"more", self.1).unwrap();
        }
    }

    ends(|| {
        let socket = Socket::bind(any_port(), NOBODY.parse().unwrap()).unwrap();
        let (address, peer) = (socket.address, peer());
        peer.send_to(b"first", address).unwrap();
        assert_eq!(socket.talk([], Answered(peer, address)), 0);
    });
}

/// A message to all machines needs a permission that the socket does not have.
#[test]
fn a_message_that_the_system_refuses_is_not_sent() {
    ends(|| {
        let everybody = "255.255.255.255:9".parse().unwrap();
        let socket = Socket::bind(any_port(), everybody).unwrap();
        let typed = [b"one".to_vec(), b"two".to_vec()];
        assert_eq!(socket.talk(typed, Told(unbounded().0)), 0);
    });
}

#[test]
fn only_what_is_promised_is_promised() {
    let judge = |log: &str, in_time| {
        let sent = [(vec!["hello", "again"], in_time), (vec!["hi"], 0)];
        let judged = udp_chat::judge(log, &sent);
        assert_eq!(
            judged.grade == Grade::Promised,
            judged.outcome.starts_with("logged ")
        );
        judged.outcome
    };
    assert_eq!(judge("", 0), "logged 0");
    assert_eq!(judge("hello\n", 1), "logged 1");
    assert_eq!(judge("hi\nhello\nagain\n", 1), "logged 3");
    assert_eq!(judge("hello\n", 2), "the last messages lost");
    assert_eq!(judge("hi\n", 1), "the last messages lost");
    assert_eq!(judge("again\n", 1), "not what arrived");
    assert_eq!(judge("again\nhello\n", 2), "not what arrived");
    assert_eq!(judge("hello\nhello\n", 2), "not what arrived");
    assert_eq!(judge("hellohi\n\n", 0), "a torn line");
    assert_eq!(judge("hello", 0), "a torn line");
    assert_eq!(judge("\n", 0), "a torn line");
}

/// What one types and the other logs, one message in flight at a time.
fn through_two_sockets(texts: &[Vec<u8>]) -> (SocketAddr, Vec<String>) {
    let hears = Socket::bind(any_port(), NOBODY.parse().unwrap()).unwrap();
    let says = Socket::bind(any_port(), hears.address).unwrap();
    let from = says.address;
    let (told, lines) = unbounded();
    let (over, until) = unbounded::<()>();
    let mut logged = Vec::new();
    std::thread::scope(|threads| {
        threads.spawn(move || {
            let ends = std::iter::from_fn(|| {
                let _ = until.recv_timeout(WATCHDOG);
                None
            });
            hears.talk(ends, Told(told));
        });
        let typed = texts.iter().enumerate().map(|(at, text)| {
            if at > 0 {
                logged.push(lines.recv_timeout(WATCHDOG).expect("it arrives"));
            }
            text.clone()
        });
        let sent = says.talk(typed, Told(unbounded().0));
        assert_eq!(sent, texts.len());
        if sent > 0 {
            logged.push(lines.recv_timeout(WATCHDOG).expect("it arrives"));
        }
        drop(over);
    });
    logged.extend(lines.try_iter());
    (from, logged)
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let bytes = |most| proptest::collection::vec(any::<u8>(), 0..=most);
    let typed = prop_oneof![
        4 => bytes(50),
        4 => ".*".prop_map(String::into_bytes),
        4 => proptest::collection::vec(any::<char>(), 0..20)
            .prop_map(|text| text.into_iter().collect::<String>().into_bytes()),
        1 => bytes(LONGEST),
        1 => Just(b"exit\n".to_vec()),
    ];
    typed.prop_filter("ends the chat", |text| text != b"exit")
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_log_says_exactly_what_arrived(texts in proptest::collection::vec(text(), 0..20)) {
        let (from, logged) = through_two_sockets(&texts);
        prop_assert!(logged.iter().all(|line| line.ends_with('\n') && line.lines().count() == 1));
        let logged: Vec<_> = logged.iter().map(|line| read_back(line)).collect();
        let sent: Vec<_> = texts.into_iter().map(|text| (from, text)).collect();
        prop_assert_eq!(logged, sent);
    }

    /// Each generated character alone, and between letters.
    #[test]
    fn nothing_invisible_is_shown(texts in proptest::collection::vec(any::<char>(), 0..50)) {
        for each in texts.into_iter().chain((0..0x11_0000).step_by(997).filter_map(char::from_u32)) {
            let shown = Escaped(format!("a{each}b").as_bytes()).to_string();
            prop_assert!(!shown.contains(is_invisible), "{shown:?}");
            prop_assert_eq!(is_invisible(each) && shown.contains(each), false, "{}", shown);
        }
    }

    #[test]
    fn what_is_escaped_can_be_turned_back(bytes in text()) {
        let escaped = Escaped(&bytes).to_string();
        prop_assert_eq!(unescaped(&escaped), bytes);
    }
}

#[test]
fn visible_text_is_shown_as_it_is() {
    for text in [
        "hello, world",
        "it's \"quoted\"",
        "žluťoučký kůň",
        "日本語",
        "नमस्ते",
        "שלום",
        "👍🏽",
    ] {
        assert_eq!(Escaped(text.as_bytes()).to_string(), text);
    }
}

#[test]
fn invisible_text_is_escaped() {
    for (text, shown) in [
        ("one\ntwo\r\n\tthree\0", r"one\ntwo\r\n\tthree\0"),
        (r"a\nb", r"a\\nb"),
        ("\u{7}\u{1b}[2J", r"\u{7}\u{1b}[2J"),
        ("no\u{a0}break", r"no\u{a0}break"),
        ("soft\u{ad}hyphen", r"soft\u{ad}hyphen"),
        ("\u{202e}drow", r"\u{202e}drow"),
        ("\u{2066}isolate\u{2069}", r"\u{2066}isolate\u{2069}"),
        ("zero\u{200b}width\u{200d}", r"zero\u{200b}width\u{200d}"),
        (
            "\u{115f}\u{1160}\u{3164}\u{ffa0}",
            r"\u{115f}\u{1160}\u{3164}\u{ffa0}",
        ),
        ("\u{2800}", r"\u{2800}"),
        ("❤\u{fe0f}", r"❤\u{fe0f}"),
        ("a\u{e0061}\u{e007f}", r"a\u{e0061}\u{e007f}"),
        ("\u{e0100}", r"\u{e0100}"),
        ("\u{3000}\u{2003}\u{1680}", r"\u{3000}\u{2003}\u{1680}"),
        ("\u{2028}\u{2029}\u{85}", r"\u{2028}\u{2029}\u{85}"),
        ("\u{e000}\u{f0000}", r"\u{e000}\u{f0000}"),
        ("\u{378}\u{ffff}", r"\u{378}\u{ffff}"),
    ] {
        assert_eq!(Escaped(text.as_bytes()).to_string(), shown);
    }
    assert_eq!(Escaped(b"\xff\xc3").to_string(), r"\xff\xc3");
}

#[test]
fn any_line_typed_is_sent_as_it_is() {
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    let lines = proptest::collection::vec(text(), 200)
        .new_tree(&mut runner)
        .unwrap()
        .current();
    let peer = peer();
    let mut chat = Running::start(peer.local_addr().unwrap(), new_log());
    for mut line in lines {
        line.retain(|byte| *byte != b'\n');
        line.truncate(LONGEST);
        if line.ends_with(b"\r") || line == b"exit" {
            line.push(b'.');
        }
        chat.types(&line);
        assert_eq!(heard_by(&peer), line);
    }
    chat.exits();
}

#[test]
fn a_conversation_by_letterbox_is_as_promised() {
    let lesson = udp_chat::lesson();
    for version in lesson.versions.iter().filter(|version| version.is_right()) {
        for _ in 0..100 {
            let judged = (version.play)(&racecourse::lessons::Program::default());
            assert_eq!(judged.grade, Grade::Promised, "{}", judged.outcome);
        }
    }
}

// --- The soak ---------------------------------------------------------------

/// Random numbers, the same each time (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Mostly short, one in a hundred of any length.
    fn datagram(&mut self) -> Vec<u8> {
        let most = if self.roll().is_multiple_of(100) {
            LONGEST
        } else {
            256
        };
        let length = self.roll() as usize % (most + 1);
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend(self.roll().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}

/// Kilobytes of memory that a process has, where that can be known.
fn resident(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// 100,000 random datagrams at a chat of its own process; nothing is lost, and its
/// memory does not grow. CONTRIBUTING has the command.
#[test]
#[ignore = "takes a while: see CONTRIBUTING"]
fn soak_chat() {
    const DATAGRAMS: usize = 100_000;
    const WARM: usize = 1_000;
    /// So much in flight fits into any socket's buffer.
    const IN_FLIGHT: usize = 64 * 1024;

    let chat = Running::start(NOBODY.parse().unwrap(), new_log());
    let peer = peer();
    let mut dice = Dice(0x5eed);
    let began = Instant::now();
    let mut in_flight = VecDeque::new();
    let (mut warm, mut most) = (None, None);
    let shown = |in_flight: &mut VecDeque<Vec<u8>>| {
        let (from, bytes) = chat.shows();
        assert_eq!(from, peer.local_addr().unwrap());
        assert!(Some(bytes) == in_flight.pop_front(), "lost, or another");
    };
    let mut sent = 0;
    for number in 0..DATAGRAMS {
        let datagram = dice.datagram();
        let cost = |datagram: &Vec<u8>| 2 * datagram.len() + 1024;
        while !in_flight.is_empty()
            && in_flight.iter().map(cost).sum::<usize>() + cost(&datagram) > IN_FLIGHT
        {
            shown(&mut in_flight);
        }
        peer.send_to(&datagram, chat.address).unwrap();
        sent += datagram.len();
        in_flight.push_back(datagram);
        if number == WARM {
            warm = resident(chat.child.id());
        } else if number % WARM == 0 {
            most = most.max(resident(chat.child.id()));
        }
    }
    while !in_flight.is_empty() {
        shown(&mut in_flight);
    }
    let took = began.elapsed();

    let mut dice = Dice(0x5eed);
    let mut log = BufReader::new(File::open(&chat.log).unwrap());
    let (mut line, mut written) = (String::new(), 0);
    for _ in 0..DATAGRAMS {
        line.clear();
        written += log.read_line(&mut line).unwrap();
        assert!(read_back(&line).1 == dice.datagram(), "the log has another");
    }
    assert_eq!(log.read(&mut [0]).unwrap(), 0, "the log has more");
    println!(
        "soak_chat: {DATAGRAMS} datagrams, {} MB, none lost, {:.0} s, {:.0} a second; log {} MB; \
         memory {} kB after {WARM}, {} kB at the most after that",
        sent / 1_000_000,
        took.as_secs_f64(),
        DATAGRAMS as f64 / took.as_secs_f64(),
        written / 1_000_000,
        warm.unwrap_or_default(),
        most.unwrap_or_default(),
    );
    if let (Some(warm), Some(most)) = (warm, most) {
        assert!(most < warm + 4_096, "it grows");
    }
    let (said, _) = flooded(chat.address, || {
        // What nobody waits for may be lost, but does no harm.
        for _ in 0..DATAGRAMS {
            chat.shows();
        }
        let memory = resident(chat.child.id());
        println!(
            "soak_chat: {} kB in a flood of {DATAGRAMS} more",
            memory.unwrap_or_default()
        );
        chat.exits()
    });
    println!("soak_chat: {said}");
}
