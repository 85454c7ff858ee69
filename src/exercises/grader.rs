//! Compiles submissions against the library, and explores each in a process of its own.

use super::catalog::{self, Exercise, Room};
use super::compiler;
use super::file::MARK;
use super::harness::{END, Explored, Orders};
use super::library::{self, PROTOCOL};
use super::process::{self, Ended, How};
use super::rules;
use super::shims::{self, HARNESS, ROOT};
use super::verdict::Verdict;
use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::ffi::OsString;
use std::fs;
use std::hash::BuildHasher as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tempfile::TempDir;

/// A submission has at most so many bytes.
const LONGEST: usize = 256 * 1024;
/// How long the compiler may take. The limit on its processor time is lower, and is not reached
/// sooner on a machine that is busy.
const COMPILE_TIME: Duration = Duration::from_secs(300);
/// Runs the compiler with limits on memory, in KiB, and on processor time, in seconds: a
/// constant can take as much of both as it likes.
const LIMITED: &str = "ulimit -d 3145728; ulimit -t 60; exec \"$@\"";
/// The compiler and a submission may print so many bytes.
const MOST_OUTPUT: usize = 1024 * 1024;
/// A verdict has at most so many bytes: it contains stories.
const LONGEST_VERDICT: usize = 64 * MOST_OUTPUT;
/// How long a submission may run without a step.
const STEP_TIMEOUT: Duration = Duration::from_secs(3);

/// What a submission may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long its exploration may take.
    pub time: Duration,
    /// How much memory its process may use, in bytes.
    pub memory: u64,
}

impl Default for Limits {
    /// Thirty seconds, and one GiB.
    fn default() -> Self {
        Self {
            time: Duration::from_secs(30),
            memory: 1 << 30,
        }
    }
}

/// Grades submissions. It owns a folder, which it deletes at its end.
pub struct Grader {
    folder: TempDir,
    limits: Limits,
    compiler: OsString,
    library: PathBuf,
    deps: PathBuf,
    /// The lessons whose crates are compiled.
    prepared: Mutex<BTreeSet<&'static str>>,
    submissions: AtomicUsize,
}

/// Why no submission could be graded: the submission is not the cause.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The command makes no sense, for the reason in this line.
    #[error("{0}")]
    Usage(String),
    /// The operating system refuses something.
    #[error("cannot grade: {0}")]
    System(#[from] io::Error),
}

