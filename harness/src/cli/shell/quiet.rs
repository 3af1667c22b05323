//! `--quiet`, for the commands that say how they are getting on.
//!
//! What it silences is progress and notes; results, warnings and errors are said all the same. Beside it: `../progress.rs`.

use crate::cli::output::tell;

/// Whether a command says how it is getting on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub(in crate::cli) struct QuietArg {
    /// Print no progress
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

#[cfg(test)]
mod tests {
    use crate::cli::definition;

    #[test]
    fn every_command_that_says_how_it_is_getting_on_can_be_quiet() {
        let definition = definition();
        let is_quiet = |command: &&clap::Command| {
            let mut shorts =
                command.get_arguments().filter(|arg| arg.get_long() == Some("quiet")).map(|arg| arg.get_short());
            shorts.next() == Some(Some('q'))
        };
        let names: Vec<&str> =
            definition.get_subcommands().filter(is_quiet).map(|command| command.get_name()).collect();
        let expected = ["compare", "capacity", "map", "publish", "lesson", "load", "microcosts", "doctor", "selftest"];
        assert_eq!(names, expected);
    }
}
