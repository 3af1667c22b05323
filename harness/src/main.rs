//! The `harness` binary: its library with a command line.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::cli::main()
}