impl Grader {
    /// Finds the compiler and the library.
    ///
    /// # Errors
    /// This is the std build, or the library or the compiler is not there.
    pub fn new(limits: Limits) -> Result<Self, Trouble> {
        let (candidates, deps) = library::candidates().map_err(Trouble::Usage)?;
        let mut grader = Self {
            folder: tempfile::Builder::new().prefix("racecourse-").tempdir()?,
            limits,
            compiler: library::compiler(),
            library: PathBuf::new(),
            deps,
            prepared: Mutex::default(),
            submissions: AtomicUsize::new(0),
        };
        grader.compile_shim("std", shims::STD, &[])?;
        let mut complaint = String::new();
        for library in candidates {
            grader.library = library;
            match grader.compile_check() {
                Ok(()) => return Ok(grader),
                Err(Trouble::Usage(why)) if complaint.is_empty() => complaint = why,
                Err(Trouble::Usage(_)) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        Err(Trouble::Usage(format!(
            "no library in {} is the one that this program was built with, and fits the compiler {}: \
             run this command as `cargo race …` in racecourse's folder. {complaint}",
            grader.deps.display(),
            grader.compiler.display(),
        )))
    }

    /// Refuses a library that cannot explore, or that has another protocol.
    fn compile_check(&self) -> Result<(), Trouble> {
        let text = format!(
            "pub use real::explorer::explore;
             const _: () = assert!(real::explorer::CAN_EXPLORE);
             const _: () = assert!(real::exercises::PROTOCOL == {PROTOCOL});"
        );
        let real = self.library.clone();
        self.compile_shim("check", &text, &[("real", &real)])
    }

    /// Compiles what submissions to the lesson may use of racecourse, once.
    fn prepare(&self, room: &'static Room) -> Result<(), Trouble> {
        let mut prepared = self.prepared.lock().expect("no thread panics here");
        if prepared.contains(room.lesson) {
            return Ok(());
        }
        let text = shims::racecourse(room);
        self.compile_shim(room.lesson, &text, &[("real", &self.library)])?;
        prepared.insert(room.lesson);
        Ok(())
    }

    fn shim(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("libshim_{name}.rlib"))
    }

    fn compile_shim(
        &self,
        name: &str,
        text: &str,
        externs: &[(&str, &Path)],
    ) -> Result<(), Trouble> {
        let file = format!("shim_{name}.rs");
        fs::write(self.folder.path().join(&file), text)?;
        let mut rustc = self.rustc(self.folder.path(), externs);
        rustc.args([
            "--crate-type=rlib",
            "--crate-name",
            &format!("shim_{name}"),
            &file,
        ]);
        let ended = process::run(rustc, &[], COMPILE_TIME, [MOST_OUTPUT; 2])?;
        match ended.how {
            How::Exited(status) if status.success() => Ok(()),
            how => Err(Trouble::Usage(
                match compiler::verdict(&text_of(&ended.stderr), &file) {
                    Verdict::DoesNotCompile { message, .. } if !message.is_empty() => {
                        format!(
                            "The compiler says: {}",
                            message.lines().next().unwrap_or_default()
                        )
                    }
                    _ => format!(
                        "The compiler does not work: {how:?}, {}",
                        text_of(&ended.stderr)
                    ),
                },
            )),
        }
    }

    /// A call of the compiler in that folder. It gets only the environment variables that it needs.
    fn rustc(&self, folder: &Path, externs: &[(&str, &Path)]) -> Command {
        let mut rustc = Command::new("/bin/sh");
        rustc.args(["-c", LIMITED, "sh"]).arg(&self.compiler);
        rustc.current_dir(folder).env_clear();
        // Where the linker is, and what rustup's rustc needs.
        for name in ["PATH", "HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
            rustc.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        rustc.args(["--edition=2024", "--error-format=json", "-Awarnings"]);
        rustc.args(["-Copt-level=1", "-Cdebuginfo=0", "-Cstrip=debuginfo"]);
        rustc.env("TMPDIR", folder);
        for (name, path) in externs {
            let mut argument = OsString::from(format!("{name}="));
            argument.push(path);
            rustc.arg("--extern").arg(argument);
        }
        for folder in [&self.deps, self.folder.path()] {
            let mut argument = OsString::from("dependency=");
            argument.push(folder);
            rustc.arg("-L").arg(argument);
        }
        rustc
    }

    /// Grades the text of a file as an answer to the exercise. Messages and stories name the file
    /// as the student does.
    ///
    /// # Errors
    /// The compiler or the operating system does not work.
    pub fn grade(
        &self,
        path: &Path,
        text: &str,
        exercise: &'static Exercise,
    ) -> Result<Verdict, Trouble> {
        if text.len() > LONGEST {
            return Ok(Verdict::RuleBroken {
                rule: format!("a submission has at most {} KiB", LONGEST / 1024),
                line: 1,
            });
        }
        match rules::broken(text) {
            Err(line) => {
                return Ok(Verdict::DoesNotCompile {
                    message:
                        "this is not Rust: a quote or a bracket is not closed, or a letter is \
                              none of Rust's"
                            .to_owned(),
                    line: Some(line),
                });
            }
            Ok(broken) => {
                if let Some(rules::Broken { line, rule }) = broken.into_iter().next() {
                    return Ok(Verdict::RuleBroken { rule, line });
                }
            }
        }
        let room = exercise.room();
        self.prepare(room)?;
        // ORDERING: Relaxed: a read-modify-write gives no two submissions the same number.
        let number = self.submissions.fetch_add(1, Relaxed);
        let folder = self.folder.path().join(number.to_string());
        fs::create_dir(&folder)?;
        let verdict = self.grade_in(&folder, file_name(path), text, room);
        // If this fails, the folder is deleted with the grader.
        let _ = fs::remove_dir_all(&folder);
        verdict
    }

    fn grade_in(
        &self,
        folder: &Path,
        file: &str,
        text: &str,
        room: &'static Room,
    ) -> Result<Verdict, Trouble> {
        fs::write(folder.join(file), text)?;
        fs::write(folder.join(ROOT), shims::root(room, file))?;
        fs::write(folder.join(HARNESS), shims::harness(room))?;
        let (std, racecourse) = (self.shim("std"), self.shim(room.lesson));
        let mut rustc = self.rustc(folder, &[("std", &std), ("racecourse", &racecourse)]);
        rustc.args([
            "--crate-type=rlib",
            "--crate-name=submission",
            "-Funsafe_code",
            ROOT,
        ]);
        // Arithmetic that overflows panics, as in a build for tests.
        rustc.args(["-Coverflow-checks=on", "-Cdebug-assertions=on"]);
        let ended = process::run(rustc, &[], COMPILE_TIME, [MOST_OUTPUT; 2])?;
        if let Some(verdict) = refused_by_compiler(&ended, file) {
            return Ok(verdict);
        }
        let submission = folder.join("libsubmission.rlib");
        let mut rustc = self.rustc(
            folder,
            &[("racecourse", &self.library), ("submission", &submission)],
        );
        rustc.args(["--crate-name=harness", "-o", "harness", HARNESS]);
        let ended = process::run(rustc, &[], COMPILE_TIME, [MOST_OUTPUT; 2])?;
        if let Some(verdict) = refused_by_compiler(&ended, file) {
            return Ok(verdict);
        }
        self.explore(folder, room)
    }

    fn explore(&self, folder: &Path, room: &Room) -> Result<Verdict, Trouble> {
        let secret = || RandomState::new().hash_one(0);
        let orders = Orders {
            nonce: format!("{:016x}{:016x}", secret(), secret()),
            time: self.limits.time,
            step_timeout: STEP_TIMEOUT,
            memory: self.limits.memory,
            bounded: room.bounded.map(|(scene, most)| (scene.to_owned(), most)),
        };
        let mut harness = Command::new(folder.join("harness"));
        // Stories read the source of the library, too.
        harness.current_dir(folder).env_clear();
        harness.env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"));
        let stdin = serde_json::to_vec(&orders).map_err(io::Error::from)?;
        // The process stops by itself after the time limit, unless the submission blocks it.
        let time = self.limits.time + 2 * STEP_TIMEOUT;
        let ended = process::run(harness, &stdin, time, [LONGEST_VERDICT, MOST_OUTPUT])?;
        let (explored, is_complete) = answer(&ended.stdout, &orders.nonce);
        let why = match ended.how {
            How::Exited(status) if is_complete && status.success() => {
                return Ok(Verdict::of(&explored, room.starts_threads));
            }
            // The process failed later, but an outcome that it has found still counts.
            _ if explored.iter().any(|it| it.forbidden.is_some()) => {
                return Ok(Verdict::of(&explored, room.starts_threads));
            }
            How::TimedOut => {
                let why = format!("its exploration took more than {:?}", self.limits.time);
                return Ok(Verdict::DoesNotEnd { why });
            }
            How::WroteTooMuch => {
                let why = format!(
                    "it prints without end: more than {} KiB",
                    MOST_OUTPUT / 1024
                );
                return Ok(Verdict::DoesNotEnd { why });
            }
            How::Exited(status) => process::describe(status),
        };
        let said = text_of(&ended.stderr);
        let mut said = said.lines().rev().filter(|line| !line.trim().is_empty());
        let line_with = |start: &str| said.clone().find(|line| line.starts_with(start));
        // The memory comes first: then the process was aborted.
        let own = line_with("memory allocation of ").or_else(|| line_with("racecourse: "));
        let last = own.or_else(|| said.next()).unwrap_or_default();
        let why = format!("its process {why}: {last}");
        Ok(Verdict::Crashed { why })
    }
}

/// What the process has found, and whether its answer is complete.
fn answer(stdout: &[u8], nonce: &str) -> (Vec<Explored>, bool) {
    let text = text_of(stdout);
    let mut explored = Vec::new();
    let mut is_complete = false;
    for line in text.split_inclusive('\n') {
        let Some(line) = line
            .strip_prefix(nonce)
            .and_then(|it| it.strip_suffix('\n'))
        else {
            // Only the harness writes here. If anything else does, no line counts.
            return (Vec::new(), false);
        };
        match line.trim_start() {
            END => is_complete = true,
            line => explored.extend(serde_json::from_str::<Explored>(line)),
        }
    }
    (explored, is_complete)
}

fn refused_by_compiler(ended: &Ended, file: &str) -> Option<Verdict> {
    let why = match ended.how {
        How::Exited(status) if status.success() => return None,
        How::Exited(status) if status.code() == Some(1) => {
            return Some(compiler::verdict(&text_of(&ended.stderr), file));
        }
        How::Exited(status) => format!("the compiler {}", process::describe(status)),
        How::TimedOut => format!("the compiler takes more than {COMPILE_TIME:?}"),
        How::WroteTooMuch => "the compiler's messages do not end".to_owned(),
    };
    Some(Verdict::DoesNotCompile {
        message: why,
        line: None,
    })
}

/// What stories and the compiler call the file of a submission: the name that the student gave
/// it, if it can stand between the grader's own files.
fn file_name(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str());
    let is_usual = |name: &&str| {
        let mut letters = name.chars();
        let own = [ROOT, HARNESS].map(|own| own.eq_ignore_ascii_case(name));
        letters.all(|it| it.is_ascii_alphanumeric() || "._-".contains(it))
            && name.ends_with(".rs")
            && !own.contains(&true)
    };
    name.filter(is_usual).unwrap_or("answer.rs")
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The exercise that the first lines of a submission name.
///
/// # Errors
/// No line names one, or there is none of that name.
pub fn exercise_of(text: &str) -> Result<&'static Exercise, String> {
    let named = text
        .lines()
        .take(5)
        .find_map(|line| line.strip_prefix(MARK.trim_end()));
    let Some(name) = named.map(str::trim) else {
        return Err(format!(
            "no line of the first five says which exercise it answers: `{MARK}LESSON/VERSION`"
        ));
    };
    catalog::find(name).ok_or_else(|| catalog::none_named(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submission_keeps_its_name_unless_the_grader_needs_it() {
        for name in ["check-then-act.rs", "mine_2.rs", "a.b.rs"] {
            assert_eq!(file_name(Path::new(name)), name);
            assert_eq!(file_name(&Path::new("/any folder").join(name)), name);
        }
        for name in [
            "root.rs",
            "Harness.rs",
            "mine",
            "my file.rs",
            "a\\b.rs",
            "\u{e9}.rs",
            "..",
        ] {
            assert_eq!(file_name(Path::new(name)), "answer.rs", "{name}");
        }
    }
}
