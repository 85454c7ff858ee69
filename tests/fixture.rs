//! A stranger's crate, `tests/stranger`, tested by cargo in a directory of its own.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A copy of the crate outside of our repository, where nothing of ours is found
/// but what its manifest names. Gone when dropped.
pub struct Stranger(PathBuf);

impl Stranger {
    /// `world` tells apart the copies that may be there at the same time.
    pub fn new(world: &str) -> Self {
        // Where it is, it is next time too: then little is to be built again.
        let mut hasher = DefaultHasher::new();
        (ROOT, env!("CARGO_TARGET_TMPDIR")).hash(&mut hasher);
        let name = format!("racecourse-{world}-{:016x}", hasher.finish());
        let copy = Self(std::env::temp_dir().join(name));
        copy_all(&Path::new(ROOT).join("tests/stranger"), &copy.0);
        // The same versions as ours: so nothing is fetched, and what is built can
        // be shared.
        let lock = copy.0.join("Cargo.lock");
        fs::copy(Path::new(ROOT).join("Cargo.lock"), lock).unwrap();
        let manifest = copy.0.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        let moved = text.replace("\"../..\"", &format!("{ROOT:?}"));
        assert_ne!(moved, text, "the dependency is not where it was");
        fs::write(&manifest, moved).unwrap();
        copy
    }

    /// `cargo test`, with the flags that we were built with.
    pub fn test(&self, args: &[&str]) -> Output {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        Command::new(env!("CARGO"))
            .arg("test")
            .arg("--target-dir")
            .arg(target)
            .args(["--test", "permits", "--"])
            .args(args)
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "target" {
            continue;
        }
        match from.is_dir() {
            true => copy_all(&from, &to),
            false => drop(fs::copy(from, to).unwrap()),
        }
    }
}

/// What a test run printed, and whether all went well.
pub fn printed(output: &Output) -> (bool, String) {
    let text = [&*output.stdout, &output.stderr].map(String::from_utf8_lossy);
    (output.status.success(), text.join("\n"))
}
