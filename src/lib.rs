//! A model checker for concurrent Rust, and a course on race conditions that is built on it.
//!
//! # The library
//! Write your code with [`sync`] in place of `std::sync` and `std::thread`, and write a scene
//! as a plain `#[test]` with [`check`]. The *std build* runs the scene with real threads. The
//! *model build*, which is the build with `--cfg loom`, runs every interleaving of the scene.
//! (`loom` is only the usual name of such a flag. Your code does not run in the crate loom.)
//!
//! Each module knows only the modules below it:
//!
//! | module | what it does |
//! |---|---|
//! | [`check`] | checks your own code: a scene as a `#[test]` |
//! | [`draw`] | turns outcomes and stories into text; sees only data |
//! | [`explorer`] | runs a scene in every interleaving; explains verdicts, limits and tests |
//! | [`sync`] | the one switch between std's threads and the model |
//!
//! # The course
//! The feature `course`, on by default, adds five modules and the program `racecourse`. The
//! library knows nothing of them, and builds without them: `default-features = false`.
//!
//! | module | what it does |
//! |---|---|
//! | `cli` | the commands `list`, `play`, `explore`, `show` and `completions` |
//! | `exercises` | exercises for students, and the grader of their answers |
//! | `lessons` | the lessons: story, scenes, correct versions, and versions with a bug |
//! | `page` | writes the HTML pages of `cargo race --html` |
//! | `programs` | the lessons as programs with real sockets and processes |
//! | `processes` | child processes, and the links to them; knows no lesson |
//!
//! All versions of a lesson run in the same scenes. Every scene can be *played* with real
//! threads, *tried* on generated inputs (`cargo test`), and *explored* in every interleaving
//! (`cargo race`).
//!
//! # The command line
//! `cargo race` is short for `racecourse explore` in the model build. `cargo run -- …` runs the
//! other commands in the std build:
//!
//! ```console
//! $ cargo race                                     # all lessons
//! $ cargo race ticket_office                       # one lesson
//! $ cargo race bounded_queue/silent-close          # one version, with its story
//! $ cargo race bounded_queue/silent-close --all    # every table and every story
//! $ cargo race ticket_lock/relaxed-wait --memory sc  # another memory model, which hides the bug
//! $ cargo race join/reads-before-join --as-right   # your fix: through every scene, as a correct version
//! $ cargo race bounded_queue --spurious-wake-ups 2 --any-waiter  # a larger budget
//! $ cargo race bounded_queue --preemptions 2       # only interleavings with up to two preemptions
//! $ cargo race --stats                             # executions and interleavings of each scene
//! $ cargo race bread_queue --json                  # one JSON object per line
//! $ cargo race --html pages                        # HTML pages: stories step by step, and you as the scheduler
//! $ cargo race ticket_office/lost-update --svg story.svg  # the story as a picture for slides
//! $ cargo race exercises                           # bugs to repair, and which you have repaired
//! $ cargo race start ticket_office/check-then-act ~/answers  # writes one into a folder
//! $ cargo race watch ~/answers/check-then-act.rs --hints     # checks your answer at each save
//! $ cargo race grade ~/answers/*.rs                # grades answers: see `cargo race grade --help`
//! $ cargo run -- list bread_queue                  # a lesson, its scenes, the tutorial's mistakes
//! $ cargo run -- show join/reads-before-join       # a story, without exploring
//! $ cargo run -- play bread_queue --customers 5    # real threads
//! $ cargo run -- play join/reads-before-join --repeat 10000  # how often real threads go wrong
//! $ cargo run -- completions bash                  # completions for a shell
//! ```
//!
//! `cargo race --help` describes the options, each field of `--json`, and the exit codes.
//! Colours follow `--color`, `NO_COLOR` and `CLICOLOR_FORCE`.
//!
//! **Graders.** `cargo race grade` grades answers to exercises, which cannot make themselves
//! accepted. If you grade a changed lesson instead, read the verdict from the last line of
//! `--json`, never from the exit code alone, since code in a version can end the process. Only a
//! complete output has this line:
//!
//! ```console
//! $ cargo race bread_queue --json | tail -n 1 | jq -e .accepted
//! ```
//!
//! On Unix, a version that calls `std::process::exit(0)` ends with exit code 101. A version that
//! aborts or is killed ends the process with that signal. A version that calls C's `_exit(0)` or
//! `exec` is not noticed, but then the last line is missing.
//!
//! **Ctrl-C** ends the exploration and prints the results so far: the scenes in progress are
//! `STOPPED`, the others are not explored, and the exit code is 130. A second Ctrl-C ends the
//! process at once.
//!
//! **Several machines.** `cargo race --partition 2/4` explores the second of four parts.
//! Together, the four parts explore each scene once. A correct version is proved if all four
//! exit with 0. (`cargo nextest run --partition slice:2/4` distributes the tests.)
//!
//! **`RUSTFLAGS`** overrides the flag that `cargo race` sets. If your `RUSTFLAGS` lacks
//! `--cfg loom`, the program says so.
//!
//! # Real sockets and processes
//! Four lessons also run with sockets or processes of the operating system. The `--help` of
//! each describes its arguments:
//!
//! ```console
//! $ cargo run -- play udp_chat --bind 127.0.0.1:8000 --peer 127.0.0.1:9000 --log chat.txt
//! $ cargo run -- play udp_chat --bind 127.0.0.1:9000 --peer 127.0.0.1:8000 --log other.txt  # in another terminal
//! $ cargo run -- play own_globals
//! $ cargo run -- play process_queue --producers 2 --consumers 2 --items 10
//! $ cargo run -- play process_pool --workers 3 --jobs 10 --timeout 2s
//! ```
//!
//! **`udp_chat`** talks to a second copy of itself, to `nc -u`, or to any other program that
//! sends UDP. Each line that you type is one datagram of up to 65,507 bytes. `exit` or the end
//! of input ends the chat. Each message that arrives is shown, and becomes one line of the log:
//! time, address and port, text. Control characters, line breaks and characters that change the
//! direction of writing are escaped: `\n`, `\u{1b}`, `\u{202e}`, `\xff` for a byte that is not
//! UTF-8, and `\\` for a backslash. If the terminal cannot keep up, lines are dropped from the
//! screen, and a note says how many. The log is complete for every message that the socket
//! received before the chat ended, and the chat still ends on time. UDP itself may lose messages.
//!
//! **`own_globals`**, **`process_queue`** and **`process_pool`** start child processes, on Unix
//! only. You may kill the children while they work. The item of a killed consumer goes to
//! another consumer, marked as redelivered. A killed producer is replaced, and its replacement
//! continues where the killed one stopped. The job of a killed worker is answered with the worker's death.
//! If you kill the parent, all children exit within a second. In the model, a process is a
//! thread that shares nothing and [may die](sync::may_die) at any of its steps.

pub mod check;
#[cfg(feature = "course")]
pub mod cli;
pub mod draw;
#[cfg(any(loom, feature = "model"))]
mod engine;
#[cfg(feature = "course")]
pub mod exercises;
pub mod explorer;
#[cfg(feature = "course")]
pub mod lessons;
pub mod model;
#[cfg(feature = "course")]
pub mod page;
#[cfg(feature = "course")]
pub mod processes;
#[cfg(feature = "course")]
pub mod programs;
pub mod sync;
#[allow(
    dead_code,
    unused_imports,
    reason = "real threads say nothing and are not stopped"
)]
mod watch;

pub use model::{MAX_THREADS, explore, model, skip_branch, stop_exploring};
#[doc(inline)]
pub use sync::loom_thread as thread;
pub use sync::{alloc, cell, future, hint};
