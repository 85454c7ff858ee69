//! The command line of the course: see [`racecourse::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    racecourse::cli::main()
}
