//! `harness watch`: models side by side under one load that a person changes, live or played back.
//!
//! Read `live.rs` or `replay.rs` (what is shown, until when), then `draw.rs` (how it looks), `keys.rs` (what keys do) and
//! `terminal.rs` (how the terminal is given back). Must not know: how frames are made.

mod cells;
mod draw;
mod keys;
mod live;
mod recording;
mod replay;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ColorChoice;

use super::load::duration;
use super::servers::ServerArgs;
use draw::Colours;
#[cfg(any(test, fuzzing))]
pub(super) use replay::played_through;

/// Watch models side by side in this terminal, under a load that you change
#[derive(Debug, clap::Args)]
pub(super) struct WatchArgs {
    /// Models to watch, separated by commas, with options as in `compare` [default: threaded,thread-pool,async-multi]
    #[arg(long, value_name = "LIST")]
    models: Option<String>,

    #[command(flatten)]
    servers: ServerArgs,

    /// Connections to each model
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=2_000))]
    connections: u64,

    /// Requests per second to each model
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    rate: u64,

    /// What each request asks for: echo, call, sleep, block, spin, lock or reply, with its argument
    #[arg(long, value_name = "WORK", default_value = "call 5ms")]
    work: String,

    /// When to stop at the latest, an hour at most
    #[arg(long = "for", value_name = "TIME", default_value = "10min", value_parser = duration)]
    lasting: Duration,

    /// Seed of the times at which requests arrive
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Record into this folder from the beginning
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,

    /// Show it in a browser on this machine too, with /metrics for Prometheus
    #[arg(long)]
    web: bool,

    /// Port of that page; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 7979, requires = "web")]
    web_port: u16,

    /// Play a recording instead, from its folder or its file of frames
    #[arg(long, value_name = "RECORDING", conflicts_with_all = ["models", "servers", "wire", "path", "connections", "rate", "work", "lasting", "seed", "record", "web"])]
    replay: Option<PathBuf>,
}

/// What is drawn is drawn on a terminal, so it has colours unless they are refused.
pub(super) fn run(args: WatchArgs, colours: ColorChoice) -> anyhow::Result<ExitCode> {
    let colours = if colours == ColorChoice::Never { Colours::None } else { Colours::Many };
    match &args.replay {
        Some(recording) => replay::run(recording, colours),
        None => live::run(&args, colours),
    }
}

/// `1:05`, minutes and seconds.
fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_told_in_minutes_and_seconds() {
        assert_eq!([clock(0), clock(65_999), clock(600_000)], ["0:00", "1:05", "10:00"]);
    }
}
