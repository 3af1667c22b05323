//! One load from what was typed to an exit code.
//!
//! Beside it: `spec.rs`, `findings.rs`, `written/`, which it calls in this order.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, SystemTime};

use instruments::load::{Generator, LoadError, LoadOutcome, LoadSpec, Order, Signs, now_ns};
use instruments::observe::{MachineSeen, MachineWatch, ServerCpu, allowed_cpus};
use reports::record::Warning;

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
use crate::cli::progress::{LoadProgress, QuietArg};
use crate::cli::target::{TypedTarget, Unreachable};
use crate::cli::worker::own_hello;
use crate::machines::{Fleet, FleetLoad, FleetOutcome, WorkerCommand};
use crate::run::{Interrupt, preflight_connections};

pub(in crate::cli) fn run(args: LoadArgs) -> anyhow::Result<ExitCode> {
    let first_look = FirstLook::take();
    let target = TypedTarget::parse(&args.target)?;
    let load = CheckedLoad::of(&args, &target)?;
    let mut files = HistogramFiles::open(args.hlog.as_deref(), args.hgrm.as_deref())?;
    let address = load.reached(&target)?;
    let interrupt = Interrupt::listen()?;
    spec::note(&load.spec).iter().for_each(|note| args.quiet.tell(note));
    let busy = load.look_at_this_machine(first_look);
    let carried_out = match load.carry_out(address, &interrupt) {
        Ok(carried_out) => carried_out,
        Err(error) => {
            let Some(code) = interrupt.exit_code() else { return Err(error) };
            tell(&format!("stopped before the load began: {error}"));
            return Ok(ExitCode::from(code));
        }
    };
    let times = LoadTimes::of(&carried_out.outcome, load.spec.timeout)?;
    let written = files.write(&times, carried_out.window_start);
    let setup = load.setup(&carried_out, busy.as_ref());
    let findings = LoadFindings::new(&setup, &carried_out.outcome, &times);
    print_findings(&findings, &load.spec, args.format)?;
    // The figures are said even where the files that were to hold them are lost.
    written?;
    // Of a load that was stopped before its window nothing can be said.
    if findings.ledger.ok == 0 && (findings.ledger.scheduled > 0 || interrupt.exit_code().is_none()) {
        tell(&nothing_right(&findings));
    }
    let worst = findings.gates.iter().map(|gate| gate.outcome).max();
    Ok(code_of_load(&findings.ledger, findings.valid, worst, &interrupt))
}

/// A load as it was typed, with where it may go and who sends it.
struct CheckedLoad<'a> {
    args: &'a LoadArgs,
    spec: LoadSpec,
    generator: Generator,
    addresses: Vec<SocketAddr>,
    /// None where it is sent from here.
    workers: Vec<WorkerCommand>,
}

/// A load that came to its end, or was stopped after it had begun.
struct CarriedOut {
    address: SocketAddr,
    outcome: LoadOutcome,
    machine: MachineSeen,
    started_at: SystemTime,
    /// What the beginning of the window was for people.
    window_start: SystemTime,
    /// What the workers say each, where it was sent from elsewhere.
    fleet: Option<FleetOutcome>,
}

