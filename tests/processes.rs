//! Real child processes, and everything that can happen to them.

use proptest::prelude::*;
use racecourse::processes::drill::{Answer, Order};
use racecourse::processes::real::Child;
use racecourse::processes::{Gone, Link, TimedOutOrGone};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process};
use std::io::{self, PipeReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Far longer than anything here takes, where it does not hang.
const WATCHDOG: Duration = Duration::from_secs(60);

const MIB: usize = 1 << 20;

type Drilled = Child<Order, Answer>;

/// Does it, unless it hangs.
pub(crate) fn watched<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, end) = mpsc::channel();
    let tested = thread::spawn(move || {
        let result = test();
        // Nobody listens any more if that took too long.
        let _ = done.send(());
        result
    });
    assert_ne!(
        end.recv_timeout(WATCHDOG),
        Err(mpsc::RecvTimeoutError::Timeout),
        "it hangs"
    );
    tested
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_racecourse"))
}

fn drilled(program: Command) -> Drilled {
    Child::spawn(program, "drill").expect("it starts")
}

/// One whose standard output we hear; it ends with the last process that has it.
fn overheard(mut program: Command) -> (Drilled, PipeReader) {
    let (reader, writer) = io::pipe().expect("a pipe");
    program.stdout(writer);
    (drilled(program), reader)
}

/// One that is another program: `sh -c SCRIPT`, whose descriptor 0 is the link.
fn scripted(script: &str) -> Drilled {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]);
    drilled(shell)
}

fn ask(child: &mut Drilled, order: Order) -> Answer {
    child.send(order).expect("it listens");
    child.receive().expect("it answers")
}

/// Everything until its end.
pub(crate) fn heard(mut pipe: PipeReader) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).expect("a pipe of text");
    text
}

/// Waits until the process has a child that it did not have before.
#[cfg(target_os = "linux")]
pub(crate) fn next_child(parent: u32, before: &[Pid]) -> Pid {
    loop {
        for thread in std::fs::read_dir(format!("/proc/{parent}/task")).expect("it runs") {
            let children = thread.expect("a thread").path().join("children");
            // The thread may have ended.
            let children = std::fs::read_to_string(children).unwrap_or_default();
            let children = children.split_whitespace().map(|child| child.parse().ok());
            let children = children.filter_map(|child| Pid::from_raw(child?));
            if let Some(new) = children.into_iter().find(|child| !before.contains(child)) {
                return new;
            }
        }
        thread::yield_now();
    }
}

/// Whether there is no such process, not even a dead one that nobody has reaped.
pub(crate) fn is_reaped(id: u32) -> bool {
    let id = Pid::from_raw(id.try_into().expect("a number")).expect("not 0");
    test_kill_process(id) == Err(Errno::SRCH)
}

#[test]
fn what_a_child_prints_does_not_disturb_the_link() {
    watched(|| {
        let (errors, writer) = io::pipe().expect("a pipe");
        let mut program = program();
        program.stderr(writer);
        let (mut child, output) = overheard(program);
        let frame = "\u{5}\0\0\0\u{0}\u{3}abc";
        for _ in 0..3 {
            assert_eq!(ask(&mut child, Order::Print(frame.into())), Answer::Done);
        }
        drop(child);
        assert_eq!(heard(output), format!("{frame}\n").repeat(3));
        assert_eq!(heard(errors), format!("{frame}\n").repeat(3));
    });
}

#[test]
fn a_childs_standard_input_is_empty_and_not_the_link() {
    watched(|| {
        let mut child = drilled(program());
        for _ in 0..2 {
            let nothing = Answer::Text(String::new());
            assert_eq!(ask(&mut child, Order::ReadInput), nothing);
        }
    });
}

#[test]
fn an_answer_of_64_mib_passes() {
    watched(|| {
        let mut child = drilled(program());
        let Answer::Text(text) = ask(&mut child, Order::Recite(64 * MIB)) else {
            panic!("no text");
        };
        assert_eq!(text.len(), 64 * MIB);
        let small = Order::Echo("and a small one".into());
        assert_eq!(
            ask(&mut child, small),
            Answer::Text("and a small one".into())
        );
    });
}

