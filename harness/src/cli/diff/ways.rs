//! What would decide a gate that is inconclusive, as something to type: how many blocks, how long they take, the command.
//!
//! Must not know: gates, figures. Beside it: `text.rs`, whose line for a gate ends with this.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use reports::diff::DecidedBy;
use reports::format::count;
use reports::record::Manifest;

use crate::cli::progress::rough;

/// The runs that can be given more blocks.
pub(super) struct Ways {
    runs: Vec<Way>,
}

struct Way {
    path: PathBuf,
    blocks: u32,
    /// How long it took; absent where that is not known.
    took: Option<Duration>,
}

impl Ways {
    /// Of these runs, each with its folder.
    pub(super) fn of<'a>(runs: impl IntoIterator<Item = (PathBuf, &'a Manifest)>) -> Ways {
        let way = |(path, manifest): (PathBuf, &Manifest)| {
            let seconds = manifest.elapsed_s.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
            Way { path, blocks: manifest.blocks, took: seconds.map(Duration::from_secs_f64) }
        };
        Ways { runs: runs.into_iter().map(way).collect() }
    }

    /// As a sentence without its stop.
    pub(super) fn to(&self, decided_by: DecidedBy) -> String {
        match decided_by {
            DecidedBy::Blocks(blocks) => self.more_blocks(blocks as u32),
            DecidedBy::NoBlocks => {
                "More blocks would not decide it: the value is too close to the bound, or no farther from it than a \
                 contender is from itself"
                    .to_owned()
            }
            DecidedBy::MeasuringAgain => {
                "More blocks alone would not decide it: measure again what is missing, invalid or without a ratio, or name \
                 another experiment, workload or load behind the gate, as in 'p99>+10%@sleep 5 ms'"
                    .to_owned()
            }
        }
    }

    fn more_blocks(&self, blocks: u32) -> String {
        let short: Vec<&Way> = self.runs.iter().filter(|run| run.blocks < blocks).collect();
        let mut said = format!("Some {} blocks would decide it", count(blocks.into()));
        let time: Option<Duration> = short.iter().map(|run| run.time_of(blocks - run.blocks)).sum();
        if let Some(time) = time.filter(|time| !time.is_zero()) {
            // Writing to a string does not fail.
            let _ = write!(said, ", about {} more", rough(time));
        }
        let commands =
            short.iter().map(|run| format!("harness compare --resume {} --blocks {blocks}", run.path.display()));
        let commands: Vec<String> = commands.collect();
        if !commands.is_empty() {
            let _ = write!(said, ": {}", commands.join(" && "));
        }
        said
    }
}

impl Way {
    /// So many blocks more, if they take as long as those that there are.
    fn time_of(&self, more: u32) -> Option<Duration> {
        Some(self.took? / self.blocks.max(1) * more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(of: &[(&str, u32, Option<u64>)]) -> Ways {
        let way = |(path, blocks, took): &(&str, u32, Option<u64>)| Way {
            path: PathBuf::from(path),
            blocks: *blocks,
            took: took.map(Duration::from_secs),
        };
        Ways { runs: of.iter().map(way).collect() }
    }

    #[test]
    fn what_decides_comes_with_its_time_and_the_commands() {
        let both = ways(&[("runs/a", 10, Some(600)), ("runs/b", 10, Some(600))]);
        assert_eq!(
            both.to(DecidedBy::Blocks(20)),
            "Some 20 blocks would decide it, about 20 min more: harness compare --resume runs/a --blocks 20 && harness \
             compare --resume runs/b --blocks 20"
        );
        let one = ways(&[("runs/a", 20, Some(600)), ("runs/b", 10, None)]);
        assert_eq!(
            one.to(DecidedBy::Blocks(20)),
            "Some 20 blocks would decide it: harness compare --resume runs/b --blocks 20"
        );
        assert!(both.to(DecidedBy::NoBlocks).starts_with("More blocks would not decide it"));
        assert!(both.to(DecidedBy::MeasuringAgain).contains("measure again"));
    }
}
