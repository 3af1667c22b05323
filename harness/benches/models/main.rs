//! The models at their best: what a request costs a server's CPU, beside a bare loop of the same idea, and threads
//! beside tasks.
//!
//! An echo in closed loop, one CPU for the server and another for the generator, a fresh process each time, contenders
//! in turn. The server is busy all the time, because waiting would add to its CPU time what is no work. Beside it:
//! `bare.rs`, the bare loops; `cost.rs`, one measurement.
//!
//!     cargo bench -p harness --bench models

mod bare;
mod cost;
#[path = "../measured/mod.rs"]
mod measured;

use std::time::Duration;

use clap::{Parser, Subcommand};

use cost::{BenchContender, RequestCost};
use measured::figure::{RoundFigure, Target};
use measured::placement::leave_a_cpu_to_the_server;
use measured::table::{BenchRow, TableFormat, written};

#[derive(Debug, Parser)]
struct ModelsBench {
    /// How often each contender is measured, in turn with the others
    #[arg(long, default_value_t = 7)]
    rounds: usize,

    /// Seconds that each measurement takes, opening and warm-up not counted
    #[arg(long, default_value_t = 2)]
    seconds: u64,

    /// How to write the table
    #[arg(long, value_enum, default_value_t = TableFormat::Table)]
    format: TableFormat,

    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,

    #[command(subcommand)]
    command: Option<ModelsCommand>,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// As one of the bare servers, for the process that measures
    #[command(hide = true)]
    Serve(bare::BareServeArgs),
}

/// A server that was on its CPU for less of the window has waited, for the generator or for others on the machine. Going
/// to sleep and waking up is then in its cost, and such a round counts for nothing.
const LEAST_BUSY: f64 = 0.9;

/// A ratio of two contenders' costs at one number of connections.
struct RatioAtConnections {
    subject: &'static str,
    against: &'static str,
    connections: u32,
    target: Target,
}

const COMPARISONS: [RatioAtConnections; 4] = [
    RatioAtConnections {
        subject: "async-single",
        against: "bare-epoll",
        connections: 64,
        target: Target::AtMost(1.15),
    },
    RatioAtConnections { subject: "threaded", against: "bare-blocking", connections: 64, target: Target::AtMost(1.15) },
    RatioAtConnections { subject: "threaded", against: "async-single", connections: 64, target: Target::AtLeast(1.2) },
    RatioAtConnections {
        subject: "threaded",
        against: "async-single",
        connections: 1_000,
        target: Target::AtLeast(1.8),
    },
];

fn main() -> anyhow::Result<()> {
    let cli = ModelsBench::parse();
    if let Some(ModelsCommand::Serve(args)) = cli.command {
        return bare::serve(args);
    }
    let server_cpu = leave_a_cpu_to_the_server()?;
    let contenders = contenders();
    let all = contenders.len() * cli.rounds;
    eprintln!("{all} measurements, about {} s", all as u64 * (cli.seconds + 1));
    let mut rounds = Vec::new();
    for round in 1..=cli.rounds {
        let costs = contenders.iter().map(|contender| contender.measure(server_cpu, Duration::from_secs(cli.seconds)));
        rounds.push(costs.collect::<anyhow::Result<Vec<RequestCost>>>()?);
        eprintln!("round {round} of {}", cli.rounds);
    }
    print!("{}", written(&rows(&contenders, &rounds), cli.format));
    Ok(())
}

/// Whom the comparisons name, each once for each number of connections.
fn contenders() -> Vec<BenchContender> {
    let mut contenders = Vec::new();
    for RatioAtConnections { subject, against, connections, .. } in COMPARISONS {
        for name in [against, subject] {
            let contender = BenchContender { name, connections };
            if !contenders.contains(&contender) {
                contenders.push(contender);
            }
        }
    }
    contenders
}

fn rows(contenders: &[BenchContender], rounds: &[Vec<RequestCost>]) -> Vec<BenchRow> {
    let row = |what, unit, target, of: &dyn Fn(&[RequestCost]) -> f64| {
        let values: Vec<f64> = rounds.iter().map(|round| of(round)).collect();
        let counted = values.iter().filter(|value| value.is_finite()).count();
        let figure = RoundFigure::of(&values).ok_or_else(|| "the server was not kept busy in any round".to_owned());
        let detail =
            if counted < rounds.len() { format!("{counted} rounds of {}", rounds.len()) } else { String::new() };
        BenchRow { what, unit, target, figure, detail }
    };
    let place = |name, connections| {
        let wanted = BenchContender { name, connections };
        contenders.iter().position(|contender| *contender == wanted).expect("they were collected from the comparisons")
    };
    let mut rows = Vec::new();
    for (index, BenchContender { name, connections }) in contenders.iter().enumerate() {
        let at = format!("{name}, {connections} connections");
        rows.push(row(format!("{at}: CPU per request"), "us", None, &|round| saturated(&round[index])));
        rows.push(row(format!("{at}: share of its CPU used"), "", None, &|round| round[index].busy));
    }
    for RatioAtConnections { subject, against, connections, target } in COMPARISONS {
        let (subject_at, against_at) = (place(subject, connections), place(against, connections));
        let ratio = |round: &[RequestCost]| saturated(&round[subject_at]) / saturated(&round[against_at]);
        rows.push(row(format!("{subject} / {against}, {connections} connections"), "", Some(target), &ratio));
    }
    rows
}

/// What a request cost a server that was busy; no number where it was not.
fn saturated(cost: &RequestCost) -> f64 {
    if cost.busy >= LEAST_BUSY { cost.cpu_us_per_request } else { f64::NAN }
}