/// Each has more to say than any pipe holds, and says it before it listens.
#[test]
fn both_may_send_much_at_once() {
    watched(|| {
        let mut child = drilled(program());
        let much = "b".repeat(16 * MIB);
        for _ in 0..2 {
            child.send(Order::Recite(16 * MIB)).expect("it listens");
            child.send(Order::Echo(much.clone())).expect("it listens");
        }
        for _ in 0..2 {
            assert_eq!(child.receive(), Ok(Answer::Text("a".repeat(16 * MIB))));
            assert!(child.receive() == Ok(Answer::Text(much.clone())));
        }
    });
}

#[test]
fn what_is_too_long_ends_the_link_and_says_why() {
    watched(|| {
        let mut child = drilled(program());
        let long = Order::Echo("c".repeat(256 * MIB));
        let Err(Gone(Order::Echo(back))) = child.send(long) else {
            panic!("sent");
        };
        assert_eq!(back.len(), 256 * MIB);
        assert_eq!(
            child.trouble(),
            Some("268435462 bytes are no message: 268435456 are the most")
        );
        assert!(is_reaped(child.id()));
    });
}

#[test]
fn one_that_hangs_past_a_timeout_is_killed() {
    for order in [Order::Hang, Order::BeBusy] {
        watched(|| {
            let mut child = drilled(program());
            assert_eq!(ask(&mut child, order), Answer::Done);
            let step_timeout = Duration::from_millis(50);
            assert_eq!(
                child.receive_timeout(step_timeout),
                Err(TimedOutOrGone::TimedOut)
            );
            child.kill().expect("it may be killed");
            assert_eq!(child.receive(), Err(Gone(())));
            assert_eq!(child.wait().expect("it ended").signal(), Some(9));
            assert!(is_reaped(child.id()));
        });
    }
}

/// It takes in nothing, so its link fills; another thread ends the wait.
#[test]
fn who_waits_to_send_learns_that_the_other_is_killed() {
    watched(|| {
        let mut child = drilled(program());
        assert_eq!(ask(&mut child, Order::Hang), Answer::Done);
        let killer = child.killer();
        let (full, is_full) = mpsc::channel();
        let killing = thread::spawn(move || {
            is_full.recv().expect("the link fills");
            killer.kill().expect("it may be killed");
        });
        full.send(()).expect("the killer lives");
        let much = Order::Echo("d".repeat(16 * MIB));
        assert!(child.send(much.clone()) == Err(Gone(much)));
        killing.join().expect("no panic");
        assert!(is_reaped(child.id()));
    });
}

#[test]
fn what_was_sent_before_a_death_arrives() {
    watched(|| {
        let mut child = drilled(program());
        for number in 0..100 {
            child
                .send(Order::Echo(number.to_string()))
                .expect("it listens");
        }
        child.send(Order::Exit(7)).expect("it listens");
        assert_eq!(child.wait().expect("it ended").code(), Some(7));
        for number in 0..100 {
            assert_eq!(child.receive(), Ok(Answer::Text(number.to_string())));
        }
        assert_eq!(child.receive(), Err(Gone(())));
        assert_eq!(child.send(Order::Hang), Err(Gone(Order::Hang)));
    });
}

#[test]
fn who_exits_or_panics_is_gone_with_its_exit_code() {
    watched(|| {
        for (order, code) in [(Order::Exit(7), 7), (Order::Panic, 101)] {
            let mut program = program();
            program.stderr(Stdio::null());
            let mut child = drilled(program);
            child.send(order).expect("it listens");
            assert_eq!(child.receive(), Err(Gone(())));
            assert_eq!(child.receive(), Err(Gone(())));
            assert_eq!(child.send(Order::Panic), Err(Gone(Order::Panic)));
            assert_eq!(child.wait().expect("it ended").code(), Some(code));
            assert_eq!(child.trouble(), None);
            assert!(is_reaped(child.id()));
        }
    });
}

#[test]
fn after_the_last_order_a_child_answers_and_ends_by_itself() {
    watched(|| {
        let mut child = drilled(program());
        child.send(Order::Recite(MIB)).expect("it listens");
        child.close();
        assert_eq!(child.send(Order::Panic), Err(Gone(Order::Panic)));
    });
    watched(|| {
        let mut child = drilled(program());
        child.send(Order::Recite(MIB)).expect("it listens");
        child.close();
        assert_eq!(child.receive(), Ok(Answer::Text("a".repeat(MIB))));
        assert_eq!(child.receive(), Err(Gone(())));
        assert!(child.wait().expect("it ended").success());
    });
}

