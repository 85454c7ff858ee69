//! Real child processes, and the links to them.
//!
//! A parent starts this program (or another) as `racecourse child ROLE`, and gives it one
//! end of a pair of connected sockets as its standard input. The child takes the socket from
//! there and puts an empty input in its place. Both exchange frames (`wire.rs`). The child's
//! standard output and error stay free for its own use.
//!
//! # What is promised
//! - **No child outlives its parent.** One thread of the child only waits until the other end
//!   of the socket is closed. The kernel closes it however the parent dies. Then this thread
//!   kills the child, whatever the child is doing. A stopped child (SIGSTOP) is killed only when
//!   it continues. Ctrl-C reaches the parent and the children.
//! - **A child that has disconnected is dead and reaped.** When [`Child`] finds the link closed,
//!   it kills and reaps the child. So there is no zombie, and no child that nobody hears.
//!   Dropping a [`Child`] kills and reaps it too.
//! - **A full pipe blocks nobody for ever.** A process whose send must wait receives meanwhile
//!   and keeps the messages in memory. So both ends can send much at once.
//! - **No process keeps another's link open.** Both ends are closed in every program that is
//!   started, except for the one end that the child gets. The child's own children do not
//!   inherit that end.
//! - **Bytes that are no message cause no panic.** The link ends, and [`Child::trouble`] says why.
//!
//! # Why these libraries
//! The transport is std's `UnixStream::pair`. Two crates were considered. Neither saves code for
//! a parent and its own children:
//! - `ipc-channel` 0.23 (servo's): the child connects to a named server. If the child dies
//!   before that, `accept` waits for ever (servo/ipc-channel#201, open since 2018; #261).
//!   It receives at a third of a pipe's speed.
//! - `interprocess` 2.4 also supports Windows. But its sockets have names: other processes can
//!   connect to them, they stay when the program crashes (kotauskas/interprocess#40), and
//!   accepting again waits for the process that has died. std has had its unnamed pipes
//!   since 1.87.
//!
//! An inherited socket has no name, and no other process can connect to it. The price: on
//! Windows there are no children, and every attempt to start one is refused.
//!
//! `shared_child` 1.1 (MIT) kills and awaits a child from several threads. std's `Child` needs
//! `&mut` for that, since the system may use a process number again after the wait.
//! `process-wrap` 10 offers groups and jobs, but not that. `rustix` 1 (Bytecode Alliance,
//! Apache-2.0/MIT) makes `poll`, `dup2` and `kill` safe; `nix` 0.31 has no stable version, and
//! other dependencies use `rustix` anyway. `postcard` 1 (MIT/Apache-2.0) serialises messages in
//! a specified and stable format; `bincode` is no longer maintained, and its 3.0 does not
//! compile.

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
    /// It cannot be started. (A program that is no child of this kind disconnects at once.)
    pub fn spawn(mut program: Command, role: &str) -> io::Result<Self> {
        let (ours, theirs) = stream::pair()?;
        program.args(["child", role]).stdin(theirs);
        let process = Arc::new(SharedChild::spawn(&mut program)?);
        // The command is dropped here, with our copy of the child's end. As long as that is
        // open, the link does not disconnect when the child dies.
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

    /// Ends the child at once (SIGKILL). Messages that it has sent can still be received.
    ///
    /// # Errors
    /// The system refuses. It is no error if the child has ended already.
    pub fn kill(&self) -> io::Result<()> {
        self.process.kill()
    }

    /// Can [kill](Child::kill) the child from another thread, while this thread waits.
    #[must_use]
    pub fn killer(&self) -> Killer {
        Killer(Arc::clone(&self.process))
    }

    /// Waits for the child to end, and returns its exit status. Receives nothing meanwhile.
    ///
    /// # Errors
    /// The system does not say.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        self.process.wait()
    }

    /// Why the link has ended, if the child has sent bytes that are no message, or if a message
    /// could not be sent.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.wire.trouble()
    }

    /// The link is of no more use, so the child is of no more use. A child that has ended by
    /// itself keeps its exit status.
    fn end(&self) {
        // Nothing can be done about an error: the child has ended, or cannot be killed.
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
    /// Ends the child at once (SIGKILL), and never another process that has its number now.
    ///
    /// # Errors
    /// The system refuses. It is no error if the child has ended already.
    pub fn kill(&self) -> io::Result<()> {
        self.0.kill()
    }
}

/// The link of a child to the parent who spawned it.
pub struct Parent<Out, In>(Wire<Out, In>);

/// Plays a role in a child. Takes the link to the parent from standard input, which is empty
/// from then on, and starts the thread that ends this process when its parent ends. Call it
/// once, at the start.
///
/// # Errors
/// There is no parent at the other end, or it has sent bytes that are no message.
pub fn serve<Out, In, T>(role: impl FnOnce(&mut Parent<Out, In>) -> T) -> io::Result<T>
where
    Out: Serialize,
    In: DeserializeOwned,
{
    let stream = stream::from_stdin()?;
    // This copy also keeps the link open until the process ends. So a parent that finds the
    // link closed can take the process for dead.
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

/// Waits until the parent ends, and then ends this process.
fn watch(lifeline: &Stream) -> ! {
    // After an error nothing would tell this process that its parent has ended: it ends too.
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
