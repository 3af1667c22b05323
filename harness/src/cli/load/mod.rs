//! `harness load`: the generator put to any server that listens, and what came of it.
//!
//! Read `args.rs` (what may be typed), `spec.rs` (what was typed becomes a load), then `findings.rs` (what the load came to,
//! in figures). Beside them: `times.rs` (times, of which everything else is made), `notices.rs` and `gates.rs` (what is said
//! of the figures), `histogram_files.rs` and `table.rs` (how they are written).

mod args;
mod findings;
mod gates;
mod histogram_files;
mod notices;
mod spec;
mod table;
mod times;

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, SystemTime};

pub(super) use args::{LoadArgs, duration};

use super::busy::{self, FirstLook};
use super::ending::code_of_load;
use super::new_run::too_small_a_quota;
use super::output::{TableOrJson, json_text, print, tell};
use super::progress::LoadProgress;
use super::target::TypedTarget;
use crate::load::{Order, Signs, now_ns};
use crate::observe::{MachineWatch, ServerCpu, allowed_cpus};
use crate::plan::LoadSpec;
use crate::run::{Interrupt, preflight_connections};
use findings::{LoadFindings, LoadSetup};
use histogram_files::HistogramFiles;
use times::LoadTimes;

pub(super) fn run(args: LoadArgs) -> anyhow::Result<ExitCode> {
    let first_look = FirstLook::take();
    let target = TypedTarget::parse(&args.target)?;
    let spec = spec::spec(&args, &target)?;
    let generator = spec::generator(&args)?;
    let addresses = target.addresses(args.allow_remote)?;
    let mut files = HistogramFiles::open(args.hlog.as_deref(), args.hgrm.as_deref())?;
    preflight_connections(spec.peak_connections())?;
    let address = target.reached(&addresses)?;
    if addresses.first() != Some(&address) {
        tell(&format!(
            "note: of the addresses of {}, {address} is the first that accepts a connection",
            target.authority
        ));
    }
    let interrupt = Interrupt::listen()?;
    if let Some(note) = spec::note(&spec) {
        tell(&note);
    }
    if let Some(warning) = too_small_a_quota() {
        tell(&format!("note: {}; {}", warning.describe(), warning.remedy()));
    }
    let busy = busy::doubt(first_look, false);
    let started_at = SystemTime::now();
    let signs = Signs::default();
    let mut shown = LoadProgress::new(&spec, args.requests);
    let mut window_start_ns = 0;
    let mut order = Order::new(&spec, address, generator, interrupt.flag()).showing(&signs);
    if let Some(requests) = args.requests {
        order = order.at_most(requests);
    }
    if args.hlog.is_some() {
        order = order.by_second();
    }
    let machine = MachineWatch::start(allowed_cpus().unwrap_or_default(), Vec::new());
    let outcome = order.run(|moments| {
        window_start_ns = moments.window_start_ns;
        shown.show(moments, &signs);
    });
    let machine = machine.stop(ServerCpu::NotWatched);
    shown.end();
    if let (Err(error), Some(code)) = (&outcome, interrupt.exit_code()) {
        tell(&format!("stopped before the load began: {error}"));
        return Ok(ExitCode::from(code));
    }
    let outcome = outcome?;
    let outcome = if outcome.was_stopped { outcome.cut_short() } else { outcome };
    let times = LoadTimes::of(&outcome, spec.timeout)?;
    files.write(&times, wall_clock(window_start_ns))?;
    let asking = LoadSetup {
        spec: &spec,
        generator,
        target: &args.target,
        address,
        started_at,
        requests: args.requests,
        gates: &args.fail_on,
        machine: &machine,
        busy: busy.as_ref(),
        cpus: thread::available_parallelism().map_or(1, usize::from),
    };
    let findings = LoadFindings::new(&asking, &outcome, &times);
    tell_of(&findings, &spec, args.format)?;
    // Of a load that was stopped before its window nothing can be said.
    if findings.ledger.ok == 0 && (findings.ledger.scheduled > 0 || interrupt.exit_code().is_none()) {
        tell(&table::nothing_right(&findings.ledger, &findings.malformed));
    }
    let worst = findings.gates.iter().map(|gate| gate.outcome).max();
    Ok(code_of_load(&findings.ledger, findings.valid, worst, &interrupt))
}

fn tell_of(findings: &LoadFindings, spec: &LoadSpec, format: TableOrJson) -> anyhow::Result<()> {
    match format {
        TableOrJson::Table => print(&table::drawn(findings, spec))?,
        TableOrJson::Json => {
            print(&json_text(findings)?)?;
            // Nobody sees them in there who only keeps the object.
            findings.gates.iter().for_each(|gate| tell(&gate.line()));
        }
    }
    Ok(())
}

/// What the monotonic clock's reading was for people.
fn wall_clock(at_ns: u64) -> SystemTime {
    SystemTime::now() - Duration::from_nanos(now_ns().saturating_sub(at_ns))
}

#[cfg(test)]
mod tests;