#[test]
fn a_child_that_is_dropped_is_ended_and_reaped() {
    watched(|| {
        for order in [Order::Hang, Order::BeBusy] {
            let (mut child, output) = overheard(program());
            assert_eq!(ask(&mut child, order), Answer::Done);
            let id = child.id();
            assert!(!is_reaped(id));
            drop(child);
            assert!(is_reaped(id));
            assert_eq!(heard(output), "");
        }
    });
}

/// The parent's pipe is its children's too: it ends with the last of them.
#[test]
fn a_killed_parent_leaves_no_orphan() {
    watched(|| {
        let (mut parent, output) = overheard(program());
        let Answer::Spawned(children) = ask(&mut parent, Order::Spawn(6)) else {
            panic!("no children");
        };
        assert_eq!(children.len(), 6);
        parent.kill().expect("it may be killed");
        assert_eq!(heard(output), "");
    });
}

#[test]
fn a_parent_that_exits_in_haste_leaves_no_orphan() {
    watched(|| {
        let (mut parent, output) = overheard(program());
        ask(&mut parent, Order::Spawn(3));
        parent.send(Order::Exit(0)).expect("it listens");
        assert_eq!(heard(output), "");
    });
}

/// As a terminal does it: everybody in the group gets the signal.
#[test]
fn ctrl_c_ends_parent_and_children() {
    watched(|| {
        let mut program = program();
        program.process_group(0);
        let (mut parent, output) = overheard(program);
        ask(&mut parent, Order::Spawn(3));
        let group = Pid::from_raw(parent.id().try_into().expect("a number")).expect("not 0");
        kill_process_group(group, Signal::INT).expect("there is one");
        assert_eq!(heard(output), "");
        assert_eq!(parent.wait().expect("it ended").signal(), Some(2));
    });
}

/// A link that another process holds open would outlive its ends.
#[test]
#[cfg(target_os = "linux")]
fn no_process_holds_anothers_link() {
    watched(|| {
        let mut children: Vec<Drilled> = (0..3).map(|_| drilled(program())).collect();
        let Answer::Spawned(inner) = ask(&mut children[0], Order::Spawn(3)) else {
            panic!("no children");
        };
        for child in &mut children {
            // It has started, then.
            ask(child, Order::Echo(String::new()));
        }
        let sockets = |id: u32| -> Vec<String> {
            let open = std::fs::read_dir(format!("/proc/{id}/fd")).expect("it lives");
            let open = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
            let open = open.map(|target| target.display().to_string());
            let mut sockets: Vec<_> = open.filter(|it| it.starts_with("socket:")).collect();
            sockets.sort();
            sockets.dedup();
            sockets
        };
        // Its own, and those of the children that it has spawned.
        assert_eq!(sockets(children[0].id()).len(), 4);
        assert_eq!(sockets(children[1].id()).len(), 1);
        assert_eq!(sockets(children[2].id()).len(), 1);
        for child in inner.into_iter().take(2) {
            assert_eq!(sockets(child).len(), 1);
        }
    });
}

#[test]
fn a_program_that_is_no_good_is_gone() {
    watched(|| {
        let mut early = drilled(Command::new("true"));
        assert_eq!(early.receive(), Err(Gone(())));
        assert!(is_reaped(early.id()));
        let mut early = scripted("exit 3");
        assert_eq!(early.receive_timeout(WATCHDOG), Err(TimedOutOrGone::Gone));
        assert_eq!(early.wait().expect("it ended").code(), Some(3));
        assert!(Drilled::spawn(Command::new("/no/such/program"), "drill").is_err());
    });
}

#[test]
fn a_torn_message_is_none_and_no_trouble() {
    watched(|| {
        let mut torn = scripted(r"printf '\5\0\0\0\0\3ab' >&0");
        assert_eq!(torn.receive(), Err(Gone(())));
        assert_eq!(torn.trouble(), None);
        let mut whole = scripted(r"printf '\5\0\0\0\0\3abc\1' >&0");
        assert_eq!(whole.receive(), Ok(Answer::Text("abc".into())));
        assert_eq!(whole.receive(), Err(Gone(())));
        assert_eq!(whole.trouble(), None);
    });
}

