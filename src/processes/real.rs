//! Real child processes, and the links to them.
//!
//! A parent starts this program (or another) once more, as `racecourse child ROLE`,
//! and gives it one end of a pair of connected sockets as its standard input. The
//! child takes it from there, leaves an empty input in its place, and speaks frames (`wire.rs`).
//! Its standard output and error stay free for what it has to print.
//!
//! # What is promised
//! - **Nobody stays behind.** A thread of the child does nothing but wait for the
//!   other end of the socket to be closed, which the kernel does however the parent
//!   dies, and then kills the child, whatever it is busy with. Not promised for a
//!   child that is stopped (SIGSTOP): it goes when it goes on. Ctrl-C reaches parent
//!   and children alike, and has nothing to leave behind.
//! - **Who is gone is dead, and reaped**: [`Child`] ends whom it finds gone, so there
//!   is no zombie, nor a child that lives on unheard. Dropping it ends the child too.
//! - **A full pipe stops nobody for ever.** Who cannot send takes in what the other
//!   sends meanwhile, so both may send much at once. It is kept in memory.
//! - **Nobody holds another's link open.** Both ends are closed in every program that
//!   is started, but for the one end that the child is given, and that is not handed
//!   on to what the child starts.
//! - **What is no message is no panic**: the link ends, [`Child::trouble`] says why.
//!
//! # What it is made of
//! The transport is std's `UnixStream::pair`. Two crates were looked at, and neither
//! saves code for a parent and *its* children:
//! - `ipc-channel` 0.23 (servo's): the child connects to a named server,
//!   and if it dies before, `accept` waits for ever (servo/ipc-channel#201, open since
//!   2018; #261). Receiving is a third as fast as over a pipe.
//! - `interprocess` 2.4: well made, and on Windows too; but its sockets
//!   have names, which others can connect to and which stay when the program crashes
//!   (kotauskas/interprocess#40), and accepting again waits for who has died. Its
//!   unnamed pipes are what std has since 1.87.
//!
//! An inherited socket has no name, nobody else can connect to it, and who dies before
//! using it is gone like any other. The price is that there are no children on
//! Windows: there every attempt is refused.
//!
//! To end and await a child from several threads is `shared_child` 1.1
//! (MIT): std's `Child` needs `&mut` for it, since a process number may be used again
//! once awaited. `process-wrap` 10 offers groups and jobs, but not that. `rustix` 1
//! (Bytecode Alliance, Apache-2.0/MIT) makes `poll`, `dup2` and `kill` safe, where
//! `nix` 0.31 has no stable version yet; other dependencies brought it in already.
//! Messages are serialised by `postcard` 1 (MIT/Apache-2.0), whose format
//! is specified and stable; `bincode` is no longer maintained, its 3.0 does not compile.

#[cfg_attr(not(unix), path = "real/nowhere.rs")]
mod stream;
mod wire;

use super::{Gone, Link, TimedOutOrGone};
use serde::{Serialize, de::DeserializeOwned};
use shared_child::SharedChild;
use std::io;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use stream::Stream;
use wire::Wire;

/// A child process, and the link to it. Dropping it kills and reaps the child.
pub struct Child<Out, In> {
    wire: Wire<Out, In>,
    process: Arc<SharedChild>,
}

/// This very program, to be spawned once more.
///
/// # Errors
/// The system does not say where it is.
pub fn this_program() -> io::Result<Command> {
    std::env::current_exe().map(Command::new)
}

impl<Out: Serialize, In: DeserializeOwned> Child<Out, In> {
    /// Starts `program child ROLE`. The program's standard input is the link;
    /// everything else is as the command has it.
    ///
    /// # Errors
    /// It cannot be started. (That it is no good shows in its being gone.)
    pub fn spawn(mut program: Command, role: &str) -> io::Result<Self> {
        let (ours, theirs) = stream::pair()?;
        program.args(["child", role]).stdin(theirs);
        let process = Arc::new(SharedChild::spawn(&mut program)?);
        // The command goes here, and with it our copy of the child's end: kept open,
        // it would keep the child's death from us.
        Ok(Self {
            wire: Wire::new(ours),
            process,
        })
    }

