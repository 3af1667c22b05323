//! `harness load`: the generator put to any server that listens, and what came of it.
//!
//! Read `ask.rs` (what was typed becomes a load), then `findings.rs` (what the load came to, in figures). Beside them:
//! `target.rs` (where to), `histogram_files.rs` and `table.rs` (how it is written).

pub(super) mod ask;
mod findings;
mod histogram_files;
mod parts;
mod percentiles;
mod progress;
mod table;
mod target;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use servers::protocol::Wire;

use super::ending::code_of_load;
use super::output::{print, tell};
use crate::load;
use crate::plan::ArrivalProcess;
use crate::run::{Interrupt, preflight_connections};
use findings::Findings;
use histogram_files::HistogramFiles;
use progress::Shown;

/// Put load on any server and say how it took it
#[derive(Debug, clap::Args)]
pub(super) struct LoadArgs {
    /// Where the server listens
    #[arg(value_name = "HOST:PORT")]
    target: String,

    /// How messages are written; http where --path is given, else json
    #[arg(long, value_name = "json|http")]
    wire: Option<Wire>,

    /// What our own servers are asked for: echo, sleep, block, spin, lock or reply, with its argument
    #[arg(long, value_name = "WORK", default_value = "echo hi", conflicts_with = "path")]
    work: String,

    /// What any HTTP server is asked for, with GET
    #[arg(long, value_name = "/PATH")]
    path: Option<String>,

    /// Connections that are held; with --arrivals sessions, the most at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections: u32,

    /// Requests per second, or max: each connection sends as soon as it is answered
    #[arg(long, value_name = "N|max", default_value = "max", value_parser = ask::rate)]
    rate: ask::Rate,

    /// When requests are due; poisson where there is a rate, else closed
    #[arg(long, value_enum)]
    arrivals: Option<ArrivalsArg>,

    /// Requests of a session [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    requests_per_session: Option<u32>,

    /// Pause of a session between a reply and the next request [default: 0s]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    think_time: Option<Duration>,

    /// How long is measured
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = ask::duration)]
    duration: Duration,

    /// What is sent in this time before is not counted
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = ask::any_duration)]
    warm_up: Duration,

    /// When a request without a reply is given up. Two seconds are twice what the kernel waits before it tries to
    /// connect again, so that a lost connect shows as a slow one
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = ask::duration)]
    timeout: Duration,

    /// Threads that send
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    threads: u32,

    /// The arrivals follow from this number
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How a thread waits for the next request
    #[arg(long, value_enum, default_value_t = PacingArg::Sleeping)]
    pacing: PacingArg,

    /// How to write the result
    #[arg(long, value_enum, default_value_t = LoadFormat::Table)]
    format: LoadFormat,

    /// Write the histograms as an HdrHistogram interval log
    #[arg(long, value_name = "FILE")]
    hlog: Option<PathBuf>,

    /// Write the percentiles as HdrHistogram text, in milliseconds
    #[arg(long, value_name = "FILE")]
    hgrm: Option<PathBuf>,

    /// Put load on another machine, which must be yours to put load on
    #[arg(long)]
    allow_remote: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ArrivalsArg {
    /// Exponential gaps: many independent clients.
    Poisson,
    /// Equal gaps.
    Constant,
    /// Sessions that connect, send some requests and go; they arrive with exponential gaps.
    Sessions,
    /// The next request as soon as the last has ended.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PacingArg {
    /// Sleep, and wake some 50 us late.
    Sleeping,
    /// Sleep, but not through the last tenth of a millisecond.
    Precise,
    /// Never sleep; takes a whole CPU per thread.
    Spinning,
    /// Wake once a millisecond: the least CPU time, requests and replies up to a millisecond late.
    Ticking,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LoadFormat {
    /// For a terminal.
    Table,
    /// One JSON object.
    Json,
}

pub(super) fn run(args: LoadArgs) -> anyhow::Result<ExitCode> {
    let spec = ask::spec(&args)?;
    let generator = ask::generator(&args)?;
    let target = target::resolve(&args.target, args.allow_remote)?;
    let mut files = HistogramFiles::open(args.hlog.as_deref(), args.hgrm.as_deref())?;
    preflight_connections(spec.peak_connections())?;
    let interrupt = Interrupt::listen()?;
    if spec.arrivals == ArrivalProcess::Closed {
        tell(CLOSED_LOOP);
    }
    let shown = Shown::new(&spec);
    let mut window_start_ns = 0;
    let outcome = load::run(&spec, target, generator, interrupt.flag(), |moments| {
        window_start_ns = moments.window_start_ns;
        shown.show(moments);
    });
    shown.end();
    if let (Err(error), Some(code)) = (&outcome, interrupt.exit_code()) {
        tell(&format!("stopped before the load began: {error}"));
        return Ok(ExitCode::from(code));
    }
    let outcome = outcome?;
    files.write(&outcome, window_start_ns)?;
    let findings = Findings::new(&spec, target, outcome)?;
    print(&match args.format {
        LoadFormat::Table => table::drawn(&findings, &spec),
        LoadFormat::Json => format!("{}\n", serde_json::to_string_pretty(&findings)?),
    })?;
    if findings.ledger.ok == 0 {
        tell(&table::nothing_right(&findings.ledger));
    }
    Ok(code_of_load(&findings.ledger, findings.valid, &interrupt))
}

const CLOSED_LOOP: &str = "note: a closed loop sends when it is answered, so that a slow server is asked less and a wait \
                           in line is never seen: there is no response time, only service time; give --rate N for it";
