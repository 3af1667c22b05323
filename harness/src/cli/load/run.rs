//! One load from what was typed to an exit code.
//!
//! Beside it: `spec.rs`, `findings.rs`, `written/`, which it calls in this order.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, SystemTime};

use super::args::LoadArgs;
use super::findings::times::LoadTimes;
use super::findings::{LoadFindings, LoadSetup};
use super::spec;
use super::written::histogram_files::HistogramFiles;
use super::written::print_findings;
use super::written::table::nothing_right;
use crate::cli::busy::{self, FirstLook};
use crate::cli::ending::code_of_load;
use crate::cli::limits::{tell_limits, too_small_a_quota};
use crate::cli::output::tell;
use crate::cli::progress::LoadProgress;
use crate::cli::target::TypedTarget;
use crate::cli::worker::own_hello;
use crate::load::{Generator, LoadError, LoadOutcome, Order, Signs, now_ns};
use crate::machines::{Fleet, FleetLoad, FleetOutcome, WorkerCommand};
use crate::observe::{MachineSeen, MachineWatch, ServerCpu, allowed_cpus};
use crate::plan::LoadSpec;
use crate::run::{Interrupt, preflight_connections};

pub(in crate::cli) fn run(args: LoadArgs) -> anyhow::Result<ExitCode> {
    let first_look = FirstLook::take();
    let target = TypedTarget::parse(&args.target)?;
    let spec = spec::spec(&args, &target)?;
    let generator = spec::generator(&args)?;
    let addresses = target.addresses(args.allow_remote)?;
    let workers = spec::workers(&args, &spec)?;
    let mut files = HistogramFiles::open(args.hlog.as_deref(), args.hgrm.as_deref())?;
    let is_from_here = workers.is_empty();
    if is_from_here {
        preflight_connections(spec.peak_connections())?;
    }
    let address = match addresses.first() {
        // What is reached from here need not be what workers reach.
        Some(first) if !is_from_here => *first,
        _ => target.reached(&addresses)?,
    };
    let interrupt = Interrupt::listen()?;
    if addresses.first() != Some(&address) {
        let name = &target.authority;
        args.quiet.tell(&format!("note: of the addresses of {name}, {address} is the first that accepts a connection"));
    }
    spec::note(&spec).iter().for_each(|note| args.quiet.tell(note));
    // What goes on here bears on a load that is sent from here.
    let busy = if is_from_here {
        tell_limits(&too_small_a_quota());
        busy::doubt(first_look, args.quiet.is_on)
    } else {
        None
    };
    let carried_out = match is_from_here {
        true => carry_out(&args, &spec, address, generator, &interrupt).map_err(anyhow::Error::from),
        false => carry_out_elsewhere(&args, &spec, (address, generator), &workers, &interrupt),
    };
    let carried_out = match carried_out {
        Ok(carried_out) => carried_out,
        Err(error) => {
            let Some(code) = interrupt.exit_code() else { return Err(error) };
            tell(&format!("stopped before the load began: {error}"));
            return Ok(ExitCode::from(code));
        }
    };
    let CarriedOut { outcome, machine, started_at, window_start, fleet } = carried_out;
    let times = LoadTimes::of(&outcome, spec.timeout)?;
    let written = files.write(&times, window_start);
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
        cpus: match &fleet {
            Some(fleet) => fleet.workers.iter().map(|worker| worker.hello.cpus as usize).sum(),
            None => thread::available_parallelism().map_or(1, usize::from),
        },
        fleet: fleet.as_ref(),
    };
    let findings = LoadFindings::new(&asking, &outcome, &times);
    print_findings(&findings, &spec, args.format)?;
    // The figures are said even where the files that were to hold them are lost.
    written?;
    // Of a load that was stopped before its window nothing can be said.
    if findings.ledger.ok == 0 && (findings.ledger.scheduled > 0 || interrupt.exit_code().is_none()) {
        tell(&nothing_right(&findings.ledger, &findings.malformed));
    }
    let worst = findings.gates.iter().map(|gate| gate.outcome).max();
    Ok(code_of_load(&findings.ledger, findings.valid, worst, &interrupt))
}

/// A load that came to its end, or was stopped after it had begun.
struct CarriedOut {
    outcome: LoadOutcome,
    machine: MachineSeen,
    started_at: SystemTime,
    /// What the beginning of the window was for people.
    window_start: SystemTime,
    /// What the workers say each, where it was sent from elsewhere.
    fleet: Option<FleetOutcome>,
}

fn carry_out(
    args: &LoadArgs,
    spec: &LoadSpec,
    address: SocketAddr,
    generator: Generator,
    interrupt: &Interrupt,
) -> Result<CarriedOut, LoadError> {
    let started_at = SystemTime::now();
    let signs = Signs::default();
    let mut progress = LoadProgress::new(spec, args.requests, args.quiet.is_on);
    let mut window_start_ns = 0;
    let mut order = Order::new(spec, address, generator, interrupt.flag()).showing(&signs);
    if let Some(requests) = args.requests {
        order = order.at_most(requests);
    }
    if args.hlog.is_some() {
        order = order.by_second();
    }
    let machine = MachineWatch::start(allowed_cpus().unwrap_or_default(), Vec::new());
    let outcome = order.run(|moments| {
        window_start_ns = moments.window_start_ns;
        progress.show(moments, &signs);
    });
    let machine = machine.stop(ServerCpu::NotWatched);
    progress.end();
    let outcome = cut_if_stopped(outcome?);
    Ok(CarriedOut { outcome, machine, started_at, window_start: wall_clock(window_start_ns), fleet: None })
}

/// By workers on other machines.
fn carry_out_elsewhere(
    args: &LoadArgs,
    spec: &LoadSpec,
    (target, generator): (SocketAddr, Generator),
    workers: &[WorkerCommand],
    interrupt: &Interrupt,
) -> anyhow::Result<CarriedOut> {
    let load = FleetLoad {
        spec,
        generator,
        target,
        allow_remote: args.allow_remote,
        requests: args.requests,
        by_second: args.hlog.is_some(),
        way: false,
        stop: interrupt.flag(),
        give_up: interrupt.flag(),
    };
    let mut fleet = Fleet::start(workers.to_vec(), own_hello())?;
    let started_at = SystemTime::now();
    let mut progress = LoadProgress::new(spec, args.requests, args.quiet.is_on);
    let found = fleet.run(&load, |moments, signs| progress.show(moments, signs));
    progress.end();
    let mut found = found?;
    fleet.dismiss();
    let outcome = cut_if_stopped(found.outcome.clone());
    for part in found.workers.iter_mut().filter_map(|worker| worker.end.as_mut().ok()) {
        part.outcome = cut_if_stopped(part.outcome.clone());
    }
    let (machine, window_start) = (MachineSeen::default(), wall_clock(found.window_start_ns));
    Ok(CarriedOut { outcome, machine, started_at, window_start, fleet: Some(found) })
}

fn cut_if_stopped(outcome: LoadOutcome) -> LoadOutcome {
    if outcome.was_stopped { outcome.cut_short() } else { outcome }
}

/// What the monotonic clock's reading was for people.
fn wall_clock(at_ns: u64) -> SystemTime {
    SystemTime::now() - Duration::from_nanos(now_ns().saturating_sub(at_ns))
}
