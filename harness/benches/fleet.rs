//! What it costs to have many workers, on the machine where `harness load --load-from` was typed.
//!
//!     cargo bench -p harness --bench fleet
//!     cargo bench -p harness --bench fleet -- 256 1000
//!
//! One real worker is recorded first, against a small server. Then there are so many processes that say what it said: each
//! answers for its clock, begins when it is told to and hands in the same result, but sends nothing. So what is measured is
//! the side that has the workers, with real messages, processes and pipes. That side shares its CPUs with all of them here,
//! which it does not where they are on other machines: times and the skew of the starts are the worst that it will be.

#[path = "measured/mod.rs"]
mod measured;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use anyhow::{Context, bail};
use harness::machines::{Fleet, FleetLoad, FleetOutcome, Hello, WorkerCommand};
use harness::process::launch_program;
use instruments::clock::now_ns;
use instruments::load::{ArrivalProcess, Generator, LoadOutcome, LoadSpec, Pacing};
use instruments::observe::raise_soft_descriptor_limit;
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};

use measured::table::{BenchRow, TableFormat, written};
use measured::usual;

const ROUNDS: usize = 5;
const WINDOW: Duration = Duration::from_secs(2);

/// The word before a file: this process is one of the many.
const REPLAY: &str = "replay";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if let [word, file] = &arguments[..]
        && word == REPLAY
    {
        return Ok(replay(Path::new(file))?);
    }
    let counts: Result<Vec<usize>, _> = arguments.iter().map(|word| word.parse()).collect();
    let mut counts = counts.context("give numbers of workers")?;
    if counts.is_empty() {
        counts = vec![2, 8, 32, 128];
    }
    raise_soft_descriptor_limit()?;
    let folder = tempfile::tempdir()?;
    let recording = record(folder.path())?;
    let mut rows = Vec::new();
    for workers in counts {
        let rounds: anyhow::Result<Vec<FleetCost>> = (0..ROUNDS).map(|_| many(workers, &recording)).collect();
        match rounds {
            Ok(rounds) => rows.extend(rows_of(workers, &rounds)),
            Err(error) => eprintln!("{workers} workers: {error:#}"),
        }
    }
    print!("{}", written(&rows, TableFormat::Table));
    Ok(())
}

/// What one load cost where it was typed.
#[derive(Debug, Clone, Copy)]
struct FleetCost {
    /// From the first process to all of them ready with their clocks known.
    ready_ms: f64,
    skew_us: f64,
    /// From the end of the window to the figures of all.
    end_ms: f64,
    /// Adding them up, which is a part of that.
    join_ms: f64,
    cpu_ms: f64,
    peak_mib: f64,
    threads: f64,
    descriptors: f64,
}

fn rows_of(workers: usize, rounds: &[FleetCost]) -> [BenchRow; 8] {
    let row = |what: &str, unit, of: fn(&FleetCost) -> f64| {
        BenchRow::over(format!("{workers} workers: {what}"), (unit, None), rounds.iter().map(of))
    };
    [
        row("until all are ready", "ms", |cost| cost.ready_ms),
        row("skew of the starts", "us", |cost| cost.skew_us),
        row("from the end of the window to the figures", "ms", |cost| cost.end_ms),
        row("adding them up", "ms", |cost| cost.join_ms),
        row("CPU", "ms", |cost| cost.cpu_ms),
        row("peak memory", "MiB", |cost| cost.peak_mib),
        row("threads", "", |cost| cost.threads),
        row("open files", "", |cost| cost.descriptors),
    ]
}

/// One connection for each worker, and few requests: their number is in no cost of this side.
fn spec(workers: usize) -> LoadSpec {
    let (arrivals, timeout) = (ArrivalProcess::Poisson { rate_rps: 500.0 }, Duration::from_secs(1));
    LoadSpec { arrivals, timeout, ..usual::echoes(workers as u32, Duration::ZERO, WINDOW) }
}

/// Runs one real worker and keeps what it says.
fn record(folder: &Path) -> anyhow::Result<PathBuf> {
    let program = env!("CARGO_BIN_EXE_harness");
    let server = launch_program(Path::new(program), &usual::server("async-single", &[]))?;
    let file = folder.join("said");
    let words = ["sh", "-c", "\"$0\" worker | tee \"$1\"", program];
    let words = words.map(str::to_owned).into_iter().chain([file.display().to_string()]).collect();
    run(vec![WorkerCommand { text: "the real one".to_owned(), words }], server.address(), |_| {})?;
    drop(server.stop());
    Ok(file)
}