#[test]
fn what_is_no_message_is_named() {
    watched(|| {
        for (script, trouble) in [
            (r"printf '\1\0\0\0\77' >&0; exec sleep 600", "is no message"),
            (r"printf '\0\0\0\0' >&0; exec sleep 600", "is no message"),
            (
                r"printf '\2\0\0\0\1\1' >&0; exec sleep 600",
                "1 bytes too many",
            ),
            (
                "echo HTTP/1.1 >&0; exec sleep 600",
                "a message of 1347703880 bytes was announced",
            ),
        ] {
            let mut child = scripted(&format!("exec 2>&-; {script}"));
            assert_eq!(child.receive(), Err(Gone(())));
            let said = child.trouble().expect("trouble");
            assert!(said.contains(trouble) && !said.contains('\n'), "{said}");
            assert!(is_reaped(child.id()));
        }
    });
}

/// A child whose parent is played by us.
fn child_by_hand(mut command: Command) -> (UnixStream, std::process::Child) {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    command
        .args(["child", "drill"])
        .stdin(OwnedFd::from(theirs));
    command.stderr(Stdio::piped());
    (ours, command.spawn().expect("it starts"))
}

#[test]
fn a_child_that_hears_nonsense_says_so_in_one_line() {
    watched(|| {
        let (mut ours, child) = child_by_hand(program());
        ours.write_all(b"nonsense").expect("it listens");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "error: as a child, drill: a message of 1936617326 bytes was announced\n"
        );
    });
}

/// A child that took what is announced would not survive its limit.
#[test]
fn a_length_announced_takes_no_memory() {
    watched(|| {
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -v 250000 && exec \"$0\" \"$@\""]);
        limited.arg(program().get_program());
        let (mut ours, child) = child_by_hand(limited);
        let announced = (256 * MIB) as u32;
        ours.write_all(&announced.to_le_bytes())
            .expect("it listens");
        ours.write_all(b"as much as there is").expect("it listens");
        ours.shutdown(Shutdown::Write).expect("it is open");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{output:?}");
    });
}

#[test]
fn who_starts_a_child_by_hand_is_told() {
    let told = |command: &mut Command| {
        let output = command.stdin(Stdio::null()).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert_eq!(
        told(program().args(["child", "drill"])),
        "error: as a child, drill: a child is started by its parent, and standard input is the \
         link to it\n"
    );
    assert_eq!(
        told(program().args(["child", "juggler"])),
        "error: there is no role 'juggler'; racecourse starts its children itself\n"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Killed while it sends, at any moment: whole messages, in order, then nothing.
    #[test]
    fn one_killed_at_any_moment_is_gone_and_reaped(
        letters in prop_oneof![1..100usize, 1..4 * MIB],
        after in 0..3_000u64,
    ) {
        watched(move || {
            let mut child = drilled(program());
            ask(&mut child, Order::Echo(String::new()));
            for _ in 0..3 {
                child.send(Order::Recite(letters)).expect("it listens");
            }
            let killer = child.killer();
            let killing = thread::spawn(move || {
                thread::sleep(Duration::from_micros(after));
                killer.kill().expect("it may be killed");
            });
            let mut answers = 0;
            while let Ok(answer) = child.receive() {
                assert!(answer == Answer::Text("a".repeat(letters)));
                answers += 1;
            }
            assert!(answers <= 3);
            assert!(is_reaped(child.id()));
            assert_eq!(child.wait().expect("it ended").signal(), Some(9));
            assert_eq!(child.trouble(), None);
            killing.join().expect("no panic");
        });
    }

    /// Whatever a child sends: messages, if it so happens, then an end.
    #[test]
    fn no_bytes_make_a_parent_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        watched(move || {
            let octal: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
            let mut child = scripted(&format!("printf '{octal}' >&0"));
            while child.receive().is_ok() {}
            assert!(is_reaped(child.id()));
            assert!(child.trouble().is_none_or(|said| !said.contains('\n')));
        });
    }
}
