//! `--quiet`, for the commands that say how they are getting on.
//!
//! What it silences is progress and notes; results, warnings and errors are said all the same. Beside it: `../progress.rs`.

use crate::cli::output::tell;

/// Whether a command says how it is getting on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub(in crate::cli) struct QuietArg {
    /// No progress
    #[arg(long = "quiet", short = 'q')]
    pub(in crate::cli) is_on: bool,
}

impl QuietArg {
    /// Says how it is getting on, unless that is not wanted.
    pub(in crate::cli) fn tell(self, line: &str) {
        if !self.is_on {
            tell(line);
        }
    }
}
