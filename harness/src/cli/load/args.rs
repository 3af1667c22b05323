//! What may be typed after `harness load`, in groups. What it means is decided in `spec.rs`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::RangedI64ValueParser;
use instruments::load::Pacing;
use servers::protocol::Wire;

use super::judgement::gates::LoadGate;
use crate::cli::machines::LoadFromArgs;
use crate::cli::progress::QuietArg;

const REQUEST: &str = "Request";
const LOAD: &str = "Load";
const GENERATOR: &str = "Generator";
const RESULT: &str = "Result";

const CODES: &str = "\
Exit codes: 0 done, 2 usage, 3 a machine of --load-from can't be had, 4 the measurement is invalid,
5 a --fail-on was exceeded, 6 no right reply or no connection";

/// Put load on any server, and report throughput, response times and errors
#[derive(Debug, clap::Args)]
#[command(after_help = CODES)]
pub(in crate::cli) struct LoadArgs {
    /// The server: HOST:PORT, or the URL of any HTTP server, http://HOST[:PORT]/PATH
    #[arg(value_name = "TARGET")]
    pub(super) target: String,

    /// Put load on another machine, which must be yours
    #[arg(long)]
    pub(super) allow_remote: bool,

    /// Page to ask an HTTP server for, where the target is HOST:PORT
    #[arg(long, value_name = "/PATH", help_heading = REQUEST)]
    pub(super) path: Option<String>,

    /// HTTP method [default: GET, or POST with a body]
    #[arg(short = 'X', long, help_heading = REQUEST)]
    pub(super) method: Option<String>,

    /// Header to send with each request, as in 'Accept: text/html'; can be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", help_heading = REQUEST)]
    pub(super) headers: Vec<String>,

    /// Body to send with each request
    #[arg(long, value_name = "TEXT", help_heading = REQUEST)]
    pub(super) body: Option<String>,

    /// File to send as the body
    #[arg(long, value_name = "FILE", conflicts_with = "body", help_heading = REQUEST)]
    pub(super) body_file: Option<PathBuf>,

    /// What to ask our own servers for: echo, call, sleep, block, spin, lock or reply, with its argument [default: echo hi]
    #[arg(long, value_name = "WORK", conflicts_with = "path", help_heading = REQUEST)]
    pub(super) work: Option<String>,

    /// Protocol to speak [default: http for a URL or with --path, else json]
    #[arg(long, value_name = "json|http", help_heading = REQUEST)]
    pub(super) wire: Option<Wire>,

    /// Requests per second, or max: each connection sends again as soon as it is answered
    #[arg(long, value_name = "N|max", default_value = "max", value_parser = rate, help_heading = LOAD)]
    pub(super) rate: RateArg,

    /// Connections to keep open; with --arrivals sessions, the most at once
    #[arg(short, long, value_name = "N", default_value_t = 64, value_parser = up_to(1_000_000), help_heading = LOAD)]
    pub(super) connections: u32,

    /// How long to measure [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = LOAD)]
    pub(super) duration: Option<Duration>,

    /// Send this many requests, however long that takes, instead of measuring for a time; without a warm-up
    #[arg(
        short = 'n',
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..=10_000_000_000),
        conflicts_with_all = ["duration", "warm_up"],
        help_heading = LOAD
    )]
    pub(super) requests: Option<u64>,

    /// Send for this long first, without counting [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = any_duration, help_heading = LOAD)]
    pub(super) warm_up: Option<Duration>,

    /// When requests are sent [default: poisson with a --rate, else closed]
    #[arg(long, value_enum, help_heading = LOAD)]
    pub(super) arrivals: Option<ArrivalsArg>,

    /// Requests in each session [default: 10]
    #[arg(long, value_name = "N", value_parser = up_to(1_000_000), help_heading = LOAD)]
    pub(super) requests_per_session: Option<u32>,

    /// Pause in a session between a reply and the next request [default: 0s]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, help_heading = LOAD)]
    pub(super) think_time: Option<Duration>,

    /// When to give up on a request; the kernel repeats a lost connection attempt after a second, which should show as a
    /// slow request and not as a failed one
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration, help_heading = LOAD)]
    pub(super) timeout: Duration,

    /// Seed of the times at which requests arrive
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = LOAD)]
    pub(super) seed: u64,

    /// Threads that send
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = up_to(1_024), help_heading = GENERATOR)]
    pub(super) threads: u32,

    /// How a thread waits for the next request
    #[arg(long, value_enum, default_value_t = Pacing::Sleeping, help_heading = GENERATOR)]
    pub(super) pacing: Pacing,

    #[command(flatten)]
    pub(super) from: LoadFromArgs,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = LoadFormat::Table, help_heading = RESULT)]
    pub(super) format: LoadFormat,

    /// Fail with exit code 5 where this comes true: 'p99>20ms' (or p50, p90, p99.9, max, mean), 'errors>1%', 'errors>10',
    /// 'throughput<1000'; can be repeated
    #[arg(long, value_name = "GATE", help_heading = RESULT)]
    pub(super) fail_on: Vec<LoadGate>,

    /// File for the histograms, as an HdrHistogram interval log
    #[arg(long, value_name = "FILE", help_heading = RESULT)]
    pub(super) hlog: Option<PathBuf>,

    /// File for the percentiles, as HdrHistogram text in milliseconds
    #[arg(long, value_name = "FILE", help_heading = RESULT)]
    pub(super) hgrm: Option<PathBuf>,

    #[command(flatten)]
    pub(super) quiet: QuietArg,
}

/// How the result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LoadFormat {
    /// For a terminal.
    Table,
    /// All figures as one JSON object.
    Json,
    /// One header and one row, for a spreadsheet.
    Csv,
}

/// When requests are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ArrivalsArg {
    /// At random times with exponential gaps, as from many independent clients.
    Poisson,
    /// At equal gaps.
    Constant,
    /// In sessions that arrive with exponential gaps, connect, send some requests and leave.
    Sessions,
    /// Each as soon as the one before it has ended.
    Closed,
}

/// Beyond any machine; a plan for more would fill the memory before the first request.
const MOST_RPS: f64 = 10_000_000.0;

/// The longest that may be measured: a histogram holds values up to as long.
pub(super) const LONGEST: Duration = Duration::from_secs(3_600);

/// How much is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::cli) enum RateArg {
    /// As much as the server takes.
    Max,
    /// Requests per second.
    Rps(f64),
}

/// Reads a whole number from 1 on.
fn up_to(most: u32) -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=i64::from(most))
}

/// Reads `max` or a number.
pub(in crate::cli) fn rate(text: &str) -> Result<RateArg, String> {
    match f64::from_str(text) {
        _ if text == "max" => Ok(RateArg::Max),
        Ok(rps) if rps > 0.0 && rps <= MOST_RPS => Ok(RateArg::Rps(rps)),
        _ => Err(format!("it must be a number above 0, at most {MOST_RPS}, or max")),
    }
}

/// Reads a duration that is not nothing.
pub(in crate::cli) fn duration(text: &str) -> Result<Duration, String> {
    match any_duration(text)? {
        duration if duration < Duration::from_millis(1) => Err("it must be at least a millisecond".to_owned()),
        duration => Ok(duration),
    }
}

/// Reads a duration of an hour at most.
fn any_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text).map_err(|error| format!("{error}; write 500ms or 10s"))? {
        duration if duration > LONGEST => Err("it can be at most an hour".to_owned()),
        duration => Ok(duration),
    }
}
