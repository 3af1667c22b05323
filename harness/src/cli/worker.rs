//! `harness worker`: the far side of `--load-from` and `--server-on`. Nobody types it; a command such as `ssh HOST` runs it.
//!
//! Beside it: `machines/worker.rs`, which does the work.

use std::io;
use std::process::{self, ExitCode};
use std::time::Duration;

use instruments::allocator::VERSION;
use instruments::observe::{allowed_cpus, raise_soft_descriptor_limit};
use rustix::process::{Resource, getrlimit};

use crate::machines::{Hello, ToldClock, WorkerSetup, work_for};
use crate::process::sha256_of_own_image;
use crate::run::{ServingMachine, preflight_connections};

const ABOUT: &str = "\
It reads on stdin what to send, or which server to start and watch, and writes on stdout what came
of it, one line of JSON per message. It ends when its stdin does. To use other machines:
  harness load HOST:PORT --allow-remote --rate 1000 --load-from 'ssh HOST-A' --load-from 'ssh HOST-B'
  harness compare --server-on 'ssh HOST-C' --server-address IP --allow-remote --load-from 'ssh HOST-A'
capacity and map take the same options as compare.";

/// Send part of a load, or run servers, for a harness on another machine; `--load-from` and `--server-on` start it
#[derive(Debug, clap::Args)]
#[command(after_help = ABOUT)]
pub(super) struct WorkerArgs {
    /// In a test: tell a clock that is ahead by so much
    #[arg(long, value_name = "NS", default_value_t = 0, allow_hyphen_values = true, hide = true)]
    test_clock_ahead: i64,

    /// In a test: tell a clock that gains so many parts per million
    #[arg(long, value_name = "PPM", default_value_t = 0.0, allow_hyphen_values = true, hide = true)]
    test_clock_drift: f64,

    /// In a test: begin later than told
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration, hide = true)]
    test_begin_late: Duration,
}

pub(super) fn run(args: &WorkerArgs) -> anyhow::Result<ExitCode> {
    let setup = WorkerSetup {
        hello: own_hello(),
        clock: ToldClock::new(args.test_clock_ahead, args.test_clock_drift),
        late: args.test_begin_late,
        preflight: |connections| preflight_connections(connections).map_err(|unfit| unfit.to_string()),
        starter: Box::new(ServingMachine::default()),
        // Whoever asked is gone: no result has a reader, and no load is wanted any more.
        at_end: || process::exit(0),
    };
    work_for(io::stdin(), io::stdout(), setup)?;
    Ok(ExitCode::SUCCESS)
}

/// What this side says of itself.
pub(super) fn own_hello() -> Hello {
    let _ = raise_soft_descriptor_limit();
    let cpus = allowed_cpus().unwrap_or_default();
    let build = sha256_of_own_image().ok().map(str::to_owned);
    Hello::of_this_side(VERSION, build, cpus, getrlimit(Resource::Nofile).current)
}