    /// The number of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it at once (SIGKILL). What it has sent can still be received.
    ///
    /// # Errors
    /// The system refuses. That it has ended already is no error.
    pub fn kill(&self) -> io::Result<()> {
        self.process.kill()
    }

    /// What can [end](Child::kill) it from another thread, while this one waits.
    #[must_use]
    pub fn killer(&self) -> Killer {
        Killer(Arc::clone(&self.process))
    }

    /// How it has ended; waits for it, and takes in nothing meanwhile.
    ///
    /// # Errors
    /// The system does not say.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        self.process.wait()
    }

    /// What it said that was no message, or could not be said to it, if that is why
    /// it is gone.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.wire.trouble()
    }

    /// Its link is of no more use, so neither is the child. Who has ended by itself
    /// keeps its exit status: the link was closed in ending.
    fn end(&self) {
        // Nothing can be done about an error: it has ended, or cannot be ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl<Out: Serialize, In: DeserializeOwned> Link<Out, In> for Child<Out, In> {
    fn send(&mut self, message: Out) -> Result<(), Gone<Out>> {
        let sent = self.wire.send(message);
        sent.inspect_err(|_| self.end())
    }

    fn receive(&mut self) -> Result<In, Gone> {
        let received = self.wire.receive();
        received.inspect_err(|_| self.end())
    }

    fn receive_timeout(&mut self, timeout: Duration) -> Result<In, TimedOutOrGone> {
        let received = self.wire.receive_timeout(timeout);
        received.inspect_err(|why| {
            if *why == TimedOutOrGone::Gone {
                self.end();
            }
        })
    }

    fn close(&mut self) {
        self.wire.close();
    }
}

impl<Out, In> Drop for Child<Out, In> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Ends a child from any thread.
#[derive(Clone)]
pub struct Killer(Arc<SharedChild>);

impl Killer {
    /// Ends it at once (SIGKILL); never another that has got its number since.
    ///
    /// # Errors
    /// The system refuses. That it has ended already is no error.
    pub fn kill(&self) -> io::Result<()> {
        self.0.kill()
    }
}

/// The link of a child to the parent who spawned it.
pub struct Parent<Out, In>(Wire<Out, In>);

/// Plays a role in a child: takes the link to the parent from standard input, where
/// nothing is left, and sees to it that this process does not outlive its parent.
/// To be called once, at the start.
///
/// # Errors
/// There is no parent at the other end, or it said what is no message.
pub fn serve<Out, In, T>(role: impl FnOnce(&mut Parent<Out, In>) -> T) -> io::Result<T>
where
    Out: Serialize,
    In: DeserializeOwned,
{
    let stream = stream::from_stdin()?;
    // The watcher's copy also keeps the link open until this process ends: a parent
    // that finds us gone may take us for dead.
    let lifeline = stream.try_clone()?;
    thread::Builder::new()
        .name("lifeline".to_owned())
        .spawn(move || watch(&lifeline))?;
    let mut parent = Parent(Wire::new(stream));
    let played = role(&mut parent);
    match parent.0.trouble() {
        Some(trouble) => Err(io::Error::other(trouble.to_owned())),
        None => Ok(played),
    }
}

/// Waits for the parent's end, which is ours.
fn watch(lifeline: &Stream) -> ! {
    // An error leaves us without a lifeline: rather ended than left behind.
    let _ = lifeline.wait_for_disconnect();
    stream::die()
}

impl<Out: Serialize, In: DeserializeOwned> Link<Out, In> for Parent<Out, In> {
    fn send(&mut self, message: Out) -> Result<(), Gone<Out>> {
        self.0.send(message)
    }

    fn receive(&mut self) -> Result<In, Gone> {
        self.0.receive()
    }

    fn receive_timeout(&mut self, timeout: Duration) -> Result<In, TimedOutOrGone> {
        self.0.receive_timeout(timeout)
    }

    fn close(&mut self) {
        self.0.close();
    }
}
