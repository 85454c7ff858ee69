//! Finds the library that submissions are linked to, and the compiler that has built it.

use super::process;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

/// What the grader and the process that explores must agree on. A grader that finds the
/// library of another version of racecourse does not use it.
pub const PROTOCOL: u64 = {
    let (mut hash, mut at) = (0xcbf2_9ce4_8422_2325_u64, 0);
    let text = include_bytes!("harness.rs");
    while at < text.len() {
        hash = (hash ^ text[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
};

/// The library's files, the most likely first, and the folder of all that they depend on.
///
/// # Errors
/// Why there is none, and what to do.
pub(super) fn candidates() -> Result<(Vec<PathBuf>, PathBuf), String> {
    let program = env::current_exe().map_err(|error| format!("cannot find itself: {error}"))?;
    let folder = program.parent().unwrap_or(Path::new("."));
    let deps = match folder.file_name().is_some_and(|name| name == "deps") {
        true => folder.to_owned(),
        false => folder.join("deps"),
    };
    let built = |path: &Path| fs::metadata(path).and_then(|it| it.modified()).ok();
    let program_built = built(&program).unwrap_or(SystemTime::UNIX_EPOCH);
    let entries = fs::read_dir(&deps).into_iter().flatten().flatten();
    let is_library = |path: &PathBuf| {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        name.starts_with("libracecourse-") && name.ends_with(".rlib")
    };
    let mut found: Vec<(bool, SystemTime, PathBuf)> = entries
        .map(|entry| entry.path())
        .filter(is_library)
        .filter_map(|path| {
            let built = built(&path)?;
            // The program was linked to a library that was there before.
            Some((built <= program_built, built, path))
        })
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    if found.is_empty() {
        return Err(format!(
            "the library is not where cargo builds it, in {}: run this command as `cargo race …` in \
             racecourse's folder",
            deps.display()
        ));
    }
    Ok((found.into_iter().map(|(.., path)| path).collect(), deps))
}

/// The compiler: `$RUSTC`, or the one that `rustc` stands for here.
pub(super) fn compiler() -> OsString {
    if let Some(compiler) = env::var_os("RUSTC") {
        return compiler;
    }
    // `rustc` may be rustup's, which takes a while to find the real one.
    let mut asks = Command::new("rustc");
    asks.args(["--print", "sysroot"]);
    let answer = process::run(asks, &[], Duration::from_secs(20), [4096; 2]);
    let sysroot = answer.ok().and_then(|it| String::from_utf8(it.stdout).ok());
    let real = sysroot.map(|it| Path::new(it.trim_end()).join("bin/rustc"));
    match real.filter(|path| path.is_file()) {
        Some(path) => path.into(),
        None => "rustc".into(),
    }
}