fn many(workers: usize, recording: &Path) -> anyhow::Result<FleetCost> {
    let own = env::current_exe()?.display().to_string();
    let words = vec![own, REPLAY.to_owned(), recording.display().to_string()];
    let command = WorkerCommand { text: "one of many".to_owned(), words };
    // The kernel notes the peak of this process anew from here.
    fs::write("/proc/self/clear_refs", "5")?;
    let cpu_before = own_cpu_ms()?;
    let (begun_ns, mut origin_ns, mut threads, mut descriptors) = (now_ns(), 0, 0, 0);
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let found = run(vec![command; workers], nowhere, |at_ns| {
        if origin_ns == 0 {
            (threads, descriptors) = (entries("/proc/self/task"), entries("/proc/self/fd"));
        }
        origin_ns = at_ns;
    })?;
    let end_ns = now_ns();
    let cpu_ms = own_cpu_ms()? - cpu_before;
    let parts: Vec<LoadOutcome> =
        found.workers.iter().filter_map(|worker| Some(worker.end.as_ref().ok()?.outcome.clone())).collect();
    if parts.len() < workers {
        let why = found.workers.iter().find_map(|worker| Some(worker.end.as_ref().err()?.0.clone()));
        bail!("{} were lost: {}", workers - parts.len(), why.unwrap_or_default());
    }
    let joining = Instant::now();
    LoadOutcome::join(&spec(workers), &parts, 0)?;
    let join_ms = joining.elapsed().as_secs_f64() * 1e3;
    let ms = |ns: u64| ns as f64 / 1e6;
    Ok(FleetCost {
        // The start is told a quarter of a second ahead.
        ready_ms: ms(origin_ns - begun_ns) - 250.0,
        skew_us: found.start_skew_ns as f64 / 1e3,
        end_ms: ms(end_ns - origin_ns) - WINDOW.as_secs_f64() * 1e3,
        join_ms,
        cpu_ms,
        peak_mib: peak_mib()?,
        threads: threads as f64,
        descriptors: descriptors as f64,
    })
}

/// `look` is told when the load begins, again and again.
fn run(commands: Vec<WorkerCommand>, target: SocketAddr, mut look: impl FnMut(u64)) -> anyhow::Result<FleetOutcome> {
    let (spec, stop) = (spec(commands.len()), AtomicBool::new(false));
    let load = FleetLoad {
        spec: &spec,
        generator: Generator { threads: 1, pacing: Pacing::Sleeping },
        target,
        allow_remote: false,
        requests: None,
        by_second: false,
        way: false,
        stop: &stop,
        give_up: &stop,
    };
    let mut fleet = Fleet::start(commands, Hello::of_this_side(env!("CARGO_PKG_VERSION"), None, vec![0], None))?;
    Ok(fleet.run(&load, |moments, _| look(moments.origin_ns))?)
}

fn own_cpu_ms() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let ms = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3;
    Ok(ms(usage.user_time()) + ms(usage.system_time()))
}

fn peak_mib() -> anyhow::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmHWM")?.parse()?;
    Ok(kib / 1024.0)
}

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Says what the recorded worker said, at its own time.
fn replay(file: &Path) -> io::Result<()> {
    let said = fs::read_to_string(file)?;
    let messages: Vec<Value> = said.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let of_kind = |kind: &str| messages.iter().find(|message| message.get(kind).is_some()).cloned().unwrap_or_default();
    let (hello, mut result) = (of_kind("hello"), of_kind("result"));
    let say = |message: &Value| writeln!(io::stdout().lock(), "{message}");
    say(&hello)?;
    for line in BufReader::new(io::stdin()).lines() {
        let told: Value = serde_json::from_str(&line?)?;
        if told.get("plan").is_some() {
            say(&json!("ready"))?;
        } else if let Some(number) = told.pointer("/ping/number") {
            say(&json!({"pong": {"number": number, "clock_ns": now_ns()}}))?;
        } else if let Some(start_ns) = told.pointer("/go/start_ns").and_then(Value::as_u64) {
            thread::sleep(Duration::from_nanos(start_ns.saturating_sub(now_ns())));
            result["result"]["began_ns"] = json!(now_ns());
            let end = Instant::now() + WINDOW;
            while Instant::now() < end {
                say(&json!({"signs": {"answered": true, "given_up": false}}))?;
                thread::sleep(Duration::from_millis(500).min(end - Instant::now()));
            }
            say(&result)?;
        } else if told == "bye" {
            return say(&json!("bye"));
        }
    }
    Ok(())
}
