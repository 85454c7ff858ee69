//! The std build: it builds the model and runs the benchmark there.

use std::path::Path;
use std::process::{Command, ExitCode};

/// Set in the second process. If the std build finds it, `--cfg loom` got lost.
const SECOND: &str = "RACECOURSE_BENCH_SECOND_PROCESS";

pub fn run(quick: bool) -> ExitCode {
    if std::env::var_os(SECOND).is_some() {
        eprintln!(
            "the benchmark was built without `--cfg loom`: an environment variable, RUSTFLAGS or \
             CARGO_ENCODED_RUSTFLAGS, overrides the flag. Unset the variable and try again"
        );
        return ExitCode::from(2);
    }
    eprintln!("the std build cannot explore: building the benchmark again with `--cfg loom`");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["bench", "--bench", "exploration"])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        // The same flag as that of the alias `race` in .cargo/config.toml.
        .args([
            "--config",
            r#"target.'cfg(all())'.rustflags=["--cfg","loom"]"#,
        ]);
    if let Some(target) = Path::new(env!("CARGO_TARGET_TMPDIR")).parent() {
        cargo.arg("--target-dir").arg(target);
    }
    if quick {
        cargo.args(["--", "--quick"]);
    }
    match cargo.env(SECOND, "1").status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            code.map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(why) => {
            eprintln!("could not start {}: {why}", env!("CARGO"));
            ExitCode::FAILURE
        }
    }
}