impl<'a> CheckedLoad<'a> {
    /// Holds what was typed against itself and against this machine, and connects to nobody.
    ///
    /// # Errors
    /// Where something contradicts itself, or can't be had.
    fn of(args: &'a LoadArgs, target: &TypedTarget) -> anyhow::Result<CheckedLoad<'a>> {
        let spec = spec::spec(args, target)?;
        let generator = spec::generator(args)?;
        let addresses = target.addresses(args.allow_remote)?;
        let workers = spec::workers(args, &spec)?;
        if workers.is_empty() {
            preflight_connections(spec.peak_connections())?;
        }
        Ok(CheckedLoad { args, spec, generator, addresses, workers })
    }

    /// The address that it goes to.
    ///
    /// # Errors
    /// Where none of several accepts a connection.
    fn reached(&self, target: &TypedTarget) -> Result<SocketAddr, Unreachable> {
        let first = self.addresses.first();
        let address = match first {
            // What is reached from here need not be what workers reach.
            Some(first) if !self.workers.is_empty() => *first,
            _ => target.reached(&self.addresses)?,
        };
        if first != Some(&address) {
            let name = &target.authority;
            let note = format!("note: of the addresses of {name}, {address} is the first that accepts a connection");
            self.args.quiet.tell(&note);
        }
        Ok(address)
    }

    /// What goes on here bears on a load that is sent from here: says it, and returns who else uses the machine.
    fn look_at_this_machine(&self, first_look: FirstLook) -> Option<Warning> {
        if !self.workers.is_empty() {
            return None;
        }
        tell_limits(&too_small_a_quota(), QuietArg::OFF);
        busy::doubt(first_look, self.args.quiet)
    }

    fn carry_out(&self, address: SocketAddr, interrupt: &Interrupt) -> anyhow::Result<CarriedOut> {
        match self.workers.is_empty() {
            true => Ok(self.send_from_here(address, interrupt)?),
            false => self.send_from_elsewhere(address, interrupt),
        }
    }

    fn send_from_here(&self, address: SocketAddr, interrupt: &Interrupt) -> Result<CarriedOut, LoadError> {
        let CheckedLoad { args, spec, .. } = self;
        let started_at = SystemTime::now();
        let signs = Signs::default();
        let mut progress = LoadProgress::new(spec, args.requests, args.quiet);
        let mut window_start_ns = 0;
        let order = Order {
            signs: Some(&signs),
            most_requests: args.requests,
            by_second: args.hlog.is_some(),
            ..Order::new(spec, address, self.generator, interrupt.flag())
        };
        let machine = MachineWatch::start(allowed_cpus().unwrap_or_default(), Vec::new());
        let outcome = order.run(|moments| {
            window_start_ns = moments.window_start_ns;
            progress.show(moments, &signs);
        });
        let machine = machine.stop(ServerCpu::NotWatched);
        progress.end();
        let outcome = cut_if_stopped(outcome?);
        let window_start = wall_clock(window_start_ns);
        Ok(CarriedOut { address, outcome, machine, started_at, window_start, fleet: None })
    }

    /// By workers on other machines.
    fn send_from_elsewhere(&self, address: SocketAddr, interrupt: &Interrupt) -> anyhow::Result<CarriedOut> {
        let CheckedLoad { args, spec, generator, workers, .. } = self;
        let load = FleetLoad {
            spec,
            generator: *generator,
            target: address,
            allow_remote: args.allow_remote,
            requests: args.requests,
            by_second: args.hlog.is_some(),
            way: false,
            stop: interrupt.flag(),
            give_up: interrupt.flag(),
        };
        let mut fleet = Fleet::start(workers.clone(), own_hello())?;
        let started_at = SystemTime::now();
        let mut progress = LoadProgress::new(spec, args.requests, args.quiet);
        let found = fleet.run(&load, |moments, signs| progress.show(moments, signs));
        progress.end();
        let mut found = found?;
        fleet.dismiss();
        let outcome = cut_if_stopped(found.outcome.clone());
        for part in found.workers.iter_mut().filter_map(|worker| worker.end.as_mut().ok()) {
            part.outcome = cut_if_stopped(part.outcome.clone());
        }
        let (machine, window_start) = (MachineSeen::default(), wall_clock(found.window_start_ns));
        Ok(CarriedOut { address, outcome, machine, started_at, window_start, fleet: Some(found) })
    }

    fn setup<'s>(&'s self, carried_out: &'s CarriedOut, busy: Option<&'s Warning>) -> LoadSetup<'s> {
        let CarriedOut { address, machine, started_at, fleet, .. } = carried_out;
        LoadSetup {
            spec: &self.spec,
            generator: self.generator,
            target: &self.args.target,
            address: *address,
            started_at: *started_at,
            requests: self.args.requests,
            gates: &self.args.fail_on,
            machine,
            busy,
            cpus: match fleet {
                Some(fleet) => fleet.workers.iter().map(|worker| worker.hello.cpus as usize).sum(),
                None => thread::available_parallelism().map_or(1, usize::from),
            },
            fleet: fleet.as_ref(),
        }
    }
}

fn cut_if_stopped(outcome: LoadOutcome) -> LoadOutcome {
    if outcome.was_stopped { outcome.cut_short() } else { outcome }
}

/// What the monotonic clock's reading was for people.
fn wall_clock(at_ns: u64) -> SystemTime {
    SystemTime::now() - Duration::from_nanos(now_ns().saturating_sub(at_ns))
}
