//! How fast an exploration is, how it scales, and how much memory it needs.
//!
//! ```console
//! $ cargo bench --bench exploration             # one to two minutes, once built
//! $ cargo bench --bench exploration -- --quick  # a few seconds: does everything still run?
//! ```
//!
//! The std build cannot explore. It runs `cargo bench` again with `--cfg loom`, and
//! that second process measures. Loom and racecourse are compared inside that one
//! process, in turns: two numbers from two different runs say little, because other
//! programs share the machine.
//!
//! No benchmark library: criterion and divan time one function after the other,
//! and a ratio needs the two functions in alternation.

#[cfg(loom)]
#[path = "measure.rs"]
mod build;
#[cfg(not(loom))]
#[path = "again.rs"]
mod build;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut quick = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            // Cargo adds this argument.
            "--bench" => {}
            "--quick" => quick = true,
            other => {
                eprintln!(
                    "unknown argument `{other}`. Usage: cargo bench --bench exploration [-- --quick]"
                );
                return ExitCode::from(2);
            }
        }
    }
    build::run(quick)
}
