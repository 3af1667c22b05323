//! What the generator costs per request, beside the least that any generator can cost.
//!
//! Both drive the same server in closed loop over the same number of connections, in turn, and both in this process: the
//! quick check while working on the generator. How it stands beside other tools is for the bench `peers`.
//!
//!     cargo bench -p harness --bench generator

#[path = "measured/mod.rs"]
mod measured;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use harness::process::launch_program;
use instruments::load::{self, Generator, Pacing};
use instruments::observe::raise_soft_descriptor_limit;

use measured::bare_loop::{self, Ran, WireBytes};
use measured::figure::Target;
use measured::placement::leave_a_cpu_to_the_server;
use measured::table::{BenchRow, TableFormat, written};
use measured::usual;

const ROUNDS: usize = 5;
const WINDOW: Duration = Duration::from_secs(2);
const DIALOGUE: WireBytes<'_> = WireBytes {
    request: b"{\"RequestWork\":{\"request_message\":\"echo\",\"parameter\":\"hi\",\
        \"sender_timestamp\":\"00000000000000000001\"}}\n",
    reply_end: b"}}\n",
};

/// CPU microseconds per request, once all connections are open.
#[derive(Debug, Clone, Copy)]
struct GeneratorCost {
    user: f64,
    all: f64,
}

fn main() -> anyhow::Result<()> {
    raise_soft_descriptor_limit()?;
    let server_cpu = leave_a_cpu_to_the_server()?;
    let mut rows = Vec::new();
    for connections in [64, 1_000, 10_000] {
        let program = Path::new(env!("CARGO_BIN_EXE_harness"));
        let server = launch_program(program, &usual::server("async-single", &[server_cpu]))?;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push((generator(server.address(), connections)?, bare(server.address(), connections)?));
        }
        drop(server.stop());
        rows.extend(rows_of(connections, &rounds));
    }
    print!("{}", written(&rows, TableFormat::Table));
    Ok(())
}

fn rows_of(connections: u32, rounds: &[(GeneratorCost, GeneratorCost)]) -> [BenchRow; 4] {
    let row = |what: &str, unit, target, of: fn(&(GeneratorCost, GeneratorCost)) -> f64| {
        BenchRow::over(format!("{connections} connections: {what}"), (unit, target), rounds.iter().map(of))
    };
    [
        row("user CPU per request", "us", Some(Target::AtMost(1.0)), |(ours, _)| ours.user),
        row("CPU per request", "us", None, |(ours, _)| ours.all),
        row("CPU per request, bare loop", "us", None, |(_, bare)| bare.all),
        row("CPU per request / bare loop", "", Some(Target::AtMost(1.1)), |(ours, bare)| ours.all / bare.all),
    ]
}

fn generator(target: SocketAddr, connections: u32) -> anyhow::Result<GeneratorCost> {
    let spec = usual::echoes(connections, Duration::from_millis(200), WINDOW);
    let generator = Generator { threads: 1, pacing: Pacing::Sleeping };
    let outcome = load::run(&spec, target, generator, &AtomicBool::new(false), |_| {})?;
    let per_request = |ns: u64| ns as f64 / 1e3 / outcome.traffic.ok_within_window as f64;
    let usage = &outcome.generator;
    Ok(GeneratorCost {
        user: per_request(usage.user_cpu_ns),
        all: per_request(usage.user_cpu_ns + usage.system_cpu_ns),
    })
}

/// On a thread of its own, as the generator is, so that both are measured alike.
fn bare(target: SocketAddr, connections: u32) -> anyhow::Result<GeneratorCost> {
    let run = move || bare_loop::run(target, connections, DIALOGUE, WINDOW);
    let Ran { requests, user, system } = thread::spawn(run).join().expect("the bare loop does not panic")?;
    let per_request = |time: Duration| time.as_secs_f64() * 1e6 / requests as f64;
    Ok(GeneratorCost { user: per_request(user), all: per_request(user + system) })
}
