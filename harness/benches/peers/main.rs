//! This generator beside the tools people trust, on the same server, and beside the least that any generator can do.
//!
//! The server has one CPU and the generators take turns on another, each in a process of its own: their CPU time is the
//! kernel's account of the ended process, the number of requests is what they say themselves. Read `rows.rs` first (what
//! is compared), then `measure.rs` (one measurement), then `tools/mod.rs` (how each tool is told, and what it says).
//!
//!     scripts/bench-peers --help

mod floor;
mod load;
mod measure;
#[path = "../measured/mod.rs"]
mod measured;
mod rows;
mod server;
mod tools;

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Parser, Subcommand};
use harness::process::message::say;
use instruments::observe::raise_soft_descriptor_limit;

use load::{PeerLoad, PeerTask, Responder};
use measure::{Rounds, measure};
use measured::bare_loop::{self, Ran, WireBytes};
use measured::placement::leave_a_cpu_to_the_server;
use measured::table::{TableFormat, written};
use rows::{PeerComparison, comparisons};
use server::PeerServer;
use tools::{PATH, REPLY, Said, Tool};

/// Hold this generator against wrk, wrk2, oha, hey and rewrk, on the same server.
///
/// Tools are looked for on PATH, or where the environment variables WRK, WRK2, OHA, HEY and REWRK say. What is not there
/// is skipped by name.
#[derive(Debug, Parser)]
#[command(name = "bench-peers")]
struct PeersBench {
    /// How often each generator is measured, in turn with the others; fewer than five give no verdicts
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// Seconds that each measurement takes
    #[arg(long, default_value_t = 3)]
    seconds: u64,

    /// Measure only rows with this in their names, such as `wrk2`, `open loop` or `, 64 connections`; may be repeated
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,

    /// Who answers
    #[arg(long, value_enum, default_value_t = Responder::Serve)]
    server: Responder,

    /// How to write the table
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    format: TableFormat,

    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,

    #[command(subcommand)]
    command: Option<PeersCommand>,
}

/// As a child of this bench, which is measured like any other generator.
#[derive(Debug, Subcommand)]
#[command(hide = true)]
enum PeersCommand {
    /// The least closed loop over epoll
    #[command(hide = true)]
    BareLoop { target: SocketAddr, connections: u32, seconds: u64 },
    /// How late a thread is that does nothing but look at the clock
    #[command(hide = true)]
    Floor { rate_rps: u32, seconds: u64 },
}

fn main() -> anyhow::Result<()> {
    let cli = PeersBench::parse();
    match cli.command {
        Some(PeersCommand::BareLoop { target, connections, seconds }) => {
            return run_bare_loop(target, connections, Duration::from_secs(seconds));
        }
        Some(PeersCommand::Floor { rate_rps, seconds }) => return floor::run(rate_rps, seconds),
        None => {}
    }
    // Children inherit it: the most connections are some twenty thousand. Where it stays too low, their rows say so.
    if let Err(error) = raise_soft_descriptor_limit() {
        eprintln!("the limit of open files stays as it is: {error}");
    }
    let server_cpu = leave_a_cpu_to_the_server()?;
    let comparisons: Vec<PeerComparison> =
        comparisons().into_iter().filter(|row| is_asked_for(row, &cli.only)).collect();
    let runs = runs(&comparisons);
    announce(&cli, &runs);
    let mut rounds = Rounds::default();
    for (load, tools) in &runs {
        eprintln!("{load}: {}", tools.iter().map(|tool| tool.name).collect::<Vec<_>>().join(", "));
        for _ in 0..cli.rounds {
            let server = PeerServer::start(cli.server, server_cpu)?;
            let task = PeerTask { load: *load, server: cli.server, address: server.address(), seconds: cli.seconds };
            for tool in tools {
                let measure = || measure(tool, &task);
                // wrk2 stops after its first requests in about one start of ten.
                rounds.add(*load, tool, measure().or_else(|_| measure()));
            }
        }
    }
    let rows: Vec<_> = comparisons.iter().map(|comparison| comparison.row(&rounds)).collect();
    print!("{}", written(&rows, cli.format));
    Ok(())
}

fn run_bare_loop(target: SocketAddr, connections: u32, duration: Duration) -> anyhow::Result<()> {
    let request = format!("GET {PATH} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    let dialogue = WireBytes { request: request.as_bytes(), reply_end: REPLY };
    let Ran { requests, user, system } = bare_loop::run(target, connections, dialogue, duration)?;
    let own_cpu_ns_per_request = Some((user + system).as_nanos() as f64 / requests as f64);
    Ok(say(&Said { requests, own_cpu_ns_per_request, ..Said::default() })?)
}

fn is_asked_for(comparison: &PeerComparison, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|text| comparison.to_string().contains(text))
}

/// Each load with those that are to carry it, as the comparisons name them; what is not installed is in none.
fn runs(comparisons: &[PeerComparison]) -> Vec<(PeerLoad, Vec<&'static Tool>)> {
    let mut runs: Vec<(PeerLoad, Vec<&'static Tool>)> = Vec::new();
    for comparison in comparisons {
        let at = runs.iter().position(|(load, _)| *load == comparison.load).unwrap_or_else(|| {
            runs.push((comparison.load, Vec::new()));
            runs.len() - 1
        });
        for tool in comparison.tools() {
            if tool.program().is_some() && !runs[at].1.iter().any(|other| other.name == tool.name) {
                runs[at].1.push(tool);
            }
        }
    }
    runs
}

/// How long it takes, and how to get what is missing.
fn announce(cli: &PeersBench, runs: &[(PeerLoad, Vec<&'static Tool>)]) {
    let measurements = runs.iter().map(|(_, tools)| tools.len()).sum::<usize>() * cli.rounds;
    // Starting, opening and ending take half a second beside the load itself.
    let seconds = measurements as f64 * (cli.seconds as f64 + 0.5);
    eprintln!("{measurements} measurements, about {:.0} minutes", (seconds / 60.0).ceil());
    for tool in tools::TOOLS.iter().filter(|tool| tool.program().is_none()) {
        eprintln!("{} is not there; to have it: {}", tool.name, tool.remedy());
    }
}
